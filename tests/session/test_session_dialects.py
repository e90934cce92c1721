"""Sessions on lasers of the thin dialects: what their wires do not show is accepted or refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.clinic import here, wait

YAR = ("--set", "dialect=yar", "--trigger", "host")
QCW = ("--set", "dialect=ylr-qcw", "--trigger", "host")
SETTINGS = {
    "yar": "[settings]\npower_w = 5.0\n",
    "ylr-qcw": "[settings]\ndiode_current_percent = 35.0\n",
}


@pytest.fixture
def thin(make_clinic):
    """A clinic whose laser speaks another dialect, registered as such; nothing more accepted."""

    def make(dialect, *options):
        clinic = make_clinic("--set", f"dialect={dialect}", "--set", "startup_s=0.2", *options)
        clinic.add_device("--set", f"dialect={dialect}", "--trigger", "host")
        (clinic.props / "settings.toml").write_text(SETTINGS[dialect])
        return clinic

    return make


def accept(clinic):
    """The clinic accepts that interlock and key are not shown."""
    here("device", "add", "SIM-0917", "--accept", "interlock_unknown", *clinic.by)


def findings(clinic):
    """The verdict of a check: each finding's code and severity."""
    _, told = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines", "--kind=service")
    return {found["code"]: found["severity"] for found in told["findings"]}


def run(clinic, *more):
    """A service session: its exit code, and its document."""
    session = clinic.start("--kind", "service", "--json", "--for", "0.5", *more)
    said, _ = session.communicate(timeout=60)
    return session.returncode, json.loads(said)


@pytest.mark.parametrize("dialect", SETTINGS)
def test_a_hidden_interlock_refuses_until_it_is_accepted(thin, dialect):
    """Before the clinic's acceptance nothing is enabled; then a session runs, with a warning."""
    clinic = thin(dialect)
    assert findings(clinic)["interlock_unknown"] == "refuse"
    code, _ = run(clinic)
    assert code == 1
    assert not any(event["event"] == "enabled" for event in clinic.laser.truth())
    accept(clinic)
    assert findings(clinic)["interlock_unknown"] == "warn"
    code, _ = run(clinic)
    assert code == 0
    assert clinic.entries("lock.confirmed")
    lights = [e["event"] for e in clinic.laser.truth() if e["event"].startswith("light")]
    assert lights == ["light_on", "light_off"]
    (effective,) = clinic.entries("settings.effective")
    assert effective.data["trigger"] == "host"


def test_a_new_registration_asks_for_the_acceptance_again(thin):
    """What was accepted of one registration says nothing of the next."""
    clinic = thin("yar")
    accept(clinic)
    clinic.add_device(*YAR)
    assert findings(clinic)["interlock_unknown"] == "refuse"


@pytest.mark.parametrize(
    ("laser", "registered"),
    [("yar", ()), ("yar", QCW), ("ylr-sm", YAR), ("ylr-sm", QCW), ("ylr-qcw", YAR)],
)
def test_a_laser_of_another_dialect_is_not_used(make_clinic, laser, registered):
    """The registered dialect is checked by what the laser answers, never guessed."""
    clinic = make_clinic("--set", f"dialect={laser}")
    clinic.add_device(*registered)
    assert findings(clinic)["wrong_device"] == "refuse"


def test_the_guard_locks_a_yar_whose_station_is_killed(thin):
    """The dialect's own lock bytes: dark although the trigger is the host, and read back."""
    clinic = thin("yar")
    accept(clinic)
    session = clinic.start("--kind", "service", "--for", "20")
    clinic.laser.wait_for("light_on", session)
    os.kill(session.pid, signal.SIGKILL)
    session.communicate()
    wait(lambda: not clinic.laser.is_now("light_on"))
    said = [event["text"] for event in clinic.laser.truth() if event["event"] == "command"]
    assert {"EMOFF", "SPS 0"} <= set(said)
    done = clinic.run("lock", "SIM-0917")
    assert done.returncode == 0, done.stderr
    assert [entry.data["words"]["RPS"] for entry in clinic.entries("lock.confirmed")][-1] == "0.0"


def test_a_supply_that_an_interlock_cut_ends_a_session_on_a_qcw(thin):
    """Bit 11 cleared is the supply gone: the session ends locked, and asks for START."""
    clinic = thin("ylr-qcw")
    accept(clinic)
    session = clinic.start("--kind", "service", "--json", "--for", "20")
    clinic.laser.wait_for("light_on", session)
    clinic.laser.set("interlock_1=open")
    said, _ = session.communicate(timeout=60)
    ran = json.loads(said)
    assert session.returncode == 1
    assert (ran["end"]["code"], ran["confirmed_locked"]) == ("interlock", True)
    clinic.laser.set("interlock_1=closed")
    assert findings(clinic)["reset_required"] == "refuse"


def test_an_interlock_that_a_yar_hides_leads_back_to_standby(thin):
    """The wire shows no more than that emission ended: nothing resumes, and the end is locked."""
    clinic = thin("yar")
    accept(clinic)
    session = clinic.start("--kind", "service", "--json", "--for", "2")
    clinic.laser.wait_for("light_on", session)
    clinic.laser.set("interlock_1=open")
    clinic.laser.set("interlock_1=closed")
    clinic.laser.set("supply=on")
    session.communicate(timeout=60)
    lights = [e["event"] for e in clinic.laser.truth() if e["event"].startswith("light")]
    assert lights == ["light_on", "light_off"]
    assert clinic.entries("lock.confirmed")


def test_a_guard_locks_over_rfc2217_too(make_clinic):
    """A laser behind a network's serial line is guarded like any: killed in light, soon dark."""
    clinic = make_clinic()
    words = ["--rfc2217", "127.0.0.1:0", "--truth", clinic.props / "network.truth"]
    words += ["--set", "startup_s=0.2"]
    laser = subprocess.Popen(
        [sys.executable, "-m", "devicelink", "sim", "serve", "ipg", *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        clinic.add_device(port=json.loads(laser.stdout.readline())["target"])
        clinic.laser.truth_path = clinic.props / "network.truth"
        session = clinic.start("--for", "20")
        clinic.laser.wait_for("enabled", session)
        os.kill(session.pid, signal.SIGKILL)
        session.communicate()
        wait(lambda: not clinic.laser.is_now("enabled"))
        done = clinic.run("lock", "SIM-0917")
        assert done.returncode == 0, done.stderr
        (started,) = clinic.entries("guard.started")
        assert started.data["kind"] == "process"
    finally:
        laser.kill()
        laser.communicate()


def test_a_yar_that_does_not_go_dark_is_never_called_locked(thin):
    """EMOFF refused, set-point refused: exit 3, whatever was acknowledged before."""
    clinic = thin("yar")
    accept(clinic)
    session = clinic.start("--kind", "service", "--for", "1")
    clinic.laser.wait_for("light_on", session)
    clinic.laser.set("fault=stuck_ack")
    session.communicate(timeout=60)
    assert session.returncode == 3
    assert not clinic.entries("lock.confirmed")
    clinic.laser.set("fault=none")
