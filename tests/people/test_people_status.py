"""Status lists: revoked, suspended, good, too old, missing, older than known, and broken ones."""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicelink.errors import CertificateError, ConfigError
from devicelink.people import jose
from devicelink.people.certificates import StatusEntry
from devicelink.people.entitlement import EntitlementFacts, judge_entitlement
from devicelink.people.policy import policy_draft
from devicelink.people.statuslist import (
    FEWEST_BITS,
    MOST_BYTES,
    StatusList,
    decode,
    empty_bits,
    encode,
    peek_status_list,
    read_status_list,
)

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
URL = "https://maker.example/status/1"
REVOCATION = StatusEntry(list_url=URL, index="42")
SUSPENSION = StatusEntry(list_url=URL, index="42", purpose="suspension")


def findings(facts):
    """Severity by code, of everything that is said."""
    return {one.code: str(one.severity) for one in judge_entitlement(facts).findings}


def sentence(facts, code):
    """The sentence and remedy of one finding."""
    found = next(one for one in judge_entitlement(facts).findings if one.code == code)
    return f"{found.sentence} {found.remedy}"


def resigned(maker, compact, subject=None, **changes):
    """A list whose signed claims are changed; None takes one out."""
    claims = {**jose.peek(compact)[1], **changes}
    claims["credentialSubject"] = {**claims["credentialSubject"], **(subject or {})}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jose.sign(claims, maker.file.key(), "vc+jwt")


@pytest.fixture
def listed(clinic, maker):
    """A clinic where t-ines's certificate names place 42 of a list, which is here and good."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate(status=[REVOCATION]))
    clinic.take_catalogue(maker.catalogue())
    clinic.take_list(maker.status_list(41, 43))
    return clinic


def test_people_good_list_permits(listed):
    """With a fresh list in which the certificate's place is not set, nothing is said at all."""
    assert findings(listed.facts()) == {}


def test_people_revoked_certificate_refuses(listed, maker):
    """From the import of the list on the verdict refuses, with name, maker's word and way out."""
    listed.take_list(maker.status_list(41, 42, 43, issued_at=START + SECOND))
    facts = listed.facts()
    assert findings(facts) == {"certificate_revoked": "refuse"}
    told = sentence(facts, "certificate_revoked")
    assert "Ines's certificate was revoked by its maker (list of 2026-11-23)." in told
    assert "for ever" in told


def test_people_safety_revocation_says_so(listed, maker):
    """A revocation marked for safety is one, and its sentence says why."""
    listed.take_list(maker.status_list(41, 43, safety=[42], issued_at=START + SECOND))
    assert "revoked by its maker for safety" in sentence(listed.facts(), "certificate_revoked")


def test_people_suspension_comes_and_goes(listed, maker):
    """A suspended certificate refuses until a newer list lifts it."""
    listed.take(maker.certificate(credential_id="urn:c:2", status=[REVOCATION, SUSPENSION]))
    listed.take_list(maker.status_list(42, purpose="suspension"))
    second = listed.facts().certificates[0]
    alone = listed.facts().model_copy(update={"certificates": (second,)})
    assert findings(alone) == {"certificate_suspended": "refuse"}
    listed.take_list(maker.status_list(purpose="suspension", issued_at=START + SECOND))
    assert findings(listed.facts()) == {}


def test_people_missing_list_refuses(clinic, maker):
    """A list that is not here, one of another URL, purpose or maker, all leave it missing."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate(status=[REVOCATION]))
    clinic.take_catalogue(maker.catalogue())
    for changes in ({"list_url": URL + "0"}, {"purpose": "suspension"}):
        clinic.take_list(maker.status_list(**changes))
        assert findings(clinic.facts()) == {"status_list_missing": "refuse"}
    assert "devicelink trust status-list FILE" in sentence(clinic.facts(), "status_list_missing")


def test_people_another_issuers_list_does_not_count(listed, make_maker):
    """A second believed maker can neither revoke nor clear what the first one certified."""
    other = make_maker("other")
    listed.trust(other)
    listed.take_list(other.status_list(42, issued_at=START + SECOND))
    assert findings(listed.facts()) == {}


@pytest.mark.parametrize(
    "entry",
    [
        {"statusListIndex": "131072"},
        {"statusListIndex": "-1"},
        {"statusListIndex": "042"},
        {"statusListIndex": "٤٢"},
        {"statusListIndex": None},
        {"statusPurpose": "refresh"},
        {"statusPurpose": None},
        {"statusSize": 2},
        {"type": "StatusList2021Entry"},
    ],
)
def test_people_status_entry_that_cannot_be_read_refuses(listed, maker, entry):
    """A place outside the list, a purpose or a kind that is not known: closed, not open."""
    status = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "42",
        "statusListCredential": URL,
    }
    claims = jose.peek(maker.certificate(credential_id="urn:c:2"))[1]
    claims["credentialStatus"] = {**status, **entry}
    compact = jose.sign(claims, maker.file.key(), "vc+jwt")
    listed.take(compact)
    facts = listed.facts()
    alone = facts.model_copy(update={"certificates": facts.certificates[:1]})
    assert findings(alone) == {"status_list_missing": "refuse"}


def test_people_too_many_status_entries_are_refused(maker):
    """A certificate with more status lists than a verdict could record is not read."""
    places = [StatusEntry(list_url=f"{URL}{n}", index="1") for n in range(5)]
    with pytest.raises(CertificateError, match="more than 4 status lists"):
        maker.certificate(status=places)


def test_people_list_grows_old(listed):
    """Silent up to half of the maximum age, warned of beyond it, refused from the end of it on."""
    assert findings(listed.facts(judged_at=START + 15 * DAY)) == {}
    old = listed.facts(judged_at=START + 15 * DAY + SECOND)
    assert findings(old) == {"status_list_old": "warn"}
    assert "2026-12-23 09:00 UTC" in sentence(old, "status_list_old")
    assert findings(listed.facts(judged_at=START + 30 * DAY - SECOND)) == {
        "status_list_old": "warn"
    }
    assert findings(listed.facts(judged_at=START + 30 * DAY)) == {"status_list_too_old": "refuse"}


def test_people_old_list_still_revokes(listed, maker):
    """Age takes nothing back: a revoked certificate stays so on a list of any age."""
    listed.take_list(maker.status_list(41, 42, 43, issued_at=START + SECOND))
    assert findings(listed.facts(judged_at=START + 90 * DAY)) == {
        "certificate_revoked": "refuse",
        "status_list_too_old": "refuse",
    }


def test_people_list_ends_when_it_says(listed, maker):
    """A list with an end of its own refuses from then on, though it is young."""
    ending = maker.status_list(41, 43, issued_at=START + SECOND, valid_until=START + DAY)
    listed.take_list(ending)
    assert findings(listed.facts(judged_at=START + DAY - SECOND)) == {}
    assert findings(listed.facts(judged_at=START + DAY)) == {"status_list_too_old": "refuse"}
    told = {code: at for code, _, at in listed.facts().expiries()}
    assert told["status_list_too_old"] == START + DAY


def test_people_age_is_the_clinics_to_decide(listed):
    """The clinic's own number of days holds, and whoever lengthened it gains nothing by it."""
    listed.journal.append(policy_draft("status_list_max_age_days", "60", by="t-adm"))
    assert findings(listed.facts(judged_at=START + 59 * DAY)) == {"status_list_old": "warn"}
    listed.journal.append(policy_draft("status_list_max_age_days", "60", by="t-ines"))
    late = listed.facts(judged_at=START + 31 * DAY)
    assert findings(late) == {"status_list_too_old": "refuse"}
    listed.journal.append(policy_draft("status_list_max_age_days", "2", by="t-ines"))
    assert findings(listed.facts(judged_at=START + 2 * DAY)) == {"status_list_too_old": "refuse"}


@pytest.mark.parametrize("value", ["0", "-1", "366", "1.5", "many", "", "٣"])
def test_people_age_that_cannot_be_is_refused(value):
    """An age is 1 to 365 whole days; there is no way to say for ever, or another policy's name."""
    with pytest.raises(ConfigError):
        policy_draft("status_list_max_age_days", value, by="t-adm")
    with pytest.raises(ConfigError, match="no policy"):
        policy_draft("anything_goes", "1", by="t-adm")


def test_people_edited_age_falls_back_to_the_default(listed):
    """An entry whose value nobody could have set leaves the default in force."""
    from devicelink.journal.entry import Draft

    for value in (None, "60", 0, 10**6, True):
        told = {"name": "status_list_max_age_days", "value": value}
        listed.journal.append(Draft("policy.decided", told, "t-adm", "administrator"))
        assert listed.facts().status_list_max_age_days == 30


def test_people_own_list_gives_no_right(clinic, maker):
    """Who imported the list cannot treat by it."""
    clinic.add("t-ines", "technician", "administrator")
    clinic.trust(maker)
    clinic.take(maker.certificate(status=[REVOCATION]))
    clinic.take_catalogue(maker.catalogue())
    clinic.take_list(maker.status_list(), by="t-ines")
    assert findings(clinic.facts()) == {"status_list_self_added": "refuse"}


def test_people_list_by_an_own_key_gives_no_right(listed, make_maker):
    """A list signed by a key that the person pinned under the maker's name is no way around."""
    own = make_maker("own", issuer="urn:maker")
    listed.trust(own, by="t-ines")
    listed.confirm(own, "t-adm")
    listed.take_list(own.status_list(41, 43, issued_at=START + SECOND))
    assert findings(listed.facts()) == {"status_list_self_added": "refuse"}


def test_people_older_list_is_refused(listed, maker):
    """An older list, and another one of the same second, do not supersede the known one."""
    size = listed.journal.size
    for issued_at in (START - DAY, START):
        with pytest.raises(CertificateError, match="not newer"):
            listed.take_list(maker.status_list(41, 43, issued_at=issued_at))
    assert listed.journal.size == size


def test_people_revocation_is_for_ever(listed, maker):
    """A newer list that takes back a revocation is refused; a longer one that keeps it is not."""
    listed.take_list(maker.status_list(41, 42, 43, issued_at=START + SECOND))
    for bits in (empty_bits(), bytes(FEWEST_BITS // 4)):
        with pytest.raises(CertificateError, match="takes back"):
            listed.take_list(maker.status_list(41, 43, bits=bits, issued_at=START + 2 * SECOND))
    longer = bytes(FEWEST_BITS // 4)
    listed.take_list(maker.status_list(41, 42, 43, bits=longer, issued_at=START + 2 * SECOND))
    assert findings(listed.facts()) == {"certificate_revoked": "refuse"}


def test_people_list_from_the_future_is_refused(listed, maker):
    """A list dated ahead would never grow old: it is neither imported nor relied on."""
    with pytest.raises(CertificateError, match="in the future"):
        listed.take_list(maker.status_list(41, 43, issued_at=START + timedelta(minutes=6)))
    early = listed.facts(judged_at=START - timedelta(minutes=6))
    assert findings(early) == {"status_list_too_old": "refuse"}
    assert "dated in the future" in sentence(early, "status_list_too_old")


def test_people_foreign_and_changed_lists_are_refused(listed, maker, make_maker):
    """Foreign issuer, borrowed name, changed bits, wrong kind: nothing becomes an entry."""
    size = listed.journal.size
    newer = {"issued_at": START + SECOND}
    good = maker.status_list(**newer)
    header, _, signature = good.split(".")
    payload = maker.status_list(42, **newer).split(".")[1]
    for compact in (
        make_maker("stranger").status_list(**newer),
        make_maker("false", issuer="urn:maker").status_list(**newer),
        f"{header}.{payload}.{signature}",
        maker.certificate(),
        maker.catalogue(),
        maker.status_list(issuer="urn:other", **newer),
    ):
        with pytest.raises(CertificateError):
            listed.take_list(compact)
    for take in (listed.take, listed.take_catalogue):
        with pytest.raises(CertificateError):
            take(good)
    assert listed.journal.size == size


def test_people_list_is_checked_again_at_each_verdict(clinic, maker, make_maker):
    """An entry that was never checked at import is found out when a verdict is asked for."""
    from devicelink.people.documents import document_drafts

    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate(status=[REVOCATION]))
    clinic.take_catalogue(maker.catalogue())
    told = {"issuer": "urn:maker", "purpose": "revocation", "list_url": URL}
    other = make_maker("other")
    clinic.trust(other)
    for compact in (
        make_maker("false", issuer="urn:maker").status_list(),
        other.status_list(),
        maker.status_list(list_url=URL + "0"),
        maker.status_list(purpose="suspension"),
        "a.b.c",
    ):
        clinic.journal.append_all(
            document_drafts("status_list.imported", compact, told, by="t-adm")
        )
        assert findings(clinic.facts()) == {"status_list_not_believed": "refuse"}


def test_people_status_is_replayed_from_recorded_facts(listed, maker):
    """Recorded facts name the list's entry and SHA-256, and give the same findings again."""
    listed.take_list(maker.status_list(41, 42, 43, issued_at=START + SECOND))
    facts = listed.facts()
    recorded = json.loads(json.dumps(facts.model_dump(mode="json")))
    again = EntitlementFacts.model_validate(recorded)
    assert judge_entitlement(again) == judge_entitlement(facts)
    status = facts.certificates[0].statuses[0]
    assert listed.journal.entry(status.entry).data["sha256"] == status.sha256


def test_people_facts_of_before_there_were_lists_still_refuse(listed):
    """Facts recorded by the first version, where no list could be known, give their old answer."""
    recorded = listed.facts().model_dump(mode="json")
    del recorded["status_list_max_age_days"]
    for certificate in recorded["certificates"]:
        del certificate["statuses"]
        for place in certificate["claims"]["status"]:
            del place["purpose"]
    again = EntitlementFacts.model_validate(recorded)
    assert findings(again) == {"status_list_missing": "refuse"}


def test_people_bit_0_is_the_most_significant_of_the_first_byte():
    """The order of bits is the standard's: 0 is 0x80 of byte 0, 9 is 0x40 of byte 1."""
    made = StatusList(
        list_url=URL, issuer="urn:m", purpose="revocation", issued_at=START, bits=empty_bits()
    ).changed([0, 9], to=True, safety=False)
    assert made.bits[:3] == bytes([0x80, 0x40, 0])
    assert [made.is_set(n) for n in ("0", "1", "8", "9", "131071", "131072")] == [
        *(True, False, False, True, False, None)
    ]


@given(st.sets(st.integers(0, FEWEST_BITS - 1), max_size=20), st.integers(0, FEWEST_BITS - 1))
def test_people_a_bit_is_where_the_whole_list_as_a_number_has_it(those, asked):
    """Packed and read again, each bit is what one big number, written from the left, says."""
    made = StatusList(
        list_url=URL, issuer="urn:m", purpose="revocation", issued_at=START, bits=empty_bits()
    ).changed(those, to=True, safety=False)
    read = made.model_copy(update={"bits": decode(encode(made.bits))})
    number = sum(1 << (FEWEST_BITS - 1 - index) for index in those)
    assert int.from_bytes(read.bits) == number
    assert read.is_set(str(asked)) is (asked in those)


@pytest.mark.parametrize(
    ("bits", "encoded"),
    [
        (bytes(16_384), "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"),
    ],
)
def test_people_list_of_the_standards_example_is_read(bits, encoded):
    """The `encodedList` that the standard prints in its own example is an empty list."""
    assert decode(encoded) == bits
    assert decode(encode(bits)) == bits


def test_people_unpacking_is_bounded():
    """A bomb of a thousand to one is stopped at 4 MiB; exactly 4 MiB still passes."""
    assert len(decode(encode(bytes(MOST_BYTES)))) == MOST_BYTES
    with pytest.raises(CertificateError, match="longer than"):
        decode(encode(bytes(MOST_BYTES + 1)))
    with pytest.raises(CertificateError, match="longer than"):
        decode(encode(bytes(200 * 1024 * 1024)))


@pytest.mark.parametrize(
    "encoded",
    [
        None,
        "",
        "u",
        7,
        encode(empty_bits())[1:],
        "z" + encode(empty_bits())[1:],
        encode(empty_bits()) + "=",
        encode(empty_bits())[:-8],
        encode(bytes(FEWEST_BITS // 8 - 1)),
        "uAAAA",
        "u" + base64.urlsafe_b64encode(gzip.compress(empty_bits()) + b"more").decode().rstrip("="),
        "u" + base64.urlsafe_b64encode(gzip.compress(empty_bits()) * 2).decode().rstrip("="),
    ],
)
def test_people_broken_lists_are_refused(encoded):
    """Another alphabet, cut off, continued, too short or no GZIP: a sentence each."""
    with pytest.raises(CertificateError):
        decode(encoded)


@pytest.mark.parametrize(
    ("subject", "changes"),
    [
        ({"statusPurpose": "message"}, {}),
        ({"statusPurpose": ["revocation", "suspension"]}, {}),
        ({"statusSize": 2}, {}),
        ({"type": "StatusList2021"}, {}),
        ({"safetyIndexes": [42]}, {}),
        ({"safetyIndexes": [-1]}, {}),
        ({"safetyIndexes": ["41"]}, {}),
        ({"safetyIndexes": [True]}, {}),
        ({"safetyIndexes": [10**30]}, {}),
        ({"safetyIndexes": [41] * 1001}, {}),
        ({}, {"iss": "urn:other"}),
        ({}, {"validFrom": None}),
        ({}, {"validUntil": "2020-01-01T00:00:00Z"}),
        ({}, {"type": ["VerifiableCredential"]}),
        ({}, {"type": [{}]}),
        ({}, {"@context": []}),
        ({}, {"id": "\x1b[31m"}),
        ({}, {"id": None}),
        ({}, {"issuer": None}),
    ],
)
def test_people_list_that_contradicts_itself_is_refused(listed, maker, subject, changes):
    """Unknown purposes and sizes, safety marks that are not set, missing dates: not believed."""
    compact = resigned(
        maker, maker.status_list(41, issued_at=START + SECOND), subject=subject, **changes
    )
    with pytest.raises(CertificateError):
        listed.take_list(compact)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(["@context", "id", "type", "issuer", "validFrom", "validUntil", "iss"]),
    st.sampled_from(["type", "statusPurpose", "encodedList", "safetyIndexes", "statusSize"]),
    json_values,
    st.booleans(),
)
def test_people_any_claim_of_a_list_may_be_anything(name, inner, value, within):
    """Whatever one claim is, a list is read or refused with a sentence."""
    subject = {
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "encodedList": encode(empty_bits()),
    }
    claims = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": URL,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": "urn:m",
        "validFrom": "2026-11-23T09:00:00Z",
        "credentialSubject": {**subject, **({inner: value} if within else {})},
        **({} if within else {name: value}),
    }
    with suppress(CertificateError):
        assert read_status_list({"typ": "vc+jwt"}, claims).purpose in {"revocation", "suspension"}


def noisy_bits():
    """Bits that do not compress, with none of the places that tests ask for set."""
    import random

    return bytes(64) + random.Random(7).randbytes(60_000)


def test_people_long_list_lies_in_numbered_parts(listed, maker):
    """More than 40,000 bytes: parts with number and SHA-256, in one append, then as any other."""
    before = listed.journal.size
    compact = maker.status_list(42, bits=noisy_bits(), issued_at=START + SECOND)
    with pytest.raises(CertificateError, match="takes back"):
        listed.take_list(compact)
    keeps = maker.status_list(41, 42, 43, bits=noisy_bits(), issued_at=START + SECOND)
    listed.take_list(keeps)
    parts = list(listed.journal.entries(start=before))
    assert len(parts) > 2
    assert [one.data["part"] for one in parts] == list(range(1, len(parts) + 1))
    assert {one.data["parts"] for one in parts} == {len(parts)}
    assert len({one.data["sha256"] for one in parts}) == 1
    assert "".join(one.data["jws_part"] for one in parts) == keeps
    facts = listed.facts()
    assert findings(facts) == {"certificate_revoked": "refuse"}
    assert facts.certificates[0].statuses[0].entry == parts[-1].index
    assert peek_status_list(keeps).is_set("42")


def drafts_of(listed, maker):
    """The entries of a long list that revokes Ines's certificate."""
    from devicelink.people.trust import import_status_list

    state = listed.state()
    compact = maker.status_list(41, 42, 43, bits=noisy_bits(), issued_at=START + SECOND)
    known, now = state["status_lists"], listed.runtime.now()
    return import_status_list(compact, state["trust"], known, by="t-adm", now=now)


def test_people_incomplete_document_does_not_count(listed, maker):
    """Without the last part, out of order, mixed, changed or by two people: the old list holds."""
    from dataclasses import replace

    drafts = drafts_of(listed, maker)
    changed = replace(drafts[-1], data={**drafts[-1].data, "jws_part": "x"})
    other_hash = replace(drafts[1], data={**drafts[1].data, "sha256": "0" * 64})
    by_another = replace(drafts[1], actor="t-ines")
    for wrong in (
        drafts[:-1],
        drafts[1:],
        [drafts[0], *drafts[2:]],
        [drafts[1], drafts[0], *drafts[2:]],
        [*drafts[:-1], changed],
        [drafts[0], other_hash, *drafts[2:]],
        [drafts[0], by_another, *drafts[2:]],
    ):
        listed.journal.append_all(wrong)
        assert findings(listed.facts()) == {}
    listed.journal.append_all(drafts)
    assert findings(listed.facts()) == {"certificate_revoked": "refuse"}


def test_people_tables_follow_the_parts(listed, maker):
    """The tables and the checked replay hold the same after parts, complete and not."""
    drafts = drafts_of(listed, maker)
    listed.journal.append_all(drafts[:2])
    listed.journal.append_all(drafts)
    table = listed.journal.projection("status_lists")
    assert table == listed.state()["status_lists"]
    assert listed.journal.rebuild()["status_lists"] == table
