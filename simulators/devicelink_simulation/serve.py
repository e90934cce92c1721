"""Serving simulated devices in real time, until a signal ends it.

A port that is unplugged for a while comes back under the same name with another far end; who had
the old one open keeps a dead one, as with an adapter that is pulled and plugged in again.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink_simulation.settable import pair
from devicelink_simulation.simulation import replugs
from devicelink_simulation.wires import PtyWire, TcpWire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from devicelink.runtime import Runtime, ThreadLatch
    from devicelink_simulation.loop import Loop
    from devicelink_simulation.simulation import Plan, Simulation
    from devicelink_simulation.truth import Truth
    from devicelink_simulation.wires import ServedWire

_METER = "meter "
_NO_WAY_BACK = (
    "The fault unplug has no return on a pty without a name that lasts. Leave out for=, or add "
    "--link PATH, or serve with --tcp HOST:PORT (in a fleet's file: link or tcp)."
)


class Served:
    """A simulated device behind a wire that a host can open; `start` it before anything else."""

    def __init__(
        self,
        plan: Plan,
        wire: ServedWire,
        truth: Truth,
        build: Callable[[Plan, Truth, int], Simulation] | None = None,
    ) -> None:
        """`build` makes the device where it is more than its plan: in a beam, say."""
        self.wire = wire
        self._plan = plan
        self._build = build
        self._truth = truth
        self._plug = 1
        self._wire_again = _way_back(wire)
        if plan.replugs:
            self._check_way_back()

    def start(self, now_ns: int) -> None:
        """The device begins to live."""
        if self._build is None:
            self._simulation = self._plan.build(self._truth, now_ns)
        else:
            self._simulation = self._build(self._plan, self._truth, now_ns)

    def ready(self) -> dict[str, object]:
        """For the line that says that it can be opened."""
        return {"simulator": self._plan.simulator.name, "target": self.wire.target}

    def next_event_ns(self) -> int | None:
        """When `send` should be called next, whatever else happens; may lie in the past."""
        return self._simulation.next_event_ns()

    def hear(self, runtime: Runtime) -> None:
        """Take what came from the host, and answer."""
        data, now_ns = self.wire.read(), runtime.mono_ns()
        self._simulation.advance(now_ns)
        if self._simulation.carries(self._plug):
            self._simulation.receive(data, now_ns)
        self.send(runtime.mono_ns())

    def send(self, now_ns: int) -> None:
        """Let everything happen that is due, and send what is due; the plug may leave or return."""
        data = self._simulation.transmit(now_ns)
        if not self._simulation.carries(self._plug):
            self.wire.close()
            if self._simulation.plugged and self._wire_again is not None:
                self._plug = self._simulation.plugs
                self.wire = self._wire_again()
        elif data:
            self.wire.write(data)

    def turn(self, text: str, runtime: Runtime) -> tuple[str, str]:
        """Apply KEY=VALUE and tell both; raises `ConfigError`."""
        key, value = pair(text, "A line")
        if key == "fault" and replugs(self._plan.simulator, value):
            self._check_way_back()
        self._simulation.set(key, value, runtime.mono_ns())
        self.send(runtime.mono_ns())
        return key, value

    def end(self, now_ns: int) -> None:
        """The device ends with its wire."""
        self._simulation.end(now_ns)
        self.wire.close()

    def _check_way_back(self) -> None:
        if self._wire_again is None:
            raise ConfigError(_NO_WAY_BACK)


def serve_one(device: Served, loop: Loop, runtime: Runtime, say: Callable[[str], None]) -> None:
    """Say that it is ready, then serve until the loop ends."""
    with _alive([device], runtime):
        say(json.dumps({**device.ready(), "pid": os.getpid()}))
        loop.run([device], lambda line: (0, line))


def serve_lit(
    laser: Served, meter: Served, loop: Loop, runtime: Runtime, say: Callable[[str], None]
) -> None:
    """A laser and the meter in its beam; a typed line for the meter begins with `meter`."""
    devices = [laser, meter]
    with _alive(devices, runtime):
        say(json.dumps({**laser.ready(), "meter": meter.ready(), "pid": os.getpid()}))
        loop.run(
            devices,
            lambda line: (1, line[len(_METER) :]) if line.startswith(_METER) else (0, line),
        )


def serve_many(
    devices: Sequence[Served], loop: Loop, runtime: Runtime, say: Callable[[str], None]
) -> None:
    """The same for many; a typed line begins with the device's number, from 1, or its target."""
    with _alive(devices, runtime):
        lasers = [device.ready() for device in devices]
        say(json.dumps({"lasers": lasers, "pid": os.getpid()}))
        targets = {str(laser["target"]): place for place, laser in enumerate(lasers)}
        loop.run(devices, lambda line: _addressed(line, targets))


@contextlib.contextmanager
def _alive(devices: Sequence[Served], runtime: Runtime) -> Iterator[None]:
    runtime.ask_for_priority()  # a laser's own electronics wait for nobody
    now_ns = runtime.mono_ns()
    for device in devices:
        device.start(now_ns)
    try:
        yield
    finally:
        for device in devices:
            device.end(runtime.mono_ns())


def _addressed(line: str, targets: dict[str, int]) -> tuple[int, str]:
    """The place and the rest of `N KEY=VALUE` or `TARGET KEY=VALUE`; raises `ConfigError`."""
    number, _, act = line.partition(" ")
    if number.isascii() and number.isdecimal():
        if not 1 <= int(number) <= len(targets):
            raise ConfigError(f"There is no laser {number}. They are numbered 1 to {len(targets)}.")
        return int(number) - 1, act.strip()
    meant = [target for target in targets if line.startswith(f"{target} ")]
    if not meant:
        raise ConfigError(
            f"A line must be written as N KEY=VALUE or TARGET KEY=VALUE, not {line!r}."
        )
    target = max(meant, key=len)
    return targets[target], line.removeprefix(target).strip()


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
