"""The simulated OLCP console on its line, held against the page's vectors byte by byte."""

from __future__ import annotations

import json

import pytest

from devicelink_olcp_sim.frames import LOCK, Pieces, decode, encode
from devicelink_olcp_sim.host import Host as Inside
from devicelink_olcp_sim.settings import Settings
from tests.protocols import olcp_vectors as page
from tests.simulators.olcp_host import STANDBY, Host, frames

VECTORS = json.loads(page.VECTORS.read_text())
CONSOLE = VECTORS["console"]


def named(cases):
    """One test for each vector."""
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def pieces(stream):
    """What a receiver that has just begun makes of a stream."""
    return list(Pieces().cut(stream))


@named(VECTORS["exchanges"])
def test_every_frame_of_the_page_is_read_and_written(case):
    """Both sides of each exchange: bytes to message and message to bytes."""
    for side in ("request", "answer"):
        told = case[side]
        wire = bytes.fromhex(told["wire"])
        payload = bytes.fromhex(told["payload"])
        assert encode(told["code"], case["seq"], payload) == wire
        assert [decode(piece) for piece in pieces(wire)] == [
            (1, told["code"], case["seq"], payload)
        ]


@named(VECTORS["thrown_away"])
def test_what_must_be_thrown_away_has_no_answer_and_no_effect(case):
    """Nothing of it counts, it is counted, and a good frame behind it is answered."""
    host = Host()
    before = host.counters()
    assert host.raw(bytes.fromhex(case["wire"])) == b""
    assert host.say(0x15) == b"\x00"
    assert host.counters() == (*before[:5], before[5] + 1)


@named(VECTORS["lock_streams"])
def test_lock_is_found_wherever_it_stands(case):
    """So often, and after exactly so many bytes, whether they come at once or one by one."""
    wire = bytes.fromhex(case["wire"])
    assert pieces(wire).count(LOCK) == len(case["after"])
    cutter, after = Pieces(), []
    for number, value in enumerate(wire, 1):
        after += [number] * list(cutter.cut(bytes([value]))).count(LOCK)
    assert after == case["after"]


def standing_as(console, monkeypatch):
    """A console as the vectors' permits want it: its serial, boot, settings and challenge."""
    host = Host(values={"serial": CONSOLE["serial"], "panel_energy_uj": "20000"})
    inside = host.machine
    inside.boot_id = bytes.fromhex(CONSOLE["boot_id"])
    monkeypatch.setattr(Inside, "drawn", lambda _: bytes.fromhex(CONSOLE["challenge"]))
    assert host.say(0x05)[:16] == bytes.fromhex(CONSOLE["challenge"])
    if console.get("state") == STANDBY:
        host.say(0x06, page.permit())
    if console.get("nonce_used"):
        host.say(0x06, page.permit())
        host.lock()
        challenge = inside.host.challenge
        assert challenge.used
    if "lease_min_ms" in console:
        host.set(lease_min_ms=str(console["lease_min_ms"]))
    for knob in ("key", "interlock_1", "tip"):
        if knob in console:
            host.set(**{knob: console[knob]})
    if console.get("reset_required"):
        host.set(interlock_1="open")
        host.set(interlock_1="closed")
    host.wait(console.get("challenge_age_ms", 0) / 1000)
    return host


@named(VECTORS["permits"])
def test_every_permit_of_the_page_is_judged_as_it_says(case, monkeypatch):
    """Accepted, or refused with the error that fits first."""
    host = standing_as(case["console"], monkeypatch)
    before = host.state
    [(code, _, told)] = frames(host.raw(page.frame(0x06, 9, bytes.fromhex(case["permit"]))))
    if case["error"] == 0:
        assert (code, host.state) == (0x86, STANDBY)
        assert told[:16] == page.PERMIT_ID
        return
    assert (code, told) == (0xFF, bytes([0x06, case["error"], before]))
    assert host.state == before
    assert host.events(host.status().next_event - 1) == [(5, case["error"])]


def masked(code, payload):
    """A payload without what hangs on the moment: clock, time in a state, what is left."""
    if code in {0x83, 0x87, 0x88, 0x93, 0xA0}:
        return payload[:3] + bytes(12) + payload[15:23] + bytes(6) + payload[29:]
    if code == 0x86:
        return payload[:16] + payload[24:]
    if code == 0x84:
        return payload[:16]
    return payload


HEARD = VECTORS["exchanges"]
UNTIL = [each["name"] for each in HEARD].index("BEAT, the lease begins") + 1
NONCES = {"STATUS": 0xA1, "STATUS, in STANDBY": 0xA2, "BEAT, the lease begins": 0xA3}


def told_alike(case, code, told):
    """What is told and what the page tells, without what hangs on the moment."""
    wanted = bytes.fromhex(case["answer"]["payload"])
    if case["name"].startswith("EVENTS_READ"):
        return without_clocks(told), without_clocks(wanted)
    return masked(code, told), masked(code, wanted)


@pytest.mark.parametrize("upto", range(1, UNTIL + 1))
def test_the_session_of_the_page_byte_by_byte(upto, monkeypatch):
    """Up to its first beat each answer is the page's, but for clocks, CAPS, and lost events."""
    host = Host(key=False)
    inside = host.machine
    block_of = Settings.block_of
    monkeypatch.setattr(
        Settings, "block_of", lambda self, values: block_of(self, values)[:-8] + page.CONFIGURATION
    )
    monkeypatch.setattr(Inside, "drawn", lambda _: page.NONCE)
    host.raw(2 * b"\x7e\x7d\x41\x7e")
    inside.boot_id = page.BOOT
    inside.keys.add(0, page.public(page.KEY), b"room 1")
    inside.host._proposals = 4
    for case in HEARD[:upto]:
        if case["name"] in NONCES:

            def fresh(self, next_event, nonce=NONCES[case["name"]]):
                self.nonce_told, self.events_told = nonce, next_event
                return nonce

            monkeypatch.setattr(Inside, "fresh_nonce", fresh)
        [(code, seq, told)] = frames(host.raw(bytes.fromhex(case["request"]["wire"])))
        assert (code, seq) == (case["answer"]["code"], case["seq"])
    if case["name"] != "CAPS":
        told, wanted = told_alike(case, code, told)
        assert told == wanted


def without_clocks(told):
    """Events without their times and without the oldest number that is kept."""
    events = [told[17 + 26 * at : 43 + 26 * at] for at in range(told[16])]
    return told[8:17] + b"".join(each[:12] + each[20:] for each in events)


def test_lock_is_found_behind_any_length_of_nothing():
    """A piece that is far too long for a frame still ends with LOCK, byte by byte."""
    cutter = Pieces()
    found = [piece for value in b"\x55" * 5000 + LOCK for piece in cutter.cut(bytes([value]))]
    assert found == [LOCK]
    assert len(cutter) == 0


def test_faults_of_the_wire_reach_lock_too():
    """A LOCK that is lost or mangled on its way takes no light away."""
    for fault in ("lost_command@cmd=LOCK,count=1", "mangled_command:position=3@cmd=LOCK,count=1"):
        host = Host(faults=[fault])
        host.to_ready()
        assert host.raw(LOCK) == b""
        assert host.status().state == 5
        assert host.lock().state == 2


def test_numbers_of_exchanges_are_those_of_the_host():
    """LOCK is one exchange, as a frame is: the third reply is lost, not another one."""
    host = Host(faults=["drop@nth=3"])
    assert host.say(0x01)
    host.lock()
    assert host.say(0x01) is None
    assert host.say(0x01)
