"""`lock DEVICE`: takes light away, with or without a journal, whoever owns the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.devices.card import Card, read_card
from devicelink.errors import (
    ConfigError,
    DeviceBusy,
    DeviceLinkError,
    JournalBroken,
    JournalUnwritable,
    LockUnconfirmed,
)
from devicelink.link.transcript import NoTranscript
from devicelink.runtime import nanoseconds
from devicelink.session import relaying
from devicelink.session.closing import lock_drafts
from devicelink.session.connection import at_the_laser, connect, leave_to_guard, lock_whoever
from devicelink.session.lockdown import LOCK_WITHIN_S, LockOutcome
from devicelink.session.ownership import Ownership, ask_owner, own
from devicelink.session.recovery import (
    Recovered,
    journal_kept_facts,
    recover,
    unreached,
)

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Runtime
    from devicelink.session.connection import Connection, Who
    from devicelink.session.context import Context

ASK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Locked:
    """What `lock` came to."""

    confirmed: bool
    by: str
    """`lock`, or who owns the device: `session`, `guard`."""
    sentence: str
    at_the_laser: str

    def as_json(self) -> dict[str, object]:
        """For machines."""
        return {"confirmed": self.confirmed, "by": self.by, "sentence": self.sentence}


OpenContext = Callable[[], "Context"]
"""Opens the station; raises where it cannot. Asked for only when the light is taken away."""


def lock_device(folder: Path, serial: str, runtime: Runtime, open_context: OpenContext) -> Locked:
    """Lock one device, then record it where the journal takes it.

    Raises `ConfigError` for a device that nobody registered.
    """
    card = _card(folder, serial, runtime, open_context)
    advice = at_the_laser(card.driver)
    held = _own_or_ask(folder, serial, runtime)
    if not isinstance(held, Ownership):
        return _by_owner(serial, held, advice, open_context)
    try:
        return _by_ourselves(folder, card, held, runtime, open_context, advice)
    finally:
        held.release()


def _card(folder: Path, serial: str, runtime: Runtime, open_context: OpenContext) -> Card:
    """The card beside the lock file; where there is none, the register."""
    card = read_card(folder, serial, runtime.disk)
    if card is not None:
        return card
    try:
        device = open_context().device(serial)
    except (JournalBroken, JournalUnwritable):
        raise ConfigError(
            f"The device {serial!r} is not known here, and the journal, which may know it, "
            "cannot be read."
        ) from None
    return Card.model_validate(device.model_dump())


def _own_or_ask(
    folder: Path, serial: str, runtime: Runtime
) -> Ownership | dict[str, object] | None:
    """The device for ourselves, or its owner's answer; None where neither came in time.

    Where the folder takes no lock file, a living owner is asked all the same; without one light is
    taken away without a lock file. An owner may be just
    ending, a guard among them: then the device is ours a moment later.
    """
    give_up_ns = runtime.mono_ns() + nanoseconds(LOCK_WITHIN_S)
    while True:
        try:
            return own(folder, serial, runtime)
        except JournalUnwritable:
            return ask_owner(folder, serial, runtime) or Ownership(serial, None, runtime)
        except DeviceBusy:
            answer = ask_owner(folder, serial, runtime)
            if answer is not None or runtime.mono_ns() >= give_up_ns:
                return answer
            runtime.sleep(ASK_AGAIN_S)


def _by_owner(
    serial: str, answer: dict[str, object] | None, advice: str, open_context: OpenContext
) -> Locked:
    """Believe only a lock that the owner read back; record that there was none."""
    if answer is not None and answer.get("confirmed") is True:
        by = str(answer.get("by", "owner"))
        return Locked(
            confirmed=True,
            by=by,
            sentence=f"{serial} is locked, read back by its {by}{answer.get('who', '')}.",
            at_the_laser=advice,
        )
    why = "did not answer" if answer is None else "could not read back a lock"
    unread = unreached(f"the program that owns it {why}", now_ns=0)
    missing = _record(open_context, serial, unread, owned=True)
    sentence = f"{serial} is not confirmed locked: the program that owns it {why}.{missing}"
    return Locked(confirmed=False, by="owner", sentence=sentence, at_the_laser=advice)


def _by_ourselves(
    folder: Path,
    card: Card,
    held: Ownership,
    runtime: Runtime,
    open_context: OpenContext,
    advice: str,
) -> Locked:
    """By the card at once; then, where the journal knows the device otherwise, by the journal."""
    outcome, who, connection = _lock(card, runtime)
    registered = _registered(open_context, card)
    if registered is not None:
        if connection is not None:
            connection.port.close()
        card = registered
        outcome, who, connection = _lock(card, runtime)
    if connection is not None:
        if not outcome.confirmed and not outcome.port_lost:
            leave_to_guard(
                connection,
                held,
                driver=card.driver,
                configuration=card.configuration,
                folder=folder,
                runtime=runtime,
            )
        connection.port.close()
    confirmed, missing = outcome.confirmed, ""
    recovered = _recovered(open_context, card.serial, held) if confirmed else None
    if recovered is not None:
        confirmed = recovered.confirmed
    else:
        missing = _record(open_context, card.serial, outcome, who)
    if confirmed and outcome.reading is not None:
        told = f"{outcome.reading.evidence.words}{who.clause if who else ''}"
        sentence = f"{card.serial} is locked, {told}.{missing}"
        return Locked(confirmed=True, by="lock", sentence=sentence, at_the_laser=advice)
    why = (outcome.why_not or "no answer").rstrip(".")
    sentence = f"{card.serial} is not confirmed locked: {why}.{missing}"
    return Locked(confirmed=False, by="lock", sentence=sentence, at_the_laser=advice)


def _registered(open_context: OpenContext, card: Card) -> Card | None:
    """The device as the journal knows it, where the card says something else."""
    try:
        known = Card.model_validate(open_context().device(card.serial).model_dump())
    except DeviceLinkError:
        return None
    return known if known != card else None


def _lock(card: Card, runtime: Runtime) -> tuple[LockOutcome, Who | None, Connection | None]:
    """Every way, then who it was; the port stays open for a guard."""
    try:
        connection = connect(
            driver=card.driver,
            configuration=card.configuration,
            port=card.port,
            runtime=runtime,
            transcript=NoTranscript(),
        )
    except DeviceLinkError as error:
        return unreached(str(error), runtime.mono_ns()), None, None
    return *lock_whoever(connection, card.serial, runtime), connection


def _recovered(open_context: OpenContext, serial: str, held: Ownership) -> Recovered | None:
    """What a dead owner left is closed with this start; its own lock is then the last word."""
    try:
        return recover(open_context(), serial, held)
    except LockUnconfirmed:
        raise
    except DeviceLinkError:
        return None


def _record(
    open_context: OpenContext,
    serial: str,
    outcome: LockOutcome,
    who: Who | None = None,
    *,
    owned: bool = False,
) -> str:
    """The journal hears of it where it can; what is to be said where it could not.

    The relay in its interlock circuit, which the journal alone knows, is opened with it; unless the
    laser is `owned`, and the relay with it.
    """
    try:
        context = open_context()
        journal_kept_facts(context)
        device = context.device(serial)
        session = device.open_sessions[-1] if device.open_sessions else None
        drafts = lock_drafts(serial, session, outcome, held=device.held_unconfirmed, who=who)
        relay = [] if owned else relaying.open_left(context, device)
        context.journal.append_all([*drafts, *relay])
    except DeviceLinkError as error:
        return f" This could not be recorded: {error}"
    return "".join(f" {relaying.words(draft)}" for draft in relay)
