"""What must hold for every OLCP console, whatever is done to it in whatever order."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devicelink_olcp_sim.frames import LOCK, Pieces, decode, encode
from tests.protocols import olcp_vectors as page
from tests.simulators.acts import FEW
from tests.simulators.olcp_host import BOOT, FAULT, LOCKED, READY, SELF_TEST, SERVICE, Host, frames
from tests.simulators.olcp_story import FRAMES, TO_READY, Story, acts

MORE = settings(max_examples=300, deadline=None, suppress_health_check=[*HealthCheck])

EVERY = st.sampled_from(["co2-fractional", "er-yag", "nonablative"])


@MORE
@given(happens=acts(), personality=EVERY)
@example(happens=[*TO_READY, ("set", ("footswitch", "pressed"))], personality="er-yag")
def test_light_has_every_cause(happens, personality):
    """It leaves in EMITTING alone, under a permit and a lease, by a foot, and with all closed."""
    story = Story(personality=personality)
    for inside in story.all(happens):
        if not story.host.lit:
            continue
        shot, inputs = inside.emission.shot, inside.inputs
        assert shot is not None
        assert (inputs.key, inputs.interlock_1, inputs.interlock_2) == ("on", "closed", "closed")
        assert inputs.estop == "released"
        assert not inside.faults
        if shot.ending is not None:  # a short pulse that may finish
            assert inside.now_ns < shot.end_ns <= inside.now_ns + 10_000_000
            continue
        assert inputs.footswitch == "pressed"
        assert inside.permit is not None
        assert inside.host.permit_ends_ns > inside.now_ns
        assert inside.host.lease_ends_ns > inside.now_ns
        assert inside.emission.shutter.open


WITHOUT = {each: acts(but=(each,)) for each in ("ready_key", "footswitch", "permit_key")}


@pytest.mark.parametrize("missing", WITHOUT)
@FEW
@given(data=st.data())
def test_no_light_without_key_foot_and_permit(missing, data):
    """Whatever bytes and hands come: without one of the three nothing ever leaves."""
    story = Story()
    if missing == "permit_key":
        story.host.set(permit_key_1="")
    for _ in story.all(data.draw(WITHOUT[missing])):
        pass
    story.do("wait", 5)
    lights = story.host.lights()
    assert "light_on" not in lights
    assert missing == "footswitch" or "enabled" not in lights


@FEW
@given(
    before=acts(but=("shutter_blade", "shutter_s", "shutter_reads", "fault")),
    junk=st.binary(max_size=60) | st.sampled_from(FRAMES),
    cut=st.integers(0, 300),
    after=st.binary(max_size=40),
)
@example(before=[*TO_READY, ("set", ("footswitch", "pressed"))], junk=b"}", cut=1, after=b"")
@example(
    before=[*TO_READY, ("wait", 0.001)], junk=page.frame(6, 1, page.permit()), cut=99, after=b""
)
def test_lock_is_dark_within_50_ms_at_any_byte_and_in_every_state(before, junk, cut, after):
    """Behind half a frame, before anything, in READY or BOOT: no light, no trigger, closed."""
    story = Story()
    for _ in story.all(before):
        pass
    host = story.host
    host.raw(junk[:cut] + page.LOCK + after)
    for part in range(50):
        host.wait(0.001)
        if part == 0:
            assert "enabled" not in host.lights()[-1:]
    assert not host.lit
    assert host.lights()[-1:] in ([], ["disabled"], ["light_off"])
    inside = host.machine
    assert inside.state in {LOCKED, FAULT, BOOT, SELF_TEST, SERVICE}
    assert inside.permit is None
    assert inside.host.lease_ends_ns is None
    assert not inside.emission.shutter.open


@FEW
@given(happens=acts(but=("scanner",)), personality=EVERY)
@example(
    happens=[
        *TO_READY,
        ("set", ("footswitch", "pressed")),
        ("wait", 0.1),
        ("set", ("footswitch", "released")),
        ("beat", None),
        ("set", ("footswitch", "pressed")),
        ("wait", 0.1),
        ("raw", page.LOCK),
        *TO_READY,
    ],
    personality="co2-fractional",
)
def test_no_spot_is_delivered_twice(happens, personality):
    """After lease loss, release, interlock or LOCK: each shot goes forward only, and never on."""
    story = Story(personality=personality)
    for _ in story.all(happens):
        pass
    inside = story.host.machine
    falls = list(inside.emission.beam.pulses)
    shots = [each.shot for each in falls]
    assert shots == sorted(shots)
    for number in set(shots):
        places = [each.place for each in falls if each.shot == number]
        assert places == sorted(places)
        stacks = Counter(places).values()
        assert max(stacks) <= 2
        assert len(set(stacks)) <= 2
    reports = inside.memory.reports.read(1, 1000)
    assert sum(each.pulses for each in reports) == len(falls) - sum(
        each.shot >= inside.memory.reports.next for each in falls
    )


@FEW
@given(
    before=acts(),
    after=acts(but=("ready_key",)),
    name=st.sampled_from(["interlock_1", "interlock_2"]),
)
@example(before=TO_READY, after=[("live", 3.0)], name="interlock_1")
def test_closing_an_interlock_never_restores_ready(before, after, name):
    """Dark at once, and so until a hand presses READY again, whatever else is done."""
    story = Story()
    for _ in story.all(before):
        pass
    story.host.set(**{name: "open"})
    assert not story.host.lit
    story.host.set(**{name: "closed"})
    for inside in story.all(act for act in after if act[0] != "set" or act[1][0] != "ready_key"):
        assert not story.host.lit
        assert inside.state < READY - 1 or inside.state > READY + 1


@FEW
@given(
    gaps=st.lists(st.floats(0.01, 0.4), min_size=8, max_size=12),
    how=st.sampled_from(["the same words", "a guessed nonce", "never the events", "old settings"]),
)
def test_a_heartbeat_that_does_not_read_loses_the_lease(gaps, how):
    """A thread that beats blindly keeps nothing alive: READY ends when the lease does."""
    host = Host()
    host.to_ready()
    last = host.status()
    settings_id = host.settings_id
    if how == "old settings":
        host.set(panel_energy_uj="20000")
    words = page.beat(last.nonce, last.next_event - 1, settings_id)
    for at, gap in enumerate([*gaps, 1.0]):
        host.wait(gap)
        if how == "never the events":
            now = host.status()
            host.set(key="on")
            words = page.beat(now.nonce, last.next_event - 3, settings_id)
        elif how == "a guessed nonce":
            words = page.beat(last.nonce + at, last.next_event - 1, settings_id)
        host.say(0x07, words)
    assert host.status().state != READY
    assert host.newest.lease_ms == 0


@FEW
@given(happens=acts())
def test_counters_and_numbers_only_grow(happens):
    """Pulses, scans, energy, emission, boots, frames, event and report numbers."""
    story = Story()
    memory = story.host.machine.memory
    before = ()
    for _ in story.all(happens):
        counters = memory.counters
        now = (
            *(counters.pulses, counters.scans, counters.energy_uj, counters.emission_ns),
            *(counters.boots, counters.frames_thrown_away, memory.events.next, memory.reports.next),
        )
        assert not before or all(a <= b for a, b in zip(before, now, strict=True))
        before = now
    numbers = [each.number for each in memory.events.read(1, 10_000)]
    assert numbers == list(range(memory.events.oldest, memory.events.next))


@FEW
@given(at=st.integers(0, 230), bit=st.integers(0, 7))
def test_a_permit_with_any_bit_changed_is_none(at, bit):
    """NotTaken, and the console stays LOCKED."""
    host = Host()
    told = host.say(0x05)
    good = page.permit(nonce=told[:16], boot=told[16:32], serial=host.serial)
    spoilt = bytearray(good)
    spoilt[at % len(good)] ^= 1 << bit
    assert host.say(0x06, bytes(spoilt)) in {"bad_permit", "unknown_key", "bad_signature"}
    assert host.state == LOCKED
    assert isinstance(host.say(0x06, good), bytes)


@FEW
@given(code=st.integers(0, 255), seq=st.integers(0, 65_535), payload=st.binary(max_size=504))
def test_any_payload_is_stuffed_and_read_back(code, seq, payload):
    """As the vectors' maker writes it, with no byte in it that must not be."""
    wire = encode(code, seq, payload)
    assert wire == page.frame(code, seq, payload)
    assert not set(wire) & {0x11, 0x13}
    assert [decode(each) for each in Pieces().cut(wire)] == [(1, code, seq, payload)]


@FEW
@given(code=st.integers(0, 255), payload=st.binary(max_size=80), version=st.integers(0, 255))
def test_any_frame_has_one_answer_and_makes_no_light(code, payload, version):
    """With the request's number; the error where it is none of the page's."""
    host = Host()
    heard = frames(host.raw(page.frame(code, 77, payload, version=version)))
    [(answer, seq, told)] = heard
    assert seq == 77
    if version != 1:
        assert (answer, told[:2]) == (0xFF, bytes([code, 1]))
    elif not 1 <= code <= 0x17:
        assert (answer, told[:2]) == (0xFF, bytes([code, 2]))
    else:
        assert answer in {0xFF, code | 0x80}
    assert host.lights() == []


@FEW
@given(
    noise=st.binary(max_size=600), junk=st.sampled_from([b"", b"\x7d", b"\x7e", b"\x7e\x01\x7d"])
)
def test_any_noise_ends_at_the_next_flag(noise, junk):
    """Whatever came before: two flags on, a good frame is answered."""
    host = Host()
    host.raw(noise + junk)
    host.wait(0.06)
    heard = frames(host.raw(b"\x7e" + page.frame(0x04, 500)))
    assert heard[-1][:2] == (0x84, 500)


@FEW
@given(sent=st.lists(st.sampled_from(FRAMES), max_size=6), cuts=st.sets(st.integers(1, 300)))
def test_where_bytes_are_split_means_nothing(sent, cuts):
    """The same bytes in one piece or in many: the same replies."""
    data = b"".join(sent)
    whole, pieces = Host(), Host()
    said, at = b"", 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        said += pieces.raw(data[at:cut])
        at = cut
    assert whole.raw(data) == said
    assert whole.wait(0.06) == pieces.wait(0.06)


@FEW
@given(happens=acts(), split=st.integers(2, 5), personality=EVERY)
def test_how_often_one_looks_changes_nothing(happens, split, personality):
    """The same acts give the same truth, whether time passes in one step or in several."""
    whole, pieces = Story(personality=personality), Story(personality=personality)
    for act in happens:
        begin_ns = pieces.host.now_ns
        whole.do(*act)
        if act[0] != "wait":
            pieces.do(*act)
            continue
        for part in range(1, split + 1):
            pieces.host.now_ns = begin_ns + (whole.host.now_ns - begin_ns) * part // split
            pieces.do("wait", 0)
    assert whole.host.truth.events == pieces.host.truth.events
    assert whole.host.machine.memory.counters == pieces.host.machine.memory.counters


@FEW
@given(happens=acts())
def test_nothing_happens_before_the_next_event(happens):
    """Until the time that is told nothing comes true; it lies ahead."""
    story = Story()
    host = story.host
    for act in happens:
        story.do(*act)
        next_ns = host.sim.next_event_ns()
        assert next_ns is None or next_ns > host.now_ns
        quiet_ns = host.now_ns + 10**12 if next_ns is None else next_ns - 1
        known = (len(host.truth.events), len(host.falls()), host.machine.state)
        assert host.sim.transmit(quiet_ns) == b""
        assert known == (len(host.truth.events), len(host.falls()), host.machine.state)
        host.now_ns = quiet_ns


@FEW
@given(happens=acts())
def test_the_truth_is_a_story(happens):
    """On and off alternate, on first; no time goes back."""
    story = Story()
    for _ in story.all(happens):
        pass
    truth = story.host.truth
    for on, off in (("light_on", "light_off"), ("enabled", "disabled")):
        told = truth.names(on, off)
        assert told == [(on, off)[at % 2] for at in range(len(told))]
    times = [each["mono_ns"] for each in truth.events]
    assert times == sorted(times)


def test_lock_counts_as_no_frame():
    """It is recognised in BOOT too, and idempotent."""
    host = Host(setup="power_comes")
    assert host.lock().state == BOOT
    assert host.lock().state == BOOT
    host.wait(1)
    assert host.lock().state == LOCKED
    assert host.counters()[5] == 0
    assert LOCK == page.LOCK
