"""What the clinic withdraws itself: an issuer, a certificate, a paper, a technician."""

from __future__ import annotations

import pytest

from devicelink.errors import CertificateError, ConfigError, Refused
from devicelink.journal.entry import Draft
from devicelink.people.judgement import judge_entitlement
from devicelink.people.roster import change_person_draft, find
from devicelink.people.trust import in_force, pending
from devicelink.people.withdrawal import (
    Word,
    withdraw_certificate,
    withdraw_issuer,
    withdraw_technician,
    withdrawals,
)

WORD = Word("t-adm", "0" * 64, safety=False)


def refusing(facts):
    """The codes that refuse."""
    return {f.code for f in judge_entitlement(facts).findings if f.severity == "refuse"}


def thumbprint(maker):
    """Of a maker's key."""
    return maker.file.key().thumbprint()


def withdraw_maker(clinic, maker, word=WORD):
    """The maker's key is believed no more."""
    draft = withdraw_issuer(clinic.state()["trust"], thumbprint(maker), word)
    return clinic.journal.append(draft)


def test_people_a_withdrawn_issuers_documents_count_no_more(certified, maker, make_maker):
    """Certificate and catalogue are refused with who withdrew it; other issuers' stand."""
    other = make_maker("other")
    certified.trust(other)
    certified.add("t-tom", "technician")
    certified.take(other.certificate("t-tom"))
    certified.take_catalogue(other.catalogue())
    withdraw_maker(certified, maker)
    refused = refusing(certified.facts())
    assert {"certificate_issuer_unknown", "catalogue_not_believed"} < refused
    (found,) = certified.facts().certificates
    assert "withdrew its issuer Maker Ltd" in found.problem
    assert "t-adm" in found.problem
    with pytest.raises(CertificateError, match="withdrew"):
        certified.take(maker.certificate(credential_id="urn:c:2"))
    assert refusing(certified.facts("t-tom")) == set()


def test_people_a_withdrawn_issuer_comes_back_the_full_way_alone(certified, maker):
    """It waits for a second administrator again; what it signed counts again from then on."""
    certified.add("t-bea", "administrator")
    certified.set_pin("t-bea")
    withdraw_maker(certified, maker)
    certified.trust(maker, by="t-bea")
    trust = certified.state()["trust"]
    assert (in_force(trust), set(pending(trust))) == ({}, {thumbprint(maker)})
    assert refusing(certified.facts()) != set()
    certified.confirm(maker, "t-adm")
    assert refusing(certified.facts()) == set()


def test_people_what_waits_is_withdrawn_too(clinic, maker):
    """An issuer that waits for a second administrator cannot be confirmed after that."""
    clinic.add("t-bea", "administrator")
    clinic.set_pin("t-bea")
    clinic.trust(maker)
    withdraw_maker(clinic, maker)
    assert pending(clinic.state()["trust"]) == {}
    with pytest.raises(ConfigError, match="waits"):
        clinic.confirm(maker, "t-bea")


def test_people_a_withdrawn_certificate_is_refused_and_another_counts(certified, maker):
    """It is named by hash or by entry, once; a second certificate of the person still counts."""
    entry = certified.take(maker.certificate(credential_id="urn:c:2"))
    first = certified.facts().certificates[-1]
    for what in (first.sha256, str(entry.index)):
        certified.journal.append(withdraw_certificate(certified.state(), what, WORD))
        with pytest.raises(ConfigError, match="No certificate"):
            withdraw_certificate(certified.state(), what, WORD)
        expected = set() if what == first.sha256 else {"certificate_withdrawn"}
        assert refusing(certified.facts()) == expected


def test_people_a_withdrawn_technician_keeps_other_roles(certified):
    """The role technician is gone at once, and a grant that waits with it."""
    certified.add("t-bea", "administrator")
    certified.set_pin("t-bea")
    people = certified.state()["people"]
    roles = ["technician", "auditor"]
    waits = change_person_draft(people, "t-ines", roles=roles, operator_class=None, by="t-bea")
    certified.journal.append(waits)
    certified.journal.append(withdraw_technician(certified.state()["people"], "t-ines", WORD))
    assert find(certified.state()["people"], "t-ines").roles == ()
    assert certified.state()["people"]["t-ines"]["pending"] is None
    assert "role_missing" in refusing(certified.facts())
    with pytest.raises(Refused, match="nothing to withdraw"):
        withdraw_technician(certified.state()["people"], "t-ines", WORD)


def test_people_nobody_but_an_administrator_withdraws(certified, maker):
    """Entries made in another way, under another role, withdraw nothing."""
    (found,) = certified.facts().certificates
    for kind, told in (
        ("trust.withdrawn", {"thumbprint": thumbprint(maker), "name": "Maker"}),
        ("certificate.withdrawn", {"sha256": found.sha256, "technician": "t-ines"}),
        ("technician.withdrawn", {"person": "t-ines"}),
    ):
        certified.journal.append(Draft(kind, told, "t-ines", "technician"))
    assert refusing(certified.facts()) == set()


def test_people_a_running_session_hears_what_it_lost(certified, maker):
    """Each withdrawal names its code, and whether it is for safety; nothing lost, nothing said."""
    (found,) = certified.facts().certificates

    def lost():
        return {(w.code, w.safety) for w in withdrawals(certified.state(), "t-ines", found)}

    assert lost() == set()
    certified.journal.append(
        withdraw_certificate(certified.state(), found.sha256, WORD._replace(safety=True))
    )
    assert lost() == {("certificate_withdrawn", True)}
    withdraw_maker(certified, maker)
    certified.journal.append(withdraw_technician(certified.state()["people"], "t-ines", WORD))
    assert lost() == {
        ("certificate_withdrawn", True),
        ("issuer_withdrawn", False),
        ("role_withdrawn", False),
    }


def test_people_tables_follow_withdrawals(certified, maker):
    """Tables, checked replay and rebuild agree on what was withdrawn."""
    (found,) = certified.facts().certificates
    certified.journal.append(withdraw_certificate(certified.state(), found.sha256, WORD))
    withdraw_maker(certified, maker)
    certified.journal.append(withdraw_technician(certified.state()["people"], "t-ines", WORD))
    for name in ("trust", "certificates", "people"):
        assert certified.journal.projection(name) == certified.state()[name]
        assert certified.journal.rebuild()[name] == certified.state()[name]
