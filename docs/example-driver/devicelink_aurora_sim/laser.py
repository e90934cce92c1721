"""The laser itself: key, interlock, shutter, pedal, light. Nothing here knows the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink_simulation.truth import Truth


class Laser:
    """Whatever changes, `_settle` brings the rest into line and tells the truth."""

    def __init__(self, values: Mapping[str, str], truth: Truth, now_ns: int) -> None:
        self.knobs = dict(values)
        self._truth = truth
        self._now_ns = now_ns
        self._open = values["panel"] == "arm"
        self._ready_ns = now_ns if self._open else None
        self._restart_ns: int | None = None
        self._pulses = float(int(values["pulses"], 0))
        self.reset_needed = False
        self.fault = 0
        self.enabled = False
        self.lit = False
        self._settle()

    @property
    def state(self) -> str:
        """As the wire names it."""
        if not self._open:
            return "SHUT"
        if self._ready_ns is None:
            return "STANDBY"
        return "READY" if self.enabled else "ARMING"

    @property
    def troubled(self) -> bool:
        """Whether something holds the shutter closed."""
        return self.knobs["key"] == "off" or self.reset_needed or self.fault > 0 or self.restarting

    @property
    def restarting(self) -> bool:
        """Whether it restarts and knows nothing of its wire."""
        return self._restart_ns is not None

    @property
    def pulses(self) -> int:
        """The counter; it only grows."""
        return int(self._pulses)

    def open(self) -> None:
        """The shutter opens."""
        self._open = True
        self._settle()

    def arm(self) -> None:
        """READY, when its time has passed."""
        self._ready_ns = self._now_ns + nanoseconds(float(self.knobs["arming_s"]))
        self._settle()

    def off(self) -> None:
        """No longer armed."""
        self._ready_ns = None
        self._settle()

    def close(self) -> None:
        """The shutter closes, which disarms it."""
        self._open = False
        self._settle()

    def clear(self) -> None:
        """Forget a fault; where its cause is still there it comes back at once."""
        self.fault = 0
        self._settle()

    def restart(self, for_s: float) -> None:
        """Dark at once, shut afterwards."""
        self._restart_ns = self._now_ns + nanoseconds(for_s)
        self._settle()

    def set(self, key: str, value: str) -> None:
        """Turn a knob now; raises `ConfigError` where that has no effect."""
        if key in {"pulses", "model", "serial"}:
            raise ConfigError(f"{key} is built in. Serve another laser instead.")
        if (key, value) == ("panel", "arm") and self.troubled:
            raise ConfigError("The panel does not arm while key, interlock or a fault forbids it.")
        self.knobs[key] = value
        if (key, value) == ("panel", "arm"):
            self._open, self._ready_ns = True, self._now_ns
        if (key, value) == ("reset", "pressed"):
            self.reset_needed = False
        self._settle()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        while (at_ns := self.next_event_ns()) is not None and at_ns <= now_ns:
            self._pass_time(at_ns)
            if at_ns == self._restart_ns:
                self._restart_ns = None
                self._truth.note(at_ns, "restarted")
            self._settle()
        self._pass_time(now_ns)

    def next_event_ns(self) -> int | None:
        """READY comes, or a restart ends."""
        due = (None if self.enabled else self._ready_ns, self._restart_ns)
        return min((at_ns for at_ns in due if at_ns is not None), default=None)

    def _pass_time(self, now_ns: int) -> None:
        passed_ns = max(0, now_ns - self._now_ns)
        if self.lit:
            self._pulses += seconds(passed_ns) * float(self.knobs["rate_hz"])
        self._now_ns += passed_ns

    def _settle(self) -> None:
        knobs = self.knobs
        self.reset_needed = self.reset_needed or knobs["interlock"] == "open"
        if knobs["coolant"] == "stopped":
            self.fault = 1
        if self.troubled:
            self._open = False
        if not self._open:
            self._ready_ns = None
        was_enabled, was_lit = self.enabled, self.lit
        self.enabled = self._ready_ns is not None and self._ready_ns <= self._now_ns
        pressed = self.enabled and knobs["footswitch"] == "pressed"
        self.lit = pressed or knobs["leak"] == "on"
        for before, after, event in (
            (was_enabled, self.enabled, "enabled"),
            (was_lit, self.lit, "light_on"),
            (self.lit, was_lit, "light_off"),
            (self.enabled, was_enabled, "disabled"),
        ):
            if after and not before:
                self._truth.note(self._now_ns, event)
