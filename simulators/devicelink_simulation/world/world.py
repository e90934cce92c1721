"""One run of the world: a story played from its beginning to the end, and what became of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError
from devicelink.journal.store import Journal
from devicelink.runtime import nanoseconds
from devicelink.session.context import PROJECTIONS
from devicelink_simulation.registry import simulator
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList
from devicelink_simulation.world import programs
from devicelink_simulation.world.clinic import STATION
from devicelink_simulation.world.dice import dice
from devicelink_simulation.world.disk import NO_OPERATIONS, ProcessDisk, SimDisk
from devicelink_simulation.world.kernel import Kernel
from devicelink_simulation.world.machine import SYNC_NS, Machine
from devicelink_simulation.world.operations import Witness
from devicelink_simulation.world.people import People, try_knob
from devicelink_simulation.world.programs import Book, Screen
from devicelink_simulation.world.runtime import WorldRuntime
from devicelink_simulation.world.sqlite_vfs import sqlite_vfs
from devicelink_simulation.world.troubles import Troubles
from devicelink_simulation.world.wire import SimWire

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.journal.entry import Entry
    from devicelink_simulation.world.clinic import Template
    from devicelink_simulation.world.kernel import SimProcess
    from devicelink_simulation.world.story import Story

BAUDRATE = 57_600
LONGEST_S = 4000.0
_LASER = {"startup_s": "0.3", "reply_latency_s": "0.002"}


@dataclass(frozen=True, slots=True)
class Ran:
    """What is left of a run, for the oracle and for the statistics."""

    world: World
    digest: str
    entries: list[Entry]
    journal_problems: list[str]


@cache
def _plan(values: tuple[tuple[str, str], ...]) -> Plan:
    return Plan.of(simulator("ipg"), values={**_LASER, **dict(values)})


class World:
    """A machine, a laser, and people, from one story."""

    def __init__(self, story: Story, template: Template) -> None:
        self.story = story
        self.kernel = Kernel(dice(story.seed, "schedule"))
        self.disk = SimDisk.from_snapshot(template.files)
        self.truth = TruthList()
        self.plan = replace(_plan(story.laser), seed=abs(story.seed))
        self.wire = SimWire(self.kernel, self.plan.build(self.truth, 0), BAUDRATE)
        self.machine = Machine(
            kernel=self.kernel,
            disk=self.disk,
            wire=self.wire,
            dice=dice(story.seed, "machine"),
            witness=Witness(),
        )
        self.book = Book(template.signer)
        self.stops: list[tuple[int, Screen]] = []
        self._auditor = ProcessDisk(self.disk, "auditor", NO_OPERATIONS)
        self._touched: set[str] = set()
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
            people.spawn("people", self.people.play)
            self.kernel.run(nanoseconds(LONGEST_S))
            self.wire.settle()
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

    def start(self, name: str, program: Callable[[WorldRuntime], Callable[[], int]]) -> SimProcess:
        """A program in a process of its own."""
        process = self.kernel.process(name)
        runtime = WorldRuntime(self.machine, process)
        process.spawn("main", lambda: programs.run(runtime, self.book, name, program(runtime)))
        return process

    def aim_blows(self, visit: int) -> None:
        """What the story means for the processes of a visit."""
        self.machine.blows.clear()
        for trouble in self.story.troubles:
            if trouble.blow is not None and trouble.visit == visit:
                known = self.machine.blows.get(trouble.whom, ())
                self.machine.blows[trouble.whom] = (*known, trouble.blow)

    def hand(self, pair: str) -> None:
        """A person's hand at the laser."""
        self._touched.add(pair.partition("=")[0])
        try_knob(self, pair)

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
        try_knob(self, "fault=none")
        self.wire.plug_in()
        for key in sorted(self._touched):
            try_knob(self, f"{key}={self.plan.values[key]}")
        try_knob(self, "supply=on")
        try_knob(self, "clear=pressed")

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
        for event in self.truth.events[1:]:
            digest.update(repr(sorted(event.items())).encode())
        for at_ns, number, data in (*self.wire.sent, *self.wire.heard):
            digest.update(f"{at_ns} {number} {data!r}".encode())
        for end in self.book.exits:
            digest.update(repr(end).encode())
        return digest.hexdigest()
