"""The journal alone against a disk that dies, loses power, fills up and fails: at every operation.

Small workloads run on the real `Journal`; each of their elementary disk operations is struck in
every way, and each time a new process must find the journal whole: every acknowledged entry with
its exact bytes, beside them nothing but what was in flight, evidence that verifies, tables as a
rebuild makes them, and room for the next entry.

Runs in the mode that the SQLite at hand gives: WAL, or DELETE where it is older (as when pysqlite3
is not there). What `sweep` counts and finds is the same each time.
"""

from __future__ import annotations

import errno
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devicelink.journal.database import FILE_NAME
from devicelink.journal.entry import Draft
from devicelink.journal.keys import new_signer
from devicelink.journal.store import Journal
from devicelink_simulation.world.dice import dice
from devicelink_simulation.world.disk import SimDisk
from devicelink_simulation.world.journal_run import (
    NEEDS_ROOM,
    PROJECTIONS,
    Fault,
    Run,
    Story,
    Struck,
    SweepRuntime,
)
from devicelink_simulation.world.sqlite_vfs import sqlite_vfs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ORIGIN = "simulated/sweep/00112233445566778899aabbccddeeff"
POWER_SEEDS = 3
_CHANGES_NOTHING = frozenset({"open", "read", "list", "stat"})
_EVERY_READ = 50
"""A recovery reads a thousand frames in one manner: of reads in a row, so many fail one."""
_LONG_ENTRIES = 235
"""With the workload behind them the write-ahead log passes a thousand pages."""


def mark(number: int, size: int = 20) -> Draft:
    """An entry of a size in bytes, counted by a projection."""
    return Draft("mark", {"mark": number % 5, "text": "x" * size})


def _appends(run: Run) -> None:
    """One process: small, middling and large entries, several at once, the probe, a good end."""
    one = run.process()
    for number, size in enumerate((10, 900, 5_000)):
        run.append(one, mark(number, size))
    run.append(one, mark(3), Draft("pause", {}), mark(4, 3_000))
    run.ask(one, Journal.prove_writable)
    run.append(one, mark(5, 40_000))
    run.close(one)
    run.append(one, mark(6))


def _tile(run: Run) -> None:
    """Over the edge of a full tile."""
    one = run.process()
    run.append(one, mark(0))
    run.append(one, mark(1), mark(2), mark(3))
    run.append(one, mark(4))
    run.close(one)


def _two(run: Run) -> None:
    """Two processes in turns; one ends before the other."""
    one, two = run.process(), run.process()
    run.append(one, mark(0))
    run.append(two, mark(1, 5_000))
    run.append(one, mark(2))
    run.ask(two, Journal.prove_writable)
    run.close(one)
    run.append(two, mark(3))
    run.close(two)


def _rebuild(run: Run) -> None:
    """Tables made anew, and the replay that decides."""
    one = run.process()
    run.append(one, mark(0))
    run.ask(one, Journal.rebuild)
    run.ask(one, lambda journal: journal.checked(PROJECTIONS))
    run.append(one, mark(1))
    run.ask(one, Journal.rebuild)


def _recovery(run: Run) -> None:
    """A start on what a crash left, which may crash again."""
    one = run.process()
    run.append(one, mark(0))
    run.close(one)


def _long(run: Run) -> None:
    """Over a thousand pages, where SQLite brings them home and begins its log again."""
    one = run.process()
    for number in range(4):
        run.append(one, mark(number, 40_000))


class Template(NamedTuple):
    """Where a workload begins."""

    disk: SimDisk
    story: Story


@dataclass
class SweepResult:
    """Runs by kind; violations, each with what repeats it; what was refused and yet is there.

    `mode` is SQLite's, wal or delete.
    """

    mode: str = ""
    operations: dict[str, int] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)


class Sweep:
    """The workloads with their templates, in a folder that stands for the simulated one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signer = new_signer(ORIGIN, SweepRuntime())
        (folder / FILE_NAME).touch()
        short = self._made(10)
        self.workloads: dict[str, tuple[Callable[[Run], None], Template]] = {
            "appends": (_appends, short),
            "tile": (_tile, self._made(254)),
            "two": (_two, short),
            "rebuild": (_rebuild, short),
            "recovery": (_recovery, self._crashed(_appends, short)),
            "long": (_long, self._grown(short)),
        }

    def begun(self, workload: str, fault: Fault | None) -> Run:
        """A run at its start; whoever asks for it buries it."""
        return self._begun(self.workloads[workload][1], fault)

    def work(self, workload: str, run: Run) -> None:
        """Go through it, up to its end or the death of the process."""
        _work(self.workloads[workload][0], run)

    def ops(self, workload: str) -> list[str]:
        """The operations of an unstruck run, which is examined too."""
        with self._run(workload, None) as run:
            ops = run.strike.ops.copy()
            run.examine()
            if run.problems:
                raise AssertionError(f"Without any fault: {run.problems}")
        return ops

    def strike(self, workload: str, fault: Fault, seeds: Sequence[int], into: SweepResult) -> None:
        """One fault in one workload; after a death also with a loss of power, by seed."""
        with self._run(workload, fault) as run:
            run.bury(dead_only=True)
            copies = [(seed, run.disk.copy(), run.story.copy()) for seed in seeds]
            self._conclude(run, f"{workload}, {fault}", fault.kind, into)
        for seed, disk, story in copies:
            what = f"{workload}, {fault}, power lost with seed {seed}"
            disk.power_loss(dice(seed, what))
            after = Run(self._folder, disk, story, None, self._signer)
            self._conclude(after, what, f"{fault.kind}, power", into)
            after.bury()

    def _conclude(self, run: Run, what: str, kind: str, into: SweepResult) -> None:
        into.runs[kind] += 1
        try:
            run.examine()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            run.problems.append(f"{type(error).__name__}: {error}")
        surprises = sqlite_vfs().surprises
        run.problems += [f"A callback raised {error!r}" for error in surprises]
        surprises.clear()
        into.violations += [f"{what}: {problem}" for problem in run.problems]
        into.revived += [f"{what}: {sentence}" for sentence in run.revived]

    @contextmanager
    def _run(self, workload: str, fault: Fault | None) -> Iterator[Run]:
        work, template = self.workloads[workload]
        with self._worked(work, template, fault) as run:
            yield run

    @contextmanager
    def _worked(
        self, work: Callable[[Run], None], template: Template, fault: Fault | None
    ) -> Iterator[Run]:
        run = self._begun(template, fault)
        _work(work, run)
        try:
            yield run
        finally:
            run.bury()

    def _begun(self, template: Template, fault: Fault | None) -> Run:
        return Run(self._folder, template.disk.copy(), template.story.copy(), fault, self._signer)

    def _made(self, count: int) -> Template:
        """A journal made on the real disk, taken over."""
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            with Journal.create(
                folder,
                origin=ORIGIN,
                signer=self._signer,
                runtime=SweepRuntime(),
                projections=PROJECTIONS,
                genesis=Draft("genesis", {}),
            ) as journal:
                journal.append_all([mark(number) for number in range(1, count)])
                raws = [entry.raw for entry in journal.entries()]
            data = (folder / FILE_NAME).read_bytes()
        disk = SimDisk()
        disk.put(self._folder / FILE_NAME, data)
        return Template(disk, Story(raws))

    def _crashed(self, work: Callable[[Run], None], template: Template) -> Template:
        """What is left when a process dies while it writes."""
        with self._worked(work, template, None) as run:
            ops = run.strike.ops
        at = max(n for n, op in enumerate(ops[: len(ops) * 2 // 3], 1) if op == "write")
        with self._worked(work, template, Fault("after", at)) as run:
            return Template(run.disk.copy(), run.story.copy())

    def _grown(self, template: Template) -> Template:
        """A write-ahead log of almost a thousand pages, left by a process that was killed."""

        def work(run: Run) -> None:
            one = run.process()
            for number in range(_LONG_ENTRIES):
                run.append(one, mark(number))

        with self._worked(work, template, None) as run:
            return Template(run.disk.copy(), run.story.copy())


def _work(work: Callable[[Run], None], run: Run) -> None:
    try:
        work(run)
    except Struck:
        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        run.problems.append(f"{type(error).__name__}: {error}")


def _faults(ops: list[str]) -> Iterator[tuple[Fault, range]]:
    """Every way to strike every operation, each with the seeds of losses of power after it."""
    reads = 0
    for at, op in enumerate(ops, 1):
        reads = reads + 1 if op == "read" else 0
        if op not in _CHANGES_NOTHING:
            yield Fault("before", at), range(1)
            yield Fault("after", at), range(POWER_SEEDS)
        if op == "write":
            yield Fault("torn", at), range(1)
        if op in NEEDS_ROOM:
            yield Fault("full once", at, errno.ENOSPC), range(0)
            yield Fault("full", at, errno.ENOSPC), range(0)
        if reads % _EVERY_READ in {0, 1}:
            yield Fault("failing once", at, errno.EIO), range(0)
            yield Fault("failing", at, errno.EIO), range(0)


def sweep(
    progress: Callable[[int, int], None] | None = None, every: int = 1, skip: int = 0
) -> SweepResult:
    """Strike every operation of every workload; of all these faults each `every`-th from `skip` on.

    `progress` is told (done, total) faults. Nothing else may use the simulated VFS meanwhile.
    """
    result = SweepResult()
    try:
        with tempfile.TemporaryDirectory() as folder:
            made = Sweep(Path(folder))
            plan = []
            for workload in made.workloads:
                ops = made.ops(workload)
                result.mode = "delete" if "delete" in ops[: len(ops) // 2] else "wal"
                result.operations[workload] = len(ops)
                plan += [(workload, *struck) for struck in _faults(ops)]
            plan = plan[skip::every]
            for done, (workload, fault, seeds) in enumerate(plan, 1):
                made.strike(workload, fault, seeds, result)
                if progress is not None:
                    progress(done, len(plan))
    finally:
        sqlite_vfs().unmount()
    return result
