"""What a laser says of its own pulses in an energy check: its word, beside the meter's. Pure.

It judges nothing: a laser whose lamp, optics and port aged together would find itself in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from devicelink.treatment.energy import STOP_PERCENT
from devicelink.treatment.pulses import rounded, spread_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devicelink.console import CheckedPulse

_J_PER_MJ = 1e-3


@dataclass(frozen=True, slots=True)
class OwnWord:
    """One check, as the laser itself counted and measured it."""

    pulses: Sequence[CheckedPulse]
    why: str | None
    """Why it told nothing, or not all; None where it told all."""
    meter_mean_j: float | None
    tolerance_percent: float | None
    """The clinic's, for what the meter says."""

    def as_data(self) -> dict[str, object]:
        """For the entry."""
        measured = self._measured_j
        return {
            "source": "laser",
            "count": len(self.pulses),
            "set_j": [_joules(pulse.set_mj) for pulse in self.pulses],
            "energies_j": [_joules(pulse.measured_mj) for pulse in self.pulses],
            "mean_j": self._mean_j,
            "spread_percent": rounded(spread_percent(measured)),
            "min_j": min(measured, default=None),
            "max_j": max(measured, default=None),
            "against_meter_percent": self._against_meter_percent,
            "why": self.why,
            "sentence": self.sentence,
        }

    @property
    def sentence(self) -> str:
        """For people."""
        count, measured = len(self.pulses), self._measured_j
        if not count:
            why = self.why or "it counted no pulse."
            return f"The laser said nothing of its own about these pulses: {why}"
        if not measured:
            return (
                f"The laser counted {_pulses(count)}; no calibration port of its own measured them."
            )
        told = [
            f"mean of {_pulses(len(measured))}",
            f"spread {spread_percent(measured) or 0:.1f} %",
        ]
        against = self._against_meter_percent
        if against is not None:
            told.append(f"{against:+.1f} % against the meter")
        says = f"The laser's own calibration port says {(self._mean_j or 0) * 1e3:.4g} mJ"
        return f"{says} ({', '.join(told)}): its own word; the meter decides.{self._note}"

    @property
    def _note(self) -> str:
        """Where the two do not agree: one of them is wrong, and only a person finds out which."""
        allowed = min(STOP_PERCENT, self.tolerance_percent or STOP_PERCENT)
        if abs(self._against_meter_percent or 0.0) <= allowed:
            return ""
        return (
            f" They are more than {allowed:g} % apart: whoever services the laser has to look at "
            "its port."
        )

    @property
    def _measured_j(self) -> list[float]:
        found = (_joules(pulse.measured_mj) for pulse in self.pulses)
        return [each for each in found if each is not None]

    @property
    def _mean_j(self) -> float | None:
        measured = self._measured_j
        return rounded(fmean(measured)) if measured else None

    @property
    def _against_meter_percent(self) -> float | None:
        mean_j = self._mean_j
        if mean_j is None or not self.meter_mean_j:
            return None
        return rounded(100 * (mean_j / self.meter_mean_j - 1))


def _joules(told_mj: str | None) -> float | None:
    return None if told_mj is None else rounded(float(told_mj) * _J_PER_MJ)


def _pulses(count: int) -> str:
    return "1 pulse" if count == 1 else f"{count} pulses"
