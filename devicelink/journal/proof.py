"""One entry with what proves it (C2SP tlog-proof): checkable off line, without the journal.

The entry's bytes travel as the proof's `extra` line. That line is not signed; it counts because
its hash leads, by the proof, to the root that the checkpoint signs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.entry import read_entry_at
from devicelink.journal.note import Checkpoint, decode, encode
from devicelink.journal.tree import HASH_BYTES, leaf_hash, verify_inclusion

if TYPE_CHECKING:
    from devicelink.journal.note import Verifier
    from devicelink.journal.store import Journal

ENDING = ".tlog-proof"
_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_MOST_HASHES = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof taken apart, not yet believed."""

    index: int
    raw: bytes
    """The entry's bytes."""
    hashes: tuple[bytes, ...]
    """The inclusion proof, the leaf's sibling first."""
    note: str
    """The signed checkpoint."""

    @property
    def text(self) -> str:
        """The proof as a file holds it."""
        lines = [_FIRST_LINE, f"extra {encode(self.raw)}", f"index {self.index}"]
        lines += [encode(each) for each in self.hashes]
        return "\n".join(lines) + "\n\n" + self.note

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a proof apart; raises `JournalBroken` for what is not written as one."""
        head, empty_line, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if first != _FIRST_LINE or not empty_line or len(lines) < len(("extra", "index")):
            raise JournalBroken(f"This is no proof of one entry: it has to begin {_FIRST_LINE}.")
        extra, place, *encoded = lines
        raw, index = decode(extra.removeprefix("extra ")), _INDEX.fullmatch(place)
        if not extra.startswith("extra ") or raw is None:
            raise JournalBroken("The proof does not carry its entry: no line `extra` with base64.")
        if index is None:
            raise JournalBroken(f"A proof cannot have the line {place!r:.80} for its index.")
        hashes = [decode(each) for each in encoded]
        good = tuple(each for each in hashes if each is not None and len(each) == HASH_BYTES)
        if len(good) != len(hashes) or len(good) > _MOST_HASHES:
            raise JournalBroken("The proof's hashes are not lines of base64 of 32 bytes each.")
        return cls(int(index[1]), raw, good, note)

    def check(self, verifier: Verifier) -> Checkpoint:
        """The checkpoint under which the entry stands; raises `JournalBroken` where it does not."""
        signed = Checkpoint.open(self.note, verifier)
        verify_inclusion(
            index=self.index,
            size=signed.size,
            leaf=leaf_hash(self.raw),
            proof=self.hashes,
            root=signed.root,
        )
        read_entry_at(self.index, self.raw)
        return signed


def prove(journal: Journal, index: int) -> Proof:
    """The proof of one entry under the newest checkpoint, checked before it is given out.

    A few tiles are read, not the journal. Raises `ConfigError` where the journal does not reach so
    far, `JournalBroken` where it does not hold.
    """
    note, signed = journal.signed()
    if not 0 <= index < signed.size:
        raise ConfigError(f"There is no entry {index}: the journal has {signed.size}.")
    raw = journal.entry(index).raw
    hashes = tuple(journal.tiles(signed.size).inclusion_proof(index))
    proof = Proof(index, raw, hashes, note)
    try:
        verify_inclusion(
            index=index, size=signed.size, leaf=leaf_hash(raw), proof=hashes, root=signed.root
        )
    except JournalBroken as error:
        raise JournalBroken(
            f"Entry {index} cannot be proved: {error} `devicelink journal verify` says what was "
            "changed."
        ) from error
    return proof
