"""The conformance suite: what every laser driver has to keep, tried on its simulated laser.

`devicelink driver conform NAME` runs it, and `DriverConformance` is the same suite for pytest.
A driver's author gives a `Profile`; see `devicelink_simulation.conformance.profile`.
"""

from __future__ import annotations

from devicelink_simulation.conformance.profile import Profile, Strange
from devicelink_simulation.conformance.testing import DriverConformance

__all__ = ["DriverConformance", "Profile", "Strange"]
