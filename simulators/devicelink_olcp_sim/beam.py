"""Where light leaves: every pulse passes here, with its time, its energy and its wavelength."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_KEPT = 4096


class Pulse(NamedTuple):
    """One pulse that left; `shot` is the report it belongs to, `place` the spot it fell on."""

    at_ns: int
    energy_j: float
    wavelength_nm: int
    shot: int
    place: int


class Beam:
    """The tissue plane; the last pulses that fell on it, the newest at the end."""

    __slots__ = ("pulses",)

    def __init__(self) -> None:
        self.pulses: deque[Pulse] = deque(maxlen=_KEPT)

    def falls(self, pulse: Pulse) -> None:
        """One more."""
        self.pulses.append(pulse)
