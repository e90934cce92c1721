"""Where the simulator is at fault the suite says so, and blames no driver."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sharing_sim

from devicelink_ipg_sim import SIMULATOR
from devicelink_ipg_sim.device import IpgDevice
from devicelink_ipg_sim.profile import YLR_SM
from devicelink_simulation.conformance import bench, on_faults, on_purity
from devicelink_simulation.conformance.grading import Grade, judge
from devicelink_simulation.conformance.subject import Subject


class ForgetsToForget:
    """A cutter of the device's own that lacks one of its three words."""

    def __init__(self, inner):
        self._inner = inner

    def cut(self, data):
        """As it is."""
        return self._inner.cut(data)

    def __len__(self):
        return len(self._inner)


class Deaf(IpgDevice):
    """Fails when it restarts."""

    def cutter(self):
        """One that cannot forget."""
        return ForgetsToForget(super().cutter())


@pytest.fixture
def simulated_by(monkeypatch):
    """Makes the profile's laser another device."""

    def by(build):
        other = replace(SIMULATOR, build=build)
        monkeypatch.setattr(bench, "_simulator", lambda _: other)
        monkeypatch.setattr(on_purity, "simulator", lambda _: other)

    return by


def test_a_simulator_that_fails_at_a_restart_is_found_and_blamed(simulated_by):
    """The suite strikes `reboot`, and names the simulator, its module and line."""
    simulated_by(Deaf)
    result = judge(Subject.installed(YLR_SM), on_faults.every_single_fault)
    assert result.grade is Grade.NOT_HELD
    assert result.why.startswith("The simulator ipg failed: AttributeError(")
    assert "driver" not in result.why


def test_a_simulator_made_of_the_drivers_frames_is_found(simulated_by):
    """It is named with what it imports."""
    simulated_by(sharing_sim.build)
    result = judge(Subject.installed(YLR_SM), on_purity.imports_the_contract_only)
    assert result.why == (
        "The simulator's sharing_sim imports the driver's ['devicelink_ipg.frames']."
    )
