"""What the host sends, cut into commands as it sent them, before anything reaches the device."""

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
        """The commands that are complete now, without their end."""
        *commands, rest = data.split(self._end)
        if commands:
            commands[0] = (self._rest + commands[0])[: self._kept_bytes]
            self._rest = rest[: self._kept_bytes]
        else:
            self._rest = (self._rest + rest)[: self._kept_bytes]
        return commands

    def forget(self) -> None:
        """The device has lost what it had of a command."""
        self._rest = b""
