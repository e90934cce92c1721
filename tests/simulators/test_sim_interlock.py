"""The simulated relay against its page: every vector, its faults, and what no stream may do."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devicelink.errors import ConfigError
from devicelink_interlock_sim import SIMULATOR
from tests.interlock import PAGE, VECTORS, command, crc

BUILT = ("serial", "firmware", "hold_ms", "travel_ms", "contact", "mirror")
BOUND_NS = 1_040_000_000


def values_of(dialogue):
    """A dialogue's relay as the simulator's knobs."""
    relay = dialogue["relay"]
    made = {key: str(relay[key]) for key in BUILT if key in relay}
    return made | {"challenges": " ".join(relay["challenges"])}


class Host:
    """Speaks to a simulated relay, and listens."""

    def __init__(self, bench):
        self.bench = bench
        self.number = 0
        self.challenge = self.ask("STATUS")[2]

    def ask(self, word, *arguments):
        """The words of the answer; its challenge is kept."""
        self.number = (self.number + 1) % 0x10000
        reply = self.bench.raw(command(" ".join((word, f"{self.number:04X}", *arguments))))
        told = reply.decode().strip("<\n").rpartition("*")[0].split(" ")
        if len(told) == 8:
            self.challenge = told[2]
        return told

    def close(self):
        """Close it, and let the contact follow."""
        told = self.ask("CLOSE", self.challenge, "IR-0042")
        self.bench.wait(0.05)
        return told

    def beat(self):
        """One good beat."""
        return self.ask("BEAT", self.challenge)


@pytest.fixture
def relay(lab):
    """A host with its relay: `relay(contact="welded")`."""

    def make(faults=(), **values):
        return Host(lab(simulator=SIMULATOR, values=values, faults=faults))

    return make


def is_closed(bench):
    """Whether the contact is closed now, physically."""
    return bench.truth.names("contact_closed", "contact_open")[-1:] == ["contact_closed"]


@pytest.mark.parametrize("dialogue", VECTORS["dialogues"], ids=lambda each: each["name"])
def test_every_vector_is_answered_byte_for_byte(lab, dialogue):
    """What the page's examples show, at their times."""
    bench = lab(simulator=SIMULATOR, values=values_of(dialogue))
    for step in dialogue["steps"]:
        bench.wait((bench.begin_ns + step["at_ms"] * 1_000_000 - bench.now_ns) / 1e9)
        assert bench.raw(step["send"].encode()).decode() == step["reply"], step


def test_the_page_shows_what_the_vectors_hold():
    """Each example of the page is a right line, and stands in the vectors."""
    blocks = re.findall(r"```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    held = {
        text
        for dialogue in VECTORS["dialogues"]
        for step in dialogue["steps"]
        for text in (step["send"] + "\n" + step["reply"]).splitlines()
    }
    assert len(lines) > 30
    assert set(lines) <= held
    for line in lines:
        text, star, told = line[1:].rpartition("*")
        assert line == "!" or not star or told in {crc(text.encode()), "0000"}
    for each in VECTORS["crc"]:
        assert crc(each["text"].encode()) == each["crc"]


def test_power_up_and_no_supply_are_open(relay):
    """Power lost while closed opens; power back is open, and its old challenge is dead."""
    host = relay()
    host.close()
    host.bench.set(supply="off")
    host.bench.wait(0.05)
    assert not is_closed(host.bench)
    assert host.bench.raw(command("STATUS 0001")) == b""
    host.bench.set(supply="on")
    assert host.beat()[0] == "ERR"
    assert host.ask("STATUS")[3:] == ["OFF", "OPEN", "0", "POWER", "NONE"]


def test_a_program_that_hangs_opens_all_the_same(relay):
    """The coil's time does not hang on the program that reads the wire."""
    host = relay()
    host.close()
    host.bench.set(program="hangs")
    assert host.bench.raw(command("STATUS 0001")) == b""
    host.bench.wait(0.9)
    assert is_closed(host.bench)
    host.bench.wait(0.1)
    assert not is_closed(host.bench)


def test_a_broken_mirror_wire_is_told_as_welded(relay):
    """Not open, however that comes: nothing closes any more."""
    host = relay(mirror="broken")
    host.bench.wait(0.1)
    assert host.ask("STATUS")[3:] == ["OFF", "CLOSED", "0", "POWER", "WELD"]
    assert host.close()[2] == "FAULT"


def test_a_contact_that_welds_while_closed_is_told_when_it_should_open(relay):
    """The order is taken, the contact stays, the fault stays until its power goes."""
    host = relay()
    host.close()
    host.bench.set(contact="welded")
    assert host.bench.raw(b"!").startswith(b"<OPEN ---- ")
    host.bench.wait(0.1)
    assert host.ask("STATUS")[4:] == ["CLOSED", "0", "ORDER", "WELD"]
    assert is_closed(host.bench)
    host.bench.set(contact="ok")
    host.bench.wait(0.1)
    assert host.ask("STATUS")[4:] == ["OPEN", "0", "ORDER", "WELD"]
    assert host.close()[2] == "FAULT"


def test_a_broken_coil_is_told(relay):
    """Coil on, contact open for longer than it may take: PULL, and the coil goes off."""
    host = relay(coil="broken")
    host.close()
    assert host.ask("STATUS")[3:] == ["OFF", "OPEN", "0", "FAULT", "PULL"]


def test_what_is_built_in_stays(relay):
    """The time of a relay is no knob."""
    with pytest.raises(ConfigError, match="hold_ms is built in"):
        relay().bench.set(hold_ms="2000")


PIECES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"\n", b">", b"*", b"BEAT", command("STATUS 0001"), command("ID FFFF")]),
    st.sampled_from([command(text) for text in ("BEAT 0001 7F2C", "CLOSE 0001 0000 IR-0042")]),
)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("bytes"), PIECES),
        st.tuples(st.just("wait"), st.sampled_from([0.001, 0.02, 0.1, 0.4, 0.9, 1.1])),
        st.tuples(st.sampled_from(["close", "beat", "blind", "open"]), st.none()),
    ),
    max_size=40,
)
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[*HealthCheck])


@MANY
@given(acts=ACTS)
@example(acts=[("close", None), ("bytes", b">"), ("wait", 1.1)])
@example(acts=[("close", None), ("wait", 0.9), ("blind", None), ("wait", 0.9), ("beat", None)])
def test_closed_only_after_a_close_and_never_longer_than_the_bound(relay, acts):
    """Whatever bytes come: open within the bound of the last good beat, closed only by an order."""
    host = relay()
    bench, old = host.bench, host.challenge
    good_ns, may_close = bench.now_ns, False
    for what, how in acts:
        if what == "bytes":
            bench.raw(how)
        elif what == "wait":
            bench.wait(how)
        elif what == "open":
            bench.raw(b"!")
            may_close = False
        elif what == "blind":
            assert host.ask("BEAT", old)[0] == "ERR"
        elif what == "close" and host.ask("CLOSE", host.challenge, "IR-0042")[0] == "CLOSE":
            good_ns, may_close = bench.now_ns, True
        elif what == "beat" and host.beat()[0] == "BEAT":
            good_ns = bench.now_ns
        told = host.ask("STATUS")
        assert told[0] == "STATUS"  # it answers whoever begins a line anew
        assert told[3] == "OFF" or may_close
        if bench.now_ns > good_ns + BOUND_NS:
            assert not is_closed(bench)
            may_close = False
    bench.wait(1.05)
    assert not is_closed(bench)


@MANY
@given(before=st.binary(max_size=80), cut=st.integers(0, 60), closed=st.booleans())
def test_open_is_heard_in_every_state_of_the_parser(relay, before, cut, closed):
    """At any byte of any stream, and of any command, `!` opens within the contact's own time."""
    host = relay()
    if closed:
        host.close()
    bench = host.bench
    bench.raw(before + command(f"BEAT 0001 {host.challenge}")[:cut] + b"!")
    bench.wait(0.04)
    assert not is_closed(bench)
    assert host.ask("STATUS")[3:5] == ["OFF", "OPEN"]


@MANY
@given(flips=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 7)), min_size=1, max_size=3))
def test_a_close_with_flipped_bits_closes_nothing(relay, flips):
    """Up to three flipped bits are noticed by the CRC, or fall out of what a line may hold."""
    host = relay()
    frame = bytearray(command(f"CLOSE 0001 {host.challenge} IR-0042"))
    meant = bytes(frame)
    for at, bit in flips:
        frame[at % len(frame)] ^= 1 << bit
    if bytes(frame) == meant:
        return
    host.bench.raw(bytes(frame))
    host.bench.wait(0.05)
    assert "coil_on" not in host.bench.truth.names()


@MANY
@given(beats=st.lists(st.floats(0.01, 0.99), max_size=12), last=st.floats(0.0, 0.99))
def test_it_stays_closed_while_it_is_beaten_and_no_longer(relay, beats, last):
    """Good beats keep it; a second after the last one the coil goes, to the nanosecond."""
    host = relay()
    host.ask("CLOSE", host.challenge, "IR-0042")
    for pause in beats:
        host.bench.wait(pause)
        assert host.beat()[0] == "BEAT"
    good_ns = host.bench.now_ns
    host.bench.wait(last)
    host.bench.wait(2)
    (off,) = [each for each in host.bench.truth.events if each["event"] == "coil_off"]
    assert off["mono_ns"] == good_ns + 1_000_000_000
    assert off["cause"] == "BEAT"
