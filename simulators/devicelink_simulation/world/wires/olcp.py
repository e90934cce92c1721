"""A console with the open laser console protocol, read as the protocol's page tells it.

No message makes light. A permit leads from LOCKED to STANDBY; a hand at the console makes it READY,
while beats show that what it says is read; a foot makes the light. Frames are numbered by whoever
asks, so an answer is known by its number. Frames are written in hex, with both flags.
"""

from __future__ import annotations

import binascii
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from devicelink_simulation.world.wires.contract import Does, Frame, Read, Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink_simulation.world.wires.contract import Passed

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
ESCAPED = (0x7E, 0x7D, 0x11, 0x13)
LOCK = bytes.fromhex("7D7E4C4F434B7D7E")
_LOCK_TEXT = LOCK.hex().upper()
_IN_LOCK = LOCK[2:-1]
_SHORTEST, _LONGEST, _CRC_BYTES, _VERSION = 8, 512, 4, 1
_ANSWER, _ERROR, _LOCK_ANSWER = 0x80, 0xFF, 0xA0
_STATUS, _PERMIT, _BEAT, _STANDBY, _READY_REQUEST = 0x03, 0x06, 0x07, 0x08, 0x09
_COMMIT, _EVENTS_READ, _CHECK_BEGIN, _KEYS_ADD = 0x0C, 0x0F, 0x13, 0x17
_DOES = {
    _STATUS: Does.ASKS,
    _PERMIT: Does.PERMITS,
    _BEAT: Does.SUSTAINS,
    _STANDBY: Does.DARKENS,
    _READY_REQUEST: Does.ENABLES,
    _COMMIT: Does.SETS,
    _CHECK_BEGIN: Does.ENABLES,
    _KEYS_ADD: Does.FORBIDDEN,
}
_TELLS_STATUS = frozenset({_STATUS, _BEAT, _STANDBY, _READY_REQUEST, _CHECK_BEGIN})
_STATUS_BYTES, _EVENT_BYTES, _LEASE_AT = 102, 26, 124
BOOT, SELF_TEST, LOCKED, STANDBY, ARMING, READY, EMITTING, FAULT, SERVICE = range(9)
_NAMES = {LOCKED: "LOCKED", STANDBY: "STANDBY", ARMING: "ARMING", READY: "READY"}
_NAMES |= {EMITTING: "EMITTING", FAULT: "FAULT"}
_MUST_BE_ON = sum(1 << bit for bit in (1, 2, 3, 4))
"""Key ON, both interlocks closed, emergency stop released."""
_RESET_REQUIRED, _SHUTTER_OPEN, _EMISSION = 1 << 5, 1 << 7, 1 << 8
_MS = 1_000_000
AGAIN_NS = 10_000_000_000
"""A number that comes again within so long may be answered by the answer to its first use."""


class Body(NamedTuple):
    """A frame whose checksum is right."""

    code: int
    seq: int
    payload: bytes


class Status(NamedTuple):
    """Of a STATUS payload, what is asked for here; bits of sensors that are not there are off."""

    state: int
    inputs: int
    sensed: int
    faults: int
    nonce: bytes
    next_event: int


class Olcp:
    """Frames between flags, stuffed, with a CRC and a number; and LOCK, which is no frame."""

    lies = frozenset({"frozen_status"})

    def cut(self, passed: Passed) -> tuple[list[Frame], list[Frame]]:
        """What stands between two flags and is right; anything else is nothing."""
        frames: dict[bool, list[Frame]] = {True: [], False: []}
        rests: dict[tuple[int, bool], bytes] = {}
        asked: dict[int, str] = {}
        for at_ns, process, sent, data in passed:
            texts, rest = _frames(rests.get((process, sent), b"") + data)
            rests[process, sent] = rest
            if sent and texts:
                asked[process] = texts[-1]
            to = "" if sent else asked.get(process, "")
            frames[sent] += [Frame(at_ns, process, text, to) for text in texts]
        return frames[True], frames[False]

    def does(self, command: str) -> Does:
        """By its code; LOCK is told by its bytes alone."""
        if command == _LOCK_TEXT:
            return Does.DARKENS
        body = read(command)
        return Does.ELSE if body is None else _DOES.get(body.code, Does.ELSE)

    def said(self, reply: str, to: str) -> Said | None:
        """A status that answers this very request; late ones have another number."""
        body = read(reply)
        if body is None or not _answers(body, to):
            return None
        status = status_in(body)
        return None if status is None else _meaning(status, body.payload)

    def shows_output(self, reply: str) -> bool:
        """Never: this wire shows the footswitch itself."""
        del reply
        return False

    def lock_words(self, words: Mapping[str, Any]) -> tuple[Said, ...]:
        """The payload of STATUS."""
        try:
            payload = bytes.fromhex(str(words.get("status")))
        except ValueError:
            return ()
        status = status_of(payload)
        return () if status is None else (_meaning(status, payload),)

    def unsettled(self, passed: Passed) -> Iterator[tuple[int, str]]:
        """A number that is used again while the answer to its first use may still come."""
        used_ns: dict[int, int] = {}
        rests = {True: b"", False: b""}
        for at_ns, _, sent, data in passed:
            texts, rests[sent] = _frames(rests[sent] + data)
            for body in filter(None, map(read, texts)):
                if not sent:
                    used_ns.pop(body.seq, None)
                    continue
                if at_ns - used_ns.get(body.seq, -AGAIN_NS) < AGAIN_NS:
                    yield at_ns, f"request {body.seq}, not answered yet"
                used_ns[body.seq] = at_ns

    def lit_otherwise(
        self, effective: Mapping[str, Any], lit: Mapping[str, Any], highest: float
    ) -> Iterator[str]:
        """The energy of a pulse; there is no light but by the footswitch."""
        lit_mj = float(lit["set_uj"]) / 1000
        if lit_mj != float(effective["energy_mj"]):
            yield f"judged at {effective}, lit at {lit_mj} mJ"
        if lit_mj > highest:
            yield f"lit at {lit_mj} mJ, certified up to {highest} mJ"
        if not lit["gated"]:
            yield "lit without a footswitch"


class Kept:
    """How an OLCP console keeps account, and what it asks for before it does so."""

    outlive = frozenset({"endless_lease"})

    def told(self, reply: str) -> Read | None:
        """Nonce, and the event before the next."""
        body = read(reply)
        status = None if body is None else status_in(body)
        return None if status is None else Read(status.nonce.hex(), status.next_event - 1)

    def shown(self, command: str) -> Read | None:
        """The first two fields of BEAT."""
        body = read(command)
        if body is None or body.code != _BEAT:
            return None
        return Read(body.payload[:8].hex(), _number(body.payload[8:16]))

    def events_in(self, reply: str) -> tuple[int, ...]:
        """Of the answer to EVENTS_READ."""
        body = read(reply)
        if body is None or body.code != _EVENTS_READ | _ANSWER:
            return ()
        count, listed = body.payload[16], body.payload[17:]
        starts = range(0, count * _EVENT_BYTES, _EVENT_BYTES)
        return tuple(_number(listed[at : at + 8]) for at in starts)

    def lease_ns(self, command: str, reply: str) -> int | None:
        """Of a PERMIT that was not refused."""
        asked, told = read(command), read(reply)
        if asked is None or told is None or (asked.code, told.code) != (_PERMIT, _PERMIT | _ANSWER):
            return None
        return _number(asked.payload[_LEASE_AT : _LEASE_AT + 2]) * _MS

    def takes(self, command: str, reply: str) -> bool:
        """A BEAT that is answered by the status."""
        asked, told = read(command), read(reply)
        return bool(asked and told and (asked.code, told.code) == (_BEAT, _BEAT | _ANSWER))


@lru_cache(maxsize=4096)  # every rule asks for the same frames
def read(text: str) -> Body | None:
    """What a frame in hex holds; None for what a receiver throws away, and for LOCK."""
    piece = bytes.fromhex(text)[1:-1]
    if any(byte in piece for byte in (0x7E, 0x11, 0x13)):
        return None
    plain, *others = piece.split(bytes([ESCAPE]))
    for other in others:
        if not other or other[0] ^ FLIP not in ESCAPED:
            return None
        plain += bytes([other[0] ^ FLIP]) + other[1:]
    if not _SHORTEST <= len(plain) <= _LONGEST or plain[0] != _VERSION:
        return None
    if binascii.crc32(plain[:-_CRC_BYTES]) != _number(plain[-_CRC_BYTES:]):
        return None
    return Body(plain[1], _number(plain[2:4]), plain[4:-_CRC_BYTES])


def written(code: int, seq: int, payload: bytes = b"") -> str:
    """A frame in hex."""
    body = bytes([_VERSION, code]) + seq.to_bytes(2, "little") + payload
    body += binascii.crc32(body).to_bytes(_CRC_BYTES, "little")
    stuffed = b"".join(
        bytes([ESCAPE, byte ^ FLIP]) if byte in ESCAPED else bytes([byte]) for byte in body
    )
    return (bytes([FLAG]) + stuffed + bytes([FLAG])).hex().upper()


def status_in(body: Body) -> Status | None:
    """The status that an answer carries."""
    told = body.code == _LOCK_ANSWER or body.code ^ _ANSWER in _TELLS_STATUS
    return status_of(body.payload) if told else None


def status_of(payload: bytes) -> Status | None:
    """A payload of STATUS; later versions may append to it."""
    if len(payload) < _STATUS_BYTES:
        return None
    return Status(
        state=payload[0],
        inputs=_number(payload[61:63]) & _number(payload[63:65]),
        sensed=_number(payload[63:65]),
        faults=_number(payload[98:102]),
        nonce=payload[15:23],
        next_event=_number(payload[82:90]),
    )


def _meaning(status: Status, payload: bytes) -> Said:
    """What the states and bits of the page say; a sensor that is not there shows nothing."""
    missing = status.sensed & _MUST_BE_ON & ~status.inputs
    dark = not status.inputs & (_EMISSION | _SHUTTER_OPEN)
    senses = status.sensed & _EMISSION and status.sensed & _SHUTTER_OPEN
    name = _NAMES.get(status.state)
    return Said(
        word=payload[:_STATUS_BYTES].hex(),
        ends=bool(missing or status.inputs & _RESET_REQUIRED or status.faults)
        or status.state == FAULT,
        lit=status.state in {READY, EMITTING} or bool(status.inputs & _EMISSION),
        may_be_locked=status.state in {LOCKED, FAULT} and dark and bool(senses),
        denies=frozenset(_NAMES.values()) - {name},
    )


def _answers(body: Body, to: str) -> bool:
    """Whether an answer's code and number are those of a request; LOCK has no number."""
    if to == _LOCK_TEXT:
        return (body.code, body.seq) == (_LOCK_ANSWER, 0)
    asked = read(to) if to else None
    return asked is not None and (body.code, body.seq) == (asked.code | _ANSWER, asked.seq)


def _frames(data: bytes) -> tuple[list[str], bytes]:
    """Frames that are right, and LOCK wherever it stands; and what the next bytes belong to."""
    flag = bytes([FLAG])
    before, *others = data.split(flag)
    if not others:
        return [], data
    texts = []
    for piece in others[:-1]:
        if piece == _IN_LOCK and before.endswith(bytes([ESCAPE])):
            texts.append(_LOCK_TEXT)
        else:
            text = (flag + piece + flag).hex().upper()
            texts += [text] if read(text) is not None else []
        before = piece
    return texts, before[-1:] + flag + others[-1]


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
