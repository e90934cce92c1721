"""A simulated watchdog relay for an interlock circuit, from docs/protocols/interlock.md alone."""

from __future__ import annotations

from devicelink_interlock_sim.device import InterlockDevice
from devicelink_interlock_sim.inputs import FAULTS, SETTABLES, SETUPS
from devicelink_simulation.device import Simulator

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="interlock",
    title="watchdog relay for a remote interlock connector, INTERLOCK/1",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    build=InterlockDevice,
)
