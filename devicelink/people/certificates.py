"""What a maker says of a person (a certificate), and what that allows (a catalogue).

Certificates are Open Badges 3.0 credentials:

W3C Verifiable Credentials 2.0 secured by JOSE: the credential is the payload itself, with `iss`,
`sub`, `jti`, `nbf` and `exp` beside it; where both forms of a fact are there they must agree.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from devicelink.errors import CertificateError
from devicelink.people import jose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.people.keys import Key

KIND = "vc+jwt"
KINDS = frozenset({KIND, "vc+ld+jwt", "jwt"})
CATALOGUE_KIND = "devicelink-catalogue+jwt"
ANY = "*"
CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2"
BADGES_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
SUBJECT = "urn:devicelink:technician:"

_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context"
_TEXT_LONGEST = 300
_AGREE_WITHIN = timedelta(seconds=1)
_UNTIL_S = 253_402_300_799
"""The last second of the year 9999, the last that a date can name."""
_MOST_ENTRIES = 200
_MOST_NAMES = 32


def _plain(text: str) -> str:
    """Text that is shown to people: short, and without characters that a terminal obeys."""
    if not text or len(text) > _TEXT_LONGEST or not text.isprintable():
        raise ValueError(f"must be 1 to {_TEXT_LONGEST} printable characters")
    return text


PlainText = Annotated[str, AfterValidator(_plain)]


class StatusEntry(BaseModel):
    """Where the issuer would say that the certificate is revoked."""

    model_config = ConfigDict(frozen=True)

    list_url: str
    index: str


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
    status: StatusEntry | None = None,
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
        "validFrom": _date(valid_from),
        "validUntil": _date(valid_until),
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
    if status is not None:
        claims["credentialStatus"] = {
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": status.index,
            "statusListCredential": status.list_url,
        }
    compact = jose.sign(claims, key, KIND)
    read_claims(*jose.peek(compact))
    return compact


def read_claims(header: Mapping[str, object], claims: Mapping[str, Any]) -> Claims:
    """What a document says, if it is a certificate; raises `CertificateError`."""
    _check_kind(header, KINDS, "certificate")
    if "vc" in claims:
        raise CertificateError(
            "The certificate is wrapped in `vc`, as an older form of credentials had it. Ask the "
            "maker for an Open Badges 3.0 credential of version 2."
        )
    _check_frame(claims)
    subject = _object(claims.get("credentialSubject"), "credentialSubject")
    achievement = _object(subject.get("achievement"), "achievement")
    issuer, issuer_name = _issuer(claims.get("issuer"))
    valid_from, valid_until = _dates(claims)
    try:
        return Claims(
            id=_same(claims, "id", _string(claims.get("id"), "id"), "jti"),
            issuer=_same(claims, "issuer", issuer, "iss"),
            issuer_name=issuer_name,
            subject=_same(
                claims, "credentialSubject.id", _string(subject.get("id"), "subject"), "sub"
            ),
            achievement=_string(achievement.get("id"), "achievement.id"),
            achievement_name=_string(
                achievement.get("name", achievement.get("id")), "achievement.name"
            ),
            valid_from=valid_from,
            valid_until=valid_until,
            status=_status(claims.get("credentialStatus")),
        )
    except ValidationError as error:
        raise _unusable("certificate", error) from None


def read_catalogue(header: Mapping[str, object], claims: Mapping[str, Any]) -> Catalogue:
    """What a document says, if it is a catalogue; raises `CertificateError`."""
    _check_kind(header, frozenset({CATALOGUE_KIND}), "catalogue")
    try:
        return Catalogue.model_validate(claims)
    except ValidationError as error:
        raise _unusable("catalogue", error) from None


def issue_catalogue(key: Key, catalogue: Catalogue) -> str:
    """A signed catalogue as compact JWS, read back before it is given out."""
    claims = catalogue.model_dump(mode="json", exclude_none=True)
    compact = jose.sign(claims, key, CATALOGUE_KIND)
    read_catalogue(*jose.peek(compact))
    return compact


def sha256(compact: str) -> str:
    """By which entries name a document: of its compact form, hex."""
    return hashlib.sha256(compact.encode()).hexdigest()


def _check_kind(header: Mapping[str, object], kinds: frozenset[str], what: str) -> None:
    """The header's `typ`, without the `application/` that RFC 7515 lets one leave out."""
    kind = str(header.get("typ", "")).lower().removeprefix("application/")
    if kind not in kinds:
        raise CertificateError(f"The document says that it is {kind!r:.40}, not a {what}.")


def _unusable(what: str, error: ValidationError) -> CertificateError:
    """The first complaint of a model as one sentence."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return CertificateError(f"The {what} cannot be used: {where}: {first['msg']}.")


def _check_frame(claims: Mapping[str, Any]) -> None:
    contexts, types = _list(claims.get("@context")), _list(claims.get("type"))
    if contexts[:1] != [CREDENTIALS_CONTEXT] or not any(
        isinstance(one, str) and one.startswith(_BADGES) for one in contexts
    ):
        raise CertificateError("The certificate is not an Open Badges 3.0 credential.")
    if "VerifiableCredential" not in types or not {
        "AchievementCredential",
        "OpenBadgeCredential",
    } & {one for one in types if isinstance(one, str)}:
        raise CertificateError("The certificate is not about an achievement.")


def _issuer(found: object) -> tuple[str, str]:
    if isinstance(found, str):
        return found, found
    issuer = _object(found, "issuer")
    made = _string(issuer.get("id"), "issuer.id")
    return made, _string(issuer.get("name", made), "issuer.name")


def _same(claims: Mapping[str, Any], name: str, value: object, beside: str) -> Any:
    """The value, which the claim beside it has to repeat if it is there."""
    if beside in claims and claims[beside] != value:
        raise CertificateError(
            f"The certificate says two different things in {name} and in {beside}."
        )
    return value


def _status(found: object) -> tuple[StatusEntry, ...]:
    """Every place where a revocation would stand; a kind that is not known counts as one."""
    made = []
    for one in _list(found):
        entry = _object(one, "credentialStatus")
        made.append(
            StatusEntry(
                list_url=_string(
                    entry.get("statusListCredential", entry.get("id", "unknown")), "status list"
                ),
                index=_string(str(entry.get("statusListIndex", "unknown")), "status list index"),
            )
        )
    return tuple(made)


def _dates(claims: Mapping[str, Any]) -> tuple[datetime, datetime]:
    begins = _agreed(claims, "validFrom", "nbf")
    ends = _agreed(claims, "validUntil", "exp")
    if ends <= begins:
        raise CertificateError("The certificate ends before it begins.")
    return begins, ends


def _agreed(claims: Mapping[str, Any], name: str, beside: str) -> datetime:
    written = _written(claims[name], name) if name in claims else None
    counted = _counted(claims[beside], beside) if beside in claims else None
    if written and counted and abs(written - counted) >= _AGREE_WITHIN:
        raise CertificateError(
            f"The certificate says two different things in {name} and in {beside}."
        )
    date = written or counted
    if date is None:
        raise CertificateError(f"The certificate does not say {name}.")
    return date


def _written(value: object, name: str) -> datetime:
    try:
        read = datetime.fromisoformat(_string(value, name))
        made = read.astimezone(UTC) if read.tzinfo is not None else None
    except (ValueError, OverflowError):
        made = None
    if made is None:
        raise CertificateError(f"The certificate's {name} is not a date with time and zone.")
    return made


def _counted(value: object, name: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise CertificateError(f"The certificate's {name} is not a number of seconds.")
    if not 0 <= value <= _UNTIL_S:
        raise CertificateError(f"The certificate's {name} is out of all bounds.")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(value))


def _date(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CertificateError(f"The certificate's {name} is not one JSON object.")
    return value


def _string(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_LONGEST:
        raise CertificateError(
            f"The certificate's {name} is not a text of at most {_TEXT_LONGEST} characters."
        )
    return value


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
