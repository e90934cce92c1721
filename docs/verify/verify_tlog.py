#!/usr/bin/env python3
"""Checks a devicelink journal that was exported as a tile log, or the proof of one entry.

    python3 verify_tlog.py DIR --vkey KEYFILE [--kept CHECKPOINT]... [--json]
    python3 verify_tlog.py FILE.tlog-proof --vkey KEYFILE [--rotation ITS.tlog-proof]... [--json]

This file shares no code with devicelink: it needs Python 3.9 or newer and `cryptography`, and was
written from the formats alone (C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-proof; RFC 6962;
docs/journal.md for the entries). It opens files for reading only, asks no network, and keeps no
more than one tile of each level and a bit for each entry in memory.

Exit codes: 0 what was checked holds; 2 wrong usage, or a file that cannot be read; 4 the evidence
is broken. What was NOT checked is said each time.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDE = 256
HASH = 32
LONGEST_ENTRY = 0xFFFF
LONGEST_FILE = WIDE * (2 + LONGEST_ENTRY)
MOST_SENTENCES = 100
MOST_PROOF_LINES = 63
ROTATES = b'{"v":1,"type":"station.key_rotated",'
ROTATION = "devicelink key rotation"
ROTATION_LINES = 6
ED25519 = b"\x01"
BROKEN, USAGE = 4, 2
NUMBER = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)
NAME = re.compile(r"[^\s\x00-\x1f+]+")


class BrokenError(Exception):
    """The evidence does not hold, and there is no going on from here."""


class UsageError(Exception):
    """Something cannot be read, or was asked wrongly."""


class Findings:
    """Sentences about what is broken, at most a hundred, and about what was not checked."""

    def __init__(self) -> None:
        self.count = 0
        self.broken: list[str] = []
        self.not_checked = [
            "who wrote: nobody else has countersigned, and whoever holds the key can write anew",
            "transcripts and texts about clients, which entries bind by their hashes alone",
        ]

    def add(self, sentence: str) -> None:
        """One more thing that is broken."""
        self.count += 1
        if self.count <= MOST_SENTENCES:
            self.broken.append(sentence)
        elif self.count == MOST_SENTENCES + 1:
            self.broken.append("There is more, which is not listed.")


# ---------------------------------------------------------------- hashes


def leaf(entry: bytes) -> bytes:
    """RFC 6962: the hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """RFC 6962: the hash over two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def merkle(hashes: list[bytes]) -> bytes:
    """RFC 6962: the root, by its own definition: split at the largest power of two below."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return node(merkle(hashes[:half]), merkle(hashes[half:]))


class Root:
    """The root of a tree that grows leaf by leaf: roots of perfect subtrees, with their sizes."""

    def __init__(self) -> None:
        self.peaks: list[tuple[int, bytes]] = []

    def grow(self, hash_: bytes) -> None:
        """One more leaf."""
        size = 1
        while self.peaks and self.peaks[-1][0] == size:
            hash_ = node(self.peaks.pop()[1], hash_)
            size *= 2
        self.peaks.append((size, hash_))

    def now(self) -> bytes:
        """The root over all leaves so far."""
        right = self.peaks[-1][1]
        for _, left in self.peaks[-2::-1]:
            right = node(left, right)
        return right


def climb(index: int, size: int, hash_: bytes, path: list[bytes]) -> bytes | None:
    """RFC 6962: the root that an inclusion path leads to, None where its length is wrong."""
    if size == 1:
        return None if path else hash_
    if not path:
        return None
    half = 1
    while half * 2 < size:
        half *= 2
    if index < half:
        below = climb(index, half, hash_, path[:-1])
        return None if below is None else node(below, path[-1])
    below = climb(index - half, size - half, hash_, path[:-1])
    return None if below is None else node(path[-1], below)


# ---------------------------------------------------------------- keys and signed notes


def unbase64(text: str) -> bytes:
    """Padded base64 in its one canonical spelling, else nothing."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
    return data if base64.b64encode(data).decode() == text else b""


@dataclass(frozen=True)
class Key:
    """An Ed25519 key that is believed: its name, its four-byte id, itself."""

    name: str
    id: bytes
    public: bytes
    text: str

    @classmethod
    def read(cls, text: str) -> Key:
        """From `<name>+<id>+<base64>`; raises `UsageError`."""
        text = text.strip()
        name, _, rest = text.partition("+")
        told, _, encoded = rest.partition("+")
        data = unbase64(encoded)
        id_ = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        if not NAME.fullmatch(name) or data[:1] != ED25519 or len(data) != 1 + HASH:
            raise UsageError("The key is not written <name>+<8 hex digits>+<base64 of Ed25519>.")
        if told != id_.hex():
            raise UsageError(f"The key of {name} does not have the id {told}.")
        return cls(name, id_, data[1:], text)


@dataclass(frozen=True)
class Checkpoint:
    """What a log signs."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, note: str, keys: Keys, findings: Findings, what: str) -> Checkpoint:
        """Take it apart and judge its signatures; raises `BrokenError` if it is not one."""
        text, empty, signatures = note.rpartition("\n\n")
        if not empty or not signatures.endswith("\n") or re.search("[\x00-\x09\x0b-\x1f]", note):
            raise BrokenError(f"{what} is not a signed note.")
        lines = text.split("\n")
        size = lines[1] if len(lines) > 1 else ""
        key = keys.at(int(size) if NUMBER.fullmatch(size) else 0)
        rows = signatures[:-1].split("\n")
        if not keys.says_wrong_key(rows, size, findings, what):
            judge_signatures(text + "\n", rows, key, findings, what)
        root = unbase64(lines[2]) if len(lines) > len("os") else b""
        if not NAME.fullmatch(lines[0]) or not NUMBER.fullmatch(size) or size == "0":
            raise BrokenError(f"{what} has no origin or no size that can be: {size!r:.30}.")
        if len(root) != HASH or "" in lines[3:]:
            raise BrokenError(f"{what} has no root of 32 bytes, or an empty line in its text.")
        if lines[0] != key.name:
            findings.add(f"{what} is of {lines[0]}, the key is of {key.name}.")
        return cls(lines[0], int(size), root)


def judge_signatures(text: str, lines: list[str], key: Key, findings: Findings, what: str) -> None:
    """At least one by the key that is believed, and none of it that does not hold."""
    held = False
    for line in lines:
        match = re.fullmatch(r"\u2014 (\S+) (\S+)", line)
        blob = unbase64(match[2]) if match else b""
        if match is None or len(blob) <= len(key.id):
            raise BrokenError(f"{what} has a signature line that is none.")
        if match[1] != key.name or blob[: len(key.id)] != key.id:
            continue
        try:
            public = Ed25519PublicKey.from_public_bytes(key.public)
            public.verify(blob[len(key.id) :], text.encode())
            held = True
        except InvalidSignature:
            findings.add(f"{what}: the signature of {key.name} does not belong to this text.")
            return
    if not held:
        findings.add(f"{what} is not signed by the key {key.text}.")


class Keys:
    """A log's keys, each with the entry that brought it; 0 for the first."""

    def __init__(self, first: Key) -> None:
        self.since = [(0, first)]
        self.roots: dict[int, bytes] = {}

    @classmethod
    def walk(
        cls, trusted: Key, genesis: bytes, found: dict[int, bytes], findings: Findings
    ) -> Keys:
        """From key to key by entries that both sign; `trusted` is the first or a later one."""
        keys, silent = cls(trusted), Findings()
        with suppress(ValueError, KeyError, AttributeError, UsageError):
            keys = cls(Key.read(read_entry(genesis)["data"]["vkey"])) if found else keys
        keys.go_on(found, silent)
        if all(key != trusted for _, key in keys.since):
            keys, silent = cls(trusted), Findings()
            keys.go_on(found, silent)
        for sentence in silent.broken:
            findings.add(sentence)
        return keys

    def go_on(self, found: dict[int, bytes], findings: Findings) -> None:
        """Every rotation, up to the first that does not hold."""
        for place, raw in sorted(found.items()):
            try:
                self.rotate(place, raw)
            except (ValueError, UsageError, BrokenError) as error:
                findings.add(f"Entry {place} hands over to no key: {error}")
                return

    def rotate(self, place: int, raw: bytes) -> None:
        """One rotation; raises `ValueError`, `UsageError` or `BrokenError`."""
        note = read_entry(raw)["data"].get("note")
        text, empty, signatures = note.rpartition("\n\n") if isinstance(note, str) else ("", "", "")
        lines, old = text.split("\n"), self.since[-1][1]
        if (
            not empty
            or len(lines) != ROTATION_LINES
            or lines[0] != ROTATION
            or not signatures.endswith("\n")
        ):
            raise ValueError("its data hold no signed note of six lines.")
        root = unbase64(lines[3])
        if lines[1:3] != [old.name, str(place)] or len(root) != HASH:
            raise ValueError("its rotation was signed for another log or place.")
        if lines[4] != old.text:
            raise ValueError(f"it rotates from the key {lines[4]}, the key in force is {old.text}.")
        new = Key.read(lines[5])
        if new.name != old.name or new.text != lines[5] or any(new == k for _, k in self.since):
            raise ValueError(f"it rotates to {lines[5]}, which is no new key of this log.")
        for which, key in (("old", old), ("new", new)):
            judged = Findings()
            judge_signatures(text + "\n", signatures[:-1].split("\n"), key, judged, "its note")
            if judged.count:
                raise ValueError(
                    f"its rotation is not signed by both keys: the {which} key {key.text} did not "
                    "sign it."
                )
        self.since.append((place, new))
        self.roots[place] = root

    def at(self, size: int) -> Key:
        """The key that signs a checkpoint of so many entries."""
        return [key for since, key in self.since if since < size or since == 0][-1]

    def says_wrong_key(self, rows: list[str], size: str, findings: Findings, what: str) -> bool:
        """Whether a key of this log signed that was not in force at that size; it is named."""
        due = self.at(int(size) if NUMBER.fullmatch(size) else 0)
        by = set()
        for row in rows:
            match = re.fullmatch(r"\u2014 (\S+) (\S+)", row)
            by.add((match[1], unbase64(match[2])[:4]) if match else ("", b""))
        if (due.name, due.id) in by:
            return False
        for at, (since, key) in enumerate(self.since):
            if (key.name, key.id) in by:
                retired = since < int(size)
                how = (
                    f"was retired at entry {self.since[at + 1][0]}"
                    if retired
                    else f"came only with entry {since}"
                )
                findings.add(
                    f"{what} of {size} entries is signed by the key {key.text}, which {how}; the "
                    f"key of that size is {due.text}."
                )
                return True
        return False

    def check_roots(self, roots: dict[int, bytes], findings: Findings) -> None:
        """What each rotation says of the entries before it, against those entries."""
        for place, told in self.roots.items():
            if roots.get(place) != told:
                findings.add(
                    f"Entry {place}: its rotation was signed over other entries than the {place} "
                    "before it: they were changed, or it was put here."
                )


# ---------------------------------------------------------------- entries


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _like(pattern: str) -> Any:
    return lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value, re.ASCII))


FIELDS: dict[str, Any] = {
    "v": lambda value: _count(value) and value == 1,
    "type": _like(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"),
    "index": _count,
    "at": _like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    "mono_ns": _count,
    "boot": _text,
    "clock": lambda value: value in ("synced", "unsynced", "suspect", "unknown"),
    "actor": _text,
    "role": _text,
    "session": lambda value: value is None or _like("S-(0|[1-9][0-9]{0,18})")(value),
    "device": lambda value: value is None or _text(value),
    "counter": lambda value: value is None or _count(value),
    "salt": _like("[A-Za-z0-9_-]{22}"),
    "data": lambda value: isinstance(value, dict),
}
"""What each field of layout 1 has to be, in the order in which they stand."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no name stands twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def no_constant(name: str) -> Any:
    """JSON has no NaN and no Infinity."""
    raise ValueError(f"{name} is no JSON")


def read_entry(raw: bytes) -> dict[str, Any]:
    """An entry's fields; raises `ValueError` with what is wrong."""
    if not raw.startswith(b'{"v":1,"type":"'):
        raise ValueError("it does not begin as entries of layout 1 do")
    try:
        entry = json.loads(raw.decode(), object_pairs_hook=once, parse_constant=no_constant)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if list(entry) != list(FIELDS):
        raise ValueError("its fields are not those of layout 1 in their order")
    for name, is_right in FIELDS.items():
        if not is_right(entry[name]):
            raise ValueError(f"its {name} cannot be {entry[name]!r:.60}")
    datetime.fromisoformat(entry["at"][:-1])
    return dict(entry)


class Story:
    """What entries say of themselves, one after the other."""

    def __init__(self, key: Key, origin: str, findings: Findings) -> None:
        self.findings = findings
        self.genesis = {
            "origin": origin,
            "vkey": key.text,
            "simulated": origin.startswith("simulated/"),
        }
        self.begun = bytearray()
        self.last_at = ""
        self.suspect = False

    def hear(self, place: int, raw: bytes) -> None:
        """The next entry."""
        if place % 8 == 0:
            self.begun.append(0)
        try:
            entry = read_entry(raw)
        except ValueError as error:
            self.findings.add(f"Entry {place} is none: {error}.")
            return
        if entry["index"] != place:
            self.findings.add(
                f"Reordered: at place {place} stands entry {entry['index']}; entries were removed, "
                "inserted or put in another order."
            )
        self.check_genesis(place, entry)
        self.check_time(place, entry)
        self.check_session(place, entry)

    def check_genesis(self, place: int, entry: dict[str, Any]) -> None:
        """Entry 0, and it alone, names origin, key, and simulated or real."""
        if (entry["type"] == "genesis") != (place == 0):
            self.findings.add(f"Entry {place} is {entry['type']}; genesis is entry 0 alone.")
        elif place == 0:
            for name, due in self.genesis.items():
                if entry["data"].get(name) != due:
                    self.findings.add(f"The genesis entry does not bind {name} = {due!r}.")

    def check_time(self, place: int, entry: dict[str, Any]) -> None:
        """Time goes back only between `clock.suspect` and `clock.confirmed`."""
        kind, at = entry["type"], entry["at"]
        if kind in {"clock.suspect", "clock.confirmed"}:
            self.suspect = kind == "clock.suspect"
        elif at < self.last_at and not self.suspect:
            self.findings.add(f"Time goes back at entry {place}, from {self.last_at} to {at}.")
        self.last_at = at

    def check_session(self, place: int, entry: dict[str, Any]) -> None:
        """A session is named by its first entry."""
        if entry["session"] is None:
            return
        start = int(entry["session"][2:])
        if start == place:
            self.begun[place // 8] |= 1 << place % 8
        elif start > place or not self.begun[start // 8] >> start % 8 & 1:
            self.findings.add(f"Entry {place} names {entry['session']}, which nobody began there.")


# ---------------------------------------------------------------- the folder


def tile_name(level: str, index: int, width: int) -> str:
    """The path of a tile, or of a bundle where the level is `entries`."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join(["tile", level, *("x" + group for group in groups[:-1]), groups[-1]])
    return path if width == WIDE else f"{path}.p/{width}"


def content(folder: Path, name: str) -> bytes | None:
    """A file's bytes, None where there is none; raises `UsageError`, `BrokenError`."""
    try:
        with (folder / name).open("rb") as file:
            data = file.read(LONGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{folder / name} cannot be read: {error.strerror}.") from error
    if len(data) > LONGEST_FILE:
        raise BrokenError(f"{name} is longer than any file of a tile log can be.")
    return data


class Log:
    """An exported log, read from its first entry to its last."""

    def __init__(self, folder: Path, size: int, findings: Findings) -> None:
        self.folder = folder
        self.size = size
        self.findings = findings
        self.changed: list[tuple[int, str]] = []
        self.levels: list[list[bytes]] = []

    def read(self, story: Story, kept: dict[int, bytes]) -> bytes:
        """The root of all entries; those at the sizes in `kept` are put there."""
        root = Root()
        for index in range(-(-self.size // WIDE)):
            entries = self.bundle(index)
            hashes = [leaf(raw) for raw in entries]
            for place, raw in enumerate(entries, index * WIDE):
                story.hear(place, raw)
                root.grow(hashes[place % WIDE])
                if place + 1 in kept:
                    kept[place + 1] = root.now()
            self.check_tile("0", index, hashes)
            if len(hashes) == WIDE:
                self.add_above(0, merkle(hashes))
        for level, hashes in enumerate(self.levels, 1):
            if hashes:
                self.check_tile(str(level), self.size // WIDE ** (level + 1), hashes)
        return root.now()

    def find_rotations(self) -> tuple[bytes, dict[int, bytes]]:
        """Entry 0, and all entries that bring a new key, as far as bundles can be read."""
        genesis, silent = b"", Log(self.folder, self.size, Findings())
        found: dict[int, bytes] = {}
        for index in range(-(-self.size // WIDE)):
            try:
                entries = silent.bundle(index)
            except BrokenError:
                break
            genesis = genesis or entries[0]
            places = enumerate(entries, index * WIDE)
            found.update((place, raw) for place, raw in places if raw.startswith(ROTATES))
        return genesis, found

    def bundle(self, index: int) -> list[bytes]:
        """Entries, 256 or as many as there have to be; raises `BrokenError` if they are not."""
        width = min(WIDE, self.size - index * WIDE)
        name = tile_name("entries", index, width)
        data = content(self.folder, name)
        if data is None:
            raise BrokenError(f"Cut: {name} is missing. What follows it was not checked.")
        entries, ends, at = [], [0], 0
        while at < len(data):
            length = int.from_bytes(data[at : at + 2], "big")
            entries.append(data[at + 2 : at + 2 + length])
            at += 2 + length
            ends.append(at)
        if at != len(data) or len(entries) != width:
            whole = len(entries) - (at != len(data))
            raise BrokenError(
                f"Cut: {name} holds {whole} whole entries instead of {width}. What follows it was "
                "not checked."
            )
        for part in self.partials("entries", index, width):
            if content(self.folder, tile_name("entries", index, part)) != data[: ends[part]]:
                self.findings.add(f"{tile_name('entries', index, part)} was changed.")
        return entries

    def add_above(self, level: int, root: bytes) -> None:
        """A full tile of a level gives one hash to the level above."""
        if level == len(self.levels):
            self.levels.append([])
        above = self.levels[level]
        above.append(root)
        if len(above) == WIDE:
            index = self.size_at(level + 1)
            self.check_tile(str(level + 1), index, above)
            self.levels[level] = []
            self.add_above(level + 1, merkle(above))

    def size_at(self, level: int) -> int:
        """How many tiles of a level have been completed before the one that is full now."""
        done = 0
        for above in reversed(self.levels[level:]):
            done = (done + len(above)) * WIDE
        return done // WIDE

    def check_tile(self, level: str, index: int, hashes: list[bytes]) -> None:
        """A tile, and older partial ones of it, hold these hashes."""
        name, due = tile_name(level, index, len(hashes)), b"".join(hashes)
        data = content(self.folder, name)
        if data is None:
            self.findings.add(f"Missing: {name}.")
        elif len(data) != len(due):
            self.findings.add(f"{name} was changed: it has {len(data)} bytes, not {len(due)}.")
        elif data != due:
            spans = range(0, len(due), HASH)
            first = next(at for at in spans if data[at : at + HASH] != due[at : at + HASH]) // HASH
            self.changed.append((index * WIDE + first, name))
        for part in self.partials(level, index, len(hashes)):
            if content(self.folder, tile_name(level, index, part)) != due[: part * HASH]:
                self.findings.add(f"{tile_name(level, index, part)} was changed.")

    def partials(self, level: str, index: int, width: int) -> list[int]:
        """The widths of older partial files."""
        folder = (self.folder / tile_name(level, index, 1)).parent
        names = [path.name for path in folder.glob("*")]
        widths = [int(name) for name in names if NUMBER.fullmatch(name)]
        return sorted(part for part in widths if 0 < part < width)

    def say_changes(self, *, entries_hold: bool) -> None:
        """A hash that differs: the tile's fault if the entries are those signed, else theirs."""
        for place, name in self.changed:
            if entries_hold:
                self.findings.add(f"{name} was changed; the entries hold.")
            elif name.startswith("tile/0/"):
                self.findings.add(f"Changed: entry {place} is not the one whose hash is in {name}.")

    def check_names(self) -> None:
        """No tile or bundle is there that a log of this size does not have."""
        for folder, _, names in os.walk(self.folder):
            for each in sorted(names):
                name = (Path(folder) / each).relative_to(self.folder).as_posix()
                if name.startswith("tile/"):
                    if not self.has(name):
                        self.findings.add(f"{name} belongs to no log of {self.size} entries.")
                elif name not in {"checkpoint", "log.vkey"}:
                    self.findings.not_checked.append(f"{name}, which is no part of a tile log")

    def has(self, name: str) -> bool:
        """Whether a tree of this size has this file, or had it when it was smaller."""
        match = re.fullmatch(r"tile/(entries|\d\d?)/([x\d/]+?)(?:\.p/(\d{1,3}))?", name, re.ASCII)
        digits = match[2].replace("x", "").replace("/", "") if match else ""
        if match is None or not digits:
            return False
        width, index = int(match[3] or WIDE), int(digits)
        if not 0 < width <= WIDE or (match[3] and width == WIDE):
            return False
        per_hash = 1 if match[1] == "entries" else WIDE ** int(match[1])
        there = index * WIDE + width <= self.size // per_hash
        return there and name == tile_name(match[1], index, width)


# ---------------------------------------------------------------- the two things to check


def check_folder(
    folder: Path, vkey: str | None, kept_notes: list[str], findings: Findings
) -> tuple[int, bytes]:
    """An exported log; its size, and the root of its entries."""
    lying = content(folder, "log.vkey")
    if vkey is None:
        findings.not_checked.insert(0, "key taken from the folder")
        if lying is None:
            raise UsageError(f"{folder} holds no log.vkey: bring the key with --vkey FILE.")
        try:
            key = Key.read(lying.decode(errors="replace"))
        except UsageError as error:
            raise BrokenError(f"log.vkey: {error}") from error
    else:
        key = Key.read(vkey)
    note = content(folder, "checkpoint")
    if note is None:
        raise BrokenError("There is no checkpoint: this is no whole export.")
    text = note.decode(errors="replace")
    told = text.split("\n")[1] if text.count("\n") else ""
    log = Log(folder, int(told) if NUMBER.fullmatch(told) else 0, findings)
    keys = Keys.walk(key, *log.find_rotations(), findings)
    if lying is not None and lying.decode(errors="replace").strip() != keys.since[-1][1].text:
        findings.add(f"log.vkey names another key than {keys.since[-1][1].text}.")
    signed = Checkpoint.read(text, keys, findings, "The checkpoint")
    try:
        older = [Checkpoint.read(n, keys, findings, "The kept checkpoint") for n in kept_notes]
    except BrokenError as error:
        raise UsageError(f"It cannot be read: {error}") from error
    roots = dict.fromkeys([*keys.roots, *(each.size for each in older)], b"")
    log.check_names()
    for each in older:
        if each.size > signed.size:
            findings.add(
                f"Rolled back: the log has {signed.size} entries, a kept checkpoint {each.size}."
            )
    root = log.read(Story(keys.since[0][1], signed.origin, findings), roots)
    if root != signed.root:
        findings.add("The entries do not lead to the root that the checkpoint signs.")
    log.say_changes(entries_hold=root == signed.root)
    keys.check_roots(roots, findings)
    for each in older:
        if each.size <= signed.size and roots[each.size] != each.root:
            findings.add(
                f"Forked: the first {each.size} entries are not those of a kept checkpoint."
            )
    newest = max((each.size for each in older), default=0)
    findings.not_checked.append(
        f"a roll-back to a state after the kept checkpoint of {newest} entries"
        if older
        else "a roll-back or a fork: no kept checkpoint was given"
    )
    return signed.size, root


def take_proof(text: str) -> tuple[int, bytes, list[bytes], str]:
    """A proof's index, entry, path and checkpoint; raises `BrokenError`."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    extra, place = [*lines, "", "", ""][1:3]
    raw, told = unbase64(extra[len("extra ") :]), place[len("index ") :]
    if lines[0] != "c2sp.org/tlog-proof@v1" or not extra.startswith("extra ") or not raw:
        raise BrokenError("This is no proof that carries its entry.")
    if not place.startswith("index ") or not NUMBER.fullmatch(told):
        raise BrokenError("The proof names no index.")
    path = [unbase64(line) for line in lines[3:]]
    if len(path) > MOST_PROOF_LINES or any(len(each) != HASH for each in path):
        raise BrokenError("The proof's hashes are not base64 of 32 bytes.")
    return int(told), raw, path, note


def check_proof(
    text: str, vkey: str | None, rotations: list[str], findings: Findings
) -> tuple[int, bytes]:
    """The proof of one entry; size and root of the tree that it stands in."""
    if vkey is None:
        raise UsageError("A proof does not carry the log's key: bring it with --vkey FILE.")
    key = Key.read(vkey)
    findings.not_checked += [
        "every other entry: a proof speaks of one",
        "a roll-back or a fork: a proof shows one state",
    ]
    if not rotations:
        findings.not_checked.append("a rotation of the key: none was brought with --rotation")
    handed = [take_proof(each) for each in rotations]
    keys = Keys.walk(key, b"", {each[0]: each[1] for each in handed}, findings)
    index, raw, path, note = take_proof(text)
    signed = Checkpoint.read(note, keys, findings, "The checkpoint")
    if index >= signed.size or climb(index, signed.size, leaf(raw), path) != signed.root:
        raise BrokenError(f"The proof of entry {index} does not lead to the signed root.")
    try:
        if read_entry(raw)["index"] != index:
            findings.add(f"The entry says that it is another than {index}.")
    except ValueError as error:
        findings.add(f"Entry {index} is none: {error}.")
    return signed.size, signed.root


def main(words: list[str] | None = None) -> int:
    """Check what the command line names, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("place", type=Path, help="an exported folder, or a .tlog-proof file")
    parser.add_argument("--vkey", type=Path, help="a file with the log's key, from elsewhere")
    parser.add_argument("--kept", type=Path, action="append", default=[], help="a checkpoint kept")
    parser.add_argument("--rotation", type=Path, action="append", default=[], help="its proof")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    asked = parser.parse_args(words)
    findings, size, root = Findings(), 0, b""
    try:
        vkey = asked.vkey.read_text(encoding="utf-8") if asked.vkey else None
        kept = [each.read_text(encoding="utf-8") for each in asked.kept]
        if asked.place.is_dir():
            size, root = check_folder(asked.place, vkey, kept, findings)
        else:
            rotations = [each.read_text(encoding="utf-8") for each in asked.rotation]
            text = asked.place.read_text(encoding="utf-8")
            size, root = check_proof(text, vkey, rotations, findings)
    except BrokenError as error:
        findings.add(str(error))
    except (UsageError, OSError, UnicodeDecodeError) as error:
        print(f"{error}", file=sys.stderr)
        return USAGE
    document = {
        "ok": not findings.count,
        "size": size,
        "root": base64.b64encode(root).decode(),
        "broken": findings.broken,
        "not_checked": findings.not_checked,
    }
    if asked.json:
        print(json.dumps(document, ensure_ascii=False))
    else:
        held = "BROKEN" if findings.count else "VERIFIED"
        print(f"{held}: {size} entries, root {document['root']}.")
        for sentence in findings.broken:
            print(f"  broken: {sentence}")
        for sentence in findings.not_checked:
            print(f"  not checked: {sentence}")
    return BROKEN if findings.count else 0


if __name__ == "__main__":
    sys.exit(main())
