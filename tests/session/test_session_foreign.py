"""A session by a certificate that another Open Badges 3.0 implementation made, and its end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.clinic import CATALOGUE, here, wait

FOREIGN = Path(__file__).parents[1] / "people" / "foreign"
URL = "https://badges.example/status/revocation"
INDEX = "7"


def sign_list(clinic, *more):
    """The issuer dates its list anew: the fixtures' own lists would be too old one day."""
    path = clinic.props / "foreign-list.jws"
    here("certificate", "revoke", path, "--key", clinic.props / "foreign.key", "--url", URL, *more)
    return path


def bring_in(clinic, path):
    """An administrator imports a list, in a process of its own."""
    done = clinic.run("trust", "status-list", path, "--by", "t-ada", "--pin-file", clinic.pin)
    assert done.returncode == 0, done.stderr


def outcome(session):
    """Exit code and end of a session's process."""
    out, err = session.communicate(timeout=60)
    assert "Traceback" not in err, err
    return session.returncode, json.loads(out)["end"]


@pytest.fixture
def foreign(clinic):
    """Tom's only certificate is the foreign one, of Ed25519; its issuer is believed."""
    key = clinic.props / "foreign.key"
    shutil.copyfile(FOREIGN / "issuer-ed25519.key", key)
    key.chmod(0o600)
    words = CATALOGUE.replace(
        "https://maker.example/resurfacing", "https://badges.example/achievements/resurfacing"
    )
    (clinic.props / "foreign.toml").write_text(words)
    catalogue = clinic.props / "foreign-catalogue.jws"
    here(
        *("catalogue", "issue", clinic.props / "foreign.toml", "--key", key, "--version", 1),
        *("--valid-until", "2099-12-31", "--output", catalogue),
    )
    scope = ("--maker", "Maker", "--model", "SimuLase-1")
    here("trust", "add", FOREIGN / "issuer-ed25519.pub", *scope, *clinic.by)
    here("trust", "catalogue", catalogue, *clinic.by)
    here("certificate", "import", FOREIGN / "certificate-ed25519.jws", *clinic.by)
    bring_in(clinic, sign_list(clinic))
    return clinic


@pytest.fixture
def running(foreign):
    """Tom's session, in READY."""
    session = foreign.start("--technician", "t-tom", "--for", "5", "--json")
    foreign.laser.wait_for("enabled", session)
    return session


def test_a_foreign_certificate_permits_until_it_is_revoked(foreign, running):
    """The session runs to its time; revoked meanwhile, the next one is refused."""
    bring_in(foreign, sign_list(foreign, "--index", INDEX))
    code, end = outcome(running)
    assert (code, end["kind"]) == (0, "time")
    code, end = outcome(foreign.start("--technician", "t-tom", "--for", "1", "--json"))
    assert (code, end["kind"]) == (1, "refused")
    assert "was revoked by its maker" in end["sentence"]


def test_a_foreign_safety_revocation_stops_the_running_session(foreign, running):
    """Marked for safety, it is dark and locked before its time."""
    bring_in(foreign, sign_list(foreign, "--index", INDEX, "--safety"))
    wait(lambda: not foreign.laser.is_now("enabled"), 10)
    code, end = outcome(running)
    assert (code, end["code"], end["kind"]) == (1, "safety_revocation", "hard")
