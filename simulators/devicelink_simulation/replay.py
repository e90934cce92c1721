"""The simulator `replay`: answers any host program with what was recorded, and knows nothing else.

It finds frames by the bytes that a recording's host sent. Where all frames end with one byte that
is nowhere else in them, a frame ends there, and other ones get silence; else the longest recorded
frame among what has come counts, and what begins none is forgotten. Each frame gets its answers in
the order in which they were recorded, with the recorded delays, and the last one ever after.

A recording holds bytes, not photons: what an enabling frame did to light is not known, and the
truth says so at its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.recordings.file import read_recording
from devicelink_simulation.damage import arriving
from devicelink_simulation.device import Reply, Simulator
from devicelink_simulation.settable import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devicelink.recordings.file import Passed
    from devicelink_simulation.device import Surroundings

_LONGEST_BYTES = 4096
"""So much of something unknown is kept while its end is awaited."""

Pieces = tuple[tuple[int, bytes], ...]
"""What came back for one frame: delay after the frame in ns, and bytes."""


@dataclass(slots=True)
class Answers:
    """What came back for one frame, each time that it was sent."""

    each: list[Pieces] = field(default_factory=list)
    asked: int = 0

    def take(self) -> Pieces:
        """The next; the last one again where none is left."""
        pieces = self.each[min(self.asked, len(self.each) - 1)]
        self.asked += 1
        return pieces


class Replay:
    """A device that is nothing but a recording."""

    __slots__ = ("_answers", "_end", "_faults", "_received", "_replies", "_truth")

    def __init__(self, around: Surroundings) -> None:
        if not around.values["recording"]:
            raise ConfigError("Say which recording answers: --set recording=FILE.")
        recording = read_recording(Path(around.values["recording"]))
        self._answers = answers_of(recording.passed)
        self._end = common_end(tuple(self._answers))
        self._faults = around.faults
        self._truth = around.truth
        self._received = b""
        self._replies: list[Reply] = []
        around.truth.note(
            around.now_ns,
            "light_not_known",
            why="a recording holds bytes, not photons",
            driver=recording.head.driver,
        )

    def receive(self, data: bytes, now_ns: int) -> None:
        """Answer every frame that is complete."""
        self._received += data
        while (frame := self._next_frame()) is not None:
            exchange = self._faults.exchange(word_of(frame), now_ns)
            heard = arriving(frame, exchange)
            answers = self._answers.get(heard)
            self._truth.note(now_ns, "command", hex=heard.hex(), known=answers is not None)
            pieces = answers.take() if answers else ()
            if exchange.faults and pieces:
                # a fault strikes the reply as a whole, when its last piece is there
                pieces = ((pieces[-1][0], b"".join(data for _, data in pieces)),)
            self._replies += [Reply(data, now_ns + after, exchange) for after, data in pieces]

    def advance(self, now_ns: int) -> None:
        """Nothing happens by itself."""

    def next_event_ns(self) -> int | None:
        """Nothing will."""
        return None

    def take_replies(self) -> list[Reply]:
        """The replies made since the last call."""
        replies, self._replies = self._replies, []
        return replies

    def set(self, key: str, value: str, now_ns: int) -> None:
        """A recording does not change while it is played."""
        del value, now_ns
        raise ConfigError(f"{key} is chosen when the simulator starts.")

    def _next_frame(self) -> bytes | None:
        """The next frame, known or ended; None where its end has not come."""
        if self._end is not None:
            frame, end, rest = self._received.partition(self._end)
            if not end:
                self._received = frame[:_LONGEST_BYTES]
                return None
            self._received = rest
            return frame + end
        while self._received:
            known = [frame for frame in self._answers if self._received.startswith(frame)]
            if known:
                frame = max(known, key=len)
                self._received = self._received[len(frame) :]
                return frame
            if any(frame.startswith(self._received) for frame in self._answers):
                return None
            self._received = b""
        return None


def answers_of(passed: Sequence[Passed]) -> dict[bytes, Answers]:
    """What came back for which frame; what came before the first is nobody's answer."""
    found: dict[bytes, Answers] = {}
    sent: Passed | None = None
    pieces: list[tuple[int, bytes]] = []
    for each in passed:
        if each.dir == ">":
            if sent is not None:
                found.setdefault(sent.data, Answers()).each.append(tuple(pieces))
            sent, pieces = each, []
        elif each.dir == "<" and sent is not None:
            pieces.append((each.at_ns - sent.at_ns, each.data))
    if sent is not None:
        found.setdefault(sent.data, Answers()).each.append(tuple(pieces))
    return found


def common_end(frames: Sequence[bytes]) -> bytes | None:
    """The one byte that ends every frame and stands nowhere else in them."""
    ends = {frame[-1:] for frame in frames}
    if len(ends) != 1:
        return None
    (end,) = ends
    return end if all(frame.count(end) == 1 for frame in frames) else None


def word_of(frame: bytes) -> str:
    """By what a fault names a frame: its text up to a blank, else its bytes in hex."""
    told = frame.strip()
    if told and told.isascii() and told.decode("ascii").isprintable():
        return told.decode("ascii").split()[0].upper()
    return frame.hex().upper()


SIMULATOR = Simulator(
    name="replay",
    title="A recording, which answers as its device did then and knows nothing of light",
    settables=(text("recording", "", "a file made by `devicelink driver record`"),),
    setups={},
    faults=(),
    build=Replay,
)
