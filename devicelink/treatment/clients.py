"""Clients under pseudonyms: what binds a person to entries lives here, outside the journal.

A client's reference never enters the journal: an entry holds HMAC-SHA-256 of it under a salt of
that client, and reference and salt lie in `personal.db`, erasable (design rule 14).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from devicelink.errors import ConfigError, JournalUnwritable
from devicelink.journal.sqlite import sqlite_module

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Runtime

SALT_BYTES = 32
REFERENCE_MAX = 100

_TABLE = (
    "CREATE TABLE IF NOT EXISTS clients"
    " (reference VARCHAR NOT NULL PRIMARY KEY, salt BLOB NOT NULL)"
)
_FIND = "SELECT salt FROM clients WHERE reference = ?"
_ADD = "INSERT INTO clients (reference, salt) VALUES (?, ?)"


def bind(folder: Path, reference: str, runtime: Runtime) -> str:
    """The pseudonym of a client, hex; the salt is durable before this returns.

    Raises `ConfigError` for a reference that is none, `JournalUnwritable` where nothing can be
    kept.
    """
    if not reference.strip() or len(reference) > REFERENCE_MAX or not reference.isprintable():
        raise ConfigError(
            f"A client reference is 1 to {REFERENCE_MAX} printable characters; use a number that "
            "the clinic's own records know, never a name."
        )
    path = folder / "personal.db"
    make_private(path, runtime)
    engine = create_engine(f"sqlite:///{path}", module=sqlite_module(), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
            connection.exec_driver_sql("PRAGMA synchronous=EXTRA")
            connection.commit()
            connection.exec_driver_sql(_TABLE)
            salt: bytes | None = connection.exec_driver_sql(_FIND, (reference,)).scalar()
            if salt is None:
                salt = runtime.random_bytes(SALT_BYTES)
                connection.exec_driver_sql(_ADD, (reference, salt))
            connection.commit()
    except SQLAlchemyError as error:
        raise unwritten(f"The clients' file {path}", error) from None
    return hmac.new(salt, reference.encode(), hashlib.sha256).hexdigest()


def unwritten(what: str, error: SQLAlchemyError) -> JournalUnwritable:
    """SQLite's own words alone: SQLAlchemy's would show the reference and its salt."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return JournalUnwritable(
        f"{what} cannot be written: {cause or type(error).__name__}. Look at the disk (full, "
        "read-only, failing) and at other programs that hold the file."
    )


def make_private(path: Path, runtime: Runtime) -> None:
    """The file is its owner's alone from the first byte on."""
    try:
        runtime.disk.appender(path).close()
    except OSError as error:
        raise JournalUnwritable(
            f"The clients' file {path} cannot be made: {error.strerror}."
        ) from None
