"""OLCP's block of settings, written from docs/protocols/olcp.md alone."""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass, field

from tests.protocols.stranger_wire import Fields, string

ENERGY, RATE, MODE, PATTERN, SIZE, DENSITY, STACK, SPOT, WAVELENGTH = 1, 3, 4, 5, 6, 7, 8, 9, 10
SINGLE, SCAN = 0, 1


@dataclass
class Block:
    """The settings that light is made with."""

    values: dict[int, int]
    handpiece: str
    tip: str
    configuration: bytes

    def to_bytes(self) -> bytes:
        """Write the block as the page lays it out."""
        listed = b"".join(
            struct.pack("<BI", number, self.values[number]) for number in sorted(self.values)
        )
        head = bytes((len(self.values),)) + listed
        return head + string(self.handpiece) + string(self.tip) + self.configuration

    @property
    def id(self) -> bytes:
        """SHA-256 over the block's bytes."""
        return hashlib.sha256(self.to_bytes()).digest()


def read_block(data: bytes) -> Block:
    """Read a block."""
    fields = Fields(data)
    values = {fields.number(1): fields.number(4) for _ in range(fields.number(1))}
    return Block(values, fields.string(), fields.string(), fields.raw(8))


class Refused(ValueError):
    """A proposal that cannot be; its argument is the error's name."""


@dataclass
class Ranges:
    """What a console lists in CAPS: for each parameter lowest, highest and step."""

    of: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def settle(self, number: int, value: int) -> int:
        """Give the value that a proposed one becomes."""
        if number not in self.of:
            raise Refused("unknown_parameter")
        lowest, highest, step = self.of[number]
        if not lowest <= value <= highest:
            raise Refused("out_of_range")
        return lowest + (value - lowest) // step * step if step else value


def planned_spots(values: dict[int, int]) -> int:
    """Give how many spots a stamp of these settings has."""
    if values[MODE] == SINGLE:
        return 1
    edge_cm = values[SIZE] / 10_000
    area = math.pi * edge_cm * edge_cm / 4 if values[PATTERN] == 4 else edge_cm * edge_cm
    return max(1, int(area * values[DENSITY]))
