"""Each driver's exchange with transcript over a pty, beside bare calls and beside PyMeasure's."""

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
from bench.wires import ASKED, ROP
from devicelink import registry
from devicelink.link.link import Link
from devicelink.link.port import open_port
from devicelink.link.transcript import FileTranscript
from devicelink.runtime import ThreadRuntime
from devicelink_ipg.engine import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.wires import Asked
    from devicelink.link.port import Port

EXCHANGES = 500
ROUNDS = 21
_FAR_END = """
import ast, os, sys
fd, answers = int(sys.argv[1]), ast.literal_eval(sys.argv[2])
while data := os.read(fd, 4096):
    os.write(fd, answers.get(data, b""))
"""


def rows() -> list[Row]:
    """Against bare calls and, where it is installed, against PyMeasure."""
    found = []
    for asked in ASKED:
        with _far_end(asked) as path, tempfile.TemporaryDirectory() as folder:
            found += _rows(asked, path, Path(folder))
    return found


def _rows(asked: Asked, path: str, folder: Path) -> list[Row]:
    runtime = ThreadRuntime()
    driver = registry.load_any(asked.driver)(asked.configuration)
    port = open_port(path, driver.line, runtime)
    transcript = FileTranscript(folder / "transcript.jsonl", runtime.disk)
    link = Link(port, driver.wire, runtime, transcript)
    link.exchange(asked.question, within_s=1)

    def ours() -> None:
        for _ in range(EXCHANGES):
            link.exchange(asked.question, within_s=0.2)

    def typed() -> None:
        for _ in range(EXCHANGES):
            ask(link, "ROP")

    works = [typed if asked is ROP else ours, _bare(port.fileno(), asked)]
    instrument = _pymeasure(port) if asked is ROP else None
    if instrument is not None:

        def theirs() -> None:
            for _ in range(EXCHANGES):
                instrument.values("ROP", preprocess_reply=lambda told: told.partition(":")[2])

        works.append(theirs)
    took = [each / EXCHANGES for each in in_turn(ROUNDS, *works)]
    name = f"{asked.driver}: exchange over a pty"
    found = [Row(name, took[0], took[1], 1.25, "os.write, poll, os.read")]
    if instrument is not None:
        found.append(Row(name, took[0], took[2], 1.0, "PyMeasure, same query"))
    return found


def _bare(fd: int | None, asked: Asked) -> Callable[[], None]:
    """The least that it takes: write, wait, read, until as many bytes came."""

    def bare() -> None:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        for _ in range(EXCHANGES):
            os.write(fd, asked.question)
            heard = b""
            while len(heard) < len(asked.answer):
                poller.poll(200)
                heard += os.read(fd, 4096)

    return bare


def _pymeasure(port: Port) -> object | None:
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
def _far_end(asked: Asked) -> Iterator[str]:
    """A pty whose other end answers at once, from a process of its own."""
    near, far = pty.openpty()
    tty.setraw(near)
    tty.setraw(far)
    answers = {asked.question: asked.answer, **asked.answers}
    command = [sys.executable, "-c", _FAR_END, str(near), repr(answers)]
    process = subprocess.Popen(command, pass_fds=[near])
    try:
        yield os.ttyname(far)
    finally:
        process.kill()
        process.wait()
        os.close(near)
        os.close(far)
