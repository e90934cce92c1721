"""The contract of a simulated device: no I/O, no clock; bytes and times are handed in.

Times are whole nanoseconds of one monotonic clock: what happens between two calls happens at its
exact time, however far apart the calls are. Physics and protocol of a device stand apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink_simulation.faults import Exchange, FaultKind, Faults
    from devicelink_simulation.noise import Noise
    from devicelink_simulation.settable import Settable
    from devicelink_simulation.truth import Truth


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes that a device will send at `due_ns`; `exchange` is None where nobody asked."""

    data: bytes
    due_ns: int
    exchange: Exchange | None = None


class Device(Protocol):
    """One simulated device. Any bytes may come in; none may make it raise."""

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the wire."""
        ...

    def advance(self, now_ns: int) -> None:
        """Let everything happen that happens by itself until `now_ns`, each at its own time."""
        ...

    def next_event_ns(self) -> int | None:
        """When something will next happen by itself; replies are not counted."""
        ...

    def take_replies(self) -> list[Reply]:
        """The replies made since the last call, in order."""
        ...

    def set(self, key: str, value: str, now_ns: int) -> None:
        """Turn a knob; `value` was checked. Raises `ConfigError` where it has no effect now."""
        ...


class Light(Protocol):
    """Whoever sees the pulses that a laser lets out."""

    def pulse(self, at_ns: int, joules: float, nm: float) -> None:
        """One pulse left the laser at `at_ns`."""
        ...


class Lit(Protocol):
    """A device on which a laser's pulses may fall."""

    def shine(self, joules: float, nm: float, at_ns: int) -> None:
        """A pulse falls on it."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a device is built into: its first values (one for each settable), and the kit."""

    values: Mapping[str, str]
    noise: Noise
    faults: Faults
    truth: Truth
    now_ns: int
    light: Light | None = None
    """Who sees the pulses of a device that can emit some; None where nobody looks."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A named broken set-up: values and faults that belong together."""

    meaning: str
    values: Mapping[str, str]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Simulator:
    """What an entry point of the group `devicelink.simulators` names.

    `faults` are the device's own, beside those of every wire. `presets` are other defaults that
    come with a choice: of the settable, of the choice.
    """

    name: str
    title: str
    settables: tuple[Settable, ...]
    setups: Mapping[str, Setup]
    faults: tuple[FaultKind, ...]
    build: Callable[[Surroundings], Device]
    presets: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
