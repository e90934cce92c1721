"""What must hold of how sessions and programs end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_simulation.world.judging import SECOND, at_s, by_host, possible_light
from devicelink_simulation.world.programs import CRASHED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_simulation.world.evidence import Evidence

SOFT_GRACE_NS = 599 * SECOND


def graver_ends_latch(seen: Evidence) -> Iterator[str]:
    """Faults, unexpected emission and a held control leave the device held."""
    latching = {"fault", "unexpected_emission", "control_held", "no_answer", "link_lost"}
    latched = {entry.session for entry in seen.entries if entry.type == "fault.latched"}
    unlocked = {entry.session for entry in seen.entries if entry.type == "unlock.intended"}
    for entry in seen.entries:
        if entry.type != "session.closed" or entry.session not in unlocked:
            continue
        if entry.data["end"]["code"] in latching - {"no_answer"} and entry.session not in latched:
            yield f"entry {entry.index} ends by {entry.data['end']['code']} and latches nothing"


def soft_ends_wait_for_standby(seen: Evidence) -> Iterator[str]:
    """What runs out softly ends a session in STANDBY, or ten minutes later."""
    for entry in seen.entries:
        if entry.type != "session.closed" or entry.data["end"]["kind"] != "soft":
            continue
        mine = [e for e in seen.entries if e.session == entry.session]
        steps = [e.type for e in mine if e.type.startswith(("ready.", "standby."))]
        unlocked = [e for e in mine if e.type == "unlock.intended"]
        due_ns = min(
            (end["due_mono_ns"] for e in unlocked for end in e.data["ends"]["soft"]), default=0
        )
        if steps and steps[-1].startswith("ready.") and entry.mono_ns - due_ns < SOFT_GRACE_NS:
            yield f"entry {entry.index}: a soft end acted in READY"


def clocks_end_nothing(seen: Evidence) -> Iterator[str]:
    """A wall clock that jumps ends no running session."""
    if not seen.story.troubles or any(t.kind != "clock" for t in seen.story.troubles):
        return
    known = {"ended", "stop", "refused", "control_held", "left_ready"}
    for entry in seen.entries:
        if entry.type == "session.closed" and entry.data["end"]["code"] not in known:
            soft = entry.data["end"]["kind"] == "soft"
            by_hand = seen.account is None and seen.hands_between(
                0, seen.time_of(entry), seen.hands.touches_light
            )
            if not (soft and entry.data["end"]["code"].startswith("certificate")) and not by_hand:
                yield f"entry {entry.index} ends by {entry.data['end']} when the clock jumped"


def programs_end_as_told(seen: Evidence) -> Iterator[str]:
    """No traceback, no program that does not end, and an exit code that says what is so."""
    yield from seen.ran.world.people.late
    for screen in seen.screens:
        if screen.result is not None and screen.result.end.code == "internal":
            yield screen.result.end.sentence
    for process in seen.processes.values():
        if process.error is not None:
            yield f"a thread of {process.name} failed: {process.error!r}"
    for end in seen.exits:
        if end.code == CRASHED:
            yield f"{end.program} failed: {end.sentence}"
        locked = end.program in {"session", "lock"} and end.code in {0, 1}
        if locked and end.program == "lock" and end.code == 1:
            continue
        lit = seen.is_enabled(end.at_ns) if locked else None
        if lit is None or seen.lied_between(lit.on_ns, end.at_ns):
            continue
        if by_host(seen, lit) and possible_light(seen, end.process, end.at_ns):
            yield f"{end.program} ended with {end.code} at {at_s(end.at_ns)}, the laser enabled"


def lock_tells_the_truth(seen: Evidence) -> Iterator[str]:
    """`lock` ends with 0 only when the laser is dark."""
    for end in seen.exits:
        lit = seen.is_enabled(end.at_ns) if (end.program, end.code) == ("lock", 0) else None
        if lit is None or not by_host(seen, lit):
            continue
        if not seen.lied_between(lit.on_ns, end.at_ns):
            yield f"lock ended with 0 at {at_s(end.at_ns)}, the laser enabled"


def all_is_well_without_trouble(seen: Evidence) -> Iterator[str]:
    """The last session, with every cause gone, works as it should."""
    if not seen.ran.world.people.put_right:
        return
    screens = seen.screens
    last = screens[-1] if screens else None
    if last is None or last.result is None or last.result.end.code != "ended":
        said = last.said if last else "nobody came"
        why = last.result.end if last and last.result else None
        yield f"the session after everything was put right did not work: {why} {said}"


RULES = (
    graver_ends_latch,
    soft_ends_wait_for_standby,
    clocks_end_nothing,
    programs_end_as_told,
    lock_tells_the_truth,
    all_is_well_without_trouble,
)
