"""Where light leaves: every pulse passes here, with its time, its energy and its wavelength."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from devicelink_simulation.device import Light

_KEPT = 4096


class Pulse(NamedTuple):
    """One pulse that left, begun at `at_ns`; `shot` is its report's number, `place` its spot."""

    at_ns: int
    energy_j: float
    wavelength_nm: int
    shot: int
    place: int


class Beam:
    """The tissue plane: the last pulses that fell on it, the newest at the end, and who sees."""

    __slots__ = ("light", "pulses")

    def __init__(self) -> None:
        self.pulses: deque[Pulse] = deque(maxlen=_KEPT)
        self.light: Light | None = None

    def falls(self, pulse: Pulse, now_ns: int) -> None:
        """One more, which is over now."""
        self.pulses.append(pulse)
        if self.light is not None:
            self.light.pulse(now_ns, pulse.energy_j, pulse.wavelength_nm)
