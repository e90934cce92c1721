"""A simulated IPG fibre laser, in three dialects, written from its protocol sheet alone."""

from __future__ import annotations

from devicelink_ipg_sim.device import IpgDevice
from devicelink_ipg_sim.inputs import SETTABLES
from devicelink_ipg_sim.setups import FAULTS, PRESETS, SETUPS
from devicelink_simulation.device import Simulator

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="ipg",
    title="IPG fibre laser, ASCII over RS-232 (dialects YLR-SM, YAR, YLR-QCW)",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    presets=PRESETS,
    build=IpgDevice,
)
