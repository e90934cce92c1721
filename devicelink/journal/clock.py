"""Whether the wall clock can be believed, judged against the entries before.

An append puts `clock.suspect` before an entry whose time is wrong; from there to the next
`clock.confirmed` every entry's `clock` is `suspect`, and time may go anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devicelink.journal.entry import Draft, moment
from devicelink.journal.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.journal.entry import Entry
    from devicelink.journal.projection import State
    from devicelink.journal.store import Journal
    from devicelink.runtime import Runtime

SUSPECT = "clock.suspect"
CONFIRMED = "clock.confirmed"
MOST_JUMP_S = 2.0

_NS_PER_S = 1e9
_KEY = "clock"


@dataclass(frozen=True, slots=True)
class ClockView:
    """Whether the time is suspect, and the time by which expiry is judged."""

    suspect: bool
    judged_at: datetime


def clock_fault(last: Entry, *, at: datetime, mono_ns: int, boot: str) -> dict[str, object] | None:
    """What is wrong with the time `at`, as data of a `clock.suspect` entry; None if nothing is.

    Wrong is a time before the last entry's, and within one boot a difference of more than 2 s
    between the wall clock's and the monotonic clock's advance.
    """
    wall_s = (at - last.at).total_seconds()
    jump_s = wall_s - (mono_ns - last.mono_ns) / _NS_PER_S if boot == last.boot else None
    if wall_s < 0:
        why = "went_back"
    elif jump_s is not None and abs(jump_s) > MOST_JUMP_S:
        why = "jumped"
    else:
        return None
    return {
        "why": why,
        "last_at": moment(last.at),
        "wall_advance_s": round(wall_s, 6),
        "jump_s": None if jump_s is None else round(jump_s, 6),
    }


def check(journal: Journal, runtime: Runtime) -> None:
    """Record `clock.suspect` now if the time is wrong; raises `JournalUnwritable`."""
    last = journal.last()
    at, mono_ns, boot = runtime.now(), runtime.mono_ns(), runtime.boot_id
    fault = clock_fault(last, at=at, mono_ns=mono_ns, boot=boot)
    if fault is not None and last.clock != "suspect":
        journal.append(Draft(SUSPECT, fault))


def confirmation(last: Entry, now: datetime, *, actor: str, role: str) -> Draft:
    """An administrator confirms the time: the old and the new one stand in the entry."""
    data = {"old_at": moment(last.at), "new_at": moment(now)}
    return Draft(CONFIRMED, data, actor=actor, role=role)


def view(states: Mapping[str, State], last: Entry, now: datetime) -> ClockView:
    """What the entries say of the clock: `states` are the projection's, `last` the newest entry.

    Expiry is judged by the latest time known since the last `clock.confirmed`, or by `now` if that
    is later.
    """
    state = states.get(_KEY, {})
    times = [now, last.at]
    if isinstance(latest := state.get("latest_at"), str):
        times.append(datetime.fromisoformat(latest))
    return ClockView(suspect=state.get("suspect") is True, judged_at=max(times).astimezone(UTC))


def _reduce(old: State | None, entry: Entry) -> State:
    if entry.type == CONFIRMED:
        return {"suspect": False, "latest_at": moment(entry.at), "index": entry.index}
    times = [moment(entry.at), entry.data.get("last_at"), (old or {}).get("latest_at")]
    latest = max(time for time in times if isinstance(time, str))
    return {"suspect": True, "latest_at": latest, "index": entry.index}


CLOCK = Projection(
    name="clock",
    types=frozenset({SUSPECT, CONFIRMED}),
    key=lambda _: _KEY,
    reduce=_reduce,
)
