"""What everything that waits, spawns, posts, draws or tells time is handed in.

In production it is `ThreadRuntime`; a simulated world hands in its own, whose time is virtual and
whose processes live in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from devicelink.runtime.disk import Disk

T = TypeVar("T")

_NS = 1_000_000_000


class Latch(Protocol):
    """A flag that is set once and wakes whoever waits on it."""

    def set(self) -> None:
        """Set it; setting it again changes nothing."""
        ...

    def is_set(self) -> bool:
        """Whether it was set."""
        ...


class Mailbox(Protocol[T]):
    """A queue between threads: any may post, one takes."""

    def post(self, item: T) -> None:
        """Put an item in; never waits."""
        ...

    def take(self, within_s: float) -> T | None:
        """The oldest item, or None when `within_s` seconds pass without one."""
        ...


class Task(Protocol):
    """Something spawned."""

    def join(self, within_s: float) -> bool:
        """Wait for its end; whether it ended within `within_s` seconds."""
        ...


class Process(Protocol):
    """A process that was started."""

    def ended(self) -> bool:
        """Whether it is gone."""
        ...

    def wait(self, within_s: float) -> bool:
        """Wait for its end; whether it ended within `within_s` seconds."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


class Service(Protocol):
    """What answers other processes at a path."""

    def close(self) -> None:
        """Answer no more."""
        ...


class Runtime(Protocol):
    """Time, waiting, tasks, randomness, files and other processes, as one thing handed in."""

    @property
    def boot_id(self) -> str:
        """Names the boot within which `mono_ns` counts."""
        ...

    def mono_ns(self) -> int:
        """Nanoseconds on the monotonic clock of this boot; never goes back."""
        ...

    def asleep_ns(self) -> int:
        """Nanoseconds that this boot has spent suspended, which `mono_ns` does not count."""
        ...

    def now(self) -> datetime:
        """Wall time, UTC; may jump."""
        ...

    def clock_state(self) -> str:
        """What is known of the wall clock: `synced`, `unsynced` or `unknown`."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes."""
        ...

    def sleep(self, seconds: float, until: Latch | None = None) -> bool:
        """Wait `seconds`, less when `until` is set; whether it is set."""
        ...

    def latch(self) -> Latch:
        """A new latch."""
        ...

    def mailbox(self) -> Mailbox[T]:
        """A new mailbox."""
        ...

    def spawn(self, name: str, work: Callable[[], None]) -> Task:
        """Run `work` beside the caller; it ends with the process at the latest."""
        ...

    def wait_readable(self, fd: int, within_s: float, until: Latch | None = None) -> bool:
        """Wait for bytes on a file descriptor; False when the time passed or `until` was set."""
        ...

    @property
    def disk(self) -> Disk:
        """The machine's files."""
        ...

    def pipe(self) -> tuple[int, int]:
        """A pipe: the end to read and the end to write; neither ever waits. Raises `OSError`."""
        ...

    def read(self, fd: int, count: int) -> bytes:
        """What is there, at most `count` bytes; empty at the end of a pipe.

        Raises `BlockingIOError` where nothing is there now, `OSError`.
        """
        ...

    def write(self, fd: int, data: bytes) -> int:
        """How many bytes were taken; raises `BlockingIOError`, `OSError`."""
        ...

    def close(self, fd: int) -> None:
        """Let go of a descriptor."""
        ...

    def ask_for_priority(self) -> None:
        """Ask that this process runs before others; where that is not granted, it goes on.

        For what stands between a laser and its host's death: owner, guard, a simulated laser.
        """
        ...

    def start(
        self, module: str, argument: str, *, inherits: tuple[int, ...], log: Path | None
    ) -> Process:
        """Run `module.attend(argument, runtime)` in a process of its own, which outlives this one.

        It inherits the descriptors under their numbers, and what it prints goes to the end of
        `log`. Raises `OSError`.
        """
        ...

    def serve(self, path: Path, answer: Callable[[bytes], bytes]) -> Service:
        """Answer other processes at a path, one after the other, until closed; raises `OSError`.

        What is asked and answered is one line.
        """
        ...

    def ask(self, path: Path, line: bytes, within_s: float) -> bytes | None:
        """Ask the process that serves a path; None where no line came back in time."""
        ...


def seconds(ns: int) -> float:
    """Nanoseconds as seconds."""
    return ns / _NS


def nanoseconds(s: float) -> int:
    """Seconds as nanoseconds."""
    return round(s * _NS)
