"""One pulse after another: a shot is a single pulse or a scan, and it is made once or not at all.

Pulses are made in virtual time one by one; each ends at its own nanosecond, so a shot that is ended
is cut exactly there. A shot never goes back to a spot, and one that was ended never goes on.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from devicelink.runtime import seconds
from devicelink_olcp_sim.beam import Pulse
from devicelink_olcp_sim.logs import Report
from devicelink_olcp_sim.personalities import ENERGY, PULSE, STACK, WAVELENGTH

if TYPE_CHECKING:
    from devicelink_olcp_sim.beam import Beam
    from devicelink_olcp_sim.inputs import Inputs
    from devicelink_olcp_sim.logs import Counters
    from devicelink_olcp_sim.parts import Warmth
    from devicelink_olcp_sim.settings import Settings
    from devicelink_simulation.noise import Noise

FINISHES_NS = 10_000_000
"""A pulse of up to so long may finish when a shot is ended gently."""
_STACK_GAP_NS = 5_000_000
_REFERENCE_C = 24.0
_MEAN_OF = 5
COMPLETE, ABORTED, MISFIRE = range(3)
PULSE_REPORT, SCAN_REPORT = 1, 2


class Shot:
    """One shot under way; the present pulse lasts from `start_ns` to `end_ns`.

    `ending` is the reason why the present pulse is the last one, None where it is not; `dark` says
    that its triggers make no light, `cut` that its last pulse was cut: a spot that did not get all
    of its light counts as not delivered, and is not gone back to.
    """

    __slots__ = (
        *("_gap_ns", "begin_ns", "cut", "dark", "end_ns", "ending", "light_uj", "made", "planned"),
        *("pulse_ns", "report", "stack", "start_ns", "wavelength_nm"),
    )

    def __init__(
        self, settings: Settings, report: Report, now_ns: int, *, single: bool, dark: bool
    ) -> None:
        values = settings.in_force()
        self.report = report
        self.stack = 1 if single else values[STACK]
        self.planned = report.spots_planned * self.stack
        self.pulse_ns = values[PULSE] * 1000
        spot_ns = settings.personality.spot_us * 1000
        self._gap_ns = max(_STACK_GAP_NS if self.stack > 1 else spot_ns, 2 * self.pulse_ns)
        self.wavelength_nm = values[WAVELENGTH]
        self.begin_ns = self.start_ns = now_ns
        self.end_ns = now_ns + self.pulse_ns
        self.ending: int | None = None
        self.made = 0
        self.light_uj = 0.0
        self.dark = dark
        self.cut = False

    @property
    def complete(self) -> bool:
        """Whether every pulse was made."""
        return self.made >= self.planned and not self.cut

    def next_pulse(self) -> None:
        """The pulse that comes behind the present one."""
        self.start_ns += self._gap_ns
        self.end_ns = self.start_ns + self.pulse_ns


class Tube:
    """What makes pulses: energy from settings, temperature, wear and drift; counted and sensed."""

    __slots__ = (
        "_begin_ns",
        "_counters",
        "_inputs",
        "_laser",
        "_noise",
        "_recent",
        "_settings",
        "beam",
    )

    def __init__(
        self,
        inputs: Inputs,
        settings: Settings,
        laser: Warmth,
        counters: Counters,
        noise: Noise,
        beam: Beam,
        now_ns: int,
    ) -> None:
        self._inputs = inputs
        self._settings = settings
        self._laser = laser
        self._counters = counters
        self._noise = noise
        self._begin_ns = now_ns
        self._recent: deque[float] = deque(maxlen=_MEAN_OF)
        self.beam = beam

    def begin(
        self, number: int, clock_ms: int, permit_id: bytes, now_ns: int, *, single: bool
    ) -> Shot:
        """A new shot, of the next report's number; its first pulse begins now."""
        scan = self._settings.scans and not single
        report = Report(
            number=number,
            kind=SCAN_REPORT if scan else PULSE_REPORT,
            clock_ms=clock_ms,
            first_pulse=self._counters.pulses + 1,
            spots_planned=self._settings.spots() if scan else 1,
            set_uj=self._settings.values[ENERGY],
            settings=self._settings.settings_id[:8],
            permit=permit_id[:8],
            sensed_uj=[] if self._inputs.energy_sensor == "fitted" else None,
        )
        return Shot(
            self._settings, report, now_ns, single=not scan, dark=self._inputs.tube == "dark"
        )

    def light_uj(self, set_uj: float, now_ns: int) -> float:
        """What really leaves of a pulse."""
        inputs = self._inputs
        drift = inputs.drift_percent_per_min * seconds(now_ns - self._begin_ns) / 60
        lost = inputs.temperature_loss_percent_c * abs(self._laser.heat.at(now_ns) - _REFERENCE_C)
        kept = max(0.0, 1 - lost / 100) * (1 - inputs.wear_percent / 100)
        gained = max(0.0, 1 + (inputs.energy_error_percent + drift) / 100) * inputs.scale_factor
        return set_uj * gained * kept * (1 + self._noise.gauss(inputs.spread_percent / 100))

    def pulse(self, shot: Shot, now_ns: int) -> float | None:
        """The present pulse is over, or cut; its light was, it counts. What was sensed of it."""
        if shot.dark:
            shot.made += 1
            return None
        report, inputs = shot.report, self._inputs
        part = (now_ns - shot.start_ns) / shot.pulse_ns
        light_uj = self.light_uj(report.set_uj, now_ns) * part
        place = 0 if inputs.scanner == "stuck_unseen" else shot.made // shot.stack
        light_nm, number = shot.wavelength_nm, report.number
        fallen = Pulse(shot.start_ns, light_uj / 1e6, light_nm, number, place)
        self.beam.falls(fallen, now_ns)
        shot.made += 1
        shot.light_uj += light_uj
        report.pulses += 1
        report.spots_delivered = (shot.made - shot.cut) // shot.stack
        self.count(light_uj, now_ns - shot.start_ns)
        sensed_uj = light_uj * (1 + inputs.sensor_error_percent / 100)
        if report.sensed_uj is not None:
            report.sensed_uj.append(sensed_uj)
        return sensed_uj

    def count(self, light_uj: float, for_ns: int) -> None:
        """One more pulse in the counters of a lifetime."""
        counters = self._counters
        counters.pulses += 1
        counters.energy_uj += light_uj
        counters.emission_ns += for_ns

    def wrong(self, sensed_uj: float, set_uj: int) -> int:
        """What a pulse says of the energy: above 0 it is too high, below too low."""
        if self._inputs.energy_sensor == "missing":
            return 0
        ratio = sensed_uj / set_uj
        self._recent.append(ratio)
        mean = sum(self._recent) / len(self._recent)
        whole = len(self._recent) == _MEAN_OF
        if ratio > 1.5 or (whole and mean > 1.2):  # noqa: PLR2004  (the page's own bounds)
            return 1
        return -1 if whole and mean < 0.8 else 0  # noqa: PLR2004

    def forget(self) -> None:
        """Other settings: means begin anew."""
        self._recent.clear()
