"""`station rotate-key`: who may, what is said, and one valid key after a crash at any step."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from devicelink.cli import main
from devicelink.errors import ConfigError, JournalUnwritable
from devicelink.journal import store
from devicelink.journal.entry import Draft
from devicelink.journal.rotation import KEY_ROTATED
from devicelink.journal.store import Journal
from devicelink.journal.verify import verify
from devicelink.people import PinStore, set_pin
from devicelink.runtime import ThreadRuntime
from devicelink.runtime.disk import MachineDisk
from devicelink.session.context import PROJECTIONS
from devicelink.session.ownership import own
from devicelink.station import Station


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A simulated station with one administrator."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "pin").write_text("824193\n")
    station = Station.make(
        tmp_path / "station",
        name="or03",
        simulated=True,
        administrator="a-eva",
        administrator_name="Eva",
        pin="824193",
        drivers_allowed=("ipg",),
    )
    station.journal.close()
    return tmp_path / "station"


@pytest.fixture
def say(folder, capsys):
    """Runs a command on the station: its exit code, and what it printed and complained."""

    def say(*words):
        with pytest.raises(SystemExit) as end:
            main([*map(str, words), "--data", str(folder)])
        heard = capsys.readouterr()
        return int(end.value.code or 0), heard.out, heard.err

    return say


PIN = ("--pin-file", "pin")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """PIN files are named from the test's own folder."""
    monkeypatch.chdir(tmp_path)


def test_an_administrator_rotates_the_key_and_hears_whom_to_tell(folder, say):
    """Old and new key are said; the journal verifies from the old one; the old file is gone."""
    old = (folder / "log.vkey").read_text().strip()
    code, out, _ = say("station", "rotate-key", "--by", "a-eva", *PIN)
    new = (folder / "log.vkey").read_text().strip()
    assert (code, old in out, new in out, old == new) == (0, True, True, False)
    assert "Hand the new key to everybody who keeps the old one" in out
    assert [path.name for path in (folder / "secrets").glob("station.key*")] == ["station.key"]
    assert verify(folder, vkey=old, projections=PROJECTIONS).broken == []
    code, out, _ = say("station", "rotate-key", "--by", "a-eva", *PIN, "--json")
    assert (code, json.loads(out)["old_vkey"]) == (0, new)
    assert verify(folder, vkey=old, projections=PROJECTIONS).broken == []


def test_where_there_are_two_administrators_it_takes_both(folder, say):
    """One alone is refused, one twice too; both together rotate, and the entry names both."""
    made = say("technician", "add", "a-ida", "--name", "Ida", "--role", "administrator",
               "--by", "a-eva", *PIN)  # fmt: skip
    assert made[0] == 0, made
    with Station.open(folder).journal as journal:
        set_pin(
            journal, PinStore(folder / "secrets", ThreadRuntime()), "a-ida", "824193", by="a-eva"
        )
    code, _, err = say("station", "rotate-key", "--by", "a-eva", *PIN)
    assert (code, "--second ID" in err) == (1, True)
    both = ("--second-pin-file", "pin", *PIN)
    code, _, err = say("station", "rotate-key", "--by", "a-eva", "--second", "a-eva", *both)
    assert (code, "another person" in err) == (1, True)
    code, out, _ = say(
        "station", "rotate-key", "--by", "a-eva", "--second", "a-ida", *both, "--json"
    )
    assert code == 0
    with Station.open(folder).journal as journal:
        entry = journal.entry(json.loads(out)["index"])
    assert (entry.actor, entry.data["confirmed_by"]) == ("a-eva", "a-ida")


def test_a_device_in_use_keeps_its_key(folder, say):
    """While somebody holds a device nothing is rotated: its owner could record no more."""
    station = Station.open(folder)
    made = {"driver": "ipg", "port": "sim://x"}
    station.journal.append(Draft("device.registered", made, device="SIM-1"))
    station.journal.close()
    with own(folder, "SIM-1", ThreadRuntime()):
        code, _, err = say("station", "rotate-key", "--by", "a-eva", *PIN)
    assert (code, "in use" in err) == (1, True)


def test_a_service_that_runs_keeps_the_key(folder, say):
    """While the station's service runs nothing is rotated, though it has lent every device."""
    serving = subprocess.Popen(
        [sys.executable, "-m", "devicelink", "station", "serve", "--data", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "Serving" in serving.stdout.readline()
        code, _, err = say("station", "rotate-key", "--by", "a-eva", *PIN)
    finally:
        serving.terminate()
        serving.communicate(timeout=20)
    assert (code, "service runs" in err) == (1, True)
    assert say("station", "rotate-key", "--by", "a-eva", *PIN)[0] == 0


STEPS = [
    (name, when)
    for name in ("remove", "create", "commit", "append", "move", "replace")
    for when in ("before", "after")
]


@pytest.mark.parametrize(("name", "when"), STEPS)
def test_a_death_at_any_step_leaves_one_valid_key(folder, name, when):
    """A process that dies before or after each step: the station opens, records and verifies."""
    old = (folder / "log.vkey").read_text().strip()
    child = os.fork()
    if child == 0:
        die_at(name, when)
        station = Station.open(folder)
        station.rotate_key(station.sign_in("a-eva", "824193"), None)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    station = Station.open(folder)
    station.journal.append(Draft("journal.read", {}))
    rotated = [entry for entry in station.journal.entries() if entry.type == KEY_ROTATED]
    has_entry = (name, when) not in STEPS[: STEPS.index(("append", "after"))]
    assert bool(rotated) == has_entry
    assert (station.journal.vkey == old) == (not has_entry)
    station.rotate_key(station.sign_in("a-eva", "824193"), None)
    station.journal.close()
    assert sorted(path.name for path in (folder / "secrets").glob("station.key*")) == [
        "station.key"
    ]
    assert (folder / "log.vkey").read_text().strip() == station.journal.vkey
    report = verify(folder, vkey=old, projections=PROJECTIONS)
    assert (report.broken, Station.open(folder).journal.size) == ([], report.size)


def die_at(name, when):
    """In this process: end like a kill, before or after one step of a rotation."""
    owner, method = (Journal, "rotate") if name == "append" else (MachineDisk, name)
    if name == "commit":
        owner, method = store, "add_signed"
    real = getattr(owner, method)

    def dying(*words, **named):
        names = [str(word) for word in words]
        if owner is MachineDisk and not any("station.key" in n or "log.vkey" in n for n in names):
            return real(*words, **named)
        if when == "after":
            real(*words, **named)
        os._exit(9)

    setattr(owner, method, dying)


def test_a_new_key_that_the_journal_never_took_opens_nothing(folder, say):
    """A key file laid beside the station's own is passed over, whoever put it there."""
    secrets = folder / "secrets"
    text = (secrets / "station.key").read_text()
    (secrets / "station.key.next").write_text("nonsense\n")
    assert say("station", "status")[0] == 0
    assert (secrets / "station.key").read_text() == text


def test_the_only_valid_key_is_never_removed(folder, monkeypatch):
    """Where the new file cannot take its name, the station runs on it, and rotates no further."""
    station = Station.open(folder)
    person = station.sign_in("a-eva", "824193")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(MachineDisk, "move", full)
        with pytest.raises(ConfigError, match="No space left"):
            station.rotate_key(person, None)
        again = Station.open(folder)
        with pytest.raises(JournalUnwritable, match="not the one of the journal"):
            again.rotate_key(person, None)
        assert (folder / "secrets" / "station.key.next").exists()
    assert Station.open(folder).journal.vkey == again.journal.vkey
    assert [path.name for path in (folder / "secrets").glob("station.key*")] == ["station.key"]
