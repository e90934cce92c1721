"""What the clinic decides for itself: few settings, each with a default that is the careful one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from devicelink.errors import ConfigError, Refused
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection
from devicelink.people.roster import ADMINISTRATOR, PROVIDER
from devicelink.people.standing import DEFAULT_MAX_AGE_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.journal.entry import Entry

    States = Mapping[str, Mapping[str, object]]

MAX_AGE = "status_list_max_age_days"
ATTESTED = "attested_by_clinic"
ALLOWED, REFUSED = "allowed", "refused"
LONGEST_DAYS = 365


class AttestationPolicy(BaseModel):
    """Whether paper certificates count here, and by whose word."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: bool = False
    decided_by: str | None = None
    confirmed_by: str | None = None
    """The medical provider; without their word nothing is allowed."""


def policy_draft(name: str, value: str, *, by: str) -> Draft:
    """The entry by which an administrator decides one thing; raises `ConfigError`."""
    decided: object = value
    if name == MAX_AGE:
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= LONGEST_DAYS:
            raise ConfigError(f"{MAX_AGE} is a whole number of days, 1 to {LONGEST_DAYS}.")
        decided = int(value)
    elif name != ATTESTED:
        raise ConfigError(f"There is no policy {name!r:.40}. There are: {MAX_AGE}, {ATTESTED}.")
    elif value not in {ALLOWED, REFUSED}:
        raise ConfigError(f"{ATTESTED} is {ALLOWED} or {REFUSED}.")
    return Draft("policy.decided", {"name": name, "value": decided}, actor=by, role=ADMINISTRATOR)


def confirm_policy_draft(policy: States, name: str, *, by: str) -> Draft:
    """The entry by which the medical provider stands behind a decision that needs it.

    Raises `ConfigError` where none waits, `Refused` for who decided it.
    """
    decided = policy.get(name, {})
    waits = name == ATTESTED and decided.get("value") == ALLOWED and not decided.get("confirmed_by")
    if not waits:
        raise ConfigError(f"No decision on {name!r:.40} waits for the medical provider.")
    if decided.get("by") == by:
        raise Refused("Who decided it cannot confirm it: the medical provider is a second person.")
    data = {"name": name, "confirms": decided["index"]}
    return Draft("policy.confirmed", data, actor=by, role=PROVIDER)


def max_age_days(policy: States, person: str) -> int:
    """How old a status list may be, in days, for this person; the default where nothing is said.

    Whoever lengthened it gains nothing by it: for them it is never more than the default.
    """
    decided = policy.get(MAX_AGE, {})
    days = decided.get("value")
    if type(days) is not int or not 1 <= days <= LONGEST_DAYS:
        return DEFAULT_MAX_AGE_DAYS
    return min(days, DEFAULT_MAX_AGE_DAYS) if decided.get("by") == person else days


def attestation_policy(policy: States) -> AttestationPolicy:
    """Whether paper certificates count: only where two persons said so."""
    decided = policy.get(ATTESTED, {})
    by, confirmed_by = decided.get("by"), decided.get("confirmed_by")
    if decided.get("value") != ALLOWED or not isinstance(by, str):
        return AttestationPolicy()
    if not isinstance(confirmed_by, str):
        return AttestationPolicy(decided_by=by)
    return AttestationPolicy(allowed=True, decided_by=by, confirmed_by=confirmed_by)


def in_force(policy: States) -> list[dict[str, object]]:
    """Each thing that there is to decide: its name, what holds, who decided it or None."""
    attested = attestation_policy(policy)
    return [
        {
            "name": MAX_AGE,
            "value": max_age_days(policy, ""),
            "default": DEFAULT_MAX_AGE_DAYS,
            "by": policy.get(MAX_AGE, {}).get("by"),
        },
        {
            "name": ATTESTED,
            "value": ALLOWED if attested.allowed else REFUSED,
            "default": REFUSED,
            "by": policy.get(ATTESTED, {}).get("by"),
            "confirmed_by": attested.confirmed_by,
        },
    ]


def _reduce(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    if entry.type == "policy.decided":
        return {"value": entry.data.get("value"), "by": entry.actor, "index": entry.index}
    known = old or {}
    fits = known.get("index") == entry.data.get("confirms") and known.get("by") != entry.actor
    return {**known, "confirmed_by": entry.actor} if fits and entry.role == PROVIDER else known


POLICY = Projection(
    name="policy",
    types=frozenset({"policy.decided", "policy.confirmed"}),
    key=lambda entry: str(entry.data.get("name")),
    reduce=_reduce,
)
