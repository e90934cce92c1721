"""`sim://NAME?KEY=VALUE&…`: a simulated device in this process, in the time of a runtime.

Beside the simulator's settable values: `seed`, `truth` (a path), `setup`, `fault` (may stand
several times). Each opening makes a fresh device, which ends with the port; so no port of it can
come back to the same device.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from devicelink.errors import ConfigError, LinkLost
from devicelink.runtime import nanoseconds, seconds
from devicelink_simulation.registry import simulator
from devicelink_simulation.settable import whole
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import NoTruth, TruthFile

if TYPE_CHECKING:
    from devicelink.runtime import Latch, Runtime
    from devicelink_simulation.simulation import Simulation
    from devicelink_simulation.truth import Truth

_NO_WAY_BACK = (
    "The fault unplug has no return on sim://, where the device ends with its port. Leave out "
    "for=, or use `sim serve`."
)
_SEED = whole("seed", "0", "repeats the same noise", low=0, high=2**63)


def open_port(address: str, runtime: Runtime) -> SimPort:
    """Open `sim://…`; an entry point of the group `devicelink.ports`. Raises `ConfigError`."""
    plan, truth_path = read_address(address)
    truth = TruthFile(truth_path) if truth_path else NoTruth()
    return SimPort(plan.build(truth, runtime.mono_ns()), runtime, truth)


def read_address(address: str) -> tuple[Plan, Path | None]:
    """The plan and the truth file that an address names; raises `ConfigError`."""
    parts = urlsplit(address)
    if parts.scheme != "sim" or not parts.netloc or parts.path.strip("/") or parts.fragment:
        raise ConfigError(f"{address!r} is no simulator. Write it as sim://NAME?KEY=VALUE.")
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ConfigError(f"{address!r} must name values as KEY=VALUE&KEY=VALUE.") from None
    faults = [value for key, value in pairs if key == "fault"]
    values = {key: value for key, value in pairs if key != "fault"}
    truth = values.pop("truth", None)
    setup = values.pop("setup", None)
    seed = int(_SEED.number(values.pop("seed", _SEED.default)))
    plan = Plan.of(simulator(parts.netloc), values=values, setup=setup, faults=faults, seed=seed)
    if plan.replugs:
        raise ConfigError(_NO_WAY_BACK)
    return plan, Path(truth) if truth else None


class SimPort:
    """A port on a simulation in this process; it has no descriptor and takes all time from outside.

    The device's own time passes whenever the port is used; between two uses it stands still and
    then catches up, each event at its own time.
    """

    def __init__(self, simulation: Simulation, runtime: Runtime, truth: Truth) -> None:
        self._simulation = simulation
        self._plug = simulation.plugs
        self._runtime = runtime
        self._truth = truth
        self._open = True

    def write(self, data: bytes) -> None:
        """To the device, at once."""
        self._simulation.receive(data, self._catch_up())
        self._check()

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """Wait exactly until the device speaks, the time is over, or `until` is set."""
        deadline_ns = self._runtime.mono_ns() + nanoseconds(within_s)
        while True:
            now_ns = self._catch_up()
            data = self._simulation.transmit(now_ns)
            if data or now_ns >= deadline_ns or (until is not None and until.is_set()):
                return data
            event_ns = self._simulation.next_event_ns()
            wake_ns = deadline_ns if event_ns is None else min(deadline_ns, event_ns)
            self._runtime.sleep(seconds(max(0, wake_ns - now_ns)), until)

    def set(self, key: str, value: str) -> None:
        """Turn a knob of the device, or plant a fault; raises `ConfigError`."""
        now_ns = self._catch_up()
        self._simulation.set(key, value, now_ns)

    def fileno(self) -> int | None:
        """None: no guard can inherit it; the device dies with the process."""
        return None

    def close(self) -> None:
        """Let go of it; the device ends."""
        if not self._open:
            return
        self._open = False
        self._simulation.end(self._runtime.mono_ns())
        if isinstance(self._truth, TruthFile):
            self._truth.close()

    def _catch_up(self) -> int:
        """The time now, up to which everything has happened; raises `LinkLost`."""
        self._check()
        now_ns = self._runtime.mono_ns()
        self._simulation.advance(now_ns)
        self._check()
        return now_ns

    def _check(self) -> None:
        if not self._open:
            raise LinkLost("The simulated port is closed.")
        if not self._simulation.carries(self._plug):
            raise LinkLost("The simulated port is gone (unplugged).")
