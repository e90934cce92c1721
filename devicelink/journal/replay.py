"""Reading entries as evidence: every byte hashed, nothing chosen by a column one could edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import JournalBroken
from devicelink.journal.database import run
from devicelink.journal.entry import read_entry_at, type_of
from devicelink.journal.projection import read_state, write_state
from devicelink.journal.tree import Frontier, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from devicelink.journal.entry import Entry
    from devicelink.journal.note import Checkpoint
    from devicelink.journal.projection import Projection, States


BATCH = 256
"""Entries to a short read transaction."""

_READ = "SELECT idx, raw FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"


def read_raws(connection: Connection, start: int, stop: int) -> list[bytes]:
    """The bytes of entries from `start` on; raises `JournalBroken` where one is missing."""
    if start >= stop:
        return []
    rows = run(connection, _READ, start, stop)
    if rows and rows[-1][0] != start + len(rows) - 1:
        missing = next(at for at, row in enumerate(rows, start) if row[0] != at)
        raise JournalBroken(f"Entry {missing} of the journal is missing.")
    raws = [row[1] for row in rows]
    if not all(type(raw) is bytes for raw in raws):
        raise JournalBroken(f"Among entries {start} to {stop - 1} one is not stored as bytes.")
    return raws


class Replay:
    """Takes all entries in order, then says whether they are the ones that were signed."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self.frontier = Frontier()
        self._projections = tuple(projections)
        self._wanted: dict[str | None, tuple[Projection, ...]] = {}
        self._states: dict[str, States] = {projection.name: {} for projection in projections}
        self._shown: dict[str, States] = {projection.name: {} for projection in projections}
        self._changed: dict[tuple[str, str], None] = {}  # in the order of the entries

    def feed(self, raws: Iterable[bytes]) -> None:
        """The bytes of the next entries; raises `JournalBroken` where a wanted one is no entry."""
        frontier = self.frontier
        for raw in raws:
            index = frontier.size
            frontier.append(leaf_hash(raw))
            self.take(index, raw)

    def take(self, index: int, raw: bytes) -> None:
        """Bytes that whoever calls has hashed, in their order; raises as `feed`."""
        wanted, entry_type = self._wanted, type_of(raw)
        if entry_type not in wanted:
            wanted[entry_type] = tuple(p for p in self._projections if p.wants(entry_type))
        if takers := wanted[entry_type]:
            self._take(read_entry_at(index, raw), takers)

    def types(self) -> frozenset[str] | None:
        """The types of entries that count somewhere; None where all do."""
        if not all(each.types for each in self._projections):
            return None
        return frozenset[str]().union(*(each.types for each in self._projections))

    def go_on_from(self, frontier: Frontier) -> None:
        """What was taken belongs to a tree with this frontier."""
        self.frontier = frontier

    def hold_against(self, checkpoint: Checkpoint) -> None:
        """Raises `JournalBroken` unless the entries fed so far are what the checkpoint signs."""
        if self.frontier.size != checkpoint.size:
            raise JournalBroken(
                f"The journal has {self.frontier.size} entries, its checkpoint signs "
                f"{checkpoint.size}."
            )
        if self.frontier.root() != checkpoint.root:
            raise JournalBroken(
                f"The journal's {checkpoint.size} entries are not the ones that were signed: "
                "their root is another. `devicelink journal verify` names what was changed."
            )

    def states(self) -> dict[str, States]:
        """Per projection, key to state, as it would come back from its table; to be read only."""
        for name, key in self._changed:
            self._shown[name][key] = read_state(write_state(self._states[name][key]))
        self._changed.clear()
        return {name: dict(states) for name, states in self._shown.items()}

    def _take(self, entry: Entry, takers: Iterable[Projection]) -> None:
        for projection in takers:
            try:
                if (key := projection.key(entry)) is not None:
                    states = self._states[projection.name]
                    states[key] = projection.reduce(states.get(key), entry)
                    self._changed[projection.name, key] = None
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                raise JournalBroken(
                    f"Entry {entry.index} of type {entry.type!r} was not made by devicelink: the "
                    f"projection {projection.name} cannot take it ({error!r:.200})."
                ) from error
