"""What is wrong with a station, each fault made for real; the doctor only looks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from devicelink.journal.entry import Draft
from devicelink.runtime import ThreadRuntime
from devicelink.session.ownership import own
from devicelink.upkeep import doctor as doctor_module
from devicelink.upkeep import folder as folder_module
from devicelink.upkeep.doctor import examine
from tests.clinic import Clinic, here


def look(clinic, **more):
    """The doctor in this process: codes to findings, and the whole."""
    quiet = {"deep": False, "progress": lambda *_: None, **more}
    health = examine(clinic.station, ThreadRuntime(), **quiet)
    json.dumps(health.as_json())
    return {finding.code: finding for finding in health.findings}, health


def content(clinic):
    """All that the station's files hold, but for what SQLite itself keeps beside a file."""
    return {
        path: path.read_bytes()
        for root in (clinic.station, clinic.opened().kept_folder)
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@pytest.fixture(scope="module")
def one_clinic(template, tmp_path_factory):
    """One clinic for what is put right again."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("shared")
        patch.setenv("XDG_CONFIG_HOME", str(root / "config"))
        clinic = Clinic(root, template)
        assert clinic.run("session", "check", "SIM-0917", "--technician", "t-ines").returncode in {
            0,
            1,
        }
        yield clinic
        clinic.laser.close()


@pytest.fixture
def shared(one_clinic):
    """It, with its own mirror: another copy of the same station may have gone its own way."""
    station = one_clinic.opened()
    station.mirror.path.unlink(missing_ok=True)
    station.mirror.write()
    station.journal.close()
    return one_clinic


def test_a_healthy_station_is_fine_and_left_as_it_is(shared):
    """Exit 0, said first that it is simulated, no byte sent, appended or written."""
    before, truth = content(shared), len(shared.laser.truth())
    done = shared.run("station", "doctor")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("SIMULATED")
    assert "✗" not in done.stdout
    assert "the ones that were signed" in done.stdout
    assert content(shared) == before
    assert len(shared.laser.truth()) == truth
    code, document = shared.ask("station", "doctor", "--deep")
    assert (code, document["ok"], document["simulated"]) == (0, True, True)
    assert any("whole journal was verified" in sentence for sentence in document["fine"])


@contextlib.contextmanager
def moved(path):
    """A file or folder is not where it was, for a while."""
    aside = path.with_name(path.name + ".aside")
    shutil.move(path, aside)
    try:
        yield
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        shutil.move(aside, path)


@contextlib.contextmanager
def mode(path, bits):
    """Other permissions, for a while."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


@contextlib.contextmanager
def written(path, text):
    """Another content, for a while."""
    with moved(path):
        path.write_text(text)
        path.chmod(0o600)
        yield


def kept(shared):
    """The folder of mirror and kept facts."""
    station = shared.opened()
    station.journal.close()
    return station.kept_folder


FAULTS = {
    "secrets_missing": lambda c: moved(c.station / "secrets"),
    "secrets_open": lambda c: mode(c.station / "secrets", 0o755),
    "key_unusable": lambda c: mode(c.station / "secrets" / "station.key", 0o644),
    "pins_open": lambda c: mode(c.station / "secrets" / "pins.json", 0o644),
    "pins_unusable": lambda c: written(c.station / "secrets" / "pins.json", "["),
    "folder_open": lambda c: mode(c.station / "locks", 0o777),
    "folder_incomplete": lambda c: moved(c.station / "guard"),
    "station_file_unusable": lambda c: written(
        c.station / "station.toml", 'name = "a"\norigin = "b"\ncolour = "red"\n'
    ),
    "origin_differs": lambda c: written(c.station / "station.toml", 'name = "a"\norigin = "b"\n'),
    "kept_folder_missing": lambda c: moved(kept(c)),
    "mirror_missing": lambda c: moved(kept(c) / "checkpoint"),
    "kept_facts_unreadable": lambda c: extra(kept(c) / "kept-1.json", "["),
    "port_absent": lambda c: moved(c.laser.link),
    "lock_card_missing": lambda c: moved(c.station / "locks" / "SIM-0917.json"),
    "evidence_broken": lambda c: moved(c.station / "journal.db"),
}


@contextlib.contextmanager
def extra(path, text):
    """A file more, for a while."""
    path.write_text(text)
    yield
    path.unlink()


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_named_with_its_remedy(shared, code):
    """One fault, its code, its exit code; every other check still says what it sees."""
    with FAULTS[code](shared):
        found, health = look(shared)
        assert code in found, found
        assert found[code].sentence
        assert found[code].remedy
        only_watched = {"mirror_missing", "lock_card_missing"}
        due = 4 if code == "evidence_broken" else 0 if code in only_watched else 1
        assert health.exit_code == due
        assert len(health.fine) >= 5
        assert any("Python" in sentence for sentence in health.fine)
        assert any("MiB" in sentence for sentence in health.fine)
    assert look(shared)[1].exit_code == 0


def test_without_a_journal_the_ports_are_found_by_lock_cards(shared):
    """What needs no journal is looked at all the same; the rest is named as not checked."""
    with moved(shared.station / "journal.db"), moved(shared.laser.link):
        found, health = look(shared)
        assert {"evidence_broken", "port_absent"} <= found.keys()
        assert health.simulated is True
        assert any(said.startswith("certificates") for said in health.not_checked)


def test_a_folder_that_is_not_there_is_said_once(tmp_path):
    """No cascade: one finding, exit 1."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "devicelink",
            "station",
            "doctor",
            "--json",
            "--data",
            tmp_path / "x",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert [finding["code"] for finding in document["findings"]] == ["folder_missing"]
    assert document["simulated"] is None


def test_a_check_that_fails_hides_no_other(shared, mocker):
    """A check with a mistake of its own is a finding, and the rest goes on."""

    def mistaken(_sight):
        raise ZeroDivisionError

    checks = [
        ("disk", mistaken) if name == "disk" else (name, check)
        for name, check in doctor_module.CHECKS
    ]
    mocker.patch.object(doctor_module, "CHECKS", tuple(checks))
    found, health = look(shared)
    assert set(found) >= {"disk_check_failed"}
    assert any("goes on from its mirror" in sentence for sentence in health.fine)
    assert health.exit_code == 1


def test_an_altered_entry_is_broken_evidence(clinic):
    """One byte in an old entry: exit 4, without --deep; so is a trigger that is gone."""
    with sqlite3.connect(clinic.station / "journal.db") as connection:
        connection.execute("DROP TRIGGER entries_not_changed")
    assert clinic.ask("station", "doctor")[0] == 4
    with sqlite3.connect(clinic.station / "journal.db") as connection:
        connection.execute(
            "UPDATE entries SET raw = CAST(replace(CAST(raw AS TEXT), 'Ada', 'Eda') AS BLOB)"
            " WHERE idx = 1"
        )
    connection.close()
    code, document = clinic.ask("station", "doctor")
    assert code == 4
    assert document["evidence_broken"]
    assert any("another" in f["sentence"] for f in document["findings"])


def test_an_edited_table_is_found_by_deep(clinic):
    """Tables are no evidence and are compared with --deep alone; not silently."""
    with sqlite3.connect(clinic.station / "journal.db") as connection:
        connection.execute("UPDATE projection_devices SET state = '{}'")
    connection.close()
    code, document = clinic.ask("station", "doctor")
    assert code == 0
    assert any("--deep" in said for said in document["not_checked"])
    assert clinic.ask("station", "doctor", "--deep")[0] == 4


def test_a_rolled_back_journal_is_broken_evidence(clinic):
    """A journal behind its mirror: exit 4."""
    older = clinic.props / "older.db"
    shutil.copy(clinic.station / "journal.db", older)
    here("technician", "add", "t-new", "--name", "New", *clinic.by)
    for left in clinic.station.glob("journal.db*"):
        left.unlink()
    shutil.copy(older, clinic.station / "journal.db")
    code, document = clinic.ask("station", "doctor")
    assert code == 4
    assert any("rolled back" in finding["sentence"] for finding in document["findings"])


def test_another_stations_key_is_named(clinic, tmp_path):
    """A key that is whole, and of another station."""
    other = tmp_path / "other"
    here(
        "station", "init", "--simulated", "--by", "t-ada", "--pin-file", clinic.pin, "--data", other
    )
    shutil.copy(other / "secrets" / "station.key", clinic.station / "secrets" / "station.key")
    assert "key_of_another_journal" in look(clinic)[0]


def test_holds_and_what_a_dead_owner_left_are_named(clinic):
    """A hold; then an intent whose owner is dead, and the same while it is owned."""
    journal = clinic.opened().journal
    hold = {"code": "broken_window", "sentence": "The window is broken."}
    journal.append(Draft("device.held", hold, device="SIM-0917"))
    assert "The window is broken." in look(clinic)[0]["held_broken_window"].sentence
    journal.append(Draft("unlock.intended", {}, device="SIM-0917"))
    journal.close()
    found, health = look(clinic)
    assert "devicelink lock SIM-0917" in found["recovery_due"].remedy
    with own(clinic.station, "SIM-0917", ThreadRuntime()):
        found, health = look(clinic)
        assert "recovery_due" not in found
        assert any("in use now" in sentence for sentence in health.fine)


_HOLDS = (
    "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print(flush=True); "
    "sys.stdin.read()"
)


def test_a_port_that_another_program_has_is_named_with_it(clinic):
    """Which program, which process; the doctor itself opens nothing."""
    port = os.path.realpath(clinic.laser.link)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", _HOLDS, port], stdin=pipe, stdout=pipe) as other:
        other.stdout.readline()
        finding = look(clinic)[0]["port_in_use"]
    assert str(other.pid) in finding.sentence
    assert "port_in_use" not in look(clinic)[0]


def test_a_port_that_this_user_may_not_use_names_the_group(clinic, mocker):
    """The remedy is the command that puts the user into the port's group."""
    real = os.access
    port = os.path.realpath(clinic.laser.link)
    mocker.patch("os.access", lambda path, bits: str(path) != port and real(path, bits))
    finding = look(clinic)[0]["port_forbidden"]
    assert "usermod -aG" in finding.remedy


def test_disk_clock_sqlite_and_people(shared, mocker):
    """A disk nearly full, a clock that went back, an old SQLite, one administrator."""
    runtime = ThreadRuntime()
    mocker.patch.object(type(runtime.disk), "free_bytes", return_value=63 * 1024**2)
    mocker.patch.object(folder_module, "_WAL_SINCE", (99, 0, 0))
    last = shared.opened().journal.last()
    mocker.patch.object(ThreadRuntime, "now", return_value=last.at.replace(year=2001))
    found, health = look(shared)
    assert {"disk_full", "clock_wrong", "sqlite_old", "one_administrator"} <= found.keys()
    assert health.exit_code == 1


def test_certificates_that_run_out_are_said_ahead(shared, mocker):
    """Years later nobody is certified any more: named per person, and per laser."""
    last = shared.opened().journal.last()
    mocker.patch.object(ThreadRuntime, "now", return_value=last.at.replace(year=2101))
    found, _ = look(shared)
    assert "SIM-0917" in found["nobody_certified"].sentence
    assert "certificate_expired" in found
