"""What a verdict has to know of a person, gathered from hash-checked states; judged elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import CertificateError
from devicelink.people import policy, roster
from devicelink.people.attestation import attestations
from devicelink.people.documents import whole
from devicelink.people.judgement import (
    CatalogueFacts,
    CertificateFacts,
    EntitlementFacts,
    IssuerFacts,
    judge_entitlement,
)
from devicelink.people.standing import StatusFacts
from devicelink.people.statuslist import list_key
from devicelink.people.trust import (
    believed_catalogue,
    believed_claims,
    believed_status_list,
    names_pinned_key,
    peek_claims,
    require_issuer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from devicelink.people.certificates import Claims

    States = Mapping[str, Mapping[str, object]]

__all__ = ["EntitlementFacts", "gather_entitlement", "judge_entitlement"]

MOST_CERTIFICATES = 8
"""Of one person in one verdict: the facts have to fit into one entry."""


def gather_entitlement(
    state: Mapping[str, States],
    *,
    person_id: str,
    driver: str,
    maker: str | None,
    model: str | None,
    firmware: str | None,
    kind: str,
    judged_at: datetime,
    only: CertificateFacts | None = None,
) -> EntitlementFacts:
    """Everything known of one person for one device, from hash-checked states.

    `only` is the one certificate that counts, where somebody asks about that one.
    """
    person = roster.find(state["people"], person_id)
    found = [only] if only is not None else list(_certificates(state, person_id))
    if only is None:
        found += attested_facts(state, person_id)
    certificates = _best(found, judged_at)
    return EntitlementFacts(
        person=person_id,
        name=person.name if person else None,
        roles=person.roles if person else (),
        operator_class=person.operator_class if person else "other",
        driver=driver,
        maker=maker,
        model=model,
        firmware=firmware,
        kind=kind,
        judged_at=judged_at,
        certificates=certificates,
        catalogues=tuple(_catalogues(state, driver, certificates)),
        attestation_policy=policy.attestation_policy(state["policy"]),
        status_list_max_age_days=policy.max_age_days(state["policy"], person_id),
    )


def _certificates(state: Mapping[str, States], person_id: str) -> Iterator[CertificateFacts]:
    for sha256, known in whole(state["certificates"]).items():
        if known.get("technician") != person_id:
            continue
        yield certificate_facts(
            state,
            str(known["jws"]),
            sha256=sha256,
            index=int(str(known["index"])),
            added_by=str(known["added_by"]),
            withdrawn=known.get("withdrawn"),
        )


def certificate_facts(
    state: Mapping[str, States],
    compact: str,
    *,
    sha256: str,
    index: int,
    added_by: str,
    withdrawn: object = None,
) -> CertificateFacts:
    """One certificate: what it says, whether it is believed here, and how it stands."""
    problem: str | None = None
    claims: Claims | None = None
    issuer: IssuerFacts | None = None
    try:
        claims = peek_claims(compact)
        claims, trusted = believed_claims(compact, state["trust"])
        issuer = _issuer(trusted)
    except CertificateError as error:
        problem = str(error)
    return CertificateFacts(
        index=index,
        sha256=sha256,
        added_by=added_by,
        problem=problem,
        claims=claims,
        issuer_known=names_pinned_key(compact, state["trust"]),
        issuer=issuer,
        statuses=tuple(known_statuses(state, claims)) if claims else (),
        withdrawn=_withdrawn(withdrawn),
    )


def _withdrawn(told: object) -> str | None:
    return f"by {told['by']}, entry {told['index']}" if isinstance(told, dict) else None


def attested_facts(state: Mapping[str, States], person_id: str) -> list[CertificateFacts]:
    """The paper certificates that the clinic attests of a person."""
    return [
        CertificateFacts(
            index=index,
            sha256=made.photo_sha256,
            added_by=seen_by,
            problem=None,
            claims=made.claims(),
            issuer_known=True,
            issuer=IssuerFacts(
                name=made.issuer_name,
                added_by=seen_by,
                makers=(made.maker,),
                models=made.allows.models,
            ),
            attested=made,
            withdrawn=_withdrawn(withdrawn),
        )
        for index, seen_by, made, withdrawn in attestations(state["attestations"], person_id)
    ]


def known_statuses(state: Mapping[str, States], claims: Claims) -> Iterator[StatusFacts]:
    """What the lists that are here say of a certificate, each from its own issuer's list alone."""
    lists = whole(state["status_lists"])
    for place in dict.fromkeys(claims.status):
        known = lists.get(list_key(claims.issuer, place.purpose, place.list_url))
        if known is None:
            continue
        facts = StatusFacts(
            place=place,
            entry=int(str(known["index"])),
            sha256=str(known["sha256"]),
            added_by=str(known["added_by"]),
        )
        try:
            made, trusted = believed_status_list(str(known["jws"]), state["trust"])
            require_issuer(made.issuer, claims.issuer)
        except CertificateError as error:
            yield facts.model_copy(update={"problem": str(error)})
            continue
        named = made.key == list_key(claims.issuer, place.purpose, place.list_url)
        yield facts.model_copy(
            update={
                "problem": None if named else "It is another list than its entry says.",
                "issuer_added_by": str(trusted["added_by"]),
                "issuer_confirmed_by": trusted.get("confirmed_by"),
                "is_set": made.is_set(place.index),
                "safety": made.is_safety(place.index),
                "issued_at": made.issued_at,
                "valid_until": made.valid_until,
            }
        )


def _best(found: list[CertificateFacts], judged_at: datetime) -> tuple[CertificateFacts, ...]:
    """So many that one entry holds them: first those that are believed and in date."""

    def order(one: CertificateFacts) -> tuple[bool, bool, bool, int]:
        in_date = one.claims is not None and one.claims.valid_until > judged_at
        counts = one.problem is None and one.withdrawn is None
        return counts, in_date, one.attested is None, one.index

    return tuple(sorted(found, key=order, reverse=True)[:MOST_CERTIFICATES])


def _issuer(trusted: Mapping[str, object]) -> IssuerFacts:
    return IssuerFacts(
        name=str(trusted["name"]),
        added_by=str(trusted["added_by"]),
        makers=_names(trusted["makers"]),
        models=_names(trusted["models"]),
        confirmed_by=str(trusted["confirmed_by"]) if "confirmed_by" in trusted else None,
    )


def _catalogues(
    state: Mapping[str, States], driver: str, certificates: tuple[CertificateFacts, ...]
) -> Iterator[CatalogueFacts]:
    claimed = [certificate.claims for certificate in certificates if certificate.claims]
    issuers = {claims.issuer for claims in claimed}
    achievements = {claims.achievement for claims in claimed}
    for issuer, known in whole(state["catalogues"]).items():
        if issuer not in issuers:
            continue
        facts = CatalogueFacts(
            index=int(str(known["index"])),
            sha256=str(known["sha256"]),
            added_by=str(known["added_by"]),
            problem=None,
            issuer=issuer,
        )
        try:
            catalogue, trusted = believed_catalogue(str(known["jws"]), state["trust"])
            require_issuer(catalogue.issuer, issuer)
        except CertificateError as error:
            yield facts.model_copy(update={"problem": str(error)})
            continue
        speaking = tuple(
            entry
            for entry in catalogue.entries
            if entry.driver == driver and entry.achievement in achievements
        )
        yield facts.model_copy(
            update={
                "signer": _issuer(trusted),
                "version": catalogue.version,
                "valid_until": catalogue.valid_until,
                "entries": speaking,
            }
        )


def _names(value: object) -> tuple[str, ...]:
    return tuple(str(name) for name in value) if isinstance(value, list) else ()
