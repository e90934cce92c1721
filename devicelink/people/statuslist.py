"""Status lists: what an issuer revokes or suspends (W3C Bitstring Status List 1.0), as compact JWS.

One bit for each certificate; bit 0 is the most significant bit of the first byte. `encodedList` is
multibase `u` and base64url of GZIP of the bits. Ours is `safetyIndexes` beside it: which of the set
bits are set for the safety of clients or staff, so that a running session ends at once.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from devicelink.errors import CertificateError, ConfigError
from devicelink.people import claims as read
from devicelink.people import jose
from devicelink.people.claims import CREDENTIALS_CONTEXT, KIND, KINDS, PlainText

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink.people.keys import Key

FEWEST_BITS = 131_072
"""So many that a place in the list tells nothing of the person (W3C, section 6.1)."""
MOST_BYTES = 4 * 1024 * 1024
"""Of the bits, decompressed; no more is ever held in memory."""

_LIST = "BitstringStatusListCredential"
_MOST_SAFETY = 1_000
_ENCODED = re.compile(r"u[A-Za-z0-9_-]+", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_GZIP = 31
"""zlib's `wbits` for the format GZIP alone."""


class StatusList(BaseModel):
    """One issue of a list; whether it may be believed is another question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    list_url: PlainText
    issuer: PlainText
    purpose: Literal["revocation", "suspension"]
    issued_at: AwareDatetime
    valid_until: AwareDatetime | None = None
    safety: frozenset[int] = frozenset()
    bits: bytes

    @property
    def key(self) -> str:
        """Under which the newest issue of this list is known."""
        return list_key(self.issuer, self.purpose, self.list_url)

    def is_set(self, index: str) -> bool | None:
        """Whether the bit at an index (decimal digits) is set; None where there is no such bit."""
        if not _INDEX.fullmatch(index) or int(index) >= len(self.bits) * 8:
            return None
        place, bit = divmod(int(index), 8)
        return bool(self.bits[place] >> (7 - bit) & 1)

    def is_safety(self, index: str) -> bool:
        """Whether the bit at an index is set for safety."""
        return self.is_set(index) is True and int(index) in self.safety

    def changed(self, indexes: Iterable[int], *, to: bool, safety: bool) -> Self:
        """With bits set or cleared; raises `ConfigError` for a place that is not in the list."""
        bits, marked = bytearray(self.bits), set(self.safety)
        for index in indexes:
            place, bit = divmod(index, 8)
            if not 0 <= place < len(bits):
                raise ConfigError(f"The list has the places 0 to {len(bits) * 8 - 1}, not {index}.")
            if to:
                bits[place] |= 128 >> bit
                marked |= {index} if safety else set()
            else:
                bits[place] &= ~(128 >> bit)
                marked.discard(index)
        return self.model_copy(update={"bits": bytes(bits), "safety": frozenset(marked)})

    def reissued(self, now: datetime, valid_until: datetime | None) -> Self:
        """The next issue of this list, dated now, and always later than this one."""
        issued_at = max(now.replace(microsecond=0), self.issued_at + timedelta(seconds=1))
        return self.model_copy(update={"issued_at": issued_at, "valid_until": valid_until})

    def takes_back(self, earlier: StatusList) -> bool:
        """Whether a bit that was set in an earlier issue is not set any more, or not there."""
        length = max(len(self.bits), len(earlier.bits))
        now, then = (int.from_bytes(one.bits.ljust(length, b"\0")) for one in (self, earlier))
        return bool(then & ~now)


def list_key(issuer: str, purpose: str, list_url: str) -> str:
    """Under which the newest issue of a list is known."""
    return f"{purpose} {list_url} {issuer}"


def empty_bits() -> bytes:
    """A list of the shortest length in which nothing is set."""
    return bytes(FEWEST_BITS // 8)


def new_list(list_url: str, issuer: str, purpose: str) -> StatusList:
    """A list in which nothing is set, not yet issued; raises `ConfigError`."""
    try:
        return StatusList.model_validate(
            {
                "list_url": list_url,
                "issuer": issuer,
                "purpose": purpose,
                "issued_at": datetime(1970, 1, 1, tzinfo=UTC),
                "bits": empty_bits(),
            }
        )
    except ValidationError:
        raise ConfigError(f"{list_url!r:.60} cannot be a status list's URL.") from None


def issue_status_list(key: Key, made: StatusList, issuer_name: str) -> str:
    """A signed list as compact JWS, dates to the second; read back before it is given out.

    Raises `CertificateError` where it would not be accepted.
    """
    subject: dict[str, object] = {
        "id": f"{made.list_url}#list",
        "type": "BitstringStatusList",
        "statusPurpose": made.purpose,
        "encodedList": encode(made.bits),
    }
    if made.safety:
        subject["safetyIndexes"] = sorted(made.safety)
    claims: dict[str, object] = {
        "@context": [CREDENTIALS_CONTEXT],
        "id": made.list_url,
        "type": ["VerifiableCredential", _LIST],
        "issuer": {"id": made.issuer, "name": issuer_name},
        "validFrom": read.date_text(made.issued_at),
        "credentialSubject": subject,
        "iss": made.issuer,
    }
    if made.valid_until is not None:
        claims["validUntil"] = read.date_text(made.valid_until)
    compact = jose.sign(claims, key, KIND)
    read_status_list(*jose.peek(compact))
    return compact


@lru_cache(4)
def peek_status_list(compact: str) -> StatusList:
    """What a list says, not believed; raises `CertificateError`."""
    return read_status_list(*jose.peek(compact))


def read_status_list(header: Mapping[str, object], claims: Mapping[str, Any]) -> StatusList:
    """What a document says, if it is a status list; raises `CertificateError`."""
    read.check_kind(header, KINDS, "status list")
    types = read.as_list(claims.get("type"))
    if read.as_list(claims.get("@context"))[:1] != [CREDENTIALS_CONTEXT] or _LIST not in types:
        raise CertificateError("The document is not a status list (BitstringStatusListCredential).")
    subject = read.json_object(claims.get("credentialSubject"), "credentialSubject")
    if subject.get("type") != "BitstringStatusList" or subject.get("statusSize", 1) != 1:
        raise CertificateError("The status list is of a kind that cannot be read here.")
    issuer, _ = read.issuer_of(claims)
    bits = decode(subject.get("encodedList"))
    try:
        made = StatusList(
            list_url=read.text(claims.get("id"), "id"),
            issuer=issuer,
            purpose=subject.get("statusPurpose"),
            issued_at=read.date(claims, "validFrom", "nbf"),
            valid_until=read.date_if_any(claims, "validUntil", "exp"),
            safety=_safety(subject.get("safetyIndexes")),
            bits=bits,
        )
    except ValidationError as error:
        raise read.unusable("status list", error) from None
    if made.valid_until is not None and made.valid_until <= made.issued_at:
        raise CertificateError("The status list ends before it begins.")
    if not all(made.is_set(str(index)) for index in made.safety):
        raise CertificateError("The status list marks a place for safety that it does not set.")
    return made


def encode(bits: bytes) -> str:
    """Bits as `encodedList` writes them."""
    return "u" + base64.urlsafe_b64encode(gzip.compress(bits, mtime=0)).rstrip(b"=").decode()


def decode(encoded: object) -> bytes:
    """The bits of an `encodedList`, at most 4 MiB of them; raises `CertificateError`."""
    if not isinstance(encoded, str) or not _ENCODED.fullmatch(encoded):
        raise CertificateError("The status list is not written as multibase base64url.")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        packed = base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4))
        bits = unpacker.decompress(packed, MOST_BYTES + 1)
    except (binascii.Error, zlib.error):
        raise CertificateError("The status list cannot be unpacked: it is damaged.") from None
    if len(bits) > MOST_BYTES:
        raise CertificateError(f"The status list is longer than {MOST_BYTES} bytes.")
    if not unpacker.eof or unpacker.unused_data:
        raise CertificateError("The status list cannot be unpacked: it is cut off or continued.")
    if len(bits) * 8 < FEWEST_BITS:
        raise CertificateError(f"The status list is shorter than {FEWEST_BITS} places.")
    return bits


def _safety(found: object) -> frozenset[int]:
    indexes = read.as_list(found)
    if len(indexes) > _MOST_SAFETY or not all(type(one) is int and one >= 0 for one in indexes):
        raise CertificateError(
            f"The status list's safetyIndexes are not at most {_MOST_SAFETY} whole numbers."
        )
    return frozenset(indexes)
