"""Checks of energy on a console in virtual time: its own count, its own port, and the meter's."""

from __future__ import annotations

import pytest

from tests.session.energy_world import METER, EnergyWorld

FOOT = (0.7, "laser", "footswitch=pressed")


class ConsoleWorld(EnergyWorld):
    """An Er:YAG console whose pulses fall on a meter."""

    serial, laser_is, foot_down = "SIM-OL-2201", {"spread_percent": "1"}, (FOOT,)
    settings = {"energy_mj": "500", "pulse_us": "300", "rate_hz": "2"}
    meter_is = {**EnergyWorld.meter_is, "damage_j": "20"}
    asked = {"meter": METER}

    def __init__(self, *args, papers=(), **more):
        super().__init__(*args, papers={"max_energy_j": "2", **dict(papers)}, **more)

    def told(self, name):
        """The data of the laser's own events of one name, in order."""
        batches = (batch["events"] for batch in self.of("device.events_recorded"))
        return [each["data"] for batch in batches for each in batch if each["event"] == name]


def test_a_check_stands_in_both_words():
    """READY for five pulses, left by the laser itself; then its port is asked, before the lock."""
    world = ConsoleWorld()
    assert (world.play().end.code, world.screen.result.confirmed) == ("energy_checked", True)
    (passed,) = world.of("energy_check.passed")
    own = passed["calibration_port"]
    assert (own["source"], own["count"], own["why"]) == ("laser", 5, None)
    assert own["set_j"] == [0.5] * 5
    assert own["energies_j"] == pytest.approx(passed["facts"]["energies_j"], rel=0.02)
    assert own["mean_j"] == pytest.approx(passed["mean_j"], rel=0.02)
    assert abs(own["against_meter_percent"]) < 2
    assert (world.told("check_begun"), world.told("check_ended")) == ([5], [5])
    assert own["sentence"] in world.screen.result.end.sentence
    assert "which decides nothing" in own["sentence"]
    assert world.of("counter.reconciled")[-1]["unexplained"] == 0
    assert world.dark_at_the_end()
