"""The Merkle tree of RFC 6962 over SHA-256, pure: hashes, roots, proofs and tiles of 256 hashes.

A tree of n leaves has at its left the largest power of two of leaves that is less than n; nodes
are never padded or doubled. Ranges here are half open: (start, stop) of leaf indices.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from devicelink.errors import JournalBroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HASH_BYTES = 32
TILE_WIDTH = 256
TILE_BYTES = TILE_WIDTH * HASH_BYTES
EMPTY_ROOT = hashlib.sha256().digest()

TILE_BITS = 8
_PATH_GROUP = 1000
_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry's bytes."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the perfect subtrees that a tree is made of, largest first: all a writer needs.

    As bytes they stand one after the other, 32 bytes each, as many as `size` has bits set.
    """

    def __init__(self, size: int = 0, stack: Iterable[bytes] = ()) -> None:
        self.size = size
        self.stack = list(stack)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Frontier:
        """Read it back; raises `JournalBroken` when the length does not belong to `size`."""
        if len(data) != size.bit_count() * HASH_BYTES:
            raise JournalBroken(f"The frontier of {size} entries cannot have {len(data)} bytes.")
        return cls(size, split_hashes(data))

    def __bytes__(self) -> bytes:
        return b"".join(self.stack)

    def append(self, leaf: bytes, height: int = 0) -> None:
        """Add the hash of the next leaf, or of the perfect tree of the next 2**`height` leaves.

        Such a tree has to begin at a multiple of its width.
        """
        position, stack = self.size >> height, self.stack
        while position & 1:
            leaf = _sha256(b"\x01" + stack.pop() + leaf).digest()
            position >>= 1
        stack.append(leaf)
        self.size += 1 << height

    def root(self) -> bytes:
        """The root of the whole tree; of an empty one, the hash of nothing."""
        if not self.stack:
            return EMPTY_ROOT
        root = self.stack[-1]
        for subtree in reversed(self.stack[:-1]):
            root = node_hash(subtree, root)
        return root

    def ranges(self) -> list[tuple[int, int]]:
        """The leaves under each hash of the stack."""
        return perfect_ranges(0, self.size)


def split_hashes(data: bytes) -> list[bytes]:
    """Hashes that stand one after the other, cut apart."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def root_of_tile(hashes: Sequence[bytes]) -> bytes:
    """The root over a full tile's hashes, level by level."""
    level = b"".join(hashes)
    while len(level) > HASH_BYTES:
        pairs = [level[at : at + 2 * HASH_BYTES] for at in range(0, len(level), 2 * HASH_BYTES)]
        level = b"".join([_sha256(b"\x01" + pair).digest() for pair in pairs])
    return level


def perfect_ranges(start: int, stop: int) -> list[tuple[int, int]]:
    """Cut a range that is one node of a tree into perfect subtrees, largest first."""
    ranges = []
    while start < stop:
        width = 1 << ((stop - start).bit_length() - 1)
        ranges.append((start, start + width))
        start += width
    return ranges


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The leaves under each node of an inclusion proof, the leaf's sibling first."""
    start, stop, ranges = 0, size, []
    while stop - start > 1:
        middle = start + _left_width(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """The leaves under each node of a consistency proof, 1 <= old <= new."""
    start, stop, ranges = 0, new, []
    while old < stop:
        middle = start + _left_width(stop - start)
        if old <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start > 0:
        ranges.append((start, stop))
    return ranges[::-1]


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The proof that the leaf at `index` is in the tree over these leaf hashes."""
    return [root_of(leaves[a:b]) for a, b in inclusion_ranges(index, len(leaves))]


def consistency_proof(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The proof that the tree over these leaf hashes begins with the tree of its first `old`."""
    return [root_of(leaves[a:b]) for a, b in consistency_ranges(old, len(leaves))]


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises `JournalBroken` unless the proof shows `leaf` at `index` under `root`."""
    if not 0 <= index < size:
        raise JournalBroken(f"There is no entry {index} in a journal of {size}.")
    place, last, made = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise JournalBroken(f"The inclusion proof of entry {index} is too long.")
        if place & 1 or place == last:
            made = node_hash(sibling, made)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            made = node_hash(made, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or made != root:
        raise JournalBroken(
            f"The inclusion proof of entry {index} does not lead to the root of {size} entries."
        )


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises `JournalBroken` unless the proof shows the old tree as the beginning of the new."""
    if old == new:
        if proof or old_root != new_root:
            raise JournalBroken(f"Two journals of {old} entries have different roots.")
        return
    if not 0 < old < new or not proof:
        raise JournalBroken(f"A journal of {old} entries cannot be shown to have grown to {new}.")
    first, *rest = proof if old & (old - 1) else [old_root, *proof]
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    made_old = made_new = first
    for sibling in rest:
        if last == 0:
            raise JournalBroken(f"The consistency proof from {old} to {new} is too long.")
        if place & 1 or place == last:
            made_old, made_new = node_hash(sibling, made_old), node_hash(sibling, made_new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            made_new = node_hash(made_new, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or made_old != old_root or made_new != new_root:
        raise JournalBroken(
            f"The journal of {new} entries does not begin with the one of {old} entries."
        )


def tile_widths(size: int) -> list[tuple[int, int, int]]:
    """(level, number of full tiles, width of the partial tile or 0) of a tree, lowest level first.

    Levels without any hash are left out.
    """
    widths, level = [], 0
    while size > 0:
        widths.append((level, size >> TILE_BITS, size % TILE_WIDTH))
        size >>= TILE_BITS
        level += 1
    return widths


def tiles_completed(size: int) -> Iterator[tuple[int, int]]:
    """(level, index) of each tile that the leaf which made the tree `size` big has filled."""
    level = 0
    while size and size % TILE_WIDTH == 0:
        size >>= TILE_BITS
        yield level, size - 1
        level += 1


def tile_path(level: int | str, index: int, width: int = TILE_WIDTH) -> str:
    """Where a tile stands in a tile log, e.g. `tile/1/x001/002.p/17`.

    At the level `entries` it is the bundle with the entries themselves.
    """
    groups = [f"{index % _PATH_GROUP:03d}"]
    while index >= _PATH_GROUP:
        index //= _PATH_GROUP
        groups.append(f"x{index % _PATH_GROUP:03d}")
    end = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{end}"


def _left_width(width: int) -> int:
    """The largest power of two less than `width`."""
    return 1 << ((width - 1).bit_length() - 1)
