"""The programs that people run on the station's machine: the real code, each in a process."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError, SignInFailed
from devicelink.journal.store import Journal
from devicelink.people import PinStore
from devicelink.runtime import seconds
from devicelink.session import holding, start
from devicelink.session import state as table
from devicelink.session.attending import attend, hear_line
from devicelink.session.context import PROJECTIONS
from devicelink.session.locking import lock_device
from devicelink.session.work import Request
from devicelink.station import Station
from devicelink.treatment import clients
from devicelink.treatment.sessions import NEED_CLIENT, signature
from devicelink_simulation.world.clinic import ADA, CHEAP, KEPT, ORIGIN, PIN, STATION
from devicelink_simulation.world.kernel import Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devicelink.driver import Status
    from devicelink.journal.entry import Draft, Entry
    from devicelink.journal.note import Signer
    from devicelink.session.permit import Verdict
    from devicelink.session.procedure import Result, Session
    from devicelink_simulation.world.kernel import Kernel
    from devicelink_simulation.world.runtime import WorldRuntime
    from devicelink_simulation.world.story import Visit

CRASHED = 70
"""Our exit code for an error that nobody documented: always a finding."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An append that returned: from then on its entries must never be lost."""

    at_ns: int
    process: int
    entries: tuple[Entry, ...]


class WitnessedJournal(Journal):
    """The real journal; what it acknowledges is remembered outside the machine."""

    acknowledged: list[Acknowledged]
    used_by: WorldRuntime

    def append_all(self, drafts: Sequence[Draft]) -> list[Entry]:
        """As the journal's own."""
        entries = super().append_all(drafts)
        now_ns = self.used_by.machine.kernel.time_ns
        number = self.used_by.process.number
        self.acknowledged.append(Acknowledged(now_ns, number, tuple(entries)))
        return entries


@dataclass
class Book:
    """What the world remembers of programs, outside the machine that may fail."""

    signer: Signer
    journals: list[Journal] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Exit:
    """How a program ended by itself."""

    program: str
    process: int
    at_ns: int
    code: int
    sentence: str
    serial: str
    """Of the laser that it was about; empty for one that is about none."""


class Screen:
    """What the person sees and types on; the face of a session."""

    def __init__(self, kernel: Kernel, serial: str) -> None:
        self._kernel = kernel
        self.serial = serial
        self.changed = Signal(kernel)
        self.ask_again = False
        """READY was asked for too soon after light."""
        self.typed: deque[str] = deque()
        self.phase: table.Phase | None = None
        self.phases: list[tuple[int, table.Phase]] = []
        self.said: list[str] = []
        self.session: Session | None = None
        self.result: Result | None = None
        self.blocked_until_ns = 0
        self.deaf_until_ns = 0
        self.runtime: WorldRuntime | None = None

    def say(self, sentence: str) -> None:
        """One sentence."""
        self._held_up()
        self.said.append(sentence)
        if "Ask for READY again" in sentence:
            self.ask_again = True
            self.changed.fire()

    def verdict(self, verdict: Verdict) -> None:
        """The verdict."""
        self._held_up()
        self.said.append(verdict.summary())

    def seen(self, phase: table.Phase, status: Status | None, age_s: float) -> None:
        """The last read-back."""
        del status, age_s
        if self.blocked_until_ns:
            self._held_up()
        if phase is not self.phase:
            self.phase = phase
            self.phases.append((self._kernel.time_ns, phase))
            self.changed.fire()

    def be_deaf(self, runtime: WorldRuntime) -> None:
        """A face that hangs hears nobody and renews nothing."""
        self._sleep_until(runtime, lambda: self.deaf_until_ns)

    def _held_up(self) -> None:
        """A terminal that takes nothing keeps the writer waiting."""
        if self.runtime is not None:
            self._sleep_until(self.runtime, lambda: self.blocked_until_ns)

    def _sleep_until(self, runtime: WorldRuntime, moment_ns: Callable[[], int]) -> None:
        """The moment may move meanwhile."""
        while (left_ns := moment_ns() - self._kernel.time_ns) > 0:
            runtime.sleep(seconds(left_ns))


def open_station(runtime: WorldRuntime, book: Book) -> Station:
    """The station as `Station.open` composes it, with cheap PINs and a witnessed journal."""
    journal = WitnessedJournal.open(
        STATION, signer=book.signer, runtime=runtime, projections=PROJECTIONS
    )
    journal.acknowledged = book.acknowledged
    book.journals.append(journal)
    journal.used_by = runtime
    return Station(
        folder=STATION,
        kept_folder=KEPT,
        origin=ORIGIN,
        simulated=True,
        journal=journal,
        pins=PinStore(STATION / "secrets", runtime, CHEAP),
        runtime=runtime,
    )


def run(runtime: WorldRuntime, book: Book, name: str, program: Callable[[], int]) -> None:
    """A program until its end; what the command line would print, and its exit code."""
    code, sentence = 0, ""
    try:
        code = program()
    except DeviceLinkError as error:
        code, sentence = error.exit_code, str(error)
    except Exception as error:  # noqa: BLE001 - a traceback at a person is a finding
        import traceback

        code, sentence = CRASHED, "".join(traceback.format_exception(error)[-3:])
    now_ns = runtime.machine.kernel.time_ns
    process = runtime.process
    book.exits.append(Exit(name, process.number, now_ns, code, sentence, process.serial))


def session_program(
    runtime: WorldRuntime, book: Book, screen: Screen, visit: Visit
) -> Callable[[], int]:
    """`devicelink session run`, typed in by a person who signs at the end."""

    def program() -> int:
        station = open_station(runtime, book)
        person = None
        for tried in visit.pins:
            try:
                person = station.sign_in(visit.technician, tried)
                break
            except SignInFailed as error:
                screen.say(str(error))
        if person is None:
            return SignInFailed.exit_code
        pseudonym = clients.bind(STATION, visit.client, runtime)
        request = Request(
            person=person,
            kind=visit.kind,
            client=pseudonym if visit.kind in NEED_CLIENT else None,
            settings=dict(visit.settings),
            answered_by="person",
        )
        session = start.begin(station, visit.laser, request, screen)
        screen.session = session

        def hear() -> None:
            screen.be_deaf(runtime)
            while screen.typed:
                hear_line(session, screen.typed.popleft() + "\n", runtime.mono_ns())

        result = screen.result = attend(session, runtime, hear)
        if result.may_be_signed:
            station.journal.append(
                signature(
                    result.session,
                    visit.laser,
                    person=person.id,
                    name=person.name,
                    answered_by="person",
                )
            )
        station.journal.close()
        if result.confirmed is False:
            return 3
        bad = {table.EndKind.HARD, table.EndKind.REFUSED}
        return 1 if result.end.kind in bad or result.evidence_kept else 0

    return program


def lock_program(runtime: WorldRuntime, book: Book, serial: str) -> Callable[[], int]:
    """`devicelink lock`."""

    def program() -> int:
        locked = lock_device(STATION, serial, runtime, lambda: open_station(runtime, book))
        return 0 if locked.confirmed else 3

    return program


def check_program(runtime: WorldRuntime, book: Book, visit: Visit) -> Callable[[], int]:
    """`devicelink session check`."""

    def program() -> int:
        verdict, _ = start.check(
            open_station(runtime, book),
            visit.laser,
            technician=visit.technician,
            kind=visit.kind,
            settings=dict(visit.settings),
        )
        return 0 if verdict.permitted else 1

    return program


def acknowledge_program(runtime: WorldRuntime, book: Book, serial: str) -> Callable[[], int]:
    """`devicelink device acknowledge`."""

    def program() -> int:
        station = open_station(runtime, book)
        device = holding.held_device(station, serial)
        holding.acknowledge(station, device, station.sign_in(ADA, PIN))
        return 0

    return program


def attest_program(runtime: WorldRuntime, book: Book, serial: str) -> Callable[[], int]:
    """`devicelink device attest-off`."""

    def program() -> int:
        station = open_station(runtime, book)
        device = holding.waiting_device(station, serial)
        holding.attest_off(station, device, station.sign_in(ADA, PIN))
        return 0

    return program


def confirm_clock_program(runtime: WorldRuntime, book: Book) -> Callable[[], int]:
    """`devicelink station confirm-clock`."""
    from devicelink.journal.clock import confirmation

    def program() -> int:
        station = open_station(runtime, book)
        person = station.sign_in(ADA, PIN)
        last, now = station.journal.last(), runtime.now()
        station.journal.append(confirmation(last, now, actor=person.id, role="administrator"))
        return 0

    return program
