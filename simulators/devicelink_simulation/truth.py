"""What really happened in a simulated device, for tests to judge by.

Each fact is one JSON object `{"mono_ns", "event", …}` on a line of its own. `mono_ns` is the time
at which it physically happened: CLOCK_MONOTONIC of the machine, in a simulated world its own time.

Events of every device: `start` (simulator, seed, pid, values), `set` (key, value: somebody turned
a knob), `no_effect` (key, value, why: the knob changed nothing), `command` (what the device
understood), `fault` (name, word: a planted fault struck; the word is empty where it began by time),
`unplugged` and `plugged` (plugs: which plugging-in this is), `end`.
Of lasers: `light_on`, `light_off` (photons leave), `enabled` (drive_percent, gated), `disabled`
(a pressed trigger would make light), `restarted`.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Protocol

from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class Truth(Protocol):
    """Takes note of what happened."""

    def note(self, at_ns: int, event: str, **facts: object) -> None:
        """One event that physically happened at `at_ns`."""
        ...


class TruthFile:
    """A truth in a file; lines are appended whole, each by one write, and never buffered."""

    def __init__(self, path: Path) -> None:
        try:
            self._fd = os.open(path, _APPEND, 0o644)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"The truth file {path} cannot be written: {reason}.") from error

    def note(self, at_ns: int, event: str, **facts: object) -> None:
        """Append one line."""
        line = json.dumps({"mono_ns": at_ns, "event": event, **facts})
        os.write(self._fd, line.encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


class TruthList:
    """A truth in memory, for tests in the same process."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []

    def note(self, at_ns: int, event: str, **facts: object) -> None:
        """Append one event."""
        self.events.append({"mono_ns": at_ns, "event": event, **facts})

    def names(self, *wanted: str) -> list[str]:
        """The names of the events in order; only `wanted` ones where any are given."""
        names = [str(event["event"]) for event in self.events]
        return [name for name in names if not wanted or name in wanted]


class NoTruth:
    """Nobody wants to know."""

    def note(self, at_ns: int, event: str, **facts: object) -> None:
        """Forget it."""
