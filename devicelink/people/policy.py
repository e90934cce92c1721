"""What the clinic decides for itself: few settings, each with a default that is the careful one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection
from devicelink.people.standing import DEFAULT_MAX_AGE_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.journal.entry import Entry

    States = Mapping[str, Mapping[str, object]]

MAX_AGE = "status_list_max_age_days"
LONGEST_DAYS = 365


def policy_draft(name: str, value: str, *, by: str) -> Draft:
    """The entry by which an administrator decides one thing; raises `ConfigError`."""
    if name != MAX_AGE:
        raise ConfigError(f"There is no policy {name!r:.40}. There is: {MAX_AGE}.")
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= LONGEST_DAYS:
        raise ConfigError(f"{MAX_AGE} is a whole number of days, 1 to {LONGEST_DAYS}.")
    return Draft(
        "policy.decided", {"name": name, "value": int(value)}, actor=by, role="administrator"
    )


def max_age_days(policy: States, person: str) -> int:
    """How old a status list may be, in days, for this person; the default where nothing is said.

    Whoever lengthened it gains nothing by it: for them it is never more than the default.
    """
    decided = policy.get(MAX_AGE, {})
    days = decided.get("value")
    if type(days) is not int or not 1 <= days <= LONGEST_DAYS:
        return DEFAULT_MAX_AGE_DAYS
    return min(days, DEFAULT_MAX_AGE_DAYS) if decided.get("by") == person else days


def in_force(policy: States) -> list[dict[str, object]]:
    """Each thing that there is to decide: its name, what holds, who decided it or None."""
    decided = policy.get(MAX_AGE, {})
    days, by = max_age_days(policy, ""), decided.get("by")
    return [{"name": MAX_AGE, "value": days, "default": DEFAULT_MAX_AGE_DAYS, "by": by}]


def _reduce(_old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    return {"value": entry.data.get("value"), "by": entry.actor, "index": entry.index}


POLICY = Projection(
    name="policy",
    types=frozenset({"policy.decided"}),
    key=lambda entry: str(entry.data.get("name")),
    reduce=_reduce,
)
