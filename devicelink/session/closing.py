"""The way out: lock, record how it went, and leave nothing unguarded."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError, GuardGone, JournalBroken, JournalUnwritable
from devicelink.journal.entry import Draft
from devicelink.journal.kept import keep
from devicelink.session import relaying
from devicelink.session.connection import lock_whoever
from devicelink.session.counters import hold_of, reconcile
from devicelink.session.guard import guard_lines, set_aside, take_lines
from devicelink.session.ownership import Ownership
from devicelink.session.state import EndKind
from devicelink.session.work import LivingLink

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.session.connection import Who
    from devicelink.session.guard import Guard
    from devicelink.session.lockdown import LockOutcome
    from devicelink.session.state import End
    from devicelink.session.work import Work

_WHY = {
    EndKind.PERSON: "stop.requested",
    EndKind.HARD: "fault.seen",
    EndKind.SOFT: "lease.ended",
    EndKind.TIME: "lease.ended",
}


def lock_now(work: Work) -> LockOutcome | None:
    """Every way, until read back, then who it was; the guard is kept from acting meanwhile."""
    relaying.let_go(work)
    if work.connection is None:
        return None

    def beat() -> None:
        try:
            work.guard.beat()
        except GuardGone:
            return

    work.outcome, work.who = lock_whoever(
        work.connection, work.device.serial, work.context.runtime, alive=beat
    )
    if work.outcome.of_another:
        work.face.say(f"Another laser was locked. {work.outcome.why_not}")
    return work.outcome


def lock_drafts(
    device: str,
    session: str | None,
    outcome: LockOutcome,
    *,
    held: bool = False,
    who: Who | None = None,
) -> list[Draft]:
    """How a lock went; an unconfirmed one holds the device, unless it is `held` so already."""
    if outcome.confirmed:
        data = outcome.as_data() | (who.as_data() if who else {})
        return [Draft("lock.confirmed", data, session=session, device=device)]
    why = (outcome.why_not or "no answer").rstrip(".")
    sentence = f"It was not confirmed locked: {why}."
    hold = {"code": "lock_unconfirmed", "sentence": sentence}
    unconfirmed = Draft("lock.unconfirmed", outcome.as_data(), session=session, device=device)
    if held:
        return [unconfirmed]
    return [unconfirmed, Draft("device.held", hold, session=session, device=device)]


def close(work: Work, end: End) -> None:
    """Record how it ended; where the journal cannot, keep the facts beside it."""
    work.done.set()
    relay = relaying.end(work)
    disk = work.context.runtime.disk
    lines: list[dict[str, object]] = []
    aside = None
    if isinstance(work.own, Ownership):
        aside = set_aside(guard_lines(work.context.folder, work.device.serial), disk)
        lines = take_lines(aside, disk)
    _read_the_rest(work)
    drafts = _drafts(work, end, lines, relay)
    try:
        work.context.journal.append_all(drafts)
    except (JournalUnwritable, JournalBroken) as error:
        work.evidence_kept = True
        if not _keep_aside(work, drafts, str(error)):
            return
    work.mirror()
    if aside is not None:
        with contextlib.suppress(OSError):
            disk.remove(aside)


def _read_the_rest(work: Work) -> None:
    """The counter as it stands behind the lock, and what else a console has to tell.

    That may take longer than the guard waits for a beat.
    """
    connection = work.connection
    if connection is None or work.outcome is None or not work.outcome.confirmed:
        return
    with contextlib.suppress(DeviceLinkError):
        if work.account is not None:
            link = LivingLink(connection.link, work.guard, work.context.runtime, until_ns=None)
            work.asked.status = work.account.read_rest(link)
        elif work.counter_before is not None:
            work.asked.status = connection.driver.read_status(connection.link)


def _keep_aside(work: Work, drafts: list[Draft], why: str) -> bool:
    """Keep what the journal did not take; whether it is kept."""
    try:
        where = keep(work.context.kept_folder, drafts, work.context.runtime)
    except JournalUnwritable as error:
        work.face.say(f"{why} {error} Write down what happened: it is recorded nowhere.")
        return False
    work.face.say(f"{why} What happened is kept in {where}.")
    return True


def _drafts(
    work: Work,
    end: End,
    guard_said: list[dict[str, object]],
    relay: tuple[str, dict[str, object]] | None,
) -> list[Draft]:
    """All that ends a session, in order; one append."""
    session, device, outcome = work.session, work.device.serial, work.outcome
    drafts = work.unrecorded + work.accounted()

    def add(kind: str, data: dict[str, object]) -> None:
        drafts.append(Draft(kind, data, session=session, device=device))

    gap = work.telemetry.take_gap(even_open=True)
    if gap is not None:
        add("telemetry.gap", gap)
    drafts += [
        Draft("guard.acted", {"line": line}, actor="guard", session=session, device=device)
        for line in guard_said
    ]
    batch = work.telemetry.take(work.now(), all_of_it=True)
    if batch is not None:
        add("telemetry.recorded", batch)
    why: dict[str, object] = {
        "code": end.code,
        "kind": end.kind.value,
        "sentence": end.sentence,
    }
    if end.kind in _WHY:
        add(_WHY[end.kind], why)
    if outcome is not None:
        drafts += lock_drafts(device, session, outcome, who=work.who)
    if relay is not None:
        add(*relay)
    if end.latch:
        add("fault.latched", {"code": end.code, "sentence": end.sentence})
    if work.unrecorded:
        sentence = "The journal failed during a session; its facts were recorded later."
        add("device.held", {"code": "evidence_incomplete", "sentence": sentence})
    counter = work.counter
    seen = _checked(work, end, counter, add)
    pulses = work.account.pulses if work.account else seen
    reconciled = reconcile(work.counter_before, counter, pulses)
    add("counter.reconciled", reconciled)
    if (hold := hold_of(reconciled)) is not None:
        add("device.held", hold)
    closed = {
        "end": why,
        "totals": work.telemetry.totals(),
        "evidence": "incomplete" if work.unrecorded else "complete",
        "transcript_sha256": work.transcript.sha256() if work.transcript else None,
    }
    actor = work.request.person.id
    drafts.append(
        Draft(
            "session.closed", closed, actor=actor, session=session, device=device, counter=counter
        )
    )
    return drafts


def _checked(
    work: Work, end: End, counter: int | None, add: Callable[[str, dict[str, object]], None]
) -> int:
    """What a check of energy leaves on record; how many pulses it counted."""
    if work.checking is None:
        return 0
    result = work.checking.result(end, counter, work.facts)
    batch = work.checking.take_batch()
    if batch is not None:
        add("energy_check.pulses_recorded", batch)
    if result is not None:
        add(*result)
    return len(work.checking.pulses)


def _hand_over(work: Work, last_guard: Callable[[Work], Guard]) -> None:
    """To the guard that there is, or to a new one."""
    try:
        work.guard.take_over()
    except GuardGone:
        try:
            work.guard = last_guard(work)
            work.guard.take_over()
        except DeviceLinkError as error:
            work.face.say(str(error))


def leave(work: Work, last_guard: Callable[[Work], Guard]) -> None:
    """Let go of guard, port and lock file; a laser not confirmed locked stays guarded."""
    work.done.set()
    if work.requests is not None:
        work.requests.close()
    if work.touched and work.outcome is None:
        lock_now(work)
    if work.relay is not None:
        work.relay.leave()
    outcome = work.outcome
    if outcome is not None and not outcome.confirmed and not outcome.port_lost:
        _hand_over(work, last_guard)
    else:
        work.guard.farewell()
    if work.connection is not None:
        work.connection.port.close()
    if work.transcript is not None:
        work.transcript.close()
    if work.checking is not None:
        work.checking.close()
    if isinstance(work.own, Ownership):
        work.own.release()
