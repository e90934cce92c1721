"""Facts that the journal could not take wait as files, and hold their device."""

from __future__ import annotations

import pytest
from journal_kit import PROJECTIONS, draft

from devicelink.errors import JournalBroken, JournalUnwritable
from devicelink.journal.entry import Draft
from devicelink.journal.kept import journal_kept, keep, pending
from devicelink.journal.verify import verify
from devicelink.runtime import ThreadRuntime

RUNTIME = ThreadRuntime()
DISK = RUNTIME.disk

FACTS = (
    Draft("lock.confirmed", {"evidence": "sensed"}, device="SIM-1", session="S-0", counter=5),
    Draft("stop.pressed", {}, device="SIM-1"),
)


@pytest.fixture
def kept(tmp_path):
    """The folder, not made yet."""
    return tmp_path / "config" / "devicelink" / "origin"


def test_nothing_kept_holds_nothing(kept, make, tmp_path):
    """Where no folder is, nothing waits."""
    assert pending(kept, DISK, "SIM-1") == []
    assert journal_kept(make(tmp_path), kept, RUNTIME) == []


def test_kept_facts_hold_their_device_until_they_are_journalled(kept, make, tmp_path, runtime):
    """Facts wait with their time, hold their device alone, and become entries with what closes."""
    keep(kept, FACTS, runtime)
    assert pending(kept, DISK, "SIM-2") == []
    (file,) = pending(kept, DISK, "SIM-1")
    journal = make(tmp_path)
    hold = Draft("device.held", {"code": "evidence_incomplete"}, device="SIM-1")
    made = journal_kept(journal, kept, RUNTIME, lambda _: [hold])
    assert [entry.type for entry in made] == ["lock.confirmed", "stop.pressed", "device.held"]
    first = made[0]
    assert (first.session, first.counter, first.data["evidence"]) == ("S-0", 5, "sensed")
    assert first.data["kept"]["file"] == file.path.name
    assert first.data["kept"]["mono_ns"] <= first.mono_ns
    assert list(kept.glob("kept-*")) == []


def test_the_file_stays_while_the_journal_takes_nothing(kept, make, reopen, tmp_path, runtime):
    """An append that fails leaves the file, and the device held."""
    keep(kept, FACTS, runtime)
    make(tmp_path)
    with pytest.raises(JournalUnwritable):
        journal_kept(reopen(tmp_path, writes=False), kept, RUNTIME)
    assert len(pending(kept, DISK, "SIM-1")) == 1


def test_a_file_that_cannot_be_read_holds_every_device(kept, make, tmp_path, runtime):
    """Half a file holds all devices and is named; the others are journalled all the same."""
    keep(kept, FACTS, runtime)
    bad = kept / "kept-0.json"
    bad.write_text('[{"at":')
    assert [file.path for file in pending(kept, DISK, "SIM-2")] == [bad]
    journal = make(tmp_path)
    with pytest.raises(JournalBroken, match=r"kept-0\.json"):
        journal_kept(journal, kept, RUNTIME)
    assert journal.size == 3
    assert list(kept.glob("kept-*")) == [bad]


def test_facts_that_can_be_kept_nowhere_are_a_sentence(tmp_path, runtime):
    """Where the folder cannot be made either, that is said."""
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnwritable, match="Neither"):
        keep(tmp_path / "file" / "folder", FACTS, runtime)


def test_journalled_facts_verify(kept, make, tmp_path, runtime):
    """Entries made of kept facts are ordinary entries."""
    journal = make(tmp_path)
    keep(kept, [draft(3)], runtime)
    journal_kept(journal, kept, RUNTIME)
    assert verify(tmp_path, projections=PROJECTIONS).ok
