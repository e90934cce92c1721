"""The contract between devicelink and the driver of a watchdog relay.

Such a relay is a contact in a laser's remote interlock circuit. It is closed by one order, opens by
itself soon after the last heartbeat, and a heartbeat never closes it again. So a laser that has no
dead-man of its own gets one. Its driver is straight-line, blocking code over a `WireLink`, as a
laser's is. Its wire classes frames: closing *enables*, opening *reduces*, and a heartbeat, which no
program may send that is locking, *prepares*.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from devicelink.driver import CommandClass, EnableToken, Evidence, Line, Wire, WireLink

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CommandClass",
    "Contact",
    "EnableToken",
    "Evidence",
    "Line",
    "Relay",
    "RelayDeclaration",
    "RelayIdentity",
    "RelayStatus",
    "Wire",
    "WireLink",
]


class Contact(StrEnum):
    """What the auxiliary contact shows of the main one. CLOSED: it does not show it open."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RelayDeclaration:
    """What a relay's driver says of itself and of its wire."""

    name: str
    title: str
    configuration_keys: Mapping[str, str]
    """Keys that `--set` takes, with what they mean."""
    evidence: Evidence
    """How the contact is known."""
    open_bytes: bytes
    """Constant: opens it, whatever it does and whatever stands on the line before."""
    query_within_s: float
    """Deadline of one exchange; at most 0.2 s, since it is used in READY."""

    def as_json(self) -> dict[str, object]:
        """For `driver list --json`."""
        return asdict(self) | {"open_bytes": self.open_bytes.hex()}


@dataclass(frozen=True, slots=True)
class RelayIdentity:
    """Who answers, and what it was built for."""

    serial: str
    firmware: str
    hold_ms: int
    """For so long it stays closed without a heartbeat."""
    travel_ms: int
    """Its contact has followed then."""

    @property
    def bound_ms(self) -> int:
        """From the last good heartbeat to an open contact, at the longest."""
        return self.hold_ms + self.travel_ms


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """One read-back."""

    contact: Contact
    coil_on: bool
    challenge: str
    """What the next heartbeat has to repeat."""
    opened_by: str | None
    """Why it opened last, in words for people; None while the coil is on."""
    faults: tuple[str, ...]
    words: str
    """The raw reply."""

    @property
    def holds(self) -> bool:
        """Whether the circuit is closed through it, and would open without heartbeats."""
        return self.coil_on and self.contact is Contact.CLOSED and not self.faults

    @property
    def is_open(self) -> bool:
        """Whether it is read back open, and nothing in it is broken."""
        return not self.coil_on and self.contact is Contact.OPEN and not self.faults


class Relay(Protocol):
    """One relay's driver, made from its configuration; keeps no state of the relay.

    Every method that talks raises `LinkError`, `ProtocolError` or `DeviceFault` (it refused).
    """

    declaration: RelayDeclaration
    line: Line
    wire: Wire

    def identify(self, link: WireLink) -> RelayIdentity:
        """Ask who is there, by queries alone."""
        ...

    def read_status(self, link: WireLink) -> RelayStatus:
        """Ask how it is, by queries alone."""
        ...

    def close(
        self, link: WireLink, serial: str, last: RelayStatus, token: EnableToken
    ) -> RelayStatus:
        """Order that relay to close, once; its contact follows, the caller reads back."""
        ...

    def beat(self, link: WireLink, last: RelayStatus) -> RelayStatus:
        """One heartbeat, which repeats what the relay told last."""
        ...

    def open(self, link: WireLink) -> RelayStatus:
        """Order it to open, whatever it does; the caller reads back."""
        ...
