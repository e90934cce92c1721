"""OLCP's permit, written from docs/protocols/olcp.md alone: made, signed, read and checked."""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.protocols.stranger_wire import NOTHING_32, Fields, TooShort, string

CONTEXT = b"OLCP permit 1\n"
SIGNATURE = 64
LONGEST = 256
KINDS = {"treatment": 1, "test_spot": 2, "energy_check": 3, "service": 4, "training": 5}


class BadPermit(ValueError):
    """Layout, lengths or values that the table does not know."""


@dataclass(frozen=True)
class Permit:
    """All that a permit says, but its signature."""

    key_id: bytes
    boot_id: bytes
    nonce: bytes
    permit_id: bytes
    session_hash: bytes
    person_hash: bytes
    kind: int
    duration_s: int
    lease_ms: int
    wavelengths: tuple[int, ...]
    handpieces: tuple[int, ...]
    device_serial: str
    max_energy_uj: int = NOTHING_32
    max_fluence_mj_cm2: int = NOTHING_32
    max_mean_power_mw: int = NOTHING_32
    max_pulses: int = NOTHING_32

    def to_bytes(self) -> bytes:
        """Write everything before the signature."""
        head = b"\x01" + self.key_id + self.boot_id + self.nonce + self.permit_id
        head += self.session_hash + self.person_hash
        head += struct.pack(
            "<BHHIIII",
            self.kind,
            self.duration_s,
            self.lease_ms,
            self.max_energy_uj,
            self.max_fluence_mj_cm2,
            self.max_mean_power_mw,
            self.max_pulses,
        )
        head += bytes((len(self.wavelengths),)) + b"".join(
            struct.pack("<H", nm) for nm in self.wavelengths
        )
        return head + bytes((len(self.handpieces), *self.handpieces)) + string(self.device_serial)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Give the 32 bytes of the public key that belongs to a private one."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(public: bytes) -> bytes:
    """Give the eight bytes that name a key."""
    return hashlib.sha256(public).digest()[:8]


def sign(permit: Permit, key: Ed25519PrivateKey) -> bytes:
    """Give the permit's bytes with its signature."""
    said = permit.to_bytes()
    return said + key.sign(CONTEXT + said)


def signed_by(data: bytes, public: bytes) -> bool:
    """Tell whether this key signed these bytes of a permit."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            data[-SIGNATURE:], CONTEXT + data[:-SIGNATURE]
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def read(data: bytes) -> Permit:
    """Read a permit; BadPermit where its layout, lengths or values cannot be."""
    if len(data) > LONGEST:
        raise BadPermit
    try:
        permit = _fields(Fields(data[:-SIGNATURE]))
    except (TooShort, UnicodeDecodeError) as wrong:
        raise BadPermit from wrong
    in_table = (
        1 <= permit.kind <= 5
        and 1 <= permit.duration_s <= 7200
        and 300 <= permit.lease_ms <= 2000
        and all(1 <= kind <= 4 for kind in permit.handpieces)
    )
    if not in_table or not 1 <= len(permit.device_serial.encode()) <= 32:
        raise BadPermit
    return permit


def _fields(fields: Fields) -> Permit:
    if fields.number(1) != 1:
        raise BadPermit
    ids = [fields.raw(size) for size in (8, 16, 16, 16, 32, 32)]
    kind, duration_s, lease_ms = fields.number(1), fields.number(2), fields.number(2)
    limits = [fields.number(4) for _ in range(4)]
    wavelengths = tuple(fields.number(2) for _ in range(_one_to_four(fields)))
    handpieces = tuple(fields.number(1) for _ in range(_one_to_four(fields)))
    serial = fields.string()
    if fields.rest():
        raise BadPermit
    return Permit(*ids, kind, duration_s, lease_ms, wavelengths, handpieces, serial, *limits)


def _one_to_four(fields: Fields) -> int:
    count = fields.number(1)
    if not 1 <= count <= 4:
        raise BadPermit
    return count


def exceeds(permit: Permit, values: dict[int, int]) -> bool:
    """Tell whether settings ask for more than the permit allows, as the page counts it."""
    energy, stack, rate = values[1], values.get(8, 1), values.get(3, 0)
    area_cm2 = math.pi * (values.get(9, 0) / 20_000) ** 2
    fluence = energy / 1000 / area_cm2 if area_cm2 else math.inf
    power_mw = energy * stack * rate / 1e6
    return (
        _above(energy, permit.max_energy_uj)
        or _above(fluence, permit.max_fluence_mj_cm2)
        or _above(power_mw, permit.max_mean_power_mw)
        or permit.max_pulses == 0
        or values.get(10) not in permit.wavelengths
    )


def _above(value: float, limit: int) -> bool:
    return limit != NOTHING_32 and (limit == 0 or value > limit)
