"""Whether a person is certified for this very device, judged purely from facts.

The facts hold decoded claims, each with the index and SHA-256 of the entry it came from and whether
its signature held, so that the judgement can be replayed from what was recorded.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

from devicelink.errors import Finding, Severity
from devicelink.people.attestation import Attestation
from devicelink.people.certificates import ANY, CatalogueEntry, Claims
from devicelink.people.policy import AttestationPolicy
from devicelink.people.standing import DEFAULT_MAX_AGE_DAYS, StatusFacts, standing_findings

if TYPE_CHECKING:
    from collections.abc import Iterator


WARN_DAYS = (1, 7, 30)
"""So many days before something ends people are warned, each time more urgently."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IssuerFacts(_Facts):
    """The trust in the very key that signed a document: whose it is, for what, who pinned it."""

    name: str
    added_by: str
    makers: tuple[str, ...]
    models: tuple[str, ...]
    confirmed_by: str | None = None
    """The second administrator; None where there was none."""

    @property
    def pinned_by(self) -> set[str | None]:
        """Everybody whose act it is that this issuer is believed."""
        return {self.added_by, self.confirmed_by}


class CertificateFacts(_Facts):
    """One imported certificate of this person."""

    index: int
    sha256: str
    added_by: str
    problem: str | None
    """Why signature or form do not hold; None where they do."""
    claims: Claims | None
    issuer_known: bool = False
    """Whether the key that it names is pinned, whatever the signature."""
    issuer: IssuerFacts | None = None
    """None where the signature does not hold."""
    statuses: tuple[StatusFacts, ...] = ()
    """Of the lists that are here."""
    attested: Attestation | None = None
    """What the clinic saw on paper; None for a certificate that a maker signed."""
    withdrawn: str | None = None
    """Who of the clinic withdrew it, and in which entry; None where nobody did."""


class CatalogueFacts(_Facts):
    """An issuer's newest catalogue, as far as it speaks of what this person passed."""

    index: int
    sha256: str
    added_by: str
    problem: str | None
    issuer: str
    signer: IssuerFacts | None = None
    version: int = 0
    valid_until: datetime | None = None
    entries: tuple[CatalogueEntry, ...] = ()


class EntitlementFacts(_Facts):
    """All that the judgement depends on."""

    person: str
    name: str | None
    roles: tuple[str, ...]
    operator_class: str
    driver: str
    maker: str | None
    model: str | None
    firmware: str | None
    kind: str
    judged_at: datetime
    certificates: tuple[CertificateFacts, ...]
    catalogues: tuple[CatalogueFacts, ...]
    status_list_max_age_days: int = DEFAULT_MAX_AGE_DAYS
    attestation_policy: AttestationPolicy = AttestationPolicy()

    @property
    def max_age(self) -> timedelta:
        """How old a status list may be."""
        return timedelta(days=self.status_list_max_age_days)

    def limits(self) -> list[tuple[Bound, str]]:
        """The catalogue's limits for the certificate that counts, each with its source."""
        chosen = judge_entitlement(self)
        catalogue = chosen.catalogue
        if catalogue is None or catalogue.signer is None:
            return []
        source = f"the catalogue of {catalogue.signer.name}, version {catalogue.version}"
        return [
            (Bound(setting, limit.min, limit.max), source)
            for entry in chosen.entries
            for setting, limit in entry.limits.items()
        ]

    def expiries(self) -> list[tuple[str, str, datetime]]:
        """What runs out, and when: code, sentence, time."""
        chosen = judge_entitlement(self)
        found = []
        if chosen.certificate is not None and chosen.certificate.claims is not None:
            until = chosen.certificate.claims.valid_until
            found.append(("certificate_expired", "The certificate has run out.", until))
            ends = [status.good_until(self.max_age) for status in chosen.certificate.statuses]
            too_old = min((end for end in ends if end is not None), default=None)
            if too_old is not None:
                sentence = "The maker's status list is too old to be relied on."
                found.append(("status_list_too_old", sentence, too_old))
        if chosen.catalogue is not None and chosen.catalogue.valid_until is not None:
            until = chosen.catalogue.valid_until
            found.append(("catalogue_expired", "The maker's catalogue has run out.", until))
        return found


class Bound(NamedTuple):
    """A range of one setting."""

    setting: str
    lowest: str | None
    highest: str | None


class Entitlement(NamedTuple):
    """The findings, and what counted."""

    findings: tuple[Finding, ...]
    certificate: CertificateFacts | None = None
    catalogue: CatalogueFacts | None = None
    entries: tuple[CatalogueEntry, ...] = ()
    """All that cover this use; where several do, the limits of each of them hold."""


def judge_entitlement(facts: EntitlementFacts) -> Entitlement:
    """The best certificate counts; where none passes, the problems of the closest one."""
    if facts.name is None:
        unknown = _refuse(
            "person_unknown",
            f"{facts.person} is not registered here.",
            "An administrator adds people: devicelink technician add ID --name NAME --by ID",
        )
        return Entitlement((unknown,))
    role = []
    if "technician" not in facts.roles:
        role.append(
            _refuse(
                "role_missing",
                f"{facts.name} is not registered as a technician.",
                "Ask an administrator; only technicians start sessions.",
            )
        )
    if not facts.certificates:
        role.append(
            _refuse(
                "certificate_missing",
                f"{facts.name} has no certificate here.",
                "Import the maker's certificate: devicelink certificate import FILE --by ID",
            )
        )
        return Entitlement(tuple(role))
    tried = [_try(facts, certificate) for certificate in facts.certificates]
    best = min(tried, key=lambda one: (_refusals(one.findings), _on_paper(one), -_index(one)))
    if len(tried) > 1 and _refusals(best.findings):
        role.append(
            Finding(
                "other_certificates",
                Severity.WARN,
                f"{facts.name} has {len(tried)} certificates here, and none of them is enough; "
                "what is said here is about the closest one.",
                "Mend what is said about the closest one first.",
            )
        )
    return best._replace(findings=(*role, *best.findings))


def _try(facts: EntitlementFacts, certificate: CertificateFacts) -> Entitlement:
    findings = list(_certificate_findings(facts, certificate))
    claims = certificate.claims
    if claims is None:
        return Entitlement(tuple(findings), certificate)
    catalogue = next((c for c in facts.catalogues if c.issuer == claims.issuer), None)
    entries: tuple[CatalogueEntry, ...]
    if certificate.attested is not None:
        catalogue, entries = None, (certificate.attested.allows,)
    elif catalogue is None:
        findings.append(
            _refuse(
                "catalogue_missing",
                "The maker's catalogue, which says what the certificate allows, is not here.",
                "Import it: devicelink trust catalogue FILE --by ID",
            )
        )
        return Entitlement(tuple(findings), certificate)
    else:
        findings += [one for one in _catalogue_findings(facts, catalogue) if one not in findings]
        entries = catalogue.entries
    covering = [e for e in entries if _covers(facts, claims, e)]
    allowed = [e for e in covering if e.operator_class in {ANY, "any", facts.operator_class}]
    if not covering:
        findings.append(
            _refuse(
                "catalogue_not_covering",
                f"{facts.name}'s certificate does not cover {facts.kind} with {_device(facts)}"
                f" (firmware {facts.firmware or 'unknown'}).",
                "Ask the maker which certificate this laser and procedure need.",
            )
        )
    elif not allowed:
        findings.append(
            _refuse(
                "operator_class",
                "The maker allows this procedure to physicians only.",
                "A physician has to treat.",
            )
        )
    return Entitlement(tuple(findings), certificate, catalogue, tuple(allowed))


def _certificate_findings(
    facts: EntitlementFacts, certificate: CertificateFacts
) -> Iterator[Finding]:
    claims = certificate.claims
    if certificate.withdrawn is not None:
        yield _refuse(
            "certificate_withdrawn",
            f"The clinic withdrew {facts.name}'s certificate ({certificate.withdrawn}).",
            "Ask who withdrew it; what was wrong has to be mended before another one counts.",
        )
    if certificate.problem is not None:
        yield _refuse(
            "certificate_signature" if certificate.issuer_known else "certificate_issuer_unknown",
            f"{facts.name}'s certificate is not believed: {certificate.problem}",
            "Ask the maker for a certificate that can be checked.",
        )
    if claims is None:
        return
    if claims.technician != facts.person:
        yield _refuse(
            "certificate_wrong_subject",
            f"The certificate is about somebody else ({claims.subject}), not {facts.name}.",
            f"Import {facts.name}'s own certificate: devicelink certificate import FILE --by ID",
        )
    if facts.judged_at >= claims.valid_until:
        yield _refuse(
            "certificate_expired",
            f"{facts.name}'s certificate for {_device(facts)} ran out on "
            f"{claims.valid_until:%Y-%m-%d}.",
            "Ask the maker for a new one, then: devicelink certificate import FILE --by ID",
        )
    if facts.judged_at < claims.valid_from:
        yield _refuse(
            "certificate_not_yet_valid",
            f"{facts.name}'s certificate for {_device(facts)} is valid only from "
            f"{claims.valid_from:%Y-%m-%d}.",
            "Wait until then.",
        )
    yield from _ends_soon(
        "certificate",
        f"{facts.name}'s certificate for {_device(facts)}",
        claims.valid_until,
        facts.judged_at,
        "Ask the maker for a new one, then: devicelink certificate import FILE --by ID",
    )
    issuer = certificate.issuer
    yield from _scope_findings(facts, issuer)
    if facts.person in {certificate.added_by, *(issuer.pinned_by if issuer else ())}:
        yield _refuse(
            "certificate_self_added",
            f"{facts.name} brought in this certificate, or its issuer, with their own hands.",
            "Another administrator has to import it.",
        )
    if certificate.attested is not None:
        yield from _attested_findings(facts, certificate, certificate.attested)
    yield from standing_findings(
        facts.person,
        facts.name or facts.person,
        claims.status,
        certificate.statuses,
        max_age=facts.max_age,
        judged_at=facts.judged_at,
    )


def _attested_findings(
    facts: EntitlementFacts, certificate: CertificateFacts, attested: Attestation
) -> Iterator[Finding]:
    """A paper certificate is said in each verdict, and counts only by the clinic's policy."""
    policy = facts.attestation_policy
    yield Finding(
        "attested_by_clinic",
        Severity.WARN,
        f"{facts.name}'s certificate {attested.number} of {attested.issuer_name} is on paper, seen "
        f"by {certificate.added_by}: attested by the clinic, not signed by the maker.",
        "Ask the maker for a signed certificate.",
    )
    if not policy.allowed:
        yield _refuse(
            "attested_not_allowed",
            "Paper certificates that the clinic attests do not count here.",
            "Ask the maker for a signed one; or an administrator decides: devicelink policy set "
            "attested_by_clinic allowed --by ID, and the medical provider confirms it.",
        )
    elif facts.person in {policy.decided_by, policy.confirmed_by}:
        yield _refuse(
            "attested_self_allowed",
            f"{facts.name} themselves decided that paper certificates count.",
            "Another administrator and another provider have to decide it.",
        )


def _scope_findings(facts: EntitlementFacts, issuer: IssuerFacts | None) -> Iterator[Finding]:
    if issuer is None:
        return
    for scope, value in ((issuer.makers, facts.maker), (issuer.models, facts.model)):
        if not _names_it(scope, value):
            yield _refuse(
                "certificate_scope",
                f"{issuer.name} is believed here for {', '.join(scope)}, not for "
                f"{value or 'a product that is not registered'}.",
                "Register maker and model of the laser, or import its own maker's certificate.",
            )


def _catalogue_findings(facts: EntitlementFacts, catalogue: CatalogueFacts) -> Iterator[Finding]:
    if catalogue.problem is not None:
        yield _refuse(
            "catalogue_not_believed",
            f"The maker's catalogue is not believed: {catalogue.problem}",
            "Ask the maker for a catalogue that can be checked.",
        )
    if catalogue.valid_until is not None and facts.judged_at >= catalogue.valid_until:
        yield _refuse(
            "catalogue_expired",
            f"The maker's catalogue ran out on {catalogue.valid_until:%Y-%m-%d}.",
            "Ask the maker for the newest one: devicelink trust catalogue FILE --by ID",
        )
    if catalogue.valid_until is not None:
        yield from _ends_soon(
            "catalogue",
            "The maker's catalogue",
            catalogue.valid_until,
            facts.judged_at,
            "Ask the maker for the newest one: devicelink trust catalogue FILE --by ID",
        )
    signer = catalogue.signer
    yield from _scope_findings(facts, signer)
    if facts.person in {catalogue.added_by, *(signer.pinned_by if signer else ())}:
        yield _refuse(
            "catalogue_self_added",
            f"{facts.name} brought in the maker's catalogue, or its issuer, with their own hands.",
            "Another administrator has to import it.",
        )


def _ends_soon(
    code: str, what: str, until: datetime, judged_at: datetime, remedy: str
) -> Iterator[Finding]:
    """A warning 30, 7 and 1 days ahead, each with a code of its own."""
    left = until - judged_at
    days = next((days for days in WARN_DAYS if timedelta(0) < left <= timedelta(days=days)), None)
    if days is None:
        return
    if days == 1:
        sentence = f"{what} ends within a day, on {until:%Y-%m-%d at %H:%M} UTC."
    else:
        whole = -(-left // timedelta(days=1))
        sentence = f"{what} ends in {whole} days, on {until:%Y-%m-%d}."
    yield Finding(f"{code}_ends_in_{days}", Severity.WARN, sentence, remedy)


def _covers(facts: EntitlementFacts, claims: Claims, entry: CatalogueEntry) -> bool:
    return (
        entry.achievement == claims.achievement
        and entry.driver == facts.driver
        and _names_it(entry.models, facts.model)
        and _names_it(entry.firmware, facts.firmware)
        and _names_it(entry.procedures, facts.kind)
    )


def _device(facts: EntitlementFacts) -> str:
    return f"the {facts.maker or ''} {facts.model or facts.driver}".replace("  ", " ")


def _names_it(names: tuple[str, ...], value: str | None) -> bool:
    return ANY in names or (value is not None and value in names)


def _on_paper(entitlement: Entitlement) -> bool:
    """A maker's signed certificate counts before a paper one, where both are enough."""
    return entitlement.certificate is not None and entitlement.certificate.attested is not None


def _refusals(findings: tuple[Finding, ...]) -> int:
    return sum(finding.severity is Severity.REFUSE for finding in findings)


def _index(entitlement: Entitlement) -> int:
    return entitlement.certificate.index if entitlement.certificate else -1


def _refuse(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, Severity.REFUSE, sentence, remedy)
