"""One file of a simulated disk: its page cache, what is durable below it, what power leaves of it.

When the power goes, each 512-byte sector is left as it was at some moment since its last sync, and
the size likewise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

SECTOR_BYTES = 512

_LONGEST_LOG = 256


class Dice(Protocol):
    """Where chance comes from; `random.Random` is one."""

    def random(self) -> float:
        """From 0 to below 1."""
        ...

    def randrange(self, stop: int, /) -> int:
        """From 0 to below `stop`."""
        ...


class SimFile:
    """One file, whatever its names: `cache` is what processes see.

    `handles` are open on it; `memory` is what those that map it share, gone with the last.
    """

    __slots__ = ("_base", "_log", "_synced", "cache", "handles", "memory")

    def __init__(self, durable: bytes = b"") -> None:
        self.cache = bytearray(durable)
        self.handles: list[object] = []
        self.memory: object | None = None
        self._base = durable
        self._log: list[tuple[int, bytes | None]] = []
        self._synced = 0

    def write(self, offset: int, data: bytes) -> None:
        """Into the cache; a hole before it is zeros."""
        cache = self.cache
        if offset > len(cache):
            cache.extend(bytes(offset - len(cache)))
        cache[offset : offset + len(data)] = data
        self._log.append((offset, data))

    def truncate(self, size: int) -> None:
        """Cut off, or filled up with zeros."""
        if size < len(self.cache):
            del self.cache[size:]
        else:
            self.cache.extend(bytes(size - len(self.cache)))
        self._log.append((size, None))

    def sync(self) -> None:
        """All of it is durable."""
        self._synced = len(self._log)
        if self._synced > _LONGEST_LOG:
            self._base = bytes(self.cache)
            self._log.clear()
            self._synced = 0

    def durable(self) -> bytes:
        """What surely survives."""
        image = bytearray(self._base)
        for offset, data in self._log[: self._synced]:
            _replay(image, offset, data)
        return bytes(image)

    def copy(self) -> SimFile:
        """The same content, synced and unsynced, with nobody at it."""
        twin = SimFile(self._base)
        twin.cache = bytearray(self.cache)
        twin._log, twin._synced = self._log.copy(), self._synced
        return twin

    def survivors(self, dice: Dice) -> bytes:
        """What a loss of power leaves: nothing, all, up to some moment, or sector by sector."""
        pending = self._log[self._synced :]
        durable, count = self.durable(), len(self._log) - self._synced
        kind = dice.randrange(4) if pending else 0
        if kind == 0:
            return durable
        if kind == 1:
            return bytes(self.cache)
        if kind == 2:  # noqa: PLR2004 - one of the four kinds
            moment = dice.randrange(count)
            return _torn(durable, pending, lambda: moment + dice.randrange(2), moment)
        return _torn(durable, pending, lambda: dice.randrange(count + 1), dice.randrange(count + 1))


def _replay(image: bytearray, offset: int, data: bytes | None) -> None:
    end = offset if data is None else offset + len(data)
    if end > len(image):
        image.extend(bytes(end - len(image)))
    if data is None:
        del image[offset:]
    else:
        image[offset:end] = data


def _torn(
    durable: bytes,
    pending: list[tuple[int, bytes | None]],
    draw: Callable[[], int],
    size_moment: int,
) -> bytes:
    """Each sector as it was after the first `draw()` changes, the size after `size_moment`.

    A truncation is part of the size: what was written behind one that did not survive is lost.
    """
    image, size = bytearray(durable), len(durable)
    reached: dict[int, int] = {}
    for moment, (offset, data) in enumerate(pending):
        if data is None:
            if moment >= size_moment:
                break
            _replay(image, offset, None)
            size = offset
            continue
        end = offset + len(data)
        if end > len(image):
            image.extend(bytes(end - len(image)))
        for sector in range(offset // SECTOR_BYTES, -(-end // SECTOR_BYTES)):
            if sector not in reached:
                reached[sector] = draw()
            if moment < reached[sector]:
                start = max(offset, sector * SECTOR_BYTES)
                stop = min(end, (sector + 1) * SECTOR_BYTES)
                image[start:stop] = data[start - offset : stop - offset]
        if moment < size_moment:
            size = max(size, end)
    _replay(image, size, None)
    return bytes(image)
