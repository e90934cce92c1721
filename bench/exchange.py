"""One typed exchange with transcript over a pty, beside bare calls and beside PyMeasure's."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
import tty
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measuring import Row, in_turn
from devicelink.link.framing import Line
from devicelink.link.link import Link
from devicelink.link.port import open_port
from devicelink.link.transcript import FileTranscript
from devicelink.runtime import ThreadRuntime
from devicelink_ipg.engine import ask
from devicelink_ipg.ylr_sm import YlrSm

if TYPE_CHECKING:
    from collections.abc import Iterator

EXCHANGES = 500
ROUNDS = 21
_QUESTION, _ANSWER = b"ROP\r", b"ROP: 12.4\r"
_FAR_END = f"""
import os, sys
fd = int(sys.argv[1])
while data := os.read(fd, 4096):
    for word in data.split(b"\\r")[:-1]:
        os.write(fd, {_ANSWER!r} if word == b"ROP" else word + b": 1\\r")
"""


def rows() -> list[Row]:
    """Against bare calls and, where it is installed, against PyMeasure."""
    with _far_end() as path, tempfile.TemporaryDirectory() as folder:
        runtime = ThreadRuntime()
        port = open_port(path, Line(57600), runtime)
        transcript = FileTranscript(Path(folder) / "transcript.jsonl", runtime.disk)
        link = Link(port, YlrSm(Line(57600)).wire, runtime, transcript)
        fd = port.fileno()
        ask(link, "ROP")

        def ours() -> None:
            for _ in range(EXCHANGES):
                ask(link, "ROP")

        def bare() -> None:
            poller = select.poll()
            poller.register(fd, select.POLLIN)
            for _ in range(EXCHANGES):
                os.write(fd, _QUESTION)
                heard = b""
                while not heard.endswith(b"\r"):
                    poller.poll(200)
                    heard += os.read(fd, 4096)

        works = [ours, bare]
        instrument = _pymeasure(port)
        if instrument is not None:

            def theirs() -> None:
                for _ in range(EXCHANGES):
                    instrument.values("ROP", preprocess_reply=lambda told: told.partition(":")[2])

            works.append(theirs)
        took = [each / EXCHANGES for each in in_turn(ROUNDS, *works)]
    found = [Row("exchange over a pty", took[0], took[1], 1.25, "os.write, poll, os.read")]
    if instrument is not None:
        found.append(Row("exchange over a pty", took[0], took[2], 1.0, "PyMeasure, same query"))
    return found


def _pymeasure(port: object) -> object | None:
    """PyMeasure's instrument on the same open port; None where it is not installed."""
    try:
        from pymeasure.adapters import SerialAdapter
        from pymeasure.instruments import Instrument
    except ImportError:
        return None
    handle = port._keep  # noqa: SLF001  both ask over the one pty
    handle.timeout = 0.2
    adapter = SerialAdapter(handle, write_termination="\r", read_termination="\r")
    return Instrument(adapter, "laser", includeSCPI=False)


@contextmanager
def _far_end() -> Iterator[str]:
    """A pty whose other end answers at once, from a process of its own."""
    near, far = pty.openpty()
    tty.setraw(near)
    tty.setraw(far)
    command = [sys.executable, "-c", _FAR_END, str(near)]
    process = subprocess.Popen(command, pass_fds=[near])
    try:
        yield os.ttyname(far)
    finally:
        process.kill()
        process.wait()
        os.close(near)
        os.close(far)
