"""The binary telegrams of these modules, as pure functions: escape, checksum, what a write can do.

`0D | escaped(DEST SRC TYPE REG DATA CRC) | 0A`. Within, `0A`, `0D` and `5E` become `5E` and the
byte plus 40 hex, so that an `0A` or `0D` on the wire is always an end or a start. The checksum is
CRC-16/XMODEM over the bytes before escaping, high byte first. Numbers are little-endian.

Source of every fact: three independent host programs that agree byte for byte, two of which cite
the maker's manual. `[?]` marks our own reading.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable

START, END, ESCAPE = b"\x0d", b"\x0a", b"\x5e"
NACK, CRC_ERROR, BUSY, ACK, READ, WRITE, DATAGRAM = 0, 1, 2, 3, 4, 5, 8
HOST, MARKER_HOST = 0xA2, 0xA1
"""Host addresses; host programs use both, so modules answer both."""

EMISSION, POWER_SET_POINT, STATUS = 0x30, 0x22, 0x66
NAMES = {
    0x17: "its output power",
    0x1C: "its temperature",
    0x22: "its power",
    0x2A: "its wavelength offset",
    0x30: "whether its light is switched on",
    0x31: "its operating mode",
    0x32: "its wavelength",
    0x3A: "its emission delay",
    0x61: "its type",
    0x64: "its firmware",
    0x65: "its serial number",
    0x66: "its status",
    0x67: "its error code",
}
"""What a question asks for, in words for people."""
_ORDERS = {0x22: "the power that it was to set", 0x30: "the order to switch its light on or off"}

_SHIFT = 0x40
_HEAD, _CRC = 3, 2
_FRAMES = 256
"""So many different telegrams are remembered with what follows from their bytes."""


@dataclass(frozen=True, slots=True)
class Telegram:
    """One telegram: from whom to whom, its type, its register if it has one, its data."""

    dest: int
    src: int
    type: int
    register: int | None
    data: bytes = b""

    def encoded(self) -> bytes:
        """As it stands on the wire."""
        register = b"" if self.register is None else bytes([self.register])
        body = bytes([self.dest, self.src, self.type]) + register + self.data
        body += binascii.crc_hqx(body, 0).to_bytes(_CRC, "big")
        return START + b"".join(map(_escaped, body)) + END


def _escaped(byte: int) -> bytes:
    plain = bytes([byte])
    return ESCAPE + bytes([byte + _SHIFT]) if plain in {START, END, ESCAPE} else plain


@lru_cache(_FRAMES)
def decoded(sent: bytes) -> Telegram | None:
    """The telegram in these bytes; None where they are not exactly one, as `encoded` writes it."""
    body = _unescaped(sent[1:-1])
    if len(body) < _HEAD + _CRC:
        return None
    dest, src, kind = body[:_HEAD]
    content = bytes(body[_HEAD:-_CRC])
    found = Telegram(dest, src, kind, content[0] if content else None, content[1:])
    return found if found.encoded() == sent else None


def _unescaped(sent: bytes) -> bytes:
    body, escape = bytearray(), False
    for byte in sent:
        if escape:
            body.append((byte - _SHIFT) % 256)
        elif byte != ESCAPE[0]:
            body.append(byte)
        escape = not escape and byte == ESCAPE[0]
    return bytes(body)


def _resealed(piece: bytes) -> bytes:
    """A telegram with the checksum of its content; garbage as it is."""
    body = _unescaped(piece[1:-1])
    if not piece.startswith(START) or len(body) < _HEAD + _CRC:
        return piece
    dest, src, kind, *content = body[:-_CRC]
    register = content[0] if content else None
    return Telegram(dest, src, kind, register, bytes(content[1:])).encoded()


def read(address: int, register: int, *, host: int = HOST) -> bytes:
    """Ask for a register."""
    return Telegram(address, host, READ, register).encoded()


def write(address: int, register: int, number: int, *, size: int) -> bytes:
    """Write a number of `size` bytes."""
    data = number.to_bytes(size, "little")
    return Telegram(address, HOST, WRITE, register, data).encoded()


class NktWire:
    """The line to one module, as the link sees it."""

    longest_reply = 500
    """240 bytes of data, all of them escaped."""
    latest_reply_s = 0.5
    """`[?]` Modules answer at once or never; host programs wait a second at the most."""
    frame_break = b"\xff\xff" + END
    """Not `0A` alone: it would complete a telegram of which only the end is missing. One `FF` may
    be the last byte of a checksum, two of them complete no enabling telegram of any address. The
    first also spends an escape that was begun."""

    def __init__(self, address: int, readable: Iterable[int]) -> None:
        self._address = address
        self._readable = frozenset(readable)
        self.marker = read(address, STATUS, host=MARKER_HOST)
        """From an address that asks nothing else: its answer can be no other question's."""

    def classify(self, frame: bytes) -> CommandClass:
        """By register and value; whatever is not listed cannot be sent."""
        told = decoded(frame)
        if told is None or told.dest != self._address:
            return CommandClass.FORBIDDEN
        if told.type == READ and not told.data and told.register in self._readable:
            return CommandClass.QUERY if told.src == HOST else self._marking(frame)
        if told.type != WRITE or told.src != HOST:
            return CommandClass.FORBIDDEN
        match told.register, told.data:
            case 0x30, b"\x00":
                return CommandClass.REDUCES
            case 0x30, b"\x01":
                return CommandClass.ENABLES
            case 0x22, b"\x00\x00":
                return CommandClass.REDUCES
            case 0x22, bytes(data) if len(data) == 2:  # noqa: PLR2004 - a u16
                return CommandClass.PREPARES
        return CommandClass.FORBIDDEN

    def _marking(self, frame: bytes) -> CommandClass:
        return CommandClass.QUERY if frame == self.marker else CommandClass.FORBIDDEN

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:  # noqa: ARG002 - the contract's
        """Telegrams end with `0A`; what stands before a start is a piece of its own."""
        *ended, rest = received.split(END)
        pieces: list[bytes] = []
        for piece in ended:
            garbage, start, body = piece.rpartition(START)
            pieces += [each for each in (garbage, start + body + END) if each]
        return pieces, rest

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:  # noqa: ARG002 - the contract's
        """What ends with `0A` is whole."""
        return 0.0

    def answers(self, frame: bytes, reply: bytes) -> bool:
        """The addresses swapped, the same register, and a type that such a question may get."""
        asked, told = decoded(frame), decoded(reply)
        if asked is None or told is None:
            return False
        if (told.dest, told.src) != (asked.src, asked.dest):
            return False
        if told.type in {NACK, CRC_ERROR, BUSY}:
            return told.register in {None, asked.register}
        awaited = DATAGRAM if asked.type == READ else ACK
        return told.type == awaited and told.register == asked.register

    def resealed(self, stream: bytes) -> bytes:
        """Telegrams whose content was changed, their checksums made anew: for recordings."""
        pieces, rest = self.split(stream, self.marker)
        return b"".join(map(_resealed, pieces)) + rest

    def marker_replies(self, received: bytes) -> int:
        """Whole answers to the marker, whatever garbage stands around them."""
        pieces, _ = self.split(received, self.marker)
        found = [decoded(piece) for piece in pieces if self.answers(self.marker, piece)]
        return sum(told is not None and told.type == DATAGRAM for told in found)


class NotDone(DeviceFault):
    """The module is busy, or met a damaged telegram: it did nothing."""


class RefusedByModule(DeviceFault):
    """The module does not know the register, or does not take the value."""


def content(frame: bytes, reply: bytes) -> bytes:
    """The data of an answer; empty for an acknowledgement, which proves nothing more.

    Raises `NotDone` and `RefusedByModule`, and `ProtocolError` for what is no telegram.
    """
    asked, told = decoded(frame), decoded(reply)
    if asked is None or told is None or asked.register is None:
        raise ProtocolError(
            f"What the laser answered cannot be read. Check its cable ({reply.hex(' ')})."
        )
    what, where = _subject(asked), f"(register {asked.register:02X})"
    if told.type == NACK:
        refused = f"The laser refused {what}"
        if asked.type == READ:
            refused = f"The laser does not tell {what}. Check that it is the registered type"
        elif asked.register == POWER_SET_POINT:
            refused += ". Choose a power that this laser can give"
        raise RefusedByModule(f"{refused} {where}.")
    if told.type in {CRC_ERROR, BUSY}:
        why = "it is busy" if told.type == BUSY else "it came damaged: check the cable"
        asking = f"the question for {what}" if asked.type == READ else what
        raise NotDone(f"The laser did nothing about {asking}: {why} {where}.")
    return told.data


def no_answer(frame: bytes, within_s: float) -> str:
    """That no answer came, in words for people."""
    asked = decoded(frame)
    if asked is None:
        return f"The laser did not answer within {within_s:g} s."
    what = f"{'asked for' if asked.type == READ else 'given'} {_subject(asked)}"
    return f"The laser did not answer within {within_s:g} s when it was {what}."


def _subject(asked: Telegram) -> str:
    """What a question is for, or what was ordered."""
    register = asked.register or 0
    return (NAMES if asked.type == READ else _ORDERS).get(register, f"register {register:02X}")


def number(register: int, data: bytes, size: int, *, signed: bool = False) -> int:
    """An integer of `size` bytes; raises `ProtocolError` for another length."""
    if len(data) != size:
        name = NAMES.get(register, f"register {register:02X}")
        raise ProtocolError(
            f"The laser tells {name} in a way that cannot be read. Check that it is the registered "
            f"type (register {register:02X}: {data.hex(' ') or 'nothing'}; {size} bytes were "
            "expected)."
        )
    return int.from_bytes(data, "little", signed=signed)


def text(data: bytes) -> str | None:
    """What stands before the first zero; None where it is empty or not readable."""
    said = data.split(b"\x00")[0].strip()
    readable = said.isascii() and said.decode("ascii").isprintable() and said
    return said.decode("ascii") if readable else None
