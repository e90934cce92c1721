"""More of the oracle: what has to come before light, what has to end it, and what is kept of it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from devicelink_simulation.world.clinic import EVA, EVA_UNTIL_S, INES
from devicelink_simulation.world.evidence import (
    EMISSION,
    ENDING_BITS,
    REMOTE,
    UNEXPECTED,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink_simulation.world.evidence import Evidence, Line

MS = 1_000_000
SECOND = 1_000_000_000
GUARD_MISSED_NS = 1_200 * MS
"""A guard that is gone is noticed at the next beat."""
STALE_WITHIN_NS = 2_200 * MS
"""A second without an answer, and the questions that were then under way."""
UNRECORDED_WITHIN_NS = 2_500 * MS
"""What is read in READY is recorded every second, so a disk that fails is met soon."""
HELD_NS = 400 * MS
HELD_WITHIN_NS = 350 * MS
SILENCE_NS = 499 * MS
"""How long a wire has to be silent before a question needs no marker."""
SOFT_GRACE_NS = 599 * SECOND
NOT_LOCKED = EMISSION | UNEXPECTED | REMOTE
QUESTIONS = frozenset({"STA", "ROP", "RCT", "RCS", "RNC", "RFWS", "RDC"})
REFUSALS = ("ERR", "BCMD", "COMMAND ERR")


def guarded_before_enabled(seen: Evidence) -> Iterator[str]:
    """EMON leaves only while a guard of the same session stands by."""
    guards = [process for process in seen.processes.values() if process.name == "guard"]
    for line in _enables(seen):
        if not any(
            guard.parent == line.process
            and (guard.died_ns is None or guard.died_ns > line.at_ns - GUARD_MISSED_NS)
            for guard in guards
        ):
            yield f"EMON at {_s(line.at_ns)} without a guard"


def never_enabled_in_trouble(seen: Evidence) -> Iterator[str]:
    """The last status before EMON showed no fault, interlock, key or unexpected emission."""
    for line in _enables(seen):
        heard = [
            number
            for each in seen.heard
            if each.process == line.process
            and each.at_ns <= line.at_ns
            and (number := status_of(each.text)) is not None
        ]
        if heard and heard[-1] & ENDING_BITS:
            yield f"EMON at {_s(line.at_ns)} after STA {heard[-1]}"


def locked_by_its_words(seen: Evidence) -> Iterator[str]:
    """LOCKED is said only on a status that shows the laser dark and under the host's control."""
    for entry in seen.entries:
        line = entry.data.get("line") if entry.type == "guard.acted" else None
        lock = entry.data if entry.type == "lock.confirmed" else None
        if isinstance(line, dict) and line.get("what") == "confirmed":
            lock = line["lock"]
        if lock is None:
            continue
        told = status_of(f"STA: {(lock['words'] or {}).get('STA')}")
        if told is None or told & NOT_LOCKED:
            yield f"entry {entry.index} says locked on STA {told}"


def silent_laser_is_locked(seen: Evidence) -> Iterator[str]:
    """A laser that has not told its status for a second is not left READY."""
    if seen.troubles("power", "suspend", "freeze", "terminal") or _unplugged(seen):
        return
    for line in _enables(seen):
        until_ns = min(
            seen.first_off_after(line.at_ns) or seen.end_ns,
            seen.processes[line.process].died_ns or seen.end_ns,
        )
        told = [
            each.at_ns
            for each in seen.heard
            if line.at_ns <= each.at_ns <= until_ns
            and each.process == line.process
            and status_of(each.text) is not None
        ]
        marks = [line.at_ns, *told, until_ns]
        gap_ns = max(b - a for a, b in pairwise(marks))
        if gap_ns > STALE_WITHIN_NS + seen.slack_ns():
            yield f"enabled at {_s(line.at_ns)}, no status for {_s(gap_ns)} and no EMOFF"


def unrecorded_light_ends(seen: Evidence) -> Iterator[str]:
    """When the disk takes nothing any more, READY ends."""
    if seen.troubles("power", "suspend", "freeze", "terminal") or _unplugged(seen):
        return
    for struck_ns, trouble in seen.troubles("full", "io_error"):
        fails_until_ns = struck_ns + round(trouble.for_s * SECOND)
        for lit in seen.enabled:
            from_ns = max(struck_ns, lit.on_ns)
            dark_by_ns = from_ns + UNRECORDED_WITHIN_NS + seen.slack_ns()
            off_ns = seen.first_off_after(from_ns) or seen.end_ns
            by_hand = seen.hands_between(0, lit.on_ns, "emission")
            if dark_by_ns < min(fails_until_ns, lit.off_ns, off_ns) and not by_hand:
                yield f"the disk failed at {_s(struck_ns)}; EMOFF only at {_s(off_ns)}"


def held_control_ends_light(seen: Evidence) -> Iterator[str]:
    """Output seen before READY has stood for half a second is answered by EMOFF."""
    if seen.troubles("fault", "power", "suspend", "freeze", "terminal", "kill"):
        return
    readies = [entry for entry in seen.entries if entry.type == "ready.confirmed"]
    for line in _enables(seen):
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
        for each in seen.heard:
            if each.process != line.process or not _shows_output(each.text):
                continue
            off_ns = seen.first_off_after(line.at_ns) or seen.end_ns
            bound_ns = each.at_ns + HELD_WITHIN_NS + seen.slack_ns()
            if line.at_ns <= each.at_ns <= stood_ns + HELD_NS and off_ns > bound_ns:
                yield f"output seen at {_s(each.at_ns)}, too early; no EMOFF followed in time"
                break


def only_certified_intend(seen: Evidence) -> Iterator[str]:
    """Nothing is intended towards light by somebody without a certificate that is in date."""
    clear = not seen.troubles("clock", "suspend")
    for entry in seen.entries:
        if entry.type not in {"unlock.intended", "ready.intended"}:
            continue
        late = clear and seen.time_of(entry) > (EVA_UNTIL_S + 1) * SECOND
        if entry.actor not in {INES, EVA} or (entry.actor == EVA and late):
            yield f"entry {entry.index} intends light by {entry.actor}, who is not certified"


def doubt_is_settled(seen: Evidence) -> Iterator[str]:
    """After a question without an answer the next is asked behind a marker, or a silence."""
    for number in seen.processes:
        passed = sorted(
            [(at, True, data) for at, who, data in seen.ran.world.wire.sent if who == number]
            + [(at, False, data) for at, who, data in seen.ran.world.wire.heard if who == number],
            key=lambda each: each[:2],
        )
        yield from _unsettled(number, passed)


def _unsettled(number: int, passed: list[tuple[int, bool, bytes]]) -> Iterator[str]:
    asked, doubtful, rest, last_ns = "", False, "", 0
    for at_ns, was_sent, data in passed:
        if was_sent:
            rest = ""
            for word in filter(None, data.decode("latin-1").split("\r")):
                doubtful = doubtful or bool(asked)
                quiet = at_ns - last_ns >= SILENCE_NS
                if word in QUESTIONS and doubtful and not quiet:
                    yield f"{word} at {_s(at_ns)} by process {number}, after {asked} without answer"
                if word in QUESTIONS or word == "RFV":
                    asked, doubtful = word if word in QUESTIONS else "", False
        else:
            *lines, rest = (rest + data.decode("latin-1").upper()).split("\r")
            if asked and any(
                line == asked or line.startswith((asked + ":", *REFUSALS)) for line in lines
            ):
                asked = ""
        last_ns = at_ns


def soft_ends_wait_for_standby(seen: Evidence) -> Iterator[str]:
    """What runs out softly does not end a session between READY and standby."""
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


def lock_tells_the_truth(seen: Evidence) -> Iterator[str]:
    """`lock` ends with 0 only when the laser is dark."""
    for end in seen.ran.world.book.exits:
        lit = seen.is_enabled(end.at_ns) if (end.program, end.code) == ("lock", 0) else None
        if lit is None or seen.hands_between(0, lit.on_ns, "emission"):
            continue
        if not seen.lied_between(lit.on_ns, end.at_ns):
            yield f"lock ended with 0 at {_s(end.at_ns)}, the laser enabled"


def kept_facts_arrive(seen: Evidence) -> Iterator[str]:
    """What the journal could not take stands in it later, with a hold behind it."""
    for screen in seen.ran.world.book.screens:
        result = screen.result
        if result is None or not result.evidence_kept:
            continue
        if any("recorded nowhere" in sentence for sentence in screen.said):
            continue
        mine = [entry for entry in seen.entries if entry.session == result.session]
        closed = [e.index for e in mine if e.type == "session.closed" and "kept" in e.data]
        held = [
            e.index
            for e in mine
            if e.type == "device.held" and e.data["code"] == "evidence_incomplete"
        ]
        if not closed:
            yield f"the end of session {result.session} was kept, and never journalled"
        elif not held or held[-1] < closed[-1]:
            yield f"the kept facts of session {result.session} hold nothing"


def _enables(seen: Evidence) -> list[Line]:
    return [line for line in seen.sent if line.text == "EMON"]


def _unplugged(seen: Evidence) -> bool:
    return any(event["event"] == "unplugged" for event in seen.ran.world.truth.events)


def _shows_output(text: str) -> bool:
    word, colon, value = text.partition(":")
    number = value.strip().replace(".", "", 1)
    return word == "ROP" and bool(colon) and number.isascii() and number.isdigit()


def _s(at_ns: int) -> str:
    return f"{at_ns / SECOND:.4f} s"


LIGHT_CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    guarded_before_enabled,
    never_enabled_in_trouble,
    locked_by_its_words,
    silent_laser_is_locked,
    unrecorded_light_ends,
    held_control_ends_light,
    only_certified_intend,
    doubt_is_settled,
    soft_ends_wait_for_standby,
    lock_tells_the_truth,
    kept_facts_arrive,
)
