"""The journal's file: appending, reading, replaying, several processes, failing disks."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from journal_kit import BIG, EVERYTHING, ORIGIN, PEOPLE, PROJECTIONS, connect, draft

from devicelink.errors import ConfigError, JournalBroken, JournalUnwritable
from devicelink.journal import tree
from devicelink.journal.append import add_entries
from devicelink.journal.entry import Draft
from devicelink.journal.examine import Tiles
from devicelink.journal.faults import Faults
from devicelink.journal.keys import new_signer, save_key
from devicelink.journal.note import Checkpoint, Verifier
from devicelink.journal.store import Journal
from devicelink.journal.verify import verify
from devicelink.runtime import MachineDisk

PROGRAM = textwrap.dedent("""
    import sys
    from pathlib import Path
    from devicelink.journal.entry import Draft
    from devicelink.journal.keys import load_key
    from devicelink.journal.store import Journal
    from devicelink.runtime import ThreadRuntime

    folder = Path(sys.argv[1])
    journal = Journal.open(
        folder, signer=load_key(folder / "station.key"), runtime=ThreadRuntime(), projections=()
    )
""")


def run(program, folder, *arguments, **options):
    """Start a process of its own that has opened the journal and goes on with `program`."""
    command = [sys.executable, "-c", PROGRAM + textwrap.dedent(program), str(folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def test_genesis_binds_origin_key_and_simulation(make, tmp_path, signer):
    """Entry 0 holds origin, verifier key and whether the station is simulated."""
    journal = make(tmp_path)
    genesis = journal.entry(0)
    assert genesis.type == "genesis"
    assert genesis.data == {"origin": ORIGIN, "vkey": signer.vkey, "simulated": True}
    assert (journal.size, journal.origin, journal.vkey) == (1, ORIGIN, signer.vkey)


@pytest.mark.parametrize(
    ("genesis", "origin"),
    [
        (Draft("station.made", {}), ORIGIN),
        (Draft("genesis", {"simulated": False}), ORIGIN),
        (Draft("genesis", {"origin": "other"}), ORIGIN),
        (Draft("genesis", {}), "other"),
    ],
)
def test_a_contradicting_genesis_makes_no_journal(tmp_path, runtime, signer, genesis, origin):
    """Where genesis, origin and key contradict each other nothing is made."""
    with pytest.raises(ConfigError):
        Journal.create(
            tmp_path,
            origin=origin,
            signer=signer,
            runtime=runtime,
            projections=(),
            genesis=genesis,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_journal_is_never_written_over(make, tmp_path):
    """A folder that holds a journal keeps it."""
    make(tmp_path, 3)
    with pytest.raises(ConfigError, match="never written over"):
        make(tmp_path)
    assert verify(tmp_path).size == 3


def test_what_a_crash_left_of_making_one_is_no_hindrance(make, tmp_path):
    """The half-made file of a creation that was killed is swept away."""
    (tmp_path / "journal.db.new").write_bytes(b"half")
    assert make(tmp_path, 2).size == 2
    assert not (tmp_path / "journal.db.new").exists()


def test_missing_journal_is_a_sentence(reopen, tmp_path):
    """Opening a folder without a journal says so."""
    with pytest.raises(ConfigError, match=r"journal\.db is not there"):
        reopen(tmp_path)


def test_append_returns_what_is_durable(make, reopen, tmp_path):
    """What append returned is what another opening of the file reads."""
    entry = make(tmp_path, 5).append(draft(7))
    other = reopen(tmp_path, writes=False)
    assert other.entry(5) == entry == other.last()
    assert [e.index for e in other.entries()] == list(range(6))
    assert [e.index for e in other.entries(2, 4)] == [2, 3]
    with pytest.raises(ConfigError, match="journal has 6"):
        other.entry(6)


def test_checkpoint_signs_the_tree_of_the_bytes(folder, reopen):
    """Size and root that are signed are those recomputed from all 1,300 entries."""
    journal = reopen(folder)
    leaves = [tree.leaf_hash(entry.raw) for entry in journal.entries()]
    checkpoint = Checkpoint.open(journal.checkpoint(), Verifier.from_vkey(journal.vkey))
    assert len(leaves) == checkpoint.size == journal.size == BIG
    assert tree.root_of(leaves) == checkpoint.root == journal.root


def test_full_tiles_hold_the_leaf_hashes(folder, reopen, query):
    """1,300 entries have five full tiles of 8,192 bytes; the level above is not full yet."""
    leaves = [tree.leaf_hash(entry.raw) for entry in reopen(folder).entries()]
    tiles = query(folder, "SELECT level, idx, hashes FROM tiles ORDER BY level, idx")
    assert [(level, index) for level, index, _ in tiles] == [(0, i) for i in range(5)]
    assert b"".join(hashes for _, _, hashes in tiles) == b"".join(leaves[:1280])
    assert tree.tile_widths(BIG)[1] == (1, 0, 5)


def test_appending_goes_on_behind_full_tiles(folder, reopen):
    """One by one over the next tile's edge, and all still verifies."""
    journal = reopen(folder)
    journal.append_all([draft(number) for number in range(BIG, 1530)])
    for number in range(1530, 1540):
        assert journal.append(draft(number)).index == number
    assert verify(folder, projections=PROJECTIONS).broken == []


def test_append_all_is_all_or_none(make, tmp_path):
    """A draft that cannot be written takes its whole batch with it."""
    journal = make(tmp_path, 3)
    with pytest.raises(JournalUnwritable):
        journal.append_all([draft(1), Draft("a.b", {"x": float("nan")})])
    assert journal.size == 3
    assert journal.append_all([]) == []
    assert verify(tmp_path, projections=PROJECTIONS).ok


def test_a_projection_that_cannot_follow_refuses_the_entry(make, tmp_path):
    """An entry that a reducer cannot take is not recorded."""
    journal = make(tmp_path)
    with pytest.raises(JournalUnwritable, match="people"):
        journal.append(Draft("technician.added", {"no": "id"}))
    assert journal.size == 1


def test_a_reader_cannot_append(make, reopen, tmp_path):
    """A journal opened without a key only reads."""
    make(tmp_path)
    reader = reopen(tmp_path, writes=False)
    with pytest.raises(JournalUnwritable, match="reading only"):
        reader.append(draft(1))
    with pytest.raises(JournalUnwritable, match="reading only"):
        reader.prove_writable()


def test_another_key_does_not_open(make, tmp_path, runtime):
    """A key that is not the journal's own is told at once."""
    make(tmp_path)
    with pytest.raises(JournalBroken, match="exchanged"):
        Journal.open(tmp_path, signer=new_signer(ORIGIN, runtime), runtime=runtime, projections=())


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entries SET raw = x'00' WHERE idx = 2",
        "DELETE FROM entries WHERE idx = 2",
        "INSERT OR REPLACE INTO entries VALUES (2, x'00')",
        "REPLACE INTO entries VALUES (2, x'00')",
        "INSERT INTO entries VALUES (-1, x'00')",
        "INSERT INTO entries VALUES (1301, x'00')",
        "UPDATE tiles SET hashes = x'00' WHERE idx = 0",
        "DELETE FROM tiles",
        "INSERT OR REPLACE INTO tiles VALUES (0, 0, x'00')",
        "DELETE FROM head",
        "UPDATE head SET size = 3",
        "UPDATE head SET origin = 'other'",
    ],
)
def test_the_database_itself_refuses_change(folder, sql):
    """Plain SQL cannot change or remove entries, tiles or head while the triggers stand."""
    connection = connect(folder)
    with pytest.raises(Exception, match="append-only"):
        connection.execute(sql)
    connection.close()
    assert verify(folder, projections=PROJECTIONS).ok


def test_replay_table_and_rebuild_agree(folder, reopen):
    """The hash-checked replay, the tables and a rebuild give the same states."""
    journal = reopen(folder)
    checked = journal.checked(PROJECTIONS)
    assert checked["everything"]["pulses.recorded"] == {"count": 1274}
    assert checked["people"]["t-1"]["times"] == 4
    assert {p.name: journal.projection(p.name) for p in PROJECTIONS} == checked
    assert journal.rebuild() == checked
    assert {p.name: journal.projection(p.name) for p in PROJECTIONS} == checked


def test_an_edited_table_decides_nothing(folder, reopen, tamper):
    """A projection edited by hand is told, changes nothing that is checked, and is mended."""
    tamper(
        folder,
        """UPDATE projection_people SET state = '{"index":1,"times":99}' WHERE key = 't-1'""",
        "DELETE FROM projection_people WHERE key = 't-2'",
        "INSERT INTO projection_people VALUES ('t-evil', '{}')",
    )
    journal = reopen(folder)
    assert journal.projection("people")["t-1"]["times"] == 99
    assert journal.checked([PEOPLE])["people"]["t-1"]["times"] == 4
    assert "t-evil" not in journal.checked([PEOPLE])["people"]
    report = verify(folder, projections=PROJECTIONS)
    assert not report.ok
    assert [s for s in report.broken if "The entries hold" not in s] == []
    assert [key in " ".join(report.broken) for key in ("t-1", "t-2", "t-evil")] == [True] * 3
    journal.rebuild()
    assert verify(folder, projections=PROJECTIONS).ok


def test_nonsense_in_a_table_is_a_sentence(folder, reopen, tamper):
    """A table edited into nonsense stops nothing but itself, and a rebuild mends it."""
    tamper(folder, "UPDATE projection_people SET state = '[' WHERE key = 't-1'")
    journal = reopen(folder)
    with pytest.raises(ConfigError, match="journal rebuild"):
        journal.projection("people")
    with pytest.raises(JournalUnwritable, match="journal rebuild"):
        journal.append(Draft("technician.added", {"id": "t-1"}))
    journal.rebuild()
    assert journal.append(Draft("technician.added", {"id": "t-1"})).index == BIG


def test_a_new_projection_is_filled_at_opening(folder, reopen, tamper):
    """A table that is not there yet is made from the entries; a reader is told of it."""
    tamper(folder, "DROP TABLE projection_people")
    with pytest.raises(ConfigError, match="table of people is missing"):
        reopen(folder, writes=False).projection("people")
    journal = reopen(folder)
    assert journal.projection("people") == journal.checked([PEOPLE])["people"]


def test_a_table_that_an_older_program_did_not_know_breaks_no_evidence(folder, tamper):
    """A journal without one of today's tables verifies: that table alone was not checked."""
    tamper(folder, "DROP TABLE projection_people")
    report = verify(folder, projections=PROJECTIONS)
    assert report.broken == []
    assert any(one.startswith("the table of people") for one in report.not_checked)


def test_unneeded_entries_are_hashed_all_the_same(folder, reopen, tamper):
    """A change in an entry that no projection wants breaks the checked replay too."""
    tamper(folder, "UPDATE entries SET raw = CAST(raw || ' ' AS BLOB) WHERE idx = 77")
    with pytest.raises(JournalBroken, match="root"):
        reopen(folder).checked([PEOPLE])


def test_threads_share_a_journal(make, tmp_path):
    """Four threads append through one journal; all entries are there, once each."""
    journal = make(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda number: journal.append(draft(number)), range(1, 41)))
    assert sorted(entry.index for entry in made) == list(range(1, 41))
    assert verify(tmp_path, projections=PROJECTIONS).ok


def test_processes_interleave(make, tmp_path, signer):
    """Three processes append at once; every acknowledged entry is there, in one whole journal."""
    make(tmp_path).close()
    save_key(tmp_path / "station.key", signer, MachineDisk())
    program = """
        for number in range(40):
            print(journal.append(Draft("a.b", {"who": sys.argv[2], "number": number})).index)
    """
    children = [run(program, tmp_path, name) for name in "xyz"]
    told = {
        name: child.communicate()[0].split() for name, child in zip("xyz", children, strict=True)
    }
    assert [child.returncode for child in children] == [0, 0, 0]
    report = verify(tmp_path)
    assert (report.ok, report.size) == (True, 121)
    assert sorted(int(index) for rows in told.values() for index in rows) == list(range(1, 121))


def test_sigkill_loses_nothing_acknowledged(make, reopen, tmp_path, signer):
    """A process killed while it appends has lost no entry whose index it had told."""
    make(tmp_path).close()
    save_key(tmp_path / "station.key", signer, MachineDisk())
    program = """
        while True:
            entry = journal.append_all([Draft("a.b", {"x": "y" * 3000})] * 3)[-1]
            print(entry.index, journal.root.hex(), flush=True)
    """
    told = []
    for lines in (1, 7, 23):
        child = run(program, tmp_path)
        told += [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        told += [line for line in child.stdout if line.endswith("\n")]
        child.wait()
        child.stdout.close()
        assert verify(tmp_path).broken == []
    journal = reopen(tmp_path)
    leaves = [tree.leaf_hash(entry.raw) for entry in journal.entries()]
    for line in told:
        index, root = line.split()
        assert tree.root_of(leaves[: int(index) + 1]).hex() == root
    assert journal.append(draft(1)).index == len(leaves)


def test_a_full_disk_refuses_and_harms_nothing(make, tmp_path, signer):
    """Where no file may grow (RLIMIT_FSIZE) an append fails, and what was there stays whole."""
    make(tmp_path, 10).close()
    save_key(tmp_path / "station.key", signer, MachineDisk())
    program = """
        import resource
        from devicelink.errors import JournalUnwritable
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
        made = []
        try:
            while len(made) < 1000:
                made.append(journal.append(Draft("a.b", {"x": "y" * 10_000})).index)
        except JournalUnwritable as error:
            print(len(made), error)
        try:
            journal.prove_writable()
        except JournalUnwritable as error:
            print("unwritable", error)
    """
    for limit in (0, 300_000):
        before = verify(tmp_path).size
        child = run(program, tmp_path, str(limit))
        first, *second = child.communicate()[0].splitlines()
        assert child.returncode == 0
        made, sentence = first.split(" ", 1)
        assert "cannot be written" in sentence
        assert limit or second[0].startswith("unwritable The journal")
        report = verify(tmp_path)
        assert (report.broken, report.size) == ([], before + int(made))
        assert (int(made) > 0) == (limit > 0)


def test_a_really_full_file_system_refuses(make, tmp_path):
    """On a file system of 1 MiB appends go on until it is full, then fail, and nothing breaks."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)]
    if shutil.which("mount") is None or subprocess.call(mount):
        pytest.skip("mounting a small file system needs root")
    try:
        with make(small, 2) as journal:
            large = Draft("a.b", {"x": "y" * 10_000})
            with pytest.raises(JournalUnwritable, match="full"):
                list(map(journal.append, [large] * 300))
            assert journal.size > 10
            assert journal.last().index == journal.size - 1
        assert verify(small).broken == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_writer_that_hangs_is_waited_for_five_seconds_only(make, tmp_path, monkeypatch):
    """A journal that another program keeps locked is unwritable, not waited for without end."""
    monkeypatch.setattr("devicelink.journal.sqlite.BUSY_S", 0.2)
    journal = make(tmp_path)
    other = connect(tmp_path)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(JournalUnwritable, match="locked"):
            journal.append(draft(1))
        assert journal.size == 1
    finally:
        other.close()
    assert journal.append(draft(1)).index == 1


def test_a_proof_of_writing_is_no_entry(make, tmp_path, query):
    """Preflight's write reaches the disk and leaves the journal as long as it was."""
    journal = make(tmp_path)
    journal.prove_writable()
    first = query(tmp_path, "SELECT written FROM probe")
    journal.prove_writable()
    assert query(tmp_path, "SELECT written FROM probe") != first
    assert journal.size == 1


def test_a_doctored_frontier_is_never_signed(make, tmp_path, tamper):
    """An append on a frontier that its checkpoint does not sign is refused."""
    journal = make(tmp_path, 4)
    tamper(tmp_path, "UPDATE head SET frontier = zeroblob(32)")
    with pytest.raises(JournalUnwritable, match="does not hold"):
        journal.append(draft(1))


@pytest.mark.parametrize(
    "change",
    [
        "checkpoint = replace(checkpoint, char(10, 10), char(10) || 'x' || char(10, 10))",
        "frontier = CAST(substr(frontier, 2) || 'x' AS BLOB)",
        "size = size + 1",
        "origin = origin || 'x'",
    ],
)
def test_a_head_that_held_is_not_believed_when_it_changes(make, tmp_path, tamper, change):
    """What one journal object remembers of its last good head serves for those very bytes only."""
    journal = make(tmp_path)
    journal.append(draft(1))
    journal.checked(PROJECTIONS)
    tamper(tmp_path, f"UPDATE head SET {change}")
    with pytest.raises(JournalUnwritable):
        journal.append(draft(2))
    with pytest.raises(JournalBroken):
        journal.checked(PROJECTIONS)


def test_without_the_wheel_the_rollback_journal_is_used(make, reopen, tmp_path, monkeypatch, query):
    """On the interpreter's own older SQLite the file leaves WAL mode and appends stay whole."""
    sqlite3 = __import__("sqlite3")
    if sqlite3.sqlite_version_info >= (3, 51, 3):
        pytest.skip("this interpreter's SQLite is new enough for WAL")
    make(tmp_path, 3).close()
    monkeypatch.setattr("devicelink.journal.database.sqlite_module", lambda: sqlite3)
    journal = reopen(tmp_path)
    assert journal.append(draft(1)).index == 3
    with journal._database.reader() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3
    assert verify(tmp_path, projections=PROJECTIONS).ok
    assert journal.checked([EVERYTHING])["everything"]["genesis"] == {"count": 1}


def test_with_a_new_sqlite_commits_are_synced(make, tmp_path):
    """Where WAL is used every commit is synced."""
    with make(tmp_path)._database.writer() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    assert (mode, synchronous) in {("wal", 2), ("delete", 3)}


def test_a_read_only_medium_is_read_and_not_written(make, tmp_path, reopen):
    """On a file system mounted read-only a journal verifies, and cannot be opened for writing."""
    medium = tmp_path / "medium"
    medium.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(medium)]
    if shutil.which("mount") is None or subprocess.call(mount):
        pytest.skip("mounting a file system needs root")
    try:
        make(medium, 5).close()
        subprocess.run(["mount", "-o", "remount,ro", str(medium)], check=True)
        assert verify(medium).broken == []
        assert reopen(medium, writes=False).last().index == 4
        with pytest.raises((ConfigError, JournalUnwritable)):
            reopen(medium).append(draft(1))
        reopen(medium, writes=False).close()
    finally:
        subprocess.run(["umount", "-l", str(medium)], check=True)


def test_tiles_above_the_first_level(make, tmp_path, tamper, query):
    """65,536 leaves fill a tile of the second level, with the journal's root; a change shows."""
    journal = make(tmp_path)
    leaves = [SimpleNamespace(index=n, raw=b"leaf %d" % n) for n in range(1, 65_536)]
    frontier = tree.Frontier(1, [tree.leaf_hash(journal.entry(0).raw)])
    with journal._database.writer() as connection:
        add_entries(connection, leaves, frontier)
    ((tile,),) = query(tmp_path, "SELECT hashes FROM tiles WHERE level = 1")
    assert tree.root_of(tree.split_hashes(tile)) == frontier.root()

    def compare():
        faults = Faults()
        tiles = Tiles(faults)
        for index in range(256):
            with journal._database.reader() as connection:
                stored = tiles.load(connection, 0, index)
            for leaf in stored:
                tiles.add_leaf(index, leaf, leaf)
            tiles.close(journal._database, index)
        tiles.conclude(entries_hold=True)
        return faults.sentences()

    assert compare() == []
    changed = (
        "UPDATE tiles SET hashes = CAST(zeroblob(8) || substr(hashes, 9) AS BLOB) WHERE level = 1"
    )
    tamper(tmp_path, changed)
    assert compare() == ["tile/1/000 has another hash for tile/0/000 than the entries lead to."]
