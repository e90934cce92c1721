"""The states of a simulated OLCP console, and what leads from one to another."""

from __future__ import annotations

from struct import pack

import pytest

from devicelink.errors import ConfigError
from tests.protocols import olcp_vectors as page
from tests.simulators.olcp_host import (
    ARMING,
    BOOT,
    EMITTING,
    FAULT,
    LOCKED,
    READY,
    SELF_TEST,
    SERVICE,
    STANDBY,
    UNKNOWN,
    Host,
)

LEASE_LOST, STOOD_BY, ARMING_FAILED, LOCKED_EVENT, PERMIT_ENDED = 11, 9, 12, 10, 6


def test_a_session_from_power_up_to_a_report():
    """LOCKED, permit, lease, READY key, two seconds, a foot, a scan, STANDBY, LOCK."""
    host = Host()
    assert host.status().state == LOCKED
    host.arm()
    assert host.status().state == ARMING
    assert host.newest.indicator
    host.beats(1.75)
    assert host.status().state == ARMING
    host.beats(0.25)
    assert host.status().state == READY
    host.wait(0.1)
    assert host.lights() == ["enabled"]
    host.set(footswitch="pressed")
    now = host.status()
    assert (now.state, now.emission, now.shutter) == (EMITTING, True, True)
    host.beats(0.75)
    [report] = host.reports()
    assert (report.kind, report.outcome, report.planned, report.delivered) == (2, 0, 200, 200)
    assert (report.first, report.last) == (1_200_346, 1_200_545)
    assert report.aborted_at == UNKNOWN
    assert abs(report.mean_uj - 10_000) < 100
    assert report.min_uj < report.mean_uj < report.max_uj
    assert report.permit == page.PERMIT_ID[:8]
    assert host.status().state == READY
    assert host.status(0x08).state == STANDBY
    locked = host.lock()
    assert (locked.state, locked.shutter, locked.emission) == (LOCKED, False, False)
    assert (locked.permit_ms, locked.lease_ms) == (0, 0)
    assert host.lights() == ["enabled", "light_on", "light_off", "disabled"]
    assert host.counters()[:2] == (1_200_545, 6_021)
    assert host.last("light_off")["spots"] == 200


def test_one_press_is_one_scan_and_a_held_foot_makes_no_second():
    """EMITTING to READY when the scan is complete; the next one needs a fresh press."""
    host = Host()
    host.to_ready()
    host.press(3)
    assert len(host.reports()) == 1
    host.press(1)
    assert [each.number for each in host.reports()] == [97, 98]


def test_the_ready_key_needs_a_lease_and_a_released_foot():
    """Without a lease, with a reset outstanding or a pressed foot it does nothing."""
    host = Host()
    for state in (LOCKED, STANDBY):
        host.set(ready_key="press")
        assert host.state == state
        host.permit()
    host.beat()
    host.set(footswitch="pressed")
    host.set(ready_key="press")
    assert host.state == STANDBY


@pytest.mark.parametrize(
    ("knob", "value", "event"),
    [
        ("footswitch", "pressed", (ARMING_FAILED, 1)),
        ("tip", "none", (STOOD_BY, 11)),
        ("handpiece_serial", "HP-0032", (STOOD_BY, 11)),
        ("panel_energy_uj", "11000", (STOOD_BY, 8)),
        ("standby_key", "press", (STOOD_BY, 8)),
        ("interlock_2", "open", (STOOD_BY, 3)),
        ("key", "off", (LOCKED_EVENT, 9)),
    ],
)
def test_what_ends_arming(knob, value, event):
    """A foot, another tip, a settings key, the STANDBY key, an interlock, the key switch."""
    host = Host()
    host.arm()
    host.wait(0.5)
    first = host.status().next_event
    host.set(**{knob: value})
    assert host.status().state == (LOCKED if knob == "key" else STANDBY)
    assert event in host.events(first)
    assert "enabled" not in host.lights()


def test_arming_gives_up_after_ten_seconds():
    """Without an aiming beam READY never comes, however long the host lives."""
    host = Host(values={"aiming_beam": "failed"})
    host.arm()
    host.beats(9.75)
    assert host.status().state == ARMING
    first = host.newest.next_event
    host.beats(0.5)
    assert host.status().state == STANDBY
    assert host.events(first) == [(ARMING_FAILED, 13)]


def test_a_break_in_arming_begins_the_two_seconds_anew():
    """What failed for a moment has to hold for two seconds from then on."""
    host = Host()
    host.arm()
    host.beats(1.5)
    host.set(aiming_beam="failed")
    host.beats(0.25)
    host.set(aiming_beam="well")
    host.beats(1.75)
    assert host.status().state == ARMING
    host.beats(0.25)
    assert host.status().state == READY


def test_a_foot_that_was_down_before_ready_makes_no_light():
    """Pressed while ARMING it ends ARMING; nothing comes of it afterwards."""
    host = Host()
    host.arm()
    host.beats(1.75)
    host.set(footswitch="pressed")
    host.beats(3)
    assert host.lights() == []
    assert host.state == STANDBY


def test_ready_without_emission_ends_after_300_s():
    """Idle: STANDBY, reason 12."""
    host = Host()
    host.to_ready()
    host.beats(298)
    assert host.status().state == READY
    first = host.newest.next_event
    host.beats(2)
    assert host.state == STANDBY
    assert host.events(first) == [(STOOD_BY, 12)]


def test_an_interlock_asks_for_a_reset_and_closing_it_restores_nothing():
    """READY is left, RESET works with closed interlocks alone, and a hand has to begin anew."""
    host = Host()
    host.to_ready()
    host.set(interlock_1="open")
    now = host.status()
    assert (now.state, now.reset_required, now.interlock_1) == (STANDBY, True, False)
    with pytest.raises(ConfigError, match="open"):
        host.set(reset_key="press")
    host.set(interlock_1="closed")
    host.beat()
    host.set(ready_key="press")
    assert host.state == STANDBY
    host.set(reset_key="press")
    assert host.status().state == STANDBY
    host.beat()
    host.set(ready_key="press")
    assert host.state == ARMING


def test_an_interlock_that_opens_in_locked_asks_for_a_reset_too():
    """A permit is refused until somebody has pressed RESET."""
    host = Host()
    host.set(interlock_2="open")
    assert host.permit() == "interlock_open"
    host.set(interlock_2="closed")
    assert host.permit() == "reset_required"
    host.set(reset_key="press")
    assert isinstance(host.permit(), bytes)


def test_a_fault_is_cleared_at_the_console_when_its_cause_is_gone():
    """Emergency stop: FAULT, latched, no message takes it away."""
    host = Host()
    host.to_ready()
    host.set(estop="pressed")
    now = host.status()
    assert (now.state, now.faults, now.permit_ms) == (FAULT, 1, 0)
    with pytest.raises(ConfigError, match="cause"):
        host.set(clear_key="press")
    host.set(estop="released")
    assert host.lock().state == FAULT
    assert host.status(0x08).state == FAULT
    assert host.permit() == "bad_state"
    host.set(clear_key="press")
    assert (host.status().state, host.newest.faults) == (LOCKED, 0)


def test_power_comes_back_locked():
    """Dark and deaf, then BOOT, SELF_TEST, LOCKED; another boot id, the same memory."""
    host = Host()
    boot, next_event = host.say(0x04)[:16], host.status().next_event
    host.to_ready()
    host.set(fault="reboot:seconds=2")
    assert host.lights() == ["enabled", "disabled"]
    assert host.say(0x03) is None
    host.wait(2.05)
    now = host.status()
    assert (now.state, now.clock_ms, now.permit_ms) == (BOOT, 50, 0)
    assert host.say(0x02) == "bad_state"
    assert host.say(0x12) == "bad_state"
    assert host.say(0x01)[-4:] == pack("<I", 42)
    host.wait(0.2)
    assert host.status().state == SELF_TEST
    assert host.say(0x12)[2::2] == bytes([2] * 9)
    host.wait(0.5)
    assert host.status().state == LOCKED
    assert host.say(0x04)[:16] != boot
    assert host.newest.next_event > next_event
    assert host.kinds_since(host.newest.next_event - 3) == [1, 2, 10]
    assert host.counters()[4] == 42


def test_service_is_entered_at_the_console_alone_and_tells_its_pulses():
    """They count, no light leaves, and the event comes when SERVICE is left."""
    host = Host()
    first = host.status().next_event
    with pytest.raises(ConfigError, match="SERVICE"):
        host.set(service_pulses="3")
    host.set(service="on")
    assert host.state == SERVICE
    host.set(service_pulses="3")
    assert host.lock().state == SERVICE
    host.set(service="off")
    assert host.status().state == LOCKED
    assert host.newest.pulses == 1_200_348
    assert host.events(first) == [(25, 0), (27, 3), (26, 0)]
    assert host.lights() == []


def test_a_key_is_added_by_a_hand_in_service():
    """Not outside it, not without ACCEPT KEY, not after 30 s, not into a slot that is used."""
    host = Host()
    added = b"\x01" + page.public(page.STRANGER) + b"\x06room 2"
    assert host.say(0x17, added) == "bad_state"
    host.set(service="on")
    assert host.say(0x17, added) == "local_act_missing"
    host.set(accept_key="press")
    host.wait(30.1)
    assert host.say(0x17, added) == "local_act_missing"
    host.set(accept_key="press")
    assert host.say(0x17, b"\x00" + added[1:]) == "slot_used"
    assert b"room 2" in host.say(0x17, added)
    assert host.say(0x17, added) == "local_act_missing"
    host.set(service="off")
    assert isinstance(host.permit(key=page.STRANGER), bytes)
