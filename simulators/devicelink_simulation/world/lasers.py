"""The lasers of the world's clinic, by serial number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_simulation.world.wires.bigsky import BIGSKY
from devicelink_simulation.world.wires.consoles import CO2, ERBIUM, NONABLATIVE
from devicelink_simulation.world.wires.ipg import IPG
from devicelink_simulation.world.wires.nkt import NKT
from devicelink_simulation.world.wires.uc2000 import UC2000

if TYPE_CHECKING:
    from devicelink_simulation.world.wires.contract import Make

FIRST = "SIM-0001"
LASERS: dict[str, Make] = {
    FIRST: IPG,
    "SIM-0002": UC2000,
    "SIM-003": BIGSKY,
    "SIM-0004": NKT,
    "SIM-0005": IPG,
    "SIM-OL-2101": CO2,
    "SIM-OL-2201": ERBIUM,
    "SIM-OL-2301": NONABLATIVE,
}


def port_of(serial: str) -> str:
    """Where the clinic has registered it."""
    return f"world://{serial}"
