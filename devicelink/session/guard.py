"""The guard: a process of its own that takes light away when its owner dies or stops beating.

It is started before the first enabling byte, in a session of its own, deaf to SIGINT, SIGHUP and
SIGTERM, and inherits the port and the device's lock file (design rule 13). The owner writes to its
pipe: a beat, a farewell (`F`, the laser is locked), or the order to take over (`T`, the laser is
not confirmed locked and the owner leaves). End of the pipe without farewell, or a second without a
beat, makes it act: first the driver's constant lock bytes, then every way again and again until
read back. It leaves lines in `guard/` that recovery journals, and knows no journal itself.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from devicelink.config import device_file
from devicelink.errors import DeviceLinkError, GuardGone
from devicelink.link.link import Link
from devicelink.link.port import inherited_port
from devicelink.link.transcript import NoTranscript
from devicelink.runtime import ThreadRuntime, nanoseconds, seconds
from devicelink.session.lockdown import LOCK_WITHIN_S, ROUND_PAUSE_S, lock
from devicelink.session.ownership import LockRequests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink.driver import Driver
    from devicelink.runtime import Disk, Process, Runtime
    from devicelink.session.lockdown import LockOutcome

BEAT, FAREWELL, TAKE_OVER = b".", b"F", b"T"
ACTED, ALIVE = b"A", b"R"
BEAT_LOST_S = 1.0
BEAT_EVERY_S = 0.1
"""Ten in the time that one may be missing; more would only wake the guard."""
START_WITHIN_S = 10.0
FAREWELL_WITHIN_S = 2.0
_WATCH_EVERY_S = 0.25


class Guard(Protocol):
    """What an owner does with its guard."""

    kind: str

    def beat(self) -> None:
        """Say that the owner's own loop lives; raises `GuardGone`."""
        ...

    def farewell(self) -> None:
        """The laser is confirmed locked; the guard may go."""
        ...

    def take_over(self) -> None:
        """The laser is not confirmed locked; the guard goes on alone."""
        ...


class NoGuard:
    """On a port inside this process the laser dies with it: nothing is left to guard."""

    kind = "none"

    def beat(self) -> None:
        """Nobody listens."""

    def farewell(self) -> None:
        """Nobody leaves."""

    def take_over(self) -> None:
        """Nobody stays: raises `GuardGone`."""
        raise GuardGone("There is no guard process.")


@dataclass(frozen=True, slots=True)
class GuardOrders:
    """All that a guard is told; passed as JSON on its command line."""

    driver_target: str
    """`module:factory`, as the driver's entry point names it."""
    configuration: Mapping[str, str]
    port_fd: int
    pipe_fd: int
    status_fd: int
    lines_path: str
    """Where it leaves its lines."""
    serial: str
    locks_path: str
    """The folder of lock files and sockets."""
    attested_path: str
    """When this file exists, a person has attested that power is removed."""
    rfc2217: bool = False
    """Whether the port's descriptor carries RFC 2217, and not the laser's bytes alone."""


class ProcessGuard:
    """The owner's end of a guard process."""

    kind = "process"

    def __init__(self, process: Process, pipe_fd: int, status_fd: int, runtime: Runtime) -> None:
        self._process = process
        self._pipe_fd = pipe_fd
        self._status_fd = status_fd
        self._runtime = runtime
        self._beat_ns = 0
        self._asked_ns: int | None = None
        self._acted = False

    @classmethod
    def start(
        cls,
        *,
        driver_target: str,
        configuration: Mapping[str, str],
        port_fd: int,
        lock_fd: int | None,
        serial: str,
        folder: Path,
        runtime: Runtime,
        rfc2217: bool = False,
        alive: Callable[[], None] = lambda: None,
    ) -> ProcessGuard:
        """Start one and wait until it watches; raises `GuardGone` where it does not.

        `alive` is called again and again meanwhile.
        """
        runtime.ask_for_priority()
        lines_path = guard_lines(folder, serial)
        try:
            pipe_read, pipe_write, status_read, status_write = _two_pipes(runtime)
        except OSError as error:
            raise GuardGone(f"The guard process cannot be started: {error}.") from error
        orders = GuardOrders(
            driver_target=driver_target,
            configuration=dict(configuration),
            port_fd=port_fd,
            pipe_fd=pipe_read,
            status_fd=status_write,
            lines_path=str(lines_path.absolute()),
            serial=serial,
            locks_path=str((folder / "locks").absolute()),
            attested_path=str(attested_mark(folder, serial).absolute()),
            rfc2217=rfc2217,
        )
        held = () if lock_fd is None else (lock_fd,)
        try:
            process = runtime.start(
                __name__,
                json.dumps(asdict(orders)),
                inherits=(port_fd, *held, pipe_read, status_write),
                log=lines_path.with_suffix(".log"),
            )
        except OSError as error:
            for fd in (pipe_read, pipe_write, status_read, status_write):
                runtime.close(fd)
            raise GuardGone(f"The guard process cannot be started: {error}.") from error
        runtime.close(pipe_read)
        runtime.close(status_write)
        guard = cls(process, pipe_write, status_read, runtime)
        try:
            _wait_readable(status_read, START_WITHIN_S, runtime, alive)
        except BaseException:
            process.kill()
            raise
        if guard._heard() != ALIVE:
            process.kill()
            raise GuardGone("The guard process did not start; nothing was enabled.")
        return guard

    def beat(self) -> None:
        """One byte, answered by the guard; raises `GuardGone` where it acted, died or hangs.

        May be called as often as the owner likes: every call listens, a beat leaves now and then.
        """
        heard = self._heard()
        now_ns = self._runtime.mono_ns()
        self._acted = self._acted or ACTED in heard
        if heard:
            self._asked_ns = None
        elif self._asked_ns is not None and now_ns - self._asked_ns > nanoseconds(BEAT_LOST_S):
            raise GuardGone("The guard process does not answer any more.")
        if now_ns - self._beat_ns >= nanoseconds(BEAT_EVERY_S):
            self._write(BEAT)
            self._beat_ns = now_ns
            self._asked_ns = self._asked_ns or now_ns
        if self._acted:  # told of all the same: two that lock at once take each other's replies
            raise GuardGone("The guard acted by itself: this program had stopped for a second.")

    def farewell(self) -> None:
        """Let it go, and wait for its end, so that its lock file is free."""
        with contextlib.suppress(GuardGone):
            self._write(FAREWELL)
        self._process.wait(FAREWELL_WITHIN_S)

    def take_over(self) -> None:
        """Leave the laser to it; raises `GuardGone` where there is nobody to leave it to."""
        if self._process.ended():
            raise GuardGone("The guard process is gone.")
        self._write(TAKE_OVER)

    def _write(self, word: bytes) -> None:
        try:
            self._runtime.write(self._pipe_fd, word)
        except OSError as error:
            raise GuardGone("The guard process is gone.") from error

    def _heard(self) -> bytes:
        try:
            heard = self._runtime.read(self._status_fd, 4096)
        except BlockingIOError:
            return b""
        if not heard:
            raise GuardGone("The guard process is gone.")
        return heard


def _wait_readable(fd: int, within_s: float, runtime: Runtime, alive: Callable[[], None]) -> None:
    """At most so long, in slices between which `alive` is called."""
    give_up_ns = runtime.mono_ns() + nanoseconds(within_s)
    while not runtime.wait_readable(fd, BEAT_EVERY_S) and runtime.mono_ns() < give_up_ns:
        alive()


def _two_pipes(runtime: Runtime) -> tuple[int, int, int, int]:
    """Both or none; raises `OSError`."""
    first = runtime.pipe()
    try:
        return (*first, *runtime.pipe())
    except OSError:
        for fd in first:
            runtime.close(fd)
        raise


class _Watch:
    """The guard's own life."""

    def __init__(self, orders: GuardOrders, driver: Driver, runtime: Runtime) -> None:
        self._orders = orders
        self._driver = driver
        self._runtime = runtime
        self._port = inherited_port(orders.port_fd, runtime, rfc2217=orders.rfc2217)
        self._beat_ns = runtime.mono_ns()
        self._owner_lives = True
        self._old_mark = False
        self._confirmed = False

    def run(self) -> None:
        """Watch the pipe until farewell, or act and stay until the laser is dark for certain."""
        self._say(ALIVE)
        while (reason := self._wait_for_reason()) is not None:
            with contextlib.suppress(DeviceLinkError):
                self._port.write(self._driver.declaration.lock_bytes)
            self._forget_old_mark()
            self._note("acted", reason=reason)
            self._say(ACTED)
            if self._hold_dark():
                return

    def _wait_for_reason(self) -> str | None:
        """Why to act, or None after a farewell."""
        while True:
            left_s = BEAT_LOST_S - seconds(self._runtime.mono_ns() - self._beat_ns)
            if not self._runtime.wait_readable(self._orders.pipe_fd, max(0.0, left_s)):
                return "no_beat"
            words = self._hear()
            if FAREWELL in words:
                return None
            self._say(ALIVE)
            if not self._owner_lives:
                return "taken_over" if words else "owner_dead"

    def _forget_old_mark(self) -> None:
        """Only what a person attests from now on may end this guard's work."""
        with contextlib.suppress(OSError):
            self._runtime.disk.remove(Path(self._orders.attested_path))
        self._old_mark = self._is_marked() is not False

    def _is_marked(self) -> bool | None:
        """Whether the mark is there; None where the disk does not tell."""
        try:
            return self._runtime.disk.is_file(Path(self._orders.attested_path))
        except OSError:
            return None

    def _hold_dark(self) -> bool:
        """Lock again and again; True when the work is done, False when the owner beats again."""
        self._confirmed = False
        answering = was_dark = False
        while True:
            if not answering and not self._owner_lives:
                answering = True
                self._answer_lock_requests(lambda: self._confirmed)
            marked = self._is_marked()
            self._old_mark = self._old_mark and marked is not False
            if marked and not self._old_mark:
                self._note("ended", by="attested")
                return True
            outcome = self._lock_once()
            if outcome.confirmed and not self._confirmed:
                self._note("confirmed", outcome=outcome)
            self._confirmed = outcome.confirmed
            was_dark = was_dark or outcome.confirmed
            if outcome.port_lost:
                self._note("ended", by="port_lost", outcome=outcome)
                return True
            if not self._owner_lives:
                if self._confirmed:
                    return True
                self._runtime.sleep(_WATCH_EVERY_S)
            elif self._runtime.wait_readable(self._orders.pipe_fd, _WATCH_EVERY_S):
                words = self._hear()
                if FAREWELL in words:
                    return True
                if was_dark and self._owner_lives:
                    return False

    def _lock_once(self) -> LockOutcome:
        link = Link(self._port, self._driver.wire, self._runtime, NoTranscript())
        return lock(link, self._driver, self._runtime, within_s=_WATCH_EVERY_S)

    def _answer_lock_requests(self, confirmed: Callable[[], bool]) -> None:
        """With the owner gone, whoever runs `lock` finds the guard in its place."""
        locks = Path(self._orders.locks_path)

        def answer() -> dict[str, object]:
            give_up_ns = self._runtime.mono_ns() + nanoseconds(LOCK_WITHIN_S)
            while not confirmed() and self._runtime.mono_ns() < give_up_ns:
                self._runtime.sleep(ROUND_PAUSE_S)
            return {"confirmed": confirmed(), "by": "guard"}

        with contextlib.suppress(OSError):
            self._requests = LockRequests(locks, self._orders.serial, self._runtime, answer)

    def _hear(self) -> bytes:
        """The owner's words; its death is an empty one."""
        words = self._runtime.read(self._orders.pipe_fd, 4096)
        self._beat_ns = self._runtime.mono_ns()
        self._owner_lives = self._owner_lives and bool(words) and TAKE_OVER not in words
        return words

    def _say(self, word: bytes) -> None:
        with contextlib.suppress(OSError):
            self._runtime.write(self._orders.status_fd, word)

    def _note(self, what: str, *, outcome: LockOutcome | None = None, **more: str) -> None:
        line: dict[str, object] = {
            "what": what,
            "mono_ns": self._runtime.mono_ns(),
            "boot": self._runtime.boot_id,
            "at": self._runtime.now().isoformat(),
            **more,
        }
        if outcome is not None:
            line["lock"] = outcome.as_data()
        with contextlib.suppress(OSError):
            data = json.dumps(line).encode() + b"\n"
            self._runtime.disk.append(Path(self._orders.lines_path), data)


def guard_lines(folder: Path, serial: str) -> Path:
    """Where the guard of a device leaves its lines."""
    return folder / "guard" / device_file(serial, "jsonl")


def attested_mark(folder: Path, serial: str) -> Path:
    """The file that tells a guard that a person has attested the power removed."""
    return folder / "guard" / device_file(serial, "attested")


def set_aside(path: Path, disk: Disk) -> Path:
    """Move a guard's lines to where no guard writes any more; the new path, there or not."""
    aside = path.with_suffix(".taken")
    with contextlib.suppress(OSError):
        if disk.is_file(aside):
            disk.append(aside, disk.read(path))
            disk.remove(path)
        else:
            disk.move(path, aside)
    return aside


_LONGEST_LINE = 8_000
"""Characters; a guard's own lines are a few hundred, an entry holds 65,535 bytes."""


def take_lines(path: Path, disk: Disk) -> list[dict[str, object]]:
    """The lines that guards left; half a line at the end is kept as what it is."""
    lines: list[dict[str, object]] = []
    try:
        text = disk.read(path).decode(errors="replace")
    except OSError:
        return lines
    for line in text.splitlines():
        said = _line(line)
        lines.append({"what": "unreadable", "text": line[:200]} if said is None else said)
    return lines


def _line(text: str) -> dict[str, object] | None:
    """A guard's line; None for what the journal could not take, or recovery not go by."""
    try:
        found = json.loads(text)
        text.encode()
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or len(text) > _LONGEST_LINE:
        return None
    return found if type(found.get("mono_ns", 0)) is int else None


def attend(argument: str, runtime: Runtime) -> None:
    """Watch as the orders say, until the work is done."""
    orders = GuardOrders(**json.loads(argument))
    module, _, attribute = orders.driver_target.partition(":")
    make = cast(
        "Callable[[Mapping[str, str]], Driver]",
        getattr(importlib.import_module(module), attribute),
    )
    _Watch(orders, make(orders.configuration), runtime).run()


if __name__ == "__main__":
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(name, signal.SIG_IGN)
    machine = ThreadRuntime()
    machine.ask_for_priority()
    attend(sys.argv[1], machine)
