"""What goes wrong in a story by its time: struck when it is due, ended when it is over."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from devicelink.journal.sqlite import sqlite_module
from devicelink.runtime import nanoseconds, seconds
from devicelink_simulation.world.clinic import STATION
from devicelink_simulation.world.disk import ROOMY_BYTES
from devicelink_simulation.world.machine import SYNC_NS
from devicelink_simulation.world.people import try_knob
from devicelink_simulation.world.story import Trouble

if TYPE_CHECKING:
    from devicelink_simulation.world.kernel import SimProcess
    from devicelink_simulation.world.world import World

_NEED_START = frozenset({"interlock_1", "interlock_2", "estop"})
"""Knobs after which somebody has to press START."""


class Troubles:
    """The troubles of one world; none strikes when they are `over`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.over = False
        self.struck: list[tuple[int, Trouble]] = []

    def plan(self, trouble: Trouble) -> None:
        """Let it strike, and end, at its times."""
        kernel = self._world.kernel
        kernel.schedule(nanoseconds(trouble.at_s), lambda: self._strike(trouble))
        if trouble.for_s:
            ends_ns = nanoseconds(trouble.at_s + trouble.for_s)
            kernel.schedule(ends_ns, lambda: self._relent(trouble))

    def befall(self, kind: str, whom: str, for_s: float) -> None:
        """One strikes now, at an operation of somebody."""
        self._strike(Trouble(kind, seconds(self._world.kernel.time_ns), whom=whom, for_s=for_s))

    def _strike(self, trouble: Trouble) -> None:
        if self.over:
            return
        self.struck.append((self._world.kernel.time_ns, trouble))
        if trouble.kind in {"fault", "knob"}:
            self._at_the_laser(trouble)
        elif trouble.kind in {"freeze", "kill", "terminal", "deaf", "edit"}:
            self._at_programs(trouble)
        else:
            self._at_the_machine(trouble)

    def _at_the_laser(self, trouble: Trouble) -> None:
        if trouble.kind == "fault":
            try_knob(self._world, f"fault={trouble.value}")
        else:
            self._world.hand(trouble.value)

    def _at_programs(self, trouble: Trouble) -> None:
        until_ns = self._world.kernel.time_ns + nanoseconds(trouble.for_s)
        match trouble.kind:
            case "freeze":
                for process in self._named(trouble.whom):
                    process.frozen_until_ns = until_ns
            case "kill":
                for process in self._named(trouble.whom):
                    process.kill()
            case "terminal":
                for screen in self._world.book.screens:
                    screen.blocked_until_ns = until_ns
            case "deaf":
                for screen in self._world.book.screens:
                    screen.deaf_until_ns = until_ns
            case "edit":
                _edit(trouble.value)

    def _at_the_machine(self, trouble: Trouble) -> None:
        machine = self._world.machine
        match trouble.kind:
            case "clock":
                machine.wall_jump += timedelta(seconds=float(trouble.value))
            case "suspend":
                machine.sleep(nanoseconds(trouble.for_s))
            case "full" | "io_error":
                machine.disk_failure = trouble.kind
                machine.disk.free_bytes = 0 if trouble.kind == "full" else ROOMY_BYTES
            case "slow":
                machine.sync_cost_ns = nanoseconds(float(trouble.value))
            case "power":
                machine.lose_power()

    def _relent(self, trouble: Trouble) -> None:
        if self.over:
            return
        machine = self._world.machine
        match trouble.kind:
            case "knob":
                key = trouble.value.partition("=")[0]
                try_knob(self._world, f"{key}={self._world.plan.values[key]}")
                if key in _NEED_START:
                    try_knob(self._world, "supply=on")
            case "full" | "io_error":
                machine.disk_failure, machine.disk.free_bytes = None, ROOMY_BYTES
            case "slow":
                machine.sync_cost_ns = SYNC_NS

    def _named(self, name: str) -> list[SimProcess]:
        return [p for p in self._world.kernel.processes if p.name == name and not p.dead]


def _edit(sql: str) -> None:
    """Somebody with the file and the sqlite3 program."""
    address = f"file:{STATION}/journal.db?mode=rw"
    sqlite = sqlite_module()
    with contextlib.suppress(sqlite.Error):  # a disk that fails fails them, too
        connection = sqlite.connect(address, uri=True, isolation_level=None)
        try:
            connection.execute(sql)
        finally:
            connection.close()
