"""What the rules share: times, bounds, and who could not act."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_simulation.world.evidence import Evidence, Lit
    from devicelink_simulation.world.wires.contract import Frame

MS = 1_000_000
SECOND = 1_000_000_000
DEATH_WITHIN_NS = 50 * MS
VISIBLE_WITHIN_NS = 350 * MS
"""From a word on the wire to the first byte that takes light away."""
LOST_REPLY_NS = 500 * MS
"""A reply that does not come is waited for so long, before another can be told from it."""
GUARD_MISSED_NS = 1_200 * MS
"""A guard that is gone is noticed at the next beat."""


def at_s(at_ns: int) -> str:
    """A time of the world, for people."""
    return f"{at_ns / SECOND:.4f} s"


def answer_by(seen: Evidence, process: int, at_ns: int) -> int:
    """Until when a process answers a word of the laser's with a byte that takes light away.

    It hears the rest of what it was asking first; one reply of that may be lost.
    """
    bound_ns = at_ns + VISIBLE_WITHIN_NS + seen.slack_ns()
    lost = seen.longest_wait(process, at_ns, bound_ns) > VISIBLE_WITHIN_NS / 2
    return bound_ns + LOST_REPLY_NS * lost


def unplugged(seen: Evidence, until_ns: int) -> bool:
    """Whether the cable had been out by then."""
    return any(at_ns <= until_ns for at_ns in seen.unplugged)


def frozen(seen: Evidence, whom: str, at_ns: int) -> bool:
    """Whether such a process was stopped then, or had been a second before."""
    return any(
        trouble.whom == whom
        and struck_ns <= at_ns + DEATH_WITHIN_NS
        and at_ns <= struck_ns + round(trouble.for_s * SECOND) + SECOND
        for struck_ns, trouble in seen.troubles("freeze")
    )


def by_host(seen: Evidence, lit: Lit) -> bool:
    """Whether light was this host's doing: nobody else had started emission."""
    return not seen.lit_by_others(0, lit.on_ns)


def possible_light(seen: Evidence, process: int, at_ns: int) -> Frame | None:
    """This process's last word towards or away from light, where that is one that enables."""
    on = _last(seen.ons, process, at_ns)
    off = _last(seen.offs, process, at_ns)
    return on if on is not None and (off is None or off.at_ns < on.at_ns) else None


def _last(frames: list[Frame], process: int, at_ns: int) -> Frame | None:
    own = (frame for frame in reversed(frames) if frame.process == process)
    return next((frame for frame in own if frame.at_ns <= at_ns), None)


def unlocked_spans(seen: Evidence) -> dict[int, tuple[int, int]]:
    """By process: from its first intent until its own lock, or its death.

    A lock that the journal could not take is recorded later, by another process.
    """
    spans: dict[int, tuple[int, int]] = {}
    owners: dict[str | None, int] = {}
    for at_ns, process, entry in seen.acked.values():
        if entry.type == "unlock.intended" and process not in spans:
            died_ns = seen.processes[process].died_ns
            spans[process] = (at_ns, died_ns if died_ns is not None else seen.end_ns)
            owners[entry.session] = process
    for at_ns, recorder, entry in seen.acked.values():
        process = owners.get(entry.session, recorder)
        if process in spans and entry.type in {"lock.confirmed", "lock.unconfirmed"}:
            began_ns = seen.at_mono(entry.data["began_mono_ns"], entry.boot)
            spans[process] = (spans[process][0], min(spans[process][1], began_ns, at_ns))
    return spans


def excused(seen: Evidence, process: int, after_ns: int, until_ns: int) -> bool:
    """The process could not act, or its bytes were refused."""
    return (
        seen.disturbed(process, after_ns, until_ns)
        or bool(seen.troubles("power"))
        or seen.lost_port(process, until_ns)
    )
