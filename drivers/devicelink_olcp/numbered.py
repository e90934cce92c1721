"""What a console numbers by itself: events, and reports of pulses and scans.

Source of every fact: `docs/protocols/olcp.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.console import Event, Page, Report
from devicelink_olcp.names import EVENTS, OUTCOMES, REASONS, REPORT_KINDS, name
from devicelink_olcp.payload import Payload, decimal_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Numbered = TypeVar("Numbered", Event, Report)

_MJ_PLACES = 3


def events(told: bytes, start: int) -> Page[Event]:
    """What EVENTS_READ from `start` on was answered; raises `ProtocolError`."""
    return _page(Payload(told, "its events"), start, _event)


def reports(told: bytes, start: int) -> Page[Report]:
    """What REPORTS_READ from `start` on was answered; raises `ProtocolError`."""
    return _page(Payload(told, "its reports"), start, _report)


def _page(payload: Payload, start: int, one: Callable[[Payload], Numbered]) -> Page[Numbered]:
    """Numbers have to rise, from where it was asked, and stay below the next one."""
    oldest, following = payload.number(8), payload.number(8)
    found = tuple(one(payload) for _ in range(payload.number(1)))
    if oldest > following:
        raise payload.unreadable("the oldest of them comes after the next")
    lowest = max(start, oldest)
    for each in found:
        if not lowest <= each.number < following:
            raise payload.unreadable("their numbers do not follow each other")
        lowest = each.number + 1
    return Page(oldest, following, found)


def _event(payload: Payload) -> Event:
    number, boot, clock_ms = payload.number(8), payload.number(4), payload.number(8)
    what, data = payload.number(2), payload.number(4)
    return Event(number, name(EVENTS, what, "event"), boot, clock_ms, data)


def _report(payload: Payload) -> Report:
    number, kind, outcome, reason = (payload.number(size) for size in (8, 1, 1, 1))
    clock_ms, first, last = (payload.number(8) for _ in range(3))
    planned, delivered, set_uj = (payload.number(4) for _ in range(3))
    sensed = {"sum": payload.known(8)}
    sensed |= {each: payload.known(4) for each in ("mean", "min", "max", "spread")}
    exceptions, aborted_at = payload.number(2), payload.known(4)
    if last < first - 1:
        raise payload.unreadable("a report's last pulse comes before its first")
    return Report(
        number=number,
        kind=name(REPORT_KINDS, kind, "kind"),
        outcome=name(OUTCOMES, outcome, "outcome"),
        reason=name(REASONS, reason, "reason"),
        clock_ms=clock_ms,
        first_pulse=first,
        last_pulse=last,
        spots_planned=planned,
        spots_delivered=delivered,
        aborted_at=aborted_at,
        set_mj=decimal_text(set_uj, _MJ_PLACES),
        measured_mj={
            each: decimal_text(uj, _MJ_PLACES) for each, uj in sensed.items() if uj is not None
        }
        or None,
        exceptions=exceptions,
        settings=payload.take(8).hex(),
        permit=payload.take(8).hex(),
    )
