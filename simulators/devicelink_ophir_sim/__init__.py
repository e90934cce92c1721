"""A simulated Ophir power and energy meter with its heads, from its protocol sheet alone."""

from __future__ import annotations

from devicelink_ophir_sim.device import OphirDevice
from devicelink_ophir_sim.inputs import FAULTS, PRESETS, SETTABLES, SETUPS
from devicelink_simulation.device import Simulator

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="ophir",
    title="Ophir power and energy meter, $ ASCII (EA-1, Nova, Nova II, Vega)",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    presets=PRESETS,
    build=OphirDevice,
)
