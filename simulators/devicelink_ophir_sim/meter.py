"""The meter itself: a head in the light, ranges, readings, zeroing and what the host has set.

Nothing here knows the wire. A pulse falls at its nanosecond; the reading of it is there, and its
flag set, when the head has made it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds, seconds
from devicelink_ophir_sim.inputs import BAUDS, read
from devicelink_ophir_sim.light import DIFFUSER_PASSES, FILTER_PASSES, Follower, response
from devicelink_ophir_sim.thresholds import least_part

if TYPE_CHECKING:
    from devicelink_ophir_sim.inputs import Inputs
    from devicelink_simulation.noise import Noise
    from devicelink_simulation.truth import Truth

POWER, ENERGY = "power", "energy"
AUTO = -1
OTHER_MODES = {1: "passive", 4: "exposure", 5: "position"}
_DAMAGED_READS = 0.6
_FREQUENCY_WINDOW_NS = 2_000_000_000
_DARK_PART = 0.01
_NAMED_NM = {"VIS": 532.0, "NIR": 1064.0, "YAG": 1064.0, "ERB": 2940.0, "CO2": 10600.0}
_UM_BELOW = 100.0
_BUILT_IN = ("model", "wavelengths")
_HEAD_KEYS = (
    *("head", "power_ranges_w", "energy_ranges_j", "range_index", "auto_range", "mode"),
    *("wavelength_list", "wavelength_index", "wavelength_low_nm", "wavelength_high_nm"),
    *("discrete_list", "capabilities"),
)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What the host sets over the wire, and what `$IC` saves."""

    mode: str
    range_index: int
    entries: tuple[str, ...]
    current: int  # place in `entries`, from 0
    filter_in: bool = False
    diffuser_in: bool = False
    mains: int = 1
    baud: int = 1
    threshold: int = 2
    user_thresholds: tuple[tuple[int, int], ...] = ()  # range, 1/10000 of its scale
    pulse_length: int = 1
    zero_w: float = 0.0


class Meter:
    """A meter in its world; `inputs` are the knobs, `host` what was set over the wire."""

    def __init__(self, inputs: Inputs, noise: Noise, truth: Truth, now_ns: int) -> None:
        self.inputs = inputs
        self._noise = noise
        self._truth = truth
        self.now_ns = now_ns
        self._begin_ns = now_ns
        self.damaged = False
        self.flag = False
        self.last_j: float | None = 0.0  # None: it was over the range
        self.zeroing = "NOT STARTED"
        self.streaming = self.duplex = False
        self.streamed: list[tuple[int, float | None]] = []
        self._pending: tuple[int, float] | None = None
        self._settled_ns = now_ns
        self._zero_end_ns: int | None = None
        self._restart_end_ns: int | None = None
        self._stream_ns: int | None = None
        self._pulses: list[tuple[int, float]] = []
        self._follower = Follower(inputs.power_response_s, now_ns)
        self.saved = self.host = self._fitted()
        self._shine()
        if inputs.pulse_j:
            self.pulse(inputs.pulse_j)
            self._make_reading()

    @property
    def restarting(self) -> bool:
        """Whether it restarts and knows nothing of its wire."""
        return self._restart_end_ns is not None

    @property
    def has_head(self) -> bool:
        """Whether a head is plugged in."""
        return self.inputs.head != "none"

    @property
    def discrete(self) -> bool:
        """Whether wavelengths have names instead of numbers."""
        return self.inputs.wavelengths == "discrete"

    @property
    def auto_listed(self) -> bool:
        """Whether AUTO is one of the ranges of this mode."""
        return self.inputs.auto_range in {"both", self.host.mode}

    @property
    def scales(self) -> list[float]:
        """The full scales of this mode, W or J, the largest first."""
        key = "power_ranges_w" if self.host.mode == POWER else "energy_ranges_j"
        return _scales(key, getattr(self.inputs, key))

    @property
    def scale(self) -> float:
        """The full scale now; with AUTO the largest."""
        return self.scales[max(0, self.host.range_index)]

    @property
    def new_energy(self) -> bool:
        """`$EF`; 0 while a new range settles."""
        return self.flag and self.now_ns >= self._settled_ns

    @property
    def ready(self) -> bool:
        """`$ER`: whether a pulse would be measured."""
        return self._pending is None and self.now_ns >= self._settled_ns

    @property
    def changed(self) -> bool:
        """Whether something is set that was not saved."""
        return self.host != self.saved

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        while (at_ns := self.next_event_ns()) is not None and at_ns <= now_ns:
            self.now_ns = max(self.now_ns, at_ns)
            self._happen(at_ns)
        self.now_ns = max(self.now_ns, now_ns)

    def next_event_ns(self) -> int | None:
        """A reading that is made or streamed, the end of zeroing or of a restart."""
        pending_ns = self._pending[0] if self._pending else None
        times = (self._restart_end_ns, self._zero_end_ns, pending_ns, self._stream_ns)
        return min((time for time in times if time is not None), default=None)

    def set(self, key: str, value: str) -> None:
        """Turn a knob now; raises `ConfigError` for what is built in or cannot be."""
        if key in _BUILT_IN:
            raise ConfigError(f"{key} is built in. Serve another meter instead.")
        before = getattr(self.inputs, key)
        setattr(self.inputs, key, read(key, value))
        if key in _HEAD_KEYS:
            try:
                self.saved = self.host = self._fitted()
            except ConfigError:
                setattr(self.inputs, key, before)
                raise
            self._pending = None
            self.flag = False
            self._stream_anew()
        self._shine()
        if key == "pulse_j" and self.inputs.pulse_j:
            self.pulse(self.inputs.pulse_j)

    def restart(self, for_s: float) -> None:
        """Deaf for so long, then with what was saved."""
        self._restart_end_ns = self.now_ns + nanoseconds(for_s)
        self._pending = self._zero_end_ns = self._stream_ns = None
        self.streaming = self.duplex = self.flag = False
        self.zeroing = "NOT STARTED"

    def change(self, **what: object) -> None:
        """The host sets something; a new range or mode lets energy readings wait."""
        self.host = replace(self.host, **what)  # type: ignore[arg-type]
        if "range_index" in what or "mode" in what:
            self.flag = False
            self._pending = None
            self._settled_ns = self.now_ns + nanoseconds(self.inputs.range_settle_s)
        if "mode" in what:
            self._stream_anew()

    def save(self) -> None:
        """Keep what the host has set over a restart."""
        self.saved = self.host

    def stream(self, *, on: bool) -> None:
        """Send every reading unasked, or no longer."""
        self.streaming = on
        self._stream_anew()

    def zero(self) -> None:
        """Begin to take what is shown in the dark for nothing."""
        self.zeroing = "IN PROGRESS"
        self._pending = None
        self._zero_end_ns = self.now_ns + nanoseconds(self.inputs.zeroing_s)

    def stop_zeroing(self) -> None:
        """As if it had never begun."""
        self.zeroing = "NOT STARTED"
        self._zero_end_ns = None

    def pulse(self, joules: float) -> None:
        """A pulse falls on the head; it is measured where the meter is ready for it."""
        self._truth.note(self.now_ns, "pulse", joules=joules)
        self._endure(joules > self.inputs.damage_j, joules=joules)
        self._follower.change(self.now_ns, beam_w=self.inputs.beam_w, added_j=joules)
        blind = self.restarting or not self.has_head or self._zero_end_ns is not None
        if blind or self.host.mode != ENERGY or self.now_ns < self._settled_ns:
            return
        seen_j = joules * self._factor()
        if seen_j < least_part(self) * self.scale:
            return
        if self._pending is None:
            due_ns = self.now_ns + nanoseconds(self.inputs.energy_response_s)
            self._pending = (due_ns, seen_j)
        elif self.inputs.head == "thermopile":  # it cannot tell two pulses from a greater one
            self._pending = (self._pending[0], self._pending[1] + seen_j)
        self._pulses = [*self._pulses[-1:], (self.now_ns, seen_j)]

    def next_reading_ns(self) -> int:
        """When the next power reading is made."""
        period_ns = nanoseconds(self.inputs.reading_period_s)
        made = (self.now_ns - self._begin_ns) // period_ns
        return self._begin_ns + (made + 1) * period_ns

    def power_w(self, at_ns: int) -> float | None:
        """The power reading of that time; None where it is over the range."""
        if self.inputs.head == "thermopile":
            seen_w = self._follower.at(at_ns) * self._factor()
        else:  # a pyroelectric head feels pulses only
            seen_w = self._pulses[-1][1] * self.frequency_hz if self._pulses else 0.0
        value_w = self._noisy(seen_w) + self.inputs.zero_offset_w - self.host.zero_w
        return None if value_w > self.scale else value_w

    @property
    def frequency_hz(self) -> float:
        """Of the last two pulses that were measured; 0 when they are long gone."""
        if len(self._pulses) != 2 or self.now_ns - self._pulses[1][0] > _FREQUENCY_WINDOW_NS:  # noqa: PLR2004  (from one to the other)
            return 0.0
        apart_ns = self._pulses[1][0] - self._pulses[0][0]
        return 1 / seconds(apart_ns) if apart_ns else 0.0

    def _happen(self, at_ns: int) -> None:
        if at_ns == self._restart_end_ns:
            self._restart_end_ns = None
            self.host = self.saved
            self._truth.note(self.now_ns, "restarted")
        elif at_ns == self._zero_end_ns:
            self._zero_end_ns = None
            dark = abs(self._follower.at(self.now_ns)) <= _DARK_PART * self.scale
            self.zeroing = "COMPLETED" if dark else "FAILED"
            if dark:
                self.host = replace(self.host, zero_w=self.inputs.zero_offset_w)
        elif self._pending and at_ns == self._pending[0]:
            self._make_reading()
        else:
            self.streamed.append((at_ns, self.power_w(at_ns)))
            self._stream_anew()

    def _make_reading(self) -> None:
        """The pulse that fell is a reading now."""
        if self._pending is None:
            return
        value_j = self._noisy(self._pending[1])
        self._pending = None
        self.last_j = None if value_j > self.scale else value_j
        self.flag = True
        self._truth.note(self.now_ns, "measured", joules=self.last_j)
        if self.streaming:
            self.streamed.append((self.now_ns, self.last_j))

    def _stream_anew(self) -> None:
        on = self.streaming and self.has_head and self.host.mode == POWER
        self._stream_ns = self.next_reading_ns() if on else None

    def _fitted(self) -> HostSettings:
        """What holds with this head before the host sets anything; raises `ConfigError`."""
        inputs = self.inputs
        entries = (inputs.discrete_list if self.discrete else inputs.wavelength_list).split()
        if inputs.wavelength_low_nm > inputs.wavelength_high_nm:
            raise ConfigError("wavelength_low_nm must not be above wavelength_high_nm.")
        for entry in entries:
            if not self.discrete and entry != "NONE":
                _number("wavelength_list", entry)
        if inputs.wavelength_index > len(entries):
            raise ConfigError(f"wavelength_index must be one of 1 to {len(entries)}.")
        for key, of in (("power_ranges_w", POWER), ("energy_ranges_j", ENERGY)):
            scales = _scales(key, getattr(inputs, key))
            if of == inputs.mode and inputs.range_index >= len(scales):
                raise ConfigError(f"range_index={inputs.range_index} is no place in {key}.")
        return HostSettings(
            *(inputs.mode, inputs.range_index, tuple(entries), inputs.wavelength_index - 1),
            baud=BAUDS.index(inputs.baud) + 1,
        )

    def _shine(self) -> None:
        self._follower.constant_s = self.inputs.power_response_s
        self._follower.change(self.now_ns, beam_w=self.inputs.beam_w)
        self._endure(self.inputs.beam_w > self.inputs.damage_w, watts=self.inputs.beam_w)

    def _endure(self, too_much: bool, **light: float) -> None:  # noqa: FBT001  (a fact, no flag)
        if too_much and self.has_head and not self.damaged:
            self.damaged = True
            self._truth.note(self.now_ns, "damaged", **light)

    def _factor(self) -> float:
        """What is read of a joule or watt that falls on the head."""
        if not self.has_head:
            return 0.0
        inputs, host = self.inputs, self.host
        factor = response(inputs.head, inputs.beam_nm) / response(inputs.head, self._believed_nm())
        factor *= FILTER_PASSES ** ((inputs.filter == "in") - host.filter_in)
        factor *= DIFFUSER_PASSES ** ((inputs.diffuser == "in") - host.diffuser_in)
        factor *= 1 + inputs.calibration_error_percent / 100
        return factor * (_DAMAGED_READS if self.damaged else 1)

    def _believed_nm(self) -> float:
        entry = self.host.entries[self.host.current]
        if self.discrete or entry == "NONE":
            return _NAMED_NM.get(entry.upper(), 1064.0)
        number = _number("wavelength_list", entry)
        return number * 1000 if number < _UM_BELOW else number

    def _noisy(self, value: float) -> float:
        hum = 1 if self.inputs.mains == ("50Hz", "60Hz")[self.host.mains - 1] else 3
        return value * (1 + self._noise.gauss(hum * self.inputs.noise_percent / 100))


def _scales(key: str, listed: str) -> list[float]:
    values = [_number(key, each) for each in listed.split()]
    if not values or min(values) <= 0 or values != sorted(values, reverse=True):
        raise ConfigError(f"{key} must be numbers above 0, the largest first, not {listed!r}.")
    return values


def _number(key: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:  # noqa: PLR2004  (no head measures more)
        raise ConfigError(f"{key} must hold numbers above 0, not {word!r}.")
    return value
