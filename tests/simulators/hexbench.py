"""A simulated device with a binary wire, in virtual time; bytes are written in hexadecimal."""

from __future__ import annotations

import contextlib

from devicelink.errors import ConfigError
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList

LIGHT = ("light_on", "light_off", "enabled", "disabled")


class HexBench:
    """One device, its host and its world; time passes only when told."""

    def __init__(self, simulator, *, begin_s=1000.0, **asked):
        self.now_ns = self.begin_ns = round(begin_s * 1e9)
        self.truth = TruthList()
        self.sim = Plan.of(simulator, **asked).build(self.truth, self.now_ns)

    def ask(self, digits):
        """Send bytes, return what comes back at once, in groups of two digits."""
        return self.raw(bytes.fromhex(digits)).hex(" ").upper()

    def raw(self, data):
        """Send bytes, return what comes back at once."""
        self.sim.receive(data, self.now_ns)
        return self.sim.transmit(self.now_ns)

    def wait(self, seconds):
        """Let time pass in one step; return what was sent meanwhile."""
        self.now_ns += round(seconds * 1e9)
        return self.sim.transmit(self.now_ns).hex(" ").upper()

    def set(self, **knobs):
        """Turn knobs."""
        for key, value in knobs.items():
            self.sim.set(key, value, self.now_ns)

    def do(self, what, how):
        """One act by its name."""
        if what == "set":
            self.set(**dict([how]))
        else:
            {"ask": self.ask, "raw": self.raw, "wait": self.wait}[what](how)

    def lights(self):
        """The story of the light, in order."""
        return self.truth.names(*LIGHT)

    @property
    def lit(self):
        """Whether light leaves now."""
        return self.truth.names("light_on", "light_off")[-1:] == ["light_on"]

    @property
    def machine(self):
        """The physics inside."""
        return self.sim._device._machine

    def last(self, event):
        """The last event of that name."""
        return [each for each in self.truth.events if each["event"] == event][-1]

    def when(self, event):
        """Seconds since the beginning at which an event last happened."""
        return (self.last(event)["mono_ns"] - self.begin_ns) / 1e9


def happen(laser, acts):
    """Do each act; yield after it."""
    for what, how in acts:
        with contextlib.suppress(ConfigError):
            laser.do(what, how)
        yield what, how
