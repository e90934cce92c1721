"""What a link has to know of a wire: where replies end, what answers what, which bytes do what.

Pure: no clock, no port. A driver's own `frames.py` implements `Wire` for its protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class CommandClass(StrEnum):
    """What a frame can do to light (design rule 5)."""

    QUERY = "query"
    REDUCES = "reduces"
    PREPARES = "prepares"
    ENABLES = "enables"
    SUSTAINS = "sustains"
    """Keeps alive what an intent began; without it the laser goes dark by itself. Repeated."""
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Line:
    """How the serial line is set, and whether its control lines are kept low at open."""

    baudrate: int
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1
    control_lines_low: bool = True


class Wire(Protocol):
    """The pure side of a protocol."""

    longest_reply: int
    """Bytes; more than these without an end are garbage."""

    latest_reply_s: float
    """After this silence no late reply can come any more."""

    frame_break: bytes
    """Ends a frame that a stalled line left half written, as a command that does nothing."""

    @property
    def marker(self) -> bytes | None:
        """A query whose answer cannot be mistaken for any other's; None where a wire has none."""
        ...

    def classify(self, frame: bytes) -> CommandClass:
        """What this frame can do; anything unknown is FORBIDDEN."""
        ...

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:
        """Whole replies, and the bytes of an unfinished one.

        `sent` is the frame whose reply is awaited: some wires have replies of a length that only
        their command tells.
        """
        ...

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:
        """How long a reply that looks whole may still be growing; 0 where it is surely whole.

        Then the link waits so long for more bytes, and splits all of them anew.
        """
        ...

    def answers(self, frame: bytes, reply: bytes) -> bool:
        """Whether `reply` can be the answer to `frame`."""
        ...

    def marker_replies(self, received: bytes) -> int:
        """How many whole answers to the marker stand in these bytes, among any garbage."""
        ...


def split_lines(received: bytes, terminator: bytes) -> tuple[list[bytes], bytes]:
    """Cut at each terminator; the terminators themselves are dropped."""
    *whole, rest = received.split(terminator)
    return whole, rest
