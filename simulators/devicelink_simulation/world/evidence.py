"""What is left of a run, put in order for the oracle: the laser's truth, the wire, the journal.

All times are the world's. Replies are read here by the maker's description alone, never by the
driver's code.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from devicelink.journal.entry import Entry
    from devicelink_simulation.world.story import Trouble
    from devicelink_simulation.world.world import Ran

EMISSION, STARTING, UNEXPECTED, REMOTE = 1 << 2, 1 << 15, 1 << 17, 1 << 21
ENDING_BITS = sum(1 << bit for bit in (1, 3, 6, 7, 10, 11, 17, 21, 29, 30))
"""Bits of `STA` that end a session: faults, interlocks, key, unexpected emission."""
LIES = frozenset({"corrupt", "frozen_status", "duplicate"})
"""Faults under which a whole, well-formed reply may not be what the laser says."""


Passed: TypeAlias = "Sequence[tuple[int, int, bytes]]"
"""What passed on the wire: when, by which process, which bytes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line on the wire, on the host's side."""

    at_ns: int
    process: int
    text: str


@dataclass(frozen=True, slots=True)
class Lit:
    """A time in which a pressed trigger would make light (`enabled` of the truth)."""

    on_ns: int
    off_ns: int
    drive_percent: float
    gated: bool


class Evidence:
    """Everything that checks look at."""

    def __init__(self, ran: Ran) -> None:
        world = ran.world
        self.ran = ran
        self.story = world.story
        self.end_ns = world.kernel.time_ns
        self.entries = ran.entries
        self.processes = {process.number: process for process in world.kernel.processes}
        self.guards = [each for each in self.processes.values() if each.name == "guard"]
        self.sent = _lines(world.wire.sent)
        self.heard = _lines(world.wire.heard, world.wire.sent)
        self.commands: list[Line] = []
        self.replies: list[str] = []
        self.lies: list[int] = []
        self.unplugged: list[int] = []
        self.touched: list[tuple[int, str, str]] = []
        self._read_truth(world.truth.events)
        self.enabled = list(self._intervals(world.truth.events))
        self.acked: dict[int, tuple[int, int, Entry]] = {}
        for each in world.book.acknowledged:
            for entry in each.entries:
                self.acked[entry.index] = (each.at_ns, each.process, entry)
        self._boots = world.machine.boot_log
        self._sent_ns = [line.at_ns for line in self.sent]
        self._command_ns = [line.at_ns for line in self.commands]
        self.offs = [line for line in self.sent if line.text == "EMOFF"]
        self._off_ns = [line.at_ns for line in self.offs]

    def _read_truth(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            at_ns = event["mono_ns"]
            match event["event"]:
                case "command":
                    self.commands.append(Line(at_ns, 0, event["text"]))
                    self.replies.append(event["reply"])
                case "fault" if event["name"] in LIES:
                    self.lies.append(at_ns)
                case "unplugged":
                    self.unplugged.append(at_ns)
                case "set":
                    self.touched.append((at_ns, event["key"], event["value"]))

    def _intervals(self, events: list[dict[str, Any]]) -> Iterator[Lit]:
        on: dict[str, Any] | None = None
        for event in events:
            if event["event"] == "enabled":
                on = event
            elif event["event"] == "disabled" and on is not None:
                yield Lit(on["mono_ns"], event["mono_ns"], on["drive_percent"], on["gated"])
                on = None
        if on is not None:
            yield Lit(on["mono_ns"], self.end_ns, on["drive_percent"], on["gated"])

    def time_of(self, entry: Entry) -> int:
        """When an entry was acknowledged; stamped, where nobody was told any more."""
        acked = self.acked.get(entry.index)
        return acked[0] if acked else self.at_mono(entry.mono_ns, entry.boot)

    def at_mono(self, mono_ns: int, boot: str) -> int:
        """The world's time at a moment of a boot's clock; wrong by what the machine slept."""
        return mono_ns + self._boots.get(boot, 0)

    def process_of(self, entry: Entry) -> int:
        """Who appended it; 0 where nobody was told."""
        acked = self.acked.get(entry.index)
        return acked[1] if acked else 0

    def is_enabled(self, at_ns: int) -> Lit | None:
        """The time of possible light that holds at a moment."""
        return next((lit for lit in self.enabled if lit.on_ns <= at_ns < lit.off_ns), None)

    def first_off_after(self, at_ns: int) -> int | None:
        """When the host next sent EMOFF."""
        found = bisect_left(self._off_ns, at_ns)
        return self._off_ns[found] if found < len(self._off_ns) else None

    def last_off_of(self, process: int, until_ns: int) -> int:
        """When a process last sent EMOFF by then; 0 where it never did."""
        sent = (off.at_ns for off in self.offs if off.process == process and off.at_ns <= until_ns)
        return max(sent, default=0)

    def commands_between(self, after_ns: int, until_ns: int) -> Iterator[tuple[Line, str]]:
        """Commands that the laser understood in a time, with its replies."""
        start = bisect_left(self._command_ns, after_ns)
        for at in range(start, len(self.commands)):
            if self.commands[at].at_ns > until_ns:
                return
            yield self.commands[at], self.replies[at]

    def last_status_before(self, until_ns: int) -> int:
        """When the laser was last asked for its status by then; 0 where it never was."""
        asked = (line.at_ns for line, _ in self.commands_between(0, until_ns) if line.text == "STA")
        return max(asked, default=0)

    def was_awaited(self, heard: Line) -> bool:
        """Whether a status came while the question for it was its process's last word."""
        before = self.sent[: bisect_left(self._sent_ns, heard.at_ns)]
        last = next((line for line in reversed(before) if line.process == heard.process), None)
        return last is not None and last.text == "STA"

    def lied_between(self, after_ns: int, until_ns: int) -> bool:
        """Whether a fault made the laser's words untrue in a time, or soon before."""
        return any(after_ns - 1_000_000_000 <= at_ns <= until_ns for at_ns in self.lies)

    def hands_between(self, after_ns: int, until_ns: int, *keys: str) -> bool:
        """Whether somebody turned one of these knobs in a time."""
        return any(after_ns <= at <= until_ns and key in keys for at, key, _ in self.touched)

    def troubles(self, *kinds: str) -> list[tuple[int, Trouble]]:
        """Troubles of these kinds that struck, with their times."""
        return [found for found in self.ran.world.troubles.struck if found[1].kind in kinds]

    def lost_port(self, process: int, until_ns: int) -> bool:
        """Whether the machine had refused a process's bytes for the laser by then.

        A port that refuses once is lost to its process for good.
        """
        return any(
            number == process and at_ns <= until_ns
            for at_ns, number in self.ran.world.machine.witness.unsent
        )

    def disturbed(self, process: int, after_ns: int, until_ns: int) -> bool:
        """Whether a process could not act in a time: dead, frozen, asleep, or held up."""
        died_ns = self.processes[process].died_ns if process in self.processes else None
        if died_ns is not None and died_ns <= until_ns:
            return True
        return any(
            at_ns <= until_ns and after_ns <= at_ns + round(trouble.for_s * 1e9)
            for at_ns, trouble in self.troubles("freeze", "suspend", "terminal")
        )

    def awake_ns(self, at_ns: int) -> int:
        """The same time, or when the machine woke where it slept then."""
        for struck_ns, trouble in self.troubles("suspend"):
            wakes_ns = struck_ns + round(trouble.for_s * 1e9)
            if struck_ns <= at_ns < wakes_ns:
                at_ns = wakes_ns
        return at_ns

    def slack_ns(self) -> int:
        """How much the story's slow disk may delay what follows an append."""
        slow = [float(trouble.value) for _, trouble in self.troubles("slow")]
        return round(6e9 * max(slow, default=0.004))


def status_of(text: str) -> int | None:
    """The number of an `STA` reply; None for any other line."""
    if not text.startswith("STA:"):
        return None
    number = text[4:].strip()
    return int(number) if number.isascii() and number.isdigit() else None


def _lines(passed: Passed, asked: Passed = ()) -> list[Line]:
    """Each process's whole lines; one that comes in pieces counts when it is whole.

    What is left of a line when its process asks something new is dropped, as its link does.
    """
    lines: list[Line] = []
    rests: dict[int, tuple[int, bytes]] = {}
    asked_ns: dict[int, list[int]] = {}
    for at_ns, process, _ in asked:
        asked_ns.setdefault(process, []).append(at_ns)
    for at_ns, process, data in passed:
        before_ns, rest = rests.get(process, (at_ns, b""))
        times = asked_ns.get(process, [])
        if rest and bisect_left(times, before_ns) < bisect_left(times, at_ns):
            rest = b""
        *whole, rest = (rest + data).split(b"\r")
        rests[process] = (at_ns, rest)
        lines += [Line(at_ns, process, line.decode("latin-1")) for line in whole if line]
    return lines
