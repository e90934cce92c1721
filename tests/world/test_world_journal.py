"""The real journal on the simulated disk, struck wherever it touches it."""

from __future__ import annotations

import errno
import gc
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import devicelink_simulation
from devicelink.errors import JournalUnwritable
from devicelink.journal.sqlite import sqlite_module
from devicelink_simulation.world import journal_sweep
from devicelink_simulation.world.dice import dice
from devicelink_simulation.world.journal_run import NEEDS_ROOM, Fault, Run
from devicelink_simulation.world.journal_sweep import Sweep, SweepResult, sweep
from devicelink_simulation.world.sim_file import SimFile
from devicelink_simulation.world.sqlite_vfs import sqlite_vfs

THIN = 331
MODE = "wal" if sqlite_module().sqlite_version_info >= (3, 51, 3) else "delete"
WITHOUT_PYSQLITE = """
    import sys
    sys.modules["pysqlite3"] = None
    from devicelink_simulation.world.journal_sweep import sweep
    result = sweep(every=631)
    print(result.violations, result.mode)
"""


@pytest.fixture(scope="module")
def workloads(tmp_path_factory):
    """The workloads with their templates, made once."""
    return Sweep(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(autouse=True)
def unmounted():
    """Other tests find SQLite as it was."""
    yield
    sqlite_vfs().unmount()
    assert sqlite_vfs().surprises == []


def test_a_thinned_sweep_finds_nothing():
    """Deaths, losses of power, full and failing disks: each leaves a whole journal."""
    told = []
    result = sweep(lambda done, total: told.append((done, total)), every=THIN)
    assert (result.violations, result.mode) == ([], MODE)
    assert set(result.operations) == {"appends", "tile", "two", "rebuild", "recovery", "long"}
    assert {"before", "after", "before, power", "after, power"} <= set(result.runs)
    assert told[-1] == (len(told), len(told))


def test_a_disk_that_ignores_syncs_is_found(monkeypatch, workloads):
    """The sweep can fail: where syncs do nothing, acknowledged entries are lost."""
    monkeypatch.setattr(SimFile, "sync", lambda self: None)
    result = SweepResult()
    last = len(workloads.ops("two"))
    for at in range(last - 5, last - 65, -10):
        workloads.strike("two", Fault("after", at), range(3), result)
    assert any("acknowledged" in sentence for sentence in result.violations)


def test_a_journal_without_its_commit_is_found(monkeypatch, workloads):
    """The sweep can fail: an append that is acknowledged before it is committed is missed."""
    append = Run.append

    def boast(run, process, *drafts):
        run.story.acknowledged.append(b"never written")
        append(run, process, *drafts)

    monkeypatch.setattr(Run, "append", boast)
    result = SweepResult()
    workloads.strike("recovery", Fault("after", 60), range(1), result)
    assert any("acknowledged" in sentence for sentence in result.violations)


def test_a_full_disk_records_nothing(workloads):
    """ENOSPC at a write is JournalUnwritable, says so, and leaves size and root as they were."""
    run = workloads.begun("two", None)
    one = run.process()
    run.append(one, journal_sweep.mark(0))
    before = (one.journal.size, one.journal.root)
    run.strike.fault = Fault("full", 1, errno.ENOSPC)
    run.strike.is_over = False
    with pytest.raises(JournalUnwritable, match="Nothing was recorded"):
        one.journal.append(journal_sweep.mark(1))
    with pytest.raises(JournalUnwritable, match="full"):
        one.journal.prove_writable()
    assert (one.journal.size, one.journal.root) == before
    run.strike.is_over = True
    assert one.journal.append(journal_sweep.mark(1)).index == before[0]
    run.bury()


def test_two_runs_do_the_same(workloads):
    """Operations, and every byte that power leaves, repeat exactly."""

    def left():
        gc.collect()  # what other tests left open is not closed in the middle of this
        run = workloads.begun("appends", Fault("torn", 60))
        workloads.work("appends", run)
        run.bury()
        run.disk.power_loss(dice(3, "test"))
        return run.strike.ops, run.disk.snapshot()

    ops, snapshot = left()
    again, same = left()
    parted = next(
        (at for at, pair in enumerate(zip(ops, again, strict=False)) if len(set(pair)) > 1), None
    )
    assert parted is None, (parted, ops[:parted][-3:], ops[parted:][:3], again[parted:][:3])
    assert len(ops) == len(again)
    assert snapshot == same
    assert len(ops) >= 60
    assert NEEDS_ROOM & set(ops)


def test_delete_mode_of_an_older_sqlite_holds_as_well():
    """Without pysqlite3 the journal is in DELETE mode, and a thinned sweep finds nothing there."""
    roots = [Path(devicelink_simulation.__file__).parents[1]]
    paths = [str(path) for path in (*roots, roots[0].parent)]
    program = f"import sys; sys.path[:0] = {paths!r}\n" + textwrap.dedent(WITHOUT_PYSQLITE)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "[] delete\n"
