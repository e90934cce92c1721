"""The station's service: all lasers locked and watched, lent to sessions, alarmed, never silent."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from devicelink.runtime import ThreadRuntime
from devicelink.session.service import ask_service
from tests.clinic import Laser, guard_pids, here, wait

SERIAL = "SIM-0917"


class Serving:
    """`station serve` as a process of its own, and what it said so far."""

    def __init__(self, clinic, **environment):
        self.said, self._folder = [], clinic.station
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "devicelink", "station", "serve", "--json"),
                *("--data", str(clinic.station)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def last(self, serial=SERIAL):
        """How a device stands now, by the service's own answer."""
        answer = ask_service(self._folder, ThreadRuntime())
        return answer[serial]["watch"] if answer and serial in answer else None

    def wait_for(self, watch, serial=SERIAL):
        """Wait until the service says so of a device."""
        wait(lambda: self.last(serial) == watch or self.process.poll() is not None)
        assert self.process.poll() is None, self.said

    def stop(self, number=signal.SIGTERM):
        """End it; its exit code, how long that took, and what it said on stderr."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        took_s = time.monotonic() - began
        self._reader.join(10)
        err = self.process.stderr.read()
        self.process.stderr.close()
        self.process.stdout.close()
        assert "Traceback" not in err, err
        return self.process.returncode, took_s, err


@pytest.fixture
def serve():
    """Start services that end with the test."""
    with contextlib.ExitStack() as ending:

        def start(clinic, **environment):
            serving = Serving(clinic, **environment)
            ending.callback(lambda: serving.process.poll() is None and serving.stop(signal.SIGKILL))
            return serving

        yield start


def types(clinic):
    """The types of all entries, in order."""
    return [entry.type for entry in clinic.entries()]


def test_a_service_locks_and_reads_back_what_it_owns_and_stops_within_three_seconds(clinic, serve):
    """Started: locked by read-back, owned, shown by `station status`; SIGTERM: locked again, 0."""
    serving = serve(clinic)
    serving.wait_for("locked")
    code, status = clinic.ask("station", "status")
    row = status["devices"][0]
    assert (code, status["service"], row["in_use"], row["lock"]) == (0, True, True, "confirmed")
    assert row["watched"]["watch"] == "locked"
    assert row["watched"]["read_back_age_s"] < 2
    code, took_s, err = serving.stop()
    assert (code, took_s < 3) == (0, True), err
    kinds = types(clinic)
    assert kinds[-2:] == ["lock.confirmed", "station.stopped"]
    assert "station.started" in kinds
    assert clinic.ask("station", "status")[1]["service"] is False


def test_a_station_has_one_service(clinic, serve):
    """A second one is refused in a sentence; the first goes on."""
    serving = serve(clinic)
    serving.wait_for("locked")
    second = clinic.run("station", "serve")
    assert second.returncode == 1
    assert "has a service already" in second.stderr
    assert serving.process.poll() is None


def test_commands_meet_a_running_service_without_surprise(clinic, serve):
    """Check, session, lock and registering work beside it; it takes the laser back each time."""
    serving = serve(clinic)
    serving.wait_for("locked")
    assert clinic.ask("session", "check", SERIAL, "--technician", "t-ines")[0] == 0
    serving.wait_for("locked")
    session = clinic.start("--for", "0.3", "--json")
    out, err = session.communicate(timeout=60)
    assert (session.returncode, json.loads(out)["confirmed_locked"]) == (0, True), err
    serving.wait_for("locked")
    code, locked = clinic.ask("lock", SERIAL)
    assert (code, locked["by"]) == (0, "service")
    clinic.add_device()
    serving.wait_for("locked")
    assert serving.stop()[0] == 0


def test_a_laser_registered_while_it_serves_is_watched_too(clinic, serve, tmp_path):
    """`device add` for a second laser: the service takes it without a restart."""
    serving = serve(clinic)
    serving.wait_for("locked")
    other = Laser(tmp_path, "other")
    try:
        here(
            *("device", "add", "2222", "--driver", "ipg", "--port", other.link),
            *("--maker", "Maker", "--model", "SimuLase-1", *clinic.by),
        )
        serving.wait_for("locked", "SIM-2222")
        assert serving.stop()[0] == 0
    finally:
        other.close()


def test_a_released_laser_is_left_alone_until_it_returns(clinic, serve):
    """`device release` beside the service: not watched; `return`: locked, and watched again."""
    serving = serve(clinic)
    serving.wait_for("locked")
    here("device", "release", SERIAL, "--to", "panel", "--reason", "A course.", *clinic.by)
    serving.wait_for("released")
    clinic.laser.set("diode_current_percent=30")
    clinic.laser.set("emission=on")
    clinic.laser.wait_for("light_on")
    time.sleep(1.5)
    assert clinic.laser.is_now("light_on")
    assert clinic.ask("station", "status")[1]["devices"][0]["watched"]["watch"] == "released"
    here("device", "return", SERIAL, *clinic.by)
    assert not clinic.laser.is_now("light_on")
    serving.wait_for("locked")
    assert serving.stop()[0] == 0


def test_the_doctor_tells_what_the_service_sees(clinic, serve):
    """Beside a service: no stranger on the port; a pulled cable is the service's alarm."""
    serving = serve(clinic)
    serving.wait_for("locked")
    code, found = clinic.ask("station", "doctor")
    assert code == 0, found
    clinic.laser.set("fault=unplug")
    serving.wait_for("unwatched")
    code, found = clinic.ask("station", "doctor")
    assert code == 1
    assert "service_alarm" in {each["code"] for each in found["findings"]}
    assert serving.stop()[0] == 0


def test_light_without_a_session_is_locked_held_and_recorded(make_clinic, serve):
    """Emission started at the panel: dark within two seconds, an alarmed hold, no verdict after."""
    clinic = make_clinic("--set", "startup_s=0")
    serving = serve(clinic)
    serving.wait_for("locked")
    clinic.laser.set("diode_current_percent=30")
    clinic.laser.set("emission=on")
    wait(lambda: any(event["event"] == "light_on" for event in clinic.laser.truth()))
    wait(lambda: not clinic.laser.is_now("light_on"), 2)
    found = wait(lambda: clinic.entries("device.light_found"))
    assert found[0].data["state"] in {"ARMING", "READY", "EMITTING"}
    held = wait(lambda: clinic.entries("device.held"))
    assert held[-1].data["code"] == "light_without_session"
    code, verdict = clinic.ask("session", "check", SERIAL, "--technician", "t-ines")
    assert code == 1
    assert "held_light_without_session" in {each["code"] for each in verdict["findings"]}
    here("device", "acknowledge", SERIAL, *clinic.by)
    assert clinic.ask("session", "check", SERIAL, "--technician", "t-ines")[0] == 0
    assert serving.stop()[0] == 0


def test_light_that_a_session_ended_is_not_taken_for_new(clinic, serve):
    """Output averaged over the laser's last second is no light without a session (0036)."""
    serving = serve(clinic)
    serving.wait_for("locked")
    session = clinic.start("--for", "1.5", "--json")
    clinic.until_ready_stands(session)
    clinic.laser.set("modulation_input=high")
    assert session.wait(60) == 0, session.communicate()
    session.communicate()
    serving.wait_for("locked")
    time.sleep(1.5)
    assert not clinic.entries("device.light_found")
    assert serving.stop()[0] == 0


def test_a_laser_that_refuses_off_is_left_to_a_guard_and_taken_back(clinic, serve):
    """Light that stays: alarmed and held; once the laser obeys, a read-back, and the service."""
    serving = serve(clinic)
    serving.wait_for("locked")
    clinic.laser.set("fault=refused_off")
    clinic.laser.set("emission=on")
    serving.wait_for("unconfirmed")
    wait(lambda: guard_pids(clinic.station))
    assert clinic.ask("lock", SERIAL)[0] == 3
    clinic.laser.set("fault=none")
    serving.wait_for("locked")
    assert not clinic.laser.is_now("enabled")
    assert types(clinic)[-1] == "lock.confirmed"
    assert "guard.acted" in types(clinic)
    assert serving.stop()[0] == 0


def test_a_service_that_stops_before_an_unlocked_laser_says_so(clinic, serve):
    """SIGTERM while the laser refuses to go off: exit 3, what to do, and a guard that stays."""
    serving = serve(clinic)
    serving.wait_for("locked")
    clinic.laser.set("fault=refused_off")
    clinic.laser.set("emission=on")
    serving.wait_for("unconfirmed")
    code, took_s, err = serving.stop()
    assert (code, took_s < 3) == (3, True), err
    assert "NOT CONFIRMED LOCKED" in err
    assert "emergency stop" in err
    assert guard_pids(clinic.station)
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 10)


def test_a_cable_pulled_from_an_idle_laser_is_told_and_the_laser_found_anew(clinic, serve):
    """Unplugged: alarmed and recorded; plugged in again: locked, identified, recorded."""
    serving = serve(clinic)
    serving.wait_for("locked")
    clinic.laser.set("fault=unplug@for=2")
    serving.wait_for("unwatched")
    status = clinic.ask("station", "status")[1]
    assert status["devices"][0]["watched"]["alarm"] is True
    serving.wait_for("locked")
    kinds = types(clinic)
    assert kinds[kinds.index("device.lost") :] == ["device.lost", "device.found", "lock.confirmed"]
    assert clinic.opened().device(SERIAL).holds == ()
    assert serving.stop()[0] == 0


def test_a_laser_that_falls_silent_is_told_and_no_administrator_is_needed(clinic, serve):
    """Switched off while locked: alarmed, not held; back again: locked and identified anew."""
    serving = serve(clinic)
    serving.wait_for("locked")
    clinic.laser.set("fault=silence@for=6")
    serving.wait_for("unwatched")
    serving.wait_for("locked")
    kinds = types(clinic)
    assert kinds[kinds.index("device.lost") :] == ["device.lost", "device.found", "lock.confirmed"]
    assert not clinic.entries("device.held")
    assert serving.stop()[0] == 0


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("unplug@cmd=SDC,for=3", id="LOCKED"),
        pytest.param("unplug@cmd=EMOD,for=3", id="PREPARING"),
        pytest.param("unplug@cmd=EMON,for=3", id="ARMING"),
        pytest.param("unplug@cmd=EMOFF,for=3", id="LOCKING"),
    ],
)
def test_a_cable_pulled_in_a_session_ends_dark_or_alarmed(clinic, serve, fault):
    """Said by the session or the service; when the cable is back: locked, and nothing resumes."""
    serving = serve(clinic)
    serving.wait_for("locked")
    session = clinic.start("--for", "0.5", "--json")
    clinic.laser.set(f"fault={fault}")
    out, err = session.communicate(timeout=60)
    assert session.returncode in {1, 3}, (out, err)
    assert err.strip()
    pulled = [event for event in clinic.laser.truth() if event["event"] == "unplugged"]
    assert pulled
    _found_dark_again(clinic, serving)


@pytest.mark.parametrize("lit", [False, True], ids=["READY", "EMITTING"])
def test_a_cable_pulled_in_ready_ends_dark_or_alarmed(clinic, serve, lit):
    """In READY and in light: exit 3 by the session, an alarm by the service, then locked."""
    serving = serve(clinic)
    serving.wait_for("locked")
    session = clinic.start("--for", "20", "--json")
    clinic.until_ready_stands(session)
    if lit:
        clinic.laser.set("modulation_input=high")
        clinic.laser.wait_for("light_on", session)
    clinic.laser.set("fault=unplug@for=3")
    _, err = session.communicate(timeout=60)
    assert session.returncode == 3, err
    assert "NOT CONFIRMED LOCKED" in err
    wait(lambda: serving.last() in {"unwatched", "unconfirmed"})
    _found_dark_again(clinic, serving)
    assert clinic.opened().device(SERIAL).holds


def _found_dark_again(clinic, serving):
    """After the cable is back: locked by read-back, recorded, nothing enabled again."""
    plugged = wait(lambda: [e for e in clinic.laser.truth() if e["event"] == "plugged"])
    serving.wait_for("locked")
    assert not clinic.laser.is_now("enabled")
    after = [e["event"] for e in clinic.laser.truth() if e["mono_ns"] >= plugged[-1]["mono_ns"]]
    assert "enabled" not in after
    assert "light_on" not in after
    assert clinic.opened().device(SERIAL).lock == "confirmed"
    assert serving.stop()[0] == 0


def test_a_killed_session_is_recovered_by_the_service(clinic, serve):
    """SIGKILL in READY: the guard locks, then the service recovers; nobody has to type anything."""
    serving = serve(clinic)
    serving.wait_for("locked")
    session = clinic.start("--for", "20", "--json")
    clinic.laser.wait_for("enabled", session)
    session.kill()
    session.communicate()
    serving.wait_for("locked")
    assert not clinic.laser.is_now("enabled")
    kinds = types(clinic)
    assert {"station.recovered", "session.interrupted", "guard.acted"} <= set(kinds)
    assert serving.stop()[0] == 0


def test_a_killed_service_leaves_nothing_that_stops_the_next(clinic, serve):
    """SIGKILL: its files are taken over by the next service, and sessions run without any."""
    first = serve(clinic)
    first.wait_for("locked")
    first.stop(signal.SIGKILL)
    assert clinic.ask("session", "check", SERIAL, "--technician", "t-ines")[0] == 0
    assert clinic.ask("lock", SERIAL)[1]["by"] == "lock"
    second = serve(clinic)
    second.wait_for("locked")
    assert second.stop()[0] == 0


def test_a_service_manager_is_told(clinic, serve, tmp_path):
    """READY=1 once every laser was looked at, WATCHDOG=1 while it lives, STOPPING=1 at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        serving = serve(clinic, NOTIFY_SOCKET=str(tmp_path / "notify"))
        told = [manager.recv(100), manager.recv(100)]
        assert set(told) == {b"READY=1", b"WATCHDOG=1"}
        assert any(line.get("watch") == "locked" for line in serving.said)
        assert serving.stop()[0] == 0
        while told[-1] != b"STOPPING=1":
            told.append(manager.recv(100))


def test_a_reader_that_leaves_ends_no_watch(clinic):
    """`station serve | head -1`: the service goes on, and ends when it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-m", "devicelink", "station", "serve", "--data", str(clinic.station)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "locked" in process.stdout.readline()
    process.stdout.close()
    assert clinic.ask("lock", SERIAL)[1]["by"] == "service"
    clinic.laser.set("fault=unplug@for=1")
    wait(lambda: "device.found" in types(clinic))
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0, process.stderr.read()
    process.stderr.close()
