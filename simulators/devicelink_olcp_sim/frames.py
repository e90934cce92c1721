"""Frames of OLCP 1 on the wire, and LOCK, which is no frame; from the protocol's page alone."""

from __future__ import annotations

import zlib
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = bytes.fromhex("7D7E4C4F434B7D7E")
VERSION = 1
_FLAG, _ESCAPE = b"\x7e", b"\x7d"
_STUFFED = (0x7D, 0x7E, 0x11, 0x13)
_UNSTUFFED = {value ^ 0x20: value for value in _STUFFED}
_BARE = (b"\x11", b"\x13")
_SHORTEST, _LONGEST = 8, 512
_KEPT = 2 * _LONGEST + 1
"""A longer piece is no frame whatever comes; its rest but its last byte is forgotten."""
_HEAD, _CRC = Struct("<BBH"), Struct("<I")
_LOCK_PIECE = LOCK[2:-1]


class Frame(NamedTuple):
    """A body whose CRC is right."""

    version: int
    code: int
    seq: int
    payload: bytes


class Pieces:
    """Cuts what stands between two flags, with both flags; LOCK stands alone, wherever it comes.

    LOCK's first flag may end a frame that was begun and its last one may begin the next. It is
    found by what the last eight bytes are, not by how a frame was understood.
    """

    __slots__ = ("_escaped", "_late", "_rest", "_synced")

    def __init__(self) -> None:
        self._rest = b""
        self._synced = False
        self._escaped = False
        self._late = b""

    def __len__(self) -> int:
        """How many bytes have come of a piece whose flag has not."""
        return len(self._rest) + len(self._late)

    def cut(self, data: bytes) -> Iterator[bytes]:
        """The pieces that are complete now; nothing between two flags is none."""
        *ended, rest = (self._rest + data).split(_FLAG)
        if len(rest) > _KEPT:
            rest = rest[: _KEPT - 1] + rest[-1:]
        self._rest = rest
        for piece in ended:
            yield from self._ended(piece)

    def forget(self) -> None:
        """Nothing has come."""
        self._rest = self._late = b""
        self._synced = self._escaped = False

    def _ended(self, piece: bytes) -> Iterator[bytes]:
        was_escaped, self._escaped = self._escaped, piece.endswith(_ESCAPE)
        if was_escaped and piece == _LOCK_PIECE:
            self._late = b""
            yield LOCK
            return
        if self._late:
            late, self._late = self._late, b""
            yield late
        was_synced, self._synced = self._synced, True
        if not piece or not was_synced:
            return
        whole = _FLAG + piece + _FLAG
        if piece == _ESCAPE:
            self._late = whole  # an aborted frame of nothing, or the beginning of LOCK
        else:
            yield whole


def encode(code: int, seq: int, payload: bytes) -> bytes:
    """The frame of an answer, between two flags."""
    body = _HEAD.pack(VERSION, code, seq) + payload
    body += _CRC.pack(zlib.crc32(body))
    for value in _STUFFED:  # the escape itself comes first
        body = body.replace(bytes([value]), bytes([0x7D, value ^ 0x20]))
    return _FLAG + body + _FLAG


@lru_cache(maxsize=256)  # each is asked for its word, then for its answer
def decode(piece: bytes) -> Frame | None:
    """What stands between the flags; None for what a receiver must throw away."""
    body = _unstuffed(piece[1:-1])
    if body is None or not _SHORTEST <= len(body) <= _LONGEST:
        return None
    if zlib.crc32(body[:-4]) != _CRC.unpack(body[-4:])[0]:
        return None
    version, code, seq = _HEAD.unpack_from(body)
    return Frame(version, code, seq, body[4:-4])


def _unstuffed(stuffed: bytes) -> bytes | None:
    if any(bare in stuffed for bare in _BARE):
        return None
    if _ESCAPE not in stuffed:
        return stuffed
    first, *others = stuffed.split(_ESCAPE)
    plain = bytearray(first)
    for other in others:
        value = _UNSTUFFED.get(other[0]) if other else None
        if value is None:
            return None
        plain.append(value)
        plain += other[1:]
    return bytes(plain)
