"""A session cut before each of its steps towards light, and replayed up to there.

What has left is written again, byte by byte and at its time, whatever the driver's wire makes of
it: a frame under a wrong class is found where it does something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.driver import CommandClass
from devicelink.runtime import seconds
from devicelink_simulation.conformance.bench import ONE_WRITE_S, Bench
from devicelink_simulation.conformance.check import hold
from devicelink_simulation.conformance.script import walked

if TYPE_CHECKING:
    from devicelink_simulation.conformance.bench import Write
    from devicelink_simulation.conformance.subject import Subject

_APART_S = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A session at the moment before this frame leaves for the first time."""

    before: bytes
    written: tuple[Write, ...]
    at_ns: int

    def reached(self, subject: Subject) -> Bench:
        """A fresh laser to which all that was written up to here is written anew."""
        bench = Bench(subject)
        for write in self.written:
            _wait_until(bench, write.at_ns)
            bench.port.write(write.data)
        _wait_until(bench, self.at_ns)
        bench.port.read(0)
        return bench

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
            found.append(Stage(write.data, before, write.at_ns))
    hold(found, "Neither unlock nor ready sends anything.")
    return found


def questions_of(whole: Bench) -> list[bytes]:
    """Each frame of a session that is classed as a query."""
    kind = whole.driver.wire.classify
    return [each for each in dict.fromkeys(whole.sent) if kind(each) is CommandClass.QUERY]


def _wait_until(bench: Bench, write_at_ns: int) -> None:
    """Until a write begins that is to be over then."""
    left_s = seconds(write_at_ns - bench.time.mono_ns()) - ONE_WRITE_S
    if left_s > 0:
        bench.pass_time(left_s)
