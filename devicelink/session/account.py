"""What a console tells of itself while a session runs: events, reports; and the lease it wants.

Events and reports are read as soon as a read-back says that there are new ones, and recorded before
the next question. The lease is kept alive by every read-back, under the token of `ready.intended`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.console import Console, Event, Report
from devicelink.errors import DeviceFault, ProtocolError
from devicelink.session.state import calls_for_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink.console import Page
    from devicelink.driver import Driver, Effective, EnableToken, Status, WireLink

_ROUNDS_MAX = 3
"""At one read-back, each a page of events and one of reports: a slow line carries them in a quarter
of a second. What is left is read at the next ones."""
_ALL_ROUNDS_MAX = 600
"""While it is locked there is time for everything that a console keeps."""
_FIRST_NUMBER = 1
_STILL_MAX = 5
"""So many read-backs on end may fall into one millisecond of the console's clock."""


class Account:
    """One session's view of what a console numbers; made by `of`, at its first read-back."""

    def __init__(self, console: Console, next_event: int, next_report: int) -> None:
        self._console = console
        self._next_event = next_event
        self._next_report = next_report
        self._lease: tuple[EnableToken, Effective] | None = None
        self._seen: Status | None = None
        self._still = 0
        self._unrecorded: list[tuple[str, dict[str, object]]] = []
        self.pulses = 0
        """So many were reported since the session began."""

    @classmethod
    def of(cls, driver: Driver, first: Status, next_event: int | None) -> Account | None:
        """None where the laser keeps none. Events are read on from the last one recorded.

        A console that never gave so high a number has lost its memory: then all of its events.
        """
        if not isinstance(driver, Console) or first.next_event is None:
            return None
        if next_event is not None and next_event > first.next_event:
            return cls(driver, _FIRST_NUMBER, first.next_report or 0)
        return cls(driver, next_event or first.next_event, first.next_report or 0)

    @property
    def counter(self) -> int | None:
        """As of the newest read-back: it counts every pulse of the reports read behind it."""
        return self._seen.counter if self._seen else None

    def lease(self, token: EnableToken, judged: Effective) -> None:
        """From now on every read-back keeps READY possible."""
        self._lease = token, judged

    def end_lease(self) -> None:
        """From now on none does."""
        self._lease = None

    def read(self, link: WireLink) -> Status:
        """The newest read-back; before it returns, what is new since the last one was read.

        One that ends light is returned at once: what is new then is read behind the lock. Raises
        `ProtocolError` where the console tells an old status once more.
        """
        status = None if self._seen is None else self._sustained(link, self._seen)
        if status is None:
            asked = self._ask(link)
            self._read_news(link, asked)
            status = self._sustained(link, asked)
            if status is None:
                return asked
        self._seen = self._fresh(status)
        self._read_news(link, status)
        return status

    def read_rest(self, link: WireLink) -> Status:
        """While it is locked, when there is time: everything up to now."""
        self.end_lease()
        status = self._ask(link)
        self._read_on(link, status, _ALL_ROUNDS_MAX)
        return status

    def _ask(self, link: WireLink) -> Status:
        self._seen = self._fresh(self._console.read_status(link))
        return self._seen

    def _fresh(self, status: Status) -> Status:
        """The same, where it is not the one before: a console draws something new for each.

        Nor one of before with something new in it: its clock goes on.
        """
        if self._seen is None:
            return status
        before, clock_ms = self._seen.words, status.words.get("clock_ms")
        stands = clock_ms is not None and clock_ms == before.get("clock_ms")
        self._still = self._still + 1 if stands else 0
        if status.words == before or self._still > _STILL_MAX:
            raise ProtocolError(
                "The laser tells its status of before once more: how it is now, nobody knows."
            )
        return status

    def _sustained(self, link: WireLink, seen: Status) -> Status | None:
        """None without a lease, or where the console does not take it.

        Another host asked between, say, and what was seen last is not the newest any more.
        """
        if self._lease is None or calls_for_lock(seen):
            return None
        token, judged = self._lease
        try:
            return self._console.sustain(link, token, judged, seen, self._next_event - 1)
        except DeviceFault:
            return None

    def _read_news(self, link: WireLink, status: Status) -> None:
        """Never before a read-back that ends light was acted on."""
        if not calls_for_lock(status):
            self._read_on(link, status, _ROUNDS_MAX)

    def _read_on(self, link: WireLink, status: Status, rounds: int) -> None:
        """What the console numbered up to a read-back; a page that brings nothing ends it."""
        for _ in range(rounds):
            came = self._next_event < (status.next_event or 0) and self._read_events(link)
            if self._next_report < (status.next_report or 0):
                came = self._read_reports(link) or came
            if not came:
                return

    def _read_events(self, link: WireLink) -> bool:
        """Whether that brought anything: events, or that they are lost."""
        start = self._next_event
        events = self._console.read_events(link, start)
        self._next_event = _after(events, start)
        if self._next_event == start:
            return False
        self._note("device.events_recorded", _events(events, start))
        return True

    def _read_reports(self, link: WireLink) -> bool:
        """Likewise."""
        start = self._next_report
        reports = self._console.read_reports(link, start)
        for report in reports.found:
            self._note_lost(report.number)
            self._next_report = report.number + 1
            self.pulses += report.pulses
            self._note(
                "scan.recorded" if report.kind == "scan" else "pulses.recorded", _scan(report)
            )
        after = _after(reports, start)
        self._note_lost(after)
        self._next_report = after
        return after > start

    def _note_lost(self, following: int) -> None:
        """Reports that were not told, before the one with this number."""
        if following > self._next_report:
            lost: dict[str, object] = {"from": self._next_report, "to": following - 1}
            self._note("device.reports_lost", lost)

    def _note(self, kind: str, data: dict[str, object]) -> None:
        self._unrecorded.append((kind, data))

    def take(self) -> list[tuple[str, dict[str, object]]]:
        """What has to be recorded, in order: entry type and data."""
        taken, self._unrecorded = self._unrecorded, []
        return taken


def _after(page: Page[Event] | Page[Report], start: int) -> int:
    """Where to read on: behind what was told, or at the oldest where all before is lost."""
    return page.found[-1].number + 1 if page.found else max(page.oldest, start)


def _events(page: Page[Event], start: int) -> dict[str, object]:
    following = _after(page, start)
    return {
        "from": start,
        "next": following,
        "lost": following - start - len(page.found),
        "events": [
            {
                "number": event.number,
                "event": event.name,
                "boot_count": event.boot,
                "clock_ms": event.clock_ms,
                "data": event.data,
            }
            for event in page.found
        ],
    }


def _scan(report: Report) -> dict[str, object]:
    """One report, as an entry's data; what was asked for is added by the session."""
    measured: Mapping[str, str] | None = report.measured_mj
    return {
        "report": report.number,
        "outcome": report.outcome,
        "reason": report.reason,
        "clock_ms": report.clock_ms,
        "first_pulse": report.first_pulse,
        "last_pulse": report.last_pulse,
        "spots_planned": report.spots_planned,
        "spots_delivered": report.spots_delivered,
        "aborted_at": report.aborted_at,
        "exceptions": report.exceptions,
        "energy_mj": {
            "effective": report.set_mj,
            "measured": measured,
            "measured_where": "inside the laser" if measured else None,
            "why": None if measured else "not_reported",
        },
        "settings": report.settings,
        "permit": report.permit,
    }


def with_requested(
    drafts: list[tuple[str, dict[str, object]]], requested: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Beside what was effective and measured stands what the person asked for."""
    for kind, data in drafts:
        energy = data.get("energy_mj")
        if isinstance(energy, dict):
            yield kind, {**data, "energy_mj": {"requested": requested.get("energy_mj"), **energy}}
        else:
            yield kind, data
