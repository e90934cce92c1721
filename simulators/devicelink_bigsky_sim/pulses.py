"""Pulses that are not simulated one by one: how many came by a time, and when the next will."""

from __future__ import annotations

from typing import NamedTuple


class Train(NamedTuple):
    """Lamp pulses at an even rate; the first comes one period after it began."""

    begin_ns: int
    period_ns: int

    def fired(self, at_ns: int) -> int:
        """How many came by then."""
        return max(0, at_ns - self.begin_ns) // self.period_ns

    def when(self, number: int) -> int:
        """When pulse `number`, from 1, comes."""
        return self.begin_ns + number * self.period_ns


class Pulses:
    """Lamp pulses, and the cycles of a Q-switch that opens at every nth of them.

    The first cycle comes with the first lamp pulse after cycling began.
    """

    __slots__ = ("_cycles", "_every", "_kind", "_lamp", "_skipped", "_train")

    def __init__(self) -> None:
        self._kind: tuple[str, int | None] = ("", None)
        self._train: Train | None = None
        self._lamp = 0
        self._every: int | None = None
        self._skipped = 0
        self._cycles = 0

    @property
    def come(self) -> bool:
        """Whether lamp pulses come."""
        return self._train is not None

    @property
    def cycling(self) -> bool:
        """Whether Q-switch cycles come."""
        return self._train is not None and self._every is not None

    def run(self, why: str, period_ns: int | None, now_ns: int) -> None:
        """From now on pulses come so often, or none; those of another kind begin anew."""
        if (why, period_ns) != self._kind:
            self._kind = (why, period_ns)
            self._train = Train(now_ns, period_ns) if period_ns else None
            self._lamp = 0
            self._every = None

    def cycle(self, every: int | None) -> None:
        """From now on every nth pulse is a cycle, or none."""
        if every != self._every:
            self._every = every
            self._skipped = self._lamp
            self._cycles = 0

    def taken(self, now_ns: int) -> tuple[int, int]:
        """How many lamp pulses and cycles came since this was last asked."""
        if self._train is None:
            return 0, 0
        lamp = self._train.fired(now_ns)
        new, self._lamp = lamp - self._lamp, lamp
        if self._every is None:
            return new, 0
        cycles = -(-(lamp - self._skipped) // self._every)
        new_cycles, self._cycles = cycles - self._cycles, cycles
        return new, new_cycles

    def last_cycles_ns(self, count: int) -> list[int]:
        """When the last so many of the cycles that were taken came."""
        if self._train is None or self._every is None:
            return []
        first = self._cycles - count
        return [
            self._train.when(self._skipped + 1 + (first + more) * self._every)
            for more in range(count)
        ]

    def lamp_ns(self, more: int) -> int | None:
        """When so many more lamp pulses will have come."""
        return None if self._train is None else self._train.when(self._lamp + more)

    def cycle_ns(self, more: int) -> int | None:
        """When so many more cycles will have come."""
        if self._train is None or self._every is None:
            return None
        return self._train.when(self._skipped + 1 + (self._cycles + more - 1) * self._every)
