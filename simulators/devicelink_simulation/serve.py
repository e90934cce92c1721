"""Serving one simulated device in real time, until a signal ends it.

A port that is unplugged for a while comes back under the same name with another far end; who had
the old one open keeps a dead one, as with an adapter that is pulled and plugged in again.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import seconds
from devicelink_simulation.settable import pair
from devicelink_simulation.simulation import replugs
from devicelink_simulation.wires import PtyWire, TcpWire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink.runtime import Runtime, ThreadLatch
    from devicelink_simulation.simulation import Plan, Simulation
    from devicelink_simulation.truth import Truth
    from devicelink_simulation.wires import ServedWire

_STDIN = 0
_READ_BYTES = 4096
_LONGEST_LINE = 4096
_NO_WAY_BACK = (
    "The fault unplug has no return on a pty without a name that lasts. Leave out for=, or add "
    "--link PATH, or serve with --tcp HOST:PORT."
)


class Server:
    """Moves bytes, acts from standard input, and time, between a simulation and its wire."""

    def __init__(
        self,
        plan: Plan,
        wire: ServedWire,
        truth: Truth,
        runtime: Runtime,
        say: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._wire = wire
        self._truth = truth
        self._runtime = runtime
        self._say = say
        self._plug = 1
        self._wire_again = _way_back(wire)
        if plan.replugs:
            self._check_way_back()
        self._stdin_open = sys.stdin is not None  # started without one, 0 is some other descriptor
        self._typed = b""

    def run(self, stop: ThreadLatch) -> None:
        """Say that it is ready, then serve until `stop` is set."""
        self._runtime.ask_for_priority()  # a laser's own electronics wait for nobody
        simulation = self._plan.build(self._truth, self._runtime.mono_ns())
        ready = {
            "simulator": self._plan.simulator.name,
            "target": self._wire.target,
            "pid": os.getpid(),
        }
        self._say(json.dumps(ready))
        try:
            self._serve(simulation, stop)
        finally:
            simulation.end(self._runtime.mono_ns())
            self._wire.close()

    def _serve(self, simulation: Simulation, stop: ThreadLatch) -> None:
        while not stop.is_set():
            self._send(simulation)
            readable = self._wait(simulation, stop)
            if any(fd in readable for fd in self._wire.descriptors()):
                data, now_ns = self._wire.read(), self._runtime.mono_ns()
                simulation.advance(now_ns)
                if simulation.carries(self._plug):
                    simulation.receive(data, now_ns)
                self._send(simulation)
            if self._stdin_open and _STDIN in readable:
                self._act(simulation)

    def _send(self, simulation: Simulation) -> None:
        data = simulation.transmit(self._runtime.mono_ns())
        if not simulation.carries(self._plug):
            self._wire.close()
            if simulation.plugged and self._wire_again is not None:
                self._plug = simulation.plugs
                self._wire = self._wire_again()
        elif data:
            self._wire.write(data)

    def _wait(self, simulation: Simulation, stop: ThreadLatch) -> set[int]:
        """The readable descriptors; wakes for the next event, to the microsecond."""
        fds = [stop.fileno(), *self._wire.descriptors(), *([_STDIN] if self._stdin_open else [])]
        event_ns = simulation.next_event_ns()
        timeout_s = None
        if event_ns is not None:
            timeout_s = min(3600.0, max(0.0, seconds(event_ns - self._runtime.mono_ns())))
        readable, _, _ = select.select(fds, [], [], timeout_s)
        return set(readable)

    def _act(self, simulation: Simulation) -> None:
        """Apply each whole line of standard input and answer it."""
        try:
            data = os.read(_STDIN, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._stdin_open = False
        *lines, rest = (self._typed + data).split(b"\n")
        self._typed = rest[:_LONGEST_LINE]
        for line in lines:
            if text := line.decode(errors="replace").strip():
                self._say(json.dumps(self._answer(simulation, text)))

    def _answer(self, simulation: Simulation, text: str) -> dict[str, object]:
        try:
            key, value = pair(text, "A line")
            if key == "fault" and replugs(self._plan.simulator, value):
                self._check_way_back()
            simulation.set(key, value, self._runtime.mono_ns())
        except ConfigError as error:
            return {"ok": False, "error": str(error)}
        self._send(simulation)
        return {"ok": True, "key": key, "value": value}

    def _check_way_back(self) -> None:
        if self._wire_again is None:
            raise ConfigError(_NO_WAY_BACK)


def _way_back(wire: ServedWire) -> Callable[[], ServedWire] | None:
    """What makes the same port anew once it is closed; None where its name goes with it."""
    if isinstance(wire, TcpWire):
        again, address = type(wire), wire.address
        return lambda: again(address)
    link = Path(wire.target)
    return (lambda: PtyWire(link)) if link.is_symlink() else None


@contextlib.contextmanager
def ended_by_signals(stop: ThreadLatch) -> Iterator[None]:
    """SIGINT and SIGTERM set `stop`; a reader that left is no reason to end."""
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say_on_stdout(line: str) -> None:
    """One line, flushed; nobody has to listen."""
    with contextlib.suppress(OSError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
