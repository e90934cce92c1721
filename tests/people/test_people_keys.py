"""Issuers' keys of three kinds: the RFCs' own vectors, and everything that may not be believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from devicelink.errors import CertificateError, ConfigError
from devicelink.people import jose, keys
from devicelink.people.entitlement import judge_entitlement
from devicelink.people.trust import new_issuer, read_issuer_file

RFC_8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC_7515_A3 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_7638 = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJ"
        "ECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2"
        "QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh"
        "6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
}
A3_SIGNED = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvb"
    "S9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfK"
    "TUJqPP3-Kg6NU1Q"
)
MADE = {"Ed25519": OKPKey, "ES256": ECKey, "RS256": RSAKey}
OWN = {
    "Ed25519": OKPKey.generate_key("Ed25519"),
    "ES256": ECKey.generate_key("P-256"),
    "RS256": RSAKey.generate_key(2048),
}


def public(key):
    """A key's public JWK."""
    return key.as_dict(private=False)


def encode(value):
    """Base64url of bytes, or of a value as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def with_header(compact, **changes):
    """The same content and signature under another header; None takes a name out."""
    _, payload, signature = compact.split(".")
    header = {**jose.peek(compact)[0], **changes}
    header = {name: value for name, value in header.items() if value is not None}
    return f"{encode(header)}.{payload}.{signature}"


@pytest.mark.parametrize(
    ("jwk", "told"),
    [
        (RFC_8037, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        (RFC_7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
    ],
)
def test_people_thumbprints_are_the_rfcs(jwk, told):
    """The thumbprints printed in RFC 8037 (A.3) and RFC 7638 (3.1), whatever else the key says."""
    assert keys.thumbprint(jwk) == told
    assert keys.thumbprint({**jwk, "kid": "k", "use": "sig", "alg": "x"}) == told


def test_people_rfc_7515_es256_signature_holds():
    """The ES256 document of RFC 7515 (A.3) holds; with another signature it does not."""
    claims = json.loads(base64.urlsafe_b64decode(A3_SIGNED.split(".")[1] + "=="))
    header = {"alg": "ES256", "kid": keys.thumbprint(RFC_7515_A3)}
    document = jose.Document(A3_SIGNED, header, claims)
    assert jose.check(document, [RFC_7515_A3])[0] is jose.Trust.VALID
    changed = jose.Document(A3_SIGNED[:-4] + "AAAA", header, claims)
    assert jose.check(changed, [RFC_7515_A3])[0] is jose.Trust.INVALID


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_people_certificates_of_every_algorithm_are_whole(clinic, make_maker, algorithm):
    """Key, pin, certificate and catalogue of each kind give the right to treat, and no other."""
    maker = make_maker(algorithm=algorithm)
    clinic.add("t-ines", "technician")
    entry = clinic.trust(maker)
    assert entry.data["thumbprint"] == keys.thumbprint(entry.data["jwk"])
    compact = maker.certificate()
    assert jose.peek(compact)[0]["alg"] == algorithm
    clinic.take(compact)
    clinic.take_catalogue(maker.catalogue())
    found = judge_entitlement(clinic.facts()).findings
    assert not [one for one in found if one.severity == "refuse"]
    header, payload, signature = maker.certificate(credential_id="urn:c:2").split(".")
    claims = {**jose.peek(compact)[1], "exp": 4_000_000_000}
    with pytest.raises(CertificateError, match="signature does not hold"):
        clinic.take(f"{header}.{encode(claims)}.{signature}")
    with pytest.raises(CertificateError, match="signature does not hold"):
        clinic.take(f"{header}.{payload}.{'A' * len(signature)}")


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_people_issuer_files_hold_their_kind_of_key(tmp_path, runtime, algorithm):
    """A key file read back signs; the public file beside it holds no private member at all."""
    path = tmp_path / "maker.key"
    made = new_issuer(path, issuer_id="urn:m", name="M", runtime=runtime, algorithm=algorithm)
    again = read_issuer_file(path).key()
    assert isinstance(again, MADE[algorithm])
    assert again.thumbprint() == made.key().thumbprint()
    shown = read_issuer_file(path.with_name("maker.key.pub")).jwk
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(shown)
    signed = jose.sign({"a": 1}, again, "x")
    assert jose.open_signed(signed, {again.thumbprint(): shown}).payload == {"a": 1}


def test_people_unknown_algorithm_makes_no_key(tmp_path, runtime):
    """Another algorithm is refused by name, with the ones that there are, and nothing is made."""
    for algorithm in ("HS256", "none", "RS512", ""):
        with pytest.raises(ConfigError, match="Ed25519, ES256, RS256"):
            new_issuer(
                tmp_path / "k", issuer_id="u", name="N", runtime=runtime, algorithm=algorithm
            )
    assert not list(tmp_path.glob("k*"))


@pytest.mark.parametrize("own", keys.ALGORITHMS)
@pytest.mark.parametrize("other", keys.ALGORITHMS)
def test_people_key_verifies_with_its_own_algorithm_alone(own, other):
    """A document that claims another algorithm than its pinned key's does not hold."""
    key = OWN[own]
    signed = jose.sign({"a": 1}, key, "x")
    pinned = {key.thumbprint(): public(key)}
    if own == other:
        assert jose.open_signed(signed, pinned).payload == {"a": 1}
        return
    with pytest.raises(CertificateError, match="signature does not hold"):
        jose.open_signed(with_header(signed, alg=other), pinned)
    stranger = OWN[other]
    foreign = jose.sign({"a": 1}, stranger, "x")
    for header in ({"kid": key.thumbprint()}, {"kid": None, "jwk": public(key)}):
        with pytest.raises(CertificateError, match="signature does not hold"):
            jose.open_signed(with_header(foreign, **header), pinned)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "PS256", "RS512", "ES384"])
@pytest.mark.parametrize("own", keys.ALGORITHMS)
def test_people_weak_and_other_algorithms_are_not_read(own, algorithm):
    """`none`, HMAC under the public key's bytes, and algorithms that are not ours prove nothing."""
    jwk = public(OWN[own])
    header = {"alg": algorithm, "kid": OWN[own].thumbprint()}
    text = f"{encode(header)}.{encode({'a': 1})}"
    for secret in (jwk.get("x", jwk.get("n")).encode(), OWN[own].as_pem(private=False), b""):
        signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        with pytest.raises(CertificateError, match="proves nothing"):
            jose.open_signed(f"{text}.{encode(signature)}", {OWN[own].thumbprint(): jwk})


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_people_header_jwk_of_every_kind_is_only_compared(algorithm):
    """A key in the header that is not pinned is not believed, though its signature holds."""
    key, other = OWN[algorithm], OWN["ES256" if algorithm != "ES256" else "RS256"]
    signed = jose.sign({"a": 1}, key, "x")
    claims = {"a": 1}
    for header in ({"jwk": public(key)}, {"jwk": public(key), "kid": other.thumbprint()}):
        whole = {"alg": algorithm, **header}
        text = f"{encode(whole)}.{encode(claims)}"
        compact = f"{text}.{signed.split('.')[2]}"
        with pytest.raises(CertificateError, match="not trusted here"):
            jose.open_signed(compact, {other.thumbprint(): public(other)})


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_people_private_keys_of_every_kind_are_never_pinned(algorithm):
    """A private JWK is refused where a public one is meant."""
    with pytest.raises(CertificateError, match="private key"):
        keys.public_jwk(OWN[algorithm].as_dict(private=True))


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_people_weak_rsa_keys_are_refused():
    """Fewer than 2048 bits, far too many, or a small exponent: never believed."""
    small = RSAKey.generate_key(1024).as_dict(private=False)
    with pytest.raises(CertificateError, match="1024 bits; it needs 2048 to 4096"):
        keys.public_jwk(small)
    with pytest.raises(CertificateError, match="8192 bits"):
        keys.public_jwk({**RFC_7638, "n": encode(b"\xff" * 1024)})
    for exponent in ("Aw", "AQ", "AQAAAAAB"):
        with pytest.raises(CertificateError, match="exponent"):
            keys.public_jwk({**RFC_7638, "e": exponent})


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        {},
        {"kty": "oct", "k": "AA"},
        {"kty": "oct"},
        {**RFC_8037, "crv": "Ed448"},
        {**RFC_8037, "x": "A"},
        {**RFC_8037, "x": None},
        {**RFC_8037, "x": RFC_8037["x"][:-1] + "p"},
        {**RFC_7515_A3, "crv": "P-384"},
        {**RFC_7515_A3, "y": RFC_7515_A3["x"]},
        {**RFC_7515_A3, "x": "AA" + RFC_7515_A3["x"]},
        {**RFC_7638, "n": "AA"},
        {**RFC_7638, "n": "AAAA" + RFC_7638["n"]},
        {**RFC_7638, "n": "!"},
        {**RFC_7638, "e": 65537},
    ],
)
def test_people_keys_that_are_none_are_refused(jwk):
    """Other kinds, points off their curve, and a second spelling of a key give a sentence."""
    with pytest.raises(CertificateError):
        keys.public_jwk(jwk)
