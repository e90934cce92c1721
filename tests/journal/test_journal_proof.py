"""One entry with its proof: made of stored tiles, and held against the vectors."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_kit import BIG, ORIGIN, PROJECTIONS
from test_journal_tree import LEAVES, VECTORS, unhex

from devicelink.cli import main
from devicelink.errors import JournalBroken
from devicelink.journal import tree
from devicelink.journal.database import Database, make_tables, run
from devicelink.journal.keys import new_signer
from devicelink.journal.note import Verifier
from devicelink.journal.proof import Proof, prove
from devicelink.journal.store import Journal
from devicelink.journal.tilelog import TileLog
from devicelink.journal.tiles import StoredTiles


@pytest.fixture
def database(tmp_path):
    """Makes a database of any entries' bytes with the full tiles over them."""
    opened = []

    def make(raws):
        path = tmp_path / f"{len(opened)}.db"
        path.touch()
        database = Database(path)
        opened.append(database)
        log = TileLog()
        with database.writer() as connection:
            make_tables(connection)
            for index, raw in enumerate(raws):
                run(connection, "INSERT INTO entries VALUES (?, ?)", index, raw)
                for file in log.add([raw]):
                    _, level, *groups = file.path.split("/")
                    if level != "entries":
                        at = int("".join(group.removeprefix("x") for group in groups))
                        row = (int(level), at, file.data)
                        run(connection, "INSERT INTO tiles VALUES (?, ?, ?)", *row)
        return database

    yield make
    for each in opened:
        each.close()


def test_proofs_from_a_database_are_those_of_the_vectors(database):
    """All 210 inclusion and 210 consistency proofs agree with the Go implementation's."""
    stored = database([entry.encode() for entry in VECTORS["Entries"]])
    for vector in VECTORS["Inclusion"]:
        made = StoredTiles(stored, vector["Size"]).inclusion_proof(vector["Index"])
        assert made == unhex(vector["Proof"])
    for vector in VECTORS["Consistency"]:
        made = StoredTiles(stored, vector["New"]).consistency_proof(vector["Old"])
        assert made == unhex(vector["Proof"])
    assert (len(VECTORS["Inclusion"]), len(VECTORS["Consistency"])) == (210, 210)
    assert StoredTiles(stored, 20).root(13) == tree.root_of(LEAVES[:13])


def test_proofs_from_tiles_are_those_from_leaves(database):
    """Over three levels of tiles, proofs and roots at any size are the ones that leaves give."""
    size = 66_000
    leaves = [tree.leaf_hash(b"%d" % number) for number in range(size)]
    stored = database([b"%d" % number for number in range(size)])

    @settings(deadline=None)
    @given(st.integers(1, size), st.data())
    def holds(new, data):
        tiles = StoredTiles(stored, new)
        index = data.draw(st.integers(0, new - 1))
        root = tiles.root(new)
        tree.verify_inclusion(
            index=index,
            size=new,
            leaf=leaves[index],
            proof=tiles.inclusion_proof(index),
            root=root,
        )
        old = data.draw(st.integers(1, new))
        tree.verify_consistency(
            old=old,
            new=new,
            old_root=tiles.root(old),
            new_root=root,
            proof=tiles.consistency_proof(old),
        )

    assert StoredTiles(stored, size).root(size) == tree.root_of(leaves)
    assert StoredTiles(stored, size).inclusion_proof(256) == tree.inclusion_proof(256, leaves)
    holds()


@pytest.fixture(scope="module")
def big(big_folder, runtime):
    """The big journal, for reading."""
    with Journal.open(big_folder, signer=None, runtime=runtime, projections=PROJECTIONS) as journal:
        yield journal


@pytest.mark.parametrize("index", [0, 1, 255, 256, 700, 1279, 1280, BIG - 1])
def test_a_proof_holds_for_its_entry(big, index):
    """The proof of any entry carries its exact bytes, and is read back as it was written."""
    proof = prove(big, index)
    assert Proof.parse(proof.text) == proof
    assert proof.raw == big.entry(index).raw
    signed = proof.check(Verifier.from_vkey(big.vkey))
    assert (signed.origin, signed.size, signed.root) == (ORIGIN, BIG, big.root)


def test_a_proof_holds_for_nothing_else(big, runtime):
    """Another entry, place, hash, checkpoint or key is refused."""
    proof, other, verifier = prove(big, 703), prove(big, 704), Verifier.from_vkey(big.vkey)
    for changed in (
        replace(proof, raw=other.raw),
        replace(proof, raw=proof.raw.replace(b"19.5", b"19.6")),
        replace(proof, index=704),
        replace(proof, index=BIG + 703),
        replace(proof, hashes=proof.hashes[:-1]),
        replace(proof, hashes=(*proof.hashes, bytes(32))),
        replace(proof, hashes=proof.hashes[::-1]),
        replace(proof, note=proof.note.replace("1300", "1301")),
        replace(proof, note=proof.note.partition("\n\n")[0] + "\n"),
    ):
        with pytest.raises(JournalBroken):
            changed.check(verifier)
    with pytest.raises(JournalBroken):
        proof.check(new_signer(ORIGIN, runtime).verifier)


@pytest.mark.parametrize(
    "change",
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("index 700", "index 0700"),
        ("index 700", "index -1"),
        ("index 700", "index 7" + "0" * 30),
        ("extra ", "extra  "),
        ("extra ", "more "),
        ("\n\n", "\n"),
        ("\nindex 700\n", "\nindex 700\nAAAA\n"),
        ("\nindex 700\n", "\nindex 700\n" + "A" * 43 + "=\n" * 1 + ("A" * 43 + "=\n") * 63),
    ],
)
def test_what_is_not_written_as_a_proof_is_refused(big, change):
    """Each departure from the format is a sentence, never a guess."""
    text = prove(big, 700).text.replace(*change)
    with pytest.raises(JournalBroken):
        Proof.parse(text)


def test_a_changed_journal_gives_out_no_proof(folder, reopen, tamper):
    """Entry or tile changed: the proof would not hold, and is not given out."""
    tamper(folder, "UPDATE tiles SET hashes = zeroblob(8192) WHERE idx = 2")
    with pytest.raises(JournalBroken, match="Entry 1 cannot be proved"):
        prove(reopen(folder), 1)
    tamper(folder, "DELETE FROM tiles WHERE idx = 2")
    with pytest.raises(JournalBroken, match="tile/0/002"):
        prove(reopen(folder), 513)


def test_the_command_writes_a_proof_once(big_folder, big, tmp_path, capsys):
    """`journal prove` prints or writes the file; what is there or is no entry is exit code 2."""
    output = tmp_path / "7.tlog-proof"

    def said(*words):
        with pytest.raises(SystemExit) as end:
            main(["journal", "prove", *map(str, words), "--data", str(big_folder)])
        return int(end.value.code or 0), capsys.readouterr()

    code, printed = said(7)
    assert (code, printed.out) == (0, prove(big, 7).text)
    code, printed = said(7, "--output", output, "--json")
    assert (code, json.loads(printed.out)["output"]) == (0, str(output))
    assert output.read_text() == prove(big, 7).text
    assert said(7, "--output", output)[0] == 2
    code, printed = said(BIG)
    assert (code, "There is no entry 1300" in printed.err) == (2, True)
