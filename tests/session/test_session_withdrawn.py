"""A running session whose certificate, issuer or technician is withdrawn: announced, or dark."""

from __future__ import annotations

import pytest

from tests.clinic import here, wait

URL = "https://maker.example/status/1"


def withdraw(clinic, *words):
    """An administrator withdraws something, in a process of its own."""
    told = ("--reason", "exchanged papers", "--by", "t-ada", "--pin-file", clinic.pin)
    done = clinic.run(*words, *told)
    assert done.returncode == 0, done.stderr


def ended(clinic, session):
    """Exit code and end of a session, and what it said to its person."""
    said, err = session.communicate(timeout=60)
    assert "Traceback" not in err, err
    return session.returncode, clinic.entries("session.closed")[-1].data["end"], said


def thumbprint(clinic):
    """Of the maker's key."""
    return clinic.ask("trust", "list")[1][0]["thumbprint"]


@pytest.fixture
def running(clinic):
    """Ines's session, in READY."""
    session = clinic.start("--for", "6")
    clinic.laser.wait_for("enabled", session)
    return session


@pytest.mark.parametrize("what", ["issuer", "certificate", "technician"])
def test_a_withdrawal_is_announced_and_stops_the_next_session(clinic, running, what):
    """Not for safety: the session says so and goes on to its time; the next one is refused."""
    (certificate,) = clinic.entries("certificate.imported")
    words = {
        "issuer": ("trust", "withdraw", thumbprint(clinic)),
        "certificate": ("certificate", "withdraw", certificate.index),
        "technician": ("technician", "withdraw", "t-ines"),
    }
    withdraw(clinic, *words[what])
    assert clinic.laser.is_now("enabled")
    code, end, said = ended(clinic, running)
    assert (code, end["kind"]) == (0, "time")
    expected = {
        "issuer": "does not believe Maker any more",
        "certificate": "withdrew Ines Okafor's certificate",
        "technician": "is no technician here any more",
    }
    assert f"{expected[what]}. The session ends at the next standby" in " ".join(said.split())
    again = clinic.start("--for", "1")
    again.communicate(timeout=60)
    assert (again.returncode, len(clinic.entries("unlock.intended"))) == (1, 1)


def test_a_withdrawal_for_safety_stops_the_running_session(clinic, running):
    """It is dark and locked before its time, and the record says why."""
    withdraw(clinic, "trust", "withdraw", thumbprint(clinic), "--safety")
    wait(lambda: not clinic.laser.is_now("enabled"), 10)
    code, end, _ = ended(clinic, running)
    assert (code, end["code"], end["kind"]) == (1, "issuer_withdrawn", "hard")


def test_a_paper_is_withdrawn(clinic):
    """A withdrawn attestation is said in the verdict and by `certificate show`."""
    photo = clinic.props / "photo.jpg"
    photo.write_bytes(b"a photo")
    here(
        *("certificate", "attest", "--technician", "t-tom", "--photo", photo, "--number", "4711"),
        *("--issuer", "Paper Maker", "--achievement", "Course", "--driver", "ipg"),
        *("--maker", "Maker", "--model", "SimuLase-1", "--procedure", "treatment"),
        *("--valid-from", "2020-01-01", "--valid-until", "2099-01-01", *clinic.by),
    )
    (attested,) = clinic.entries("certificate.attested")
    withdraw(clinic, "certificate", "withdraw", attested.data["photo_sha256"])
    _, verdict = clinic.ask("session", "check", "SIM-0917", "--technician", "t-tom")
    assert "certificate_withdrawn" in {f["code"] for f in verdict["findings"]}
    assert "the clinic withdrew it" in clinic.run("certificate", "show", "t-tom").stdout
    assert clinic.run("journal", "verify").returncode == 0
