"""The Aurora's lines as pure functions. Source of every fact: its protocol sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, ProtocolError
from devicelink.link.framing import split_lines

CR = b"\r"
_LINE = re.compile(rb"([A-Z0-9. ]+)\*([0-9A-F]{2})")
_SET = re.compile(r"SET [0-9]{1,9}(\.[0-9]{1,9})? [0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_ID_ANSWER = re.compile(rb"ID [A-Z0-9. ]+\*[0-9A-F]{2}(?=\r)")

CLASSES = {
    "ID": CommandClass.QUERY,
    "STATE": CommandClass.QUERY,
    "GET": CommandClass.QUERY,
    "LIMITS": CommandClass.QUERY,
    "OFF": CommandClass.REDUCES,
    "CLOSE": CommandClass.REDUCES,
    "CLEAR": CommandClass.PREPARES,
    "OPEN": CommandClass.ENABLES,  # of a laser that is armed, an open shutter is all it lacks
    "ARM": CommandClass.ENABLES,
}
"""What is not here is forbidden; `SET` is here by its form."""


def frame(body: str) -> bytes:
    """A command with its checksum and its end."""
    return _sealed(body.encode("ascii")) + CR


def _sealed(body: bytes) -> bytes:
    return body + b"*%02X" % (sum(body) % 256)


def body_of(line: bytes) -> str | None:
    """The words of a line; None where its checksum, or anything else, is wrong."""
    found = _LINE.fullmatch(line)
    return found[1].decode("ascii") if found and _sealed(found[1]) == line else None


class AuroraWire:
    """The wire as the link sees it."""

    longest_reply = 64
    latest_reply_s = 0.5
    frame_break = b"!\r"  # CR alone would complete `ARM*E0`: the `!` makes it nothing
    marker = frame("ID")

    def classify(self, frame: bytes) -> CommandClass:
        """By the whole line."""
        lines, rest = split_lines(frame, CR)
        body = body_of(lines[0]) if len(lines) == 1 and not rest else None
        if body is None:
            return CommandClass.FORBIDDEN
        if _SET.fullmatch(body):
            return CommandClass.PREPARES
        return CLASSES.get(body, CommandClass.FORBIDDEN)

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:
        """Replies end with CR."""
        return split_lines(received, CR)

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:
        """What ends with CR is whole."""
        return 0.0

    def answers(self, frame: bytes, reply: bytes) -> bool:
        """A reply is a line with the command's word first; an echo says nothing behind it."""
        asked, said = body_of(frame.removesuffix(CR)), body_of(reply)
        if asked is None or said is None:
            return False
        return said.startswith(asked.split()[0] + " ")

    def marker_replies(self, received: bytes) -> int:
        """Every whole `ID …` counts, whatever garbage stands before it."""
        return sum(body_of(line) is not None for line in _ID_ANSWER.findall(received))

    def resealed(self, stream: bytes) -> bytes:
        """Optional; a recording whose serial number was replaced gets its checksums anew."""
        lines, rest = split_lines(stream, CR)
        bodies = [line.rpartition(b"*") for line in lines]
        return (
            b"".join(
                (_sealed(body) if star else line) + CR
                for (body, star, _), line in zip(bodies, lines, strict=True)
            )
            + rest
        )


def value_of(word: str, reply: bytes) -> str:
    """What stands behind the word.

    Raises `DeviceFault` for a refusal, `ProtocolError` for a reply to something else.
    """
    said, _, value = (body_of(reply) or "").partition(" ")
    if said != word:
        raise ProtocolError(f"The laser answered {reply!r} to {word}.")
    if value.startswith("NO "):
        raise DeviceFault(f"The laser refused {word}: it said {value!r}.")
    return value


def numbers_of(word: str, value: str, count: int) -> list[str]:
    """So many numbers, as the laser wrote them; raises `ProtocolError` for anything else."""
    numbers = value.split(" ")
    if len(numbers) != count or not all(_is_number(each) for each in numbers):
        raise ProtocolError(f"The laser answered {value!r} to {word}; {count} numbers were due.")
    return numbers


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text, re.ASCII) is not None


_STATE = re.compile(
    r"(SHUT|STANDBY|ARMING|READY) K([01]) I([01]) R([01]) P([01]) L([01]) F([0-9]) N([0-9]{1,9})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What `STATE` tells."""

    state: str
    key_on: bool
    interlock_closed: bool
    reset_needed: bool
    pedal_pressed: bool
    light_seen: bool
    fault: str
    pulses: int
    text: str

    @classmethod
    def read(cls, text: str) -> Report:
        """Raises `ProtocolError` for what is no state."""
        found = _STATE.fullmatch(text)
        if found is None:
            raise ProtocolError(f"The laser's state {text!r} is none that its sheet knows.")
        state, *flags, fault, pulses = found.groups()
        key, interlock, reset, pedal, light = (flag == "1" for flag in flags)
        return cls(state, key, interlock, reset, pedal, light, fault, int(pulses), text)
