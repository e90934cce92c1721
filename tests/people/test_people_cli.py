"""People, trust and certificates by the command line, on a simulated station."""

from __future__ import annotations

import json

import pytest

from devicelink.cli import main

ENTRIES = """
[[entries]]
achievement = "urn:maker:course"
driver = "ipg"
models = ["YLR-SM"]
procedures = ["treatment"]
ablative = false
operator_class = "any"
limits.diode_current_percent = { min = 10, max = 42.5 }
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs one command; gives its exit code, its JSON document, and what it said."""
    monkeypatch.setenv("DEVICELINK_DATA", str(tmp_path / "station"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pin").write_text("482915\n")
    (tmp_path / "ines.pin").write_text("739164\n")
    (tmp_path / "entries.toml").write_text(ENTRIES)

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main([*words, "--json"])
        said = capsys.readouterr()
        return ended.value.code or 0, json.loads(said.out or "null"), said.err

    return run


ADMIN = ("--by", "t-adm", "--pin-file", "pin")


@pytest.fixture
def station(run):
    """A station with t-ines, a maker's key beside it, and the maker's documents in files."""
    maker = ("--key", "maker.key", "--valid-until", "2099-12-31")
    for words in (
        ("station", "init", "--simulated", *ADMIN),
        ("technician", "add", "t-ines", "--name", "Ines", *ADMIN),
        ("technician", "pin", "t-ines", "--new-pin-file", "ines.pin", *ADMIN),
        ("trust", "new-issuer", "maker.key", "--id", "urn:maker", "--name", "Maker Ltd"),
        ("catalogue", "issue", "entries.toml", "--version", "1", "--output", "c.jws", *maker),
        (
            *("certificate", "issue", "--technician", "t-ines", "--output", "t.jws"),
            *("--achievement", "urn:maker:course", *maker),
        ),
    ):
        code, _, said = run(*words)
        assert code == 0, said
    return run


def test_people_cli_whole_way(station):
    """Pin the maker, import what it signed, and read it all back."""
    trust = ("trust", "add", "maker.key.pub", "--maker", "IPG", "--model", "YLR-SM", *ADMIN)
    assert station(*trust)[0] == 0
    assert station("certificate", "import", "t.jws", *ADMIN)[0] == 0
    assert station("trust", "catalogue", "c.jws", *ADMIN)[1]["version"] == 1
    _, people, _ = station("technician", "list")
    assert [(one["id"], one["pin_set"]) for one in people] == [("t-adm", True), ("t-ines", True)]
    _, shown, _ = station("certificate", "show", "t-ines")
    assert shown[0]["technician"] == "t-ines"
    assert "believed here" in shown[0]["belief"]
    _, issuers, _ = station("trust", "list")
    assert issuers[0]["issuer"] == "urn:maker"


def test_people_cli_foreign_certificate_is_refused(station):
    """A certificate whose issuer nobody pinned is refused with exit code 1 and a sentence."""
    code, document, said = station("certificate", "import", "t.jws", *ADMIN)
    assert (code, document["error"]) == (1, "CertificateError")
    assert "devicelink trust add" in said


def test_people_cli_technicians_do_not_administer(station):
    """A technician's PIN opens no administrator's command."""
    ines = ("--by", "t-ines", "--pin-file", "ines.pin")
    code, document, _ = station("technician", "add", "t-max", "--name", "Max", *ines)
    assert (code, document["error"]) == (1, "Refused")


def test_people_cli_wrong_pin_is_refused(station):
    """A wrong PIN ends with exit code 1, and says no more than that it did not work."""
    wrong = ("--by", "t-adm", "--pin-file", "ines.pin")
    code, document, _ = station("technician", "add", "t-max", "--name", "Max", *wrong)
    assert (code, document["error"]) == (1, "SignInFailed")


def test_people_cli_issuer_key_in_the_station_is_refused(station, tmp_path):
    """The station's own folder is no place for a maker's key."""
    key = str(tmp_path / "station" / "secrets" / "maker.key")
    code, _, said = station("trust", "new-issuer", key, "--id", "urn:m", "--name", "M")
    assert code == 2
    assert "is a station" in said
