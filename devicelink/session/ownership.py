"""One device, one owner: the lock file, and the socket on which anyone may ask for a lock.

`locks/<serial>.lock` is held (flock) while a living process owns the device; a guard inherits it.
`locks/<serial>.sock` knows one word, `stop`. Names are percent-quoted serial numbers; the socket
is reached relative to the folder, since such a path ends at 107 bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from devicelink.config import device_file
from devicelink.errors import DeviceBusy, JournalUnwritable
from devicelink.runtime import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from devicelink.runtime import Runtime

ASK = b"stop\n"
ANSWER_WITHIN_S = 2.5
_RETRY_S = 0.02
_CALLER_WITHIN_S = 0.2
"""A caller that says nothing must not keep the next one waiting."""
_WORD_BYTES = 16
_ANSWER_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Ownership:
    """The device's lock file, held."""

    serial: str
    lock_fd: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go of this process's hold; a guard may still have its own."""
        os.close(self.lock_fd)


def own(folder: Path, serial: str, runtime: Runtime, *, within_s: float = 0.0) -> Ownership:
    """Take the device's lock file, waiting at most `within_s`.

    Raises `DeviceBusy`, or `JournalUnwritable` where the folder takes no lock file.
    """
    path = folder / "locks" / device_file(serial, "lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalUnwritable(f"The lock file {path} cannot be used: {error}.") from error
    give_up_ns = runtime.mono_ns() + nanoseconds(within_s)
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if runtime.mono_ns() >= give_up_ns:
                os.close(fd)
                raise DeviceBusy(
                    f"{serial} is in use: by another session, or by the guard of a laser that is "
                    "not confirmed locked."
                ) from None
            runtime.sleep(_RETRY_S)
        else:
            return Ownership(serial, fd)


def is_owned(folder: Path, serial: str) -> bool:
    """Whether a living process holds the device, without disturbing it."""
    try:
        fd = os.open(folder / "locks" / device_file(serial, "lock"), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


class LockRequests:
    """Answers every `stop` on the device's socket, from a thread, until closed.

    Made by the holder of the lock file alone, so an old socket file may be removed. Raises
    `OSError` where no socket can be made.
    """

    def __init__(
        self, locks: Path, serial: str, runtime: Runtime, answer: Callable[[], dict[str, object]]
    ) -> None:
        self._locks = locks
        self._name = device_file(serial, "sock")
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _folder_fd(locks) as folder_fd:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._name, dir_fd=folder_fd)
            self._listener.bind(f"/proc/self/fd/{folder_fd}/{self._name}")
        self._listener.listen(8)
        runtime.spawn(f"lock requests {serial}", self._serve)

    def close(self) -> None:
        """Answer no more; called before the lock file is let go."""
        with contextlib.suppress(OSError):
            (self._locks / self._name).unlink()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(Exception):
                connection.settimeout(_CALLER_WITHIN_S)
                if connection.recv(_WORD_BYTES) == ASK:
                    connection.sendall(json.dumps(self._answer()).encode() + b"\n")


def ask_owner(folder: Path, serial: str) -> dict[str, object] | None:
    """Ask the device's living owner to lock; its answer, or None where none came in time."""
    locks = folder / "locks"
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    asking.settimeout(ANSWER_WITHIN_S)
    try:
        with asking, _folder_fd(locks) as folder_fd:
            asking.connect(f"/proc/self/fd/{folder_fd}/{device_file(serial, 'sock')}")
            asking.sendall(ASK)
            heard = b""
            while not heard.endswith(b"\n"):
                part = asking.recv(_ANSWER_BYTES)
                if not part:
                    return None
                heard += part
            answer = json.loads(heard)
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


@contextlib.contextmanager
def _folder_fd(folder: Path) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
