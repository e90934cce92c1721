"""The consoles there are: their light, their ranges, and what is on them when they are delivered.

Ranges are plausible ones out of published studies of each kind of laser. None is clinical advice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

ENERGY, PULSE, RATE, MODE, PATTERN, SIZE, DENSITY, STACK, SPOT, WAVELENGTH, COOLING, AIMING = range(
    1, 13
)
"""The numbers of the parameters."""
SCANNER, COLLIMATED, FOCUSED, ROLLER = range(1, 5)
"""The kinds of handpieces."""
SCANNED = (MODE, PATTERN, SIZE, DENSITY)
"""Parameters that a console has only while a scanner, or a roller, is on it."""
SINGLE, SCAN = 0, 1


class Range(NamedTuple):
    """Lowest, highest and step, in the parameter's unit."""

    low: int
    high: int
    step: int

    def rounded(self, value: int) -> int | None:
        """Down to a step, counted from the lowest; None where it is out of range."""
        if not self.low <= value <= self.high:
            return None
        return value - (value - self.low) % self.step if self.step else value


@dataclass(frozen=True, slots=True)
class Personality:
    """One kind of console; `ranges` as far as no tip, handpiece or wavelength narrows them.

    `narrowed` are ranges of the energy for one wavelength, in nanometres. `spot_us` is the time
    from one spot of a scan to the next.
    """

    model: str
    wavelengths_nm: tuple[int, ...]
    handpieces: tuple[int, ...]
    ranges: Mapping[int, Range]
    narrowed: Mapping[int, Range]
    scanner: bool
    cooled: bool
    spot_us: int


_AIMING = Range(5, 100, 5)

PERSONALITIES: Mapping[str, Personality] = {
    "co2-fractional": Personality(
        model="Resurface CO2",
        wavelengths_nm=(10_600,),
        handpieces=(SCANNER, FOCUSED),
        ranges={
            ENERGY: Range(5_000, 125_000, 500),
            PULSE: Range(100, 2_000, 50),
            RATE: Range(0, 5_000, 500),
            MODE: Range(SINGLE, SCAN, 1),
            PATTERN: Range(1, 4, 1),
            SIZE: Range(3_000, 15_000, 500),
            DENSITY: Range(25, 500, 25),
            STACK: Range(1, 5, 1),
            WAVELENGTH: Range(10_600, 10_600, 0),
            AIMING: _AIMING,
        },
        narrowed={},
        scanner=True,
        cooled=False,
        spot_us=2_500,
    ),
    "er-yag": Personality(
        model="Resurface Er",
        wavelengths_nm=(2_940,),
        handpieces=(COLLIMATED, SCANNER),
        ranges={
            ENERGY: Range(5_000, 1_500_000, 5_000),
            PULSE: Range(250, 12_000, 50),
            RATE: Range(0, 15_000, 1_000),
            MODE: Range(SINGLE, SCAN, 1),
            PATTERN: Range(1, 4, 1),
            SIZE: Range(5_000, 13_000, 1_000),
            DENSITY: Range(50, 400, 50),
            STACK: Range(1, 6, 1),
            WAVELENGTH: Range(2_940, 2_940, 0),
            AIMING: _AIMING,
        },
        narrowed={},
        scanner=True,
        cooled=False,
        spot_us=20_000,
    ),
    "nonablative": Personality(
        model="Resurface NA Dual",
        wavelengths_nm=(1_550, 1_927),
        handpieces=(ROLLER,),
        ranges={
            ENERGY: Range(4_000, 70_000, 1_000),
            PULSE: Range(1_000, 11_000, 500),
            RATE: Range(0, 10_000, 1_000),
            MODE: Range(SCAN, SCAN, 0),
            PATTERN: Range(3, 3, 0),
            SIZE: Range(7_000, 15_000, 4_000),
            DENSITY: Range(25, 500, 1),
            STACK: Range(1, 1, 0),
            WAVELENGTH: Range(1_550, 1_927, 377),
            COOLING: Range(0, 100, 10),
            AIMING: _AIMING,
        },
        narrowed={1_927: Range(5_000, 20_000, 1_000)},
        scanner=True,
        cooled=True,
        spot_us=15_000,
    ),
}

PRESETS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "personality": {
        "er-yag": {
            "serial": "OL-2201",
            "handpiece": "collimated",
            "handpiece_serial": "HP-0057",
            "tip_serial": "TIP-4402",
            "tip_spot_um": "5000",
            "tip_max_energy_uj": "1500000",
            "panel_energy_uj": "500000",
            "panel_pulse_us": "300",
            "panel_rate_mhz": "5000",
            "panel_mode": "0",
            "panel_size_um": "7000",
            "panel_wavelength_nm": "2940",
        },
        "nonablative": {
            "serial": "OL-2301",
            "handpiece": "roller",
            "handpiece_serial": "HP-0102",
            "tip_serial": "TIP-9310",
            "tip": "disposable",
            "tip_spot_um": "140",
            "tip_max_energy_uj": "70000",
            "panel_pulse_us": "5000",
            "panel_rate_mhz": "4000",
            "panel_pattern": "3",
            "panel_size_um": "15000",
            "panel_density_spots_cm2": "100",
            "panel_wavelength_nm": "1550",
        },
    }
}
"""Other defaults that come with a console of another kind."""
