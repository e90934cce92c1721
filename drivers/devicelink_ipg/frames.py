"""The YLR-SM text protocol as pure functions: frames, replies, status bits.

Source of every fact: the maker's user guide of a 200 W YLR-SM laser, chapters 4 and 5 (ASCII
commands, one carriage return at the end of each command and each reply, one reply a command).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, ProtocolError
from devicelink.link.framing import split_lines

CR = b"\r"

_CLASSES = {
    "STA": CommandClass.QUERY,
    "RCS": CommandClass.QUERY,
    "RNC": CommandClass.QUERY,
    "RDC": CommandClass.QUERY,
    "ROP": CommandClass.QUERY,
    "RFV": CommandClass.QUERY,
    "RCT": CommandClass.QUERY,
    "RFWS": CommandClass.QUERY,
    "EMOFF": CommandClass.REDUCES,
    "ABF": CommandClass.REDUCES,
    "ABN": CommandClass.PREPARES,
    "EMOD": CommandClass.PREPARES,
    "DMOD": CommandClass.PREPARES,
    "SFWS": CommandClass.PREPARES,
    "RERR": CommandClass.PREPARES,
    "EMON": CommandClass.ENABLES,
}
"""What is not here is forbidden: external analog control (`EEC`), aiming by hardware, others."""

_WITH_VALUE = frozenset({"SDC", "SFWS"})
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


@lru_cache(_FRAMES)
def _class_of(sent: bytes) -> CommandClass:
    lines, rest = split_lines(sent, CR)
    if rest or len(lines) != 1 or not lines[0].isascii():
        return CommandClass.FORBIDDEN
    word, space, value = lines[0].decode("ascii").partition(" ")
    if bool(space) is not (word in _WITH_VALUE) or (space and not _VALUE.fullmatch(value)):
        return CommandClass.FORBIDDEN
    if word == "SDC":
        return CommandClass.REDUCES if Decimal(value) == 0 else CommandClass.PREPARES
    return _CLASSES.get(word, CommandClass.FORBIDDEN)


@lru_cache(_FRAMES)
def _word_of(sent: bytes) -> bytes:
    return sent.split(CR)[0].split(b" ")[0].upper()


class YlrSmWire:
    """The wire as the link sees it."""

    longest_reply = 80
    latest_reply_s = 0.5
    frame_break = CR
    marker = frame("RFV")

    def classify(self, sent: bytes) -> CommandClass:
        """By the command word; `SDC 0` reduces, any other `SDC` prepares."""
        return _class_of(sent)

    def split(self, received: bytes) -> tuple[list[bytes], bytes]:
        """Replies end with a carriage return."""
        return split_lines(received, CR)

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


FAULT_BITS = {
    1: "over_temperature",
    3: "back_reflection",
    6: "module_disconnected",
    7: "module_failed",
    17: "unexpected_emission",
    29: "module_disabled",
    30: "collimator_disconnected",
}


_ENDS_LIGHT = sum(1 << bit for bit in (*FAULT_BITS, 10, 11, 21))


@dataclass(frozen=True, slots=True)
class StatusWord:
    """`STA`: an unsigned 32-bit decimal; reserved bits are never looked at."""

    number: int

    @classmethod
    def read(cls, text: str) -> StatusWord:
        """Raises `ProtocolError` for anything but a number of 32 bits."""
        readable = text.isascii() and text.isdigit() and len(text) <= _STATUS_DIGITS
        if not readable or int(text) > _STATUS_MAX:
            raise ProtocolError(f"The laser's status {text!r} is no number of 32 bits.")
        return cls(int(text))

    def bit(self, position: int) -> bool:
        """Whether a bit is set."""
        return bool(self.number >> position & 1)

    @property
    def emission_on(self) -> bool:
        """Bit 2: emission on, or starting."""
        return self.bit(2)

    @property
    def starting(self) -> bool:
        """Bit 15: in the three seconds of safety start-up."""
        return self.bit(15)

    @property
    def unexpected_emission(self) -> bool:
        """Bit 17."""
        return self.bit(17)

    @property
    def key_in_remote(self) -> bool:
        """Bit 21: the laser is not under this host's control."""
        return self.bit(21)

    @property
    def interlock_open(self) -> bool:
        """Bit 10: optical interlock failed."""
        return self.bit(10)

    @property
    def supply_off(self) -> bool:
        """Bit 11: stays set until START is pressed at the laser."""
        return self.bit(11)

    @property
    def modulation_enabled(self) -> bool:
        """Bit 12: light also needs the modulation input."""
        return self.bit(12)

    @property
    def ends_light(self) -> bool:
        """Whether a session ends at it: a fault, an interlock, the key, unexpected emission."""
        return bool(self.number & _ENDS_LIGHT)

    @property
    def faults(self) -> tuple[str, ...]:
        """Names of the fault bits that are set."""
        return tuple(name for position, name in FAULT_BITS.items() if self.bit(position))
