"""Files as the core needs them: written whole, durably, and held by one process at a time.

Everything that a session writes or reads beside the journal goes through a `Disk`, which comes
with the runtime: `MachineDisk` on a station, a simulated one in a simulated world.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class Appender(Protocol):
    """A file that only grows."""

    def write(self, data: bytes) -> None:
        """Put bytes behind the last ones; raises `OSError`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Disk(Protocol):
    """Every method raises `OSError`, with an `errno`, for what the disk refuses."""

    def read(self, path: Path) -> bytes:
        """The whole content; `FileNotFoundError` where there is none."""
        ...

    def is_file(self, path: Path) -> bool:
        """Whether there is a file; raises `OSError` where the disk does not tell."""
        ...

    def names(self, folder: Path, pattern: str) -> list[Path]:
        """The files in a folder that fit the pattern, sorted; none where there is no folder."""
        ...

    def create(self, path: Path, data: bytes) -> None:
        """A file that must not exist yet, durable; after a crash it is there whole or not at all.

        Raises `FileExistsError`.
        """
        ...

    def replace(self, path: Path, data: bytes) -> None:
        """A file's new content, durable; after a crash it is whole, the old or the new."""
        ...

    def append(self, path: Path, data: bytes) -> None:
        """Bytes behind the last ones, durable."""
        ...

    def appender(self, path: Path) -> Appender:
        """A file to add to, made where it is not there; what is written is not yet durable."""
        ...

    def move(self, path: Path, to: Path) -> None:
        """A new name, durable; what had that name is gone."""
        ...

    def remove(self, path: Path) -> None:
        """Gone, durably; nothing where it is gone already."""
        ...

    def free_bytes(self, folder: Path) -> int:
        """How much the disk under a folder still takes."""
        ...

    def usable(self, folder: Path) -> bool:
        """Whether there is a folder in which this process may read and write."""
        ...

    def hold(self, path: Path) -> int | None:
        """Take a lock file, made where it is not there; None while another holds it.

        The descriptor holds it until every copy of it is closed, in this process and in those that
        inherited it.
        """
        ...


class MachineDisk:
    """The machine's own file system; all that is made is private to the station's user."""

    def read(self, path: Path) -> bytes:
        """The whole content."""
        return path.read_bytes()

    def is_file(self, path: Path) -> bool:
        """Whether there is a file."""
        return path.is_file()

    def names(self, folder: Path, pattern: str) -> list[Path]:
        """By glob."""
        return sorted(folder.glob(pattern))

    def create(self, path: Path, data: bytes) -> None:
        """Written beside, synced, then linked: the name appears with the whole content."""
        with _written_beside(path, data) as being_made:
            path.hardlink_to(being_made)
        sync_folder(path.parent)

    def replace(self, path: Path, data: bytes) -> None:
        """Written beside, synced, then renamed."""
        with _written_beside(path, data) as being_made:
            being_made.replace(path)
        sync_folder(path.parent)

    def append(self, path: Path, data: bytes) -> None:
        """One write, then fsync."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        fd = os.open(path, _APPEND, _PRIVATE)
        try:
            os.write(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)

    def appender(self, path: Path) -> MachineAppender:
        """Unbuffered."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        return MachineAppender(path)

    def move(self, path: Path, to: Path) -> None:
        """Renamed."""
        path.replace(to)
        sync_folder(to.parent)

    def remove(self, path: Path) -> None:
        """Unlinked."""
        try:
            path.unlink()
        except FileNotFoundError:
            return
        sync_folder(path.parent)

    def free_bytes(self, folder: Path) -> int:
        """By statvfs."""
        return shutil.disk_usage(folder).free

    def usable(self, folder: Path) -> bool:
        """By its permissions."""
        return folder.is_dir() and os.access(folder, os.R_OK | os.W_OK | os.X_OK)

    def hold(self, path: Path) -> int | None:
        """By flock."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        except BaseException:
            os.close(fd)
            raise
        return fd


class MachineAppender:
    """A file opened for appending."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, _APPEND, _PRIVATE)

    def write(self, data: bytes) -> None:
        """One write."""
        os.write(self._fd, data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[Path]:
    """The data in a file of another name, on the disk; gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    being_made = path.with_name(path.name + ".new")
    being_made.unlink(missing_ok=True)
    fd = os.open(being_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield being_made
    finally:
        being_made.unlink(missing_ok=True)
