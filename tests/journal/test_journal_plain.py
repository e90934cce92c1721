"""The quick reader of plain tiles is exactly as strict as the one that reads entry by entry."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_kit import PROJECTIONS, draft
from test_journal_entry import AT, GOOD, JSON, make

from devicelink.errors import JournalBroken
from devicelink.journal import looking
from devicelink.journal.entry import Draft, moment, read_entry
from devicelink.journal.looking import plain_tiles
from devicelink.journal.plain import plain_tile, spoken
from devicelink.journal.sqlite import address_of
from devicelink.journal.tree import Frontier, leaf_hash, root_of, root_of_tile
from devicelink.journal.verify import verify

ODD = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1e-07", b"1.50", b"-0", b"01", b"1E5"),
    *(b'"\\u00e9"', b'"\\ud800"', b'"\\/"', b'"\x01"', b'"\x7f"', b'"\xff"', b'"\xed\xa0\x80"'),
    *(b'{"a":1,"a":2}', b'{"a":1,"\\u0061":2}', b'[{"b":{"x":1,"y":2,"x":1}}]'),
    *(b"[1, 2]", b" 1", b"1\n", b"[1,]", b"tru", b"9" * 4299, b"9" * 4300, b"9" * 4301),
    *(b"[" * 190 + b"]" * 190, b"[" * 210 + b"]" * 210, b"[" * 30_000 + b"]" * 30_000),
)
"""Values inside `data` that one of two readers might take otherwise than the other."""


def strictly(raw):
    """What the reader of single entries makes of bytes; None where it refuses them."""
    try:
        entry = read_entry(raw)
    except JournalBroken:
        return None
    start = None if entry.session is None else entry.session.removeprefix("S-").encode()
    return entry.type.encode(), str(entry.index).encode(), moment(entry.at).encode(), start


def quickly(raw):
    """The same by the quick reader."""
    try:
        return spoken(raw)
    except JournalBroken:
        return None


@given(st.dictionaries(st.sampled_from("abcdé"), JSON), st.sampled_from([None, "S-0", "new"]))
def test_both_readers_say_the_same_of_what_is_made(data, session):
    """Any entry that devicelink makes is read by both, alike."""
    raw = make(Draft("pulses.recorded", data, session=session, actor="t-é" if data else "t-a"))
    assert strictly(raw) is not None
    assert quickly(raw) == strictly(raw)


@given(st.data())
def test_both_readers_refuse_the_same(data):
    """Bytes put in, taken out, doubled or exchanged: either both refuse, or both read the same."""
    raw = make(Draft("a.b", {"n": 1.5, "s": 'x"\\é', "l": [None, True]}, session="S-9", counter=3))
    for _ in range(data.draw(st.integers(1, 3))):
        start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
        piece = data.draw(
            st.sampled_from([b"", raw[start:stop] * 2, b'"', b"\\", b"{", b"}", b",", b" ", b"0"])
            | st.binary(max_size=3)
        )
        raw = raw[:start] + piece + raw[min(stop, start + 4) :]
    assert quickly(raw) == strictly(raw)


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value[:16]))
def test_both_readers_agree_on_odd_values(value):
    """Doubled names, NaN, bytes that are no text, endless numbers and nests: one answer."""
    raw = GOOD.replace(b'"data":{}', b'"data":{"x":' + value + b"}")
    assert quickly(raw) == strictly(raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"2026-11-23", b"2026-02-29"),
        (b"2026-11-23", b"2028-02-29"),
        (b"2026-11-23", b"0000-11-23"),
        (b"T09:", b"T24:"),
        (b":03.", b":60."),
        (b'"index":812', b'"index":0812'),
        (b'"session":null', b'"session":"S-813"'),
        (b'"session":null', b'"session":"S-99"'),
        (b'"session":null', b'"session":"S-812"'),
        (b'"mono_ns":5', b'"mono_ns":' + b"9" * 30),
        (b'"boot":"b"', b'"boot":""'),
        (b'"data":{}', b'"data":{}}{'),
        (b'"data":{}', b'"data":{},"data":{}'),
        (b'"data":{}', b'"data":{},"x":{}'),
        (b'"data":{}}', b'"data":{}}\n'),
        (b'"data":{}', b'"data":{"x":"' + b"y" * 65_535 + b'"}'),
    ],
    ids=range(16),
)
def test_both_readers_agree_on_the_fields(old, new):
    """Days that are none, sessions to come, fields twice or behind the end, no more room."""
    assert old in GOOD
    raw = GOOD.replace(old, new)
    assert quickly(raw) == strictly(raw)


def tile(**changes):
    """256 entries from 256 on, of a session that begins at 300; `changes` are of entry 400."""
    raws = []
    for index in range(256, 512):
        changed = changes if index == 400 else {}
        says = changed.pop("draft", None) or Draft(
            "a.b", {}, session="S-300" if index > 299 else None
        )
        given = {"index": index, "at": AT + timedelta(seconds=index), **changed}
        raws.append(make(says, **given))
    return raws


def looked(raws):
    """What is found of these entries with the hashes that belong to them."""
    return plain_tile(256, raws, b"".join(map(leaf_hash, raws)), {"a.b"})


def test_a_plain_tile_tells_all_that_is_needed():
    """Root, times, earlier sessions and wanted entries of a tile in order."""
    raws = tile(draft=Draft("c.d", {}, session="S-7"))
    found = looked(raws)
    assert found.root == root_of(map(leaf_hash, raws))
    assert (found.first_at, found.last_at) == tuple(
        moment(read_entry(raws[at]).at) for at in (0, 255)
    )
    assert list(found.sessions) == [7]
    assert len(found.wanted) == 255
    assert found.wanted[0] == (256, raws[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 401},
        {"at": AT},
        {"draft": Draft("clock.suspect", {})},
        {"draft": Draft("clock.confirmed", {})},
        {"draft": Draft("genesis", {})},
        {"draft": Draft("a.b", {}, session="S-399")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_stands_out_is_not_plain(changes):
    """Another place, time going back, a suspect clock, a session that did not begin: read again."""
    assert looked(tile()) is not None
    assert looked(tile(**changes)) is None


def test_other_hashes_or_unreadable_bytes_are_not_plain():
    """A tile whose hash differs, a missing entry, bytes that are none: all are read again."""
    raws = tile()
    hashes = b"".join(map(leaf_hash, raws))
    assert plain_tile(256, raws, bytes(8192), set()) is None
    assert plain_tile(256, raws[:-1], hashes[:-32], set()) is None
    assert looked([*raws[:9], b"{}", *raws[10:]]) is None


@given(st.integers(0, 3), st.integers(0, 300))
def test_whole_trees_are_appended_like_their_leaves(full, rest):
    """A frontier fed with roots of whole tiles is that of the single leaves."""
    leaves = [leaf_hash(b"%d" % number) for number in range(full * 256 + rest)]
    singly, by_tile = Frontier(), Frontier()
    for leaf in leaves:
        singly.append(leaf)
    for at in range(0, full * 256, 256):
        by_tile.append(root_of_tile(leaves[at : at + 256]), 8)
    for leaf in leaves[full * 256 :]:
        by_tile.append(leaf)
    assert (by_tile.size, by_tile.stack) == (singly.size, singly.stack)


@pytest.fixture
def by_processes(monkeypatch):
    """Small journals, too, are looked at by two processes."""
    monkeypatch.setattr(looking, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(looking, "RUN", 2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


def test_processes_find_what_one_finds(folder, by_processes):
    """Two processes and none tell the same of a file, in order; genesis stands out."""
    address = address_of(folder / "journal.db", read_only=True)
    here = list(plain_tiles(address, 5, None, 1))
    assert [found is None for found in here] == [True, False, False, False, False]
    told = list(plain_tiles(address, 5, None, 2))
    assert [t and t.root for t in told] == [t and t.root for t in here]
    assert [t and list(t.wanted) for t in told] == [t and list(t.wanted) for t in here]


def test_verification_by_processes_names_what_was_changed(folder, tamper, by_processes):
    """With workers the same sentences are found as without them."""
    assert verify(folder, projections=PROJECTIONS).ok
    tamper(
        folder,
        "UPDATE entries SET raw = CAST(replace(raw, '19.5', '19.6') AS BLOB) WHERE idx = 701",
        "DELETE FROM entries WHERE idx = 900",
    )
    broken = verify(folder, projections=PROJECTIONS).broken
    assert any(fault.startswith("Changed: entry 701 ") for fault in broken)
    assert any(fault.startswith("Missing: entry 900") for fault in broken)


def test_a_worker_that_dies_costs_time_alone(folder, by_processes, monkeypatch):
    """Where no process can be had the journal is read entry by entry, and holds."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert verify(folder, projections=PROJECTIONS).ok


def test_no_worker_stays_behind(folder, by_processes):
    """Who stops listening midway leaves no process."""
    address = address_of(folder / "journal.db", read_only=True)
    tiles = plain_tiles(address, 5, None, 2)
    next(tiles)
    tiles.close()
    told = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert address not in told


def test_tables_are_held_against_plain_tiles_too(folder, tamper):
    """An edited table is found though its entries came in plain tiles."""
    tamper(folder, "UPDATE projection_people SET state = '{}' WHERE key = 't-3'")
    assert [
        "edited at 't-3'" in fault for fault in verify(folder, projections=PROJECTIONS).broken
    ] == [True]


def test_a_kept_root_in_the_midst_of_a_tile_is_found(make, tmp_path):
    """A checkpoint kept at a size that no tile ends at is still judged."""
    journal = make(tmp_path, 300)
    kept = journal.checkpoint()
    journal.append_all([draft(number) for number in range(300, 1000)])
    assert verify(tmp_path, kept=kept).ok
