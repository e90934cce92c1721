"""One device kept by the station's service: locked, read back, watched, lent, and taken back.

The keeper owns the device's lock file whenever nobody else does. It locks what it takes, asks
twenty times a second whether the laser is still locked and twice a second how it is, and lets go
when a session asks (`lend`). Light without a session is locked, held and recorded; a laser whose
port goes away or that falls silent is said to be unwatched until it is back, and then it is
somebody new: locked first, identified, recorded.
"""

from __future__ import annotations

import contextlib
from enum import StrEnum
from typing import TYPE_CHECKING

from devicelink.config import device_file
from devicelink.driver import DeviceState
from devicelink.errors import (
    DeviceBusy,
    DeviceLinkError,
    JournalBroken,
    JournalUnwritable,
    LinkLost,
    LockUnconfirmed,
    WrongDevice,
)
from devicelink.journal.entry import Draft
from devicelink.link.transcript import NoTranscript
from devicelink.runtime import nanoseconds, seconds
from devicelink.session.asking import answer_word
from devicelink.session.asks import Ask, Asks, Word
from devicelink.session.closing import lock_drafts
from devicelink.session.connection import at_the_laser, connect, leave_to_guard, lock_whoever
from devicelink.session.ownership import LEND_ASK, LENT_FOR_S, LockRequests, Ownership, own
from devicelink.session.recording import Recording
from devicelink.session.recovery import recover, unreached
from devicelink.session.watched import Watch, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devicelink.devices.register import Device
    from devicelink.driver import Status
    from devicelink.session.connection import Connection, Who
    from devicelink.session.context import Context
    from devicelink.session.lockdown import LockOutcome

LOOK_EVERY_S = 0.05
"""How often a locked laser is asked whether it still is; a slow line takes longer."""
BREATH_S = 0.01
"""Between two looks, however long one takes."""
STATUS_EVERY_S = 0.5
"""How often it is asked how it is: light that its lock does not show is seen within about that."""
WHO_EVERY_S = 5.0
"""How often it is asked who it is: another one may be plugged in where the port stays."""
SILENT_AFTER_S = 3.0
TAKE_EVERY_S = 0.2
REACH_EVERY_S = 0.5
KEEPER_LOCK_WITHIN_S = 1.0
"""Then a guard goes on: a service that was told to stop has three seconds in all."""
OLD_LIGHT_S = 6.0
"""Where a laser does not tell over what time it averages its output (0036)."""
_LIGHT = frozenset({DeviceState.ARMING, DeviceState.READY, DeviceState.EMITTING})

_OUT_OF_HAND = frozenset({Watch.UNWATCHED, Watch.UNCONFIRMED})
RELIT_EVERY_S = 10.0
"""Light that comes again and again is locked each time, and counted into one entry of so long."""

_LAST_LOCK = {
    "confirmed": "When it was last read it was locked.",
    "attested_off": "A person stated that its power is removed.",
    "unconfirmed": "It is NOT confirmed locked.",
}


class _Left(StrEnum):
    """Why the keeper let go of a port."""

    LOST = "lost"
    LENT = "lent"
    GUARDED = "guarded"
    STOPPED = "stopped"


class Keeper:
    """Keeps one device; `run` is its owner's thread, everything else may be called from any."""

    def __init__(self, context: Context, device: Device, hear: Callable[[Watched], None]) -> None:
        self._context = context
        self._runtime = context.runtime
        self._device = device
        self._hear = hear
        self._relit = 0
        self._relit_ns: int | None = None
        self._asks = Asks(device.serial, context.runtime)
        self._stopping = context.runtime.latch()
        self._lent_until_ns = 0
        self._old_light_until_ns = 0
        self._status_due_ns = 0
        self._recovered = False
        self._said_lost = False
        self._locked_before = False
        self._who_due_ns = 0
        self._who: Who | None = None
        """Who was locked, as far as it said so."""
        self._unread = ""
        """Why the journal could not be read, while it cannot."""
        self._unowned = ""
        """Why the device's lock file cannot be held, while it cannot."""
        self._recording = Recording(context, device.serial)
        self.word = Watch.STARTING
        """How it stands with the laser itself, whatever trouble the journal makes."""
        self.watched = Watched(device.serial, Watch.STARTING, "The service is starting.")
        self.beat_ns = self._runtime.mono_ns()
        """When the keeper's own loop last went round; one that hangs is seen by it."""

    @property
    def device(self) -> Device:
        """As the journal told it last."""
        return self._device

    @property
    def serial(self) -> str:
        """The device's."""
        return self._device.serial

    def stop(self) -> None:
        """Ask it to lock a last time and to let go."""
        self._stopping.set()
        self._asks.post(Word.STOP)

    def run(self) -> None:
        """Keep the device until stopped; an error of our own is said, and the keeper goes on."""
        locks = self._context.folder / "locks"
        with contextlib.ExitStack() as open_:
            try:
                lending = answer_word(
                    locks / device_file(self.serial, "lend"), LEND_ASK, self._runtime, self._lend
                )
                open_.callback(lending.close)
            except OSError as error:
                self._show(Watch.TROUBLE, f"Sessions cannot ask for {self.serial}: {error}.")
            while not self._stopping.is_set():
                try:
                    self._round()
                except LockUnconfirmed as error:
                    self._show(Watch.UNCONFIRMED, str(error))
                    self._decline(REACH_EVERY_S)
                except Exception as error:  # noqa: BLE001 - a keeper that dies would be silent
                    self._show(
                        Watch.TROUBLE, f"{self.serial} is not watched just now: {_words(error)}"
                    )
                    self._decline(REACH_EVERY_S)

    def _round(self) -> None:
        """Take the device, or say who has it."""
        self._beat()
        self._refresh()
        self._recording.leave_guard_lines()
        released = self._device.released
        if released is not None:
            self._show(Watch.RELEASED, f"{self.serial} is {released.sentence}.")
            self._decline(REACH_EVERY_S)
            return
        held = self._take()
        if held is None:
            self._decline(TAKE_EVERY_S)
            return
        try:
            with contextlib.ExitStack() as open_:
                try:
                    locks = self._context.folder / "locks"
                    requests = LockRequests(locks, self.serial, self._runtime, self._locked)
                    open_.callback(requests.close)
                except OSError as error:
                    self._show(Watch.TROUBLE, f"Other programs cannot ask for a lock: {error}.")
                self._refresh()  # released, registered anew or attested while it was being taken
                if self._device.released is None:
                    self._keep(held)
        finally:
            held.release()

    def _refresh(self) -> None:
        """The device as the journal knows it now; one that cannot be read stops no watch."""
        try:
            self._device = self._context.device(self.serial)
            self._unread = ""
        except DeviceLinkError as error:
            self._unread = f"The journal cannot be read: {error}"

    def _take(self) -> Ownership | None:
        """The device's lock file, unless it is lent or somebody's."""
        if self._runtime.mono_ns() < self._lent_until_ns:
            return None
        try:
            held = own(self._context.folder, self.serial, self._runtime)
        except JournalUnwritable as error:  # locking needs no lock file; the port is ours alone
            self._unowned = str(error)
            return Ownership(self.serial, None, self._runtime)
        except DeviceBusy:
            self._lent_until_ns, self._recovered = 0, False
            if self.watched.watch is Watch.UNCONFIRMED:
                return None
            if self._device.lock == "unconfirmed":
                advice = at_the_laser(self._device.driver)
                self._show(
                    Watch.UNCONFIRMED,
                    f"{self.serial} is NOT confirmed locked. Another program has it: a guard, most "
                    f"likely, which goes on locking it. {advice}",
                )
            else:
                self._show(Watch.IN_USE, f"{self.serial} is in use by a session.")
            return None
        self._unowned = ""
        return held

    def _keep(self, held: Ownership) -> None:
        """Recover, then watch, over as many plugs as it takes; returns when it has to let go."""
        if not self._recovered and not self._recover(held):
            return
        while not self._stopping.is_set():
            self._beat()
            self._refresh()
            connection = self._reach()
            if connection is None:
                self._recording.catch_up()
                left = self._pause(REACH_EVERY_S)
            else:
                try:
                    left = self._watch(connection, held)
                finally:
                    connection.port.close()
            if left not in {None, _Left.LOST}:
                return

    def _recover(self, held: Ownership) -> bool:
        """What a dead owner left, once; whether to go on: a guard may have the laser now."""
        self._recovered = True
        try:
            recovered = recover(self._context, self.serial, held)
        except (JournalBroken, JournalUnwritable) as error:
            self._recording.failed(error)
            return True
        self._refresh()
        if recovered is None or recovered.confirmed:
            return True
        self._show(Watch.UNCONFIRMED, f"{recovered.sentence} {recovered.at_the_laser}")
        return False

    def _reach(self) -> Connection | None:
        device = self._device
        try:
            return connect(
                driver=device.driver,
                configuration=device.configuration,
                port=device.port,
                runtime=self._runtime,
                transcript=NoTranscript(),
                simulated=self._context.simulated,
            )
        except DeviceLinkError as error:
            self._lost(str(error))
            return None

    def _watch(self, connection: Connection, held: Ownership) -> _Left:
        """Lock and identify, then ask again and again; why it ended."""
        if (left := self._locked_anew(connection, held)) is not None:
            return left
        answered_ns = looked_ns = self._runtime.mono_ns()
        while True:
            self._beat()
            due_ns = looked_ns + nanoseconds(LOOK_EVERY_S)
            ask = self._asks.take(max(BREATH_S, seconds(due_ns - self._runtime.mono_ns())))
            if ask is not None:
                if (left := self._act_on(ask, connection, held)) is not None:
                    return left
                continue
            looked_ns = max(due_ns, self._runtime.mono_ns() - nanoseconds(LOOK_EVERY_S))
            try:
                left = self._look(connection, held)
                answered_ns = self._runtime.mono_ns()
            except (LinkLost, WrongDevice) as error:
                self._lost(str(error))
                return _Left.LOST
            except DeviceLinkError as error:
                if self._runtime.mono_ns() - answered_ns > nanoseconds(SILENT_AFTER_S):
                    self._lost(str(error))
                    return _Left.LOST
                continue
            if left is not None:
                return left

    def _locked_anew(self, connection: Connection, held: Ownership) -> _Left | None:
        """Whoever is at the port now: locked first, then identified (design rule 15)."""
        outcome = self._lock(connection)
        reached = outcome.reading is not None
        identity = self._who.identity if self._who else None
        quiet_before = not self._device.intents and self._device.lock != "unconfirmed"
        if (not reached or outcome.port_lost) and quiet_before:
            # nobody readied it since it was locked, and it says nothing: switched off, most likely
            self._lost(outcome.why_not or "It does not answer.")
            return self._pause(REACH_EVERY_S) or _Left.LOST
        drafts = self._recording.guard_said()
        mute = self._mute(connection) if self._said_lost and outcome.confirmed else None
        if self._said_lost and outcome.confirmed and mute is None:
            words = dict(identity.details) if identity else {}
            firmware = identity.firmware if identity else None
            found = {"firmware": firmware, "words": words}
            drafts.append(Draft("device.found", found, device=self.serial))
        if drafts or not (self._locked_before and quiet_before and outcome.confirmed):
            drafts += self._lock_drafts(outcome)
        self._record(drafts)
        if mute is not None:
            self._lost(mute)
            return self._pause(REACH_EVERY_S) or _Left.LOST
        self._expect_old_light(connection)
        return self._after_lock(outcome, connection, held)

    def _mute(self, connection: Connection) -> str | None:
        """Why a lost laser is not found yet: it locks, but does not say how it is."""
        try:
            connection.driver.read_status(connection.link)
        except DeviceLinkError as error:
            return str(error)
        return None

    def _look(self, connection: Connection, held: Ownership) -> _Left | None:
        """Still locked? Now and then: how is it? Light is taken away before anything is written.

        What is read back as not locked is judged by a status, whose silence delays no lock long.
        """
        now_ns, status = self._runtime.mono_ns(), None
        if now_ns >= self._status_due_ns:
            status = connection.driver.read_status(connection.link)
            if self._is_light(status):
                return self._light_found(status, connection, held)
            self._status_due_ns = now_ns + nanoseconds(STATUS_EVERY_S)
            if connection.driver.declaration.tells_identity and now_ns >= self._who_due_ns:
                self._who = connection.who(self.serial)
                self._who_due_ns = now_ns + nanoseconds(WHO_EVERY_S)
            self._refresh()
            self._recording.catch_up()
            self._count_relit(now_ns)
        reading = connection.driver.read_lock(connection.link)
        if reading.confirmed:
            self._show_locked(reading.evidence.words, now_ns)
            return None
        with contextlib.suppress(DeviceLinkError):
            status = connection.driver.read_status(connection.link)
        if status is not None and self._is_light(status):
            return self._light_found(status, connection, held)
        outcome = self._lock(connection)
        self._record(self._lock_drafts(outcome))
        return self._after_lock(outcome, connection, held)

    def _count_relit(self, now_ns: int) -> None:
        """How often light came again since its last entry, as one more."""
        if self._relit and now_ns - (self._relit_ns or 0) >= nanoseconds(RELIT_EVERY_S):
            counted, self._relit = self._relit, 0
            told: dict[str, object] = {"words": {}, "state": None, "before": counted}
            self._record([Draft("device.light_found", told, device=self.serial)])

    def _is_light(self, status: Status) -> bool:
        """Light, or one control away from it; not what an average shows of a session's light."""
        old_light = self._runtime.mono_ns() < self._old_light_until_ns
        return status.state in _LIGHT or (status.unexpected_emission and not old_light)

    def _light_found(self, status: Status, connection: Connection, held: Ownership) -> _Left | None:
        """Light, or one control away from it, and no session: dark first, then record and hold."""
        outcome = self._lock(connection)
        now_ns = self._runtime.mono_ns()
        again = self._relit_ns is not None and now_ns - self._relit_ns < nanoseconds(RELIT_EVERY_S)
        if again and outcome.confirmed and self._held_for_light():
            self._relit += 1
            return self._after_lock(outcome, connection, held)
        self._relit_ns = now_ns
        sentence = f"{status.state.value} was read while no session was running."
        found = {"words": dict(status.words), "state": status.state.value, "before": self._relit}
        self._relit = 0
        drafts = [Draft("device.light_found", found, device=self.serial)]
        drafts += self._lock_drafts(outcome)
        if not self._held_for_light():
            hold = {"code": "light_without_session", "sentence": sentence}
            drafts.append(Draft("device.held", hold, device=self.serial))
        self._record(drafts)
        return self._after_lock(outcome, connection, held)

    def _held_for_light(self) -> bool:
        return any(hold.code == "light_without_session" for hold in self._device.holds)

    def _after_lock(
        self, outcome: LockOutcome, connection: Connection, held: Ownership
    ) -> _Left | None:
        """Go on watching a locked laser; any other is left to a guard, or lost with its port."""
        if outcome.confirmed and outcome.reading is not None:
            self._said_lost, self._locked_before = False, True
            self._show_locked(outcome.reading.evidence.words, outcome.ended_ns)
            return None
        why = (outcome.why_not or "no answer").rstrip(".")
        advice = at_the_laser(self._device.driver)
        self._show(Watch.UNCONFIRMED, f"{self.serial} is NOT confirmed locked: {why}. {advice}")
        if outcome.port_lost:
            return self._pause(REACH_EVERY_S) or _Left.LOST
        leave_to_guard(
            connection,
            held,
            driver=self._device.driver,
            configuration=self._device.configuration,
            folder=self._context.folder,
            runtime=self._runtime,
        )
        return _Left.GUARDED

    def _act_on(self, ask: Ask, connection: Connection, held: Ownership) -> _Left | None:
        """Carry out what another thread wants, with the laser in reach."""
        if ask.word is Word.LEND:
            return self._let_go(ask)
        outcome = self._lock(connection)
        self._answer_lock(ask, outcome)
        left = self._after_lock(outcome, connection, held)
        return _Left.STOPPED if left is None and ask.word is Word.STOP else left

    def _answer_lock(self, ask: Ask, outcome: LockOutcome) -> None:
        """The caller first, then the record."""
        who = self._who.clause if self._who else ""
        ask.reply(confirmed=outcome.confirmed, by="service", who=who)
        self._record(self._lock_drafts(outcome))

    def _let_go(self, ask: Ask) -> _Left | None:
        """Give the device to whoever asks for it, for a moment; taken back when nobody took it."""
        if ask.word is Word.STOP:
            return _Left.STOPPED
        if self._runtime.mono_ns() > ask.until_ns:
            return None  # whoever asked has gone
        self._show(Watch.IN_USE, f"{self.serial} is in use by a session.")
        self._lent_until_ns = self._runtime.mono_ns() + nanoseconds(LENT_FOR_S)
        self._recovered = False
        ask.reply(lent=True)
        return _Left.LENT

    def _lost(self, why: str) -> None:
        """Say, and record once, that nobody sees what the laser does."""
        since = self.watched.read_ns
        if not self._said_lost:
            self._said_lost = True
            told = {"why": why, "last_read_mono_ns": since, "last_lock": self._device.lock}
            self._record([Draft("device.lost", told, device=self.serial)])
        if self.watched.watch is Watch.UNCONFIRMED and self._device.lock != "attested_off":
            return
        last = _LAST_LOCK.get(self._device.lock, "")
        self._show(Watch.UNWATCHED, f"{self.serial} is not watched: {why} {last}".rstrip(), since)

    def _lock_drafts(self, outcome: LockOutcome) -> list[Draft]:
        """How a lock went; one that failed as before is not told again."""
        if not outcome.confirmed and self._device.lock == "unconfirmed":
            return []
        held = self._device.held_unconfirmed
        return lock_drafts(self.serial, None, outcome, held=held, who=self._who)

    def _record(self, drafts: Sequence[Draft]) -> None:
        self._recording.write(drafts)
        self._refresh()

    def _locked(self) -> dict[str, object]:
        """The answer to `stop` on the device's socket."""
        return self._asks.answer(Word.LOCK)

    def _lend(self) -> dict[str, object]:
        """The answer to `lend`: whether the lock file may be taken now."""
        return self._asks.answer(Word.LEND)

    def _show_locked(self, known_how: str, read_ns: int) -> None:
        sentence = f"{self.serial} is locked, {known_how}{self._who.clause if self._who else ''}."
        if self._device.holds:
            held = "; ".join(hold.sentence for hold in self._device.holds)
            sentence += f" It is held: {held}"
        self._show(Watch.LOCKED, sentence, read_ns)

    def _show(self, watch: Watch, sentence: str, read_ns: int | None = None) -> None:
        """Tell whoever listens, where something changed; a trouble that lasts is told with it."""
        self.word = watch
        troubles = (self._unread, self._unowned, self._recording.trouble)
        trouble = " ".join(each for each in troubles if each)
        if trouble and watch is not Watch.TROUBLE:
            watch = watch if watch in _OUT_OF_HAND else Watch.TROUBLE
            sentence = f"{sentence} {trouble}"
        before = self.watched
        self.watched = Watched(self.serial, watch, sentence, read_ns)
        if (before.watch, before.sentence) != (watch, sentence):
            self._hear(self.watched)

    def _pause(self, within_s: float) -> _Left | None:
        """A while with the device ours and nothing to ask; whether to let go of it."""
        ask = self._asks.take(within_s)
        if ask is None:
            return None
        if ask.word is Word.LOCK:
            self._answer_lock(ask, unreached(self.watched.sentence, self._runtime.mono_ns()))
            return None
        return self._let_go(ask)

    def _decline(self, within_s: float) -> None:
        """A while with the device somebody else's: what is wanted of it, others have to answer."""
        ask = self._asks.take(within_s)
        if ask is not None:
            ask.reply(lent=False, confirmed=False, by="service")

    def _lock(self, connection: Connection) -> LockOutcome:
        """Every way, for a second; then who it was."""
        outcome, self._who = lock_whoever(
            connection, self.serial, self._runtime, within_s=KEEPER_LOCK_WITHIN_S
        )
        self._who_due_ns = self._runtime.mono_ns() + nanoseconds(WHO_EVERY_S)
        return outcome

    def _expect_old_light(self, connection: Connection) -> None:
        """For how long an averaged output may still show what a session ended (0036)."""
        memory_s = OLD_LIGHT_S
        with contextlib.suppress(DeviceLinkError):
            memory_s = connection.driver.read_effective(connection.link, {}).output_memory_s
        self._old_light_until_ns = self._runtime.mono_ns() + nanoseconds(memory_s)

    def _beat(self) -> None:
        self.beat_ns = self._runtime.mono_ns()


def _words(error: Exception) -> str:
    """An error as a person can read it."""
    return str(error) if isinstance(error, DeviceLinkError) else f"an error of its own ({error!r})"
