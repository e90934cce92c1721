"""The status word that `STA` reads: one table of bits for each dialect.

The same number means other things in another dialect. Every bit that a table does not name is
reserved there. Sources: for ylr-sm the maker's user guide, for yar a host program by others, for
ylr-qcw a published status decoder. The names are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_ipg_sim.physics import Laser

BITS: dict[str, dict[str, int]] = {
    "ylr-sm": {
        "over_temperature": 1,
        "emission": 2,
        "back_reflection": 3,
        "analog_control": 4,
        "disconnected": 6,
        "failed": 7,
        "aiming": 8,
        "optical_interlock": 10,
        "supply_off": 11,
        "modulation": 12,
        "laser_enable": 14,
        "starting": 15,
        "unexpected_emission": 17,
        "key_in_remote": 21,
        "aiming_by_hardware": 22,
        "disabled": 29,
        "collimator": 30,
    },
    "yar": {
        "emission_full": 0,
        "starting": 1,
        "over_temperature": 16,
        "back_reflection": 17,
        "unexpected_emission": 19,
        "seed_failed": 20,
    },
    "ylr-qcw": {
        "buffer_overflow": 0,
        "over_temperature": 1,
        "emission": 2,
        "back_reflection": 3,
        "analog_control": 4,
        "pulse_too_long": 5,
        "humidity": 7,
        "aiming": 8,
        "pulse_too_short": 9,
        "pulse_mode": 10,
        "supply_on": 11,
        "modulation": 12,
        "gate_mode": 16,
        "pulse_energy": 17,
        "hardware_emission": 18,
        "supply_failure": 19,
        "waveform_mode": 22,
        "duty_too_high": 23,
        "low_temperature": 24,
        "supply_alarm": 25,
        "aiming_by_hardware": 27,
        "guide_alarm": 28,
        "critical_error": 29,
        "fibre_interlock": 30,
        "average_power": 31,
    },
}

RESERVED = {
    dialect: 0xFFFFFFFF & ~sum(1 << bit for bit in bits.values()) for dialect, bits in BITS.items()
}
"""By dialect: the bits that may read anything."""

ALARMS = (
    "seed_failed",
    "buffer_overflow",
    "pulse_too_long",
    "humidity",
    "pulse_too_short",
    "pulse_energy",
    "supply_failure",
    "duty_too_high",
    "low_temperature",
    "supply_alarm",
    "guide_alarm",
    "critical_error",
    "average_power",
)
"""Faults that are planted by name and that have no physics of their own here."""


def status_word(laser: Laser) -> int:
    """Unsigned, 32 bits; reserved bits as they are set, and of the rest what this dialect shows."""
    bits = BITS[laser.inputs.dialect]
    word = laser.inputs.reserved_bits
    for name in _holding(laser):
        if name in bits:
            word |= 1 << bits[name]
    return word


def _holding(laser: Laser) -> Iterator[str]:
    """The name of everything that is so now."""
    inputs = laser.inputs
    shown = inputs.interlock_bits
    optical = inputs.optical_interlock == "failed" or (laser.tripped and shown != "11")
    unplugged = inputs.collimator == "disconnected"
    supply_off = not laser.supply_on and not (laser.tripped and shown == "10")
    yield from laser.latched
    yield "supply_off" if supply_off else "supply_on"
    if laser.emission:
        yield "emission"
        if not laser.starting:
            yield "emission_full"
        elif laser.shows_start_up:
            yield "starting"
    for name, is_so in (
        ("over_temperature", laser.overheated),
        ("analog_control", inputs.analog_control == "enabled"),
        ("aiming", laser.aiming),
        ("optical_interlock", optical),
        ("modulation", inputs.modulation == "enabled"),
        ("laser_enable", inputs.laser_enable == "on"),
        ("key_in_remote", inputs.key == "rem"),
        ("aiming_by_hardware", inputs.aiming_control == "hardware"),
        ("collimator", unplugged),
        ("gate_mode", inputs.gate_mode == "enabled"),
        ("hardware_emission", inputs.hardware_emission == "enabled"),
        ("pulse_mode", inputs.pulse_mode == "enabled"),
        ("waveform_mode", inputs.waveform_mode == "enabled"),
        ("fibre_interlock", optical or unplugged),
    ):
        if is_so:
            yield name
