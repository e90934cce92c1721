"""What the console keeps through power cuts: counters, events and reports, numbered for ever."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from struct import Struct
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from devicelink_olcp_sim.inputs import Inputs

EVENTS_KEPT, REPORTS_KEPT = 10_000, 1_000

(
    BOOTED,
    SELF_TEST_PASSED,
    SELF_TEST_FAILED,
    PERMIT_ACCEPTED,
    PERMIT_REFUSED,
    PERMIT_ENDED,
    ARMED,
    READIED,
    STOOD_BY,
    WAS_LOCKED,
    LEASE_LOST,
    ARMING_FAILED,
    INTERLOCK_OPENED,
    INTERLOCK_CLOSED,
    WAS_RESET,
    EMERGENCY_STOP,
    KEY_OFF,
    KEY_ON,
    FAULTED,
    FAULT_CLEARED,
    SETTINGS_CHANGED,
    TIP_CHANGED,
    HANDPIECE_CHANGED,
    SCAN_ABORTED,
    SERVICE_ENTERED,
    SERVICE_LEFT,
    SERVICE_PULSES,
    KEY_ADDED,
    CHECK_BEGUN,
    CHECK_ENDED,
    EVENTS_LOST,
    REPORTS_LOST,
) = range(1, 33)
"""The kinds of events."""

(
    IN_ORDER,
    BY_FOOTSWITCH,
    BY_LEASE,
    BY_INTERLOCK,
    BY_LOCK,
    BY_STANDBY,
    BY_FAULT,
    BY_PERMIT,
    BY_PANEL,
    BY_KEY,
    BY_ESTOP,
    BY_TIP,
    BY_IDLE,
    BY_CONDITION,
) = range(14)
"""The reasons."""

_EVENT = Struct("<QIQHI")
_REPORT = Struct("<QBBBQQQIIIQIIIIHI8s8s")
_UNKNOWN_64, UNKNOWN_32 = 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF
_MOST_16 = 0xFFFE


@dataclass(slots=True)
class Counters:
    """Over the console's life, each only growing."""

    pulses: int
    scans: int
    energy_uj: float
    emission_ns: int
    boots: int
    frames_thrown_away: int = 0

    @classmethod
    def of(cls, inputs: Inputs) -> Counters:
        """As they stand at the beginning."""
        return cls(
            inputs.pulses,
            inputs.scans,
            inputs.energy_mj * 1000.0,
            inputs.emission_ms * 1_000_000,
            inputs.boots,
        )


class Numbered(Protocol):
    """Something that has a number of its own and a form on the wire."""

    number: int

    def packed(self) -> bytes:
        """As it is sent."""
        ...


@dataclass(slots=True)
class Event:
    """Something that happened; `data` of a loss grows until somebody has acknowledged it."""

    number: int
    boot: int
    clock_ms: int
    kind: int
    data: int

    def packed(self) -> bytes:
        """As it is sent."""
        return _EVENT.pack(self.number, self.boot, self.clock_ms, self.kind, self.data)


@dataclass(slots=True)
class Report:
    """One single pulse or one scan; `sensed_uj` are its pulses, None where nothing senses them."""

    number: int
    kind: int
    clock_ms: int
    first_pulse: int
    spots_planned: int
    set_uj: int
    settings: bytes
    permit: bytes
    outcome: int = 0
    reason: int = 0
    spots_delivered: int = 0
    pulses: int = 0
    sensed_uj: list[float] | None = field(default_factory=list)

    def packed(self) -> bytes:
        """As it is sent."""
        sums = (_UNKNOWN_64, *4 * (UNKNOWN_32,))
        exceptions = 0
        sensed = self.sensed_uj
        if sensed:
            mean = sum(sensed) / len(sensed)
            spread = math.sqrt(sum((each - mean) ** 2 for each in sensed) / len(sensed))
            sums = tuple(map(int, (sum(sensed), mean, min(sensed), max(sensed), spread)))  # type: ignore[assignment]
            exceptions = sum(abs(each - self.set_uj) > self.set_uj * 0.2 for each in sensed)
        aborted = UNKNOWN_32 if self.outcome == 0 else self.spots_delivered
        return _REPORT.pack(
            self.number,
            self.kind,
            self.outcome,
            self.reason,
            self.clock_ms,
            self.first_pulse,
            self.first_pulse + self.pulses - 1,
            self.spots_planned,
            self.spots_delivered,
            self.set_uj,
            *sums,
            min(exceptions, _MOST_16),
            aborted,
            self.settings,
            self.permit,
        )


_Kept = TypeVar("_Kept", bound=Numbered)


class Log(Generic[_Kept]):
    """The last so many, by number; `seen` is the highest that somebody has taken."""

    __slots__ = ("_kept", "_most", "next", "seen")

    def __init__(self, before: int, most: int) -> None:
        self._kept: deque[_Kept] = deque()
        self._most = most
        self.next = before + 1
        self.seen = before

    @property
    def oldest(self) -> int:
        """The lowest number that is kept; where none is, the next one."""
        return self._kept[0].number if self._kept else self.next

    def append(self, entry: _Kept) -> bool:
        """Keep one more, of the next number; whether one was overwritten that nobody had taken."""
        self._kept.append(entry)
        self.next += 1
        return len(self._kept) > self._most and self._kept.popleft().number > self.seen

    def read(self, first: int, most: int) -> list[_Kept]:
        """From a number on, at most so many; from the oldest where that number is older."""
        skipped = max(0, first - self.oldest)
        if skipped >= len(self._kept):
            return []
        return list(islice(self._kept, skipped, skipped + most))
