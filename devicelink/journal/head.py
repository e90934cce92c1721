"""The journal's one row of state: origin, key, size, frontier and signed checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import insert

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.database import head_table, run
from devicelink.journal.note import Checkpoint, Verifier, sign_note
from devicelink.journal.tree import Frontier

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from devicelink.journal.note import Signer

_LOAD = (
    "SELECT origin, vkey, size, frontier, checkpoint, (SELECT min(idx) FROM entries),"
    " (SELECT max(idx) FROM entries), (SELECT raw FROM entries WHERE idx = size - 1) FROM head"
)
_MOVE = "UPDATE head SET vkey = ?, size = ?, frontier = ?, checkpoint = ?"


@dataclass(frozen=True, slots=True)
class Head:
    """The row as it stands in the file, not yet believed; two are equal where the rows are.

    Beside it stands what was there in the same moment: the lowest and the highest entry's place,
    and the bytes of the last entry that the row counts.
    """

    origin: str
    vkey: str
    size: int
    frontier: bytes
    checkpoint: str
    lowest: int | None = field(default=None, compare=False)
    highest: int | None = field(default=None, compare=False)
    last_raw: bytes | None = field(default=None, compare=False)

    def verifier(self) -> Verifier:
        """The key that the file names; raises `JournalBroken`."""
        try:
            return Verifier.from_vkey(self.vkey)
        except ConfigError as error:
            raise JournalBroken(f"The journal names no usable key: {error}") from error

    def believed(self, verifier: Verifier) -> tuple[Checkpoint, Frontier]:
        """Checkpoint and frontier, where signature, size and root agree; else `JournalBroken`."""
        checkpoint = Checkpoint.open(self.checkpoint, verifier)
        frontier = Frontier.from_bytes(self.size, self.frontier)
        if checkpoint.origin != self.origin:
            raise JournalBroken(
                f"The journal says it is {self.origin}, its checkpoint {checkpoint.origin}."
            )
        if (checkpoint.size, checkpoint.root) != (frontier.size, frontier.root()):
            raise JournalBroken(
                f"The journal's frontier of {frontier.size} entries is not what its checkpoint of "
                f"{checkpoint.size} signs."
            )
        return checkpoint, frontier

    def check_ends(self) -> None:
        """Raises `JournalBroken` unless the entries begin at 0 and end where the row says."""
        lowest, highest, size = self.lowest, self.highest, self.size
        if lowest is None or highest is None:
            raise JournalBroken(f"The journal signs {size} entries and has none.")
        if lowest < 0:
            raise JournalBroken(f"An entry was inserted before the first, as entry {lowest}.")
        if highest >= size:
            raise JournalBroken(
                f"Entry {highest} stands behind the end: the checkpoint signs {size} entries."
            )
        if highest < size - 1:
            raise JournalBroken(
                f"The last {size - 1 - highest} of {size} signed entries were removed."
            )


class Believer:
    """Judges heads by one key.

    A row that is the same, byte for byte, as the one that held the last time holds again: only
    the latest is remembered, and whatever differs is verified in full.
    """

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self._latest: tuple[Head, Checkpoint] | None = None

    def believed(self, head: Head) -> tuple[Checkpoint, Frontier]:
        """As `Head.believed`."""
        latest = self._latest
        if latest is not None and latest[0] == head:
            return latest[1], Frontier.from_bytes(head.size, head.frontier)
        checkpoint, frontier = head.believed(self.verifier)
        self._latest = head, checkpoint
        return checkpoint, frontier

    def signed(self, head: Head, checkpoint: Checkpoint) -> None:
        """Remember a row that was signed here just now, and that is in the file."""
        self._latest = head, checkpoint


def load_head(connection: Connection) -> Head:
    """Read the row; raises `JournalBroken` where there is none."""
    rows = run(connection, _LOAD)
    if len(rows) != 1:
        raise JournalBroken("The journal has lost its head: origin, size and checkpoint are gone.")
    head = Head(*rows[0])
    for name, kind in (("vkey", str), ("size", int), ("frontier", bytes), ("checkpoint", str)):
        if not isinstance(getattr(head, name), kind):
            raise JournalBroken(f"The journal's head does not hold its {name} as it was written.")
    return head


def first_head(connection: Connection, signer: Signer) -> None:
    """Write the row of a journal that has no entry yet, in the transaction that makes the first."""
    connection.execute(
        insert(head_table).values(
            id=1, origin=signer.name, vkey=signer.vkey, size=0, frontier=b"", checkpoint=""
        )
    )


def move_head(
    connection: Connection, signer: Signer, frontier: Frontier
) -> tuple[Head, Checkpoint]:
    """Sign a tree and make it the journal's; the new row, and what it signs."""
    checkpoint = Checkpoint(signer.name, frontier.size, frontier.root())
    note = sign_note(checkpoint.body, signer)
    head = Head(signer.name, signer.vkey, frontier.size, bytes(frontier), note)
    run(connection, _MOVE, head.vkey, head.size, head.frontier, head.checkpoint)
    return head, checkpoint
