"""Meters beside lasers: listed with their kind, asked who they are, and never a laser."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import tty

import pytest

from devicelink import registry
from devicelink.errors import DriverNotAllowed, DriverUnusable
from devicelink.station import Station
from tests.clinic import PIN, here

ANSWERS = {
    "VE": "*EA1.06",
    "II": "* USBD 113217 SH2USB",
    "HI": "* PY 22323 PE10-C 80000002",
    "SI": "* J",
    "AR": "* 1 AUTO 200mJ 20.0mJ",
    "MM0": "*3",
    "AW": "*CONTINUOUS 193 12000 4 248 366 532 1064 NONE 10.6",
    "FQ": "*1 OUT IN",
}


@pytest.fixture
def port():
    """Serves a meter with these answers on a pty, and notes what it was asked."""
    ends = []

    def serve(answers, asked):
        ours, theirs = os.openpty()
        tty.setraw(ours)
        tty.setraw(theirs)
        ends.append((ours, theirs))

        def answer():
            with contextlib.suppress(OSError), os.fdopen(os.dup(ours), "r+b", buffering=0) as line:
                heard = b""
                while data := line.read(64):
                    *words, heard = (heard + data).split(b"\r\n")
                    for word in words:
                        asked.append(word.decode()[1:])
                        line.write((answers.get(asked[-1], "?COM ERROR") + "\r\n").encode())

        threading.Thread(target=answer, daemon=True).start()
        return os.ttyname(theirs)

    yield serve
    for ours, theirs in ends:
        os.close(theirs)
        os.close(ours)


def station(folder, *more, code=0):
    """Make a simulated one, whose PIN stands in a file."""
    (folder / "pin").write_text(PIN)
    by = ("--data", folder / "s", "--by", "t-ada", "--pin-file", folder / "pin")
    here("station", "init", "--simulated", *by, *more, code=code)
    return by


def test_the_list_tells_lasers_from_meters(capsys):
    """By what each driver declares; a meter's declaration has no lock."""
    here("driver", "list", "--json")
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["ipg"]["kind"], rows["ophir"]["kind"]) == ("laser", "meter")
    assert rows["ophir"]["declaration"]["measures"] == ["energy_j", "power_w"]
    assert "lock_bytes" not in rows["ophir"]["declaration"]
    here("driver", "list")
    told = capsys.readouterr().out.splitlines()
    assert next(line for line in told if line.startswith("ophir")).endswith("meter")


def test_a_meter_is_asked_who_it_is(port, capsys):
    """`driver probe` sends questions alone, and tells instrument, head and setup."""
    asked = []
    path = port(ANSWERS, asked)
    here("driver", "probe", "ophir", path, "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["instrument"] == {"serial": "113217", "model": "SH2USB", "firmware": "EA1.06"}
    assert told["head"]["serial"] == "22323"
    assert told["head"]["measures"] == ["energy"]
    assert told["setup"]["mode"] == "energy"
    assert told["setup"]["wavelength_nm"] == {"value": "1064", "why": None}
    assert set(asked) == {*ANSWERS, "DQ"}
    here("driver", "probe", "ophir", path)
    text = capsys.readouterr().out
    assert "SH2USB, serial number 113217" in text
    assert "set to energy, wavelength 1064, range 20.0mJ" in text


def test_a_meter_without_a_head_says_so(port, capsys):
    """No head: no setup is asked for, and a person is told."""
    asked = []
    here("driver", "probe", "ophir", port(ANSWERS | {"HI": "* XX 0 NONE 0"}, asked))
    assert "NO HEAD is plugged in" in capsys.readouterr().out
    assert "AR" not in asked


def test_a_silent_meter_is_told(port, capsys):
    """Nobody answers: what to look at, and no traceback."""
    ours, theirs = os.openpty()
    here("driver", "probe", "ophir", os.ttyname(theirs), code=1)
    assert "Check that the meter is on" in capsys.readouterr().err
    os.close(theirs)
    os.close(ours)


def test_no_meter_is_registered_as_a_laser(tmp_path, capsys):
    """`device add` and `--allow-driver` refuse it in words, and nothing is recorded."""
    by = station(tmp_path)
    add = ("device", "add", "1", "--driver", "ophir", "--port", tmp_path / "p")
    here(*add, *by, code=2)
    assert "ophir is a meter, not a laser: it makes no light" in capsys.readouterr().err
    opened = Station.open(tmp_path / "s")
    assert "ophir" not in registry.allowed_drivers(opened.state()["station"])
    assert {"ipg", "uc2000"} <= set(registry.allowed_drivers(opened.state()["station"]))
    assert opened.state()["devices"] == {}
    opened.journal.close()
    (tmp_path / "other").mkdir()
    station(tmp_path / "other", "--allow-driver", "ipg", "--allow-driver", "ophir", code=2)
    assert "ophir is a meter, not a laser" in capsys.readouterr().err
    assert not (tmp_path / "other" / "s").exists()


def test_a_meter_drives_no_laser_even_where_it_is_allowed():
    """Whoever asks for a laser's driver gets none of a meter, and the other way round."""
    with pytest.raises(DriverUnusable, match="ophir is a meter, not a laser"):
        registry.make("ophir", {})
    with pytest.raises(DriverUnusable, match="ipg is a laser, not a meter"):
        registry.make_meter("ipg", {})
    with pytest.raises(DriverNotAllowed, match="ophir is a meter"):
        registry.require_allowed("ophir", {"station": {"drivers_allowed": ["ipg"]}})
