"""The journal of one station: append durably, read, and read as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from devicelink.errors import ConfigError, JournalBroken, JournalUnwritable
from devicelink.journal.append import make_entries, refill
from devicelink.journal.database import (
    FILE_NAME,
    Database,
    projection_table,
    renew_triggers,
    run,
    table_names,
)
from devicelink.journal.entry import read_entry_at
from devicelink.journal.genesis import genesis_draft
from devicelink.journal.head import Believer, load_head
from devicelink.journal.keys import permit_key
from devicelink.journal.making import add_signed, make_file
from devicelink.journal.note import Checkpoint
from devicelink.journal.projection import read_state
from devicelink.journal.replay import BATCH, Replay, read_raws
from devicelink.journal.rotation import rotation_draft, sound_keys
from devicelink.journal.tiles import StoredTiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sqlalchemy import Connection

    from devicelink.journal.entry import Draft, Entry
    from devicelink.journal.head import Head
    from devicelink.journal.note import Signer, Verifier
    from devicelink.journal.projection import Projection, States
    from devicelink.journal.rotation import Keys
    from devicelink.runtime import Runtime

_PROBE_BYTES = 1024
_PROBE = (
    "INSERT INTO probe (id, written) VALUES (1, ?)"
    " ON CONFLICT (id) DO UPDATE SET written = excluded.written"
)


class Journal:
    """Entries, tiles, frontier, checkpoint and projections in one file.

    Several processes may use it at once, each with its own `Journal`; one `Journal` may be shared
    by the threads of a process.
    """

    def __init__(
        self,
        database: Database,
        *,
        verifier: Verifier,
        signer: Signer | None,
        runtime: Runtime,
        projections: Sequence[Projection],
    ) -> None:
        self.grown = False
        """Whether anything was recorded by this object."""
        self._database = database
        self._verifier = verifier
        self._believer = Believer(verifier)
        self._last: Entry | None = None
        self._signer = signer
        self._runtime = runtime
        self._projections = {projection.name: projection for projection in projections}
        self._replays: dict[tuple[Projection, ...], Replay] = {}

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        origin: str,
        signer: Signer,
        runtime: Runtime,
        projections: Sequence[Projection],
        genesis: Draft,
    ) -> Self:
        """Make a journal whose entry 0 is `genesis`; after a crash it is there whole or not at all.

        Origin, verifier key and whether the station is simulated are put into the genesis data.
        Raises `ConfigError` where a journal is already, or where these contradict each other.
        """
        make_file(folder, genesis_draft(genesis, origin, signer), signer, runtime, projections)
        return cls.open(folder, signer=signer, runtime=runtime, projections=projections)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        signer: Signer | None,
        runtime: Runtime,
        projections: Sequence[Projection],
    ) -> Self:
        """Open a station's journal, for reading only where there is no signer.

        Raises `ConfigError` where there is none, `JournalUnwritable` where the disk does not tell,
        `JournalBroken` where signature, key, size and
        frontier do not agree. Tables of projections that are missing are made (not read-only).
        """
        path = folder / FILE_NAME
        try:
            is_there = runtime.disk.is_file(path)
        except OSError as error:
            raise JournalUnwritable(
                f"The journal in {folder} cannot be reached: {error.strerror}. Look at the disk."
            ) from error
        if not is_there:
            raise ConfigError(f"There is no journal in {folder}: {FILE_NAME} is not there.")
        database = Database(path, read_only=signer is None)
        try:
            with database.reader() as connection:
                head = load_head(connection)
                tables = table_names(connection)
            journal = cls(
                database,
                verifier=_verifier(head, signer),
                signer=signer,
                runtime=runtime,
                projections=projections,
            )
            journal._believer.believed(head)
            if signer and any(projection_table(p.name).name not in tables for p in projections):
                journal.rebuild()
        except BaseException:
            database.close()
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the journal opens it again when asked again."""
        self._database.close()

    @property
    def origin(self) -> str:
        """The journal's name, which is also its key's."""
        return self._verifier.name

    @property
    def vkey(self) -> str:
        """The key that others verify with, as `log.vkey` holds it (without a newline)."""
        return self._verifier.vkey

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._head().size

    @property
    def root(self) -> bytes:
        """The signed root (32 bytes)."""
        return self.signed()[1].root

    def checkpoint(self) -> str:
        """The signed checkpoint of the whole journal, as a note."""
        return self._head().checkpoint

    def signed(self) -> tuple[str, Checkpoint]:
        """The checkpoint as a note, and what it says; raises `JournalBroken` where it fails."""
        head = self._head()
        return head.checkpoint, self._believer.believed(head)[0]

    def tiles(self, size: int) -> StoredTiles:
        """The hashes of the tree over the first `size` entries, read as they are asked for."""
        return StoredTiles(self._database, size)

    def append(self, draft: Draft) -> Entry:
        """Record one entry; see `append_all`."""
        return self.append_all([draft])[0]

    def append_all(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Record entries in one transaction, all or none; they are durable when this returns.

        Where the clock went wrong a `clock.suspect` is recorded with them; it is not among the
        entries returned. Raises `JournalUnwritable` whatever the reason: disk, lock, content, or a
        journal whose head does not hold.
        """
        if not drafts:
            return []
        return self._record(drafts)

    def permit_key(self) -> Ed25519PrivateKey:
        """The station's key for permits; raises `JournalUnwritable` where it is open to be read."""
        if self._signer is None:
            raise JournalUnwritable(f"The journal {self.origin} was opened for reading only.")
        return permit_key(self._signer)

    def rotate(self, new: Signer, *, actor: str, second: str = "") -> Entry:
        """Hand over to a new key by one entry that both keys sign; from it on the new one signs.

        `actor` and `second` are the administrators. Raises as `append_all`; then the key that
        counts is the one that the file names when it is next opened.
        """
        return self._record([], new, actor, second)[0]

    def _record(
        self, drafts: Sequence[Draft], new: Signer | None = None, actor: str = "", second: str = ""
    ) -> list[Entry]:
        old = self._signer
        if old is None:
            raise JournalUnwritable(f"The journal {self.origin} was opened for reading only.")
        try:
            with self._database.writer() as connection:
                head = self._load(connection)
                _, frontier = self._believer.believed(head)
                head.check_ends()
                if new is not None:
                    place = (self.origin, head.size, frontier.root())
                    drafts = [rotation_draft(*place, old=old, new=new, actor=actor, second=second)]
                    renew_triggers(connection)
                entries, asked = make_entries(drafts, self._last_of(head), self._runtime)
                if new is not None and len(entries) > 1:
                    raise JournalUnwritable("The clock is wrong: confirm it, then rotate the key.")
                projections = list(self._projections.values())
                signed = add_signed(connection, new or old, frontier, entries, projections)
        except JournalBroken as error:
            raise JournalUnwritable(
                f"Nothing was recorded, since the journal does not hold: {error} "
                "`devicelink journal verify` says more."
            ) from error
        if new is not None:
            self._signer, self._verifier = new, new.verifier
            self._believer = Believer(new.verifier)
        self._believer.signed(*signed)
        self._last = entries[-1]
        self.grown = True
        return asked

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Entries from `start` to before `stop`, or to the end; each batch is read by itself."""
        for raws in self.raw_batches(start, stop):
            for index, raw in enumerate(raws, start):
                yield read_entry_at(index, raw)
            start += len(raws)

    def raw_batches(self, start: int, stop: int | None = None) -> Iterator[list[bytes]]:
        """Entries' bytes in order, each batch in a short transaction of its own."""
        while stop is None or start < stop:
            end = start + BATCH if stop is None else min(start + BATCH, stop)
            with self._database.reader() as connection:
                raws = read_raws(connection, start, end)
            if not raws:
                return
            yield raws
            start += len(raws)

    def entry(self, index: int) -> Entry:
        """One entry; raises `ConfigError` where the journal does not reach so far."""
        with self._database.reader() as connection:
            size = load_head(connection).size
            if not 0 <= index < size:
                raise ConfigError(f"There is no entry {index}: the journal has {size}.")
            return self._entry(connection, index)

    def last(self) -> Entry:
        """The newest entry."""
        return self._last_of(self._head())

    def checked(self, projections: Sequence[Projection]) -> dict[str, dict[str, dict[str, object]]]:
        """Replay projections from entries that are proved to be the ones that were signed.

        Every entry's bytes are hashed and the root compared with the signed checkpoint, which is
        read first: what is appended meanwhile is not seen. An entry is read once in the life of
        this object; asked again, only what is new is read, and the whole root compared again.
        The journal's own projections are replayed together. Per projection name, key to state,
        to be read only.
        Raises `JournalBroken`.
        """
        own = tuple(self._projections.values())
        together = own if set(projections) <= set(own) else tuple(projections)
        replay = self._replays.pop(together, None) or Replay(together)
        with self._database.reader() as connection:
            head = self._load(connection)
            head.check_ends()
            checkpoint, _ = self._believer.believed(head)
            if replay.frontier.size > checkpoint.size:
                replay = Replay(together)
            start = replay.frontier.size
            raws = read_raws(connection, start, min(start + BATCH, checkpoint.size))
        replay.feed(raws)
        for raws in self.raw_batches(replay.frontier.size, checkpoint.size):
            replay.feed(raws)
        replay.hold_against(checkpoint)
        self._replays[together] = replay
        states = replay.states()
        return {projection.name: states[projection.name] for projection in projections}

    def projection(self, name: str) -> dict[str, dict[str, object]]:
        """A projection's table, key to state: for showing, never for deciding.

        Raises `ConfigError` where the table is missing or was edited into nonsense.
        """
        table = projection_table(name)
        with self._database.reader() as connection:
            if table.name not in table_names(connection):
                raise ConfigError(f"The table of {name} is missing: `devicelink journal rebuild`.")
            rows = run(connection, f"SELECT key, state FROM {table.name}")  # noqa: S608  a name of ours
        try:
            return {key: read_state(state) for key, state in rows}
        except ValueError as error:
            raise ConfigError(
                f"The table of {name} cannot be read ({error}): `devicelink journal rebuild`."
            ) from error

    def rebuild(self) -> dict[str, dict[str, dict[str, object]]]:
        """Drop the projections' tables and fill them from checked entries; what is in them now."""
        replay = Replay(list(self._projections.values()))
        for raws in self.raw_batches(0, self.size):
            replay.feed(raws)
        with self._database.writer() as connection:
            head = self._load(connection)
            head.check_ends()
            replay.feed(read_raws(connection, replay.frontier.size, head.size))
            replay.hold_against(self._believer.believed(head)[0])
            states: dict[str, States] = replay.states()
            refill(connection, states)
        return states

    def prove_writable(self) -> None:
        """Write to the disk and wait until it is there; raises `JournalUnwritable`."""
        written = self._runtime.random_bytes(_PROBE_BYTES)
        with self._database.writer() as connection:
            run(connection, _PROBE, written)

    def keys(self) -> Keys:
        """All keys from the first on; raises `JournalBroken` where a rotation does not hold."""
        with self._database.reader() as connection:
            return sound_keys(connection, load_head(connection))

    def open_older(self, note: str) -> Checkpoint:
        """A checkpoint that this journal signed once, by whatever key; raises `JournalBroken`."""
        try:
            return Checkpoint.open(note, self._verifier)
        except JournalBroken:
            return self.keys().open(note)

    def _head(self) -> Head:
        with self._database.reader() as connection:
            return self._load(connection)

    def _load(self, connection: Connection) -> Head:
        """The head; another process may have rotated the key meanwhile."""
        head = load_head(connection)
        if head.vkey != self._verifier.vkey:
            keys = sound_keys(connection, head)
            if self._verifier in keys.all() and self._signer is not None:
                raise JournalUnwritable(
                    "The station's key was changed by another command, and this one holds the old "
                    "key. Nothing was recorded; end this program and say the command again."
                )
            if self._verifier in keys.all():
                self._verifier = keys.last
                self._believer = Believer(keys.last)
        return head

    def _last_of(self, head: Head) -> Entry:
        """The last entry that a head counts; the same bytes are read but once."""
        raw, last = head.last_raw, self._last
        if raw is None:
            raise JournalBroken(f"Entry {head.size - 1} of the journal is missing.")
        if type(raw) is not bytes:
            raise JournalBroken(f"Entry {head.size - 1} of the journal is not stored as bytes.")
        if last is None or (last.index, last.raw) != (head.size - 1, raw):
            last = self._last = read_entry_at(head.size - 1, raw)
        return last

    def _entry(self, connection: Connection, index: int) -> Entry:
        raws = read_raws(connection, index, index + 1)
        if not raws:
            raise JournalBroken(f"Entry {index} of the journal is missing.")
        return read_entry_at(index, raws[0])


def _verifier(head: Head, signer: Signer | None) -> Verifier:
    """The station's own key where it is there, else the one that the file names."""
    named = head.verifier()
    if signer is not None and signer.verifier != named:
        raise JournalBroken(
            f"The journal names the key {named.vkey}, the station's own is {signer.vkey}: one of "
            "the two was exchanged."
        )
    return named
