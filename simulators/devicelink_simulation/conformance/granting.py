"""What a session's verdict would have granted, signed by a key that everybody may know."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devicelink.driver import Grant, UnlockToken
from devicelink.session.unlocking import GRANT_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink.driver import Effective

_KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"conformance of devicelink").digest())
PUBLIC_KEY = _KEY.public_key().public_bytes_raw()
"""A profile puts it into its simulator's slot, where the laser checks permits."""


def granted(effective: Effective, entry_index: int) -> UnlockToken:
    """A token of its own for each session; what is effective is the highest that is allowed."""
    permit_id = sha256(b"permit %d" % entry_index).digest()[:16]
    return UnlockToken(
        entry_index=entry_index,
        grant=Grant(
            permit_id=permit_id,
            session_sha256=sha256(b"conformance S-1").digest(),
            person_sha256=sha256(permit_id + b"t-ines").digest(),
            kind="treatment",
            duration_s=GRANT_S,
            effective=effective,
            highest=dict(_numbers(effective.settings)),
            public_key=PUBLIC_KEY,
            sign=_KEY.sign,
        ),
    )


def _numbers(settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        try:
            Decimal(value)
        except InvalidOperation:
            continue
        yield name, value
