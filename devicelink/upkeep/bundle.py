"""A backup as a folder: copies of a station's files, what they are of, and their hashes.

`manifest.json` says which station it is, when, and the signed checkpoint of the journal in it.
`SHA256SUMS` names every other file (`sha256sum -c SHA256SUMS` checks it) and has no other form than
the one written here, so that a byte changed anywhere is seen. Hashes tell of damage; whether the
journal is the one that was signed, the journal itself tells.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from devicelink.errors import ConfigError, JournalBroken
from devicelink.runtime.disk import sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink.runtime import Runtime

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
KEPT = "kept"
"""What lay outside the station's folder: facts that wait for the journal, superseded mirrors."""
FORMAT = "devicelink-station-backup"

_OTHERS = 0o077
_CHUNK = 1 << 20
_MARK_BYTES = 4


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: str = FORMAT
    v: int = 1
    name: str
    origin: str
    simulated: bool
    made_at: str
    made_by: str
    """Name and version of the program."""
    folder: str
    """Where the station lay."""
    size: int
    root: str
    """Base64 of the root of the journal's entries."""
    checkpoint: str
    """The signed checkpoint of the journal in it."""


@contextmanager
def made_beside(target: Path, runtime: Runtime) -> Iterator[Path]:
    """A private folder that becomes `target` when the block ends, whole; else it is removed.

    Raises `ConfigError` for what the disk refuses.
    """
    mark = runtime.random_bytes(_MARK_BYTES).hex()
    being_made = target.with_name(f".{target.name}.unfinished-{mark}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        being_made.mkdir(mode=0o700)
        try:
            yield being_made
            for folder, _, _ in os.walk(being_made):
                sync_folder(Path(folder))
            being_made.rename(target)
        finally:
            shutil.rmtree(being_made, ignore_errors=True)
        sync_folder(target.parent)
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written: {error.strerror or error}. Nothing was left there. "
            "Free the disk or choose another folder, then say it again."
        ) from error


@contextmanager
def said_plainly() -> Iterator[None]:
    """What the disk refuses before anything is made, as `ConfigError`."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be used: {error.strerror}. Nothing was changed."
        ) from error


def copy_file(source: Path, target: Path) -> None:
    """Copy a file as it is now, private to its owner, and durable; raises `OSError`."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as copy, source.open("rb") as file:
        shutil.copyfileobj(file, copy, _CHUNK)
        copy.flush()
        os.fsync(copy.fileno())


def write_private(path: Path, text: str) -> None:
    """A new private file, durable; raises `OSError`."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def require_private(folder: Path) -> None:
    """Raise `ConfigError` where the file system does not keep others out of what is made in it."""
    probe = folder / "probe"
    write_private(probe, "")
    mode = probe.stat().st_mode | folder.stat().st_mode
    probe.unlink()
    if mode & _OTHERS:
        raise ConfigError(
            f"The disk under {folder.parent} does not keep others from reading files. A backup "
            "holds the station's key, and whoever reads it can write false records. Use a disk "
            "with a Linux file system, or mount this one with fmask=0177,dmask=0077."
        )


def seal(folder: Path, manifest: Manifest) -> None:
    """Write manifest and hashes: the last files of a backup; raises `OSError`."""
    write_private(folder / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
    write_private(folder / SUMS, _sums(folder, lambda _done, _total: None))


def check_sums(folder: Path, progress: Callable[[int, int], None]) -> Manifest:
    """Hold every file against the hashes; what the manifest says.

    `progress` is told (done, total) bytes. Raises `ConfigError` where it is no backup or of a
    version that is not known here, `JournalBroken` naming each file that is damaged, missing or
    not of it.
    """
    if not (folder / MANIFEST).is_file() and not (folder / SUMS).is_file():
        raise ConfigError(
            f"{folder} is no backup: {MANIFEST} and {SUMS} are not in it. "
            "Name the folder that `devicelink station backup` made."
        )
    try:
        told = (folder / SUMS).read_bytes()
        found = _sums(folder, progress).encode()
        text = (folder / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        raise _damaged([f"{os.path.relpath(error.filename, folder)} is missing"]) from None
    except OSError as error:
        raise ConfigError(
            f"The backup cannot be read: {error.filename}: {error.strerror}."
        ) from error
    if told != found:
        raise _damaged(_differences(told, found))
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(
            f"{folder / MANIFEST} cannot be read by this version of devicelink: "
            f"{error.errors()[0]['msg']}."
        ) from None
    if (manifest.format, manifest.v) != (FORMAT, 1):
        raise ConfigError(f"{folder / MANIFEST} is of a later version. Use a newer devicelink.")
    return manifest


def _damaged(faults: list[str]) -> JournalBroken:
    return JournalBroken(
        f"The backup is damaged: {'; '.join(faults)}. Nothing was restored. Use another backup, "
        "and keep this one as it is."
    )


def _sums(folder: Path, progress: Callable[[int, int], None]) -> str:
    """The content that `SHA256SUMS` has to have, in the form of sha256sum."""
    files = sorted(
        path for path in folder.rglob("*") if not path.is_dir() and path != folder / SUMS
    )
    total = sum(path.stat().st_size for path in files)
    done = 0
    lines = []
    for path in files:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                progress(done, total)
        lines.append(f"{digest.hexdigest()}  {path.relative_to(folder).as_posix()}\n")
    return "".join(lines)


def _differences(told: bytes, found: bytes) -> list[str]:
    """Which files differ, in words; or that the list itself does."""
    said, have = _table(told.decode(errors="replace")), _table(found.decode())
    faults = [f"{name} is missing" for name in sorted(said.keys() - have.keys())]
    faults += [f"{name} does not belong to it" for name in sorted(have.keys() - said.keys())]
    both = sorted(said.keys() & have.keys())
    faults += [f"{name} was changed or cut" for name in both if said[name] != have[name]]
    return faults or [f"{SUMS} was changed"]


def _table(text: str) -> dict[str, str]:
    return {line[66:]: line[:64] for line in text.splitlines()}
