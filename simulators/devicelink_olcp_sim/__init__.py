"""A simulated OLCP console for the skin, written from the protocol's page and vectors alone."""

from __future__ import annotations

from devicelink_olcp_sim.device import OlcpDevice
from devicelink_olcp_sim.inputs import SETTABLES
from devicelink_olcp_sim.personalities import PRESETS
from devicelink_olcp_sim.setups import FAULTS, SETUPS
from devicelink_simulation.device import Simulator

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="olcp",
    title="OLCP laser console: fractional CO2, Er:YAG or non-ablative fractional; frames, CRC-32",
    settables=SETTABLES,
    setups=SETUPS,
    faults=FAULTS,
    presets=PRESETS,
    build=OlcpDevice,
)
