"""What light is made with: parameters in force, their ranges, the block that is hashed, limits."""

from __future__ import annotations

import math
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink_olcp_sim.inputs import HANDPIECES
from devicelink_olcp_sim.panel import PANEL
from devicelink_olcp_sim.personalities import (
    DENSITY,
    ENERGY,
    MODE,
    PATTERN,
    PERSONALITIES,
    RATE,
    ROLLER,
    SCAN,
    SCANNED,
    SCANNER,
    SINGLE,
    SIZE,
    SPOT,
    STACK,
    WAVELENGTH,
    Range,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink_olcp_sim.inputs import Inputs
    from devicelink_olcp_sim.permit import Permit

_VALUE = Struct("<BI")
_LINE = 3
_AREA = {1: 1.0, 2: 3 * math.sqrt(3) / 8, 4: math.pi / 4}
"""Of a square, a hexagon and a disc, as a part of the square of edge or diameter."""
_ONCE_A_SECOND_MHZ = 1000
"""What a rate of 0, one for each press, counts as in a permit's mean power."""
_UM_PER_CM = 1e4


class Settings:
    """The parameters of one console, and what handpiece and tip make of them."""

    __slots__ = ("_block", "_id", "_inputs", "personality", "values")

    def __init__(self, inputs: Inputs, panel: Mapping[int, int]) -> None:
        self._inputs = inputs
        self.personality = PERSONALITIES[inputs.personality]
        self._block: bytes | None = None
        self._id = b""
        self.values: dict[int, int] = {}
        for parameter, its_range in self.personality.ranges.items():
            kept = its_range.rounded(panel[parameter])
            if kept is None:
                raise ConfigError(
                    f"{PANEL[parameter].name} of a {inputs.personality} console must be from "
                    f"{its_range.low} to {its_range.high}, not {panel[parameter]}."
                )
            self.values[parameter] = kept

    @property
    def handpiece(self) -> int:
        """Its kind, 0 where none is in place."""
        return HANDPIECES.index(self._inputs.handpiece)

    @property
    def tip_fits(self) -> bool:
        """Whether a tip is in place that is good for one more use."""
        return (
            bool(self.handpiece) and self._inputs.tip != "none" and self._inputs.tip_uses_left > 0
        )

    def ranges(self, wavelength_nm: int | None = None) -> dict[int, Range]:
        """What may be set with handpiece, tip and wavelength (the one in force), by number."""
        console, inputs = self.personality, self._inputs
        scans = console.scanner and self.handpiece in {SCANNER, ROLLER}
        ranges = {
            number: each
            for number, each in console.ranges.items()
            if scans or number not in SCANNED
        }
        light_nm = self.values[WAVELENGTH] if wavelength_nm is None else wavelength_nm
        low, high, step = console.narrowed.get(light_nm, ranges[ENERGY])
        if inputs.tip != "none":
            high = max(low, min(high, inputs.tip_max_energy_uj))
            ranges[SPOT] = Range(inputs.tip_spot_um, inputs.tip_spot_um, 0)
        ranges[ENERGY] = Range(low, high - (high - low) % step, step)
        return dict(sorted(ranges.items()))

    def in_force(self) -> dict[int, int]:
        """What light would be made with now, by number."""
        told = self.values | {SPOT: self._inputs.tip_spot_um}
        return {number: told[number] for number in self.ranges()}

    def proposed(self, changes: Mapping[int, int]) -> dict[int, int] | None:
        """All parameters as they would be, rounded down to steps; None where one is out of range.

        All of `changes` must be parameters that the console has now.
        """
        would_be = {**self.in_force(), **changes}
        ranges = self.ranges(would_be[WAVELENGTH])
        for number in {*changes, ENERGY}:
            rounded = ranges[number].rounded(would_be[number])
            if rounded is None:
                return None
            would_be[number] = rounded
        return would_be

    def put(self, values: Mapping[int, int]) -> None:
        """Into force; what the tip tells stays the tip's."""
        self.values.update((number, each) for number, each in values.items() if number != SPOT)
        self.changed()

    def changed(self) -> None:
        """Handpiece, tip, configuration or a value is another one."""
        self._block = None

    def block_of(self, values: Mapping[int, int]) -> bytes:
        """What is hashed, for these values."""
        inputs = self._inputs
        handpiece = inputs.handpiece_serial if self.handpiece else ""
        tip = inputs.tip_serial if inputs.tip != "none" else ""
        parameters = b"".join(_VALUE.pack(*each) for each in sorted(values.items()))
        configuration = sha256(f"{inputs.personality} {inputs.scale_factor!r}".encode()).digest()
        serials = b"".join(bytes([len(each)]) + each.encode("ascii") for each in (handpiece, tip))
        return bytes([len(values)]) + parameters + serials + configuration[:8]

    @staticmethod
    def id_of(block: bytes) -> bytes:
        """The hash of a block."""
        return sha256(block).digest()

    @property
    def block(self) -> bytes:
        """In force."""
        if self._block is None:
            self._block = self.block_of(self.in_force())
            self._id = sha256(self._block).digest()
        return self._block

    @property
    def settings_id(self) -> bytes:
        """Of what is in force."""
        return self._id if self._block is not None else sha256(self.block).digest()

    @property
    def scans(self) -> bool:
        """Whether the footswitch makes scans."""
        return self.in_force().get(MODE, SINGLE) == SCAN

    def spots(self) -> int:
        """How many a scan has, at least one."""
        return self._spots_of(self.in_force())

    def _spots_of(self, now: Mapping[int, int]) -> int:
        edge_cm = now[SIZE] / _UM_PER_CM
        if now[PATTERN] == _LINE:
            return max(1, round(edge_cm * math.sqrt(now[DENSITY])))
        return max(1, round(_AREA[now[PATTERN]] * edge_cm**2 * now[DENSITY]))

    def within(self, permit: Permit, values: Mapping[int, int]) -> bool:
        """Whether these values keep the permit's limits and the tip's."""
        energy_uj = values[ENERGY]
        spot_cm = self._inputs.tip_spot_um / _UM_PER_CM
        fluence_mj_cm2 = energy_uj / 1e3 / (math.pi / 4 * spot_cm**2)
        spots = self._spots_of(values) if values.get(MODE, SINGLE) == SCAN else 1
        rate_mhz = values[RATE] or _ONCE_A_SECOND_MHZ
        mean_power_mw = energy_uj * values[STACK] * spots * rate_mhz / 1e6
        return (
            energy_uj <= min(permit.max_energy_uj, self._inputs.tip_max_energy_uj)
            and fluence_mj_cm2 <= permit.max_fluence_mj_cm2
            and mean_power_mw <= permit.max_mean_power_mw
            and permit.max_pulses > 0
            and values[WAVELENGTH] in permit.wavelengths_nm
            and self.handpiece in permit.handpieces
        )
