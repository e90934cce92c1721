"""What must hold of consoles that keep account of themselves: permit, lease, foot, every pulse."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from devicelink_simulation.world.judging import MS, at_s
from devicelink_simulation.world.wires.contract import Does

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.journal.entry import Entry
    from devicelink_simulation.world.evidence import Evidence
    from devicelink_simulation.world.wires.contract import Account, Frame

DARK_WITHIN_NS = 100 * MS
"""From the end of a lease, or from a foot that lets go."""
REPORTS = frozenset({"scan.recorded", "pulses.recorded"})
OTHERWISE = frozenset({"fault", "power", "suspend", "freeze", "kill", "full", "io_error", "blow"})
"""Troubles for which a console may not be read to the end, or counts what nobody asked for."""


class _Shone(NamedTuple):
    """A time in which light left that somebody had triggered."""

    on_ns: int
    off_ns: int
    pulses: int


def light_has_a_permit_and_a_foot(seen: Evidence) -> Iterator[str]:
    """Light leaves only under a permit of ours and by a foot; it ends when the foot lets go."""
    if seen.account is None:
        return
    ours = {frame.text for frame in seen.sent}
    permits, _ = _taken(seen, seen.account)
    for light in _shone(seen):
        let_go_ns = _held_until(seen, light.on_ns)
        if let_go_ns is None:
            yield f"light at {at_s(light.on_ns)} without a foot"
        elif light.off_ns > let_go_ns + DARK_WITHIN_NS:
            yield f"light until {at_s(light.off_ns)}, the foot let go at {at_s(let_go_ns)}"
        before = [command for command, _ in permits if command.at_ns <= light.on_ns]
        if not before or before[-1].text not in ours:
            yield f"light at {at_s(light.on_ns)} without a permit of this station"


def light_keeps_within_its_lease(seen: Evidence) -> Iterator[str]:
    """Light begins only while a beat is fresh, and ends with the last one's lease."""
    account = seen.account
    if account is None or _struck(seen, account.outlive):
        return
    permits, beats = _taken(seen, account)
    for light in _shone(seen):
        leases = [lease_ns for command, lease_ns in permits if command.at_ns <= light.on_ns]
        fresh = [at_ns for at_ns in beats if at_ns <= light.on_ns]
        if not leases or not fresh or light.on_ns > fresh[-1] + leases[-1]:
            yield f"light at {at_s(light.on_ns)} without a lease"
            continue
        later = [at_ns for at_ns in beats if light.on_ns < at_ns < light.off_ns]
        bound_ns = leases[-1] + DARK_WITHIN_NS
        if any(b - a > bound_ns for a, b in pairwise([fresh[-1], *later, light.off_ns])):
            yield f"light until {at_s(light.off_ns)}, beyond the end of its lease"


def light_ends_when_told(seen: Evidence) -> Iterator[str]:
    """What darkens, once the laser has understood it, ends light at once."""
    if seen.account is None or seen.troubles("fault"):
        return
    told = [c.at_ns for c in seen.commands if seen.speech.does(c.text) is Does.DARKENS]
    for light in _shone(seen):
        inside = [at_ns for at_ns in told if light.on_ns < at_ns < light.off_ns]
        if inside and light.off_ns > inside[0] + DARK_WITHIN_NS:
            yield f"told to end light at {at_s(inside[0])}, lit until {at_s(light.off_ns)}"


def _struck(seen: Evidence, faults: frozenset[str]) -> bool:
    names = {
        trouble.value.partition("@")[0].partition(":")[0] for _, trouble in seen.troubles("fault")
    }
    return bool(names & faults)


def _taken(seen: Evidence, account: Account) -> tuple[list[tuple[Frame, int]], list[int]]:
    """Permits that the laser took, each with its lease; and when it took a beat."""
    permits, beats = [], []
    for command, reply in zip(seen.commands, seen.replies, strict=True):
        match seen.speech.does(command.text):
            case Does.PERMITS if (lease_ns := account.lease_ns(command.text, reply)) is not None:
                permits.append((command, lease_ns))
            case Does.SUSTAINS if account.takes(command.text, reply):
                beats.append(command.at_ns)
    return permits, beats


def _held_until(seen: Evidence, at_ns: int) -> int | None:
    """Until when the foot stays that is on the footswitch then; None where none is."""
    key, _, pressed = seen.hands.press.partition("=")
    turns = [(turned_ns, value) for turned_ns, name, value in seen.touched if name == key]
    before = [value for turned_ns, value in turns if turned_ns <= at_ns]
    if not before or before[-1] != pressed:
        return None
    let_go = (turned_ns for turned_ns, value in turns if turned_ns > at_ns and value != pressed)
    return next(let_go, seen.end_ns)


def _shone(seen: Evidence) -> Iterator[_Shone]:
    on_ns: int | None = None
    for event in seen.truth:
        if event.get("stray"):
            continue
        if event["event"] == "light_on":
            on_ns = event["mono_ns"]
        elif event["event"] == "light_off" and on_ns is not None:
            yield _Shone(on_ns, event["mono_ns"], event["pulses"])
            on_ns = None


def beats_show_what_was_read(seen: Evidence) -> Iterator[str]:
    """A beat carries the nonce of a status that its process had, and no event that it had not."""
    if seen.account is None:
        return
    account, does = seen.account, seen.speech.does
    nonces: set[tuple[int, str]] = set()
    events: dict[int, int] = {}
    shown = [frame for frame in seen.sent if does(frame.text) is Does.SUSTAINS]
    beating = {id(frame) for frame in shown}
    for frame in sorted((*seen.heard, *shown), key=lambda frame: frame.at_ns):
        who = frame.process
        if id(frame) in beating:
            read = account.shown(frame.text)
            if read is not None and (who, read.nonce) not in nonces:
                yield f"a beat at {at_s(frame.at_ns)} with a nonce that {who} never read"
            if read is not None and read.last_event > events.get(who, 0):
                yield f"a beat at {at_s(frame.at_ns)} with event {read.last_event}, never read"
            continue
        told = account.told(frame.text)
        if told is not None:
            nonces.add((who, told.nonce))
            events.setdefault(who, told.last_event)  # what came before it was there
        for number in account.events_in(frame.text):
            events[who] = max(number, events.get(who, 0))


def permits_follow_their_intent(seen: Evidence) -> Iterator[str]:
    """Each permit leaves behind a durable intent to unlock, which carries one and still holds."""
    used: set[int] = set()
    for frame in seen.sent:
        if seen.speech.does(frame.text) is not Does.PERMITS:
            continue
        before = [
            entry
            for at_ns, process, entry in seen.acked.values()
            if process == frame.process and at_ns <= frame.at_ns
        ]
        intents = [entry.index for entry in before if entry.type == "unlock.intended"]
        if not intents:
            yield f"a permit at {at_s(frame.at_ns)} without a durable unlock.intended"
            continue
        if max(intents) in used:
            yield f"a second permit at {at_s(frame.at_ns)} under intent {max(intents)}"
        used.add(max(intents))
        ends = {"lock.confirmed", "lock.unconfirmed", "session.closed"}
        if any(entry.type in ends and entry.index > max(intents) for entry in before):
            yield f"a permit at {at_s(frame.at_ns)} after its intent had ended"


def every_pulse_is_told_once(seen: Evidence) -> Iterator[str]:
    """What the counter moved on by is told: as reports of a session, or as unexplained."""
    if seen.account is None:
        return
    told: int | None = None
    recorded: dict[str | None, int] = {}
    for entry in seen.entries:
        if entry.type in REPORTS:
            pulses = entry.data["last_pulse"] - entry.data["first_pulse"] + 1
            recorded[entry.session] = recorded.get(entry.session, 0) + pulses
            continue
        if entry.type != "counter.reconciled" or entry.data["after"] is None:
            continue
        before, after, why = (entry.data[name] for name in ("before", "after", "why"))
        if why is not None:  # the counter itself is not to be trusted: everything begins anew
            told, recorded = after, {}
            continue
        unexplained = entry.data["unexplained"]
        if told is None:
            told, recorded = before, {entry.session: recorded.get(entry.session, 0)}
        told += sum(recorded.values()) + unexplained
        recorded = {}
        if told != after:
            yield f"entry {entry.index} tells {told} pulses by now, the counter {after}"
            told = after
        if unexplained < 0:
            yield f"entry {entry.index} tells {-unexplained} pulses more than were made"


def reports_leave_no_gap(seen: Evidence) -> Iterator[str]:
    """Reports of one session follow each other by number and by pulse, or a loss is told."""
    if seen.account is None:
        return
    last: dict[str | None, tuple[int, int]] = {}
    for entry in seen.entries:
        if entry.type == "device.reports_lost":
            last.pop(entry.session, None)
        elif entry.type in REPORTS:
            number, first = entry.data["report"], entry.data["first_pulse"]
            before = last.get(entry.session)
            if before is not None and number != before[0] + 1:
                yield f"entry {entry.index} is report {number}, after {before[0]}"
            elif before is not None and first <= before[1]:
                yield f"entry {entry.index} tells pulse {first} once more"
            elif before is not None and first > before[1] + 1 and not _interfered(seen):
                yield f"entry {entry.index} begins with pulse {first}, after {before[1]}"
            last[entry.session] = number, entry.data["last_pulse"]


def sessions_account_for_their_light(seen: Evidence) -> Iterator[str]:
    """Where nothing interfered, every pulse that left in a session stands in its reports."""
    if seen.account is None or _interfered(seen):
        return
    opened: dict[str | None, int] = {}
    for entry in seen.entries:
        if entry.type == "session.opened":
            opened[entry.session] = seen.time_of(entry)
        if entry.type != "session.closed" or entry.session not in opened:
            continue
        mine = [each for each in seen.entries if each.session == entry.session]
        made = sum(
            light.pulses
            for light in _shone(seen)
            if opened[entry.session] <= light.on_ns <= seen.time_of(entry)
        )
        told = sum(
            each.data["last_pulse"] - each.data["first_pulse"] + 1
            for each in mine
            if each.type in REPORTS
        )
        if made != told:
            yield f"session {entry.session} made {made} pulses and tells {told}"
        for each in mine:
            if (
                each.type == "counter.reconciled"
                and "of" not in each.data
                and each.data["unexplained"]
            ):
                yield f"entry {each.index} leaves {each.data['unexplained']} pulses unexplained"


def _interfered(seen: Evidence) -> bool:
    return any(trouble.kind in OTHERWISE for trouble in seen.story.troubles)


def strange_pulses_are_a_finding(seen: Evidence) -> Iterator[str]:
    """Pulses between two sessions are a finding of the next verdict."""
    for entry in seen.entries:
        if entry.type != "counter.reconciled" or "of" not in entry.data:
            continue
        if not entry.data["unexplained"]:
            continue
        verdict = _next_verdict(seen, entry)
        codes = {found["code"] for found in verdict.data["findings"]} if verdict else None
        if codes is not None and "counter_unexplained" not in codes:
            yield f"entry {entry.index} leaves pulses unexplained, and no finding says so"


def _next_verdict(seen: Evidence, after: Entry) -> Entry | None:
    return next(
        (
            entry
            for entry in seen.entries
            if entry.index > after.index
            and entry.session == after.session
            and entry.type.startswith("verdict.")
        ),
        None,
    )


RULES = (
    light_has_a_permit_and_a_foot,
    light_keeps_within_its_lease,
    light_ends_when_told,
    beats_show_what_was_read,
    permits_follow_their_intent,
    every_pulse_is_told_once,
    reports_leave_no_gap,
    sessions_account_for_their_light,
    strange_pulses_are_a_finding,
)
