"""What must hold of the record: nothing lost, nothing told that was not answered, all closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_simulation.world.judging import MS, SECOND, at_s, by_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_simulation.world.evidence import Evidence

SEEN_WITHIN_NS = 1_050 * MS
_LOCK_MAX_NS = 4_000 * MS
"""So much later stands what a disk took only with the end of its session, behind a silent lock."""


def reported_was_answered(seen: Evidence) -> Iterator[str]:
    """Every state in the journal was the device's answer to a question asked just then."""
    if seen.troubles("suspend"):
        return
    slack_ns = SEEN_WITHIN_NS + seen.slack_ns()
    closed_ns = {seen.time_of(e) for e in seen.entries if e.type == "session.closed"}
    for entry in seen.entries:
        reported: list[tuple[int, int, str]] = []
        if entry.type in {"standby.confirmed", "ready.confirmed"}:
            at_ns = seen.happened_at(entry)
            late_ns = _LOCK_MAX_NS if seen.time_of(entry) in closed_ns else 0
            reported = [(at_ns - slack_ns - late_ns, at_ns + MS, entry.data["state"])]
        elif entry.type == "telemetry.recorded":
            asked = [seen.at_mono(ns, entry.boot) for ns in entry.data["mono_ns"]]
            reported = [
                (at_ns - MS, at_ns + SEEN_WITHIN_NS, state)
                for at_ns, state in zip(asked, entry.data["state"], strict=True)
            ]
        for from_ns, until_ns, state in reported:
            answers = [each.said for each in seen.told if from_ns <= each.at_ns <= until_ns]
            if not any(state not in said.denies for said in answers):
                yield f"entry {entry.index} reports {state} at {at_s(from_ns)}; nothing said so"


def acknowledged_stays(seen: Evidence) -> Iterator[str]:
    """An entry whose append returned is there for ever, byte for byte."""
    book = seen.ran.world.book
    for entry in (entry for each in book.acknowledged for entry in each.entries):
        if entry.index >= len(seen.journal):
            yield f"entry {entry.index} ({entry.type}) was acknowledged and is lost"
        elif seen.journal[entry.index].raw != entry.raw:
            yield f"entry {entry.index} ({entry.type}) is not what was acknowledged"


def everything_is_closed(seen: Evidence) -> Iterator[str]:
    """Every session ends closed or interrupted; nothing intended is left open; facts are kept."""
    yield from seen.ran.journal_problems
    opened: set[str | None] = set()
    intents: list[int] = []
    for entry in seen.entries:
        match entry.type:
            case "session.opened":
                opened.add(entry.session)
            case "session.closed" | "session.interrupted":
                opened.discard(entry.session)
            case "unlock.intended" | "ready.intended":
                intents.append(entry.index)
            case "lock.confirmed" | "lock.attested_off":
                intents.clear()
    if opened:
        yield f"{sorted(map(str, opened))} were never closed"
    if intents:
        yield f"the intents {intents} have no confirmed lock"
    left = [
        path
        for path in seen.ran.world.disk.files
        if "/kept/kept-" in path and path.endswith(".json")
    ]
    if left:
        yield f"{left} were never journalled"


def interrupted_says_when(seen: Evidence) -> Iterator[str]:
    """The interval in which light cannot be ruled out ends no earlier than the light."""
    if seen.troubles("suspend"):
        return
    for entry in seen.entries:
        if entry.type != "session.interrupted":
            continue
        until = entry.data["uncontrolled"].get("mono_ns")
        if until is None:
            continue
        until_ns = seen.at_mono(int(until), entry.data["uncontrolled"]["boot"])
        lit = seen.is_enabled(until_ns + MS)
        lied = seen.lied_between(until_ns - 2 * SECOND, until_ns)
        if lit is not None and by_host(seen, lit) and lit.on_ns < until_ns and not lied:
            yield f"entry {entry.index} says dark from {at_s(until_ns)}; enabled then"


def kept_facts_arrive(seen: Evidence) -> Iterator[str]:
    """What the journal could not take stands in it later, with a hold behind it."""
    for screen in seen.screens:
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


def doubt_is_settled(seen: Evidence) -> Iterator[str]:
    """After a question without an answer the next is asked behind a marker, or a silence."""
    for number in seen.processes:
        passed = [piece for piece in seen.passed if piece.process == number]
        for at_ns, question in seen.speech.unsettled(passed):
            yield f"{question} at {at_s(at_ns)} by {number}"


RULES = (
    reported_was_answered,
    acknowledged_stays,
    everything_is_closed,
    interrupted_says_when,
    kept_facts_arrive,
    doubt_is_settled,
)
