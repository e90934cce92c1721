"""What the clinic itself withdraws: an issuer, a certificate, a paper's attestation, a technician.

Withdrawing takes rights away and gives none, so one administrator's word is enough and holds at
once; to bring anything back goes the full way. A running session ends by it as by a maker's
revocation: at its next standby, or at once where it is marked for safety (design rule 11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from devicelink.errors import ConfigError, Refused
from devicelink.journal.entry import Draft
from devicelink.people.documents import whole
from devicelink.people.roster import ADMINISTRATOR, TECHNICIAN, find_state
from devicelink.people.trust import in_force, pending, withdrawn_issuer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink.people.judgement import CertificateFacts

    States = Mapping[str, Mapping[str, object]]

TYPES = frozenset(
    {
        "trust.withdrawn",
        "certificate.withdrawn",
        "technician.withdrawn",
        "technician.changed",
        "technician.confirmed",
    }
)
"""Entries by which a running session may lose what it stands on."""


class Word(NamedTuple):
    """Who withdraws, why (the hash of their reason), and whether running sessions end at once."""

    by: str
    reason_sha256: str
    safety: bool

    def draft(self, kind: str, told: Mapping[str, object]) -> Draft:
        """The entry that says so."""
        data = {**told, "reason_sha256": self.reason_sha256, "safety": self.safety}
        return Draft(kind, data, actor=self.by, role=ADMINISTRATOR)


class Withdrawal(NamedTuple):
    """What a running session no longer stands on."""

    code: str
    sentence: str
    safety: bool


def known_issuer(trust: States, thumbprint: str) -> str:
    """The name of an issuer that may be withdrawn; raises `ConfigError`."""
    known = in_force(trust).get(thumbprint) or pending(trust).get(thumbprint)
    if known is None:
        raise ConfigError(
            f"No issuer with the thumbprint {thumbprint!r:.60} is believed or waits here. "
            "devicelink trust list shows them."
        )
    return str(known["name"])


def withdraw_issuer(trust: States, thumbprint: str, word: Word) -> Draft:
    """The entry by which an issuer's key is believed no more; raises `ConfigError`."""
    name = known_issuer(trust, thumbprint)
    return word.draft("trust.withdrawn", {"thumbprint": thumbprint, "name": name})


def certificate_named(state: Mapping[str, States], what: str) -> dict[str, object]:
    """What names a certificate or a paper that counts here, by its SHA-256 or its entry's number.

    Raises `ConfigError` where there is none, or more than one.
    """
    found: list[dict[str, object]] = [
        {"sha256": sha256, "technician": known["technician"]}
        for sha256, known in whole(state["certificates"]).items()
        if what in {sha256, str(known["index"])} and "withdrawn" not in known
    ]
    found += [
        {"attested": known["index"], "technician": known["technician"]}
        for known in state["attestations"].values()
        if what in {known.get("photo_sha256"), str(known.get("index"))} and "withdrawn" not in known
    ]
    if len(found) != 1:
        raise ConfigError(
            f"{'No certificate' if not found else 'More than one certificate'} that counts here "
            f"is named {what!r:.70}. Give its SHA-256 or the number of its entry, told by: "
            "devicelink certificate show ID"
        )
    return found[0]


def withdraw_certificate(state: Mapping[str, States], what: str, word: Word) -> Draft:
    """The entry by which a certificate, or a paper's attestation, counts no more.

    Raises as `certificate_named`.
    """
    return word.draft("certificate.withdrawn", certificate_named(state, what))


def known_technician(people: States, person_id: str) -> str:
    """The name of somebody who may be withdrawn as technician; raises `ConfigError`, `Refused`."""
    found = find_state(people, person_id)
    if found is None:
        raise ConfigError(f"{person_id!r:.40} is not registered here.")
    waits = found.pending is not None and TECHNICIAN in found.pending.roles
    if TECHNICIAN not in found.roles and not waits:
        raise Refused(f"{found.name} is no technician here; there is nothing to withdraw.")
    return found.name


def withdraw_technician(people: States, person_id: str, word: Word) -> Draft:
    """The entry by which somebody starts no sessions any more; their other roles stay.

    Raises `ConfigError`, `Refused`.
    """
    known_technician(people, person_id)
    return word.draft("technician.withdrawn", {"person": person_id})


def withdrawals(
    state: Mapping[str, States], person_id: str, certificate: CertificateFacts
) -> Iterator[Withdrawal]:
    """What was withdrawn of all that a running session stands on."""
    person = find_state(state["people"], person_id)
    name = person.name if person else person_id
    if person is None or TECHNICIAN not in person.roles:
        told = _told(state["people"].get(person_id, {}))
        sentence = f"{name} is no technician here any more."
        yield Withdrawal("role_withdrawn", sentence, told.get("safety") is True)
    if certificate.attested is not None:
        known = state["attestations"].get(str(certificate.index), {})
    else:
        known = state["certificates"].get(certificate.sha256, {})
        issuer = withdrawn_issuer(str(known.get("jws")), state["trust"])
        if issuer is not None:
            sentence = f"The clinic does not believe {issuer['name']} any more."
            yield Withdrawal("issuer_withdrawn", sentence, issuer["safety"] is True)
    told = _told(known)
    if told:
        sentence = f"The clinic withdrew {name}'s certificate."
        yield Withdrawal("certificate_withdrawn", sentence, told.get("safety") is True)


def _told(known: Mapping[str, object]) -> Mapping[str, object]:
    found = known.get("withdrawn")
    return found if isinstance(found, dict) else {}
