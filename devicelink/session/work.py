"""What one session has in its hands: the request, the laser, and what is known of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from devicelink.errors import JournalBroken, JournalUnwritable, LinkLost, NoReply
from devicelink.journal.entry import Draft
from devicelink.runtime import nanoseconds, seconds
from devicelink.session import state as table
from devicelink.session.account import with_requested
from devicelink.session.guard import NoGuard
from devicelink.session.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink.devices.register import Device
    from devicelink.driver import Effective, EnableToken, Status, WireLink
    from devicelink.errors import DeviceLinkError
    from devicelink.journal.entry import Entry
    from devicelink.link.transcript import Transcript
    from devicelink.people import Person
    from devicelink.runtime import Latch, Mailbox, Runtime
    from devicelink.session.account import Account
    from devicelink.session.checking import Checking
    from devicelink.session.connection import Connection, Who
    from devicelink.session.context import Context
    from devicelink.session.facts import Facts
    from devicelink.session.gathering import Asked
    from devicelink.session.guard import Guard
    from devicelink.session.lockdown import LockOutcome
    from devicelink.session.ownership import LockRequests, Ownership
    from devicelink.session.permit import Verdict
    from devicelink.session.relayed import HeldRelay
    from devicelink.treatment.checks import CheckRequest

ACT_MAX_S = 1.0
"""No answer may be older in READY, so nothing is read back for longer."""


class LivingLink:
    """The link for one act of a driver: each of its exchanges tells the guard that we live.

    On a slow line, reading everything back may take longer than a beat may be missing.
    """

    def __init__(
        self, link: WireLink, guard: Guard, runtime: Runtime, until_ns: int | None
    ) -> None:
        self._link = link
        self._guard = guard
        self._runtime = runtime
        self._until_ns = until_ns

    def exchange(self, frame: bytes, *, within_s: float, token: EnableToken | None = None) -> bytes:
        """As the link does, and `NoReply` where it all takes too long; raises `GuardGone`, too."""
        self._guard.beat()
        if self._until_ns is not None and self._runtime.mono_ns() >= self._until_ns:
            raise NoReply(f"The laser takes longer than {ACT_MAX_S:g} s to tell how it is.")
        return self._link.exchange(frame, within_s=within_s, token=token)

    def wait(self, seconds: float) -> None:
        """As the link does."""
        self._link.wait(seconds)


def posted_end(inbox: Mailbox[table.Event]) -> table.Ended | None:
    """The end among the events that were posted: a stop comes before whatever else was."""
    while (event := inbox.take(0)) is not None:
        if isinstance(event, table.Ended):
            return event
    return None


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


class HeldFace:
    """A face that can never hold the laser up: what it raises ends the session, nothing else."""

    def __init__(self, face: Face, lost: Callable[[str], None]) -> None:
        self._face = face
        self._lost = lost

    def say(self, sentence: str) -> None:
        """One sentence."""
        self._tell(lambda: self._face.say(sentence))

    def verdict(self, verdict: Verdict) -> None:
        """The verdict."""
        self._tell(lambda: self._face.verdict(verdict))

    def seen(self, phase: table.Phase, status: Status | None, age_s: float) -> None:
        """The last read-back."""
        self._tell(lambda: self._face.seen(phase, status, age_s))

    def _tell(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the laser comes first
            self._lost(repr(error))


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
    check: CheckRequest | None = None
    """Of a check of energy alone."""


@dataclass(slots=True)
class Work:
    """One session's hands; owned by its thread alone."""

    context: Context
    device: Device
    own: Ownership | DeviceLinkError
    """The device's lock file, or why it cannot be had."""
    request: Request
    face: Face
    asked: Asked
    stop: Latch
    done: Latch
    checking: Checking | None = None
    """The meter's side, in a check of energy."""
    session: str = ""
    connection: Connection | None = None
    transcript: Transcript | None = None
    guard: Guard = field(default_factory=NoGuard)
    relay: HeldRelay | None = None
    facts: Facts | None = None
    verdict: Verdict | None = None
    soft_ends: tuple[table.SoftEnd, ...] = ()
    token: EnableToken | None = None
    outcome: LockOutcome | None = None
    """Of the last lock; None where nothing had to be locked."""
    who: Who | None = None
    """Who was locked then."""
    counter_before: int | None = None
    account: Account | None = None
    """What the laser tells of itself, where it is a console that does."""
    telemetry: Telemetry = field(default_factory=Telemetry)
    requests: LockRequests | None = None
    touched: bool = False
    """Whether anything but questions was sent: then nothing is left without a lock."""
    unrecorded: list[Draft] = field(default_factory=list)
    """Facts whose append failed; the close records them, and the hold that follows."""
    mirrored_ns: int = 0
    mirror_problem: str | None = None
    evidence_kept: bool = False
    """Whether the journal could not take the end, and the facts lie in a file instead."""

    def now(self) -> int:
        """The monotonic clock, ns."""
        return self.context.runtime.mono_ns()

    def mirror(self) -> None:
        """Keep the newest checkpoint outside; what hinders it is said once, and ends nothing."""
        self.mirrored_ns = self.now()
        problem = self.context.mirror.write()
        if problem is not None and problem != self.mirror_problem:
            self.face.say(problem)
        self.mirror_problem = problem

    def reached(self) -> Connection:
        """The connection; raises `LinkLost` where there is none."""
        if self.connection is None:
            raise LinkLost("There is no connection to the laser.")
        return self.connection

    def append(self, kind: str, data: Mapping[str, object]) -> Entry:
        """One durable entry of this session, in the technician's name."""
        draft = self._draft(kind, data)
        try:
            return self.context.journal.append(draft)
        except (JournalUnwritable, JournalBroken):
            if not kind.endswith(".intended"):
                self.unrecorded.append(draft)
            raise

    def append_accounted(self) -> None:
        """Make durable what the laser told of itself."""
        drafts = self.accounted()
        if not drafts:
            return
        try:
            self.context.journal.append_all(drafts)
        except (JournalUnwritable, JournalBroken):
            self.unrecorded += drafts
            raise

    def _draft(self, kind: str, data: Mapping[str, object]) -> Draft:
        return Draft(
            kind,
            data,
            actor=self.request.person.id,
            role="technician",
            session=self.session or "new",
            device=self.device.serial,
            counter=self.asked.status.counter if self.asked.status else None,
        )

    @property
    def counter(self) -> int | None:
        """The lifetime counter as last read; None where none was, or the wire shows none."""
        seen = self.account.counter if self.account else None
        if seen is None and self.asked.status is not None:
            return self.asked.status.counter
        return seen

    def read_status(self) -> Status:
        """Ask the laser; the answer is as old as its first question. Raises `GuardGone`, too."""
        connection, asked_ns = self.reached(), self.now()
        link = self.living(connection)
        if self.account is None:
            status = connection.driver.read_status(link)
        else:
            status = self.account.read(link)
        self.asked.status, self.asked.status_ns = status, asked_ns
        return status

    def accounted(self) -> list[Draft]:
        """What the laser told of itself and is not recorded yet."""
        if self.account is None:
            return []
        told = with_requested(self.account.take(), self.request.settings)
        return [self._draft(kind, data) for kind, data in told]

    def read_effective(self) -> Effective:
        """Ask for settings and configuration, and note how long that took. Raises `GuardGone`."""
        connection, asked_ns = self.reached(), self.now()
        effective = connection.driver.read_effective(self.living(connection), self.request.settings)
        self.asked.read_s = seconds(self.now() - asked_ns)
        return effective

    def living(self, connection: Connection) -> LivingLink:
        """The link for one act: whoever uses it beats the guard, and the relay beside it.

        Before anything was permitted there is time: how much it took is judged.
        """
        until_ns = None if self.verdict is None else self.now() + nanoseconds(ACT_MAX_S)
        return LivingLink(connection.link, self.guard, self.context.runtime, until_ns)

    def hard_end(self, code: str, sentence: str, *, latch: bool = False) -> table.Ended:
        """An end that acts at once, as an event."""
        return table.Ended(self.now(), table.End(code, table.EndKind.HARD, sentence, latch=latch))
