"""A session from open to close: a loop that carries out the effects of the pure state table.

The owner's thread runs `Session.run`; faces (the command line, later a page) talk to it through
`inbox` alone: they post events, renew the lease, and stop it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from devicelink.driver import ControlShown, EnableToken, Trigger
from devicelink.errors import (
    DeviceLinkError,
    JournalBroken,
    JournalUnwritable,
    LinkLost,
    ProtocolError,
    Stopped,
)
from devicelink.journal.entry import Draft
from devicelink.journal.kept import keep
from devicelink.link.port import PortKind, port_kind
from devicelink.link.transcript import FileTranscript
from devicelink.registry import allowed_drivers
from devicelink.runtime import nanoseconds, seconds
from devicelink.session import state as table
from devicelink.session.closing import closing_drafts
from devicelink.session.connection import connect, problem, start_guard
from devicelink.session.facts import Asked, gather
from devicelink.session.guard import GuardGone, NoGuard
from devicelink.session.lockdown import LOCK_WITHIN_S, lock
from devicelink.session.ownership import Ownership, serve_lock_requests
from devicelink.session.permit import judge
from devicelink.session.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink.devices.register import Device
    from devicelink.driver import Status
    from devicelink.journal.entry import Entry
    from devicelink.people import Person
    from devicelink.session.connection import Connection
    from devicelink.session.context import Context
    from devicelink.session.facts import Purpose
    from devicelink.session.guard import Guard
    from devicelink.session.lockdown import LockOutcome
    from devicelink.session.permit import Facts, Verdict

POLL_READY_S = 0.05
POLL_STANDBY_S = 0.1
PANEL_EVERY_S = 1.0
PLANNED = timedelta(minutes=60)
HARD_ENDS = (
    "stop",
    "interlock",
    "key",
    "fault",
    "unexpected_emission",
    "stale_telemetry",
    "link_lost",
    "guard",
    "journal",
)


class Face(Protocol):
    """What a session tells whoever stands in front of it; called from the owner's thread."""

    def say(self, sentence: str) -> None:
        """One sentence for the person."""
        ...

    def verdict(self, verdict: Verdict) -> None:
        """The verdict with every finding."""
        ...

    def seen(self, phase: table.Phase, status: Status | None, age_s: float) -> None:
        """The last read-back and its age; None for UNKNOWN."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for."""

    person: Person
    kind: str
    client: str | None
    """The client's pseudonym, or None."""
    settings: Mapping[str, str]
    answered_by: str
    """`person`, or `script` on a simulated station."""
    ready_for_s: float | None = None
    """A script's: ask for READY by itself, and end after so many seconds in it."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a session ended."""

    session: str
    end: table.End
    confirmed: bool | None
    """Whether the lock was read back; None where nothing had been sent."""
    verdict: Verdict | None
    at_the_laser: str
    evidence_kept: bool
    """Whether the journal could not take the end, and the facts lie in a file instead."""


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
        self._context = context
        self._runtime = context.runtime
        self._device = device
        self._own = own
        self._request = request
        self._face = face
        self.inbox = context.runtime.mailbox()
        self._stop = context.runtime.latch()
        self._done = context.runtime.latch()
        self._asked = Asked(
            technician=request.person.id,
            kind=request.kind,
            client=request.client,
            signed_in=True,
            requested=request.settings,
        )
        self._id: str | None = None
        self._connection: Connection | None = None
        self._transcript: FileTranscript | None = None
        self._guard: Guard = NoGuard()
        self._verdict: Verdict | None = None
        self._facts: Facts | None = None
        self._soft_ends: tuple[table.SoftEnd, ...] = ()
        self._panel_id: str | None = None
        self._panel_ns = 0
        self._token: EnableToken | None = None
        self._outcome: LockOutcome | None = None
        self._counter_before: int | None = None
        self._telemetry = Telemetry()
        self._polled_ns = 0
        self._ready_asked = False
        self._evidence_kept = False
        self._state = table.opened(
            table.Bounds(arming_ns=0, control_shown=ControlShown.YES), self._runtime.mono_ns()
        )

    def stop(self, end: table.End) -> None:
        """End it, from any thread or signal handler: the running wait ends at once."""
        self.inbox.post(table.Ended(self._runtime.mono_ns(), end))
        self._stop.set()

    def run(self) -> Result:
        """Carry the session through; raises only where not even its opening could be recorded."""
        opened = self._append("session.opened", self._opening(), session="new")
        self._id = opened.session
        try:
            if isinstance(self._own, Ownership):
                self._serve_lock_requests(self._own)
            refused = self._precheck()
            if refused is not None:
                return refused
            self._drive()
            return self._result()
        finally:
            self._leave()

    def _opening(self) -> dict[str, object]:
        return {
            "kind": self._request.kind,
            "name": self._request.person.name,
            "client": self._request.client,
            "answered_by": self._request.answered_by,
            "simulated": self._context.simulated,
            "driver": self._device.driver,
            "port_kind": port_kind(self._device.port).value,
        }

    def _serve_lock_requests(self, own: Ownership) -> None:
        def answer() -> dict[str, object]:
            self.stop(
                table.End("stop", table.EndKind.PERSON, "Another program asked for the lock.")
            )
            self._runtime.sleep(LOCK_WITHIN_S, self._done)
            confirmed = self._outcome is not None and self._outcome.confirmed
            return {"confirmed": confirmed, "by": "session", "session": self._id}

        try:
            serve_lock_requests(self._context.folder / "locks", own.serial, self._runtime, answer)
        except OSError as error:
            self._face.say(f"Other programs cannot ask this one for a lock: {error}.")

    def _precheck(self) -> Result | None:
        """Ask the laser, and refuse early with every reason, before anything is set."""
        if not isinstance(self._own, Ownership):
            self._asked.problem = problem(self._own)
        elif self._may_be_reached():
            self._reach()
        in_process = port_kind(self._device.port) is PortKind.IN_PROCESS
        self._asked.guard = "none" if in_process else "process"
        facts = gather(self._context, self._device.serial, self._asked, "unlock")
        verdict = judge(facts)
        if verdict.permitted:
            return None
        self._record_verdict(facts, verdict)
        end = table.End("refused", table.EndKind.REFUSED, verdict.sentences())
        self._close(end)
        return self._result(end)

    def _may_be_reached(self) -> bool:
        """A real laser is never touched by a simulated station, nor by a driver not allowed."""
        same_kind = port_kind(self._device.port).simulated == self._context.simulated
        state = self._context.state()
        return same_kind and self._device.driver in allowed_drivers(state["station"])

    def _reach(self) -> None:
        """Connect and ask; a laser found emitting is locked first."""
        transcript = FileTranscript(self._context.folder / "transcripts" / f"{self._id}.jsonl")
        self._transcript = transcript
        try:
            connection = connect(
                driver=self._device.driver,
                configuration=self._device.configuration,
                port=self._device.port,
                runtime=self._runtime,
                transcript=transcript,
                stop=self._stop,
            )
            self._connection = connection
            identity = connection.identify(self._device.serial)
            self._asked.firmware = identity.firmware
            status = self._read_status(connection)
            self._counter_before = status.counter
            if status.state.can_make_light or status.unexpected_emission:
                self._lock_now()
            self._asked.device_bounds = connection.driver.bounds(connection.link)
        except (JournalUnwritable, JournalBroken):
            raise
        except DeviceLinkError as error:
            self._asked.problem = problem(error)
            return
        self._append(
            "device.identified",
            {
                "identity": "asserted" if identity.serial is None else "read",
                "model": identity.model,
                "firmware": identity.firmware,
                "details": dict(identity.details),
                "words": dict(status.words),
            },
        )
        if self._outcome is not None:
            found = {"state": status.state.value, "words": dict(status.words)}
            self._append("device.light_found", found)

    def _prepare(self) -> table.Event:
        """Set, read back, start the guard, judge: all before `unlock.intended`."""
        connection = self._require()
        settings = self._request.settings
        self._append("settings.requested", {"settings": dict(settings)})
        connection.driver.prepare(connection.link, settings)
        effective = connection.driver.read_effective(connection.link, settings)
        self._asked.effective = effective
        self._panel_id = effective.settings_id
        self._append(
            "settings.effective",
            {
                "settings": dict(effective.settings),
                "configuration": dict(effective.configuration),
                "trigger": effective.trigger.value,
                "settings_id": effective.settings_id,
            },
        )
        hidden = connection.driver.declaration.control_shown
        bounds = table.Bounds(
            arming_ns=nanoseconds(connection.driver.declaration.arming_bound_s),
            control_shown=hidden if effective.trigger is Trigger.HARDWARE else ControlShown.YES,
        )
        self._state = table.opened(bounds, self._runtime.mono_ns())
        self._guard = self._start_guard(connection)
        self._asked.guard = self._guard.kind
        self._append("guard.started", {"kind": self._guard.kind})
        self._read_status(connection)
        return self._judge("unlock")

    def _start_guard(self, connection: Connection) -> Guard:
        if not isinstance(self._own, Ownership):
            raise GuardGone("A device that is not owned cannot be guarded.")
        return start_guard(
            connection,
            self._own,
            driver=self._device.driver,
            configuration=self._device.configuration,
            folder=self._context.folder,
            runtime=self._runtime,
        )

    def _drive(self) -> None:
        """Feed events until the session has ended; whatever goes wrong in here locks."""
        self._feed(self._attempt(self._prepare))
        while self._state.phase is not table.Phase.ENDED:
            self._feed(self._attempt(self._next))

    def _attempt(self, act: Callable[[], table.Event]) -> table.Event:
        """What an act came to: its own event, or the event that its failure is."""
        try:
            return act()
        except Stopped:
            return table.Tick(self._now())
        except (JournalUnwritable, JournalBroken) as error:
            return table.NotDurable(self._now(), str(error))
        except GuardGone as error:
            return self._hard("guard", str(error))
        except LinkLost as error:
            return self._hard("link_lost", str(error), latch=True)
        except DeviceLinkError as error:
            return table.Failed(self._now(), str(error))
        except Exception as error:  # noqa: BLE001 - an error of our own must end in a lock, too
            return self._hard(
                "internal", f"devicelink met an error of its own: {error!r}", latch=True
            )

    def _feed(self, event: table.Event) -> None:
        self._state, effects = table.step(self._state, event)
        for effect in effects:
            answer = self._carry_out(effect)
            if answer is not None:
                self._feed(answer)

    def _carry_out(self, effect: table.Effect) -> table.Event | None:
        """Do one effect; what came of it is the next event."""
        match effect:
            case table.Judge():
                return self._attempt(self._judge_again)
            case table.Intend(step=step):
                return self._attempt(lambda: self._intend(step))
            case table.Send(step=step, entry_index=index):
                return self._attempt(lambda: self._send(step, index))
            case table.SendStandby(reason=reason):
                return self._attempt(lambda: self._send_standby(reason))
            case table.Record(type=kind, data=data):
                return self._attempt(lambda: self._record(kind, data))
            case table.Announce(sentence=sentence):
                self._face.say(sentence)
            case table.Lock():
                outcome = self._lock_now()
                return table.LockTried(self._now(), outcome is not None and outcome.confirmed)
            case table.Close(end=end):
                self._close(end)
        return None

    def _next(self) -> table.Event:
        """The next event: from a face, from the script, from the laser, or time."""
        posted = self.inbox.take(0)
        if isinstance(posted, table.Event):
            return posted
        self._guard.beat()
        scripted = self._scripted()
        if scripted is not None:
            return scripted
        light = self._state.phase in table.LIGHT_POSSIBLE
        due_ns = self._polled_ns + nanoseconds(POLL_READY_S if light else POLL_STANDBY_S)
        left_s = seconds(due_ns - self._now())
        if left_s <= 0:
            return self._poll()
        posted = self.inbox.take(left_s)
        return posted if isinstance(posted, table.Event) else table.Tick(self._now())

    def _scripted(self) -> table.Event | None:
        """What a person would do, where a simulated station lets a script stand in."""
        wanted_s = self._request.ready_for_s
        phase, now_ns = self._state.phase, self._now()
        if wanted_s is None:
            return None
        if phase is table.Phase.READY and now_ns - self._state.since_ns >= nanoseconds(wanted_s):
            sentence = f"The planned {wanted_s:g} s in READY are over."
            return table.Ended(now_ns, table.End("planned_time", table.EndKind.TIME, sentence))
        if phase is table.Phase.STANDBY:
            if not self._ready_asked:
                self._ready_asked = True
                return table.AskReady(now_ns)
            return self._hard("left_ready", "READY was not reached, or was left before its time.")
        return None

    def _poll(self) -> table.Event:
        """Ask the laser; a missing answer is a gap, and becomes an end when it grows old."""
        connection = self._require()
        self._polled_ns = self._now()
        try:
            if self._now() - self._panel_ns >= nanoseconds(PANEL_EVERY_S):
                changed = self._look_at_panel(connection)
                if changed is not None:
                    return changed
            status = self._read_status(connection)
        except (Stopped, LinkLost, JournalUnwritable, JournalBroken):
            raise
        except DeviceLinkError as error:
            self._telemetry.missed(self._now(), str(error))
            age_s = seconds(self._now() - self._state.seen_ns)
            self._face.seen(self._state.phase, None, age_s)
            return table.Tick(self._now())
        gap = self._telemetry.take_gap(self._now())
        if gap is not None:
            self._append("telemetry.gap", gap)
        if self._state.phase in table.LIGHT_POSSIBLE:
            self._telemetry.add(self._now(), status)
        batch = self._telemetry.take(self._now())
        if batch is not None:
            self._append("telemetry.recorded", batch)
        self._face.seen(self._state.phase, status, 0.0)
        return table.Seen(self._now(), status)

    def _look_at_panel(self, connection: Connection) -> table.Event | None:
        """Settings may be changed at the laser's own panel: then standby, and judged anew."""
        effective = connection.driver.read_effective(connection.link, self._request.settings)
        self._panel_ns = self._now()
        if effective.settings_id == self._panel_id:
            return None
        self._panel_id = effective.settings_id
        self._asked.effective = effective
        changed = {"settings": dict(effective.settings), "settings_id": effective.settings_id}
        self._append("settings.changed_at_panel", changed)
        self._face.say("The settings were changed at the laser's own panel.")
        return table.AskStandby(self._now(), "the settings changed at the laser's own panel")

    def _read_status(self, connection: Connection) -> Status:
        status = connection.driver.read_status(connection.link)
        self._asked.status = status
        self._asked.status_ns = self._now()
        return status

    def _judge(self, purpose: Purpose) -> table.Event:
        facts = gather(self._context, self._device.serial, self._asked, purpose)
        verdict = judge(facts)
        self._record_verdict(facts, verdict)
        if not verdict.permitted:
            return table.RefusedNow(self._now(), verdict.sentences())
        self._soft_ends = self._runs_out(facts)
        return table.Permitted(self._now(), self._soft_ends)

    def _judge_again(self) -> table.Event:
        """Before each READY: on what the laser says now."""
        connection = self._require()
        effective = connection.driver.read_effective(connection.link, self._request.settings)
        self._asked.effective = effective
        self._read_status(connection)
        return self._judge("ready")

    def _record_verdict(self, facts: Facts, verdict: Verdict) -> None:
        kind = "verdict.permitted" if verdict.permitted else "verdict.refused"
        self._append(kind, {**verdict.as_json(), "facts": facts.model_dump(mode="json")})
        self._facts, self._verdict = facts, verdict
        self._face.verdict(verdict)

    def _runs_out(self, facts: Facts) -> tuple[table.SoftEnd, ...]:
        """What ends softly, as deadlines on the monotonic clock (design rule 11)."""
        judged_at, now_ns = facts.station.judged_at, self._now()
        planned = ("planned_end", "The hour that a permit lasts is over.", judged_at + PLANNED)
        return tuple(
            table.SoftEnd(code, sentence, now_ns + round((at - judged_at).total_seconds() * 1e9))
            for code, sentence, at in (planned, *facts.person.expiries())
        )

    def _intend(self, step: str) -> table.Event:
        effective = self._asked.effective
        entry = self._append(
            f"{step}.intended",
            {
                "permit": {
                    "person": self._request.person.id,
                    "device": self._device.serial,
                    "kind": self._request.kind,
                },
                "settings_id": effective.settings_id if effective else None,
                "trigger": effective.trigger.value if effective else None,
                "control_released": self._request.answered_by,
                "ends": {
                    "hard": list(HARD_ENDS),
                    "soft": [
                        {"code": end.code, "due_mono_ns": end.due_ns} for end in self._soft_ends
                    ],
                },
            },
        )
        self._token = EnableToken(step=step, entry_index=entry.index)
        return table.Durable(self._now(), step, entry.index)

    def _send(self, step: str, entry_index: int) -> table.Event:
        """Send what enables, once; READY compares the settings immediately before."""
        connection, token = self._require(), self._token
        if token is None or (token.step, token.entry_index) != (step, entry_index):
            raise ProtocolError("devicelink tried to enable under another intent; not sent.")
        self._token = None
        if step == "unlock":
            self._guard.beat()
            connection.driver.unlock(connection.link, token)
            return table.Tick(self._now())
        effective = connection.driver.read_effective(connection.link, self._request.settings)
        judged = self._facts.settings.settings_id if self._facts and self._facts.settings else None
        if effective.settings_id != judged:
            return table.AskStandby(self._now(), "the settings changed after the verdict")
        self._guard.beat()
        connection.driver.ready(connection.link, token)
        return table.Tick(self._now())

    def _send_standby(self, reason: str) -> table.Event:
        connection = self._require()
        connection.driver.standby(connection.link)
        self._append("standby.requested", {"reason": reason})
        self._face.say(f"Back to STANDBY: {reason}.")
        return table.Tick(self._now())

    def _lock_now(self) -> LockOutcome | None:
        """Every way, until read back; the guard is kept from acting meanwhile."""
        connection = self._connection
        if connection is None:
            return None

        def beat() -> None:
            try:
                self._guard.beat()
            except GuardGone:
                return

        self._outcome = lock(connection.link, connection.driver, self._runtime, each_round=beat)
        return self._outcome

    def _close(self, end: table.End) -> None:
        """Record how it ended; where the journal cannot, keep the facts beside it."""
        self._done.set()
        session = str(self._id)
        drafts = []
        batch = self._telemetry.take(self._now(), all_of_it=True)
        if batch is not None:
            kind = "telemetry.recorded"
            drafts.append(Draft(kind, batch, session=session, device=self._device.serial))
        status = self._asked.status
        drafts += closing_drafts(
            device=self._device.serial,
            session=session,
            actor=self._request.person.id,
            end=end,
            outcome=self._outcome,
            counters=(self._counter_before, status.counter if status else None),
            totals=self._telemetry.totals(),
            transcript_sha256=self._transcript.sha256() if self._transcript else None,
        )
        try:
            self._context.journal.append_all(drafts)
        except (JournalUnwritable, JournalBroken) as error:
            keep(self._context.kept_folder, self._device.serial, drafts, self._runtime)
            self._evidence_kept = True
            self._face.say(f"{error} What happened is kept in {self._context.kept_folder}.")

    def _leave(self) -> None:
        """Let go of guard, port and lock file; a laser not confirmed locked stays guarded."""
        self._done.set()
        connection, outcome = self._connection, self._outcome
        unconfirmed = outcome is not None and not outcome.confirmed
        if unconfirmed and connection is not None and not outcome.port_lost:
            if isinstance(self._guard, NoGuard):
                self._guard = self._guard_at_last(connection)
            self._guard.take_over()
        else:
            self._guard.farewell()
        if connection is not None:
            connection.port.close()
        if self._transcript is not None:
            self._transcript.close()
        if isinstance(self._own, Ownership):
            self._own.release()

    def _guard_at_last(self, connection: Connection) -> Guard:
        try:
            return self._start_guard(connection)
        except DeviceLinkError as error:
            self._face.say(str(error))
            return NoGuard()

    def _result(self, end: table.End | None = None) -> Result:
        ended = end or self._state.end
        if ended is None:
            raise ProtocolError("A session ended without a reason; this is devicelink's mistake.")
        connection = self._connection
        return Result(
            session=str(self._id),
            end=ended,
            confirmed=self._outcome.confirmed if self._outcome else None,
            verdict=self._verdict,
            at_the_laser=connection.driver.declaration.at_the_laser if connection else "",
            evidence_kept=self._evidence_kept,
        )

    def _record(self, kind: str, data: Mapping[str, object]) -> table.Event:
        self._append(kind, data)
        return table.Tick(self._now())

    def _append(
        self, kind: str, data: Mapping[str, object], *, session: str | None = None
    ) -> Entry:
        return self._context.journal.append(
            Draft(
                kind,
                data,
                actor=self._request.person.id,
                role="technician",
                session=session or self._id,
                device=self._device.serial,
                counter=self._asked.status.counter if self._asked.status else None,
            )
        )

    def _require(self) -> Connection:
        if self._connection is None:
            raise LinkLost("There is no connection to the laser.")
        return self._connection

    def _hard(self, code: str, sentence: str, *, latch: bool = False) -> table.Event:
        return table.Ended(self._now(), table.End(code, table.EndKind.HARD, sentence, latch=latch))

    def _now(self) -> int:
        return self._runtime.mono_ns()
