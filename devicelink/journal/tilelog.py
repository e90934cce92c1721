"""A tree of entries as the files of a static tile log (C2SP tlog-tiles), made in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import JournalBroken
from devicelink.journal.tree import TILE_WIDTH, Frontier, leaf_hash, root_of, tile_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CHECKPOINT_FILE = "checkpoint"
VKEY_FILE = "log.vkey"
TILES_FOLDER = "tile"
BUNDLES = "entries"
LENGTH_BYTES = 2


@dataclass(frozen=True, slots=True)
class LogFile:
    """One tile or bundle; its `parts` are hashes, or entries behind their lengths."""

    level: int | str
    index: int
    parts: Sequence[bytes]
    needs: int
    """Of how many entries the tree is whose checkpoint covers it."""

    @property
    def path(self) -> str:
        """Where it stands in the log."""
        return tile_path(self.level, self.index, len(self.parts))

    @property
    def data(self) -> bytes:
        """What it holds."""
        return self.first(len(self.parts))

    def first(self, width: int) -> bytes:
        """What the partial file of that width holds."""
        return b"".join(self.parts[:width])


class TileLog:
    """Takes entries in order and gives the files that they fill; holds one tile of each level."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self._bundle: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]

    def add(self, raws: Iterable[bytes]) -> Iterator[LogFile]:
        """The bytes of the next entries; what is full by them."""
        for raw in raws:
            leaf = leaf_hash(raw)
            self.frontier.append(leaf)
            self._bundle.append(len(raw).to_bytes(LENGTH_BYTES, "big") + raw)
            self._levels[0].append(leaf)
            if len(self._bundle) == TILE_WIDTH:
                yield from self._filled()

    def rest(self) -> Iterator[LogFile]:
        """The partial files at the end; nothing may be added after them."""
        size = self.frontier.size
        if self._bundle:
            yield self._file(BUNDLES, size // TILE_WIDTH, self._bundle)
        at = size
        for level, hashes in enumerate(self._levels):
            at //= TILE_WIDTH
            if hashes:
                yield self._file(level, at, hashes)

    def _filled(self) -> Iterator[LogFile]:
        at = self.frontier.size // TILE_WIDTH - 1
        yield self._file(BUNDLES, at, self._bundle)
        self._bundle = []
        for level, hashes in enumerate(self._levels):
            if len(hashes) < TILE_WIDTH:
                return
            yield self._file(level, at, hashes)
            self._levels[level] = []
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(root_of(hashes))
            at //= TILE_WIDTH

    def _file(self, level: int | str, index: int, parts: list[bytes]) -> LogFile:
        return LogFile(level, index, parts, self.frontier.size)


def read_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle; raises `JournalBroken` where it is cut within one."""
    raws, at = [], 0
    while at < len(data):
        start = at + LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        raws.append(data[start:at])
    if at > len(data):
        raise JournalBroken(f"it is cut within its entry number {len(raws)}")
    return raws
