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
from devicelink_simulation.world.story import EVERYWHERE, Trouble

if TYPE_CHECKING:
    from devicelink_simulation.world.kernel import SimProcess
    from devicelink_simulation.world.programs import Screen
    from devicelink_simulation.world.world import World


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

    def befall(self, kind: str, by: SimProcess, for_s: float) -> None:
        """One strikes now, at an operation of somebody."""
        now_s = seconds(self._world.kernel.time_ns)
        self._strike(Trouble(kind, now_s, whom=by.name, for_s=for_s, laser=by.serial))

    def _strike(self, trouble: Trouble) -> None:
        if self.over:
            return
        self.struck.append((self._world.kernel.time_ns, trouble))
        if trouble.kind in EVERYWHERE:
            self._at_the_machine(trouble)
        elif trouble.kind in {"fault", "knob", "host"}:
            self._at_the_laser(trouble)
        else:
            self._at_programs(trouble)

    def _at_the_laser(self, trouble: Trouble) -> None:
        bench = self._world.benches[trouble.laser]
        match trouble.kind:
            case "fault":
                bench.turn(f"fault={trouble.value}")
            case "knob":
                bench.hand(trouble.value)
            case "host":
                bench.wire.intrude(bytes.fromhex(trouble.value))

    def _at_programs(self, trouble: Trouble) -> None:
        until_ns = self._world.kernel.time_ns + nanoseconds(trouble.for_s)
        match trouble.kind:
            case "freeze":
                for process in self._named(trouble):
                    process.frozen_until_ns = until_ns
            case "kill":
                for process in self._named(trouble):
                    process.kill()
            case "terminal":
                for screen in self._screens(trouble):
                    screen.blocked_until_ns = until_ns
            case "deaf":
                for screen in self._screens(trouble):
                    screen.deaf_until_ns = until_ns

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
            case "edit":
                _edit(trouble.value)

    def _relent(self, trouble: Trouble) -> None:
        if self.over:
            return
        machine = self._world.machine
        match trouble.kind:
            case "knob":
                self._world.benches[trouble.laser].turn_back(trouble.value.partition("=")[0])
            case "full" | "io_error":
                machine.disk_failure, machine.disk.free_bytes = None, ROOMY_BYTES
            case "slow":
                machine.sync_cost_ns = SYNC_NS

    def _named(self, trouble: Trouble) -> list[SimProcess]:
        wanted = (trouble.whom, trouble.laser)
        processes = self._world.kernel.processes
        return [p for p in processes if (p.name, p.serial) == wanted and not p.dead]

    def _screens(self, trouble: Trouble) -> list[Screen]:
        return [each for each in self._world.book.screens if each.serial == trouble.laser]


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
