"""OLCP's frames, as pure functions: stuffing, CRC-32, what a request can do, what answers it.

`7E | stuffed(version code seq payload crc) | 7E`, as in RFC 1662. LOCK alone is no frame: eight
bytes that a console recognises wherever they stand.

Source of every fact: `docs/protocols/olcp.md`; `[?]` marks our own reading of it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from struct import Struct

from devicelink.driver import CommandClass

FLAG, ESCAPE = b"\x7e", b"\x7d"
LOCK = bytes.fromhex("7D 7E 4C 4F 43 4B 7D 7E")
VERSION = 1
EVENTS_MAX, REPORTS_MAX = 18, 4
"""So many are asked for: the 20 events that the page allows have 537 bytes, a payload 504."""

_ESCAPED = {bytes([byte ^ 0x20]): bytes([byte]) for byte in (0x7E, 0x7D, 0x11, 0x13)}
_NEVER_BETWEEN_FLAGS = frozenset(b"\x7e\x11\x13")
_STUFFED = [bytes([byte]) for byte in range(256)]
for _escaped, _plain in _ESCAPED.items():
    _STUFFED[_plain[0]] = ESCAPE + _escaped
_HEAD = Struct("<BBH")
_CRC = Struct("<I")
_BODY_MIN, _BODY_MAX = 8, 512
_SEQ_END = 0x1_0000
_ANSWER, _ERROR, _LOCKED = 0x80, 0xFF, 0xA0
_PERMIT_BYTES = range(213, 257)
CHECK_PULSES_MAX = _EVENTS_ALLOWED = 20


class Code(IntEnum):
    """Requests."""

    IDENT = 0x01
    CAPS = 0x02
    STATUS = 0x03
    TIME = 0x04
    CHALLENGE = 0x05
    PERMIT = 0x06
    BEAT = 0x07
    STANDBY = 0x08
    READY_REQUEST = 0x09
    SETTINGS_READ = 0x0A
    SETTINGS_PROPOSE = 0x0B
    SETTINGS_COMMIT = 0x0C
    TIP = 0x0D
    COUNTERS = 0x0E
    EVENTS_READ = 0x0F
    REPORTS_READ = 0x11
    SELFTEST = 0x12
    CHECK_BEGIN = 0x13
    CHECK_END = 0x14
    FAULTS = 0x15
    KEYS_LIST = 0x16


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `code` as it stands there, known or not."""

    code: int
    seq: int
    payload: bytes = b""
    version: int = VERSION

    def encoded(self) -> bytes:
        """As it stands on the wire, between two flags."""
        return _sealed(_HEAD.pack(self.version, self.code, self.seq) + self.payload)

    @property
    def is_error(self) -> bool:
        """Whether it is the error answer."""
        return self.code == _ERROR


def _sealed(content: bytes) -> bytes:
    """With its CRC, stuffed, between two flags."""
    body = content + _CRC.pack(zlib.crc32(content))
    return FLAG + b"".join([_STUFFED[byte] for byte in body]) + FLAG


@lru_cache(maxsize=16)  # a frame is classed, answered and read while it is on its way
def decoded(wire: bytes) -> Frame | None:
    """The frame in these bytes; None where they are not exactly one, between two flags."""
    if len(wire) < 2 or not (wire.startswith(FLAG) and wire.endswith(FLAG)):  # noqa: PLR2004
        return None
    body = _body(wire[1:-1])
    if body is None or _CRC.unpack(body[-4:])[0] != zlib.crc32(body[:-4]):
        return None
    version, code, seq = _HEAD.unpack(body[:4])
    return Frame(code, seq, body[4:-4], version)


def _body(stuffed: bytes) -> bytes | None:
    """What stood between two flags, before its CRC is looked at; None where it is thrown away."""
    if not _NEVER_BETWEEN_FLAGS.isdisjoint(stuffed):
        return None
    body, *escaped = stuffed.split(ESCAPE)
    for piece in escaped:
        if piece[:1] not in _ESCAPED:
            return None
        body += _ESCAPED[piece[:1]] + piece[1:]
    return body if _BODY_MIN <= len(body) <= _BODY_MAX else None


def _resealed(piece: bytes) -> bytes:
    """What stands between two flags, with the CRC of its content; anything else as it is."""
    body = _body(piece)
    return piece if body is None else _sealed(body[:-4])[1:-1]


_QUERIES = frozenset(
    {
        *(Code.IDENT, Code.CAPS, Code.STATUS, Code.TIME, Code.CHALLENGE, Code.SETTINGS_READ),
        *(Code.TIP, Code.COUNTERS, Code.SELFTEST, Code.FAULTS, Code.KEYS_LIST),
    }
)
"""Without a payload. CHALLENGE is one: its nonce opens nothing without a permit that is signed, and
all that it ends is the challenge before."""
_WITHOUT_PAYLOAD: dict[int, CommandClass] = {
    **dict.fromkeys(_QUERIES, CommandClass.QUERY),
    Code.STANDBY: CommandClass.REDUCES,
    Code.READY_REQUEST: CommandClass.ENABLES,
    Code.CHECK_END: CommandClass.REDUCES,
}
"""CHECK_END works in STANDBY alone, and makes the READY key dead until another CHECK_BEGIN."""


def _class_with_payload(code: int, payload: bytes) -> CommandClass:
    """Of a request with a payload, which has to be as long as the page says."""
    match code, len(payload):
        case Code.PERMIT, size if size in _PERMIT_BYTES:
            return CommandClass.ENABLES
        case Code.BEAT, 48:
            return CommandClass.SUSTAINS
        case Code.SETTINGS_PROPOSE, size if size == 1 + 5 * payload[0] > 1:
            return CommandClass.PREPARES
        case Code.SETTINGS_COMMIT, 36:
            return CommandClass.PREPARES
        case Code.EVENTS_READ, 9 if 1 <= payload[8] <= _EVENTS_ALLOWED:
            return CommandClass.QUERY
        case Code.REPORTS_READ, 9 if 1 <= payload[8] <= REPORTS_MAX:
            return CommandClass.QUERY
        case Code.CHECK_BEGIN, 1 if 1 <= payload[0] <= CHECK_PULSES_MAX:
            return CommandClass.ENABLES
    return CommandClass.FORBIDDEN


class OlcpWire:
    """The line to one console, as the link sees it; counts the requests that were made for it.

    The count is the line's, nothing of the console's: each request gets a number that no other one
    of this wire has (until 32,768 later), and by it a late answer is known. Requests have even
    numbers. The odd one behind the newest request is the marker's, which so is new wherever the
    link needs one, and is named without counting.
    """

    longest_reply = 2 * _BODY_MAX + 2
    """All of it escaped, between its flags."""
    latest_reply_s = 0.2
    """What was not answered by then is unanswered, and consoles answer within half of it."""
    frame_break = b"\x7d\x7e"
    """Aborts a frame at any place, behind half an escape too, and begins none."""

    def __init__(self) -> None:
        self._newest = 0

    def request(self, code: Code, payload: bytes = b"") -> bytes:
        """A new request, to be sent once."""
        self._newest = (self._newest + 2) % _SEQ_END
        return Frame(code, self._newest, payload).encoded()

    @property
    def marker(self) -> bytes:
        """TIME: not STATUS, which would make the nonce stale that a beat is about to show."""
        return Frame(Code.TIME, self._newest + 1).encoded()

    def classify(self, frame: bytes) -> CommandClass:
        """By code and payload; LOCK by its bytes. Whatever is not listed cannot be sent.

        Never are KEYS_ADD, which is an owner's act at the console, and EVENTS_ACK: no driver
        knows what of it was recorded durably, and a console keeps its events without that.
        """
        if frame == LOCK:
            return CommandClass.REDUCES
        asked = decoded(frame)
        if asked is None or asked.version != VERSION:
            return CommandClass.FORBIDDEN
        if asked.payload:
            return _class_with_payload(asked.code, asked.payload)
        return _WITHOUT_PAYLOAD.get(asked.code, CommandClass.FORBIDDEN)

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:  # noqa: ARG002 - the contract's
        """What stands between flags; a flag may end one frame and begin the next."""
        *pieces, rest = received.split(FLAG)
        return [FLAG + piece + FLAG for piece in pieces if piece], rest

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:  # noqa: ARG002 - the contract's
        """What ends with a flag is whole."""
        return 0.0

    def answers(self, frame: bytes, reply: bytes) -> bool:
        """The request's number, under its own code or the error's; LOCK's answer has no number.

        So an old answer to LOCK may be taken for a new one's: nobody concludes anything from it.
        """
        told = decoded(reply)
        if told is None:
            return False
        if frame == LOCK:
            return (told.code, told.seq) == (_LOCKED, 0)
        asked = decoded(frame)
        if asked is None or told.seq != asked.seq:
            return False
        return told.is_error or told.code == asked.code | _ANSWER

    def marker_replies(self, received: bytes) -> int:
        """Whole answers to the newest marker, errors too: in BOOT a console tells no time."""
        pieces, _ = self.split(received, self.marker)
        return sum(self.answers(self.marker, piece) for piece in pieces)

    def resealed(self, stream: bytes) -> bytes:
        """Frames whose content was changed, their CRC made anew: for recordings."""
        return FLAG.join(map(_resealed, stream.split(FLAG)))
