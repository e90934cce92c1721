"""The laser itself: lamp, Q-switch, shutter, water and light, all coupled.

Nothing here knows the wire. Whatever changes, `_settle` brings the rest into line, in this order:
pulses that came, water, trips, shutter, lamp, Q-switch, light; so no light outlives its cause, and
the truth hears of it at the nanosecond at which it happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_bigsky_sim import causes, optics
from devicelink_bigsky_sim.inputs import SETTINGS, read
from devicelink_bigsky_sim.parts import Capacitor, Shutter, Water
from devicelink_bigsky_sim.pulses import Pulses

if TYPE_CHECKING:
    from devicelink_bigsky_sim.inputs import Inputs
    from devicelink_simulation.device import Light
    from devicelink_simulation.truth import Truth

STANDBY, SIMMER, FIRING = "standby", "simmer", "firing"
OFF, RUNNING, SINGLE = "off", "running", "single"
BURST, EXTERNAL = 1, 2
_PULSE_NS = 10
"""About how long a Q-switched pulse lasts."""
_WAVELENGTH_NM = 1064.0


class Laser:
    """A lamp-pumped laser in its world; `inputs` are knobs and settings, the rest is its state.

    Counters stand in `inputs` and are right whenever time was told.
    """

    __slots__ = (
        *("_burst_end_ns", "_emitting", "_enable_ns", "_event_ns", "_fires_from_ns", "_left"),
        *(
            "_light",
            "_lit",
            "_pulses",
            "_pulses_out",
            "_restart_end_ns",
            "_saved",
            "_saved_user_shots",
        ),
        *("_since_start", "_truth", "armed", "begin_ns", "capacitor", "enabled", "inputs"),
        *("lamp", "now_ns", "shutter", "water"),
    )

    def __init__(self, inputs: Inputs, truth: Truth, now_ns: int, light: Light | None) -> None:
        self.inputs = inputs
        self._light = light
        self._truth = truth
        self.now_ns = self.begin_ns = now_ns
        self.lamp = inputs.lamp
        self.armed = OFF
        self.shutter = Shutter(is_open=inputs.shutter == "open")
        self.water = Water(inputs, now_ns)
        self.capacitor = Capacitor()
        self.save()
        self._saved_user_shots = inputs.user_lamp_shots
        self._pulses = Pulses()
        self._since_start = inputs.q_switch_wait_pulses  # who is found firing has waited
        self._fires_from_ns = now_ns - nanoseconds(inputs.inhibit_s)
        self._left: int | None = None
        self._burst_end_ns: int | None = None
        self._enable_ns: int | None = None
        self._restart_end_ns: int | None = None
        self._event_ns: int | None = None
        self._emitting = self._lit = self.enabled = False
        self._pulses_out = 0
        if inputs.q_switch != OFF:
            self._arm(inputs.q_switch)
        self._settle()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        while self._event_ns is not None and self._event_ns <= now_ns:
            self.now_ns = max(self.now_ns, self._event_ns)
            self._settle()
        self.now_ns = max(self.now_ns, now_ns)
        self._count()

    def next_event_ns(self) -> int | None:
        """Whatever changes first by itself; further pulses of a light that is on are no change."""
        return self._event_ns

    def set(self, key: str, value: str) -> None:
        """Turn a knob now; raises `ConfigError` for what the laser refuses."""
        converted = read(key, value)
        self._refuse_in_vain(key, value)
        self.water.advance(self.now_ns)
        setattr(self.inputs, key, converted)
        self._turned(key, value)
        self._settle()

    def change(self, name: str, value: float) -> None:
        """A setting, as the host asked for it."""
        setattr(self.inputs, name, value)
        self._settle()

    def set_energy(self, energy_j: float) -> None:
        """Lamp energy moves the voltage."""
        self.change("voltage_v", optics.voltage_for_v(energy_j, self.inputs.capacity_uf))

    def set_capacity(self, capacity_uf: float) -> None:
        """The capacitor keeps the lamp energy, and moves the voltage."""
        energy_j = optics.lamp_energy_j(self.inputs)
        self.change("capacity_uf", capacity_uf)
        self.set_energy(energy_j)

    def fire(self) -> None:
        """`A`: the lamp begins, and with it what is set to begin at run."""
        if self.lamp == FIRING or self.stopped_by:
            return
        self.lamp = FIRING
        self._fires_from_ns = self.now_ns
        self._since_start = 0
        self.shutter.ordered = self.shutter.ordered or self.inputs.shutter_at_run == 1
        if self.inputs.q_switch_at_run:
            self._arm(RUNNING)
        self._settle()

    def simmer(self) -> None:
        """`M`: the lamp simmers and does not fire."""
        if not self.stopped_by:
            self.lamp = SIMMER
            self._settle()

    def stop(self) -> None:
        """`S`."""
        self.lamp = STANDBY
        if self.inputs.stop_ends == "all":
            self.armed = OFF
            self.shutter.ordered = False
        self._settle()

    def arm(self, how: str) -> None:
        """`PQ` (running) or `OQ` (single); in burst mode running ends by itself."""
        if self.armed != RUNNING:
            self._arm(how)
            self._settle()

    def disarm(self) -> None:
        """`SQ`."""
        self.armed = OFF
        self._settle()

    def move_shutter(self, *, to_open: bool) -> None:
        """`R0`, `R1`."""
        self.shutter.ordered = to_open
        self._settle()

    def save(self) -> None:
        """`SAV1`."""
        self._saved = {each.name: getattr(self.inputs, each.name) for each in SETTINGS}

    def save_user_shots(self) -> None:
        """`SUC`."""
        self._saved_user_shots = self.inputs.user_lamp_shots

    def restart(self, for_s: float) -> None:
        """Go dark at once, and come back as after power-on when so much time has passed."""
        self._restart_end_ns = self.now_ns + nanoseconds(for_s)
        self.lamp, self.armed, self.shutter.ordered = STANDBY, OFF, False
        self._settle()

    @property
    def restarting(self) -> bool:
        """Whether the laser restarts and knows nothing of its wire."""
        return self._restart_end_ns is not None

    @property
    def coolant_c(self) -> float:
        """The coolant now."""
        return self.water.heat.at(self.now_ns)

    @property
    def stopped_by(self) -> list[str]:
        """The causes that forbid the lamp now."""
        return ["restart"] * self.restarting + [name for name, _ in causes.of_lamp(self)]

    @property
    def inhibited(self) -> bool:
        """Whether the lamp fires and has not yet done so often or long enough to Q-switch."""
        too_few = self._since_start < self.inputs.q_switch_wait_pulses
        return self.lamp == FIRING and (too_few or self.now_ns < self._inhibit_end_ns)

    @property
    def shutter_shows_open(self) -> bool:
        """What the laser says of its shutter."""
        by_blade = self.inputs.shutter_reads == "blade"
        return self.shutter.open if by_blade else self.shutter.ordered

    @property
    def pulse_energy_j(self) -> float:
        """Optical energy of a pulse now."""
        return optics.pulse_energy_j(self.inputs, self.coolant_c)

    @property
    def _inhibit_end_ns(self) -> int:
        return self._fires_from_ns + nanoseconds(self.inputs.inhibit_s)

    @property
    def _rate_hz(self) -> float:
        outside = self.inputs.lamp_mode == 1
        return self.inputs.lamp_trigger_hz if outside else self.inputs.frequency_hz

    def _arm(self, how: str) -> None:
        self.armed = how
        self._burst_end_ns = None
        burst = self.inputs.burst_pulses if self.inputs.q_switch_mode == BURST else None
        self._left = 1 if how == SINGLE else burst

    def _refuse_in_vain(self, key: str, value: str) -> None:
        """Another host or the local box is refused as this host would be."""
        why = None
        if key == "lamp" and value != STANDBY:
            why = next((text or name for name, text in causes.of_lamp(self)), None)
        if key == "q_switch" and value != OFF:
            why = causes.refusal_of_q_switch(self) if self.lamp == FIRING else "standby"
        if why is not None:
            raise ConfigError(f"{key}={value} has no effect now: the laser says {why!r}.")

    def _turned(self, key: str, value: str) -> None:
        """What a knob does beside keeping its new position."""
        if key == "lamp":
            {FIRING: self.fire, SIMMER: self.simmer, STANDBY: self.stop}[value]()
        elif key == "q_switch":
            self.disarm() if value == OFF else self.arm(value)
        elif key == "shutter":
            self.shutter.ordered = value == "open"
        elif key == "coolant_c":
            self.water.heat.celsius = self.inputs.coolant_c

    def _count(self) -> None:
        """Count the pulses that came since the last time; meanwhile nothing else has changed."""
        inputs = self.inputs
        lamp, cycles = self._pulses.taken(self.now_ns)
        if not lamp:
            return
        self._since_start += lamp
        inputs.lamp_shots += lamp
        inputs.user_lamp_shots += lamp
        self.capacitor.sampled_v = inputs.voltage_v
        counted = cycles if self._emitting or inputs.cq_counts == "armed" else 0
        inputs.q_switch_shots += counted
        inputs.user_q_switch_shots += counted
        if self._left is not None and cycles:
            self._left -= cycles
            if self._left <= 0:
                self._burst_end_ns = self.now_ns + _PULSE_NS
        if self._emitting and cycles:
            self._shine(cycles)
            self._show(cycles)

    def _show(self, pulses: int) -> None:
        """Each of them at its own time, to whoever looks."""
        if self._light is not None:
            for at_ns in self._pulses.last_cycles_ns(pulses):
                self._light.pulse(at_ns, self.pulse_energy_j, _WAVELENGTH_NM)

    def _shine(self, pulses: int) -> None:
        """So many pulses have left."""
        if not self._lit:
            self._lit = True
            self._pulses_out = 0
            energy_j = round(self.pulse_energy_j, 6)
            power_w = round(energy_j * self._rate_hz / self.inputs.q_switch_every, 6)
            self._truth.note(self.now_ns, "light_on", energy_j=energy_j, power_w=power_w)
        self._pulses_out += pulses

    def _settle(self) -> None:
        """Bring everything into line with what changed."""
        inputs = self.inputs
        self.water.advance(self.now_ns)
        self._count()
        if self._restart_end_ns is not None and self._restart_end_ns <= self.now_ns:
            self._power_on()
        self.water.settle_flow(inputs, self.now_ns, powered=not self.restarting)
        if self.lamp != STANDBY and self.stopped_by:
            self.lamp, self.armed = STANDBY, OFF
            if inputs.trip_closes_shutter == "yes":
                self.shutter.ordered = False
        self.capacitor.settle(inputs.voltage_v, self.now_ns, charged=self.lamp != STANDBY)
        self.shutter.settle(inputs, self.now_ns)
        self._settle_lamp()
        self._settle_q_switch()
        self._settle_light()
        self._event_ns = self._first_event_ns()

    def _power_on(self) -> None:
        """Settings as they were saved, counters as they were; the user's as it was saved [?]."""
        self._restart_end_ns = None
        for name, value in self._saved.items():
            setattr(self.inputs, name, value)
        self.inputs.echo = 1
        self.inputs.user_lamp_shots = self._saved_user_shots
        self._truth.note(self.now_ns, "restarted")

    def _settle_lamp(self) -> None:
        """Lamp pulses while it fires, or those of idle fire; and what they do to the water."""
        inputs = self.inputs
        period_ns = None
        if self.lamp == FIRING:
            if inputs.lamp_mode == 0 or inputs.lamp_trigger_input == "on":
                period_ns = round(1e9 / self._rate_hz)
        elif inputs.idle_fire_s and not self.stopped_by:
            period_ns = nanoseconds(inputs.idle_fire_s)
        why = f"{self.lamp} since {self._fires_from_ns}"
        self._pulses.run(why, period_ns, self.now_ns)
        lamp_w = optics.lamp_energy_j(inputs) * 1e9 / period_ns if period_ns else 0.0
        self.water.settle_heat(inputs, lamp_w)

    def _settle_q_switch(self) -> None:
        spent = self._burst_end_ns is not None and self._burst_end_ns <= self.now_ns
        if spent or any(causes.of_q_switch(self)):
            self.armed = OFF
        self._settle_enable_fire()
        if self.armed == OFF:
            self._left = self._burst_end_ns = None
        cycling = self.armed != OFF and self.lamp == FIRING and not self.inhibited
        self._pulses.cycle(self.inputs.q_switch_every if cycling else None)

    def _settle_enable_fire(self) -> None:
        """The timer of E, while nothing else Q-switches."""
        inputs = self.inputs
        free = self.lamp == FIRING and not self.inhibited and self.armed == OFF
        if not (free and inputs.enable_fire_s and inputs.enable_fire == "single"):
            self._enable_ns = None
        elif self._enable_ns is None:
            self._enable_ns = self.now_ns + nanoseconds(inputs.enable_fire_s)
        elif self._enable_ns <= self.now_ns:
            self._enable_ns = None
            self._arm(SINGLE)

    def _settle_light(self) -> None:
        """Enabled comes before light and goes after it."""
        inputs = self.inputs
        armed = self.armed != OFF and self.lamp == FIRING and not self.inhibited
        was_enabled = self.enabled
        self.enabled = armed and self.shutter.open and self.pulse_energy_j > 0
        untriggered = inputs.q_switch_mode == EXTERNAL and inputs.trigger_input == "off"
        self._emitting = self.enabled and self._pulses.cycling and not untriggered
        if self.enabled and not was_enabled:
            gated = inputs.q_switch_mode == EXTERNAL or inputs.lamp_mode == 1
            energy_j = round(self.pulse_energy_j, 6)
            self._truth.note(self.now_ns, "enabled", energy_j=energy_j, gated=gated)
        if self._lit and not self._emitting:
            self._lit = False
            self._truth.note(self.now_ns, "light_off", pulses=self._pulses_out)
        if was_enabled and not self.enabled:
            self._truth.note(self.now_ns, "disabled")

    def _first_event_ns(self) -> int | None:
        times = [self._restart_end_ns, self.shutter.arrives_ns, self._enable_ns, self._burst_end_ns]
        times += self.water.events_ns(self.now_ns)
        if self.inhibited:
            missing = self.inputs.q_switch_wait_pulses - self._since_start
            times.append(self._pulses.lamp_ns(missing) if missing > 0 else self._inhibit_end_ns)
        if self._emitting and not self._lit:
            times.append(self._pulses.cycle_ns(1))
        if self._left is not None and self._left > 0:
            times.append(self._pulses.cycle_ns(self._left))
        return min((time for time in times if time is not None), default=None)
