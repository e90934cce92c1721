"""The world's kernel: virtual time, and simulated processes whose threads are greenlets.

One real thread runs everything. A fibre (a thread of a simulated process) runs until it waits; then
the next due waiter goes on, and time jumps to when it was due. Nothing here reads a clock or draws
by itself, so the same seed gives the same run.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import greenlet

from devicelink_simulation.world.disk import ProcessDied

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.world.descriptors import Description
    from devicelink_simulation.world.dice import Dice
    from devicelink_simulation.world.disk import ProcessDisk

_WAKING_NS = 40_000
"""How long, at most, the machine needs to let a woken thread run."""


class Signal:
    """Something that fibres may wait on, and that others let happen."""

    __slots__ = ("_kernel", "_waiters")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._waiters: list[_Waiter] = []

    def fire(self) -> None:
        """Wake everyone who waits."""
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                self._kernel.wake(waiter)

    def add(self, waiter: _Waiter) -> None:
        """One more who waits; those who have gone on are forgotten."""
        if len(self._waiters) > 8:  # noqa: PLR2004  (now and then is often enough)
            self._waiters = [each for each in self._waiters if not each.done]
        self._waiters.append(waiter)


class _Waiter:
    __slots__ = ("done", "fibre", "fired", "idle_until")

    def __init__(self, fibre: Fibre, idle_until: Callable[[], int | None] | None) -> None:
        self.fibre = fibre
        self.done = False
        self.fired = False
        self.idle_until = idle_until


@dataclass(slots=True)
class Fibre:
    """One thread of a simulated process."""

    process: SimProcess
    name: str
    greenlet: greenlet.greenlet
    ended: Signal


class SimProcess:
    """A simulated process: its fibres, descriptors, and whether it lives.

    One that is not `on_machine` (a person) goes on while the machine sleeps. `serial` names the
    laser that it is there for, `visit` the visit in which a person started it; a child has both of
    its parent.
    """

    def __init__(self, kernel: Kernel, name: str, *, on_machine: bool = True) -> None:
        self.kernel = kernel
        self.name = name
        self.number = next(kernel.numbers)
        self.parent = 0
        self.serial = ""
        self.visit: int | None = None
        self.on_machine = on_machine
        self.dead = False
        self.died_ns: int | None = None
        self.killed = False
        self.error: BaseException | None = None
        self.fds: dict[int, Description] = {}
        self.fibres: list[Fibre] = []
        self.ended = Signal(kernel)
        self.frozen_until_ns = 0
        self.debt_ns = 0
        self.at_death: list[Callable[[], None]] = []
        self.disk: ProcessDisk | None = None

    def spawn(self, name: str, work: Callable[[], None]) -> Fibre:
        """A new thread; the first one's end is the process's."""
        main = not self.fibres

        def live() -> None:
            try:
                work()
            except ProcessDied:
                pass
            except Exception as error:  # noqa: BLE001 - a thread's own error is a finding
                self.error = self.error or error
            finally:
                fibre.ended.fire()
                if main:
                    self.end()

        made = greenlet.greenlet(live, self.kernel.hub)
        fibre = Fibre(self, name, made, Signal(self.kernel))
        self.fibres.append(fibre)
        self.kernel.schedule(self.kernel.time_ns, _Waiter(fibre, None))
        return fibre

    def kill(self) -> None:
        """As SIGKILL: nothing that it goes on to do has an effect."""
        if not self.dead:
            self.killed = True
            self.end()

    def end(self) -> None:
        """Let go of everything it held, and tell who waits."""
        if self.dead:
            return
        self.dead = True
        self.died_ns = self.kernel.time_ns
        for act in self.at_death:
            act()
        for description in self.fds.values():
            description.let_go()
        self.fds.clear()
        self.kernel.reap(self)
        self.ended.fire()


class Kernel:
    """Time, the queue of who goes on next, and all processes."""

    def __init__(self, dice: Dice) -> None:
        self.hub = greenlet.getcurrent()
        self.time_ns = 0
        self.asleep_ns = 0
        self.wakes_ns = 0
        self.current: Fibre | None = None
        self.processes: list[SimProcess] = []
        self.numbers = itertools.count(1)
        self.switches = 0
        self._chance = dice.random
        self._order = itertools.count()
        self._queue: list[tuple[int, int, Any]] = []
        self._dead: deque[SimProcess] = deque()

    def process(self, name: str, *, on_machine: bool = True) -> SimProcess:
        """A new process without threads yet."""
        made = SimProcess(self, name, on_machine=on_machine)
        self.processes.append(made)
        return made

    def schedule(self, at_ns: int, what: _Waiter | Callable[[], None]) -> None:
        """Let a waiter go on, or an act of the world happen, at a time."""
        heapq.heappush(self._queue, (at_ns, next(self._order), what))

    def _schedule_waking(self, at_ns: int, waiter: _Waiter) -> None:
        at_ns += int(self._chance() * _WAKING_NS)
        heapq.heappush(self._queue, (at_ns, next(self._order), waiter))

    def wake(self, waiter: _Waiter) -> None:
        """A signal fired: the waiter goes on a moment later."""
        if not waiter.done:
            waiter.fired = True
            self._schedule_waking(self.time_ns, waiter)

    def wait(
        self,
        until_ns: int | None,
        *signals: Signal,
        idle_until: Callable[[], int | None] | None = None,
    ) -> bool:
        """Called by a fibre: wait for a time or a signal; whether a signal came.

        `idle_until` is asked when the time has come: while it names a later one, the fibre sleeps
        on.
        """
        fibre = self.current
        if fibre is None:
            raise RuntimeError("Only a thread of a simulated process can wait.")
        if fibre.process.dead:
            raise ProcessDied
        waiter = _Waiter(fibre, idle_until)
        for signal in signals:
            signal.add(waiter)
        if until_ns is not None:
            self._schedule_waking(until_ns, waiter)
        self.hub.switch()
        if fibre.process.dead:
            raise ProcessDied
        return waiter.fired

    def run(self, until_ns: int) -> None:
        """Let everything happen until a time, or until nobody has anything to wait for."""
        queue = self._queue
        while queue and queue[0][0] <= until_ns:
            at_ns, _, what = heapq.heappop(queue)
            if type(what) is _Waiter:
                if not what.done:
                    self._go_on(at_ns, what)
            else:
                self.time_ns = max(self.time_ns, at_ns)
                what()
            while self._dead:
                self._bury(self._dead.popleft())

    def _go_on(self, at_ns: int, waiter: _Waiter) -> None:
        fibre = waiter.fibre
        process = fibre.process
        if process.frozen_until_ns > at_ns:
            self.schedule(process.frozen_until_ns, waiter)
            return
        if process.dead:
            waiter.done = True
            return
        self.time_ns = max(self.time_ns, at_ns)
        if waiter.idle_until is not None and not waiter.fired:
            later_ns = waiter.idle_until()
            if later_ns is not None:
                self._schedule_waking(later_ns, waiter)
                return
        waiter.done = True
        self.current = fibre
        self.switches += 1
        fibre.greenlet.switch()
        self.current = None

    def reap(self, process: SimProcess) -> None:
        """Its other threads end as soon as the current one waits or ends."""
        self._dead.append(process)

    def _bury(self, process: SimProcess) -> None:
        for fibre in process.fibres:
            self.current = fibre
            while fibre.greenlet:
                fibre.greenlet.throw(ProcessDied)
            self.current = None

    def end_all(self) -> None:
        """The end of the world: no greenlet is left behind."""
        for process in self.processes:
            process.end()
        while self._dead:
            self._bury(self._dead.popleft())

    def suspend(self, for_ns: int) -> None:
        """The machine sleeps, as with its lid closed: its processes stop, the world goes on."""
        self.asleep_ns += for_ns
        self.wakes_ns = max(self.wakes_ns, self.time_ns) + for_ns
        for process in self.processes:
            if process.on_machine and not process.dead:
                wakes_ns = max(process.frozen_until_ns, self.time_ns) + for_ns
                process.frozen_until_ns = wakes_ns
        self._queue[:] = [
            (at_ns + for_ns if _sleeps(what) else at_ns, order, what)
            for at_ns, order, what in self._queue
        ]
        heapq.heapify(self._queue)


def _sleeps(what: object) -> bool:
    return isinstance(what, _Waiter) and what.fibre.process.on_machine
