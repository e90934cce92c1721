"""The driver `interlock`: what a relay's verbs mean in INTERLOCK/1."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, ProtocolError
from devicelink.relay import (
    Contact,
    Evidence,
    Line,
    RelayDeclaration,
    RelayIdentity,
    RelayStatus,
)
from devicelink_interlock.frames import OPEN, TAGS, InterlockWire, body, frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.relay import EnableToken, WireLink

WITHIN_S = 0.1
PROTOCOL = "INTERLOCK/1"
HOLD_MS = range(300, 2001)
TRAVEL_MS = range(1, 101)
BAUDRATE = 115200

_CONTACTS = {"OPEN": Contact.OPEN, "CLOSED": Contact.CLOSED}
_COILS = {"ON": True, "OFF": False}
_CAUSES = {
    "-": None,
    "POWER": "not closed since its power came",
    "ORDER": "opened by order",
    "BEAT": "no heartbeat came in time",
    "FAULT": "a fault of its own",
}
_FAULTS: dict[str, tuple[str, ...]] = {
    "NONE": (),
    "WELD": ("contact_welded_or_its_mirror_wire_broken",),
    "PULL": ("contact_does_not_close_or_its_mirror_shorted",),
}


class Interlock:
    """One relay."""

    declaration = RelayDeclaration(
        name="interlock",
        title="Watchdog relays for a laser's remote interlock connector that speak INTERLOCK/1",
        configuration_keys={},
        evidence=Evidence.SENSED,
        open_bytes=OPEN,
        query_within_s=WITHIN_S,
    )

    def __init__(self, configuration: Mapping[str, str]) -> None:
        if configuration:
            raise ConfigError(
                f"A relay has nothing to be set up; {', '.join(sorted(configuration))} is unknown."
            )
        self.line = Line(baudrate=BAUDRATE)
        self.wire = InterlockWire()
        self._tags = cycle(f"{tag:04X}" for tag in range(TAGS))

    def identify(self, link: WireLink) -> RelayIdentity:
        """`ID`."""
        told = self._ask(link, "ID")
        try:
            protocol, serial, firmware, hold, travel = told
            made = RelayIdentity(serial, firmware, _whole(hold), _whole(travel))
        except ValueError as error:
            raise ProtocolError(_unreadable("ID", told)) from error
        if protocol != PROTOCOL:
            raise ProtocolError(f"The relay speaks {protocol}; this driver speaks {PROTOCOL}.")
        if made.hold_ms not in HOLD_MS or made.travel_ms not in TRAVEL_MS:
            raise ProtocolError(
                f"The relay says that it holds for {hold} ms and opens in {travel} ms; "
                f"{PROTOCOL} allows {HOLD_MS[0]} to {HOLD_MS[-1]} and at most {TRAVEL_MS[-1]}."
            )
        return made

    def read_status(self, link: WireLink) -> RelayStatus:
        """`STATUS`."""
        return _status(self._ask(link, "STATUS"))

    def close(
        self, link: WireLink, serial: str, last: RelayStatus, token: EnableToken
    ) -> RelayStatus:
        """`CLOSE` with challenge and serial number."""
        return _status(self._ask(link, "CLOSE", last.challenge, serial, token=token))

    def beat(self, link: WireLink, last: RelayStatus) -> RelayStatus:
        """`BEAT` with the challenge."""
        return _status(self._ask(link, "BEAT", last.challenge))

    def open(self, link: WireLink) -> RelayStatus:
        """`!`."""
        return _status(body(link.exchange(OPEN, within_s=WITHIN_S)))

    def _ask(
        self, link: WireLink, word: str, *arguments: str, token: EnableToken | None = None
    ) -> list[str]:
        sent = frame(word, next(self._tags), *arguments)
        return body(link.exchange(sent, within_s=WITHIN_S, token=token))


def _status(told: list[str]) -> RelayStatus:
    """Challenge, coil, contact, time left, cause, fault."""
    try:
        challenge, coil, contact, left, cause, fault = told
        _whole(left)
        return RelayStatus(
            contact=_CONTACTS[contact],
            coil_on=_COILS[coil],
            challenge=challenge,
            opened_by=_CAUSES[cause],
            faults=_FAULTS[fault],
            words=" ".join(told),
        )
    except (ValueError, KeyError) as error:
        raise ProtocolError(_unreadable("its state", told)) from error


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def _unreadable(what: str, told: list[str]) -> str:
    return f"The relay tells {what} in a way that cannot be read ({' '.join(told)[:80]})."
