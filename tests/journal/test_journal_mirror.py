"""The newest checkpoint outside the station's folder: a journal that goes back is seen."""

from __future__ import annotations

import shutil

import pytest
from journal_kit import ORIGIN, draft

from devicelink.errors import JournalBroken
from devicelink.journal.entry import Draft
from devicelink.journal.keys import new_signer
from devicelink.journal.mirror import Mirror
from devicelink.journal.note import sign_note
from devicelink.journal.store import Journal
from devicelink.journal.verify import NO_KEPT, verify
from devicelink.runtime import MachineDisk


@pytest.fixture
def place(tmp_path):
    """Where the mirror lies."""
    return tmp_path / "config" / "origin"


@pytest.fixture
def station(tmp_path, signer, runtime, place):
    """A folder with a journal of 300 entries whose genesis names the mirror's folder."""
    folder = tmp_path / "station"
    folder.mkdir()
    with Journal.create(
        folder,
        origin=ORIGIN,
        signer=signer,
        runtime=runtime,
        projections=(),
        genesis=Draft("genesis", {"kept_folder": str(place)}),
    ) as journal:
        journal.append_all([draft(number) for number in range(1, 300)])
    return folder


@pytest.fixture
def mirrored(station, place, signer, runtime):
    """Opens the journal in a folder, with its mirror."""
    opened = []

    def mirrored(folder=station, disk=None):
        journal = Journal.open(folder, signer=signer, runtime=runtime, projections=())
        opened.append(journal)
        return journal, Mirror(place, journal, disk or MachineDisk())

    yield mirrored
    for journal in opened:
        journal.close()


def test_a_mirror_follows_the_journal(mirrored, place):
    """Missing at first, which is said; then written, and held by every later state."""
    journal, mirror = mirrored()
    assert "There is no" in mirror.check()
    assert mirror.write() is None
    assert (place / "checkpoint").read_text() == journal.checkpoint()
    journal.append_all([draft(number) for number in range(300)])
    assert mirror.check() is None
    assert mirror.write() is None
    assert (place / "checkpoint").read_text() == journal.checkpoint()


def test_a_journal_put_back_is_refused_and_the_mirror_stays(mirrored, station, place, tmp_path):
    """An older copy in the journal's place is a roll-back, and never overwrites its mirror."""
    shutil.copytree(station, tmp_path / "older")
    journal, mirror = mirrored()
    journal.append(draft(1))
    assert mirror.write() is None
    kept = (place / "checkpoint").read_text()
    older, mirror = mirrored(tmp_path / "older")
    with pytest.raises(JournalBroken, match=r"rolled back: it has 300 entries, .* signs 301"):
        mirror.check()
    assert "rolled back" in mirror.write()
    older.append_all([draft(7), draft(8)])
    with pytest.raises(JournalBroken, match="forked or written anew"):
        mirror.check()
    assert "forked" in mirror.write()
    assert (place / "checkpoint").read_text() == kept
    assert mirrored()[1].check() is None


@pytest.mark.parametrize("content", [b"", b"\xff", b"nonsense\n", "another key"])
def test_a_mirror_that_cannot_be_read_is_said(mirrored, place, runtime, content):
    """Nonsense or a stranger's signature is no mirror: said, and written anew."""
    journal, mirror = mirrored()
    if content == "another key":
        body = journal.checkpoint().partition("\n\n")[0] + "\n"
        content = sign_note(body, new_signer(ORIGIN, runtime)).encode()
    place.mkdir(parents=True)
    (place / "checkpoint").write_bytes(content)
    assert "no checkpoint that this station has signed" in mirror.check()
    assert mirror.write() is None
    assert mirror.check() is None


def test_a_disk_that_fails_is_a_sentence_and_never_an_error(mirrored, place, mocker):
    """Where the mirror cannot be read or written the session hears why, and goes on."""
    disk = MachineDisk()
    _, mirror = mirrored(disk=disk)
    mocker.patch.object(disk, "replace", side_effect=OSError(28, "No space left on device"))
    assert "No space left" in mirror.write()
    mocker.patch.object(disk, "read", side_effect=OSError(5, "Input/output error"))
    assert "cannot be read: Input/output error" in mirror.check()


def test_verify_uses_the_mirror_by_itself_and_says_so(mirrored, station, place, tmp_path):
    """A roll-back and a fork are broken without any option; what was used, or missing, is named."""
    shutil.copytree(station, tmp_path / "older")
    assert any(f"{place / 'checkpoint'} is not there" in gap for gap in verify(station).not_checked)
    assert NO_KEPT in verify(station).not_checked
    journal, mirror = mirrored()
    journal.append(draft(1))
    mirror.write()
    journal.append(draft(2))
    report = verify(station)
    assert (report.ok, NO_KEPT in report.not_checked) == (True, False)
    assert f"after the 301 entries of the mirror {place / 'checkpoint'}" in report.not_checked[-2]
    rolled_back = verify(tmp_path / "older")
    assert ["rolled back" in fault for fault in rolled_back.broken] == [True]
    mirrored(tmp_path / "older")[0].append_all([draft(7), draft(8)])
    forked = verify(tmp_path / "older")
    assert ["forked" in fault for fault in forked.broken] == [True]
    (place / "checkpoint").write_text("nonsense")
    assert any("no checkpoint by this key" in gap for gap in verify(station).not_checked)
