"""A new key for a journal: both keys sign, and both verifiers walk from any of them to the last."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime
from types import SimpleNamespace

import pytest
from journal_kit import ORIGIN, PROJECTIONS, connect, draft
from second_verifier import second

from devicelink.errors import JournalBroken, JournalUnwritable
from devicelink.journal.database import _TRIGGERS_1, TRIGGERS
from devicelink.journal.entry import SALT_BYTES, Draft, make_entry
from devicelink.journal.export import export
from devicelink.journal.keys import new_signer
from devicelink.journal.mirror import MIRROR_FILE, Mirror
from devicelink.journal.note import Checkpoint, sign_note
from devicelink.journal.proof import prove
from devicelink.journal.rotation import KEY_ROTATED, Rotation
from devicelink.journal.store import Journal
from devicelink.journal.tilelog import TileLog
from devicelink.journal.tree import Frontier, leaf_hash
from devicelink.journal.verify import verify
from devicelink.runtime.disk import MachineDisk

FIRST, SECOND, SIZE = 300, 400, 600
"""Where the key was rotated, and how many entries there are; 256 make a bundle."""


@pytest.fixture(scope="module")
def pattern(tmp_path_factory, runtime):
    """A journal whose key was rotated twice, its exports and proofs, and a checkpoint per key."""
    root = tmp_path_factory.mktemp("rotated")
    keys = [new_signer(ORIGIN, runtime) for _ in range(3)]
    (root / "station").mkdir()
    with Journal.create(
        root / "station",
        origin=ORIGIN,
        signer=keys[0],
        runtime=runtime,
        projections=PROJECTIONS,
        genesis=Draft("genesis", {}),
    ) as journal:
        ends = zip([*keys[1:], None], (FIRST, SECOND, SIZE), strict=True)
        for number, (key, stop) in enumerate(ends):
            journal.append_all([draft(n) for n in range(journal.size, stop)])
            export(journal, root / "log")
            (root / f"{number}.checkpoint").write_text(journal.checkpoint())
            (root / f"{number}.vkey").write_text(journal.vkey + "\n")
            if key is not None:
                assert journal.rotate(key, actor="a-eva").index == stop
                (root / f"{stop}.tlog-proof").write_text(prove(journal, stop).text)
        (root / "500.tlog-proof").write_text(prove(journal, 500).text)
        raws = [entry.raw for entry in journal.entries()]
    return SimpleNamespace(root=root, raws=raws, keys=keys, runtime=runtime)


@pytest.fixture
def log(pattern, tmp_path):
    """A copy of the export to attack."""
    shutil.copytree(pattern.root / "log", tmp_path / "log")
    return Log(tmp_path / "log", pattern)


class Log:
    """An export in the hands of somebody who has some of the keys."""

    def __init__(self, folder, pattern):
        self.folder, self.raws, self.keys = folder, list(pattern.raws), pattern.keys
        self.runtime, self.root = pattern.runtime, pattern.root
        self.stranger = new_signer(ORIGIN, pattern.runtime)

    def write(self, signer, *, vkey=None):
        """All files made anew from the entries, signed by a key."""
        shutil.rmtree(self.folder / "tile")
        made = TileLog()
        for file in [*made.add(self.raws), *made.rest()]:
            path = self.folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
        signed = Checkpoint(ORIGIN, len(self.raws), made.frontier.root())
        (self.folder / "checkpoint").write_text(sign_note(signed.body, signer))
        (self.folder / "log.vkey").write_text((vkey or signer).vkey + "\n")

    def rotate(self, place, old, new, *, by=None, index=None, root=None):
        """Put another rotation at a place, signed by whom you like."""
        tree = Frontier()
        for raw in self.raws[:place]:
            tree.append(leaf_hash(raw))
        told = Rotation(ORIGIN, index or place, root or tree.root(), old.vkey, new.vkey)
        note = sign_note(told.text, *(by or (old, new)))
        before = json.loads(self.raws[place])
        made = Draft(KEY_ROTATED, {"note": note}, actor="a-eva", role="administrator")
        self.raws[place] = make_entry(
            made,
            index=place,
            at=datetime.fromisoformat(before["at"]),
            mono_ns=before["mono_ns"],
            boot=before["boot"],
            clock=before["clock"],
            salt=bytes(SALT_BYTES),
        ).raw


def unsigned(who):
    """A rotation that one of the two did not sign, and everything after it by the new key."""

    def act(x):
        old, new = x.keys[1:]
        x.rotate(SECOND, old, new, by=(new,) if who == "old" else (old,))
        x.write(new)

    return act


def stranger_signs(x):
    """The stranger signs in the old key's stead, for a key of their own."""
    x.rotate(SECOND, x.keys[1], x.stranger, by=(x.stranger,))
    x.write(x.stranger)


def stranger_begins(x):
    """A rotation from a key that was never the station's."""
    other = new_signer(ORIGIN, x.runtime)
    x.rotate(SECOND, x.stranger, other)
    x.write(other)


def moved(x):
    """A true rotation put to another place."""
    x.rotate(SECOND, x.keys[1], x.keys[2], index=SECOND - 1)
    x.write(x.keys[2])


def earlier_changed(x):
    """Whoever holds the newest key alone changes what was before the rotation."""
    before = x.raws[200]
    x.raws[200] = before.replace(b'"actor":"', b'"actor":"x')
    assert x.raws[200] != before
    x.write(x.keys[2])


def to_retired(x):
    """Back to a key that was retired."""
    x.rotate(SECOND, x.keys[1], x.keys[0])
    x.write(x.keys[0])


def bad_note(x):
    """A rotation whose note is none."""
    note = json.loads(x.raws[SECOND])["data"]["note"]
    x.raws[SECOND] = x.raws[SECOND].replace(
        json.dumps(note, ensure_ascii=False).encode(), b'"nothing"'
    )
    x.write(x.keys[2])


def stranger_resigns(x):
    """Nothing changed, and the checkpoint signed by somebody else."""
    x.write(x.stranger, vkey=x.keys[2])


def cut_by_new(x):
    """The end cut off before the second rotation, signed by the key that came with it."""
    x.raws = x.raws[:SECOND]
    x.write(x.keys[2])


ATTACKS = {
    "not signed by the old key": (unsigned("old"), "not signed by both keys: the old key {1}"),
    "not signed by the new key": (unsigned("new"), "not signed by both keys: the new key {2}"),
    "signed by a stranger for the old key": (
        stranger_signs,
        "not signed by both keys: the old key {1}",
    ),
    "from a key that was never in force": (
        stranger_begins,
        "rotates from the key {s}.* the key in force is {1}",
    ),
    "a rotation moved to another place": (moved, "signed for"),
    "entries before the rotation changed, by the new key": (
        earlier_changed,
        f"Entry {SECOND}: its rotation was signed over other entries",
    ),
    "back to a retired key": (to_retired, "rotates to {0}, which is no new key"),
    "a rotation without a note": (bad_note, f"Entry {SECOND}"),
    "the checkpoint by the first key": (
        lambda x: x.write(x.keys[0], vkey=x.keys[2]),
        f"signed by the key {{0}}, which was retired at entry {FIRST}.*is {{2}}",
    ),
    "the checkpoint by the second key": (
        lambda x: x.write(x.keys[1], vkey=x.keys[2]),
        f"signed by the key {{1}}, which was retired at entry {SECOND}.*is {{2}}",
    ),
    "the checkpoint by a stranger": (stranger_resigns, "not signed by the key"),
    "cut before the rotation, by the key that came with it": (
        cut_by_new,
        "log.vkey names another key than {1}",
    ),
    "another key in the folder": (
        lambda x: (x.folder / "log.vkey").write_text(x.keys[0].vkey),
        "log.vkey names another key than {2}",
    ),
}


@pytest.mark.parametrize("trusted", [0, 1, 2])
def test_a_rotated_export_holds_from_any_of_its_keys(pattern, first, trusted):
    """Both verifiers walk from the first key, or a later one; kept checkpoints of each key fit."""
    words = [pattern.root / "log", "--vkey", pattern.root / f"{trusted}.vkey"]
    for number in range(3):
        words += ["--kept", pattern.root / f"{number}.checkpoint"]
    for code, said in (first(*words), second(*words)):
        assert (code, said["broken"], said["size"]) == (0, [], SIZE)


def test_a_rotated_journal_holds_from_any_of_its_keys(pattern):
    """The station's own file verifies by each key, and by none given."""
    kept = [(pattern.root / f"{number}.checkpoint").read_text() for number in range(3)]
    for key in pattern.keys:
        report = verify(pattern.root / "station", vkey=key.vkey, kept=kept)
        assert report.broken == []
    assert verify(pattern.root / "station", projections=PROJECTIONS).broken == []


@pytest.mark.parametrize("what", ATTACKS)
def test_both_name_each_attack_on_rotation(log, first, what):
    """From the first key both say by name which key is wrong, and end with exit code 4."""
    act, name = ATTACKS[what]
    act(log)
    names = [re.escape(key.vkey) for key in log.keys]
    name = name.format(*names, s=re.escape(log.stranger.vkey)) if "{" in name else name
    words = (log.folder, "--vkey", log.root / "0.vkey")
    for code, said in (first(*words), second(*words)):
        assert code == 4, said
        assert re.search(name, "\n".join(said["broken"])), said["broken"]


def test_a_kept_checkpoint_by_a_retired_key_is_named(pattern, first, tmp_path):
    """A kept checkpoint counts by the key of its size alone, for both."""
    true = Checkpoint.open((pattern.root / "2.checkpoint").read_text(), pattern.keys[2].verifier)
    (tmp_path / "kept").write_text(sign_note(true.body, pattern.keys[0]))
    words = (pattern.root / "log", "--vkey", pattern.root / "0.vkey", "--kept", tmp_path / "kept")
    for code, said in (first(*words), second(*words)):
        assert code == 4
        assert f"retired at entry {FIRST}" in "\n".join(said["broken"])
        assert pattern.keys[0].vkey in "\n".join(said["broken"])


def test_a_strangers_key_is_none_of_the_logs(log, first):
    """Whoever trusts another key hears that the log does not lead to it."""
    (log.root / "stranger.vkey").write_text(log.stranger.vkey)
    words = (log.folder, "--vkey", log.root / "stranger.vkey")
    for code, said in (first(*words), second(*words)):
        assert code == 4
        assert log.stranger.vkey in "\n".join(said["broken"])


def test_a_proof_is_walked_to_by_the_proofs_of_rotations(pattern, first):
    """One entry's proof by the newest key holds from the first with both rotations alone."""
    proof, vkey = pattern.root / "500.tlog-proof", ("--vkey", pattern.root / "0.vkey")
    ways = [("--rotation", pattern.root / f"{place}.tlog-proof") for place in (FIRST, SECOND)]
    for judge in (first, second):
        assert judge(proof, *vkey, *ways[1], *ways[0])[0] == 0
        assert judge(proof, "--vkey", pattern.root / "2.vkey")[0] == 0
        for words in ((), ways[0], ways[1]):
            code, said = judge(proof, *vkey, *words)
            assert (code, said["ok"]) == (4, False)
        assert any("--rotation" in gap for gap in judge(proof, *vkey)[1]["not_checked"])


def test_a_head_changed_to_a_retired_key_is_broken(pattern, tmp_path, tamper):
    """The head names the last key; one put back to an earlier key is named by `journal verify`."""
    shutil.copytree(pattern.root / "station", tmp_path / "copy")
    tamper(tmp_path / "copy", ("UPDATE head SET vkey = ?", pattern.keys[0].vkey))
    report = verify(tmp_path / "copy", vkey=pattern.keys[0].vkey)
    assert [pattern.keys[0].vkey in fault for fault in report.broken] == [True]


def test_the_key_changes_in_the_file_with_a_rotation_alone(make, tmp_path, runtime):
    """The file refuses a key that changes without the entry that rotates it."""
    make(tmp_path, 3).close()
    connection = connect(tmp_path)
    for sql in ("UPDATE head SET vkey = 'x'", "UPDATE head SET vkey = 'x', size = size + 1"):
        with pytest.raises(Exception, match="append-only"):
            connection.execute(sql)
    connection.close()


def test_a_file_of_before_crosses_when_its_key_is_rotated(make, tmp_path, runtime, query):
    """An old trigger counts as it is, is replaced by the rotation, and the journal verifies."""
    journal = make(tmp_path, 3)
    connection = connect(tmp_path)
    for name, sql in _TRIGGERS_1.items():
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(sql)
    connection.close()
    assert verify(tmp_path, projections=PROJECTIONS).broken == []
    old = journal.vkey
    journal.rotate(new_signer(ORIGIN, runtime), actor="a-eva")
    journal.append(draft(4))
    report = verify(tmp_path, vkey=old, projections=PROJECTIONS)
    assert report.broken == []
    triggers = dict(query(tmp_path, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    assert triggers == TRIGGERS


def test_who_holds_the_old_key_records_nothing_and_hears_why(make, reopen, tmp_path, runtime):
    """Another process's journal cannot append after a rotation; a reader goes on."""
    journal, other, reader = make(tmp_path, 3), reopen(tmp_path), reopen(tmp_path, writes=False)
    assert reader.size == 3
    journal.rotate(new_signer(ORIGIN, runtime), actor="a-eva")
    with pytest.raises(JournalUnwritable, match="key was changed by another command"):
        other.append(draft(3))
    assert (journal.size, reader.signed()[1].size, reader.vkey) == (4, 4, journal.vkey)
    with pytest.raises(JournalBroken, match="one of the two was exchanged"):
        reopen(tmp_path)


def test_the_mirror_of_the_old_key_counts_until_it_is_written_anew(make, tmp_path, runtime):
    """A mirror that the old key signed is believed; one it signed beyond its end is not."""
    journal, mirror_at = make(tmp_path, 3), tmp_path / "mirror"
    mirror = Mirror(mirror_at, journal, MachineDisk())
    assert mirror.write() is None
    old = journal._signer
    journal.rotate(new_signer(ORIGIN, runtime), actor="a-eva")
    assert mirror.check() is None
    forged = Checkpoint(ORIGIN, 9, bytes(32))
    (mirror_at / MIRROR_FILE).write_text(sign_note(forged.body, old))
    assert "no checkpoint that this station has signed" in (mirror.check() or "")
    assert mirror.write() is None
    assert mirror.check() is None


def test_a_journal_put_back_to_before_its_rotation_is_called_rolled_back(
    make, reopen, tmp_path, runtime
):
    """The mirror by the new key, which the old copy does not know: refused, and it stays."""
    station = tmp_path / "station"
    station.mkdir()
    journal, mirror_at = make(station, 3), tmp_path / "mirror"
    journal.close()
    shutil.copytree(station, tmp_path / "older")
    journal.rotate(new_signer(ORIGIN, runtime), actor="a-eva")
    assert Mirror(mirror_at, journal, MachineDisk()).write() is None
    before = (mirror_at / MIRROR_FILE).read_bytes()
    older = Mirror(mirror_at, reopen(tmp_path / "older"), MachineDisk())
    with pytest.raises(JournalBroken, match=r"rolled back: .* by a key that came later"):
        older.check()
    assert "rolled back" in (older.write() or "")
    assert (mirror_at / MIRROR_FILE).read_bytes() == before
