"""Every byte that passed, as JSON lines: diagnostics, bound to the journal by its SHA-256."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Disk


class Transcript(Protocol):
    """Takes note of bytes."""

    def note(self, mono_ns: int, direction: str, data: bytes) -> None:
        """`direction` is `>` to the device, `<` from it, `!` received and dropped."""
        ...

    def sha256(self) -> str | None:
        """Over what was kept, hex; None where nothing is kept."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class FileTranscript:
    """A transcript in a file, one JSON object a line, flushed line by line."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._file = disk.appender(path)
        self._hash = hashlib.sha256()

    def note(self, mono_ns: int, direction: str, data: bytes) -> None:
        """Write one line; a full disk loses diagnostics, never a lock."""
        line = f'{{"mono_ns": {mono_ns}, "dir": "{direction}", "hex": "{data.hex()}"}}\n'.encode()
        try:
            self._file.write(line)
        except OSError:
            return
        self._hash.update(line)

    def sha256(self) -> str:
        """Over the lines written so far, hex."""
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def transcript_at(path: Path, disk: Disk) -> Transcript:
    """A transcript in this file, or none where the disk does not take it."""
    try:
        return FileTranscript(path, disk)
    except OSError:
        return NoTranscript()


class NoTranscript:
    """Keeps nothing: for probes and for the guard."""

    def note(self, mono_ns: int, direction: str, data: bytes) -> None:
        """Forget it."""

    def sha256(self) -> str | None:
        """Nothing was kept."""
        return None

    def close(self) -> None:
        """Nothing is held."""
