"""What a head makes of light: its response to a wavelength, and how a thermopile follows a beam."""

from __future__ import annotations

import math
from itertools import pairwise

from devicelink.runtime import seconds

FILTER_PASSES = 0.01
DIFFUSER_PASSES = 1 / 3

_CURVES = {
    "thermopile": ((100, 0.90), (193, 0.93), (532, 0.98), (1064, 1.0), (2940, 0.97), (12000, 0.92)),
    "pyroelectric": ((100, 0.6), (193, 0.75), (532, 0.9), (1064, 1.0), (2940, 0.9), (12000, 0.7)),
}
"""Response by wavelength in nm, of 1 at 1064 nm; invented, of the kind that such heads have [?]."""


def response(head: str, nm: float) -> float:
    """Part of the light that the head makes a signal of, relative to 1064 nm."""
    curve = _CURVES[head]
    for (low, from_), (high, to) in pairwise(curve):
        if low <= nm <= high:
            return from_ + (to - from_) * (nm - low) / (high - low)
    return curve[-1][1]


class Follower:
    """The thermopile's signal in W, which follows the beam with a time constant."""

    __slots__ = ("_at_ns", "_level_w", "beam_w", "constant_s")

    def __init__(self, constant_s: float, now_ns: int) -> None:
        self.constant_s = constant_s
        self.beam_w = 0.0
        self._level_w = 0.0
        self._at_ns = now_ns

    def at(self, now_ns: int) -> float:
        """The signal at a later time, if nothing changes until then."""
        passed_s = seconds(max(0, now_ns - self._at_ns))
        decay = math.exp(-passed_s / self.constant_s)
        return self.beam_w + (self._level_w - self.beam_w) * decay

    def change(self, now_ns: int, *, beam_w: float, added_j: float = 0.0) -> None:
        """The beam is another from now on; a pulse warms the head at once."""
        self._level_w = self.at(now_ns) + added_j / self.constant_s
        self._at_ns = now_ns
        self.beam_w = beam_w
