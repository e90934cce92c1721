"""Proofs for one journal, made of the tiles that are stored; entries are read only behind them."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from devicelink.errors import JournalBroken
from devicelink.journal.database import run
from devicelink.journal.replay import read_raws
from devicelink.journal.tree import (
    TILE_BITS,
    TILE_BYTES,
    TILE_WIDTH,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    perfect_ranges,
    root_of,
    split_hashes,
    tile_path,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from devicelink.journal.database import Database

_TILE = "SELECT hashes FROM tiles WHERE level = ? AND idx = ?"


class StoredTiles:
    """The tree over a journal's first `size` entries; a few tiles are read for each proof.

    Nothing read here is believed: whoever asks holds the proof against a signed root.
    """

    def __init__(self, database: Database, size: int) -> None:
        self._database = database
        self._size = size

    def inclusion_proof(self, index: int) -> list[bytes]:
        """That the entry at `index` is in the tree; raises `JournalBroken` for a missing tile."""
        return [self._node(a, b) for a, b in inclusion_ranges(index, self._size)]

    def consistency_proof(self, old: int) -> list[bytes]:
        """That the tree begins with its first `old` entries; raises `JournalBroken` as above."""
        return [self._node(a, b) for a, b in consistency_ranges(old, self._size)]

    def root(self, size: int) -> bytes:
        """The root over the first `size` entries (at least one); raises `JournalBroken`."""
        return self._node(0, size)

    def _node(self, start: int, stop: int) -> bytes:
        parts = [self._perfect(a, b) for a, b in perfect_ranges(start, stop)]
        return reduce(lambda right, left: node_hash(left, right), reversed(parts))

    def _perfect(self, start: int, stop: int) -> bytes:
        """A subtree whose width is a power of two lies within one tile, at some level."""
        level = ((stop - start).bit_length() - 1) // TILE_BITS
        first, last = start >> level * TILE_BITS, stop >> level * TILE_BITS
        with self._database.reader() as connection:
            return root_of(self._hashes(connection, level, first, last))

    def _hashes(self, connection: Connection, level: int, first: int, last: int) -> list[bytes]:
        """Hashes `first` to `last` - 1 of a level, all of one tile."""
        index, at = divmod(first, TILE_WIDTH)
        if (index + 1) * TILE_WIDTH <= self._size >> level * TILE_BITS:
            return _tile(connection, level, index)[at : at + last - first]
        if level == 0:
            raws = read_raws(connection, first, last)
            if len(raws) != last - first:
                raise JournalBroken(f"Of the entries {first} to {last - 1} some are missing.")
            return [leaf_hash(raw) for raw in raws]
        return [root_of(_tile(connection, level - 1, below)) for below in range(first, last)]


def _tile(connection: Connection, level: int, index: int) -> list[bytes]:
    rows = run(connection, _TILE, level, index)
    if not rows or not isinstance(rows[0][0], bytes) or len(rows[0][0]) != TILE_BYTES:
        raise JournalBroken(
            f"{tile_path(level, index)} of the journal is missing or not whole. "
            "`devicelink journal verify` says more."
        )
    return split_hashes(rows[0][0])
