"""The real runtime: real time, real threads, the operating system's randomness and processes."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from devicelink.runtime.disk import MachineDisk
from devicelink.runtime.processes import MachineProcess, MachineService, ask, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.runtime.contract import Latch

T = TypeVar("T")

_PRIORITY = -10
"""Niceness; asked for, never required."""


class ThreadLatch:
    """A latch that `poll` can wait on, and that a signal handler may set."""

    def __init__(self) -> None:
        self._set = False
        self._read_fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def set(self) -> None:
        """Set it and wake every waiter; the byte stays unread, so the pipe stays readable."""
        if not self._set:
            self._set = True
            os.write(self._write_fd, b"!")

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._set

    def fileno(self) -> int:
        """The end that turns readable when the latch is set."""
        return self._read_fd

    def __del__(self) -> None:
        for fd in (self._read_fd, self._write_fd):
            os.close(fd)


class ThreadMailbox(Generic[T]):
    """A mailbox between threads."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._some = threading.Condition()

    def post(self, item: T) -> None:
        """Put an item in."""
        with self._some:
            self._items.append(item)
            self._some.notify()

    def take(self, within_s: float) -> T | None:
        """The oldest item, or None after `within_s` seconds."""
        with self._some:
            if not self._items and within_s > 0:
                self._some.wait_for(lambda: bool(self._items), within_s)
            return self._items.popleft() if self._items else None


@dataclass(frozen=True)
class ThreadTask:
    """A daemon thread."""

    thread: threading.Thread

    def join(self, within_s: float) -> bool:
        """Wait for its end."""
        self.thread.join(within_s)
        return not self.thread.is_alive()


class ThreadRuntime:
    """The machine itself."""

    def __init__(self) -> None:
        self._boot_id = _read_boot_id()
        self._disk = MachineDisk()

    @property
    def boot_id(self) -> str:
        """Linux's own boot id; a random one where the system offers none."""
        return self._boot_id

    def mono_ns(self) -> int:
        """CLOCK_MONOTONIC."""
        return time.monotonic_ns()

    def asleep_ns(self) -> int:
        """CLOCK_BOOTTIME less CLOCK_MONOTONIC."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()

    def now(self) -> datetime:
        """The machine's wall clock."""
        return datetime.now(UTC)

    def clock_state(self) -> str:
        """`synced` where the time service says so, `unknown` where there is none to ask."""
        return "synced" if Path("/run/systemd/timesync/synchronized").exists() else "unknown"

    def random_bytes(self, count: int) -> bytes:
        """From the operating system."""
        return secrets.token_bytes(count)

    def sleep(self, seconds: float, until: Latch | None = None) -> bool:
        """Wait on the latch's pipe, or simply sleep."""
        if isinstance(until, ThreadLatch):
            _poll([until.fileno()], seconds)
            return until.is_set()
        time.sleep(max(0.0, seconds))
        return until.is_set() if until is not None else False

    def latch(self) -> ThreadLatch:
        """A latch with a pipe behind it."""
        return ThreadLatch()

    def mailbox(self) -> ThreadMailbox[T]:
        """A mailbox between threads."""
        return ThreadMailbox()

    def spawn(self, name: str, work: Callable[[], None]) -> ThreadTask:
        """A daemon thread: it never keeps the process alive."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return ThreadTask(thread)

    def wait_readable(self, fd: int, within_s: float, until: Latch | None = None) -> bool:
        """`poll` on the descriptor and the latch together."""
        if isinstance(until, ThreadLatch):
            return fd in _poll([fd, until.fileno()], within_s) and not until.is_set()
        return fd in _poll([fd], within_s)

    @property
    def disk(self) -> MachineDisk:
        """The machine's own file system."""
        return self._disk

    def pipe(self) -> tuple[int, int]:
        """Neither end waits, neither is inherited unless named."""
        return os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def read(self, fd: int, count: int) -> bytes:
        """As the system reads."""
        return os.read(fd, count)

    def write(self, fd: int, data: bytes) -> int:
        """As the system writes."""
        return os.write(fd, data)

    def close(self, fd: int) -> None:
        """As the system closes."""
        os.close(fd)

    def ask_for_priority(self) -> None:
        """By its niceness."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)

    def start(
        self, module: str, argument: str, *, inherits: tuple[int, ...], log: Path | None
    ) -> MachineProcess:
        """A Python process in a session of its own."""
        return start(module, argument, inherits=inherits, log=log)

    def serve(self, path: Path, answer: Callable[[bytes], bytes]) -> MachineService:
        """A socket in the file system, answered from a thread."""
        service = MachineService(path, answer)
        self.spawn(f"service {path.name}", service.run)
        return service

    def ask(self, path: Path, line: bytes, within_s: float) -> bytes | None:
        """Through the socket."""
        return ask(path, line, within_s)


def _poll(fds: list[int], within_s: float) -> set[int]:
    """The descriptors that are readable, or closed at their far end, within the time."""
    poller = select.poll()
    for fd in fds:
        poller.register(fd, select.POLLIN | select.POLLERR | select.POLLHUP)
    return {fd for fd, _ in poller.poll(max(0.0, within_s) * 1000)}


def _read_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return secrets.token_hex(16)
