"""What is set at the console's own panel: one knob for each parameter that a console may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_olcp_sim.personalities import (
    AIMING,
    COOLING,
    DENSITY,
    ENERGY,
    MODE,
    PATTERN,
    PULSE,
    RATE,
    SIZE,
    STACK,
    WAVELENGTH,
)
from devicelink_simulation.settable import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink_simulation.settable import Settable

_MOST = 0xFFFFFFFF

PANEL: Mapping[int, Settable] = {
    parameter: whole(f"panel_{name}", default, f"at the panel: {meaning}", low=0, high=_MOST)
    for parameter, name, default, meaning in (
        (ENERGY, "energy_uj", "10000", "energy of a pulse or spot"),
        (PULSE, "pulse_us", "400", "pulse duration"),
        (RATE, "rate_mhz", "0", "pulses or scans while the footswitch is held; 0 one for a press"),
        (MODE, "mode", "1", "0 single pulses, 1 scan"),
        (PATTERN, "pattern", "1", "1 square, 2 hexagon, 3 line, 4 disc"),
        (SIZE, "size_um", "10000", "edge or diameter of the pattern"),
        (DENSITY, "density_spots_cm2", "200", "spots on each square centimetre"),
        (STACK, "stack", "1", "pulses on each spot before the next"),
        (WAVELENGTH, "wavelength_nm", "10600", "wavelength"),
        (COOLING, "cooling_percent", "50", "cooling of the skin"),
        (AIMING, "aiming_percent", "40", "brightness of the aiming beam"),
    )
}
"""By parameter number; a panel has those of its personality."""

BY_NAME: Mapping[str, int] = {knob.name: parameter for parameter, knob in PANEL.items()}
