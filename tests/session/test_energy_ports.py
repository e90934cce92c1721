"""A check of energy as a clinic does it: two real ports, commands, and treatments that need it."""

from __future__ import annotations

import json

import pytest

from tests.clinic import here
from tests.session.energy import HEAD, SERIAL, EnergyClinic


@pytest.fixture
def energy(tmp_path, template):
    """A clinic with laser and meter."""
    made = EnergyClinic(tmp_path / "energy", template)
    yield made
    made.laser.close()


def refusals(clinic, kind="test_spot", *more):
    """The codes of a check's refusals that are about energy or its meter."""
    words = ("session", "check", clinic.serial, "--technician", "t-ines", "--kind", kind, *more)
    _, told = clinic.ask(*words)
    refused = [each for each in told["findings"] if each["severity"] == "refuse"]
    return [each["code"] for each in refused if each["code"].startswith(("energy", "meter"))]


def test_from_the_meters_papers_to_a_treatment_that_may_begin(energy):
    """Registered, measured, passed: then the clinic's rule refuses no more, until a service."""
    energy.rule()
    assert refusals(energy) == ["energy_check_missing"]
    energy.add_meter()
    _, (listed,) = energy.ask("meter", "list")
    assert (listed["serial"], listed["head_serial"], listed["max_energy_j"]) == (
        SERIAL,
        HEAD,
        "0.5",
    )
    named = ("--meter", SERIAL, "--energy-mj", "159", "--wavelength-nm", "1064")
    assert refusals(energy, "energy_check", *named) == []
    session = energy.check()
    energy.until_ready_stands(session)
    energy.laser.set("trigger_input=on")
    code, ran = energy.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "energy_checked", True), ran
    (passed,) = energy.entries("energy_check.passed")
    assert passed.data["facts"]["energies_j"] == pytest.approx([0.159] * 5, rel=0.02)
    assert not energy.entries("guard.acted")
    assert not energy.entries("telemetry.gap")
    told = [json.loads(line) for line in energy.meter_truth.read_text().splitlines()]
    assert len([each for each in told if each["event"] == "measured"]) == 5
    assert energy.happened("light_on", "light_off") == ["light_on", "light_off"]
    assert refusals(energy) == []
    here("device", "release", energy.serial, "--to", "service", "--reason", "x", *energy.by)
    here("device", "return", energy.serial, *energy.by)
    assert refusals(energy) == ["energy_check_void"]


def test_words_that_do_not_fit_are_refused_with_a_sentence(energy):
    """Of the register, the rule and the session: exit 2, and nothing is recorded."""
    before = len(energy.entries())
    add = ("meter", "add", "1", "--driver", "ophir", "--port", energy.meter_link, "--head", "2")
    here(*add, "--wavelengths-nm", "1064", *energy.by, code=2)
    here(*add, "--calibrated", "10.1.2026", *energy.by, code=2)
    here(*add, "--max-energy-mj", "0", *energy.by, code=2)
    here("meter", "add", "1", "--driver", "bigsky", *add[5:], *energy.by, code=2)
    rule = ("device", "energy-check", energy.serial)
    here(*rule, *energy.by, code=2)
    here(*rule, "--tolerance-percent", "30", "--valid-hours", "24", *energy.by, code=2)
    run = energy.session_words("--kind", "service", "--meter", SERIAL)
    here(*run, code=2)
    added = {entry.type for entry in energy.entries()[before:]}
    assert all(kind.startswith("signin.") for kind in added), added
