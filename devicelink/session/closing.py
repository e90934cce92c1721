"""The entries that end a session: how the lock went, what is held, what the totals are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.journal.entry import Draft
from devicelink.session.counters import reconcile
from devicelink.session.state import EndKind

if TYPE_CHECKING:
    from devicelink.session.lockdown import LockOutcome
    from devicelink.session.state import End


def end_data(end: End) -> dict[str, object]:
    """Why, as an entry's data."""
    return {"code": end.code, "kind": end.kind.value, "sentence": end.sentence}


def lock_drafts(device: str, session: str | None, outcome: LockOutcome) -> list[Draft]:
    """How a lock went; an unconfirmed one holds the device."""
    if outcome.confirmed:
        return [Draft("lock.confirmed", outcome.as_data(), session=session, device=device)]
    sentence = f"It was not confirmed locked: {outcome.why_not or 'no answer'}."
    return [
        Draft("lock.unconfirmed", outcome.as_data(), session=session, device=device),
        Draft(
            "device.held",
            {"code": "lock_unconfirmed", "sentence": sentence},
            session=session,
            device=device,
        ),
    ]


def closing_drafts(
    *,
    device: str,
    session: str,
    actor: str,
    end: End,
    outcome: LockOutcome | None,
    counters: tuple[int | None, int | None],
    totals: dict[str, object],
    transcript_sha256: str | None,
) -> list[Draft]:
    """All that ends a session, in order; one append."""
    why = {
        EndKind.PERSON: "stop.requested",
        EndKind.HARD: "fault.seen",
        EndKind.SOFT: "lease.ended",
        EndKind.TIME: "lease.ended",
    }.get(end.kind)
    drafts = []
    if why is not None:
        drafts.append(Draft(why, end_data(end), session=session, device=device))
    if outcome is not None:
        drafts += lock_drafts(device, session, outcome)
    if end.latch:
        latched = {"code": end.code, "sentence": end.sentence}
        drafts.append(Draft("fault.latched", latched, session=session, device=device))
    before, after = counters
    drafts.append(
        Draft("counter.reconciled", reconcile(before, after, 0), session=session, device=device)
    )
    closed = {"end": end_data(end), "totals": totals, "transcript_sha256": transcript_sha256}
    drafts.append(
        Draft("session.closed", closed, actor=actor, session=session, device=device, counter=after)
    )
    return drafts
