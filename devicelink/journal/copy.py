"""A consistent copy of an SQLite file that other processes go on writing to."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, Refused
from devicelink.journal.sqlite import BUSY_S, address_of, sqlite_module
from devicelink.runtime import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devicelink.runtime import Runtime

_PAGES = 512
"""To a step: 2 MiB, within which no writer of a file in DELETE mode has to wait long."""
_PATIENCE_S = 120.0


def copy_database(
    source: Path,
    target: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Copy the state of one moment into a new private file, whole in that one file, and durable.

    In WAL mode one read transaction holds the moment, and nobody waits. In DELETE mode an open
    reader would make a session's append fail, so the file is let go between steps, and SQLite
    begins anew when it was written to meanwhile. `progress` is told (done, total) pages. Raises
    `Refused` where it is written to without a pause, `ConfigError` for what cannot be read or
    written.
    """
    sqlite = sqlite_module()
    give_up_ns = runtime.mono_ns() + nanoseconds(_PATIENCE_S)
    address = address_of(source, read_only=True)
    with contextlib.ExitStack() as opened:
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            living = sqlite.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)
            opened.callback(living.close)
            copy = sqlite.connect(str(target), isolation_level=None)
            opened.callback(copy.close)
            in_wal = living.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            if in_wal:
                living.execute("BEGIN")
                living.execute("SELECT count(*) FROM sqlite_master").fetchone()

            def step(_status: int, remaining: int, total: int) -> None:
                progress(total - remaining, total)
                if not in_wal and runtime.mono_ns() > give_up_ns:
                    raise Refused(
                        f"{source.name} is written to without a pause, so that no copy of one "
                        "moment can be made. Say it again when no session runs."
                    )

            living.backup(copy, pages=_PAGES, progress=step, sleep=0.001)
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("PRAGMA synchronous=FULL")
        except sqlite.Error as error:
            raise ConfigError(f"{source} cannot be copied to {target.parent}: {error}.") from error
    with target.open("rb") as file:
        os.fsync(file.fileno())
