"""The wire of INTERLOCK/1: how bytes become commands, and texts lines. Written from its page."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = b"!"
_BEGIN, _END = ord(">"), ord("\n")
_LONGEST = 60
_LINE = re.compile(rb">([!-~]+(?: [!-~]+)*)\*([0-9A-F]{4})\n")
_NOT_IN_TEXT = re.compile(r"[*<>!]")
_TAG = re.compile(r"[0-9A-F]{4}")


def checksum(text: str) -> str:
    """CRC-16/CCITT-FALSE, in capitals."""
    return f"{binascii.crc_hqx(text.encode('latin-1'), 0xFFFF):04X}"


def line(text: str) -> bytes:
    """A reply."""
    return f"<{text}*{checksum(text)}\n".encode("latin-1")


def words(frame: bytes) -> list[str] | None:
    """The words of a command, its tag among them; None where the line cannot be read."""
    whole = _LINE.fullmatch(frame) if len(frame) <= _LONGEST + 1 else None
    if whole is None:
        return None
    text = whole[1].decode("latin-1")
    if _NOT_IN_TEXT.search(text) or whole[2].decode() != checksum(text):
        return None
    told = text.split(" ")
    return told if len(told) > 1 and _TAG.fullmatch(told[1]) else None


class Bytes:
    """Cuts what comes into `!`, and lines from their last `>` to their end."""

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line = bytearray()

    def __len__(self) -> int:
        """How many bytes have come of a line whose end has not."""
        return len(self._line)

    def cut(self, data: bytes) -> Iterator[bytes]:
        """The commands that are complete now."""
        for byte in data:
            if byte == OPEN[0]:
                self._line.clear()
                yield OPEN
            elif byte == _BEGIN:
                self._line[:] = b">"
            elif byte == _END and self._line:
                whole = bytes(self._line) + b"\n"
                self._line.clear()
                yield whole
            elif self._line and len(self._line) <= _LONGEST:
                self._line.append(byte)

    def forget(self) -> None:
        """It has lost what it had of a line."""
        self._line.clear()
