"""Permit, lease, question and check of a simulated OLCP console."""

from __future__ import annotations

import pytest

from tests.protocols import olcp_vectors as page
from tests.simulators.olcp_host import LOCKED, STANDBY, Host

LEASE_LOST, LOCKED_EVENT, PERMIT_ENDED = 11, 10, 6


@pytest.mark.parametrize("long_us", ["5000", "12000"])
def test_a_lost_lease_ignores_the_trigger_at_once(long_us):
    """A short pulse finishes, a longer one is cut; the shutter is closed within 100 ms."""
    host = Host(values={"personality": "er-yag", "panel_pulse_us": long_us, "panel_rate_mhz": "0"})
    host.to_ready()
    now = host.beat()
    host.wait((now.lease_ms - 2) / 1000)
    first = host.newest.next_event
    host.set(footswitch="pressed")
    host.wait(0.1)
    at = host.when("disabled")
    finishes = int(long_us) <= 10_000
    assert host.when("light_off") == pytest.approx(at + (0.003 if finishes else 0), abs=1e-6)
    assert host.when("light_on") == pytest.approx(at - 0.002, abs=1e-6)
    now = host.status()
    assert (now.state, now.shutter, now.lease_ms) == (STANDBY, False, 0)
    assert now.permit_ms > 0
    assert (LEASE_LOST, 0) in host.events(first)
    [report] = host.reports()
    assert report.outcome == (0 if finishes else 1)


def test_a_lease_that_runs_out_in_standby_is_simply_over():
    """No event, and the READY key does nothing any more."""
    host = Host()
    host.permit()
    host.beat()
    first = host.status().next_event
    host.wait(1.01)
    assert host.status().lease_ms == 0
    assert host.events(first) == []


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"nonce": 5}, "stale_nonce"),
        ({"last_event": 1}, "events_unread"),
        ({"last_event": 2**63}, "events_unread"),
        ({"last_event": 1, "nonce": 5}, "stale_nonce"),
    ],
)
def test_a_wrong_beat_changes_nothing(changed, error):
    """Its lease runs on towards its end, and a right one still counts."""
    host = Host()
    host.permit()
    host.beat()
    host.wait(0.3)
    assert host.beat(**changed) == error
    assert host.status().lease_ms == 700
    assert host.beat().lease_ms == 1000


def test_a_beat_with_other_settings_is_none():
    """Somebody turned the panel: the host has to read before it goes on."""
    host = Host()
    host.permit()
    old = host.settings_id
    host.set(panel_energy_uj="12000")
    now = host.status()
    assert host.status(0x07, page.beat(now.nonce, now.next_event - 1, old)) == "settings_differ"


def test_a_nonce_counts_once_and_the_newest_alone():
    """A beat's answer is newer than what it used; a dropped answer makes the older one stale."""
    host = Host()
    host.permit()
    settings_id = host.settings_id
    now = host.status()
    words = page.beat(now.nonce, now.next_event - 1, settings_id)
    assert host.status(0x07, words).state == STANDBY
    assert host.status(0x07, words) == "stale_nonce"


def test_beats_are_for_a_permit_alone():
    """Outside of one they are bad_state."""
    host = Host()
    assert host.beat() == "bad_state"


def test_a_permit_ends_by_its_own_clock():
    """In READY light ends with it; LOCKED, and the reason is the permit."""
    host = Host()
    host.to_ready(duration_s=5)
    first = host.status().next_event
    host.beats(3)
    assert host.state == LOCKED
    assert host.events(first) == [(PERMIT_ENDED, 7), (LOCKED_EVENT, 7)]
    assert host.lights()[-1] == "disabled"


def test_ready_is_asked_for_where_the_console_offers_it():
    """The question goes after ten seconds; READY still takes the console's own key."""
    host = Host(setup="remote_ready")
    assert host.say(0x02)[1] & 1
    assert host.status(0x09) == "bad_state"
    host.permit()
    host.beat()
    assert host.status(0x09).asked
    host.wait(10)
    now = host.status()
    assert (now.state, now.asked) == (STANDBY, False)
    assert Host().say(0x09) == "not_capable"


def test_a_check_makes_single_pulses_and_ends_ready():
    """At most so many, each alone though the mode is scan; the last one ends READY."""
    host = Host()
    assert host.status(0x13, b"\x03") == "bad_state"
    host.permit()
    assert host.status(0x13, b"\x03") == "limits"
    host.lock()
    host.permit(kind=3)
    assert host.status(0x13, b"\x15") == "malformed"
    assert host.status(0x13, b"\x03").check
    host.beat()
    host.set(ready_key="press")
    host.beats(2.25)
    for _ in range(3):
        host.press(0.1)
        host.beat()
    assert host.status().state == STANDBY
    told = host.say(0x14)
    assert told[0] == 3
    assert len(told) == 25
    assert abs(int.from_bytes(told[5:9], "little") - 10_000) < 1000
    assert host.say(0x14) == "bad_state"
    assert [each.kind for each in host.reports()] == [1, 1, 1]
