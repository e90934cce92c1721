"""Attacks on exports: the second verifier, which shares no code, agrees with `journal verify`."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from types import SimpleNamespace

import pytest
from journal_kit import BIG, ORIGIN, draft
from second_verifier import VERIFIER, second

from devicelink.cli import main
from devicelink.journal.entry import Draft
from devicelink.journal.export import export
from devicelink.journal.keys import new_signer
from devicelink.journal.note import Checkpoint, sign_note
from devicelink.journal.proof import prove
from devicelink.journal.store import Journal
from devicelink.journal.tilelog import TileLog

OLDER = 300


@pytest.fixture(scope="module")
def pattern(tmp_path_factory, runtime, signer):
    """An export of 1,300 entries that was extended from one of 300, and what was kept of it."""
    root = tmp_path_factory.mktemp("export")
    drafts = [draft(number) for number in range(1, BIG)]
    drafts[20] = Draft("session.opened", {}, session="new")
    drafts[30] = Draft("session.closed", {}, session="S-21")
    (root / "station").mkdir()
    with Journal.create(
        root / "station",
        origin=ORIGIN,
        signer=signer,
        runtime=runtime,
        projections=(),
        genesis=Draft("genesis", {}),
    ) as journal:
        journal.append_all(drafts[: OLDER - 1])
        export(journal, root / "log")
        shutil.copytree(root / "log", root / "older")
        (root / "older.checkpoint").write_text(journal.checkpoint())
        journal.append_all(drafts[OLDER - 1 :])
        export(journal, root / "log")
        (root / "newest.checkpoint").write_text(journal.checkpoint())
        (root / "700.tlog-proof").write_text(prove(journal, 700).text)
        raws = [entry.raw for entry in journal.entries()]
    (root / "vkey").write_text(signer.vkey + "\n")
    return SimpleNamespace(root=root, raws=raws, signer=signer, runtime=runtime)


@pytest.fixture
def log(pattern, tmp_path):
    """A copy of the export to attack."""
    shutil.copytree(pattern.root / "log", tmp_path / "log")
    return Log(tmp_path / "log", pattern)


class Log:
    """An export in the hands of somebody with bad intentions."""

    def __init__(self, folder, pattern):
        self.folder, self.raws, self.signer = folder, list(pattern.raws), pattern.signer
        self.runtime, self.root = pattern.runtime, pattern.root

    def edit(self, name, change):
        """Change one file's bytes."""
        path = self.folder / name
        data = change(path.read_bytes())
        assert data != path.read_bytes()
        path.write_bytes(data)

    def text(self, old, new):
        """Change the checkpoint's text."""
        self.edit("checkpoint", lambda data: data.replace(old.encode(), new.encode(), 1))

    def flip(self, name, at):
        """Change one bit of a file."""
        self.edit(name, lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])

    def rewrite(self, raws, signer=None, *, size=None):
        """All files made anew from these entries; signed anew where there is a signer."""
        note = (self.folder / "checkpoint").read_bytes()
        shutil.rmtree(self.folder / "tile")
        made = TileLog()
        for file in [*made.add(raws), *made.rest()]:
            path = self.folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
        if signer is not None:
            signed = Checkpoint(ORIGIN, size or len(raws), made.frontier.root())
            note = sign_note(signed.body, signer).encode()
        (self.folder / "checkpoint").write_bytes(note)

    def swapped(self):
        """The entries, two of them in each other's place."""
        raws = list(self.raws)
        raws[40], raws[41] = raws[41], raws[40]
        return raws

    def with_entry(self, place, old, new):
        """The entries, one of them changed."""
        raws = list(self.raws)
        raws[place] = raws[place].replace(old, new)
        assert raws[place] != self.raws[place]
        return raws

    def forger(self):
        """Somebody else's key under the station's name."""
        return new_signer(ORIGIN, self.runtime)

    def exchange_key(self):
        """Everything made anew and signed by a forger, whose key lies in the folder."""
        forger = self.forger()
        vkey = forger.vkey.encode(), self.signer.vkey.encode()
        self.rewrite(self.with_entry(0, vkey[1], vkey[0]), forger)
        (self.folder / "log.vkey").write_bytes(vkey[0] + b"\n")

    def move(self, name, to):
        """A file under another name."""
        (self.folder / to).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).rename(self.folder / to)

    def copy(self, name, to):
        """A file a second time."""
        (self.folder / to).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / name, self.folder / to)


def swap_files(log, one, other):
    """Two files in each other's place."""
    log.move(one, "being-swapped")
    log.move(other, one)
    log.move("being-swapped", other)


LAST = "tile/entries/005.p/20"
LEFT, DOUBLE = b'"actor":"station"', b'"actor":"station","actor":"station"'
ATTACKS = {
    # what they do, and what both verifiers have to call it
    "an entry changed": (lambda x: x.flip("tile/entries/002", 300), "Changed: entry 51[23]"),
    "an entry changed with its tile": (
        lambda x: x.rewrite(x.with_entry(701, b"19.5", b"19.6")),
        "do not lead to the root",
    ),
    "an entry changed, signed by another key": (
        lambda x: x.rewrite(x.with_entry(701, b"19.5", b"19.6"), x.forger()),
        "not signed by the key",
    ),
    "an entry changed, signed by the station's key": (
        lambda x: x.rewrite(x.with_entry(701, b"19.5", b"19.6"), x.signer),
        "[Ff]orked",
    ),
    "another key in the folder": (
        lambda x: (x.folder / "log.vkey").write_text(x.forger().vkey),
        "names another key",
    ),
    "no key in the folder that can be": (
        lambda x: (x.folder / "log.vkey").write_text("x"),
        "names another key",
    ),
    "everything made anew under another key": (lambda x: x.exchange_key(), "not signed by"),
    "the end cut off, tiles made anew": (lambda x: x.rewrite(x.raws[:-2]), "Cut"),
    "the end cut off, signed by the station's key": (
        lambda x: x.rewrite(x.raws[:-2], x.signer),
        "[Rr]olled back",
    ),
    "a bundle cut within an entry": (lambda x: x.edit(LAST, lambda d: d[:-1]), "Cut"),
    "a bundle cut between entries": (
        lambda x: x.edit(LAST, lambda d: d[: -2 - len(x.raws[-1])]),
        "19 (whole )?entries instead of 20",
    ),
    "bytes behind a bundle": (lambda x: x.edit(LAST, lambda d: d + b"\0"), "Cut|instead"),
    "an entry too many in a bundle": (
        lambda x: x.edit(LAST, lambda d: d + b"\0\1x"),
        "21 (whole )?entries instead of 20",
    ),
    "a length changed": (lambda x: x.flip("tile/entries/003", 0), "entries/003"),
    "a bundle removed": (lambda x: (x.folder / "tile/entries/003").unlink(), "Cut"),
    "an empty bundle": (lambda x: x.edit(LAST, lambda _: b""), "entries/005"),
    "two bundles swapped": (
        lambda x: swap_files(x, "tile/entries/001", "tile/entries/002"),
        "another order",
    ),
    "a tile removed": (lambda x: (x.folder / "tile/0/003").unlink(), "Missing: tile/0/003"),
    "a partial tile removed": (
        lambda x: (x.folder / "tile/1/000.p/5").unlink(),
        "Missing: tile/1/000.p/5",
    ),
    "a tile changed": (lambda x: x.flip("tile/0/003", 4000), "tile/0/003 was changed"),
    "a tile cut": (lambda x: x.edit("tile/0/003", lambda d: d[:-32]), "tile/0/003 was changed"),
    "a tile of the second level changed": (
        lambda x: x.flip("tile/1/000.p/5", 70),
        "tile/1/000.p/5",
    ),
    "a partial tile changed": (lambda x: x.flip("tile/0/005.p/20", 9), "tile/0/005.*was changed"),
    "an older partial tile changed": (lambda x: x.flip("tile/0/001.p/44", 9), "tile/0/001.p/44"),
    "an older partial bundle changed": (
        lambda x: x.flip("tile/entries/001.p/44", 90),
        "tile/entries/001.p/44",
    ),
    "another width": (lambda x: x.move(LAST, "tile/entries/005.p/21"), "entries/005.p/21"),
    "a bundle too many": (lambda x: x.copy(LAST, "tile/entries/006.p/20"), "entries/006.p/20"),
    "a full bundle where a partial one is due": (
        lambda x: x.copy("tile/entries/004", "tile/entries/005"),
        "tile/entries/005 ",
    ),
    "a tile too many": (lambda x: x.copy("tile/1/000.p/5", "tile/2/000.p/1"), "tile/2/000.p/1"),
    "a tile under a name with more digits": (
        lambda x: x.copy("tile/0/003", "tile/0/x000/003"),
        "x000/003",
    ),
    "two entries swapped": (lambda x: x.rewrite(x.swapped()), "another order"),
    "two entries swapped, signed by the station's key": (
        lambda x: x.rewrite(x.swapped(), x.signer),
        "another order",
    ),
    "an entry removed, signed by the station's key": (
        lambda x: x.rewrite([*x.raws[:40], *x.raws[41:]], x.signer),
        "entries were removed",
    ),
    "an entry twice, signed by the station's key": (
        lambda x: x.rewrite([*x.raws[:41], x.raws[40], *x.raws[41:]], x.signer),
        "inserted",
    ),
    "another origin": (lambda x: x.text(ORIGIN, ORIGIN[:-1] + "0"), "of simulated/test"),
    "another origin, in the signature's name too": (
        lambda x: x.edit("checkpoint", lambda d: d.replace(b"/test/", b"/rest/")),
        "not signed by|of simulated/rest",
    ),
    "a smaller size": (lambda x: x.text("1300", "1299"), "does not belong to"),
    "a larger size": (lambda x: x.text("1300", "1301"), "does not belong to"),
    "a huge size": (lambda x: x.text("1300", "9" * 18), "Cut"),
    "leading zeros in the size": (lambda x: x.text("1300", "01300"), "size"),
    "no size": (lambda x: x.text("\n1300\n", "\n0\n"), "size"),
    "another root": (lambda x: x.edit("checkpoint", other_root), "does not belong to"),
    "the root not as base64 has it": (lambda x: x.edit("checkpoint", loose_root), "root"),
    "an old signature under a new text": (
        lambda x: x.rewrite(x.raws[:-2], size=1298) or x.text("1300", "1298"),
        "does not belong to",
    ),
    "no signature": (
        lambda x: x.edit("checkpoint", lambda d: d[: d.index(b"\n\n") + 2]),
        "[Ss]ignature|signed note",
    ),
    "a signature of a stranger alone": (
        lambda x: x.edit("checkpoint", lambda d: stranger(x, d)),
        "not signed by",
    ),
    "a bad signature of the known key beside the good one": (
        lambda x: x.edit("checkpoint", bad_beside_good),
        "does not belong to",
    ),
    "no checkpoint": (lambda x: (x.folder / "checkpoint").unlink(), "no whole export"),
    "no text at all": (lambda x: x.edit("checkpoint", lambda _: b"\xff\xfe"), "signed note"),
    "another genesis, signed by the station's key": (
        lambda x: x.rewrite(x.with_entry(0, b'"simulated":true', b'"simulated":false'), x.signer),
        "genesis",
    ),
    "no genesis": (
        lambda x: x.rewrite(x.with_entry(0, b'"genesis"', b'"station.made"'), x.signer),
        "genesis is entry 0 alone",
    ),
    "a second genesis": (
        lambda x: x.rewrite(x.with_entry(9, b'"pulses.recorded"', b'"genesis"'), x.signer),
        "genesis is entry 0 alone",
    ),
    "an entry with a name twice": (
        lambda x: x.rewrite(x.with_entry(9, LEFT, DOUBLE), x.signer),
        "Entry 9",
    ),
    "an entry of another layout": (
        lambda x: x.rewrite(x.with_entry(9, b'{"v":1,', b'{"v":2,'), x.signer),
        "Entry 9",
    ),
    "an entry that is no JSON": (
        lambda x: x.rewrite(x.with_entry(9, b"}}", b"}"), x.signer),
        "Entry 9",
    ),
    "time that goes back": (
        lambda x: x.rewrite(x.with_entry(9, b'"at":"20', b'"at":"19'), x.signer),
        "Time goes back at entry 9",
    ),
    "a session that nobody began": (
        lambda x: x.rewrite(x.with_entry(31, b'"S-21"', b'"S-22"'), x.signer),
        "Entry 31 names.* S-22",
    ),
}


def other_root(data):
    """The checkpoint with another first byte of the root."""
    lines = data.split(b"\n")
    lines[2] = (b"B" if lines[2][:1] == b"A" else b"A") + lines[2][1:]
    return b"\n".join(lines)


def loose_root(data):
    """The same root, spelled as base64 does not spell it."""
    lines = data.split(b"\n")
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = letters.index(lines[2][42])
    lines[2] = lines[2][:42] + bytes([letters[at ^ 1]]) + b"="
    return b"\n".join(lines)


def stranger(log, data):
    """The checkpoint's text, signed by somebody else alone."""
    text = data.decode().partition("\n\n")[0] + "\n"
    return sign_note(text, new_signer("stranger.example", log.runtime)).encode()


def bad_beside_good(data):
    """The good signature, and one with its last letters changed."""
    text, _, line = data.partition(b"\n\n")
    return text + b"\n\n" + line + line.replace(line[-9:-5], b"AAAA")


def test_an_untouched_export_holds_for_both(pattern, first):
    """Both accept the export with key and kept checkpoints, and agree on size and root."""
    folder, vkey = pattern.root / "log", pattern.root / "vkey"
    for kept in ("older", "newest"):
        words = (folder, "--vkey", vkey, "--kept", pattern.root / f"{kept}.checkpoint")
        (code, one), (other_code, other) = first(*words), second(*words)
        assert (code, one["broken"], other_code, other["broken"]) == (0, [], 0, [])
        assert (one["size"], one["root"]) == (other["size"], other["root"])
        assert one.keys() == other.keys() == {"ok", "size", "root", "broken", "not_checked"}
        assert (one["ok"], one["size"]) == (True, BIG)


def test_both_take_several_kept_checkpoints(log, first):
    """Each kept checkpoint is held against the log: one that does not fit is enough."""
    kept = ("--kept", log.root / "older.checkpoint", "--kept", log.root / "newest.checkpoint")
    words = (log.folder, "--vkey", log.root / "vkey", *kept)
    for code, said in (first(*words), second(*words)):
        assert (code, said["broken"]) == (0, [])
    log.rewrite(log.with_entry(701, b"19.5", b"19.6"), log.signer)
    for code, said in (first(*words), second(*words)):
        assert code == 4
        assert ["1300" in fault for fault in said["broken"]] == [True]


@pytest.mark.parametrize("what", ATTACKS)
def test_both_name_each_attack(log, first, what):
    """With key and kept checkpoint both say by name what was done, and end with exit code 4."""
    act, name = ATTACKS[what]
    act(log)
    words = (log.folder, "--vkey", log.root / "vkey", "--kept", log.root / "newest.checkpoint")
    for code, said in (first(*words), second(*words)):
        assert code == 4, said
        assert not said["ok"]
        assert re.search(name, "\n".join(said["broken"])), said["broken"]


def test_at_least_twenty_attacks_are_planted():
    """The table is as long as it is meant to be."""
    assert len(ATTACKS) >= 20


@pytest.mark.parametrize("state", ["older", "forked"])
def test_without_a_kept_checkpoint_both_say_what_they_cannot_see(log, first, state):
    """A roll-back or a fork by the station's own key looks whole; both say so, and then see it."""
    if state == "older":
        log.folder = log.root / "older"
    else:
        log.rewrite(log.with_entry(701, b"19.5", b"19.6"), log.signer)
    words = (log.folder, "--vkey", log.root / "vkey")
    for code, said in (first(*words), second(*words)):
        assert (code, said["broken"]) == (0, [])
        assert any("roll-back" in gap and "kept" in gap for gap in said["not_checked"])
    words = (*words, "--kept", log.root / "newest.checkpoint")
    for code, said in (first(*words), second(*words)):
        assert code == 4
        name = "rolled back" if state == "older" else "forked"
        assert name in said["broken"][-1].lower()


def test_without_a_key_both_say_where_it_came_from(log, first):
    """The folder's own key is named as such; a folder made anew under another key then holds."""
    log.exchange_key()
    for code, said in (first(log.folder), second(log.folder)):
        assert (code, said["broken"]) == (0, [])
        assert "key taken from the folder" in said["not_checked"]


def test_a_letter_beside_the_log_is_named_and_no_fault(log, first):
    """A file that is no part of a tile log was not checked, and both say so."""
    (log.folder / "letter.txt").write_text("hello")
    for code, said in (first(log.folder), second(log.folder)):
        assert code == 0
        assert any("letter.txt" in gap for gap in said["not_checked"])


PROOF_ATTACKS = {
    "nothing": (lambda t, _: t, 0),
    "another entry": (lambda t, _: re.sub("extra .", "extra Z", t), 4),
    "another index": (lambda t, _: t.replace("index 700", "index 701"), 4),
    "an index behind the end": (lambda t, _: t.replace("index 700", "index 2700"), 4),
    "a leading zero": (lambda t, _: t.replace("index 700", "index 0700"), 4),
    "a hash less": (lambda t, _: re.sub(r"(index 700\n).*\n", r"\1", t), 4),
    "a hash more": (lambda t, _: t.replace("index 700\n", "index 700\n" + "A" * 43 + "=\n"), 4),
    "a hash changed": (lambda t, _: re.sub(r"(index 700\n)...", r"\1AAA", t), 4),
    "another size": (lambda t, _: t.replace("\n1300\n", "\n1301\n"), 4),
    "another version": (lambda t, _: t.replace("@v1", "@v2"), 4),
    "no checkpoint": (lambda t, _: t.partition("\n\n")[0], 4),
    "nothing at all": (lambda *_: "", 4),
    "another key": (lambda t, x: x.forger().vkey and t, 4),
}


@pytest.mark.parametrize("what", PROOF_ATTACKS)
def test_both_judge_a_proof_alike(log, first, tmp_path, what):
    """A proof of one entry holds for both, and none of its changes does."""
    change, due = PROOF_ATTACKS[what]
    proof, vkey = tmp_path / "700.tlog-proof", log.root / "vkey"
    proof.write_text(change((log.root / "700.tlog-proof").read_text(), log))
    if what == "another key":
        vkey = tmp_path / "vkey"
        vkey.write_text(log.forger().vkey)
    for code, said in (first(proof, "--vkey", vkey), second(proof, "--vkey", vkey)):
        assert (code, said["ok"]) == (due, due == 0), said
        assert any("every other entry" in gap for gap in said["not_checked"])


def test_what_cannot_be_read_is_wrong_usage(log, tmp_path, capsys):
    """No such place, no key, a kept file that is no text: exit code 2, and a sentence."""
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for words in (
        (tmp_path / "nowhere", "--vkey", log.root / "vkey"),
        (log.root / "700.tlog-proof",),
        (log.folder, "--vkey", tmp_path / "nowhere"),
        (log.folder, "--vkey", log.root / "older.checkpoint"),
        (log.folder, "--kept", tmp_path / "bytes"),
        (log.folder, "--kept", log.root / "vkey"),
    ):
        assert second(*words) == (2, None)
        with pytest.raises(SystemExit) as end:
            main(["journal", "verify", *map(str, words)])
        assert end.value.code == 2
        assert capsys.readouterr().err


def test_the_second_verifier_stands_alone():
    """It imports the standard library and `cryptography`, and nothing of devicelink."""
    named = set()
    for node in ast.walk(ast.parse(VERIFIER.read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add(node.module.split(".")[0])
    assert named - set(sys.stdlib_module_names) == {"cryptography"}
