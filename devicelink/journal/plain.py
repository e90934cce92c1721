"""Full tiles in which all is as it should be, seen quickly; nothing else is judged here.

A tile is *plain* where reading its entries one by one could find no fault and nothing out of the
ordinary. Whatever is not plain, for whatever reason, is read again entry by entry, by the code that
names faults: so being quick can never mean being less strict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic_core import from_json, to_json

from devicelink.errors import JournalBroken
from devicelink.journal.clock import CONFIRMED, SUSPECT
from devicelink.journal.entry import LONGEST_BYTES, moment, read_entry, session_start
from devicelink.journal.genesis import GENESIS
from devicelink.journal.tree import TILE_WIDTH, leaf_hash, root_of_tile

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_TEXT = rb'"[ !#-\[\]-~]+"'
_COUNT = rb"(?:0|[1-9][0-9]{0,17})"
_SPOKEN = re.compile(
    rb'\{"v":1,"type":"([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)","index":(' + _COUNT + rb"),"
    rb'"at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z)",'
    rb'"mono_ns":' + _COUNT + rb',"boot":' + _TEXT + rb","
    rb'"clock":"(?:synced|unsynced|suspect|unknown)","actor":'
    + _TEXT
    + rb',"role":'
    + _TEXT
    + rb","
    rb'"session":(?:null|"S-(' + _COUNT + rb')"),"device":(?:null|' + _TEXT + rb"),"
    rb'"counter":(?:null|' + _COUNT + rb'),"salt":"[A-Za-z0-9_-]{22}","data":(\{.*\})\}',
    re.DOTALL,
)
"""Entries as they are nearly always written: all but `data` in plain ASCII, to the last byte."""
_DAY = 10
_STANDS_OUT = frozenset(each.encode() for each in (GENESIS, SUSPECT, CONFIRMED))


Spoken = tuple[bytes, bytes, bytes, bytes | None]
"""Of an entry its type, its index, its time, and where its session begins: as its bytes say it."""


@dataclass(frozen=True, slots=True)
class PlainTile:
    """A full tile of plain entries, whose hashes are those that the journal holds for them."""

    root: bytes
    first_at: str
    last_at: str
    sessions: Sequence[int]
    """First entries, before this tile, of sessions that entries in it name."""
    wanted: Sequence[tuple[int, bytes]]
    """Place and bytes of the entries whose type was asked for."""


def spoken(raw: bytes) -> Spoken:
    """What an entry says; raises `JournalBroken` exactly where `read_entry` does.

    Bytes that are just what an encoder writes for some object are JSON by themselves: no name
    stands twice, no NaN, nothing behind. What an encoder would write in another way is left to
    `read_entry`.
    """
    match = _SPOKEN.fullmatch(raw)
    if match is not None and len(raw) <= LONGEST_BYTES:
        entry_type, index, at, session, data = match.groups()
        begun = session is None or _is_at_most(session, index)
        if begun and _is_day(at[:_DAY]) and _is_canonical(data):
            return entry_type, index, at, session
    entry = read_entry(raw)
    start = None if entry.session is None else b"%d" % session_start(entry.session)
    return entry.type.encode(), b"%d" % entry.index, moment(entry.at).encode(), start


def plain_tile(
    start: int, raws: Sequence[bytes], stored: bytes, wanted: Collection[str] | None
) -> PlainTile | None:
    """Look at the full tile of the entries from `start` on; None where it is not plain.

    `stored` are its hashes as the journal holds them. `wanted` are types whose entries are handed
    on; None wants all.
    """
    leaves = [leaf_hash(raw) for raw in raws]
    if len(raws) != TILE_WIDTH or b"".join(leaves) != stored:
        return None
    types = None if wanted is None else {each.encode() for each in wanted}
    first_at = last_at = b""
    starts: list[bytes | None] = []
    handed_on = []
    for place, raw in enumerate(raws, start):
        try:
            entry_type, index, at, session = spoken(raw)
        except JournalBroken:
            return None
        if at < last_at or entry_type in _STANDS_OUT or index != b"%d" % place:
            return None
        first_at, last_at = first_at or at, at
        starts.append(session)
        if types is None or entry_type in types:
            handed_on.append((place, raw))
    named = sorted(int(each) for each in set(starts) if each is not None)
    if any(each >= start and starts[each - start] != b"%d" % each for each in named):
        return None
    return PlainTile(
        root=root_of_tile(leaves),
        first_at=first_at.decode(),
        last_at=last_at.decode(),
        sessions=[each for each in named if each < start],
        wanted=handed_on,
    )


def _is_at_most(number: bytes, other: bytes) -> bool:
    """Of numbers without leading zeros; making them integers would take longer."""
    return number <= other if len(number) == len(other) else len(number) < len(other)


@lru_cache(64)
def _is_day(day: bytes) -> bool:
    try:
        date.fromisoformat(day.decode())
    except ValueError:
        return False
    return True


def _is_canonical(data: bytes) -> bool:
    """Whether an encoder that writes no NaN writes exactly these bytes for some object."""
    try:
        return to_json(from_json(data), inf_nan_mode="null") == data
    except ValueError:
        return False
