"""What a keeper records: in the journal, else beside it, else kept here until one takes it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from devicelink.errors import JournalBroken, JournalUnwritable
from devicelink.journal.entry import Draft
from devicelink.journal.kept import keep, pending
from devicelink.session.guard import guard_lines, set_aside, take_lines
from devicelink.session.recovery import journal_kept_facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from devicelink.session.context import Context

WAITING_MOST = 200
"""Facts that wait in memory; the first ones tell what happened."""


class Recording:
    """One device's facts on their way into the journal; used by its keeper's thread alone."""

    def __init__(self, context: Context, serial: str) -> None:
        self.trouble = ""
        """Why the journal did not take what happened, until it has: an alarm."""
        self._context = context
        self._serial = serial
        self._waiting: list[Draft] = []
        """What neither the journal nor the folder beside it took yet."""
        self._aside: Path | None = None
        """A guard's lines that wait with it."""

    def write(self, drafts: Sequence[Draft]) -> None:
        """Record; what neither journal nor folder takes waits, and is tried again."""
        due = [*self._waiting, *drafts][:WAITING_MOST]
        try:
            self._context.journal.append_all(due)
        except (JournalUnwritable, JournalBroken) as error:
            self.failed(error)
            try:
                if due:
                    keep(self._context.kept_folder, due, self._context.runtime)
            except JournalUnwritable:
                self._waiting = due
                return
        self._waiting = []
        if self._aside is not None:
            with contextlib.suppress(OSError):  # a guard's lines twice are better than never
                self._context.runtime.disk.remove(self._aside)
            self._aside = None

    def failed(self, error: JournalUnwritable | JournalBroken) -> None:
        """Something was not recorded."""
        self.trouble = f"What happened to it could not be recorded: {error}"

    def catch_up(self) -> None:
        """What the journal did not take, again; the trouble ends when it has."""
        if not self.trouble:
            return
        self.trouble = ""
        journal_kept_facts(self._context)
        self.write([])
        with contextlib.suppress(JournalUnwritable):
            if pending(self._context.kept_folder, self._context.runtime.disk, self._serial):
                self.trouble = "What happened to it waits for a journal that takes it."

    def guard_said(self) -> list[Draft]:
        """The lines that a guard left, to be written next; their file goes when they are."""
        disk = self._context.runtime.disk
        self._aside = set_aside(guard_lines(self._context.folder, self._serial), disk)
        # those that wait are in the file still, and are read again
        self._waiting = [draft for draft in self._waiting if draft.type != "guard.acted"]
        return [
            Draft("guard.acted", {"line": line}, actor="guard", device=self._serial)
            for line in take_lines(self._aside, disk)
        ]

    def leave_guard_lines(self) -> None:
        """Another may own the device meanwhile: what lies there then is read before it goes."""
        self._aside = None
