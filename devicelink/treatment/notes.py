"""Free text that people write: an entry binds it by a salted hash, the text lies outside.

Text and salt lie in `personal.db`, erasable; the entry holds SHA-256(32-byte salt, text) alone
(design rule 14).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from devicelink.errors import ConfigError
from devicelink.journal.sqlite import sqlite_module
from devicelink.treatment.clients import SALT_BYTES, make_private, unwritten

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Runtime

LONGEST = 500

_TABLE = (
    "CREATE TABLE IF NOT EXISTS notes"
    " (sha256 VARCHAR NOT NULL PRIMARY KEY, salt BLOB NOT NULL, text VARCHAR NOT NULL)"
)
_ADD = "INSERT INTO notes (sha256, salt, text) VALUES (?, ?, ?)"
_FIND = "SELECT text FROM notes WHERE sha256 = ?"


def keep_note(folder: Path, text: str, runtime: Runtime) -> str:
    """Keep a text; the hash that an entry names it by. It is durable before this returns.

    Raises `ConfigError` for a text that is none, `JournalUnwritable` where nothing can be kept.
    """
    if not text.strip() or len(text) > LONGEST or not text.isprintable():
        raise ConfigError(f"A reason is 1 to {LONGEST} printable characters, in one line.")
    path = folder / "personal.db"
    make_private(path, runtime)
    salt = runtime.random_bytes(SALT_BYTES)
    named = hashlib.sha256(salt + text.encode()).hexdigest()
    engine = create_engine(f"sqlite:///{path}", module=sqlite_module(), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
            connection.exec_driver_sql("PRAGMA synchronous=EXTRA")
            connection.commit()
            connection.exec_driver_sql(_TABLE)
            connection.exec_driver_sql(_ADD, (named, salt, text))
            connection.commit()
    except SQLAlchemyError as error:
        raise unwritten(f"The file {path} for notes", error) from None
    return named


def read_note(folder: Path, named: str) -> str | None:
    """The text behind a hash; None where it was erased, or cannot be read."""
    path = folder / "personal.db"
    if not path.is_file():
        return None
    engine = create_engine(f"sqlite:///{path}", module=sqlite_module(), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql(_FIND, (named,)).scalar()
    except SQLAlchemyError:
        return None
    return None if found is None else str(found)
