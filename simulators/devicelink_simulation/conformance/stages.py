"""A session that is done anew up to a moment, by its bytes alone, without its driver.

What has left is written again, byte by byte and at its time, whatever the driver's wire makes of
it: a frame under a wrong class is found where it does something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.driver import CommandClass
from devicelink.runtime import nanoseconds, seconds
from devicelink_simulation.conformance.bench import ONE_WRITE_S, Bench, Write
from devicelink_simulation.conformance.check import hold
from devicelink_simulation.conformance.script import walked

if TYPE_CHECKING:
    from devicelink_simulation.conformance.bench import Turned
    from devicelink_simulation.conformance.subject import Subject

_APART_S = 10.0
_ONE_WRITE_NS = nanoseconds(ONE_WRITE_S)


@dataclass(frozen=True, slots=True)
class Past:
    """What was done to a laser up to a moment, in order."""

    acts: tuple[Write | Turned, ...]
    at_ns: int
    """When a write that comes next would be over."""

    @classmethod
    def of(cls, bench: Bench) -> Past:
        """All that was written to it and turned on it, by the driver or by hands."""
        acts: list[Write | Turned] = [*bench.port.writes, *bench.turned]
        acts.sort(key=lambda act: act.at_ns)
        return cls(tuple(acts), bench.time.mono_ns() + _ONE_WRITE_NS)

    def again(self, subject: Subject) -> Bench:
        """A fresh laser that went through it, and a driver that knows nothing of that."""
        bench = Bench(subject)
        for act in self.acts:
            if isinstance(act, Write):
                _wait_until(bench, act.at_ns - _ONE_WRITE_NS)
                bench.port.write(act.data)
            else:
                _wait_until(bench, act.at_ns)
                bench.turn(act.turns)
        _wait_until(bench, self.at_ns - _ONE_WRITE_NS)
        bench.port.read(0)
        return bench


@dataclass(frozen=True, slots=True)
class Stage:
    """A session at the moment before this frame leaves for the first time."""

    before: bytes
    past: Past

    def reached(self, subject: Subject) -> Bench:
        """A fresh laser that has come as far."""
        return self.past.again(subject)

    def asked(self, subject: Subject, question: bytes) -> Bench:
        """The same, and this asked there, with time for what may come of it."""
        bench = self.reached(subject)
        bench.port.write(question)
        bench.pass_time(_APART_S)
        bench.port.read(0)
        return bench


def stages(subject: Subject) -> list[Stage]:
    """One for each frame that a session says for the first time in unlock or ready."""
    prepared = len(walked(Bench(subject), "effective").port.writes)
    writes = walked(Bench(subject), "ready").port.writes
    found = []
    for number, write in enumerate(writes[prepared:], prepared):
        before = tuple(writes[:number])
        if all(write.data != each.data for each in before):
            found.append(Stage(write.data, Past(before, write.at_ns)))
    hold(found, "Neither unlock nor ready sends anything.")
    return found


def questions_of(whole: Bench) -> list[bytes]:
    """Each frame of a session that is classed as a query."""
    kind = whole.driver.wire.classify
    return [each for each in dict.fromkeys(whole.sent) if kind(each) is CommandClass.QUERY]


def _wait_until(bench: Bench, at_ns: int) -> None:
    left_s = seconds(at_ns - bench.time.mono_ns())
    if left_s > 0:
        bench.pass_time(left_s)
