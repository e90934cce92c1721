"""A backup put back: stated in the journal, held against the mirror, devices held."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys

import pytest

from devicelink.journal.entry import Draft
from devicelink.journal.kept import keep
from devicelink.journal.mirror import Mirror
from devicelink.journal.verify import verify
from devicelink.station import Station
from devicelink.upkeep import restore as restore_module
from devicelink.upkeep.bundle import SUMS
from tests.clinic import here


@pytest.fixture
def backed(clinic):
    """A clinic with a backup."""
    here("station", "backup", clinic.props / "backup", "--data", clinic.station)
    return clinic


def restoring(clinic, *more, code=0, target=None):
    """Restore the clinic's backup to where it lay; text, or JSON where that is asked for."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "devicelink", "station", "restore"),
            *(str(clinic.props / "backup"), "--data", str(target or clinic.station)),
            *("--by", "t-ada", "--pin-file", str(clinic.pin), "--reason", "The disk died.", *more),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout) if "--json" in more else done.stdout + done.stderr


def lost(clinic):
    """The station's folder is gone (moved away)."""
    away = clinic.station.with_name("station.before")
    shutil.move(clinic.station, away)
    return away


def mirror(clinic):
    """The mirror's file, through a station that lies at `clinic.station`."""
    station = clinic.opened()
    station.journal.close()
    return station.kept_folder / "checkpoint"


def aside_of(path, note):
    """Where a superseded mirror is kept."""
    return path.with_name(f"superseded-{hashlib.sha256(note).hexdigest()[:16]}.checkpoint")


def test_a_restore_over_a_newer_mirror_is_stated_and_keeps_it(backed):
    """Who, why, from where, and what is lost stand in a signed entry; the old mirror stays."""
    assert backed.run(*backed.session_words("--for", "0.2")).returncode == 0
    path = mirror(backed)
    newest = path.read_text()
    size = int(newest.splitlines()[1])
    lost(backed)
    made = restoring(backed, "--json")
    assert made["missing_at_least"] == size - made["size"] > 0
    (entry,) = backed.entries("station.restored")
    assert (entry.actor, entry.role) == ("t-ada", "administrator")
    assert entry.data["reason"] == "The disk died."
    assert entry.data["backup"]["size"] == made["size"] < entry.index
    assert entry.data["backup"]["root"] == made["root"]
    assert entry.data["mirror"]["checkpoint"] == newest
    assert entry.data["mirror"]["why"] == "contradicts"
    assert aside_of(path, newest.encode()).read_text() == newest
    assert path.read_text() == backed.opened().journal.checkpoint()
    assert verify(backed.station).ok
    assert any("rolled back" in one for one in verify(backed.station, kept=newest).broken)


def test_every_device_is_held_until_an_administrator_looked_at_it(backed):
    """No session after a restore before the hold is lifted; then it is as before."""
    lost(backed)
    assert "SIM-0917 is held" in restoring(backed)
    words = backed.session_words("--for", "0.2")
    refused = backed.run(*words)
    assert refused.returncode == 1
    assert "restored from a backup" in refused.stderr + refused.stdout
    assert not backed.laser.is_now("enabled")
    done = backed.run("device", "acknowledge", "SIM-0917", *map(str, backed.by[2:]))
    assert done.returncode == 0, done.stderr
    assert backed.run(*words).returncode == 0
    assert verify(backed.station).ok


def test_an_intent_without_a_lock_in_the_copy_is_recovered(clinic):
    """A backup made in READY: after the restore the laser is locked first, then the hold."""
    session = clinic.start("--for", "30")
    clinic.laser.wait_for("enabled", session)
    here("station", "backup", clinic.props / "backup", "--data", clinic.station)
    session.send_signal(2)
    session.communicate(timeout=20)
    lost(clinic)
    restoring(clinic)
    assert clinic.ask("station", "status")[1]["devices"][0]["recovery_due"]
    assert clinic.ask("lock", "SIM-0917")[0] == 0
    row = clinic.ask("station", "status")[1]["devices"][0]
    assert (row["recovery_due"], row["lock"], len(row["holds"])) == (False, "confirmed", 1)


def test_a_second_living_copy_is_refused(backed, tmp_path):
    """While the station lies where it was, it is not restored elsewhere; --check writes nothing."""
    said = restoring(backed, code=1, target=tmp_path / "other")
    assert "still lies in" in said
    assert "--check" in said
    assert "holds a station" in restoring(backed, code=2)
    before = mirror(backed).read_text()
    assert "The backup holds" in restoring(backed, "--check")
    assert not (tmp_path / "other").exists()
    assert mirror(backed).read_text() == before
    assert not backed.entries("station.restored")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--by", "t-ines"), 1, "has not the role administrator"),
        (("--by", "t-nobody"), 1, "Signing in did not work"),
        (("--reason", ""), 2, "--reason TEXT"),
    ],
)
def test_only_an_administrator_restores_and_says_why(backed, words, code, said):
    """Without role, PIN or reason nothing is restored, and the mirror is as it was."""
    path = mirror(backed)
    before = path.read_text()
    lost(backed)
    assert said in restoring(backed, *words, code=code)
    assert not backed.station.exists()
    assert not list(backed.station.parent.glob(".*unfinished*"))
    assert path.read_text() == before


def test_a_machine_without_a_mirror_says_what_it_does_not_know(backed):
    """On another machine nothing tells whether entries are missing, and that is said."""
    path = mirror(backed)
    lost(backed)
    path.unlink()
    assert "whether anything is missing is not known" in restoring(backed)
    (entry,) = backed.entries("station.restored")
    assert entry.data["mirror"] is None
    assert path.exists()


def test_a_mirror_that_cannot_be_read_is_kept_too(backed):
    """Nonsense at the mirror's place is evidence of something: kept under another name."""
    path = mirror(backed)
    lost(backed)
    path.write_bytes(b"\xffnonsense")
    assert "could not be read" in restoring(backed)
    assert aside_of(path, b"\xffnonsense").read_bytes() == b"\xffnonsense"


@pytest.mark.parametrize("dies_in", ["_state_it", "_put_outside", "copy_file", "before the mirror"])
def test_a_restore_that_dies_leaves_nothing_or_a_whole_station(backed, mocker, dies_in):
    """Dead before the folder has its name it can be said again; after it, all is there."""
    assert backed.run(*backed.session_words("--for", "0.2")).returncode == 0
    path = mirror(backed)
    newest = path.read_text()
    lost(backed)
    words = (
        *("station", "restore", backed.props / "backup", *backed.by, "--reason", "The disk died."),
    )

    class Died(BaseException):
        """As a SIGKILL: nothing of ours runs after it."""

    mocker.patch("shutil.rmtree")
    if dies_in == "before the mirror":
        mocker.patch.object(Mirror, "write", side_effect=Died)
    elif dies_in == "copy_file":
        real = restore_module.copy_file

        def copy(source, target):
            if source.name == "station.toml":
                raise Died
            real(source, target)

        mocker.patch.object(restore_module, "copy_file", copy)
    else:
        mocker.patch.object(restore_module, dies_in, side_effect=Died)
    with pytest.raises(Died):
        here(*words)
    mocker.stopall()
    assert path.read_text() == newest
    for left in backed.station.parent.glob(".*unfinished*"):
        assert not (left / "station.toml").exists()
    if dies_in == "before the mirror":
        station = Station.open(backed.station)
        assert "over which this station was restored" in station.mirror.check()
        assert station.mirror.write() is None
        station.journal.close()
    else:
        assert not backed.station.exists()
        restoring(backed)
    assert len(backed.entries("station.restored")) == 1
    assert mirror(backed).read_text() != newest
    assert clinic_verifies(backed)


def clinic_verifies(clinic):
    """Whether the restored journal holds against its mirror."""
    return clinic.run("journal", "verify", clinic.station).returncode == 0


def test_an_old_journal_put_back_by_hand_is_still_refused(backed):
    """A statement excuses the one mirror that it names, and no other roll-back."""
    assert backed.run(*backed.session_words("--for", "0.2")).returncode == 0
    lost(backed)
    restoring(backed)
    older = backed.props / "older"
    shutil.copytree(backed.station, older)
    done = backed.run("device", "acknowledge", "SIM-0917", *map(str, backed.by[2:]))
    assert done.returncode == 0
    shutil.rmtree(backed.station)
    shutil.move(older, backed.station)
    refused = backed.run("device", "acknowledge", "SIM-0917", *map(str, backed.by[2:]))
    assert refused.returncode == 4
    assert "rolled back" in refused.stderr


def test_facts_of_a_lost_session_are_set_aside(backed):
    """Facts that wait of a session which this journal never began are kept, and named in it."""
    station = backed.opened()
    opened = station.journal.append(Draft("session.opened", {}, session="new", device="SIM-0917"))
    late = Draft("fault.seen", {}, session=opened.session, device="SIM-0917")
    waiting = keep(station.kept_folder, [late], station.runtime)
    station.journal.close()
    facts = waiting.read_bytes()
    lost(backed)
    restoring(backed)
    (entry,) = backed.entries("station.restored")
    assert (
        entry.data["set_aside"][f"superseded-{waiting.name}"] == hashlib.sha256(facts).hexdigest()
    )
    assert waiting.with_name(f"superseded-{waiting.name}").read_bytes() == facts
    assert not waiting.exists()
    backed.run("session", "check", "SIM-0917", "--technician", "t-ines")
    assert verify(backed.station).ok


def test_the_statement_binds_the_very_backup(backed):
    """The entry names the SHA-256 of the backup's list of hashes, and so every file in it."""
    lost(backed)
    restoring(backed)
    (entry,) = backed.entries("station.restored")
    sums = (backed.props / "backup" / SUMS).read_bytes()
    assert entry.data["backup"]["sums_sha256"] == hashlib.sha256(sums).hexdigest()
