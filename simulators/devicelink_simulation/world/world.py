"""One run of the world: a story played from its beginning to the end, and what became of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError
from devicelink.journal.store import Journal
from devicelink.runtime import nanoseconds
from devicelink.session.context import PROJECTIONS
from devicelink_simulation.world import programs
from devicelink_simulation.world.bench import Bench
from devicelink_simulation.world.clinic import STATION
from devicelink_simulation.world.dice import dice
from devicelink_simulation.world.disk import NO_OPERATIONS, ProcessDisk, SimDisk
from devicelink_simulation.world.kernel import Kernel
from devicelink_simulation.world.lasers import port_of
from devicelink_simulation.world.machine import SYNC_NS, Machine
from devicelink_simulation.world.operations import Witness
from devicelink_simulation.world.people import People
from devicelink_simulation.world.programs import Book, Screen
from devicelink_simulation.world.runtime import WorldRuntime
from devicelink_simulation.world.sqlite_vfs import sqlite_vfs
from devicelink_simulation.world.troubles import Troubles

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.journal.entry import Entry
    from devicelink_simulation.world.clinic import Template
    from devicelink_simulation.world.kernel import SimProcess
    from devicelink_simulation.world.operations import Blow
    from devicelink_simulation.world.story import Story

LONGEST_S = 4000.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What is left of a run, for the oracle and for the statistics."""

    world: World
    digest: str
    entries: list[Entry]
    journal_problems: list[str]


class World:
    """A machine, lasers, and people, from one story."""

    def __init__(self, story: Story, template: Template) -> None:
        self.story = story
        self.kernel = Kernel(dice(story.seed, "schedule"))
        self.disk = SimDisk.from_snapshot(template.files)
        self.benches = {
            each.serial: Bench(each, self.kernel, story.seed, template.permit_key)
            for each in story.lasers
        }
        self.machine = Machine(
            kernel=self.kernel,
            disk=self.disk,
            wires={port_of(serial): bench.wire for serial, bench in self.benches.items()},
            dice=dice(story.seed, "machine"),
            witness=Witness(),
            blows=_aimed(story),
        )
        self.book = Book(template.signer)
        self.stops: list[tuple[int, Screen]] = []
        self._auditor = ProcessDisk(self.disk, "auditor", NO_OPERATIONS)
        self.troubles = Troubles(self)
        self.machine.befall = self.troubles.befall
        self.people = People(self)

    def play(self) -> Ran:
        """From the first visit until everything is put right."""
        vfs = sqlite_vfs()
        vfs.mount("/world", self.disk, self._current_disk, seed=abs(self.story.seed))
        try:
            for trouble in self.story.troubles:
                if trouble.blow is None:
                    self.troubles.plan(trouble)
            people = self.kernel.process("people", on_machine=False)
            people.spawn("people", lambda: self.people.play(people))
            self.kernel.run(nanoseconds(LONGEST_S))
            for bench in self.benches.values():
                bench.wire.settle()
            self.kernel.end_all()
            if people.error is not None:
                raise people.error
            entries, problems = self._read_journal()
            problems += [repr(surprise) for surprise in vfs.surprises]
            vfs.surprises.clear()
            return Ran(self, self._digest(), entries, problems)
        finally:
            self.kernel.end_all()
            for journal in self.book.journals:
                journal.close()
            vfs.unmount()

    def start(
        self,
        name: str,
        program: Callable[[WorldRuntime], Callable[[], int]],
        *,
        serial: str,
        visit: int | None,
    ) -> SimProcess:
        """A program in a process of its own, for a laser; the story's blows know its visit."""
        process = self.kernel.process(name)
        process.serial, process.visit = serial, visit
        runtime = WorldRuntime(self.machine, process)
        process.spawn("main", lambda: programs.run(runtime, self.book, name, program(runtime)))
        return process

    def clear_up(self) -> None:
        """Every cause of trouble goes; what it did stays to be dealt with."""
        machine = self.machine
        self.troubles.over = machine.calm = True
        machine.disk_failure, machine.sync_cost_ns = None, SYNC_NS
        machine.blows.clear()
        machine.wall_jump = timedelta()
        self.disk.free_bytes = SimDisk().free_bytes
        for process in self.kernel.processes:
            process.frozen_until_ns = 0
        for screen in self.book.screens:
            screen.blocked_until_ns = screen.deaf_until_ns = 0
        for bench in self.benches.values():
            bench.put_right()

    def _current_disk(self) -> ProcessDisk:
        current = self.kernel.current
        disk = current.process.disk if current is not None else None
        return disk or self._auditor

    def _read_journal(self) -> tuple[list[Entry], list[str]]:
        """All entries, and what is wrong with the journal as it lies there."""
        self._auditor = ProcessDisk(self.disk, "auditor", NO_OPERATIONS)
        runtime = WorldRuntime(self.machine, self.kernel.process("auditor"))
        problems: list[str] = []
        try:
            with Journal.open(
                STATION, signer=self.book.signer, runtime=runtime, projections=PROJECTIONS
            ) as journal:
                entries = list(journal.entries())
                checked = journal.checked(PROJECTIONS)
                edited = any(trouble.kind == "edit" for trouble in self.story.troubles)
                problems += [
                    f"the table of {projection.name} is not what the entries say"
                    for projection in PROJECTIONS
                    if not edited
                    and journal.projection(projection.name) != checked[projection.name]
                ]
        except DeviceLinkError as error:
            return [], [f"the journal does not hold: {error}"]
        return entries, problems

    def _digest(self) -> str:
        """Over everything that a run leaves: the same for the same seed."""
        digest = hashlib.sha256()
        for found in self.book.acknowledged:
            for entry in found.entries:
                digest.update(entry.raw)
        for bench in self.benches.values():
            for event in bench.truth.events[1:]:
                digest.update(repr(sorted(event.items())).encode())
            for piece in bench.wire.passed:
                digest.update(repr(tuple(piece)).encode())
        for end in self.book.exits:
            digest.update(repr(end).encode())
        return digest.hexdigest()


def _aimed(story: Story) -> dict[tuple[int | None, str], tuple[Blow, ...]]:
    """What the story means for the processes of its visits."""
    aimed: dict[tuple[int | None, str], tuple[Blow, ...]] = {}
    for trouble in story.troubles:
        if trouble.blow is not None:
            known = aimed.get((trouble.visit, trouble.whom), ())
            aimed[trouble.visit, trouble.whom] = (*known, trouble.blow)
    return aimed
