"""Bad input gets one clear sentence and its exit code; nothing is enabled, nothing is lost."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import fcntl
import json
import os
import pty
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import tty

import pytest

from devicelink.journal.entry import Draft
from devicelink.runtime import ThreadRuntime
from devicelink.station import Station
from tests.clinic import Clinic, here, issue, wait


def refused(clinic, *words, code, said):
    """Run a command that must end with `code` and say `said`, without a traceback."""
    done = clinic.run(*words)
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    assert said in text
    assert "Traceback" not in text
    assert "internal_error" not in text
    assert not clinic.laser.is_now("enabled") if clinic.laser.truth() else True
    return text


def session(clinic, *more, settings="settings.toml"):
    """The words of a short session, without `--data`."""
    words = clinic.session_words("--for", "0.2", *more, settings=settings)
    at = words.index("--data")
    return words[:at] + words[at + 2 :]


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    """One clinic for all questions that leave it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("shared")
        patch.setenv("XDG_CONFIG_HOME", str(root / "config"))
        clinic = Clinic(root, template)
        yield clinic
        clinic.laser.close()


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("none.toml", None, 2, "does not exist"),
        ("bad.toml", "[settings\n", 2, "not valid TOML"),
        ("other.toml", "[setting]\nx = 1\n", 2, "one table [settings]"),
        ("list.toml", "[settings]\ndiode_current_percent = [1]\n", 2, "a number or a word"),
        (
            "key.toml",
            '[settings]\ndiode_current_percent = 30\ntrigger = "modulation"\npower = 3\n',
            1,
            "knows no setting 'power'",
        ),
        ("short.toml", "[settings]\ndiode_current_percent = 30\n", 1, "trigger is missing"),
        (
            "word.toml",
            '[settings]\ndiode_current_percent = "much"\ntrigger = "modulation"\n',
            1,
            "must be a number",
        ),
        (
            "high.toml",
            '[settings]\ndiode_current_percent = 61\ntrigger = "modulation"\n',
            1,
            "allowed is",
        ),
    ],
)
def test_a_settings_file_that_is_none(shared, name, text, code, said):
    """A missing, malformed or unusable settings file is named with its place and its mistake."""
    if text is not None:
        (shared.props / name).write_text(text)
    refused(shared, *session(shared, settings=name), code=code, said=said)


def test_a_settings_file_without_end(shared):
    """A file that never ends is refused by its length instead of being read for ever."""
    refused(shared, *session(shared, settings="/dev/zero"), code=2, said="longer than 16 MiB")


def test_an_unknown_device_is_named(shared):
    """A device that nobody registered is exit 2, naming those that are."""
    words = session(shared)
    words[2] = "SIM-9999"
    refused(shared, *words, code=2, said="Registered: SIM-0917")


def test_no_station_is_said(shared, tmp_path):
    """A folder without a station is exit 2 with the command that makes one."""
    done = subprocess.run(
        [sys.executable, "-m", "devicelink", "station", "status", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "devicelink station init" in done.stderr


def test_a_wrong_pin_and_an_unknown_person_read_the_same(clinic):
    """Signing in fails with one sentence, exit 1, whoever tried and whatever was wrong."""
    (clinic.props / "wrong").write_text("111222")
    wrong = refused(
        clinic,
        *session(clinic, "--pin-file", str(clinic.props / "wrong")),
        code=1,
        said="Sign",
    )
    words = session(clinic)
    words[words.index("t-ines")] = "t-nobody"
    assert refused(clinic, *words, code=1, said="Sign") == wrong
    assert len(clinic.entries("signin.failed")) == 2


def test_a_port_that_is_used_by_another_program(clinic):
    """A port that another program holds is a finding with a sentence; exit 1."""
    with clinic.laser.link.open("r+b", buffering=0) as port:
        fcntl.flock(port, fcntl.LOCK_EX)
        refused(clinic, *session(clinic), code=1, said="used by another program")


def test_a_port_that_is_gone(clinic):
    """A port that is not there is a finding that says to check the cable; exit 1."""
    clinic.laser.close()
    text = refused(clinic, *session(clinic), code=1, said="does not exist")
    assert "cable" in text
    assert clinic.entries("session.closed")


@contextlib.contextmanager
def stranger(answers):
    """Something on a pty that answers other than a YLR-SM laser does."""
    master, slave = pty.openpty()
    tty.setraw(slave)

    def serve():
        heard = b""
        with contextlib.suppress(OSError):
            while True:
                heard += os.read(master, 100)
                while b"\r" in heard:
                    word, _, heard = heard.partition(b"\r")
                    os.write(master, answers(word))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)
    thread.join(5)


def test_another_dialect_on_the_port(clinic):
    """A laser that does not know RNC is another dialect: refused as the wrong device; exit 1."""

    def yar(word):
        return b"RFV: 2.0\r" if word == b"RFV" else b"BCMD\r"

    with stranger(yar) as port:
        clinic.add_device(port=port)
        refused(clinic, *session(clinic), code=1, said="does not speak the dialect ylr-sm")
    assert not clinic.entries("unlock.intended")


def test_something_else_on_the_port(clinic):
    """What answers nonsense is refused as not answering; exit 1."""
    with stranger(lambda _word: b"hello, I am a printer\r") as port:
        clinic.add_device(port=port)
        refused(clinic, *session(clinic), code=1, said="did not answer")


def test_an_expired_certificate(clinic):
    """A certificate that ran out is a finding with its date; exit 1."""
    path = issue(clinic.props, "t-tom", "2024-01-01", "2025-12-31")
    here("certificate", "import", path, *clinic.by)
    words = session(clinic)
    words[words.index("t-ines")] = "t-tom"
    refused(clinic, *words, code=1, said="2025-12-31")


def test_a_forged_certificate(clinic):
    """A certificate whose content was changed is refused at import; exit 1."""
    path = issue(clinic.props, "t-tom", "2024-01-01", "2099-12-31")
    head, body, signature = path.read_text().strip().split(".")
    text = base64.urlsafe_b64decode(body + "===").replace(b"t-tom", b"t-tim")
    changed = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    path.write_text(f"{head}.{changed}.{signature}")
    refused(
        clinic,
        *("certificate", "import", path, "--by", "t-ada", "--pin-file", clinic.pin),
        code=1,
        said="signature",
    )
    assert len(clinic.entries("certificate.imported")) == 1


def test_a_foreign_certificate(clinic):
    """A certificate of an issuer who is not believed here is refused at import; exit 1."""
    key = clinic.props / "foreign.key"
    here("trust", "new-issuer", key, "--id", "https://other.example/i", "--name", "Other")
    path = issue(clinic.props, "t-tom", "2024-01-01", "2099-12-31", key="foreign")
    refused(
        clinic,
        *("certificate", "import", path, "--by", "t-ada", "--pin-file", clinic.pin),
        code=1,
        said="not",
    )
    assert len(clinic.entries("certificate.imported")) == 1


def test_a_clients_file_that_cannot_be_written_tells_no_client(clinic):
    """What SQLite refuses is said without the client's reference and without its salt."""
    assert clinic.run(*session(clinic)).returncode == 0
    file = clinic.station / "personal.db"
    with contextlib.closing(sqlite3.connect(file)) as personal:
        personal.execute("DELETE FROM clients")
        personal.execute(
            "CREATE TRIGGER full BEFORE INSERT ON clients BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
        personal.commit()
    words = session(clinic)
    reference = words[words.index("--client") + 1]
    text = refused(clinic, *words, code=1, said="no room")
    assert reference not in text
    assert "INSERT" not in text


class Tomorrow(ThreadRuntime):
    """A machine whose clock is a day ahead."""

    def now(self):
        """A day from now."""
        return super().now() + dt.timedelta(days=1)


def test_a_clock_that_was_set_back(clinic):
    """After the clock went back sessions are refused until an administrator confirms the time."""
    ahead = Station.open(clinic.station, Tomorrow())
    ahead.sign_in("t-ada", clinic.pin.read_text())
    ahead.journal.close()
    refused(clinic, *session(clinic), code=1, said="clock")
    assert clinic.entries("clock.suspect")
    here("station", "confirm-clock", *clinic.by)
    assert clinic.run(*session(clinic)).returncode == 0


def limited(clinic, limit_bytes, *words):
    """Run a command that cannot make any file larger than the limit."""
    return subprocess.run(
        [sys.executable, "-m", "devicelink", *words, "--data", str(clinic.station)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes)),
    )


def test_a_disk_that_takes_nothing(clinic):
    """Where nothing can be recorded nothing is unlocked: a sentence, exit 1."""
    before = len(clinic.entries())
    done = limited(clinic, 0, *session(clinic))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert not [e for e in clinic.laser.truth() if e["event"] == "enabled"]
    assert len(clinic.entries()) == before


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 100 MiB that can be filled."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root: run as root to include this test")
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", folder], check=False
    ).returncode
    if made:
        pytest.skip("this machine does not let a test mount a tmpfs: allow mount to include it")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_fills_in_ready(small_disk, clinic):
    """When the journal fails in READY: locked first, facts kept aside, then journalled and held."""
    shutil.copytree(clinic.station, small_disk / "station")
    clinic.station = small_disk / "station"
    running = clinic.start("--for", "60", "--json")
    clinic.laser.wait_for("enabled", running)
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1, err
    assert json.loads(out)["end"]["code"] == "journal"
    assert json.loads(out)["confirmed_locked"] is True
    assert not clinic.laser.is_now("enabled")
    filler.unlink()
    code, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines")
    assert code == 1
    assert "held_evidence_incomplete" in {f["code"] for f in verdict["findings"]}
    kinds = [entry.type for entry in clinic.entries()]
    assert kinds.count("session.closed") == 1
    assert "lock.confirmed" in kinds
    closed = clinic.entries("session.closed")[0]
    assert closed.data["kept"]["file"]
    here("device", "acknowledge", "SIM-0917", *clinic.by[2:], "--data", clinic.station)
    assert clinic.run(*session(clinic)).returncode == 0


def test_a_read_only_disk(small_disk, clinic):
    """On a read-only disk nothing is unlocked, and a sentence says why."""
    shutil.copytree(clinic.station, small_disk / "station")
    clinic.station = small_disk / "station"
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    refused(clinic, *session(clinic), code=1, said="")
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert not [e for e in clinic.laser.truth() if e["event"] == "enabled"]


def test_a_projection_edited_by_hand_changes_no_verdict(clinic):
    """Tables edited with sqlite3 open nothing: the verdict reads hash-checked entries."""
    here("device", "list", "--data", clinic.station)
    station = clinic.opened()
    held = {"code": "service", "sentence": "In service."}
    station.journal.append(
        Draft("device.held", held, actor="t-ada", role="administrator", device="SIM-0917")
    )
    station.journal.close()
    edit = "UPDATE projection_devices SET state = json_set(state, '$.holds', json('[]'))"
    with_sqlite(clinic.station / "journal.db", edit)
    assert clinic.opened().journal.projection("devices")["SIM-0917"]["holds"] == []
    code, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-ines")
    assert code == 1
    assert "held_service" in {f["code"] for f in verdict["findings"]}
    code, report = clinic.ask("journal", "verify")
    assert code == 4
    assert any("devices" in fault for fault in report["broken"])


def with_sqlite(path, sql):
    """Run a statement as anybody with the file could."""
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


def test_a_real_laser_is_never_touched_by_a_simulated_station(clinic):
    """A simulated station registers no real port, and a real one no simulated port."""
    here(*("device", "add", "1", "--driver", "ipg", "--port", "/dev/ttyUSB0", *clinic.by), code=1)
    real = clinic.props.parent / "real"
    Station.make(
        real,
        name="real",
        simulated=False,
        administrator="t-ada",
        administrator_name="Ada",
        pin="274951",
        drivers_allowed=("ipg",),
    ).journal.close()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "devicelink", "device", "add", "1", "--driver", "ipg"),
            *("--port", str(clinic.laser.link), "--data", str(real), "--by", "t-ada"),
            *("--pin-file", str(clinic.pin)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "real station" in done.stderr


def test_the_station_says_that_recovery_is_due_and_touches_nothing(clinic):
    """After a crash `station status` says that recovery is due; it sends nothing to the laser."""
    running = clinic.start("--for", "30")
    clinic.laser.wait_for("enabled", running)
    running.kill()
    running.communicate()
    wait(lambda: not clinic.laser.is_now("enabled"), 5)
    wait(lambda: not clinic.ask("station", "status")[1]["devices"][0]["in_use"], 5)
    commands = len([e for e in clinic.laser.truth() if e["event"] == "command"])
    assert clinic.ask("station", "status")[1]["devices"][0]["recovery_due"] is True
    assert len([e for e in clinic.laser.truth() if e["event"] == "command"]) == commands
