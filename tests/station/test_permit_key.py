"""`station permit-key`: what a console has to know before it takes this station's permits."""

from __future__ import annotations

import json

import pytest

from devicelink.cli import main
from devicelink.journal.keyfiles import rotate_key
from devicelink.station import Station


@pytest.fixture
def station(tmp_path, monkeypatch):
    """A simulated station."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = Station.make(
        tmp_path / "station",
        name="or03",
        simulated=True,
        administrator="a-eva",
        administrator_name="Eva",
        pin="824193",
        drivers_allowed=("ipg",),
    )
    yield made
    made.journal.close()


def told(station, capsys):
    """What the command prints as JSON."""
    with pytest.raises(SystemExit) as end:
        main(["station", "permit-key", "--json", "--data", str(station.folder)])
    assert end.value.code in {0, None}
    return json.loads(capsys.readouterr().out)


def test_the_public_key_is_told_and_is_not_the_journals(station, capsys):
    """Its bytes verify what is signed as a permit; the journal's own key is another one."""
    said = told(station, capsys)
    key = station.journal.permit_key()
    key.public_key().verify(key.sign(b"permit"), b"permit")
    assert bytes.fromhex(said["public_key"]) == key.public_key().public_bytes_raw()
    assert len(said["key_id"]) == 16
    vkey = (station.folder / "log.vkey").read_text()
    assert said["key_id"] not in vkey
    assert key.private_bytes_raw().hex() not in json.dumps(said)


def test_a_rotated_station_has_another_one(station, capsys):
    """Whoever stole the old key signs no permits that follow the new one."""
    before = told(station, capsys)
    rotate_key(station.journal, station.folder, station.runtime, actor="a-eva")
    assert told(station, capsys)["public_key"] != before["public_key"]
