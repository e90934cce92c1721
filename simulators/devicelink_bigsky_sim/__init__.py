"""A simulated Big Sky / Quantel Q-switched Nd:YAG laser, written from its protocol sheet alone."""

from __future__ import annotations

from devicelink_bigsky_sim.device import BigSkyDevice
from devicelink_bigsky_sim.inputs import SETTABLES
from devicelink_bigsky_sim.setups import FAULTS, SETUPS
from devicelink_simulation.device import Simulator

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="bigsky",
    title="Big Sky / Quantel flash-lamp Q-switched Nd:YAG, ASCII over RS-485 or RS-232",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    build=BigSkyDevice,
)
