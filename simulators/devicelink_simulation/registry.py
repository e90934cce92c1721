"""The installed simulators: entry points of the group `devicelink.simulators`."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

from devicelink.errors import ConfigError
from devicelink_simulation.device import Simulator

GROUP = "devicelink.simulators"


@dataclass(frozen=True, slots=True)
class Installed:
    """One entry point: the simulator, or the sentence why it cannot be used."""

    name: str
    distribution: str
    version: str
    simulator: Simulator | None
    problem: str | None

    def as_json(self) -> dict[str, object]:
        """For `sim list --json`."""
        return {
            "name": self.name,
            "title": self.simulator.title if self.simulator else None,
            "distribution": self.distribution,
            "version": self.version,
            "problem": self.problem,
        }


def installed() -> list[Installed]:
    """All of them, by name; a broken one is listed with its problem."""
    points = importlib.metadata.entry_points(group=GROUP)
    names = [point.name for point in points]
    return sorted(
        (_load(point, twice=names.count(point.name) > 1) for point in points),
        key=lambda each: (each.name, each.distribution),
    )


def simulator(name: str) -> Simulator:
    """The simulator of that name; raises `ConfigError` that names the known ones."""
    points = importlib.metadata.entry_points(group=GROUP)
    found = [point for point in points if point.name == name]
    if not found:
        known = ", ".join(sorted({point.name for point in points})) or "none"
        raise ConfigError(f"There is no simulator {name!r}. Known: {known}.")
    entry = _load(found[0], twice=len(found) > 1)
    if entry.simulator is None:
        raise ConfigError(f"The simulator {name} cannot be used: {entry.problem}")
    return entry.simulator


def _load(point: importlib.metadata.EntryPoint, *, twice: bool) -> Installed:
    distribution = point.dist.name if point.dist else "unknown"
    version = point.dist.version if point.dist else "unknown"
    if twice:
        problem = "several distributions offer a simulator of this name; remove all but one."
        return Installed(point.name, distribution, version, None, problem)
    try:
        loaded = point.load()
    except Exception as error:  # noqa: BLE001  (a third party's code may raise anything)
        problem = f"{point.value} does not load ({type(error).__name__}: {error})."
        return Installed(point.name, distribution, version, None, problem)
    if not isinstance(loaded, Simulator):
        problem = f"{point.value} is no devicelink_simulation.device.Simulator."
        return Installed(point.name, distribution, version, None, problem)
    return Installed(point.name, distribution, version, loaded, None)
