"""Parts that take their time: water, shutter blade, capacitor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds, seconds
from devicelink_simulation.heat import Heat

if TYPE_CHECKING:
    from devicelink_bigsky_sim.inputs import Inputs

_A_LITTLE_C = 1e-6


class Water:
    """The cooling group: the pump brings flow after a while, the lamp warms the coolant."""

    __slots__ = ("_crossing", "_flows_ns", "heat")

    def __init__(self, inputs: Inputs, now_ns: int) -> None:
        constant_s = inputs.thermal_time_constant_s
        self.heat = Heat(inputs.coolant_c, inputs.ambient_c, constant_s, now_ns)
        self._flows_ns: int | None = now_ns
        self._crossing: tuple[int, float] | None = None

    def flows(self, now_ns: int) -> bool:
        """Whether water flows."""
        return self._flows_ns is not None and self._flows_ns <= now_ns

    def advance(self, now_ns: int) -> None:
        """Let the temperature follow; one that reaches a limit now is on its other side."""
        self.heat.advance(now_ns)
        if self._crossing is not None and self._crossing[0] <= now_ns:
            limit_c = self._crossing[1]
            warms = self.heat.target_c > limit_c
            self.heat.celsius = limit_c if warms else limit_c - _A_LITTLE_C
            self._crossing = None

    def settle_flow(self, inputs: Inputs, now_ns: int, *, powered: bool) -> None:
        """What the pump does now."""
        if inputs.pump == "off" or inputs.water_flow == "low" or not powered:
            self._flows_ns = None
        elif self._flows_ns is None:
            self._flows_ns = now_ns + nanoseconds(inputs.flow_s)

    def settle_heat(self, inputs: Inputs, lamp_w: float) -> None:
        """Where the temperature goes from now on."""
        self.heat.constant_s = inputs.thermal_time_constant_s
        self.heat.target_c = inputs.ambient_c + inputs.lamp_warming_c * lamp_w
        crossings = [
            (at_ns, limit_c)
            for limit_c in (inputs.lamp_cold_c, inputs.q_switch_cold_c)
            if (at_ns := self.heat.reaches_ns(limit_c)) is not None
        ]
        self._crossing = min(crossings, default=None)

    def events_ns(self, now_ns: int) -> list[int | None]:
        """When flow comes, and when a limit is reached."""
        crossing_ns = self._crossing[0] if self._crossing else None
        return [crossing_ns, None if self.flows(now_ns) else self._flows_ns]


class Shutter:
    """A blade that follows its order, unless it is stuck."""

    __slots__ = ("arrives_ns", "open", "ordered")

    def __init__(self, *, is_open: bool) -> None:
        self.open = self.ordered = is_open
        self.arrives_ns: int | None = None

    def settle(self, inputs: Inputs, now_ns: int) -> None:
        """Move, arrive, or stay."""
        if self.open == self.ordered or inputs.shutter_blade == "stuck":
            self.arrives_ns = None
            return
        if self.arrives_ns is None:
            self.arrives_ns = now_ns + nanoseconds(inputs.shutter_s)
        if self.arrives_ns <= now_ns:
            self.arrives_ns = None
            self.open = self.ordered


class Capacitor:
    """Charged while the lamp simmers or fires, and discharging by itself after."""

    __slots__ = ("_since_ns", "_volts", "charged", "sampled_v")

    def __init__(self) -> None:
        self.charged = False
        self.sampled_v = 0.0
        self._volts = 0.0
        self._since_ns = 0

    def settle(self, volts: float, now_ns: int, *, charged: bool) -> None:
        """Whether it is kept charged from now on."""
        if self.charged and not charged:
            self._volts, self._since_ns = volts, now_ns
        self.charged = charged

    def volts(self, inputs: Inputs, now_ns: int) -> float:
        """Its voltage now."""
        if self.charged:
            return inputs.voltage_v
        return self._volts * math.exp(-seconds(now_ns - self._since_ns) / inputs.discharge_s)
