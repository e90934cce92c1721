"""A simulated NKT fibre laser on its Interbus wire, written from its protocol sheet alone."""

from __future__ import annotations

from devicelink_nkt_sim.boostik import BoostikDevice
from devicelink_nkt_sim.device import NktDevice
from devicelink_nkt_sim.faults import FAULTS, SETUPS
from devicelink_nkt_sim.inputs import PRESETS, SETTABLES
from devicelink_simulation.device import Simulator, Surroundings

__all__ = ["SIMULATOR"]


def _build(around: Surroundings) -> NktDevice:
    """A module on its bus, or an amplifier that speaks in lines."""
    kind = BoostikDevice if around.values["wire"] == "boostik" else NktDevice
    return kind(around)


SIMULATOR = Simulator(
    name="nkt",
    title="NKT Photonics fibre laser BASIK, telegrams with CRC-16, and BOOSTIK amplifier, ASCII",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    presets=PRESETS,
    build=_build,
)
