"""One pass over all entries' bytes: the tree they make, and what each entry says of itself."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from sqlalchemy import select

from devicelink.errors import JournalBroken
from devicelink.journal.database import entries_table, tiles_table
from devicelink.journal.faults import Runs
from devicelink.journal.looking import plain_tiles
from devicelink.journal.sayings import Sayings
from devicelink.journal.sqlite import address_of
from devicelink.journal.tree import (
    HASH_BYTES,
    TILE_BITS,
    TILE_BYTES,
    TILE_WIDTH,
    Frontier,
    leaf_hash,
    root_of,
    split_hashes,
    tile_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection

    from devicelink.journal.database import Database
    from devicelink.journal.faults import Faults
    from devicelink.journal.head import Head
    from devicelink.journal.note import Checkpoint
    from devicelink.journal.plain import PlainTile
    from devicelink.journal.replay import Replay


class Examination:
    """Reads entries tile by tile, in short transactions and bounded memory.

    `frontier` is afterwards that of the entries as they are; where one is missing, the hash that
    its tile holds stands in, so that what follows can still be judged.
    """

    def __init__(
        self,
        database: Database,
        head: Head,
        faults: Faults,
        *,
        first_vkey: str,
        keep_roots_at: Iterable[int] = (),
        replay: Replay | None = None,
        cores: int = 1,
    ) -> None:
        self.frontier = Frontier()
        self.kept_roots: dict[int, bytes | None] = dict.fromkeys(keep_roots_at)
        self.replay_broken: JournalBroken | None = None
        """Why the replay could not take an entry."""
        self._database = database
        self._head = head
        self._faults = faults
        self._replay = replay
        self._cores = cores
        self._missing = Runs()
        self._tiles = Tiles(faults)
        self._says = Sayings(head.origin, first_vkey, faults)

    def read(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        """Read the entries at places 0 to `total` - 1."""
        full, rest = divmod(total, TILE_WIDTH)
        address = address_of(self._database.path, read_only=True)
        wanted = self._replay.types() if self._replay else frozenset[str]()
        looked = plain_tiles(address, full, wanted, self._cores)
        for index, plain in enumerate(chain(looked, repeat(None, 1 if rest else 0))):
            start, stop = index * TILE_WIDTH, min((index + 1) * TILE_WIDTH, total)
            if plain is None or not self._is_taken(start, plain):
                self._read_each(index, start, stop)
            if progress is not None:
                progress(stop, total)

    def _is_taken(self, start: int, plain: PlainTile) -> bool:
        """A plain tile as one, unless a root is wanted from its midst or something contradicts."""
        if any(start < size < start + TILE_WIDTH for size in self.kept_roots):
            return False
        if not self._says.hear(plain, start, self._entry_at):
            return False
        self.frontier.append(plain.root, TILE_BITS)
        self._keep_root()
        self._tiles.rise(self._database, start // TILE_WIDTH, plain.root)
        for place, raw in plain.wanted:
            self._project(place, raw)
        return True

    def _read_each(self, index: int, start: int, stop: int) -> None:
        """A tile entry by entry, naming what is wrong."""
        with self._database.reader() as connection:
            raws = _by_place(connection, start, stop)
            stored = self._tiles.load(connection, 0, index)
        self._says.listen(raws, self._entry_at)
        self._take(start, stop, raws, stored)
        if stop - start == TILE_WIDTH:
            self._tiles.close(self._database, index)
        for place, raw in raws.items():
            self._project(place, raw)

    def _take(self, start: int, stop: int, raws: dict[int, bytes], stored: list[bytes]) -> None:
        for place in range(start, stop):
            raw = raws.get(place)
            told = stored[place - start] if stored else None
            if raw is None:
                self._missing.add(place)
            leaf = leaf_hash(raw) if raw is not None else told or bytes(HASH_BYTES)
            self._tiles.add_leaf(place, leaf, told)
            self.frontier.append(leaf)
            self._keep_root()

    def _keep_root(self) -> None:
        if self.frontier.size in self.kept_roots:
            self.kept_roots[self.frontier.size] = self.frontier.root()

    def _project(self, place: int, raw: bytes) -> None:
        """Into the tables' replay, for as long as it can follow."""
        if self._replay is None or self.replay_broken is not None:
            return
        try:
            self._replay.take(place, raw)
        except JournalBroken as error:
            self.replay_broken = error

    def _entry_at(self, place: int) -> bytes | None:
        with self._database.reader() as connection:
            return _by_place(connection, place, place + 1).get(place)

    def conclude(self, signed: Checkpoint | None) -> None:
        """Hold the tree against frontier and checkpoint, and say what the differences mean."""
        for _, which in self._missing.named():
            self._faults.add(f"Missing: {which}, removed from the journal.")
        holds = signed is not None and signed.root == self.frontier.root()
        self._tiles.conclude(entries_hold=holds)
        if signed is not None and not holds:
            self._faults.add(
                f"The entries do not lead to the root that the checkpoint signs for {signed.size}."
            )
        with self._faults.noting():
            stored = Frontier.from_bytes(self._head.size, self._head.frontier)
            if signed is not None and stored.root() != signed.root:
                self._faults.add("The frontier is not the one whose root the checkpoint signs.")
            elif not holds:
                self._narrow(stored)

    def _narrow(self, stored: Frontier) -> None:
        """Name the subtrees whose hash is another than the frontier has."""
        pairs = zip(stored.ranges(), stored.stack, self.frontier.stack, strict=False)
        for (start, stop), told, made in pairs:
            if told != made:
                self._faults.add(
                    f"Entry {start} was changed."
                    if stop - start == 1
                    else f"Among entries {start} to {stop - 1} something was changed."
                )


class Tiles:
    """Compares the hashes that entries lead to with the full tiles, level by level."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._levels: dict[int, list[bytes]] = {0: []}
        self._runs = Runs()
        self._above: list[str] = []

    def load(self, connection: Connection, level: int, index: int) -> list[bytes]:
        """A full tile's hashes, nothing where there is none; one of a wrong length is a fault."""
        row = connection.scalar(
            select(tiles_table.c.hashes).where(
                tiles_table.c.level == level, tiles_table.c.idx == index
            )
        )
        if row is None:
            return []
        if not isinstance(row, bytes) or len(row) != TILE_BYTES:
            self._faults.add(f"{tile_path(level, index)} was changed: it has not 8192 bytes.")
            return []
        return split_hashes(row)

    def add_leaf(self, place: int, leaf: bytes, told: bytes | None) -> None:
        """One more leaf, and what the tile says of it; differing neighbours make one run."""
        self._levels[0].append(leaf)
        if told is not None and told != leaf:
            self._runs.add(place)

    def close(self, database: Database, index: int) -> None:
        """The level 0 tile `index` is complete."""
        root = root_of(self._levels[0])
        self._levels[0] = []
        self.rise(database, index, root)

    def rise(self, database: Database, index: int, root: bytes) -> None:
        """`root` is that of the level 0 tile `index`: go up as far as tiles are filled by it."""
        level = 1
        while True:
            hashes = self._levels.setdefault(level, [])
            hashes.append(root)
            if len(hashes) < TILE_WIDTH:
                return
            index //= TILE_WIDTH
            with database.reader() as connection:
                self._compare(connection, level, index)
            root = root_of(hashes)
            self._levels[level] = []
            level += 1

    def _compare(self, connection: Connection, level: int, index: int) -> None:
        for at, told in enumerate(self.load(connection, level, index)):
            if told != self._levels[level][at]:
                below = tile_path(level - 1, index * TILE_WIDTH + at)
                self._above.append(f"{tile_path(level, index)} has another hash for {below}")

    def conclude(self, *, entries_hold: bool) -> None:
        """Say what differs: the tile where the entries are those signed, else the entries."""
        for first, which in self._runs.named():
            tile = tile_path(0, first // TILE_WIDTH)
            self._faults.add(
                f"{tile} was changed: its hash of {which} is not that of the bytes, which hold."
                if entries_hold
                else f"Changed: {which} (other bytes than those whose hash stands in {tile})."
            )
        for sentence in self._above:
            if entries_hold or not self._runs:
                self._faults.add(f"{sentence} than the entries lead to.")


def _by_place(connection: Connection, start: int, stop: int) -> dict[int, bytes]:
    """Entries' bytes by place; raises `JournalBroken` for what is not stored as bytes."""
    index = entries_table.c.idx
    rows = connection.execute(
        select(index, entries_table.c.raw).where(index >= start, index < stop).order_by(index)
    ).all()
    found = {place: raw for place, raw in rows if isinstance(raw, bytes)}
    if len(found) != len(rows):
        raise JournalBroken(f"Among entries {start} to {stop - 1} one is not stored as bytes.")
    return found
