"""The light of one simulated laser on a simulated meter that lives in the same process.

A laser that can emit pulses tells its `Light` of each; the meter, before its own time passes, lets
the laser's pass, and takes what fell since. So each pulse falls at its own nanosecond, whoever is
asked first.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from devicelink.errors import ConfigError
from devicelink_simulation.simulation import Simulation

if TYPE_CHECKING:
    from devicelink_simulation.device import Device, Lit, Simulator
    from devicelink_simulation.simulation import Plan
    from devicelink_simulation.truth import Truth


class Beam:
    """What leaves one laser, until it has fallen on the meter."""

    def __init__(self) -> None:
        self._laser: Simulation | None = None
        self._under_way: deque[tuple[int, float, float]] = deque()

    def laser(self, plan: Plan, truth: Truth, now_ns: int) -> Simulation:
        """Build the laser whose light this is."""
        self._laser = plan.build(truth, now_ns, light=self)
        return self._laser

    def meter(self, plan: Plan, truth: Truth, now_ns: int) -> Simulation:
        """Build the meter on which it falls; raises `ConfigError` for what feels no light."""
        return plan.build(truth, now_ns, into=partial(LitSimulation, self))

    def pulse(self, at_ns: int, joules: float, nm: float) -> None:
        """The laser let one out."""
        self._under_way.append((at_ns, joules, nm))

    def fallen(self, now_ns: int) -> list[tuple[int, float, float]]:
        """Time, J and nm of the pulses that came by now and were not taken yet."""
        if self._laser is not None:
            self._laser.advance(now_ns)
        taken = []
        while self._under_way and self._under_way[0][0] <= now_ns:
            taken.append(self._under_way.popleft())
        return taken


class LitSimulation(Simulation):
    """A simulated meter in a laser's beam."""

    __slots__ = ("_beam",)

    def __init__(self, beam: Beam, simulator: Simulator, device: Device, *built: Any) -> None:
        """Raises `ConfigError` for a device that feels no light."""
        if not hasattr(device, "shine"):
            raise ConfigError(f"The simulator {simulator.name} feels no light: it is no meter.")
        self._beam = beam
        super().__init__(simulator, device, *built)

    def advance(self, now_ns: int) -> None:
        """What fell, each at its own time, then everything else."""
        for at_ns, joules, nm in self._beam.fallen(now_ns):
            super().advance(at_ns)
            cast("Lit", self._device).shine(joules, nm, at_ns)
        super().advance(now_ns)
