"""A journal's file made, and what every append shares: entries, tables, signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, JournalUnwritable
from devicelink.journal.append import add_entries, make_entries, project_entries, refill
from devicelink.journal.database import FILE_NAME, Database, make_tables
from devicelink.journal.head import first_head, move_head
from devicelink.journal.tree import Frontier
from devicelink.runtime.disk import sync_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from devicelink.journal.entry import Draft, Entry
    from devicelink.journal.head import Head
    from devicelink.journal.note import Checkpoint, Signer
    from devicelink.journal.projection import Projection
    from devicelink.runtime import Runtime


def add_signed(
    connection: Connection,
    signer: Signer,
    frontier: Frontier,
    entries: Sequence[Entry],
    projections: Sequence[Projection],
) -> tuple[Head, Checkpoint]:
    """Write entries, bring the tables up to date, and sign what there is then."""
    add_entries(connection, entries, frontier)
    project_entries(connection, entries, projections)
    return move_head(connection, signer, frontier)


def make_file(
    folder: Path,
    draft: Draft,
    signer: Signer,
    runtime: Runtime,
    projections: Sequence[Projection],
) -> None:
    """Make a journal whose entry 0 is the draft; after a crash it is there whole or not at all.

    Raises `ConfigError` where a journal is already, `JournalUnwritable`.
    """
    path = folder / FILE_NAME
    being_made = folder / (FILE_NAME + ".new")
    if path.exists():
        raise ConfigError(f"{folder} already holds a journal; it is never written over.")
    database = None
    try:
        for name in (FILE_NAME + ".new" + end for end in ("", "-wal", "-shm", "-journal")):
            (folder / name).unlink(missing_ok=True)
        being_made.touch(mode=0o600)
        database = Database(being_made)
        with database.writer() as connection:
            make_tables(connection)
            refill(connection, {projection.name: {} for projection in projections})
            first_head(connection, signer)
            entries, _ = make_entries([draft], None, runtime)
            add_signed(connection, signer, Frontier(), entries, projections)
        database.close()
        path.hardlink_to(being_made)
        being_made.unlink()
        sync_folder(folder)
    except FileExistsError:
        raise ConfigError(f"{folder} got a journal from another process just now.") from None
    except OSError as error:
        raise JournalUnwritable(f"No journal can be made in {folder}: {error.strerror}.") from error
    finally:
        if database is not None:
            database.close()
