"""Checks everything that a journal's folder can show, and says what it cannot show."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.database import (
    FILE_NAME,
    Database,
    altered,
    entries_table,
    projection_table,
    table_names,
    tiles_table,
)
from devicelink.journal.entry import read_entry
from devicelink.journal.examine import Examination
from devicelink.journal.faults import Faults
from devicelink.journal.head import load_head
from devicelink.journal.mirror import read_mirror
from devicelink.journal.note import Verifier
from devicelink.journal.projection import write_state
from devicelink.journal.replay import Replay, read_raws
from devicelink.journal.report import (
    KEY_FROM_FOLDER,
    NO_KEPT,
    NO_PROJECTIONS,
    NO_WITNESS,
    NOT_HERE,
    Kept,
    Report,
)
from devicelink.journal.rotation import keys_in
from devicelink.journal.tree import tile_path, tile_widths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from devicelink.journal.head import Head
    from devicelink.journal.projection import Projection, States
    from devicelink.journal.rotation import Keys


def verify(
    folder: Path,
    *,
    vkey: str | None = None,
    kept: str | Sequence[str] | None = None,
    projections: Sequence[Projection] = (),
    progress: Callable[[int, int], None] | None = None,
    against_mirror: bool = True,
) -> Report:
    """Check the journal in a station's folder from its entries' bytes upwards.

    `vkey` is the log's key from elsewhere, `kept` one or more checkpoints of this journal kept
    elsewhere (whole signed notes). A table of a projection that differs from its entries is no
    fault of the evidence, but somebody edited the folder: it stands in `broken` and says so. Memory
    stays bounded, apart from what the projections hold. `progress` is told (done, total) entries.
    A copy is not held against the mirror, which goes on with the station it was copied from.
    Raises `ConfigError` where there is no journal, or `vkey` or `kept` cannot be read.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise ConfigError(f"There is no journal in {folder}: {FILE_NAME} is not there.")
    given = None if vkey is None else Verifier.from_vkey(vkey)
    older = Kept.read_all(kept)
    faults = Faults()
    database = Database(path, read_only=True)
    check = _Check(database, faults, given, progress, against_mirror=against_mirror)
    try:
        check.run(older, projections)
    except (JournalBroken, ConfigError) as error:
        faults.add(str(error))
    finally:
        database.close()
    return Report(
        ok=not faults.found,
        size=check.size,
        root=check.root,
        broken=faults.sentences(),
        not_checked=check.not_checked,
    )


class _Check:
    """One verification; what is known when it breaks off is still reported."""

    def __init__(
        self,
        database: Database,
        faults: Faults,
        given: Verifier | None,
        progress: Callable[[int, int], None] | None,
        *,
        against_mirror: bool,
    ) -> None:
        self.size = 0
        self.root = ""
        self.not_checked = [] if given else [KEY_FROM_FOLDER]
        self._database = database
        self._faults = faults
        self._given = given
        self._progress = progress
        self._against_mirror = against_mirror

    def run(self, kept: Sequence[Kept], projections: Sequence[Projection]) -> None:
        """Everything, in the order in which one thing rests on the other."""
        self.not_checked += [NO_WITNESS, NOT_HERE]
        mirrors = self._mirror() if self._against_mirror else []
        older = [*kept, *mirrors]  # read before the head: a living station goes on meanwhile
        with self._database.reader() as connection:
            head = load_head(connection)
            self.size = head.size
            for sentence in altered(connection):
                self._faults.add(sentence)
            with self._faults.noting():
                head.check_ends()
            self._check_tile_list(connection, head.size)
            present = connection.scalar(select(func.count()).select_from(entries_table)) or 0
            highest = connection.scalar(select(func.max(entries_table.c.idx)))
        keys = self._keys(head)
        signed = None
        with self._faults.noting():
            signed = keys.open(head.checkpoint)
        if signed is not None and (signed.origin, signed.size) != (head.origin, head.size):
            self._faults.add(
                f"The checkpoint signs {signed.size} entries of {signed.origin}, the journal's "
                f"head says {head.size} of {head.origin}."
            )
        total = present if signed is None else min(signed.size, (highest or 0) + 1)
        replay = Replay(projections)
        examination = Examination(
            self._database,
            head,
            self._faults,
            first_vkey=keys.first.vkey,
            keep_roots_at=[*keys.roots, *(each.says.size for each in older)],
            replay=replay if projections else None,
            cores=len(os.sched_getaffinity(0)),
        )
        examination.read(total, self._progress)
        self.root = base64.b64encode(examination.frontier.root()).decode()
        examination.conclude(signed)
        keys.check_roots(examination.kept_roots, self._faults)
        for each in older:
            root = examination.kept_roots[each.says.size]
            unchecked = each.judge(keys, self.size, root, self._faults)
            self.not_checked += [unchecked] if unchecked else []
        if not older:
            self.not_checked.append(NO_KEPT)
        if self._faults.found or not projections:
            self.not_checked.append(NO_PROJECTIONS)
            return
        if examination.replay_broken is not None:
            raise examination.replay_broken
        replay.go_on_from(examination.frontier)
        self._check_projections(replay, keys.last)

    def _mirror(self) -> list[Kept]:
        """The mirror on this machine, used like a kept checkpoint; where there is none, why."""
        try:
            with self._database.reader() as connection:
                keys = keys_in(connection, load_head(connection), Faults(), self._given)
                genesis = read_entry(read_raws(connection, 0, 1)[0])
            found = read_mirror(genesis, keys)
        except (JournalBroken, IndexError):
            found = "entry 0 cannot be read"
        if isinstance(found, Kept):
            return [found]
        self.not_checked.append(f"the journal against its mirror: {found}")
        return []

    def _keys(self, head: Head) -> Keys:
        """From the given key, else the folder's; a head that names another in force is a fault."""
        with self._database.reader() as connection:
            keys = keys_in(connection, head, self._faults, self._given)
        if head.vkey != keys.last.vkey:
            self._faults.add(f"The journal names the key {head.vkey}, not {keys.last.vkey}.")
        return keys

    def _check_tile_list(self, connection: Connection, size: int) -> None:
        """Whether the full tiles are all there, and no other."""
        counted = select(tiles_table.c.level, func.count(), func.max(tiles_table.c.idx))
        rows = connection.execute(counted.group_by(tiles_table.c.level)).all()
        have = {level: (count, highest) for level, count, highest in rows}
        due = {level: (full, full - 1) for level, full, _ in tile_widths(size) if full}
        for level in sorted(have.keys() | due.keys()):
            if have.get(level) != due.get(level):
                count, wanted = have.get(level, (0, -1))[0], due.get(level, (0, -1))[0]
                self._faults.add(
                    f"Tiles were removed or added: of level {level} there are {count} instead of "
                    f"{wanted}, or not those up to {tile_path(level, max(wanted - 1, 0))}."
                )

    def _check_projections(self, replay: Replay, verifier: Verifier) -> None:
        """Whether the tables are what a rebuild would make, read with the entries they are of."""
        with self._database.reader() as connection:
            head = load_head(connection)
            replay.feed(read_raws(connection, replay.frontier.size, head.size))
            replay.hold_against(head.believed(verifier)[0])
            for name, states in replay.states().items():
                self._compare(connection, name, states)

    def _compare(self, connection: Connection, name: str, states: States) -> None:
        table = projection_table(name)
        if table.name not in table_names(connection):
            self.not_checked.append(
                f"the table of {name}: it is not there, and is made when the station is next opened"
            )
            return
        due = {key: write_state(state) for key, state in states.items()}
        have = {row.key: row.state for row in connection.execute(select(table))}
        for key in sorted(have.keys() | due.keys()):
            if have.get(key) != due.get(key):
                self._faults.add(
                    f"The table of {name} was edited at {key!r}: it does not say what the entries "
                    "say. The entries hold; `devicelink journal rebuild` makes the table anew."
                )
