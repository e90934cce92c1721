"""Energy checks on the console that was written from OLCP's page alone: what ends one, and when."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.protocols import stranger_permit as permits
from tests.protocols import stranger_wire as wire
from tests.protocols.stranger_answers import AnsweringConsole
from tests.protocols.stranger_host import read_status
from tests.protocols.stranger_memory import EVENTS

VECTORS = json.loads((Path(__file__).parents[2] / "docs/protocols/olcp-vectors.json").read_text())
SEED = bytes.fromhex(VECTORS["key"]["private_seed"])


class Bench:
    """The console under a permit for an energy check, and its clock."""

    def __init__(self):
        told = VECTORS["console"]
        self.now, self.seq = 0.0, 0
        boot_id = bytes.fromhex(told["boot_id"])
        self.console = AnsweringConsole(lambda: self.now, serial=told["serial"], boot_id=boot_id)
        self.console.power_up()
        self.console.turn("permit_key", VECTORS["key"]["public"])
        nonce = self.say("CHALLENGE")[:16]
        good = permits.read(bytes.fromhex(VECTORS["permits"][0]["permit"]))
        asked = replace(good, kind=permits.KINDS["energy_check"], nonce=nonce)
        key = permits.Ed25519PrivateKey.from_private_bytes(SEED)
        assert isinstance(self.say("PERMIT", permits.sign(asked, key)), bytes)

    def say(self, name, payload=b""):
        """One message: its answer's payload, or the name of the error."""
        self.seq += 1
        sent = wire.encode(wire.CODE[name], self.seq, payload)
        (answer,) = wire.Receiver().feed(self.console.hear(sent))
        if answer.code == wire.ERROR_CODE:
            return wire.ERRORS[answer.payload[1]]
        return answer.payload

    def live(self, seconds):
        """Time passes for a host that beats."""
        for _ in range(round(seconds * 10)):
            status = read_status(self.say("STATUS"))
            last = (status.next_event - 1).to_bytes(8, "little")
            self.say("BEAT", status.nonce + last + status.settings_id)
            self.now += 100
            self.console.tick()

    def pressed(self):
        """The READY key, under a fresh lease; the state in which that comes to rest."""
        self.live(0.1)
        self.console.turn("ready_key", "press")
        self.live(2.3)
        return self.console.state

    def pulse(self):
        """One press of the footswitch."""
        self.console.turn("footswitch", "pressed")
        self.live(0.1)
        self.console.turn("footswitch", "released")


def test_the_ready_key_is_dead_outside_a_check():
    """Before it, behind its last pulse, and when it has ended; CHECK_END works in STANDBY alone."""
    bench = Bench()
    assert bench.pressed() == wire.STANDBY
    bench.say("CHECK_BEGIN", b"\x02")
    assert bench.pressed() == wire.READY
    assert bench.say("CHECK_END") == "bad_state"
    bench.pulse()
    assert bench.console.state == wire.READY
    bench.pulse()
    assert bench.console.state == wire.STANDBY
    assert bench.pressed() == wire.STANDBY
    assert bench.say("CHECK_END")[0] == 2
    assert bench.say("CHECK_END") == "bad_state"
    assert bench.pressed() == wire.STANDBY


@pytest.mark.parametrize(
    "end",
    [
        ("interlock_1", "open"),
        ("panel_energy", "11000"),
        ("tip", "TIP-9"),
        ("key", "off"),
        ("emergency_stop", "pressed"),
    ],
)
def test_what_ends_a_check_makes_it_void(end):
    """The event tells the pulses until then; nothing is told of what they had."""
    bench = Bench()
    bench.say("CHECK_BEGIN", b"\x02")
    assert bench.pressed() == wire.READY
    bench.pulse()
    bench.say("STANDBY")
    bench.console.turn(*end)
    assert bench.say("CHECK_END") == "bad_state"
    kinds = [(each[20] | each[21] << 8, each[22]) for each in bench.console.events]
    assert (EVENTS["check_ended"], 1) in kinds


def test_a_lost_lease_ends_a_check():
    """One that runs out in STANDBY does not."""
    bench = Bench()
    bench.say("CHECK_BEGIN", b"\x02")
    bench.live(0.1)
    bench.now += 1500
    bench.console.tick()
    assert read_status(bench.say("STATUS")).inputs >> 15 & 1
    assert bench.pressed() == wire.READY
    bench.now += 1500
    bench.console.tick()
    assert bench.console.state == wire.STANDBY
    assert bench.say("CHECK_END") == "bad_state"
