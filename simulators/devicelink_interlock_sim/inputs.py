"""Everything that can be set on the simulated relay: how it is built, and what breaks in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink_simulation.device import Setup
from devicelink_simulation.settable import choice, number, text, whole
from devicelink_simulation.wired import REBOOT, STUCK_ACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink_simulation.faults import FaultKind
    from devicelink_simulation.settable import Settable


@dataclass(slots=True)
class Inputs:
    """How the relay is built and what is broken; one field for each settable."""

    serial: str
    firmware: str
    hold_ms: int
    travel_ms: int
    pull_ms: float
    drop_ms: float
    supply: str
    contact: str
    mirror: str
    coil: str
    program: str
    challenges: str
    reply_latency_s: float

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Inputs:
        """From one checked text for each settable."""
        return cls(**{settable.name: read(settable, values) for settable in SETTABLES})  # type: ignore[arg-type]


SETTABLES: tuple[Settable, ...] = (
    text("serial", "IR-0042", "what ID tells"),
    text("firmware", "1.0", "what ID tells"),
    whole("hold_ms", "1000", "time without a good beat; built in", low=300, high=2000),
    whole("travel_ms", "40", "time that a contact may take; built in", low=1, high=100),
    number("pull_ms", "12", "what the contact really takes to close", low=0, high=1000),
    number("drop_ms", "8", "what the contact really takes to open", low=0, high=1000),
    choice("supply", ("on", "off"), "its power; on again is a power-up"),
    choice("contact", ("ok", "welded"), "welded: closed, whatever the coil does"),
    choice(
        "mirror",
        ("ok", "broken", "shorted"),
        "broken: it never shows the contact open; shorted: it always does",
    ),
    choice("coil", ("ok", "broken"), "broken: it does not pull"),
    choice("program", ("runs", "hangs"), "hangs: nothing is read any more, nothing answered"),
    text("challenges", "", "the first challenges, in place of drawn ones, for tests"),
    number("reply_latency_s", "0", "time from command to reply", low=0, high=60),
)
_NUMBERS = {"hold_ms": int, "travel_ms": int, "pull_ms": float, "drop_ms": float}
_NUMBERS |= {"reply_latency_s": float}


def read(settable: Settable, values: Mapping[str, str]) -> object:
    """One value as the relay uses it."""
    value = values[settable.name]
    kind = _NUMBERS.get(settable.name)
    return kind(settable.number(value)) if kind else value


FAULTS: tuple[FaultKind, ...] = (REBOOT, STUCK_ACK)

SETUPS: dict[str, Setup] = {
    "welded": Setup("the contact does not open any more", {"contact": "welded"}),
    "mirror_broken": Setup("a wire of the mirror contact is off", {"mirror": "broken"}),
    "mirror_shorted": Setup("the mirror contact is short-circuited", {"mirror": "shorted"}),
    "coil_broken": Setup("the coil does not pull", {"coil": "broken"}),
    "hung": Setup("its program hangs", {"program": "hangs"}),
    "slow_contact": Setup("it opens later than it says it may", {"drop_ms": "200"}),
}
