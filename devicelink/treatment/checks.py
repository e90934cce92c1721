"""Whether a meter may judge a laser's energy: its papers, what it says of itself, what is expected.

Pure: `judge_meter` gives every finding on facts that are recorded whole with the verdict.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from devicelink.errors import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FEWEST_PULSES, MOST_PULSES = 5, 100
HEADROOM = 1.5
"""A pulse of half as much again is a device stop: up to there range and head have to bear it."""
SAID_MAX_AGE_S = 3.0
GAUSSIAN_PEAK = 2.0
"""In the middle of a Gaussian beam the density is twice its mean over the 1/e2 diameter."""
_MM2_IN_CM2 = 100.0


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What a person asks for in a check of energy."""

    meter: str | None
    pulses: int = FEWEST_PULSES
    energy_mj: float | None = None
    """Of one pulse at these settings, where they do not tell."""
    wavelength_nm: str | None = None
    """Where the laser does not tell."""
    beam_mm: float | None = None
    """Diameter on the head, at 1/e2."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MeterPapers(_Facts):
    """What the clinic registered of a meter and its head, from their papers; None: not stated."""

    serial: str
    driver_from: str
    head_serial: str
    calibrated_on: date | None
    calibration_valid_until: date | None
    max_energy_j: str | None
    max_power_w: str | None
    max_density_j_cm2: str | None
    wavelength_min_nm: str | None
    wavelength_max_nm: str | None
    registered_by: str
    index: int


class MeterSaid(_Facts):
    """What the meter said of itself, and how long before the verdict."""

    serial: str | None
    """None where an older instrument does not tell it."""
    model: str | None
    firmware: str | None
    head_serial: str | None
    """None where no head is plugged in, or it does not tell."""
    head_kind: str | None
    head_model: str | None
    measures_energy: bool
    mode: str
    wavelength_nm: str | None
    wavelength: str | None
    range: str | None
    full_scale_j: float | None
    filter: str | None
    age_s: float


class CheckFacts(_Facts):
    """All that decides whether a check of energy may begin."""

    named: str | None
    """The meter that the person named; None for none."""
    papers: MeterPapers | None
    """None where it is not registered."""
    said: MeterSaid | None
    problem: tuple[str, str] | None
    """Code and sentence of why it could not be asked."""
    prepared: bool
    """Whether mode, wavelength and range were set and read back."""
    settled: bool
    stale_thrown_away: bool
    """Whether the reading that lay there was looked for, and dropped."""
    pulses: int
    nominal_j: float | None
    nominal_from: str | None
    """`settings` or `person`."""
    wavelength_nm: str | None
    wavelength_from: str | None
    """`laser` or `person`."""
    rate_hz: float | None
    """As the laser's settings tell it."""
    beam_mm: float | None
    tolerance_percent: float | None
    """The clinic's; None where it set none: then the result is not judged."""


def full_scale_j(text: str | None) -> float | None:
    """A range as a meter writes it (`30.0mJ`), in J; None where it is no energy (`AUTO`)."""
    units = {"kJ": 1e3, "mJ": 1e-3, "uJ": 1e-6, "nJ": 1e-9, "pJ": 1e-12, "J": 1.0}
    unit = next((each for each in units if (text or "").endswith(each)), None)
    if text is None or unit is None:
        return None
    number = _number(text.removesuffix(unit))
    return number * units[unit] if number is not None else None


def choose_range(ranges: Sequence[str], nominal_j: float) -> str | None:
    """The smallest range that holds what is expected with its headroom; None where none does."""
    scales = {each: scale for each in ranges if (scale := full_scale_j(each)) is not None}
    fit = [each for each, scale in scales.items() if scale >= HEADROOM * nominal_j]
    return min(fit, key=lambda each: scales[each], default=None)


def judge_meter(facts: CheckFacts | None, judged_at: datetime, *, counts: bool) -> list[Finding]:
    """Every finding; `counts` where the meter has to be set up and settled by now."""
    if facts is None or facts.named is None:
        return [
            _refuse(
                "meter_missing",
                "An energy check needs a meter.",
                "Name one that is registered: --meter SERIAL --pulses 5",
            )
        ]
    found = [*_asked(facts, counts=counts)]
    if facts.papers is None:
        found.append(
            _refuse(
                "meter_not_registered",
                f"The meter {facts.named} is not registered here.",
                "See its name here: devicelink meter list. Or register it: devicelink meter add "
                "SERIAL --driver NAME --port PORT --head SERIAL --by ID",
            )
        )
        return found
    found += _papers(facts.papers, judged_at)
    if facts.problem is not None:
        found.append(_refuse(*facts.problem, "Look at the meter, its cable and who else uses it."))
        return found
    if facts.said is None:
        text = "The meter was not asked how it is."
        found.append(_refuse("meter_not_answering", text, "Say the command again."))
        return found
    found += [*_who(facts, facts.papers, facts.said), *_rating(facts, facts.papers)]
    if counts:
        found += _set_up(facts, facts.said)
    return found


def _asked(facts: CheckFacts, *, counts: bool) -> Iterator[Finding]:
    """What the laser's own settings may still tell is missed only when they were read."""
    if not FEWEST_PULSES <= facts.pulses <= MOST_PULSES:
        yield _refuse(
            "pulses_out_of_bounds",
            f"{facts.pulses} pulses were asked for; a check has {FEWEST_PULSES} to {MOST_PULSES}.",
            f"Say --pulses {FEWEST_PULSES}.",
        )
    if facts.nominal_j is None:
        if counts:
            yield _refuse(
                "energy_not_stated",
                "Nobody said how much energy one pulse should have, and the settings do not tell.",
                "Say it for these settings, as the laser's papers give it: --energy-mj NUMBER",
            )
    elif facts.nominal_from == "person":
        yield _warn(
            "energy_stated",
            f"That a pulse should have {facts.nominal_j * 1e3:g} mJ is a person's word: the "
            "laser's settings name no energy.",
            "Look it up in the laser's papers for these settings.",
        )
    if facts.wavelength_nm is None and counts:
        yield _refuse(
            "wavelength_not_stated",
            "The laser does not tell its wavelength, and nobody stated it.",
            "Say it as the laser's label gives it: --wavelength-nm NUMBER",
        )
    if facts.tolerance_percent is None:
        yield _warn(
            "tolerance_not_set",
            "The clinic set no tolerance: the pulses are measured and recorded, not judged.",
            "An administrator sets one: devicelink device energy-check SERIAL --tolerance-percent "
            "NUMBER --valid-hours NUMBER --by ID",
        )


def _papers(papers: MeterPapers, judged_at: datetime) -> Iterator[Finding]:
    again = "Register the meter anew with what its papers say: devicelink meter add"
    if papers.calibrated_on is None or papers.calibration_valid_until is None:
        yield _refuse(
            "calibration_unknown",
            f"When the meter {papers.serial} was calibrated, and until when that counts, is not "
            "stated.",
            again,
        )
    elif not papers.calibrated_on <= judged_at.date() <= papers.calibration_valid_until:
        yield _refuse(
            "calibration_over",
            f"The calibration of {papers.serial} and its head counts from {papers.calibrated_on} "
            f"to {papers.calibration_valid_until}.",
            "Have both calibrated, or use another meter.",
        )
    if papers.max_energy_j is None or papers.max_power_w is None:
        yield _refuse(
            "head_rating_unknown",
            f"What the head {papers.head_serial} bears (energy of a pulse, power) is not stated.",
            again,
        )
    if papers.wavelength_min_nm is None or papers.wavelength_max_nm is None:
        yield _refuse(
            "head_wavelengths_unknown",
            f"For which wavelengths the head {papers.head_serial} is made is not stated.",
            again,
        )


def _who(facts: CheckFacts, papers: MeterPapers, said: MeterSaid) -> Iterator[Finding]:
    if said.serial is None:
        yield _warn(
            "meter_identity_asserted",
            f"The instrument does not tell its serial number; {papers.serial} is what its label "
            "says.",
            "Compare it with the label.",
        )
    elif said.serial != papers.serial:
        yield _refuse(
            "meter_other",
            f"The meter on this port says that it is {said.serial}; {papers.serial} is registered.",
            "Plug in the registered one, or name the other: --meter SERIAL",
        )
    if said.head_kind is None:
        yield _refuse("head_missing", "No head is plugged into the meter.", "Plug its head in.")
    elif said.head_serial != papers.head_serial:
        yield _refuse(
            "head_other",
            f"The head says that it is {said.head_serial or 'nobody'}; the meter was calibrated "
            f"with {papers.head_serial}.",
            "Plug in that head.",
        )
    elif not said.measures_energy:
        yield _refuse("head_no_energy", "This head measures no energy.", "Use another head.")
    if said.filter and "IN" in said.filter.upper().split():
        yield _warn(
            "meter_filter_in",
            f"The meter reckons with something before its head: {said.filter}.",
            "Look at the head whether that is so: it changes every reading.",
        )
    length = _number(facts.wavelength_nm)
    low, high = _number(papers.wavelength_min_nm), _number(papers.wavelength_max_nm)
    if None not in {length, low, high} and not float(low or 0) <= float(length or 0) <= float(
        high or 0
    ):
        yield _refuse(
            "wavelength_outside_head",
            f"The laser has {facts.wavelength_nm} nm; the head is made for "
            f"{papers.wavelength_min_nm} to {papers.wavelength_max_nm} nm.",
            "Use another head.",
        )


def _rating(facts: CheckFacts, papers: MeterPapers) -> Iterator[Finding]:
    """The head may be damaged by what is expected: then it would measure too little for ever."""
    if facts.nominal_j is None:
        return
    most_j = facts.nominal_j * HEADROOM
    bears_j, bears_w = _number(papers.max_energy_j), _number(papers.max_power_w)
    bears = _number(papers.max_density_j_cm2)
    remedy = "Use a head that bears it, or settings with less; widen the beam for its density."
    if bears_j is not None and most_j > bears_j:
        yield _refuse(
            "over_head_energy",
            f"A pulse may have {most_j:g} J (half above what is expected); the head bears "
            f"{bears_j:g} J.",
            remedy,
        )
    if bears_w is not None and facts.rate_hz is not None:
        most_w = most_j * facts.rate_hz
        if most_w > bears_w:
            yield _refuse(
                "over_head_power",
                f"At {facts.rate_hz:g} pulses a second that may be {most_w:g} W; the head bears "
                f"{bears_w:g} W.",
                remedy,
            )
    if bears is None:
        return
    if facts.beam_mm is None:
        yield _refuse(
            "beam_not_stated",
            f"The head bears {bears:g} J/cm2, and nobody said how wide the beam is on it.",
            "Measure it at the head: --beam-mm NUMBER (diameter at 1/e2)",
        )
        return
    area_cm2 = math.pi * facts.beam_mm**2 / 4 / _MM2_IN_CM2
    most = GAUSSIAN_PEAK * most_j / area_cm2
    if most > bears:
        yield _refuse(
            "over_head_density",
            f"In the middle of the beam that may be {most:.3g} J/cm2; the head bears {bears:g}.",
            remedy,
        )


def _set_up(facts: CheckFacts, said: MeterSaid) -> Iterator[Finding]:
    again = "Say the command again. If this comes back, look at the meter."
    if said.age_s > SAID_MAX_AGE_S:
        yield _refuse("meter_reading_old", f"What the meter said is {said.age_s:.1f} s old.", again)
    if said.mode != "energy":
        yield _refuse(
            "meter_not_in_energy", f"The meter measures {said.mode}, not energy of pulses.", again
        )
    if _number(said.wavelength_nm) is None or _number(said.wavelength_nm) != _number(
        facts.wavelength_nm
    ):
        yield _refuse(
            "meter_wavelength_differs",
            f"The meter reckons with {said.wavelength or 'a wavelength that it does not tell'}; "
            f"the laser has {facts.wavelength_nm} nm.",
            "Use a head that knows this wavelength by its number.",
        )
    if facts.nominal_j is not None and (
        said.full_scale_j is None or said.full_scale_j < HEADROOM * facts.nominal_j
    ):
        yield _refuse(
            "meter_range_too_small",
            f"The meter's range is {said.range or 'not told'}; up to "
            f"{HEADROOM * facts.nominal_j:g} J may come.",
            "Use a head with a larger range.",
        )
    if not facts.prepared or not facts.settled:
        yield _refuse("meter_not_settled", "The meter has not settled after it was set up.", again)
    if not facts.stale_thrown_away:
        yield _refuse(
            "meter_reading_stale",
            "A reading of before may still lie in the meter; it was not thrown away.",
            again,
        )


def _number(text: str | None) -> float | None:
    try:
        value = Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
    return float(value) if value is not None and value.is_finite() else None


def _refuse(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, Severity.REFUSE, sentence, remedy)


def _warn(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, Severity.WARN, sentence, remedy)
