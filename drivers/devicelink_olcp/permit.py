"""The permit's bytes: what a session was granted, as a console wants to see it signed.

Source of every fact: `docs/protocols/olcp.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from struct import pack
from typing import TYPE_CHECKING

from devicelink.errors import DeviceFault, ProtocolError
from devicelink_olcp.names import HANDPIECES, KINDS

if TYPE_CHECKING:
    from devicelink.driver import Grant

CONTEXT = b"OLCP permit 1\n"
LEASE_MS = 1000
_LEASE_RANGE_MS = (300, 2000)
_DURATION_MAX_S = 7200
_NARROWS_NOTHING = 0xFFFF_FFFF
_UJ_PER_MJ = 1000
_LONGEST_SERIAL = 32
_LONGEST_WAVE_NM = 0xFFFF
_SIZES = {"permit_id": 16, "session_sha256": 32, "person_sha256": 32}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the console said of itself for this permit."""

    serial: str
    boot_id: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """The highest that the console may make under it; None narrows nothing."""

    energy_uj: int | None = None
    fluence_mj_cm2: int | None = None
    mean_power_mw: int | None = None
    pulses: int | None = None

    def packed(self) -> bytes:
        """Four numbers."""
        each = (self.energy_uj, self.fluence_mj_cm2, self.mean_power_mw, self.pulses)
        return pack("<4I", *(_NARROWS_NOTHING if one is None else one for one in each))


def permit(grant: Grant, asked: Asked, limits: Limits, *, lease_ms: int) -> bytes:
    """Signed; raises `ProtocolError` (ours), and `DeviceFault` where no light is defined yet."""
    for name, size in _SIZES.items():
        if len(getattr(grant, name)) != size:
            raise ProtocolError(f"devicelink granted without a {name} of {size} bytes; not sent.")
    if grant.kind not in KINDS[1:]:
        raise ProtocolError(f"No permit can be for a session of kind {grant.kind!r}; not sent.")
    if grant.duration_s < 1:
        raise ProtocolError("devicelink granted no time; not sent.")
    serial = asked.serial.encode()
    if not 1 <= len(serial) <= _LONGEST_SERIAL:
        raise DeviceFault(
            f"The laser's serial number, {asked.serial!r}, fits no permit: 32 letters at the most. "
            "Ask its maker."
        )
    body = (
        b"\x01"
        + sha256(grant.public_key).digest()[:8]
        + asked.boot_id
        + asked.nonce
        + grant.permit_id
        + grant.session_sha256
        + grant.person_sha256
        + pack("<B", KINDS.index(grant.kind))
        + pack("<HH", min(grant.duration_s, _DURATION_MAX_S), lease_ms)
        + limits.packed()
        + pack("<BH", 1, _wavelength_nm(grant))
        + pack("<BB", 1, _handpiece(grant))
        + bytes([len(serial)])
        + serial
    )
    return body + grant.sign(CONTEXT + body)


def limits_of(grant: Grant) -> Limits:
    """Of what people are limited in, a permit knows the energy; rounded down to its unit."""
    highest = grant.highest.get("energy_mj")
    if highest is None:
        return Limits()
    try:
        energy_uj = int(Decimal(highest) * _UJ_PER_MJ)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ProtocolError(
            f"devicelink granted an energy of {highest!r} mJ, which is no number; not sent."
        ) from error
    return Limits(energy_uj=min(max(energy_uj, 0), _NARROWS_NOTHING))


def lease_within(offered_ms: tuple[int, int]) -> int:
    """A second, or what is nearest of the console's own range; `DeviceFault` without any."""
    lowest, highest = max(offered_ms[0], _LEASE_RANGE_MS[0]), min(offered_ms[1], _LEASE_RANGE_MS[1])
    if lowest > highest:
        raise DeviceFault(
            f"The laser offers a lease of {offered_ms[0]} to {offered_ms[1]} ms, and none within "
            f"{_LEASE_RANGE_MS[0]} to {_LEASE_RANGE_MS[1]}. Have its service set one."
        )
    return min(max(LEASE_MS, lowest), highest)


def _wavelength_nm(grant: Grant) -> int:
    """The one in force, as it was judged."""
    told = grant.effective.wavelength_nm
    if told is None or not told.isdecimal() or int(told) > _LONGEST_WAVE_NM:
        raise DeviceFault(
            "The laser does not tell which of its wavelengths is in force: choose one, with the "
            "setting wavelength_nm or at its panel."
        )
    return int(told)


def _handpiece(grant: Grant) -> int:
    """The kind in place, as it was judged."""
    told = grant.effective.handpiece
    if told is None:
        raise DeviceFault("No handpiece is in place: connect one to the laser.")
    if told in HANDPIECES:
        return HANDPIECES.index(told)
    return int(told.rpartition("_")[2])
