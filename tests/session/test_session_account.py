"""What a console tells of itself while a session runs: read on, counted, its lease kept alive."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from devicelink.console import Event, Page, Report
from devicelink.driver import DeviceState, Effective, EnableToken, Trigger
from devicelink.errors import (
    DeviceFault,
    JournalBroken,
    JournalUnwritable,
    NoReply,
    ProtocolError,
)
from devicelink.session import preparing
from devicelink.session.account import Account, with_requested
from devicelink.session.closing import _read_the_rest
from devicelink.session.work import Work
from tests.session.test_session_state import status

JUDGED = Effective(settings={}, configuration={}, trigger=Trigger.HARDWARE)
TOKEN = EnableToken(step="ready", entry_index=9)
LINK = object()


def report(number, first, last, kind="scan"):
    """A report of some pulses."""
    return Report(
        number=number,
        kind=kind,
        outcome="complete",
        reason="none",
        clock_ms=number * 1000,
        first_pulse=first,
        last_pulse=last,
        spots_planned=last - first + 1,
        spots_delivered=last - first + 1,
        aborted_at=None,
        set_mj="20",
        measured_mj={"mean": "19.974"},
        exceptions=0,
        settings="aa",
        permit="bb",
    )


class Console:
    """Keeps numbered events and reports; takes a beat only with the newest nonce and event."""

    declaration = line = wire = None

    def __init__(self):
        self.events = [Event(n, "key_on", 1, n * 10, 0) for n in range(1, 31)]
        self.reports = [report(1, 101, 300), report(2, 301, 500)]
        self.kept_events, self.nonce, self.asked = 1, 0, []
        self.faults = ()
        self.beats = []

    def _status(self):
        self.nonce += 1
        return status(
            DeviceState.STANDBY,
            faults=self.faults,
            words={"nonce": str(self.nonce)},
            next_event=len(self.events) + 1,
            next_report=len(self.reports) + 1,
        )

    def read_status(self, link):
        """A fresh nonce."""
        self.asked.append("status")
        return self._status()

    def sustain(self, link, token, judged, seen, last_event):
        """Refused unless the host shows what was told last."""
        assert (link, token, judged) == (LINK, TOKEN, JUDGED)
        self.asked.append("beat")
        if seen.words["nonce"] != str(self.nonce) or last_event < seen.next_event - 1:
            raise DeviceFault("The console did not take the beat.")
        self.beats.append(self.nonce)
        return self._status()

    def read_events(self, link, start):
        """Twenty at a time."""
        self.asked.append(f"events {start}")
        from_ = max(start, self.kept_events)
        return Page(self.kept_events, len(self.events) + 1, tuple(self.events[from_ - 1 :][:20]))

    def read_reports(self, link, start):
        """One at a time."""
        self.asked.append(f"reports {start}")
        return Page(1, len(self.reports) + 1, tuple(self.reports[start - 1 :][:1]))

    def _unused(self, *_):
        raise AssertionError("an account asks for nothing else")

    identify = bounds = implied_trigger = prepare = read_effective = unlock = _unused
    ready = standby = reduce = read_lock = clear_fault = _unused


@pytest.fixture
def console():
    """A console that has told 30 events and two scans."""
    return Console()


def account_of(console, next_event=None):
    """As a session makes it, at its first read-back."""
    return Account.of(console, console.read_status(LINK), next_event)


def test_a_laser_that_numbers_nothing_has_no_account(console):
    """An engine's driver is no console, and a console's status has to tell numbers."""
    assert Account.of(object(), status(DeviceState.STANDBY), None) is None
    assert Account.of(console, status(DeviceState.STANDBY), 4) is None


def test_events_are_read_on_from_the_last_recorded_one(console):
    """Page by page up to now, and each page is one entry that says where the next begins."""
    account = account_of(console, next_event=5)
    account.read(LINK)
    pages = account.take()
    assert [kind for kind, _ in pages] == ["device.events_recorded"] * 2
    assert [(data["from"], data["next"], data["lost"]) for _, data in pages] == [
        (5, 25, 0),
        (25, 31, 0),
    ]
    assert pages[0][1]["events"][0]["number"] == 5
    account.read(LINK)
    assert account.take() == []


def test_events_that_the_console_lost_are_counted(console):
    """What was overwritten before it was read is said to be lost."""
    console.kept_events = 9
    account = account_of(console, next_event=5)
    account.read(LINK)
    assert account.take()[0][1]["lost"] == 4


def test_what_is_missing_between_two_numbers_is_lost_too(console, mocker):
    """A console that leaves out events or a report tells by its own numbers that it did."""
    account = account_of(console, next_event=5)
    del console.events[9:12]
    console.reports += [report(4, 701, 900)]
    mocker.patch.object(console, "read_reports", return_value=Page(1, 5, (console.reports[-1],)))
    account.read(LINK)
    told = account.take()
    assert sum(data["lost"] for kind, data in told if kind == "device.events_recorded") == 3
    assert ("device.reports_lost", {"from": 3, "to": 3}) in told


def test_a_console_that_contradicts_itself_is_asked_once_at_each_look(console, mocker):
    """More events than it ever gives: no entries without end, and no look that takes longer."""
    account = account_of(console, next_event=31)
    reading = mocker.patch.object(console, "read_events", return_value=Page(1, 31, ()))
    more = (
        status(DeviceState.STANDBY, words={"nonce": f"{n}"}, next_event=40 + n, next_report=3)
        for n in count()
    )
    mocker.patch.object(console, "_status", side_effect=more)
    for _ in range(5):
        account.read(LINK)
    assert (reading.call_count, account.take()) == (5, [])


def test_a_flood_of_events_holds_up_no_look(console):
    """What a slow line carries in a quarter of a second; the rest is read at the next looks."""
    account = account_of(console, next_event=1)
    console.events = [Event(n, "key_on", 1, n, 0) for n in range(1, 1001)]
    account.read(LINK)
    assert len(console.asked) <= 6
    account.read_rest(LINK)
    told = [event["number"] for _, data in account.take() for event in data["events"]]
    assert told == list(range(1, 1001))


def test_a_console_whose_numbers_went_back_is_read_from_its_first(console):
    """Its memory was exchanged, say: what it tells now is new, and READY can be reached again."""
    account = account_of(console, next_event=5001)
    account.lease(TOKEN, JUDGED)
    account.read(LINK)
    told = [event["number"] for _, data in account.take() for event in data["events"]]
    assert told == list(range(1, 31))
    account.read(LINK)
    assert console.beats


@pytest.mark.parametrize("leased", [True, False])
def test_a_status_that_was_told_before_is_no_read_back(console, mocker, leased):
    """Nobody knows how a console is that answers the same for ever."""
    account = account_of(console)
    if leased:
        account.lease(TOKEN, JUDGED)
    account.read(LINK)
    mocker.patch.object(console, "read_status", return_value=account.read(LINK))
    mocker.patch.object(console, "sustain", side_effect=DeviceFault("stale"))
    with pytest.raises(ProtocolError):
        account.read(LINK)


def test_a_status_whose_clock_stands_still_is_none_either(console, mocker):
    """A console may fall silent inside and still draw a nonce; a few looks come in one ms."""
    account = account_of(console)
    frozen = (
        status(DeviceState.READY, words={"nonce": f"{n}", "clock_ms": "7"}, next_event=31)
        for n in count()
    )
    mocker.patch.object(console, "_status", side_effect=frozen)
    for _ in range(6):
        account.read(LINK)
    with pytest.raises(ProtocolError, match="once more"):
        account.read(LINK)


def test_a_session_counts_only_its_own_pulses(console):
    """Reports from before its first read-back are others'; what comes is counted and recorded."""
    account = account_of(console)
    account.read(LINK)
    assert (account.take(), account.pulses) == ([], 0)
    console.reports += [report(3, 501, 700), report(4, 701, 701, kind="pulse")]
    account.read(LINK)
    kinds = [kind for kind, _ in account.take()]
    assert (kinds, account.pulses) == (["scan.recorded", "pulses.recorded"], 201)


def test_requested_effective_and_measured_stand_side_by_side(console):
    """And where it was measured: inside the laser is no meter."""
    account = account_of(console)
    console.reports.append(report(3, 501, 700))
    account.read(LINK)
    ((_, data),) = with_requested(account.take(), {"energy_mj": "20.0"})
    assert data["energy_mj"] == {
        "requested": "20.0",
        "effective": "20",
        "measured": {"mean": "19.974"},
        "measured_where": "inside the laser",
        "why": None,
    }


def test_without_a_lease_nothing_beats(console):
    """Before `ready.intended` is durable, and after STANDBY was said."""
    account = account_of(console)
    account.read(LINK)
    account.lease(TOKEN, JUDGED)
    account.read(LINK)
    account.end_lease()
    account.read(LINK)
    account.read_rest(LINK)
    assert len(console.beats) == 1


def test_each_read_back_is_one_beat_that_shows_the_one_before(console):
    """Status and lease in one exchange."""
    account = account_of(console)
    account.lease(TOKEN, JUDGED)
    for _ in range(3):
        account.read(LINK)
    del console.asked[:]
    account.read(LINK)
    assert console.asked == ["beat"]


def test_a_host_that_asked_between_costs_one_more_question(console):
    """Its question made ours old: the newest read-back is shown instead."""
    account = account_of(console)
    account.lease(TOKEN, JUDGED)
    account.read(LINK)
    console.read_status(LINK)
    del console.asked[:]
    account.read(LINK)
    assert console.asked == ["beat", "status", "beat"]


def test_what_happened_is_read_before_it_is_answered_for(console):
    """A new event is read in the same look, so that the next beat may name it."""
    account = account_of(console)
    account.lease(TOKEN, JUDGED)
    account.read(LINK)
    console.events.append(Event(31, "scan_aborted", 1, 999, 7))
    account.read(LINK)
    assert account.take()[-1][1]["events"][-1]["event"] == "scan_aborted"
    del console.asked[:]
    account.read(LINK)
    assert console.asked == ["beat"]


def test_a_console_that_takes_no_beat_is_read_all_the_same(console, mocker):
    """The session has to see why, and the lease runs out in the console."""
    account = account_of(console)
    account.lease(TOKEN, JUDGED)
    mocker.patch.object(console, "sustain", side_effect=DeviceFault("no permit"))
    assert account.read(LINK).state is DeviceState.STANDBY


def test_silence_is_raised(console, mocker):
    """No answer is no read-back."""
    account = account_of(console)
    account.lease(TOKEN, JUDGED)
    account.read(LINK)
    mocker.patch.object(console, "sustain", side_effect=NoReply("late"))
    with pytest.raises(NoReply):
        account.read(LINK)


def test_whoever_reads_on_behind_the_lock_still_beats_its_guard(mocker):
    """A guard that hears nothing for a second would lock, and talk on the same line."""
    work = mocker.Mock()
    beats = []

    def read_rest(link):
        for _ in range(3):
            link.exchange(b"?", within_s=0.2)
            beats.append(work.guard.beat.call_count)

    mocker.patch.object(work.account, "read_rest", side_effect=read_rest)
    _read_the_rest(work)
    assert beats == sorted(set(beats))
    assert work.connection.link.exchange.call_count == 3


def reached(console, mocker, next_event):
    """A session's hands after it has reached this console."""
    mocker.patch.object(console, "bounds", return_value={})
    mocker.patch.object(console, "implied_trigger", return_value=None)
    mocker.patch.object(preparing, "transcript_at")
    mocker.patch.object(preparing, "connect").return_value.driver = console
    work = mocker.Mock(account=None)
    work.device.next_event, work.device.counter = next_event, None
    work.read_status.side_effect = lambda: (
        work.account.read(LINK) if work.account else console.read_status(LINK)
    )
    work.living.return_value, work.context.folder = LINK, Path("unused")
    preparing._reach(work)
    return work


def test_what_happened_since_the_last_session_is_read_before_anything_is_enabled(console, mocker):
    """However much it is: in STANDBY a slow line would take longer than a console may answer in."""
    console.events = [Event(n, "key_on", 1, n, 0) for n in range(1, 2001)]
    work = reached(console, mocker, next_event=5)
    told = [event["number"] for _, data in work.account.take() for event in data["events"]]
    assert told == list(range(5, 2001))


def test_a_console_found_ready_is_locked_before_its_events_are_read(console, mocker):
    """Or in a state that nobody here knows; they are read behind the lock."""
    locked = mocker.patch.object(
        preparing, "lock_now", side_effect=lambda _: console.asked.append("lock")
    )
    found = status(DeviceState.READY, words={"nonce": "1"}, next_event=31, next_report=3)
    mocker.patch.object(console, "_status", return_value=found)
    work = reached(console, mocker, next_event=5)
    assert (console.asked, work.account.take()) == (["status", "lock"], [])
    locked.assert_called_once()


@pytest.mark.parametrize("leased", [True, False])
def test_what_ends_light_is_told_before_anything_else_is_read(console, leased):
    """A fault is returned at once, no beat follows it, and its events are read behind the lock."""
    account = account_of(console)
    account.read(LINK)
    if leased:
        account.lease(TOKEN, JUDGED)
    console.events.append(Event(31, "fault", 1, 310, 5))
    console.faults, console.asked = ("scanner",), []
    assert account.read(LINK).faults == ("scanner",)
    assert account.read(LINK).faults == ("scanner",)
    assert not [asked for asked in console.asked if asked.startswith("events")]
    assert console.asked.count("beat") == int(leased)
    account.read_rest(LINK)
    assert [entry["number"] for entry in account.take()[-1][1]["events"]] == [31]


@pytest.mark.parametrize("failure", [JournalUnwritable, JournalBroken])
def test_what_a_console_told_outlives_a_journal_that_fails(mocker, failure):
    """It was taken from the console already: the close keeps it, and whatever else, as facts."""
    work = mocker.Mock(unrecorded=[])
    work.accounted.return_value = ["a report"]
    work.context.journal.append_all.side_effect = failure("no")
    work.context.journal.append.side_effect = failure("no")
    with pytest.raises(failure):
        Work.append_accounted(work)
    with pytest.raises(failure):
        Work.append(work, "ready.confirmed", {})
    assert work.unrecorded == ["a report", work._draft.return_value]
