"""Devices that a driver may find on its port and must not take for its laser."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.profile import Strange
from devicelink_simulation.conformance.subject import Subject
from devicelink_simulation.registry import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink.runtime import Latch
    from devicelink_simulation.conformance.bench import VirtualTime

_GARBAGE = bytes((7 * n + 13) % 256 for n in range(64))


class Talker:
    """A port on something that is no laser: what it answers is made of what it was told."""

    def __init__(self, time: VirtualTime, answer: Callable[[bytes], bytes]) -> None:
        self._time = time
        self._answer = answer
        self._said = b""

    def write(self, data: bytes) -> None:
        """Heard."""
        self._said += self._answer(data)

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """What was answered, or the time passes."""
        said, self._said = self._said, b""
        if not said and nanoseconds(within_s) > 0:
            self._time.sleep(within_s, until)
        return said

    def fileno(self) -> int | None:
        """None."""
        return None

    def close(self) -> None:
        """Nothing is held."""


ANSWERS: dict[str, Callable[[bytes], bytes]] = {
    "silence": lambda _: b"",
    "an echo": lambda data: data,
    "garbage": lambda _: _GARBAGE,
    "zeros": lambda _: bytes(16),
    "text that is none of its own": lambda _: b"OK\r\n",
}


def strangers(subject: Subject) -> Iterator[tuple[str, Bench]]:
    """A bench with each of them: no laser, and every other simulated one.

    A simulator that has to be told something first is passed over.
    """
    for what, answer in ANSWERS.items():
        yield what, _with(subject, answer)
    for other in installed():
        if other.simulator is not None and other.name != subject.profile.simulator:
            with contextlib.suppress(ConfigError):
                named = Strange(what=f"the simulator {other.name}", simulator=other.name)
                yield named.what, _at(subject, named)


def relatives(subject: Subject) -> Iterator[tuple[str, Bench]]:
    """A bench with each that the profile names: they speak as the laser does, and are others."""
    for each in subject.profile.strange:
        yield each.what, _at(subject, each)


def _at(subject: Subject, stranger: Strange) -> Bench:
    profile = replace(subject.profile, simulator=stranger.simulator, values=stranger.values)
    return Bench(Subject(subject.factory, profile), configuration=stranger.configuration)


def _with(subject: Subject, answer: Callable[[bytes], bytes]) -> Bench:
    return Bench(subject, port=lambda time: Talker(time, answer))
