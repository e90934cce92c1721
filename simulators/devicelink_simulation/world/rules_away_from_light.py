"""What must hold on the way back: what ends light, how soon, and when it may be called locked."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from devicelink_simulation.world.judging import (
    DEATH_WITHIN_NS,
    GUARD_MISSED_NS,
    MS,
    SECOND,
    VISIBLE_WITHIN_NS,
    answer_by,
    at_s,
    by_host,
    excused,
    frozen,
    possible_light,
    unlocked_spans,
    unplugged,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.journal.entry import Entry
    from devicelink_simulation.world.evidence import Evidence, Lit

STOP_WITHIN_NS = 120 * MS
SILENCE_WITHIN_NS = 1_200 * MS
"""A host that says nothing for a second is taken for dead (design rule 13)."""
LEASE_WITHIN_NS = 3_300 * MS
STALE_WITHIN_NS = 2_200 * MS
"""A second without an answer, and the questions that were then under way."""
UNRECORDED_WITHIN_NS = 2_500 * MS
"""What is read in READY is recorded every second, so a disk that fails is met soon."""
HELD_NS = 400 * MS
HELD_WITHIN_NS = 350 * MS


def locked_is_dark(seen: Evidence) -> Iterator[str]:
    """LOCKED is said only when it was so, on words that were asked for after the last order."""
    for entry in seen.entries:
        if entry.type == "lock.confirmed":
            yield from _locked(seen, entry, entry.data)
        line = entry.data.get("line") if entry.type == "guard.acted" else None
        if isinstance(line, dict) and line.get("what") == "confirmed":
            yield from _locked(seen, entry, line["lock"], boot=line["boot"])


def _locked(
    seen: Evidence, entry: Entry, lock: dict[str, object], boot: str | None = None
) -> Iterator[str]:
    if seen.troubles("suspend"):
        return
    began_ns = seen.at_mono(int(str(lock["began_mono_ns"])), boot or entry.boot)
    ended_ns = seen.at_mono(int(str(lock["ended_mono_ns"])), boot or entry.boot)
    if seen.lied_between(began_ns, ended_ns):
        return
    hands = seen.hands_between(began_ns, ended_ns, seen.hands.touches_light)
    if seen.is_enabled(ended_ns) and not hands:
        yield f"entry {entry.index} says locked at {at_s(ended_ns)}, the laser was enabled"
    words = lock["words"]
    told = seen.speech.lock_words(words) if isinstance(words, dict) else ()
    lockers = {off.process for off in seen.offs if began_ns <= off.at_ns <= ended_ns}
    guards = {guard.number for guard in seen.guards}
    own = {seen.process_of(entry)} if entry.type == "lock.confirmed" else guards
    lockers = lockers & own or lockers  # what was kept comes by another
    answers = {
        said.word
        for locker in lockers
        for line, reply in seen.commands_between(seen.last_off_of(locker, ended_ns), ended_ns)
        if seen.asks(line) and (said := seen.speech.said(reply, line.text)) is not None
    }
    for said in told:
        if said.word not in answers:
            yield f"entry {entry.index} says locked on {said.word}, not asked after the last order"


def locked_by_its_words(seen: Evidence) -> Iterator[str]:
    """LOCKED is said only on a status that shows the laser dark and under the host's control."""
    for entry in seen.entries:
        line = entry.data.get("line") if entry.type == "guard.acted" else None
        lock = entry.data if entry.type == "lock.confirmed" else None
        if isinstance(line, dict) and line.get("what") == "confirmed":
            lock = line["lock"]
        if lock is None:
            continue
        told = seen.speech.lock_words(lock["words"] or {})
        if not told or not all(said.may_be_locked for said in told):
            yield f"entry {entry.index} says locked on {lock['words']}"


_FROM = frozenset({"standby.confirmed", "session.closed"})


def visible_trouble_ends_light(seen: Evidence) -> Iterator[str]:
    """What the wire shows of faults, interlocks, key or emission is answered by what darkens.

    From STANDBY on: a session that does not get there ends within its bound. A status that comes
    after its deadline is dropped, and asked for again (design, "Concurrency").
    """
    spans = unlocked_spans(seen)
    acked = sorted((at, who) for at, who, entry in seen.acked.values() if entry.type in _FROM)
    standby = {who: at for at, who in reversed(acked)}
    for line in seen.told:
        if not line.said.ends or line.process not in spans:
            continue
        from_ns, to_ns = spans[line.process]
        if not max(from_ns, standby.get(line.process, from_ns)) <= line.at_ns <= to_ns:
            continue
        if not seen.was_awaited(line) or _is_locking(seen, line.process, line.at_ns):
            continue
        bound_ns = answer_by(seen, line.process, line.at_ns)
        off_ns = seen.first_off_after(line.at_ns)
        if (off_ns is None or off_ns > bound_ns) and not excused(
            seen, line.process, line.at_ns, bound_ns
        ):
            yield f"{line.said.word} was seen at {at_s(line.at_ns)}; nothing ended light in time"


def _is_locking(seen: Evidence, process: int, at_ns: int) -> bool:
    """Whether a process has just taken light away, and sent nothing that enables since."""
    enabling = possible_light(seen, process, at_ns)
    return enabling is None and seen.last_off_of(process, at_ns) > at_ns - VISIBLE_WITHIN_NS


def stops_act_at_once(seen: Evidence) -> Iterator[str]:
    """A stop ends the running wait: what darkens leaves within a tenth of a second."""
    spans = unlocked_spans(seen)
    for at_ns, screen in seen.ran.world.stops:
        if screen.serial != seen.serial:
            continue
        process = screen.runtime.process.number if screen.runtime else 0
        if process not in spans or not spans[process][0] <= at_ns < spans[process][1]:
            continue
        unwritable = screen.result is not None and screen.result.end.code == "journal"
        if unwritable or _is_locking(seen, process, at_ns):
            continue  # it had ended already
        bound_ns = at_ns + STOP_WITHIN_NS + seen.slack_ns()
        off_ns = seen.first_off_after(at_ns)
        late = off_ns is None or off_ns > bound_ns
        if late and not excused(seen, process, at_ns, bound_ns) and not unplugged(seen, bound_ns):
            yield f"stopped at {at_s(at_ns)}, and nothing that ends light left in time"


def death_is_answered(seen: Evidence) -> Iterator[str]:
    """When its host dies while light is possible, the guard takes it away within 50 ms."""
    for process in seen.processes.values():
        died_ns = process.died_ns
        if process.name != "session" or died_ns is None or not process.killed:
            continue
        enabling = possible_light(seen, process.number, died_ns)
        if enabling is None or seen.troubles("power", "suspend") or unplugged(seen, died_ns):
            continue
        own = [guard for guard in seen.guards if guard.parent == process.number]
        acted = any(seen.last_off_of(p.number, died_ns) > enabling.at_ns for p in own)
        if acted and not seen.is_enabled(died_ns):
            continue
        guards = [
            p
            for p in own
            if not (p.died_ns is not None and p.died_ns <= died_ns + DEATH_WITHIN_NS and p.killed)
            and not frozen(seen, "guard", died_ns)
            and not seen.lost_port(p.number, died_ns + DEATH_WITHIN_NS)
        ]
        off_ns = seen.first_off_after(died_ns)
        if guards and (off_ns is None or off_ns > died_ns + DEATH_WITHIN_NS):
            yield f"the session died at {at_s(died_ns)} with light possible; nothing ended it"


def silence_is_answered(seen: Evidence) -> Iterator[str]:
    """While light is possible the host speaks every second, or it is taken away."""
    if seen.troubles("power", "suspend") or unplugged(seen, seen.end_ns):
        return
    for lit in seen.enabled:
        if not by_host(seen, lit) or frozen(seen, "guard", lit.off_ns):
            continue
        if any(seen.lost_port(guard.number, lit.off_ns) for guard in seen.guards):
            continue
        if _left_alone(seen, lit):
            continue
        inside = [line.at_ns for line in seen.sent if lit.on_ns <= line.at_ns <= lit.off_ns]
        marks = [lit.on_ns, *inside, lit.off_ns]
        gap_ns = max(b - a for a, b in pairwise(marks))
        if gap_ns > SILENCE_WITHIN_NS + seen.slack_ns():
            yield f"light possible from {at_s(lit.on_ns)}, the host silent for {at_s(gap_ns)}"


def _left_alone(seen: Evidence, lit: Lit) -> bool:
    """Whether somebody killed the guard while its owner was held up, or dead: nobody is left."""
    owner = next((on.process for on in reversed(seen.ons) if on.at_ns <= lit.on_ns), 0)
    killed = [g.died_ns for g in seen.guards if g.parent == owner and g.killed]
    return any(
        died_ns is not None
        and died_ns <= lit.off_ns
        and seen.disturbed(owner, died_ns, died_ns + GUARD_MISSED_NS)
        for died_ns in killed
    )


def lease_holds_light(seen: Evidence) -> Iterator[str]:
    """A face that renews nothing for three seconds loses READY."""
    if seen.troubles("power"):
        return
    for struck_ns, trouble in seen.troubles("deaf"):
        for lit in seen.enabled:
            until_ns = struck_ns + round(trouble.for_s * SECOND)
            from_ns = max(struck_ns, lit.on_ns)
            dark_by_ns = seen.awake_ns(from_ns + LEASE_WITHIN_NS) + SECOND
            gone = unplugged(seen, dark_by_ns)  # then nobody can reach it, and says so
            if dark_by_ns < min(until_ns, lit.off_ns) and by_host(seen, lit) and not gone:
                yield f"nobody renewed from {at_s(struck_ns)}; enabled until {at_s(lit.off_ns)}"


def silent_laser_is_locked(seen: Evidence) -> Iterator[str]:
    """A laser that has not told its status for a second is not left READY."""
    if seen.troubles("power", "suspend", "freeze", "terminal") or unplugged(seen, seen.end_ns):
        return
    for line in seen.first_ons():
        until_ns = min(
            seen.first_off_after(line.at_ns) or seen.end_ns,
            seen.processes[line.process].died_ns or seen.end_ns,
        )
        told = [
            each.at_ns
            for each in seen.told
            if line.at_ns <= each.at_ns <= until_ns and each.process == line.process
        ]
        marks = [line.at_ns, *told, until_ns]
        gap_ns = max(b - a for a, b in pairwise(marks))
        if gap_ns > STALE_WITHIN_NS + seen.slack_ns():
            yield f"enabled at {at_s(line.at_ns)}, no status for {at_s(gap_ns)}, and not ended"


def held_control_ends_light(seen: Evidence) -> Iterator[str]:
    """Output seen before READY has stood for half a second ends light."""
    if seen.troubles("fault", "power", "suspend", "freeze", "terminal", "kill"):
        return
    outputs = [each for each in seen.heard if seen.speech.shows_output(each.text)]
    readies = [entry for entry in seen.entries if entry.type == "ready.confirmed"]
    for line in seen.ons if outputs else ():
        intents = [
            entry
            for at_ns, process, entry in seen.acked.values()
            if (process, entry.type) == (line.process, "ready.intended") and at_ns <= line.at_ns
        ]
        intent = max(intents, key=lambda entry: entry.index, default=None)
        if intent is None or intent.data.get("trigger") != "hardware":
            continue
        ready = next((e for e in readies if e.index > intent.index), None)
        stood_ns = seen.at_mono(ready.mono_ns, ready.boot) if ready else line.at_ns
        for each in outputs:
            if each.process != line.process:
                continue
            off_ns = seen.first_off_after(line.at_ns) or seen.end_ns
            bound_ns = each.at_ns + HELD_WITHIN_NS + seen.slack_ns()
            if line.at_ns <= each.at_ns <= stood_ns + HELD_NS and off_ns > bound_ns:
                yield f"output seen at {at_s(each.at_ns)}, too early; nothing ended it in time"
                break


def unrecorded_light_ends(seen: Evidence) -> Iterator[str]:
    """When the disk takes nothing any more, READY ends."""
    if seen.troubles("power", "suspend", "freeze", "terminal") or unplugged(seen, seen.end_ns):
        return
    for struck_ns, trouble in seen.troubles("full", "io_error"):
        fails_until_ns = struck_ns + round(trouble.for_s * SECOND)
        for lit in seen.enabled:
            from_ns = max(struck_ns, lit.on_ns)
            dark_by_ns = from_ns + UNRECORDED_WITHIN_NS + seen.slack_ns()
            off_ns = seen.first_off_after(from_ns) or seen.end_ns
            by_hand = not by_host(seen, lit)
            if dark_by_ns < min(fails_until_ns, lit.off_ns, off_ns) and not by_hand:
                yield f"the disk failed at {at_s(struck_ns)}; light ended only at {at_s(off_ns)}"


RULES = (
    locked_is_dark,
    locked_by_its_words,
    visible_trouble_ends_light,
    stops_act_at_once,
    death_is_answered,
    silence_is_answered,
    lease_holds_light,
    silent_laser_is_locked,
    held_control_ends_light,
    unrecorded_light_ends,
)
