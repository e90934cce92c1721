"""One entry's bytes: made once, read strictly."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicelink.errors import JournalBroken, JournalUnwritable
from devicelink.journal.entry import Draft, make_entry, read_entry, type_of

AT = datetime(2026, 11, 23, 9, 14, 3, 120934, tzinfo=UTC)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from('abé"\\\n'), inner),
    max_leaves=8,
)


def make(draft, **changes):
    """An entry's bytes, all given but the draft."""
    given = {"index": 812, "at": AT, "mono_ns": 5, "boot": "b", "clock": "synced"}
    return make_entry(draft, **{**given, "salt": bytes(range(16)), **changes}).raw


def test_bytes_are_as_the_format_says():
    """The fields stand in the format's order, without spaces, in UTF-8."""
    draft = Draft(
        "unlock.intended",
        {"settings_id": "é"},
        actor="t-ines",
        role="technician",
        session="S-790",
        device="IPG-0917",
    )
    assert make(draft).decode() == (
        '{"v":1,"type":"unlock.intended","index":812,"at":"2026-11-23T09:14:03.120934Z",'
        '"mono_ns":5,"boot":"b","clock":"synced","actor":"t-ines","role":"technician",'
        '"session":"S-790","device":"IPG-0917","counter":null,"salt":"AAECAwQFBgcICQoLDA0ODw",'
        '"data":{"settings_id":"é"}}'
    )


def test_times_are_written_in_utc():
    """A time of another zone becomes the same moment in UTC."""
    at = AT.astimezone(timezone(timedelta(hours=5)))
    assert read_entry(make(Draft("a.b", {}), at=at)).at == AT


def test_a_new_session_is_named_by_its_first_entry():
    """`new` becomes S-<index of this entry>."""
    assert read_entry(make(Draft("session.opened", {}, session="new"))).session == "S-812"


@given(st.dictionaries(st.sampled_from("abcdé"), JSON))
def test_what_is_made_is_read_back(data):
    """Any JSON comes back as it went in, and the type stands at its fixed place."""
    raw = make(Draft("pulses.recorded", data, counter=7))
    entry = read_entry(raw)
    assert (entry.data, entry.counter, entry.raw, entry.at) == (data, 7, raw, AT)
    assert type_of(raw) == "pulses.recorded"


def test_the_longest_entry_is_allowed_and_no_longer_one():
    """65,535 bytes are an entry, 65,536 are none."""
    room = 65_535 - len(make(Draft("a.b", {"x": ""})))
    assert len(make(Draft("a.b", {"x": "y" * room}))) == 65_535
    with pytest.raises(JournalUnwritable, match="65536 bytes"):
        make(Draft("a.b", {"x": "y" * (room + 1)}))


def deep():
    """A list in a list, and so on."""
    nest = []
    for _ in range(100_000):
        nest = [nest]
    return nest


@pytest.mark.parametrize(
    "draft",
    [
        Draft("a.b", {"x": float("nan")}),
        Draft("a.b", {"x": float("inf")}),
        Draft("a.b", {"x": b"bytes"}),
        Draft("a.b", {"x": "\ud800"}),
        Draft("a.b", {"x": {1: "a", "1": "b"}}),
        Draft("a.b", {"x": deep()}),
        Draft("Not a type", {}),
        Draft('a","type":"b', {}),
        Draft("a.b", {}, actor=""),
        Draft("a.b", {}, session="790"),
        Draft("a.b", {}, session="S-0790"),
        Draft("a.b", {}, session="S-813"),
        Draft("a.b", {}, counter=-1),
        Draft("a.b", {}, counter=True),
    ],
    ids=lambda draft: f"{draft.type}",
)
def test_what_cannot_be_read_back_is_not_made(draft):
    """A draft that would give an entry nobody can read is refused before it is written."""
    with pytest.raises(JournalUnwritable):
        make(draft)


def changed(**changes):
    """A good entry with other fields."""
    fields = {**json.loads(make(Draft("a.b", {}))), **changes}
    return json.dumps(fields, separators=(",", ":")).encode()


GOOD = make(Draft("a.b", {}))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        GOOD[:-1],
        GOOD.replace(b'"v":1', b'"v":2'),
        GOOD.replace(b'"v":1', b'"v":true'),
        GOOD.replace(b'{"v":1,', b'{ "v":1,'),
        GOOD.replace(b'"type":"a.b"', b'"type":"a.b","type":"c.d"'),
        GOOD.replace(b'"data":{}', b'"data":{"x":1,"x":2}'),
        GOOD.replace(b'"data":{}', b'"data":{"x":NaN}'),
        GOOD.replace(b'"data":{}', b'"data":{"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
        GOOD.replace(b'"data":{}', b'"data":{"x":' + b"9" * 5_000 + b"}"),
        GOOD.replace(b'"data":{}', b'"data":[]'),
        GOOD.replace(b'"data":{}', b'"data":{},"more":1'),
        changed(index=-1),
        changed(at="2026-11-23T09:14:03Z"),
        changed(at="2026-13-23T09:14:03.120934Z"),
        changed(mono_ns=1.5),
        changed(clock="right"),
        changed(salt="short"),
        changed(salt="AAECAwQFBgcICQoLDA0ODw=="),
        changed(role=None),
        changed(device=""),
    ],
    ids=range(25),
)
def test_what_is_no_entry_is_refused(raw):
    """Each of these is wrong in one way and is named as broken."""
    with pytest.raises(JournalBroken):
        read_entry(raw)


@given(st.binary() | st.integers(0, len(GOOD)).map(lambda cut: GOOD[:cut] + b"x" + GOOD[cut:]))
def test_no_bytes_bring_down_the_reader(raw):
    """Any bytes are an entry or `JournalBroken`, nothing else."""
    try:
        entry = read_entry(raw)
    except JournalBroken:
        return
    assert type_of(raw) == entry.type
