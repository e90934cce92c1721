"""A temperature, or whatever follows like one: first order, exact at any time."""

from __future__ import annotations

import math

from devicelink.runtime import nanoseconds, seconds


class Heat:
    """Follows `target_c` with a time constant; times are nanoseconds."""

    __slots__ = ("at_ns", "celsius", "constant_s", "target_c")

    def __init__(self, celsius: float, target_c: float, constant_s: float, at_ns: int) -> None:
        self.celsius = celsius
        self.target_c = target_c
        self.constant_s = constant_s
        self.at_ns = at_ns

    def advance(self, now_ns: int) -> None:
        """Let time pass; a time that has gone by changes nothing."""
        if now_ns > self.at_ns:
            self.celsius = self.at(now_ns)
            self.at_ns = now_ns

    def at(self, now_ns: int) -> float:
        """The temperature at a later time, if nothing changes until then."""
        if now_ns <= self.at_ns:
            return self.celsius
        decay = math.exp(-seconds(now_ns - self.at_ns) / self.constant_s)
        return self.target_c + (self.celsius - self.target_c) * decay

    def reaches_ns(self, celsius: float) -> int | None:
        """When the temperature will be `celsius`; None where it never comes there."""
        far, near = self.celsius - self.target_c, celsius - self.target_c
        left = near / (far or math.inf)
        if not 0 < left < 1:
            return None
        return self.at_ns + nanoseconds(-self.constant_s * math.log(left)) + 1
