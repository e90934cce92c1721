"""Each error of the tree by a cause that there is, through the command line, with its exit code."""

from __future__ import annotations

import json
import os
import pty
import threading
import tty

import pytest

from devicelink.cli import main
from devicelink.journal.entry import Draft
from devicelink.runtime import ThreadRuntime
from devicelink.session.ownership import own
from devicelink.station import Station
from tests.test_errors import LEAVES, TREE


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A simulated station, its administrator, a laser that is not there, and a broken driver."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pin").write_text("824193")
    (tmp_path / "wrong").write_text("193824")
    info = tmp_path / "failing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: failing\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[devicelink.drivers]\nfailing = no_such_module:driver\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "station"
    station = Station.make(
        folder,
        name="or03",
        simulated=True,
        administrator="a-eva",
        administrator_name="Eva",
        pin="824193",
        drivers_allowed=("ipg",),
    )
    laser = {"driver": "ipg", "port": str(tmp_path / "laser"), "trigger": "hardware"}
    laser |= {"configuration": {}, "identity": "asserted"}
    laser |= {"maker": None, "model": None, "udi": None}
    station.journal.append(
        Draft("device.registered", laser, actor="a-eva", role="administrator", device="SIM-1")
    )
    station.journal.close()
    return folder


@pytest.fixture
def wire():
    """Makes a real pty that answers by a table; without an answer it closes."""

    def make(answers):
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        name = os.ttyname(theirs)

        def serve():
            while True:
                for word in os.read(ours, 100).split(b"\r")[:-1]:
                    if word not in answers:
                        os.close(ours)
                        os.close(theirs)
                        return
                    os.write(ours, answers[word])

        threading.Thread(target=serve, daemon=True).start()
        return name

    return make


WHO = ("--by", "a-eva", "--pin-file", "pin")
WRONG_PIN = ("--by", "a-eva", "--pin-file", "wrong")
ADD = ("device", "add", "2", "--port", "laser", "--driver")
ENGINE = {b"RFV": b"RFV: 1.0\r", b"RNC": b"RNC: 10\r", b"RMN": b"BCMD\r"}


def suspect(folder):
    """The clock was seen to go back, as the journal records it."""
    station = Station.open(folder)
    station.journal.append(Draft("clock.suspect", {"why": "it went back"}))
    station.journal.close()


def in_use(folder):
    """A living session has the laser."""
    return own(folder, "SIM-1", ThreadRuntime())


def no_lock_files(folder):
    """The folder of lock files became a file."""
    (folder / "locks").rename(folder / "before")
    (folder / "locks").write_text("")


def no_journal(folder):
    """The journal was written over."""
    (folder / "journal.db").write_bytes(b"not a database, and long enough to be read as one" * 40)


REAL = {
    "Refused": (None, "device", "attest-off", "SIM-1", *WHO),
    "SignInFailed": (None, "device", "hold", "SIM-1", "--reason", "odd", *WRONG_PIN),
    "CertificateError": (None, "certificate", "import", "pin", *WHO),
    "DeviceBusy": (in_use, "station", "rotate-key", *WHO),
    "ConfigError": (None, "session", "show", "S-1"),
    "PortUnavailable": (None, "driver", "probe", "ipg", "/nowhere"),
    "LinkLost": ({}, "driver", "probe", "ipg"),
    "NoReply": ({b"RFV": b""}, "driver", "probe", "ipg"),
    "WrongDevice": (None, "driver", "probe", "ipg", "sim://ipg", "--set", "dialect=yar"),
    "ProtocolError": ({**ENGINE, b"STA": b"STA: many\r"}, "driver", "probe", "ipg"),
    "DeviceFault": ({**ENGINE, b"STA": b"ERR: No\r"}, "driver", "probe", "ipg"),
    "ClockSuspect": (suspect, "station", "rotate-key", *WHO),
    "DriverUnknown": (None, "driver", "probe", "nix", "/nowhere"),
    "DriverNotAllowed": (None, *ADD, "nix", *WHO),
    "DriverUnusable": (None, "driver", "probe", "failing", "/nowhere"),
    "LockUnconfirmed": (None, "lock", "SIM-1"),
    "JournalUnwritable": (
        no_lock_files,
        "device",
        "add",
        "SIM-1",
        "--accept",
        "interlock_unknown",
        *WHO,
    ),
    "JournalBroken": (no_journal, "station", "status"),
}
"""Each error by a cause that there is: what is done before, or what a wire answers; a command."""
ELSEWHERE = {
    "DeviceDeclined": "ends a session, as its result; tests/session/test_session_olcp.py",
    "Stopped": "ends a wait inside a session, never a command; tests/link/test_link.py",
    "RelayLost": "ends a session, as its result; tests/session/test_session_relay.py",
    "GuardGone": "ends a session, as its result; tests/session/test_session_attacked.py",
}


def test_each_error_is_raised_here_or_named():
    """No error of the tree is without a real cause."""
    assert {*REAL, *ELSEWHERE} == set(LEAVES)


@pytest.mark.parametrize("name", REAL)
def test_each_error_by_a_real_cause(name, folder, wire, capsys):
    """The command ends by that very error, with its exit code and one sentence, no traceback."""
    before, *words = REAL[name]
    held = before(folder) if callable(before) else None
    if isinstance(before, dict):
        words.append(wire(before))
    with pytest.raises(SystemExit) as ended:
        main([*words, "--data", str(folder), "--json"])
    if held is not None:
        held.release()
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["error"] == name, document
    assert ended.value.code == TREE[name][1]
    assert document["sentence"] in said.err
    assert len(document["sentence"].split()) > 4
    assert "Traceback" not in said.err
