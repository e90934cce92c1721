"""Verifies what was taken away: an exported tile log, or the proof of one entry."""

from __future__ import annotations

import base64
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.faults import Faults, Runs
from devicelink.journal.note import Checkpoint, Note, Verifier
from devicelink.journal.proof import Proof
from devicelink.journal.report import (
    KEY_FROM_FOLDER,
    NO_KEPT,
    NO_ROTATION,
    NO_WITNESS,
    NOT_HERE,
    Kept,
    Report,
)
from devicelink.journal.rotation import Keys, rotations_among
from devicelink.journal.sayings import Sayings
from devicelink.journal.tilelog import (
    BUNDLES,
    CHECKPOINT_FILE,
    TILES_FOLDER,
    VKEY_FILE,
    TileLog,
    read_bundle,
)
from devicelink.journal.tree import TILE_WIDTH, split_hashes, tile_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from devicelink.journal.tilelog import LogFile

_PATH = re.compile(
    r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*)(\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII
)
_NO_MORE = "What follows it was not checked."
_MOST_BYTES = TILE_WIDTH * (2 + 65_535)
"""Of the longest bundle that there can be."""


def is_export(folder: Path) -> bool:
    """Whether a folder looks like an export rather than a station's folder."""
    return any((folder / name).exists() for name in (CHECKPOINT_FILE, TILES_FOLDER))


def verify_proof(text: str, vkey: str, rotations: Sequence[str] = ()) -> Report:
    """Check one entry's proof by one of the log's keys.

    `rotations` are proofs of the entries that lead from this key to the one that signed. Raises
    `ConfigError` where the key cannot be read.
    """
    verifier, faults = Verifier.from_vkey(vkey), Faults()
    size, root = 0, ""
    not_checked = [NO_WITNESS, NO_KEPT, "every other entry: a proof speaks of one"]
    if not rotations:
        not_checked.append(NO_ROTATION)
    with faults.noting():
        handed = [Proof.parse(each) for each in rotations]
        found = {each.index: each.raw for each in sorted(handed, key=lambda each: each.index)}
        keys = Keys.walked(verifier, b"", found, faults)
        proof = Proof.parse(text)
        signed = keys.open(proof.note)
        proof.check(keys.at(signed.size))
        size, root = signed.size, base64.b64encode(signed.root).decode()
    return Report(not faults.found, size, root, faults.sentences(), not_checked)


def verify_export(
    folder: Path,
    *,
    vkey: str | None = None,
    kept: str | Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check an exported tile log from its entries' bytes upwards, in bounded memory.

    Every entry is read and hashed, every tile and every older partial tile compared, and no other
    file may be there. Parameters as those of `devicelink.journal.verify.verify`. Raises
    `ConfigError` where the folder, `vkey` or `kept` cannot be read.
    """
    check = _Check(folder, Faults(), Kept.read_all(kept))
    try:
        check.run(None if vkey is None else Verifier.from_vkey(vkey), progress)
    except JournalBroken as error:
        check.faults.add(str(error))
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}.") from error
    return Report(
        ok=not check.faults.found,
        size=check.size,
        root=check.root,
        broken=check.faults.sentences(),
        not_checked=check.not_checked,
    )


class _Check:
    """One verification; what is known when it breaks off is still reported."""

    def __init__(self, folder: Path, faults: Faults, kept: Sequence[Kept]) -> None:
        self.size = 0
        self.root = ""
        self.not_checked = [NO_WITNESS, NOT_HERE]
        self.faults = faults
        self._folder = folder
        self._kept = kept
        self._kept_roots: dict[int, bytes | None] = {each.says.size: None for each in kept}
        self._log = TileLog()
        self._changed = Runs()
        self._tiles: list[str] = []

    def run(self, given: Verifier | None, progress: Callable[[int, int], None] | None) -> None:
        """Everything, in the order in which one thing rests on the other."""
        trusted = self._trusted(given)
        note = self._content(CHECKPOINT_FILE)
        if note is None:
            raise JournalBroken(
                f"{self._folder} has no checkpoint: it is no whole export. Export it again."
            )
        text = note.decode(errors="replace")
        signed = Checkpoint.parse(Note.parse(text).text)
        self.size = signed.size
        keys = self._keys(trusted)
        with self.faults.noting():
            keys.open(text)
        self._look_for_others()
        self._read(signed, Sayings(signed.origin, keys.first.vkey, self.faults), progress)
        root = self._log.frontier.root()
        self.root = base64.b64encode(root).decode()
        if root != signed.root:
            self.faults.add(
                f"The entries do not lead to the root that the checkpoint signs for {signed.size}."
            )
        self._say_changes(entries_hold=root == signed.root)
        keys.check_roots(self._kept_roots, self.faults)
        for each in self._kept:
            kept_root = self._kept_roots[each.says.size]
            unchecked = each.judge(keys, self.size, kept_root, self.faults)
            self.not_checked += [unchecked] if unchecked else []
        if not self._kept:
            self.not_checked.append(NO_KEPT)

    def _trusted(self, given: Verifier | None) -> Verifier:
        if given is not None:
            return given
        self.not_checked.insert(0, KEY_FROM_FOLDER)
        lying = self._content(VKEY_FILE)
        if lying is None:
            raise ConfigError(f"{self._folder} holds no {VKEY_FILE}: bring the key with --vkey.")
        try:
            return Verifier.from_vkey(lying.decode(errors="replace"))
        except ConfigError as error:
            raise JournalBroken(f"{VKEY_FILE} names no usable key: {error}") from error

    def _keys(self, trusted: Verifier) -> Keys:
        """All keys that the rotations in the folder lead to; `log.vkey` has to name the last."""
        genesis = b""
        rotations: dict[int, bytes] = {}
        try:
            for index in range(-(-self.size // TILE_WIDTH)):
                raws = self._bundle(index, self.size)
                genesis = raws[0] if index == 0 else genesis
                rotations |= rotations_among(raws, index * TILE_WIDTH)
        except JournalBroken:
            pass  # it is named when the entries are read
        keys = Keys.walked(trusted, genesis, rotations, self.faults)
        self._kept_roots |= dict.fromkeys(keys.roots)
        lying = self._content(VKEY_FILE)
        if lying is not None and lying.strip() != keys.last.vkey.encode():
            self.faults.add(f"{VKEY_FILE} names another key than {keys.last.vkey}.")
        return keys

    def _read(
        self, signed: Checkpoint, says: Sayings, progress: Callable[[int, int], None] | None
    ) -> None:
        for index in range(-(-signed.size // TILE_WIDTH)):
            start = index * TILE_WIDTH
            raws = self._bundle(index, signed.size)
            says.listen(dict(enumerate(raws, start)), self._entry_at)
            cuts = {0, len(raws), *(size - start for size in self._kept_roots)}
            for a, b in pairwise(sorted(cut for cut in cuts if 0 <= cut <= len(raws))):
                self._compare(self._log.add(raws[a:b]))
                if self._log.frontier.size in self._kept_roots:
                    self._kept_roots[self._log.frontier.size] = self._log.frontier.root()
            if progress is not None:
                progress(start + len(raws), signed.size)
        self._compare(self._log.rest())

    def _bundle(self, index: int, size: int) -> list[bytes]:
        """The entries of a bundle; raises `JournalBroken` where they are not all there."""
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        path = tile_path(BUNDLES, index, width)
        data = self._content(path)
        if data is None:
            raise JournalBroken(f"Cut: {path} with {width} entries is missing. {_NO_MORE}")
        try:
            raws = read_bundle(data)
        except JournalBroken as error:
            raise JournalBroken(f"Cut: {path} was changed: {error}. {_NO_MORE}") from error
        if len(raws) != width:
            raise JournalBroken(f"{path} holds {len(raws)} entries instead of {width}. {_NO_MORE}")
        return raws

    def _entry_at(self, place: int) -> bytes | None:
        index, at = divmod(place, TILE_WIDTH)
        try:
            return self._bundle(index, self.size)[at]
        except JournalBroken:
            return None

    def _compare(self, files: Iterable[LogFile]) -> None:
        """What lies in the folder, with what the entries give."""
        for file in files:
            data = self._content(file.path)
            if data != file.data:
                self._differs(file, data)
            older = self._folder / tile_path(file.level, file.index, 1)
            for partial in older.parent.glob("*"):
                width = (
                    int(partial.name) if partial.name.isascii() and partial.name.isdigit() else 0
                )
                path = tile_path(file.level, file.index, width)
                if 0 < width < len(file.parts) and self._content(path) != file.first(width):
                    self._tiles.append(path)

    def _differs(self, file: LogFile, data: bytes | None) -> None:
        if data is None:
            self.faults.add(f"Missing: {file.path}.")
        elif len(data) != len(file.data):
            self.faults.add(f"{file.path} was changed: it has not {len(file.data)} bytes.")
        elif file.level == 0:
            for at, told in enumerate(split_hashes(data)):
                if told != file.parts[at]:
                    self._changed.add(file.index * TILE_WIDTH + at)
        else:
            self._tiles.append(file.path)

    def _say_changes(self, *, entries_hold: bool) -> None:
        for first, which in self._changed.named():
            tile = tile_path(0, first // TILE_WIDTH)
            self.faults.add(
                f"{tile} was changed: its hash of {which} is not that of the bytes, which hold."
                if entries_hold
                else f"Changed: {which} (other bytes than those whose hash stands in {tile})."
            )
        for path in self._tiles:
            self.faults.add(f"{path} is not what the entries give.")

    def _look_for_others(self) -> None:
        """Files that a log of this size does not have."""
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if path.is_dir() or name in {CHECKPOINT_FILE, VKEY_FILE}:
                continue
            if not name.startswith(f"{TILES_FOLDER}/"):
                self.not_checked.append(f"{name}, which is no part of a tile log")
            elif not _belongs(name, self.size):
                self.faults.add(
                    f"{name} does not belong to a log of {self.size} entries: it was added, or "
                    "this export was not finished."
                )

    def _content(self, name: str) -> bytes | None:
        path = self._folder / name
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise JournalBroken(f"{name} is longer than any file of a tile log can be.")
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def _belongs(name: str, size: int) -> bool:
    """Whether a tile or bundle, full or partial, is one of a tree of that size or of an older."""
    match = _PATH.fullmatch(name)
    if match is None:
        return False
    level, groups, last, part = match.groups()
    index = int(groups.replace("x", "").replace("/", "") + last)
    width = int(part or TILE_WIDTH)
    if name != tile_path(level, index, width) or (part and width == TILE_WIDTH):
        return False
    hashes = size if level == BUNDLES else size // TILE_WIDTH ** int(level)
    return index * TILE_WIDTH + width <= hashes
