"""The status word that `STA` reads, dialect YLR-SM."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_ipg_sim.physics import Laser


_LATCHED_BITS = {
    "back_reflection": 1 << 3,
    "disconnected": 1 << 6,
    "failed": 1 << 7,
    "unexpected_emission": 1 << 17,
    "disabled": 1 << 29,
}


def status_word(laser: Laser) -> int:
    """Unsigned, 32 bits; reserved bits as they are set."""
    inputs = laser.inputs
    shown = inputs.interlock_bits
    optical = inputs.optical_interlock == "failed" or (laser.tripped and shown != "11")
    supply_off = not laser.supply_on and not (laser.tripped and shown == "10")
    word = (
        laser.overheated << 1
        | laser.emission << 2
        | (inputs.analog_control == "enabled") << 4
        | laser.aiming << 8
        | optical << 10
        | supply_off << 11
        | (inputs.modulation == "enabled") << 12
        | (inputs.laser_enable == "on") << 14
        | laser.starting << 15
        | (inputs.key == "rem") << 21
        | (inputs.aiming_control == "hardware") << 22
        | (inputs.collimator == "disconnected") << 30
    )
    for error in laser.latched:
        word |= _LATCHED_BITS[error]
    return inputs.reserved_bits | word
