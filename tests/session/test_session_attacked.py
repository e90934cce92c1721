"""What an attacker of the core found once: each story stays a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from devicelink.config import device_file
from tests.clinic import guard_pids, here, wait


def crash_in_ready(clinic, *, with_guard=False):
    """Kill a session in READY, with its guard if asked; the laser may stay enabled."""
    session = clinic.start("--for", "60")
    clinic.laser.wait_for("enabled", session)
    pids = guard_pids(clinic.station) if with_guard else []
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    session.kill()
    session.communicate()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait(lambda: not guard_pids(clinic.station), 10)


def test_a_reader_that_goes_away_does_not_leave_the_laser_enabled(clinic):
    """When nobody reads what the session says any more, it ends locked and is recorded."""
    words = clinic.session_words("--for", "60")
    session = subprocess.Popen(
        [sys.executable, "-m", "devicelink", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    clinic.laser.wait_for("enabled", session)
    session.stdout.close()
    clinic.laser.set("modulation_input=high")  # READY to EMITTING alone says nothing new
    clinic.laser.set("diode_current_percent=50")
    session.wait(timeout=30)
    session.stderr.close()
    wait(lambda: not clinic.laser.is_now("enabled"), 5)
    assert clinic.entries("lock.confirmed")
    assert clinic.entries("session.closed")
    assert not guard_pids(clinic.station)


def test_registering_again_erases_neither_holds_nor_open_intents(clinic):
    """A device with something open cannot be registered anew; a hold survives a registration."""
    crash_in_ready(clinic, with_guard=True)
    assert clinic.laser.is_now("enabled")
    add = ("device", "add", "0917", "--driver", "ipg", "--port", clinic.laser.link, *clinic.by)
    here(*add, code=1)
    assert clinic.opened().device("SIM-0917").recovery_due
    assert clinic.ask("lock", "SIM-0917")[0] == 0
    assert not clinic.laser.is_now("enabled")
    session = clinic.start("--for", "60")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("back_reflection=on")
    session.communicate(timeout=30)
    here(*add)
    assert [hold.code for hold in clinic.opened().device("SIM-0917").holds] == ["fault"]


def test_the_card_is_never_believed_against_the_journal(make_clinic):
    """`lock` by a card that names another port also locks, and reports, the registered laser."""
    other, clinic = make_clinic(), make_clinic()
    with clinic.laser.link.open("r+b", buffering=0) as port:
        port.write(b"SDC 30\rEMON\r")
        clinic.laser.wait_for("enabled")
    card = clinic.station / "locks" / device_file("SIM-0917", "json")
    text = json.loads(card.read_text())
    card.write_text(json.dumps({**text, "port": str(other.laser.link)}))
    assert clinic.ask("lock", "SIM-0917")[0] == 0
    assert not clinic.laser.is_now("enabled")


def test_nobody_attests_off_a_laser_in_a_living_session(clinic):
    """`attest-off` is refused while a session runs, and its guard stays on duty."""
    session = clinic.start("--for", "60")
    clinic.laser.wait_for("enabled", session)
    here("device", "attest-off", "SIM-0917", *clinic.by, code=1)
    session.kill()
    session.communicate()
    wait(lambda: not clinic.laser.is_now("enabled"), 5)
    assert clinic.ask("lock", "SIM-0917")[0] == 0


def test_a_refused_second_start_does_not_hide_the_first_session(clinic):
    """After B was refused as busy and A was killed, the next start closes A as interrupted."""
    first = clinic.start("--for", "60")
    clinic.laser.wait_for("enabled", first)
    second = clinic.start("--for", "1", "--json")
    assert json.loads(second.communicate(timeout=60)[0])["end"]["kind"] == "refused"
    first.kill()
    first.communicate()
    wait(lambda: not guard_pids(clinic.station), 10)
    assert clinic.ask("lock", "SIM-0917")[0] == 0
    _, sessions = clinic.ask("session", "list")
    assert [row["state"] for row in sessions] == ["interrupted", "closed"]


def test_lines_of_an_older_guard_are_not_evidence_for_a_later_crash(clinic):
    """A guard's lines go into the journal with their own session, and prove nothing later."""
    session = clinic.start("--for", "60", "--json")
    clinic.laser.wait_for("enabled", session)
    session.send_signal(signal.SIGSTOP)
    wait(lambda: not clinic.laser.is_now("enabled"), 5)
    session.send_signal(signal.SIGCONT)
    session.communicate(timeout=60)
    acted = [entry.data["line"]["what"] for entry in clinic.entries("guard.acted")]
    assert "acted" in acted
    if clinic.opened().device("SIM-0917").holds:  # it may notice its own silence first, and latch
        here("device", "acknowledge", "SIM-0917", *clinic.by)
    crash_in_ready(clinic, with_guard=True)
    assert clinic.ask("lock", "SIM-0917")[0] == 0
    interrupted = clinic.entries("session.interrupted")[-1]
    assert interrupted.data["uncontrolled"]["confirmed_by"] == "recovery"


def test_a_check_locks_what_it_finds_emitting(clinic):
    """`session check` on an emitting laser locks it, says so, and records it."""
    with clinic.laser.link.open("r+b", buffering=0) as port:
        port.write(b"SDC 30\rEMON\r")
        clinic.laser.wait_for("enabled")
    code, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines")
    assert code == 1
    found = next(f for f in verdict["findings"] if f["code"] == "emitting_at_connect")
    assert "it was locked" in found["sentence"]
    assert not clinic.laser.is_now("enabled")
    assert clinic.entries("device.light_found")
    assert clinic.entries("lock.confirmed")


def test_settings_that_remove_the_trigger_are_refused_before_they_are_sent(clinic):
    """A trigger other than the registered one is refused with nothing sent to the laser."""
    (clinic.props / "host.toml").write_text(
        '[settings]\ndiode_current_percent = 30\ntrigger = "emission"\n'
    )
    done = clinic.run(*clinic.session_words("--for", "1", settings="host.toml"))
    assert done.returncode == 1
    assert "trigger" in done.stdout
    sent = {e["text"].split()[0] for e in clinic.laser.truth() if e["event"] == "command"}
    assert not sent & {"DMOD", "SDC", "EMON"}


def test_another_environment_does_not_lift_a_hold(clinic, monkeypatch, tmp_path):
    """Kept facts are looked for where the station was made, whatever the environment says."""
    station = clinic.opened()
    made = station.kept_folder
    station.journal.close()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    assert clinic.opened().kept_folder == made


def test_a_guard_that_hangs_ends_the_session(clinic):
    """A guard that stops answering is noticed within seconds; the session ends locked."""
    session = clinic.start("--for", "60", "--json")
    clinic.laser.wait_for("enabled", session)
    pids = guard_pids(clinic.station)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert session.wait(timeout=30) == 1
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    session.communicate()
    assert not clinic.laser.is_now("enabled")
    assert clinic.entries("session.closed")[-1].data["end"]["code"] == "guard"


def test_a_key_pressed_by_habit_never_asks_for_ready():
    """Bare Enter always leads to STANDBY; READY has a key of its own."""
    from devicelink.session import state
    from devicelink.session.attending import hear_line

    class Heard:
        phase = state.Phase.STANDBY

        def __init__(self):
            self.posted = []
            self.inbox = self

        def post(self, event):
            self.posted.append(event)

        def stop(self, end):
            self.posted.append(end)

    session = Heard()
    for line in ("\n", "r\n", "q\n", ""):
        hear_line(session, line, 1)
    assert [type(event) for event in session.posted] == [
        state.AskStandby,
        state.AskReady,
        state.End,
        state.End,
    ]


def test_a_guard_of_a_dead_owner_can_be_attested_off(clinic):
    """Silent laser, dead owner: `lock` is exit 3 and recorded, and a person's word ends it."""
    session = clinic.start("--for", "60")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("fault=silence")
    session.kill()
    session.communicate()
    wait(lambda: not clinic.laser.is_now("enabled"), 5)
    assert clinic.run("lock", "SIM-0917").returncode == 3
    assert clinic.entries("lock.unconfirmed")
    here("device", "attest-off", "SIM-0917", *clinic.by)
    wait(lambda: not guard_pids(clinic.station), 10)
    device = clinic.opened().device("SIM-0917")
    assert (device.lock, device.intents) == ("attested_off", ())
    assert [hold.code for hold in device.holds] == ["lock_unconfirmed"]


def test_a_dead_guard_is_replaced_for_a_laser_that_is_not_locked(clinic):
    """Guard killed while the laser is silent: the session ends with exit 3 and a new guard."""
    session = clinic.start("--for", "60", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("fault=silence")
    dead = guard_pids(clinic.station)
    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    assert session.wait(timeout=30) == 3
    session.communicate()
    fresh = guard_pids(clinic.station)
    assert fresh
    assert fresh != dead
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 15)
    assert not clinic.laser.is_now("enabled")


def test_a_device_not_confirmed_locked_cannot_be_moved_to_another_port(make_clinic):
    """While a lock is unconfirmed, no registration may point `lock` at another laser."""
    other, clinic = make_clinic(), make_clinic("--fault", "refused_off")
    assert clinic.run("lock", "SIM-0917").returncode in {0, 3}
    with clinic.laser.link.open("r+b", buffering=0) as port:
        port.write(b"SDC 30\rEMON\r")
        clinic.laser.wait_for("enabled")
    assert clinic.run("lock", "SIM-0917").returncode == 3
    add = ("device", "add", "0917", "--driver", "ipg", "--port", other.laser.link, *clinic.by)
    here(*add, code=1)
    assert clinic.opened().device("SIM-0917").port == str(clinic.laser.link)
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 15)


def test_many_lock_requests_at_once_all_hear_the_truth(clinic):
    """Three `lock` commands at once on a living session all end with exit 0."""
    session = clinic.start("--for", "60", "--json")
    clinic.laser.wait_for("enabled", session)
    asking = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "devicelink", "lock", "SIM-0917"),
                *("--data", str(clinic.station)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for one in asking:
        one.communicate(timeout=60)
    assert [one.returncode for one in asking] == [0, 0, 0]
    session.communicate(timeout=60)
    assert not clinic.laser.is_now("enabled")
