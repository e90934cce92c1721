"""One laser on the bench: simulated in virtual time, its port and its link watched, its truth kept.

Nothing here judges. A bench tells what was asked, what left on the wire, and what really happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from devicelink.driver import CommandClass, EnableToken
from devicelink.errors import DeviceLinkError
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink.runtime import nanoseconds, seconds
from devicelink.session.account import Account
from devicelink.session.lockdown import lock
from devicelink_simulation.conformance.granting import granted
from devicelink_simulation.conformance.subject import NotHeld, SimulatorFailed
from devicelink_simulation.registry import simulator
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList
from devicelink_simulation.urls import SimPort

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from devicelink.driver import Driver, Effective, Identity, Status, Wire
    from devicelink.link.port import Port
    from devicelink.runtime import Latch, Runtime
    from devicelink.session.lockdown import LockOutcome
    from devicelink_simulation.conformance.profile import Turns
    from devicelink_simulation.conformance.subject import Subject

_BEGIN_NS = nanoseconds(1000)
ONE_WRITE_S = 0.001
_MOST_WRITES = 20_000
_LEAST_STEP_NS = 1000
_simulator = cache(simulator)
"""Looked up once: a sweep makes thousands of benches."""


class VirtualTime:
    """Time that moves only while somebody waits or writes."""

    def __init__(self) -> None:
        self._ns = _BEGIN_NS

    def mono_ns(self) -> int:
        """Now."""
        return self._ns

    def sleep(self, seconds: float, until: Latch | None = None) -> bool:
        """Jump."""
        self._ns += max(_LEAST_STEP_NS, nanoseconds(seconds))
        return until is not None and until.is_set()


class Story(TruthList):
    """The truth, and how it stands now."""

    def __init__(self) -> None:
        super().__init__()
        self.lit = False
        self.enabled = False

    @property
    def dark(self) -> bool:
        """No light, and no control that would make any."""
        return not (self.lit or self.enabled)

    def note(self, at_ns: int, event: str, **facts: object) -> None:
        """Append one event."""
        super().note(at_ns, event, **facts)
        if event in {"light_on", "light_off"}:
            self.lit = event == "light_on"
        elif event in {"enabled", "disabled"}:
            self.enabled = event == "enabled"

    def times(self, *names: str) -> list[int]:
        """When these events happened."""
        return [cast("int", each["mono_ns"]) for each in self.events if each["event"] in names]


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that left for the laser, and whether they began light or enabling at once."""

    at_ns: int
    data: bytes
    began: bool


@dataclass(frozen=True, slots=True)
class Turned:
    """Knobs of the laser that were turned, or a fault that was planted."""

    at_ns: int
    turns: Turns


@dataclass(frozen=True, slots=True)
class Asked:
    """One exchange that the driver asked for, in which of its methods."""

    method: str
    frame: bytes
    kind: CommandClass
    within_s: float
    token: EnableToken | None


class Blamed:
    """What fails within is the simulator's failure, not the driver's; an error of ours is none."""

    def __init__(self, simulator: str) -> None:
        self._simulator = simulator

    def __enter__(self) -> None:
        """Nothing to be done."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise `SimulatorFailed` instead."""
        if isinstance(error, Exception) and not isinstance(error, DeviceLinkError):
            raise SimulatorFailed(self._simulator, error) from error


class WatchedPort:
    """A port that remembers what was written; `change` may do something to what is read."""

    def __init__(self, inner: Port, time: VirtualTime, story: Story, blamed: Blamed) -> None:
        self.inner = inner
        self._blamed = blamed
        self._time = time
        self._story = story
        self.writes: list[Write] = []
        self.change: Callable[[bytes], bytes] = lambda data: data

    def write(self, data: bytes) -> None:
        """To the laser; takes a millisecond, so that a driver's loop ends."""
        before = (self._story.lit, self._story.enabled)
        self._time.sleep(ONE_WRITE_S)
        if len(self.writes) > _MOST_WRITES:
            raise NotHeld(f"The driver sends without end: {_MOST_WRITES} frames in one run.")
        at_ns = self._time.mono_ns()
        try:
            with self._blamed:
                self.inner.write(data)
        finally:
            story = self._story
            began = (story.lit and not before[0]) or (story.enabled and not before[1])
            self.writes.append(Write(at_ns, data, began))

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """From the laser."""
        with self._blamed:
            data = self.inner.read(within_s, until)
        return self.change(data)

    def fileno(self) -> int | None:
        """None: there is no descriptor."""
        return None

    def close(self) -> None:
        """Let go."""
        self.inner.close()


class WatchedLink(Link):
    """A link that remembers what was asked of it."""

    def __init__(self, port: Port, wire: Wire, runtime: Runtime) -> None:
        super().__init__(port, wire, runtime, NoTranscript())
        self.asked: list[Asked] = []
        self.waits: list[tuple[str, float]] = []
        self.method = "none"
        self.withheld = False
        """Whether every token is kept back, as if there were no durable intent."""

    def exchange(self, frame: bytes, *, within_s: float, token: EnableToken | None = None) -> bytes:
        """As every link does."""
        kind = self._wire.classify(frame)
        self.asked.append(Asked(self.method, frame, kind, within_s, token))
        given = None if self.withheld else token
        return super().exchange(frame, within_s=within_s, token=given)

    def wait(self, seconds: float) -> None:
        """As every link does."""
        self.waits.append((self.method, seconds))
        super().wait(seconds)


class Given:
    """What a driver is given of a link: the two things that the contract names."""

    __slots__ = ("exchange", "wait")

    def __init__(self, link: WatchedLink) -> None:
        self.exchange = link.exchange
        self.wait = link.wait


class Bench:
    """A driver of the subject's on a fresh laser."""

    def __init__(
        self,
        subject: Subject,
        *,
        values: Mapping[str, str] | None = None,
        faults: Sequence[str] = (),
        configuration: Mapping[str, str] | None = None,
        port: Callable[[VirtualTime], Port] | None = None,
    ) -> None:
        self.profile = subject.profile
        self.time = VirtualTime()
        self.runtime = cast("Runtime", self.time)
        self.story = Story()
        self._blamed = Blamed(subject.profile.simulator)
        inner = port(self.time) if port else self._simulated(values or {}, faults)
        self.port = WatchedPort(inner, self.time, self.story, self._blamed)
        self.driver: Driver = subject.make(configuration)
        self.link = WatchedLink(self.port, self.driver.wire, self.runtime)
        self.given = Given(self.link)
        self.token = EnableToken(step="ready", entry_index=2)
        self.unlock_entry = 1
        self.account: Account | None = None
        """What the laser tells of itself, where it is a console that does."""
        self._unlock: EnableToken | None = None
        self.identity: Identity | None = None
        self.effective: Effective | None = None
        self.statuses: list[Status] = []
        self.turned: list[Turned] = []
        self.outcome: LockOutcome | None = None
        self.step = "none"
        """The step of a session that runs, or was the last."""

    def _simulated(self, values: Mapping[str, str], faults: Sequence[str]) -> Port:
        asked = {**self.profile.values, **values}
        self.plan = Plan.of(_simulator(self.profile.simulator), values=asked, faults=faults)
        with self._blamed:
            self._simulation = self.plan.build(self.story, self.time.mono_ns())
        return SimPort(self._simulation, self.runtime, self.story)

    def turn(self, turns: Turns) -> None:
        """Turn knobs of the laser, or plant a fault."""
        self.turned.append(Turned(self.time.mono_ns(), turns))
        with self._blamed:
            for key, value in turns:
                self._simulation.set(key, value, self.time.mono_ns())

    def pass_time(self, seconds: float) -> None:
        """Let time pass; what happens meanwhile is in the truth."""
        self.time.sleep(seconds)
        with self._blamed:
            self._simulation.advance(self.time.mono_ns())

    def look(self) -> Status:
        """As a session reads the laser back: a console's READY is kept alive by it."""
        if self.account is not None:
            return self.account.read(self.given)
        told = self.driver.read_status(self.given)
        if told.next_event is not None:
            self.account = Account.of(self.driver, told, None)
        return told

    def lock(self) -> LockOutcome:
        """As every session, guard and command locks."""
        if self.account is not None:
            self.account.end_lease()
        self.link.method = "lock"
        self.outcome = lock(self.link, self.driver, self.runtime)
        return self.outcome

    def now_s(self) -> float:
        """Virtual seconds."""
        return seconds(self.time.mono_ns())

    @property
    def unlock_token(self) -> EnableToken:
        """Of the intent to unlock, with what is effective granted where that is known."""
        if self._unlock is None or self._unlock.entry_index != self.unlock_entry:
            if self.effective is None:
                return EnableToken(step="unlock", entry_index=self.unlock_entry)
            self._unlock = granted(self.effective, self.unlock_entry)
        return self._unlock

    @property
    def sent(self) -> list[bytes]:
        """The frames that left, without what ends a half-written one."""
        return [self.bare(write.data) for write in self.port.writes]

    def enabling(self) -> list[bytes]:
        """Those of them that enable."""
        return [self.bare(write.data) for write in self.enabling_writes()]

    def enabling_writes(self) -> list[Write]:
        """The same, each with its time."""
        classify, enables = self.driver.wire.classify, CommandClass.ENABLES
        frames = {write.data for write in self.port.writes}
        enabling = {data for data in frames if classify(self.bare(data)) is enables}
        return [write for write in self.port.writes if write.data in enabling]

    def first_of_each(self, times: int) -> list[int]:
        """Which exchanges said a frame for the first so many times, counted from 1."""
        sent = self.sent
        return [
            number for number, frame in enumerate(sent, 1) if sent[:number].count(frame) <= times
        ]

    def bare(self, data: bytes) -> bytes:
        """A frame without the frame break that may stand before it."""
        wire = self.driver.wire
        if wire.classify(data) is not CommandClass.FORBIDDEN:
            return data
        return data.removeprefix(wire.frame_break) or data
