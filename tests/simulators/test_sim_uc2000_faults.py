"""The UC-2000's own faults: off is refused, nothing works, it restarts, its status freezes."""

from __future__ import annotations

import pytest

from devicelink_uc2000_sim import SIMULATOR
from tests.simulators.hexbench import HexBench

OFF, ON, STATUS = "5B 76 89", "5B 75 8A", "7E"


def box(*faults, setup=None, **values):
    """A controller whose gate is satisfied."""
    values = {"gate_input": "open", "percent": "30"} | values
    return HexBench(SIMULATOR, setup=setup, values=values, faults=faults)


def test_off_is_refused():
    """NAK and light; everything else works."""
    laser = box(setup="refuses_off", lase="on")
    assert [laser.ask(OFF), laser.lit, laser.ask("5B 7F 00 80"), laser.lit] == [
        *("3F", True, "AA", False),
    ]


def test_only_acknowledged():
    """Every command is acknowledged and none carried out; the status tells the truth."""
    laser = box(setup="only_acknowledges", lase="on")
    assert [laser.ask(OFF), laser.ask("5B 7F 00 80"), laser.ask(STATUS), laser.lit] == [
        *("AA", "AA", "AA B8 32 3C 00", True),
    ]


@pytest.mark.parametrize("power_up", ["disabled", "enabled"])
def test_reboot(power_up):
    """Dark and deaf for its time, half a command forgotten; then lase as power-up says."""
    laser = box("reboot:seconds=4@at=1", lase="on", lase_on_power_up=power_up)
    assert laser.ask("5B 7F") == ""
    assert laser.wait(3) == ""
    assert laser.lights()[-2:] == ["light_off", "disabled"]
    assert laser.when("light_off") == 1
    assert [laser.ask(STATUS), laser.ask("5B 7F")] == ["", ""]
    laser.wait(2)
    assert laser.when("restarted") == 5
    assert laser.lit is (power_up == "enabled")
    assert laser.ask(STATUS) == ("AA B8 33 3C 00" if laser.lit else "AA A8 32 3C 00")


def test_a_restart_may_forget_what_the_host_set():
    """With after_restart=defaults the power, the gate and the mode are as they came."""
    laser = box("reboot:seconds=1@at=1", after_restart="defaults", gate_logic="pull_down")
    laser.wait(3)
    assert laser.ask(STATUS) == "AA A8 32 00 00"


def test_frozen_status():
    """The status of that moment stays, lase is switched all the same."""
    laser = box("frozen_status@at=1,for=5", lase="on")
    laser.wait(2)
    assert [laser.ask(OFF), laser.ask(STATUS), laser.lit] == ["AA", "AA B8 32 3C 00", False]
    laser.wait(4)
    assert laser.ask(STATUS) == "AA A8 32 3C 00"


def test_faults_by_command():
    """`cmd=` takes the command byte in hex; a status request is 7E."""
    laser = box("lost_command@cmd=76,count=1", "drop@cmd=7e,count=1", lase="on")
    assert [laser.ask(OFF), laser.lit, laser.ask(STATUS)] == ["", True, ""]
    assert [laser.ask(OFF), laser.lit, laser.ask(STATUS)] == ["AA", False, "AA A8 32 3C 00"]


@pytest.mark.parametrize(
    ("position", "value", "said"), [(0, 0x5C, ""), (1, 0x77, "3F"), (2, 0x00, "3F")]
)
def test_a_mangled_command(position, value, said):
    """A byte that is another: no start, or a checksum that does not fit. Never obeyed."""
    laser = box(f"mangled_command:position={position},value={value}@cmd=76,count=1", lase="on")
    assert laser.ask(OFF) == said
    assert laser.lit
    assert laser.ask(OFF) == "AA"


def test_a_command_mangled_into_half_a_longer_one_is_late():
    """76 that arrives as 7F waits for a byte that never comes, and is refused after its second."""
    laser = box("mangled_command:position=1,value=0x7F@cmd=76,count=1", lase="on")
    assert [laser.ask(OFF), laser.wait(1), laser.ask(OFF)] == ["", "3F", "AA"]


@pytest.mark.parametrize("setup", SIMULATOR.setups)
def test_every_set_up_is_as_it_says(setup):
    """Which of them are light by themselves, and which are enabled."""
    laser = HexBench(SIMULATOR, setup=setup)
    lit = {"left_lasing", "local_lasing", "light_by_itself", "long_tickle"}
    assert laser.lit is (setup in lit)
    waits = {"left_lasing", "local_lasing", "left_waiting"}
    assert laser.machine.enabled is (setup in waits)
