"""What a maker says of a person (a certificate), and what that allows (a catalogue).

Certificates are Open Badges 3.0 credentials:

W3C Verifiable Credentials 2.0 secured by JOSE: the credential is the payload itself, with `iss`,
`sub`, `jti`, `nbf` and `exp` beside it; where both forms of a fact are there they must agree.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from devicelink.errors import CertificateError
from devicelink.people import claims as read
from devicelink.people import jose
from devicelink.people.claims import CREDENTIALS_CONTEXT, KIND, KINDS, PlainText

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from devicelink.people.keys import Key

CATALOGUE_KIND = "devicelink-catalogue+jwt"
ANY = "*"
BADGES_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
SUBJECT = "urn:devicelink:technician:"
REVOCATION, SUSPENSION = "revocation", "suspension"
STATUS_KIND = "BitstringStatusListEntry"

_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context"
_MOST_ENTRIES = 200
_MOST_NAMES = 32
_MOST_STATUSES = 4


class StatusEntry(BaseModel):
    """Where the issuer would say that the certificate is revoked or suspended."""

    model_config = ConfigDict(frozen=True)

    list_url: str
    index: str
    purpose: str = REVOCATION
    """`revocation`, `suspension`, or `unknown` for what cannot be read here."""


class Claims(BaseModel):
    """What a certificate says; whether it may be believed is another question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: PlainText
    issuer: PlainText
    issuer_name: PlainText
    subject: PlainText
    achievement: PlainText
    achievement_name: PlainText
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    status: tuple[StatusEntry, ...] = ()

    @property
    def technician(self) -> str | None:
        """The ID of the person it is about; None where it names somebody in another way."""
        person_id = self.subject.removeprefix(SUBJECT)
        return person_id if person_id != self.subject else None

    @property
    def names_status_list(self) -> bool:
        """Whether its issuer says where a revocation would stand."""
        return bool(self.status)


def _number_text(value: object) -> object:
    """A number as the text that says it exactly; numbers and numbers in text are both read."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if not number.is_finite():
        raise ValueError("must be a finite number")
    return str(value)


NumberText = Annotated[str, BeforeValidator(_number_text), Field(max_length=40)]
Names = Annotated[tuple[PlainText, ...], Field(max_length=_MOST_NAMES)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(_Model):
    """The range that is allowed for one setting; at least one bound."""

    min: NumberText | None = None
    max: NumberText | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a limit needs min or max")
        if self.min is not None and self.max is not None and Decimal(self.min) > Decimal(self.max):
            raise ValueError("min is above max")
        return self


class CatalogueEntry(_Model):
    """What one achievement allows on one driver's devices.

    `models`, `firmware` and `procedures` name what is allowed, `*` anything. `limits` are by
    setting, as the driver names it.
    """

    achievement: PlainText
    driver: PlainText
    models: Names = Field(min_length=1)
    firmware: Names = Field(default=(ANY,), min_length=1)
    procedures: Names = Field(min_length=1)
    ablative: bool
    operator_class: Literal["physician", "any"]
    limits: dict[PlainText, Limit] = Field(default={}, max_length=_MOST_NAMES)


class Catalogue(_Model):
    """One version of an issuer's catalogue; a newer one supersedes it."""

    issuer: PlainText
    version: int = Field(ge=1, le=2**31, strict=True)
    issued_at: AwareDatetime
    valid_until: AwareDatetime
    entries: tuple[CatalogueEntry, ...] = Field(min_length=1, max_length=_MOST_ENTRIES)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.valid_until <= self.issued_at:
            raise ValueError("the catalogue ends before it begins")
        return self


def issue_certificate(
    key: Key,
    *,
    issuer: str,
    issuer_name: str,
    technician: str,
    achievement: str,
    achievement_name: str,
    credential_id: str,
    valid_from: datetime,
    valid_until: datetime,
    status: Sequence[StatusEntry] = (),
) -> str:
    """A signed certificate as compact JWS; dates to the second.

    It is read back before it is given out: raises `CertificateError` where it would not be
    accepted, for one that ends before it begins.
    """
    subject = SUBJECT + technician
    claims: dict[str, object] = {
        "@context": [CREDENTIALS_CONTEXT, BADGES_CONTEXT],
        "id": credential_id,
        "type": ["VerifiableCredential", "AchievementCredential"],
        "name": achievement_name,
        "issuer": {"id": issuer, "type": ["Profile"], "name": issuer_name},
        "validFrom": read.date_text(valid_from),
        "validUntil": read.date_text(valid_until),
        "credentialSubject": {
            "id": subject,
            "type": ["AchievementSubject"],
            "achievement": {
                "id": achievement,
                "type": ["Achievement"],
                "name": achievement_name,
                "description": achievement_name,
                "criteria": {"narrative": "As the issuer examines."},
            },
        },
        "iss": issuer,
        "sub": subject,
        "jti": credential_id,
        "nbf": int(valid_from.timestamp()),
        "exp": int(valid_until.timestamp()),
    }
    if status:
        claims["credentialStatus"] = [
            {
                "type": STATUS_KIND,
                "statusPurpose": entry.purpose,
                "statusListIndex": entry.index,
                "statusListCredential": entry.list_url,
            }
            for entry in status
        ]
    compact = jose.sign(claims, key, KIND)
    read_claims(*jose.peek(compact))
    return compact


def read_claims(header: Mapping[str, object], claims: Mapping[str, Any]) -> Claims:
    """What a document says, if it is a certificate; raises `CertificateError`."""
    read.check_kind(header, KINDS, "certificate")
    if "vc" in claims:
        raise CertificateError(
            "The certificate is wrapped in `vc`, as an older form of credentials had it. Ask the "
            "maker for an Open Badges 3.0 credential of version 2."
        )
    _check_frame(claims)
    subject = read.json_object(claims.get("credentialSubject"), "credentialSubject")
    achievement = read.json_object(subject.get("achievement"), "achievement")
    issuer, issuer_name = read.issuer_of(claims)
    valid_from, valid_until = _dates(claims)
    subject_id = read.text(subject.get("id"), "subject")
    try:
        return Claims(
            id=read.same(claims, "id", read.text(claims.get("id"), "id"), "jti"),
            issuer=issuer,
            issuer_name=issuer_name,
            subject=read.same(claims, "credentialSubject.id", subject_id, "sub"),
            achievement=read.text(achievement.get("id"), "achievement.id"),
            achievement_name=read.text(
                achievement.get("name", achievement.get("id")), "achievement.name"
            ),
            valid_from=valid_from,
            valid_until=valid_until,
            status=_status(claims.get("credentialStatus")),
        )
    except ValidationError as error:
        raise read.unusable("certificate", error) from None


def read_catalogue(header: Mapping[str, object], claims: Mapping[str, Any]) -> Catalogue:
    """What a document says, if it is a catalogue; raises `CertificateError`."""
    read.check_kind(header, frozenset({CATALOGUE_KIND}), "catalogue")
    try:
        return Catalogue.model_validate(claims)
    except ValidationError as error:
        raise read.unusable("catalogue", error) from None


def issue_catalogue(key: Key, catalogue: Catalogue) -> str:
    """A signed catalogue as compact JWS, read back before it is given out."""
    claims = catalogue.model_dump(mode="json", exclude_none=True)
    compact = jose.sign(claims, key, CATALOGUE_KIND)
    read_catalogue(*jose.peek(compact))
    return compact


def _check_frame(claims: Mapping[str, Any]) -> None:
    contexts, types = read.as_list(claims.get("@context")), read.as_list(claims.get("type"))
    if contexts[:1] != [CREDENTIALS_CONTEXT] or not any(
        isinstance(one, str) and one.startswith(_BADGES) for one in contexts
    ):
        raise CertificateError("The certificate is not an Open Badges 3.0 credential.")
    if "VerifiableCredential" not in types or not {
        "AchievementCredential",
        "OpenBadgeCredential",
    } & {one for one in types if isinstance(one, str)}:
        raise CertificateError("The certificate is not about an achievement.")


def _status(found: object) -> tuple[StatusEntry, ...]:
    """Every place where a revocation would stand; a kind that is not known counts as one."""
    entries = read.as_list(found)
    if len(entries) > _MOST_STATUSES:
        raise CertificateError(f"The certificate names more than {_MOST_STATUSES} status lists.")
    return tuple(_status_entry(read.json_object(one, "credentialStatus")) for one in entries)


def _status_entry(entry: Mapping[str, Any]) -> StatusEntry:
    url = entry.get("statusListCredential", entry.get("id", "unknown"))
    index, purpose = entry.get("statusListIndex", "unknown"), entry.get("statusPurpose")
    readable = (
        entry.get("type") == STATUS_KIND
        and entry.get("statusSize", 1) == 1
        and purpose in (REVOCATION, SUSPENSION)
    )
    return StatusEntry(
        list_url=read.text(url, "status list"),
        index=read.text(str(index), "status list index"),
        purpose=str(purpose) if readable else "unknown",
    )


def _dates(claims: Mapping[str, Any]) -> tuple[datetime, datetime]:
    begins = read.date(claims, "validFrom", "nbf")
    ends = read.date(claims, "validUntil", "exp")
    if ends <= begins:
        raise CertificateError("The certificate ends before it begins.")
    return begins, ends
