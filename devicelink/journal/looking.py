"""Plain tiles of a journal file in order, looked for on as many cores as there are.

`python -m devicelink.journal.looking ADDRESS WANTED` is one worker: a line in names a run of tiles,
a line out tells of each. It ends with its input. A worker that fails is no fault of the journal:
its tiles count as not plain.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import deque
from typing import IO, TYPE_CHECKING, Any, Self

from devicelink.journal.plain import PlainTile, plain_tile
from devicelink.journal.sqlite import connect, sqlite_module
from devicelink.journal.tree import TILE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

RUN = 32
"""Tiles that a worker takes at once."""
WORTH_A_PROCESS = 128
"""Tiles; below, a process takes longer to begin than the work itself."""
_AHEAD = 2
"""Runs that each worker has before it, so that it never waits."""

_RAWS = "SELECT raw FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
_HASHES = "SELECT hashes FROM tiles WHERE level = 0 AND idx = ?"


def plain_tiles(
    address: str, count: int, wanted: Collection[str] | None, cores: int
) -> Iterator[PlainTile | None]:
    """What is found of tiles 0 to `count` - 1, None for each that is not plain."""
    if cores < 2 or count < WORTH_A_PROCESS:  # noqa: PLR2004
        return _looked_at_here(address, count, wanted)
    return _looked_at_by(address, count, wanted, cores)


def _looked_at_here(
    address: str, count: int, wanted: Collection[str] | None
) -> Iterator[PlainTile | None]:
    with _File(address, wanted) as file:
        for index in range(count):
            yield file.look(index)


def _looked_at_by(
    address: str, count: int, wanted: Collection[str] | None, cores: int
) -> Iterator[PlainTile | None]:
    """Runs are dealt out in turn and taken back in the same order."""
    runs = deque((at, min(at + RUN, count)) for at in range(0, count, RUN))
    asked: deque[tuple[_Worker, int, int]] = deque()
    workers = [_Worker(address, wanted) for _ in range(cores)]
    try:
        for worker in workers * _AHEAD:
            _ask(worker, runs, asked)
        while asked:
            worker, start, stop = asked.popleft()
            found = worker.answer(stop - start)
            _ask(worker, runs, asked)
            yield from found
    finally:
        for worker in workers:
            worker.end()


def _ask(
    worker: _Worker, runs: deque[tuple[int, int]], asked: deque[tuple[_Worker, int, int]]
) -> None:
    if runs:
        start, stop = runs.popleft()
        worker.ask(start, stop)
        asked.append((worker, start, stop))


class _Worker:
    """A process that looks at tiles; where it cannot be had, it answers that none is plain."""

    def __init__(self, address: str, wanted: Collection[str] | None) -> None:
        told = json.dumps(None if wanted is None else sorted(wanted))
        command = [sys.executable, "-P", "-m", __name__, address, told]
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return

    def ask(self, start: int, stop: int) -> None:
        """Look at tiles `start` to `stop` - 1."""
        if self._process is None or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(b"%d %d\n" % (start, stop))
            self._process.stdin.flush()
        except OSError:
            return

    def answer(self, count: int) -> list[PlainTile | None]:
        """Of the run that was asked for first."""
        line = b""
        if self._process is not None and self._process.stdout is not None:
            line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            return [None] * count
        return [_read(told) for told in json.loads(line)]

    def end(self) -> None:
        """Wherever it stands."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


class _File:
    """One journal file, opened for looking alone."""

    def __init__(self, address: str, wanted: Collection[str] | None) -> None:
        self._sqlite = sqlite_module()
        self._address = address
        self._wanted = wanted
        self._connection: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def look(self, index: int) -> PlainTile | None:
        """A tile; what cannot be read is not plain."""
        start = index * TILE_WIDTH
        try:
            if self._connection is None:
                self._connection = connect(self._sqlite, self._address)
            rows = self._connection.execute(_RAWS, (start, start + TILE_WIDTH)).fetchall()
            held = self._connection.execute(_HASHES, (index,)).fetchall()
        except self._sqlite.Error:
            return None
        raws = [raw for (raw,) in rows]
        if len(held) != 1 or not all(type(raw) is bytes for raw in (*raws, held[0][0])):
            return None
        return plain_tile(start, raws, held[0][0], self._wanted)


def _written(tile: PlainTile | None) -> list[object] | None:
    if tile is None:
        return None
    wanted = [(place, raw.decode()) for place, raw in tile.wanted]
    root = base64.b64encode(tile.root).decode()
    return [root, tile.first_at, tile.last_at, tile.sessions, wanted]


def _read(told: list[Any] | None) -> PlainTile | None:
    if told is None:
        return None
    root, first_at, last_at, sessions, wanted = told
    entries = [(place, text.encode()) for place, text in wanted]
    return PlainTile(base64.b64decode(root), first_at, last_at, sessions, entries)


def work(address: str, wanted: Collection[str] | None, asked: IO[bytes], told: IO[bytes]) -> None:
    """Answer one line after the other, until the end of `asked`."""
    with _File(address, wanted) as file:
        for line in asked:
            start, stop = map(int, line.split())
            found = [_written(file.look(index)) for index in range(start, stop)]
            told.write(json.dumps(found).encode() + b"\n")
            told.flush()


if __name__ == "__main__":
    _, its_address, its_wanted = sys.argv
    work(its_address, json.loads(its_wanted), sys.stdin.buffer, sys.stdout.buffer)
