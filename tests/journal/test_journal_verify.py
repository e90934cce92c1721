"""Everything that somebody could do to the file is named, by verify and by the checked replay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from journal_kit import BIG, ORIGIN, PEOPLE, PROJECTIONS, SetClock, connect, draft

from devicelink.errors import ConfigError, JournalBroken, JournalUnwritable
from devicelink.journal import tree
from devicelink.journal.append import add_entries
from devicelink.journal.entry import Draft, make_entry
from devicelink.journal.head import load_head, move_head
from devicelink.journal.keys import new_signer
from devicelink.journal.note import Checkpoint, sign_note
from devicelink.journal.store import Journal
from devicelink.journal.verify import (
    KEY_FROM_FOLDER,
    NO_KEPT,
    NO_PROJECTIONS,
    NO_WITNESS,
    verify,
)

CHANGES = {
    "changed": (
        ["UPDATE entries SET raw = CAST(replace(raw, '19.5', '19.6') AS BLOB) WHERE idx = 17"],
        "Changed: entry 17 ",
    ),
    "changed behind the full tiles": (
        ["UPDATE entries SET raw = CAST(replace(raw, '19.5', '19.6') AS BLOB) WHERE idx = 1297"],
        "Among entries 1296 to 1299 something was changed",
    ),
    "changed together with its tile": (
        [
            "UPDATE entries SET raw = CAST(replace(raw, '19.5', '19.6') AS BLOB) WHERE idx = 301",
            "TILE 1",
        ],
        "Among entries 0 to 1023 something was changed",
    ),
    "removed": (["DELETE FROM entries WHERE idx = 17"], "Missing: entry 17"),
    "several removed": (
        ["DELETE FROM entries WHERE idx BETWEEN 200 AND 900"],
        "Missing: entries 200 to 900",
    ),
    "removed and closed up": (
        [
            "DELETE FROM entries WHERE idx = 17",
            "UPDATE entries SET idx = -idx WHERE idx > 17",
            "UPDATE entries SET idx = -idx - 1 WHERE idx < 0",
        ],
        "At place 17 stands an entry that says it is entry 18",
    ),
    "last removed": (["DELETE FROM entries WHERE idx > 1297"], "last 2 of 1300 signed entries"),
    "all removed": (["DELETE FROM entries"], "signs 1300 entries and has none"),
    "reordered": (
        [
            "UPDATE entries SET idx = -1 WHERE idx = 40",
            "UPDATE entries SET idx = 40 WHERE idx = 41",
            "UPDATE entries SET idx = 41 WHERE idx = -1",
        ],
        "At place 40 stands an entry that says it is entry 41",
    ),
    "inserted at the end": (
        ["INSERT INTO entries SELECT 1300, raw FROM entries WHERE idx = 5"],
        "Entry 1300 stands behind the end",
    ),
    "inserted far away": (
        ["INSERT INTO entries SELECT 4611686018427387904, raw FROM entries WHERE idx = 5"],
        "stands behind the end",
    ),
    "inserted before the first": (
        ["INSERT INTO entries SELECT -1, raw FROM entries WHERE idx = 5"],
        "inserted before the first",
    ),
    "inserted between": (
        [
            "UPDATE entries SET idx = -idx WHERE idx > 17",
            "UPDATE entries SET idx = -idx + 1 WHERE idx < 0",
            "INSERT INTO entries SELECT 18, raw FROM entries WHERE idx = 5",
        ],
        "At place 18 stands an entry that says it is entry 5",
    ),
    "another checkpoint": (
        [
            "UPDATE head SET checkpoint = replace(checkpoint, '1300', '1299')",
        ],
        "does not belong to what it stands under",
    ),
    "no checkpoint": (["UPDATE head SET checkpoint = ''"], "signed note needs"),
    "no head": (["DELETE FROM head"], "lost its head"),
    "another size": (["UPDATE head SET size = 1299"], "head says 1299"),
    "a huge size": (["UPDATE head SET size = 4611686018427387904"], "head says 46116860184273879"),
    "another origin": (["UPDATE head SET origin = 'other'"], "head says 1300 of other"),
    "another frontier": (["UPDATE head SET frontier = zeroblob(96)"], "frontier"),
    "a short frontier": (["UPDATE head SET frontier = zeroblob(5)"], "cannot have 5 bytes"),
    "no key": (["UPDATE head SET vkey = 'x'"], "names no usable key"),
    "no bytes": (
        [
            "ALTER TABLE entries RENAME TO old",
            "CREATE TABLE entries (idx INTEGER PRIMARY KEY, raw)",
            "INSERT INTO entries SELECT idx, CAST(raw AS TEXT) FROM old",
        ],
        "The table entries is not the one",
    ),
    "no table": (["DROP TABLE entries"], "no such table"),
}
TILE_CHANGES = {
    "flipped": (
        ["UPDATE tiles SET hashes = CAST(zeroblob(8) || substr(hashes, 9) AS BLOB) WHERE idx = 2"],
        "tile/0/002 was changed: its hash of entry 512",
    ),
    "cut": (["UPDATE tiles SET hashes = zeroblob(8191) WHERE idx = 2"], "has not 8192 bytes"),
    "removed": (["DELETE FROM tiles WHERE idx = 2"], "of level 0 there are 4 instead of 5"),
    "added": (
        ["INSERT INTO tiles SELECT 1, 0, hashes FROM tiles WHERE idx = 0"],
        "of level 1 there are 1 instead of 0",
    ),
}


def with_tiles(statements, folder, reopen):
    """Replaces `TILE n` by what makes that tile fit the entries as they are then."""
    if "TILE 1" not in statements:
        return statements
    raws = [
        e.raw.replace(b"19.5", b"19.6") if e.index == 301 else e.raw
        for e in reopen(folder, writes=False).entries(256, 512)
    ]
    hashes = b"".join(map(tree.leaf_hash, raws))
    return [statements[0], ("UPDATE tiles SET hashes = ? WHERE idx = 1", hashes)]


def test_an_untouched_journal_holds(folder, reopen):
    """1,300 entries verify; root and size are the signed ones; what was not checked is said."""
    journal = reopen(folder)
    seen = []
    report = verify(
        folder,
        vkey=journal.vkey,
        kept=journal.checkpoint(),
        projections=PROJECTIONS,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert report.broken == []
    assert report.as_json().keys() == {"ok", "size", "root", "broken", "not_checked"}
    assert (report.ok, report.size) == (True, BIG)
    assert report.root == journal.checkpoint().splitlines()[2]
    assert KEY_FROM_FOLDER not in report.not_checked
    assert NO_WITNESS in report.not_checked
    assert NO_KEPT not in report.not_checked
    assert seen[-1] == (BIG, BIG)
    assert len(seen) == 6


def test_what_was_not_checked_is_said(folder):
    """Without key, kept checkpoint, witness and projections, each is named."""
    missing = {KEY_FROM_FOLDER, NO_KEPT, NO_WITNESS, NO_PROJECTIONS}
    assert missing <= set(verify(folder).not_checked)
    assert KEY_FROM_FOLDER == "key taken from the folder"


@pytest.mark.parametrize("what", CHANGES)
def test_tampering_is_named_and_never_believed(folder, reopen, tamper, what):
    """Each change of entries or head is named by verify, and the checked replay refuses."""
    statements, sentence = CHANGES[what]
    tamper(folder, *with_tiles(statements, folder, reopen))
    report = verify(folder, projections=PROJECTIONS)
    assert not report.ok
    assert any(sentence in fault for fault in report.broken), report.broken
    with pytest.raises(JournalBroken):
        reopen(folder).checked([PEOPLE])


@pytest.mark.parametrize("what", TILE_CHANGES)
def test_a_changed_tile_is_named_as_a_tile(folder, reopen, tamper, what):
    """A tile that does not fit is named; the entries, which hold, are still believed."""
    statements, sentence = TILE_CHANGES[what]
    tamper(folder, *statements)
    report = verify(folder, projections=PROJECTIONS)
    assert [sentence in fault for fault in report.broken] == [True]
    assert reopen(folder).checked([PEOPLE])


def test_missing_triggers_are_named(folder, tamper, query):
    """A trigger that was removed, weakened or added is a sign of tampering by itself."""
    tamper(folder)
    assert verify(folder).ok
    connection = connect(folder)
    connection.execute("DROP TRIGGER entries_not_changed")
    connection.execute("CREATE TRIGGER mine AFTER INSERT ON entries BEGIN SELECT 1; END")
    connection.close()
    broken = verify(folder).broken
    assert [name in " ".join(broken) for name in ("entries_not_changed", "mine")] == [True, True]


def test_a_file_that_is_no_database_is_named(folder):
    """Foreign bytes, an empty file and a torn file are each said to be no whole journal."""
    path = folder / "journal.db"
    whole = path.read_bytes()
    for content in (b"this is no database, whatever its name says" * 100, b"", whole[:200_000]):
        path.write_bytes(content)
        report = verify(folder)
        assert not report.ok
        assert any("not a whole journal" in fault or "table" in fault for fault in report.broken)


def test_a_folder_without_a_journal_is_wrong_usage(tmp_path):
    """Where no journal is, nothing is broken: the folder is the wrong one."""
    with pytest.raises(ConfigError, match="no journal"):
        verify(tmp_path)
    with pytest.raises(ConfigError, match="no journal"):
        verify(tmp_path / "absent")


def test_many_faults_are_counted_not_all_listed(folder, tamper):
    """A thousand faults become a list that can be read."""
    tamper(folder, "UPDATE entries SET raw = x'00' WHERE idx % 2 = 1")
    broken = verify(folder).broken
    assert len(broken) == 101
    assert "further faults" in broken[-1]


def test_another_key_is_named(folder, runtime):
    """With a key from elsewhere, a journal under another key is broken."""
    report = verify(folder, vkey=new_signer(ORIGIN, runtime).vkey)
    assert any("names the key" in fault for fault in report.broken)
    assert any("not signed by" in fault for fault in report.broken)
    with pytest.raises(ConfigError):
        verify(folder, vkey="nonsense")


def rewrite(folder, tamper, reopen, sign):
    """Change entry 7 and make tiles, frontier and checkpoint anew to fit; `sign` gives the note."""
    raws = [entry.raw for entry in reopen(folder, writes=False).entries()]
    raws[7] = raws[7].replace(b"19.5", b"19.6")
    frontier, leaves = tree.Frontier(), [tree.leaf_hash(raw) for raw in raws]
    for leaf in leaves:
        frontier.append(leaf)
    tamper(
        folder,
        ("UPDATE entries SET raw = ? WHERE idx = 7", raws[7]),
        ("UPDATE tiles SET hashes = ? WHERE idx = 0", b"".join(leaves[:256])),
        ("UPDATE head SET frontier = ?", bytes(frontier)),
        ("UPDATE head SET checkpoint = ?", sign(Checkpoint(ORIGIN, BIG, frontier.root()).body)),
    )


@pytest.mark.parametrize("signed", ["by nobody", "with the old signature", "by another key"])
def test_a_consistent_rewrite_fails_on_its_signature(folder, reopen, tamper, runtime, signed):
    """Where entries, tiles, frontier and checkpoint fit, only the signature tells; it does."""
    journal = reopen(folder)
    old = journal.checkpoint()
    sign = {
        "by nobody": lambda body: body,
        "with the old signature": lambda body: body + old[old.index("\n\n") + 1 :],
        "by another key": lambda body: sign_note(body, new_signer(ORIGIN, runtime)),
    }[signed]
    rewrite(folder, tamper, reopen, sign)
    assert not verify(folder).ok
    with pytest.raises(JournalBroken):
        journal.checked([PEOPLE])
    with pytest.raises(JournalUnwritable):
        journal.append(draft(1))
    for writes in (True, False):
        with pytest.raises(JournalBroken):
            reopen(folder, writes=writes)


def test_a_rewrite_under_an_exchanged_key_is_not_the_stations(folder, reopen, tamper, runtime):
    """Who rewrites and names a key of their own is told by the station's key, or a kept vkey."""
    journal = reopen(folder)
    forger = new_signer(ORIGIN, runtime)
    rewrite(folder, tamper, reopen, lambda body: sign_note(body, forger))
    tamper(folder, ("UPDATE head SET vkey = ?", forger.vkey))
    with pytest.raises(JournalBroken):
        journal.checked([PEOPLE])
    with pytest.raises(JournalBroken, match="exchanged"):
        reopen(folder)
    assert not verify(folder, vkey=journal.vkey).ok
    assert ["genesis entry has vkey" in fault for fault in verify(folder).broken] == [True]


def test_a_whole_forgery_needs_the_key_from_elsewhere(make, folder, tmp_path, runtime, reopen):
    """A journal written anew under a new key verifies by itself, and fails against the old key."""
    old_vkey = reopen(folder).vkey
    forged = tmp_path / "forged"
    forged.mkdir()
    Journal.create(
        forged,
        origin=ORIGIN,
        signer=new_signer(ORIGIN, runtime),
        runtime=runtime,
        projections=(),
        genesis=Draft("genesis", {}),
    ).close()
    assert verify(forged).ok
    assert not verify(forged, vkey=old_vkey).ok


def test_a_roll_back_shows_against_a_kept_checkpoint(make, tmp_path):
    """An older copy put back verifies alone, and is named as rolled back with a kept checkpoint."""
    journal = make(tmp_path, 10)
    earlier = journal.checkpoint()
    journal.close()
    old = (tmp_path / "journal.db").read_bytes()
    journal.append_all([draft(number) for number in range(10, 20)])
    later = journal.checkpoint()
    journal.close()
    assert verify(tmp_path, kept=earlier).ok
    assert verify(tmp_path, kept=later).ok
    (tmp_path / "journal.db").write_bytes(old)
    assert verify(tmp_path).ok
    assert verify(tmp_path, kept=earlier).ok
    broken = verify(tmp_path, kept=later).broken
    assert ["rolled back" in fault for fault in broken] == [True]


def test_several_kept_checkpoints_are_each_held_against_the_journal(make, tmp_path, signer):
    """The journal has to go on from all of them."""
    journal = make(tmp_path, 10)
    kept = [journal.checkpoint()]
    journal.append(draft(1))
    kept.append(journal.checkpoint())
    assert verify(tmp_path, kept=kept).ok
    kept.append(sign_note(Checkpoint(ORIGIN, 5, bytes(32)).body, signer))
    assert ["first 5 entries" in f for f in verify(tmp_path, kept=kept).broken] == [True]


def test_a_kept_checkpoint_of_another_history_is_named(make, folder, reopen, signer):
    """Same key, other entries: the kept checkpoint's root is not reached."""
    other = sign_note(Checkpoint(ORIGIN, 900, bytes(32)).body, signer)
    broken = verify(folder, kept=other).broken
    assert ["first 900 entries" in fault for fault in broken] == [True]
    with pytest.raises(ConfigError, match="kept checkpoint"):
        verify(folder, kept="nonsense")


def test_a_kept_checkpoint_of_another_key_is_named(folder, runtime, reopen):
    """A kept checkpoint that the key did not sign is no checkpoint of this journal."""
    root = reopen(folder).root
    forged = sign_note(Checkpoint(ORIGIN, BIG, root).body, new_signer(ORIGIN, runtime))
    assert any("kept checkpoint" in fault for fault in verify(folder, kept=forged).broken)


def forge(journal, *drafts, **fields):
    """Whoever has the key appends entries with times and sessions of their own choosing."""
    with journal._database.writer() as connection:
        _, frontier = load_head(connection).believed(journal._verifier)
        last = journal._entry(connection, frontier.size - 1)
        given = {"at": last.at, "mono_ns": last.mono_ns, "boot": "b", "clock": "synced"}
        entries = []
        for place, each in enumerate(drafts, last.index + 1):
            made = make_entry(each, **{"index": place, **given, **fields}, salt=bytes(16))
            entries.append(replace(made, index=place))
        add_entries(connection, entries, frontier)
        move_head(connection, journal._signer, frontier)


def test_time_going_back_is_named(make, tmp_path):
    """An entry older than the one before it, without a word about the clock, is named."""
    journal = make(tmp_path, 3)
    forge(journal, draft(1), at=journal.entry(0).at.replace(year=2020))
    assert ["Time goes back at entry 3" in f for f in verify(tmp_path).broken] == [True]


def test_a_session_that_nobody_began_is_named(make, tmp_path):
    """A session's name is the index of its first entry."""
    journal = make(tmp_path, 3)
    forge(journal, Draft("session.opened", {}, session="new"), Draft("a.b", {}, session="S-3"))
    assert verify(tmp_path).ok
    forge(journal, Draft("a.b", {}, session="S-2"))
    assert ["session S-2" in fault for fault in verify(tmp_path).broken] == [True]


def test_an_entry_that_no_projection_can_take_is_named(make, tmp_path):
    """Who has the key and writes an entry without its facts is found out, not met by an error."""
    journal = make(tmp_path, 3)
    forge(journal, Draft("technician.added", {"name": "nobody"}))
    report = verify(tmp_path, projections=PROJECTIONS)
    assert ["Entry 3 of type 'technician.added'" in fault for fault in report.broken] == [True]
    with pytest.raises(JournalBroken, match="people cannot take it"):
        journal.checked([PEOPLE])


def test_a_second_genesis_and_a_wrong_index_are_named(make, tmp_path):
    """Genesis is entry 0 alone, and an entry stands where it says."""
    journal = make(tmp_path, 3)
    forge(journal, Draft("genesis", {}))
    forge(journal, draft(1), index=9)
    broken = " ".join(verify(tmp_path).broken)
    assert "genesis is entry 0 alone" in broken
    assert "says it is entry 9" in broken


def test_a_clock_that_went_back_is_recorded_and_holds(make, tmp_path):
    """Time going back makes a `clock.suspect`, which verifies; a confirmation ends it."""
    clock = SetClock()
    journal = make(tmp_path, 3, using=clock)
    clock.wall_s = -1000
    entry = journal.append(draft(7))
    assert (entry.index, entry.clock) == (4, "suspect")
    suspect = journal.entry(3)
    assert (suspect.type, suspect.clock, suspect.data["why"]) == (
        "clock.suspect",
        "suspect",
        "went_back",
    )
    clock.wall_s = -2000
    assert journal.append(draft(7)).index == 5
    assert journal.append(Draft("clock.confirmed", {})).clock != "suspect"
    assert journal.append(draft(7)).clock != "suspect"
    assert verify(tmp_path, projections=PROJECTIONS).broken == []
    assert journal.size == 8
