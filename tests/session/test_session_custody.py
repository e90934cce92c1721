"""Lasers held by people, handed to others and taken back, and faults cleared on the wire."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from devicelink.treatment.notes import read_note
from tests.clinic import here

REASON = "Frau Muster saw smoke"


def by(clinic, person="t-ada"):
    """Who acts."""
    return ("--by", person, "--pin-file", clinic.pin)


def refusing(clinic):
    """The codes for which a check refuses Ines now."""
    _, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines")
    return {f["code"] for f in verdict["findings"] if f["severity"] == "refuse"}


def device(clinic):
    """The laser as `device list` tells of it."""
    return clinic.ask("device", "list")[1][0]


def release(clinic, to="service"):
    """An administrator hands the laser over."""
    words = ("device", "release", "SIM-0917", "--to", to, "--reason", REASON)
    return clinic.run(*words, *by(clinic))


def test_custody_a_technician_holds_and_an_administrator_lifts(clinic):
    """A held laser gets no verdict; who holds it cannot lift it without being administrator."""
    done = clinic.run("device", "hold", "SIM-0917", "--reason", REASON, *by(clinic, "t-tom"))
    assert done.returncode == 0, done.stderr
    assert refusing(clinic) == {"held_by_person"}
    assert clinic.run("lock", "SIM-0917").returncode == 0
    lift = ("device", "acknowledge", "SIM-0917")
    assert clinic.run(*lift, *by(clinic, "t-tom")).returncode == 1
    assert refusing(clinic) == {"held_by_person"}
    assert clinic.run(*lift, *by(clinic)).returncode == 0
    assert refusing(clinic) == set()


def test_custody_reasons_are_no_journal_text(clinic):
    """The journal's file does not hold what was written; `device list` shows it, until erased."""
    here("device", "hold", "SIM-0917", "--reason", REASON, *clinic.by)
    for path in clinic.station.glob("journal.db*"):
        assert REASON.encode() not in path.read_bytes()
    assert f"reason: {REASON}" in clinic.run("device", "list").stdout
    (held,) = clinic.entries("device.held")
    assert read_note(clinic.station, held.data["reason_sha256"]) == REASON
    (clinic.station / "personal.db").unlink()
    assert "reason: (erased)" in clinic.run("device", "list").stdout


def test_custody_an_auditor_holds_nothing(clinic):
    """Who may only read changes nothing, not even by a hold."""
    here("technician", "add", "t-aud", "--name", "Au Dit", "--role", "auditor", *clinic.by)
    here("technician", "pin", "t-aud", "--new-pin-file", clinic.pin, *clinic.by)
    done = clinic.run("device", "hold", "SIM-0917", "--reason", REASON, *by(clinic, "t-aud"))
    assert (done.returncode, device(clinic)["holds"]) == (1, [])


def test_custody_a_released_laser_is_left_alone(clinic):
    """It is locked first; then no check and no session sends it a byte, and all say so."""
    clinic.laser.set("key=on")
    assert release(clinic).returncode == 0
    released = clinic.entries("device.released")[0]
    assert clinic.entries("lock.confirmed")[-1].index == released.index - 1
    assert device(clinic)["released"]["by"] == "t-ada"
    status = clinic.ask("station", "status")[1]["devices"][0]
    assert "service engineer" in status["released"]
    assert "RELEASED" in clinic.run("station", "status").stdout
    clinic.laser.close()
    Path(clinic.laser.link).unlink(missing_ok=True)
    # Were it asked, a missing port would be a second finding.
    assert refusing(clinic) == {"device_released"}
    out, _ = clinic.start("--for", "0.3", "--json").communicate(timeout=60)
    assert json.loads(out)["end"]["kind"] == "refused"
    found = clinic.entries("verdict.refused")[-1].data["findings"]
    assert {f["code"] for f in found if f["severity"] == "refuse"} == {"device_released"}
    assert not clinic.entries("lock.unconfirmed")


def test_custody_a_laser_is_released_once_and_returned_once(clinic):
    """A second release and a return of what is here are clear sentences."""
    back = ("device", "return", "SIM-0917")
    done = clinic.run(*back, *by(clinic))
    assert (done.returncode, "not released" in done.stderr) == (2, True)
    assert release(clinic).returncode == 0
    again = release(clinic, "panel")
    assert (again.returncode, "released already" in again.stderr) == (1, True)
    assert clinic.run("lock", "SIM-0917").returncode == 0
    assert clinic.run(*back, *by(clinic, "t-tom")).returncode == 1
    assert refusing(clinic) == {"device_released"}
    assert clinic.run(*back, *by(clinic)).returncode == 0
    kinds = [entry.type for entry in clinic.entries()][-4:]
    assert kinds == [
        "lock.confirmed",
        "device.identified",
        "counter.reconciled",
        "device.returned",
    ]
    assert refusing(clinic) == set()


def test_custody_a_laser_that_does_not_answer_stays_released(clinic):
    """A return whose lock is not read back is exit 3, a hold, and no return."""
    assert release(clinic).returncode == 0
    clinic.laser.close()
    done = clinic.run("device", "return", "SIM-0917", *by(clinic))
    assert done.returncode == 3
    found = device(clinic)
    assert found["released"] is not None
    assert [hold["code"] for hold in found["holds"]] == ["lock_unconfirmed"]


def test_custody_a_registration_changes_no_hands(clinic):
    """A released and held laser that is registered anew stays released and held."""
    here("device", "hold", "SIM-0917", "--reason", REASON, *clinic.by)
    assert release(clinic).returncode == 0
    clinic.add_device()
    assert refusing(clinic) == {"device_released", "held_by_person"}
    assert clinic.run("journal", "verify").returncode == 0


@pytest.fixture
def running(clinic):
    """A session in READY."""
    session = clinic.start("--for", "60", "--json")
    clinic.laser.wait_for("enabled", session)
    yield clinic
    session.send_signal(signal.SIGINT)
    session.communicate(timeout=60)


def test_custody_a_laser_in_use_is_not_handed_over(running):
    """Release and clear-fault of a laser in a session are refused; a hold is recorded at once."""
    done = release(running)
    assert (done.returncode, "in use" in done.stderr) == (1, True)
    done = running.run("device", "clear-fault", "SIM-0917", *by(running))
    assert (done.returncode, "in use" in done.stderr) == (1, True)
    assert (
        running.run(
            "device", "hold", "SIM-0917", "--reason", REASON, *by(running, "t-tom")
        ).returncode
        == 0
    )
    assert running.laser.is_now("enabled")


def test_custody_a_fault_is_cleared_by_an_administrator(clinic):
    """Recorded before it is sent, read back after; the laser stays held until acknowledged."""
    clinic.laser.set("back_reflection=on")
    clinic.laser.set("back_reflection=off")
    assert refusing(clinic) == {"fault_back_reflection"}
    words = ("device", "clear-fault", "SIM-0917")
    assert clinic.run(*words, *by(clinic, "t-tom")).returncode == 1
    code, said = clinic.ask(*words, *by(clinic))
    assert (code, said["cleared"], said["left"]) == (0, True, [])
    kinds = [entry.type for entry in clinic.entries()][-5:]
    assert kinds == [
        "lock.confirmed",
        "fault_reset.intended",
        "lock.confirmed",
        "fault.cleared",
        "device.held",
    ]
    assert refusing(clinic) == {"held_fault_cleared"}
    here("device", "acknowledge", "SIM-0917", *clinic.by)
    assert refusing(clinic) == set()
    done = clinic.run(*words, *by(clinic))
    assert (done.returncode, "reports no fault" in done.stderr) == (2, True)
    assert not any(event["event"] in {"enabled", "light_on"} for event in clinic.laser.truth())


def test_custody_a_fault_that_stays_is_said(clinic):
    """What the laser does not let go of is exit 1, with what is left; it is held all the same."""
    clinic.laser.set("resettable=no")
    clinic.laser.set("back_reflection=on")
    done = clinic.run("device", "clear-fault", "SIM-0917", *by(clinic))
    assert (done.returncode, "still reports back_reflection" in done.stderr) == (1, True)
    assert refusing(clinic) == {"fault_back_reflection", "held_fault_cleared"}


def test_custody_nothing_but_locking_reaches_a_laser_that_is_not_locked(make_clinic):
    """A laser whose lock is not read back is sent no RERR: exit 3."""
    clinic = make_clinic("--set", "unexpected_emission=on")
    done = clinic.run("device", "clear-fault", "SIM-0917", *by(clinic))
    assert done.returncode == 3
    assert not clinic.entries("fault_reset.intended")
    clinic.laser.close()
    assert clinic.run("device", "attest-off", "SIM-0917", *by(clinic)).returncode == 0
