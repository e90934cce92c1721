"""Parts that take their time: the shutter's blade, and what gets warm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_simulation.heat import Heat

if TYPE_CHECKING:
    from devicelink_olcp_sim.inputs import Inputs

_PATIENCE_NS = 50_000_000
"""For so long the shutter may be sensed otherwise than it was commanded."""


class Shutter:
    """A blade that follows its order, unless it is stuck."""

    __slots__ = ("_differs_ns", "arrives_ns", "open", "ordered")

    def __init__(self) -> None:
        self.open = self.ordered = False
        self.arrives_ns: int | None = None
        self._differs_ns: int | None = None

    def settle(self, inputs: Inputs, now_ns: int, *, to_open: bool) -> None:
        """Order it, and let it move, arrive, or stay."""
        if self.ordered != to_open:
            self.ordered = to_open
            self.arrives_ns = None
        if self.open == self.ordered or inputs.shutter_blade == "stuck":
            self.arrives_ns = None
        elif self.arrives_ns is None:
            self.arrives_ns = now_ns + nanoseconds(inputs.shutter_s)
        if self.arrives_ns is not None and self.arrives_ns <= now_ns:
            self.arrives_ns = None
            self.open = self.ordered
        if self.sensed(inputs) == self.ordered:
            self._differs_ns = None
        elif self._differs_ns is None:
            self._differs_ns = now_ns

    def sensed(self, inputs: Inputs) -> bool:
        """Whether it is said to be open."""
        return self.open if inputs.shutter_reads == "blade" else self.ordered

    def fails_ns(self) -> int | None:
        """When it will have been otherwise than commanded for too long."""
        return None if self._differs_ns is None else self._differs_ns + _PATIENCE_NS


class Warmth:
    """One temperature with a limit; a limit that is reached now is told as passed."""

    __slots__ = ("_crossing", "_hot_c", "heat")

    def __init__(self, celsius: float, inputs: Inputs, hot_c: float, now_ns: int) -> None:
        constant_s = inputs.thermal_time_constant_s
        self.heat = Heat(celsius, inputs.ambient_c, constant_s, now_ns)
        self._hot_c = hot_c
        self._crossing: int | None = None

    @property
    def is_hot(self) -> bool:
        """Whether it is at its limit or above."""
        return self.heat.celsius >= self._hot_c

    def advance(self, now_ns: int) -> None:
        """Let the temperature follow."""
        self.heat.advance(now_ns)
        if self._crossing is not None and self._crossing <= now_ns:
            self.heat.celsius = max(self.heat.celsius, self._hot_c)
            self._crossing = None

    def aim(self, inputs: Inputs, target_c: float, hot_c: float) -> None:
        """Where it goes from now on."""
        self.heat.constant_s = inputs.thermal_time_constant_s
        self.heat.target_c = target_c
        self._hot_c = hot_c
        rises = self.heat.celsius < hot_c < target_c
        self._crossing = self.heat.reaches_ns(hot_c) if rises else None

    def event_ns(self) -> int | None:
        """When the limit is reached."""
        return self._crossing
