"""Dialogues with an OLCP console, told by the page's own vectors: what is sent and comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass

from devicelink.driver import Grant, UnlockToken
from tests.protocols import olcp_vectors as page

VECTORS = json.loads(page.VECTORS.read_text())
EXCHANGES = {each["name"]: each for each in VECTORS["exchanges"]}
IDENT, CAPS, STATUS, TIME, CHALLENGE, PERMIT, BEAT, STANDBY, READY_REQUEST = range(1, 10)
SETTINGS_READ, PROPOSE, COMMIT = 0x0A, 0x0B, 0x0C
EVENTS_READ, REPORTS_READ, CHECK_BEGIN, CHECK_END = 0x0F, 0x11, 0x13, 0x14
CLOSED = 0b0011_0100_0001_1110
"""The inputs of a console where all is well, its shutter closed."""


@dataclass(frozen=True)
class Refuses:
    """An error answer, in a state."""

    error: int
    state: int = 3


def payload(name, side="answer"):
    """Of one of the page's exchanges."""
    return bytes.fromhex(EXCHANGES[name][side]["payload"])


WHO, CAN, BEFORE = payload("IDENT"), payload("CAPS"), payload("SETTINGS_READ")
AFTER = page.SETTINGS_ID + page.AFTER


def dialogue(*exchanges, first=2):
    """Pairs for a script: each request with the next even number, the marker before the first.

    An exchange is LOCK's answer, or a code, a payload, and what is answered: bytes, an error, None.
    """
    pairs, seq, marked = [], first, False
    for each in exchanges:
        if isinstance(each, bytes):
            pairs.append((page.LOCK, page.frame(0xA0, 0, each)))
            continue
        code, asked, answer = each
        if not marked and code not in {STANDBY, CHECK_END}:
            told = page.frame(TIME | 0x80, seq + 1, page.BOOT + bytes(8))
            pairs.append((page.frame(TIME, seq + 1), told))
            marked = True
        pairs.append((page.frame(code, seq, asked), _answer(code, seq, answer)))
        seq += 2
    return pairs


def _answer(code, seq, answer):
    if answer is None:
        return None
    if isinstance(answer, Refuses):
        return page.frame(page.ERROR, seq, bytes([code, answer.error, answer.state]))
    return page.frame(code | 0x80, seq, answer)


def ask(code, answer):
    """A question without a payload."""
    return (code, b"", answer)


def status(state, *, nonce=0xA1, at=(), **changed):
    """A STATUS payload; `at` overwrites bytes, as (offset, hex)."""
    made = bytearray(page.status(state, nonce, **changed))
    for offset, hexed in at:
        made[offset : offset + len(hexed) // 2] = bytes.fromhex(hexed)
    return bytes(made)


def caps(ranges, *, flags=0b111_1110, lease_ms=(300, 2000), wavelengths=(10_600,)):
    """A CAPS payload; `ranges` by number: lowest, highest, step."""
    made = page.pack("<BIHHB", 0, flags, *lease_ms, len(wavelengths))
    made += b"".join(page.pack("<H", each) for each in wavelengths) + b"\x01\x01"
    made += bytes([len(ranges)])
    return made + b"".join(page.pack("<BIII", n, *each) for n, each in ranges.items())


def block(**changed):
    """The page's settings in force, with its id; `p1=5000` changes parameter 1, None drops it."""
    values = dict(page.PARAMETERS)
    for name, value in changed.items():
        values[int(name[1:])] = value
    made = page.block({number: value for number, value in values.items() if value is not None})
    return page.sha256(made).digest() + made


def grant(effective, **changed):
    """What the page's good permit grants."""
    says = {
        "permit_id": page.PERMIT_ID,
        "session_sha256": page.sha256(b"S-29").digest(),
        "person_sha256": page.sha256(b"salt and t-ines").digest(),
        "kind": "treatment",
        "duration_s": 4200,
        "effective": effective,
        "highest": {"energy_mj": "50"},
        "public_key": page.public(page.KEY),
        "sign": page.KEY.sign,
    } | changed
    return Grant(**says)


def unlock_token(effective, **changed):
    """The token of an `unlock.intended`."""
    return UnlockToken(entry_index=7, grant=grant(effective, **changed))
