"""The simulated disk: what survives, what is torn, and SQLite itself on top of it."""

from __future__ import annotations

import errno
import gc
import random
from pathlib import Path

import pytest

from devicelink.journal.sqlite import sqlite_module
from devicelink_simulation.world.disk import ProcessDied, ProcessDisk, SimDisk
from devicelink_simulation.world.sim_file import SECTOR_BYTES, SimFile
from devicelink_simulation.world.sqlite_vfs import sqlite_vfs

FOLDER = "/world/station"
SEEDS = range(60)
OLD, NEW = b"o" * 5 * SECTOR_BYTES, b"n" * 5 * SECTOR_BYTES
FILE = Path(FOLDER, "a.json")


@pytest.fixture(autouse=True)
def nothing_left_open():
    """What a test leaves to the garbage collector is closed before the next one begins."""
    yield
    gc.collect()


class Strike:
    """Strikes the operation of a number, or those of a name, and counts all."""

    def __init__(self, at=0, *, op="", after=False, error=None, taken=None):
        self.at, self.op, self.is_after, self.error, self.taken = at, op, after, error, taken
        self.ops = []

    def before(self, op, path, size):
        """Fail, die, or tear."""
        self.ops.append(op)
        if not self._hits(op):
            return size
        if self.error:
            raise OSError(self.error, "struck")
        if self.taken is not None:
            return self.taken
        if not self.is_after:
            raise ProcessDied
        return size

    def after(self, op, path):
        """Die."""
        if self._hits(op) and (self.is_after or self.taken is not None):
            raise ProcessDied

    def _hits(self, op):
        return len(self.ops) == self.at or op == self.op


class World:
    """A disk that SQLite sees, its processes, and who of them is calling."""

    def __init__(self):
        self.disk = SimDisk()
        self.disk.make_folder(FOLDER)
        self.current = None
        self.opened = []
        self.mount()

    def mount(self, disk=None):
        """Let SQLite see this disk."""
        self.disk = disk or self.disk
        sqlite_vfs().mount(FOLDER, self.disk, lambda: self.current)

    def process(self, name, operations=None):
        """A process, which is the one that calls now."""
        more = () if operations is None else (operations,)
        self.current = ProcessDisk(self.disk, name, *more)
        return self.current

    def connect(self, mode="WAL"):
        """A connection of the current process, with a table."""
        connection = sqlite_module().connect(
            f"file://{FOLDER}/j.db", uri=True, isolation_level=None, timeout=5.0
        )
        self.opened.append((self.current, connection))
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute(f"PRAGMA synchronous={'FULL' if mode == 'WAL' else 'EXTRA'}")
        connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
        return connection

    def rows(self):
        """What a new process finds."""
        self.process("reader")
        connection = self.connect()
        found = [x for (x,) in connection.execute("SELECT x FROM t ORDER BY x")]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return found

    def end(self):
        """Close what is open."""
        for process, connection in self.opened:
            self.current = process
            connection.close()
        sqlite_vfs().unmount()
        surprises, sqlite_vfs().surprises[:] = list(sqlite_vfs().surprises), []
        assert surprises == []


@pytest.fixture
def world():
    """A world of its own."""
    world = World()
    yield world
    world.end()


def lose_power(disk, seed):
    """A copy of the disk, after the power came back."""
    copy = disk.copy()
    copy.power_loss(random.Random(seed))
    return copy


def made(disk, operations=None):
    """A process of a disk."""
    return ProcessDisk(disk, "p", operations) if operations else ProcessDisk(disk, "p")


def test_unsynced_sectors_are_each_old_or_new():
    """A loss of power leaves an unsynced write whole, torn at sectors, or not at all."""
    disk = SimDisk()
    disk.put(FILE, OLD)
    disk.files[str(FILE)].write(0, NEW)
    images = [made(lose_power(disk, seed)).read(FILE) for seed in SEEDS]
    sectors = {
        image[at : at + SECTOR_BYTES] for image in images for at in range(0, len(OLD), SECTOR_BYTES)
    }
    assert sectors == {OLD[:SECTOR_BYTES], NEW[:SECTOR_BYTES]}
    assert {OLD, NEW} < set(images)


def test_a_size_survives_or_not_by_itself():
    """An unsynced truncation and growth leave an old size, a new one, or one between."""
    disk = SimDisk()
    disk.put(FILE, OLD)
    disk.files[str(FILE)].truncate(100)
    disk.files[str(FILE)].write(100, NEW)
    images = {made(lose_power(disk, seed)).read(FILE) for seed in SEEDS}
    assert {len(image) for image in images} == {len(OLD), 100, 100 + len(NEW)}
    cut = [image for image in images if len(image) == 100 + len(NEW)]
    assert all(OLD[:200] not in image for image in cut), "a truncation took these bytes"


def test_what_was_synced_survives():
    """After a sync there is nothing left to chance."""
    disk = SimDisk()
    disk.put(FILE, OLD)
    file = disk.files[str(FILE)]
    for at in range(600):
        file.write(at, b"x")
        disk.sync(file)
    file.truncate(600)
    disk.sync(file)
    assert {made(lose_power(disk, seed)).read(FILE) for seed in SEEDS} == {b"x" * 600}


@pytest.mark.parametrize("sync", ["none", "file", "folder"])
def test_a_new_name_is_durable_when_file_or_folder_is_synced(sync):
    """A file that was made may be gone, unless it or its folder was synced."""
    disk = SimDisk()
    file = disk.make(str(FILE))
    if sync == "file":
        disk.sync(file)
    if sync == "folder":
        disk.sync_folder(FOLDER)
    there = {str(FILE) in lose_power(disk, seed).files for seed in SEEDS}
    assert there == ({True, False} if sync == "none" else {True})


def test_removal_and_renaming_are_durable_with_their_folder_only():
    """Unsynced, a rename and a removal each survive or not; synced, they do."""
    other = f"{FOLDER}/b.json"
    disk = SimDisk()
    disk.put(FILE, OLD)
    disk.rename(str(FILE), other)
    disk.sync(disk.files[other])
    assert {tuple(lose_power(disk, seed).files) for seed in SEEDS} == {(str(FILE),), (other,)}
    disk.sync_folder(FOLDER)
    disk.delete(other)
    assert {tuple(lose_power(disk, seed).files) for seed in SEEDS} == {(), (other,)}
    disk.sync_folder(FOLDER)
    assert {tuple(lose_power(disk, seed).files) for seed in SEEDS} == {()}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("method", ["create", "replace", "append", "move", "remove"])
def test_durable_methods_at_every_operation(method, after):
    """Wherever the process dies and the power goes, a file is as before or as it was to be."""
    acts = {
        "create": lambda p: p.create(FILE, NEW),
        "replace": lambda p: p.replace(FILE, NEW),
        "append": lambda p: p.append(FILE, NEW),
        "move": lambda p: p.move(Path(FOLDER, "b.json"), FILE),
        "remove": lambda p: p.remove(FILE),
    }
    template = SimDisk()
    if method != "create":
        template.put(FILE, OLD)
    if method == "move":
        template.put(Path(FOLDER, "b.json"), NEW)
    whole = Strike()
    done = template.copy()
    acts[method](made(done, whole))
    goals = {"remove": {None}, "append": {OLD + NEW}}.get(method, {NEW})
    assert {content(lose_power(done, seed)) for seed in SEEDS} == goals
    for at in range(1, len(whole.ops) + 1):
        disk = template.copy()
        with pytest.raises(ProcessDied):
            acts[method](made(disk, Strike(at, after=after)))
        for seed in range(12):
            found = content(lose_power(disk, seed))
            if method == "append":
                assert found[: len(OLD)] == OLD
            else:
                assert found in goals | {content(template)}


def content(disk):
    """The file's, None where there is none."""
    process = made(disk)
    return process.read(FILE) if process.is_file(FILE) else None


def test_create_does_not_write_over():
    """What has the name keeps it, and nothing is left beside."""
    disk = SimDisk()
    disk.put(FILE, OLD)
    with pytest.raises(FileExistsError):
        made(disk).create(FILE, NEW)
    assert disk.snapshot().files == {str(FILE): OLD}


def test_a_dead_process_changes_nothing():
    """What a process does on its way out, after it died, has no effect."""
    disk = SimDisk()
    disk.put(FILE, OLD)
    process = made(disk)
    appender = process.appender(FILE)
    disk.died("p")
    for act in (
        lambda: process.replace(FILE, NEW),
        lambda: process.remove(FILE),
        lambda: appender.write(NEW),
    ):
        with pytest.raises(ProcessDied):
            act()
    assert disk.snapshot().files == {str(FILE): OLD}


def test_a_refused_operation_has_no_effect_and_a_torn_one_some():
    """ENOSPC leaves the old content; a torn write its first bytes."""
    disk = SimDisk()
    disk.put(FILE, OLD)
    with pytest.raises(OSError, match="struck") as caught:
        made(disk, Strike(op="write", error=errno.ENOSPC)).replace(FILE, NEW)
    assert caught.value.errno == errno.ENOSPC
    assert disk.snapshot().files == {str(FILE): OLD}
    with pytest.raises(ProcessDied):
        made(disk, Strike(op="write", taken=3)).append(FILE, NEW)
    assert disk.snapshot().files == {str(FILE): OLD + b"nnn"}


def test_names_room_and_locks():
    """Listing is by pattern in one folder; room and lock files come from the world."""
    disk = SimDisk(free_bytes=7)
    for name in ("b.json", "a.json", "c.txt", "deep/d.json"):
        disk.put(f"{FOLDER}/{name}", b"")
    process = ProcessDisk(disk, 1, hold=lambda path: 42 if path.name == "l" else None)
    assert [path.name for path in process.names(Path(FOLDER), "*.json")] == ["a.json", "b.json"]
    assert process.names(Path("/nowhere"), "*") == []
    assert process.free_bytes(Path(FOLDER)) == 7
    assert process.usable(Path(FOLDER))
    assert not process.usable(Path("/nowhere"))
    assert (process.hold(Path("l")), process.hold(Path("m"))) == (42, None)
    with pytest.raises(FileNotFoundError):
        process.read(Path(FOLDER, "z"))


def test_disks_from_one_snapshot_are_apart():
    """A template is not changed by what starts from it."""
    disk = SimDisk()
    disk.put(FILE, OLD)
    template = disk.snapshot()
    one, two = SimDisk.from_snapshot(template), SimDisk.from_snapshot(template)
    made(one).replace(FILE, NEW)
    assert (content(one), content(two), template.files[str(FILE)]) == (NEW, OLD, OLD)
    assert content(lose_power(two, 1)) == OLD


def committed_then_powerless(world, seed):
    """Rows that are there after one row was committed and the power was lost."""
    world.process("a")
    connection = world.connect()
    connection.execute("INSERT INTO t VALUES (1)")
    world.mount(lose_power(world.disk, seed))
    return world.rows()


@pytest.mark.parametrize("seed", range(8))
def test_a_commit_survives_a_loss_of_power(world, seed):
    """SQLite's WAL on this disk keeps what it committed."""
    assert committed_then_powerless(world, seed) == [1]


def test_without_syncs_a_commit_is_lost(monkeypatch):
    """The same on a disk that ignores syncs loses rows: the model can show it."""
    monkeypatch.setattr(SimFile, "sync", lambda self: None)
    outcomes = set()
    for seed in range(8):
        world = World()
        try:
            outcomes.add(str(committed_then_powerless(world, seed)))
        except sqlite_module().DatabaseError as error:
            outcomes.add(str(error))
        finally:
            world.end()
    assert outcomes - {"[1]"}


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_one_writer_at_a_time(world, mode):
    """A second process is told `locked` at once, and gets through when the first is done."""
    world.process("a")
    first = world.connect(mode)
    b = world.process("b")
    second = world.connect(mode)
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite_module().OperationalError, match="locked"):
        second.execute("INSERT INTO t VALUES (2)")
    first.execute("COMMIT")
    world.current = b
    second.execute("INSERT INTO t VALUES (2)")
    second.close()
    first.close()
    assert world.rows() == [2]


def test_a_reader_holds_a_commit_up_in_delete_mode(world):
    """While one process reads, another cannot commit; afterwards it can."""
    world.process("a")
    first = world.connect("DELETE")
    first.execute("INSERT INTO t VALUES (1)")
    world.process("b")
    second = world.connect("DELETE")
    second.execute("BEGIN")
    assert second.execute("SELECT x FROM t").fetchall() == [(1,)]
    with pytest.raises(sqlite_module().OperationalError, match="locked"):
        first.execute("INSERT INTO t VALUES (2)")
    second.execute("COMMIT")
    first.execute("INSERT INTO t VALUES (2)")
    assert second.execute("SELECT x FROM t").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_death_frees_locks_and_rolls_back(world, mode):
    """What a dead process had not committed is gone, and others go on without it."""
    world.process("a")
    first = world.connect(mode)
    b = world.process("b")
    second = world.connect(mode)
    first.execute("BEGIN IMMEDIATE")
    first.execute("INSERT INTO t VALUES (1)")
    world.disk.died("a")
    world.current = b
    second.execute("INSERT INTO t VALUES (2)")
    with pytest.raises(sqlite_module().OperationalError, match="disk I/O"):
        first.execute("COMMIT")
    assert [x for (x,) in second.execute("SELECT x FROM t")] == [2]
    second.close()
    assert world.rows() == [2]


def test_the_living_find_shared_memory_as_the_dead_left_it(world):
    """What the C code of a dead process still writes there is taken back."""
    b = world.process("b")
    second = world.connect()
    world.process("a")
    first = world.connect()
    first.execute("BEGIN IMMEDIATE")
    first.execute("INSERT INTO t VALUES (1)")
    memory = world.disk.files[f"{FOLDER}/j.db"].memory
    at_death = [bytes(region) for region in memory.regions]
    world.disk.died("a")
    memory.regions[0][:48] = b"what a process wrote that had died before that.."
    with pytest.raises(sqlite_module().OperationalError, match="disk I/O"):
        first.execute("COMMIT")
    assert [bytes(region) for region in memory.regions] == at_death
    world.current = b
    assert second.execute("SELECT count(*) FROM t").fetchone() == (0,)


@pytest.mark.parametrize(("error", "code"), [(errno.ENOSPC, 13), (errno.EIO, 10)])
def test_what_the_disk_refuses_sqlite_says(world, error, code):
    """A full disk is SQLITE_FULL, a failing one SQLITE_IOERR; the rows before stay."""
    a = world.process("a")
    connection = world.connect()
    connection.execute("INSERT INTO t VALUES (1)")
    a.operations, a.strikes = Strike(op="write", error=error), True
    with pytest.raises(sqlite_module().OperationalError) as caught:
        connection.execute("INSERT INTO t VALUES (2)")
    assert caught.value.sqlite_errorcode & 0xFF == code
    a.strikes = False
    assert world.rows() == [1]


def test_a_hot_journal_is_rolled_back_at_every_operation(world):
    """In DELETE mode a crash anywhere in a commit leaves the old row, or the new one."""
    world.process("a")
    world.connect("DELETE").execute("INSERT INTO t VALUES (1)")
    template = world.disk.copy()
    found, at, hot = set(), 0, 0
    while True:
        at += 1
        world.mount(template.copy())
        a = world.process("a")
        connection = world.connect("DELETE")
        a.operations, a.strikes = Strike(at, after=True), True
        try:
            connection.execute("UPDATE t SET x = 2")
        except sqlite_module().OperationalError:
            hot += f"{FOLDER}/j.db-journal" in world.disk.files
        else:
            break
        for disk in (world.disk, *(lose_power(world.disk, seed) for seed in range(4))):
            world.mount(disk)
            found.add(tuple(world.rows()))
    assert found == {(1,), (2,)}
    assert hot > 3


def test_other_paths_are_on_the_real_disk(world, tmp_path):
    """A database elsewhere is an ordinary file, and no simulated process hears of it."""
    strike = Strike()
    world.process("a", strike)
    connection = sqlite_module().connect(tmp_path / "real.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert (tmp_path / "real.db").read_bytes()[:6] == b"SQLite"
    assert strike.ops == []
    assert world.disk.files == {}


def test_the_same_bytes_each_time():
    """SQLite's own randomness follows from the seed, so a log has the same bytes again."""

    def log():
        world = World()
        try:
            world.process("a")
            world.connect().execute("INSERT INTO t VALUES (1)")
            return world.disk.snapshot().files
        finally:
            world.end()

    assert log() == log()


def test_a_name_that_was_made_deleted_and_made_again_is_durable_when_synced():
    """The first file's end, still on its way, does not take the second one's name away."""
    disk = SimDisk()
    disk.make_folder("/d")
    disk.make("/d/log")
    disk.delete("/d/log")
    second = disk.make("/d/log")
    second.write(0, b"kept")
    disk.sync(second)
    disk.sync_folder("/d")
    disk.power_loss(random.Random(1))
    assert bytes(disk.files["/d/log"].cache) == b"kept"
