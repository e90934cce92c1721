"""The cutter of every wire whose commands end with one byte that stands nowhere else in them."""

from __future__ import annotations


class Incoming:
    """Keeps what has come of a command until its end comes; both belong to the device's memory.

    `end` is one byte. Of a command longer than `longest_bytes` the rest but its end is forgotten,
    so that it still shows as too long.
    """

    __slots__ = ("_end", "_kept_bytes", "_rest")

    def __init__(self, end: bytes, longest_bytes: int) -> None:
        self._end = end
        self._kept_bytes = longest_bytes + 1
        self._rest = b""

    def __len__(self) -> int:
        """How many bytes have come whose end has not."""
        return len(self._rest)

    def cut(self, data: bytes) -> list[bytes]:
        """The commands that are complete now, with their end."""
        end = self._end
        if not self._rest and data.find(end) == len(data) - 1 and 0 < len(data) <= self._kept_bytes:
            return [data]  # by far the commonest: one whole command
        *commands, rest = (self._rest + data).split(end)
        self._rest = rest[: self._kept_bytes]
        return [command[: self._kept_bytes] + end for command in commands]

    def forget(self) -> None:
        """The device has lost what it had of a command."""
        self._rest = b""
