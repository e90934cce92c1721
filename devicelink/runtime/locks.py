"""Waiting for a lock file, and seeing whether somebody holds it."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from devicelink.runtime.contract import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devicelink.runtime.contract import Runtime

_PATIENCE_S = 10.0
_AGAIN_S = 0.01


def is_held(runtime: Runtime, path: Path) -> bool:
    """Whether a living process holds a lock file, without disturbing it."""
    try:
        if not runtime.disk.is_file(path):
            return False
        fd = runtime.disk.hold(path)
    except OSError:
        return False
    if fd is not None:
        runtime.close(fd)
    return fd is None


@contextmanager
def held(runtime: Runtime, path: Path) -> Iterator[None]:
    """A lock file, held by one at a time; raises `OSError` also after ten seconds in vain."""
    give_up_ns = runtime.mono_ns() + nanoseconds(_PATIENCE_S)
    while (fd := runtime.disk.hold(path)) is None:
        if runtime.mono_ns() >= give_up_ns:
            raise OSError(errno.EBUSY, f"{path.name} is held by another program")
        runtime.sleep(_AGAIN_S)
    try:
        yield
    finally:
        runtime.close(fd)
