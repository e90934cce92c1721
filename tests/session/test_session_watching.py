"""What a running session sees of its certificate's withdrawal, on a real journal."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from devicelink.errors import JournalBroken
from devicelink.journal.entry import Draft
from devicelink.people import trust
from devicelink.people.entitlement import gather_entitlement
from devicelink.people.statuslist import issue_status_list, new_list
from devicelink.session import state as table
from devicelink.session.watching import MOST_ENTRIES, Watch
from tests.clinic import ACHIEVEMENT, here

URL = "https://maker.example/status/1"
S = 1_000_000_000


class Owner:
    """A session as far as its watch knows one: Tom's, on a clock that the test moves."""

    def __init__(self, clinic):
        output = clinic.props / "listed.jws"
        here(
            *("certificate", "issue", "--key", clinic.props / "maker.key"),
            *("--technician", "t-tom", "--achievement", ACHIEVEMENT, "--output", output),
            *("--valid-until", "2099-06-30", "--status-list", URL, "--status-index", "7"),
        )
        here("certificate", "import", output, *clinic.by)
        self.station = clinic.opened()
        self.issuer = trust.read_issuer_file(clinic.props / "maker.key")
        self.newest = new_list(URL, self.issuer.id, "revocation")
        self.bring_in()
        judged_at = self.station.runtime.now()
        person = gather_entitlement(
            self.station.state(),
            person_id="t-tom",
            driver="ipg",
            maker="Maker",
            model="SimuLase-1",
            firmware="1",
            kind="treatment",
            judged_at=judged_at,
        )
        opened = self.station.journal.append(Draft("session.opened", {}, session="new"))
        self.now_ns = 10 * S
        self.work = SimpleNamespace(
            context=self.station,
            session=opened.session,
            facts=SimpleNamespace(person=person),
            now=lambda: self.now_ns,
            hard_end=lambda code, sentence: (code, sentence),
        )
        self.watch = Watch(self.work)

    def bring_in(self, *indexes, safety=False):
        """The maker's next issue, with these places set too."""
        self.newest = self.newest.changed(indexes, to=True, safety=safety)
        self.newest = self.newest.reissued(self.station.runtime.now(), None)
        compact = issue_status_list(self.issuer.key(), self.newest, self.issuer.name)
        state = self.station.state()
        drafts = trust.import_status_list(
            compact,
            state["trust"],
            state["status_lists"],
            by="t-ada",
            now=self.station.runtime.now(),
        )
        self.station.journal.append_all(drafts)

    def look(self, after_s=1.0):
        """One look, so many seconds after the last one."""
        self.now_ns += round(after_s * S)
        return self.watch.look()


@pytest.fixture
def owner(clinic):
    """Tom's session, whose certificate is good."""
    made = Owner(clinic)
    yield made
    made.station.journal.close()


def test_nothing_is_seen_while_nothing_came(owner):
    """A good certificate, other entries and another person's revocation are no news."""
    assert owner.look() is None
    owner.station.journal.append(Draft("telemetry.recorded", {}))
    owner.bring_in(8, safety=True)
    assert owner.look() is None


def test_an_ordinary_revocation_is_told_once_and_softly(owner):
    """It is one soft end, due now; a newer list that says the same again is no second one."""
    assert owner.look() is None
    owner.bring_in(7)
    seen = owner.look()
    assert isinstance(seen, table.RunsOut)
    assert (seen.end.code, seen.end.due_ns) == ("certificate_revoked", owner.now_ns)
    owner.bring_in(9)
    assert owner.look() is None


def test_a_safety_mark_that_comes_later_still_ends_at_once(owner):
    """Revoked first, marked for safety later: then the session ends hard."""
    owner.bring_in(7)
    assert isinstance(owner.look(), table.RunsOut)
    owner.bring_in(7, safety=True)
    code, sentence = owner.look()
    assert code == "safety_revocation"
    assert sentence.startswith("Tom Lind's certificate was revoked by its maker for safety")


def test_what_came_between_the_verdict_and_the_first_look_is_seen(owner):
    """The watch reads from the session's own first entry, so that nothing falls between."""
    owner.bring_in(7, safety=True)
    for _ in range(5):
        owner.station.journal.append(Draft("telemetry.recorded", {}))
    assert owner.look()[0] == "safety_revocation"


def test_looks_are_a_second_apart_and_small(owner):
    """Within a second nothing is read; many entries are read in small looks, one after another."""
    assert owner.look() is None
    drafts = [Draft("telemetry.recorded", {})] * (2 * MOST_ENTRIES)
    owner.station.journal.append_all(drafts)
    owner.bring_in(7, safety=True)
    assert owner.look(after_s=0.9) is None
    looks = [owner.look(after_s=0.1) for _ in range(4)]
    assert [bool(seen) for seen in looks] == [False, False, True, False]


def test_a_journal_that_cannot_be_read_ends_the_session(owner, mocker):
    """A watch that is blind says so: the session ends as by any other failure of the journal."""
    broken = JournalBroken("Entry 3 of the journal is missing.")
    mocker.patch.object(owner.station.journal, "entries", side_effect=broken)
    seen = owner.look()
    assert isinstance(seen, table.NotDurable)
    assert "Entry 3" in seen.sentence
