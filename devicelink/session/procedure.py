"""A session from open to close: a loop that carries out the effects of the pure state table.

The owner's thread runs `Session.run`; faces (the command line, later a page) talk to it through
`inbox` alone: they post events, renew the lease, and stop it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.driver import ControlShown, Evidence
from devicelink.errors import (
    DeviceBusy,
    DeviceDeclined,
    DeviceLinkError,
    GuardGone,
    JournalBroken,
    JournalUnwritable,
    LinkLost,
    ProtocolError,
    RelayLost,
    Stopped,
    WrongDevice,
)
from devicelink.runtime import nanoseconds, seconds
from devicelink.session import preparing, unlocking
from devicelink.session import state as table
from devicelink.session.checking import Checking
from devicelink.session.closing import close, leave, lock_now
from devicelink.session.gathering import Asked
from devicelink.session.lockdown import LOCK_WITHIN_S
from devicelink.session.ownership import LockRequests, Ownership
from devicelink.session.watching import Watch
from devicelink.session.work import Face, HeldFace, Request, Work, posted_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink.devices.register import Device
    from devicelink.runtime import Mailbox
    from devicelink.session.context import Context
    from devicelink.session.permit import Verdict

POLL_READY_S = 0.05
POLL_STANDBY_S = 0.1
PANEL_EVERY_S = 1.0
MIRROR_EVERY_S = 60.0
ASLEEP_MAX_S = 0.5
_NOT_THE_LASERS = (
    *(Stopped, LinkLost, WrongDevice, GuardGone, RelayLost, JournalUnwritable, JournalBroken),
)
"""What is no missing answer of the laser's, but the end of something else."""
_OVER = frozenset({table.Phase.LOCKING, table.Phase.ENDED})
"""What was seen before the lock is not shown after it."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a session ended."""

    session: str
    end: table.End
    confirmed: bool | None
    """Whether the lock was read back; None where nothing had been sent."""
    evidence: Evidence | None
    """How a lock that was read back is known."""
    who_clause: str
    """What is to be said behind that where nobody told who was locked."""
    verdict: Verdict | None
    at_the_laser: str
    evidence_kept: bool
    """Whether the journal could not take the end, and the facts lie in a file instead."""

    @property
    def may_be_signed(self) -> bool:
        """Whether somebody was treated, and the record is whole and ends locked."""
        refused = self.end.kind is table.EndKind.REFUSED
        return self.confirmed is not False and not refused and not self.evidence_kept


class Session:
    """One session on one device; `own` is the device's lock file, or why it cannot be had."""

    def __init__(
        self,
        context: Context,
        device: Device,
        own: Ownership | DeviceLinkError,
        request: Request,
        face: Face,
    ) -> None:
        runtime = context.runtime
        self.inbox: Mailbox[table.Event] = runtime.mailbox()
        asked = Asked(
            technician=request.person.id,
            kind=request.kind,
            client=request.client,
            signed_in=True,
            requested=request.settings,
        )
        held_face = HeldFace(face, self._face_lost)
        self._work = Work(
            context, device, own, request, held_face, asked, runtime.latch(), runtime.latch()
        )
        if request.check is not None:
            checking = Checking(
                context, device.serial, request.check, scripted_s=request.ready_for_s
            )
            self._work.checking, asked.check = checking, checking.facts
        self._state = table.opened(
            table.Bounds(arming_ns=0, control_shown=ControlShown.YES), runtime.mono_ns()
        )
        self._panel_id = ""
        self._panel_ns = 0
        self._polled_ns = 0
        self._ready_asked = False
        self._watch = Watch(self._work)
        self._asleep_ns = runtime.asleep_ns()

    @property
    def phase(self) -> table.Phase:
        """Where the session stands."""
        return self._state.phase

    def stop(self, end: table.End) -> None:
        """End it, from any thread or signal handler: the running wait ends at once."""
        self.inbox.post(table.Ended(self._work.now(), end))
        self._work.stop.set()

    def _face_lost(self, why: str) -> None:
        """Where nobody can be told what the laser does, it does nothing."""
        if not self._work.stop.is_set():
            sentence = f"The screen could not show any more what the laser does ({why})."
            self.stop(table.End("face_lost", table.EndKind.HARD, sentence))

    def run(self) -> Result:
        """Carry the session through; raises only where not even its opening could be recorded."""
        work = self._work
        try:
            preparing.open_session(work)
            self._answer_lock_requests()
            refused = self._refused_early()
            if refused is None:
                self._drive()
            return self._result(refused or self._state.end)
        finally:
            leave(work, preparing.guard_for)

    def _answer_lock_requests(self) -> None:
        """Anyone who may use the station's folder may ask for a lock, and is told the outcome."""
        work = self._work
        if not isinstance(work.own, Ownership):
            return
        asked = table.End("stop", table.EndKind.PERSON, "Another program asked for the lock.")

        def answer() -> dict[str, object]:
            if work.done.is_set():
                raise DeviceBusy("This session has ended: ask whoever owns the device next.")
            self.stop(asked)
            work.context.runtime.sleep(LOCK_WITHIN_S, work.done)
            confirmed = work.outcome is not None and work.outcome.confirmed
            who = work.who.clause if work.who else ""
            return {"confirmed": confirmed, "by": "session", "session": work.session, "who": who}

        locks = work.context.folder / "locks"
        try:
            work.requests = LockRequests(locks, work.own.serial, work.context.runtime, answer)
        except OSError as error:
            work.face.say(f"Other programs cannot ask this one for a lock: {error}.")

    def _refused_early(self) -> table.End | None:
        work = self._work
        try:
            return preparing.refused_early(work)
        except Stopped:
            return None
        except (JournalUnwritable, JournalBroken) as error:
            end = table.End("journal", table.EndKind.HARD, str(error))
            close(work, end)
            return end

    def _drive(self) -> None:
        """Feed events until the session has ended; whatever goes wrong in here locks."""
        self._feed(self._attempt(self._prepare))
        while self._state.phase is not table.Phase.ENDED:
            self._feed(self._attempt(self._next))

    def _prepare(self) -> table.Event:
        """Set, read back, start the guard, judge: all before `unlock.intended`."""
        work = self._work
        refused = preparing.close_relay(work)
        if refused is not None:
            return refused
        effective = preparing.set_and_read_back(work)
        self._panel_id, self._panel_ns = effective.settings_id, work.now()
        self._state = table.opened(preparing.bounds_of(work, effective), work.now())
        preparing.post_guard(work)
        work.read_status()
        return unlocking.judge_now(work, "unlock")

    def _attempt(self, act: Callable[[], table.Event]) -> table.Event:
        """What an act came to: its own event, or the event that its failure is."""
        work = self._work
        try:
            return act()
        except Stopped:
            return posted_end(self.inbox) or table.Tick(work.now())
        except (JournalUnwritable, JournalBroken) as error:
            return table.NotDurable(work.now(), str(error))
        except RelayLost as error:
            return work.hard_end("interlock_relay", str(error), latch=True)
        except GuardGone as error:
            return work.hard_end("guard", str(error))
        except LinkLost as error:
            return work.hard_end("link_lost", str(error), latch=True)
        except WrongDevice as error:
            return work.hard_end("wrong_device", str(error), latch=True)
        except DeviceDeclined as error:
            held = self.phase in table.LIGHT_POSSIBLE
            return work.hard_end("declined", str(error), latch=held)
        except DeviceLinkError as error:
            return table.Failed(work.now(), str(error))
        except Exception as error:  # noqa: BLE001 - an error of our own must end in a lock, too
            return work.hard_end("internal", f"devicelink met its own error: {error!r}", latch=True)

    def _feed(self, event: table.Event) -> None:
        """Decide, act, and only then show: a terminal that takes nothing delays no lock."""
        self._state, effects = table.step(self._state, event)
        for effect in effects:
            answer = self._carry_out(effect)
            if answer is not None:
                self._feed(answer)
        if isinstance(event, table.Seen) and self.phase not in _OVER:
            age_s = seconds(self._work.now() - event.at_ns)
            self._work.face.seen(self.phase, event.status, age_s)

    def _carry_out(self, effect: table.Effect) -> table.Event | None:
        """Do one effect; what came of it is the next event."""
        work = self._work
        match effect:
            case table.Judge():
                return self._attempt(lambda: unlocking.judge_again(work))
            case table.Intend(step=step):
                return self._attempt(lambda: unlocking.intend(work, step))
            case table.Send(step=step, entry_index=index):
                self._panel_ns = work.now()  # before READY the settings are compared by `send`
                return self._attempt(lambda: unlocking.send(work, step, index))
            case table.SendStandby(reason=reason):
                return self._attempt(lambda: unlocking.send_standby(work, reason))
            case table.Record(type=kind, data=data):
                return self._attempt(lambda: self._record(kind, data))
            case table.Announce(sentence=sentence):
                work.face.say(sentence)
            case table.Lock():
                outcome = lock_now(work)
                return table.LockTried(work.now(), outcome is not None and outcome.confirmed)
            case table.Close(end=end):
                close(work, end)
        return None

    def _record(self, kind: str, data: Mapping[str, object]) -> table.Event:
        self._work.append(kind, data)
        return table.Tick(self._work.now())

    def _next(self) -> table.Event:
        """The next event: from a face, from the script, from the laser, or time."""
        posted = self.inbox.take(0)
        if posted is not None:
            return posted
        self._work.guard.beat()
        if self._work.context.runtime.asleep_ns() - self._asleep_ns > nanoseconds(ASLEEP_MAX_S):
            return self._work.hard_end("suspended", "The computer was put to sleep in mid-session.")
        withdrawn = self._watch.look()
        if withdrawn is not None:
            return withdrawn
        checked = self._checked()
        if checked is not None:
            return checked
        scripted = self._scripted()
        if scripted is not None:
            return scripted
        light = self._state.phase in table.LIGHT_POSSIBLE
        due_ns = self._polled_ns + nanoseconds(POLL_READY_S if light else POLL_STANDBY_S)
        left_s = seconds(due_ns - self._work.now())
        if left_s <= 0:
            self._polled_ns = self._work.now()
            return self._poll()
        return self.inbox.take(left_s) or table.Tick(self._work.now())

    def _checked(self) -> table.Event | None:
        """What a check of energy makes of the pulses that its meter told."""
        work, checking = self._work, self._work.checking
        if checking is None:
            return None
        if self.phase is table.Phase.STANDBY and checking.own.due(self._in_phase_s):
            checking.own.end(work.living(work.reached()))
        event = checking.look(self._state, work.asked.status)
        if event is None and (words := checking.words(self.phase)) is not None:
            work.face.say(words)
        return event

    @property
    def _in_phase_s(self) -> float:
        return seconds(self._work.now() - self._state.since_ns)

    def _scripted(self) -> table.Event | None:
        """What a person would do, where a simulated station lets a script stand in."""
        work = self._work
        wanted_s, phase, now_ns = work.request.ready_for_s, self.phase, work.now()
        if wanted_s is None:
            return None
        if phase is table.Phase.READY and now_ns - self._state.since_ns >= nanoseconds(wanted_s):
            sentence = f"The planned {wanted_s:g} s in READY are over."
            return table.Ended(now_ns, table.End("planned_time", table.EndKind.TIME, sentence))
        if phase is table.Phase.STANDBY and not self._ready_asked:
            self._ready_asked = True
            return table.AskReady(now_ns)
        checking = work.checking
        waits = checking and (checking.complete or checking.may_be_coming(self._in_phase_s))
        if phase is table.Phase.STANDBY and not waits:
            sentence = "READY was not reached, or was left before its time."
            return work.hard_end("left_ready", sentence)
        return None

    def _poll(self) -> table.Event:
        """Ask the laser; a missing answer is a gap, and becomes an end when it grows old."""
        work = self._work
        self._record_telemetry()
        try:
            changed = self._changed_at_panel()
            if changed is not None:
                return changed
            status = work.read_status()
        except _NOT_THE_LASERS:
            raise
        except DeviceLinkError as error:
            work.telemetry.missed(work.now(), str(error))
            work.face.seen(self.phase, None, seconds(work.now() - self._state.seen_ns))
            return table.Tick(work.now())
        seen_ns, now_ns = work.asked.status_ns, work.now()
        if now_ns - seen_ns > table.STALE_READY_NS and not table.calls_for_lock(status):
            work.telemetry.missed(now_ns, "the answer was older than a second when it was read")
            return table.Tick(now_ns)
        work.telemetry.answered(now_ns)
        if self.phase in table.LIGHT_POSSIBLE:
            work.telemetry.add(seen_ns, status)
        return table.Seen(seen_ns, status)

    def _record_telemetry(self) -> None:
        """What was read before; done before the next question, never between answer and act."""
        work = self._work
        work.append_accounted()
        gap = work.telemetry.take_gap()
        if gap is not None:
            work.append("telemetry.gap", gap)
        batch = work.telemetry.take(work.now())
        if batch is not None:
            work.append("telemetry.recorded", batch)
        pulses = work.checking.take_batch() if work.checking is not None else None
        if pulses is not None:
            work.append("energy_check.pulses_recorded", pulses)
        if work.now() - work.mirrored_ns >= nanoseconds(MIRROR_EVERY_S):
            work.mirror()

    def _changed_at_panel(self) -> table.Event | None:
        """Settings may be changed at the laser's own panel: then standby, and judged anew."""
        work = self._work
        if work.now() - self._panel_ns < nanoseconds(PANEL_EVERY_S):
            return None
        self._panel_ns = work.now()  # also where no answer comes: the status is asked for next
        effective = work.read_effective()
        if table.calls_for_lock(effective.glimpse):
            return table.Seen(self._panel_ns, effective.glimpse)
        if effective.settings_id == self._panel_id:
            old = work.now() - self._state.seen_ns > table.STALE_READY_NS
            return table.Tick(work.now()) if old and self.phase in table.LIGHT_POSSIBLE else None
        if self.phase not in table.LIGHT_POSSIBLE:  # where it is, light ends first
            work.reached().who(work.device.serial)
        before, self._panel_id = work.asked.effective, effective.settings_id
        work.asked.effective = effective
        work.append("settings.changed_at_panel", preparing.effective_data(effective))
        if before is not None and before.settings == effective.settings:
            work.face.say("The laser's tip, handpiece or configuration is another one now.")
            return table.AskStandby(work.now(), "its tip, handpiece or configuration changed")
        work.face.say("The settings were changed at the laser's own panel.")
        return table.AskStandby(work.now(), "the settings changed at the laser's own panel")

    def _result(self, end: table.End | None) -> Result:
        work = self._work
        if end is None:
            raise ProtocolError("A session ended without a reason; this is devicelink's mistake.")
        connection = work.connection
        reading = work.outcome.reading if work.outcome and work.outcome.confirmed else None
        return Result(
            session=work.session,
            end=end,
            confirmed=work.outcome.confirmed if work.outcome else None,
            evidence=reading.evidence if reading else None,
            who_clause=work.who.clause if reading and work.who else "",
            verdict=work.verdict,
            at_the_laser=connection.driver.declaration.at_the_laser if connection else "",
            evidence_kept=work.evidence_kept,
        )
