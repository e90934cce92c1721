"""A simulated Big Sky laser in virtual time, as its tests speak to it."""

from __future__ import annotations

from devicelink_bigsky_sim import SIMULATOR
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList
from tests.simulators.conftest import Lab

QUICK = {"q_switch_at_run": "0", "q_switch_wait_pulses": "0"}
"""Nothing begins at run, and the Q-switch waits for no lamp pulses."""


class BigSky(Lab):
    """One laser, its host and its world; time passes only when told."""

    def __init__(self, *, begin_s=1000.0, **asked):
        self.now_ns = self.begin_ns = round(begin_s * 1e9)
        self.truth = TruthList()
        self.sim = Plan.of(SIMULATOR, **asked).build(self.truth, self.now_ns)

    def ask(self, command, prefix="$062"):
        """Send a command, return the fifteen characters that come back at once, or nothing."""
        reply = self.raw(f"{prefix}{command}\r\n".encode("latin-1"))
        assert reply == b"" or (reply.startswith(b"\r\n") and len(reply) == 17), reply
        return reply[2:].decode("ascii")

    def say(self, *commands):
        """Send some, return their replies without what fills them up."""
        return [self.ask(command).rstrip() for command in commands]

    @property
    def inside(self):
        """The laser without its wire."""
        return self.sim._device._laser

    def last(self, event):
        """The facts of the last event of that name."""
        return [each for each in self.truth.events if each["event"] == event][-1]


def shining(**values):
    """A laser that makes light by its own Q-switch, ten pulses a second."""
    laser = BigSky(values={**QUICK, **values})
    assert laser.say("A", "R1", "PQ") == ["fire auto", "shutter opened", "fire auto   qs"]
    laser.wait(0.15)
    assert laser.lit
    return laser
