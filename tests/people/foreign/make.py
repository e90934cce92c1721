"""Makes the documents beside this file with openbadgeslib, which is not ours; see README.md."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from openbadgeslib.keys import KeyFactory, KeyType
from openbadgeslib.ob3.credential import Achievement, Issuer, OpenBadgeCredential
from openbadgeslib.ob3.signer import OB3Signer
from openbadgeslib.ob3.status_list import (
    build_status_list_credential,
    sign_status_list_credential,
    status_entry,
)

HERE = Path(__file__).parent
LIST_URL = "https://badges.example/status/revocation"
INDEX = 7
KINDS = {
    "ed25519": (KeyType.ED25519, "EdDSA", OKPAlgorithm),
    "es256": (KeyType.ECC, "ES256", ECAlgorithm),
    "rs256": (KeyType.RSA, "RS256", RSAAlgorithm),
}


def make(name: str) -> None:
    """One issuer's key, certificate and lists."""
    kind, algorithm, jwk = KINDS[name]
    key = KeyFactory(kind)
    key.generate_keypair()
    pem = key.get_priv_key_pem()
    issuer = Issuer(id=f"https://badges.example/{name}", name="Badges Example")
    credential = OpenBadgeCredential(
        issuer=issuer,
        recipient_id="urn:devicelink:technician:t-tom",
        achievement=Achievement(
            id="https://badges.example/achievements/resurfacing",
            name="Resurfacing with the SimuLase-1",
            description="A course of two days, with an examination.",
            criteria_narrative="Examined on the laser.",
        ),
        id=f"urn:uuid:00000000-0000-4000-8000-{len(name):012d}",
        issuance_date=datetime(2026, 11, 1, tzinfo=UTC),
        expiration_date=datetime(2099, 6, 30, tzinfo=UTC),
        credential_status=[status_entry(LIST_URL, "revocation", INDEX)],
    )
    signer = OB3Signer(pem, algorithm)
    keep(f"certificate-{name}.jws", signer.sign(credential))
    for list_name, places in (("good", []), ("revoked", [INDEX])):
        built = build_status_list_credential(issuer.id, LIST_URL, "revocation", places)
        keep(f"list-{list_name}-{name}.jws", sign_status_list_credential(built, pem, algorithm))
        time.sleep(2)  # a newer list has to be dated later, to the second
    built["credentialSubject"]["safetyIndexes"] = [INDEX]
    built["validFrom"] = datetime.now(UTC).isoformat(timespec="seconds")
    keep(f"list-safety-{name}.jws", sign_status_list_credential(built, pem, algorithm))
    private = load_pem_private_key(pem if isinstance(pem, bytes) else pem.encode(), None)
    words = json.loads(jwk.to_jwk(private))
    words.pop("key_ops", None)
    told = {"id": issuer.id, "name": issuer.name, "jwk": words}
    if name == "ed25519":
        keep(f"issuer-{name}.key", json.dumps(told))
    public = {part: words[part] for part in ("kty", "crv", "x", "y", "n", "e") if part in words}
    keep(f"issuer-{name}.pub", json.dumps({**told, "jwk": public}))


def keep(name: str, text: str) -> None:
    """One file, never over another one."""
    with (HERE / name).open("x", encoding="utf-8") as file:
        file.write(text + "\n")


if __name__ == "__main__":
    for one in sys.argv[1:] or KINDS:
        make(one)
