"""The dialect ylr-qcw: pulses, gate, hardware emission control, and an inverted supply bit."""

from __future__ import annotations

import pytest

SUPPLY = 11


@pytest.fixture
def qcw(lab):
    """Makes quasi-continuous lasers."""
    return lambda **values: lab(values={"dialect": "ylr-qcw", "noise_percent": "0", **values})


def test_a_session(qcw):
    """Identify, set current and pulses, emit, switch off, as a host program would."""
    laser = qcw()
    said = [laser.ask(line) for line in ("RID", "STA", "SDC 50", "SPRR 100", "SPW 2", "EPM")]
    assert said == ["RID: SIM-QCW-1", "STA: 2048", "SDC: 50.0", "SPRR: 100.0", "SPW: 2.0", "EPM"]
    assert [laser.ask(line) for line in ("RPRR", "RPW", "RPP")] == [
        *("RPRR: 100.0", "RPW: 2.0", "RPP: Off")
    ]
    assert laser.ask("EMON") == "EMON"
    laser.wait(5)
    assert laser.status == {2, 10, SUPPLY}
    peak = float(laser.ask("RPP").removeprefix("RPP: "))
    assert float(laser.ask("ROP").removeprefix("ROP: ")) == pytest.approx(0.2 * peak, abs=0.1)
    assert [laser.ask("EMOFF"), laser.ask("STA")] == ["EMOFF", f"STA: {2048 + 1024}"]


@pytest.mark.parametrize("knob", ["interlock_1", "interlock_2"])
def test_the_supply_bit_is_inverted(qcw, knob):
    """Bit 11 is set while the supply is ON, and cleared by an open interlock until START."""
    laser = qcw()
    assert laser.status == {SUPPLY}
    laser.set(**{knob: "open"})
    assert laser.status == set()
    laser.set(**{knob: "closed"})
    assert laser.status == set()
    laser.set(supply="on")
    assert laser.status == {SUPPLY}


@pytest.mark.parametrize("knob", [{"collimator": "disconnected"}, {"optical_interlock": "failed"}])
def test_the_fibre_interlock(qcw, knob):
    """Bit 30 is set while the fibre interlock is active, and there is no light meanwhile."""
    laser = qcw(startup_s="0", diode_current_percent="50")
    laser.ask("EMON")
    assert laser.lit
    laser.set(**knob)
    assert laser.status == {SUPPLY, 30}
    assert not laser.lit


@pytest.mark.parametrize(
    ("on", "off", "bit"),
    [("EGM", "DGM", 16), ("ELE", "DLE", 18), ("EPM", "DPM", 10), ("EMOD", "DMOD", 12)],
)
def test_modes(qcw, on, off, bit):
    """Each mode has its bit, and is refused while emission is on."""
    laser = qcw()
    assert laser.ask(on) == on
    assert laser.status == {SUPPLY, bit}
    assert laser.ask(off) == off
    laser.ask("EMON")
    assert laser.ask(on) == "ERR"
    assert laser.status == {SUPPLY, 2}


def test_the_gate_lets_light_out(qcw):
    """In gate mode light needs the gate, and the truth says that it is gated."""
    laser = qcw(startup_s="0", diode_current_percent="50")
    laser.ask("EGM")
    laser.ask("EMON")
    assert laser.lights() == ["enabled"]
    assert next(e for e in laser.truth.events if e["event"] == "enabled")["gated"] is True
    laser.set(modulation_input="high")
    assert laser.lit


def test_hardware_emission_control_takes_the_host_out(qcw):
    """With it the host neither begins nor ends emission; the line does."""
    laser = qcw(startup_s="0", diode_current_percent="50")
    laser.ask("ELE")
    assert laser.ask("EMON").startswith("ERR")
    laser.set(emission="on")
    assert laser.lit
    assert laser.ask("EMOFF").startswith("ERR")
    assert laser.lit


@pytest.mark.parametrize(("alarm", "bit"), [("critical_error", 29), ("buffer_overflow", 0)])
def test_alarms(qcw, alarm, bit):
    """An alarm takes the light and stays until it is reset."""
    laser = qcw(startup_s="0", diode_current_percent="50")
    laser.ask("EMON")
    laser.set(alarm=alarm)
    assert laser.status == {SUPPLY, bit}
    assert not laser.lit
    laser.set(alarm="none")
    laser.ask("RERR")
    assert laser.status == {SUPPLY}


@pytest.mark.parametrize("line", ["SPRR 0", "SPW 0", "SPRR 1001", "SPW 20.1", "SPW -1"])
def test_pulses_that_cannot_be_are_refused(qcw, line):
    """Pulses of no length, no rate, or that run into each other are out of range."""
    laser = qcw()
    assert laser.ask(line) == "ERR"
    assert [laser.ask("RPRR"), laser.ask("RPW")] == ["RPRR: 50.0", "RPW: 1.0"]


def test_further_readings(qcw):
    """Board temperature and extended status read as they are set."""
    laser = qcw(board_temperature_c="31.5", extended_status="7")
    assert [laser.ask("RBT"), laser.ask("ESTA")] == ["RBT: 31.5", "ESTA: 7"]
