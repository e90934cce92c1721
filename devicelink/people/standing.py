"""How a certificate stands with its maker: revoked, suspended or good, and how old that news is.

Pure: `StatusFacts` are gathered beforehand and recorded with the verdict.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from devicelink.errors import Finding, Severity
from devicelink.people.certificates import SUSPENSION, StatusEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEFAULT_MAX_AGE_DAYS = 30
"""A list older than this refuses, unless the clinic's policy says another number of days."""
AHEAD_AT_MOST = timedelta(minutes=5)
"""By how much the maker's clock may be ahead of ours."""
FETCH = "Fetch the newest list from the maker, then: devicelink trust status-list FILE --by ID"


class StatusFacts(BaseModel):
    """What the newest imported list says of one status entry of a certificate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: StatusEntry
    entry: int
    """Index of the journal's entry that brought in the list (its last part)."""
    sha256: str
    added_by: str
    issuer_added_by: str | None = None
    issuer_confirmed_by: str | None = None
    problem: str | None = None
    """Why the list is not believed; None where it is."""
    is_set: bool | None = None
    """Whether the certificate's bit is set; None where the list has no such place."""
    safety: bool = False
    issued_at: datetime | None = None
    valid_until: datetime | None = None

    def good_until(self, max_age: timedelta) -> datetime | None:
        """Until when this news may be relied on."""
        if self.issued_at is None:
            return None
        ends = self.issued_at + max_age
        return min(ends, self.valid_until) if self.valid_until else ends


def standing_findings(
    person: str,
    name: str,
    entries: Iterable[StatusEntry],
    known: Iterable[StatusFacts],
    *,
    max_age: timedelta,
    judged_at: datetime,
) -> Iterator[Finding]:
    """What each status entry of a certificate comes to; one that names none is only warned of."""
    found = {facts.place: facts for facts in known}
    named = tuple(entries)
    if not named:
        yield Finding(
            "no_status_list",
            Severity.WARN,
            "The certificate names no status list: a revocation would not be noticed.",
            "Ask the maker whether it is still good.",
        )
    for entry in dict.fromkeys(named):
        facts = found.get(entry)
        if facts is None:
            yield _refuse(
                "status_list_missing",
                f"{name}'s certificate names a status list ({entry.purpose}: {entry.list_url}) "
                "that is not here: it may have been revoked.",
                FETCH,
            )
            continue
        yield from _listed(name, facts)
        yield from _aged(facts, max_age, judged_at)
        if person in {facts.added_by, facts.issuer_added_by, facts.issuer_confirmed_by}:
            yield _refuse(
                "status_list_self_added",
                f"{name} brought in this status list, or its issuer, with their own hands.",
                "Another administrator has to import it.",
            )


def withdrawn(name: str, facts: StatusFacts) -> str | None:
    """The sentence that says that a certificate is revoked or suspended; None where it is not."""
    if not facts.is_set or facts.problem is not None:
        return None
    word = "suspended" if facts.place.purpose == SUSPENSION else "revoked"
    why = " for safety" if facts.safety else ""
    on = f" (list of {facts.issued_at:%Y-%m-%d})" if facts.issued_at else ""
    return f"{name}'s certificate was {word} by its maker{why}{on}."


def _listed(name: str, facts: StatusFacts) -> Iterator[Finding]:
    sentence = withdrawn(name, facts)
    if facts.problem is not None:
        yield _refuse(
            "status_list_not_believed",
            f"The maker's status list is not believed: {facts.problem}",
            FETCH,
        )
    elif sentence is not None and facts.place.purpose == SUSPENSION:
        yield _refuse(
            "certificate_suspended",
            sentence,
            "Ask the maker what is to be done; when it is lifted, import the newest status list.",
        )
    elif sentence is not None:
        yield _refuse(
            "certificate_revoked",
            sentence,
            "A revocation is for ever: ask the maker why, and for a new certificate.",
        )
    elif facts.is_set is None:
        yield _refuse(
            "status_list_missing",
            f"The maker's status list has no place {facts.place.index}, which {name}'s certificate "
            "names.",
            FETCH,
        )


def _aged(facts: StatusFacts, max_age: timedelta, judged_at: datetime) -> Iterator[Finding]:
    until = facts.good_until(max_age)
    if facts.problem is not None or facts.issued_at is None or until is None:
        return
    age = judged_at - facts.issued_at
    if judged_at >= until or -age > AHEAD_AT_MOST:
        when = "is dated in the future" if -age > AHEAD_AT_MOST else "is too old"
        yield _refuse(
            "status_list_too_old",
            f"The maker's status list of {facts.issued_at:%Y-%m-%d} {when}: a revocation since "
            "then would not be known here.",
            FETCH,
        )
    elif age > max_age / 2:
        yield Finding(
            "status_list_old",
            Severity.WARN,
            f"The maker's status list is of {facts.issued_at:%Y-%m-%d}, and counts until "
            f"{until:%Y-%m-%d %H:%M} UTC.",
            FETCH,
        )


def _refuse(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, Severity.REFUSE, sentence, remedy)
