"""Paper certificates: attested by the clinic, allowed by two persons' policy alone, always said."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from devicelink.errors import ConfigError, Refused
from devicelink.journal.entry import Draft
from devicelink.people.attestation import attestation_draft
from devicelink.people.entitlement import EntitlementFacts, judge_entitlement
from devicelink.people.policy import attestation_policy, confirm_policy_draft, policy_draft

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PHOTO = b"a photo"
POLICY = "attested_by_clinic"


def codes(facts, severity="refuse"):
    """The codes of one severity."""
    return {f.code for f in judge_entitlement(facts).findings if f.severity == severity}


def attest(clinic, technician="t-ines", by="t-adm", **changes):
    """An administrator attests a paper certificate."""
    told = {
        "number": "4711",
        "issuer_name": "Paper Maker",
        "achievement": "Course of 2024",
        "photo": PHOTO,
        "valid_from": START - DAY,
        "valid_until": START + 100 * DAY,
        "driver": "ipg",
        "maker": "IPG",
        "models": ["YLR-SM"],
        "procedures": ["treatment"],
        **changes,
    }
    people = clinic.state()["people"]
    draft = attestation_draft(people, technician=technician, by=by, **told)
    return clinic.journal.append(draft)


def decide(clinic, value="allowed", by="t-adm", confirmed_by="t-doc"):
    """The clinic's policy on paper, decided and perhaps confirmed."""
    clinic.journal.append(policy_draft(POLICY, value, by=by))
    if confirmed_by is not None:
        draft = confirm_policy_draft(clinic.state()["policy"], POLICY, by=confirmed_by)
        clinic.journal.append(draft)


@pytest.fixture
def paper(clinic):
    """A clinic with a medical provider and the technician t-ines, whose certificate is paper."""
    clinic.add("t-doc", "provider")
    clinic.add("t-ines", "technician")
    attest(clinic)
    return clinic


def test_people_paper_counts_by_two_persons_policy_alone(paper):
    """Refused by default; refused while only decided; permitted, and said, when confirmed."""
    assert codes(paper.facts()) == {"attested_not_allowed"}
    decide(paper, confirmed_by=None)
    assert codes(paper.facts()) == {"attested_not_allowed"}
    paper.journal.append(confirm_policy_draft(paper.state()["policy"], POLICY, by="t-doc"))
    assert codes(paper.facts()) == set()
    assert codes(paper.facts(), "warn") == {"attested_by_clinic", "no_status_list"}
    said = judge_entitlement(paper.facts()).findings[0].sentence
    assert "4711 of Paper Maker is on paper, seen by t-adm" in said
    decide(paper, "refused", confirmed_by=None)
    assert codes(paper.facts()) == {"attested_not_allowed"}


def test_people_deciding_again_needs_a_new_confirmation(paper):
    """A confirmation is of one decision; the next one waits again."""
    decide(paper)
    decide(paper, confirmed_by=None)
    assert not attestation_policy(paper.state()["policy"]).allowed


def test_people_nobody_confirms_their_own_policy(paper):
    """Not who decided it, not in another role, not an entry that confirms another decision."""
    decide(paper, confirmed_by=None)
    with pytest.raises(Refused, match="second person"):
        confirm_policy_draft(paper.state()["policy"], POLICY, by="t-adm")
    index = paper.state()["policy"][POLICY]["index"]
    for actor, role, confirms in (
        ("t-adm", "provider", index),
        ("t-doc", "administrator", index),
        ("t-doc", "provider", index - 1),
    ):
        told = {"name": POLICY, "confirms": confirms}
        paper.journal.append(Draft("policy.confirmed", told, actor, role))
        assert codes(paper.facts()) == {"attested_not_allowed"}
    with pytest.raises(ConfigError, match="waits"):
        confirm_policy_draft(paper.state()["policy"], "status_list_max_age_days", by="t-doc")


def test_people_paper_never_counts_for_who_had_a_hand_in_it(clinic):
    """Not for whom it is about, who saw it, who decided the policy, nor who confirmed it."""
    clinic.add("t-doc", "provider", "technician")
    clinic.add("t-ines", "administrator", "technician")
    with pytest.raises(Refused, match="of their own"):
        attest(clinic, by="t-ines")
    attest(clinic, "t-doc")
    attest(clinic, "t-ines")
    decide(clinic, by="t-ines")
    assert codes(clinic.facts("t-doc")) == {"attested_self_allowed"}
    assert codes(clinic.facts("t-ines")) == {"attested_self_allowed"}
    told = {**clinic.journal.entry(clinic.journal.size - 4).data, "technician": "t-ines"}
    clinic.journal.append(Draft("certificate.attested", told, "t-ines", "administrator"))
    assert "certificate_self_added" in codes(
        clinic.facts("t-ines").model_copy(
            update={"certificates": clinic.facts("t-ines").certificates[:1]}
        )
    )


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"driver": "uc2000"}, "catalogue_not_covering"),
        ({"kind": "service"}, "catalogue_not_covering"),
        ({"maker": "Other"}, "certificate_scope"),
        ({"model": "YAR"}, "certificate_scope"),
        ({"judged_at": START + 100 * DAY}, "certificate_expired"),
        ({"judged_at": START - 2 * DAY}, "certificate_not_yet_valid"),
    ],
)
def test_people_paper_allows_what_it_says_alone(paper, asked, code):
    """Another driver, kind, maker, model or date is refused as with any certificate."""
    decide(paper)
    assert code in codes(paper.facts(**asked))


def test_people_signed_certificate_counts_first(paper, maker):
    """Where both are enough the maker's word counts, and no receipt speaks of paper."""
    decide(paper)
    paper.trust(maker)
    paper.take(maker.certificate())
    paper.take_catalogue(maker.catalogue())
    attest(paper, number="4712")
    chosen = judge_entitlement(paper.facts())
    assert chosen.certificate.attested is None
    assert "attested_by_clinic" not in codes(paper.facts(), "warn")


@pytest.mark.parametrize(
    "changes",
    [
        {"photo": b""},
        {"number": ""},
        {"number": "\x1b[31m"},
        {"issuer_name": ""},
        {"models": []},
        {"models": ["*"]},
        {"procedures": []},
        {"procedures": ["*"]},
        {"maker": "*"},
        {"models": ["m" * 300] * 12},
        {"valid_until": START - DAY},
        {"technician": "t-nobody"},
    ],
)
def test_people_paper_with_a_gap_cannot_be_attested(paper, changes):
    """Photo, number, issuer, models, procedures and dates are all there, and never `*`."""
    size = paper.journal.size
    with pytest.raises(ConfigError):
        attest(paper, **changes)
    assert paper.journal.size == size


def test_people_attestation_is_recorded_and_replayed(paper):
    """The entry holds number, who saw it and the photo's SHA-256; facts replay to the same."""
    decide(paper)
    facts = paper.facts()
    attested = paper.journal.entry(facts.certificates[0].index)
    assert (attested.type, attested.actor) == ("certificate.attested", "t-adm")
    assert attested.data["photo_sha256"] == hashlib.sha256(PHOTO).hexdigest()
    assert attested.data["number"] == "4711"
    recorded = json.loads(json.dumps(facts.model_dump(mode="json")))
    again = EntitlementFacts.model_validate(recorded)
    assert judge_entitlement(again) == judge_entitlement(facts)
    for name in ("attestations", "policy"):
        assert paper.journal.projection(name) == paper.state()[name]
