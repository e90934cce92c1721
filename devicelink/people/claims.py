"""Claims of a signed document read strictly; each getter raises `CertificateError` as a sentence.

Where a credential says a fact in two forms (`validUntil` and `exp`, `id` and `jti`), they must
agree.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from devicelink.errors import CertificateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

KIND = "vc+jwt"
KINDS = frozenset({KIND, "vc+ld+jwt", "jwt"})
CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2"

_TEXT_LONGEST = 300
_AGREE_WITHIN = timedelta(seconds=1)
_UNTIL_S = 253_402_300_799
"""The last second of the year 9999, the last that a date can name."""


def _plain(text: str) -> str:
    """Text that is shown to people: short, and without characters that a terminal obeys."""
    if not text or len(text) > _TEXT_LONGEST or not text.isprintable():
        raise ValueError(f"must be 1 to {_TEXT_LONGEST} printable characters")
    return text


PlainText = Annotated[str, AfterValidator(_plain)]


def check_kind(header: Mapping[str, object], kinds: frozenset[str], what: str) -> None:
    """The header's `typ`, without the `application/` that RFC 7515 lets one leave out."""
    kind = str(header.get("typ", "")).lower().removeprefix("application/")
    if kind not in kinds:
        raise CertificateError(f"The document says that it is {kind!r:.40}, not a {what}.")


def unusable(what: str, error: ValidationError) -> CertificateError:
    """The first complaint of a model as one sentence."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return CertificateError(f"The {what} cannot be used: {where}: {first['msg']}.")


def issuer_of(claims: Mapping[str, Any]) -> tuple[str, str]:
    """The issuer's identifier and name; `iss` has to repeat the identifier if it is there."""
    found = claims.get("issuer")
    if isinstance(found, str):
        return same(claims, "issuer", found, "iss"), found
    issuer = json_object(found, "issuer")
    made = text(issuer.get("id"), "issuer.id")
    return same(claims, "issuer", made, "iss"), text(issuer.get("name", made), "issuer.name")


def same(claims: Mapping[str, Any], name: str, value: Any, beside: str) -> Any:
    """The value, which the claim beside it has to repeat if it is there."""
    if beside in claims and claims[beside] != value:
        raise CertificateError(f"The document says two different things in {name} and {beside}.")
    return value


def date(claims: Mapping[str, Any], name: str, beside: str) -> datetime:
    """A date that has to be there in at least one of its two forms."""
    found = date_if_any(claims, name, beside)
    if found is None:
        raise CertificateError(f"The document does not say {name}.")
    return found


def date_if_any(claims: Mapping[str, Any], name: str, beside: str) -> datetime | None:
    """A date as text (`name`) or as seconds (`beside`), or None where neither is there."""
    written = _written(claims[name], name) if name in claims else None
    counted = _counted(claims[beside], beside) if beside in claims else None
    if written and counted and abs(written - counted) >= _AGREE_WITHIN:
        raise CertificateError(f"The document says two different things in {name} and {beside}.")
    return written or counted


def _written(value: object, name: str) -> datetime:
    try:
        read = datetime.fromisoformat(text(value, name))
        made = read.astimezone(UTC) if read.tzinfo is not None else None
    except (ValueError, OverflowError):
        made = None
    if made is None:
        raise CertificateError(f"The document's {name} is not a date with time and zone.")
    return made


def _counted(value: object, name: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise CertificateError(f"The document's {name} is not a number of seconds.")
    if not 0 <= value <= _UNTIL_S:
        raise CertificateError(f"The document's {name} is out of all bounds.")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(value))


def date_text(at: datetime) -> str:
    """A date as a document writes it: UTC to the second, ending in Z."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def json_object(value: object, name: str) -> dict[str, Any]:
    """One JSON object."""
    if not isinstance(value, dict):
        raise CertificateError(f"The document's {name} is not one JSON object.")
    return value


def text(value: object, name: str) -> str:
    """A text of at most 300 characters."""
    if not isinstance(value, str) or len(value) > _TEXT_LONGEST:
        raise CertificateError(
            f"The document's {name} is not a text of at most {_TEXT_LONGEST} characters."
        )
    return value


def as_list(value: object) -> list[Any]:
    """A list; one value is a list of one, nothing is none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
