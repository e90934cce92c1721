"""The console's memory: what outlives a power cut, and how a loss in it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_olcp_sim.logs import (
    EVENTS_KEPT,
    EVENTS_LOST,
    REPORTS_KEPT,
    REPORTS_LOST,
    SCAN_ABORTED,
    Counters,
    Event,
    Log,
    Report,
)
from devicelink_olcp_sim.shots import SCAN_REPORT

if TYPE_CHECKING:
    from devicelink_olcp_sim.inputs import Inputs


class Memory:
    """Counters, events and reports.

    Events that are overwritten unacknowledged are one event whose number of lost ones grows while
    nobody has acknowledged it; reports likewise, of which those are taken that were read [?].
    """

    __slots__ = ("_losses", "counters", "events", "reports")

    def __init__(self, inputs: Inputs) -> None:
        self.counters = Counters.of(inputs)
        self.events: Log[Event] = Log(inputs.events, EVENTS_KEPT)
        self.reports: Log[Report] = Log(inputs.reports, REPORTS_KEPT)
        self._losses: dict[int, Event] = {}

    def note(self, clock_ms: int, kind: int, data: int = 0) -> None:
        """One more event."""
        if self._append(clock_ms, kind, data):
            self._lost(clock_ms, EVENTS_LOST)

    def keep(self, report: Report, clock_ms: int) -> None:
        """One more report; a scan that was aborted is an event, too."""
        if report.kind == SCAN_REPORT:
            self.counters.scans += 1
            if report.outcome == 1:
                self.note(clock_ms, SCAN_ABORTED, report.spots_delivered)
        if self.reports.append(report):
            self._lost(clock_ms, REPORTS_LOST)

    def _append(self, clock_ms: int, kind: int, data: int) -> bool:
        event = Event(self.events.next, self.counters.boots, clock_ms, kind, data)
        if kind in {EVENTS_LOST, REPORTS_LOST}:
            self._losses[kind] = event
        return self.events.append(event)

    def _lost(self, clock_ms: int, kind: int) -> None:
        """One more is lost; where its telling overwrites another event, that one, too."""
        told = self._losses.get(kind)
        if told is not None and told.number > max(self.events.seen, self.events.oldest - 1):
            told.data += 1
        elif self._append(clock_ms, kind, 1):
            self._lost(clock_ms, EVENTS_LOST)
