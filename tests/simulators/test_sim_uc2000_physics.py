"""What makes light and what takes it away; nothing of the tube's hardware shows on the wire."""

from __future__ import annotations

import pytest

from devicelink_uc2000_sim import SIMULATOR
from tests.simulators.hexbench import HexBench

OFF, ON, STATUS = "5B 76 89", "5B 75 8A", "7E"


def box(setup=None, **values):
    """A controller that lases at 30 % unless told otherwise."""
    values = {"lase": "on", "percent": "30"} | {key: str(value) for key, value in values.items()}
    return HexBench(SIMULATOR, setup=setup, values=values)


@pytest.mark.parametrize(
    ("logic", "gate", "lit"),
    [
        ("pull_up", "open", True),
        ("pull_up", "high", True),
        ("pull_up", "low", False),
        ("pull_down", "open", False),
        ("pull_down", "high", True),
        ("pull_down", "low", False),
    ],
)
def test_the_gate(logic, gate, lit):
    """Pulled up, a lost cable is light; pulled down, only a high input is."""
    laser = box(gate_logic=logic, gate_input="low")
    laser.set(gate_input=gate)
    assert laser.lit is lit
    assert laser.machine.enabled
    assert laser.truth.events[1]["gated"] is (logic == "pull_down")
    assert laser.ask(OFF) == "AA"
    assert not laser.lit
    assert laser.lights()[-1] == "disabled"


def test_a_cable_that_is_lost_is_light_at_once():
    """The set-up open_cable: lase on is light, without any gate signal."""
    laser = HexBench(SIMULATOR, setup="open_cable", values={"percent": "30"})
    assert laser.ask(ON) == "AA"
    assert laser.lights() == ["enabled", "light_on"]
    assert laser.last("light_on")["power_w"] == 7.5
    assert laser.ask(STATUS) == "AA B8 32 3C 00"
    assert laser.ask("5B 7B 84") == "AA"
    assert not laser.lit


@pytest.mark.parametrize(
    ("khz", "percent", "lit"),
    [("20", 2, False), ("20", 2.5, True), ("10", 1, False), ("10", 1.5, True), ("5", 0.5, False)],
)
def test_pulses_must_be_longer_than_the_tickle(khz, percent, lit):
    """A duty whose pulses are 1 us or shorter makes no light."""
    assert box(gate_input="open", pwm_khz=khz, percent=percent).lit is lit


def test_a_tickle_that_is_too_long_is_light():
    """Then the tube lights without lase, and the status does not show it."""
    laser = HexBench(SIMULATOR, setup="long_tickle")
    assert laser.lights() == ["light_on"]
    assert laser.last("light_on")["power_w"] == pytest.approx(0.188)
    assert laser.ask(STATUS) == "AA A8 32 00 00"


@pytest.mark.parametrize("setup", ["interlock_open", "key_off", "dead_tube"])
def test_the_hardware_that_darkens_is_invisible(setup):
    """Lase on is acknowledged and shown, and no light leaves."""
    laser = HexBench(SIMULATOR, setup=setup, values={"percent": "30", "gate_input": "open"})
    assert laser.ask(ON) == "AA"
    assert laser.ask(STATUS) == "AA B8 32 3C 00"
    assert laser.lights() == []


def test_the_interlock_darkens_at_once_until_the_key_was_turned():
    """Closing it restores nothing; the key brings light back after its start-up, lase still on."""
    laser = box(gate_input="open")
    laser.wait(1)
    laser.set(interlock="open")
    assert laser.lights() == ["enabled", "light_on", "light_off", "disabled"]
    assert laser.when("light_off") == 1
    laser.set(key="off", interlock="closed")
    laser.wait(100)
    assert not laser.lit
    laser.set(key="on")
    laser.wait(4.999)
    assert not laser.lit
    laser.wait(0.001)
    assert laser.lit
    assert laser.ask(STATUS) == "AA B8 32 3C 00"


def test_the_key_is_in_vain_while_the_interlock_is_open():
    """It trips again."""
    laser = box(gate_input="open", interlock="open")
    laser.set(key="off")
    laser.set(key="on")
    laser.wait(10)
    laser.set(interlock="closed")
    laser.wait(10)
    assert laser.lights() == []


def test_heat_trips_the_tube_at_its_time():
    """It warms up with the duty, trips at 60 C, and cool again stays dark without the key."""
    laser = box(gate_input="open", percent=95, ambient_c=45, temperature_c=45)
    laser.wait(1000)
    assert laser.lights() == ["enabled", "light_on", "light_off", "disabled"]
    assert laser.when("light_off") == pytest.approx(60 * 1.558, abs=0.1)  # 60 s * ln(19 / 4)
    laser.set(ambient_c="20")
    laser.wait(10_000)
    assert not laser.lit
    laser.set(key="on")
    laser.wait(5)
    assert laser.lit


def test_a_key_turned_while_the_tube_is_hot_is_in_vain():
    """Above 55 C it stays tripped."""
    laser = box(gate_input="open", temperature_c=61, ambient_c=57)
    laser.set(temperature_c="57", key="on")
    laser.wait(100)
    assert laser.lights() == []
    laser.set(temperature_c="54", ambient_c="30", key="on")
    laser.wait(5)
    assert laser.lit


def test_power_open_loop():
    """Nominal times duty, less what heat and wear take; a closed loop makes up for those."""
    cold = {"gate_input": "open", "thermal_rise_c": 0}
    assert box(**cold, percent=50, nominal_w=50).last("light_on")["power_w"] == 25
    warm = {**cold, "percent": 50, "temperature_c": 45, "ambient_c": 45, "wear_percent": 20}
    assert box(**warm).last("light_on")["power_w"] == pytest.approx(12.5 * 0.94 * 0.8)
    assert box(**warm, mode="manual_closed").last("light_on")["power_w"] == 12.5
    weak = box(**{**warm, "percent": 80, "wear_percent": 50}, mode="manual_closed")
    assert weak.last("light_on")["power_w"] == pytest.approx(25 * 0.95 * 0.94 * 0.5, abs=1e-3)


def test_light_rises_and_the_loop_settles():
    """0.1 ms to rise; 2 ms until a closed loop holds its power, and again after a change."""
    laser = box(
        gate_input="open", mode="manual_closed", percent=40, thermal_rise_c=0, wear_percent=50
    )
    told = []
    for seconds in (0, 0.00005, 0.00005, 0.0018, 0.0002):
        laser.wait(seconds)
        told.append(laser.machine.power_w)
    assert told == pytest.approx([0, 2.5, 5, 5, 10], abs=0.01)
    laser.ask("5B 7F 28 58")
    assert laser.machine.power_w == pytest.approx(2.5)
    laser.wait(0.002)
    assert laser.machine.power_w == pytest.approx(5)


@pytest.mark.parametrize("mode", ["anc", "anv", "anv_closed"])
def test_in_the_analogue_modes_power_is_not_what_was_set(mode):
    """The input commands it, up to the limit; the set-point is kept."""
    laser = box(gate_input="open", mode=mode, percent=10, analog_input_percent=60)
    assert laser.last("light_on")["power_w"] == 15
    laser.set(analog_input_percent="100")
    assert laser.ask(STATUS).split()[3] == "BE"
    assert laser.ask("5B 70 8F") == "AA"
    assert laser.ask(STATUS).split()[3] == "14"


def test_the_set_point_is_kept_while_lase_is_off():
    """Off and on again is the power of before."""
    laser = box(gate_input="open")
    assert [laser.ask(OFF), laser.lit, laser.ask(STATUS)] == ["AA", False, "AA A8 32 3C 00"]
    assert [laser.ask(ON), laser.lit] == ["AA", True]


def test_the_panel_makes_light_too():
    """A hand at the panel switches lase, whether the host is listened to or not."""
    laser = HexBench(SIMULATOR, setup="local_control", values={"gate_input": "open"})
    laser.set(percent="20", lase="on")
    assert laser.lit
    assert laser.ask(OFF) == "3F"
    laser.set(lase="off")
    assert not laser.lit


def test_a_stuck_driver_is_light_that_the_wire_denies():
    """Lase off, 0 %, and light; the tube's key ends it."""
    laser = HexBench(SIMULATOR, setup="light_by_itself")
    assert [laser.ask(OFF), laser.ask("5B 7F 00 80"), laser.lit] == ["AA", "AA", True]
    assert laser.ask(STATUS) == "AA A8 32 00 00"
    laser.set(key="off")
    assert laser.lights() == ["light_on", "light_off"]
