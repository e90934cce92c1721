"""The status word of register 66. Sources: host programs by others, the maker's register files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_nkt_sim.physics import Laser

EMISSION, INTERLOCK_OFF, MODULE_DISABLED, SUPPLY_LOW, OUT_OF_RANGE = 0, 1, 4, 5, 6
WAITING, STABLE, ERROR = 11, 14, 15


def error_code(laser: Laser) -> int:
    """Register 67: an error of its own, or the one that is planted."""
    return laser.error or laser.inputs.error_code


def status_word(laser: Laser) -> int:
    """16 bits; those of unknown meaning as they are set. Bits 11 and 14 only with emission [?]."""
    inputs = laser.inputs
    word = inputs.status_bits
    hidden = laser.delayed and inputs.delay_bit == "with_light"
    for bit, is_so in (
        (EMISSION, laser.emission and not hidden),
        (INTERLOCK_OFF, laser.latched),
        (MODULE_DISABLED, inputs.module == "disabled"),
        (SUPPLY_LOW, inputs.supply_v < inputs.supply_low_v),
        (OUT_OF_RANGE, not laser.in_range),
        (WAITING, laser.emission and not laser.stable),
        (STABLE, laser.emission and laser.stable),
        (ERROR, error_code(laser) != 0),
    ):
        word |= is_so << bit
    return word
