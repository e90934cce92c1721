"""Issuers' keys: three kinds, each with the one algorithm that it signs and verifies with.

RFC 7517 and 7518 (JWK; ES256, RS256), RFC 7638 (thumbprints), RFC 8037 and RFC 9864 (Ed25519).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from devicelink.errors import CertificateError, ConfigError

if TYPE_CHECKING:
    from devicelink.runtime import Runtime

Key = OKPKey | ECKey | RSAKey
"""A key that this program may sign or verify with."""

ED25519, ES256, RS256 = "Ed25519", "ES256", "RS256"
RSA_BITS = 3072
"""Of a key made here."""
RSA_FEWEST_BITS, RSA_MOST_BITS = 2048, 4096
"""Of a key that is believed; more only makes checking slow."""

_SEED_BYTES = 32
_SCALAR_BYTES = 48
"""So many more than P-256 needs that the remainder favours no number (FIPS 186-5, A.2.1)."""
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_EXPONENT, _EXPONENT_LONGEST_BITS = 65_537, 32
_REMEMBERED = 32


class _Kind(NamedTuple):
    """What a JWK of this kind says, the members that make it public, and joserfc's class."""

    algorithm: str
    kty: str
    crv: str | None
    members: tuple[str, ...]
    imports: type[OKPKey | ECKey | RSAKey]


_KINDS = (
    _Kind(ED25519, "OKP", "Ed25519", ("kty", "crv", "x"), OKPKey),
    _Kind(ES256, "EC", "P-256", ("kty", "crv", "x", "y"), ECKey),
    _Kind(RS256, "RSA", None, ("kty", "n", "e"), RSAKey),
)
ALGORITHMS = tuple(kind.algorithm for kind in _KINDS)
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


def new_key(algorithm: str, runtime: Runtime) -> Key:
    """A fresh key; Ed25519 and ES256 from the runtime's randomness, RSA from the library's own.

    Raises `ConfigError` for an algorithm that is none of `ALGORITHMS`.
    """
    match algorithm:
        case "Ed25519":
            seed = runtime.random_bytes(_SEED_BYTES)
            return OKPKey.import_key(ed25519.Ed25519PrivateKey.from_private_bytes(seed))
        case "ES256":
            drawn = int.from_bytes(runtime.random_bytes(_SCALAR_BYTES), "big")
            scalar = drawn % (_P256_ORDER - 1) + 1
            return ECKey.import_key(ec.derive_private_key(scalar, ec.SECP256R1()))
        case "RS256":
            return RSAKey.import_key(rsa.generate_private_key(_EXPONENT, RSA_BITS))
    raise ConfigError(
        f"There is no algorithm {algorithm!r:.40}; choose one of {', '.join(ALGORITHMS)}."
    )


def private_key(jwk: Mapping[str, str]) -> Key:
    """The key of an issuer's own file, private or public; raises `CertificateError`."""
    public = public_jwk(without_private(jwk))
    try:
        key = _kind(public).imports.import_key(dict(jwk))
        fits = public_jwk(key.as_dict(private=False)) == public
    except (JoseError, ValueError, TypeError, KeyError):
        fits = False
    if not fits:
        raise CertificateError("The issuer's key cannot be used: its parts do not fit.")
    return key


def without_private(jwk: Mapping[str, str]) -> dict[str, str]:
    """A JWK without its private members."""
    return {name: value for name, value in jwk.items() if name not in _PRIVATE}


def public_jwk(jwk: object) -> dict[str, str]:
    """The members that make a public key of one of the kinds, and no others.

    Raises `CertificateError` for another kind of key, and for a private one.
    """
    if not isinstance(jwk, Mapping):
        raise CertificateError("The key is not a JSON object.")
    if any(jwk.get(name) is not None for name in _PRIVATE):
        raise CertificateError(
            "This is a private key. Keep it where the issuer keeps it, and give the public one."
        )
    kind = _kind(jwk)
    found = {name: jwk.get(name) for name in kind.members}
    words = {name: value for name, value in found.items() if isinstance(value, str)}
    if words != found:
        raise CertificateError(f"The key's parts are not those of an {kind.algorithm} key.")
    _import(json.dumps(words, sort_keys=True))
    return words


def public_key(jwk: object) -> Key:
    """The key of a public JWK; raises `CertificateError`."""
    return _import(json.dumps(public_jwk(jwk), sort_keys=True))


def algorithm_of(jwk: Mapping[str, object]) -> str:
    """The one algorithm that a key of this kind is for; raises `CertificateError`."""
    return _kind(jwk).algorithm


def thumbprint(jwk: object) -> str:
    """The RFC 7638 thumbprint (SHA-256, base64url) of a public key; raises `CertificateError`."""
    return public_key(jwk).thumbprint()


def _kind(jwk: Mapping[str, object]) -> _Kind:
    for kind in _KINDS:
        if jwk.get("kty") == kind.kty and (kind.crv is None or jwk.get("crv") == kind.crv):
            return kind
    raise CertificateError(
        f"The key is of a kind that cannot be used; the kinds are {', '.join(ALGORITHMS)}."
    )


@lru_cache(_REMEMBERED)
def _import(words: str) -> Key:
    """The public key of these members, which have to be written in the one way there is.

    A second spelling of the same key would have a second thumbprint.
    """
    given = json.loads(words)
    kind = _kind(given)
    if kind.kty == "RSA":
        _check_rsa(given)
    try:
        key = kind.imports.import_key(given)
        again = kind.imports.import_key(key.public_key).as_dict(private=False)  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError):
        again = {}
    if {name: again.get(name) for name in kind.members} != given:
        raise CertificateError(f"The key's bytes are not an {kind.algorithm} public key.")
    return key


def _check_rsa(jwk: Mapping[str, str]) -> None:
    """Raises `CertificateError` for a modulus or exponent out of bounds, before it is imported."""
    from joserfc.util import base64_to_int

    try:
        modulus, exponent = base64_to_int(jwk["n"]), base64_to_int(jwk["e"])
    except ValueError:
        raise CertificateError("The key's bytes are not an RS256 public key.") from None
    if not RSA_FEWEST_BITS <= modulus.bit_length() <= RSA_MOST_BITS:
        raise CertificateError(
            f"The RSA key has {modulus.bit_length()} bits; it needs {RSA_FEWEST_BITS} to "
            f"{RSA_MOST_BITS}. Ask the issuer for a stronger one."
        )
    if exponent < _EXPONENT or exponent.bit_length() > _EXPONENT_LONGEST_BITS:
        raise CertificateError("The RSA key's exponent is out of bounds.")
