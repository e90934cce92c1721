"""A check of energy on a console: its pulses fall on a meter, and its own counter agrees."""

from __future__ import annotations

import pytest

from tests.clinic import wait
from tests.session.energy import SERIAL, EnergyClinic
from tests.session.test_session_olcp import press_ready

SETTINGS = "[settings]\nenergy_mj = 500\npulse_us = 300\nrate_hz = 2\n"


class ConsoleEnergyClinic(EnergyClinic):
    """An Er:YAG console with a meter in its beam."""

    driver, told, settings = "olcp", "OL-2201", SETTINGS
    lasers = ("--set", "personality=er-yag")


@pytest.fixture
def energy(tmp_path, template, capsys):
    """A clinic whose console knows the station's key."""
    made = ConsoleEnergyClinic(tmp_path / "energy", template, meter={"damage_j": "20"})
    capsys.readouterr()
    _, key = made.ask("station", "permit-key")
    made.laser.set(f"permit_key_1={key['public_key']}")
    yield made
    made.laser.close()


def checked(energy):
    """A check with READY at the laser and a foot; its exit code and what it printed."""
    energy.rule()
    energy.add_meter("--max-energy-mj", "2000", "--max-power-w", "30")
    words = ("--json", "--kind", "energy_check", "--meter", SERIAL, "--pulses", "5")
    session = energy.start(*words, "--beam-mm", "5", "--for", "20")
    wait(lambda: energy.entries("ready.intended") or session.poll() is not None)
    assert session.poll() is None, session.communicate()
    press_ready(energy, session)
    energy.until_ready_stands(session)
    energy.laser.set("footswitch=pressed")
    return energy.ended(session)


def test_five_pulses_of_a_console_on_a_meter(energy):
    """The console's word, the meter's and the counter's agree, and the check passes."""
    code, ran = checked(energy)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "energy_checked", True), ran
    (passed,) = energy.entries("energy_check.passed")
    assert passed.data["facts"]["energies_j"] == pytest.approx([0.5] * 5, rel=0.06)
    (counter,) = energy.entries("counter.reconciled")
    assert (counter.data["recorded"], counter.data["unexplained"]) == (5, 0)
    own = passed.data["calibration_port"]
    assert (own["source"], own["count"], own["why"]) == ("laser", 5, None)
    assert own["mean_j"] == pytest.approx(passed.data["mean_j"], rel=0.02)


def test_both_words_are_shown_and_the_meters_decides(energy):
    """A port that reads a quarter too much: passed, and the person is told to have it looked at."""
    energy.laser.set("calibration_drift_percent=25")
    code, ran = checked(energy)
    assert (code, ran["end"]["code"]) == (0, "energy_checked"), ran
    shown = energy.run("session", "show", ran["session"]).stdout
    for told in (ran["end"]["sentence"], shown):
        assert "The energy check passed: mean" in told
        assert "The laser's own calibration port says" in told
        assert "They are more than 10 % apart" in told
