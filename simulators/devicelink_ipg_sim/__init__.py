"""A simulated IPG fibre laser, dialect YLR-SM, written from its protocol sheet alone."""

from __future__ import annotations

from devicelink_ipg_sim.device import IpgDevice
from devicelink_ipg_sim.inputs import FAULTS, SETTABLES, SETUPS
from devicelink_simulation.device import Simulator

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="ipg",
    title="IPG fibre laser, 200 W, ASCII over RS-232 (dialect YLR-SM)",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    build=IpgDevice,
)
