"""What a dead owner left behind: locked, identified, reconciled, closed (design rule 15).

A start is any command that takes a device's lock file. There, an intent towards light without a
confirmed lock behind it, or a session that was never closed, means that its owner is dead.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import (
    DeviceLinkError,
    JournalBroken,
    JournalUnwritable,
    LockUnconfirmed,
)
from devicelink.journal.entry import Draft
from devicelink.journal.kept import journal_kept
from devicelink.link.transcript import transcript_at
from devicelink.session import relaying
from devicelink.session.closing import lock_drafts
from devicelink.session.connection import (
    Who,
    at_the_laser,
    connect,
    leave_to_guard,
    lock_whoever,
)
from devicelink.session.guard import guard_lines, set_aside, take_lines
from devicelink.session.lockdown import LockOutcome

if TYPE_CHECKING:
    from devicelink.devices.register import Device
    from devicelink.journal.kept import KeptFile
    from devicelink.session.context import Context
    from devicelink.session.ownership import Ownership

INTERRUPTED = {
    "code": "interrupted",
    "kind": "hard",
    "sentence": "The program that ran the session ended without closing it.",
}


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did."""

    session: str | None
    confirmed: bool
    sentence: str
    at_the_laser: str


def recover(context: Context, serial: str, own: Ownership) -> Recovered | None:
    """Bring an owned device back to a known state, where its last owner died.

    Returns None where nothing was due. Never raises for a laser that cannot be reached: that is
    recorded as `lock.unconfirmed` and a hold. Raises `JournalUnwritable`, `JournalBroken`.
    """
    journal_kept_facts(context)
    device = context.device(serial)
    if not device.recovery_due:
        return None
    disk = context.runtime.disk
    aside = set_aside(guard_lines(context.folder, serial), disk)
    outcome, who = lock_and_identify(context, device, own)
    identity = who.identity if who else None
    lines = take_lines(aside, disk)
    session = device.open_sessions[-1] if device.open_sessions else None
    drafts = [
        Draft("guard.acted", {"line": line}, actor="guard", session=session, device=serial)
        for line in lines
    ]
    drafts += lock_drafts(serial, session, outcome, held=device.held_unconfirmed, who=who)
    drafts += relaying.open_left(context, device)
    recovered: dict[str, object] = {
        "intents": list(device.intents),
        "firmware": identity.firmware if identity else None,
    }
    drafts.append(Draft("station.recovered", recovered, session=session, device=serial))
    counter: dict[str, object] = {"before": None, "after": None, "why": "not_available"}
    drafts.append(Draft("counter.reconciled", counter, session=session, device=serial))
    interrupted = {
        "end": INTERRUPTED,
        "uncontrolled": _dark_since(context, device, lines, outcome),
    }
    drafts += [
        Draft("session.interrupted", interrupted, session=one, device=serial)
        for one in device.open_sessions
    ]
    try:
        context.journal.append_all(drafts)
    except JournalUnwritable as error:
        if outcome.confirmed:
            raise
        advice = at_the_laser(device.driver)
        raise LockUnconfirmed(f"{serial} is not confirmed locked. {error} {advice}") from error
    with contextlib.suppress(OSError):  # its lines are journalled; twice is better than never
        disk.remove(aside)
    word = "confirmed" if outcome.confirmed else "NOT confirmed"
    named = f"The session {session}" if session else "What was open"
    sentence = (
        f"{named} on {serial} was interrupted; the lock is {word}{who.clause if who else ''}."
    )
    return Recovered(session, outcome.confirmed, sentence, at_the_laser(device.driver))


def lock_and_identify(
    context: Context, device: Device, own: Ownership
) -> tuple[LockOutcome, Who | None]:
    """Lock first, then ask who it is; an unconfirmed laser is left to a guard."""
    path = context.folder / "transcripts" / f"recovery-{context.runtime.mono_ns()}.jsonl"
    transcript = transcript_at(path, context.runtime.disk)
    try:
        connection = connect(
            driver=device.driver,
            configuration=device.configuration,
            port=device.port,
            runtime=context.runtime,
            transcript=transcript,
            simulated=context.simulated,
        )
    except DeviceLinkError as error:
        now_ns = context.runtime.mono_ns()
        transcript.close()
        return unreached(str(error), now_ns), None
    try:
        outcome, who = lock_whoever(connection, device.serial, context.runtime)
        if not outcome.confirmed and not outcome.port_lost:
            leave_to_guard(
                connection,
                own,
                driver=device.driver,
                configuration=device.configuration,
                folder=context.folder,
                runtime=context.runtime,
            )
        return outcome, who
    finally:
        connection.port.close()
        transcript.close()


def unreached(why_not: str, now_ns: int) -> LockOutcome:
    """The outcome of a lock that had no port to be sent to."""
    return LockOutcome(
        confirmed=False,
        port_lost=True,
        attempts=(),
        tries=0,
        reading=None,
        why_not=why_not,
        began_ns=now_ns,
        ended_ns=now_ns,
    )


def require_locked(recovered: Recovered | None) -> None:
    """Raise `LockUnconfirmed` where a recovery could not read back a lock."""
    if recovered is not None and not recovered.confirmed:
        raise LockUnconfirmed(f"{recovered.sentence} {recovered.at_the_laser}")


def _dark_since(
    context: Context, device: Device, lines: list[dict[str, object]], outcome: LockOutcome
) -> dict[str, object]:
    """Until when light cannot be ruled out: the first confirmed read-back after the last intent."""
    confirmed: list[dict[str, object]] = []
    if device.intents:
        intent = context.journal.entry(max(device.intents))
        confirmed = [
            line
            for line in lines
            if line.get("what") == "confirmed"
            and line.get("boot") == intent.boot
            and int(str(line.get("mono_ns", 0))) > intent.mono_ns
        ]
    if confirmed:
        by_guard = {name: confirmed[0].get(name) for name in ("mono_ns", "boot")}
        return {"confirmed_by": "guard", **by_guard}
    if outcome.confirmed:
        boot = context.runtime.boot_id
        return {"confirmed_by": "recovery", "mono_ns": outcome.ended_ns, "boot": boot}
    return {"confirmed_by": None, "mono_ns": None, "boot": None}


def journal_kept_facts(context: Context) -> None:
    """Facts that an earlier session could not record: now, with a hold behind them."""

    def closing(file: KeptFile) -> list[Draft]:
        devices = {draft.device: draft.session for draft in file.drafts if draft.device}
        sentence = "The journal failed during a session; its facts were recorded later."
        hold = {"code": "evidence_incomplete", "sentence": sentence}
        return [
            Draft("device.held", hold, session=session, device=device)
            for device, session in devices.items()
        ]

    with contextlib.suppress(JournalBroken, JournalUnwritable):  # the file goes on holding
        journal_kept(context.journal, context.kept_folder, context.runtime, closing)
