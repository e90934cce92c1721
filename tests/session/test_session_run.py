"""Whole sessions by `session run`, on a simulated laser behind a real pty."""

from __future__ import annotations

import json
import signal

from tests.clinic import here


def outcome(session):
    """Exit code and JSON of a session's process."""
    out, err = session.communicate(timeout=60)
    assert "Traceback" not in err, err
    return session.returncode, json.loads(out)


def test_a_session_is_recorded_whole(clinic):
    """A session shows verdict with facts, settings asked and effective, telemetry, lock, times."""
    code, ran = outcome(clinic.start("--for", "1.2", "--json"))
    assert code == 0
    assert ran["end"]["kind"] == "time"
    assert ran["confirmed_locked"] is True
    _, shown = clinic.ask("session", "show", ran["session"])
    entries = {entry["type"]: entry for entry in shown["entries"]}
    facts = entries["verdict.permitted"]["data"]["facts"]
    assert facts["reading"]["words"]["STA"]
    assert facts["person"]["judged_at"]
    assert entries["settings.requested"]["data"]["settings"]["diode_current_percent"] == "35.0"
    assert entries["settings.effective"]["data"]["settings"]["diode_current_percent"] == "35.0"
    assert entries["telemetry.recorded"]["data"]["measured"]["output_power_w"]
    assert entries["lock.confirmed"]["data"]["evidence"] == "device_state"
    assert entries["lock.confirmed"]["data"]["attempts"][0]["way"] == "emission_off"
    assert entries["session.signed"]["data"] == {
        "name": "Ines Okafor",
        "meaning": "performed",
        "answered_by": "script",
    }
    order = [entry["type"] for entry in shown["entries"]]
    for earlier, later in (
        ("settings.requested", "settings.effective"),
        ("settings.effective", "verdict.permitted"),
        ("verdict.permitted", "unlock.intended"),
        ("unlock.intended", "standby.confirmed"),
        ("standby.confirmed", "ready.intended"),
        ("ready.intended", "ready.confirmed"),
        ("ready.confirmed", "lock.confirmed"),
        ("lock.confirmed", "session.closed"),
    ):
        assert order.index(earlier) < order.index(later)
    assert all(entry["at"] and entry["mono_ns"] for entry in shown["entries"])
    assert not clinic.laser.is_now("enabled")


def test_the_intent_is_durable_before_the_laser_is_enabled(clinic):
    """The laser's truth says `enabled` only after `ready.intended` was recorded."""
    assert outcome(clinic.start("--for", "0.3", "--json"))[0] == 0
    enabled = [e["mono_ns"] for e in clinic.laser.truth() if e["event"] == "enabled"]
    intended = [e.mono_ns for e in clinic.entries("ready.intended")]
    assert len(enabled) == len(intended) == 1
    assert intended[0] < enabled[0]


def test_the_clients_reference_is_not_in_the_journal(clinic):
    """Only a salted pseudonym of the client is recorded."""
    outcome(clinic.start("--for", "0.2", "--client", "Mrs-Smith-77", "--json"))
    raw = b"".join(entry.raw for entry in clinic.entries())
    assert b"Mrs-Smith-77" not in raw
    opened = clinic.entries("session.opened")[0]
    assert len(opened.data["client"]) == 64


def test_ctrl_c_is_a_stop_that_ends_locked(clinic):
    """SIGINT during READY locks, closes the session and exits 0."""
    session = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", session)
    session.send_signal(signal.SIGINT)
    code, ran = outcome(session)
    assert (code, ran["end"]["kind"], ran["confirmed_locked"]) == (0, "person", True)
    assert not clinic.laser.is_now("enabled")


def test_an_interlock_in_mid_session_ends_dark_and_resumes_nothing(clinic):
    """Opening an interlock ends the session with exit 1; closing it brings nothing back."""
    session = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("interlock_1=open")
    code, ran = outcome(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "interlock", True)
    clinic.laser.set("interlock_1=closed")
    code, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines")
    assert code == 1
    assert "reset_required" in {f["code"] for f in verdict["findings"]}
    assert not clinic.laser.is_now("enabled")


def test_a_held_trigger_at_ready_locks_and_latches(make_clinic):
    """Light that comes with READY is a held control: dark, exit 1, and the device is held."""
    # while emission is off this laser hides the mean that its old light is still in
    short_mean = ("--set", "power_average_s=0.2")
    clinic = make_clinic("--set", "modulation_input=high", *short_mean)
    code, ran = outcome(clinic.start("--for", "5", "--json"))
    assert (code, ran["end"]["code"]) == (1, "control_held")
    assert not clinic.laser.is_now("light_on")
    _, devices = clinic.ask("device", "list")
    assert [hold["code"] for hold in devices[0]["holds"]] == ["control_held"]
    code, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines")
    assert "held_control_held" in {f["code"] for f in verdict["findings"]}
    here("device", "acknowledge", "SIM-0917", *clinic.by)
    clinic.laser.set("modulation_input=low")
    assert outcome(clinic.start("--for", "0.2", "--json"))[0] == 0


def test_a_fault_latches_until_a_person_acknowledges(clinic):
    """Over-temperature in READY locks; the next session is refused until the hold is lifted."""
    session = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("back_reflection=on")
    code, ran = outcome(session)
    assert (code, ran["end"]["code"]) == (1, "fault")
    clinic.laser.set("back_reflection=off")
    code, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines")
    assert "held_fault" in {f["code"] for f in verdict["findings"]}


def test_another_process_may_take_the_light_away(clinic):
    """`lock` asks the living owner, which locks and ends its session."""
    session = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", session)
    code, answer = clinic.ask("lock", "SIM-0917")
    assert (code, answer["confirmed"], answer["by"]) == (0, True, "session")
    assert not clinic.laser.is_now("enabled")
    assert outcome(session)[1]["end"]["kind"] == "person"


def test_a_device_in_use_is_refused_and_left_alone(clinic):
    """A second session on the same laser is refused while the first goes on."""
    first = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", first)
    code, second = outcome(clinic.start("--for", "1", "--json"))
    assert code == 1
    assert "device_busy" in {f["code"] for f in second["verdict"]["findings"]}
    assert clinic.laser.is_now("enabled")
    first.send_signal(signal.SIGINT)
    assert outcome(first)[0] == 0


def test_a_change_at_the_panel_leads_back_to_standby(clinic):
    """Settings changed at the laser's own panel in READY are seen, recorded, and end READY."""
    session = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("diode_current_percent=50")
    code, ran = outcome(session)
    assert (code, ran["end"]["code"]) == (1, "left_ready")
    changed = clinic.entries("settings.changed_at_panel")[0]
    assert changed.data["settings"]["diode_current_percent"] == "50.0"
    assert not clinic.laser.is_now("enabled")


def test_light_found_at_connect_is_locked_first(clinic):
    """A laser emitting before the session is locked, recorded and refused."""
    with clinic.laser.link.open("r+b", buffering=0) as port:
        port.write(b"SDC 30\rEMON\r")
        clinic.laser.wait_for("enabled")
    code, ran = outcome(clinic.start("--for", "1", "--json"))
    assert code == 1
    assert "emitting_at_connect" in {f["code"] for f in ran["verdict"]["findings"]}
    assert not clinic.laser.is_now("enabled")
    assert clinic.entries("device.light_found")
    assert not clinic.entries("unlock.intended")


def test_pulling_the_cable_in_ready_is_said_as_not_confirmed(clinic):
    """With the port gone nothing can be read back: exit 3, a hold, and the guard has tried."""
    session = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("fault=unplug")
    code, ran = outcome(session)
    assert (code, ran["confirmed_locked"]) == (3, False)
    _, devices = clinic.ask("device", "list")
    assert "lock_unconfirmed" in {hold["code"] for hold in devices[0]["holds"]}
    assert clinic.opened().device("SIM-0917").open_sessions == ()
