"""The pure parts of a check of energy: its findings, its result, and how long it counts."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from devicelink.errors import ConfigError, Severity
from devicelink.treatment.checks import (
    CheckFacts,
    MeterPapers,
    MeterSaid,
    choose_range,
    full_scale_j,
    judge_meter,
)
from devicelink.treatment.energy import (
    ENERGY,
    Checked,
    EnergyFacts,
    gather_energy,
    judge_energy,
    rule_draft,
)
from devicelink.treatment.pulses import PulseFacts, judge_pulses

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
PAPERS = MeterPapers(
    serial="113217",
    driver_from="devicelink 0",
    head_serial="22323",
    calibrated_on=date(2026, 1, 10),
    calibration_valid_until=date(2026, 11, 27),
    max_energy_j="0.5",
    max_power_w="30",
    max_density_j_cm2=None,
    wavelength_min_nm="190",
    wavelength_max_nm="12000",
    registered_by="t-ada",
    index=7,
)
SAID = MeterSaid(
    serial="113217",
    model="VEGA",
    firmware="VG1.10",
    head_serial="22323",
    head_kind="PY",
    head_model="PE10-C",
    measures_energy=True,
    mode="energy",
    wavelength_nm="1064",
    wavelength="1064",
    range="300mJ",
    full_scale_j=0.3,
    filter="filter OUT",
    age_s=0.1,
)
CHECK = CheckFacts(
    named="113217",
    papers=PAPERS,
    said=SAID,
    problem=None,
    prepared=True,
    settled=True,
    stale_thrown_away=True,
    pulses=5,
    nominal_j=0.16,
    nominal_from="settings",
    wavelength_nm="1064.0",
    wavelength_from="laser",
    rate_hz=10.0,
    beam_mm=None,
    tolerance_percent=10.0,
)


def codes(facts, *, counts=True, severity=Severity.REFUSE):
    """What is found, of one severity."""
    found = judge_meter(facts, NOW, counts=counts)
    return [each.code for each in found if each.severity is severity]


def with_(papers=None, said=None, **check):
    """The facts of a check that is right, but for this."""
    changed = {
        "papers": PAPERS.model_copy(update=papers or {}),
        "said": SAID.model_copy(update=said or {}),
    }
    return CHECK.model_copy(update=changed | check)


def test_a_check_that_is_right_has_no_findings():
    """On the last day of the calibration, too."""
    assert judge_meter(CHECK, NOW, counts=True) == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (None, "meter_missing"),
        (CHECK.model_copy(update={"named": None}), "meter_missing"),
        (CHECK.model_copy(update={"papers": None, "said": None}), "meter_not_registered"),
        (CHECK.model_copy(update={"said": None}), "meter_not_answering"),
        (with_(problem=("meter_busy", "In use.")), "meter_busy"),
        (with_(said={"serial": "9"}), "meter_other"),
        (with_(said={"head_serial": "9"}), "head_other"),
        (with_(said={"head_serial": None}), "head_other"),
        (with_(said={"head_kind": None, "head_serial": None}), "head_missing"),
        (with_(said={"measures_energy": False}), "head_no_energy"),
        (with_({"calibration_valid_until": date(2026, 11, 26)}), "calibration_over"),
        (with_({"calibrated_on": date(2026, 11, 28)}), "calibration_over"),
        (with_({"calibration_valid_until": None}), "calibration_unknown"),
        (with_({"calibrated_on": None}), "calibration_unknown"),
        (with_({"max_energy_j": None}), "head_rating_unknown"),
        (with_({"max_power_w": None}), "head_rating_unknown"),
        (with_({"wavelength_max_nm": None}), "head_wavelengths_unknown"),
        (with_({"max_energy_j": "0.23"}), "over_head_energy"),
        (with_({"max_power_w": "2"}), "over_head_power"),
        (with_({"max_density_j_cm2": "0.3"}), "beam_not_stated"),
        (with_({"max_density_j_cm2": "0.3"}, beam_mm=6.0), "over_head_density"),
        (with_({"wavelength_max_nm": "1000"}), "wavelength_outside_head"),
        (with_(said={"mode": "power"}), "meter_not_in_energy"),
        (with_(said={"wavelength_nm": "532"}), "meter_wavelength_differs"),
        (with_(said={"wavelength_nm": None}), "meter_wavelength_differs"),
        (with_(said={"full_scale_j": 0.2}), "meter_range_too_small"),
        (with_(said={"full_scale_j": None}), "meter_range_too_small"),
        (with_(said={"age_s": 3.5}), "meter_reading_old"),
        (with_(settled=False), "meter_not_settled"),
        (with_(prepared=False), "meter_not_settled"),
        (with_(stale_thrown_away=False), "meter_reading_stale"),
        (with_(pulses=4), "pulses_out_of_bounds"),
        (with_(pulses=101), "pulses_out_of_bounds"),
        (with_(nominal_j=None), "energy_not_stated"),
        (with_(wavelength_nm=None), "wavelength_not_stated"),
    ],
)
def test_each_thing_that_is_wrong_refuses_by_its_own_code(facts, code):
    """And each finding tells a remedy."""
    assert code in codes(facts)
    assert all(each.remedy for each in judge_meter(facts, NOW, counts=True))


def test_a_wide_beam_is_within_the_heads_density():
    """0.24 J, twice as dense in its middle, over 16 mm: 0.24 J/cm2."""
    assert codes(with_({"max_density_j_cm2": "0.3"}, beam_mm=16.0)) == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (with_(tolerance_percent=None), "tolerance_not_set"),
        (with_(nominal_from="person"), "energy_stated"),
        (with_(said={"serial": None}), "meter_identity_asserted"),
        (with_(said={"filter": "filter IN"}), "meter_filter_in"),
    ],
)
def test_what_a_person_has_to_know_is_a_warning(facts, code):
    """It refuses nothing."""
    assert codes(facts) == []
    assert codes(facts, severity=Severity.WARN) == [code]


def test_before_it_was_set_up_the_meter_is_not_judged_for_that():
    """What will be set is not missed early; who it is, is."""
    early = with_(said={"mode": "power", "full_scale_j": None, "serial": "9"}, settled=False)
    assert codes(early, counts=False) == ["meter_other"]


def test_ranges_are_read_and_the_smallest_that_holds_it_is_chosen():
    """With half as much again as is expected; AUTO is no range."""
    ranges = ("AUTO", "3.00J", "300mJ", "30.0mJ", "200uJ")
    assert [full_scale_j(each) for each in ranges] == [None, 3.0, 0.3, 0.03, pytest.approx(2e-4)]
    assert choose_range(ranges, 0.16) == "300mJ"
    assert choose_range(ranges, 0.19) == "300mJ"
    assert choose_range(ranges, 0.21) == "3.00J"
    assert choose_range(ranges, 2.5) is None


def pulses(*energies, wanted=5, tolerance=10.0, **more):
    """What these come to, 0.1 J each expected."""
    whys = tuple("over_range" if each is None else None for each in energies)
    facts = {"counter_before": None, "counter_after": None, "ended_by": None, **more}
    return judge_pulses(
        PulseFacts(
            wanted=wanted,
            energies_j=energies,
            whys=whys,
            nominal_j=0.1,
            tolerance_percent=tolerance,
            **facts,
        )
    )


def test_five_that_agree_pass_with_mean_and_spread():
    """The spread is the relative standard deviation of the sample."""
    outcome = pulses(0.1, 0.102, 0.098, 0.101, 0.099)
    assert (outcome.result, outcome.findings) == ("passed", ())
    assert outcome.mean_j == pytest.approx(0.1)
    assert outcome.spread_percent == pytest.approx(1.5811, rel=1e-3)
    assert (outcome.min_j, outcome.max_j) == (0.098, 0.102)


@pytest.mark.parametrize(
    ("outcome", "codes"),
    [
        (pulses(*[0.1] * 4), ["pulses_missing"]),
        (pulses(), ["pulses_missing"]),
        (pulses(*[0.1] * 6), ["pulses_extra"]),
        (pulses(0.1, 0.1, None, 0.1, 0.1), ["over_range"]),
        (pulses(0.1, 0.1, math.inf, 0.1, 0.1), ["pulse_without_number"]),
        (pulses(0.1, 0.1, math.nan, 0.1, 0.1), ["pulse_without_number"]),
        (pulses(*[0.12] * 5), ["mean_off"]),
        (pulses(*[0.88] * 5), ["pulse_too_high", "mean_off"]),
        (pulses(0.151, *[0.09] * 4), ["pulse_too_high"]),
        (pulses(*[0.1] * 5, counter_before=7, counter_after=13), ["counter_differs"]),
        (pulses(*[0.1] * 5, ended_by="stop", ended_why="Stopped."), ["check_cut_short"]),
        (pulses(*[0.125] * 5, tolerance=None), ["mean_off"]),
    ],
)
def test_what_fails_a_check(outcome, codes):
    """Whatever the numbers say: a missing, extra or numberless pulse, or a counter that differs."""
    assert outcome.result == "failed"
    assert [each.code for each in outcome.findings] == codes


def test_a_counter_that_agrees_passes_and_no_tolerance_judges_nothing():
    """`measured` is recorded with its numbers, and does not count."""
    assert pulses(*[0.1] * 5, counter_before=7, counter_after=12).result == "passed"
    assert pulses(*[0.115] * 5, tolerance=None).result == "measured"


IS = Checked(driver_from="d 1", firmware="3.68", configuration_id="c", handpiece="h")
PASSED_AT = NOW - timedelta(hours=2)


def entry(type_, at=PASSED_AT, session="S-9", **data):
    """As the projection gets it."""
    return SimpleNamespace(
        type=type_, data=data, at=at, session=session, index=9, actor="t-ada", device="L"
    )


def history(*entries, now=IS):
    """What is known after these."""
    state = None
    for each in entries:
        state = ENERGY.reduce(state, each)
    return gather_energy({"L": state} if state else {}, "L", now)


def found(facts, kind="treatment", at=NOW):
    """The codes that refuse."""
    return [each.code for each in judge_energy(facts, kind=kind, device="L", judged_at=at)]


RULE = entry("energy_check.ruled", asked_for=True, tolerance_percent=10.0, valid_hours=24)
PASSED = entry("energy_check.passed", deviation_percent=4.0, checked=IS.model_dump())


def test_a_check_counts_for_the_time_that_the_clinic_set():
    """To the hour; and not before it was made, by a clock that went back."""
    facts = history(RULE, PASSED)
    assert found(facts) == []
    assert found(facts, at=PASSED_AT + timedelta(hours=24)) == ["energy_check_overdue"]
    assert found(facts, at=PASSED_AT - timedelta(seconds=1)) == ["energy_check_overdue"]


@pytest.mark.parametrize(
    ("later", "code"),
    [
        ([], "energy_check_missing"),
        ([entry("energy_check.measured")], "energy_check_missing"),
        ([entry("energy_check.failed")], "energy_check_failed"),
        ([PASSED, entry("energy_check.begun")], "energy_check_failed"),
        ([PASSED, entry("energy_check.voided", sentence="it was serviced.")], "energy_check_void"),
    ],
)
def test_what_makes_a_check_count_no_more(later, code):
    """Each by its own code, until the next one passes."""
    assert found(history(RULE, *later)) == [code]
    assert found(history(RULE, *later, PASSED)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"driver_from": "d 2"},
        {"firmware": "3.70"},
        {"firmware": None},
        {"configuration_id": "other"},
        {"handpiece": "other"},
    ],
)
def test_a_laser_that_is_not_as_it_was_measured_voids_it(changed):
    """Driver, firmware, configuration, handpiece; what was not read yet is not called changed."""
    now = IS.model_copy(update=changed)
    assert found(history(RULE, PASSED, now=now)) == ["energy_check_void"]
    unread = IS.model_copy(update={"configuration_id": None, "handpiece": None, "firmware": None})
    assert found(history(RULE, PASSED, now=unread)) == []


def test_nobody_asks_where_there_is_no_rule_or_no_client():
    """A treatment goes on without one where the clinic asks for none, or asks no more."""
    assert found(history(PASSED)) == []
    assert found(history(RULE, entry("energy_check.ruled", asked_for=False))) == []
    assert found(history(RULE), kind="service") == []
    assert found(history(RULE), kind="test_spot") == ["energy_check_missing"]
    assert found(None) == []
    assert found(EnergyFacts(rule=None, last=None, void=None, now=IS)) == []


def test_a_tighter_tolerance_counts_for_the_check_that_was():
    """4 % off passed at 10 %; the clinic now allows 3 %."""
    tighter = entry("energy_check.ruled", asked_for=True, tolerance_percent=3.0, valid_hours=24)
    assert found(history(RULE, PASSED, tighter)) == ["energy_check_failed"]


@pytest.mark.parametrize(("percent", "hours"), [(0, 24), (20.5, 24), (10, 0), (10, 9000)])
def test_a_clinic_may_only_tighten(percent, hours):
    """20 % off is a device stop; without a time nothing would ever be overdue."""
    with pytest.raises(ConfigError):
        rule_draft("L", tolerance_percent=percent, valid_hours=hours, by="a", asked_for=True)
