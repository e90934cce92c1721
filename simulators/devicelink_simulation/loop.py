"""One loop for any number of served devices: it asks only those that heard something or are due."""

from __future__ import annotations

import contextlib
import heapq
import json
import select
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import seconds
from devicelink_simulation.typed import TypedLines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devicelink.runtime import Runtime, ThreadLatch
    from devicelink_simulation.serve import Served
    from devicelink_simulation.wires import ServedWire

_LONGEST_WAIT_S = 3600.0
_SPARE_EVENTS = 1000


class Loop:
    """Moves bytes, typed lines and time. Make it before the wires are opened.

    Wires are watched by an epoll, which takes any number of them and wakes to the millisecond only;
    `select` on the epoll's own descriptor wakes to the microsecond, but takes low numbers only.
    """

    def __init__(self, runtime: Runtime, stop: ThreadLatch, say: Callable[[str], None]) -> None:
        self._runtime = runtime
        self._stop = stop
        self._say = say
        self._typed = TypedLines()
        self._epoll = select.epoll()
        self._devices: Sequence[Served] = ()
        self._watched: list[tuple[ServedWire | None, list[int]]] = []
        self._place_of: dict[int, int] = {}
        self._next_ns: list[int | None] = []
        self._due: list[tuple[int, int]] = []  # (time, place); counts where `_next_ns` agrees

    def run(self, devices: Sequence[Served], choose: Callable[[str], tuple[int, str]]) -> None:
        """Serve until the stop; `choose` says for whom a typed line is: (place, KEY=VALUE)."""
        self._devices = devices
        self._watched = [(None, [])] * len(devices)
        self._next_ns = [None] * len(devices)
        for place in range(len(devices)):
            self._settle(place)
        while not self._stop.is_set():
            readable = self._wait()
            if self._epoll.fileno() in readable:
                self._hear()
            self._happen()
            if any(fd in readable for fd in self._typed.descriptors()):
                for line in self._typed.read():
                    self._say(json.dumps(self._answer(line, choose)))

    def close(self) -> None:
        """Let go of the epoll."""
        self._epoll.close()

    def _wait(self) -> list[int]:
        timeout_s = None
        if self._due:
            wait_ns = max(0, self._due[0][0] - self._runtime.mono_ns())
            timeout_s = min(_LONGEST_WAIT_S, seconds(wait_ns))
        fds = [self._epoll.fileno(), self._stop.fileno(), *self._typed.descriptors()]
        readable, _, _ = select.select(fds, [], [], timeout_s)
        return readable

    def _hear(self) -> None:
        """Hand over what came; a wire that went in this very turn has nothing to read."""
        for fd, _ in self._epoll.poll(0):
            place = self._place_of.get(fd)
            if place is not None:
                self._devices[place].hear(self._runtime)
                self._settle(place)

    def _happen(self) -> None:
        """Let those devices act whose time has come."""
        now_ns = self._runtime.mono_ns()
        while self._due and self._due[0][0] <= now_ns:
            at_ns, place = heapq.heappop(self._due)
            if self._next_ns[place] == at_ns:
                self._next_ns[place] = None
                self._devices[place].send(now_ns)
                self._settle(place)

    def _answer(self, line: str, choose: Callable[[str], tuple[int, str]]) -> dict[str, object]:
        try:
            place, act = choose(line)
            try:
                key, value = self._devices[place].turn(act, self._runtime)
            finally:
                self._settle(place)
        except ConfigError as error:
            return {"ok": False, "error": str(error)}
        return {"ok": True, "key": key, "value": value}

    def _settle(self, place: int) -> None:
        """Watch the wire that a device has now, and wake for its next event."""
        device = self._devices[place]
        wire = device.wire
        fds = wire.descriptors()
        if self._watched[place] != (wire, fds):
            self._watch(place, wire, fds)
        next_ns = device.next_event_ns()
        if next_ns != self._next_ns[place]:
            self._next_ns[place] = next_ns
            if next_ns is not None:
                heapq.heappush(self._due, (next_ns, place))
                self._forget_stale()

    def _watch(self, place: int, wire: ServedWire, fds: list[int]) -> None:
        for fd in self._watched[place][1]:
            self._place_of.pop(fd, None)
            with contextlib.suppress(OSError):  # closed: no longer watched anyway
                self._epoll.unregister(fd)
        for fd in fds:
            self._place_of[fd] = place
            self._epoll.register(fd, select.EPOLLIN)
        self._watched[place] = (wire, fds)

    def _forget_stale(self) -> None:
        """Events that were put off leave entries behind; drop them before they are many."""
        if len(self._due) > 4 * len(self._next_ns) + _SPARE_EVENTS:
            times = enumerate(self._next_ns)
            self._due = [(at_ns, place) for place, at_ns in times if at_ns is not None]
            heapq.heapify(self._due)
