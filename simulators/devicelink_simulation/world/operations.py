"""Where the world strikes: every elementary operation of a process, counted, and maybe failed.

An operation is what a process does to something outside itself: to the disk, the laser's port, a
pipe, a lock file, another process. A `Blow` falls on the Nth of them, counted per process, or on
all from the Nth on.
"""

from __future__ import annotations

import errno
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_simulation.world.disk import ProcessDied

if TYPE_CHECKING:
    from devicelink_simulation.world.kernel import SimProcess
    from devicelink_simulation.world.machine import Machine

FAILURES = {
    "full": errno.ENOSPC,
    "io_error": errno.EIO,
    "refused": errno.EACCES,
}
CRASHES = ("crash_before", "crash_after", "crash_torn")
DISTURBANCES = ("freeze", "suspend", "power_before", "power_after")
PORT = "the port"
"""The laser's, as the path of an operation."""
WATCH = "watch"
"""A blow that does no harm: the witness remembers the operations on which it falls."""
WRITES = frozenset({"make", "write", "sync", "truncate", "link", "rename"})
"""What a full or failing disk refuses."""
NEEDS_ROOM = WRITES | {"hold", "serve", "sync_folder"}
"""What may fail for want of room."""


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens at an operation: `kind` is one of `FAILURES`, `CRASHES`, `DISTURBANCES`.

    `lasting` operations from there on fail alike, so many of them (0: once, -1: for ever);
    the process is frozen, or the machine asleep, for `for_s` seconds.
    """

    kind: str
    nth: int
    lasting: int = 0
    for_s: float = 0.0
    only: str = ""
    """Only operations of this name are counted; empty for all."""

    def falls_on(self, op: str, count: int) -> bool:
        """Whether it falls on the `count`-th operation that it counts."""
        if self.only and op != self.only:
            return False
        if self.lasting < 0:
            return count >= self.nth
        return self.nth <= count <= self.nth + self.lasting


class Witness:
    """What struck at which operation; the operations on which a blow of kind `WATCH` fell.

    `unsent` are the bytes for the laser that the machine refused: (time_ns, process number).
    """

    def __init__(self) -> None:
        self.struck: Counter[str] = Counter()
        self.watched: list[str] = []
        self.unsent: list[tuple[int, int]] = []


class Struck:
    """The operations of one process, with the blows that are meant for it."""

    __slots__ = ("_after", "_blows", "_counts", "_machine", "_process", "_witness")

    def __init__(self, process: SimProcess, blows: tuple[Blow, ...], machine: Machine) -> None:
        self._process = process
        self._blows = blows
        self._machine = machine
        self._witness = machine.witness
        self._counts: Counter[str] = Counter()
        self._after = ""

    def before(self, op: str, path: str, size: int = 0) -> int:
        """How many bytes of a write take effect; raises `OSError`, `ProcessDied`."""
        process = self._process
        if process.dead:
            raise ProcessDied
        machine = self._machine
        if op == "sync":
            process.debt_ns += machine.sync_cost_ns
        if machine.disk_failure is not None and op in WRITES:
            self._witness.struck[f"disk {machine.disk_failure}"] += 1
            raise OSError(FAILURES[machine.disk_failure], machine.disk_failure)
        if not self._blows or machine.calm:
            return size
        counts = self._counts
        counts[""] += 1
        counts[op] += 1
        for blow in self._blows:
            if blow.falls_on(op, counts[blow.only]):
                size = self._strike(blow, op, path, size)
        return size

    def after(self, op: str, path: str = "") -> None:
        """Raises `ProcessDied` where the operation was the last."""
        del op, path
        if self._after:
            if self._after == "power":
                self._machine.befall("power", self._process, 0.0)
            self._process.kill()
            raise ProcessDied

    def _strike(self, blow: Blow, op: str, path: str, size: int) -> int:
        if blow.kind == WATCH:
            self._witness.watched.append(op)
            return size
        self._witness.struck[f"{blow.kind} at {op}"] += 1
        if blow.kind == "crash_before":
            self._process.kill()
            raise ProcessDied
        if blow.kind in DISTURBANCES:
            return self._disturb(blow, size)
        if blow.kind == "crash_after":
            self._after = "death"
            return size
        if blow.kind == "crash_torn":
            self._after = "death"
            return size // 2
        if blow.kind == "full" and op not in NEEDS_ROOM:
            return size
        if (op, path) == ("send", PORT):
            process = self._process
            self._witness.unsent.append((process.kernel.time_ns, process.number))
        raise OSError(FAILURES[blow.kind], f"{blow.kind} at {op} of {path}")

    def _disturb(self, blow: Blow, size: int) -> int:
        """What befalls more than an operation; the frozen process notices when it next waits."""
        if blow.kind == "power_after":
            self._after = "power"
            return size
        process = self._process
        self._machine.befall(blow.kind.partition("_")[0], process, blow.for_s)
        if process.dead:
            raise ProcessDied
        if blow.kind == "freeze":
            process.debt_ns += nanoseconds(blow.for_s)
        return size
