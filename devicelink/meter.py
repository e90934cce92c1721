"""The contract between devicelink and a meter's driver: an instrument that measures a laser.

A meter makes no light, so it has no enable, no trigger and no lock. Its driver is straight-line,
blocking code over a `WireLink`, as a laser's is; its wire classes frames all the same, so that
nothing unknown is sent. Every quantity is text as the wire gave it, or the reason why there is
none: what over-ranged is never a number. Nothing here waits for a pulse: who asks has a laser to
watch meanwhile.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from devicelink.driver import CommandClass, Line, Reading, Wire, WireLink

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CommandClass",
    "Head",
    "Instrument",
    "Line",
    "Meter",
    "MeterDeclaration",
    "MeterIdentity",
    "Mode",
    "Reading",
    "Setup",
    "Wanted",
    "Wire",
    "WireLink",
]

OVER_RANGE = "over_range"
"""Why there is no number: the range was too small for what came."""


class Mode(StrEnum):
    """What a meter is set to measure."""

    POWER = "power"
    ENERGY = "energy"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MeterDeclaration:
    """What a meter's driver says of itself and of its wire."""

    name: str
    title: str
    configuration_keys: Mapping[str, str]
    """Keys that `--set` takes, with what they mean."""
    measures: tuple[str, ...]
    """Quantities, units last."""
    not_shown: tuple[str, ...]
    """What a check of energy has to know and this wire does not show."""
    query_within_s: float
    """Deadline of one question."""
    reading_within_s: float
    """Deadline of a reading that waits for the head's next one."""
    settles_s: float
    """For so long after a change of mode or range pulses may go unmeasured."""

    def as_json(self) -> dict[str, object]:
        """For `driver list --json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Instrument:
    """The instrument that answers; what it does not tell is None."""

    serial: str | None
    model: str | None
    firmware: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """The sensor that is plugged in; it has a serial number and a calibration of its own."""

    kind: str
    serial: str | None
    model: str | None
    measures: tuple[Mode, ...]


@dataclass(frozen=True, slots=True)
class MeterIdentity:
    """Who answers; `head` is None where none is plugged in."""

    instrument: Instrument
    head: Head | None


@dataclass(frozen=True, slots=True)
class Setup:
    """How the meter is set up, as read back."""

    mode: Mode
    unit: Reading
    wavelength_nm: Reading
    """No value where the chosen entry is a name."""
    wavelength: Reading
    """The chosen entry, as the meter writes it."""
    wavelengths: tuple[str, ...]
    range: Reading
    ranges: tuple[str, ...]
    """As the meter writes them."""
    filter: Reading
    words: Mapping[str, str]
    """The raw replies by query."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be set; None is left as it is. `range` is one of `Setup.ranges` in that mode."""

    mode: Mode | None = None
    wavelength: str | None = None
    """In nm, or an entry of `Setup.wavelengths`."""
    range: str | None = None


class Meter(Protocol):
    """One meter's driver, made from its configuration; keeps no state of the meter.

    Every method that talks raises `LinkError`, `ProtocolError`, `DeviceFault` (the meter answered
    that it refuses) or `WrongDevice`.
    """

    declaration: MeterDeclaration
    line: Line
    wire: Wire

    def identify(self, link: WireLink) -> MeterIdentity:
        """Ask who is there, instrument and head, by queries alone."""
        ...

    def read_setup(self, link: WireLink) -> Setup:
        """Read back mode, unit, wavelength, range and filter."""
        ...

    def prepare(self, link: WireLink, wanted: Wanted) -> None:
        """Set mode, then wavelength, then range; the caller reads back, and lets it settle."""
        ...

    def settled(self, link: WireLink) -> bool:
        """Whether it answers again after a change; readings count `settles_s` later at the soonest.

        A meter that is silent meanwhile raises `NoReply`.
        """
        ...

    def discard_stale(self, link: WireLink) -> bool:
        """Throw away the energy of a pulse before this moment; whether there was one."""
        ...

    def ready_for_pulse(self, link: WireLink) -> bool:
        """Whether the next pulse would be measured."""
        ...

    def next_pulse(self, link: WireLink) -> Reading | None:
        """The energy of a pulse that came since the last one was read, in J; None where none did.

        Each is given once: after a missing reply the pulse is lost, and is never asked for again.
        """
        ...

    def read_power(self, link: WireLink) -> Reading:
        """The head's next power reading, in W."""
        ...
