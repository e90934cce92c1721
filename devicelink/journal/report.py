"""What a verification says in the end, and how it judges a checkpoint that was kept elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.note import Checkpoint, Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devicelink.journal.faults import Faults
    from devicelink.journal.rotation import Keys

KEY_FROM_FOLDER = "key taken from the folder"
NO_KEPT = (
    "a roll-back: without a kept checkpoint, a mirror or a witness an older state put back looks "
    "whole"
)
NO_WITNESS = (
    "who wrote: no witness has cosigned, and whoever holds the station's key can write a journal "
    "anew"
)
NO_ROTATION = (
    "a rotation of the key: a proof shows none; where a newer key has signed, bring the newer key, "
    "or the rotation's own proof (--rotation FILE)"
)
NOT_HERE = "transcripts and texts about clients, which entries bind by their hashes alone"
NO_PROJECTIONS = "the tables made from entries, which are no evidence"


@dataclass(frozen=True, slots=True)
class Report:
    """What verification found; `root` is the base64 of the root that the entries lead to."""

    ok: bool
    size: int
    root: str
    broken: list[str]
    not_checked: list[str]

    def as_json(self) -> dict[str, object]:
        """The document that programs parse."""
        return {
            "ok": self.ok,
            "size": self.size,
            "root": self.root,
            "broken": self.broken,
            "not_checked": self.not_checked,
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint kept elsewhere: the note, and what it says."""

    note: str
    says: Checkpoint
    name: str
    """What sentences call it."""

    @classmethod
    def read(cls, note: str, name: str = "the kept checkpoint") -> Self:
        """Take a signed note apart, not yet believed; raises `ConfigError`."""
        try:
            return cls(note, Checkpoint.parse(Note.parse(note).text), name)
        except JournalBroken as error:
            raise ConfigError(f"The kept checkpoint cannot be read: {error}") from error

    @classmethod
    def read_all(cls, kept: str | Sequence[str] | None) -> list[Self]:
        """One note, several, or none; raises `ConfigError`."""
        notes = [kept] if isinstance(kept, str) else list(kept or ())
        return [cls.read(note) for note in notes]

    def judge(self, keys: Keys, size: int, root: bytes | None, faults: Faults) -> str:
        """Whether a journal of `size` entries still begins with what was kept.

        `root` is that of its first `says.size` entries. Returns what stays unchecked, as a
        sentence, where there is something to say.
        """
        found = faults.found
        with faults.noting(f"{self.name[0].upper()}{self.name[1:]}: "):
            keys.open(self.note)
        if self.says.size > size:
            faults.add(
                f"The journal was rolled back: it has {size} entries, {self.name} signs "
                f"{self.says.size}."
            )
        elif root != self.says.root:
            faults.add(
                f"The first {self.says.size} entries are not the ones that {self.name} signs: "
                "the journal was forked, or written anew."
            )
        if faults.found > found:
            return ""
        return f"a roll-back to a state after the {self.says.size} entries of {self.name}"
