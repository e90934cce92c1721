"""What light is made with: the block of parameters, its id, and what CAPS says of each.

Source of every fact: `docs/protocols/olcp.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from devicelink.driver import SettingSpec
from devicelink.errors import ProtocolError
from devicelink_olcp.payload import Payload, decimal_text

if TYPE_CHECKING:
    from collections.abc import Mapping

ENERGY, SPOT, WAVELENGTH = 1, 9, 10
_PATTERNS = ("none", "square", "hexagon", "line", "disc")
_U32_MAX = 0xFFFF_FFFF


class Parameter(NamedTuple):
    """One parameter that can be set: its place on the wire, and its words for people."""

    number: int
    setting: str
    name: str
    meaning: str
    unit: str
    places: int = 0
    """The wire counts in units that are so many powers of ten smaller."""
    choices: tuple[str, ...] = ()
    """By the wire's value."""

    def told(self, value: int) -> str:
        """As a setting has it."""
        if self.choices:
            return self.choices[value] if value < len(self.choices) else f"unknown {value}"
        return decimal_text(value, self.places)

    def said(self, value: int) -> str:
        """In a sentence, with its unit."""
        return f"{self.told(value)}{f' {self.unit}' if self.unit else ''}"

    def asked(self, value: str) -> int:
        """As the wire has it; raises `ProtocolError` (ours) for what cannot be said exactly."""
        if value in self.choices:
            return self.choices.index(value)
        try:
            number = Decimal(value).scaleb(self.places)
            whole = int(number)
        except (InvalidOperation, ValueError, OverflowError) as error:
            raise self._unsayable(value) from error
        if self.choices or whole != number or not 0 <= whole <= _U32_MAX:
            raise self._unsayable(value)
        return whole

    def _unsayable(self, value: str) -> ProtocolError:
        finest = f"a choice of {', '.join(self.choices)}" if self.choices else self._finest()
        return ProtocolError(
            f"The {self.name} {value!r} cannot be told to the laser, which takes {finest}. "
            "Nothing was set."
        )

    def _finest(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"whole steps of {decimal_text(1, self.places)}{unit}"


PARAMETERS = (
    Parameter(
        ENERGY, "energy_mj", "energy", "Energy of one pulse or spot, at the tissue.", "mJ", 3
    ),
    Parameter(2, "pulse_us", "pulse duration", "Duration of one pulse.", "us"),
    Parameter(3, "rate_hz", "rate", "Pulses or scans a second; 0 is one for each press.", "Hz", 3),
    Parameter(4, "mode", "mode", "Single pulses, or a scan.", "", choices=("single", "scan")),
    Parameter(5, "pattern", "pattern", "Shape of a scan.", "", choices=_PATTERNS),
    Parameter(6, "pattern_size_mm", "size of the pattern", "Edge or diameter of a scan.", "mm", 3),
    Parameter(7, "density_spots_cm2", "density", "Spots of a scan on each area.", "spots/cm2"),
    Parameter(8, "stack", "stack", "Pulses on each spot before the next.", "pulses"),
    Parameter(WAVELENGTH, "wavelength_nm", "wavelength", "Wavelength of the light.", "nm"),
    Parameter(11, "cooling_percent", "cooling", "Strength of the cooling.", "%"),
    Parameter(12, "aiming_percent", "aiming beam", "Strength of the aiming beam.", "%"),
)
"""Without the spot's diameter, which the tip tells and nobody sets."""
BY_NUMBER = {parameter.number: parameter for parameter in PARAMETERS}
BY_SETTING = {parameter.setting: parameter for parameter in PARAMETERS}
SETTINGS = tuple(
    SettingSpec(each.setting, each.meaning, each.unit, each.choices, required=each.number == ENERGY)
    for each in PARAMETERS
)
"""Consoles differ in what else they have: what is not asked for stays, and is read back."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block of settings, as it is in force or would be."""

    settings_id: bytes
    values: Mapping[int, int]
    """By parameter number."""
    handpiece_serial: str
    tip_serial: str
    configuration: bytes

    @classmethod
    def read(cls, payload: Payload) -> Block:
        """The id, then the block; raises `ProtocolError` where the id is not the block's."""
        settings_id = payload.take(32)
        whole = payload.rest()
        count = payload.number(1)
        pairs = [(payload.number(1), payload.number(4)) for _ in range(count)]
        numbers = [number for number, _ in pairs]
        if numbers != sorted(set(numbers)):
            raise payload.unreadable("its parameters are not in order")
        serials = payload.text(), payload.text()
        configuration = payload.take(8)
        block = whole[: len(whole) - len(payload.rest())]
        if sha256(block).digest() != settings_id:
            raise payload.unreadable("their checksum does not fit them")
        return cls(settings_id, dict(pairs), *serials, configuration)

    def settings(self) -> dict[str, str]:
        """As a person knows them."""
        return {
            each.setting: each.told(self.values[each.number])
            for each in PARAMETERS
            if each.number in self.values
        }

    def not_settable(self) -> dict[str, str]:
        """What nobody sets: the spot, and parameters of later versions."""
        return {
            "spot_um" if number == SPOT else f"parameter_{number}": str(value)
            for number, value in self.values.items()
            if number not in BY_NUMBER
        }


class Range(NamedTuple):
    """Lowest, highest and step of a parameter."""

    lowest: int
    highest: int
    step: int


@dataclass(frozen=True, slots=True)
class Caps:
    """What a console can do, with the handpiece and tip that are in place."""

    remote_ready: bool
    host_settings: bool
    lease_ms: tuple[int, int]
    wavelengths_nm: tuple[int, ...]
    ranges: Mapping[int, Range]

    @classmethod
    def read(cls, payload: Payload) -> Caps:
        """Raises `ProtocolError`."""
        payload.take(1)  # the minor version, which changes nothing of what is read here
        flags = payload.number(4)
        lease_ms = payload.number(2), payload.number(2)
        wavelengths = tuple(payload.number(2) for _ in range(payload.number(1)))
        payload.take(payload.number(1))  # the kinds of handpieces; the one in place is read
        ranges = {}
        for _ in range(payload.number(1)):
            number = payload.number(1)
            if number in ranges:
                raise payload.unreadable("it lists a parameter twice")
            ranges[number] = Range(*(payload.number(4) for _ in Range._fields))
        return cls(bool(flags & 1), bool(flags >> 1 & 1), lease_ms, wavelengths, ranges)

    def bounds(self) -> dict[str, tuple[str, str]]:
        """Lowest and highest of every numeric setting that it names."""
        return {
            each.setting: (
                each.told(self.ranges[each.number].lowest),
                each.told(self.ranges[each.number].highest),
            )
            for each in PARAMETERS
            if each.number in self.ranges and not each.choices
        }

    def can_change(self, number: int) -> bool:
        """Whether it names a range with more than one value."""
        return number in self.ranges and self.ranges[number].lowest < self.ranges[number].highest

    @property
    def only_wavelength_nm(self) -> int | None:
        """Of a console that has just one."""
        return self.wavelengths_nm[0] if len(self.wavelengths_nm) == 1 else None


def proposal(values: Mapping[int, int]) -> bytes:
    """The payload of SETTINGS_PROPOSE."""
    each = (bytes([number]) + value.to_bytes(4, "little") for number, value in values.items())
    return bytes([len(values)]) + b"".join(each)
