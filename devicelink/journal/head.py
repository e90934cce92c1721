"""The journal's one row of state: origin, key, size, frontier and signed checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.database import entries_table, head_table
from devicelink.journal.note import Checkpoint, Verifier, sign_note
from devicelink.journal.tree import Frontier

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from devicelink.journal.note import Signer


@dataclass(frozen=True, slots=True)
class Head:
    """The row as it stands in the file, not yet believed."""

    origin: str
    vkey: str
    size: int
    frontier: bytes
    checkpoint: str

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


def load_head(connection: Connection) -> Head:
    """Read the row; raises `JournalBroken` where there is none."""
    table = head_table.c
    row = connection.execute(
        select(table.origin, table.vkey, table.size, table.frontier, table.checkpoint)
    ).one_or_none()
    if row is None:
        raise JournalBroken("The journal has lost its head: origin, size and checkpoint are gone.")
    head = Head(*row)
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


def move_head(connection: Connection, signer: Signer, frontier: Frontier) -> None:
    """Sign a tree and make it the journal's."""
    checkpoint = Checkpoint(signer.name, frontier.size, frontier.root())
    connection.execute(
        update(head_table).values(
            size=frontier.size,
            frontier=bytes(frontier),
            checkpoint=sign_note(checkpoint.body, signer),
        )
    )


def check_ends(connection: Connection, size: int) -> None:
    """Raises `JournalBroken` unless the entries begin at 0 and end where the head says."""
    index = entries_table.c.idx
    ends = select(func.min(index)).scalar_subquery(), select(func.max(index)).scalar_subquery()
    lowest, highest = connection.execute(select(*ends)).one()
    if lowest is None:
        raise JournalBroken(f"The journal signs {size} entries and has none.")
    if lowest < 0:
        raise JournalBroken(f"An entry was inserted before the first, as entry {lowest}.")
    if highest >= size:
        raise JournalBroken(
            f"Entry {highest} stands behind the end: the checkpoint signs {size} entries."
        )
    if highest < size - 1:
        raise JournalBroken(f"The last {size - 1 - highest} of {size} signed entries were removed.")
