"""`devicelink station serve`: own all devices, recover, lock and watch them, until told to stop."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

from devicelink.cli.common import Data, Json, open_station
from devicelink.cli.notify import notify
from devicelink.cli.words import SIMULATED
from devicelink.config import data_folder
from devicelink.devices.card import carded
from devicelink.errors import JournalBroken, JournalUnwritable, LockUnconfirmed
from devicelink.runtime import nanoseconds

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Latch, Runtime
    from devicelink.session.service import Ended
    from devicelink.session.watched import Watched
    from devicelink.station import Station

ALARM_AGAIN_S = 10.0
_BELL = "\a"


def serve(data: Data = None, as_json: Json = False) -> None:
    """Own all lasers that nobody uses: recover, lock, watch. Ends by Ctrl-C or SIGTERM.

    Exit 3: a laser is NOT confirmed locked. With --json: one document for each change, a line each.
    """
    from devicelink.session.service import Service

    station = _opened(data)
    board = _Board(as_json=as_json, runtime=station.runtime)
    service = Service(lambda: open_station(data), board.hear)
    stop = station.runtime.latch()
    _stop_by_signals(stop)
    if station.simulated:
        print(SIMULATED, file=sys.stderr)

    def ready() -> None:
        board.say({"serving": station.origin, "pid": os.getpid()}, f"Serving {station.origin}.")
        notify("READY=1")

    def alive() -> None:
        notify("WATCHDOG=1")
        board.remind()

    ended = service.run(stop, ready, alive)
    notify("STOPPING=1")
    board.say(
        {"stopped": station.origin},
        "Stopped. Nothing is watched any more; devicelink lock DEVICE still works.",
    )
    _judge(ended)


def _opened(data: Path | None) -> Station:
    """The station; where its journal cannot be used, its lasers are locked once all the same."""
    from devicelink.runtime import ThreadRuntime
    from devicelink.session.locking import lock_device

    try:
        return open_station(data)
    except (JournalBroken, JournalUnwritable) as error:
        folder, runtime = data_folder(data), ThreadRuntime()
        sentences, dark = [], True
        for serial in carded(folder, runtime.disk):
            locked = lock_device(folder, serial, runtime, lambda: open_station(data))
            sentences.append(locked.sentence)
            dark = dark and locked.confirmed
        told = f"{error} Nothing is watched. {' '.join(sentences)}".rstrip()
        raise type(error)(told) if dark else LockUnconfirmed(told) from error


def _judge(ended: Ended) -> None:
    if ended.unconfirmed:
        why = {one.device: one.sentence for one in ended.devices}
        raise LockUnconfirmed(
            " ".join(
                why.get(each, f"{each} is not confirmed locked.") for each in ended.unconfirmed
            )
        )
    if ended.broken is not None:
        raise JournalBroken(ended.broken)


def _stop_by_signals(stop: Latch) -> None:
    """Ctrl-C, a closed terminal and a polite kill: lock, read back, record, end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())


class _Board:
    """What is printed of the devices: a line for each change, an alarm again and again."""

    def __init__(self, *, as_json: bool, runtime: Runtime) -> None:
        self._as_json = as_json
        self._runtime = runtime
        self._alarms: dict[str, Watched] = {}
        self._reminded_ns = runtime.mono_ns()

    def hear(self, watched: Watched) -> None:
        """One device changed."""
        self._alarms.pop(watched.device, None)
        if watched.alarm:
            self._alarms[watched.device] = watched
        mark = "ALARM " if watched.alarm else ""
        self.say(watched.as_json(self._runtime.mono_ns()), f"{mark}{watched.sentence}")
        if watched.alarm:
            self._ring()

    def remind(self) -> None:
        """An alarm that lasts is said again."""
        now_ns = self._runtime.mono_ns()
        if now_ns - self._reminded_ns < nanoseconds(ALARM_AGAIN_S):
            return
        self._reminded_ns = now_ns
        for watched in self._alarms.values():
            self.say(watched.as_json(now_ns), f"ALARM {watched.sentence}")
        if self._alarms:
            self._ring()

    def say(self, document: dict[str, object], sentence: str) -> None:
        """One line, with the time for people; a reader that left ends no watch."""
        line = json.dumps(document, ensure_ascii=False)
        text = f"{self._runtime.now().astimezone():%H:%M:%S}  {sentence}"
        try:
            print(line if self._as_json else text, flush=True)
        except UnicodeEncodeError:  # a terminal that has no such letters
            print((line if self._as_json else text).encode("ascii", "backslashreplace").decode())
        except OSError:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123

    def _ring(self) -> None:
        if sys.stderr.isatty():
            print(_BELL, end="", file=sys.stderr, flush=True)
