"""The journal as a static tile log in a folder: what an auditor takes away, and others can read.

Tiles and bundles are written first, the checkpoint last: a folder without it is no export yet.
What an older checkpoint signed is never written over.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.tilelog import CHECKPOINT_FILE, TILES_FOLDER, VKEY_FILE, TileLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from devicelink.journal.note import Checkpoint
    from devicelink.journal.store import Journal
    from devicelink.journal.tilelog import LogFile

_BEING_MADE = "being-made.new"
_OURS = frozenset({CHECKPOINT_FILE, VKEY_FILE, TILES_FOLDER})


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds now; `before` is how many entries it held before, 0 for a new one."""

    origin: str
    size: int
    root: bytes
    before: int


def export(
    journal: Journal, target: Path, progress: Callable[[int, int], None] | None = None
) -> Exported:
    """Write the journal as it is signed now into `target`: a new folder, or an older export of it.

    Every entry is hashed on the way, and the checkpoint is written only where they lead to its
    root. Memory stays bounded, reads are short. `progress` is told (done, total) entries.
    Raises `ConfigError` where the folder holds anything else or cannot be written,
    `JournalBroken` where the journal does not hold, or does not go on from the older export.
    """
    note, signed = journal.signed()
    vkey = journal.keys().at(signed.size).vkey
    try:
        older = _older(target, journal)
        before = 0 if older is None else older.size
        if before > signed.size:
            raise JournalBroken(
                f"The export in {target} signs {before} entries, the journal has {signed.size}: "
                "the journal was rolled back, or is an older copy. Nothing was written."
            )
        folder = _Folder(target, before)
        if older is None:
            folder.put(VKEY_FILE, vkey.encode() + b"\n")
        log = TileLog()
        for raws in journal.raw_batches(0, signed.size):
            cut = max(0, before - log.frontier.size)
            folder.put_all(log.add(raws[:cut]))
            if older is not None and log.frontier.size == before:
                _hold(log, older, f"The journal does not go on from the export in {target}")
            folder.put_all(log.add(raws[cut:]))
            if progress is not None:
                progress(log.frontier.size, signed.size)
        folder.put_all(log.rest())
        _hold(log, signed, "Nothing was exported, since the journal does not hold")
        os.sync()  # whatever the checkpoint signs is on the disk before it
        folder.put(VKEY_FILE, vkey.encode() + b"\n")
        folder.put(CHECKPOINT_FILE, note.encode())
        os.sync()
    except OSError as error:
        raise ConfigError(
            f"The export cannot be written to {error.filename or target}: {error.strerror}. "
            "Free the disk or choose another folder, then say it again."
        ) from error
    return Exported(signed.origin, signed.size, signed.root, before)


class _Folder:
    """Where the files go; those of the first `kept` entries have to stay as they are."""

    def __init__(self, target: Path, kept: int) -> None:
        self._target = target
        self._kept = kept

    def put_all(self, files: Iterable[LogFile]) -> None:
        """Each file, unless it is there already."""
        for file in files:
            if file.needs <= self._kept and self._has_another(file):
                raise JournalBroken(
                    f"{self._target / file.path} is not what the journal's entries give: the "
                    "journal or that export was changed. Nothing was written over; "
                    "`devicelink journal verify` on each of them says which."
                )
            self.put(file.path, file.data)

    def put(self, path: str, data: bytes) -> None:
        """One file, which appears whole."""
        place = self._target / path
        if _content(place) == data:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        being_made = self._target / _BEING_MADE
        try:
            being_made.write_bytes(data)
            being_made.replace(place)
        finally:
            being_made.unlink(missing_ok=True)

    def _has_another(self, file: LogFile) -> bool:
        return _content(self._target / file.path) not in {None, file.data}


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _older(target: Path, journal: Journal) -> Checkpoint | None:
    """What an export that is there signs; None for an empty folder, and for one never finished."""
    if not target.exists():
        return None
    if not target.is_dir():
        raise ConfigError(f"{target} is no folder. Name a new or an empty one.")
    names = {path.name for path in target.iterdir()} - {_BEING_MADE}
    if not names:
        return None
    vkey = _content(target / VKEY_FILE) if names <= _OURS else None
    keys = journal.keys()
    if vkey is None or vkey.strip() not in {key.vkey.encode() for key in keys.all()}:
        raise ConfigError(
            f"{target} is not empty and holds no export of {journal.origin}. Nothing was "
            "written; name a new or an empty folder."
        )
    note = _content(target / CHECKPOINT_FILE)
    if note is None:
        return None
    try:
        return keys.open(note.decode(errors="replace"))
    except JournalBroken as error:
        raise JournalBroken(f"The export in {target} does not hold: {error}") from error


def _hold(log: TileLog, signed: Checkpoint, what: str) -> None:
    if (log.frontier.size, log.frontier.root()) != (signed.size, signed.root):
        raise JournalBroken(
            f"{what}: its first {log.frontier.size} entries are not the {signed.size} that the "
            "checkpoint signs. `devicelink journal verify` names what was changed."
        )
