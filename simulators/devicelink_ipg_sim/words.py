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


@dataclass(frozen=True, slots=True)
class Refusal:
    """The laser refuses; the text stands after `ERR: `."""

    text: str


NOT_KNOWN = frozenset({NOT_POSSIBLE, AIMING_EXTERNAL, BY_HARDWARE})
"""Refusals whose text is ours."""

Outcome = tuple[str | None, Callable[[], None] | None] | Refusal
"""The value behind `WORD: ` (None: the bare word) and the deed; or a refusal."""
Handler = Callable[["Laser", str], Outcome]


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
    if not laser.supply_on or laser.blocked:
        return _not_ours(laser) or Refusal(NOT_POSSIBLE)
    return _not_ours(laser) or (None, laser.start)


def emission_off(laser: Laser, _: str) -> Outcome:
    """`EMOFF`."""
    return _not_ours(laser) or (None, laser.stop)


def reset(laser: Laser, _: str) -> Outcome:
    """`RERR`."""
    return None, laser.reset


def set_current(laser: Laser, parameter: str) -> Outcome:
    """`SDC`: 0, or from the minimum to 100."""
    percent = Decimal(parameter)
    if not within(percent, laser.inputs.minimum_current_percent, 100, zero=True):
        return Refusal(OUT_OF_RANGE)
    value = abs(round(percent, 1))
    return f"{value}", lambda: laser.set_current(float(value))


def within(value: Decimal, low: float, high: float, *, zero: bool = False) -> bool:
    """Whether a value is in its range; `zero` lets a 0 pass below `low`."""
    return (zero and not value) or Decimal(str(low)) <= value <= Decimal(str(high))


def mode(key: str, value: str) -> Handler:
    """A mode that is refused while emitting."""

    def handle(laser: Laser, _: str) -> Outcome:
        if laser.emission:
            return Refusal(EMISSION_IS_ON)
        return None, lambda: laser.set(key, value)

    return handle


def aim(value: str) -> Handler:
    """`ABN`, `ABF`."""

    def handle(laser: Laser, _: str) -> Outcome:
        if laser.inputs.aiming_control == "hardware":
            refused = laser.inputs.aiming_refused == "error"
            return Refusal(AIMING_EXTERNAL) if refused else (None, None)
        return None, lambda: laser.set("aiming_beam", value)

    return handle


def _not_ours(laser: Laser) -> Refusal | None:
    """Why the host does not control emission now."""
    if laser.inputs.key == "rem":
        return Refusal(KEY_IN_REMOTE)
    return Refusal(BY_HARDWARE) if laser.inputs.hardware_emission == "enabled" else None
