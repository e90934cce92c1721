"""What was read back, in columns: batches of at most a second, and gaps with their reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.driver import DeviceState
from devicelink.runtime import nanoseconds, seconds

if TYPE_CHECKING:
    from devicelink.driver import Status

BATCH_NS = nanoseconds(1)
BATCH_MAX = 256


class Telemetry:
    """Collects read-backs; `take` gives a batch when one is due."""

    def __init__(self) -> None:
        self._mono_ns: list[int] = []
        self._states: list[str] = []
        self._measured: dict[str, list[str | None]] = {}
        self._whys: dict[str, set[str]] = {}
        self._gap: dict[str, object] | None = None
        self._last: tuple[int, DeviceState] | None = None
        self.ready_ns = 0
        self.emitting_ns = 0

    def add(self, at_ns: int, status: Status) -> None:
        """One read-back."""
        self._count_time(at_ns, status.state)
        self._mono_ns.append(at_ns)
        self._states.append(status.state.value)
        for name, reading in status.measured.items():
            column = self._measured.setdefault(name, [None] * (len(self._mono_ns) - 1))
            column.append(reading.value)
            if reading.value is None and reading.why:
                self._whys.setdefault(name, set()).add(reading.why)
        for column in self._measured.values():
            column.extend([None] * (len(self._mono_ns) - len(column)))

    def missed(self, at_ns: int, why: str) -> None:
        """A question without an answer; what follows until the next read-back is unknown."""
        self._last = None
        if self._gap is None:
            self._gap = {"from_mono_ns": at_ns, "to_mono_ns": None, "why": why}

    def answered(self, at_ns: int) -> None:
        """A read-back ends a gap."""
        if self._gap is not None:
            self._gap["to_mono_ns"] = at_ns

    def take_gap(self, *, even_open: bool = False) -> dict[str, object] | None:
        """A gap that has ended, as an entry's data; at the close also one that has not."""
        if self._gap is None or (self._gap["to_mono_ns"] is None and not even_open):
            return None
        ended, self._gap = self._gap, None
        return ended

    def take(self, at_ns: int, *, all_of_it: bool = False) -> dict[str, object] | None:
        """A batch as an entry's data, where one is due."""
        if not self._mono_ns:
            return None
        due = at_ns - self._mono_ns[0] >= BATCH_NS or len(self._mono_ns) >= BATCH_MAX
        if not due and not all_of_it:
            return None
        batch: dict[str, object] = {
            "mono_ns": self._mono_ns,
            "state": self._states,
            "measured": self._measured,
            "why": {name: sorted(whys) for name, whys in self._whys.items()},
        }
        self._mono_ns, self._states, self._measured, self._whys = [], [], {}, {}
        return batch

    def totals(self) -> dict[str, object]:
        """How long the device said that it was READY or emitting, in seconds."""
        return {
            "ready_s": round(seconds(self.ready_ns), 3),
            "emitting_s": round(seconds(self.emitting_ns), 3),
        }

    def _count_time(self, at_ns: int, state: DeviceState) -> None:
        if self._last is not None:
            began_ns, before = self._last
            if before in {DeviceState.READY, DeviceState.EMITTING}:
                self.ready_ns += at_ns - began_ns
            if before is DeviceState.EMITTING:
                self.emitting_ns += at_ns - began_ns
        self._last = (at_ns, state)
