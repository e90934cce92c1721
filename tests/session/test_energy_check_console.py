"""Checks of energy on a console in virtual time: its own count, its own port, and the meter's."""

from __future__ import annotations

import pytest

from tests.session.energy_world import METER, METER_IS, EnergyWorld

FOOT = (0.7, "laser", "footswitch=pressed")
STEADY = {"spread_percent": "1"}
SETTINGS = {"energy_mj": "500", "pulse_us": "300", "rate_hz": "2"}
FAR = {**METER_IS, "damage_j": "20"}
ASKED = {"meter": METER}


class ConsoleWorld(EnergyWorld):
    """An Er:YAG console whose pulses fall on a meter."""

    serial, laser_is, foot_down = "SIM-OL-2201", STEADY, (FOOT,)
    settings, meter_is, asked = SETTINGS, FAR, ASKED

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
    assert "the meter decides" in own["sentence"]
    assert world.of("counter.reconciled")[-1]["unexplained"] == 0
    assert world.dark_at_the_end()


def own_word(world, result):
    """What the laser said of itself, in the entry of this result."""
    (data,) = world.of(f"energy_check.{result}")
    return data["calibration_port"]


def test_the_ports_word_saves_no_laser():
    """A worn laser whose port reads as much too much finds itself in order; the meter does not."""
    drifted = {"wear_percent": "15", "calibration_drift_percent": "17.6"}
    world = ConsoleWorld(laser=drifted)
    assert world.play().end.code == "energy_check_failed"
    own = own_word(world, "failed")
    assert own["mean_j"] == pytest.approx(0.5, rel=0.02)
    assert own["against_meter_percent"] == pytest.approx(17.6, abs=0.5)
    sentence = world.screen.result.end.sentence
    assert sentence.startswith("The energy check FAILED: the mean is")
    assert sentence.endswith(own["sentence"])


def test_a_port_that_drifted_fails_nothing_and_is_told():
    """The meter's word passes; that the port is far from it is said, with what to do."""
    world = ConsoleWorld(laser={"calibration_drift_percent": "25"})
    assert world.play().end.code == "energy_checked"
    own = own_word(world, "passed")
    assert own["against_meter_percent"] == pytest.approx(25, abs=0.5)
    assert "more than 10 % apart" in own["sentence"]


def test_a_laser_without_a_port_counts_all_the_same():
    """No number is made up for what nobody measured."""
    world = ConsoleWorld(laser={"calibration_port": "off"})
    assert world.play().end.code == "energy_checked"
    own = own_word(world, "passed")
    assert (own["count"], own["mean_j"], own["energies_j"]) == (5, None, [None] * 5)
    assert "The laser counted 5 pulses; no calibration port" in own["sentence"]


def test_a_lost_answer_loses_the_ports_word_alone():
    """It is asked once; the meter's word stands without it, and the record says why."""
    world = ConsoleWorld(((0.1, "laser", "fault=drop@cmd=CHECK_END"), FOOT))
    assert world.play().end.code == "energy_checked"
    own = own_word(world, "passed")
    assert own["count"] == 0
    assert "did not answer" in own["why"]
    assert own["why"] in own["sentence"]


def test_a_pulse_that_the_meter_did_not_see_fails_it():
    """A misfire counts at the laser: the check is over, and one of its pulses is missing."""
    dark = ((1.4, "laser", "tube=dark"), (1.9, "laser", "tube=well"))
    world = ConsoleWorld((FOOT, *dark))
    assert world.play().end.code == "pulses_missing"
    own = own_word(world, "failed")
    assert own["count"] == 5
    assert own["energies_j"].count(None) == 1
    assert "the meter saw 4" in world.screen.result.end.sentence
    assert world.dark_at_the_end()


@pytest.mark.parametrize(
    ("act", "code"), [("interlock_1=open", "interlock"), ("estop=pressed", "fault")]
)
def test_what_ends_the_session_leaves_no_word_of_the_laser(act, code):
    """The laser made its own check void, or was locked before it could be asked."""
    world = ConsoleWorld((FOOT, (1.6, "laser", act)))
    assert world.play().end.code == code
    own = own_word(world, "failed")
    assert (own["count"], own["mean_j"]) == (0, None)
    assert "locked before it could be asked" in own["sentence"]
    assert world.told("check_ended") == [2]


def test_whoever_leaves_ready_in_mid_check_goes_on_with_what_is_left():
    """Each READY has a check of its own at the laser; all pulses stand in its word."""
    again = (
        (1.4, "laser", "footswitch=released"),
        (1.6, "person", "standby"),
        (2.2, "person", "ready"),
        *((2.5 + 0.3 * n, "laser", "ready_key=press") for n in range(3)),
        (6.5, "laser", "footswitch=pressed"),
    )
    world = ConsoleWorld((FOOT, *again))
    assert world.play().end.code == "energy_checked"
    assert (world.told("check_begun"), world.told("check_ended")) == ([5, 3], [2, 3])
    assert own_word(world, "passed")["count"] == 5


def test_more_pulses_than_the_laser_makes_at_a_time_take_ready_twice():
    """It leaves READY after twenty, which the person is told before; two more after that."""
    again = (
        (5.5, "laser", "footswitch=released"),
        (6.2, "person", "ready"),
        *((6.5 + 0.3 * n, "laser", "ready_key=press") for n in range(3)),
        (10.5, "laser", "footswitch=pressed"),
    )
    world = ConsoleWorld((FOOT, *again), request={"pulses": 22}, laser={"panel_rate_mhz": "5000"})
    world.settings = {**world.settings, "rate_hz": "5"}
    assert world.play().end.code == "energy_checked"
    assert any("at most 20 pulses" in said for said in world.screen.said)
    assert (world.told("check_begun"), world.told("check_ended")) == ([20, 2], [20, 2])
    assert own_word(world, "passed")["count"] == 22
    assert world.of("counter.reconciled")[-1]["unexplained"] == 0


def test_ready_is_not_asked_for_again_when_all_pulses_came():
    """Somebody presses r in the last three seconds: nothing that enables is sent any more."""
    released = (3.5, "laser", "footswitch=released")
    world = ConsoleWorld((FOOT, released, (4.2, "person", "ready")))
    assert world.play().end.code == "energy_checked"
    assert len(world.of("ready.intended")) == 2
    assert world.told("check_begun") == [5]
    assert world.told("arming") == [0]
