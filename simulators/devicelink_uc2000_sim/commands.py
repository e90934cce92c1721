"""What each command byte does."""

from __future__ import annotations

SET_PERCENT = 0x7F
LASE_OFF = 0x76

SETTINGS: dict[int, tuple[str, str]] = {
    0x70: ("mode", "manual"),
    0x71: ("mode", "anc"),
    0x72: ("mode", "anv"),
    0x73: ("mode", "manual_closed"),
    0x74: ("mode", "anv_closed"),
    0x75: ("lase", "on"),
    LASE_OFF: ("lase", "off"),
    0x77: ("pwm_khz", "5"),
    0x78: ("pwm_khz", "10"),
    0x79: ("pwm_khz", "20"),
    0x7A: ("gate_logic", "pull_up"),
    0x7B: ("gate_logic", "pull_down"),
    0x7C: ("max_pwm", "95"),
    0x7D: ("max_pwm", "99"),
    0x30: ("lase_on_power_up", "enabled"),
    0x31: ("lase_on_power_up", "disabled"),
}
"""Commands without data: which settable becomes what. Sources: host programs by others."""


def known(command: int) -> bool:
    """Whether a byte is a command."""
    return command in SETTINGS or command == SET_PERCENT
