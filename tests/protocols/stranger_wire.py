"""OLCP's bytes, written from docs/protocols/olcp.md alone: flags, stuffing, CRC, LOCK, fields."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAG, ESCAPE = 0x7E, 0x7D
STUFFED = (0x7E, 0x7D, 0x11, 0x13)
LOCK = bytes.fromhex("7D7E4C4F434B7D7E")
LONGEST_BODY, SHORTEST_BODY = 512, 8
ERROR_CODE, LOCK_ANSWER = 0xFF, 0xA0
NOTHING_32 = 0xFFFFFFFF
NOTHING_64 = 0xFFFFFFFFFFFFFFFF


def numbered(names: str, start: int = 1) -> dict[str, int]:
    """Number what a table of the page lists."""
    return {name: number for number, name in enumerate(names.split(), start)}


ERROR_NUMBER = numbered(
    """
    unsupported_version unknown_message malformed bad_state not_capable out_of_range
    unknown_proposal settings_differ unknown_parameter bad_permit unknown_key bad_signature
    wrong_device wrong_boot nonce_unknown nonce_used nonce_expired limits stale_nonce
    events_unread no_permit key_off interlock_open reset_required faulted local_act_missing
    slot_used no_tip lease_out_of_range
    """
)
ERRORS = {number: name for name, number in ERROR_NUMBER.items()}

CODE = numbered(
    """
    IDENT CAPS STATUS TIME CHALLENGE PERMIT BEAT STANDBY READY_REQUEST SETTINGS_READ
    SETTINGS_PROPOSE SETTINGS_COMMIT TIP COUNTERS EVENTS_READ EVENTS_ACK REPORTS_READ
    SELFTEST CHECK_BEGIN CHECK_END FAULTS KEYS_LIST KEYS_ADD
    """
)
MESSAGES = {number: name for name, number in CODE.items()}

STATES = tuple(numbered("BOOT SELF_TEST LOCKED STANDBY ARMING READY EMITTING FAULT SERVICE"))
BOOT, SELF_TEST, LOCKED, STANDBY, ARMING, READY, EMITTING, FAULT, SERVICE = range(9)


@dataclass(frozen=True)
class Frame:
    """One body that came whole."""

    version: int
    code: int
    seq: int
    payload: bytes


def encode(code: int, seq: int, payload: bytes = b"", version: int = 1) -> bytes:
    """Give the bytes of one frame, flags and stuffing included."""
    body = struct.pack("<BBH", version, code, seq) + payload
    body += struct.pack("<I", zlib.crc32(body))
    stuffed = bytearray()
    for byte in body:
        stuffed += bytes((ESCAPE, byte ^ 0x20)) if byte in STUFFED else bytes((byte,))
    return bytes((FLAG,)) + bytes(stuffed) + bytes((FLAG,))


def unstuff(raw: bytes) -> bytes | None:
    """Undo the stuffing; None where the body must be thrown away."""
    body = bytearray()
    escaped = False
    for byte in raw:
        if escaped:
            if byte ^ 0x20 not in STUFFED:
                return None
            body.append(byte ^ 0x20)
            escaped = False
        elif byte == ESCAPE:
            escaped = True
        elif byte in STUFFED:
            return None
        else:
            body.append(byte)
    return None if escaped else bytes(body)


def decode(raw: bytes) -> Frame | None:
    """Read what stood between two flags; None where it must be thrown away."""
    body = unstuff(raw)
    if body is None or not SHORTEST_BODY <= len(body) <= LONGEST_BODY:
        return None
    if zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
        return None
    version, code, seq = struct.unpack_from("<BBH", body)
    return Frame(version, code, seq, body[4:-4])


class Receiver:
    """Takes bytes as they come and gives frames and the word LOCK in their order."""

    def __init__(self) -> None:
        self._raw = bytearray()
        self._in_frame = False
        self._last = b""
        self.thrown_away = 0

    def feed(self, data: bytes) -> Iterator[Frame | bytes]:
        """Give each frame that became whole, and LOCK where it stood."""
        for byte in data:
            self._last = (self._last + bytes((byte,)))[-len(LOCK) :]
            if byte == FLAG:
                yield from self._flag()
            elif self._in_frame and len(self._raw) <= 2 * LONGEST_BODY:
                self._raw.append(byte)
            if self._last == LOCK:
                yield LOCK

    def _flag(self) -> Iterator[Frame]:
        raw, self._raw = bytes(self._raw), bytearray()
        self._in_frame = True
        if not raw:
            return
        frame = decode(raw)
        if frame is None:
            self.thrown_away += 1
        else:
            yield frame


def tell_person(**told: object) -> None:
    """Write one line of JSON for whoever reads standard output."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


class TooShort(ValueError):
    """A payload ended before its fields did."""


class Fields:
    """Reads one field of a payload after the other; what follows the last known one is ignored."""

    def __init__(self, payload: bytes) -> None:
        self._rest = payload

    def raw(self, count: int) -> bytes:
        """Give that many bytes."""
        if len(self._rest) < count:
            raise TooShort
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def number(self, size: int) -> int:
        """Give an unsigned number of that many bytes."""
        return int.from_bytes(self.raw(size), "little")

    def string(self) -> str:
        """Give a string."""
        return self.raw(self.number(1)).decode("utf-8")

    def rest(self) -> bytes:
        """Give all that is left."""
        return self._rest


def string(text: str) -> bytes:
    """Write a string: one byte of length, then UTF-8."""
    data = text.encode()
    return bytes((len(data),)) + data
