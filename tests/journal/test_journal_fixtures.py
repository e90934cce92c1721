"""Journals of every released layout, made once: they verify, rebuild and go on for ever."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures.make import NEXT_SIGNER, SIGNER
from journal_kit import draft

from devicelink.journal.entry import LAYOUT
from devicelink.journal.exported import verify_export, verify_proof
from devicelink.journal.store import Journal
from devicelink.journal.verify import verify
from devicelink.session.context import PROJECTIONS

HERE = Path(__file__).parent / "fixtures"
VERIFIER = HERE.parents[2] / "docs" / "verify" / "verify_tlog.py"
ROOTS = {
    "layout-1": (62, "c2Qd+ASCGrPHTZRYIlJ11E43XvgApHAH/TH/HsBpq58="),
    "layout-1-rotated": (64, "etiyvtavH65dxP07HgWwnOvU1Ucsrs692kdI28QSLUo="),
}
"""What they were when they were made: size and root."""
SIGNERS = {"layout-1": SIGNER, "layout-1-rotated": NEXT_SIGNER}


@pytest.fixture(params=ROOTS)
def made(request, tmp_path):
    """A copy of one fixture, with the size and root that it has to have."""
    copy = tmp_path / request.param
    shutil.copytree(HERE / request.param, copy)
    return copy, *ROOTS[request.param]


def test_the_present_layout_has_its_fixture():
    """A new layout of entries needs a fixture of its own before it is released."""
    assert {path.name for path in HERE.glob("layout-*")} == set(ROOTS)
    assert f"layout-{LAYOUT}" in ROOTS


def test_a_fixture_verifies(made):
    """Key, kept checkpoint, every entry and every table of an old journal hold."""
    folder, size, root = made
    vkey, kept = (folder / "log.vkey").read_text(), (folder / "checkpoint").read_text()
    for trusted in (vkey, SIGNER.vkey):
        report = verify(folder, vkey=trusted, kept=kept, projections=PROJECTIONS)
        assert (report.broken, report.size, report.root) == ([], size, root)


def test_a_fixture_is_rebuilt_to_the_same_tables_and_goes_on(made, runtime, query):
    """Tables dropped are made anew as they were; an entry of today goes behind the old ones.

    Tables of projections that came later are made when it is opened, and are empty.
    """
    folder, size, _ = made

    def tables():
        sql = "SELECT name FROM sqlite_master WHERE name GLOB 'projection_*'"
        names = [name for (name,) in query(folder, sql)]
        return {name: query(folder, f"SELECT * FROM {name} ORDER BY key") for name in names}

    old = tables()
    signer = SIGNERS[folder.name]
    with Journal.open(folder, signer=signer, runtime=runtime, projections=PROJECTIONS) as journal:
        journal.rebuild()
        made_anew = tables()
        assert set(made_anew) == {f"projection_{projection.name}" for projection in PROJECTIONS}
        assert {name: rows for name, rows in made_anew.items() if rows or name in old} == old
        assert any(old.values())
        journal.append(draft(1))
        assert journal.size > size
    assert verify(folder, projections=PROJECTIONS).broken == []


def test_what_was_taken_away_of_a_fixture_holds(made):
    """An old export and an old proof are accepted by both verifiers."""
    folder, size, root = made
    vkey = (folder / "log.vkey").read_text()
    for trusted in (vkey, SIGNER.vkey):
        report = verify_export(folder / "log", vkey=trusted)
        assert (report.broken, report.size, report.root) == ([], size, root)
    assert verify_proof((folder / "40.tlog-proof").read_text(), vkey).ok
    for place in ("log", "40.tlog-proof"):
        words = [sys.executable, VERIFIER, folder / place, "--vkey", folder / "log.vkey"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_an_old_journal_crosses_by_the_rotation_of_its_key(tmp_path, runtime):
    """The oldest layout's file is opened as it is, its key rotated, and all still holds."""
    folder = tmp_path / "layout-1"
    shutil.copytree(HERE / "layout-1", folder)
    with Journal.open(folder, signer=SIGNER, runtime=runtime, projections=PROJECTIONS) as journal:
        assert verify(folder, vkey=SIGNER.vkey).broken == []
        journal.rotate(NEXT_SIGNER, actor="a-eva")
        journal.append(draft(1))
    kept = (folder / "checkpoint").read_text()
    report = verify(folder, vkey=SIGNER.vkey, kept=kept, projections=PROJECTIONS)
    assert report.broken == []
