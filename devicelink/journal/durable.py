"""Files that are on the disk when the call returns."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def create_durably(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write a file that must not exist yet; after a crash it is there whole or not at all.

    Raises `FileExistsError`, or another `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    being_made = path.with_name(path.name + ".new")
    being_made.unlink(missing_ok=True)
    fd = os.open(being_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(being_made)
    finally:
        being_made.unlink(missing_ok=True)
    sync_folder(path.parent)
