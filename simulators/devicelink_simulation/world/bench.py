"""One laser of a story where it stands: its simulator, its wire, its truth, and hands at it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink_simulation.registry import simulator
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList
from devicelink_simulation.world.lasers import LASERS
from devicelink_simulation.world.wire import SimWire

if TYPE_CHECKING:
    from devicelink_simulation.world.kernel import Kernel
    from devicelink_simulation.world.story import Laser


@cache
def _plan(laser: Laser, permit_key: str) -> Plan:
    make = LASERS[laser.serial]
    known = {make.permit_key: permit_key} if make.permit_key else {}
    values = {**make.first_values, **known, **dict(laser.values)}
    return Plan.of(simulator(make.simulator), values=values)


class Bench:
    """A laser, and everything that is done to it beside its wire."""

    def __init__(self, laser: Laser, kernel: Kernel, seed: int, permit_key: str) -> None:
        self.serial = laser.serial
        self.make = LASERS[laser.serial]
        self.truth = TruthList()
        self._plan = replace(_plan(laser, permit_key), seed=abs(seed))
        self.wire = SimWire(kernel, self._plan.build(self.truth, 0), self.make.baudrate)
        self._touched: set[str] = set()

    def hand(self, pair: str) -> None:
        """A person's hand at the laser, undone at the latest when all is put right."""
        self._touched.add(pair.partition("=")[0])
        self.turn(pair)

    def turn(self, pair: str) -> None:
        """Turn a knob; one without effect is no trouble."""
        key, _, value = pair.partition("=")
        try:
            self.wire.set(key, value)
        except ConfigError:
            return

    def turn_back(self, key: str) -> None:
        """A knob as it was at the beginning, and what that needs besides."""
        self.turn(f"{key}={self._plan.values[key]}")
        for pair in self.make.hands.again.get(key, ()):
            self.turn("=".join(pair))

    def put_right(self) -> None:
        """Every knob is turned back, every fault is gone, the cable is in."""
        self.turn("fault=none")
        self.wire.plug_in()
        for key in sorted(self._touched):
            self.turn(f"{key}={self._plan.values[key]}")
        for pair in self.make.hands.put_right:
            self.turn("=".join(pair))
