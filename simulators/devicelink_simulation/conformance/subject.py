"""What is tried: a driver in the set-up that its profile gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink import registry
from devicelink_simulation.conformance.profile import profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import Driver
    from devicelink.registry import DriverFactory
    from devicelink_simulation.conformance.profile import Profile


class NotHeld(BaseException):
    """A check did not hold: one sentence.

    No `Exception`: the driver under test must not hide it.
    """


class SimulatorFailed(NotHeld):
    """The simulator did not do what it was made for: no word of the driver."""

    def __init__(self, simulator: str, error: Exception) -> None:
        super().__init__(f"The simulator {simulator} failed: {error!r}{where(error)}.")


def where(error: BaseException) -> str:
    """Module and line that an error comes from."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    module = trace.tb_frame.f_globals.get("__name__", "?")
    return f" in {module}, line {trace.tb_lineno}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A driver's factory, with one profile to try it by."""

    factory: DriverFactory
    profile: Profile

    @classmethod
    def installed(cls, profile: Profile) -> Subject:
        """The installed driver that the profile names; raises `DriverError`."""
        return cls(registry.load(profile.driver), profile)

    def make(self, configuration: Mapping[str, str] | None = None) -> Driver:
        """A fresh driver; `configuration` comes on top of the profile's."""
        return self.factory({**self.profile.configuration, **(configuration or {})})


def subjects(name: str) -> tuple[Subject, ...]:
    """A laser's driver by name, in each of its profiles.

    Raises `DriverError`, also for a meter's, and `ConfigError` for a driver without a profile.
    """
    factory = registry.load(name)
    return tuple(Subject(factory, profile) for profile in profiles(name))
