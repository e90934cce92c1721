"""What UC-2000 controllers and tubes do differently, beyond the bytes of their wire."""

from __future__ import annotations

import pytest

from devicelink_uc2000_sim import SIMULATOR
from tests.simulators.hexbench import HexBench

LASING = {"startup_s": "0", "lase": "on", "percent": "40", "gate_logic": "pull_down"}


def box(**values):
    """A controller with these values, lasing once its gate is high."""
    values = {**LASING, **{key: str(value) for key, value in values.items()}}
    return HexBench(SIMULATOR, values=values)


@pytest.mark.parametrize(("least", "high", "lit"), [(0.01, 0.009, False), (0.01, 0.011, True)])
def test_a_gate_pulse_may_be_too_short(least, high, lit):
    """No light from a pulse shorter than the gate needs; a longer one is light so much later."""
    bench = box(gate_least_s=least, mode="manual_closed")
    bench.set(gate_input="high")
    bench.wait(high)
    bench.set(gate_input="low")
    bench.wait(1)
    assert bench.truth.names("light_on", "light_off") == ["light_on", "light_off"] * lit
    if lit:
        assert bench.when("light_on") == pytest.approx(least)
        assert bench.when("light_off") == pytest.approx(high)


def test_a_gate_is_quick_unless_it_is_said():
    """Without a least time light comes with the gate."""
    bench = box()
    bench.set(gate_input="high")
    assert bench.lit


def test_a_lost_cable_waits_as_long():
    """Pulled up, a cable that is lost is a high gate, and light after the same time."""
    bench = box(gate_least_s=0.01, gate_logic="pull_up", gate_input="low")
    bench.set(gate_input="open")
    assert not bench.lit
    bench.wait(0.01)
    assert bench.lit


def test_light_rises():
    """After half of the rise there is half of the power."""
    bench = box(optical_rise_s=0.002, nominal_w=50)
    bench.set(gate_input="high")
    bench.wait(0.001)
    assert bench.machine.power_w == pytest.approx(10, abs=0.05)
    bench.wait(0.001)
    assert bench.machine.power_w == pytest.approx(20, abs=0.05)


def test_a_closed_loop_settles():
    """A worn tube gives its lesser power until the loop holds what is set."""
    bench = box(mode="manual_closed", settling_s=0.5, wear_percent=50, nominal_w=50)
    bench.set(gate_input="high")
    bench.wait(0.4)
    assert bench.machine.power_w == pytest.approx(10, abs=0.05)
    bench.wait(0.1)
    assert bench.machine.power_w == pytest.approx(20, abs=0.05)


def test_a_warm_tube_is_weaker():
    """In an open loop each C takes its part."""
    bench = box(power_loss_percent_per_c=1, ambient_c=35, temperature_c=35, thermal_rise_c=0)
    bench.set(gate_input="high")
    bench.wait(1)
    assert bench.machine.power_w == pytest.approx(0.9 * 10)


def test_how_bright_it_is_when_stuck():
    """An RF driver that is stuck on has its own duty."""
    bench = box(rf_driver="stuck_on", stuck_percent=80, lase="off")
    assert bench.last("light_on")["power_w"] == 20


def test_half_a_command_in_its_own_time():
    """A unit may wait longer or shorter for the rest of a command before it is NAK."""
    bench = box(half_command_s=0.2)
    assert bench.ask("5B 75") == ""
    assert bench.wait(0.19) == ""
    assert bench.wait(0.01) == "3F"
