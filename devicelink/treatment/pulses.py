"""What the measured pulses of an energy check come to: pure, on facts that are recorded with it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from devicelink.errors import Finding, Severity
from devicelink.treatment.energy import STOP_PERCENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SINGLE_STOP_PERCENT = 50.0
"""One pulse so far above what was expected is a device stop."""
_DIGITS = 9


class PulseFacts(BaseModel):
    """What was measured at the meter's head, and what else tells of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wanted: int
    energies_j: tuple[float | None, ...]
    """In order; None, or what is not finite, where there is no number."""
    whys: tuple[str | None, ...]
    """Of each, why there is none."""
    nominal_j: float
    tolerance_percent: float | None
    counter_before: int | None
    counter_after: int | None
    ended_by: str | None
    """The code of what ended the session before its pulses had come; None where nothing did."""
    ended_why: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`passed`, `failed` or `measured` (nobody said what is allowed: not judged)."""

    result: str
    findings: tuple[Finding, ...]
    mean_j: float | None
    spread_percent: float | None
    """Relative standard deviation, of the sample."""
    min_j: float | None
    max_j: float | None
    deviation_percent: float | None
    """Of the mean from what was expected."""

    def as_data(self) -> dict[str, object]:
        """For the entry."""
        return {
            "result": self.result,
            "sentence": self.sentence,
            "findings": [finding.as_json() for finding in self.findings],
            "mean_j": self.mean_j,
            "spread_percent": self.spread_percent,
            "min_j": self.min_j,
            "max_j": self.max_j,
            "deviation_percent": self.deviation_percent,
        }

    @property
    def sentence(self) -> str:
        """For people."""
        if self.result == "failed":
            return f"The energy check FAILED: {self.findings[0].sentence}"
        told = (
            f"mean {(self.mean_j or 0) * 1e3:.4g} mJ, {self.deviation_percent or 0:+.1f} % from "
            f"what was expected, spread {self.spread_percent or 0:.1f} %"
        )
        if self.result == "passed":
            return f"The energy check passed: {told}."
        return f"The energy was measured, NOT judged, since the clinic set no tolerance: {told}."


def judge_pulses(facts: PulseFacts) -> Outcome:
    """Passed only where exactly the pulses that were asked for came, each a number, all agreeing.

    A mean of them has the number that it was asked for, at least five: fewer are no result.
    """
    measured = [each for each in facts.energies_j if each is not None and isfinite(each)]
    mean_j = fmean(measured) if measured else None
    deviation = None if mean_j is None else 100 * (mean_j / facts.nominal_j - 1)
    findings = tuple(_failures(facts, measured, deviation))
    judged = "measured" if facts.tolerance_percent is None else "passed"
    return Outcome(
        result="failed" if findings else judged,
        findings=findings,
        mean_j=rounded(mean_j),
        spread_percent=rounded(spread_percent(measured)),
        min_j=min(measured, default=None),
        max_j=max(measured, default=None),
        deviation_percent=rounded(deviation),
    )


def _failures(
    facts: PulseFacts, measured: list[float], deviation: float | None
) -> Iterator[Finding]:
    count = len(facts.energies_j)
    if facts.ended_by is not None:
        why = facts.ended_why or facts.ended_by
        yield _failed("check_cut_short", f"the session ended before its pulses had come. {why}")
    if any(why == "over_range" for why in facts.whys):
        yield _failed("over_range", "a pulse was over the meter's range: OVER is no number.")
    elif len(measured) < count:
        yield _failed("pulse_without_number", "the meter gave no number for a pulse.")
    if count < facts.wanted:
        yield _failed("pulses_missing", f"{count} of {facts.wanted} pulses were seen by the meter.")
    if count > facts.wanted:
        yield _failed(
            "pulses_extra", f"{count} pulses were seen by the meter; {facts.wanted} were to come."
        )
    before, after = facts.counter_before, facts.counter_after
    if before is not None and after is not None and after - before != count:
        yield _failed(
            "counter_differs",
            f"the laser's own counter went on by {after - before}; the meter saw {count}.",
        )
    highest = max(measured, default=0.0)
    if highest > facts.nominal_j * (1 + SINGLE_STOP_PERCENT / 100):
        yield _failed(
            "pulse_too_high",
            f"one pulse had {highest * 1e3:.4g} mJ; {facts.nominal_j * 1e3:.4g} mJ were expected.",
        )
    allowed = STOP_PERCENT
    if facts.tolerance_percent is not None:
        allowed = min(STOP_PERCENT, facts.tolerance_percent)
    if deviation is not None and abs(deviation) > allowed:
        yield _failed(
            "mean_off",
            f"the mean is {deviation:+.1f} % from what was expected, allowed are {allowed:g} %.",
        )


def _failed(code: str, sentence: str) -> Finding:
    return Finding(
        code,
        Severity.REFUSE,
        sentence,
        "Find the cause at the laser and at the meter before it is used, then measure again.",
    )


def spread_percent(values: Sequence[float]) -> float | None:
    """Their relative standard deviation, of the sample; None of fewer than two."""
    mean = fmean(values) if values else 0.0
    return 100 * stdev(values) / mean if len(values) > 1 and mean else None


def rounded(value: float | None) -> float | None:
    """As entries keep it."""
    return None if value is None else round(value, _DIGITS)
