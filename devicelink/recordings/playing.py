"""Playing a recording to a driver, in virtual time: no port is opened, no device is there.

What the driver sends has to be what was sent; what comes back comes in the pieces and at the times
of the recording. A call that enables gets a token here, since its bytes reach nothing but a file;
the calls of one step share theirs, as in a session.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from devicelink.driver import EnableToken
from devicelink.errors import ConfigError
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink.recordings.calls import QUESTIONS, Differs, Outcome, difference, outcome
from devicelink.recordings.file import Called, Event, Made, Passed, Raised, Silent, line_of
from devicelink.runtime import ThreadRuntime, nanoseconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from devicelink.driver import Driver, Settings
    from devicelink.recordings.file import Recording
    from devicelink.runtime import Latch

JITTER_NS = 50_000_000
"""What a busy computer may add between a byte's coming and its note. Our proposal."""


class VirtualTime(ThreadRuntime):
    """A runtime whose time passes only by being waited for."""

    ns = 0

    def mono_ns(self) -> int:
        """Virtual."""
        return self.ns

    def sleep(self, seconds: float, until: Latch | None = None) -> bool:
        """Time passes at once."""
        self.ns += nanoseconds(max(0.0, seconds))
        return until is not None and until.is_set()

    def reach(self, at_ns: int) -> None:
        """Time never goes back."""
        self.ns = max(self.ns, at_ns)


class Tape:
    """A port that plays the events from a position up to the next that is no byte or silence."""

    def __init__(self, events: tuple[Event, ...], time: VirtualTime) -> None:
        self._events = events
        self._time = time
        self.at = 0
        self.sent = 0
        """Frames sent so far."""

    def next(self) -> Passed | Silent | None:
        """What is to come next; what the link itself dropped is not for the driver."""
        while self.at < len(self._events):
            event = self._events[self.at]
            if isinstance(event, Passed) and event.dir == "!":
                self.at += 1
            else:
                return event if isinstance(event, Passed | Silent) else None
        return None

    def write(self, data: bytes) -> None:
        """Has to be what was sent then; raises `Differs`."""
        event = self.next()
        while isinstance(event, Silent):
            self.at += 1
            event = self.next()
        if event is None:
            raise Differs(self.at, f"the driver sent {_shown(data)}, where nothing more was sent")
        if event.dir == "<":
            told = f"{_shown(data)} was sent before {_shown(event.data)} was read"
            raise Differs(self.at, told)
        if event.data != data:
            told = f"the driver sent {_shown(data)}, where {_shown(event.data)} was sent"
            raise Differs(self.at, told)
        self._time.reach(event.at_ns)
        self.at += 1
        self.sent += 1

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """The next piece that came by then; empty at the deadline."""
        del until
        deadline_ns = self._time.ns + nanoseconds(within_s)
        while isinstance(event := self.next(), Silent) and within_s > 0:
            self.at += 1
            if deadline_ns <= event.at_ns + JITTER_NS:
                self._time.reach(max(deadline_ns, event.at_ns))
                return b""
        late = within_s > 0 and event is not None and event.at_ns > deadline_ns + JITTER_NS
        if isinstance(event, Passed) and event.dir == "<" and not late:
            self.at += 1
            self._time.reach(event.at_ns)
            return event.data
        self._time.reach(deadline_ns)
        return b""

    def finish(self) -> None:
        """Raises `Differs` where something is left to be sent or read."""
        while isinstance(left := self.next(), Silent):
            self.at += 1
        if left is not None:
            what = "sent" if left.dir == ">" else "read"
            raise Differs(self.at, f"the driver has not {what} {_shown(left.data)}")

    def fileno(self) -> int | None:
        """No device is behind it."""
        return None

    def close(self) -> None:
        """Nothing is held."""


class Player:
    """A driver over a tape; `branch` makes another one that goes on from here by itself."""

    def __init__(self, events: tuple[Event, ...], driver: Driver) -> None:
        self._events = events
        self._driver = driver
        self._time = VirtualTime()
        self.tape = Tape(events, self._time)
        self._link = Link(self.tape, driver.wire, self._time, NoTranscript())
        self._token = EnableToken(step="", entry_index=0)

    def branch(self) -> Self:
        """The same state, in which something may be tried."""
        shared = (self._events, self._driver, self._driver.wire)
        return copy.deepcopy(self, {id(each): each for each in shared})

    def call(self, called: Called) -> Outcome:
        """Make the call at its time; raises `Differs`."""
        self._time.reach(called.at_ns)
        if called.doubt:
            self._link.doubt()
        return outcome(partial(self._talk, called))

    def _talk(self, called: Called) -> object:
        settings = called.settings or {}
        if called.call in QUESTIONS:
            return QUESTIONS[called.call](self._driver, self._link, settings)
        if called.call != self._token.step:  # questions end no step; any other act does
            self._token = EnableToken(step=called.call, entry_index=0)
        _act(self._driver, self._link, called, settings, self._token)
        return None


def _act(
    driver: Driver, link: Link, called: Called, settings: Settings, token: EnableToken
) -> None:
    """A call that is no question; its token has no intent, and its bytes reach no device."""
    ways = {way.name: way for way in driver.declaration.lock_ways}
    match called.call:
        case "prepare":
            driver.prepare(link, settings)
        case "unlock":
            driver.unlock(link, token)
        case "ready":
            driver.ready(link, token)
        case "standby":
            driver.standby(link)
        case "clear_fault":
            driver.clear_fault(link)
        case "reduce" if called.way in ways:
            driver.reduce(link, ways[called.way])
        case _:
            raise ConfigError(f"The driver knows no way {called.way!r} to lock.")


def played(recording: Recording, driver: Driver) -> Iterator[tuple[int, Called, Outcome]]:
    """Each call with the position of its end, and what the driver makes of it now.

    Raises `Differs` where the driver sends something else, or leaves bytes unread.
    """
    player = Player(recording.events, driver)
    for position, event in enumerate(recording.events):
        if not isinstance(event, Called):
            continue
        player.tape.at = position + 1
        try:
            told = player.call(event)
            player.tape.finish()
        except Differs as found:
            found.call = event.call
            raise
        yield player.tape.at, event, told


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay ended; `problem` is None where all is as recorded."""

    calls: int
    problem: str | None = None


def replay(recording: Recording, driver: Driver) -> Replayed:
    """Whether the driver sends what was sent, and makes of the answers what was made."""
    calls = 0
    try:
        for end, called, told in played(recording, driver):
            if problem := _otherwise(recording.events[end], told):
                return Replayed(calls, f"Line {line_of(end)}, {called.call}: {problem}.")
            calls += 1
    except Differs as found:
        return Replayed(calls, f"Line {line_of(found.position)}, {found.call}: {found}.")
    return Replayed(calls)


def _otherwise(recorded: Event, told: Outcome) -> str | None:
    if isinstance(recorded, Raised):
        if told.error == recorded.error:
            return None
        now = f"{told.error} ({told.sentence})" if told.error else "an answer"
        return f"{recorded.error} was raised, and it is now {now}"
    if told.error is not None:
        return f"the driver now raises {told.error}: {told.sentence}"
    return difference(recorded.made, told.made) if isinstance(recorded, Made) else None


def _shown(data: bytes) -> str:
    text = data.strip()
    readable = bool(text) and text.isascii() and text.decode("ascii").isprintable()
    return text.decode("ascii") if readable else data.hex(" ")
