"""The serial line between the machine and the laser, in the world's time."""

from __future__ import annotations

import errno
from collections import deque
from typing import TYPE_CHECKING

from devicelink_simulation.world.kernel import Signal
from devicelink_simulation.world.wires.contract import Piece

if TYPE_CHECKING:
    from devicelink_simulation.simulation import Simulation
    from devicelink_simulation.world.descriptors import OpenPort
    from devicelink_simulation.world.kernel import Kernel

_BITS_A_BYTE = 10
_NS = 1_000_000_000
_LONG_NS = 1000 * _NS


class SimWire:
    """One laser on its line: bytes take their time, and both directions are witnessed.

    `passed` is what passed on the host's side;
    `foreign` is what another host put on the same wire, where everybody hears every reply.
    """

    def __init__(self, kernel: Kernel, simulation: Simulation, baudrate: int) -> None:
        self._kernel = kernel
        self.simulation = simulation
        self._byte_ns = _NS * _BITS_A_BYTE // baudrate
        self._to_laser: deque[tuple[int, bytes]] = deque()
        self._input = b""
        self._quiet_until_ns = 0
        self._plug: int | None = simulation.plugs
        self.stirred = Signal(kernel)
        self.opened: OpenPort | None = None
        self.passed: list[Piece] = []
        self.foreign: list[Piece] = []

    def plug(self) -> int | None:
        """Which plugging-in this is; None while the cable is out."""
        self._move()
        return self._plug

    def open(self, port: OpenPort) -> None:
        """Opened by one process at a time, its input emptied; raises `OSError`."""
        if self.plug() is None:
            raise OSError(errno.ENOENT, "No such file or directory")
        if self.opened is not None:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self.opened = port
        self._input = b""

    def send(self, data: bytes) -> None:
        """Bytes of the host, on their way."""
        self.passed.append(self._piece(data, sent=True))
        self._put(data)

    def intrude(self, data: bytes) -> None:
        """Bytes of another host, on the same wire."""
        self.foreign.append(self._piece(data, sent=True))
        self._move()
        self._quiet_until_ns = 0
        self._put(data)

    def _put(self, data: bytes) -> None:
        now_ns = self._kernel.time_ns
        free_ns = self._to_laser[-1][0] if self._to_laser else now_ns
        self._to_laser.append((max(now_ns, free_ns) + len(data) * self._byte_ns, data))
        self.stirred.fire()

    def take(self, count: int) -> bytes:
        """What arrived; raises `BlockingIOError` where nothing did."""
        if not self._input:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        taken, self._input = self._input[:count], self._input[count:]
        self.passed.append(self._piece(taken, sent=False))
        return taken

    def readable(self, plug: int | None) -> bool:
        """Whether bytes wait to be read, or the port that was opened under that plug is gone."""
        self._move()
        return bool(self._input) or self._plug != plug

    def next_ns(self) -> int | None:
        """When something may next arrive."""
        due_ns = self._quiet_until_ns or self.simulation.next_event_ns()
        if self._to_laser and (due_ns is None or self._to_laser[0][0] < due_ns):
            due_ns = self._to_laser[0][0]
        return due_ns

    def set(self, key: str, value: str) -> None:
        """A hand at the laser, or its surroundings; raises `ConfigError` where it has no effect."""
        self._move()
        self._quiet_until_ns = 0
        try:
            self.simulation.set(key, value, self._kernel.time_ns)
        finally:
            self.stirred.fire()

    def plug_in(self) -> None:
        """Somebody puts the cable back."""
        self._move()
        self._quiet_until_ns = 0
        self.simulation.plug_in(self._kernel.time_ns)
        self.stirred.fire()

    def settle(self) -> None:
        """Let everything happen at the laser that is due by now."""
        self._move()

    def _move(self) -> None:
        """Let the line and the laser come up to now; nothing, where nothing is due."""
        now_ns = self._kernel.time_ns
        to_laser, simulation = self._to_laser, self.simulation
        if now_ns < self._quiet_until_ns and not (to_laser and to_laser[0][0] <= now_ns):
            return
        while to_laser and to_laser[0][0] <= now_ns:
            due_ns, data = to_laser.popleft()
            self._input += simulation.transmit(due_ns)
            simulation.receive(data, due_ns)
        self._input += simulation.transmit(now_ns)
        self._quiet_until_ns = simulation.next_event_ns() or now_ns + _LONG_NS
        self._plug = simulation.plugs if simulation.plugged else None

    def _piece(self, data: bytes, *, sent: bool) -> Piece:
        current = self._kernel.current
        number = current.process.number if current else 0
        return Piece(self._kernel.time_ns, number, sent, data)
