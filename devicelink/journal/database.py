"""The journal's SQLite file: its tables, how it is opened, and what its errors mean.

Where SQLite is 3.51.3 or newer the file is in WAL mode with `synchronous=FULL`, else in DELETE
mode with `synchronous=EXTRA` (older WAL can corrupt when two connections checkpoint). Either way
a commit that returned is on the disk.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BLOB,
    INTEGER,
    TEXT,
    CheckConstraint,
    Column,
    Connection,
    MetaData,
    QueuePool,
    Table,
    create_engine,
    event,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from devicelink.errors import ConfigError, JournalBroken, JournalUnwritable
from devicelink.journal.sqlite import address_of, connect, sqlite_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "journal.db"
_WAL_SINCE = (3, 51, 3)
_OUT_OF_REACH = frozenset({3, 5, 6, 7, 13, 14, 23})
"""SQLite's PERM, BUSY, LOCKED, NOMEM, FULL, CANTOPEN, AUTH: they say nothing of the content."""
_NO_DISK = frozenset({8, 10, 13, 14})
"""SQLite's READONLY, IOERR, FULL, CANTOPEN: the disk does not take what writing needs."""
_PRIMARY_CODE = 0xFF
_IO_ERROR = 10
_NOTHING = "Nothing was recorded"
_BEGIN = "devicelink_begin"

metadata = MetaData()

head_table = Table(
    "head",
    metadata,
    Column("id", INTEGER, CheckConstraint("id = 1"), primary_key=True),
    Column("origin", TEXT, nullable=False),
    Column("vkey", TEXT, nullable=False),
    Column("size", INTEGER, nullable=False),
    Column("frontier", BLOB, nullable=False),
    Column("checkpoint", TEXT, nullable=False),
    sqlite_strict=True,
)
entries_table = Table(
    "entries",
    metadata,
    Column("idx", INTEGER, primary_key=True),
    Column("raw", BLOB, nullable=False),
    sqlite_strict=True,
)
tiles_table = Table(
    "tiles",
    metadata,
    Column("level", INTEGER, primary_key=True),
    Column("idx", INTEGER, primary_key=True),
    Column("hashes", BLOB, nullable=False),
    sqlite_strict=True,
)
probe_table = Table(
    "probe",
    metadata,
    Column("id", INTEGER, CheckConstraint("id = 1"), primary_key=True),
    Column("written", BLOB, nullable=False),
    sqlite_strict=True,
)

ROTATION_BEGINS = b'{"v":1,"type":"station.key_rotated",'
"""The first bytes of an entry that brings a new key."""

_CONDITIONS = {
    "entries_not_changed": "UPDATE ON entries",
    "entries_not_removed": "DELETE ON entries",
    "entries_only_appended": "INSERT ON entries"
    " WHEN NEW.idx <> (SELECT COALESCE(MAX(idx) + 1, 0) FROM entries)",
    "tiles_not_changed": "UPDATE ON tiles",
    "tiles_not_removed": "DELETE ON tiles",
    "tiles_only_added": "INSERT ON tiles WHEN EXISTS"
    " (SELECT 1 FROM tiles WHERE level = NEW.level AND idx = NEW.idx)",
    "head_not_removed": "DELETE ON head",
    "head_only_grows": "UPDATE ON head WHEN NEW.size < OLD.size"  # noqa: S608  bytes of ours
    " OR NEW.origin <> OLD.origin OR (NEW.vkey <> OLD.vkey AND (NEW.size <= OLD.size"
    " OR NOT EXISTS (SELECT 1 FROM entries WHERE idx = NEW.size - 1 AND hex(raw)"
    f" LIKE '{ROTATION_BEGINS.hex().upper()}%')))",
}
_CONDITIONS_1 = {
    "head_only_grows": "UPDATE ON head WHEN NEW.size < OLD.size"
    " OR NEW.origin <> OLD.origin OR NEW.vkey <> OLD.vkey",
}


def _triggers(conditions: dict[str, str]) -> dict[str, str]:
    return {
        name: f"CREATE TRIGGER {name} BEFORE {condition}"
        " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        for name, condition in conditions.items()
    }


TRIGGERS = _triggers(_CONDITIONS)
"""By name; each refuses what an append-only journal never does."""
_TRIGGERS_1 = _triggers(_CONDITIONS_1)
"""Those of layout 1 that were other ones: stricter, since a key could not be rotated."""


@cache
def projection_table(name: str) -> Table:
    """The table of one projection: a key, and its state as JSON."""
    return Table(
        f"projection_{name}",
        MetaData(),
        Column("key", TEXT, primary_key=True),
        Column("state", TEXT, nullable=False),
        sqlite_strict=True,
    )


def run(connection: Connection, sql: str, *values: object) -> list[Any]:
    """The rows of one statement, within the connection's transaction.

    Straight to SQLite's driver, for the few statements of every append and every read: it takes a
    tenth of the time. Errors are `reader`'s and `writer`'s, as all others.
    """
    driver: Any = connection.connection.driver_connection
    rows: list[Any] = driver.execute(sql, values).fetchall()
    return rows


def make_tables(connection: Connection) -> None:
    """Create tables and triggers in an empty file."""
    metadata.create_all(connection)
    for sql in TRIGGERS.values():
        connection.exec_driver_sql(sql)


def renew_triggers(connection: Connection) -> None:
    """Take a file of layout 1 across, so that its key may be rotated; others stay as they are."""
    for name, old in _TRIGGERS_1.items():
        rows = run(connection, "SELECT sql FROM sqlite_master WHERE name = ?", name)
        if rows == [(old,)]:
            run(connection, f"DROP TRIGGER {name}")
            run(connection, TRIGGERS[name])


def table_names(connection: Connection) -> set[str]:
    """Which tables there are."""
    rows = run(connection, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}


def altered(connection: Connection) -> list[str]:
    """What of the tables and triggers is not as `make_tables` made it, as sentences."""
    found = []
    for table in metadata.sorted_tables:
        made = [(c.name, str(c.type), int(c.primary_key)) for c in table.columns]
        rows = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").all()
        kinds = connection.exec_driver_sql(f"PRAGMA table_list({table.name})").all()
        is_strict = [(row.type, row.strict) for row in kinds] == [("table", 1)]
        if [(r.name, r.type, int(r.pk > 0)) for r in rows] != made or not is_strict:
            found.append(f"The table {table.name} is not the one that devicelink makes.")
    named = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = {row.name: row.sql for row in named}
    found += [
        f"The trigger {name}, which keeps the journal append-only, was removed or changed."
        for name, sql in TRIGGERS.items()
        if triggers.get(name) not in {sql, _TRIGGERS_1.get(name, sql)}
    ]
    found += [
        f"The trigger {name} is not one that devicelink makes."
        for name in sorted(triggers.keys() - TRIGGERS.keys())
    ]
    return found


class Database:
    """One journal file; `reader` and `writer` open transactions on it, from any thread."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        sqlite = sqlite_module()
        self._errors = (SQLAlchemyError, sqlite.Error)
        in_wal = sqlite.sqlite_version_info >= _WAL_SINCE
        address = address_of(path, read_only=read_only)

        def open_file() -> Any:
            connection = connect(sqlite, address)
            if not read_only:
                connection.execute(f"PRAGMA journal_mode={'WAL' if in_wal else 'DELETE'}")
                connection.execute(f"PRAGMA synchronous={'FULL' if in_wal else 'EXTRA'}")
            return connection

        self._engine = create_engine(
            "sqlite+pysqlite://", module=sqlite, creator=open_file, poolclass=QueuePool
        )
        event.listen(self._engine, "begin", _begin)
        self._idle: list[Connection] = []

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """A read transaction: one snapshot, to be kept short.

        Raises `JournalBroken` where the file is no journal, `ConfigError` where it cannot be read.
        """
        try:
            with self._transaction("BEGIN") as connection:
                yield connection
        except self._errors as error:
            raise self._unreadable(error) from error

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """A write transaction, alone from its first moment and durable when left.

        Raises `JournalUnwritable` for whatever the database or the disk refuses. After an error of
        the disk the transaction may still be found whole when the file is next opened: where its
        last sync fails, SQLite cannot take back what was written.
        """
        if self.read_only:
            raise JournalUnwritable(f"{self.path} was opened for reading only.")
        try:
            with self._transaction("BEGIN IMMEDIATE") as connection:
                yield connection
        except self._errors as error:
            recorded = "Whether this was recorded is not known" if _is_io_error(error) else _NOTHING
            raise JournalUnwritable(
                f"The journal {self.path} cannot be written: {_cause(error)}. {recorded}; look at "
                "the disk (full, read-only, failing) and at other programs that hold the file."
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        """On a connection that nobody uses now; where anything fails, the pool resets it."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        connection.info[_BEGIN] = begin
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _unreadable(self, error: Exception) -> JournalBroken | JournalUnwritable | ConfigError:
        code = _code(error)
        if code in _NO_DISK and not self.read_only:
            return JournalUnwritable(
                f"The journal {self.path} cannot be used: {_cause(error)}. {_NOTHING}; "
                "look at the disk (full, read-only, failing)."
            )
        if code in _OUT_OF_REACH:
            return ConfigError(f"{self.path} cannot be read: {_cause(error)}.")
        return JournalBroken(
            f"{self.path} is not a whole journal: {_cause(error)}. Keep the file as it is and "
            "compare it with a copy."
        )


def _begin(connection: Connection) -> None:
    run(connection, connection.info[_BEGIN])


def _code(error: Exception) -> int:
    """SQLite's primary code."""
    return int(getattr(_cause(error), "sqlite_errorcode", 0)) & _PRIMARY_CODE


def _is_io_error(error: Exception) -> bool:
    return _code(error) == _IO_ERROR


def _cause(error: Exception) -> BaseException:
    """SQLite's own error, where there is one."""
    return (error.orig or error) if isinstance(error, DBAPIError) else error
