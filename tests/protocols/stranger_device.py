"""A laser console on a pty or a TCP port, written from docs/protocols/olcp.md alone.

`python -m tests.protocols.stranger_device [--tcp] [--permit-key HEX]` prints one JSON line with its
port; then each line KEY=VALUE on its stdin is a hand, a foot or a part: `footswitch=pressed`,
`ready_key=press`, `key=off`, `interlock_1=open`, `permit_key=HEX`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import socket
import sys
import time
import tty
from pathlib import Path

from tests.protocols import stranger_wire as wire
from tests.protocols.stranger_answers import AnsweringConsole

TICK_S = 0.002


class PtyLine:
    """The console's end of a pseudo-terminal."""

    def __init__(self) -> None:
        self.fd, self._far_end = os.openpty()
        tty.setraw(self._far_end)
        self.port = os.ttyname(self._far_end)

    def read(self) -> bytes:
        """Give what came."""
        return os.read(self.fd, 4096)

    def write(self, data: bytes) -> None:
        """Say something."""
        while data:
            data = data[os.write(self.fd, data) :]


class TcpLine:
    """A TCP port that takes one host at a time."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self._host: socket.socket | None = None

    @property
    def fd(self) -> int:
        """What to wait on."""
        return (self._host or self._server).fileno()

    def read(self) -> bytes:
        """Give what came; a host that is gone, or comes, gives nothing."""
        if self._host is None:
            self._host, _ = self._server.accept()
            self._host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        data = self._host.recv(4096)
        if not data:
            self._host.close()
            self._host = None
        return data

    def write(self, data: bytes) -> None:
        """Say something."""
        self._host.sendall(data)


def serve(console: AnsweringConsole, line: PtyLine | TcpLine) -> None:
    """Let the console live until its stdin ends."""
    typed = b""
    while True:
        ready, _, _ = select.select([line.fd, sys.stdin.fileno()], [], [], TICK_S)
        console.tick()
        if line.fd in ready:
            with contextlib.suppress(OSError):
                said = console.hear(line.read())
                if said:
                    line.write(said)
        if sys.stdin.fileno() in ready:
            data = os.read(sys.stdin.fileno(), 4096)
            if not data:
                return
            typed += data
            *lines, typed = typed.split(b"\n")
            for knob in lines:
                _turn(console, knob.decode().strip())


def _turn(console: AnsweringConsole, line: str) -> None:
    knob, _, value = line.partition("=")
    try:
        console.turn(knob, value)
    except (KeyError, ValueError) as wrong:
        wire.tell_person(error=repr(wrong))
        return
    wire.tell_person(turned=knob, value=value, state=console.state)


def main() -> None:
    """Serve one console."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tcp", action="store_true", help="a TCP port instead of a pty")
    parser.add_argument("--permit-key", default="", help="the public key in slot 0, in hex")
    parser.add_argument("--link", type=Path, help="a symbolic link to make to the pty")
    parser.add_argument("--serial", default="ST-0001", help="the serial number that it tells")
    asked = parser.parse_args()
    console = AnsweringConsole(lambda: time.monotonic() * 1000, serial=asked.serial)
    console.power_up()
    if asked.permit_key:
        console.turn("permit_key", asked.permit_key)
    line = TcpLine() if asked.tcp else PtyLine()
    if asked.link:
        asked.link.symlink_to(line.port)
    wire.tell_person(port=line.port, serial=console.serial)
    serve(console, line)


if __name__ == "__main__":
    main()
