"""The contract between devicelink and the driver of a console that keeps account of itself.

Beside what every laser's driver does, a console's keeps READY alive by showing that what the
console says is read, and reads what the console numbered by itself: events, and reports of pulses
and scans.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, runtime_checkable

from devicelink.driver import Driver

if TYPE_CHECKING:
    from devicelink.driver import Effective, EnableToken, Status, WireLink

__all__ = ["CheckedPulse", "CheckingConsole", "Console", "Event", "Page", "Report"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as the console numbered it."""

    number: int
    name: str
    boot: int
    """The boot that it belongs to, counted by the console."""
    clock_ms: int
    """Since that boot."""
    data: int


@dataclass(frozen=True, slots=True)
class Report:
    """One pulse, or one scan of many spots, as the console tells what it emitted."""

    number: int
    kind: str
    """`pulse` or `scan`."""
    outcome: str
    """`complete`, `aborted` or `misfire`."""
    reason: str
    """What aborted it; `none` where nothing did."""
    clock_ms: int
    first_pulse: int
    last_pulse: int
    """By the lifetime counter; one less than the first where nothing was delivered."""
    spots_planned: int
    spots_delivered: int
    aborted_at: int | None
    """The first spot that was not delivered, from 0."""
    set_mj: str
    measured_mj: dict[str, str] | None
    """`sum`, `mean`, `min`, `max`, `spread` as sensed inside the laser; None where nothing is."""
    exceptions: int
    """Pulses more than a fifth off what was set."""
    settings: str
    """The beginning of the id of the settings that it was made with, hex."""
    permit: str
    """The beginning of the permit's id, hex."""

    @property
    def pulses(self) -> int:
        """How many pulses it tells of."""
        return self.last_pulse - self.first_pulse + 1


@dataclass(frozen=True, slots=True)
class CheckedPulse:
    """One pulse of an energy check, as the laser itself tells it: its word, not a meter's."""

    set_mj: str
    measured_mj: str | None
    """By the laser's own calibration port; None where it has none, or no light came."""


Numbered = TypeVar("Numbered", Event, Report)


@dataclass(frozen=True, slots=True)
class Page(Generic[Numbered]):
    """Some of what a console numbered, in order."""

    oldest: int
    """The lowest number that is kept."""
    next: int
    """The number that the next one will get."""
    found: tuple[Numbered, ...]


@runtime_checkable
class Console(Driver, Protocol):
    """A driver whose laser keeps account of itself.

    No two read-backs of it have the same `words`: one that was told before is none. The word
    `clock_ms`, where it tells one, is its own clock at that moment.
    """

    def sustain(
        self, link: WireLink, token: EnableToken, judged: Effective, seen: Status, last_event: int
    ) -> Status:
        """Keep READY possible for one lease more, and read the status back in the same exchange.

        Under the token of `ready.intended`. `judged` are the settings that the verdict judged,
        `seen` the newest read-back, `last_event` the number of the newest event that was read: all
        three are shown to the console. Raises `DeviceFault` where it does not take them: the lease
        runs on towards its end.
        """
        ...

    def read_events(self, link: WireLink, start: int) -> Page[Event]:
        """Some events from this number on, or from the oldest that is kept."""
        ...

    def read_reports(self, link: WireLink, start: int) -> Page[Report]:
        """Some reports of pulses and scans, likewise."""
        ...


@runtime_checkable
class CheckingConsole(Console, Protocol):
    """A console that counts the pulses of an energy check by itself, and may measure them."""

    def ready_for_check(self, link: WireLink, token: EnableToken, pulses: int) -> int:
        """As `ready`, all of it, in an energy check: READY for at most so many pulses.

        How many the laser lets through, which may be fewer: then it leaves READY by itself. Raises
        `DeviceFault`, `ProtocolError`, `NoReply`.
        """
        ...

    def end_check(self, link: WireLink) -> tuple[CheckedPulse, ...]:
        """End the check in STANDBY; every pulse that the laser counted in it, in order.

        Raises `DeviceFault` where there is none any more: something ended it, and its result is
        void.
        """
        ...
