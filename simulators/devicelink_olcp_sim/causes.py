"""What takes the console to FAULT, and what READY asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_olcp_sim.permit import ENERGY_CHECK
from devicelink_olcp_sim.personalities import AIMING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_olcp_sim.console import Console
    from devicelink_olcp_sim.inputs import Inputs

(
    ESTOP,
    UNEXPECTED_EMISSION,
    ENERGY_HIGH,
    ENERGY_LOW,
    SHUTTER,
    SCANNER,
    COOLING,
    LASER_TEMPERATURE,
    HANDPIECE_TEMPERATURE,
    INDICATOR,
    HIGH_VOLTAGE,
    FOOTSWITCH,
    INTERLOCK,
    CALIBRATION,
    SELF_TEST,
    COUNTER,
) = range(16)
"""The faults, by number."""


def present(console: Console) -> Iterator[int]:
    """Each cause that is there now; those of one moment alone (a pulse) are raised where seen."""
    inputs = console.inputs
    shutter_ns = console.emission.shutter.fails_ns()
    for fault, is_so in (
        (ESTOP, inputs.estop == "pressed"),
        (UNEXPECTED_EMISSION, console.emission.stray.sensed(console.now_ns, inputs)),
        (SHUTTER, shutter_ns is not None and shutter_ns <= console.now_ns),
        (SCANNER, inputs.scanner == "stuck"),
        (COOLING, inputs.cooling == "lost"),
        (LASER_TEMPERATURE, console.laser.is_hot),
        (HANDPIECE_TEMPERATURE, console.handpiece.is_hot),
        (INDICATOR, console.indicator_on and inputs.indicator == "failed"),
        (HIGH_VOLTAGE, inputs.high_voltage == "failed"),
        (FOOTSWITCH, inputs.footswitch_contacts != "agree"),
        (INTERLOCK, inputs.interlock_contacts == "disagree"),
        (CALIBRATION, inputs.calibration == "lost"),
        (COUNTER, inputs.counter_memory == "failed"),
    ):
        if is_so:
            yield fault


def interlocked(inputs: Inputs) -> bool:
    """Whether an interlock is open."""
    second = inputs.second_interlock == "fitted" and inputs.interlock_2 == "open"
    return inputs.interlock_1 == "open" or second


def aiming_sensed(console: Console) -> bool:
    """Whether the aiming beam is on and seen."""
    bright = console.settings.values[AIMING] > 0
    return console.indicator_on and bright and console.inputs.aiming_beam == "well"


def ready_key_is_dead(console: Console) -> bool:
    """Whether the READY key does nothing, whoever presses it, outside a check that has pulses."""
    permit = console.permit
    return permit is not None and permit.kind == ENERGY_CHECK and not console.host.check_left


def may_be_ready(console: Console) -> bool:
    """Whether all that ARMING asks for holds now, beside what ends ARMING at once."""
    settings, permit = console.settings, console.permit
    return (
        permit is not None
        and not console.emission.shutter.sensed(console.inputs)
        and aiming_sensed(console)
        and console.beaten_with == settings.settings_id
        and settings.tip_fits
        and settings.within(permit, settings.in_force())
    )
