"""The mirror of the journal's checkpoint: a roll-back is refused at the start, locking goes on."""

from __future__ import annotations

import shutil
from dataclasses import replace

from devicelink.journal.mirror import Mirror
from devicelink_simulation.world.operations import Blow
from devicelink_simulation.world.people import WELL
from devicelink_simulation.world.runs import play
from devicelink_simulation.world.story import Act, Story, Trouble

READY = (Act("see", "STANDBY"), Act("type", "r"), Act("see", "READY"))


def story(wait_s, *troubles):
    """One visit of somebody certified, with so many seconds in READY."""
    acts = (*READY, Act("wait", str(wait_s)), Act("type", "q"))
    return Story(1, (replace(WELL, acts=acts, pause_s=0.1),), troubles)


def mirror_of(clinic):
    """The mirror's file."""
    station = clinic.opened()
    station.journal.close()
    return station.kept_folder / "checkpoint"


def test_a_journal_put_back_is_refused_and_the_laser_can_be_locked(clinic):
    """After an older journal was put back nothing begins (exit 4); `lock` works, `verify` says."""
    journal = clinic.station / "journal.db"
    older = clinic.props / "older.db"
    shutil.copy(journal, older)
    done = clinic.run(*clinic.session_words("--for", "1"))
    assert done.returncode == 0, done.stderr
    newest = clinic.opened()
    assert mirror_of(clinic).read_text() == newest.journal.checkpoint()
    newest.journal.close()
    for left in clinic.station.glob("journal.db-*"):
        left.unlink()
    shutil.copy(older, journal)
    size = len(clinic.entries())
    for words in (
        clinic.session_words("--for", "1"),
        ["session", "check", "SIM-0917", "--technician", "t-ines"],
        ["technician", "add", "t-new", "--name", "New", *map(str, clinic.by[2:])],
    ):
        done = clinic.run(*words)
        assert done.returncode == 4, done.stderr
        assert "was rolled back" in done.stderr
        assert "devicelink lock DEVICE" in done.stderr
    assert len(clinic.entries()) == size
    code, report = clinic.ask("journal", "verify")
    assert (code, any("rolled back" in fault for fault in report["broken"])) == (4, True)
    assert "rolled back" in clinic.ask("station", "status")[1]["mirror_problem"]
    assert clinic.ask("lock", "SIM-0917")[0] == 0


def test_a_missing_mirror_is_a_finding_and_is_made_anew(clinic):
    """Without a mirror a verdict warns and permits; the session writes it, and all is well."""
    mirror = mirror_of(clinic)
    mirror.unlink()

    def checked():
        settings = ("--settings", clinic.props / "settings.toml")
        code, verdict = clinic.ask(
            "session", "check", "SIM-0917", "--technician", "t-ines", *settings
        )
        found = {f["code"]: f["severity"] for f in verdict["findings"]}
        return code, found.get("mirror_missing")

    assert checked() == (0, "warn")
    mirror.unlink()
    assert clinic.run(*clinic.session_words("--for", "1")).returncode == 0
    assert mirror.read_text().splitlines()[0] == clinic.opened().origin
    assert checked() == (0, None)


def test_a_mirror_that_cannot_be_written_ends_no_session(clinic):
    """Where a folder stands in its place the session runs to its end, and the person hears why."""
    mirror = mirror_of(clinic)
    mirror.unlink()
    (mirror / "in-the-way").mkdir(parents=True)
    done = clinic.run(*clinic.session_words("--for", "1"))
    assert done.returncode == 0, done.stderr
    assert "The checkpoint cannot be written" in done.stdout + done.stderr
    closed = clinic.entries("session.closed")[-1].data
    assert (closed["end"]["code"], closed["evidence"]) == ("planned_time", "complete")


def test_the_mirror_is_written_each_minute_of_a_session(mocker):
    """At the start, at each minute and at the close the newest checkpoint is there."""
    sizes = []

    def write(self):
        problem = real(self)
        sizes.append(int(self._disk.read(self.path).decode().splitlines()[1]))
        return problem

    real = Mirror.write
    mocker.patch.object(Mirror, "write", write)
    _, violations = play(story(150))
    assert violations == []
    assert len(set(sizes)) == len(sizes) == 4


def test_a_mirrors_disk_that_fails_ends_no_session():
    """In the world, too: each renaming fails, the session ends as its person wants."""
    failing = Trouble("blow", whom="session", blow=Blow("io_error", 1, -1, only="rename"))
    ran, violations = play(story(0.6, failing))
    assert violations == []
    (screen,) = ran.world.book.screens
    assert screen.result.end.code == "ended"
    assert sum("The checkpoint cannot be written" in said for said in screen.said) == 1
