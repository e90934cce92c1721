"""The relay itself: a coil, a contact that follows it, a mirror contact, and the time that is left.

Nothing here knows the wire. Every change happens at its own nanosecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_interlock_sim.inputs import SETTABLES, Inputs, read
from devicelink_simulation.settable import named

if TYPE_CHECKING:
    from devicelink_simulation.noise import Noise
    from devicelink_simulation.truth import Truth

_BUILT_IN = ("hold_ms", "travel_ms", "challenges")
_MS_NS = 1_000_000
NO_FAULT, WELD, PULL = "NONE", "WELD", "PULL"
POWER, ORDER, BEAT, FAULT = "POWER", "ORDER", "BEAT", "FAULT"


@dataclass(frozen=True, slots=True)
class Told:
    """What STATUS tells."""

    challenge: str
    coil_on: bool
    contact_open: bool
    left_ms: int
    cause: str
    fault: str


class Relay:
    """A relay in its world; `inputs` are the knobs."""

    def __init__(self, inputs: Inputs, noise: Noise, truth: Truth, now_ns: int) -> None:
        self.inputs = inputs
        self._noise = noise
        self._truth = truth
        self.now_ns = now_ns
        self._given = inputs.challenges.split()
        self._closed = False
        self._moves_ns: int | None = None
        self._differs_ns: int | None = None
        self._restart_end_ns: int | None = None
        self.next_challenge = self._draw("")
        self._power_up()

    @property
    def restarting(self) -> bool:
        """Whether nothing is read: it restarts, hangs, or has no supply."""
        hangs = self.inputs.program == "hangs" or self.inputs.supply == "off"
        return hangs or self._restart_end_ns is not None

    @property
    def told(self) -> Told:
        """What it would tell now."""
        left_ns = self._lets_go_ns - self.now_ns if self.coil_on else 0
        return Told(
            challenge=self.challenge,
            coil_on=self.coil_on,
            contact_open=self._mirror_shows_open,
            left_ms=left_ns // _MS_NS,
            cause="-" if self.coil_on else self.cause,
            fault=self.fault,
        )

    @property
    def _mirror_shows_open(self) -> bool:
        return {"ok": not self._closed, "broken": False, "shorted": True}[self.inputs.mirror]

    @property
    def _agrees(self) -> bool:
        return self._mirror_shows_open is not self.coil_on

    def close(self) -> None:
        """Pull; from now on beats count."""
        self._renew()
        self.coil_on = True
        self._truth.note(self.now_ns, "coil_on")
        self._follow()

    def beat(self) -> None:
        """Time anew."""
        self._renew()

    def let_go(self, cause: str) -> None:
        """Let the coil go, where it is on."""
        if self.coil_on:
            self.coil_on, self.cause = False, cause
            self._new_challenge()
            self._truth.note(self.now_ns, "coil_off", cause=cause)
            self._follow()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        while (at_ns := self.next_event_ns()) is not None and at_ns <= now_ns:
            self.now_ns = max(self.now_ns, at_ns)
            self._happen()
        self.now_ns = max(self.now_ns, now_ns)

    def next_event_ns(self) -> int | None:
        """The coil's end, the contact's move, a comparison, the end of a restart."""
        lets_go_ns = self._lets_go_ns if self.coil_on else None
        times = (lets_go_ns, self._moves_ns, self._differs_ns, self._restart_end_ns)
        return min((time for time in times if time is not None), default=None)

    def set(self, key: str, value: str) -> None:
        """Turn a knob now; raises `ConfigError` for what is built in."""
        if key in _BUILT_IN:
            raise ConfigError(f"{key} is built in. Serve another relay instead.")
        before = self.inputs.supply
        setattr(self.inputs, key, read(named(key, SETTABLES, "The relay"), {key: value}))
        if key == "supply" and value != before:
            if value == "off":
                self.let_go(POWER)
                self._differs_ns = None
            else:
                self._power_up()
        self._follow()

    def restart(self, for_s: float) -> None:
        """Let go, deaf for so long, then as after power-up."""
        self.let_go(POWER)
        self._differs_ns = None
        self._restart_end_ns = self.now_ns + nanoseconds(for_s)

    def _power_up(self) -> None:
        self.coil_on, self.cause, self.fault = False, POWER, NO_FAULT
        self._lets_go_ns = self.now_ns
        self._differs_ns = None
        self._new_challenge()
        self._follow()

    def _renew(self) -> None:
        self._new_challenge()
        self._lets_go_ns = self.now_ns + self.inputs.hold_ms * _MS_NS

    def _new_challenge(self) -> None:
        self.challenge = self.next_challenge
        self.next_challenge = self._draw(self.challenge)

    def _draw(self, before: str) -> str:
        """Another one than before."""
        if self._given:
            return self._given.pop(0)
        while True:
            made = f"{self._noise.whole(0x10000):04X}"
            if made != before:
                return made

    def _happen(self) -> None:
        if self._restart_end_ns is not None and self._restart_end_ns <= self.now_ns:
            self._restart_end_ns = None
            self._power_up()
        if self._moves_ns is not None and self._moves_ns <= self.now_ns:
            self._move()
        if self._differs_ns is not None and self._differs_ns <= self.now_ns:
            self._differs_ns = None
            self.fault = PULL if self.coil_on else WELD
            self.let_go(FAULT)
        if self.coil_on and self._lets_go_ns <= self.now_ns:
            self.let_go(BEAT)

    def _wanted(self) -> bool:
        """Where the contact goes: closed or not."""
        pulls = self.coil_on and self.inputs.coil == "ok"
        return pulls or self.inputs.contact == "welded"

    def _follow(self) -> None:
        """The contact begins to move where it has to; what does not agree is given its time."""
        if self._wanted() is self._closed:
            self._moves_ns = None
        elif self._moves_ns is None:
            takes_ms = self.inputs.pull_ms if self._wanted() else self.inputs.drop_ms
            self._moves_ns = self.now_ns + round(takes_ms * _MS_NS)
        if self._agrees or self.inputs.supply == "off" or self._restart_end_ns is not None:
            self._differs_ns = None
        elif self._differs_ns is None and self.fault == NO_FAULT:
            self._differs_ns = self.now_ns + self.inputs.travel_ms * _MS_NS

    def _move(self) -> None:
        self._closed = self._wanted()
        self._moves_ns = None
        event = "contact_closed" if self._closed else "contact_open"
        self._truth.note(self.now_ns, event)
        self._follow()
