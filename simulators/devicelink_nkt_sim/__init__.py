"""A simulated NKT fibre laser on its Interbus wire, written from its protocol sheet alone."""

from __future__ import annotations

from devicelink_nkt_sim.device import NktDevice
from devicelink_nkt_sim.faults import FAULTS, SETUPS
from devicelink_nkt_sim.inputs import PRESETS, SETTABLES
from devicelink_simulation.device import Simulator

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="nkt",
    title="NKT Photonics fibre laser (Koheras BASIK), escaped telegrams with CRC-16",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    presets=PRESETS,
    build=NktDevice,
)
