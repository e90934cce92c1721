"""The newest checkpoint, kept outside the station's folder: it tells when the journal goes back.

An older journal put back looks whole by itself. Here lies what was signed last, so that a journal
with fewer entries, or with others, is seen before a session begins. Whoever may write both folders
can deceive it: only a witness elsewhere tells then.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError, JournalBroken
from devicelink.journal.entry import read_entry, type_of
from devicelink.journal.note import Checkpoint, Note
from devicelink.journal.report import Kept
from devicelink.journal.tree import verify_consistency

if TYPE_CHECKING:
    from devicelink.journal.entry import Entry
    from devicelink.journal.rotation import Keys
    from devicelink.journal.store import Journal
    from devicelink.runtime import Disk

MIRROR_FILE = "checkpoint"
RESTORED = "station.restored"
"""The entry by which an administrator states that a backup was put back, and over which mirror."""
_REMEDY = (
    "Nothing is recorded and nothing is unlocked. Put the newest journal back. If it is "
    "lost, an administrator states so: devicelink station restore BACKUP. `devicelink lock DEVICE` "
    "works all the same."
)


def read_mirror(genesis: Entry, keys: Keys) -> Kept | str:
    """The mirror that a journal's entry 0 names, for a verification; else why there is none."""
    folder = genesis.data.get("kept_folder")
    if not isinstance(folder, str):
        return "entry 0 names no folder for it"
    path, note = Path(folder) / MIRROR_FILE, ""
    try:
        note = path.read_text(encoding="utf-8")
        return Kept(note, keys.open(note), f"the mirror {path}")
    except FileNotFoundError:
        return f"{path} is not there"
    except (OSError, UnicodeDecodeError, JournalBroken):
        if _unknown_key(note, keys):
            return Kept.read(note, f"the mirror {path}")
        return f"{path} is no checkpoint by this key that can be read"


def _unknown_key(note: str, keys: Keys) -> bool:
    """Whether a checkpoint of this journal's name is signed under it by a key it never had."""
    try:
        parsed = Note.parse(note)
        origin = Checkpoint.parse(parsed.text).origin
    except JournalBroken:
        return False
    known = {key.key_id for key in keys.all()}
    by = {told_id for name, told_id, _ in parsed.signatures if name == origin}
    return origin == keys.first.name and bool(by) and not by & known


class Mirror:
    """One journal's mirror in a folder; another process may write it at any time."""

    def __init__(self, folder: Path, journal: Journal, disk: Disk) -> None:
        self.path = folder / MIRROR_FILE
        self._journal = journal
        self._disk = disk

    def check(self) -> str | None:
        """Hold the journal against the mirror; a sentence where there is none that can be read.

        Raises `JournalBroken` where the journal was rolled back or forked, `JournalUnwritable`
        where the journal's disk does not answer.
        """
        note, problem = "", None
        try:
            note = self._disk.read(self.path).decode()
            kept = self._journal.open_older(note)
        except FileNotFoundError:
            return f"There is no {self.path}."
        except OSError as error:
            return f"{self.path} cannot be read: {error.strerror}."
        except (UnicodeDecodeError, JournalBroken):
            problem = f"{self.path} is no checkpoint that this station has signed."
            if not _unknown_key(note, self._journal.keys()):
                return problem
            # A journal put back to before its key was rotated does not know who signed this.
            kept = Checkpoint.parse(Note.parse(note).text)
        try:
            self._hold_against(kept, later_key=problem is not None)
        except JournalBroken:
            if not self._restored_over(note):
                raise
            return f"{self.path} is the one over which this station was restored."
        return problem

    def _hold_against(self, kept: Checkpoint, *, later_key: bool) -> None:
        _, signed = self._journal.signed()
        if kept.size > signed.size:
            raise JournalBroken(
                f"The journal was rolled back: it has {signed.size} entries, and {self.path} "
                f"signs {kept.size}{', by a key that came later' if later_key else ''}. {_REMEDY}"
            )
        try:
            verify_consistency(
                old=kept.size,
                new=signed.size,
                old_root=kept.root,
                new_root=signed.root,
                proof=self._journal.tiles(signed.size).consistency_proof(kept.size),
            )
        except JournalBroken as error:
            raise JournalBroken(
                f"The journal does not go on from {self.path}: it was forked or written anew. "
                f"{error} {_REMEDY}"
            ) from error

    def _restored_over(self, note: str) -> bool:
        """Whether an entry states that a backup was put back over this very checkpoint."""
        sha256 = hashlib.sha256(note.encode()).hexdigest()
        for raws in self._journal.raw_batches(0):
            for raw in raws:
                if type_of(raw) == RESTORED:
                    mirror = read_entry(raw).data.get("mirror")
                    if isinstance(mirror, dict) and mirror.get("sha256") == sha256:
                        return True
        return False

    def write(self) -> str | None:
        """Put the newest checkpoint there; why that could not be done, as a sentence.

        Never raises: a session goes on without it. What the journal does not go on from stays.
        """
        try:
            self.check()
            note, _ = self._journal.signed()
            self._disk.replace(self.path, note.encode())
        except OSError as error:
            return f"The checkpoint cannot be written to {self.path}: {error.strerror}."
        except DeviceLinkError as error:
            return str(error)
        return None
