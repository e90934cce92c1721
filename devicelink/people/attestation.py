"""Paper certificates that the clinic attests: a class of their own, `attested_by_clinic`.

Many makers issue paper only. An administrator who has seen it says so, with its number and the
SHA-256 of a photo; the photo itself stays with the clinic. It counts only where the clinic's
policy allows it, never for who attested it, and each verdict and receipt says so.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from devicelink.errors import ConfigError, Refused
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection
from devicelink.people.certificates import ANY, SUBJECT, CatalogueEntry, Claims
from devicelink.people.claims import PlainText
from devicelink.people.documents import fold_withdrawn
from devicelink.people.roster import ADMINISTRATOR, find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from devicelink.journal.entry import Entry

    States = Mapping[str, Mapping[str, object]]

CLINIC = "urn:devicelink:clinic"
"""Stands where an issuer would: the clinic's own word."""


_LONGEST = 3_000
"""Characters; a verdict records several certificates in one entry."""


class Attestation(BaseModel):
    """What somebody of the clinic saw on paper, and what it is to allow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    technician: PlainText
    number: PlainText
    issuer_name: PlainText
    photo_sha256: PlainText
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    maker: PlainText
    allows: CatalogueEntry

    def claims(self) -> Claims:
        """What a signed certificate would say."""
        return Claims(
            id=f"urn:sha256:{self.photo_sha256}",
            issuer=CLINIC,
            issuer_name=self.issuer_name,
            subject=SUBJECT + self.technician,
            achievement=self.allows.achievement,
            achievement_name=self.allows.achievement,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


def attestation_draft(
    people: States,
    *,
    technician: str,
    number: str,
    issuer_name: str,
    achievement: str,
    photo: bytes,
    valid_from: datetime,
    valid_until: datetime,
    driver: str,
    maker: str,
    models: Sequence[str],
    procedures: Sequence[str],
    by: str,
) -> Draft:
    """The entry by which an administrator attests a paper certificate that they saw.

    Raises `ConfigError` for what cannot be, `Refused` for the person it is for.
    """
    if find(people, technician) is None:
        raise ConfigError(f"{technician!r:.40} is not registered here.")
    if by == technician:
        raise Refused("Nobody attests a certificate of their own; another administrator has to.")
    if not photo:
        raise ConfigError("The photo is empty; take one on which the certificate can be read.")
    if ANY in {maker, *models, *procedures}:
        raise ConfigError("A paper names its maker, models and procedures; '*' is not for it.")
    if valid_until <= valid_from:
        raise ConfigError("The certificate ends before it begins.")
    try:
        made = Attestation(
            technician=technician,
            number=number,
            issuer_name=issuer_name,
            photo_sha256=hashlib.sha256(photo).hexdigest(),
            valid_from=valid_from,
            valid_until=valid_until,
            maker=maker,
            allows=CatalogueEntry(
                achievement=achievement,
                driver=driver,
                models=tuple(models),
                procedures=tuple(procedures),
                ablative=False,
                operator_class="any",
            ),
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"This cannot be attested: {where}: {first['msg']}.") from None
    data = made.model_dump(mode="json")
    if len(made.model_dump_json()) > _LONGEST:
        raise ConfigError("This is too long to be recorded with each verdict; name less.")
    return Draft("certificate.attested", data, actor=by, role=ADMINISTRATOR)


def attestations(
    states: States, technician: str
) -> list[tuple[int, str, Attestation, object | None]]:
    """What was attested of a person: index of the entry, who saw it, what, and its withdrawal."""
    found = []
    for known in states.values():
        told = {name: known.get(name) for name in Attestation.model_fields}
        try:
            made = Attestation.model_validate(told)
        except ValidationError:
            continue
        if made.technician == technician:
            index, seen_by = int(str(known["index"])), str(known["added_by"])
            found.append((index, seen_by, made, known.get("withdrawn")))
    return found


def _key(entry: Entry) -> str | None:
    if entry.type == "certificate.attested":
        return str(entry.index)
    return str(entry.data["attested"]) if "attested" in entry.data else None


def _reduce(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    if entry.type == "certificate.withdrawn":
        return fold_withdrawn(old, entry)
    return {**entry.data, "index": entry.index, "added_by": entry.actor}


ATTESTATIONS = Projection(
    name="attestations",
    types=frozenset({"certificate.attested", "certificate.withdrawn"}),
    key=_key,
    reduce=_reduce,
)
