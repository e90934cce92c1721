"""The text protocol that all dialects share, as pure functions: frames, replies, status words.

Source of every fact: the maker's user guide of a 200 W YLR-SM laser, chapters 4 and 5 (ASCII
commands, one carriage return at the end of each command and each reply, one reply a command).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, ProtocolError
from devicelink.link.framing import split_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

CR = b"\r"

_VALUE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_UNKNOWN_COMMAND = ("BCMD", "COMMAND ERR")
_REFUSALS = (b"ERR", *(text.encode() for text in _UNKNOWN_COMMAND))
_FRAMES = 256
"""So many different frames are remembered with what follows from their bytes."""
_MARKER_ANSWER = re.compile(rb"RFV:[^\r]*\r", re.IGNORECASE)
_STATUS_MAX = 2**32 - 1
_STATUS_DIGITS = len(str(_STATUS_MAX))


def frame(word: str, value: str | None = None) -> bytes:
    """One command, its value behind one space."""
    return (f"{word} {value}" if value is not None else word).encode("ascii") + CR


@dataclass(frozen=True, eq=False, slots=True)
class Words:
    """What may be said in one dialect; what is not here is forbidden."""

    classes: Mapping[str, CommandClass]
    with_value: frozenset[str]
    """Words that stand with a value, and never without."""
    set_point: str
    """Of these, the one whose value 0 takes light away."""


@lru_cache(_FRAMES)
def _class_of(words: Words, sent: bytes) -> CommandClass:
    lines, rest = split_lines(sent, CR)
    if rest or len(lines) != 1 or not lines[0].isascii():
        return CommandClass.FORBIDDEN
    word, space, value = lines[0].decode("ascii").partition(" ")
    if bool(space) is not (word in words.with_value) or (space and not _VALUE.fullmatch(value)):
        return CommandClass.FORBIDDEN
    if word == words.set_point and Decimal(value) == 0:
        return CommandClass.REDUCES
    return words.classes.get(word, CommandClass.FORBIDDEN)


@lru_cache(_FRAMES)
def _word_of(sent: bytes) -> bytes:
    return sent.split(CR)[0].split(b" ")[0].upper()


class IpgWire:
    """The wire of one dialect as the link sees it."""

    longest_reply = 80
    latest_reply_s = 0.5
    frame_break = b"?" + CR
    """Not CR alone: behind `EMON` it would complete it. No command ends with `?`."""
    marker = frame("RFV")

    def __init__(self, words: Words) -> None:
        self._words = words

    def classify(self, sent: bytes) -> CommandClass:
        """By the command word; the set-point 0 reduces, any other prepares."""
        return _class_of(self._words, sent)

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:  # noqa: ARG002 - the contract's
        """Replies end with a carriage return."""
        return split_lines(received, CR)

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:  # noqa: ARG002 - the contract's
        """What ends with a carriage return is whole."""
        return 0.0

    def answers(self, sent: bytes, reply: bytes) -> bool:
        """A reply repeats the command word, or is a refusal."""
        word = _word_of(sent)
        said = reply.upper()
        return said == word or said.startswith((word + b":", *_REFUSALS))

    def marker_replies(self, received: bytes) -> int:
        """Every `RFV: …` counts, whatever garbage stands before it."""
        return len(_MARKER_ANSWER.findall(received))


def value_of(word: str, reply: bytes) -> str:
    """The value of `WORD: value`; the space is optional.

    Raises `DeviceFault` for a refusal, `UnknownToDevice` for an unknown command,
    `ProtocolError` for a reply without a value.
    """
    text = _accepted(word, reply)
    _, colon, value = text.partition(":")
    if not colon or not value.strip():
        raise ProtocolError(f"The laser answered {text!r} to {word}; a value was expected.")
    return value.strip()


def seconds_of(word: str, value: str) -> float:
    """A time that the laser tells; raises `ProtocolError`."""
    if not _VALUE.fullmatch(value):
        raise ProtocolError(f"The laser answered {value!r} to {word}; a time was expected.")
    return float(value)


def is_zero(word: str, value: str) -> bool:
    """Whether a set-point that the laser tells is 0; raises `ProtocolError` for no number."""
    if not _VALUE.fullmatch(value):
        raise ProtocolError(f"The laser answered {value!r} to {word}; a number was expected.")
    return Decimal(value) == 0


def acknowledged(word: str, reply: bytes) -> None:
    """Raise where `reply` does not acknowledge `word`; an acknowledgement proves nothing more."""
    _accepted(word, reply)


class UnknownToDevice(DeviceFault):
    """The device does not know the command: another dialect, or another device."""


def _accepted(word: str, reply: bytes) -> str:
    text = reply.decode("ascii", errors="replace")
    if text.upper().startswith(_UNKNOWN_COMMAND):
        raise UnknownToDevice(f"The laser does not know the command {word} (it said {text!r}).")
    if text.upper().startswith("ERR"):
        raise DeviceFault(f"The laser refused {word}: {text!r}.")
    return text


@dataclass(frozen=True, slots=True)
class StatusWord:
    """`STA`: an unsigned 32-bit decimal; what its bits mean is the dialect's."""

    number: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `ProtocolError` for anything but a number of 32 bits."""
        readable = text.isascii() and text.isdigit() and len(text) <= _STATUS_DIGITS
        if not readable or int(text) > _STATUS_MAX:
            raise ProtocolError(f"The laser's status {text!r} is no number of 32 bits.")
        return cls(int(text))

    def bit(self, position: int) -> bool:
        """Whether a bit is set."""
        return bool(self.number >> position & 1)

    def named(self, bits: Mapping[int, str]) -> tuple[str, ...]:
        """The names of those bits that are set; others are never looked at."""
        return tuple(name for position, name in bits.items() if self.bit(position))
