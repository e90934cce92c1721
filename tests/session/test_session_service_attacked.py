"""The service under attack: nothing it saw is lost, and no alarm is covered by another word."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time

from devicelink.runtime import ThreadRuntime
from devicelink.session.ownership import ask_owner, borrow
from devicelink.session.service import ask_service
from tests.clinic import guard_pids, here, wait
from tests.session.test_session_service import SERIAL, serve, types  # noqa: F401  a fixture


def no_file_may_grow(process, *, grow=False):
    """What a full disk does to a running process; or the end of it."""
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    soft = hard if grow else 0
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (soft, hard))


def test_the_key_is_not_changed_under_a_service(clinic, serve):  # noqa: F811
    """With every laser released nobody owns one; the service holds the old key all the same."""
    serving = serve(clinic)
    serving.wait_for("locked")
    here("device", "release", SERIAL, "--to", "panel", "--reason", "A course.", *clinic.by)
    serving.wait_for("released")
    vkey = clinic.opened().journal.vkey
    here("station", "rotate-key", *clinic.by, code=1)
    assert clinic.opened().journal.vkey == vkey
    here("device", "return", SERIAL, *clinic.by)
    serving.wait_for("locked")
    assert serving.stop()[0] == 0
    here("station", "rotate-key", *clinic.by)


def test_a_laser_that_a_guard_holds_is_alarmed_by_the_next_service(clinic, serve):  # noqa: F811
    """The service dies beside a guard that cannot lock: the next one says that, not `in use`."""
    first = serve(clinic)
    first.wait_for("locked")
    clinic.laser.set("fault=refused_off")
    clinic.laser.set("emission=on")
    first.wait_for("unconfirmed")
    wait(lambda: guard_pids(clinic.station))
    first.stop(signal.SIGKILL)
    second = serve(clinic)
    wait(lambda: second.last() not in {None, "starting"})
    assert second.last() == "unconfirmed"
    assert second.stop()[0] == 3
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 10)


def test_light_that_nothing_takes_is_alarmed_until_it_is_recorded(make_clinic, serve):  # noqa: F811
    """Neither journal nor kept folder grow: dark, an alarm that stays; then recorded and held."""
    clinic = make_clinic("--set", "startup_s=0")
    serving = serve(clinic)
    serving.wait_for("locked")
    no_file_may_grow(serving.process)
    clinic.laser.set("diode_current_percent=30")
    clinic.laser.set("emission=on")
    clinic.laser.wait_for("light_on")
    wait(lambda: not clinic.laser.is_now("light_on"), 3)
    time.sleep(2)
    assert serving.last() == "trouble"
    said = len(serving.said)
    time.sleep(2)
    assert len(serving.said) - said < 3
    no_file_may_grow(serving.process, grow=True)
    serving.wait_for("locked")
    assert "device.light_found" in types(clinic)
    assert [hold.code for hold in clinic.opened().device(SERIAL).holds] == ["light_without_session"]
    assert serving.stop()[0] == 0


def test_a_guards_lines_outlive_a_full_disk(clinic, serve):  # noqa: F811
    """What neither journal nor kept folder took stays in the guard's file until it is recorded."""
    serving = serve(clinic)
    serving.wait_for("locked")
    clinic.laser.set("fault=refused_off")
    clinic.laser.set("emission=on")
    serving.wait_for("unconfirmed")
    wait(lambda: guard_pids(clinic.station))
    no_file_may_grow(serving.process)
    clinic.laser.set("fault=none")
    wait(lambda: not guard_pids(clinic.station), 10)
    time.sleep(2)
    no_file_may_grow(serving.process, grow=True)
    serving.wait_for("locked")
    wait(lambda: "guard.acted" in types(clinic), 10)
    assert serving.stop()[0] == 0


def test_power_attested_off_ends_the_alarm_of_an_unconfirmed_lock(clinic, serve):  # noqa: F811
    """Cable gone in light, a person attests: the service says so, and its end is no exit 3."""
    serving = serve(clinic)
    serving.wait_for("locked")
    session = clinic.start("--for", "20", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("fault=unplug")
    session.communicate(timeout=60)
    wait(lambda: serving.last() in {"unwatched", "unconfirmed"})
    here("device", "attest-off", SERIAL, *clinic.by)
    serving.wait_for("unwatched")
    wait(lambda: "power is removed" in serving.said[-1].get("sentence", ""), 5)
    assert serving.stop()[0] == 0


def test_a_name_that_the_terminal_cannot_write_ends_no_watch(clinic, serve):  # noqa: F811
    """A hold by Zoë on an ASCII terminal: the line is written somehow, the service goes on."""
    pin = clinic.pin
    here("technician", "add", "t-zoe", "--name", "Zoë", *clinic.by)
    here("technician", "pin", "t-zoe", "--new-pin-file", pin, *clinic.by)
    by = ("--data", clinic.station, "--by", "t-zoe", "--pin-file", pin)
    here("device", "hold", SERIAL, "--reason", "A noise.", *by)
    process = _plain(clinic)
    assert "Zo" in process.stdout.readline()
    time.sleep(1)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()
    process.stderr.close()


def _plain(clinic):
    """A service that writes for people, on a terminal of few letters."""
    return subprocess.Popen(
        [sys.executable, "-m", "devicelink", "station", "serve", "--data", str(clinic.station)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )


def test_a_laser_that_locks_but_tells_nothing_floods_no_journal(clinic, serve):  # noqa: F811
    """It reads back a lock and answers no status: lost once, and found once when it answers."""
    serving = serve(clinic)
    serving.wait_for("locked")
    before = len(types(clinic))
    clinic.laser.set("fault=drop@cmd=RCT")
    time.sleep(12)  # three times as long as it takes to be called lost
    assert types(clinic)[before:] == ["device.lost"]
    assert serving.last() == "unwatched"
    clinic.laser.set("fault=none")
    serving.wait_for("locked")
    assert types(clinic)[before:] == ["device.lost", "device.found", "lock.confirmed"]
    assert serving.stop()[0] == 0


def test_a_lock_file_that_cannot_be_used_stops_no_lock(clinic, serve):  # noqa: F811
    """Locking needs no lock file: light is taken away, and the trouble stays an alarm."""
    serving = serve(clinic)
    serving.wait_for("locked")
    held = borrow(clinic.station, SERIAL, ThreadRuntime())
    lock_file = clinic.station / "locks" / f"{SERIAL}.lock"
    lock_file.rename(lock_file.with_suffix(".was"))
    lock_file.mkdir()
    held.release()
    serving.wait_for("trouble")
    clinic.laser.set("emission=on")
    wait(lambda: "device.light_found" in types(clinic))
    wait(lambda: not clinic.laser.is_now("enabled"))
    assert serving.last() == "trouble"
    assert serving.stop()[0] == 0


def test_a_guard_that_the_service_left_answers_whoever_asks(clinic, serve):  # noqa: F811
    """Recovered to a guard: its place to ask is its own, and outlives the keeper's."""
    session = clinic.start("--for", "20", "--json")
    clinic.laser.wait_for("enabled", session)
    clinic.laser.set("fault=refused_off")
    session.kill()
    session.communicate()
    for pid in guard_pids(clinic.station):
        os.kill(pid, signal.SIGKILL)
    serving = serve(clinic)
    serving.wait_for("unconfirmed")
    wait(lambda: guard_pids(clinic.station))
    time.sleep(1)  # the keeper has let go by now
    assert ask_owner(clinic.station, SERIAL, ThreadRuntime()) == {"confirmed": False, "by": "guard"}
    clinic.laser.set("fault=none")
    serving.wait_for("locked")
    assert serving.stop()[0] == 0


def test_the_doctor_sees_a_service_that_stands_still(clinic, serve):  # noqa: F811
    """SIGSTOP: it holds the laser and watches nothing, and that is not `no service runs`."""
    serving = serve(clinic)
    serving.wait_for("locked")
    serving.process.send_signal(signal.SIGSTOP)
    code, found = clinic.ask("station", "doctor")
    serving.process.send_signal(signal.SIGCONT)
    assert code == 1
    assert "service_silent" in {each["code"] for each in found["findings"]}
    serving.wait_for("locked")
    assert serving.stop()[0] == 0


def test_a_restore_waits_for_the_service_of_a_station_that_was_moved(clinic, serve, tmp_path):  # noqa: F811
    """The folder moved under a running service: alarmed; a restore is refused until it ends."""
    backup = tmp_path / "backup"
    here("station", "backup", backup, "--data", clinic.station)
    serving = serve(clinic)
    serving.wait_for("locked")
    moved = clinic.station.with_suffix(".before")
    clinic.station.rename(moved)
    restore = (
        *(sys.executable, "-m", "devicelink", "station", "restore", str(backup)),
        *("--by", "t-ada", "--pin-file", str(clinic.pin), "--reason", "The disk died."),
        *("--data", str(clinic.station)),
    )
    refused = subprocess.run(restore, capture_output=True, text=True, check=False)
    assert (refused.returncode, "still runs" in refused.stderr) == (1, True)
    wait(lambda: any("was moved away" in line.get("sentence", "") for line in serving.said))
    serving.stop()
    restored = subprocess.run(restore, capture_output=True, text=True, check=False)
    assert restored.returncode == 0, restored.stderr
    assert clinic.ask("lock", SERIAL)[0] == 0


def test_a_service_that_cannot_begin_locks_all_the_same(clinic):
    """A full disk at the start: each laser locked once by its card; a sentence, and exit 1."""
    clinic.laser.set("diode_current_percent=30")
    clinic.laser.set("emission=on")
    clinic.laser.wait_for("light_on")
    ended = subprocess.run(
        [sys.executable, "-m", "devicelink", "station", "serve", "--data", str(clinic.station)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )
    assert (ended.returncode, "Nothing is watched" in ended.stderr) == (1, True), ended.stderr
    assert not clinic.laser.is_now("light_on")


def looked_since(clinic, since):
    """Whether the service has read the laser back since then."""
    row = (ask_service(clinic.station, ThreadRuntime()) or {}).get(SERIAL)
    age_s = row and row["read_back_age_s"]
    return age_s is not None and age_s < time.monotonic() - since


def test_light_again_and_again_is_locked_each_time_and_counted(clinic, serve):  # noqa: F811
    """Somebody insists at the panel: dark each time, and no flood of entries."""
    serving = serve(clinic)
    serving.wait_for("locked")
    for _ in range(6):
        since = time.monotonic()
        wait(lambda since=since: looked_since(clinic, since))  # half a second to its next look
        clinic.laser.set("emission=on")
        time.sleep(0.8)
        assert not clinic.laser.is_now("enabled")
    found = clinic.entries("device.light_found")
    assert len(found) == 1
    wait(lambda: len(clinic.entries("device.light_found")) == 2)
    assert clinic.entries("device.light_found")[1].data["before"] == 5
    assert serving.stop()[0] == 0
