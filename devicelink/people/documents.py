"""Signed documents as entries: whole in one, or in numbered parts where one does not hold them.

An entry holds 65,535 bytes. A longer document lies in consecutive entries of the same type, each
with the document's SHA-256, its own number and how many there are; it counts from the last part on,
and only if all of them together have that SHA-256.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from devicelink.errors import CertificateError
from devicelink.journal.entry import Draft
from devicelink.people.jose import LONGEST_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.journal.entry import Entry
    from devicelink.journal.projection import State

    States = Mapping[str, Mapping[str, object]]

PART_BYTES = 40_000


def sha256(compact: str) -> str:
    """By which entries name a document: of its compact form, hex."""
    return hashlib.sha256(compact.encode()).hexdigest()


def document_drafts(
    kind: str, compact: str, told: Mapping[str, object], *, by: str, role: str = "administrator"
) -> list[Draft]:
    """The entries that bring in a document; they belong into one append, so that all are there.

    `told` is what each of them repeats. Raises `CertificateError` for more than 400,000 bytes.
    """
    if len(compact) > LONGEST_BYTES:
        raise CertificateError(
            f"The document has {len(compact)} bytes; at most {LONGEST_BYTES} can be imported. Ask "
            "the issuer for one without pictures."
        )
    shared = {"sha256": sha256(compact), **told}
    if len(compact) <= PART_BYTES:
        return [Draft(kind, {"jws": compact, **shared}, actor=by, role=role)]
    starts = range(0, len(compact), PART_BYTES)
    return [
        Draft(
            kind,
            {"jws_part": compact[at : at + PART_BYTES], "part": n, "parts": len(starts), **shared},
            actor=by,
            role=role,
        )
        for n, at in enumerate(starts, 1)
    ]


def fold_document(old: State | None, entry: Entry) -> State:
    """The document that counts under a key, and beside it the parts of one that is incomplete."""
    data = entry.data
    if "parts" not in data:
        return {**data, "index": entry.index, "added_by": entry.actor}
    known = {name: value for name, value in (old or {}).items() if name != "incoming"}
    fits = {"sha256": data["sha256"], "parts": data["parts"], "by": entry.actor}
    text = _so_far((old or {}).get("incoming"), fits, data["part"])
    if text is None or len(text) > LONGEST_BYTES:
        return known
    text += str(data["jws_part"])
    if data["part"] != data["parts"]:
        return {**known, "incoming": {**fits, "part": data["part"], "text": text}}
    if sha256(text) != data["sha256"]:
        return known
    told = {k: v for k, v in data.items() if k not in {"jws_part", "part", "parts"}}
    return {**told, "jws": text, "index": entry.index, "added_by": entry.actor}


def fold_withdrawn(old: State | None, entry: Entry) -> State:
    """A certificate or paper that an administrator withdrew: it stays known, and counts no more."""
    known = old or {}
    if not known or entry.role != "administrator":
        return known
    safety = entry.data.get("safety") is True
    return {**known, "withdrawn": {"by": entry.actor, "index": entry.index, "safety": safety}}


def _so_far(incoming: object, fits: Mapping[str, object], part: object) -> str | None:
    """The text before this part; None where the part before it is not the one that belongs."""
    if part == 1:
        return ""
    if not isinstance(incoming, dict) or not isinstance(part, int):
        return None
    before = {**fits, "part": part - 1}
    same = all(incoming.get(name) == value for name, value in before.items())
    return str(incoming["text"]) if same else None


def whole(states: States) -> dict[str, Mapping[str, object]]:
    """The documents that are complete."""
    return {key: state for key, state in states.items() if "jws" in state}
