"""What commands do, whatever dialect they are said in: values, deeds and refusals.

A handler reads the laser and hands back what the command does as `deed`, so that a planted fault
can acknowledge and do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_ipg_sim.physics import Laser

OUT_OF_RANGE = "Out of Range"
KEY_IN_REMOTE = "Keyswitch in remote"
EMISSION_IS_ON = "Emission is on"
NOT_POSSIBLE = "Emission not possible"
"""Our proposal for EMON without supply or with a fault: no source tells the text."""
AIMING_EXTERNAL = "Aiming beam under external control"
"""Our proposal for ABN and ABF under hardware control: no source tells the reply."""
BY_HARDWARE = "Hardware emission control"
"""Our proposal for EMON and EMOFF under hardware emission control: no source tells the reply."""

Outcome = tuple[str | None, Callable[[], None] | None]
"""The value behind `WORD: ` (None: the bare word), and the deed."""
Handler = Callable[["Laser", str], Outcome]


class RefusedError(Exception):
    """The laser refuses; the text stands after `ERR: `."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words of one dialect: those without a parameter, and those with one."""

    plain: Mapping[str, Handler]
    setters: Mapping[str, Handler]


def tell(read: Callable[[Laser], str]) -> Handler:
    """A word that only tells a value."""
    return lambda laser, _: (read(laser), None)


def output_power(decimals: int) -> Handler:
    """`ROP`: the averaged output in W, `Off` without emission, `Low` below what is measurable."""

    def handle(laser: Laser, _: str) -> Outcome:
        if not laser.emission and laser.power_w == 0:
            return "Off", None
        power_w = laser.measured_w()
        measurable = power_w >= laser.inputs.measurable_power_w
        return (f"{power_w:.{decimals}f}" if measurable else "Low"), None

    return handle


def emission_on(laser: Laser, _: str) -> Outcome:
    """`EMON`."""
    _refuse_where_not_ours(laser)
    if not laser.supply_on or laser.blocked:
        raise RefusedError(NOT_POSSIBLE)
    return None, laser.start


def emission_off(laser: Laser, _: str) -> Outcome:
    """`EMOFF`."""
    _refuse_where_not_ours(laser)
    return None, laser.stop


def reset(laser: Laser, _: str) -> Outcome:
    """`RERR`."""
    return None, laser.reset


def set_current(laser: Laser, parameter: str) -> Outcome:
    """`SDC`: 0, or from the minimum to 100."""
    percent = Decimal(parameter)
    within(percent, laser.inputs.minimum_current_percent, 100, zero=True)
    value = abs(round(percent, 1))
    return f"{value}", lambda: laser.set_current(float(value))


def within(value: Decimal, low: float, high: float, *, zero: bool = False) -> None:
    """Refuse what is out of range; `zero` lets a 0 pass below `low`."""
    if not (zero and not value) and not Decimal(str(low)) <= value <= Decimal(str(high)):
        raise RefusedError(OUT_OF_RANGE)


def mode(key: str, value: str) -> Handler:
    """A mode that is refused while emitting."""

    def handle(laser: Laser, _: str) -> Outcome:
        if laser.emission:
            raise RefusedError(EMISSION_IS_ON)
        return None, lambda: laser.set(key, value)

    return handle


def aim(value: str) -> Handler:
    """`ABN`, `ABF`."""

    def handle(laser: Laser, _: str) -> Outcome:
        if laser.inputs.aiming_control == "hardware":
            raise RefusedError(AIMING_EXTERNAL)
        return None, lambda: laser.set("aiming_beam", value)

    return handle


def _refuse_where_not_ours(laser: Laser) -> None:
    if laser.inputs.key == "rem":
        raise RefusedError(KEY_IN_REMOTE)
    if laser.inputs.hardware_emission == "enabled":
        raise RefusedError(BY_HARDWARE)
