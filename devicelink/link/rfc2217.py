"""A serial line on another machine, set over the network: RFC 2217 on a plain descriptor.

Pyserial's own client reads in a thread of its own and has no descriptor, so no guard could inherit
it. This one is a codec around a `Port` with a descriptor: what a laser is told passes unchanged
but for 0xFF, which is doubled, and a guard that inherits the descriptor goes on in the middle.

Sources: RFC 854 (telnet commands, 0xFF doubled), RFC 2217 (option 44 and its numbers).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from devicelink.errors import LinkLost, NoReply, PortUnavailable
from devicelink.runtime import nanoseconds, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.link.framing import Line
    from devicelink.link.port import Port
    from devicelink.runtime import Latch, Runtime

AGREE_WITHIN_S = 3.0

_IAC, _NOP = b"\xff", b"\xff\xf1"
_WILL, _WONT, _DO, _DONT = 251, 252, 253, 254
_BINARY, _NO_GO_AHEAD, _COM_PORT = 0, 3, 44
_WANTED = (_COM_PORT, _BINARY, _NO_GO_AHEAD)
_BAUDRATE, _DATASIZE, _PARITY, _STOPSIZE, _CONTROL = 1, 2, 3, 4, 5
_LINESTATE_MASK, _MODEMSTATE_MASK = 10, 11
_NO_FLOW_CONTROL, _DTR_LOW, _RTS_LOW = 1, 9, 12
_PARITIES = {"N": 1, "O": 2, "E": 3, "M": 4, "S": 5}
_ANSWER = 100
"""A server answers a command with its number and 100 more."""
_PIECE = re.compile(
    rb"[^\xff]+|\xff(?:\xff|[\xfb-\xfe].|\xfa(?:[^\xff]|\xff\xff)*\xff\xf0|[^\xff\xfa-\xfe])",
    re.DOTALL,
)
_LONGEST_COMMAND = 1024


class Telnet:
    """What comes from the server: data, and commands among it, however the stream is cut."""

    def __init__(self) -> None:
        self._rest = b""
        self.commands: list[bytes] = []
        """Whole commands that nobody has dealt with yet, each from its IAC on."""

    def feed(self, received: bytes) -> bytes:
        """The data among these bytes; half a command waits for its end."""
        stream, at, data = self._rest + received, 0, bytearray()
        while piece := _PIECE.match(stream, at):
            at = piece.end()
            if not piece[0].startswith(_IAC):
                data += piece[0]
            elif piece[0] == _IAC * 2:
                data += _IAC
            else:
                self.commands.append(piece[0])
        self._rest = stream[at:] if len(stream) - at <= _LONGEST_COMMAND else b""
        return bytes(data)


def escaped(data: bytes) -> bytes:
    """Data as it stands in a telnet stream."""
    return data.replace(_IAC, _IAC * 2)


class Rfc2217Port:
    """A port over the descriptor of another; `begun` where a stream is inherited, not opened.

    An inherited stream may end in half a pair of 0xFF, which would swallow the first byte that
    follows: so its first write begins with a telnet command that does nothing.
    """

    def __init__(self, inner: Port, runtime: Runtime, *, begun: bool = False) -> None:
        self._inner = inner
        self._runtime = runtime
        self._telnet = Telnet()
        self._first = _NOP if begun else b""
        self._agreed = False
        self._told: dict[int, bytes] = {}

    def set_line(self, line: Line) -> None:
        """Agree with the server and set the line, control lines first; read back all but masks.

        Raises `PortUnavailable` where it does not speak RFC 2217, or sets something else.
        """
        give_up_ns = self._runtime.mono_ns() + nanoseconds(AGREE_WITHIN_S)
        try:
            for option in _WANTED:
                self._inner.write(bytes((255, _WILL, option, 255, _DO, option)))
            self._await(lambda: self._agreed, give_up_ns, "does not speak RFC 2217")
            for mask in (_LINESTATE_MASK, _MODEMSTATE_MASK):
                self._command(mask, b"\0")
            for command, value, what in _settings(line):
                self._told.pop(command + _ANSWER, None)
                self._command(command, value)
                self._await_told(command + _ANSWER, value, give_up_ns, what)
        except (LinkLost, NoReply) as error:
            raise PortUnavailable(f"The port's server does not answer ({error}).") from error

    def write(self, data: bytes) -> None:
        """Write all of it; raises `LinkLost`."""
        first, self._first = self._first, b""
        self._inner.write(first + escaped(data))

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """What is there of data; what the server says of its line is dealt with on the way."""
        deadline_ns = self._runtime.mono_ns() + nanoseconds(within_s)
        while True:
            left_s = seconds(deadline_ns - self._runtime.mono_ns())
            received = self._inner.read(max(0.0, left_s), until)
            data = self._telnet.feed(received)
            self._attend()
            if data or not received or self._runtime.mono_ns() >= deadline_ns:
                return data

    def fileno(self) -> int | None:
        """The descriptor of the stream."""
        return self._inner.fileno()

    def close(self) -> None:
        """Let go; never raises."""
        self._inner.close()

    def _command(self, number: int, value: bytes) -> None:
        body = bytes((_COM_PORT, number)) + value
        self._inner.write(b"\xff\xfa" + escaped(body) + b"\xff\xf0")

    def _await_told(self, number: int, value: bytes, give_up_ns: int, what: str) -> None:
        told = f"does not say that it set {what}"
        self._await(lambda: number in self._told, give_up_ns, told)
        if self._told[number] != value:
            raise PortUnavailable(f"The port's server did not set {what} as asked.")

    def _await(self, condition: Callable[[], bool], give_up_ns: int, problem: str) -> None:
        """Data that comes meanwhile is dropped: nothing was asked yet."""
        while not condition():
            left_s = seconds(give_up_ns - self._runtime.mono_ns())
            if left_s <= 0:
                raise PortUnavailable(f"The port's server {problem}.")
            self._telnet.feed(self._inner.read(left_s))
            self._attend()

    def _attend(self) -> None:
        """Note what the server told; options that were not wanted are declined."""
        commands, self._telnet.commands = self._telnet.commands, []
        for command in commands:
            verb, option = command[1], command[2] if len(command) > 2 else None  # noqa: PLR2004  (IAC, verb, option)
            if verb in {_DO, _WILL} and option == _COM_PORT:
                self._agreed = True
            elif verb in {_DO, _WILL} and option not in _WANTED:
                no = _WONT if verb == _DO else _DONT
                self._inner.write(bytes((255, no)) + command[2:3])
            elif command[1:3] == bytes((250, _COM_PORT)):
                body = command[3:-2].replace(_IAC * 2, _IAC)
                self._told[body[0] if body else 0] = body[1:]


def _settings(line: Line) -> list[tuple[int, bytes, str]]:
    """Command, value, and what it is; the lines that could make light first."""
    low = [(_CONTROL, bytes((_DTR_LOW,)), "DTR low"), (_CONTROL, bytes((_RTS_LOW,)), "RTS low")]
    return [
        *(low if line.control_lines_low else ()),
        (_BAUDRATE, line.baudrate.to_bytes(4, "big"), f"{line.baudrate} baud"),
        (_DATASIZE, bytes((line.bytesize,)), f"{line.bytesize} data bits"),
        (_PARITY, bytes((_PARITIES[line.parity],)), f"parity {line.parity}"),
        (_STOPSIZE, bytes((line.stopbits,)), f"{line.stopbits} stop bits"),
        (_CONTROL, bytes((_NO_FLOW_CONTROL,)), "no flow control"),
    ]
