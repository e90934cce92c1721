"""Drivers by name, over entry points: listing imports nothing, a broken driver fails alone."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeGuard, cast

from devicelink.errors import (
    ConfigError,
    DriverError,
    DriverNotAllowed,
    DriverUnknown,
    DriverUnusable,
)
from devicelink.journal.projection import Projection
from devicelink.meter import MeterDeclaration
from devicelink.relay import RelayDeclaration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink.driver import Declaration, Driver
    from devicelink.journal.entry import Entry
    from devicelink.meter import Meter
    from devicelink.relay import Relay

GROUP = "devicelink.drivers"


class DriverFactory(Protocol):
    """What an entry point of the group names: a class, or anything that makes a laser's driver."""

    declaration: Declaration

    def __call__(self, configuration: Mapping[str, str]) -> Driver:
        """A driver for one device; raises `ConfigError` for a configuration it does not know."""
        ...


class MeterFactory(Protocol):
    """The same for a meter."""

    declaration: MeterDeclaration

    def __call__(self, configuration: Mapping[str, str]) -> Meter:
        """A driver for one meter; raises `ConfigError` for a configuration it does not know."""
        ...


class RelayFactory(Protocol):
    """The same for a relay in a laser's interlock circuit."""

    declaration: RelayDeclaration

    def __call__(self, configuration: Mapping[str, str]) -> Relay:
        """A driver for one relay; raises `ConfigError` for a configuration it does not know."""
        ...


Factory = DriverFactory | MeterFactory | RelayFactory


class Kind(StrEnum):
    """What a driver is for; its declaration tells."""

    LASER = "laser"
    METER = "meter"
    RELAY = "relay"


@dataclass(frozen=True, slots=True)
class Installed:
    """One claim to a driver's name, as packaging metadata tells it; nothing is imported."""

    name: str
    target: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


def installed() -> list[Installed]:
    """Every claim in the group, by name; two distributions may claim the same one."""
    return list(_installed(tuple(sys.path)))


@cache
def _installed(_where: tuple[str, ...]) -> tuple[Installed, ...]:
    """What is installed does not change while a program runs, unless its path does."""
    found = []
    for point in importlib.metadata.entry_points(group=GROUP):
        made_by = point.dist
        found.append(
            Installed(
                name=point.name,
                target=point.value,
                distribution=made_by.name if made_by else "unknown",
                version=made_by.version if made_by else "unknown",
            )
        )
    return tuple(sorted(found, key=lambda claim: (claim.name, claim.distribution)))


def find(name: str) -> Installed:
    """The one claim to a name; raises `DriverUnknown`, or `DriverUnusable` where two claim it."""
    claims = [claim for claim in installed() if claim.name == name]
    if not claims:
        known = ", ".join(sorted({claim.name for claim in installed()})) or "none"
        raise DriverUnknown(f"There is no driver {name!r}. Installed: {known}.")
    if len(claims) > 1:
        owners = " and ".join(f"{claim.distribution} {claim.version}" for claim in claims)
        raise DriverUnusable(
            f"Two distributions claim the driver {name!r}: {owners}. Uninstall one of them."
        )
    return claims[0]


def load(name: str) -> DriverFactory:
    """Import a laser's driver; raises what `load_any` raises, `DriverUnusable` for another's."""
    factory = load_any(name)
    if kind_of(factory) is not Kind.LASER:
        raise DriverUnusable(_no_laser_words(name, kind_of(factory)))
    return cast("DriverFactory", factory)


def load_meter(name: str) -> MeterFactory:
    """Import a meter's driver; raises what `load_any` raises, `DriverUnusable` for another's."""
    factory = load_any(name)
    if not _is_meter(factory):
        kind = kind_of(factory).value
        raise DriverUnusable(f"{name} is a {kind}, not a meter: it measures nothing for a check.")
    return factory


def load_relay(name: str) -> RelayFactory:
    """Import a relay's driver; raises what `load_any` raises, `DriverUnusable` for another's."""
    factory = load_any(name)
    if not _is_relay(factory):
        kind = kind_of(factory).value
        raise DriverUnusable(f"{name} is a {kind}, not a relay: it opens no interlock circuit.")
    return factory


def load_any(name: str) -> Factory:
    """Import a driver; raises `DriverUnknown` or `DriverUnusable`, naming its distribution."""
    claim = find(name)
    point = importlib.metadata.EntryPoint(name=claim.name, value=claim.target, group=GROUP)
    try:
        factory = cast("Factory", point.load())
        declared = factory.declaration.name
    except Exception as error:
        raise DriverUnusable(f"The driver {claim} does not load: {error!r}.") from error
    if declared != name:
        raise DriverUnusable(f"The driver {claim} calls itself {declared!r}.")
    return factory


def kind_of(factory: Factory) -> Kind:
    """Whether it drives lasers, meters or relays."""
    if _is_meter(factory):
        return Kind.METER
    return Kind.RELAY if _is_relay(factory) else Kind.LASER


def _is_meter(factory: Factory) -> TypeGuard[MeterFactory]:
    return isinstance(factory.declaration, MeterDeclaration)


def _is_relay(factory: Factory) -> TypeGuard[RelayFactory]:
    return isinstance(factory.declaration, RelayDeclaration)


def require_laser(name: str) -> None:
    """Raise `DriverNotAllowed` for a meter's or a relay's driver, where sessions are meant."""
    kind = _loaded_kind(name)
    if kind in _NO_LASERS:
        raise DriverNotAllowed(_no_laser_words(name, kind))


_NO_LASERS = {
    Kind.METER: "nothing is registered or unlocked by it",
    Kind.RELAY: "a laser is registered with it: devicelink device add SERIAL --interlock RELAY "
    "--interlock-port PORT --by ID",
}


def _no_laser_words(name: str, kind: Kind) -> str:
    return (
        f"{name} is a {kind.value}, not a laser: it makes no light, so {_NO_LASERS[kind]}. Ask it "
        f"with: devicelink driver probe {name} PORT"
    )


def lasers(names: Iterable[str]) -> tuple[str, ...]:
    """Those that drive lasers; a driver that does not load is none."""
    return tuple(name for name in names if _loaded_kind(name) is Kind.LASER)


def _loaded_kind(name: str) -> Kind | None:
    try:
        return kind_of(load_any(name))
    except DriverError:
        return None


def make(name: str, configuration: Mapping[str, str]) -> Driver:
    """A laser's driver; raises what `load` raises, and `ConfigError` for unknown keys."""
    factory = load(name)
    _check_keys(factory, configuration)
    return factory(configuration)


def make_meter(name: str, configuration: Mapping[str, str]) -> Meter:
    """A meter's driver; raises what `load_meter` raises, and `ConfigError` for unknown keys."""
    factory = load_meter(name)
    _check_keys(factory, configuration)
    return factory(configuration)


def make_relay(name: str, configuration: Mapping[str, str]) -> Relay:
    """A relay's driver; raises what `load_relay` raises, and `ConfigError` for unknown keys."""
    factory = load_relay(name)
    _check_keys(factory, configuration)
    return factory(configuration)


def _check_keys(factory: Factory, configuration: Mapping[str, str]) -> None:
    name, keys = factory.declaration.name, factory.declaration.configuration_keys
    unknown = sorted(set(configuration) - set(keys))
    if unknown:
        known = ", ".join(sorted(keys)) or "none"
        raise ConfigError(f"The driver {name} knows no {', '.join(unknown)}. It knows: {known}.")


def declared(name: str, configuration: Mapping[str, str]) -> Declaration:
    """What a driver declares for a device so configured; raises what `make` raises."""
    return make(name, configuration).declaration


def allowed_drivers(state: Mapping[str, Mapping[str, object]]) -> tuple[str, ...]:
    """The drivers that this station allows, from its configuration's replayed entries."""
    configured = state.get("station", {})
    names = configured.get("drivers_allowed", [])
    return tuple(str(name) for name in cast("list[object]", names))


def require_allowed(name: str, state: Mapping[str, Mapping[str, object]]) -> None:
    """Raise `DriverNotAllowed` where the station's configuration does not name the driver."""
    allowed = allowed_drivers(state)
    if name not in allowed:
        require_laser(name)
        raise DriverNotAllowed(
            f"This station does not allow the driver {name!r}. Allowed: "
            f"{', '.join(allowed) or 'none'}. That was fixed when it was made. For another laser "
            "make another station, with a journal of its own: devicelink station init --data "
            f"FOLDER --by ID --allow-driver {name}"
        )


def _reduce(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    return {**(old or {}), **entry.data}


STATION = Projection(
    name="station",
    types=frozenset({"genesis", "station.configured"}),
    key=lambda _entry: "station",
    reduce=_reduce,
)
"""What the station was made as and is configured to allow; the latest entry counts, key by key."""
