"""Telegrams on the wire: start, escaped message with its CRC, end."""

from __future__ import annotations

import binascii
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

START, END, ESCAPE = 0x0D, 0x0A, 0x5E
_SHIFT = 0x40
_WRITTEN = tuple(
    bytes([ESCAPE, value + _SHIFT]) if value in {START, END, ESCAPE} else bytes([value])
    for value in range(256)
)
"""Each byte of a message as it stands on the wire."""
MAX_DATA = 240
_HEAD = 4
_CRC = 2
_LONGEST = 2 * (_HEAD + MAX_DATA + _CRC) + 2

NACK, CRC_ERROR, BUSY, ACK, READ, WRITE, SET, CLEAR, DATAGRAM, TOGGLE = range(10)
"""The types of messages. That 6, 7 and 9 exist is known from one of three host programs."""
REQUESTS = {READ: "R", WRITE: "W", SET: "S", CLEAR: "C", TOGGLE: "T"}


class Message(NamedTuple):
    """What a telegram says; `register` is None where it names none."""

    to: int
    sender: int
    kind: int
    register: int | None
    data: bytes = b""
    intact: bool = True


class Telegrams:
    """Cuts telegrams, each from its last start to its end; what stands before a start is nothing.

    One that grows longer than any can be is forgotten.
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def __len__(self) -> int:
        """How many bytes have come of a telegram whose end has not."""
        return len(self._rest)

    def cut(self, data: bytes) -> Iterator[bytes]:
        """The telegrams that are complete now."""
        *ended, rest = (self._rest + data).split(bytes([END]))
        self._rest = _from_start(rest)
        for piece in ended:
            telegram = _from_start(piece)
            if telegram:
                yield telegram + bytes([END])

    def forget(self) -> None:
        """Nothing has come."""
        self._rest = b""


def _from_start(piece: bytes) -> bytes:
    start = piece.rfind(START)
    return piece[start:] if start >= 0 and len(piece) - start < _LONGEST else b""


def encode(message: Message) -> bytes:
    """The telegram of a message."""
    head = bytes([message.to, message.sender, message.kind])
    named = b"" if message.register is None else bytes([message.register])
    body = head + named + message.data
    body += binascii.crc_hqx(body, 0).to_bytes(_CRC, "big")
    return bytes([START]) + b"".join([_WRITTEN[value] for value in body]) + bytes([END])


@lru_cache(maxsize=256)  # each is asked for its word, then for its answer
def decode(telegram: bytes) -> Message | None:
    """What a whole telegram says, intact or not; None for one that is too short to say anything."""
    body = _unescaped(telegram[1:-1])
    if len(body) < _HEAD - 1 + _CRC:
        return None
    intact = binascii.crc_hqx(body, 0) == 0 and len(body) <= _HEAD + MAX_DATA + _CRC
    to, sender, kind, *rest = body[:-_CRC]
    return Message(to, sender, kind, rest[0] if rest else None, bytes(rest[1:]), intact)


def _unescaped(escaped: bytes) -> bytes:
    values = bytearray()
    waiting = False
    for value in escaped:
        if waiting:
            values.append((value - _SHIFT) & 0xFF)
            waiting = False
        elif value == ESCAPE:
            waiting = True
        else:
            values.append(value)
    return bytes(values)
