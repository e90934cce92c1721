"""The station's keys, one after the other: a rotation is an entry that both keys have signed.

The entry's `note` is a signed note (C2SP) with six lines: what it is, origin, the entry's own
index, the root of all entries before it, the old key, the new one. A checkpoint of `size` entries
is signed by the key that is in force after entry `size - 1`. Whoever trusts one of the keys can
walk to all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.database import ROTATION_BEGINS, run
from devicelink.journal.entry import Draft, read_entry
from devicelink.journal.faults import Faults
from devicelink.journal.note import Checkpoint, Note, Verifier, decode, encode, open_note, sign_note
from devicelink.journal.replay import read_raws

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from devicelink.journal.head import Head
    from devicelink.journal.note import Signer

KEY_ROTATED = "station.key_rotated"
_FIRST_LINE = "devicelink key rotation"
_LINES = 6
_INDEX = re.compile("[1-9][0-9]{0,18}", re.ASCII)
_FIND = "SELECT idx, raw FROM entries WHERE idx < ? AND substr(raw, 1, ?) = ? ORDER BY idx"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What both keys sign: from entry `index` on the new key signs, over entries with this root."""

    origin: str
    index: int
    root: bytes
    """Of the entries before `index`."""
    old_vkey: str
    new_vkey: str

    @property
    def text(self) -> str:
        """The lines that are signed."""
        place = (_FIRST_LINE, self.origin, str(self.index), encode(self.root))
        return "".join(f"{line}\n" for line in (*place, self.old_vkey, self.new_vkey))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the lines; raises `JournalBroken`."""
        lines = text.split("\n")
        if len(lines) != _LINES + 1 or lines[0] != _FIRST_LINE:
            raise JournalBroken(f"A rotation's note has {_LINES} lines and begins {_FIRST_LINE!r}.")
        _, origin, index, root, old, new, _ = lines
        known = cls(
            origin, int(index) if _INDEX.fullmatch(index) else -1, decode(root) or b"", old, new
        )
        if known.text != text:
            raise JournalBroken("A rotation's note is not written as one.")
        return known


def rotation_draft(
    origin: str, index: int, root: bytes, *, old: Signer, new: Signer, actor: str, second: str
) -> Draft:
    """The entry that hands over from key to key; `second` is the other administrator, or empty."""
    rotation = Rotation(origin, index, root, old.vkey, new.vkey)
    data: dict[str, object] = {"note": sign_note(rotation.text, old, new)}
    if second:
        data["confirmed_by"] = second
    return Draft(KEY_ROTATED, data, actor=actor, role="administrator")


def find_rotations(connection: Connection, size: int) -> dict[int, bytes]:
    """The bytes of all entries before `size` that rotate the key, by place."""
    rows = run(connection, _FIND, size, len(ROTATION_BEGINS), ROTATION_BEGINS)
    return dict(rows)


class Keys:
    """A journal's keys in their order, each with the entry that brought it (0 for the first)."""

    def __init__(self, first: Verifier) -> None:
        self._keys = [(0, first)]
        self.roots: dict[int, bytes] = {}
        """What each rotation says the root of the entries before it is."""

    @classmethod
    def walked(
        cls, trusted: Verifier, genesis: bytes, rotations: Mapping[int, bytes], faults: Faults
    ) -> Self:
        """All keys that rotations lead to; `trusted` may be the first or any later one.

        A rotation that does not hold is a fault, and what comes after it is not walked.
        """
        first = _key_of(genesis) if rotations else None
        if first is not None:
            keys, found = cls(first), Faults()
            keys._walk_all(rotations, found)
            if trusted in keys.all():
                for sentence in found.sentences():
                    faults.add(sentence)
                return keys
        keys = cls(trusted)
        keys._walk_all(rotations, faults)
        return keys

    @property
    def first(self) -> Verifier:
        """The key that entry 0 names."""
        return self._keys[0][1]

    @property
    def last(self) -> Verifier:
        """The key in force."""
        return self._keys[-1][1]

    def all(self) -> list[Verifier]:
        """Each key."""
        return [key for _, key in self._keys]

    def at(self, size: int) -> Verifier:
        """The key that signs a checkpoint of so many entries."""
        return next(key for since, key in reversed(self._keys) if since < size)

    def open(self, note: str) -> Checkpoint:
        """Read a checkpoint that the key of its size has signed; raises `JournalBroken`."""
        parsed = Note.parse(note)
        says = Checkpoint.parse(parsed.text)
        due = self.at(says.size)
        by = {(name, told_id) for name, told_id, _ in parsed.signatures}
        if (due.name, due.key_id) not in by:
            for place, (since, key) in enumerate(self._keys):
                if (key.name, key.key_id) not in by:
                    continue
                what = (
                    f"came only with entry {since}"
                    if since >= says.size
                    else f"was retired at entry {self._keys[place + 1][0]}"
                )
                raise JournalBroken(
                    f"A checkpoint of {says.size} entries is signed by the key {key.vkey}, which "
                    f"{what}; the key of that size is {due.vkey}."
                )
        return Checkpoint.open(note, due)

    def walk(self, place: int, raw: bytes) -> None:
        """Go on by the rotation at a place; raises `JournalBroken` where it does not hold."""
        entry = read_entry(raw)
        note = entry.data.get("note")
        if entry.type != KEY_ROTATED or not isinstance(note, str):
            raise JournalBroken("it rotates the key and holds no note.")
        told = Rotation.parse(Note.parse(note).text)
        if (told.origin, told.index) != (self.first.name, place):
            raise JournalBroken(
                f"its rotation was signed for entry {told.index} of {told.origin}, and stands here."
            )
        if told.old_vkey != self.last.vkey:
            raise JournalBroken(
                f"it rotates from the key {told.old_vkey}, but the key in force is "
                f"{self.last.vkey}."
            )
        try:
            new = Verifier.from_vkey(told.new_vkey)
        except ConfigError as error:
            raise JournalBroken(f"it rotates to no usable key. {error}") from error
        if new.name != told.origin or new in self.all():
            raise JournalBroken(f"it rotates to {new.vkey}, which is no new key of this journal.")
        for which, key in (("old", self.last), ("new", new)):
            try:
                open_note(note, [key])
            except JournalBroken as error:
                raise JournalBroken(
                    f"its rotation is not signed by both keys: the {which} key {key.vkey} did not "
                    "sign it."
                ) from error
        self._keys.append((place, new))
        self.roots[place] = told.root

    def check_roots(self, roots: Mapping[int, bytes | None], faults: Faults) -> None:
        """Hold what rotations say of the entries before them against the entries."""
        for place, told in self.roots.items():
            if roots.get(place) != told:
                faults.add(
                    f"Entry {place}: its rotation was signed over other entries than the {place} "
                    "before it: they were changed, or it was put here."
                )

    def _walk_all(self, rotations: Mapping[int, bytes], faults: Faults) -> None:
        for place, raw in rotations.items():
            found = faults.found
            with faults.noting(f"Entry {place}: "):
                self.walk(place, raw)
            if faults.found > found:
                return


def keys_in(
    connection: Connection, head: Head, faults: Faults, trusted: Verifier | None = None
) -> Keys:
    """The keys of a journal's file, from the trusted one or the one that its head names."""
    raws = read_raws(connection, 0, 1)
    rotations = find_rotations(connection, head.size)
    genesis = raws[0] if raws else b""
    return Keys.walked(trusted or head.verifier(), genesis, rotations, faults)


def sound_keys(connection: Connection, head: Head) -> Keys:
    """The same; raises `JournalBroken` where a rotation does not hold."""
    faults = Faults()
    keys = keys_in(connection, head, faults)
    if faults.found:
        raise JournalBroken("The journal's keys do not hold: " + " ".join(faults.sentences()))
    return keys


def rotations_among(raws: Iterable[bytes], start: int) -> dict[int, bytes]:
    """Those of a bundle's entries that rotate the key, by place."""
    return {place: raw for place, raw in enumerate(raws, start) if raw.startswith(ROTATION_BEGINS)}


def _key_of(genesis: bytes) -> Verifier | None:
    """The key that entry 0 names, if it does."""
    try:
        return Verifier.from_vkey(str(read_entry(genesis).data.get("vkey")))
    except (JournalBroken, ConfigError):
        return None
