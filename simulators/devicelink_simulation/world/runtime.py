"""The runtime that real code is handed inside the world: one for each simulated process."""

from __future__ import annotations

import errno
import importlib
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from devicelink.runtime import nanoseconds
from devicelink_simulation.world.descriptors import OpenPort, Pipe
from devicelink_simulation.world.disk import ProcessDied, ProcessDisk
from devicelink_simulation.world.kernel import Signal
from devicelink_simulation.world.machine import Asked, Served, no_descriptor
from devicelink_simulation.world.operations import PORT, Struck

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from devicelink.runtime import Latch
    from devicelink_simulation.world.descriptors import Description
    from devicelink_simulation.world.kernel import Fibre, SimProcess
    from devicelink_simulation.world.machine import Machine

T = TypeVar("T")


class WorldLatch:
    """A latch between the fibres of a process."""

    def __init__(self, process: SimProcess) -> None:
        self._set = False
        self.signal = Signal(process.kernel)

    def set(self) -> None:
        """Set it and wake every waiter."""
        self._set = True
        self.signal.fire()

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._set


class WorldMailbox(Generic[T]):
    """A mailbox between fibres."""

    def __init__(self, runtime: WorldRuntime) -> None:
        self._items: deque[T] = deque()
        self._runtime = runtime
        self._some = Signal(runtime.process.kernel)

    def post(self, item: T) -> None:
        """Put an item in."""
        self._items.append(item)
        self._some.fire()

    def take(self, within_s: float) -> T | None:
        """The oldest item, or None after `within_s` seconds."""
        if not self._items and within_s > 0:
            self._runtime.wait(within_s, lambda: bool(self._items), self._some)
        return self._items.popleft() if self._items else None


class WorldTask:
    """A fibre that was spawned."""

    def __init__(self, runtime: WorldRuntime, fibre: Fibre) -> None:
        self._runtime = runtime
        self._fibre = fibre

    def join(self, within_s: float) -> bool:
        """Wait for its end."""
        made = self._fibre.greenlet
        return self._runtime.wait(within_s, lambda: made.dead, self._fibre.ended)


class WorldService:
    """What answers other processes at a path."""

    def __init__(self, machine: Machine, path: str, served: Served) -> None:
        self._machine = machine
        self._path = path
        self._served = served

    def close(self) -> None:
        """Answer no more."""
        self._served.open = False
        if self._machine.services.get(self._path) is self._served:
            del self._machine.services[self._path]
        self._served.some.fire()


class WorldProcess:
    """Another process of the machine, seen by the one that started it."""

    def __init__(self, runtime: WorldRuntime, process: SimProcess) -> None:
        self._runtime = runtime
        self._process = process

    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.dead

    def wait(self, within_s: float) -> bool:
        """Wait for its end."""
        return self._runtime.wait(within_s, self.ended, self._process.ended)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()


class WorldRuntime:
    """Time, threads, files and other processes, as one simulated process has them."""

    def __init__(self, machine: Machine, process: SimProcess) -> None:
        self.machine = machine
        self.process = process
        blows = machine.blows.pop((process.visit, process.name), ())
        self.operations = Struck(process, blows, machine)
        self._kernel = machine.kernel
        self._disk = ProcessDisk(machine.disk, process, self.operations, hold=self._hold)
        process.disk = self._disk
        process.at_death.append(lambda: machine.disk.died(process))

    @property
    def boot_id(self) -> str:
        """Names the machine's boot."""
        return self.machine.boot_id

    @property
    def disk(self) -> ProcessDisk:
        """The machine's disk, through this process."""
        return self._disk

    def mono_ns(self) -> int:
        """The machine's, ahead by what this process has waited for its disk."""
        return self._kernel.time_ns - self.machine.mono_zero_ns + self.process.debt_ns

    def asleep_ns(self) -> int:
        """The machine's."""
        return self.machine.asleep_ns()

    def now(self) -> datetime:
        """The machine's."""
        return self.machine.wall()

    def clock_state(self) -> str:
        """Nobody keeps its time."""
        return "unknown"

    def random_bytes(self, count: int) -> bytes:
        """From the world's seed."""
        return self.machine.dice.randbytes(count)

    def sleep(self, seconds: float, until: Latch | None = None) -> bool:
        """Wait, less when the latch is set."""
        if until is None:
            self._alive()
            self._kernel.wait(self._kernel.time_ns + self._owed() + nanoseconds(max(0.0, seconds)))
            return False
        if not isinstance(until, WorldLatch):
            raise TypeError("a latch of another runtime")
        return self.wait(seconds, until.is_set, until.signal)

    def wait(self, within_s: float, fulfilled: Callable[[], bool], *signals: Signal) -> bool:
        """Wait for something that signals tell of; whether it is fulfilled."""
        self._alive()
        kernel = self._kernel
        deadline_ns = kernel.time_ns + self._owed() + nanoseconds(max(0.0, within_s))
        while not fulfilled():
            if kernel.time_ns >= deadline_ns:
                return False
            kernel.wait(deadline_ns, *signals)
        return True

    def latch(self) -> WorldLatch:
        """A new latch."""
        return WorldLatch(self.process)

    def mailbox(self) -> WorldMailbox[T]:
        """A new mailbox."""
        return WorldMailbox(self)

    def spawn(self, name: str, work: Callable[[], None]) -> WorldTask:
        """Another fibre of this process."""
        self._alive()
        return WorldTask(self, self.process.spawn(name, work))

    def wait_readable(self, fd: int, within_s: float, until: Latch | None = None) -> bool:
        """Wait for bytes, the end of a pipe, or the latch."""
        description = self._description(fd)
        if self.process.debt_ns:
            self._pay()
        if within_s <= 0:
            return description.readable() and not (until is not None and until.is_set())
        kernel = self._kernel
        deadline_ns = kernel.time_ns + nanoseconds(within_s)
        signals = [description.signal()]
        if isinstance(until, WorldLatch):
            signals.append(until.signal)
        some = [signal for signal in signals if signal is not None]

        def idle_until() -> int | None:
            """None when there is something to go on for."""
            if description.readable() or kernel.time_ns >= deadline_ns:
                return None
            next_ns = description.next_ns()
            return deadline_ns if next_ns is None or next_ns > deadline_ns else next_ns

        while until is None or not until.is_set():
            until_ns = idle_until()
            if until_ns is None:
                return description.readable()
            kernel.wait(until_ns, *some, idle_until=idle_until)
        return False

    def pipe(self) -> tuple[int, int]:
        """Two descriptors of this process."""
        self.operations.before("pipe", "")
        pipe = Pipe(self._kernel)
        ends = (
            self.machine.give_fd(self.process, pipe.read_end),
            self.machine.give_fd(self.process, pipe.write_end),
        )
        self.operations.after("pipe")
        return ends

    def read(self, fd: int, count: int) -> bytes:
        """From a pipe or the port."""
        description = self._description(fd)
        return description.read(count)

    def write(self, fd: int, data: bytes) -> int:
        """Into a pipe or the port."""
        description = self._description(fd)
        self._pay()
        path = PORT if isinstance(description, OpenPort) else "a pipe"
        whole = self.operations.before("send", path, len(data))
        taken = description.write(data[:whole])
        self.operations.after("send")
        return taken

    def close(self, fd: int) -> None:
        """Let go of a descriptor."""
        self._description(fd)
        self.process.fds.pop(fd).let_go()

    def ask_for_priority(self) -> None:
        """Nobody has priority here."""
        self._alive()

    def start(
        self, module: str, argument: str, *, inherits: tuple[int, ...], log: Path | None
    ) -> WorldProcess:
        """A process whose first fibre runs `module.attend`."""
        del log
        self._pay()
        self.operations.before("start", module)
        child = self._kernel.process(module.rpartition(".")[2])
        child.parent = self.process.number
        child.serial, child.visit = self.process.serial, self.process.visit
        for fd in inherits:
            description = self._description(fd)
            child.fds[fd] = description
            description.holders += 1
        runtime = WorldRuntime(self.machine, child)
        attend = importlib.import_module(module).attend
        child.spawn("main", lambda: attend(argument, runtime))
        self.operations.after("start")
        return WorldProcess(self, child)

    def serve(self, path: Path, answer: Callable[[bytes], bytes]) -> WorldService:
        """Questions are answered by a fibre of this process, one after the other."""
        self.operations.before("serve", str(path))
        served = Served(self.process, answer, [], Signal(self._kernel))
        self.machine.services[str(path)] = served

        def answer_all() -> None:
            while self.wait(1e6, lambda: bool(served.asked) or not served.open, served.some):
                if not served.asked:
                    return
                asked = served.asked.pop(0)
                try:
                    asked.answer = answer(asked.line)
                except Exception:  # noqa: BLE001 - as a connection that breaks
                    asked.answer = b""
                asked.answered.fire()

        self.spawn("service", answer_all)
        self.operations.after("serve")
        return WorldService(self.machine, str(path), served)

    def ask(self, path: Path, line: bytes, within_s: float) -> bytes | None:
        """Wait for the answer of whoever serves the path."""
        self._pay()
        try:
            self.operations.before("ask", str(path))
        except OSError:
            return None
        served = self.machine.services.get(str(path))
        if served is None or served.process.dead:
            return None
        asked = Asked(self._kernel, line)
        served.asked.append(asked)
        served.some.fire()
        self.operations.after("ask")
        gone = served.process.ended
        self.wait(
            within_s,
            lambda: asked.answer is not None or served.process.dead,
            asked.answered,
            gone,
        )
        return asked.answer or None

    def _hold(self, path: Path) -> int | None:
        return self.machine.hold(self.process, str(path))

    def _description(self, fd: int) -> Description:
        self._alive()
        try:
            return self.process.fds[fd]
        except KeyError:
            raise no_descriptor() from None

    def _alive(self) -> None:
        if self.process.dead:
            raise ProcessDied

    def _owed(self) -> int:
        owed, self.process.debt_ns = self.process.debt_ns, 0
        return owed

    def _pay(self) -> None:
        """Let the time pass that the disk has taken."""
        self._alive()
        if self.process.debt_ns:
            self._kernel.wait(self._kernel.time_ns + self._owed())


def open_port(address: str, runtime: object) -> object:
    """Open `world://SERIAL`; an entry point of the group `devicelink.ports`."""
    from devicelink.errors import ConfigError, PortUnavailable
    from devicelink.link.port import FdPort

    if not isinstance(runtime, WorldRuntime):
        raise ConfigError(f"{address} exists only inside the simulated world.")
    try:
        runtime.operations.before("open_port", address)
        fd = runtime.machine.open_port(runtime.process, address)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise PortUnavailable(f"The port {address} is used by another program.") from error
        raise PortUnavailable(f"The port {address} cannot be opened ({error}).") from error
    runtime.operations.after("open_port")
    return FdPort(fd, runtime)
