"""SQLite as the journal uses it, without anything above: which one, and how a file is opened."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

BUSY_S = 5.0


def sqlite_module() -> ModuleType:
    """The newest SQLite that is there."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3")


def address_of(path: Path, *, read_only: bool) -> str:
    """The file as SQLite is told to open it; whether it can write is seen once, now.

    On a read-only medium SQLite cannot make the files that it needs beside a WAL database.
    """
    return path.absolute().as_uri() + _open_mode(path, read_only=read_only)


def connect(sqlite: ModuleType, address: str) -> Any:
    """A connection that any thread may use, and that begins no transaction by itself."""
    connection = sqlite.connect(
        address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _open_mode(path: Path, *, read_only: bool) -> str:
    if not read_only:
        return "?mode=rw"
    write_ahead = path.with_name(path.name + "-wal")
    unchanging = not os.access(path.parent, os.W_OK) and not write_ahead.exists()
    return "?mode=ro&immutable=1" if unchanging else "?mode=ro"
