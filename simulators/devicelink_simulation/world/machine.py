"""The station's machine: its clocks, disk, lock files, services and the lasers' lines."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from devicelink_simulation.world.descriptors import LockFile, OpenPort
from devicelink_simulation.world.kernel import Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.world.descriptors import Description
    from devicelink_simulation.world.dice import Dice
    from devicelink_simulation.world.disk import SimDisk
    from devicelink_simulation.world.kernel import Kernel, SimProcess
    from devicelink_simulation.world.operations import Blow, Witness
    from devicelink_simulation.world.wire import SimWire

BEGINNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_BOOT_NS = 20_000_000_000
_FIRST_FD = 3
SYNC_NS = 4_000_000
"""One durable commit, as measured on a small computer's SSD."""


class Asked:
    """One question to another process."""

    def __init__(self, kernel: Kernel, line: bytes) -> None:
        self.line = line
        self.answer: bytes | None = None
        self.answered = Signal(kernel)


@dataclass(slots=True)
class Served:
    """Where a process answers others."""

    process: SimProcess
    answer: Callable[[bytes], bytes]
    asked: list[Asked]
    some: Signal
    open: bool = True


@dataclass
class Machine:
    """Everything that outlives a process; a boot begins some of it anew."""

    kernel: Kernel
    disk: SimDisk
    wires: dict[str, SimWire]
    """The cables, by the addresses of their ports."""
    dice: Dice
    witness: Witness
    wall_jump: timedelta = timedelta()
    boots: int = 1
    mono_zero_ns: int = -_BOOT_NS
    """When CLOCK_MONOTONIC would have been 0, had the machine never slept since."""
    asleep_at_boot_ns: int = 0
    locks: dict[str, LockFile] = field(default_factory=dict)
    services: dict[str, Served] = field(default_factory=dict)
    free_fd: int = _FIRST_FD
    boot_log: dict[str, int] = field(default_factory=lambda: {"boot-1": -_BOOT_NS})
    """When, in the world's time, each boot's monotonic clock was 0 (sleep left out)."""
    disk_failure: str | None = None
    """What every write fails with now."""
    sync_cost_ns: int = SYNC_NS
    blows: dict[tuple[int | None, str], tuple[Blow, ...]] = field(default_factory=dict)
    """What is meant for the next process of a visit and a name."""
    calm: bool = False
    """Blows have no effect any more."""
    befall: Callable[[str, SimProcess, float], None] = field(
        default=lambda _kind, _by, _for_s: None
    )
    """A blow that is a trouble of the whole machine or process: its kind, whose, for seconds."""

    @property
    def boot_id(self) -> str:
        """Names the boot."""
        return f"boot-{self.boots}"

    def asleep_ns(self) -> int:
        """Time asleep in this boot."""
        return self.kernel.asleep_ns - self.asleep_at_boot_ns

    def wall(self) -> datetime:
        """The wall clock, with whatever somebody did to it."""
        return BEGINNING + self.wall_jump + timedelta(microseconds=self.kernel.time_ns // 1000)

    def hold(self, process: SimProcess, path: str) -> int | None:
        """Take a lock file."""
        if path in self.locks:
            return None
        return self.give_fd(process, LockFile(self.locks, path))

    def open_port(self, process: SimProcess, address: str) -> int:
        """Open a laser's port; raises `OSError`."""
        if address not in self.wires:
            raise OSError(errno.ENOENT, "No such file or directory")
        wire = self.wires[address]
        port = OpenPort(wire)
        wire.open(port)
        return self.give_fd(process, port)

    def give_fd(self, process: SimProcess, description: Description) -> int:
        """A number for something open; no number is used twice."""
        self.free_fd += 1
        process.fds[self.free_fd] = description
        description.holders += 1
        return self.free_fd

    def sleep(self, for_ns: int) -> None:
        """As with the lid closed: the monotonic clock stands meanwhile."""
        self.kernel.suspend(for_ns)
        self.mono_zero_ns += for_ns

    def lose_power(self) -> None:
        """Every process dies, the disk loses what was not synced; a new boot follows at once."""
        for process in self.kernel.processes:
            if process.on_machine:
                process.kill()
        self.disk.power_loss(self.dice)
        self.locks.clear()
        self.services.clear()
        self.boots += 1
        self.mono_zero_ns = self.kernel.time_ns - _BOOT_NS
        self.asleep_at_boot_ns = self.kernel.asleep_ns
        self.boot_log[self.boot_id] = self.mono_zero_ns


def no_descriptor() -> OSError:
    """What a closed descriptor gives."""
    return OSError(errno.EBADF, "Bad file descriptor")
