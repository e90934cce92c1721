"""Clients under pseudonyms: what binds a person to entries lives here, outside the journal.

A client's reference never enters the journal: an entry holds HMAC-SHA-256 of it under a salt of
that client, and reference and salt lie in `personal.db`, erasable (design rule 14).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from devicelink.errors import ConfigError, JournalUnwritable

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Runtime

SALT_BYTES = 32
REFERENCE_MAX = 100

_metadata = MetaData()
_clients = Table(
    "clients",
    _metadata,
    Column("reference", String, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
)


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
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
            connection.exec_driver_sql("PRAGMA synchronous=EXTRA")
            connection.commit()
            _metadata.create_all(connection)
            wanted = select(_clients.c.salt).where(_clients.c.reference == reference)
            salt: bytes | None = connection.execute(wanted).scalar_one_or_none()
            if salt is None:
                salt = runtime.random_bytes(SALT_BYTES)
                connection.execute(insert(_clients).values(reference=reference, salt=salt))
            connection.commit()
    except SQLAlchemyError as error:
        raise JournalUnwritable(f"The clients' file {path} cannot be written: {error}.") from None
    path.chmod(0o600)
    return hmac.new(salt, reference.encode(), hashlib.sha256).hexdigest()
