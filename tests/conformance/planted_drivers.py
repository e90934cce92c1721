"""Drivers with one mistake each: what is wrong with it, and the check that has to see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.driver import Driver
    from devicelink_simulation.conformance import Profile


class Factory:
    """Makes the planted driver, as the entry point of an installed one would."""

    def __init__(self, make: Callable[[dict[str, str]], Driver]) -> None:
        self._make = make
        self.declaration = make({}).declaration

    def __call__(self, configuration):
        """For one device."""
        return self._make(configuration)


@dataclass(frozen=True)
class Planted:
    """One bad driver, the laser to try it on, and the checks that it must not pass."""

    make: Callable[[dict[str, str]], Driver]
    profile: Profile
    checks: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it does wrong."""
        return self.make.__name__

    @property
    def factory(self) -> Factory:
        """Of that driver."""
        return Factory(self.make)


PLANTED: list[Planted] = []


def planted(profile, *checks):
    """Note a bad driver."""

    def note(make):
        PLANTED.append(Planted(make, profile, checks))
        return make

    return note
