"""One device, one owner: the lock file, and the place at which anyone may ask for a lock.

`locks/<serial>.lock` is held while a living process owns the device; a guard inherits it.
`locks/<serial>.sock` knows one word, `stop`. `locks/<serial>.lend` is the station service's, where
one runs, and knows one word, `lend`. Names are percent-quoted serial numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from devicelink.config import device_file
from devicelink.errors import DeviceBusy, JournalUnwritable
from devicelink.runtime import is_held, nanoseconds
from devicelink.session.asking import answer_word, ask_word

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devicelink.runtime import Runtime

ASK = b"stop\n"
LEND_ASK = b"lend\n"
LENT_FOR_S = 1.0
"""For so long a service leaves a lent device to whoever asked for it."""
ANSWER_WITHIN_S = 2.5
_RETRY_S = 0.02


@dataclass(frozen=True, slots=True)
class Ownership:
    """The device's lock file, held; without one (`None`) where the folder takes none."""

    serial: str
    lock_fd: int | None
    runtime: Runtime

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go of this process's hold; a guard may still have its own."""
        if self.lock_fd is not None:
            self.runtime.close(self.lock_fd)


def own(folder: Path, serial: str, runtime: Runtime, *, within_s: float = 0.0) -> Ownership:
    """Take the device's lock file, waiting at most `within_s`.

    Raises `DeviceBusy`, or `JournalUnwritable` where the folder takes no lock file.
    """
    path = folder / "locks" / device_file(serial, "lock")
    give_up_ns = runtime.mono_ns() + nanoseconds(within_s)
    while True:
        try:
            fd = runtime.disk.hold(path)
        except OSError as error:
            raise JournalUnwritable(f"The lock file {path} cannot be used: {error}.") from error
        if fd is not None:
            return Ownership(serial, fd, runtime)
        if runtime.mono_ns() >= give_up_ns:
            raise DeviceBusy(
                f"{serial} is in use: by another session, or by the guard of a laser that is "
                "not confirmed locked. End the session there, or take its light away: devicelink "
                f"lock {serial}"
            )
        runtime.sleep(_RETRY_S)


def borrow(folder: Path, serial: str, runtime: Runtime, *, within_s: float = 0.0) -> Ownership:
    """Take the device's lock file, and ask the station's service for it where that has it.

    The service lets go of a locked laser only, and takes it back when the borrower has let go.
    Raises as `own`.
    """
    try:
        return own(folder, serial, runtime, within_s=within_s)
    except DeviceBusy:
        path = folder / "locks" / device_file(serial, "lend")
        answer = ask_word(path, LEND_ASK, runtime, ANSWER_WITHIN_S)
        if answer is None or answer.get("lent") is not True:
            raise
    return own(folder, serial, runtime, within_s=LENT_FOR_S)


def is_owned(folder: Path, serial: str, runtime: Runtime) -> bool:
    """Whether a living process holds the device, without disturbing it."""
    return is_held(runtime, folder / "locks" / device_file(serial, "lock"))


class LockRequests:
    """Answers every `stop` on the device's socket, beside the caller, until closed.

    Made by the holder of the lock file alone, so an old socket file may be removed. Raises
    `OSError` where no socket can be made.
    """

    def __init__(
        self, locks: Path, serial: str, runtime: Runtime, answer: Callable[[], dict[str, object]]
    ) -> None:
        self._service = answer_word(locks / device_file(serial, "sock"), ASK, runtime, answer)

    def close(self) -> None:
        """Answer no more; called before the lock file is let go."""
        self._service.close()


def ask_owner(folder: Path, serial: str, runtime: Runtime) -> dict[str, object] | None:
    """Ask the device's living owner to lock; its answer, or None where none came in time."""
    return ask_word(folder / "locks" / device_file(serial, "sock"), ASK, runtime, ANSWER_WITHIN_S)
