"""The Merkle tree, against an independent implementation's vectors and against itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicelink.errors import JournalBroken
from devicelink.journal import tree

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "tlog_vectors.json").read_text())
LEAVES = [tree.leaf_hash(entry.encode()) for entry in VECTORS["Entries"]]
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
CT_LEAVES.append("606162636465666768696a6b6c6d6e6f")


def unhex(hashes):
    """Hashes as the vectors write them."""
    return [bytes.fromhex(h) for h in hashes]


def some_leaves(count):
    """Leaf hashes that all differ."""
    return [tree.leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def test_leaf_hashes_are_those_of_the_vectors():
    """All 20 leaf hashes agree with the Go implementation."""
    assert len(LEAVES) == 20
    assert unhex(VECTORS["LeafHashes"]) == LEAVES


def test_roots_are_those_of_the_vectors():
    """All 21 roots agree with the Go implementation, the empty tree's too."""
    roots = unhex(VECTORS["Roots"])
    assert len(roots) == 21
    assert [tree.root_of(LEAVES[:size]) for size in range(21)] == roots


def test_certificate_transparency_roots():
    """The eight well-known leaves of certificate transparency give the well-known roots."""
    leaves = [tree.leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES]
    assert tree.root_of(leaves[:1]).hex().startswith("6e340b9c")
    assert tree.root_of(leaves[:3]).hex().startswith("aeb6bcfe")
    assert tree.root_of(leaves).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def test_inclusion_proofs_are_those_of_the_vectors():
    """All 210 inclusion proofs agree byte for byte, and verify."""
    assert len(VECTORS["Inclusion"]) == 210
    for vector in VECTORS["Inclusion"]:
        index, size = vector["Index"], vector["Size"]
        proof = unhex(vector["Proof"])
        assert tree.inclusion_proof(index, LEAVES[:size]) == proof
        tree.verify_inclusion(
            index=index,
            size=size,
            leaf=bytes.fromhex(vector["Leaf"]),
            proof=proof,
            root=bytes.fromhex(vector["Root"]),
        )


def test_consistency_proofs_are_those_of_the_vectors():
    """All 210 consistency proofs agree byte for byte, and verify."""
    assert len(VECTORS["Consistency"]) == 210
    for vector in VECTORS["Consistency"]:
        old, new = vector["Old"], vector["New"]
        proof = unhex(vector["Proof"])
        assert tree.consistency_proof(old, LEAVES[:new]) == proof
        tree.verify_consistency(
            old=old,
            new=new,
            old_root=bytes.fromhex(vector["OldRoot"]),
            new_root=bytes.fromhex(vector["NewRoot"]),
            proof=proof,
        )


@given(st.integers(1, 700), st.data())
def test_inclusion_holds_for_its_leaf_alone(size, data):
    """A proof holds for its leaf at its index, and for no other index, size, leaf or root."""
    leaves = some_leaves(size)
    index = data.draw(st.integers(0, size - 1))
    right = {
        "index": index,
        "size": size,
        "leaf": leaves[index],
        "proof": tree.inclusion_proof(index, leaves),
        "root": tree.root_of(leaves),
    }
    tree.verify_inclusion(**right)
    wrong = [
        {"leaf": tree.leaf_hash(b"another")},
        {"root": bytes(32)},
        {"index": size},
        {"index": -1},
        {"proof": [*right["proof"], bytes(32)]},
    ]
    if size > 1:
        wrong += [{"index": (index + 1) % size}, {"proof": right["proof"][:-1]}]
    for change in wrong:
        with pytest.raises(JournalBroken):
            tree.verify_inclusion(**{**right, **change})


@given(st.integers(1, 700), st.data())
def test_consistency_holds_for_its_trees_alone(new, data):
    """A proof holds between the two trees it was made for, and fails for any other root."""
    leaves = some_leaves(new)
    old = data.draw(st.integers(1, new))
    right = {
        "old": old,
        "new": new,
        "old_root": tree.root_of(leaves[:old]),
        "new_root": tree.root_of(leaves),
        "proof": tree.consistency_proof(old, leaves),
    }
    tree.verify_consistency(**right)
    for change in (
        {"old_root": bytes(32)},
        {"new_root": bytes(32)},
        {"old": new + 1},
        {"old": 0},
        {"proof": [*right["proof"], bytes(32)]},
    ):
        with pytest.raises(JournalBroken):
            tree.verify_consistency(**{**right, **change})


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_frontier_goes_on_from_its_bytes(before, after):
    """A frontier read back from its bytes leads to the same root as one that was never written."""
    leaves = some_leaves((before + after) % 1500)
    cut = before % (len(leaves) + 1)
    first = tree.Frontier()
    for leaf in leaves[:cut]:
        first.append(leaf)
    second = tree.Frontier.from_bytes(first.size, bytes(first))
    for leaf in leaves[cut:]:
        second.append(leaf)
    assert (second.size, second.root()) == (len(leaves), tree.root_of(leaves))
    assert [tree.root_of(leaves[a:b]) for a, b in second.ranges()] == second.stack


def test_frontier_of_a_wrong_length_is_refused():
    """A frontier has exactly one hash for each bit of its size."""
    with pytest.raises(JournalBroken, match="3 entries"):
        tree.Frontier.from_bytes(3, bytes(32))


def test_tiles_of_seventy_thousand_entries():
    """The widths and paths of the specification's example of 70,000 entries come out."""
    assert tree.tile_widths(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert tree.tile_path(0, 273, 112) == "tile/0/273.p/112"
    assert tree.tile_path(1, 1, 17) == "tile/1/001.p/17"
    assert tree.tile_path(2, 0, 1) == "tile/2/000.p/1"
    assert tree.tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tree.tile_path(0, 1000) == "tile/0/x001/000"
    assert tree.tile_path(0, 7) == "tile/0/007"
    assert tree.tile_widths(256) == [(0, 1, 0), (1, 0, 1)]


@given(st.integers(1, 200_000) | st.integers(1, 800).map(lambda tiles: tiles * 256))
def test_tiles_completed_add_up(size):
    """Each leaf completes exactly the tiles by which the full tiles grow."""
    full = {(level, count) for level, count, _ in tree.tile_widths(size) if count}
    before = {(level, count) for level, count, _ in tree.tile_widths(size - 1) if count}
    assert {(level, index + 1) for level, index in tree.tiles_completed(size)} == full - before


def naive_root(leaves):
    """RFC 6962, section 2.1, as it is written there."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return tree.node_hash(naive_root(leaves[:half]), naive_root(leaves[half:]))


@given(st.integers(1, 600))
def test_roots_are_those_of_the_recursive_definition(size):
    """For every size, whatever the shape of its right edge."""
    leaves = some_leaves(size)
    assert tree.root_of(leaves) == naive_root(leaves)
