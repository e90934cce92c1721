"""Backups of living stations, and what becomes of damaged ones: real folders and processes."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devicelink.journal.entry import Draft
from devicelink.journal.verify import verify
from devicelink.runtime import ThreadRuntime
from devicelink.station import Station
from devicelink.upkeep import backup as backup_module
from devicelink.upkeep.backup import back_up
from tests.clinic import Clinic, here, wait

WRITER = """
import sys
from pathlib import Path
from devicelink.journal.entry import Draft
from devicelink.station import Station
journal = Station.open(Path(sys.argv[1])).journal
while True:
    journal.append(Draft("telemetry.recorded", {"filler": "x" * 2000}))
    print(journal.size, flush=True)
"""


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    """A clinic that had a session with a client, and its backup; nobody changes either."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("shared")
        patch.setenv("XDG_CONFIG_HOME", str(root / "config"))
        clinic = Clinic(root, template)
        assert clinic.run(*clinic.session_words("--for", "0.2")).returncode == 0
        here("station", "backup", clinic.props / "backup", "--data", clinic.station)
        yield clinic
        clinic.laser.close()


@pytest.fixture
def damaged(shared, tmp_path):
    """A backup of one's own to damage."""
    shutil.copytree(shared.props / "backup", tmp_path / "backup")
    return tmp_path / "backup"


def files_of(folder):
    """Every file below a folder, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def restoring(clinic, backup, target, *more, code=0):
    """Restore in a process of its own; its output."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "devicelink", "station", "restore", str(backup)),
            *("--data", str(target), "--by", "t-ada", "--pin-file", str(clinic.pin)),
            *("--reason", "The disk died.", *more),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    assert "Traceback" not in text
    return text


def test_a_backup_holds_what_a_station_is_and_only_its_owner_reads_it(shared):
    """Journal, clients, secrets, lock cards and transcripts; 0600 and 0700; sha256sum agrees."""
    backup = shared.props / "backup"
    names = set(files_of(backup))
    assert {"journal.db", "personal.db", "station.toml", "log.vkey"} <= names
    assert {"secrets/station.key", "secrets/pins.json", "locks/SIM-0917.json"} <= names
    assert any(name.startswith("transcripts/") for name in names)
    assert not any(name.endswith((".lock", ".sock", "-wal", "-shm")) for name in names)
    for path in [backup, *backup.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=backup, check=False
    )
    assert checked.returncode == 0
    manifest = json.loads((backup / "manifest.json").read_bytes())
    report = verify(shared.station, kept=manifest["checkpoint"])
    assert report.ok
    assert manifest["size"] <= report.size


def test_a_backup_is_never_written_over_and_never_inside_the_station(shared):
    """A place that is taken, and the station's own folder, are exit 2 and stay as they are."""
    before = files_of(shared.props / "backup")
    again = shared.run("station", "backup", shared.station.parent / "station" / "copy")
    assert (again.returncode, "own folder" in again.stderr) == (2, True)
    file = shared.props / "taken"
    file.write_text("mine")
    assert shared.run("station", "backup", file).returncode == 2
    assert file.read_text() == "mine"
    assert files_of(shared.props / "backup") == before


def test_a_backup_goes_into_a_folder_named_from_here(shared, monkeypatch, tmp_path):
    """A relative path is as good as a whole one."""
    monkeypatch.chdir(tmp_path)
    back_up(shared.station, Path("near"), ThreadRuntime(), lambda *_: None)
    assert "manifest.json" in files_of(tmp_path / "near")


def test_a_backup_goes_into_no_other_backup(shared, damaged, capfd):
    """A place that is itself a backup: refused, and it is as whole as it was."""
    before = files_of(damaged)
    here("station", "backup", damaged, "--data", shared.station, code=2)
    assert "is a backup itself" in capfd.readouterr().err
    assert files_of(damaged) == before


@pytest.mark.parametrize("in_wal", [True, False])
def test_a_backup_while_sessions_append_is_one_moment(clinic, mocker, in_wal):
    """Entries come without a pause meanwhile; the copy is whole, and no append failed."""
    if not in_wal:
        mocker.patch("devicelink.journal.database._WAL_SINCE", (99, 0, 0))
        clinic.opened().journal.close()
    station = clinic.opened()  # longer than one step of the copy
    filler = Draft("telemetry.recorded", {"filler": "x" * 30_000})
    station.journal.append_all([filler] * 200)
    station.journal.close()
    script = WRITER
    if not in_wal:
        script = (
            "import devicelink.journal.database as d\nd._WAL_SINCE = (99, 0, 0)\nimport time\n"
            + WRITER.replace("    print", "    time.sleep(0.05)\n    print")
        )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(clinic.station)], stdout=subprocess.PIPE, text=True
    )
    try:
        before = int(writer.stdout.readline())
        made = back_up(
            clinic.station, clinic.props / "b", ThreadRuntime(), lambda _what, _done, _total: None
        )
        after = before
        while after < max(made.manifest.size, before + 5):  # it goes on: no append failed
            after = int(writer.stdout.readline())
    finally:
        writer.terminate()
        writer.communicate()
    assert before <= made.manifest.size <= after
    report = verify(made.path, kept=made.manifest.checkpoint, against_mirror=False)
    assert (report.ok, report.size) == (True, made.manifest.size)
    assert verify(clinic.station, kept=made.manifest.checkpoint).ok


def damage_each_file():
    """Names of files that every backup of `shared` has."""
    return [
        *("journal.db", "personal.db", "station.toml", "log.vkey", "secrets/station.key"),
        *("secrets/pins.json", "locks/SIM-0917.json", "manifest.json", "SHA256SUMS"),
    ]


@pytest.mark.parametrize("name", damage_each_file())
@pytest.mark.parametrize("how", ["changed", "cut", "missing"])
def test_a_damaged_backup_is_named_and_nothing_is_restored(shared, damaged, tmp_path, name, how):
    """One byte changed, the end cut off, or gone: exit 4 with the file's name, and no folder."""
    file = damaged / name
    data = bytearray(file.read_bytes())
    if how == "missing":
        file.unlink()
    elif how == "cut":
        file.write_bytes(data[:-1])
    else:
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    said = restoring(shared, damaged, tmp_path / "new", code=4)
    assert "The backup is damaged" in said
    assert name in said or name == "SHA256SUMS"
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))


def test_a_file_that_does_not_belong_is_named(shared, damaged, tmp_path):
    """What somebody put beside it is no part of the backup: exit 4."""
    (damaged / "locks" / "SIM-1.json").write_text("{}")
    said = restoring(shared, damaged, tmp_path / "new", code=4)
    assert "locks/SIM-1.json does not belong to it" in said


def resum(folder):
    """Write the hashes anew, as an attacker would."""
    names = sorted(set(files_of(folder)) - {"SHA256SUMS"})
    done = subprocess.run(["sha256sum", *names], cwd=folder, capture_output=True, check=True)
    (folder / "SHA256SUMS").write_bytes(done.stdout)


@pytest.mark.parametrize("what", ["entry", "another station's", "cut off", "key"])
def test_hashes_written_anew_deceive_nobody(shared, damaged, tmp_path, template, what):
    """A changed entry, another station's journal or key, a shorter journal: never restored."""
    database = damaged / "journal.db"
    if what == "another station's":
        other = tmp_path / "other"
        props = tmp_path / "pin"
        props.write_text("274951")
        here(
            "station", "init", "--simulated", "--by", "t-ada", "--pin-file", props, "--data", other
        )
        shutil.copy(other / "journal.db", database)
    elif what == "cut off":
        shutil.copy(template / "station" / "journal.db", database)
    elif what == "key":
        here(
            "station",
            "init",
            "--simulated",
            "--by",
            "t-ada",
            "--pin-file",
            shared.pin,
            "--data",
            tmp_path / "other",
        )
        shutil.copy(tmp_path / "other" / "secrets" / "station.key", damaged / "secrets")
    else:
        with sqlite3.connect(database) as connection:
            trigger = "entries_not_changed"
            (sql,) = connection.execute(
                "SELECT sql FROM sqlite_master WHERE name = ?", (trigger,)
            ).fetchone()
            connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute(
                "UPDATE entries SET raw = CAST(replace(CAST(raw AS TEXT), 't-ines', 't-tom1')"
                " AS BLOB) WHERE idx = (SELECT max(idx) - 3 FROM entries)"
            )
            connection.execute(
                "UPDATE entries SET raw = CAST(replace(CAST(raw AS TEXT), 'Ada', 'Eda')"
                " AS BLOB) WHERE idx = 1"
            )
            connection.execute(sql)
        connection.close()
    resum(damaged)
    shutil.move(shared.station, shared.station.with_name("away"))
    try:
        said = restoring(shared, damaged, tmp_path / "new", code=4)
    finally:
        shutil.move(shared.station.with_name("away"), shared.station)
    assert "does not hold" in said or "exchanged" in said
    assert not (tmp_path / "new").exists()


def test_a_full_disk_leaves_no_backup(shared, tmp_path):
    """Where the disk takes no more, one sentence says so, exit 2, and nothing is left."""
    limit = (100_000, 100_000)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "devicelink", "station", "backup", str(tmp_path / "full")),
            *("--data", str(shared.station)),
        ],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "journal.db cannot be copied" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.iterdir() if "full" in path.name]


@pytest.mark.parametrize("before", [0.3, 0.6, 0.9, 1.2])
def test_a_backup_that_is_killed_is_no_backup(shared, tmp_path, before):
    """After a SIGKILL at any moment there is the whole backup or a name that nothing takes."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "devicelink", "station", "backup", str(tmp_path / "b")),
            *("--data", str(shared.station)),
        ],
        stdout=subprocess.PIPE,
    )
    wait(lambda: list(tmp_path.glob(".b.unfinished-*")) or process.poll() is not None)
    deadline = time.monotonic() + before / 10
    while time.monotonic() < deadline and process.poll() is None:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    if (tmp_path / "b").exists():
        restoring(shared, tmp_path / "b", tmp_path / "n", "--check")
    for left in tmp_path.glob(".b.unfinished-*"):
        assert not (left / "SHA256SUMS").exists() or restoring(
            shared, left, tmp_path / "n", "--check"
        )


def test_a_place_that_others_may_read_is_refused(shared, tmp_path, mocker):
    """A disk that keeps no modes (FAT, say) takes no backup: it would give the key away."""
    real = os.open

    def as_on_fat(path, flags, mode=0o777, **more):
        fd = real(path, flags, mode, **more)
        if flags & os.O_CREAT and "unfinished" in str(path):
            os.fchmod(fd, 0o755)
        return fd

    mocker.patch("os.open", as_on_fat)
    here("station", "backup", tmp_path / "usb", "--data", shared.station, code=2)
    assert not (tmp_path / "usb").exists()


def test_kept_facts_and_guard_lines_are_copied_before_the_journal(shared, tmp_path, mocker):
    """What is removed once journalled is in the backup even if that happens during the copy."""
    kept = Station.open(shared.station).kept_folder / "kept-20260101T000000000000-00.json"
    kept.write_text("[]")
    real = backup_module.copy_database

    def then_gone(source, target, *more):
        kept.unlink(missing_ok=True)
        real(source, target, *more)

    mocker.patch.object(backup_module, "copy_database", then_gone)
    made = back_up(shared.station, tmp_path / "b", ThreadRuntime(), lambda *_: None)
    assert (made.path / "kept" / kept.name).read_text() == "[]"


def test_a_broken_journal_gives_no_backup(clinic):
    """A backup that would not hold is not made: exit 4, nothing left."""
    with sqlite3.connect(clinic.station / "journal.db") as connection:
        connection.execute("DROP TRIGGER entries_not_changed")
    connection.close()
    done = clinic.run("station", "backup", clinic.props / "b")
    assert done.returncode == 4
    assert not (clinic.props / "b").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("doctor",), 1, "may not look at it"),
        (("status",), 2, "cannot be looked into"),
        (("backup", "nowhere"), 2, "cannot be looked into"),
        (("restore", "nowhere", "--by", "t-a", "--reason", "r"), 2, "cannot be used"),
    ],
)
def test_a_folder_of_somebody_else_gets_a_sentence(shared, mocker, capfd, words, code, said):
    """Whoever may not even look into the folder hears what to do, in every command."""
    real = os.stat

    def forbidden(path, *more, **named):
        if str(path).startswith(str(shared.station)):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *more, **named)

    mocker.patch("os.stat", forbidden)
    here("station", *words, "--data", shared.station, code=code)
    told = "".join(capfd.readouterr())
    assert said in told
    assert "internal_error" not in told
