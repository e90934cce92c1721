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


def light_has_permit_lease_and_foot(seen: Evidence) -> Iterator[str]:
    """Light leaves only under our permit, within a lease, by a foot; it ends with each of them."""
    if seen.account is None:
        return
    ours = {frame.text for frame in seen.sent}
    permits, beats = _taken(seen, seen.account)
    for light in _shone(seen):
        pressed = _held(seen, light.on_ns)
        if pressed is None:
            yield f"light at {at_s(light.on_ns)} without a foot"
        elif light.off_ns > pressed + DARK_WITHIN_NS:
            yield f"light until {at_s(light.off_ns)}, the foot let go at {at_s(pressed)}"
        before = [permit for permit in permits if permit[0].at_ns <= light.on_ns]
        if not before or before[-1][0].text not in ours:
            yield f"light at {at_s(light.on_ns)} without a permit of this station"
            continue
        from_ns, lease_ns = before[-1][0].at_ns, before[-1][1]
        times = [at_ns for at_ns in beats if from_ns <= at_ns <= light.off_ns]
        fresh_ns = max((at_ns for at_ns in times if at_ns <= light.on_ns), default=from_ns)
        if light.on_ns > fresh_ns + lease_ns or not times:
            yield f"light at {at_s(light.on_ns)} without a lease"
        dark_by_ns = max(times, default=from_ns) + lease_ns + DARK_WITHIN_NS
        gaps = pairwise([fresh_ns, *(at_ns for at_ns in times if at_ns > fresh_ns)])
        if light.off_ns > dark_by_ns or any(b - a > lease_ns + DARK_WITHIN_NS for a, b in gaps):
            yield f"light until {at_s(light.off_ns)}, beyond the end of its lease"


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


def _held(seen: Evidence, at_ns: int) -> int | None:
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
            if each.type == "counter.reconciled" and "of" not in each.data and each.data["unexplained"]:
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
    light_has_permit_lease_and_foot,
    beats_show_what_was_read,
    permits_follow_their_intent,
    every_pulse_is_told_once,
    reports_leave_no_gap,
    sessions_account_for_their_light,
    strange_pulses_are_a_finding,
)
