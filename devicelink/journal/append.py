"""What one append does inside its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from devicelink.errors import JournalUnwritable
from devicelink.journal.clock import CONFIRMED, SUSPECT, clock_fault
from devicelink.journal.database import entries_table, projection_table, run, tiles_table
from devicelink.journal.entry import SALT_BYTES, Draft, make_entry
from devicelink.journal.projection import read_state, write_state
from devicelink.journal.tree import TILE_WIDTH, leaf_hash, root_of, split_hashes, tiles_completed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from devicelink.journal.entry import Entry
    from devicelink.journal.projection import Projection, States
    from devicelink.journal.tree import Frontier
    from devicelink.runtime import Runtime


_INSERT = "INSERT INTO entries (idx, raw) VALUES (?, ?)"


def make_entries(
    drafts: Sequence[Draft], last: Entry | None, runtime: Runtime
) -> tuple[list[Entry], list[Entry]]:
    """What follows `last`: all new entries, and among them the ones of the drafts.

    The others are `clock.suspect`, put before an entry whose time is wrong. From a `clock.suspect`
    to the next `clock.confirmed` every entry's `clock` is `suspect`.
    """
    made: list[Entry] = []
    asked: list[Entry] = []
    state = runtime.clock_state()
    for draft in drafts:
        at, mono_ns, boot = runtime.now(), runtime.mono_ns(), runtime.boot_id
        steps = [draft]
        if last and last.clock != "suspect" and draft.type not in {SUSPECT, CONFIRMED}:
            fault = clock_fault(last, at=at, mono_ns=mono_ns, boot=boot)
            steps = [draft] if fault is None else [Draft(SUSPECT, fault), draft]
        for step in steps:
            goes_on = last is not None and last.clock == "suspect" and step.type != CONFIRMED
            last = make_entry(
                step,
                index=0 if last is None else last.index + 1,
                at=at,
                mono_ns=mono_ns,
                boot=boot,
                clock="suspect" if goes_on or step.type == SUSPECT else state,
                salt=runtime.random_bytes(SALT_BYTES),
            )
            made.append(last)
        asked.append(made[-1])
    return made, asked


def add_entries(connection: Connection, entries: Sequence[Entry], frontier: Frontier) -> None:
    """Write entries and the tiles that they fill; moves `frontier`."""
    for entry in entries:
        run(connection, _INSERT, entry.index, entry.raw)
    for entry in entries:
        frontier.append(leaf_hash(entry.raw))
        for level, index in tiles_completed(frontier.size):
            hashes = _tile_hashes(connection, level, index)
            connection.execute(
                insert(tiles_table).values(level=level, idx=index, hashes=b"".join(hashes))
            )


def _tile_hashes(connection: Connection, level: int, index: int) -> list[bytes]:
    """Of entries at level 0, of the full tiles below at the levels above."""
    start, stop = index * TILE_WIDTH, (index + 1) * TILE_WIDTH
    if level == 0:
        below = select(entries_table.c.raw).where(
            entries_table.c.idx >= start, entries_table.c.idx < stop
        )
        return [leaf_hash(raw) for raw in connection.scalars(below.order_by(entries_table.c.idx))]
    tiles = select(tiles_table.c.hashes).where(
        tiles_table.c.level == level - 1, tiles_table.c.idx >= start, tiles_table.c.idx < stop
    )
    return [root_of(split_hashes(t)) for t in connection.scalars(tiles.order_by(tiles_table.c.idx))]


def project_entries(
    connection: Connection, entries: Sequence[Entry], projections: Sequence[Projection]
) -> None:
    """Bring the tables up to date; raises `JournalUnwritable` where a projection cannot follow."""
    for projection in projections:
        for entry in entries:
            if projection.takes(entry):
                _project(connection, entry, projection)


def _project(connection: Connection, entry: Entry, projection: Projection) -> None:
    table = projection_table(projection.name).name
    try:
        key = projection.key(entry)
        if key is None:
            return
        rows = run(
            connection,
            f"SELECT state FROM {table} WHERE key = ?",  # noqa: S608  a projection's own name
            key,
        )
        state = write_state(projection.reduce(read_state(rows[0][0]) if rows else None, entry))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise JournalUnwritable(
            f"An entry of type {entry.type!r} was not made, since the projection "
            f"{projection.name} cannot take it ({error!r}). If its table was edited by hand, "
            "`devicelink journal rebuild` makes it anew."
        ) from error
    run(
        connection,
        f"INSERT INTO {table} (key, state) VALUES (?, ?)"  # noqa: S608  as above
        " ON CONFLICT (key) DO UPDATE SET state = excluded.state",
        key,
        state,
    )


def refill(connection: Connection, states: dict[str, States]) -> None:
    """Drop the tables of projections and fill them anew."""
    for name, by_key in states.items():
        table = projection_table(name)
        table.drop(connection, checkfirst=True)
        table.create(connection)
        rows = [{"key": key, "state": write_state(state)} for key, state in by_key.items()]
        if rows:
            connection.execute(insert(table), rows)
