"""Sessions on a simulated CO2 laser behind a pty: its gate makes the light, its truth judges."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.clinic import Clinic, here, wait

CATALOGUE = """[[entries]]
achievement = "https://maker.example/resurfacing"
driver = "uc2000"
models = ["SimuLase-1"]
firmware = ["*"]
procedures = ["treatment", "service"]
ablative = true
operator_class = "any"
limits.power_percent.max = "60"
"""


class Co2Clinic(Clinic):
    """A clinic with a UC-2000, whose hidden interlock and key it accepts."""

    driver = "uc2000"

    def __init__(self, root, template, *options):
        super().__init__(root, template, *options)
        catalogue, signed = self.props / "co2.toml", self.props / "co2.jws"
        catalogue.write_text(CATALOGUE)
        here(
            *("catalogue", "issue", catalogue, "--key", self.props / "maker.key", "--version", 2),
            *("--valid-until", "2099-12-31", "--output", signed),
        )
        here("trust", "catalogue", signed, *self.by)
        self.set_power("20.0")

    def add_device(self, *more, port=None):
        """Register it; with a new registration the acceptance is asked for again."""
        super().add_device("--accept", "interlock_unknown", *more, port=port)

    def set_power(self, percent):
        """Write the settings file."""
        (self.props / "settings.toml").write_text(f"[settings]\npower_percent = {percent}\n")

    def said(self):
        """What the controller heard, in hex."""
        return [event["text"] for event in self.laser.truth() if event["event"] == "command"]


@pytest.fixture
def co2(tmp_path, template):
    """Makes such a clinic, with options for its laser."""
    made = []

    def make(*options):
        made.append(Co2Clinic(tmp_path / f"co2-{len(made)}", template, *options))
        return made[-1]

    yield make
    for clinic in made:
        clinic.laser.close()


def finish(session):
    """Its exit code and its document."""
    said, wrong = session.communicate(timeout=60)
    assert "Traceback" not in wrong, wrong
    return session.returncode, json.loads(said)


@pytest.mark.parametrize(
    ("laser", "registered"),
    [
        ((), ()),
        (("--set", "checksum=off"), ("--set", "checksum=off")),
        (("--set", "status_checksum=data"), ("--set", "loop=closed")),
        (("--set", "status_checksum=all", "--set", "stray_byte=nak"), ()),
    ],
    ids=str,
)
def test_a_session_with_light(co2, laser, registered):
    """The gate makes light in READY and ends it; settings are read back, and it ends locked."""
    clinic = co2(*laser)
    clinic.add_device(*registered)
    session = clinic.start("--json", "--for", "3")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("gate_input=high")
    clinic.laser.wait_for("light_on", session)
    clinic.laser.set("gate_input=low")
    code, ran = finish(session)
    assert (code, ran["confirmed_locked"]) == (0, True), ran
    told = [e["event"] for e in clinic.laser.truth()]
    assert [name for name in told if name in {"enabled", "disabled"}][-2:] == [
        "enabled",
        "disabled",
    ]
    assert [name for name in told if name.startswith("light")] == ["light_on", "light_off"]
    (effective,) = clinic.entries("settings.effective")
    assert effective.data["settings"] == {"power_percent": "20"}
    assert effective.data["trigger"] == "hardware"
    assert effective.data["configuration"]["gate_pull_up"] == "0"
    locked = clinic.entries("lock.confirmed")[-1]
    assert locked.data["evidence"] == "commanded"
    assert not any(frame.startswith(("5B30", "5B7A")) for frame in clinic.said())


@pytest.mark.parametrize(
    ("laser", "registered", "power", "code"),
    [
        ((), (), "61.0", "setting_out_of_limits"),
        ((), (), "20.3", "settings_not_effective"),
        (("--set", "remote=off"), (), "20.0", "fault_not_under_remote_control"),
        (("--setup", "left_waiting"), (), "20.0", "emitting_at_connect"),
    ],
)
def test_a_refused_session(co2, laser, registered, power, code):
    """Limits, steps, local control, lasing before the session: refused, and never enabled by us."""
    clinic = co2(*laser)
    clinic.set_power(power)
    ended, ran = finish(clinic.start("--json", "--for", "1"))
    assert ended == 1, ran
    assert code in {found["code"] for found in ran["verdict"]["findings"]}
    assert not any(frame.startswith("5B75") for frame in clinic.said())
    assert not clinic.laser.is_now("enabled")


def test_a_laser_left_lasing_is_dark_before_anybody_is_refused(co2):
    """Found with lasing on and its gate pulled up: taken away at once, and that is a finding."""
    clinic = co2("--setup", "left_lasing")
    assert clinic.laser.is_now("light_on")
    ended, ran = finish(clinic.start("--json", "--for", "1"))
    assert ended == 1
    assert "emitting_at_connect" in {found["code"] for found in ran["verdict"]["findings"]}
    assert not clinic.laser.is_now("light_on")
    assert clinic.entries("lock.confirmed")


def test_the_guard_locks_a_laser_whose_station_is_killed(co2):
    """SIGKILL while the gate is held: the constant lock bytes make it dark, and it is read back."""
    clinic = co2()
    session = clinic.start("--for", "20")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("gate_input=high")
    clinic.laser.wait_for("light_on", session)
    os.kill(session.pid, signal.SIGKILL)
    session.communicate()
    wait(lambda: not clinic.laser.is_now("light_on"))
    assert not clinic.laser.is_now("enabled")
    done = clinic.run("lock", "SIM-0917")
    assert done.returncode == 0, done.stderr
    assert "as it was commanded" in done.stdout
    assert clinic.entries("lock.confirmed")[-1].data["words"]["7E"].startswith("AA 88 32 00 00")


def test_a_controller_that_refuses_to_go_dark_is_an_alarm(co2):
    """Lasing off refused: at 0 % and gate down, but never called locked; a person is told."""
    clinic = co2("--fault", "refused_off", "--set", "lase=on", "--set", "percent=40")
    assert clinic.laser.is_now("light_on") is False
    clinic.laser.set("gate_input=open")
    clinic.laser.wait_for("light_on")
    done = clinic.run("lock", "SIM-0917")
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert "the controller is told to lase" in done.stderr
    assert "Press the red emergency stop" in done.stderr
    assert not clinic.laser.is_now("light_on")


def test_a_checksum_setting_that_is_not_the_registered_one(co2):
    """Refused commands end the session before any intent, with what to look at; it is locked."""
    clinic = co2()
    clinic.add_device("--set", "checksum=off")
    code, ran = finish(clinic.start("--json", "--for", "1"))
    assert (code, ran["confirmed_locked"]) == (1, True)
    assert "--set checksum=on" in ran["end"]["sentence"]
    assert not clinic.entries("unlock.intended")


@pytest.mark.parametrize("fault", ["drop", "corrupt:position=0,value=0xAB", "garbage:hex=aa"])
def test_one_bad_status_in_ready_is_a_gap_and_no_end(co2, fault):
    """A status lost, broken or shifted is not believed; the next one comes before it is stale."""
    clinic = co2("--fault", f"{fault}@cmd=7E,nth=30")
    code, ran = finish(clinic.start("--json", "--for", "3"))
    assert (code, ran["end"]["code"]) == (0, "planned_time"), ran
    assert len(clinic.entries("telemetry.gap")) == 1
