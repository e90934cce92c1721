"""What is left of a run, put in order for the oracle: one laser's truth, its wire, the journal.

All times are the world's. What bytes and words mean is told by the protocol's own module in
`wires`, which is written from the maker's description and knows no driver.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from devicelink_simulation.world.story import EVERYWHERE
from devicelink_simulation.world.wires.contract import SET, Does, Frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink.journal.entry import Entry
    from devicelink_simulation.world.bench import Bench
    from devicelink_simulation.world.story import Trouble
    from devicelink_simulation.world.wires.contract import Said
    from devicelink_simulation.world.world import Ran

LONG_AGO_NS = -(10**12)
TOWARDS_LIGHT = frozenset({Does.ENABLES, Does.SUSTAINS})
_ANSWERED_BY_STATUS = frozenset({Does.ASKS, Does.SUSTAINS})


@dataclass(frozen=True, slots=True)
class Lit:
    """A time in which a pressed trigger would make light (`enabled` of the truth)."""

    on_ns: int
    off_ns: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A reply that says something of the laser's state."""

    at_ns: int
    process: int
    said: Said


class Evidence:
    """Everything that checks look at, of one laser."""

    def __init__(self, ran: Ran, bench: Bench) -> None:
        world = ran.world
        self.ran = ran
        self.story = world.story
        self.serial = bench.serial
        self.speech, self.hands = bench.make.speech, bench.make.hands
        self.account = bench.make.account
        self.highest = bench.make.highest
        self.end_ns = world.kernel.time_ns
        self.journal = ran.entries
        self.entries = [entry for entry in ran.entries if entry.device == bench.serial]
        self.processes = {
            process.number: process
            for process in world.kernel.processes
            if process.serial in {"", bench.serial}
        }
        self.guards = [each for each in self.processes.values() if each.name == "guard"]
        self.screens = [each for each in world.book.screens if each.serial == bench.serial]
        self.exits = [each for each in world.book.exits if each.serial in {"", bench.serial}]
        self.passed = bench.wire.passed
        self.sent, self.heard = self.speech.cut(self.passed)
        self.foreign, _ = self.speech.cut(bench.wire.foreign)
        self.told = [
            Told(frame.at_ns, frame.process, said)
            for frame in self.heard
            if (said := self.speech.said(frame.text, frame.to)) is not None
        ]
        self.commands: list[Frame] = []
        self.replies: list[str] = []
        self.lies: list[int] = []
        self.unplugged: list[int] = []
        self.touched: list[tuple[int, str, str]] = []
        self.truth: list[dict[str, Any]] = bench.truth.events
        self._read_truth(bench.truth.events)
        self.enabled = list(self._intervals(bench.truth.events))
        self.acked: dict[int, tuple[int, int, Entry]] = {}
        for each in world.book.acknowledged:
            for entry in each.entries:
                if entry.device == bench.serial:
                    self.acked[entry.index] = (each.at_ns, each.process, entry)
        self._boots = world.machine.boot_log
        self._sent_ns = [line.at_ns for line in self.sent]
        self._command_ns = [line.at_ns for line in self.commands]
        self.offs = [line for line in self.sent if self.speech.does(line.text) is Does.DARKENS]
        self.ons = [line for line in self.sent if self.speech.does(line.text) in TOWARDS_LIGHT]
        self._off_ns = [line.at_ns for line in self.offs]

    def _read_truth(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            at_ns = event["mono_ns"]
            match event["event"]:
                case "command":
                    self.commands.append(Frame(at_ns, 0, event["text"]))
                    self.replies.append(event["reply"])
                case "fault" if event["name"] in self.speech.lies:
                    self.lies.append(at_ns)
                case "unplugged":
                    self.unplugged.append(at_ns)
                case "set":
                    self.touched.append((at_ns, event["key"], event["value"]))

    def _intervals(self, events: list[dict[str, Any]]) -> Iterator[Lit]:
        on: dict[str, Any] | None = None
        told: str | None = None
        for event in events:
            match event["event"]:
                case "command" if self.speech.does(event["text"]) is Does.SETS:
                    told = event["reply"]
                case "set" | "fault" | "restarted":
                    told = None
                case "enabled":
                    on = {**event, SET: told}
                case "disabled" if on is not None:
                    yield Lit(on["mono_ns"], event["mono_ns"], on)
                    on = None
        if on is not None:
            yield Lit(on["mono_ns"], self.end_ns, on)

    def time_of(self, entry: Entry) -> int:
        """When an entry was acknowledged; stamped, where nobody was told any more."""
        acked = self.acked.get(entry.index)
        return acked[0] if acked else self.at_mono(entry.mono_ns, entry.boot)

    def happened_at(self, entry: Entry) -> int:
        """When what an entry tells was known; a full disk may have kept it from the journal."""
        kept = entry.data.get("kept")
        return self.at_mono(kept["mono_ns"], kept["boot"]) if kept else self.time_of(entry)

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
        """When the host next took light away."""
        found = bisect_left(self._off_ns, at_ns)
        return self._off_ns[found] if found < len(self._off_ns) else None

    def first_ons(self) -> Iterator[Frame]:
        """What enables, but for what follows such a frame of its process with none that darkens."""
        lit: dict[int, Frame] = {}
        for line in self.ons:
            before = lit.get(line.process)
            off_ns = None if before is None else self.first_off_after(before.at_ns)
            lit[line.process] = line
            if before is None or (off_ns is not None and off_ns <= line.at_ns):
                yield line

    def last_off_of(self, process: int, until_ns: int) -> int:
        """When a process last took light away by then; long ago where it never did."""
        sent = (off.at_ns for off in self.offs if off.process == process and off.at_ns <= until_ns)
        return max(sent, default=LONG_AGO_NS)

    def commands_between(self, after_ns: int, until_ns: int) -> Iterator[tuple[Frame, str]]:
        """Commands that the laser understood in a time, with its replies."""
        start = bisect_left(self._command_ns, after_ns)
        for at in range(start, len(self.commands)):
            if self.commands[at].at_ns > until_ns:
                return
            yield self.commands[at], self.replies[at]

    def last_status_before(self, until_ns: int) -> int:
        """When the laser was last asked for its status by then; 0 where it never was."""
        asked = (line.at_ns for line, _ in self.commands_between(0, until_ns) if self.asks(line))
        return max(asked, default=0)

    def asks(self, command: Frame) -> bool:
        """Whether it is a question for the status, or is answered like one."""
        return self.speech.does(command.text) in _ANSWERED_BY_STATUS

    def was_awaited(self, heard: Told) -> bool:
        """Whether a status came while the question for it was its process's last word."""
        before = self.sent[: bisect_left(self._sent_ns, heard.at_ns)]
        last = next((line for line in reversed(before) if line.process == heard.process), None)
        return last is not None and self.asks(last)

    def longest_wait(self, process: int, after_ns: int, until_ns: int) -> int:
        """The longest that a process waited in vain, from a question of that time to its next."""
        own = [piece for piece in self.passed if piece.process == process]
        waits = (
            after.at_ns - piece.at_ns
            for piece, after in pairwise(own)
            if piece.sent and after.sent and after_ns <= piece.at_ns <= until_ns
        )
        return max(waits, default=0)

    def lied_between(self, after_ns: int, until_ns: int) -> bool:
        """Whether a fault made the laser's words untrue in a time, or soon before."""
        return any(after_ns - 1_000_000_000 <= at_ns <= until_ns for at_ns in self.lies)

    def lit_by_others(self, after_ns: int, until_ns: int) -> bool:
        """Whether somebody else than this host started emission in a time."""
        does = self.speech.does
        return any(
            after_ns <= frame.at_ns <= until_ns and does(frame.text) is Does.ENABLES
            for frame in self.foreign
        ) or any(
            after_ns <= at <= until_ns and (key, value) in self.hands.lights
            for at, key, value in self.touched
        )

    def foreign_between(self, after_ns: int, until_ns: int) -> bool:
        """Whether another host said something on the wire in a time."""
        return any(after_ns <= frame.at_ns <= until_ns for frame in self.foreign)

    def hands_between(self, after_ns: int, until_ns: int, keys: frozenset[str]) -> bool:
        """Whether somebody turned one of these knobs in a time."""
        return any(after_ns <= at <= until_ns and key in keys for at, key, _ in self.touched)

    def troubles(self, *kinds: str) -> list[tuple[int, Trouble]]:
        """Troubles of these kinds that struck this laser, or everything, with their times."""
        return [
            found
            for found in self.ran.world.troubles.struck
            if found[1].kind in kinds
            and (found[1].kind in EVERYWHERE or found[1].laser == self.serial)
        ]

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
