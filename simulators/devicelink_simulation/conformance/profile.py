"""What a driver's author tells the conformance suite: which laser to try the driver on, and how.

A profile stands beside the simulator, never in the driver's package, and is found by an entry
point of the group `devicelink.conformance`, which names one `Profile` or a tuple of them (one for
each dialect). The entry point's name is the driver's.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import Settings

GROUP = "devicelink.conformance"

Turns = tuple[tuple[str, str], ...]
"""Knobs of the simulator that are turned one after the other: key and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """A device that is not the one which the driver is made for."""

    what: str
    simulator: str
    values: Mapping[str, str] = field(default_factory=dict)
    configuration: Mapping[str, str] = field(default_factory=dict)
    """How the driver is set up instead, beside the profile's configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One laser to try a driver on. What is left out is not tried, and its check asks for it."""

    driver: str
    """As `driver list` names it."""
    name: str
    """Of the dialect or model; stands over its column of the grade."""
    simulator: str
    """As `sim list` names it."""
    settings: Settings
    """Good for a session."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What makes the simulator a good laser, dark and ready to be set, beside its defaults."""
    configuration: Mapping[str, str] = field(default_factory=dict)
    """As `device add --set` would give it."""
    press: Turns = ()
    """The hand or foot that makes light in READY; empty where READY itself is light."""
    release: Turns = ()
    ready_hand: Turns = ()
    """What a person does at the laser itself to make it READY; empty where the order is enough."""
    interlock: Turns = ()
    """Opens it."""
    interlock_closes: Turns = ()
    key: Turns = ()
    """Takes the key out of its place."""
    serial: str | None = None
    """The settable that holds the serial number, where the wire tells it."""
    faults: Mapping[str, Turns] = field(default_factory=dict)
    """What the laser reports as a fault, and a lock works under."""
    beyond_control: Mapping[str, Turns] = field(default_factory=dict)
    """The laser is not under the host's control: never locked, whatever it says."""
    lit_otherwise: Mapping[str, Turns] = field(default_factory=dict)
    """Light, or one control away from it, that nobody asked for over the wire."""
    unseen: Mapping[str, Turns] = field(default_factory=dict)
    """Light that the wire cannot show: only where a lock's evidence is `commanded`."""
    ways: Mapping[str, Turns] = field(default_factory=dict)
    """By the name of a lock way that does not take the hand's light: how the light is made that it
    does take."""
    traps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Values of a laser that was left in a mode which makes light without the hand."""
    other_settings: Mapping[str, Settings] = field(default_factory=dict)
    """What else may be asked for; each is another beam."""
    dialled: Mapping[str, Mapping[str, Turns]] = field(default_factory=dict)
    """By setting: a value of it that is not the session's, and the knobs by which the laser has
    it: the truth against which the driver's reading is held. None of both: it is fixed here."""
    changes: Mapping[str, Turns] = field(default_factory=dict)
    """What else a person changes at the laser itself that is part of what is effective."""
    only_acknowledges: str | None = None
    """The simulator's fault: commands are acknowledged and not carried out."""
    frozen: str | None = None
    """The simulator's fault: the status goes on saying what held before."""
    refuses: str | None = None
    """The simulator's fault: the strongest way of locking is refused."""
    strange: tuple[Strange, ...] = ()
    """Lasers that speak as this one does and are not it: another model, dialect, address."""
    exempt: Mapping[str, str] = field(default_factory=dict)
    """Checks by name that cannot be held here, each with the reason as a sentence."""


def profiles(driver: str) -> tuple[Profile, ...]:
    """What was told of a driver; raises `ConfigError` where that is nothing, or unusable."""
    points = [p for p in importlib.metadata.entry_points(group=GROUP) if p.name == driver]
    if not points:
        raise ConfigError(
            f"Nobody has told how to try the driver {driver!r}. Its author adds an entry point "
            f"of that name to the group {GROUP} that names a Profile."
        )
    if len(points) > 1:
        raise ConfigError(f"Two distributions tell how to try {driver!r}. Uninstall one of them.")
    try:
        loaded = points[0].load()
    except Exception as error:
        raise ConfigError(f"The profile {points[0].value} does not load: {error!r}.") from error
    found = loaded if isinstance(loaded, tuple) else (loaded,)
    if not found or not all(isinstance(each, Profile) for each in found):
        raise ConfigError(f"{points[0].value} is no Profile and no tuple of them.")
    return cast("tuple[Profile, ...]", found)
