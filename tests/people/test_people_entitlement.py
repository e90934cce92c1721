"""Whether a person is certified for a device: each reason to refuse, and the one way through."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from devicelink.errors import CertificateError
from devicelink.people.entitlement import EntitlementFacts, judge_entitlement

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def codes(facts, severity="refuse"):
    """The codes of what refuses."""
    found = judge_entitlement(facts).findings
    return {finding.code for finding in found if finding.severity == severity}


def finding(facts, code):
    """The finding of that code."""
    return next(one for one in judge_entitlement(facts).findings if one.code == code)


def with_certificate(clinic, maker, compact):
    """A clinic that believes the maker, with t-ines and this one certificate."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(compact)
    clinic.take_catalogue(maker.catalogue())
    return clinic.facts()


def test_people_certified_person_passes(certified):
    """With certificate and catalogue in date nothing refuses; the missing status list is said."""
    assert codes(certified.facts()) == set()
    assert codes(certified.facts(), "warn") == {"no_status_list"}


def test_people_limits_come_with_their_source(certified):
    """The catalogue's limits are given as exact text, with the catalogue's name and version."""
    ((limit, source),) = certified.facts().limits()
    assert tuple(limit) == ("diode_current_percent", "10", "42.5")
    assert source == "the catalogue of Maker Ltd, version 1"


def test_people_expiries_are_the_certificates_and_the_catalogues(certified):
    """What runs out, and when, is told beforehand."""
    told = {code: at for code, _, at in certified.facts().expiries()}
    assert told == {
        "certificate_expired": START + 300 * DAY,
        "catalogue_expired": START + 365 * DAY,
    }


def test_people_judgement_is_replayed_from_recorded_facts(certified):
    """Facts written as JSON and read back give the same findings, and fit into one entry."""
    facts = certified.facts(judged_at=START + 301 * DAY)
    recorded = json.dumps(facts.model_dump(mode="json"))
    again = EntitlementFacts.model_validate(json.loads(recorded))
    assert judge_entitlement(again) == judge_entitlement(facts)
    assert codes(again) == {"certificate_expired"}
    assert len(recorded) < 4_000


def test_people_facts_name_the_entries_they_come_from(certified):
    """Certificate and catalogue are named by index and SHA-256, as the journal has them."""
    facts = certified.facts()
    for one in (facts.certificates[0], facts.catalogues[0]):
        assert certified.journal.entry(one.index).data["sha256"] == one.sha256


def test_people_many_certificates_still_fit_into_one_entry(certified, maker):
    """However many certificates a person collects, the recorded facts stay small."""
    for number in range(40):
        certified.take(maker.certificate(credential_id=f"urn:c:{number}"))
    facts = certified.facts()
    assert codes(facts) == set()
    assert len(json.dumps(facts.model_dump(mode="json"))) < 12_000


def test_people_unknown_person_is_refused(certified):
    """Somebody who is not registered is not judged further."""
    assert codes(certified.facts("t-nobody")) == {"person_unknown"}


def test_people_role_is_needed(certified, maker):
    """An administrator with a certificate is still no technician."""
    certified.take(maker.certificate("t-adm"))
    assert "role_missing" in codes(certified.facts("t-adm"))


def test_people_certificate_is_needed(clinic, maker):
    """Somebody else's certificate helps nobody."""
    clinic.add("t-ines", "technician")
    clinic.add("t-max", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate("t-max"))
    clinic.take_catalogue(maker.catalogue())
    assert codes(clinic.facts("t-ines")) == {"certificate_missing"}
    assert codes(clinic.facts("t-max")) == set()


def test_people_dates_are_judged_at_the_time_given(certified):
    """The first second of validity passes, the second after the last one does not."""
    before, after = START - 30 * DAY, START + 300 * DAY
    second = timedelta(seconds=1)
    assert codes(certified.facts(judged_at=before - second)) == {"certificate_not_yet_valid"}
    assert codes(certified.facts(judged_at=before)) == set()
    assert codes(certified.facts(judged_at=after - second)) == set()
    assert codes(certified.facts(judged_at=after)) == {"certificate_expired"}
    assert "catalogue_expired" in codes(certified.facts(judged_at=START + 365 * DAY))


@pytest.mark.parametrize(
    ("left", "code", "words"),
    [
        (30 * DAY + timedelta(seconds=1), None, None),
        (30 * DAY, "ends_in_30", "ends in 30 days, on 20"),
        (7 * DAY + timedelta(seconds=1), "ends_in_30", "ends in 8 days, on 20"),
        (7 * DAY, "ends_in_7", "ends in 7 days, on 20"),
        (DAY + timedelta(hours=1), "ends_in_7", "ends in 2 days, on 20"),
        (DAY, "ends_in_1", "ends within a day, on 20"),
        (timedelta(seconds=1), "ends_in_1", "ends within a day, on 20"),
        (timedelta(0), None, None),
    ],
)
@pytest.mark.parametrize("what", ["certificate", "catalogue"])
def test_people_ends_are_told_30_7_and_1_days_ahead(certified, what, left, code, words):
    """Certificate and catalogue each warn of their end, more urgently as it comes near."""
    ends = {"certificate": START + 300 * DAY, "catalogue": START + 365 * DAY}[what]
    facts = certified.facts(judged_at=ends - left)
    told = [one for one in judge_entitlement(facts).findings if one.code.startswith(f"{what}_ends")]
    assert [one.code for one in told] == ([f"{what}_{code}"] if code else [])
    for one in told:
        assert one.severity == "warn"
        assert words in one.sentence
        assert "FILE --by ID" in one.remedy


def test_people_sentences_are_for_people(certified):
    """An expired certificate is told with name, laser and date, and with the way out."""
    told = finding(certified.facts(judged_at=START + 301 * DAY), "certificate_expired")
    assert told.sentence == "Ines's certificate for the IPG YLR-SM ran out on 2027-09-19."
    assert "devicelink certificate import FILE" in told.remedy


def test_people_scope_of_the_pin_holds(clinic, maker):
    """An issuer believed for one model is not believed for another, nor for an unknown one."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker, makers=["IPG"], models=["YLR-SM"])
    clinic.take(maker.certificate())
    clinic.take_catalogue(maker.catalogue(models=["*"]))
    assert codes(clinic.facts()) == set()
    assert codes(clinic.facts(model="YAR")) == {"certificate_scope"}
    assert codes(clinic.facts(maker="Other")) == {"certificate_scope"}
    assert codes(clinic.facts(maker=None, model=None)) == {"certificate_scope"}


def test_people_scope_is_that_of_the_key_that_signed(clinic, maker, make_maker):
    """A second key under the same issuer's name keeps its own scope and its own adder."""
    clinic.add("t-ines", "technician", "administrator")
    clinic.trust(maker)
    own = make_maker("own", issuer="urn:maker")
    clinic.trust(own, by="t-ines")
    clinic.confirm(own, "t-adm")
    clinic.take(own.certificate())
    clinic.take_catalogue(maker.catalogue())
    assert codes(clinic.facts()) == {"certificate_self_added"}


@pytest.mark.parametrize("own_act", ["issuer", "certificate", "catalogue"])
def test_people_own_acts_give_no_right(clinic, maker, own_act):
    """Who brought in issuer, certificate or catalogue cannot unlock by it."""
    clinic.add("t-ines", "technician", "administrator")
    who = {"issuer": "t-adm", "certificate": "t-adm", "catalogue": "t-adm", own_act: "t-ines"}
    clinic.trust(maker, by=who["issuer"])
    if who["issuer"] == "t-ines":
        clinic.confirm(maker, "t-adm")
    clinic.take(maker.certificate(), by=who["certificate"])
    clinic.take_catalogue(maker.catalogue(), by=who["catalogue"])
    assert codes(clinic.facts()) & {"certificate_self_added", "catalogue_self_added"}
    assert clinic.facts().certificates


@pytest.mark.parametrize(
    "asked",
    [{"driver": "uc2000"}, {"model": "YAR"}, {"kind": "service"}],
)
def test_people_catalogue_has_to_cover_the_use(certified, asked):
    """Another driver, model or procedure is not covered."""
    assert codes(certified.facts(**asked)) == {"catalogue_not_covering"}


def test_people_named_firmware_has_to_be_the_lasers(clinic, maker):
    """A catalogue that names firmware covers no other, and none that is not known."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate())
    clinic.take_catalogue(maker.catalogue(firmware=["1.2"]))
    assert codes(clinic.facts(firmware="1.2")) == set()
    assert codes(clinic.facts(firmware="1.3")) == {"catalogue_not_covering"}
    assert codes(clinic.facts(firmware=None)) == {"catalogue_not_covering"}


def test_people_operator_class_is_required(clinic, maker):
    """What the maker leaves to physicians, nobody else does."""
    clinic.add("t-ines", "technician")
    clinic.add("t-doc", "technician", operator_class="physician")
    clinic.trust(maker)
    clinic.take(maker.certificate("t-ines"))
    clinic.take(maker.certificate("t-doc"))
    clinic.take_catalogue(maker.catalogue(operator_class="physician"))
    assert codes(clinic.facts("t-ines")) == {"operator_class"}
    assert codes(clinic.facts("t-doc")) == set()


def test_people_catalogue_is_needed(clinic, maker):
    """A certificate alone allows nothing."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate())
    assert codes(clinic.facts()) == {"catalogue_missing"}
    assert clinic.facts().limits() == []


def test_people_another_makers_catalogue_does_not_count(clinic, maker, make_maker):
    """A certificate is read with the catalogue of its own issuer only."""
    clinic.add("t-ines", "technician")
    other = make_maker("other")
    clinic.trust(maker)
    clinic.trust(other)
    clinic.take(maker.certificate())
    clinic.take_catalogue(other.catalogue())
    assert codes(clinic.facts()) == {"catalogue_missing"}


def test_people_named_status_list_that_is_not_here_refuses(clinic, maker):
    """A certificate that could have been revoked is refused while its list is not here."""
    from devicelink.people.certificates import StatusEntry

    status = StatusEntry(list_url="https://maker.example/1", index="4")
    facts = with_certificate(clinic, maker, maker.certificate(status=[status]))
    assert codes(facts) == {"status_list_missing"}


def test_people_any_certificate_that_passes_counts(certified, maker):
    """An expired one beside a good one does no harm, in whatever order they came."""
    certified.take(maker.certificate(credential_id="urn:c:2", valid_until=START - DAY))
    assert codes(certified.facts()) == set()


def test_people_closest_certificate_is_reported(certified, maker):
    """Where none passes, the one with the fewest problems is told, and that the others fail."""
    certified.take(
        maker.certificate(credential_id="urn:c:2", achievement="urn:other", valid_until=START - DAY)
    )
    facts = certified.facts(judged_at=START + 301 * DAY)
    assert codes(facts) == {"certificate_expired"}
    assert "2 certificates" in finding(facts, "other_certificates").sentence


def test_people_signature_is_checked_again_at_each_verdict(clinic, maker, make_maker):
    """An entry that was never checked at import is found out when a verdict is asked for."""
    from devicelink.journal.entry import Draft
    from devicelink.people.documents import sha256

    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    header, payload, _ = maker.certificate().split(".")
    signature = maker.certificate(credential_id="urn:c:2").split(".")[2]
    stranger = make_maker("stranger").certificate()
    for index, (compact, code) in enumerate(
        [
            (f"{header}.{payload}.{signature}", "certificate_signature"),
            (stranger, "certificate_issuer_unknown"),
            (maker.certificate("t-max"), "certificate_wrong_subject"),
        ]
    ):
        person = f"t-p{index}"
        clinic.add(person, "technician")
        data = {"jws": compact, "sha256": sha256(compact), "technician": person}
        clinic.journal.append(Draft("certificate.imported", data, "t-adm", "administrator"))
        assert code in codes(clinic.facts(person))


def test_people_several_covering_entries_all_limit(clinic, maker):
    """Limits only narrow: where two entries cover a use, the bounds of both hold."""
    from devicelink.people.certificates import Catalogue, issue_catalogue, read_catalogue
    from devicelink.people.jose import peek

    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate())
    entry = read_catalogue(*peek(maker.catalogue())).entries[0].model_dump()
    other = {**entry, "models": ["*"], "limits": {"diode_current_percent": {"max": "30"}}}
    catalogue = Catalogue.model_validate(
        {
            "issuer": "urn:maker",
            "version": 2,
            "issued_at": START,
            "valid_until": START + DAY,
            "entries": [entry, other],
        }
    )
    clinic.take_catalogue(issue_catalogue(maker.file.key(), catalogue))
    assert [limit.highest for limit, _ in clinic.facts().limits()] == ["42.5", "30"]


def test_people_unsigned_text_never_becomes_an_entry(clinic, maker, make_maker):
    """Foreign issuer, unknown person, changed document and wrong kind are refused at import."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    before = clinic.journal.size
    for compact in (
        make_maker("stranger").certificate(),
        make_maker("false", issuer="urn:maker").certificate(),
        maker.certificate("t-nobody"),
        maker.certificate()[:-3] + "AAA",
        maker.catalogue(),
    ):
        with pytest.raises(CertificateError):
            clinic.take(compact)
    with pytest.raises(CertificateError):
        clinic.take_catalogue(maker.certificate())
    assert clinic.journal.size == before


def test_people_key_cannot_sign_for_another_issuer(clinic, maker):
    """A pinned key that signs in the name of another issuer is refused."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    with pytest.raises(CertificateError, match="another one signed"):
        clinic.take(maker.certificate(issuer="urn:other"))


def test_people_catalogue_by_an_own_key_gives_no_right(clinic, maker, make_maker):
    """A catalogue signed by a key that the person pinned is no way around the maker's."""
    clinic.add("t-ines", "technician", "administrator")
    clinic.trust(maker)
    own = make_maker("own", issuer="urn:maker")
    clinic.trust(own, by="t-ines")
    clinic.confirm(own, "t-adm")
    clinic.take(maker.certificate())
    clinic.take_catalogue(own.catalogue())
    assert codes(clinic.facts()) == {"catalogue_self_added"}


def test_people_catalogues_of_two_makers_are_not_mixed(clinic, maker, make_maker):
    """One maker's catalogue says nothing about the other's certificate, though both are held."""
    clinic.add("t-ines", "technician")
    other = make_maker("other")
    clinic.trust(maker)
    clinic.trust(other)
    clinic.take(maker.certificate())
    clinic.take(other.certificate(achievement="urn:other:course"))
    clinic.take_catalogue(other.catalogue())
    assert codes(clinic.facts()) & {"catalogue_missing", "catalogue_not_covering"}


def test_people_judgement_does_not_rely_on_how_facts_were_gathered(certified):
    """Recorded facts for another driver or person are refused by the judgement itself."""
    facts = certified.facts()
    assert codes(facts.model_copy(update={"driver": "nkt"})) == {"catalogue_not_covering"}
    assert codes(facts.model_copy(update={"person": "t-max"})) == {"certificate_wrong_subject"}


def test_people_a_good_certificate_is_not_crowded_out(certified, maker):
    """Many newer certificates that have run out do not hide the older one that is good."""
    for number in range(9):
        expired = maker.certificate(credential_id=f"urn:c:{number}", valid_until=START - DAY)
        certified.take(expired)
    assert codes(certified.facts()) == set()


def test_people_newest_of_equal_certificates_counts(certified, maker):
    """Of two certificates that both pass, the one imported last tells when the right ends."""
    certified.take(maker.certificate(credential_id="urn:c:2", valid_until=START + 400 * DAY))
    told = {code: at for code, _, at in certified.facts().expiries()}
    assert told["certificate_expired"] == START + 400 * DAY
    facts = certified.facts()
    turned = facts.model_copy(update={"certificates": facts.certificates[::-1]})
    assert turned.expiries() == facts.expiries()


def test_people_facts_hold_only_what_the_catalogue_says_of_this_use(clinic, maker):
    """Entries about other drivers or other courses are not recorded with each verdict."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate())
    clinic.take_catalogue(maker.catalogue(1, achievement="urn:other"))
    assert clinic.facts().catalogues[0].entries == ()
    clinic.take_catalogue(maker.catalogue(2, driver="nkt"))
    assert clinic.facts().catalogues[0].entries == ()
    clinic.take_catalogue(maker.catalogue(3))
    assert len(clinic.facts().catalogues[0].entries) == 1
