"""Two persons for trust and roles: what one administrator decides, a second one confirms."""

from __future__ import annotations

import pytest

from devicelink.errors import CertificateError, ConfigError, Refused, SignInFailed
from devicelink.journal.entry import Draft
from devicelink.people.entitlement import judge_entitlement
from devicelink.people.roster import (
    add_person_draft,
    change_person_draft,
    confirm_person_draft,
    find,
    find_state,
    second_needed,
)
from devicelink.people.trust import confirm_draft, in_force, pending


def refusing(facts):
    """The codes that refuse."""
    return {f.code for f in judge_entitlement(facts).findings if f.severity == "refuse"}


@pytest.fixture
def two(clinic):
    """A clinic with a second administrator, t-bea, and the technician t-ines."""
    clinic.add("t-bea", "administrator")
    clinic.set_pin("t-bea")
    clinic.add("t-ines", "technician")
    return clinic


def thumbprint(maker):
    """Of a maker's key."""
    return maker.file.key().thumbprint()


def change(clinic, person, by="t-adm", **changes):
    """Change somebody's roles or class."""
    told = {"roles": None, "operator_class": None, **changes}
    draft = change_person_draft(clinic.state()["people"], person, by=by, **told)
    return clinic.journal.append(draft)


def confirm_person(clinic, person, by):
    """Confirm what waits of a person."""
    return clinic.journal.append(confirm_person_draft(clinic.state()["people"], person, by=by))


def person(clinic, person_id):
    """A person as the rest of the program knows them."""
    return find(clinic.state()["people"], person_id)


def test_people_only_administrators_who_can_sign_in_are_a_second(clinic):
    """One without a PIN could not confirm: nothing waits for them, or for oneself."""
    assert not second_needed(clinic.state()["people"], "t-adm")
    clinic.add("t-bea", "administrator")
    assert not second_needed(clinic.state()["people"], "t-adm")
    clinic.set_pin("t-bea")
    assert second_needed(clinic.state()["people"], "t-adm")
    assert second_needed(clinic.state()["people"], "t-bea")


def test_people_alone_an_administrators_word_holds(clinic, maker):
    """Where there is no second administrator, an issuer is believed at once."""
    entry = clinic.trust(maker)
    assert "needs_confirmation" not in entry.data
    assert set(in_force(clinic.state()["trust"])) == {thumbprint(maker)}


def test_people_issuer_waits_for_a_second_administrator(two, maker):
    """Until another one confirms, nothing that the issuer signed is believed."""
    two.trust(maker)
    trust = two.state()["trust"]
    assert (set(in_force(trust)), set(pending(trust))) == (set(), {thumbprint(maker)})
    for take, compact in (
        (two.take, maker.certificate()),
        (two.take_catalogue, maker.catalogue()),
        (two.take_list, maker.status_list()),
    ):
        with pytest.raises(CertificateError, match="waits for a second administrator"):
            take(compact)
    two.confirm(maker, "t-bea")
    two.take(maker.certificate())
    two.take_catalogue(maker.catalogue())
    assert refusing(two.facts()) == set()
    assert two.facts().certificates[0].issuer.confirmed_by == "t-bea"


def test_people_nobody_confirms_their_own_decision(two, maker):
    """Who added an issuer cannot confirm it, by command or by an entry made in another way."""
    entry = two.trust(maker)
    with pytest.raises(Refused, match="second administrator"):
        confirm_draft(two.state()["trust"], thumbprint(maker), by="t-adm")
    told = {"thumbprint": thumbprint(maker), "confirms": entry.index}
    for actor, role in (("t-adm", "administrator"), ("t-ines", "technician")):
        two.journal.append(Draft("trust.confirmed", told, actor, role))
        assert in_force(two.state()["trust"]) == {}
    stale = {**told, "confirms": entry.index - 1}
    two.journal.append(Draft("trust.confirmed", stale, "t-bea", "administrator"))
    assert in_force(two.state()["trust"]) == {}
    with pytest.raises(ConfigError, match="waits"):
        confirm_draft(two.state()["trust"], "unknown", by="t-bea")


def test_people_wider_scope_waits_and_the_old_one_holds(clinic, maker):
    """A believed issuer keeps its scope until the wider one is confirmed."""
    clinic.trust(maker, models=["A"])
    clinic.add("t-bea", "administrator")
    clinic.set_pin("t-bea")
    clinic.trust(maker, models=["*"], by="t-bea")
    assert in_force(clinic.state()["trust"])[thumbprint(maker)]["models"] == ["A"]
    clinic.confirm(maker, "t-adm")
    trust = clinic.state()["trust"]
    assert in_force(trust)[thumbprint(maker)]["models"] == ["*"]
    assert pending(trust) == {}


def test_people_who_confirmed_an_issuer_gains_no_right(two, maker):
    """Confirming is an act of one's own, too: its technician cannot treat by that issuer."""
    two.add("t-cleo", "administrator", "technician", by="station")
    two.set_pin("t-cleo")
    two.trust(maker)
    two.confirm(maker, "t-cleo")
    two.take(maker.certificate("t-cleo"))
    two.take(maker.certificate("t-ines", credential_id="urn:c:2"))
    two.take_catalogue(maker.catalogue())
    assert refusing(two.facts("t-cleo")) == {"certificate_self_added", "catalogue_self_added"}
    assert refusing(two.facts("t-ines")) == set()


def test_people_added_administrator_waits(two):
    """A third administrator has no role, and cannot sign in, before a second one confirms."""
    people = two.state()["people"]
    draft = add_person_draft("t-eve", "Eve", roles=["administrator"], by="t-adm", people=people)
    two.journal.append(draft)
    two.set_pin("t-eve")
    assert person(two, "t-eve").roles == ()
    with pytest.raises(SignInFailed):
        two.sign_in("t-eve")
    for by in ("t-adm", "t-eve"):
        with pytest.raises(Refused, match="second one does"):
            confirm_person_draft(two.state()["people"], "t-eve", by=by)
    confirm_person(two, "t-eve", "t-bea")
    assert person(two, "t-eve").roles == ("administrator",)
    assert two.sign_in("t-eve").id == "t-eve"
    with pytest.raises(ConfigError, match="Nothing waits"):
        confirm_person_draft(two.state()["people"], "t-eve", by="t-bea")


def test_people_added_technician_waits_for_nobody(two):
    """A technician may do nothing before the maker's certificate is here; a physician waits."""
    people = two.state()["people"]
    plain = add_person_draft("t-a", "A", roles=["technician"], by="t-adm", people=people)
    assert "needs_confirmation" not in plain.data
    doctor = add_person_draft(
        *("t-b", "B"), roles=["technician"], by="t-adm", operator_class="physician", people=people
    )
    two.journal.append(doctor)
    assert person(two, "t-b").operator_class == "other"
    assert person(two, "t-b").roles == ("technician",)
    confirm_person(two, "t-b", "t-bea")
    assert person(two, "t-b").operator_class == "physician"


def test_people_change_of_roles_waits(two):
    """More roles and fewer wait alike; a later decision replaces one that still waits."""
    change(two, "t-ines", roles=["technician", "auditor"])
    assert person(two, "t-ines").roles == ("technician",)
    second = change(two, "t-ines", roles=["auditor"], by="t-bea")
    assert find_state(two.state()["people"], "t-ines").pending.index == second.index
    with pytest.raises(Refused):
        confirm_person(two, "t-ines", "t-bea")
    confirm_person(two, "t-ines", "t-adm")
    assert person(two, "t-ines").roles == ("auditor",)
    assert "role_missing" in refusing(two.facts())


def test_people_forged_confirmations_change_nothing(two):
    """A confirmation of another entry, by a technician, or by the decider, leaves it waiting."""
    decided = change(two, "t-ines", operator_class="physician")
    for actor, role, confirms in (
        ("t-bea", "administrator", decided.index + 1),
        ("t-bea", "technician", decided.index),
        ("t-adm", "administrator", decided.index),
        ("t-ines", "administrator", decided.index),
    ):
        told = {"person": "t-ines", "confirms": confirms}
        two.journal.append(Draft("technician.confirmed", told, actor, role))
        assert person(two, "t-ines").operator_class == "other"


def test_people_last_administrator_stays(clinic):
    """The only administrator with a PIN cannot be made anything less."""
    with pytest.raises(Refused, match="only administrator"):
        change(clinic, "t-adm", roles=["technician"])
    assert change(clinic, "t-adm", roles=["administrator", "technician"])
    assert person(clinic, "t-adm").roles == ("administrator", "technician")


def test_people_older_entries_hold_as_they_did(two, maker):
    """Entries of the first version, which knew no second person, are in force."""
    jwk = {k: v for k, v in maker.file.jwk.items() if k != "d"}
    told = {"issuer": "urn:maker", "name": "Maker Ltd", "jwk": jwk, "makers": ["*"]}
    told |= {"models": ["*"], "thumbprint": thumbprint(maker)}
    two.journal.append(Draft("trust.added", told, "t-adm", "administrator"))
    roles = {"person": "t-ines", "roles": ["technician", "auditor"]}
    two.journal.append(Draft("technician.changed", roles, "t-adm", "administrator"))
    two.take(maker.certificate())
    two.take_catalogue(maker.catalogue())
    assert refusing(two.facts()) == set()
    assert person(two, "t-ines").roles == ("technician", "auditor")


def test_people_tables_follow_two_persons(two, maker):
    """Tables and checked replay agree on what waits and what holds."""
    two.trust(maker)
    change(two, "t-ines", operator_class="physician")
    for name in ("trust", "people"):
        assert two.journal.projection(name) == two.state()[name]
    two.confirm(maker, "t-bea")
    confirm_person(two, "t-ines", "t-bea")
    for name in ("trust", "people"):
        assert two.journal.projection(name) == two.state()[name]
        assert two.journal.rebuild()[name] == two.state()[name]
