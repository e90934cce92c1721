"""A certificate withdrawn by its maker: the next session is refused, and the running one ends."""

from __future__ import annotations

import json

import pytest

from tests.clinic import ACHIEVEMENT, here, wait

URL = "https://maker.example/status/1"
WITHIN_NS = 2_000_000_000


def outcome(session):
    """Exit code and JSON of a session's process."""
    out, err = session.communicate(timeout=60)
    assert "Traceback" not in err, err
    return session.returncode, json.loads(out)


def sign_list(clinic, *more):
    """The maker signs its list anew; a list of suspensions in a file of its own."""
    path = clinic.props / ("suspended.jws" if "--suspend" in more else "revoked.jws")
    words = ("--key", clinic.props / "maker.key", "--url", URL, *more)
    here("certificate", "revoke", path, *words)
    return path


def bring_in(clinic, path):
    """An administrator imports a list, in a process of its own."""
    done = clinic.run("trust", "status-list", path, "--by", "t-ada", "--pin-file", clinic.pin)
    assert done.returncode == 0, done.stderr


def check(clinic):
    """What a check says of Tom now: the exit code, and the codes that refuse."""
    code, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-tom")
    return code, {f["code"] for f in verdict["findings"] if f["severity"] == "refuse"}


@pytest.fixture
def listed(clinic):
    """Tom's only certificate names place 7 of two lists, which are here and good."""
    output = clinic.props / "listed.jws"
    here(
        *("certificate", "issue", "--key", clinic.props / "maker.key", "--technician", "t-tom"),
        *("--achievement", ACHIEVEMENT, "--valid-until", "2099-06-30", "--output", output),
        *("--status-list", URL, "--suspension-list", URL, "--status-index", "7"),
    )
    here("certificate", "import", output, *clinic.by)
    for path in (sign_list(clinic), sign_list(clinic, "--suspend")):
        here("trust", "status-list", path, *clinic.by)
    return clinic


@pytest.fixture
def running(listed):
    """Tom's session, in READY."""
    session = listed.start("--technician", "t-tom", "--for", "5", "--json")
    listed.laser.wait_for("enabled", session)
    return session


def test_a_revocation_stops_the_next_session(listed, running):
    """Revoked in mid-session, the session may finish; the next one is refused."""
    assert listed.laser.is_now("enabled")
    bring_in(listed, sign_list(listed, "--index", "7"))
    code, ran = outcome(running)
    assert (code, ran["end"]["kind"], ran["confirmed_locked"]) == (0, "time", True)
    assert check(listed) == (1, {"certificate_revoked"})
    again = listed.start("--technician", "t-tom", "--for", "1", "--json")
    code, ran = outcome(again)
    assert (code, ran["end"]["kind"]) == (1, "refused")
    assert "was revoked by its maker" in ran["end"]["sentence"]


def test_a_revocation_is_announced_to_the_person(listed):
    """Revoked, but not for safety: the light stays, and the person is told until when."""
    session = listed.start("--technician", "t-tom", "--for", "5")
    listed.laser.wait_for("enabled", session)
    bring_in(listed, sign_list(listed, "--index", "7"))
    assert listed.laser.is_now("enabled")
    said, _ = session.communicate(timeout=60)
    told = "revoked by its maker (list of"
    assert told in said
    assert "The session ends at the next standby, in ten minutes at most." in said
    assert session.returncode == 0


def test_a_safety_revocation_stops_the_running_session(listed, running):
    """Imported by another process, it is dark within two seconds; the record says why."""
    bring_in(listed, sign_list(listed, "--index", "7", "--safety"))
    wait(lambda: not listed.laser.is_now("enabled"), 10)
    code, ran = outcome(running)
    assert (code, ran["end"]["code"], ran["end"]["kind"]) == (1, "safety_revocation", "hard")
    assert "revoked by its maker for safety" in ran["end"]["sentence"]
    assert ran["confirmed_locked"] is True
    imported_ns = listed.entries("status_list.imported")[-1].mono_ns
    dark_ns = [e["mono_ns"] for e in listed.laser.truth() if e["event"] == "disabled"][-1]
    assert dark_ns - imported_ns < WITHIN_NS
    assert check(listed) == (1, {"certificate_revoked"})


def test_another_places_safety_revocation_stops_nobody(listed, running):
    """A safety revocation of somebody else's certificate leaves the running session alone."""
    bring_in(listed, sign_list(listed, "--index", "8", "--safety"))
    assert outcome(running)[1]["end"]["kind"] == "time"


def test_a_suspension_refuses_until_it_is_lifted(listed):
    """A suspended certificate is refused, and good again with the list that lifts it."""
    bring_in(listed, sign_list(listed, "--suspend", "--index", "7"))
    assert check(listed) == (1, {"certificate_suspended"})
    bring_in(listed, sign_list(listed, "--suspend", "--lift", "--index", "7"))
    assert check(listed) == (0, set())
