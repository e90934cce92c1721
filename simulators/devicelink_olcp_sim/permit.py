"""A permit as it is signed: layout, signature, and what it allows."""

from __future__ import annotations

from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTEXT = b"OLCP permit 1\n"
TREATMENT, TEST_SPOT, ENERGY_CHECK, SERVICE, TRAINING = range(1, 6)
_HEAD = Struct("<B8s16s16s16s32s32sBHH4I")
_WAVELENGTHS_AT = _HEAD.size
_SIGNATURE_BYTES = 64
_LONGEST = 256
_MOST_LISTED = 4
_LONGEST_SERIAL = 32
_LONGEST_S = 7_200
_LEASE_MS = (300, 2_000)


class Permit(NamedTuple):
    """What a permit says; `text` is what its signature stands for."""

    key_id: bytes
    boot_id: bytes
    nonce: bytes
    permit_id: bytes
    kind: int
    duration_s: int
    lease_ms: int
    max_energy_uj: int
    max_fluence_mj_cm2: int
    max_mean_power_mw: int
    max_pulses: int
    wavelengths_nm: tuple[int, ...]
    handpieces: tuple[int, ...]
    serial: bytes
    text: bytes
    signature: bytes

    def signed_by(self, key: bytes) -> bool:
        """Whether that public key signed it."""
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(self.signature, CONTEXT + self.text)
        except InvalidSignature:
            return False
        return True


def key_id(key: bytes) -> bytes:
    """How a permit names a public key."""
    return sha256(key).digest()[:8]


def read_permit(data: bytes) -> Permit | None:
    """The permit in these bytes; None where layout, lengths or values are not those of one."""
    if len(data) > _LONGEST or len(data) < _HEAD.size + _SIGNATURE_BYTES:
        return None
    version, key, boot, nonce, permit_id, _, _, kind, duration_s, lease_ms, *limits = (
        _HEAD.unpack_from(data)
    )
    text, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    wavelengths, at = _listed(text, _WAVELENGTHS_AT, 2)
    handpieces, at = _listed(text, at, 1)
    serial = text[at + 1 :]
    if not (
        version == 1
        and TREATMENT <= kind <= TRAINING
        and 1 <= duration_s <= _LONGEST_S
        and _LEASE_MS[0] <= lease_ms <= _LEASE_MS[1]
        and wavelengths
        and handpieces
        and 1 <= len(serial) <= _LONGEST_SERIAL
        and text[at] == len(serial)
    ):
        return None
    energy, fluence, power, pulses = limits
    return Permit(
        key_id=key,
        boot_id=boot,
        nonce=nonce,
        permit_id=permit_id,
        kind=kind,
        duration_s=duration_s,
        lease_ms=lease_ms,
        max_energy_uj=energy,
        max_fluence_mj_cm2=fluence,
        max_mean_power_mw=power,
        max_pulses=pulses,
        wavelengths_nm=tuple(wavelengths),
        handpieces=tuple(handpieces),
        serial=serial,
        text=text,
        signature=signature,
    )


def _listed(text: bytes, at: int, width: int) -> tuple[Sequence[int], int]:
    """The numbers listed there, one to four, and where they end; none where they cannot be."""
    count = text[at] if at < len(text) else 0
    end = at + 1 + count * width
    if not 1 <= count <= _MOST_LISTED or end > len(text):
        return (), len(text)
    return [
        int.from_bytes(text[each : each + width], "little") for each in range(at + 1, end, width)
    ], end
