"""The oracle: what must hold in every run, judged from the laser's truth and the wire.

Each check is a function from evidence to sentences; its name is the rule's. Nothing here asks the
driver or the session what it thinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from devicelink_simulation.world.clinic import EVA, EVA_UNTIL_S, HIGHEST_PERCENT, INES
from devicelink_simulation.world.evidence import (
    EMISSION,
    ENDING_BITS,
    STARTING,
    Evidence,
    status_of,
)
from devicelink_simulation.world.operations import FAILURES
from devicelink_simulation.world.oracle_light import LIGHT_CHECKS
from devicelink_simulation.world.programs import CRASHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink.journal.entry import Entry
    from devicelink_simulation.world.evidence import Lit
    from devicelink_simulation.world.world import Ran

MS = 1_000_000
SECOND = 1_000_000_000
STOP_WITHIN_NS = 120 * MS
VISIBLE_WITHIN_NS = 350 * MS
"""From a word on the wire to the first byte that takes light away."""
DEATH_WITHIN_NS = 50 * MS
SILENCE_WITHIN_NS = 1_200 * MS
"""A host that says nothing for a second is taken for dead (design rule 13)."""
SEEN_WITHIN_NS = 1_050 * MS
LEASE_WITHIN_NS = 3_300 * MS
SOFT_GRACE_NS = 599 * SECOND
LOCK_WORDS = frozenset({"lock.confirmed", "lock.attested_off"})
READY_KINDS = frozenset({"unlock.intended", "ready.intended"})


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that did not hold, and where."""

    rule: str
    sentence: str


def judge(ran: Ran) -> list[Violation]:
    """Everything that did not hold in a run."""
    evidence = Evidence(ran)
    return [Violation(check.__name__, sentence) for check in CHECKS for sentence in check(evidence)]


def _s(at_ns: int) -> str:
    return f"{at_ns / SECOND:.4f} s"


def recorded_before_enabled(seen: Evidence) -> Iterator[str]:
    """Each EMON left behind a durable intent of its own, which nothing has ended since."""
    ends = {*LOCK_WORDS, "lock.unconfirmed", "session.closed", "standby.requested"}
    used: set[int] = set()
    for line in seen.sent:
        if line.text != "EMON":
            continue
        before = [
            entry
            for at_ns, process, entry in seen.acked.values()
            if process == line.process and at_ns <= line.at_ns
        ]
        intents = [entry for entry in before if entry.type == "ready.intended"]
        if not intents:
            yield f"EMON at {_s(line.at_ns)} without a durable ready.intended"
            continue
        intent = max(intents, key=lambda entry: entry.index)
        if intent.index in used:
            yield f"EMON at {_s(line.at_ns)} is the second under intent {intent.index}"
        used.add(intent.index)
        ended = [e for e in before if e.index > intent.index and e.type in ends]
        if ended:
            yield f"EMON at {_s(line.at_ns)} after {ended[0].type} had ended its intent"
        yield from _permit(seen, intent, line.at_ns)


def _permit(seen: Evidence, intent: Entry, sent_ns: int) -> Iterator[str]:
    """The verdict before an intent, the person, the settings, and what the laser really has."""
    mine = [e for e in seen.entries[: intent.index] if e.session == intent.session]
    verdicts = [e for e in mine if e.type.startswith("verdict.")]
    if not verdicts or verdicts[-1].type != "verdict.permitted":
        yield f"intent {intent.index} without a verdict that permits"
        return
    if verdicts[-1].data["facts"]["settings"]["settings_id"] != intent.data["settings_id"]:
        yield f"intent {intent.index} is for other settings than its verdict"
    if intent.actor not in {INES, EVA}:
        yield f"intent {intent.index} is by {intent.actor}, who is not certified"
    late = sent_ns > (EVA_UNTIL_S + 1) * SECOND and not seen.troubles("clock", "suspend")
    if intent.actor == EVA and late:
        yield f"intent {intent.index} is by {EVA}, whose certificate had run out"
    signed_in = [e for e in seen.entries[: intent.index] if e.type == "signin.succeeded"]
    if not any(e.actor == intent.actor for e in signed_in):
        yield f"intent {intent.index} is by {intent.actor}, who has not signed in"
    effective = verdicts[-1].data["facts"]["settings"]["effective"]
    lit = next((lit for lit in seen.enabled if lit.on_ns >= sent_ns), None)
    if lit is None or _another_cause(seen, sent_ns, lit.on_ns):
        return
    keys = ("diode_current_percent", "modulation", "supply", "fault")
    if seen.hands_between(sent_ns - 100 * MS, lit.on_ns, *keys):
        return
    if lit.drive_percent not in {0.0, float(effective["diode_current_percent"])}:
        yield f"judged at {effective}, lit at {lit.drive_percent} %"
    if (effective["trigger"] == "modulation") is not lit.gated:
        yield f"judged at {effective}, lit with the gate {lit.gated}"
    if lit.drive_percent > HIGHEST_PERCENT:
        yield f"lit at {lit.drive_percent} %, certified up to {HIGHEST_PERCENT} %"


def _another_cause(seen: Evidence, after_ns: int, until_ns: int) -> bool:
    """Whether something else than the host's EMON at `after_ns` enabled the laser, or ended it."""
    commands = seen.commands_between(after_ns, until_ns)
    sent = [line for line in seen.sent if after_ns < line.at_ns <= until_ns]
    return (
        seen.hands_between(after_ns, until_ns, "emission")
        or any(line.text in {"EMOFF", "EMON"} for line in sent)
        or not any(line.text == "EMON" for line, _ in commands)
    )


def nothing_lit_without_cause(seen: Evidence) -> Iterator[str]:
    """The laser is enabled only by an EMON or by a hand, later than the last confirmed lock."""
    locked = [
        (seen.at_mono(entry.data["began_mono_ns"], entry.boot), entry)
        for entry in seen.entries
        if entry.type == "lock.confirmed"
    ]
    for lit in seen.enabled:
        causes = [
            line.at_ns
            for line, _ in seen.commands_between(0, lit.on_ns)
            if line.text.strip().upper() == "EMON"
        ]
        causes += [at for at, key, value in seen.touched if (key, value) == ("emission", "on")]
        causes = [at for at in causes if at <= lit.on_ns]
        if not causes:
            yield f"enabled at {_s(lit.on_ns)} by nobody"
        elif not seen.troubles("suspend"):
            for locked_ns, entry in locked:
                between = max(causes) < locked_ns <= lit.on_ns
                if between and not seen.lied_between(locked_ns - 2 * SECOND, locked_ns):
                    yield f"enabled at {_s(lit.on_ns)} although locked by entry {entry.index}"


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
    hands = seen.hands_between(began_ns, ended_ns, "emission", "key", "unexpected_emission")
    if seen.is_enabled(ended_ns) and not hands:
        yield f"entry {entry.index} says locked at {_s(ended_ns)}, the laser was enabled"
    words = lock["words"]
    told = str(words.get("STA")) if isinstance(words, dict) else ""
    last_off_ns = seen.last_off_before(ended_ns) or 0
    answers = [
        status_of(reply)
        for line, reply in seen.commands_between(last_off_ns, ended_ns)
        if line.text == "STA"
    ]
    if told not in {str(answer) for answer in answers}:
        yield f"entry {entry.index} says locked on STA {told}, which was not asked after EMOFF"


def visible_trouble_ends_light(seen: Evidence) -> Iterator[str]:
    """What the wire shows of faults, interlocks, key or emission is answered by EMOFF."""
    spans = _unlocked_spans(seen)
    for line in seen.heard:
        number = status_of(line.text)
        if number is None or line.process not in spans:
            continue
        from_ns, to_ns = spans[line.process]
        if not from_ns <= line.at_ns <= to_ns or not number & ENDING_BITS:
            continue
        bound_ns = line.at_ns + VISIBLE_WITHIN_NS + seen.slack_ns()
        off_ns = seen.first_off_after(line.at_ns)
        if (off_ns is None or off_ns > bound_ns) and not _excused(
            seen, line.process, line.at_ns, bound_ns
        ):
            yield f"STA {number} was seen at {_s(line.at_ns)} and no EMOFF followed in time"


def _unlocked_spans(seen: Evidence) -> dict[int, tuple[int, int]]:
    """By process: from its first intent until its own lock, or its death."""
    spans: dict[int, tuple[int, int]] = {}
    for at_ns, process, entry in seen.acked.values():
        if entry.type == "unlock.intended" and process not in spans:
            died_ns = seen.processes[process].died_ns
            spans[process] = (at_ns, died_ns if died_ns is not None else seen.end_ns)
    for at_ns, process, entry in seen.acked.values():
        if process in spans and entry.type in {"lock.confirmed", "lock.unconfirmed"}:
            began_ns = seen.at_mono(entry.data["began_mono_ns"], entry.boot)
            spans[process] = (spans[process][0], min(spans[process][1], began_ns, at_ns))
    return spans


def _excused(seen: Evidence, process: int, after_ns: int, until_ns: int) -> bool:
    """The process could not act, or the port was gone and took no bytes."""
    return seen.disturbed(process, after_ns, until_ns) or bool(seen.troubles("power"))


def stops_act_at_once(seen: Evidence) -> Iterator[str]:
    """A stop ends the running wait: EMOFF leaves within a tenth of a second."""
    spans = _unlocked_spans(seen)
    for at_ns, screen in seen.ran.world.stops:
        process = screen.runtime.process.number if screen.runtime else 0
        if process not in spans or not spans[process][0] <= at_ns < spans[process][1]:
            continue
        bound_ns = at_ns + STOP_WITHIN_NS + seen.slack_ns()
        off_ns = seen.first_off_after(at_ns)
        late = off_ns is None or off_ns > bound_ns
        if late and not _excused(seen, process, at_ns, bound_ns) and not _unplugged(seen, bound_ns):
            yield f"stopped at {_s(at_ns)}, and no EMOFF left in time"


def _unplugged(seen: Evidence, until_ns: int) -> bool:
    return any(at_ns <= until_ns for at_ns in seen.unplugged)


def death_is_answered(seen: Evidence) -> Iterator[str]:
    """When its host dies while light is possible, the guard sends EMOFF within 50 ms."""
    for process in seen.processes.values():
        died_ns = process.died_ns
        if process.name != "session" or died_ns is None or not process.killed:
            continue
        lit = _possible_light(seen, process.number, died_ns)
        if lit is None or seen.troubles("power", "suspend") or _unplugged(seen, died_ns):
            continue
        if _port_refuses_guard(seen):
            continue
        guards = [
            p
            for p in seen.processes.values()
            if p.name == "guard"
            and p.parent == process.number
            and not (p.died_ns is not None and p.died_ns <= died_ns + DEATH_WITHIN_NS and p.killed)
            and not _frozen(seen, "guard", died_ns)
        ]
        off_ns = seen.first_off_after(died_ns)
        if guards and (off_ns is None or off_ns > died_ns + DEATH_WITHIN_NS):
            yield f"the session died at {_s(died_ns)} with light possible; no EMOFF followed"


def _port_refuses_guard(seen: Evidence) -> bool:
    """Whether the guard's own operations fail again and again; among them what it sends."""
    blows = [t.blow for t in seen.story.troubles if t.whom == "guard" and t.blow is not None]
    return any(blow.kind in FAILURES and blow.lasting for blow in blows)


def _possible_light(seen: Evidence, process: int, at_ns: int) -> str | None:
    """Whether this process's last word towards light is EMON."""
    words = [
        line.text
        for line in seen.sent
        if line.process == process and line.at_ns <= at_ns and line.text in {"EMON", "EMOFF"}
    ]
    return words[-1] if words and words[-1] == "EMON" else None


def _frozen(seen: Evidence, whom: str, at_ns: int) -> bool:
    return any(
        trouble.whom == whom
        and struck_ns <= at_ns + DEATH_WITHIN_NS
        and at_ns <= struck_ns + round(trouble.for_s * SECOND) + SECOND
        for struck_ns, trouble in seen.troubles("freeze")
    )


def silence_is_answered(seen: Evidence) -> Iterator[str]:
    """While light is possible the host speaks at least every second, or EMOFF is sent."""
    if seen.troubles("power", "suspend") or _unplugged(seen, seen.end_ns):
        return
    for lit in seen.enabled:
        if not _by_host(seen, lit) or _frozen(seen, "guard", lit.off_ns):
            continue
        inside = [line.at_ns for line in seen.sent if lit.on_ns <= line.at_ns <= lit.off_ns]
        marks = [lit.on_ns, *inside, lit.off_ns]
        gap_ns = max(b - a for a, b in pairwise(marks))
        if gap_ns > SILENCE_WITHIN_NS + seen.slack_ns():
            yield f"light possible from {_s(lit.on_ns)}, the host silent for {_s(gap_ns)}"


def _by_host(seen: Evidence, lit: Lit) -> bool:
    return not any(
        at_ns <= lit.on_ns and (key, value) == ("emission", "on")
        for at_ns, key, value in seen.touched
    )


def lease_holds_light(seen: Evidence) -> Iterator[str]:
    """A face that renews nothing for three seconds loses READY."""
    for struck_ns, trouble in seen.troubles("deaf"):
        for lit in seen.enabled:
            until_ns = struck_ns + round(trouble.for_s * SECOND)
            from_ns = max(struck_ns, lit.on_ns)
            dark_by_ns = from_ns + LEASE_WITHIN_NS + SECOND
            gone = _unplugged(seen, dark_by_ns)  # then nobody can reach it, and says so
            if dark_by_ns < min(until_ns, lit.off_ns) and _by_host(seen, lit) and not gone:
                yield f"nobody renewed from {_s(struck_ns)}; enabled until {_s(lit.off_ns)}"


def reported_was_answered(seen: Evidence) -> Iterator[str]:
    """Every state in the journal was the device's answer to a question asked just then."""
    statuses = [
        (line.at_ns, number) for line in seen.heard if (number := status_of(line.text)) is not None
    ]
    if seen.troubles("suspend"):
        return
    slack_ns = SEEN_WITHIN_NS + seen.slack_ns()
    for entry in seen.entries:
        reported: list[tuple[int, int, str]] = []
        if entry.type in {"standby.confirmed", "ready.confirmed"}:
            at_ns = seen.time_of(entry)
            reported = [(at_ns - slack_ns, at_ns + MS, entry.data["state"])]
        elif entry.type == "telemetry.recorded":
            asked = [seen.at_mono(ns, entry.boot) for ns in entry.data["mono_ns"]]
            reported = [
                (at_ns - MS, at_ns + SEEN_WITHIN_NS, state)
                for at_ns, state in zip(asked, entry.data["state"], strict=True)
            ]
        for from_ns, until_ns, state in reported:
            answers = [n for heard_ns, n in statuses if from_ns <= heard_ns <= until_ns]
            if not any(_shows(number, state) for number in answers):
                yield f"entry {entry.index} reports {state} at {_s(from_ns)}; nothing said so"


def _shows(number: int, state: str) -> bool:
    match state:
        case "READY" | "EMITTING":
            return bool(number & EMISSION) and not number & STARTING
        case "STANDBY":
            return not number & EMISSION and not number & STARTING
        case "ARMING":
            return bool(number & STARTING)
    return True


def latched_stays(seen: Evidence) -> Iterator[str]:
    """Nothing is intended towards light on a held device; only an acknowledgement lifts a hold."""
    holds: set[int] = set()
    for entry in seen.entries:
        if entry.type in {"device.held", "fault.latched"}:
            holds.add(entry.index)
        elif entry.type == "device.acknowledged":
            holds -= set(entry.data["holds"])
        elif entry.type in READY_KINDS and holds:
            yield f"entry {entry.index} intends light while {sorted(holds)} hold the device"


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


def acknowledged_stays(seen: Evidence) -> Iterator[str]:
    """An entry whose append returned is there for ever, byte for byte."""
    book = seen.ran.world.book
    for entry in (entry for each in book.acknowledged for entry in each.entries):
        if entry.index >= len(seen.entries):
            yield f"entry {entry.index} ({entry.type}) was acknowledged and is lost"
        elif seen.entries[entry.index].raw != entry.raw:
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


def programs_end_as_told(seen: Evidence) -> Iterator[str]:
    """No traceback, no program that does not end, and an exit code that says what is so."""
    yield from seen.ran.world.people.late
    for screen in seen.ran.world.book.screens:
        if screen.result is not None and screen.result.end.code == "internal":
            yield screen.result.end.sentence
    for process in seen.processes.values():
        if process.error is not None:
            yield f"a thread of {process.name} failed: {process.error!r}"
    for end in seen.ran.world.book.exits:
        if end.code == CRASHED:
            yield f"{end.program} failed: {end.sentence}"
        locked = end.program in {"session", "lock"} and end.code in {0, 1}
        if locked and end.program == "lock" and end.code == 1:
            continue
        lit = seen.is_enabled(end.at_ns) if locked else None
        if lit is None or seen.lied_between(lit.on_ns, end.at_ns):
            continue
        if _by_host(seen, lit) and _possible_light(seen, end.process, end.at_ns):
            yield f"{end.program} ended with {end.code} at {_s(end.at_ns)}, the laser enabled"


def soft_ends_wait(seen: Evidence) -> Iterator[str]:
    """What runs out softly ends a session in STANDBY, or ten minutes later."""
    results = {s.result.session: s for s in seen.ran.world.book.screens if s.result is not None}
    for entry in seen.entries:
        if entry.type != "session.closed" or entry.data["end"]["kind"] != "soft":
            continue
        screen = results.get(str(entry.session))
        phase = screen.phases[-1][1].value if screen and screen.phases else ""
        judged = [
            e.data["ends"]["soft"]
            for e in seen.entries
            if e.type == "unlock.intended" and e.session == entry.session
        ]
        due = min((end["due_mono_ns"] for end in judged[-1]), default=0) if judged else 0
        if phase in {"READY", "ARMING"} and entry.mono_ns - due < SOFT_GRACE_NS:
            yield f"entry {entry.index}: a soft end acted in {phase}"


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
        if lit is not None and _by_host(seen, lit) and lit.on_ns < until_ns and not lied:
            yield f"entry {entry.index} says dark from {_s(until_ns)}; enabled then"


def clocks_end_nothing(seen: Evidence) -> Iterator[str]:
    """A wall clock that jumps ends no running session."""
    if not seen.story.troubles or any(t.kind != "clock" for t in seen.story.troubles):
        return
    known = {"ended", "stop", "refused", "control_held", "left_ready"}
    for entry in seen.entries:
        if entry.type == "session.closed" and entry.data["end"]["code"] not in known:
            soft = entry.data["end"]["kind"] == "soft"
            if not (soft and entry.data["end"]["code"].startswith("certificate")):
                yield f"entry {entry.index} ends by {entry.data['end']} when the clock jumped"


def all_is_well_without_trouble(seen: Evidence) -> Iterator[str]:
    """The last session, with every cause gone, works as it should."""
    if not seen.ran.world.people.put_right:
        return
    screens = seen.ran.world.book.screens
    last = screens[-1] if screens else None
    if last is None or last.result is None or last.result.end.code != "ended":
        said = last.said if last else "nobody came"
        why = last.result.end if last and last.result else None
        yield f"the session after everything was put right did not work: {why} {said}"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    recorded_before_enabled,
    nothing_lit_without_cause,
    locked_is_dark,
    visible_trouble_ends_light,
    stops_act_at_once,
    death_is_answered,
    silence_is_answered,
    lease_holds_light,
    reported_was_answered,
    latched_stays,
    graver_ends_latch,
    acknowledged_stays,
    everything_is_closed,
    programs_end_as_told,
    soft_ends_wait,
    interrupted_says_when,
    clocks_end_nothing,
    all_is_well_without_trouble,
    *LIGHT_CHECKS,
)
