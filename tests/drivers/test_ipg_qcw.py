"""Dialogues with a YLR-QCW laser, and what its thin sources do not let the driver claim."""

from __future__ import annotations

import pytest

from devicelink.driver import CommandClass, DeviceState, Shown, Trigger
from devicelink.errors import DeviceFault, WrongDevice
from devicelink_ipg import Ipg
from tests.drivers.dialogues import dialogue, token

QCW = Ipg({"dialect": "ylr-qcw"})
GOOD = {"diode_current_percent": "35.0"}
SUPPLY = 2**11
FAULTS = {
    0: "command_buffer_overflow",
    1: "over_temperature",
    3: "back_reflection",
    5: "pulse_too_long",
    7: "humidity",
    9: "pulse_too_short",
    17: "high_pulse_energy",
    18: "hardware_emission_control",
    19: "supply_failure",
    23: "duty_too_high",
    24: "low_temperature",
    25: "supply_alarm",
    28: "guide_alarm",
    29: "critical_error",
    31: "high_average_power",
}
MODES = [4, 10, 12, 16, 22, 27]
QUIET = [6, 8, 13, 14, 15, 20, 21, 26]


def talk(*pairs):
    """A dialogue with a quasi-continuous laser."""
    return dialogue(*pairs, driver=QCW)


def status(sta, rop="Off"):
    """The status that these words come to."""
    ends = any(sta >> bit & 1 for bit in (*FAULTS, 30)) or not sta & SUPPLY
    rest = [] if ends else [("ROP", f"ROP: {rop}"), ("RCT", "RCT: 25.0")]
    with talk(("STA", f"STA: {sta}"), *rest) as link:
        return QCW.read_status(link)


def effective(sta=SUPPLY, rfws="RFWS: 2.0"):
    """What is read back as effective."""
    with talk(("RFWS", rfws), ("RCS", "RCS: 35.0"), ("STA", f"STA: {sta}")) as link:
        return QCW.read_effective(link, GOOD)


def test_a_session():
    """Identify, bounds, set, READY, standby, lock, verb by verb."""
    with talk(
        *(("RFV", "RFV: 1.0"), ("RID", "RID: X-7"), ("RNC", "RNC: 10.0")),
        *(("STA", "STA: 2048"), ("SDC 35.0", "SDC: 35.0")),
        ("EMON", "EMON"),
        *(("STA", "STA: 2052"), ("ROP", "ROP: Low"), ("RCT", "RCT: 25.0")),
        *(("STA", "STA: 2052"), ("ROP", "ROP: 61.2"), ("RCT", "RCT: 25.0")),
        *(("EMOFF", "EMOFF"), ("SDC 0", "SDC: 0.0")),
        *(("STA", "STA: 2048"), ("RCS", "RCS: 0.0"), ("RID", "RID: X-7")),
    ) as link:
        identity, bounds = QCW.identify(link), QCW.bounds(link)
        QCW.prepare(link, GOOD)
        QCW.ready(link, token())
        ready, emitting = QCW.read_status(link), QCW.read_status(link)
        for way in QCW.declaration.lock_ways:
            QCW.reduce(link, way)
        locked = QCW.read_lock(link)
    assert (identity.serial, identity.details) == (None, {"RID": "X-7"})
    assert bounds == {"diode_current_percent": ("10.0", "100")}
    assert (ready.state, emitting.state) == (DeviceState.READY, DeviceState.EMITTING)
    assert locked.confirmed


def test_the_supply_bit_is_the_opposite_of_a_ylr_sms():
    """Bit 11 means ON here; without it START has to be pressed."""
    assert not status(SUPPLY).reset_required
    assert status(0).reset_required
    assert status(0).interlock_closed is Shown.UNKNOWN


def test_interlock_and_key_are_never_assumed():
    """An active fibre interlock is open; a quiet one says nothing of the external one."""
    assert status(SUPPLY + 2**30).interlock_closed is Shown.NO
    assert status(SUPPLY).interlock_closed is Shown.UNKNOWN
    assert status(SUPPLY).key_on is Shown.NOT_REPORTED


@pytest.mark.parametrize(("bit", "name"), FAULTS.items())
def test_each_fault_bit_is_its_fault(bit, name):
    """Each fault bit is told by its name, alone, without asking more."""
    told = status(SUPPLY + 2**bit)
    assert told.faults == (name,)
    assert set(told.words) == {"STA"}


@pytest.mark.parametrize("bit", [*MODES, *QUIET])
def test_other_bits_are_no_finding(bit):
    """Modes and reserved bits change nothing of state, interlock, key or faults."""
    told = status(SUPPLY + 2**bit)
    assert (told.state, told.faults, told.reset_required) == (DeviceState.STANDBY, (), False)
    assert not told.unexpected_emission


def test_output_without_emission_is_unexpected():
    """Power that leaves while emission is off is unexpected emission."""
    assert status(SUPPLY, "3.1").unexpected_emission
    assert not status(SUPPLY + 4, "3.1").unexpected_emission


@pytest.mark.parametrize(
    ("sta", "rcs", "why"),
    [
        (SUPPLY + 4, "0.0", "emission on"),
        (SUPPLY + 2**18, "0.0", "hardware emission control"),
        (SUPPLY, "35.0", "set-point is not 0"),
    ],
)
def test_not_locked_is_said_with_its_reason(sta, rcs, why):
    """Emission, emission that a line controls, or a set-point left over is no lock."""
    words = (("STA", f"STA: {sta}"), ("RCS", f"RCS: {rcs}"), ("RID", "RID: X-7"))
    with talk(*words) as link:
        reading = QCW.read_lock(link)
    assert not reading.confirmed
    assert why in reading.why_not


def test_a_laser_of_another_dialect_is_neither_identified_nor_called_locked():
    """A YLR-SM has other bits: that it does not know RID is what tells."""
    with talk(("RFV", "RFV: 1"), ("RID", "BCMD")) as link, pytest.raises(WrongDevice, match="qcw"):
        QCW.identify(link)
    words = (("STA", "STA: 0"), ("RCS", "RCS: 0.0"), ("RID", "BCMD"))
    with talk(*words) as link, pytest.raises(DeviceFault):
        QCW.read_lock(link)


@pytest.mark.parametrize(
    ("bit", "why"),
    [
        (2, "emitting"),
        (4, "external control"),
        (10, "pulse mode"),
        (18, "hardware emission control"),
        (22, "waveform mode"),
    ],
)
def test_prepare_refuses_what_it_does_not_know(bit, why):
    """While emitting, and in modes whose meaning is not sure, no setting is sent."""
    with (
        talk(("STA", f"STA: {SUPPLY + 2**bit}")) as link,
        pytest.raises(DeviceFault, match=why),
    ):
        QCW.prepare(link, GOOD)


@pytest.mark.parametrize("sta", [SUPPLY, SUPPLY + 2**12, SUPPLY + 2**16])
def test_ready_counts_as_light(sta):
    """Neither modulation nor gate mode is claimed as a trigger; they are configuration."""
    assert effective(sta).trigger is Trigger.HOST
    assert QCW.implied_trigger(GOOD) is Trigger.HOST


@pytest.mark.parametrize("bit", MODES)
def test_a_mode_that_changes_changes_the_settings_id(bit):
    """Each mode is part of what was verified."""
    assert effective(SUPPLY + 2**bit).settings_id != effective().settings_id


def test_a_window_that_is_not_told_is_taken_as_the_longest():
    """Without RFWS output may show old light for as long as any window lasts."""
    assert effective().output_memory_s == 2.0
    untold = effective(rfws="BCMD")
    assert untold.output_memory_s == 5.0
    assert untold.configuration["power_average_s"] is None


@pytest.mark.parametrize(
    "line",
    [
        *("EGM", "DGM", "ELE", "DLE", "EPM", "DPM", "EMOD", "DMOD", "EEC", "DEC"),
        *("SPW 1", "SPRR 100", "SPS 1", "SFWS 1", "RPS", "RMN"),
    ],
)
def test_modes_and_pulses_cannot_be_sent(line):
    """What would change a mode or a pulse is forbidden, also to a driver with good reasons."""
    assert QCW.wire.classify(line.encode() + b"\r") is CommandClass.FORBIDDEN
