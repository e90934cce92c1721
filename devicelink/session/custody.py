"""In whose hands a laser is: held by a person, released to others, taken back, its fault cleared.

Each act that touches the laser owns it meanwhile, and takes light away before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import (
    ConfigError,
    DeviceFault,
    DeviceLinkError,
    JournalUnwritable,
    LockUnconfirmed,
    Refused,
)
from devicelink.journal import clock
from devicelink.journal.entry import Draft
from devicelink.link.transcript import NoTranscript
from devicelink.people.roster import ADMINISTRATOR
from devicelink.registry import require_allowed
from devicelink.session.closing import lock_drafts
from devicelink.session.connection import at_the_laser, connect
from devicelink.session.counters import reconcile
from devicelink.session.ownership import borrow
from devicelink.session.recovery import lock_and_identify, recover, require_locked
from devicelink.treatment.energy import IN_OTHER_HANDS, void_drafts
from devicelink.treatment.notes import keep_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.devices.register import Device
    from devicelink.driver import Identity, Status
    from devicelink.journal.entry import Entry
    from devicelink.people import Person
    from devicelink.session.connection import Connection, Who
    from devicelink.session.context import Context
    from devicelink.session.lockdown import LockOutcome
    from devicelink.session.ownership import Ownership

MAY_HOLD = (ADMINISTRATOR, "technician", "provider")


def hold(context: Context, serial: str, person: Person, reason: str) -> Entry:
    """A person who works here holds a device: no session begins until it is acknowledged.

    It needs nothing of the laser, and nobody's leave: a session that runs goes on until its next
    verdict. Raises `Refused` for an auditor, `ConfigError`, `JournalUnwritable`.
    """
    context.device(serial)
    role = next((role for role in MAY_HOLD if role in person.roles), None)
    if role is None:
        raise Refused(f"{person.name} may read, not hold. Ask a technician or an administrator.")
    data = {
        "code": "by_person",
        "sentence": f"{person.name} holds it.",
        "reason_sha256": keep_note(context.folder, reason, context.runtime),
    }
    return context.journal.append(
        Draft("device.held", data, actor=person.id, role=role, device=serial)
    )


def release(context: Context, serial: str, person: Person, *, to: str, reason: str) -> Entry:
    """Hand a laser, locked and read back, to its own panel or to a service engineer.

    Raises `Refused` where it is released, `DeviceBusy`, `LockUnconfirmed`, `ConfigError`,
    `JournalUnwritable`, and what its driver raises.
    """
    with _taken(context, serial) as held:
        device = context.device(serial)
        if device.released is not None:
            raise Refused(f"{serial} is released already. To take it back: {_return_words(serial)}")
        found = _locked(context, device, held)
        status = _asked(context, device)
        data = {
            "to": to,
            "counter": status.counter,
            "reason_sha256": keep_note(context.folder, reason, context.runtime),
        }
        released = _draft("device.released", data, serial, person, status.counter)
        return context.journal.append_all(
            [
                *lock_drafts(serial, None, found.outcome, who=found.who),
                *_voided(context, serial, person),
                released,
            ]
        )[-1]


def released_device(context: Context, serial: str) -> Device:
    """A device that is in other hands now; raises `ConfigError`."""
    device = context.device(serial)
    if device.released is None:
        raise ConfigError(f"{serial} is not released; there is nothing to take back.")
    return device


def take_back(context: Context, serial: str, person: Person) -> Entry:
    """Take a released laser back: locked, identified anew, its counter compared.

    Raises `ConfigError` where it is not released, `Refused` where nobody answers who it is,
    `DeviceBusy`, `LockUnconfirmed`, `JournalUnwritable`, and what its driver raises.
    """
    with _taken(context, serial) as held:
        device = released_device(context, serial)
        found = _locked(context, device, held)
        identity = found.who.identity if found.who else None
        if identity is None:
            raise Refused(
                f"The laser on {device.port} is locked, but did not say who it is, so {serial} "
                "stays released. Check cable and configuration, then try again."
            )
        status = _asked(context, device)
        handed = device.released
        counter = reconcile(handed.counter if handed else None, status.counter, 0)
        drafts = [
            *lock_drafts(serial, None, found.outcome, who=found.who),
            Draft("device.identified", _identified(identity, status), device=serial),
            Draft("counter.reconciled", counter, device=serial, counter=status.counter),
            *_voided(context, serial, person),
            _draft(
                "device.returned",
                {"released": handed.index if handed else None, "counter": counter},
                serial,
                person,
                status.counter,
            ),
        ]
        return context.journal.append_all(drafts)[-1]


def clear_fault(context: Context, serial: str, person: Person) -> Entry:
    """Clear over the wire what its driver can reset, locked before and after; the hold stays.

    The entry tells what was there, and what is left. Raises `ConfigError` where there is no fault,
    `Refused` for a released laser, `DeviceBusy`, `LockUnconfirmed`, and what its driver raises.
    """
    with _taken(context, serial) as held:
        device = context.device(serial)
        if device.released is not None:
            raise Refused(f"{serial} is released. First: {_return_words(serial)}")
        found = _locked(context, device, held)
        before = _asked(context, device)
        if not before.faults:
            context.journal.append_all(lock_drafts(serial, None, found.outcome, who=found.who))
            raise ConfigError(f"{serial} reports no fault; there is nothing to clear.")
        data: dict[str, object] = {"faults": list(before.faults), "words": dict(before.words)}
        intended = _draft("fault_reset.intended", data, serial, person, before.counter)
        context.journal.append_all(
            [*lock_drafts(serial, None, found.outcome, who=found.who), intended]
        )
        answer = _reset(context, device)
        found = _locked(context, device, held)
        after = _asked(context, device)
        data = {
            "before": list(before.faults),
            "left": list(after.faults),
            "answer": answer,
            "words": dict(after.words),
        }
        drafts = [
            *lock_drafts(serial, None, found.outcome, who=found.who),
            _draft("fault.cleared", data, serial, person, after.counter),
        ]
        if not device.holds:
            sentence = f"A fault was cleared over the wire ({', '.join(before.faults)})."
            latched = {"code": "fault_cleared", "sentence": sentence}
            drafts.append(Draft("device.held", latched, device=serial))
        entries = context.journal.append_all(drafts)
        return next(entry for entry in entries if entry.type == "fault.cleared")


@dataclass(frozen=True, slots=True)
class _Found:
    """A laser that was locked and asked who it is."""

    outcome: LockOutcome
    who: Who | None


def _taken(context: Context, serial: str) -> Ownership:
    """The device's lock file, and what a dead owner left recovered; raises `DeviceBusy`."""
    clock.check(context.journal, context.runtime)
    context.mirror.check()
    device = context.device(serial)
    require_allowed(device.driver, context.state()["station"])
    held = borrow(context.folder, serial, context.runtime)
    try:
        require_locked(recover(context, serial, held))
    except BaseException:
        held.release()
        raise
    return held


def _locked(context: Context, device: Device, held: Ownership) -> _Found:
    """Locked and read back; an unconfirmed lock is recorded, and raises `LockUnconfirmed`."""
    outcome, who = lock_and_identify(context, device, held)
    if outcome.confirmed:
        return _Found(outcome, who)
    unrecorded = ""
    try:
        context.journal.append_all(
            lock_drafts(device.serial, None, outcome, held=device.held_unconfirmed)
        )
    except JournalUnwritable as error:
        unrecorded = f" This could not be recorded: {error}"
    why = (outcome.why_not or "no answer").rstrip(".")
    raise LockUnconfirmed(
        f"{device.serial} is not confirmed locked: {why}.{unrecorded} {at_the_laser(device.driver)}"
    )


def _asked(context: Context, device: Device) -> Status:
    """What a locked laser says of itself, on a fresh port."""
    connection = _connected(context, device)
    try:
        connection.identify(device.serial)
        return connection.driver.read_status(connection.link)
    finally:
        connection.port.close()


def _reset(context: Context, device: Device) -> str:
    """Send what clears a fault, once, to a laser that says on this very port that it is locked.

    Whatever becomes of it, the caller locks and asks again.
    """
    connection = _connected(context, device)
    try:
        connection.identify(device.serial)
        reading = connection.driver.read_lock(connection.link)
        if not reading.confirmed:
            return f"not sent: {reading.why_not or 'the laser is not locked'}"
        connection.driver.clear_fault(connection.link)
    except DeviceFault as error:
        return f"the laser refused: {error}"
    except DeviceLinkError as error:
        return f"no answer that counts: {error}"
    finally:
        connection.port.close()
    return "acknowledged"


def _connected(context: Context, device: Device) -> Connection:
    return connect(
        driver=device.driver,
        configuration=device.configuration,
        port=device.port,
        runtime=context.runtime,
        transcript=NoTranscript(),
        simulated=context.simulated,
    )


def _identified(identity: Identity, status: Status) -> dict[str, object]:
    return {
        "identity": "asserted" if identity.serial is None else "read",
        "model": identity.model,
        "firmware": identity.firmware,
        "details": dict(identity.details),
        "words": dict(status.words),
    }


def _draft(
    kind: str, data: Mapping[str, object], serial: str, person: Person, counter: int | None
) -> Draft:
    return Draft(kind, data, actor=person.id, role=ADMINISTRATOR, device=serial, counter=counter)


def _voided(context: Context, serial: str, person: Person) -> list[Draft]:
    """What was measured of its energy says nothing of a laser that others had in hand."""
    checks = context.state()["energy_checks"]
    return void_drafts(checks, serial, IN_OTHER_HANDS, by=person.id, role=ADMINISTRATOR)


def _return_words(serial: str) -> str:
    return f"devicelink device return {serial} --by ID"
