"""Checks of the machine and the folder: programs, permissions, secrets, disk."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import stat
from typing import TYPE_CHECKING

from devicelink.config import STATION_FILE, read_station_file
from devicelink.errors import ConfigError, DeviceLinkError
from devicelink.journal.keyfiles import KEY_FILE
from devicelink.journal.keys import load_key
from devicelink.journal.sqlite import sqlite_module
from devicelink.session.permit import DISK_NEEDED_BYTES
from devicelink.upkeep.sight import warn, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devicelink.errors import Finding
    from devicelink.upkeep.sight import Sight

_WAL_SINCE = (3, 51, 3)
_LIBRARIES = ("pyserial", "pydantic", "sqlalchemy", "cryptography", "joserfc", "argon2-cffi")
_DISK_SOON_BYTES = 1024**3
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_MIB = 1024**2


def check_programs(_sight: Sight) -> Iterator[Finding | str]:
    """Which versions work here."""
    missing = []
    found = []
    for name in ("devicelink", *_LIBRARIES):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield wrong(
            "library_missing",
            f"Not installed: {', '.join(missing)}.",
            "Install devicelink anew, with the libraries of its lock file.",
        )
    sqlite = sqlite_module()
    if sqlite.sqlite_version_info < _WAL_SINCE:
        yield warn(
            "sqlite_old",
            f"SQLite {sqlite.sqlite_version} is too old for write-ahead logging: the journal is "
            "slower, and a reader that takes long makes a writer fail.",
            "Install pysqlite3, or a Python with SQLite 3.51.3 or newer.",
        )
    versions = f"Python {platform.python_version()}, SQLite {sqlite.sqlite_version}"
    yield f"{versions}, {', '.join(found)}."


def check_folder(sight: Sight) -> Iterator[Finding | str]:
    """Whether it is there, ours, and nobody else's."""
    folder = sight.folder
    if not os.path.isdir(folder):  # noqa: PTH112 - a folder that may not be looked at is none
        yield wrong(
            "folder_missing",
            f"There is no folder {folder}, or this user may not look at it.",
            "Name the station's folder with --data DIR, or make a station: devicelink station init "
            "--by ID. If its disk is not mounted, mount it.",
        )
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield wrong(
            "folder_not_writable",
            f"{folder} cannot be read and written by this user.",
            f"Work as its owner, or have it given to you: chown -R {_user()} {folder}",
        )
        return
    mended = False
    for part in (folder, *(folder / name for name in ("locks", "guard", "transcripts"))):
        if not part.is_dir():
            yield wrong(
                "folder_incomplete", f"{part} is not there.", f"Make it: mkdir -m 700 {part}"
            )
            mended = True
        elif part.stat().st_mode & _OTHERS_WRITE:
            yield wrong(
                "folder_open",
                f"Others may write in {part}: they could change or remove records.",
                f"chmod go-w {part}, and think about who did.",
            )
            mended = True
        elif not os.access(part, os.W_OK | os.X_OK):
            yield wrong(
                "folder_not_writable",
                f"{part} cannot be written by this user.",
                f"Have it given to you: chown -R {_user()} {part}",
            )
            mended = True
    if not mended:
        yield f"The folder {folder} is there, and can be written."


def check_station_file(sight: Sight) -> Iterator[Finding | str]:
    """Whether `station.toml` can be read and names this journal."""
    try:
        named = read_station_file(sight.folder)
    except ConfigError as error:
        yield wrong(
            "station_file_unusable",
            str(error),
            f"{STATION_FILE} holds two lines, name and origin; log.vkey begins with the origin. "
            "Correct it, or take it from a backup.",
        )
        return
    yield f"{STATION_FILE} names {named.origin}."


def check_secrets(sight: Sight) -> Iterator[Finding | str]:
    """Key and PINs: there, readable, and nobody else's."""
    secrets = sight.folder / "secrets"
    found = list(_secrets(secrets))
    yield from found
    if not found:
        yield "The station's key and PINs are there, for its owner alone."


def _secrets(secrets: Path) -> Iterator[Finding]:
    if not secrets.is_dir():
        yield wrong(
            "secrets_missing",
            f"There is no folder {secrets}: no key, no PINs.",
            "Put them back from a backup: devicelink station restore FROM --data NEW-FOLDER",
        )
        return
    if stat.S_IMODE(secrets.stat().st_mode) & _OTHERS:
        yield wrong(
            "secrets_open",
            f"Others may look into {secrets}.",
            f"chmod 700 {secrets}, and think about who did.",
        )
    try:
        load_key(secrets / KEY_FILE)
    except DeviceLinkError as error:
        yield wrong(
            "key_unusable",
            str(error),
            "Without its key the station records nothing. If it is lost, put it back from a "
            "backup; `devicelink lock DEVICE` works all the same.",
        )
    pins = secrets / "pins.json"
    try:
        if pins.stat().st_mode & _OTHERS:
            yield wrong("pins_open", f"Others may read {pins}.", f"chmod 600 {pins}")
        if not isinstance(json.loads(pins.read_bytes()), dict):
            raise ValueError("no table of PINs")  # noqa: TRY004, TRY301 - one sentence for both
    except (OSError, ValueError) as error:
        yield wrong(
            "pins_unusable",
            f"The PINs in {pins} cannot be read ({error}): nobody can sign in.",
            "Put the file back from a backup.",
        )


def check_disk(sight: Sight) -> Iterator[Finding | str]:
    """Whether the longest session still fits."""
    free = sight.runtime.disk.free_bytes(sight.folder)
    if free < DISK_NEEDED_BYTES:
        yield wrong(
            "disk_full",
            f"The disk has {free // _MIB} MiB left; a session may need 64 MiB, so none begins.",
            "Free some space on the station's disk; never by removing the station's own files.",
        )
    elif free < _DISK_SOON_BYTES:
        yield warn(
            "disk_nearly_full",
            f"The disk has {free // _MIB} MiB left.",
            "Free some space on the station's disk soon.",
        )
    else:
        yield f"The disk has {free // _MIB} MiB left."


def _user() -> str:
    return os.environ.get("USER") or str(os.getuid())
