"""Checks of energy in virtual time: what the meter tells, what it does not, and what is left."""

from __future__ import annotations

from itertools import pairwise

import pytest

from devicelink.journal.entry import Draft
from devicelink.session.facts import Facts
from devicelink.session.permit import judge
from devicelink.session.state import Phase
from tests.session.energy_world import LASER, EnergyWorld

ON = (0.7, "laser", "trigger_input=on")
AFTER_THREE = 1.65
"""Seconds after READY at which three pulses were measured, and the fourth was not."""


def failed(world):
    """The codes for which the check failed, as the journal has them."""
    (result,) = world.of("energy_check.failed")
    assert not world.of("energy_check.passed")
    return [each["code"] for each in result["findings"]]


def longest_blindness_s(world):
    """Between two read-backs of a laser that can make light."""
    times = [at for batch in world.of("telemetry.recorded") for at in batch["mono_ns"]]
    return max((later - at) / 1e9 for at, later in pairwise(times))


def test_five_pulses_within_the_tolerance_pass():
    """Set up, settled, five pulses by a hand, STANDBY, locked: all of it stands in the journal."""
    world = EnergyWorld()
    result = world.play()
    assert (result.end.code, result.confirmed) == ("energy_checked", True)
    kinds = [entry.type for entry in world.entries]
    order = (
        "unlock.intended",
        "energy_check.begun",
        "ready.intended",
        "energy_check.pulses_recorded",
    )
    assert sorted(order, key=kinds.index) == list(order)
    assert kinds.index("lock.confirmed") < kinds.index("energy_check.passed")
    (passed,) = world.of("energy_check.passed")
    assert passed["facts"]["energies_j"] == pytest.approx([0.159] * 5, rel=0.02)
    assert passed["mean_j"] == pytest.approx(0.159, rel=0.01)
    assert 0 < passed["spread_percent"] < 1
    assert (passed["meter"]["serial"], passed["meter"]["head_serial"]) == (
        "SIM-113217",
        "SIM-22323",
    )
    assert (passed["meter_said"]["range"], passed["meter_said"]["mode"]) == ("300mJ", "energy")
    (begun,) = world.of("energy_check.begun")
    assert begun["laser"]["serial"] == "SIM-003"
    assert begun["expected"]["from"] == "person"
    pulses = [batch["energy_j"] for batch in world.of("energy_check.pulses_recorded")]
    assert {each["measured_where"] for each in pulses} == {"meter head"}
    assert sum(len(each["measured"]) for each in pulses) == 5
    assert world.of("counter.reconciled")[-1]["recorded"] == 5
    assert len(world.meter_truth.names("measured")) == 5
    assert "Pulse 4 of 5 at the meter's head: 159.5 mJ." in world.screen.said
    assert world.dark_at_the_end()
    assert world.checked["energy_checks"]["SIM-003"]["last"]["result"] == "passed"


def test_a_pulse_that_lay_in_the_meter_is_thrown_away():
    """A reading of before is no pulse of this check: it begins with the first one of READY."""
    world = EnergyWorld(meter={"pulse_j": "0.25", "range_index": "1"})
    assert world.play().end.code == "energy_checked"
    (passed,) = world.of("energy_check.passed")
    assert len(passed["facts"]["energies_j"]) == 5
    assert passed["max_j"] < 0.17


def test_pulses_that_do_not_come_fail_it():
    """The hand lets go after four: READY is bounded in seconds, and the check fails."""
    world = EnergyWorld((ON, (AFTER_THREE + 0.4, "laser", "trigger_input=off")))
    result = world.play()
    assert (result.end.code, result.confirmed) == ("pulses_missing", True)
    assert "pulses_missing" in failed(world)
    assert world.dark_at_the_end()


def test_a_pulse_too_many_fails_it():
    """A laser too fast to be stopped after the fifth: the sixth ends it, locked."""
    world = EnergyWorld(laser={"q_switch_every": "1"})
    result = world.play()
    assert (result.end.code, result.confirmed) == ("pulses_extra", True)
    assert "pulses_extra" in failed(world)
    assert world.dark_at_the_end()


@pytest.mark.parametrize(
    ("mj_v", "code"), [("1", "over_range"), ("0.62", "pulse_too_high")], ids=["over", "too_high"]
)
def test_a_pulse_over_the_range_or_far_too_high_ends_it_at_once(mj_v, code):
    """`OVER` is no number, and half too much is a device stop: neither waits for the fifth."""
    world = EnergyWorld((ON, (AFTER_THREE, "laser", f"pulse_energy_mj_v={mj_v}")))
    result = world.play()
    assert (result.end.code, result.confirmed) == (code, True)
    assert code in failed(world)
    seen = [
        value
        for batch in world.of("energy_check.pulses_recorded")
        for value in batch["energy_j"]["measured"]
    ]
    assert len(seen) == 4
    assert world.dark_at_the_end()


@pytest.mark.parametrize(
    ("wear", "tolerance", "end", "result"),
    [
        ("12", 10, "energy_check_failed", "failed"),
        ("12", 15, "energy_checked", "passed"),
        ("12", None, "energy_checked", "measured"),
        ("25", None, "energy_check_failed", "failed"),
    ],
)
def test_a_worn_lamp_is_judged_by_the_clinics_tolerance(wear, tolerance, end, result):
    """Without one nothing is called passed; 20 % off is a device stop all the same."""
    world = EnergyWorld(laser={"wear_percent": wear}, tolerance=tolerance)
    assert world.play().end.code == end
    (told,) = world.of(f"energy_check.{result}")
    assert told["deviation_percent"] == pytest.approx(-float(wear), abs=1)
    assert world.dark_at_the_end()


@pytest.mark.parametrize(
    ("act", "code"),
    [
        ("fault=unplug", "meter_lost"),
        ("reply_latency_s=30", "meter_lost"),
        ("head=none", "meter_lost"),
        ("head_serial=99", "head_lost"),
        ("mode=power", "meter_changed"),
    ],
)
def test_a_meter_lost_in_mid_check_ends_it_and_never_blinds_the_session(act, code):
    """Unplugged, silent or changed: locked, failed, and the laser was read back all the while."""
    world = EnergyWorld((ON, (AFTER_THREE, "meter", act)))
    result = world.play()
    assert (result.end.code, result.confirmed) == (code, True)
    assert "check_cut_short" in failed(world)
    assert not world.of("telemetry.gap")
    assert longest_blindness_s(world) < 0.5
    off = [each["mono_ns"] for each in world.truth.events if each["event"] == "light_off"]
    assert (off[-1] - world.ready_ns) / 1e9 - AFTER_THREE < 1.5
    assert world.dark_at_the_end()


def test_a_laser_fault_in_mid_check_ends_it():
    """An interlock opens: locked as in any session, and what was measured is no check."""
    world = EnergyWorld((ON, (AFTER_THREE, "laser", "interlock=open")))
    result = world.play()
    assert (result.end.code, result.confirmed) == ("interlock", True)
    assert {"check_cut_short", "pulses_missing"} <= set(failed(world))
    assert world.checked["energy_checks"]["SIM-003"]["last"]["result"] == "failed"


def test_a_control_that_is_held_before_ready_ends_it():
    """The laser does not show its trigger; the meter sees its light, too early."""
    world = EnergyWorld((), laser={"trigger_input": "on", "q_switch_every": "1"})
    result = world.play()
    assert (result.end.code, result.end.latch, result.confirmed) == ("control_held", True, True)
    assert world.dark_at_the_end()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"papers": {"head_serial": "SIM-77"}}, "head_other"),
        ({"papers": {"calibration_valid_until": "2026-02-01"}}, "calibration_over"),
        ({"papers": {"max_energy_j": "0.1"}}, "over_head_energy"),
        ({"meter": {"head": "none"}}, "head_missing"),
        ({"meter": {"energy_ranges_j": "0.2 0.1", "range_index": "0"}}, "meter_range_too_small"),
        ({"meter": {"reply_latency_s": "30"}}, "meter_not_answering"),
        ({"request": {"meter": "SIM-5"}}, "meter_not_registered"),
        ({"request": {"energy_mj": None}}, "energy_not_stated"),
        ({"request": {"wavelength_nm": "20000"}}, "wavelength_outside_head"),
    ],
)
def test_what_is_not_right_before_it_enables_nothing(changed, code):
    """The verdict refuses, with this among its reasons; the laser was never enabled."""
    world = EnergyWorld(**changed)
    assert world.play().end.code == "refused"
    assert code in world.refusals()
    assert world.happened("enabled", "light_on") == []
    assert Phase.READY not in {phase for _, phase in world.screen.phases}
    assert not world.of("energy_check.begun")


def test_the_verdict_is_judged_alike_from_what_was_recorded():
    """With the meter's facts; and facts of a time before there were checks are judged as then."""
    world = EnergyWorld()
    world.play()
    recorded = world.of("verdict.permitted")[-1]
    replayed = judge(Facts.model_validate(recorded["facts"]))
    assert replayed.as_json()["findings"] == recorded["findings"]
    old = {
        name: told for name, told in recorded["facts"].items() if name not in {"energy", "check"}
    }
    assert judge(Facts.model_validate({**old, "kind": "treatment", "client_bound": True})).permitted


def test_a_service_session_voids_the_check_that_was():
    """As it opens: whatever is done in it, the laser is not as it was measured."""
    passed = Draft("energy_check.passed", {"deviation_percent": 1.0}, session="S-1", device=LASER)
    world = EnergyWorld((), kind="service", before=(passed,))
    world.play()
    kinds = [entry.type for entry in world.entries]
    assert kinds.index("energy_check.voided") < kinds.index("session.opened")
    assert world.checked["energy_checks"][LASER]["void"] == "it was in a service session since."


def test_where_the_clinic_asks_for_a_check_its_absence_refuses():
    """Before a client, and before a client only."""
    world = EnergyWorld((), kind="test_spot")
    assert world.play().end.code == "refused"
    assert "energy_check_missing" in world.refusals()
    unasked = EnergyWorld((), kind="test_spot", tolerance=None)
    unasked.play()
    assert "energy_check_missing" not in unasked.refusals()
