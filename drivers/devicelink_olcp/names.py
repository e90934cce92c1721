"""The numbers of the protocol and their names.

Source of every fact: `docs/protocols/olcp.md`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class State(IntEnum):
    """A console's own state."""

    BOOT = 0
    SELF_TEST = 1
    LOCKED = 2
    STANDBY = 3
    ARMING = 4
    READY = 5
    EMITTING = 6
    FAULT = 7
    SERVICE = 8


class Refusal(IntEnum):
    """What an error answer says."""

    unsupported_version = 1
    unknown_message = 2
    malformed = 3
    bad_state = 4
    not_capable = 5
    out_of_range = 6
    unknown_proposal = 7
    settings_differ = 8
    unknown_parameter = 9
    bad_permit = 10
    unknown_key = 11
    bad_signature = 12
    wrong_device = 13
    wrong_boot = 14
    nonce_unknown = 15
    nonce_used = 16
    nonce_expired = 17
    limits = 18
    stale_nonce = 19
    events_unread = 20
    no_permit = 21
    key_off = 22
    interlock_open = 23
    reset_required = 24
    faulted = 25
    local_act_missing = 26
    slot_used = 27
    no_tip = 28
    lease_out_of_range = 29


FAULTS = (
    *("emergency_stop", "unexpected_emission", "energy_high", "energy_low", "shutter", "scanner"),
    *("cooling", "laser_temperature", "handpiece_temperature", "indicator", "high_voltage"),
    *("footswitch", "interlock", "calibration_lost", "self_test", "counter"),
)
HANDPIECES = ("none", "scanner", "collimated", "focused", "roller")
KINDS = ("none", "treatment", "test_spot", "energy_check", "service", "training")
"""Of a permit, by the number that stands in it; 0 is no kind."""
REPORT_KINDS = ("none", "pulse", "scan")
OUTCOMES = ("complete", "aborted", "misfire")
REASONS = (
    *("none", "footswitch", "lease", "interlock", "lock", "standby", "fault", "permit", "panel"),
    *("key", "emergency_stop", "handpiece_or_tip", "idle", "arming_condition"),
)
EVENTS = (
    *("none", "boot", "self_test_passed", "self_test_failed", "permit_accepted"),
    *("permit_refused", "permit_ended", "arming", "ready", "standby", "locked", "lease_lost"),
    *("arming_failed", "interlock_opened", "interlock_closed", "reset", "emergency_stop"),
    *("key_off", "key_on", "fault", "fault_cleared", "settings_changed", "tip_changed"),
    *("handpiece_changed", "scan_aborted", "service_entered", "service_left", "service_pulses"),
    *("key_added", "check_begun", "check_ended", "events_lost", "reports_lost"),
)


def name(names: Sequence[str], number: int, what: str) -> str:
    """The name of a number; of one that a later version may have added, `what` and the number."""
    return names[number] if number < len(names) else f"{what}_{number}"


def state_name(number: int) -> str:
    """As the page has it."""
    return State(number).name if number in list(State) else f"state {number}"
