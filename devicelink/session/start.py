"""How a session or a check begins: the device taken, what a dead owner left, recovered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink import registry
from devicelink.errors import (
    DeviceBusy,
    DeviceLinkError,
    JournalBroken,
    JournalUnwritable,
    LockUnconfirmed,
)
from devicelink.journal import clock
from devicelink.journal.entry import Draft
from devicelink.link.transcript import NoTranscript
from devicelink.session import relaying
from devicelink.session.checking import Checking
from devicelink.session.closing import lock_drafts
from devicelink.session.connection import at_the_laser, connect, leave_to_guard, problem
from devicelink.session.gathering import Asked, gather
from devicelink.session.lockdown import lock
from devicelink.session.ownership import Ownership, borrow
from devicelink.session.permit import judge
from devicelink.session.procedure import Session
from devicelink.session.recovery import Recovered, recover, require_locked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.devices.register import Device
    from devicelink.session.connection import Connection
    from devicelink.session.context import Context
    from devicelink.session.facts import Facts
    from devicelink.session.permit import Verdict
    from devicelink.session.work import Face, Request
    from devicelink.treatment.checks import CheckRequest

GUARD_PATIENCE_S = 3.0
"""A guard whose owner died needs a moment to read back its lock and let go."""


def take(context: Context, serial: str) -> tuple[Device, Ownership | DeviceBusy, Recovered | None]:
    """Take a device's lock file and recover what its last owner left, if that is due.

    A device in use comes back as `DeviceBusy`, as a value: it is a finding among others. Raises
    `ConfigError` for a device that is not registered, `JournalBroken`, `JournalUnwritable`.
    """
    clock.check(context.journal, context.runtime)
    context.mirror.check()  # before anything is added to a journal that was put back
    device = context.device(serial)
    patience_s = GUARD_PATIENCE_S if device.recovery_due else 0.0
    try:
        held = borrow(context.folder, serial, context.runtime, within_s=patience_s)
    except DeviceBusy as error:
        return device, error, None
    try:
        recovered = recover(context, serial, held)
        return context.device(serial), held, recovered
    except BaseException:
        held.release()
        raise


def begin(context: Context, serial: str, request: Request, face: Face) -> Session:
    """A session on a device taken for it; the face hears what had to be recovered first.

    Raises as `take`, and `LockUnconfirmed` where a recovery could not read back a lock.
    """
    device, held, recovered = take(context, serial)
    if recovered is not None:
        face.say(recovered.sentence)
    try:
        require_locked(recovered)
    except BaseException:
        if isinstance(held, Ownership):
            held.release()
        raise
    return Session(context, device, held, request, face)


def check(
    context: Context,
    serial: str,
    *,
    technician: str,
    kind: str,
    settings: Mapping[str, str] | None,
    request: CheckRequest | None = None,
) -> tuple[Verdict, int]:
    """The verdict at this moment, recorded as `verdict.checked`; the laser is asked, never set.

    `request` is of a check of energy: its meter is asked, too.

    Returns the verdict and its entry's index.
    """
    device, held, recovered = take(context, serial)
    asked = Asked(
        technician=technician, kind=kind, client=None, signed_in=False, requested=settings
    )
    if isinstance(held, Ownership):
        try:
            _ask(context, device, asked, held)
        finally:
            held.release()
    else:
        asked.problem = problem(held)
    facts = _gather_with_meter(context, serial, asked, request)
    verdict = judge(facts)
    data = {**verdict.as_json(), "facts": facts.model_dump(mode="json")}
    entry = context.journal.append(Draft("verdict.checked", data, device=serial))
    require_locked(recovered)
    if asked.locked is False:
        advice = at_the_laser(device.driver)
        told = next(f.sentence for f in verdict.findings if f.code == "emitting_at_connect")
        raise LockUnconfirmed(f"{serial}: {told} {advice}")
    return verdict, entry.index


def _gather_with_meter(
    context: Context, serial: str, asked: Asked, request: CheckRequest | None
) -> Facts:
    """The facts of a check; with the meter's, where one is to be used."""
    if request is None:
        return gather(context, serial, asked, "check")
    checking = Checking(context, serial, request, scripted_s=None)
    asked.check = checking.facts
    try:
        checking.reach(None, context.runtime.latch())
        return gather(context, serial, asked, "check")
    finally:
        checking.close()


def _ask(context: Context, device: Device, asked: Asked, held: Ownership) -> None:
    """Questions alone; but a laser found emitting without a session is locked first."""
    if device.driver not in registry.allowed_drivers(context.state()["station"]):
        return
    if device.released is not None:
        return
    try:
        connection = connect(
            driver=device.driver,
            configuration=device.configuration,
            port=device.port,
            runtime=context.runtime,
            transcript=NoTranscript(),
            simulated=context.simulated,
        )
    except DeviceLinkError as error:
        asked.problem = problem(error)
        return
    asked.guard = connection.guarded_by
    relaying.look(context, device, asked)
    try:
        asked.firmware = connection.identify(device.serial).firmware
        asked.status = connection.driver.read_status(connection.link)
        asked.status_ns = context.runtime.mono_ns()
        if asked.status.state.can_make_light or asked.status.unexpected_emission:
            _lock_found(context, device, connection, asked, held)
        asked.device_bounds = connection.driver.bounds(connection.link)
    except (JournalUnwritable, JournalBroken, LockUnconfirmed):
        raise
    except DeviceLinkError as error:
        asked.problem = problem(error)
    finally:
        connection.port.close()


def _lock_found(
    context: Context, device: Device, connection: Connection, asked: Asked, held: Ownership
) -> None:
    """Light without a session: dark first, then the record."""
    words = dict(asked.status.words) if asked.status else {}
    outcome = lock(connection.link, connection.driver, context.runtime)
    asked.locked = outcome.confirmed
    found = Draft("device.light_found", {"words": words}, device=device.serial)
    if not outcome.confirmed and not outcome.port_lost:
        leave_to_guard(
            connection,
            held,
            driver=device.driver,
            configuration=device.configuration,
            folder=context.folder,
            runtime=context.runtime,
        )
    try:
        context.journal.append_all([found, *lock_drafts(device.serial, None, outcome)])
    except JournalUnwritable as error:
        if outcome.confirmed:
            raise
        advice = at_the_laser(device.driver)
        raise LockUnconfirmed(f"{device.serial} is not confirmed locked. {advice}") from error
