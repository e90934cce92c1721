"""The laser itself: supply, interlocks, emission, gate, light, heat and faults, all coupled.

Nothing here knows the wire. Whatever changes, `_settle` brings the rest into line, in this order:
supply, faults, emission, light; so no light outlives its cause, and the truth hears of it at the
nanosecond at which it happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_ipg_sim.inputs import power_on_values, read
from devicelink_ipg_sim.meter import PowerMeter
from devicelink_simulation.heat import Heat

if TYPE_CHECKING:
    from devicelink_ipg_sim.inputs import Inputs
    from devicelink_simulation.noise import Noise
    from devicelink_simulation.truth import Truth

TRIP_C = 55.0
CLEAR_C = 53.0
_BUILT_IN = ("dialect", "family", "buffer_bytes")
LATCHED_MODULES = ("disconnected", "failed", "disabled")


class Laser:
    """A fibre laser in its world; `inputs` are the knobs and wires, the rest is its state."""

    __slots__ = (
        "_drive_percent",
        "_emission_since_ns",
        "_event_ns",
        "_noise",
        "_restart_end_ns",
        "_truth",
        "_warms_ns",
        "emission",
        "enabled",
        "heat",
        "inputs",
        "latched",
        "meter",
        "now_ns",
        "overheated",
        "power_w",
        "setpoint_percent",
        "startup_end_ns",
        "supply_on",
        "tripped",
    )

    def __init__(self, inputs: Inputs, noise: Noise, truth: Truth, now_ns: int) -> None:
        self.inputs = inputs
        self._noise = noise
        self._truth = truth
        self.now_ns = now_ns
        self.supply_on = inputs.supply == "on"
        self.tripped = False
        self.emission = inputs.emission == "on"
        self._emission_since_ns = now_ns
        self.startup_end_ns: int | None = None
        self._restart_end_ns: int | None = None
        self._warms_ns: int | None = None
        self._event_ns: int | None = None
        self.setpoint_percent = inputs.diode_current_percent
        self._drive_percent = inputs.diode_current_percent
        self.latched: set[str] = set()
        self.overheated = False
        self.enabled = False
        self.power_w = 0.0
        self.meter = PowerMeter()
        self.heat = Heat(
            inputs.temperature_c, inputs.ambient_c, inputs.thermal_time_constant_s, now_ns
        )
        self._settle()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        while self._event_ns is not None and self._event_ns <= now_ns:
            warms = self._event_ns == self._warms_ns
            self.now_ns = max(self.now_ns, self._event_ns)
            self.heat.advance(self.now_ns)
            if warms:
                self.heat.celsius = CLEAR_C if self.overheated else TRIP_C
            self._settle()
        self.now_ns = max(self.now_ns, now_ns)

    def next_event_ns(self) -> int | None:
        """The end of a start-up or restart, or a change of over-temperature, whichever is first."""
        return self._event_ns

    def set(self, key: str, value: str) -> None:
        """Turn a knob now; raises `ConfigError` for START in vain."""
        if key in _BUILT_IN:
            raise ConfigError(f"A laser's {key} is built in. Serve another laser instead.")
        converted = read(key, value, self.inputs.dialect)
        if (key, value) == ("supply", "on"):
            self._refuse_start_in_vain()
        self.heat.advance(self.now_ns)
        setattr(self.inputs, key, converted)
        self._turned(key, value)
        self._settle()

    def start(self) -> None:
        """Begin emission with its safety start-up; nothing where it is on already."""
        if not self.emission and self.supply_on and not self.blocked:
            self.emission = True
            self._emission_since_ns = self.now_ns
            self._drive_percent = self.setpoint_percent
            self._restart_clock()
            self._settle()

    def stop(self) -> None:
        """End emission."""
        self.emission = False
        self._settle()

    def set_current(self, percent: float) -> None:
        """A new set-point."""
        self.setpoint_percent = percent
        if not self.emission or self.inputs.sdc_while_emitting == "at_once":
            self._drive_percent = percent
        self._settle()

    def set_power(self, watts: float) -> None:
        """A new set-point in watts of output; 0 is no current."""
        percent = self.inputs.threshold_percent + watts / self._slope if watts else 0.0
        self.set_current(percent)

    def overflow(self) -> None:
        """A line was longer than the buffer."""
        self.latched.add("buffer_overflow")
        self._settle()

    def reset(self) -> None:
        """Clear resettable errors; a cause that is still there sets its error again."""
        if self.inputs.resettable == "yes":
            self.latched.clear()
        self._settle()

    def restart(self, for_s: float) -> None:
        """Go dark at once, and come back as after power-on when so much time has passed."""
        self._restart_end_ns = self.now_ns + nanoseconds(for_s)
        self.emission = False
        self._settle()

    @property
    def restarting(self) -> bool:
        """Whether the laser restarts and knows nothing of its wire."""
        return self._restart_end_ns is not None

    @property
    def celsius(self) -> float:
        """The temperature of the module now."""
        return self.heat.at(self.now_ns)

    @property
    def starting(self) -> bool:
        """Whether the safety start-up runs."""
        return self.startup_end_ns is not None

    @property
    def shows_start_up(self) -> bool:
        """Whether the status tells of the start-up that runs."""
        hidden_ns = nanoseconds(self.inputs.startup_shown_after_s)
        return self.starting and self.now_ns >= self._emission_since_ns + hidden_ns

    @property
    def blocked(self) -> bool:
        """Whether a fault forbids light."""
        inputs = self.inputs
        return (
            self.overheated
            or bool(self.latched)
            or inputs.optical_interlock == "failed"
            or inputs.collimator == "disconnected"
        )

    @property
    def interlock_open(self) -> bool:
        """Whether something holds the supply off."""
        inputs = self.inputs
        return "open" in {inputs.interlock_1, inputs.interlock_2} or inputs.estop == "pressed"

    @property
    def current_a(self) -> float:
        """Diode current now."""
        if not (self.enabled and self._gate_open):
            return 0.0
        return self._drive * self.inputs.max_current_a / 100

    @property
    def setpoint_w(self) -> float:
        """The set-point as output, W."""
        return max(0.0, self._slope * (self.setpoint_percent - self.inputs.threshold_percent))

    @property
    def peak_w(self) -> float:
        """Output while enabled and gated open; in pulse mode within a pulse, W."""
        if not (self.supply_on and self.enabled and self._gate_open):
            return 0.0
        return max(0.0, self._slope * (self._drive - self.inputs.threshold_percent))

    @property
    def aiming(self) -> bool:
        """Whether the aiming beam is on."""
        inputs = self.inputs
        if inputs.aiming_control == "hardware":
            return inputs.aiming_input == "high"
        return inputs.aiming_beam == "on"

    def measured_w(self) -> float:
        """The reading of the power meter: averaged, with noise, never negative."""
        average_w = self.meter.average_w(self.now_ns, nanoseconds(self.inputs.power_average_s))
        return max(0.0, average_w * (1 + self._noise.gauss(self.inputs.noise_percent / 100)))

    @property
    def _gate_open(self) -> bool:
        inputs = self.inputs
        gated = "enabled" in {inputs.modulation, inputs.gate_mode}
        return not gated or inputs.modulation_input == "high"

    @property
    def _slope(self) -> float:
        """Watts for each % of current above the threshold."""
        return self.inputs.max_power_w / (100 - self.inputs.threshold_percent)

    @property
    def _drive(self) -> float:
        """The current that drives the diodes, %."""
        if self.inputs.analog_control == "disabled":
            return self._drive_percent
        analog = self.inputs.analog_input_percent
        return analog if analog >= self.inputs.minimum_current_percent else 0.0

    def _light_w(self) -> float:
        inputs = self.inputs
        if not self.supply_on:
            return 0.0
        unexpected_w = inputs.unexpected_power_w if inputs.unexpected_emission == "on" else 0.0
        pulsed = inputs.pulse_mode == "enabled"
        duty = min(1.0, inputs.pulse_rate_hz * inputs.pulse_width_ms / 1000) if pulsed else 1.0
        return max(unexpected_w, duty * self.peak_w)

    def _refuse_start_in_vain(self) -> None:
        if self.interlock_open:
            raise ConfigError(
                "START has no effect while an interlock is open or the emergency stop is pressed. "
                "Close interlock_1 and interlock_2 and release estop first."
            )

    def _turned(self, key: str, value: str) -> None:
        """What a knob does beside keeping its new position."""
        if key == "supply":
            self.supply_on = value == "on"
            self.tripped = False
        elif key == "emission":
            (self.start if value == "on" else self.stop)()
        elif key == "diode_current_percent":
            self.set_current(self.inputs.diode_current_percent)
        elif key == "temperature_c":
            self.heat.celsius = self.inputs.temperature_c
        elif key == "startup_s" and self.starting:
            self._restart_clock()
        elif key == "clear" and value == "pressed":
            self.inputs.clear = "idle"
            self.reset()

    def _restart_clock(self) -> None:
        """The start-up ends so long after emission began; a time gone by means now."""
        self.startup_end_ns = self._emission_since_ns + nanoseconds(self.inputs.startup_s)

    def _settle(self) -> None:
        """Bring everything into line with what changed."""
        self.heat.advance(self.now_ns)
        self._settle_supply()
        self._settle_faults()
        if not self.supply_on or (self.blocked and self.inputs.fault_action == "ends"):
            self.emission = False
        over = self.startup_end_ns is not None and self.startup_end_ns <= self.now_ns
        if over or not self.emission:
            self.startup_end_ns = None
        self._settle_light()
        self.heat.constant_s = self.inputs.thermal_time_constant_s
        rise_c = self.inputs.thermal_rise_c * self.power_w / self.inputs.max_power_w
        self.heat.target_c = self.inputs.ambient_c + rise_c
        self._warms_ns = self.heat.reaches_ns(CLEAR_C if self.overheated else TRIP_C)
        times = (self.startup_end_ns, self._restart_end_ns, self._warms_ns)
        self._event_ns = min((time for time in times if time is not None), default=None)

    def _settle_supply(self) -> None:
        if self._restart_end_ns is not None and self._restart_end_ns <= self.now_ns:
            self._restart_end_ns = None
            self._power_on()
        if self.interlock_open:
            self.supply_on = False
            self.tripped = True
        if self.restarting:
            self.supply_on = False

    def _power_on(self) -> None:
        """As after power-on: what the host had set is gone, and so are errors; our reading [?]."""
        for name, value in power_on_values().items():
            setattr(self.inputs, name, value)
        self.setpoint_percent = self._drive_percent = self.inputs.diode_current_percent
        self.latched.clear()
        self.tripped = False
        self.supply_on = self.inputs.supply == "on"
        self._truth.note(self.now_ns, "restarted")

    def _settle_faults(self) -> None:
        inputs = self.inputs
        if inputs.back_reflection == "on":
            self.latched.add("back_reflection")
        if inputs.unexpected_emission == "on" and self.supply_on:
            self.latched.add("unexpected_emission")
        if inputs.modules in LATCHED_MODULES:
            self.latched.add(inputs.modules)
        if inputs.alarm != "none":
            self.latched.add(inputs.alarm)
        if self.heat.celsius >= TRIP_C:
            self.overheated = True
        elif self.heat.celsius <= CLEAR_C:
            self.overheated = False

    def _settle_light(self) -> None:
        """Enabled comes before light and goes after it."""
        enabled = self.emission and not self.starting and not self.blocked
        was_lit, was_enabled, was_w = self.power_w > 0, self.enabled, self.power_w
        self.enabled = enabled
        self.power_w = self._light_w()
        lit = self.power_w > 0
        if enabled and not was_enabled:
            gated = "enabled" in {self.inputs.modulation, self.inputs.gate_mode}
            self._truth.note(self.now_ns, "enabled", drive_percent=self._drive, gated=gated)
        if lit and not was_lit:
            power_w, wavelength_nm = round(self.power_w, 3), self.inputs.wavelength_nm
            self._truth.note(self.now_ns, "light_on", power_w=power_w, wavelength_nm=wavelength_nm)
        if was_lit and not lit:
            self._truth.note(self.now_ns, "light_off")
        if was_enabled and not enabled:
            self._truth.note(self.now_ns, "disabled")
        if self.power_w != was_w:
            self.meter.step(self.now_ns, self.power_w)
