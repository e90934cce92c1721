"""The laser itself: emission, interlock, supply, heat, wavelength and light, all coupled.

Nothing here knows the wire. Whatever changes, `_settle` brings the rest into line, in this order:
interlock, what forbids emission, light; so no light outlives its cause, and the truth hears of it
at the nanosecond at which it happens. Powers are milliwatts but in the truth, offsets picometres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_nkt_sim.inputs import read
from devicelink_simulation.heat import Heat

if TYPE_CHECKING:
    from devicelink_nkt_sim.inputs import Inputs
    from devicelink_simulation.noise import Noise
    from devicelink_simulation.truth import Truth

NO_ERROR, INTERLOCK, LOW_VOLTAGE, TEMPERATURE, DISABLED = 0, 2, 3, 7, 8
"""Error codes of register 67; from published enumerations."""
PUMP_CURRENT = 1 << 8
"""Bit of the setup register: a constant pump current."""
_BUILT_IN = ("module_type", "wire")
_REFERENCE_C = 25.0
_STABLE_PM = 0.5
"""Our proposal: no source tells how near to its set-point a wavelength counts as stabilised."""
_MW_PER_W = 1000


class Laser:
    """A fibre laser in its world; `inputs` are the knobs and wires, the rest is its state.

    `latched` says that the interlock was open and was not reset; `memory` is what registers keep
    that mean nothing here.
    """

    __slots__ = (
        "_delay_end_ns",
        "_edge_c",
        "_edge_ns",
        "_event_ns",
        "_heat",
        "_noise",
        "_reading",
        "_restart_end_ns",
        "_truth",
        "_tuning",
        "emission",
        "enabled",
        "error",
        "inputs",
        "latched",
        "lit",
        "memory",
        "now_ns",
        "setup",
    )

    def __init__(self, inputs: Inputs, noise: Noise, truth: Truth, now_ns: int) -> None:
        self.inputs = inputs
        self._noise = noise
        self._truth = truth
        self.now_ns = now_ns
        self._heat = Heat(
            inputs.temperature_c, inputs.ambient_c, inputs.thermal_time_constant_s, now_ns
        )
        self._tuning = Heat(0.0, inputs.wavelength_offset_pm, inputs.wavelength_settles_s, now_ns)
        self._delay_end_ns: int | None = None
        self._restart_end_ns: int | None = None
        self._edge_ns: int | None = None
        self._edge_c = 0.0
        self._event_ns: int | None = None
        self._reading = (-1, 0.0)
        self.emission = False
        self.latched = False
        self.error = NO_ERROR
        self.enabled = False
        self.lit = False
        self.setup = inputs.setup_bits & ~PUMP_CURRENT
        self.memory: dict[int, bytes] = {}
        self._settle()
        if inputs.emission == "on":
            self.start()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        while self._event_ns is not None and self._event_ns <= now_ns:
            at_edge = self._event_ns == self._edge_ns
            self.now_ns = max(self.now_ns, self._event_ns)
            self._heat.advance(self.now_ns)
            if at_edge:
                self._heat.celsius = self._edge_c
            self._settle()
        self.now_ns = max(self.now_ns, now_ns)

    def next_event_ns(self) -> int | None:
        """The end of a restart or of the delay, or a temperature that leaves its range."""
        return self._event_ns

    def set(self, key: str, value: str) -> None:
        """Turn a knob now; raises `ConfigError` for what is built in or has no effect."""
        if key in _BUILT_IN:
            raise ConfigError(f"A laser's {key} is built in. Serve another laser instead.")
        converted = read(key, value)
        self._pass_time()
        if (key, value) == ("emission", "on") and (self.forbidden_by or self.restarting):
            raise ConfigError(
                "Emission on has no effect while the laser restarts or something forbids light: "
                "the interlock open or not reset, the module disabled, the supply low, the "
                "temperature out of range."
            )
        setattr(self.inputs, key, converted)
        self._turned(key, value)
        self._settle()

    def start(self) -> None:
        """Begin emission; its delay runs first. Nothing where it is on, or something forbids it."""
        if self.forbidden_by or self.restarting or self.emission:
            return
        self.emission = True
        self.error = NO_ERROR
        self._delay_end_ns = self.now_ns + nanoseconds(self.inputs.emission_delay_s)
        self._settle()

    def refuse(self) -> None:
        """Tell by the error code why emission does not begin."""
        self.error = self.forbidden_by

    def stop(self) -> None:
        """End emission, and forget an error whose cause is gone."""
        self.emission = False
        if self.inputs.interlock_reset == "by_emission_off":
            self._reset()
        self._settle()
        if not self.forbidden_by:
            self.error = NO_ERROR

    def reset_by_register(self) -> None:
        """The interlock's reset over the wire."""
        self._reset()
        self._settle()

    def set_power(self, milliwatts: float) -> None:
        """A new set-point."""
        self.inputs.setpoint_mw = milliwatts
        self._settle()

    def set_current(self, amperes: float) -> None:
        """A new set-point of an amplifier."""
        self.inputs.current_a = amperes
        self._settle()

    def set_offset(self, picometres: float) -> None:
        """A new set-point of the wavelength's offset."""
        self._pass_time()
        self.inputs.wavelength_offset_pm = picometres
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
    def delayed(self) -> bool:
        """Whether emission is on and its delay runs."""
        return self._delay_end_ns is not None

    @property
    def celsius(self) -> float:
        """The temperature of the module now."""
        return self._heat.at(self.now_ns)

    @property
    def in_range(self) -> bool:
        """Whether the temperature lets it make light."""
        return self.inputs.temperature_low_c < self.celsius < self.inputs.temperature_high_c

    @property
    def offset_pm(self) -> float:
        """How far the wavelength is from the standard one now."""
        return self._tuning.at(self.now_ns)

    @property
    def stable(self) -> bool:
        """Whether the wavelength is at its set-point."""
        return abs(self.offset_pm - self.inputs.wavelength_offset_pm) < _STABLE_PM

    @property
    def forbidden_by(self) -> int:
        """The error code of what forbids light now; 0 where nothing does."""
        inputs = self.inputs
        if self.latched:
            return INTERLOCK
        if inputs.supply_v < inputs.supply_low_v:
            return LOW_VOLTAGE
        if not self.in_range:
            return TEMPERATURE
        return DISABLED if inputs.module == "disabled" else NO_ERROR

    @property
    def power_mw(self) -> float:
        """Light that leaves now."""
        return self._aimed_mw() if self.lit else 0.0

    def measured_mw(self) -> float:
        """The reading of its own power meter, with noise, never negative; one at each moment."""
        if self._reading[0] != self.now_ns:
            self._reading = (self.now_ns, self._noise.gauss(self.inputs.noise_percent / 100))
        return max(0.0, self.power_mw * (1 + self._reading[1]))

    @property
    def _drive(self) -> float:
        """The set-point as a part of the highest one."""
        inputs = self.inputs
        if inputs.wire == "boostik":
            return inputs.current_a / inputs.max_current_a
        return inputs.setpoint_mw / inputs.max_power_mw

    def _aimed_mw(self) -> float:
        """What leaves while emission is on."""
        inputs = self.inputs
        lost = inputs.power_loss_percent_per_c * max(0.0, self.celsius - _REFERENCE_C) / 100
        left = max(0.0, 1 - lost) * (1 - inputs.wear_percent / 100)
        if inputs.wire == "boostik":
            watts = inputs.current_a * inputs.amplifier_w_per_a
            return _MW_PER_W * watts * left if inputs.input_mw else 0.0
        if inputs.power_mode == "current":
            return inputs.setpoint_mw * left
        return min(inputs.setpoint_mw, inputs.max_power_mw * left)

    def _reset(self) -> None:
        """In vain while the loop is open."""
        if self.inputs.interlock == "closed":
            self.latched = False
            self._forget_error()

    def _forget_error(self) -> None:
        if not self.forbidden_by:
            self.error = NO_ERROR

    def _turned(self, key: str, value: str) -> None:
        """What a knob does beside keeping its new position."""
        if key == "emission":
            (self.start if value == "on" else self.stop)()
        elif key == "setup_bits":
            self.setup = self.inputs.setup_bits & ~PUMP_CURRENT
        elif key == "temperature_c":
            self._heat.celsius = self.inputs.temperature_c
        elif key == "reset" and value == "pressed":
            self.inputs.reset = "idle"
            self._reset()

    def _pass_time(self) -> None:
        self._heat.advance(self.now_ns)
        self._tuning.advance(self.now_ns)

    def _settle(self) -> None:
        """Bring everything into line with what changed."""
        self._pass_time()
        inputs = self.inputs
        if inputs.interlock == "open":
            self.latched = True
        elif inputs.interlock_reset == "by_itself":
            self.latched = False
        if self._restart_end_ns is not None and self._restart_end_ns <= self.now_ns:
            self._restart_end_ns = None
            self._power_on()
        if self.emission and self.forbidden_by:
            self.emission = False
            self.error = self.forbidden_by
        over = self._delay_end_ns is not None and self._delay_end_ns <= self.now_ns
        if over or not self.emission:
            self._delay_end_ns = None
        self._settle_light()
        self._tuning.target_c = inputs.wavelength_offset_pm
        self._tuning.constant_s = inputs.wavelength_settles_s
        self._heat.constant_s = inputs.thermal_time_constant_s
        pumped = min(1.0, self._drive) if self.enabled else 0.0
        self._heat.target_c = inputs.ambient_c + inputs.thermal_rise_c * pumped
        self._plan()

    def _power_on(self) -> None:
        """As after power-on: dark, no error, nothing latched but an open loop; our reading [?]."""
        self.latched = self.inputs.interlock == "open"
        self.error = NO_ERROR
        self._truth.note(self.now_ns, "restarted")

    def _plan(self) -> None:
        """When something next happens by itself."""
        inputs, target_c = self.inputs, self._heat.target_c
        self._edge_ns = None
        if self.in_range:
            rises = target_c >= self._heat.celsius
            self._edge_c = inputs.temperature_high_c if rises else inputs.temperature_low_c
            self._edge_ns = self._heat.reaches_ns(self._edge_c)
        times = (self._edge_ns, self._delay_end_ns, self._restart_end_ns)
        self._event_ns = min((time for time in times if time is not None), default=None)

    def _settle_light(self) -> None:
        """Enabled comes before light and goes after it; between the two lies only the set-point."""
        was_lit, was_enabled = self.lit, self.enabled
        self.enabled = self.emission and not self.delayed
        aimed_mw = self._aimed_mw()
        self.lit = self.enabled and aimed_mw > 0
        if self.enabled and not was_enabled:
            drive = round(100 * self._drive, 3)
            self._truth.note(self.now_ns, "enabled", drive_percent=drive, gated=False)
        if self.lit and not was_lit:
            self._truth.note(self.now_ns, "light_on", power_w=round(aimed_mw / _MW_PER_W, 6))
        if was_lit and not self.lit:
            self._truth.note(self.now_ns, "light_off")
        if was_enabled and not self.enabled:
            self._truth.note(self.now_ns, "disabled")
