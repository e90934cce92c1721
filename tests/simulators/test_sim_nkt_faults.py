"""The NKT laser's own faults: off is refused, it is busy, it restarts, its status freezes."""

from __future__ import annotations

import pytest

from devicelink_nkt_sim import SIMULATOR
from tests.simulators.hexbench import HexBench
from tests.simulators.interbus import ACK, BUSY, CLEAR, NACK, READ, WRITE, Host


def laser(*faults, setup=None, **values):
    """A host of a laser with these faults."""
    return Host(HexBench(SIMULATOR, setup=setup, values=values, faults=faults))


def test_off_is_refused():
    """NACK and light, whether 0 is written or the bit is cleared; everything else works."""
    host = laser(setup="refuses_off", emission="on")
    assert [host.emission(0), host.ask(CLEAR, 0x30, b"\x01")] == [NACK, (NACK, b"")]
    assert host.bench.lit
    assert host.write(0x22, 0, 2) == ACK
    assert not host.bench.lit


def test_only_acknowledged():
    """Every command is acknowledged and none carried out; reads tell the truth."""
    host = laser(setup="only_acknowledges", emission="on")
    assert [host.emission(0), host.write(0x22, 0, 2), host.bits, host.number(0x22)] == [
        *(ACK, ACK, {0, 14}, 1000),
    ]


@pytest.mark.parametrize(("fault", "kind"), [("busy", BUSY), ("nack", NACK)])
def test_busy(fault, kind):
    """The answer says so, nothing is done; the next one is carried out."""
    host = laser(f"{fault}@cmd=W30,count=1")
    assert host.number(0x61) == 0x33
    assert [host.emission(1), host.bench.lit] == [kind, False]
    assert [host.emission(1), host.bench.lit] == [ACK, True]


def test_reboot():
    """Dark and deaf for its time; then off, without errors, and settings as they were."""
    host = laser("reboot:seconds=4@at=1", emission="on", second_host="0xA1")
    assert host.write(0x22, 2000, 2) == ACK
    assert host.bench.wait(3) != ""
    assert host.bench.lights()[-2:] == ["light_off", "disabled"]
    assert host.bench.when("light_off") == 1
    assert host.ask(READ, 0x61) is None
    assert host.bench.wait(1.9) == ""
    host.bench.set(second_host="0")
    host.bench.wait(0.1)
    assert (host.bits, host.number(0x22), host.bench.when("restarted")) == (set(), 2000, 5)
    assert not host.bench.lit


def test_a_restart_does_not_close_an_open_loop():
    """Latched again while open; a loop that was closed meanwhile is as new."""
    host = laser("reboot:seconds=1@at=1", "reboot:seconds=1@at=5", interlock="open")
    host.bench.wait(3)
    assert host.bits == {1}
    host.bench.set(interlock="closed")
    assert host.bits == {1}
    host.bench.wait(4)
    assert host.bits == set()


def test_frozen_status():
    """Status, power and temperature of that moment stay, for every host; commands work."""
    host = laser("frozen_status@at=1,for=5", emission="on")
    host.bench.wait(2)
    before = host.number(0x17)
    assert [host.emission(0), host.bits, host.number(0x30)] == [ACK, {0, 14}, 0]
    assert not host.bench.lit
    assert Host(host.bench, sender=0x40).bits == {0, 14}
    assert [host.number(0x17), Host(host.bench, sender=0xA1).number(0x17)] == [before] * 2
    host.bench.wait(4)
    assert (host.bits, host.number(0x17)) == (set(), 0)


def test_faults_by_command():
    """`cmd=` takes R, W, S, C or T and the register."""
    host = laser("lost_command@cmd=W30,count=1", "drop@cmd=r66,count=1", emission="on")
    assert host.ask(WRITE, 0x30, b"\x00") is None
    assert host.bench.lit
    assert host.ask(READ, 0x66) is None
    assert [host.bits, host.emission(0), host.bench.lit] == [{0, 14}, ACK, False]


@pytest.mark.parametrize("position", range(9))
def test_a_mangled_command_is_never_obeyed(position):
    """Whatever byte is another, emission off is not carried out, and the next one is."""
    host = laser(f"mangled_command:position={position},value=0x55@cmd=W30,count=1", emission="on")
    host.bench.raw(bytes.fromhex("0D 01 A2 05 30 00 43 2A 0A"))
    assert host.bench.lit
    host.bench.raw(b"\x0a")
    assert [host.emission(0), host.bench.lit] == [ACK, False]


@pytest.mark.parametrize("setup", SIMULATOR.setups)
def test_every_set_up_is_as_it_says(setup):
    """Only one of them is light by itself."""
    bench = HexBench(SIMULATOR, setup=setup)
    bench.wait(1)
    assert bench.lit is (setup == "left_emitting")


def test_the_set_ups_forbid_what_they_say():
    """Emission on in each: light, or the reason why not."""
    codes = {}
    for setup in SIMULATOR.setups:
        bench = HexBench(SIMULATOR, setup=setup)
        bench.machine.start()
        if not bench.lit:
            codes[setup] = bench.machine.forbidden_by
    assert codes == {
        "interlock_open": 2, "silent_refusal": 2, "disabled": 8, "low_supply": 3, "cold_room": 7,
        "slow_start": 0,
    }  # fmt: skip
