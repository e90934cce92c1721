"""A laser that does not obey: the alarm, the guard that goes on, the person's word, the hold."""

from __future__ import annotations

import json

from tests.clinic import guard_pids, here, wait


def alarmed(clinic):
    """Run a session into the alarm; what it said."""
    session = clinic.start("--for", "0.4", "--json")
    out, err = session.communicate(timeout=60)
    assert "Traceback" not in err
    return session.returncode, json.loads(out), err


def test_a_laser_that_refuses_off_is_an_alarm(make_clinic):
    """EMOFF refused: exit 3, never LOCKED, what to do, a hold, and a guard that stays."""
    clinic = make_clinic("--fault", "refused_off")
    code, ran, err = alarmed(clinic)
    assert code == 3
    assert ran["confirmed_locked"] is False
    assert "NOT CONFIRMED LOCKED" in err
    assert "emergency stop" in err
    unconfirmed = clinic.entries("lock.unconfirmed")[0]
    assert any("refused" in a["answer"] for a in unconfirmed.data["attempts"])
    assert not clinic.entries("lock.confirmed")
    assert guard_pids(clinic.station)
    code, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines")
    assert code == 1
    codes = {finding["code"] for finding in verdict["findings"]}
    assert {"held_lock_unconfirmed", "device_busy"} <= codes
    assert clinic.ask("lock", "SIM-0917")[0] == 3
    here("device", "acknowledge", "SIM-0917", *clinic.by, code=1)
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 10)


def test_the_guard_ends_by_its_own_read_back(make_clinic):
    """When the laser obeys again the guard reads back a lock; the next start journals its lines."""
    clinic = make_clinic("--fault", "refused_off")
    assert alarmed(clinic)[0] == 3
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 10)
    assert not clinic.laser.is_now("enabled")
    assert clinic.ask("lock", "SIM-0917")[0] == 0
    lines = [entry.data["line"]["what"] for entry in clinic.entries("guard.acted")]
    assert lines == ["acted", "confirmed"]
    assert clinic.entries("lock.confirmed")
    here("device", "acknowledge", "SIM-0917", *clinic.by)
    assert clinic.opened().device("SIM-0917").holds == ()


def test_a_person_may_attest_that_power_is_removed(make_clinic):
    """`attest-off` says ATTESTED_OFF, never LOCKED, ends the guard, and leaves the hold."""
    clinic = make_clinic("--fault", "refused_off")
    assert alarmed(clinic)[0] == 3
    code, said = clinic.ask(
        *("device", "attest-off", "SIM-0917", "--by", "t-ines", "--pin-file", str(clinic.pin))
    )
    assert (code, said["state"]) == (0, "ATTESTED_OFF")
    wait(lambda: not guard_pids(clinic.station), 10)
    device = clinic.opened().device("SIM-0917")
    assert device.lock == "attested_off"
    assert [hold.code for hold in device.holds] == ["lock_unconfirmed"]
    assert not clinic.entries("lock.confirmed")
    assert "ATTESTED_OFF" in clinic.run("device", "list").stdout
    here("device", "acknowledge", "SIM-0917", *clinic.by)
    assert clinic.opened().device("SIM-0917").holds == ()


def test_an_acknowledgement_proves_nothing(make_clinic):
    """A laser that acknowledges EMOFF and goes on emitting is never called locked."""
    clinic = make_clinic("--fault", "stuck_ack@cmd=EMOFF")
    code, ran, _ = alarmed(clinic)
    assert (code, ran["confirmed_locked"]) == (3, False)
    unconfirmed = clinic.entries("lock.unconfirmed")[0]
    assert unconfirmed.data["attempts"][0]["answer"] == "acknowledged"
    assert unconfirmed.data["why_not"] == "the laser reports emission on"
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 10)


def test_a_key_in_remote_is_never_called_locked(clinic):
    """With the key turned to REM in READY the laser is not under our control: exit 3."""
    session = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("key=rem")
    out, err = session.communicate(timeout=60)
    assert session.returncode == 3
    assert json.loads(out)["end"]["code"] == "key"
    assert "NOT CONFIRMED LOCKED" in err
    clinic.laser.set("key=on")
    wait(lambda: not guard_pids(clinic.station), 10)
    assert not clinic.laser.is_now("enabled")


def test_a_silent_laser_in_ready_ends_within_seconds(clinic):
    """Silence in READY is UNKNOWN, then an end, a lock that cannot be read back, and exit 3."""
    session = clinic.start("--for", "30", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("fault=silence")
    out, _ = session.communicate(timeout=60)
    assert session.returncode == 3
    assert json.loads(out)["end"]["code"] in {"stale_telemetry", "no_answer"}
    wait(lambda: not clinic.laser.is_now("enabled"), 5)
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 10)


def test_locking_needs_no_journal(clinic):
    """With the journal destroyed, `lock` still takes light away by the device's card."""
    with clinic.laser.link.open("r+b", buffering=0) as port:
        port.write(b"SDC 30\rEMON\r")
        clinic.laser.wait_for("enabled")
    (clinic.station / "journal.db").write_bytes(b"not a database at all, sorry" * 100)
    for ending in ("-wal", "-shm"):
        (clinic.station / f"journal.db{ending}").unlink(missing_ok=True)
    code, said = clinic.ask("lock", "SIM-0917")
    assert (code, said["confirmed"]) == (0, True)
    assert not clinic.laser.is_now("enabled")


def test_lock_needs_nobody_and_is_repeatable(clinic):
    """`lock` on a quiet laser confirms by read-back, twice, without a PIN."""
    for _ in range(2):
        code, said = clinic.ask("lock", "SIM-0917")
        assert (code, said["confirmed"], said["by"]) == (0, True, "lock")


def test_lock_with_the_port_gone_is_exit_3(clinic):
    """Where the port is absent `lock` says that nothing is confirmed, and what to do."""
    clinic.laser.close()
    done = clinic.run("lock", "SIM-0917")
    assert done.returncode == 3
    assert "NOT CONFIRMED LOCKED" in done.stderr
    assert "emergency stop" in done.stderr
