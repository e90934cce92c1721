"""Other processes of this machine: started, asked, answered.

A socket is reached relative to its folder, since such a path ends at 107 bytes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CALLER_WITHIN_S = 0.2
"""A caller that says nothing must not keep the next one waiting."""
_ASKED_BYTES = 16
_ANSWER_BYTES = 65536


class MachineProcess:
    """A process started by `start`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ended(self) -> bool:
        """Whether it is gone; a zombie is."""
        return self._process.poll() is not None

    def wait(self, within_s: float) -> bool:
        """Wait for its end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=within_s)
        return self.ended()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()


def start(
    module: str, argument: str, *, inherits: tuple[int, ...], log: Path | None
) -> MachineProcess:
    """`python -m MODULE ARGUMENT`, in a session of its own; raises `OSError`."""
    with contextlib.ExitStack() as opened:
        out: IO[bytes] | int = subprocess.DEVNULL
        with contextlib.suppress(OSError):
            if log is not None:
                log.parent.mkdir(parents=True, exist_ok=True)
                out = opened.enter_context(log.open("ab"))
        return MachineProcess(
            subprocess.Popen(  # noqa: S603 - our own module, arguments of our own making
                [sys.executable, "-P", "-m", module, argument],
                pass_fds=inherits,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        )


class MachineService:
    """A socket in the file system; an old one of the same name is removed. Raises `OSError`."""

    def __init__(self, path: Path, answer: Callable[[bytes], bytes]) -> None:
        self._path = path
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _folder_fd(path.parent) as folder_fd:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path.name, dir_fd=folder_fd)
                self._listener.bind(f"/proc/self/fd/{folder_fd}/{path.name}")
                self._inode = os.stat(path.name, dir_fd=folder_fd).st_ino
            self._listener.listen(8)
        except BaseException:
            self._listener.close()
            raise

    def close(self) -> None:
        """Answer no more; a file that a successor put in its place is the successor's."""
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def run(self) -> None:
        """Answer one caller after the other, until closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(Exception):
                connection.settimeout(_CALLER_WITHIN_S)
                connection.sendall(self._answer(connection.recv(_ASKED_BYTES)))


def ask(path: Path, line: bytes, within_s: float) -> bytes | None:
    """One line to the process that serves a path, and its answer; None where none came in time."""
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    asking.settimeout(within_s)
    heard = b""
    try:
        with asking, _folder_fd(path.parent) as folder_fd:
            asking.connect(f"/proc/self/fd/{folder_fd}/{path.name}")
            asking.sendall(line)
            while not heard.endswith(b"\n"):
                part = asking.recv(_ANSWER_BYTES)
                if not part:
                    return None
                heard += part
    except OSError:
        return None
    return heard


@contextlib.contextmanager
def _folder_fd(folder: Path) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
