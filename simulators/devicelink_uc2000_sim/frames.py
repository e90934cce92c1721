"""How the bytes on the wire become commands: start byte, command, data, checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_uc2000_sim.commands import SET_PERCENT, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_uc2000_sim.physics import Controller

START = 0x5B
STATUS = 0x7E
STATUS_REQUEST = bytes([STATUS])


def checksum(data: bytes) -> int:
    """One's complement of the low eight bits of the sum; the start byte is not in it."""
    return ~sum(data) & 0xFF


class Frames:
    """Cuts commands as the controller's settings then say, and knows which one is late.

    A status request that comes within another command is handed out at once; the other goes on.
    """

    __slots__ = ("_box", "_frame", "_since_ns")

    def __init__(self, box: Controller) -> None:
        self._box = box
        self._frame = b""
        self._since_ns = 0

    def __len__(self) -> int:
        """How many bytes of a command have come that is not whole."""
        return len(self._frame)

    @property
    def late_ns(self) -> int | None:
        """When what has come of a command is too old to become one."""
        if not self._frame:
            return None
        return self._since_ns + nanoseconds(self._box.inputs.half_command_s)

    def cut(self, data: bytes) -> Iterator[bytes]:
        """The commands that are complete now."""
        for value in data:
            if value == STATUS and self._asks_status():
                yield STATUS_REQUEST
            elif self._takes(value):
                self._frame += bytes([value])
                if len(self._frame) >= self._length():
                    frame, self._frame = self._frame, b""
                    yield frame

    def forget(self) -> None:
        """Nothing has come."""
        self._frame = b""

    @property
    def _body(self) -> bytes:
        return self._frame[self._start_bytes :]

    @property
    def _start_bytes(self) -> int:
        return 1 if self._box.inputs.start_byte == "on" else 0

    @property
    def _at_command(self) -> bool:
        return len(self._frame) == self._start_bytes

    def _takes(self, value: int) -> bool:
        """Whether the byte is one of a command."""
        inputs = self._box.inputs
        if not self._frame:
            self._since_ns = self._box.now_ns
            if self._start_bytes and value != START:
                return inputs.stray_byte == "nak"
        skips = inputs.unknown_command == "waits"
        return not (self._at_command and skips and not known(value))

    def _length(self) -> int:
        """How long this command is with all its bytes."""
        body = self._body
        if self._start_bytes and self._frame[0] != START:
            return 1
        if not body:
            return self._start_bytes + 1
        inputs = self._box.inputs
        if not known(body[0]) and inputs.unknown_command != "nak_after_checksum":
            return self._start_bytes + 1
        checksums = 1 if inputs.checksum == "on" else 0
        return self._start_bytes + 1 + (body[0] == SET_PERCENT) + checksums

    def _asks_status(self) -> bool:
        """Whether 7E is a status request where it comes."""
        inputs = self._box.inputs
        if not self._frame:
            return True
        if self._at_command:
            return inputs.status_inside != "no"
        body = self._body
        if body == bytes([SET_PERCENT]):
            off = inputs.checksum == "off"
            return inputs.data_7e == "status" or (inputs.data_7e == "by_checksum" and off)
        return inputs.status_inside == "anywhere" and checksum(body) != STATUS
