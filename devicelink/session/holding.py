"""What people say of a held device: that its cause is gone, or that its power is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, Refused
from devicelink.journal.entry import Draft
from devicelink.session.guard import attested_mark
from devicelink.session.ownership import is_owned
from devicelink.session.recovery import INTERRUPTED

if TYPE_CHECKING:
    from devicelink.devices.register import Device
    from devicelink.journal.entry import Entry
    from devicelink.people import Person
    from devicelink.session.context import Context


def held_device(context: Context, serial: str) -> Device:
    """A device whose holds may be lifted now; raises `ConfigError`, `Refused`."""
    device = context.device(serial)
    if not device.holds:
        raise ConfigError(f"{serial} is not held; there is nothing to acknowledge.")
    if device.intents or device.lock == "unconfirmed":
        raise Refused(
            f"{serial} is not confirmed locked yet. First: devicelink lock {serial}, or "
            f"devicelink device attest-off {serial} --by ID when its power is removed."
        )
    return device


def acknowledge(context: Context, device: Device, person: Person) -> Entry:
    """An administrator lifts all holds of a `held_device`."""
    holds = [hold.model_dump(exclude_none=True) for hold in device.holds]
    data = {"holds": [hold.index for hold in device.holds], "lifted": holds}
    draft = Draft(
        "device.acknowledged", data, actor=person.id, role="administrator", device=device.serial
    )
    return context.journal.append(draft)


def waiting_device(context: Context, serial: str) -> Device:
    """A device that waits for somebody's word on its power; raises `ConfigError`, `Refused`."""
    device = context.device(serial)
    if device.lock != "unconfirmed" and not _crashed(context, device):
        raise Refused(
            f"{serial} does not wait for anybody's word on its power: that is asked for only when "
            f"a lock is not confirmed. To take light away: devicelink lock {serial}"
        )
    return device


def attest_off(context: Context, device: Device, person: Person) -> Entry:
    """A person states that the power of a `waiting_device` is removed; it stays held."""
    serial = device.serial
    told = {"sentence": f"{person.name} states that the power of {serial} is removed."}
    role = person.roles[0]
    drafts = [Draft("lock.attested_off", told, actor=person.id, role=role, device=serial)]
    if _crashed(context, device):
        interrupted = {"end": INTERRUPTED, "uncontrolled": {"confirmed_by": None}}
        drafts += [
            Draft("session.interrupted", interrupted, session=one, device=serial)
            for one in device.open_sessions
        ]
    if not device.held_unconfirmed:
        hold = {"code": "lock_unconfirmed", "sentence": "Its power was removed by hand."}
        drafts.append(Draft("device.held", hold, device=serial))
    entry = context.journal.append_all(drafts)[0]
    context.runtime.disk.append(attested_mark(context.folder, serial), b"")
    return entry


def _crashed(context: Context, device: Device) -> bool:
    owned = is_owned(context.folder, device.serial, context.runtime)
    return device.recovery_due and not owned
