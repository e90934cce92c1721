"""The station's service: owns every registered device that nobody uses, and watches it.

One keeper for each device, in a thread of its own; this loop starts them, hears them, keeps the
mirror, and answers `status` on `service.sock` in the station's folder.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.config import STATION_FILE
from devicelink.devices.register import devices
from devicelink.errors import DeviceBusy, DeviceLinkError, JournalBroken, JournalUnwritable
from devicelink.journal.entry import Draft
from devicelink.runtime import is_held, nanoseconds, seconds
from devicelink.session.asking import answer_word, ask_word
from devicelink.session.keeper import Keeper
from devicelink.session.watched import Watch, Watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devicelink.runtime import Latch, Mailbox, Runtime, Task
    from devicelink.session.context import Context

STATUS_ASK = b"status\n"
LOOK_EVERY_S = 0.5
MIRROR_EVERY_S = 60.0
STOP_WITHIN_S = 2.5
"""For all keepers together; the service has three seconds in all."""
HANGS_AFTER_S = 10.0
_ANSWER_WITHIN_S = 1.0
_HEAR_EVERY_S = 0.1
"""So long may a stop wait for the end of a wait for changes."""

_NOT_CONFIRMED = frozenset({Watch.UNCONFIRMED, Watch.TROUBLE})
"""A keeper that met an error of its own does not know either."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a service ended."""

    devices: tuple[Watched, ...]
    unconfirmed: tuple[str, ...]
    """Devices that are not confirmed locked by the journal's last word."""
    broken: str | None
    """Why the journal does not hold, where it does not."""


class Service:
    """All devices of one station; `heard` gets every change of a device's state.

    `open_context` opens the station anew: each keeper has its own. Raises `DeviceBusy` where the
    station has a service already, and as opening a station does.
    """

    def __init__(
        self, open_context: Callable[[], Context], heard: Callable[[Watched], None]
    ) -> None:
        self._open_context = open_context
        self._heard = heard
        self._context = open_context()
        self._runtime = self._context.runtime
        self._changes: Mailbox[Watched] = self._runtime.mailbox()
        self._keepers: dict[str, tuple[Keeper, Task]] = {}
        self._broken: str | None = None
        self._told_trouble = ""
        self._mirror_problem: str | None = None
        self._lock_problem = ""

    def run(self, stop: Latch, ready: Callable[[], None], alive: Callable[[], None]) -> Ended:
        """Serve until `stop` is set; `ready` when each device was looked at, `alive` now and then.

        `alive` is not called while a keeper hangs.
        """
        with contextlib.ExitStack() as open_:
            folder = self._context.folder
            for place in (folder, self._context.kept_folder):
                self._only_one(place, open_)
            self._context.mirror.check()
            with contextlib.suppress(JournalUnwritable):  # a full disk is no reason not to lock
                self._context.journal.append(Draft("station.started", {"service": True}))
            answering = answer_word(service_socket(folder), STATUS_ASK, self._runtime, self._status)
            open_.callback(answering.close)
            self._serve(stop, ready, alive)
            return self._end()

    def _only_one(self, place: Path, open_: contextlib.ExitStack) -> None:
        """Held in the station's folder, and where its mirror lies: that does not move with it."""
        try:
            fd = self._runtime.disk.hold(_lock_file(place))
        except OSError as error:
            self._lock_problem = f"{_lock_file(place)} cannot be used: {error.strerror}."
            return
        if fd is None:
            raise DeviceBusy("This station has a service already; it watches the devices.")
        open_.callback(self._runtime.close, fd)

    def _trouble(self, sentence: str) -> None:
        """An alarm of the station itself, told once as long as it lasts; empty: it is over."""
        if sentence != self._told_trouble:
            self._told_trouble = sentence
            watch = Watch.TROUBLE if sentence else Watch.SERVING
            told = sentence or "The station is in order again."
            self._changes.post(Watched(self._context.origin, watch, told))

    def _serve(self, stop: Latch, ready: Callable[[], None], alive: Callable[[], None]) -> None:
        mirrored_ns, told_ready = self._runtime.mono_ns(), False
        while not stop.is_set():
            self._keep_all()
            now_ns = self._runtime.mono_ns()
            if not told_ready and self._all_seen():
                told_ready = True
                ready()
            if self._all_alive(now_ns):
                alive()
            if now_ns - mirrored_ns >= nanoseconds(MIRROR_EVERY_S):
                mirrored_ns = now_ns
                self._mirror_problem = self._context.mirror.write()
            self._tell(LOOK_EVERY_S, stop)

    def _keep_all(self) -> None:
        """A keeper for each registered device; new ones may come while we serve."""
        folder, self._broken = self._context.folder, None
        try:
            known = devices(self._context.state()["devices"])
        except DeviceLinkError as error:
            self._broken = str(error) if isinstance(error, JournalBroken) else None
            self._trouble(f"The journal cannot be read: {error}")
            return
        if not (folder / STATION_FILE).exists():
            self._trouble(f"{folder} was moved away. Stop this service, and start it where it is.")
        else:
            self._trouble(self._mirror_problem or self._lock_problem)
        for serial, device in known.items():
            if serial not in self._keepers:
                keeper = Keeper(self._open_context(), device, self._changes.post)
                task = self._runtime.spawn(f"keeper {serial}", keeper.run)
                self._keepers[serial] = (keeper, task)

    def _tell(self, within_s: float, stop: Latch) -> None:
        """Pass every change on as it comes, for so long at most."""
        give_up_ns = self._runtime.mono_ns() + nanoseconds(within_s)
        while not stop.is_set():
            left_s = seconds(give_up_ns - self._runtime.mono_ns())
            change = self._changes.take(max(0.0, min(left_s, _HEAR_EVERY_S)))
            if change is not None:
                self._heard(change)
            elif left_s <= 0:
                return

    def _all_seen(self) -> bool:
        return all(one.watched.watch is not Watch.STARTING for one, _ in self._keepers.values())

    def _all_alive(self, now_ns: int) -> bool:
        return all(
            seconds(now_ns - keeper.beat_ns) < HANGS_AFTER_S for keeper, _ in self._keepers.values()
        )

    def _status(self) -> dict[str, object]:
        """The answer to `status` on the station's socket."""
        now_ns = self._runtime.mono_ns()
        rows = [keeper.watched.as_json(now_ns) for keeper, _ in list(self._keepers.values())]
        return {"devices": rows}

    def _end(self) -> Ended:
        """Each laser locked a last time and read back; what could not be is left to a guard."""
        give_up_ns = self._runtime.mono_ns() + nanoseconds(STOP_WITHIN_S)
        for keeper, _ in self._keepers.values():
            keeper.stop()
        hanging = []
        for serial, (_, task) in self._keepers.items():
            if not task.join(max(0.0, seconds(give_up_ns - self._runtime.mono_ns()))):
                hanging.append(serial)
        self._tell(0, self._runtime.latch())
        seen = tuple(keeper.watched for keeper, _ in self._keepers.values())
        now_ns = self._runtime.mono_ns()
        told = {"devices": [one.as_json(now_ns) for one in seen], "hanging": hanging}
        try:
            self._context.journal.append(Draft("station.stopped", told))
            self._context.mirror.write()
        except JournalBroken as error:
            self._broken = str(error)
        except JournalUnwritable:
            pass  # what each keeper knows is told all the same
        unsure = [keeper.serial for keeper, _ in self._keepers.values() if _unsure(keeper)]
        return Ended(seen, tuple(sorted({*unsure, *hanging})), self._broken)


def _unsure(keeper: Keeper) -> bool:
    """Whether its laser is not confirmed locked, by what was read or by the journal's last word."""
    device = keeper.device
    last = device.lock == "unconfirmed" or bool(device.intents)
    return last or keeper.word in _NOT_CONFIRMED


def _lock_file(folder: Path) -> Path:
    return folder / "service.lock"


def is_served(folder: Path, runtime: Runtime) -> bool:
    """Whether a living service has the station, without disturbing it."""
    return is_held(runtime, _lock_file(folder))


def service_socket(folder: Path) -> Path:
    """Where a station's service answers."""
    return folder / "service.sock"


def ask_service(folder: Path, runtime: Runtime) -> dict[str, dict[str, object]] | None:
    """What the station's service sees, by serial number; None where no service answers."""
    heard = ask_word(service_socket(folder), STATUS_ASK, runtime, _ANSWER_WITHIN_S)
    rows = heard.get("devices") if heard else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    return {str(row.get("device")): row for row in rows}
