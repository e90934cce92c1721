"""One workload of the journal on a simulated disk, and what it must be true to afterwards."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from devicelink.errors import DeviceLinkError, JournalBroken
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection
from devicelink.journal.store import Journal
from devicelink.journal.verify import verify
from devicelink.runtime import ThreadRuntime
from devicelink_simulation.world.disk import ProcessDied, ProcessDisk, SimDisk
from devicelink_simulation.world.sqlite_vfs import sqlite_vfs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devicelink.journal.entry import Entry
    from devicelink.journal.note import Signer
    from devicelink.journal.projection import State

T = TypeVar("T")

NEEDS_ROOM = frozenset({"make", "write", "link", "rename"})
_START = datetime(2026, 1, 1, tzinfo=UTC)
_TICK_NS = 1_000_000
_LIFE_NS = 1_000_000_000_000


class SweepRuntime(ThreadRuntime):
    """Time is a counter, randomness follows from how much was drawn; lives follow each other."""

    def __init__(self, life: int = 0) -> None:
        super().__init__()
        self._life = life
        self._ns = life * _LIFE_NS
        self._drawn = 0

    @property
    def boot_id(self) -> str:
        """One boot."""
        return "boot-of-the-sweep"

    def mono_ns(self) -> int:
        """A millisecond later each time."""
        self._ns += _TICK_NS
        return self._ns

    def asleep_ns(self) -> int:
        """Never suspended."""
        return 0

    def now(self) -> datetime:
        """Goes with the counter."""
        return _START + timedelta(microseconds=self._ns // 1000)

    def clock_state(self) -> str:
        """As on a station with a time service."""
        return "synced"

    def random_bytes(self, count: int) -> bytes:
        """Different each time, the same in each run."""
        self._drawn += 1
        seed = self._life.to_bytes(8, "big") + self._drawn.to_bytes(8, "big")
        return hashlib.shake_128(seed).digest(count)


def _count(old: State | None, _: Entry) -> State:
    times = (old or {"times": 0})["times"]
    assert isinstance(times, int)
    return {"times": times + 1}


PROJECTIONS = (
    Projection("types", frozenset(), lambda entry: entry.type, _count),
    Projection("marks", frozenset({"mark"}), lambda entry: str(entry.data["mark"]), _count),
)


class Fault(NamedTuple):
    """What happens at which operation; `code` is the errno of a disk that refuses."""

    kind: str
    at: int
    code: int = 0

    @property
    def is_death(self) -> bool:
        """Whether the process dies of it."""
        return self.code == 0


class Striker:
    """Counts the operations of all processes of a run and strikes one, or all from one on."""

    def __init__(self, fault: Fault | None) -> None:
        self.fault = fault
        self.ops: list[str] = []
        self.is_over = fault is None

    def before(self, op: str, path: str, size: int) -> int:
        """As `Operations` says."""
        del path
        self.ops.append(op)
        fault, count = self.fault, len(self.ops)
        if fault is None or self.is_over or count < fault.at:
            return size
        if not fault.is_death:
            if fault.kind.endswith("once"):
                self.is_over = True
            if fault.code != errno.ENOSPC or op in NEEDS_ROOM:
                raise OSError(fault.code, os.strerror(fault.code))
        elif count == fault.at and fault.kind == "before":
            raise ProcessDied
        elif count == fault.at and fault.kind == "torn":
            return size * 3 // 7
        return size

    def after(self, op: str, path: str) -> None:
        """As `Operations` says."""
        del op, path
        fault = self.fault
        if fault is not None and fault.is_death and len(self.ops) == fault.at:
            raise ProcessDied


class Struck(Exception):
    """The process at work died."""


@dataclass
class Story:
    """What a journal must hold: what was acknowledged, and what may be there beside."""

    acknowledged: list[bytes] = field(default_factory=list)
    in_flight: list[tuple[Draft, ...]] = field(default_factory=list)
    life: int = 0

    def copy(self) -> Story:
        """For another continuation, at a later time."""
        return Story(self.acknowledged.copy(), self.in_flight.copy(), self.life + 1)


class Process:
    """A simulated process with its journal, opened when first needed."""

    def __init__(self, disk: ProcessDisk) -> None:
        self.disk = disk
        self.journal: Journal | None = None


class Run:
    """One workload on one disk, with what it must be true to."""

    def __init__(
        self, folder: Path, disk: SimDisk, story: Story, fault: Fault | None, signer: Signer
    ) -> None:
        self.disk = disk
        self.story = story
        self.strike = Striker(fault)
        self.problems: list[str] = []
        self.revived: list[str] = []
        self._folder = folder
        self._signer = signer
        self._is_death = fault is None or fault.is_death
        self._runtime = SweepRuntime(story.life)
        self._processes: list[Process] = []
        self._current: ProcessDisk | None = None
        sqlite_vfs().mount(str(folder), disk, self._calling, seed=1)

    def _calling(self) -> ProcessDisk:
        assert self._current is not None
        return self._current

    def process(self, *, struck: bool = True) -> Process:
        """A new one."""
        name = len(self._processes)
        disk = ProcessDisk(self.disk, name, self.strike) if struck else ProcessDisk(self.disk, name)
        self._processes.append(Process(disk))
        return self._processes[-1]

    def ask(self, process: Process, call: Callable[[Journal], T]) -> T | None:
        """What a journal's method gives; None where it refused. Raises `Struck`."""
        self._current = process.disk
        try:
            if process.journal is None:
                process.journal = Journal.open(
                    self._folder,
                    signer=self._signer,
                    runtime=self._runtime,
                    projections=PROJECTIONS,
                )
            got = call(process.journal)
        except DeviceLinkError as error:
            if process.disk.dead:
                raise Struck from error
            if self.strike.fault is None or isinstance(error, JournalBroken):
                self.problems.append(f"{type(error).__name__}: {error}")
            return None
        if process.disk.dead:
            raise Struck
        return got

    def append(self, process: Process, *drafts: Draft) -> None:
        """Entries, in flight until they are acknowledged."""
        self.story.in_flight.append(drafts)
        entries = self.ask(process, lambda journal: journal.append_all(drafts))
        if entries is None:
            return
        self._adopt(process, entries[0].index)
        del self.story.in_flight[:]
        self.story.acknowledged += [entry.raw for entry in entries]

    def close(self, process: Process) -> None:
        """As a process that ends in good order."""
        self._current = process.disk
        if process.journal is not None:
            process.journal.close()
            process.journal = None
        if process.disk.dead:
            raise Struck

    def bury(self, *, dead_only: bool = False) -> None:
        """Let the C code of the dead end, then that of the living."""
        for process in sorted(self._processes, key=lambda each: not each.disk.dead):
            if process.journal is not None and (process.disk.dead or not dead_only):
                self._current = process.disk
                process.journal.close()
                process.journal = None

    def examine(self) -> None:
        """The living go on, then a new process finds everything and goes on."""
        self.strike.is_over = True
        self.strike.fault = None
        for process in [each for each in self._processes if not each.disk.dead]:
            self.append(process, Draft("mark", {"mark": "survivor"}))
        new = self.process(struck=False)
        raws = self.ask(new, lambda journal: [entry.raw for entry in journal.entries()]) or []
        kept = self.story.acknowledged
        if raws[: len(kept)] != kept:
            lost = next(
                (i for i, raw in enumerate(kept) if i >= len(raws) or raws[i] != raw), len(kept)
            )
            self.problems.append(f"Entry {lost}, which was acknowledged, is not there as it was.")
            return
        self._adopt(new, len(raws))
        self.append(new, Draft("mark", {"mark": "new"}))
        checked = self.ask(new, lambda journal: journal.checked(PROJECTIONS)) or {}
        for name, states in checked.items():
            if self.ask(new, lambda journal, name=name: journal.projection(name)) != states:  # type: ignore[misc]  # a default makes the lambda keep its name
                self.problems.append(f"The table of {name} is not what a rebuild makes.")
        report = verify(self._folder, vkey=self._signer.vkey, projections=PROJECTIONS)
        self.problems += report.broken
        if report.size != len(self.story.acknowledged):
            self.problems.append(f"There are {report.size} entries in the end.")

    def _adopt(self, process: Process, size: int) -> None:
        """Entries before `size` that nobody acknowledged: only one append in flight, and whole."""
        known = len(self.story.acknowledged)
        if size == known:
            return
        extra = self.ask(process, lambda journal: list(journal.entries(known, size))) or []
        said = [(entry.type, entry.data) for entry in extra]
        matching = [
            drafts
            for drafts in self.story.in_flight
            if [(draft.type, dict(draft.data)) for draft in drafts] == said
        ]
        if not matching:
            self.problems.append(f"Entries {known} to {size - 1} are not those in flight.")
        elif not self._is_death:
            self.revived.append(f"Entry {known} was refused, and is there.")
        self.story.acknowledged += [entry.raw for entry in extra]
        del self.story.in_flight[:]
