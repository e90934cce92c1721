"""The suite as a class of tests: subclass it, name a profile, and run pytest.

::

    from devicelink_simulation.conformance import DriverConformance

    class TestMyLaser(DriverConformance):
        profile = MY_PROFILE

Each check is one test; an exempt one is skipped with its reason. Nothing of pytest is imported.
"""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, ClassVar

from devicelink_simulation.conformance.grading import CHECKS, Grade, judge
from devicelink_simulation.conformance.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.registry import DriverFactory
    from devicelink_simulation.conformance.check import Check
    from devicelink_simulation.conformance.profile import Profile


class DriverConformance:
    """Subclass it with a `profile`; `factory` only where the driver is not installed."""

    profile: ClassVar[Profile]
    factory: ClassVar[DriverFactory | None] = None

    def subject(self) -> Subject:
        """What is tried."""
        if self.factory is not None:
            return Subject(self.factory, self.profile)
        return Subject.installed(self.profile)


def _test(check: Check) -> Callable[[DriverConformance], None]:
    def test(self: DriverConformance) -> None:
        result = judge(self.subject(), check)
        if result.grade is Grade.EXEMPT:
            raise unittest.SkipTest(result.why or "exempt")
        if result.grade is Grade.NOT_HELD:
            raise AssertionError(f"{check.sentence} {result.why}")

    test.__doc__ = check.sentence
    test.__name__ = f"test_{check.name}"
    return test


for _check in CHECKS:
    setattr(DriverConformance, f"test_{_check.name}", _test(_check))
