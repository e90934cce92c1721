"""A simulated UC-2000 controller with its CO2 laser tube, written from its protocol sheet alone."""

from __future__ import annotations

from devicelink_simulation.device import Simulator
from devicelink_uc2000_sim.device import Uc2000Device
from devicelink_uc2000_sim.faults import FAULTS, SETUPS
from devicelink_uc2000_sim.inputs import SETTABLES

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="uc2000",
    title="UC-2000 controller with a CO2 laser tube, binary over RS-232, checksum on or off",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    build=Uc2000Device,
)
