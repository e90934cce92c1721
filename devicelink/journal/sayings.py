"""What entries say of themselves, held against each other: place, session, time, genesis."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from devicelink.errors import JournalBroken
from devicelink.journal.clock import CONFIRMED, SUSPECT
from devicelink.journal.entry import read_entry, session_start
from devicelink.journal.genesis import GENESIS, bound_by_genesis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink.journal.entry import Entry
    from devicelink.journal.faults import Faults
    from devicelink.journal.plain import PlainTile

    EntryAt = Callable[[int], bytes | None]

_MOST_SESSIONS = 4096


class Sayings:
    """Listens to entries one after the other, and remembers little."""

    def __init__(self, origin: str, vkey: str, faults: Faults) -> None:
        self._bound = bound_by_genesis(origin, vkey)
        self._faults = faults
        self._shift = 0
        self._last_at: datetime | None = None
        self._suspect = False
        self._sessions: dict[int, bool] = {}

    def listen(self, raws: Mapping[int, bytes], entry_at: EntryAt) -> None:
        """The entries of a batch, by place; `entry_at` gives the bytes of an earlier one."""
        for place, raw in raws.items():
            with self._faults.noting(f"Entry {place}: "):
                self._listen(entry_at, place, read_entry(raw))

    def hear(self, tile: PlainTile, start: int, entry_at: EntryAt) -> bool:
        """A whole plain tile at once, where nothing speaks against it; False, and it is not heard.

        What it says of itself was judged when it was found plain; what it says of entries before
        it is judged here.
        """
        first_at = datetime.fromisoformat(tile.first_at)
        goes_on = self._last_at is not None and self._last_at <= first_at
        if self._shift or not (goes_on or self._suspect):
            return False
        if not all(self._begun(each, start, entry_at) for each in tile.sessions):
            return False
        self._last_at = datetime.fromisoformat(tile.last_at)
        return True

    def _listen(self, entry_at: EntryAt, place: int, entry: Entry) -> None:
        if entry.index - place != self._shift:
            self._shift = entry.index - place
            if self._shift:
                self._faults.add(
                    f"At place {place} stands an entry that says it is entry {entry.index}: "
                    "entries were removed, inserted or put in another order."
                )
        self._check_time(entry)
        if (entry.type == GENESIS) != (place == 0):
            self._faults.add(f"Entry {place} is of type {entry.type}: genesis is entry 0 alone.")
        elif place == 0:
            self._check_genesis(entry)
        if entry.session is not None and not self._begins(entry_at, entry, place):
            self._faults.add(
                f"Entry {place} names session {entry.session}, which entry "
                f"{session_start(entry.session)} did not begin."
            )

    def _check_genesis(self, entry: Entry) -> None:
        for name, due in self._bound.items():
            if entry.data.get(name) != due:
                self._faults.add(
                    f"The genesis entry has {name} = {entry.data.get(name)!r}, the journal's head "
                    f"{due!r}."
                )

    def _check_time(self, entry: Entry) -> None:
        """Time may go back only from a `clock.suspect` to its `clock.confirmed`."""
        last_at, self._last_at = self._last_at, entry.at
        if entry.type == SUSPECT:
            self._suspect = True
        elif entry.type == CONFIRMED:
            self._suspect = False
        elif last_at is not None and entry.at < last_at and not self._suspect:
            self._faults.add(
                f"Time goes back at entry {entry.index}, from {last_at.isoformat()} to "
                f"{entry.at.isoformat()}, without a {SUSPECT} or {CONFIRMED} entry."
            )

    def _begins(self, entry_at: EntryAt, entry: Entry, place: int) -> bool:
        """Whether the session's first entry is one of it."""
        return entry.session is None or self._begun(session_start(entry.session), place, entry_at)

    def _begun(self, start: int, place: int, entry_at: EntryAt) -> bool:
        """Whether the session that `place` names began at `start`."""
        if start == place:
            self._sessions[start] = True
        elif start not in self._sessions:
            if len(self._sessions) >= _MOST_SESSIONS:
                self._sessions.clear()
            self._sessions[start] = _is_first(entry_at(start), f"S-{start}")
        return self._sessions[start]


def _is_first(raw: bytes | None, session: str) -> bool:
    try:
        return read_entry(raw or b"").session == session
    except JournalBroken:
        return False
