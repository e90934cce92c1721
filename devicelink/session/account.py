"""What a console tells of itself while a session runs: events, reports; and the lease it wants.

Events and reports are read as soon as a read-back says that there are new ones, and recorded before
the next question. The lease is kept alive by every read-back, under the token of `ready.intended`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.console import Console, Event, Report
from devicelink.errors import DeviceFault
from devicelink.session.state import calls_for_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink.console import Page
    from devicelink.driver import Driver, Effective, EnableToken, Status, WireLink

_PAGES_MAX = 20
"""At one read-back; what is left is read at the next ones."""
_LAST_PAGES_MAX = 600
"""After the lock there is time for everything that a console keeps."""


class Account:
    """One session's view of what a console numbers; made by `of`, at its first read-back."""

    def __init__(self, console: Console, next_event: int, next_report: int) -> None:
        self._console = console
        self._next_event = next_event
        self._next_report = next_report
        self._lease: tuple[EnableToken, Effective] | None = None
        self._seen: Status | None = None
        self._unrecorded: list[tuple[str, dict[str, object]]] = []
        self.pulses = 0
        """So many were reported since the session began."""

    @classmethod
    def of(cls, driver: Driver, first: Status, next_event: int | None) -> Account | None:
        """None where the laser keeps none. Events are read on from the last one recorded."""
        if not isinstance(driver, Console) or first.next_event is None:
            return None
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

        One that ends light is returned at once: what is new then is read behind the lock.
        """
        status = None if self._seen is None else self._sustained(link, self._seen)
        if status is None:
            status = self._seen = self._console.read_status(link)
            if calls_for_lock(status):
                return status
            self._read_on(link, status, _PAGES_MAX)
            status = self._sustained(link, status) or status
        self._seen = status
        if not calls_for_lock(status):
            self._read_on(link, status, _PAGES_MAX)
        return status

    def read_rest(self, link: WireLink) -> Status:
        """After the lock, when there is time: everything up to now."""
        self.end_lease()
        self._seen = self._console.read_status(link)
        self._read_on(link, self._seen, _LAST_PAGES_MAX)
        return self._seen

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

    def _read_on(self, link: WireLink, status: Status, pages: int) -> None:
        """What the console numbered up to a read-back."""
        for _ in range(pages):
            if self._next_event < (status.next_event or 0):
                self._read_events(link)
            elif self._next_report < (status.next_report or 0):
                self._read_reports(link)
            else:
                return

    def _read_events(self, link: WireLink) -> None:
        events = self._console.read_events(link, self._next_event)
        self._note("device.events_recorded", _events(events, self._next_event))
        self._next_event = _after(events, self._next_event)

    def _read_reports(self, link: WireLink) -> None:
        reports = self._console.read_reports(link, self._next_report)
        if reports.oldest > self._next_report:
            lost: dict[str, object] = {"from": self._next_report, "to": reports.oldest - 1}
            self._note("device.reports_lost", lost)
        for report in reports.found:
            self.pulses += report.pulses
            self._note(
                "scan.recorded" if report.kind == "scan" else "pulses.recorded", _scan(report)
            )
        self._next_report = _after(reports, self._next_report)

    def _note(self, kind: str, data: dict[str, object]) -> None:
        self._unrecorded.append((kind, data))

    def take(self) -> list[tuple[str, dict[str, object]]]:
        """What has to be recorded, in order: entry type and data."""
        taken, self._unrecorded = self._unrecorded, []
        return taken


def _after(page: Page[Event] | Page[Report], start: int) -> int:
    """Where to read on; a page that brings nothing is not asked for again and again."""
    return page.found[-1].number + 1 if page.found else max(page.next, start)


def _events(page: Page[Event], start: int) -> dict[str, object]:
    return {
        "from": start,
        "next": _after(page, start),
        "lost": max(0, page.oldest - start),
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
