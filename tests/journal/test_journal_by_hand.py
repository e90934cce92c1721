"""The page that checks one entry with stock `openssl`: its very commands are run here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from journal_kit import BIG, ORIGIN

from devicelink.journal.keys import new_signer
from devicelink.journal.proof import prove
from devicelink.journal.store import Journal

PAGE = Path(__file__).parents[2] / "docs" / "journal-by-hand.md"
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
HOLDS = "The entry stands in the journal that the station signed."

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl here: apt-get install openssl"
)


@pytest.fixture(scope="module")
def big(big_folder, runtime):
    """A journal of 1,300 entries."""
    with Journal.open(big_folder, signer=None, runtime=runtime, projections=()) as journal:
        yield journal


def by_hand(folder, proof, vkey):
    """Run the page's commands in a folder that holds the two files; whether they end well."""
    (folder / "entry.tlog-proof").write_text(proof)
    (folder / "log.vkey").write_text(vkey + "\n")
    done = subprocess.run(
        ["sh", "-eu", "-c", "\n".join(COMMANDS)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    holds = done.returncode == 0
    assert (HOLDS in done.stdout) is holds, done.stderr
    assert not holds or "Signature Verified Successfully" in done.stdout
    return holds


def test_the_page_has_its_commands():
    """The page's five steps are where the tests look for them."""
    assert len(COMMANDS) == 6
    assert "openssl" in COMMANDS[0]


@pytest.mark.parametrize("index", [0, 1, 6, 255, 256, 1023, 1024, 1279, 1280, 1297, BIG - 1])
def test_an_entry_holds_by_hand(big, tmp_path, index):
    """The page's commands accept the proof of any entry, and lay its exact bytes there."""
    assert by_hand(tmp_path, prove(big, index).text, big.vkey)
    assert (tmp_path / "entry.json").read_bytes() == big.entry(index).raw


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_smallest_journals_hold_by_hand(make, tmp_path, count):
    """A journal of one entry has an empty way; it holds, too."""
    journal = make(tmp_path, count)
    for index in range(count):
        assert by_hand(tmp_path, prove(journal, index).text, journal.vkey)


@pytest.mark.parametrize(
    "change",
    [
        (r"extra (....)....", r"extra \1AAAA"),
        (r"index 703", "index 704"),
        (r"(index 703\n)....", r"\1AAAA"),
        (r"(index 703\n).*\n", r"\1"),
        (r"(index 703\n(?:.*\n)*?)\n", r"\1" + "A" * 43 + "=\n\n"),
        (r"\n1300\n", "\n1301\n"),
        (r"(\n1300\n)....", r"\1AAAA"),
        (r"(— \S+ \S{20})....", r"\1AAAA"),
        (ORIGIN, ORIGIN + "0"),
    ],
)
def test_a_changed_proof_does_not_hold_by_hand(big, tmp_path, change):
    """Another entry, index, way, size, root, signature or origin ends the commands early."""
    proof = prove(big, 703).text
    changed = re.sub(*change, proof)
    assert changed != proof
    assert not by_hand(tmp_path, changed, big.vkey)


def test_another_key_does_not_hold_by_hand(big, tmp_path, runtime):
    """The proof fails against a key that the station never had."""
    assert not by_hand(tmp_path, prove(big, 703).text, new_signer(ORIGIN, runtime).vkey)
