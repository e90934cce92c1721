"""Signed documents: every vector that may be believed, and every one that may not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from devicelink.errors import CertificateError
from devicelink.people import jose
from devicelink.people.certificates import issue_certificate, read_catalogue, read_claims
from devicelink.people.trust import peek_claims

KEY = OKPKey.import_key(
    {
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }
)
"""The key of RFC 8037, appendix A."""
PUBLIC = KEY.as_dict(private=False)
PINNED = {KEY.thumbprint(): PUBLIC}
OTHER = OKPKey.generate_key("Ed25519")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def encode(value):
    """Base64url of bytes, or of a value as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header, payload, key=KEY):
    """A compact JWS made by hand, so that the header may say anything."""
    text = f"{encode(header)}.{encode(payload)}"
    signature = key.private_key.sign(text.encode())
    return f"{text}.{encode(signature)}"


def certificate(**changes):
    """A good certificate, changed as asked."""
    fields = {
        "issuer": "urn:maker",
        "issuer_name": "Maker Ltd",
        "technician": "t-ines",
        "achievement": "urn:maker:course",
        "achievement_name": "Course",
        "credential_id": "urn:c:1",
        "valid_from": NOW,
        "valid_until": NOW + timedelta(days=1),
    }
    return issue_certificate(KEY, **{**fields, **changes})


def claims_of(compact):
    """A document's content."""
    return jose.peek(compact)[1]


def changed(**changes):
    """A certificate whose signed claims are changed; None takes one out."""
    claims = {**claims_of(certificate()), **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return signed({"alg": "EdDSA", "typ": "vc+jwt", "kid": KEY.thumbprint()}, claims)


def opens(compact):
    """The document, if the RFC's key signed it."""
    return jose.open_signed(compact, PINNED)


def test_people_rfc_8037_signature_holds():
    """The RFC's own JWS, made by another program, holds; its text is no JSON, so it is not read."""
    compact = (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7"
        "-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    header = {"alg": "EdDSA", "kid": KEY.thumbprint()}
    trust, _ = jose.check(jose.Document(compact, header, {}), [PUBLIC])
    assert trust is jose.Trust.VALID
    with pytest.raises(CertificateError, match="cannot be read as JSON"):
        jose.read(compact)


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_people_both_names_of_the_algorithm_are_read(algorithm):
    """RFC 8037's and RFC 9864's names are both believed, without a warning."""
    opened = opens(signed({"alg": algorithm, "kid": KEY.thumbprint()}, {"a": 1}))
    assert (opened.payload, opened.thumbprint) == ({"a": 1}, KEY.thumbprint())


@pytest.mark.parametrize("typ", ["vc+jwt", "vc+ld+jwt", "JWT", "application/vc+jwt"])
def test_people_good_certificate_of_every_kind_is_read(typ):
    """All three `typ` in use give the same claims."""
    header = {"alg": "EdDSA", "typ": typ, "jwk": PUBLIC}
    claims = peek_claims(signed(header, claims_of(certificate())))
    assert (claims.technician, claims.issuer) == ("t-ines", "urn:maker")
    assert claims.valid_until - claims.valid_from == timedelta(days=1)
    assert not claims.names_status_list


def test_people_header_jwk_is_only_compared():
    """A `jwk` in the header that is not pinned is not believed, though its signature holds."""
    theirs = OTHER.as_dict(private=False)
    with pytest.raises(CertificateError, match="not trusted here"):
        opens(signed({"alg": "EdDSA", "jwk": theirs}, {}, OTHER))
    with pytest.raises(CertificateError, match="not trusted here"):
        opens(signed({"alg": "EdDSA", "jwk": theirs, "kid": KEY.thumbprint()}, {}, OTHER))
    assert opens(signed({"alg": "EdDSA", "jwk": PUBLIC}, {})).thumbprint == KEY.thumbprint()


def test_people_foreign_key_under_a_pinned_name_does_not_hold():
    """Another key that calls itself by a pinned key's thumbprint is found out."""
    with pytest.raises(CertificateError, match="signature does not hold"):
        opens(signed({"alg": "EdDSA", "kid": KEY.thumbprint()}, {}, OTHER))


def test_people_changed_payload_does_not_hold():
    """One changed claim breaks the signature."""
    header, payload, signature = certificate().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["exp"] += 86_400
    with pytest.raises(CertificateError, match="signature does not hold"):
        opens(f"{header}.{encode(claims)}.{signature}")


def test_people_swapped_algorithm_is_refused():
    """`none`, HMAC with the public key as its secret, and another name all prove nothing."""
    payload = encode(claims_of(certificate()))
    with pytest.raises(CertificateError):
        opens(f"{encode({'alg': 'none'})}.{payload}.")
    with pytest.raises(CertificateError, match="proves nothing"):
        opens(f"{encode({'alg': 'none'})}.{payload}.AA")
    text = f"{encode({'alg': 'HS256', 'kid': KEY.thumbprint()})}.{payload}"
    mac = hmac.new(PUBLIC["x"].encode(), text.encode(), hashlib.sha256).digest()
    with pytest.raises(CertificateError, match="proves nothing"):
        opens(f"{text}.{encode(mac)}")
    _, payload, signature = certificate().split(".")
    swapped = encode({"alg": "EdDSA", "typ": "vc+jwt", "kid": KEY.thumbprint()})
    with pytest.raises(CertificateError, match="signature does not hold"):
        opens(f"{swapped}.{payload}.{signature}")


def test_people_extensions_are_refused():
    """A document that must be understood in an unknown way is not read."""
    for more in ({"crit": ["b64"], "b64": False}, {"crit": ["x"], "x": 1}, {"b64": True}):
        with pytest.raises(CertificateError, match="extension"):
            jose.read(signed({"alg": "EdDSA", **more}, {}))


def test_people_oversized_nested_and_broken_documents_are_refused():
    """Bounds hold before anything is believed."""
    header = {"alg": "EdDSA"}
    with pytest.raises(CertificateError, match="at most 400000"):
        jose.read("a" * 400_001)
    deep: object = {}
    for _ in range(20):
        deep = {"a": deep}
    with pytest.raises(CertificateError, match="nested too deeply"):
        jose.read(signed(header, deep))
    with pytest.raises(CertificateError, match="nested too deeply"):
        jose.read(signed(header, b"[" * 20_000))
    for payload in (
        b"not json",
        b"[]",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b"\xff",
        b'{"a":"\\ud800"}',
    ):
        with pytest.raises(CertificateError):
            jose.read(signed(header, payload))
    for text in ("", "a", "a.b", "a.b.c.d", "{}", "a b.c.d"):
        with pytest.raises(CertificateError):
            jose.read(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "urn:other"},
        {"sub": "urn:devicelink:technician:t-max"},
        {"jti": "urn:c:2"},
        {"exp": 1},
        {"nbf": 1},
        {"exp": True},
        {"exp": 10**400},
        {"validFrom": "2026-11-23T09:00:00"},
        {"validUntil": "soon"},
        {"validUntil": None, "exp": None},
        {"validUntil": "2020-01-01T00:00:00Z", "exp": None},
        {"type": ["VerifiableCredential"]},
        {"@context": ["https://www.w3.org/2018/credentials/v1"]},
        {"vc": {}},
        {"id": None, "jti": None},
        {"issuer": None},
        {"issuer": {"id": "urn:maker", "name": "\x1b[31m"}},
        {"credentialSubject": []},
        {"credentialStatus": "list"},
    ],
)
def test_people_certificate_that_contradicts_itself_is_refused(changes):
    """Both forms of a fact must agree, dates have a zone and an end, text is printable."""
    with pytest.raises(CertificateError):
        peek_claims(changed(**changes))


def test_people_either_form_of_a_date_will_do():
    """A credential with only `nbf`/`exp`, or only `validFrom`/`validUntil`, says the same."""
    whole = peek_claims(certificate())
    assert peek_claims(changed(validFrom=None, validUntil=None)) == whole
    assert peek_claims(changed(nbf=None, exp=None)) == whole


def test_people_status_list_is_noticed():
    """Whatever kind of status entry there is, the certificate names a list."""
    entry = {"type": "BitstringStatusListEntry", "statusListCredential": "https://m/1"}
    for status in (entry, [entry, entry], {"type": "Unheard"}):
        assert peek_claims(changed(credentialStatus=status)).names_status_list


def test_people_catalogue_is_no_certificate_and_the_other_way_round():
    """A signed document of one kind cannot be used as the other."""
    with pytest.raises(CertificateError, match="not a catalogue"):
        read_catalogue(*jose.peek(certificate()))
    other = signed({"alg": "EdDSA", "typ": "devicelink-catalogue+jwt"}, claims_of(certificate()))
    with pytest.raises(CertificateError, match="not a certificate"):
        peek_claims(other)


@given(st.binary(max_size=400))
def test_people_any_bytes_give_a_sentence(raw):
    """Whatever bytes come, reading them raises nothing but `CertificateError`."""
    with pytest.raises(CertificateError):
        opens(raw)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
headers = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "jwk", "crit", "b64", "cty"]),
    json_values | st.sampled_from(["EdDSA", "Ed25519", "vc+jwt", KEY.thumbprint()]),
)


@given(headers, json_values)
def test_people_any_json_gives_claims_or_a_sentence(header, payload):
    """Whatever JSON stands in the parts, nothing but `CertificateError` is raised."""
    compact = signed({"alg": "EdDSA", "kid": KEY.thumbprint(), **header}, payload)
    for act in (opens, peek_claims):
        with suppress(CertificateError):
            assert act(compact)


@given(st.sampled_from(sorted(claims_of(certificate()))), json_values)
def test_people_any_claim_may_be_anything(name, value):
    """Whatever one claim of a certificate is, it gives claims or a sentence."""
    header = {"alg": "EdDSA", "typ": "vc+jwt"}
    claims = json.loads(json.dumps({**claims_of(certificate()), name: value}))
    with suppress(CertificateError):
        assert read_claims(header, claims)


@given(st.data())
def test_people_any_changed_byte_is_refused(data):
    """Whichever character of a certificate is another one, it is not opened."""
    compact = certificate()
    place = data.draw(st.integers(0, len(compact) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda one: one != compact[place]))
    with pytest.raises(CertificateError):
        opens(f"{compact[:place]}{other}{compact[place + 1 :]}")
