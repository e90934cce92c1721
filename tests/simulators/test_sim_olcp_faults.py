"""How a simulated OLCP console goes wrong, and what it tells of it."""

from __future__ import annotations

import pytest

from tests.protocols import olcp_vectors as page
from tests.simulators.olcp_host import (
    EMITTING,
    FAULT,
    LOCKED,
    READY,
    SELF_TEST,
    STANDBY,
    UNKNOWN,
    Host,
)

FAULT_EVENT = 19


def lit(**asked):
    """A console that makes light, whose host lives."""
    host = Host(**asked)
    host.to_ready()
    host.beat()
    host.set(footswitch="pressed")
    return host


@pytest.mark.parametrize(
    ("knob", "value", "fault"),
    [
        ("estop", "pressed", 0),
        ("scanner", "stuck", 5),
        ("cooling", "lost", 6),
        ("laser_c", "60", 7),
        ("handpiece_c", "55", 8),
        ("indicator", "failed", 9),
        ("high_voltage", "failed", 10),
        ("footswitch_contacts", "both", 11),
        ("interlock_contacts", "disagree", 12),
        ("calibration", "lost", 13),
        ("counter_memory", "failed", 15),
    ],
)
def test_a_cause_takes_light_away_and_latches(knob, value, fault):
    """Dark at once, FAULT with its number, told by FAULTS and as an event."""
    host = lit()
    host.wait(0.1)
    first = host.status().next_event
    host.set(**{knob: value})
    assert not host.lit
    now = host.status()
    assert (now.state, now.faults, now.permit_ms) == (FAULT, 1 << fault, 0)
    told = host.say(0x15)
    assert (told[0], told[1]) == (1, fault)
    assert (FAULT_EVENT, fault) in host.events(first)
    host.wait(100)
    assert host.lights()[-2:] == ["light_off", "disabled"]


def test_a_blade_that_sticks_is_a_fault_after_50_ms():
    """Commanded closed and sensed open, it is told; the light ended with its trigger."""
    host = lit()
    host.set(shutter_blade="stuck")
    locked = host.lock()
    assert (locked.ordered, locked.shutter, locked.emission) == (False, True, False)
    assert host.when("light_off") == host.when("disabled")
    host.wait(0.001)
    assert host.status().faults == 1 << 4


def test_a_shutter_that_lies_is_told_as_it_says():
    """What is sensed follows the command while the blade stays open."""
    host = lit(values={"shutter_reads": "command"})
    host.set(shutter_blade="stuck")
    now = host.lock()
    assert (now.state, now.shutter) == (LOCKED, False)
    assert host.machine.emission.shutter.open


@pytest.mark.parametrize(
    ("percent", "fault", "pulses"), [("55", 2, 1), ("25", 2, 5), ("-25", 3, 5), ("15", None, 200)]
)
def test_energy_that_is_wrong_ends_light(percent, fault, pulses):
    """One pulse above +50 %, or the mean of five outside ±20 %."""
    host = lit(values={"energy_error_percent": percent, "spread_percent": "0"})
    host.wait(0.9)
    assert len(host.falls()) == pulses
    assert host.status().faults == (0 if fault is None else 1 << fault)


def test_energy_that_its_own_sensor_does_not_see():
    """Half as much again leaves, and the report says what was set."""
    host = lit(setup="energy_unseen")
    host.wait(0.9)
    [report] = host.reports()
    assert report.mean_uj == pytest.approx(10_000, rel=0.02)
    assert host.falls()[0].energy_j == pytest.approx(0.015, rel=0.1)


def test_light_drifts():
    """More each minute, until the console's own five pulses tell it."""
    host = Host(setup="energy_drifts")
    host.wait(360)
    host.to_ready()
    host.press(0.7)
    assert host.status().faults == 1 << 2


def test_a_scanner_that_stands_unseen_puts_all_spots_in_one_place():
    """Nothing is told; the truth of where light fell is another."""
    host = lit(setup="scanner_stuck")
    host.wait(0.9)
    assert host.status().scanner
    assert host.reports()[0].delivered == 200
    assert {each.place for each in host.falls()} == {0}


def test_cooling_that_is_lost_unseen_ends_by_temperature():
    """Said to be well, until something is too hot while light is made."""
    host = Host(setup="cooling_lost", values={"panel_rate_mhz": "1000"})
    host.to_ready()
    assert host.status().cooling
    host.press(20)
    assert host.status().faults & (1 << 7 | 1 << 8)


@pytest.mark.parametrize("stays", ["no", "yes"])
def test_light_that_nobody_asked_for_is_a_fault(stays):
    """In LOCKED: sensed within milliseconds, counted, FAULT; hardware ends even what stays."""
    host = Host()
    before = host.status().pulses
    host.set(fault=f"unexpected_emission:seconds=3,stays={stays}")
    assert host.lit
    host.wait(0.01)
    now = host.status()
    assert (now.state, now.faults, now.pulses) == (FAULT, 2, before + 1)
    assert now.emission == host.lit == (stays == "yes")
    host.set(interlock_1="open")
    assert not host.lit
    host.set(interlock_1="closed")
    host.wait(1)
    assert not host.lit


def test_a_blind_sensor_sees_no_such_light():
    """The counter alone tells of it."""
    host = Host(setup="blind_sensor")
    before = host.status().pulses
    host.set(fault="unexpected_emission")
    assert (host.status().state, host.newest.emission) == (LOCKED, False)
    assert host.newest.pulses == before + 1


def test_misfires_are_told_and_not_counted():
    """Triggered, no light: outcome 2, last pulse = first - 1."""
    host = lit(setup="misfires")
    before = host.status().pulses
    host.wait(0.9)
    [report] = host.reports()
    assert (report.outcome, report.delivered, report.sum_uj) == (2, 0, 2**64 - 1)
    assert report.last == report.first - 1
    assert host.status().pulses == before
    assert "light_on" not in host.lights()


def test_a_lease_that_does_not_end():
    """A bad console: READY, and light, go on without a host."""
    host = lit(setup="endless_lease", values={"panel_rate_mhz": "1000"})
    host.wait(30)
    assert host.status().state == EMITTING
    assert host.newest.lease_ms > 0
    assert len(host.reports(97)) == 4


def test_a_lock_that_is_refused():
    """Answered with what is sensed: READY, and the trigger still works."""
    host = Host(setup="refuses_lock")
    host.to_ready()
    assert host.lock().state == READY
    assert host.lights() == ["enabled"]


@pytest.mark.parametrize(("nonce", "beats"), [("frozen", "stale_nonce"), ("fresh", READY)])
def test_a_status_that_is_frozen(nonce, beats):
    """It tells READY for ever; with a fresh nonce even beats hold, only its clock stands."""
    host = Host()
    host.to_ready()
    host.set(fault=f"frozen_status:nonce={nonce}")
    first = host.status()
    told = host.beat()
    assert (told if isinstance(told, str) else told.state) == beats
    host.set(interlock_1="open")
    now = host.status()
    assert (now.state, now.clock_ms, now.interlock_1) == (READY, first.clock_ms, True)
    assert host.machine.state == STANDBY
    host.set(fault="none")
    assert host.status().state == STANDBY


def test_only_acknowledges():
    """Answers come, nothing is done: the permit is told as accepted and STATUS says LOCKED."""
    host = Host(setup="only_acknowledges")
    assert host.permit()[:16] == page.PERMIT_ID
    assert host.state == LOCKED


def test_a_counter_that_falls_back():
    """A thousand pulses fewer than it told before."""
    host = Host()
    before = host.status().pulses
    host.set(fault="counter_lost")
    assert host.status().pulses == before - 1000


def test_an_overflow_of_the_log_is_itself_an_event():
    """Ten thousand are kept; what was overwritten unread is counted, until it is acknowledged."""
    host = Host(setup="log_overflows")
    now = host.status()
    told = host.say(0x0F, (1).to_bytes(8, "little") + b"\x01")
    oldest = int.from_bytes(told[:8], "little")
    assert now.next_event - oldest == 10_000
    lost = [each for each in host.machine.memory.events.read(oldest, 10_000) if each.kind == 31]
    assert [each.data for each in lost] == [oldest - 809]
    host.say(0x10, (now.next_event - 1).to_bytes(8, "little"))
    host.set(key="off")
    assert host.kinds_since(now.next_event) == [17]


def test_acknowledged_events_are_not_lost():
    """Overwriting what somebody has is no loss; nobody has what has not come."""
    host = Host()
    assert host.say(0x10, host.status().next_event.to_bytes(8, "little")) == "malformed"
    host.say(0x10, (host.newest.next_event - 1).to_bytes(8, "little"))
    host.set(fault="event_flood:events=9999")
    assert 31 not in {each.kind for each in host.machine.memory.events.read(1, 20_000)}


def test_a_self_test_that_fails_is_a_fault():
    """Power comes, the test fails, FAULT; SELFTEST says which."""
    host = Host(setup="self_test_fails")
    host.wait(0.3)
    assert host.state == SELF_TEST
    host.wait(1)
    assert (host.status().state, host.newest.faults) == (FAULT, 1 << 14)
    assert host.say(0x12)[1:].find(b"\x02\x01") >= 0


def test_power_goes_in_the_middle_of_a_scan():
    """The pulse is cut, the report says so after power is back; nothing is gone on with."""
    host = lit()
    host.wait(0.1)
    host.set(fault="reboot:seconds=3")
    assert not host.lit
    host.wait(10)
    assert host.status().state == LOCKED
    [report] = host.reports()
    assert (report.outcome, report.delivered, report.aborted_at) == (1, 40, 40)
    assert len(host.falls()) == 40


def test_settings_edited_between_read_back_and_ready():
    """The beat with what was read back is refused, so READY never comes."""
    host = Host()
    host.permit()
    read_back = host.settings_id
    host.set(panel_energy_uj="50000")
    now = host.status()
    words = page.beat(now.nonce, now.next_event - 1, read_back)
    assert host.status(0x07, words) == "settings_differ"
    host.set(ready_key="press")
    assert host.state == STANDBY


def test_a_tip_swapped_for_one_that_bears_less():
    """Energy in force above what the new tip bears: ARMING never becomes READY."""
    host = Host(values={"panel_energy_uj": "40000"})
    host.permit()
    host.set(tip_serial="TIP-9", tip_max_energy_uj="20000")
    host.beat()
    host.set(ready_key="press")
    host.beats(10.5)
    assert host.state == STANDBY
    assert host.lights() == []


def test_a_rescaled_console_is_another_configuration():
    """Its settings_id is another one, and so is its light."""
    assert Host(setup="rescaled").settings_id != Host().settings_id
    host = lit(setup="rescaled", values={"spread_percent": "0"})
    host.wait(0.9)
    assert host.falls()[0].energy_j == pytest.approx(0.0115, rel=0.01)


def test_nothing_known_is_never_zero():
    """Where no check was measured, its energy is unknown."""
    host = Host(values={"calibration_port": "off"})
    host.permit(kind=3)
    host.status(0x13, b"\x01")
    host.beat()
    host.set(ready_key="press")
    host.beats(2.25)
    host.press(0.1)
    assert int.from_bytes(host.say(0x14)[5:9], "little") == UNKNOWN


def test_no_answer_is_longer_than_a_frame():
    """Twenty events do not fit: eighteen are told, and the next request goes on behind them."""
    host = Host(setup="log_overflows")
    oldest = host.machine.memory.events.oldest
    told = host.say(0x0F, oldest.to_bytes(8, "little") + b"\x14")
    assert told[16] == 18
    assert len(host.events(oldest + 18)) == 18
