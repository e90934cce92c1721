"""From trigger to light: shots, shutter and stray light, and what the truth hears of them."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_olcp_sim import causes, logs
from devicelink_olcp_sim.beam import Beam, Pulse
from devicelink_olcp_sim.parts import Shutter
from devicelink_olcp_sim.personalities import ENERGY, RATE, WAVELENGTH
from devicelink_olcp_sim.shots import ABORTED, COMPLETE, FINISHES_NS, MISFIRE, Shot, Tube
from devicelink_olcp_sim.stray import Stray

if TYPE_CHECKING:
    from devicelink_olcp_sim.host import Host
    from devicelink_olcp_sim.inputs import Inputs
    from devicelink_olcp_sim.memory import Memory
    from devicelink_olcp_sim.parts import Warmth
    from devicelink_olcp_sim.settings import Settings
    from devicelink_simulation.noise import Noise
    from devicelink_simulation.truth import Truth

_GENTLE = frozenset(
    {logs.BY_FOOTSWITCH, logs.BY_LEASE, logs.BY_STANDBY, logs.BY_PANEL, logs.IN_ORDER}
)
"""Reasons for which a short pulse that has begun may finish; all others cut it."""
_HZ_NS = 10**12
"""A period in nanoseconds times a rate in mHz."""


class After(Enum):
    """What follows from a pulse that is over."""

    NEXT_PULSE = auto()
    END = auto()
    TOO_HIGH = auto()
    TOO_LOW = auto()


class Emission:
    """Makes light when it is told to; it does not know why it may.

    `spent` says that the present press has made what one press makes.
    """

    __slots__ = (
        *("_enabled", "_host", "_inputs", "_lit", "_memory", "_next_shot_ns", "_settings"),
        *("_shows_stray", "_truth", "beam", "sensed_uj", "shot", "shutter", "spent", "stray"),
        *("tube",),
    )

    def __init__(
        self,
        inputs: Inputs,
        settings: Settings,
        laser: Warmth,
        memory: Memory,
        host: Host,
        noise: Noise,
        truth: Truth,
        now_ns: int,
    ) -> None:
        self._inputs = inputs
        self._settings = settings
        self._memory = memory
        self._host = host
        self._truth = truth
        self.beam = Beam()
        self.tube = Tube(inputs, settings, laser, memory.counters, noise, self.beam, now_ns)
        self.shutter = Shutter()
        self.stray = Stray()
        self.shot: Shot | None = None
        self.spent = False
        self.sensed_uj = 0.0
        self._next_shot_ns = now_ns
        self._enabled = self._lit = self._shows_stray = False

    @property
    def shines(self) -> bool:
        """Whether light leaves now, a scan from its first pulse to its last."""
        return self._lit or self.stray.shines

    @property
    def end_ns(self) -> int | None:
        """When the present pulse is over."""
        return None if self.shot is None else self.shot.end_ns

    def pressed(self, now_ns: int) -> None:
        """A fresh press: the first shot may begin at once."""
        self.spent = False
        self._next_shot_ns = now_ns

    def abort(self, reason: int, now_ns: int, clock_ms: int) -> None:
        """The trigger is ignored from now on; the pulse under way finishes, or is cut."""
        shot = self.shot
        if shot is None:
            return
        within = shot.start_ns < now_ns < shot.end_ns
        if within and reason in _GENTLE and shot.pulse_ns <= FINISHES_NS:
            shot.ending = reason if shot.ending is None else shot.ending
            return
        if within:
            shot.cut = True
            self._count(shot, now_ns)
        self._end(shot, reason if shot.ending is None else shot.ending, now_ns, clock_ms)

    def finish(self, now_ns: int, clock_ms: int) -> None:
        """The pulse that was allowed to finish has done so."""
        shot = self.shot
        if shot is not None and shot.ending is not None and shot.end_ns <= now_ns:
            self._count(shot, now_ns)
            self._end(shot, shot.ending, now_ns, clock_ms)

    def pulse_is_over(self, shot: Shot, now_ns: int, clock_ms: int) -> After:
        """The present pulse counts; what follows from it."""
        if shot.ending is not None:
            self.finish(now_ns, clock_ms)
            return After.END
        sensed_uj = self._count(shot, now_ns)
        if sensed_uj is not None and (wrong := self.tube.wrong(sensed_uj, shot.report.set_uj)):
            self.sensed_uj = sensed_uj
            self._end(shot, logs.BY_FAULT, now_ns, clock_ms)
            return After.TOO_HIGH if wrong > 0 else After.TOO_LOW
        if shot.complete or self._host.pulses_left <= 0:
            self._end(shot, logs.BY_PERMIT, now_ns, clock_ms)
            return After.END
        shot.next_pulse()
        return After.NEXT_PULSE

    def begin_if_due(self, permit_id: bytes, now_ns: int, clock_ms: int) -> None:
        """The next shot of this press, when its time has come and the shutter is open."""
        check_left = self._host.check_left
        if self.shot is not None or self.spent or not self.shutter.open or check_left == 0:
            return
        if self._next_shot_ns <= now_ns and self._host.pulses_left > 0:
            single = check_left is not None
            number = self._memory.reports.next
            self.shot = self.tube.begin(number, clock_ms, permit_id, now_ns, single=single)

    def stray_light(self, for_s: float, now_ns: int, *, stays: bool) -> None:
        """A pulse that nobody asked for; it counts like any other. None where hardware forbids."""
        if self._cut_in_hardware or self._lit:
            return
        light_uj = self.tube.light_uj(self._settings.values[ENERGY], now_ns)
        light_nm = self._settings.values[WAVELENGTH]
        self.beam.falls(Pulse(now_ns, light_uj / 1e6, light_nm, 0, 0), now_ns)
        self.tube.count(light_uj, nanoseconds(for_s))
        self.stray.begin(now_ns, for_s, stays=stays)

    def settle(self, now_ns: int, *, enabled: bool, failed: bool) -> None:
        """Shutter and stray light follow; the truth hears of it."""
        stray = self.stray
        over = stray.end_ns is not None and stray.end_ns <= now_ns
        if over or self._cut_in_hardware or (failed and not stray.stays):
            stray.end()
        to_open = enabled or self.shot is not None
        self.shutter.settle(self._inputs, now_ns, to_open=to_open)
        was_enabled, self._enabled = self._enabled, enabled
        if was_enabled and not enabled:
            self._truth.note(now_ns, "disabled")
        if enabled and not was_enabled:
            self._truth.note(now_ns, "enabled", set_uj=self._settings.values[ENERGY], gated=True)

    def show(self, now_ns: int) -> None:
        """Light that is new, or that was stray and is over."""
        shot, stray = self.shot, self.stray
        shining = shot is not None and not shot.dark
        if self._shows_stray and (shining or not stray.shines):
            self._shows_stray = False
            stray.end()
            self._truth.note(now_ns, "light_off", stray=True)
        if shot is not None and shining and not self._lit:
            self._lit = True
            told = {"set_uj": shot.report.set_uj, "wavelength_nm": shot.wavelength_nm}
            self._truth.note(now_ns, "light_on", **told)
        if stray.shines and not self._lit and not self._shows_stray:
            self._shows_stray = True
            self._truth.note(now_ns, "light_on", stray=True)

    def events_ns(self, now_ns: int, *, emitting: bool) -> list[int | None]:
        """When something of it next changes, beside the end of a pulse."""
        times = [self.shutter.arrives_ns, *self.stray.events_ns(now_ns)]
        fails_ns = self.shutter.fails_ns()
        times.append(fails_ns if fails_ns is not None and fails_ns > now_ns else None)
        waits = emitting and self.shot is None and not self.spent
        times.append(self._next_shot_ns if waits and self._next_shot_ns > now_ns else None)
        return times

    @property
    def _cut_in_hardware(self) -> bool:
        inputs = self._inputs
        return causes.interlocked(inputs) or inputs.key == "off" or inputs.estop == "pressed"

    def _count(self, shot: Shot, now_ns: int) -> float | None:
        """The present pulse left until now; what was sensed of it."""
        sensed_uj = self.tube.pulse(shot, now_ns)
        if sensed_uj is not None:
            self._host.pulses_left -= 1
        return sensed_uj

    def _end(self, shot: Shot, reason: int, now_ns: int, clock_ms: int) -> None:
        """Its report is there from now on; it is never gone on with."""
        self.shot = None
        report = shot.report
        whole = shot.complete
        report.reason = logs.IN_ORDER if whole else reason
        report.outcome = ABORTED if not whole else COMPLETE if report.pulses else MISFIRE
        self._memory.keep(report, clock_ms)
        self._inputs.tip_uses_left = max(0, self._inputs.tip_uses_left - 1)
        light_uj = None if report.outcome == MISFIRE else shot.light_uj
        self._host.made_in_check(report.set_uj, light_uj, self._inputs)
        rate_mhz = self._settings.in_force().get(RATE, 0)
        self.spent = not rate_mhz
        if rate_mhz:
            self._next_shot_ns = max(shot.begin_ns + _HZ_NS // rate_mhz, now_ns)
        if self._lit:
            self._lit = False
            told = {"pulses": report.pulses, "spots": report.spots_delivered}
            energy_j = round(shot.light_uj / 1e6, 9)
            self._truth.note(now_ns, "light_off", **told, energy_j=energy_j)
