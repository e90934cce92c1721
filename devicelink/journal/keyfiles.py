"""The station's key file, and how a new key takes its place so that a crash anywhere leaves one.

First the new key lies beside the old (`station.key.next`), then the journal takes the entry that
both sign, then the new file takes the old one's name. Which of two files counts is what the
journal's head says; the other opens nothing.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, DeviceBusy, JournalUnwritable
from devicelink.journal.database import FILE_NAME, Database
from devicelink.journal.head import load_head
from devicelink.journal.keys import load_key, new_signer, save_key

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.journal.entry import Entry
    from devicelink.journal.note import Signer
    from devicelink.journal.store import Journal
    from devicelink.runtime import Disk, Runtime

KEY_FILE = "station.key"
_NEXT = KEY_FILE + ".next"
_LOCK = "rotation.lock"


def station_signer(folder: Path, disk: Disk) -> Signer:
    """The key that counts; a rotation that was cut off after its entry is brought to its end.

    Raises `ConfigError` where no key can be read.
    """
    key, following = folder / "secrets" / KEY_FILE, folder / "secrets" / _NEXT
    if not _is_there(following, disk) or not (folder / FILE_NAME).is_file():
        return load_key(key)
    try:
        new = load_key(following)
    except ConfigError:
        return load_key(key)
    database = Database(folder / FILE_NAME, read_only=True)
    try:
        with database.reader() as connection:
            named = load_head(connection).vkey
    finally:
        database.close()
    if named != new.vkey:
        return load_key(key)
    with contextlib.suppress(OSError):  # it counts all the same; the next start tries again
        disk.move(following, key)
    return new


def rotate_key(
    journal: Journal, folder: Path, runtime: Runtime, *, actor: str, second: str = ""
) -> Entry:
    """Give the station a new key; the old one is gone from the folder afterwards.

    Raises `DeviceBusy` while another rotation is under way, `ConfigError`, `JournalUnwritable`.
    """
    key, following = folder / "secrets" / KEY_FILE, folder / "secrets" / _NEXT
    try:
        lock = runtime.disk.hold(folder / "secrets" / _LOCK)
    except OSError as error:
        raise ConfigError(f"No key can be written in {folder}: {error.strerror}.") from error
    if lock is None:
        raise DeviceBusy("Another rotation of this station's key is under way.")
    try:
        station_signer(folder, runtime.disk)
        if load_key(key).vkey != journal.vkey:  # else the other file would be the only one
            raise JournalUnwritable(
                "The key file is not the one of the journal: the key was changed just now, or the "
                "disk does not take it. Say it again."
            )
        runtime.disk.remove(following)  # of a rotation that never came into the journal
        new = new_signer(journal.origin, runtime)
        save_key(following, new, runtime.disk)
        entry = journal.rotate(new, actor=actor, second=second)
        runtime.disk.move(following, key)
        runtime.disk.replace(folder / "log.vkey", new.vkey.encode() + b"\n")
    except OSError as error:
        raise ConfigError(
            f"The key files cannot be written: {error.strerror}. Free the disk; the next command "
            "finds the key that counts. `devicelink station status` says which it is."
        ) from error
    finally:
        runtime.close(lock)
    return entry


def _is_there(path: Path, disk: Disk) -> bool:
    try:
        return disk.is_file(path)
    except OSError:
        return False
