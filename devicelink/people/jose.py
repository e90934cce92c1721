"""Compact JWS: signed documents read strictly, and believed only by keys that were pinned.

RFC 7515 (JWS), RFC 8037 and RFC 9864 (the two names of Ed25519). A key verifies with its own
algorithm alone (`keys`); `none` and HMAC are not read at all.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from devicelink.errors import CertificateError
from devicelink.people.keys import (
    ALGORITHMS,
    ED25519,
    Key,
    algorithm_of,
    public_jwk,
    public_key,
    thumbprint,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from joserfc.jws import CompactSignature

LONGEST_BYTES = 400_000
DEEPEST = 16
HEADER_BYTES = 4_096
EDDSA = "EdDSA"
"""RFC 8037's name, which leaves the curve open; only Ed25519 is meant by it here."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}", re.ASCII)
_SHOWN = 40
_REMEMBERED = 32
"""Answers about the very same text or key: they follow from it alone, whenever they are asked."""


class Trust(StrEnum):
    """What checking a document against the pinned keys came to."""

    VALID = "valid"
    ISSUER_UNKNOWN = "issuer_unknown"
    """No pinned key is the one that the document names."""
    INVALID = "invalid"
    """The pinned key that it names did not sign these bytes."""


@dataclass(frozen=True, slots=True)
class Document:
    """A signed document, read but not yet believed. Numbers with a fraction are `Decimal`."""

    compact: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The header's `typ`, without the `application/` that RFC 7515 lets one leave out."""
        return str(self.header.get("typ", "")).lower().removeprefix("application/")


class _Registry(JWSRegistry):
    """Reads the header's `EdDSA` as `Ed25519`, the one curve that is pinned here.

    joserfc warns of `EdDSA` because that name leaves the curve open; a key of another curve is
    refused by `Ed25519`, so that nothing is left to warn of.
    """

    max_header_length = HEADER_BYTES
    max_payload_length = LONGEST_BYTES

    def get_alg(self, name: str) -> Any:
        """The algorithm of that name, or of the name that says it exactly."""
        return super().get_alg(ED25519 if name == EDDSA else name)


_REGISTRY = _Registry(algorithms=list(ALGORITHMS), strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that a pinned key signed."""

    header: Mapping[str, Any]
    payload: dict[str, Any]
    thumbprint: str
    """Of the key that signed."""


def sign(claims: Mapping[str, object], key: Key, kind: str) -> str:
    """A document as a compact JWS whose `kid` is the key's thumbprint."""
    algorithm = algorithm_of(key.as_dict(private=False))
    header = {"alg": algorithm, "typ": kind, "kid": key.thumbprint()}
    payload = json.dumps(claims, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return jws.serialize_compact(header, payload, key, registry=_REGISTRY)


@lru_cache(_REMEMBERED)
def read(raw: str | bytes) -> Document:
    """Read a document's shape; whether it may be believed is `check`'s to say.

    Raises `CertificateError`: too long, not a compact JWS, not a JSON object, nested too deeply,
    or protected by an algorithm that cannot be believed.
    """
    if len(raw) > LONGEST_BYTES:
        raise CertificateError(
            f"The document has {len(raw)} bytes; at most {LONGEST_BYTES} can be read."
        )
    signed = _extract(raw)
    header = _json_object(signed.segments["header"], "header")
    algorithm = header.get("alg")
    if algorithm not in (EDDSA, *ALGORITHMS):
        raise CertificateError(
            f"The document names the algorithm {algorithm!r:.{_SHOWN}}, which proves nothing of "
            "who made it."
        )
    if "crit" in header or "b64" in header:
        raise CertificateError("The document asks for an extension that is not known here.")
    claims = _json_object(signed.segments["payload"], "content")
    return Document(_text(raw), header, claims)


def peek(raw: str | bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and content, not believed; raises `CertificateError`."""
    document = read(raw)
    return dict(document.header), dict(document.claims)


def open_signed(raw: str | bytes, keys: Mapping[str, Mapping[str, object]]) -> Opened:
    """A document, if one of the pinned keys (public JWKs by thumbprint) signed it.

    Raises `CertificateError`.
    """
    document = read(raw)
    trust, own = check(document, keys.values())
    if own is None:
        raise CertificateError(
            "The document names a key that is not trusted here. If its issuer should be believed, "
            "an administrator pins it: devicelink trust add FILE --by ID"
            if trust is Trust.ISSUER_UNKNOWN
            else "The signature does not hold: the document was changed, or another key signed it."
        )
    return Opened(document.header, dict(document.claims), own)


def check(document: Document, pinned: Iterable[Mapping[str, object]]) -> tuple[Trust, str | None]:
    """Whether a pinned key signed a document, and that key's thumbprint.

    `pinned` are public JWKs, each perhaps with its issuer's own `kid`. A `jwk` in the document's
    header only says which pinned key to try; it is never trusted.
    """
    named = list(_named(document, pinned))
    for jwk in named:
        own = public_jwk(jwk)
        told = document.header.get("alg")
        if (ED25519 if told == EDDSA else told) != algorithm_of(own):
            continue
        if _signed_by(document.compact, json.dumps(own)):
            return Trust.VALID, thumbprint(own)
    return (Trust.INVALID if named else Trust.ISSUER_UNKNOWN), None


def _named(
    document: Document, pinned: Iterable[Mapping[str, object]]
) -> Iterable[dict[str, object]]:
    """The pinned keys that a header names, by its `jwk` if there is one, else by its `kid`."""
    header = document.header
    told = None
    if "jwk" in header:
        try:
            told = thumbprint(header["jwk"])
        except CertificateError:
            return
    kid = header.get("kid")
    for jwk in pinned:
        own = thumbprint(jwk)
        if told is not None:
            if told == own:
                yield dict(jwk)
        elif isinstance(kid, str) and kid in (own, jwk.get("kid")):
            yield dict(jwk)


@lru_cache(_REMEMBERED)
def _signed_by(compact: str, jwk: str) -> bool:
    """Whether the key of this public JWK (as JSON) signed this text, with its own algorithm."""
    try:
        signed = jws.extract_compact(compact.encode(), registry=_REGISTRY)
        return jws.validate_compact(signed, public_key(json.loads(jwk)), registry=_REGISTRY)
    except (JoseError, ValueError, TypeError):
        return False


def _text(raw: str | bytes) -> str:
    try:
        text = raw.decode("ascii") if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        text = ""
    text = text.strip()
    if not _COMPACT.fullmatch(text):
        raise CertificateError(
            "This is not a signed document (three parts in base64url with dots between). Is it the "
            "right file?"
        )
    return text


def _extract(raw: str | bytes) -> CompactSignature:
    """The three parts, decoded by joserfc; every way that can fail is one sentence."""
    try:
        return jws.extract_compact(_text(raw).encode(), registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise CertificateError("The document cannot be read: it is damaged or cut off.") from None


def _json_object(segment: bytes, what: str) -> dict[str, Any]:
    from joserfc.util import urlsafe_b64decode

    try:
        found = json.loads(
            urlsafe_b64decode(segment).decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_constant=_no_constant,
            parse_float=_decimal,
        )
        _check_nested(found)
    except RecursionError:
        raise CertificateError(f"The document's {what} is nested too deeply.") from None
    except ValueError as error:
        raise CertificateError(f"The document's {what} cannot be read as JSON: {error}.") from None
    if not isinstance(found, dict):
        raise CertificateError(f"The document's {what} is not a JSON object.")
    return found


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a number is out of all bounds") from None


def _check_nested(found: object) -> None:
    """Raises `RecursionError` below the deepest level, `ValueError` for text that is no Unicode."""
    level = [found]
    for _ in range(DEEPEST):
        below: list[object] = []
        for value in level:
            if isinstance(value, str):
                value.encode("utf-8")
            elif isinstance(value, dict):
                below += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                below += value
        if not below:
            return
        level = below
    raise RecursionError
