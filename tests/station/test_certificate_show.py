"""`certificate show` explains a certificate to a person, on a station with a registered laser."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.clinic import ACHIEVEMENT, here

URL = "https://maker.example/status/1"


def issue(clinic, person, *more, key="maker", name="more"):
    """A certificate in a file of its own."""
    output = clinic.props / f"{name}.jws"
    here(
        *("certificate", "issue", "--key", clinic.props / f"{key}.key", "--technician", person),
        *("--achievement", ACHIEVEMENT, "--name", "Resurfacing", "--output", output, *more),
    )
    return output


def shown(clinic, what):
    """The explanation, as a program and as a person gets it."""
    code, rows = clinic.ask("certificate", "show", what)
    assert code == 0
    done = clinic.run("certificate", "show", what)
    assert done.returncode == 0, done.stderr
    return rows, done.stdout


def test_good_certificate_is_explained(clinic):
    """Who, by whom, believed for what, until when, and what it allows on the laser."""
    (row,), text = shown(clinic, "t-ines")
    assert (row["name"], row["technician"], row["believed"]) == ("Ines Okafor", "t-ines", True)
    assert row["in_date"] is True
    (laser,) = row["devices"]
    assert laser["device"] == "SIM-0917"
    assert laser["allows"] == ["treatment", "test_spot", "service", "training"]
    assert laser["limits"] == {"diode_current_percent": [None, "60"]}
    for words in (
        "Ines Okafor (t-ines) passed",
        "Maker (https://maker.example/issuer)",
        "its issuer is believed here. For makers Maker, models SimuLase-1; pinned by t-ada.",
        "2020-01-01 to 2099-06-30",
        "names no status list",
        "SIM-0917 Maker SimuLase-1: treatment, test_spot, service, training; diode",
        "diode_current_percent at most 60",
        "by t-ada, entry ",
        row["sha256"],
    ):
        assert words in text


def test_file_is_explained_before_it_is_imported(clinic):
    """A file that nobody imported is judged as it would be, and nothing is recorded."""
    before = len(clinic.entries())
    path = issue(clinic, "t-tom", "--valid-until", "2021-01-01", "--valid-from", "2020-01-01")
    (row,), text = shown(clinic, path)
    assert (row["imported"], row["in_date"], row["days_left"]) == (None, False, 0)
    assert "NOT in date now" in text
    assert "SIM-0917 Maker SimuLase-1: NOTHING." in text
    assert "ran out on 2021-01-01" in text
    assert "not imported" in text
    assert len(clinic.entries()) == before


def test_foreign_certificate_is_explained(clinic):
    """One that is not believed says why, and that it allows nothing."""
    other = ("--id", "urn:other", "--name", "Other Ltd", "--algorithm", "ES256")
    here("trust", "new-issuer", clinic.props / "other.key", *other)
    path = issue(clinic, "t-tom", "--valid-until", "2099-01-01", key="other")
    (row,), text = shown(clinic, path)
    assert row["believed"] is False
    assert "NOT believed here: The document names a key that is not trusted here" in text
    assert row["devices"][0]["allows"] == []


def test_revoked_certificate_is_explained(clinic):
    """Good while its list says nothing; revoked, both status and laser say so."""
    place = ("--status-list", URL, "--status-index", "7", "--valid-until", "2099-01-01")
    path = issue(clinic, "t-tom", *place)
    here("certificate", "import", path, *clinic.by)
    assert "that is not here: it may have been revoked" in shown(clinic, "t-tom")[1]
    revoke = ("certificate", "revoke", clinic.props / "l.jws", "--key", clinic.props / "maker.key")
    here(*revoke, "--url", URL)
    here("trust", "status-list", clinic.props / "l.jws", *clinic.by)
    assert "Good: the newest status lists" in shown(clinic, "t-tom")[1]
    here(*revoke, "--index", 7)
    here("trust", "status-list", clinic.props / "l.jws", *clinic.by)
    (row,), text = shown(clinic, "t-tom")
    assert [one["code"] for one in row["standing"]] == ["certificate_revoked"]
    assert "status    Tom Lind's certificate was revoked by its maker" in text
    assert "NOTHING. Tom Lind's certificate was revoked" in text


@pytest.mark.parametrize("what", ["nobody", "t-tom", "catalogue.jws"])
def test_what_is_no_certificate_is_said(clinic, what):
    """An unknown name, a person without one, and another document: a sentence, no traceback."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "devicelink", "certificate", "show", what),
            *("--data", str(clinic.station)),
        ],
        cwd=clinic.props,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {1, 2}
    assert "certificate" in done.stderr
    assert "Traceback" not in done.stderr
