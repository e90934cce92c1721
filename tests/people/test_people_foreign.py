"""Certificates and status lists that another Open Badges 3.0 implementation made (foreign/)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devicelink.errors import CertificateError
from devicelink.people.judgement import judge_entitlement
from devicelink.people.trust import read_document, read_issuer_file
from tests.people.conftest import START, Maker

FOREIGN = Path(__file__).parent / "foreign"
MADE = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
KINDS = ("ed25519", "es256", "rs256")


def document(name):
    """One of the documents."""
    return read_document(FOREIGN / f"{name}.jws")


def refusing(facts):
    """The codes that refuse."""
    return {f.code for f in judge_entitlement(facts).findings if f.severity == "refuse"}


@pytest.fixture(params=KINDS)
def kind(request):
    """The foreign issuer's kind of key."""
    return request.param


@pytest.fixture
def foreign(clinic, runtime, kind):
    """A clinic that believes the foreign issuer, on the day its documents were made."""
    runtime.passed_s = (MADE - START).total_seconds()
    clinic.add("t-tom", "technician")
    issuer = read_issuer_file(FOREIGN / f"issuer-{kind}.pub")
    clinic.trust(Maker(issuer, FOREIGN))
    return clinic


def test_people_foreign_certificate_is_imported_and_believed(foreign, kind):
    """It says of whom, what and until when; its list is asked for until it is here."""
    foreign.take(document(f"certificate-{kind}"))
    (found,) = foreign.facts("t-tom").certificates
    assert (found.problem, found.issuer.name) == (None, "Badges Example")
    assert found.claims.achievement_name == "Resurfacing with the SimuLase-1"
    assert found.claims.valid_until == datetime(2099, 6, 30, tzinfo=UTC)
    assert refusing(foreign.facts("t-tom")) == {"status_list_missing", "catalogue_missing"}
    foreign.take_list(document(f"list-good-{kind}"))
    assert refusing(foreign.facts("t-tom")) == {"catalogue_missing"}


def test_people_foreign_list_revokes(foreign, kind):
    """Their next list sets the place, and the one after it marks it for safety."""
    foreign.take(document(f"certificate-{kind}"))
    foreign.take_list(document(f"list-good-{kind}"))
    foreign.take_list(document(f"list-revoked-{kind}"))
    assert "certificate_revoked" in refusing(foreign.facts("t-tom"))
    assert not foreign.facts("t-tom").certificates[0].statuses[0].safety
    foreign.take_list(document(f"list-safety-{kind}"))
    assert foreign.facts("t-tom").certificates[0].statuses[0].safety
    with pytest.raises(CertificateError, match="not newer"):
        foreign.take_list(document(f"list-good-{kind}"))


def test_people_foreign_header_key_alone_is_not_believed(clinic):
    """The key that their header carries is compared with the pinned ones, never trusted."""
    clinic.add("t-tom", "technician")
    head = json.loads(base64.urlsafe_b64decode(document("certificate-es256").split(".")[0] + "=="))
    assert "jwk" in head
    with pytest.raises(CertificateError):
        clinic.take(document("certificate-es256"))
