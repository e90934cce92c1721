"""Lines that somebody types on standard input, as they come, in pieces or in bunches."""

from __future__ import annotations

import os
import sys

_STDIN = 0
_READ_BYTES = 4096
_LONGEST_LINE = 4096


class TypedLines:
    """Standard input, never waited for; where it ends or never was, nothing more comes."""

    def __init__(self) -> None:
        self._open = sys.stdin is not None  # started without one, 0 is some other descriptor
        self._rest = b""

    def descriptors(self) -> list[int]:
        """What to wait on; none when it has ended."""
        return [_STDIN] if self._open else []

    def read(self) -> list[str]:
        """The lines that are whole now, without blank ones; call it when it is readable."""
        try:
            data = os.read(_STDIN, _READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self._open = False
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST_LINE]
        texts = (line.decode(errors="replace").strip() for line in lines)
        return [text for text in texts if text]
