"""Signing in by PIN: every try is an entry, and the lock-out follows from them.

Failures are counted from the journal, so that a restart lifts no lock-out. The same sentence, after
the same work, answers an unknown person, a wrong PIN and a lock-out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import SignInFailed
from devicelink.journal.clock import CLOCK, view
from devicelink.journal.entry import Draft
from devicelink.people.pins import one_at_a_time
from devicelink.people.roster import PEOPLE, find_state, is_person_id

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from devicelink.journal.store import Journal
    from devicelink.people.pins import PinStore
    from devicelink.people.roster import Person, PersonState
    from devicelink.runtime import Runtime

SENTENCE = (
    "Signing in did not work. Check the ID and the PIN; after several failures, wait before you "
    "try again, or ask an administrator."
)


def sign_in(
    journal: Journal,
    pins: PinStore,
    secrets: Path,
    person_id: str,
    pin: str,
    runtime: Runtime,
    *,
    device: str | None = None,
    session: str | None = None,
) -> Person:
    """Who this is, recorded as `signin.succeeded`.

    People and clock are read from checked entries while no other sign-in runs (a lock file in
    `secrets`), so that tries made at the same moment count one by one. Raises `SignInFailed`,
    recorded as `signin.failed`; `JournalBroken` or `JournalUnwritable`.
    """
    with one_at_a_time(secrets, runtime):
        states = journal.checked((PEOPLE, CLOCK))
        now = view(states[CLOCK.name], journal.last(), runtime.now()).judged_at
        known = find_state(states[PEOPLE.name], person_id)
        fits = pins.matches(known.id if known else None, known.pin_name if known else None, pin)
        why = _why_not(known, now, fits=fits)
        if known is None or why is not None:
            tried = {"tried": person_id if is_person_id(person_id) else None}
            data = {"person": known.id} if known else {"person": None, **tried}
            journal.append(
                Draft("signin.failed", {**data, "why": why}, device=device, session=session)
            )
            raise SignInFailed(SENTENCE)
        journal.append(
            Draft(
                "signin.succeeded",
                {"person": known.id},
                actor=known.id,
                role=known.roles[0],
                device=device,
                session=session,
            )
        )
        return known.person()


def _why_not(known: PersonState | None, now: datetime, *, fits: bool) -> str | None:
    """For the journal alone: why this is no sign-in; None where it is one."""
    if known is None:
        return "unknown"
    if known.locked_until is not None and now < known.locked_until:
        return "locked_out"
    if not known.roles:
        return "no_role_yet"
    return None if fits else "wrong_pin"
