"""What must hold on the way to light: record, permit, person, guard, settings, holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_simulation.world.clinic import CERTIFIED, EVA, EVA_UNTIL_S
from devicelink_simulation.world.evidence import TOWARDS_LIGHT
from devicelink_simulation.world.judging import GUARD_MISSED_NS, MS, SECOND, at_s
from devicelink_simulation.world.wires.contract import Does

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.journal.entry import Entry
    from devicelink_simulation.world.evidence import Evidence

LOCK_WORDS = frozenset({"lock.confirmed", "lock.attested_off"})
READY_KINDS = frozenset({"unlock.intended", "ready.intended"})


def recorded_before_enabled(seen: Evidence) -> Iterator[str]:
    """Each enabling order left behind a durable intent, which carries it once and still holds."""
    ends = {*LOCK_WORDS, "lock.unconfirmed", "session.closed", "standby.requested"}
    used: set[tuple[int, str]] = set()
    for line in seen.ons:
        before = [
            entry
            for at_ns, process, entry in seen.acked.values()
            if process == line.process and at_ns <= line.at_ns
        ]
        intents = [entry for entry in before if entry.type == "ready.intended"]
        sent = f"{line.text} at {at_s(line.at_ns)}"
        if not intents:
            yield f"{sent} without a durable ready.intended"
            continue
        intent = max(intents, key=lambda entry: entry.index)
        if (intent.index, line.text) in used:
            yield f"{sent} is the second under intent {intent.index}"
        used.add((intent.index, line.text))
        ended = [e for e in before if e.index > intent.index and e.type in ends]
        if ended:
            yield f"{sent} after {ended[0].type} had ended its intent"
        yield from _permit(seen, intent, line.at_ns)


def _permit(seen: Evidence, intent: Entry, sent_ns: int) -> Iterator[str]:
    """The verdict before an intent, the person, the settings, and what the laser really has."""
    mine = [e for e in seen.journal[: intent.index] if e.session == intent.session]
    verdicts = [e for e in mine if e.type.startswith("verdict.")]
    if not verdicts or verdicts[-1].type != "verdict.permitted":
        yield f"intent {intent.index} without a verdict that permits"
        return
    if verdicts[-1].data["facts"]["settings"]["settings_id"] != intent.data["settings_id"]:
        yield f"intent {intent.index} is for other settings than its verdict"
    if intent.actor not in CERTIFIED:
        yield f"intent {intent.index} is by {intent.actor}, who is not certified"
    # the steps of one arming may come later: what runs out softly waits for the next standby
    late = seen.time_of(intent) > (EVA_UNTIL_S + 1) * SECOND
    late = late and not seen.troubles("clock", "suspend")
    if intent.actor == EVA and late:
        yield f"intent {intent.index} is by {EVA}, whose certificate had run out"
    signed_in = [e for e in seen.journal[: intent.index] if e.type == "signin.succeeded"]
    if not any(e.actor == intent.actor for e in signed_in):
        yield f"intent {intent.index} is by {intent.actor}, who has not signed in"
    effective = verdicts[-1].data["facts"]["settings"]["effective"]
    lit = next((lit for lit in seen.enabled if lit.on_ns >= sent_ns), None)
    if lit is None or _another_cause(seen, sent_ns, lit.on_ns):
        return
    keys = seen.hands.touches_settings | {"fault"}
    before_ns = sent_ns - 100 * MS
    changed = seen.hands_between(before_ns, lit.on_ns, keys)
    if not changed and not seen.foreign_between(before_ns, lit.on_ns):
        yield from seen.speech.lit_otherwise(effective, lit.facts, seen.highest)


def _another_cause(seen: Evidence, after_ns: int, until_ns: int) -> bool:
    """Whether something else than the order at `after_ns` enabled the laser, or ended it."""
    commands = seen.commands_between(after_ns, until_ns)
    sent = [line for line in (*seen.ons, *seen.offs) if after_ns < line.at_ns <= until_ns]
    return (
        seen.lit_by_others(after_ns, until_ns)
        or bool(sent)
        or not any(seen.speech.does(line.text) in TOWARDS_LIGHT for line, _ in commands)
    )


def nothing_lit_without_cause(seen: Evidence) -> Iterator[str]:
    """The laser is enabled only by an order or by a hand, later than the last confirmed lock."""
    locked = [
        (seen.last_status_before(seen.at_mono(entry.data["ended_mono_ns"], entry.boot)), entry)
        for entry in seen.entries
        if entry.type == "lock.confirmed"
    ]
    for lit in seen.enabled:
        causes = [
            line.at_ns
            for line, _ in seen.commands_between(0, lit.on_ns)
            if seen.speech.does(line.text) in TOWARDS_LIGHT
        ]
        causes += [at for at, key, value in seen.touched if (key, value) in seen.hands.lights]
        causes = [at for at in causes if at <= lit.on_ns]
        if not causes:
            yield f"enabled at {at_s(lit.on_ns)} by nobody"
        elif not seen.troubles("suspend"):
            for locked_ns, entry in locked:
                between = max(causes) < locked_ns <= lit.on_ns
                if between and not seen.lied_between(locked_ns - 2 * SECOND, locked_ns):
                    yield f"enabled at {at_s(lit.on_ns)} although locked by entry {entry.index}"


def guarded_before_enabled(seen: Evidence) -> Iterator[str]:
    """What enables leaves only while a guard of the same session stands by."""
    for line in seen.ons:
        if not any(
            guard.parent == line.process
            and (guard.died_ns is None or guard.died_ns > line.at_ns - GUARD_MISSED_NS)
            for guard in seen.guards
        ):
            yield f"{line.text} at {at_s(line.at_ns)} without a guard"


def never_enabled_in_trouble(seen: Evidence) -> Iterator[str]:
    """The last status before what enables showed no fault, interlock, key or strange emission."""
    for line in seen.ons:
        told = [
            each.said
            for each in seen.told
            if each.process == line.process and each.at_ns <= line.at_ns
        ]
        if told and told[-1].ends:
            yield f"{line.text} at {at_s(line.at_ns)} after {told[-1].word}"


def forbidden_never_leaves(seen: Evidence) -> Iterator[str]:
    """What makes light possible behind everybody's back is sent by nobody here."""
    for frame in seen.sent:
        if seen.speech.does(frame.text) is Does.FORBIDDEN:
            yield f"{frame.text} at {at_s(frame.at_ns)}"


def only_certified_intend(seen: Evidence) -> Iterator[str]:
    """Nothing is intended towards light by somebody without a certificate that is in date."""
    clear = not seen.troubles("clock", "suspend")
    for entry in seen.entries:
        if entry.type not in {"unlock.intended", "ready.intended"}:
            continue
        late = clear and seen.time_of(entry) > (EVA_UNTIL_S + 1) * SECOND
        if entry.actor not in CERTIFIED or (entry.actor == EVA and late):
            yield f"entry {entry.index} intends light by {entry.actor}, who is not certified"


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


RULES = (
    recorded_before_enabled,
    nothing_lit_without_cause,
    guarded_before_enabled,
    never_enabled_in_trouble,
    forbidden_never_leaves,
    only_certified_intend,
    latched_stays,
)
