"""Whether a laser's energy check counts now: the clinic's rule, the last check, what voided it.

The rule is an administrator's, one for each laser; without one no check is asked for. A check says
nothing any more once the laser was in other hands, was serviced, or is not as it was measured.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from devicelink.errors import ConfigError, Finding, Severity
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection
from devicelink.treatment.sessions import NEED_CLIENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink.journal.entry import Entry

STOP_PERCENT = 20.0
"""The mean of five pulses so far off is a device stop, always on: a clinic may only tighten it."""
LONGEST_HOURS = 8760
IN_OTHER_HANDS = "it was in other hands since."
REGISTERED_ANEW = "it was registered anew since."
SERVICED = "it was in a service session since."
CHECK_ENDED = ("energy_check.passed", "energy_check.failed", "energy_check.measured")


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EnergyRule(_Facts):
    """What the clinic asks for on one laser."""

    tolerance_percent: float
    valid_hours: int
    by: str
    index: int


class Checked(_Facts):
    """What was measured: a check counts for a laser that is still so."""

    driver_from: str
    firmware: str | None
    configuration_id: str | None
    """SHA-256 of the configuration as read back; None where it was not read."""
    handpiece: str | None

    def differs(self, other: Checked) -> str | None:
        """What of it is another one in `other`, for people; what was not read yet differs not.

        A laser whose configuration was read has been asked for its firmware, and for its handpiece.
        """
        named = {
            "its driver": (self.driver_from, other.driver_from),
            "its firmware": (self.firmware, other.firmware),
            "its configuration": (self.configuration_id, other.configuration_id),
            "its handpiece": (self.handpiece, other.handpiece),
        }
        read = self.configuration_id is not None and other.configuration_id is not None
        for name, (was, now) in named.items():
            if was != now and (read or (now is not None and name != "its handpiece")):
                return name
        return None


class LastCheck(_Facts):
    """The last check; `result` is begun where it never came to an end."""

    result: str
    at: datetime
    session: str
    index: int
    deviation_percent: float | None = None
    checked: Checked | None = None


class EnergyFacts(_Facts):
    """What a verdict has to know of a laser's energy checks."""

    rule: EnergyRule | None
    last: LastCheck | None
    void: str | None
    """What happened to the laser since, as a sentence."""
    now: Checked


def rule_draft(
    device: str, *, tolerance_percent: float, valid_hours: int, by: str, asked_for: bool
) -> Draft:
    """The entry by which an administrator asks for checks of a laser, or for none any more.

    Raises `ConfigError`.
    """
    if asked_for and not 0 < tolerance_percent <= STOP_PERCENT:
        raise ConfigError(
            f"The tolerance is more than 0 % and at most {STOP_PERCENT:g} %: a mean further off is "
            "a device stop, which a clinic may only tighten."
        )
    if asked_for and not 1 <= valid_hours <= LONGEST_HOURS:
        raise ConfigError(f"A check is valid for 1 to {LONGEST_HOURS} hours, as a whole number.")
    data: dict[str, object] = {"asked_for": asked_for}
    if asked_for:
        data |= {"tolerance_percent": tolerance_percent, "valid_hours": valid_hours}
    return Draft("energy_check.ruled", data, actor=by, role="administrator", device=device)


def rule_of(state: Mapping[str, Mapping[str, object]], device: str) -> EnergyRule | None:
    """What the clinic asks for on a laser; None where it asks for no check."""
    rule = state.get(device, {}).get("rule")
    return EnergyRule.model_validate(rule) if rule else None


def gather_energy(
    state: Mapping[str, Mapping[str, object]], device: str, now: Checked
) -> EnergyFacts:
    """From the hash-checked states of the projection `ENERGY`."""
    known = state.get(device, {})
    last = known.get("last")
    void = known.get("void")
    return EnergyFacts(
        rule=rule_of(state, device),
        last=LastCheck.model_validate(last) if last else None,
        void=str(void) if void else None,
        now=now,
    )


def judge_energy(
    facts: EnergyFacts | None, *, kind: str, device: str, judged_at: datetime
) -> Iterator[Finding]:
    """Where the clinic asks for a check, whether the last one still counts for a client."""
    if facts is None or facts.rule is None or kind not in NEED_CLIENT:
        return
    last, rule = facts.last, facts.rule

    def refuse(code: str, why: str) -> Finding:
        return Finding(
            f"energy_check_{code}",
            Severity.REFUSE,
            why,
            f"Measure the laser {device}: devicelink session run {device} --kind energy_check "
            "--meter SERIAL --pulses 5 --technician ID --settings FILE",
        )

    if last is None or last.result == "measured":
        why = "was measured, but not judged" if last else "was never measured here"
        yield refuse("missing", f"The clinic asks for an energy check; the laser {device} {why}.")
        return
    if last.result != "passed":
        how = "failed" if last.result == "failed" else "was begun, and came to no end"
        yield refuse("failed", f"The last energy check of {device} {how} ({last.session}).")
        return
    if facts.void:
        yield refuse("void", f"The energy check of {device} counts no more: {facts.void}")
    changed = last.checked.differs(facts.now) if last.checked else None
    if changed:
        why = f"{changed} is not what it was then"
        yield refuse("void", f"The energy check of {device} counts no more: {why}.")
    off = last.deviation_percent
    if off is None or abs(off) > rule.tolerance_percent:
        told = "" if off is None else f" by {off:+.1f} %"
        yield refuse(
            "failed",
            f"The mean of the last energy check of {device} was off{told}; the clinic now allows "
            f"{rule.tolerance_percent:g} %.",
        )
    if not last.at <= judged_at < last.at + timedelta(hours=rule.valid_hours):
        yield refuse(
            "overdue",
            f"The last energy check of {device} is of {last.at:%Y-%m-%d %H:%M} UTC; one counts for "
            f"{rule.valid_hours} h.",
        )


def void_drafts(
    state: Mapping[str, Mapping[str, object]], device: str, why: str, *, by: str, role: str
) -> list[Draft]:
    """The entry by which a check counts no more; none where there is none that counts.

    Recorded with, or before, what voids it.
    """
    known = state.get(device, {})
    if not known.get("last") or known.get("void"):
        return []
    return [Draft("energy_check.voided", {"sentence": why}, actor=by, role=role, device=device)]


def _reduce(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    known: dict[str, object] = dict(old or {})
    data = entry.data
    if entry.type == "energy_check.ruled":
        known["rule"] = None
        if data.get("asked_for"):
            known["rule"] = {
                "tolerance_percent": data["tolerance_percent"],
                "valid_hours": data["valid_hours"],
                "by": entry.actor,
                "index": entry.index,
            }
    elif entry.type == "energy_check.begun" or entry.type in CHECK_ENDED:
        known["last"] = {
            "result": entry.type.removeprefix("energy_check."),
            "at": entry.at.isoformat(),
            "session": str(entry.session),
            "index": entry.index,
            "deviation_percent": data.get("deviation_percent"),
            "checked": data.get("checked"),
        }
        known["void"] = None
    elif entry.type == "energy_check.voided":
        known["void"] = data.get("sentence")
    return known


ENERGY = Projection(
    name="energy_checks",
    types=frozenset(
        {"energy_check.ruled", "energy_check.begun", *CHECK_ENDED, "energy_check.voided"}
    ),
    key=lambda entry: entry.device,
    reduce=_reduce,
)
"""Each laser's rule and last check."""
