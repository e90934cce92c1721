"""The controller and its tube: lase, gate, pulses, key, interlock, heat and light, all coupled.

Nothing here knows the wire. Whatever changes, `_settle` brings the rest into line, in this order:
key and trips of the tube, light; so no light outlives its cause, and the truth hears of it at the
nanosecond at which it happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds, seconds
from devicelink_simulation.heat import Heat
from devicelink_uc2000_sim.inputs import HOST_SETTINGS, default, read

if TYPE_CHECKING:
    from devicelink_simulation.truth import Truth
    from devicelink_uc2000_sim.inputs import Inputs

TRIP_C = 60.0
CLEAR_C = 55.0
"""Our proposal: no source tells at which temperatures a tube trips and may be turned on again."""
_REFERENCE_C = 25.0
_TICKLE_KHZ = 5.0
_US_PER_MS = 1000.0


class Controller:
    """A UC-2000 with its tube; `inputs` are the panel and the wires, the rest is its state."""

    __slots__ = (
        "_closed_drive",
        "_event_ns",
        "_gate_ns",
        "_heat",
        "_lit_ns",
        "_loop_ns",
        "_restart_end_ns",
        "_startup_end_ns",
        "_truth",
        "_warms_ns",
        "enabled",
        "inputs",
        "lit",
        "now_ns",
        "tripped",
    )

    def __init__(self, inputs: Inputs, truth: Truth, now_ns: int) -> None:
        self.inputs = inputs
        self._truth = truth
        self.now_ns = now_ns
        self._heat = Heat(
            inputs.temperature_c, inputs.ambient_c, inputs.thermal_time_constant_s, now_ns
        )
        self._restart_end_ns: int | None = None
        self._startup_end_ns: int | None = None
        self._warms_ns: int | None = None
        self._event_ns: int | None = None
        self._gate_ns: int | None = None
        self._lit_ns = self._loop_ns = now_ns
        self._closed_drive: float | None = None
        self.tripped = False
        self.enabled = False
        self.lit = False
        self._settle()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        while self._event_ns is not None and self._event_ns <= now_ns:
            warms = self._event_ns == self._warms_ns
            self.now_ns = max(self.now_ns, self._event_ns)
            self._heat.advance(self.now_ns)
            if warms:
                self._heat.celsius = TRIP_C
            self._settle()
        self.now_ns = max(self.now_ns, now_ns)

    def next_event_ns(self) -> int | None:
        """The end of a restart or of the tube's start-up, or its trip by heat."""
        return self._event_ns

    def set(self, key: str, value: str) -> None:
        """Turn a knob now, or do what the host says."""
        self._heat.advance(self.now_ns)
        setattr(self.inputs, key, read(key, value))
        if key == "key":
            self._turn_key(value)
        elif key == "temperature_c":
            self._heat.celsius = self.inputs.temperature_c
        self._settle()

    def restart(self, for_s: float) -> None:
        """Go dark at once, and come back as after power-on when so much time has passed."""
        self._restart_end_ns = self.now_ns + nanoseconds(for_s)
        self.inputs.lase = "off"
        self._settle()

    @property
    def restarting(self) -> bool:
        """Whether the controller restarts, knows nothing of its wire and feeds no tube."""
        return self._restart_end_ns is not None

    @property
    def closed(self) -> bool:
        """Whether a closed loop holds the power."""
        return self.inputs.mode.endswith("_closed")

    @property
    def duty_percent(self) -> float:
        """What is commanded, by the set-point or the analogue input; never above the limit."""
        inputs = self.inputs
        manual = inputs.mode.startswith("manual")
        asked = inputs.percent if manual else inputs.analog_input_percent
        return min(round(2 * asked) / 2, float(inputs.max_pwm))

    @property
    def celsius(self) -> float:
        """The temperature of the tube now."""
        return self._heat.at(self.now_ns)

    @property
    def tube_ready(self) -> bool:
        """Whether the tube's own hardware lets it make light."""
        started = self._startup_end_ns is None
        return self.inputs.key == "on" and started and not self.tripped and not self.restarting

    @property
    def gate_open(self) -> bool:
        """Whether the gate lets light out: it is high, and was so long enough."""
        return self._gate_ns is not None and self._gate_ns <= self.now_ns

    @property
    def _gate_high(self) -> bool:
        """Without a cable it floats to where it is pulled."""
        inputs = self.inputs
        floats_high = inputs.gate_input == "open" and inputs.gate_logic == "pull_up"
        return inputs.gate_input == "high" or floats_high

    @property
    def power_w(self) -> float:
        """Light that leaves now, W."""
        if not self.lit:
            return 0.0
        rise_s = self.inputs.optical_rise_s
        since_s = seconds(self.now_ns - self._lit_ns)
        risen = min(1.0, since_s / rise_s) if rise_s else 1.0
        holds = self.now_ns >= self._loop_ns + nanoseconds(self.inputs.settling_s)
        return risen * self._steady_w(holds=holds)

    @property
    def settled_w(self) -> float:
        """Light that leaves once it has risen and the loop holds it, W."""
        return self._steady_w(holds=True) if self.lit else 0.0

    def _steady_w(self, *, holds: bool) -> float:
        """Duty times what tube, heat and wear leave; a loop that holds makes up for those."""
        inputs = self.inputs
        lost = inputs.power_loss_percent_per_c * max(0.0, self.celsius - _REFERENCE_C) / 100
        left = max(0.0, 1 - lost) * (1 - inputs.wear_percent / 100)
        duty = self._light_duty()
        if self.closed and holds and self._fires:
            duty = min(duty / left, float(inputs.max_pwm) / 100) if left else 0.0
        return inputs.nominal_w * duty * left

    @property
    def _fires(self) -> bool:
        """Whether the tube gets pulses that are long enough for light."""
        inputs = self.inputs
        pulse_us = self.duty_percent / 100 / float(inputs.pwm_khz) * _US_PER_MS
        return inputs.lase == "on" and self.gate_open and pulse_us > inputs.least_pulse_us

    def _light_duty(self) -> float:
        """The part of the time in which the tube gets power that makes light, 0 to 1."""
        inputs = self.inputs
        if not self.tube_ready or inputs.rf_driver == "dead":
            return 0.0
        duty = self.duty_percent / 100 if self._fires else 0.0
        if inputs.tickle_us > inputs.least_pulse_us:
            duty = max(duty, inputs.tickle_us / _US_PER_MS * _TICKLE_KHZ)
        if inputs.rf_driver == "stuck_on":
            duty = max(duty, inputs.stuck_percent / 100)
        return duty

    def _turn_key(self, value: str) -> None:
        """On clears a trip whose cause is gone, and begins the tube's start-up."""
        self._startup_end_ns = None
        if value == "on":
            self.tripped = self.celsius > CLEAR_C
            self._startup_end_ns = self.now_ns + nanoseconds(self.inputs.startup_s)

    def _settle(self) -> None:
        """Bring everything into line with what changed."""
        self._heat.advance(self.now_ns)
        if self._restart_end_ns is not None and self._restart_end_ns <= self.now_ns:
            self._restart_end_ns = None
            self._power_on()
        if self._startup_end_ns is not None and self._startup_end_ns <= self.now_ns:
            self._startup_end_ns = None
        if not self._gate_high:
            self._gate_ns = None
        elif self._gate_ns is None:
            self._gate_ns = self.now_ns + nanoseconds(self.inputs.gate_least_s)
        if self.inputs.interlock == "open" or self._heat.celsius >= TRIP_C:
            self.tripped = True
        self._settle_light()
        self._heat.constant_s = self.inputs.thermal_time_constant_s
        rise_c = self.inputs.thermal_rise_c * min(1.0, self._light_duty())
        self._heat.target_c = self.inputs.ambient_c + rise_c
        cool = self._heat.celsius < TRIP_C
        self._warms_ns = self._heat.reaches_ns(TRIP_C) if cool else None
        gate_ns = None if self.gate_open else self._gate_ns
        times = (self._restart_end_ns, self._startup_end_ns, self._warms_ns, gate_ns)
        self._event_ns = min((time for time in times if time is not None), default=None)

    def _power_on(self) -> None:
        """As after power-on; the tube has its own supply, so its trips and its key stay."""
        inputs = self.inputs
        if inputs.after_restart == "defaults":
            for name in HOST_SETTINGS:
                setattr(inputs, name, default(name))
        inputs.lase = "on" if inputs.lase_on_power_up == "enabled" else "off"
        self._truth.note(self.now_ns, "restarted")

    def _settle_light(self) -> None:
        """Enabled comes before light and goes after it."""
        inputs = self.inputs
        was_lit, was_enabled = self.lit, self.enabled
        self.enabled = inputs.lase == "on" and self.tube_ready and inputs.rf_driver != "dead"
        self.lit = self._light_duty() > 0
        if self.lit and not was_lit:
            self._lit_ns = self.now_ns
        drive = self.duty_percent if self.closed and self.lit else None
        if drive != self._closed_drive:
            self._closed_drive, self._loop_ns = drive, self.now_ns
        if self.enabled and not was_enabled:
            gated = inputs.gate_logic == "pull_down"
            drive_percent = self.duty_percent
            self._truth.note(self.now_ns, "enabled", drive_percent=drive_percent, gated=gated)
        if self.lit and not was_lit:
            self._truth.note(self.now_ns, "light_on", power_w=round(self.settled_w, 3))
        if was_lit and not self.lit:
            self._truth.note(self.now_ns, "light_off")
        if was_enabled and not self.enabled:
            self._truth.note(self.now_ns, "disabled")
