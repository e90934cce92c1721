"""The bytes of a status; the only source that decodes them is a host program by others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_uc2000_sim.frames import checksum
from devicelink_uc2000_sim.inputs import MODES, PWM_KHZ

if TYPE_CHECKING:
    from devicelink_uc2000_sim.physics import Controller

_MODE_REMOTE = 5


def status(box: Controller) -> bytes:
    """First byte, S1, S2, duty and power; with a checksum where one is set."""
    data = bytes([_s1(box), _s2(box), round(box.duty_percent * 2), _power(box)])
    whole = bytes([box.inputs.status_first]) + data
    summed = {"none": b"", "data": data, "all": whole}[box.inputs.status_checksum]
    return whole + (bytes([checksum(summed)]) if summed else b"")


def _s1(box: Controller) -> int:
    inputs = box.inputs
    remote = inputs.remote == "on"
    five = remote and inputs.mode_shown == "5"
    return (
        (_MODE_REMOTE if five else MODES.index(inputs.mode))
        | remote << 3
        | (inputs.lase == "on") << 4
        | (inputs.gate_logic == "pull_up") << 5
        | PWM_KHZ.index(inputs.pwm_khz) << 6
    )


def _s2(box: Controller) -> int:
    inputs = box.inputs
    return (
        (inputs.lase_on_power_up == "enabled")
        | (inputs.max_pwm == "95") << 1
        | inputs.status_unknown << 2
        | inputs.version << 4
    )


def _power(box: Controller) -> int:
    """What the PWR byte reads; what it measures is unknown."""
    inputs = box.inputs
    told = inputs.power_reading == "always" or (
        inputs.power_reading == "closed_loop" and box.closed
    )
    if not told:
        return 0
    percent = 100 * box.power_w / inputs.nominal_w
    value = {"half_percent": 2 * percent, "percent": percent, "watt": box.power_w}
    return min(255, round(value[inputs.power_unit]))
