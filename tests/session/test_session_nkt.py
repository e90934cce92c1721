"""Sessions on a BASIK seed laser: the host is its trigger, its wire tells who it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.clinic import here, wait
from tests.session.other_lasers import OtherClinic

LIGHT = ("light_on", "light_off")


@pytest.fixture
def seed(tmp_path, template):
    """Makes a clinic with a BASIK, registered with the host as its trigger."""
    made = []

    def make(*options):
        made.append(
            OtherClinic(
                tmp_path / f"seed{len(made)}",
                template,
                driver="nkt",
                serial="SIM-NKT-1",
                settings="[settings]\npower_mw = 20.0\n",
                options=options,
                registered=("--trigger", "host"),
            )
        )
        return made[-1]

    yield make
    for clinic in made:
        clinic.laser.close()


def test_a_session_with_light(seed):
    """Light for as long as READY stands, read back dark at the end; it says who it is."""
    clinic = seed()
    assert "identity_asserted" not in clinic.findings()
    code, ran = clinic.session("--kind", "service", "--for", "0.5")
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "planned_time", True)
    assert clinic.happened(*LIGHT) == ["light_on", "light_off"]
    (identified,) = clinic.entries("device.identified")
    assert identified.data["identity"] == "read"
    (effective,) = clinic.entries("settings.effective")
    assert effective.data["settings"] == {"power_mw": "20.00"}
    assert effective.data["trigger"] == "host"
    (locked,) = clinic.entries("lock.confirmed")
    assert locked.data["words"] == {"66": "00 00", "30": "00", "17": "00 00"}
    measured = [entry.data["measured"] for entry in clinic.entries("telemetry.recorded")]
    assert any(float(p or 0) > 15 for each in measured for p in each["output_power_mw"])


def test_a_unit_that_loses_replies_is_used_all_the_same(seed):
    """Questions are asked again where a real unit drops a reply now and then."""
    lost = ("R65", "R66", "R31", "R22", "R30")
    clinic = seed(*(word for each in lost for word in ("--fault", f"drop@cmd={each},nth=1")))
    code, ran = clinic.session("--kind", "service", "--for", "0.5")
    assert (code, ran["confirmed_locked"]) == (0, True), ran
    assert clinic.happened(*LIGHT) == ["light_on", "light_off"]
    struck = [each["word"] for each in clinic.laser.truth() if each["event"] == "fault"]
    assert sorted(struck) == sorted(lost)


def test_a_lost_answer_to_emission_is_not_repeated(seed):
    """Light may be there: the session locks, reads back and latches; emission was written once."""
    clinic = seed("--fault", "drop@cmd=W30,nth=1")
    code, ran = clinic.session("--kind", "service", "--for", "0.5")
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "no_answer", True)
    said = [each["text"] for each in clinic.laser.truth() if each["event"] == "command"]
    assert said.count("0D01A2053001530B0A") == 1
    assert clinic.happened(*LIGHT) == ["light_on", "light_off"]
    assert clinic.entries("fault.latched")


def test_an_interlock_opened_in_ready_ends_it(seed):
    """The session ends locked, and nothing comes back before the loop is closed and reset."""
    clinic = seed()
    session = clinic.start("--json", "--kind", "service", "--for", "20")
    clinic.laser.wait_for("light_on", session)
    clinic.laser.set("interlock=open")
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "interlock", True)
    assert clinic.findings()["interlock_open"] == "refuse"
    clinic.laser.set("interlock=closed")
    clinic.laser.set("reset=pressed")
    assert "interlock_open" not in clinic.findings()
    assert clinic.happened(*LIGHT) == ["light_on", "light_off"]


def test_the_guard_locks_a_seed_whose_station_is_killed(seed):
    """Killed in light: dark by the guard's own bytes, read back, and recovered."""
    clinic = seed()
    session = clinic.start("--kind", "service", "--for", "20")
    clinic.laser.wait_for("light_on", session)
    os.kill(session.pid, signal.SIGKILL)
    session.communicate()
    wait(lambda: not clinic.laser.is_now("light_on"))
    done = clinic.run("lock", clinic.serial)
    assert done.returncode == 0, done.stderr
    assert clinic.happened(*LIGHT) == ["light_on", "light_off"]


def test_another_lasers_serial_number_is_refused(seed):
    """What the wire names counts: a laser registered under another number is a wrong device."""
    clinic = seed()
    clinic.add_device(serial="SIM-NKT-2")
    clinic.serial = "SIM-NKT-2"
    assert clinic.findings()["wrong_device"] == "refuse"
    code, _ = clinic.session("--kind", "service", "--for", "0.2")
    assert code == 1
    assert clinic.happened("enabled", *LIGHT) == []


def test_another_type_of_module_is_refused(seed):
    """A module that was registered as another type is not used."""
    clinic = seed("--set", "module_type=0x36")
    assert clinic.findings()["wrong_device"] == "refuse"
    clinic.add_device("--set", "module_type=0x36")
    assert "wrong_device" not in clinic.findings()
    here(
        *("device", "add", "SIM-NKT-1", "--driver", "nkt", "--port", clinic.laser.link),
        *("--set", "module_type=0x21", *clinic.by),
        code=2,
    )


def test_a_seed_that_refuses_to_go_dark_is_never_called_locked(seed):
    """Emission off refused: its set-point takes the light away, and still it is not locked."""
    clinic = seed("--fault", "refused_off")
    session = clinic.start("--kind", "service", "--for", "0.3")
    clinic.laser.wait_for("light_on", session)
    session.communicate(timeout=60)
    assert session.returncode == 3
    assert clinic.happened(*LIGHT) == ["light_on", "light_off"]
    assert not clinic.entries("lock.confirmed")
    clinic.laser.set("emission=off")
    clinic.laser.set("fault=none")


@pytest.mark.parametrize("latency", ["0.05", "0.15"])
def test_a_slow_line_is_locked_and_never_readied_blindly(seed, latency):
    """Over a slow line a lock is confirmed; READY only where each look is younger than a second."""
    clinic = seed("--set", f"reply_latency_s={latency}", "--set", "emission=on")
    assert clinic.run("lock", clinic.serial).returncode == 0
    code, ran = clinic.session("--kind", "service", "--for", "0.5")
    assert ran["confirmed_locked"]
    if latency == "0.05":
        assert code == 0, ran
        return
    assert (code, clinic.happened(*LIGHT)) == (1, ["light_on", "light_off"])
    assert not clinic.entries("unlock.intended")
    refused = clinic.entries("verdict.refused")[-1].data["findings"]
    slow = [found for found in refused if found["code"] == "line_too_slow"]
    assert "The laser answers too slowly" in slow[0]["sentence"]


@pytest.mark.parametrize("fault", ["nack@cmd=R65", "drop@cmd=R65"])
def test_a_lock_of_a_laser_that_does_not_say_who_it_is(seed, fault):
    """It is locked, and everybody is told that whose light was taken away was not read."""
    clinic = seed("--fault", fault, "--set", "emission=on")
    done = clinic.run("lock", clinic.serial)
    assert (done.returncode, clinic.laser.is_now("light_on")) == (0, False)
    assert "it did not say who it is" in done.stdout
    assert f"look at its label whether it is {clinic.serial}" in done.stdout
    told = clinic.entries("lock.confirmed")[-1].data
    assert told["identity"] == "not_read"
    assert "its serial number" in told["identity_why"]
    clinic.laser.set("fault=none")
    done = clinic.run("lock", clinic.serial)
    assert "did not say" not in done.stdout
    assert clinic.entries("lock.confirmed")[-1].data["identity"] == "read"


def test_a_receipt_says_that_nobody_told_who_was_locked(seed):
    """A module that falls silent about its number in READY: the paper says so."""
    clinic = seed()
    session = clinic.start("--kind", "service", "--for", "2")
    clinic.laser.wait_for("light_on", session)
    clinic.laser.set("fault=nack@cmd=R65")
    said, _ = session.communicate(timeout=60)
    assert session.returncode in {0, 1}
    assert "it did not say who it is" in said.partition("Session ")[2]
    assert clinic.entries("lock.confirmed")[-1].data["identity"] == "not_read"


def test_another_module_plugged_in_ends_the_session(seed):
    """The number on the wire changes in READY: dark at once, and never called a lock of ours."""
    clinic = seed()
    session = clinic.start("--json", "--kind", "service", "--for", "20")
    clinic.laser.wait_for("light_on", session)
    clinic.laser.set("serial=SIM-NKT-9")
    code, ran = clinic.ended(session)
    assert (code, ran["confirmed_locked"]) == (3, False)
    assert not clinic.laser.is_now("light_on")
    assert not clinic.entries("lock.confirmed")
    assert "SIM-NKT-9" in clinic.entries("lock.unconfirmed")[-1].data["why_not"]


def test_a_person_is_told_that_ready_is_light(seed):
    """Nothing is said of a switch to let go of, where there is none that makes the light."""
    findings = seed().findings()
    assert findings["trigger_host"] == "warn"
    assert "control_not_shown" not in findings


@pytest.fixture
def served(seed):
    """Makes a clinic whose station's service keeps the laser."""
    running = []

    def make(*options):
        clinic = seed(*options)
        words = ("station", "serve", "--data", str(clinic.station))
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "devicelink", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        wait(lambda: clinic.entries("lock.confirmed"))
        return clinic

    yield make
    for service in running:
        service.terminate()
        service.wait(timeout=20)


def test_the_service_says_that_nobody_told_who_is_locked(served):
    """Where the module refuses its number, service, status and lock say so."""
    clinic = served("--fault", "nack@cmd=R65")
    assert clinic.entries("lock.confirmed")[-1].data["identity"] == "not_read"
    done = clinic.run("lock", clinic.serial)
    assert done.returncode == 0
    assert "it did not say who it is" in done.stdout
    wait(lambda: "it did not say who it is" in clinic.run("station", "status").stdout)


def test_the_service_sees_another_module_plugged_in(served):
    """The port stays, the number changes: no lock of that one is called a lock of ours."""
    clinic = served()
    clinic.laser.set("serial=SIM-NKT-9")
    done = clinic.run("lock", clinic.serial)
    assert (done.returncode, "SIM-NKT-9" in clinic.run("station", "status").stdout) == (3, True)


def test_the_service_looks_who_is_there(served):
    """Nobody asks for anything: a few seconds later the service says that another one is there."""
    clinic = served()
    clinic.laser.set("serial=SIM-NKT-9")
    wait(lambda: "SIM-NKT-9; SIM-NKT-1 is registered" in clinic.run("station", "status").stdout)
