"""The status word that `STA` reads, dialect YLR-SM."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_ipg_sim.physics import Laser


def status_word(laser: Laser) -> int:
    """Unsigned, 32 bits; reserved bits as they are set."""
    inputs = laser.inputs
    shown = laser.inputs.interlock_bits
    optical = inputs.optical_interlock == "failed" or (laser.tripped and shown != "11")
    supply_off = not laser.supply_on and not (laser.tripped and shown == "10")
    bits = {
        1: laser.overheated,
        2: laser.emission,
        3: "back_reflection" in laser.latched,
        4: inputs.analog_control == "enabled",
        6: "disconnected" in laser.latched,
        7: "failed" in laser.latched,
        8: laser.aiming,
        10: optical,
        11: supply_off,
        12: inputs.modulation == "enabled",
        14: inputs.laser_enable == "on",
        15: laser.starting,
        17: "unexpected_emission" in laser.latched,
        21: inputs.key == "rem",
        22: inputs.aiming_control == "hardware",
        29: "disabled" in laser.latched,
        30: inputs.collimator == "disconnected",
    }
    return inputs.reserved_bits | sum(1 << bit for bit, is_set in bits.items() if is_set)
