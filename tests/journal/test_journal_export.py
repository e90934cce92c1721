"""The journal as a static tile log: whole, extended, refused, and never taken for whole by half."""

from __future__ import annotations

import itertools
import json
import os

import pytest
from journal_kit import BIG, ORIGIN, draft

from devicelink.cli import main
from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal import tree
from devicelink.journal.export import export
from devicelink.journal.keys import new_signer
from devicelink.journal.note import Checkpoint, Verifier
from devicelink.journal.tilelog import TileLog


def files(folder):
    """Every file of a folder by its path, with its bytes."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def unbundle(data):
    """The entries of a bundle."""
    found = []
    while data:
        length = int.from_bytes(data[:2], "big")
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found


def test_an_export_holds_every_entry_and_every_tile(folder, reopen, tmp_path):
    """1,300 entries become five full tiles, the partial ones, bundles, checkpoint and key."""
    journal, target, seen = reopen(folder), tmp_path / "out", []
    made = export(journal, target, lambda done, total: seen.append((done, total)))
    assert (made.origin, made.size, made.root, made.before) == (ORIGIN, BIG, journal.root, 0)
    assert seen[-1] == (BIG, BIG)
    have = files(target)
    full = [f"tile/{kind}/{index:03d}" for kind in ("0", "entries") for index in range(5)]
    partial = ["tile/0/005.p/20", "tile/entries/005.p/20", "tile/1/000.p/5"]
    assert sorted(have) == sorted([*full, *partial, "checkpoint", "log.vkey"])
    verifier = Verifier.from_vkey(have["log.vkey"].decode())
    assert Checkpoint.open(have["checkpoint"].decode(), verifier).root == journal.root
    raws = [
        raw
        for index in range(6)
        for raw in unbundle(have[f"tile/entries/{index:03d}{'.p/20' if index == 5 else ''}"])
    ]
    assert raws == [entry.raw for entry in journal.entries()]
    leaves = [tree.leaf_hash(raw) for raw in raws]
    assert have["tile/0/005.p/20"] == b"".join(leaves[1280:])
    roots = [tree.root_of(leaves[at : at + 256]) for at in range(0, 1280, 256)]
    assert have["tile/1/000.p/5"] == b"".join(roots)


def test_seventy_thousand_entries_fill_three_levels():
    """The files of 70,000 entries are those of the specification's example, at every level."""
    log, last = TileLog(), {}
    for _ in range(70_000):
        last.update({file.path: len(file.data) for file in log.add([b"x"])})
    last.update({file.path: len(file.data) for file in log.rest()})
    levels = {path: size for path, size in last.items() if "entries" not in path}
    assert len(levels) == 273 + 1 + 1 + 1 + 1
    assert levels["tile/0/273.p/112"] == 112 * 32
    assert levels["tile/1/000"] == 8192
    assert levels["tile/1/001.p/17"] == 17 * 32
    assert levels["tile/2/000.p/1"] == 32


def test_an_older_export_is_extended_and_nothing_of_it_is_touched(make, tmp_path):
    """What lay in an older export lies there unchanged, with the rest beside it; twice is once."""
    journal, target = make(tmp_path, 300), tmp_path / "out"
    export(journal, target)
    old, times = files(target), {p: p.stat().st_mtime_ns for p in target.rglob("tile/**/*")}
    journal.append_all([draft(number) for number in range(300, 600)])
    made = export(journal, target)
    assert (made.before, made.size) == (300, 600)
    new = files(target)
    assert {name for name in old if old[name] != new[name]} == {"checkpoint"}
    assert {p: p.stat().st_mtime_ns for p in times if p.is_file()} == {
        p: at for p, at in times.items() if p.is_file()
    }
    assert {"tile/0/001.p/44", "tile/0/001", "tile/0/002.p/88"} <= set(new)
    export(journal, target)
    assert files(target) == new


def test_a_folder_with_anything_else_is_refused(make, tmp_path, runtime):
    """Foreign files, another station's export and a file are wrong usage; nothing is written."""
    journal = make(tmp_path, 3)
    foreign, other, file = tmp_path / "foreign", tmp_path / "other", tmp_path / "file"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    other.mkdir()
    (other / "log.vkey").write_text(new_signer(ORIGIN, runtime).vkey + "\n")
    file.write_text("")
    journal.close()
    for target in (foreign, other, file, tmp_path):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(ConfigError):
            export(journal, target)
        journal.close()
        assert sorted(tmp_path.rglob("*")) == before
    assert files(foreign) == {"letter.txt": b"mine"}


def test_a_journal_that_was_rolled_back_does_not_extend_its_export(make, reopen, tmp_path):
    """An export ahead of the journal is a roll-back, and stays as it is."""
    station, target = tmp_path / "s", tmp_path / "out"
    station.mkdir()
    journal = make(station, 10)
    journal.close()
    old = (station / "journal.db").read_bytes()
    journal.append_all([draft(1)])
    export(journal, target)
    journal.close()
    (station / "journal.db").write_bytes(old)
    before = files(target)
    with pytest.raises(JournalBroken, match="rolled back"):
        export(reopen(station), target)
    assert files(target) == before


def test_another_history_under_the_same_key_does_not_extend_an_export(make, tmp_path):
    """Two journals of one key that differ are a fork, named before anything is written over."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    journal, fork = make(tmp_path / "a", 300), make(tmp_path / "b", 600)
    target = tmp_path / "out"
    export(journal, target)
    before = files(target)
    with pytest.raises(JournalBroken, match="is not what the journal's entries give"):
        export(fork, target)
    for path in [p for p in target.rglob("tile/**/*") if p.is_file()]:
        path.unlink()  # then only the root can tell
    with pytest.raises(JournalBroken, match="does not go on from the export"):
        export(fork, target)
    assert (target / "checkpoint").read_bytes() == before["checkpoint"]


def test_a_changed_tile_of_an_older_export_is_named(folder, reopen, tmp_path):
    """A covered file that differs is never written over."""
    journal, target = reopen(folder), tmp_path / "out"
    export(journal, target)
    (target / "tile/0/002").write_bytes(bytes(8192))
    with pytest.raises(JournalBroken, match="tile/0/002"):
        export(journal, target)
    assert (target / "tile/0/002").read_bytes() == bytes(8192)


def test_a_broken_journal_gets_no_checkpoint(folder, reopen, tamper, tmp_path):
    """Entries that do not lead to the signed root end without a checkpoint."""
    change = "UPDATE entries SET raw = CAST(replace(raw, '19.5', '19.6') AS BLOB) WHERE idx = 17"
    tamper(folder, change)
    with pytest.raises(JournalBroken, match="does not hold"):
        export(reopen(folder), tmp_path / "out")
    assert not (tmp_path / "out" / "checkpoint").exists()


def test_half_an_export_has_no_checkpoint_and_is_finished_later(folder, reopen, tmp_path, mocker):
    """Wherever the disk fails, no checkpoint is there; the next try makes the same files whole."""
    journal, target = reopen(folder), tmp_path / "out"
    whole = tmp_path / "whole"
    export(journal, whole)
    real = os.replace
    for stop in (1, 2, 7, 8):  # the last of what is then left is the checkpoint
        tries = itertools.count(1)

        def fails(path, to, tries=tries, stop=stop):
            if next(tries) == stop:
                raise OSError(28, "No space left on device")
            real(path, to)

        mocker.patch("pathlib.Path.replace", fails)
        with pytest.raises(ConfigError, match="No space left"):
            export(journal, target)
        mocker.stopall()
        assert not (target / "checkpoint").exists()
    (target / "being-made.new").write_bytes(b"left by a crash")
    export(journal, target)
    assert files(target) == files(whole)


def test_entries_appended_meanwhile_are_left_for_the_next_export(make, tmp_path):
    """The export is of the checkpoint at its start, and the writer is never locked out."""
    journal, target = make(tmp_path, 600), tmp_path / "out"
    made = export(journal, target, lambda *_: journal.append(draft(1)))
    assert (made.size, journal.size) == (600, 603)
    assert export(journal, target).size == 603


def test_the_command_exports_a_copy_without_the_key(big_folder, tmp_path, capsys):
    """`journal export --tlog` says what it wrote; a folder that is taken is exit code 2."""
    target = tmp_path / "out"
    words = ["journal", "export", "--tlog", str(target), "--data", str(big_folder)]
    with pytest.raises(SystemExit) as end:
        main([*words, "--json"])
    assert not end.value.code
    told = json.loads(capsys.readouterr().out)
    assert (told["origin"], told["size"], told["before"]) == (ORIGIN, BIG, 0)
    assert (target / "checkpoint").read_text().splitlines()[2] == told["root"]
    (target / "letter.txt").write_text("mine")
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "not empty" in capsys.readouterr().err


def test_a_station_that_is_not_there_cannot_be_exported(tmp_path, capsys):
    """A folder without a journal is wrong usage, in a sentence."""
    with pytest.raises(SystemExit) as end:
        main(["journal", "export", "--tlog", str(tmp_path / "o"), "--data", str(tmp_path)])
    assert end.value.code == 2
    assert "no journal" in capsys.readouterr().err
