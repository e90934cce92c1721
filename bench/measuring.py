"""Times taken side by side: one's own and a floor's in turn, medians over rounds."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Row:
    """One figure: `ours_s` and `floor_s` are seconds for the same work, medians over rounds."""

    name: str
    ours_s: float
    floor_s: float
    target: float
    """The ratio that is wanted, at most; at least where `more_is_better`."""
    floor: str
    """What it is compared with."""
    more_is_better: bool = False

    @property
    def ratio(self) -> float:
        """Ours in floors; the other way round where more is better."""
        return self.floor_s / self.ours_s if self.more_is_better else self.ours_s / self.floor_s

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        return self.ratio >= self.target if self.more_is_better else self.ratio <= self.target

    def as_json(self) -> dict[str, object]:
        """For the file of results."""
        return {**asdict(self), "ratio": self.ratio, "holds": self.holds}


@dataclass(frozen=True)
class Figure:
    """A figure that stands alone, with what was wanted of it in words."""

    name: str
    told: str
    target: str = ""
    holds: bool | None = None
    """Whether the target is met; None where there is none."""

    def as_json(self) -> dict[str, object]:
        """For the file of results."""
        return asdict(self)


def in_turn(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Median seconds of each; every round does all of them, one after the other."""
    took: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, took, strict=True):
            times.append(seconds_of(work))
    return [statistics.median(times) for times in took]


def seconds_of(work: Callable[[], object]) -> float:
    """Wall time."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
