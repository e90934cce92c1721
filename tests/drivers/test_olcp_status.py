"""What an OLCP console's STATUS says in the contract's words, bit by bit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import DeviceState, Evidence, Reading, Shown
from devicelink.errors import ProtocolError
from devicelink.session.state import calls_for_lock
from devicelink_olcp.status import Told
from tests.drivers.olcp_page import CLOSED, EXCHANGES, payload, status

EMISSION, SHUTTER = 1 << 8, 1 << 7
STATES = ["UNKNOWN", "UNKNOWN", "LOCKED", "STANDBY", "ARMING", "READY", "EMITTING", "FAULT"]


def told(state=2, **changed):
    """One STATUS, as the session gets it."""
    return Told.read(status(state, **changed)).status()


def not_locked(state=2, since_ms=61_000, **changed):
    """What speaks against a lock, of a status from 61 s after power-up."""
    return ", ".join(Told.read(status(state, **changed)).not_locked(since_ms))


@pytest.mark.parametrize(("state", "name"), list(enumerate([*STATES, "UNKNOWN", "UNKNOWN"])))
def test_each_state_is_told_as_it_is_or_as_unknown(state, name):
    """What starts, tests itself, is serviced, or has a number of a later version is UNKNOWN."""
    made = told(state)
    assert made.state.value == name
    assert ("why_unknown" in made.words) is (name == "UNKNOWN")


def test_service_says_why_nobody_knows_what_it_does():
    """Pulses may be made in SERVICE: it is no state without light."""
    made = told(8)
    assert made.state.can_make_light
    assert "services" in made.words["why_unknown"]
    assert made.words["state"] == "SERVICE"


def test_a_status_tells_all_that_the_page_tells():
    """From the page's own bytes: counter, temperatures, uses, numbers, nonce."""
    made = Told.read(payload("STATUS")).status()
    assert made.state is DeviceState.LOCKED
    assert made.evidence is Evidence.SENSED
    assert (made.interlock_closed, made.key_on) == (Shown.YES, Shown.YES)
    assert (made.control_pressed, made.output_seen) == (Shown.NO, Shown.NO)
    assert (made.faults, made.reset_required, made.unexpected_emission) == ((), False, False)
    assert (made.counter, made.next_event, made.next_report) == (1_200_345, 812, 97)
    assert made.measured == {
        "laser_temperature_c": Reading("24.3"),
        "handpiece_temperature_c": Reading("29.1"),
        "tip_uses_left": Reading("1843"),
        "permit_left_ms": Reading("0"),
        "lease_left_ms": Reading("0"),
    }
    assert made.words["nonce"] == "a1" + "00" * 7
    assert made.words["clock_ms"] == "61000"
    assert made.words["status"] == EXCHANGES["STATUS"]["answer"]["payload"]


def test_nothing_known_is_never_a_number():
    """The highest value, and 8000 for a temperature, are no readings."""
    made = told(at=[(65, "0080"), (67, "d8ff"), (70, "ff" * 4), (74, "ff" * 8)])
    assert made.counter is None
    assert made.measured["laser_temperature_c"] == Reading(None, "not_reported")
    assert made.measured["handpiece_temperature_c"] == Reading("-4.0")
    assert made.measured["tip_uses_left"] == Reading(None, "not_reported")


@pytest.mark.parametrize(
    ("bit", "reads", "when_set", "when_clear"),
    [
        (0, "control_pressed", Shown.YES, Shown.NO),
        (1, "key_on", Shown.YES, Shown.NO),
        (2, "interlock_closed", Shown.YES, Shown.NO),
        (3, "interlock_closed", Shown.YES, Shown.NO),
        (5, "reset_required", True, False),
        (8, "output_seen", Shown.YES, Shown.NO),
    ],
)
def test_each_input_is_told_by_its_bit(bit, reads, when_set, when_clear):
    """One bit, one thing."""
    assert getattr(told(inputs=CLOSED | 1 << bit), reads) == when_set
    assert getattr(told(inputs=CLOSED & ~(1 << bit)), reads) == when_clear


@pytest.mark.parametrize("bit", [0, 1, 2, 4, 5, 6, 7, 8, 14, 15])
def test_a_sensor_that_every_console_must_have_and_this_one_lacks_is_a_fault(bit):
    """No session goes on with it; nothing is read into the bit that means nothing."""
    sensed = (0xFFFF & ~(1 << bit)).to_bytes(2, "little").hex()
    made = told(at=[(63, sensed)])
    assert [each for each in made.faults if each.startswith("not_sensed_")]
    assert calls_for_lock(made)
    shown = (made.interlock_closed, made.key_on, made.control_pressed, made.output_seen)
    assert (Shown.UNKNOWN in shown) is (bit in {0, 1, 2, 8})
    assert (made.evidence is Evidence.DEVICE_STATE) is (bit in {7, 8})


def test_a_second_interlock_may_be_missing():
    """Then the first one alone counts, whatever the other's bit says."""
    for inputs in (CLOSED, CLOSED & ~0b1000):
        made = told(inputs=inputs, at=[(63, "f7ff")])
        assert (made.interlock_closed, made.faults) == (Shown.YES, ())
    assert told(inputs=CLOSED & ~0b100, at=[(63, "f7ff")]).interlock_closed is Shown.NO


def test_faults_have_names():
    """By their bits; the emergency stop also by its own sensor; unknown ones by number."""
    assert told(7, at=[(98, "03800100")]).faults == (
        *("emergency_stop", "unexpected_emission", "counter"),
        "fault_16",
    )
    assert told(inputs=CLOSED & ~0b1_0000).faults == ("emergency_stop",)
    assert told(7, at=[(98, "02000000")]).unexpected_emission


@pytest.mark.parametrize("state", range(10))
def test_emission_outside_emitting_is_unexpected(state):
    """In every other state it is light that nobody asked for."""
    made = told(state, inputs=CLOSED | EMISSION | SHUTTER)
    assert made.unexpected_emission is (state != 6)
    assert not told(state).unexpected_emission


@pytest.mark.parametrize("state", [3, 5])
def test_the_last_pulse_of_emitting_may_finish(state):
    """Sensed while a foot has just let go it is no fault; when a pulse must be over, it is."""
    sensed = {"inputs": CLOSED | EMISSION}
    assert not told(state, at=[(1, "0c00"), (3, "16000000")], **sensed).unexpected_emission
    assert told(state, at=[(1, "0c00"), (3, "17000000")], **sensed).unexpected_emission


@pytest.mark.parametrize("age", ["3300", "ffff"])
def test_what_was_sensed_too_long_ago_is_nobodys_knowledge(age):
    """Older than the page allows: the state is UNKNOWN, a fault says so, no lock is confirmed."""
    made = told(3, at=[(1, age)])
    assert (made.state, made.evidence) == (DeviceState.UNKNOWN, Evidence.DEVICE_STATE)
    assert made.faults == ("sensed_too_long_ago",)
    assert "looked at" in not_locked(2, at=[(1, age)])
    assert told(3, at=[(1, "3200")]).state is DeviceState.STANDBY


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": 2}, ""),
        ({"state": 7}, ""),
        ({"state": 3}, "the laser says STANDBY, not LOCKED"),
        ({"state": 0}, "the laser says BOOT, not LOCKED"),
        ({"state": 8}, "the laser says SERVICE, not LOCKED"),
        ({"state": 9}, "the laser says state 9, not LOCKED"),
        ({"inputs": CLOSED | EMISSION}, "senses emission"),
        ({"inputs": CLOSED | SHUTTER}, "senses its shutter open"),
        ({"at": [(63, "fffe")]}, "does not sense whether light"),
        ({"at": [(63, "7fff")]}, "does not sense where its shutter"),
        ({"state": 7, "inputs": CLOSED | SHUTTER}, "senses its shutter open"),
        ({"since_ms": 61_001}, "does not show that its status is new"),
        ({"since_ms": None}, "does not show that its status is new"),
        ({"clock": 2**64 - 1}, "does not show that its status is new"),
    ],
)
def test_a_lock_is_confirmed_by_what_is_sensed(changed, reason):
    """LOCKED or FAULT, and no emission sensed, and the shutter sensed closed: nothing less."""
    found = not_locked(**changed)
    assert reason in found
    assert bool(found) is bool(reason)


@given(st.binary(max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_status_or_are_told_as_none(data):
    """What is too short raises; what is long enough is told, and never locked with light sensed."""
    if len(data) < 102:
        with pytest.raises(ProtocolError, match="its status"):
            Told.read(data)
        return
    made = Told.read(data)
    inputs = int.from_bytes(data[61:63], "little") & int.from_bytes(data[63:65], "little")
    assert made.not_locked(0) or not inputs & (EMISSION | SHUTTER)
    assert made.status().counter != 2**64 - 1
