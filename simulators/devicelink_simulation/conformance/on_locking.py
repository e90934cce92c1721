"""Checks of the way away from light: from every state, confirmed by read-back alone."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, DeviceLinkError
from devicelink.runtime import nanoseconds
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.check import check, hold, told
from devicelink_simulation.conformance.script import STEPS, hand, walked, watch
from devicelink_simulation.conformance.stages import Past

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_simulation.conformance.subject import Subject

_LATER_S = 10.0
_RISE_S = 0.5
_ONE_ROUND_NS = nanoseconds(0.05)
"""For the orders themselves to leave."""
_REDUCING = {CommandClass.REDUCES, CommandClass.QUERY}


def states(subject: Subject) -> Iterator[tuple[str, Bench, bool | None]]:
    """A bench in every state that the profile reaches; and whether a lock has to be confirmed.

    None where others are at the laser: then it only has to be true.
    """
    profile = subject.profile
    yield "a laser just connected", Bench(subject), True
    for name in STEPS:
        yield f"after {name}", walked(Bench(subject), name), True
    arming = walked(Bench(subject), "unlock")
    arming.driver.ready(arming.given, arming.token)
    hand(arming)
    yield "arming", arming, True
    yield "emitting", emitting(subject), True
    troubles = dict(profile.faults)
    if profile.interlock:
        troubles["the interlock open"] = profile.interlock
    for what, turns in troubles.items():
        bench = emitting(subject)
        bench.turn(turns)
        yield what, bench, True
    for what, turns in profile.beyond_control.items():
        bench = emitting(subject)
        bench.turn(turns)
        yield what, bench, False
    for what, turns in profile.lit_otherwise.items():
        bench = Bench(subject)
        bench.turn(turns)
        yield what, bench, None
    for what, values in profile.traps.items():
        yield what, Bench(subject, values=values), None


def emitting(subject: Subject) -> Bench:
    """READY with the hand pressed: light, by the truth."""
    bench = walked(Bench(subject), "ready")
    bench.turn(subject.profile.press)
    watch(bench, _RISE_S)
    hold(bench.story.lit or bench.story.times("light_on"), "The hand makes no light in READY.")
    return bench


@check("A lock works from every state, is confirmed by read-back, and then it is dark.")
def lock_from_every_state(subject: Subject) -> None:
    """By the truth, and it stays so; nothing but reducing commands and questions passes."""
    for what, bench, confirmable in states(subject):
        before, begun_ns = len(bench.link.asked), bench.time.mono_ns()
        outcome = bench.lock()
        for each in bench.link.asked[before:]:
            hold(each.kind in _REDUCING, f"{what}: the lock asked for {each.frame!r}, {each.kind}.")
        if outcome.confirmed:
            hold(bench.story.dark, f"{what}: confirmed locked, and the laser can make light.")
        bound_ns = nanoseconds(bench.driver.declaration.lock_bound_s)
        bench.turn(subject.profile.press)
        bench.pass_time(_LATER_S)
        if outcome.confirmed:
            hold(bench.story.dark, f"{what}: locked, and {_LATER_S:g} s later it can make light.")
        else:
            hold(outcome.why_not, f"{what}: the lock is not confirmed, and nobody says why.")
        if confirmable is False:
            hold(not outcome.confirmed, f"{what}: the laser is not ours to lock, and is locked.")
        elif confirmable:
            hold(outcome.confirmed, f"{what}: not confirmed locked: {outcome.why_not}.")
            late = [at for at in _ends(bench, begun_ns) if at > begun_ns + bound_ns + _ONE_ROUND_NS]
            hold(not late, f"{what}: light went later than the lock_bound_s declared.")


@check("Locking again changes nothing and is confirmed again.")
def lock_is_idempotent(subject: Subject) -> None:
    """Three times over, from light."""
    bench = emitting(subject)
    for count in range(3):
        outcome = bench.lock()
        hold(outcome.confirmed, f"Lock {count + 1} was not confirmed: {outcome.why_not}.")
        hold(bench.story.dark, f"After lock {count + 1} the laser can make light.")
        bench.pass_time(1.0)


@check("Every declared way takes the light by itself, with an order of its own.")
def each_way_takes_the_light(subject: Subject) -> None:
    """Within the declared bound."""
    declared = Bench(subject).driver.declaration
    hold(declared.lock_ways, "No way to take light away is declared.")
    orders: dict[bytes, str] = {}
    for number in range(len(declared.lock_ways)):
        bench = emitting(subject)
        way = bench.driver.declaration.lock_ways[number]
        bench.turn(subject.profile.ways.get(way.name, ()))
        watch(bench, _RISE_S)
        hold(not bench.story.dark, f"There is no light that {way.name} could take.")
        before = len(bench.port.writes)
        bench.link.method = f"reduce {way.name}"
        bench.driver.reduce(bench.given, way)
        wire = bench.driver.wire
        sent = [bench.bare(write.data) for write in bench.port.writes[before:]]
        reducing = [each for each in sent if wire.classify(each) is CommandClass.REDUCES]
        hold(reducing, f"The way {way.name} sends nothing that reduces.")
        hold(len(reducing) == len(sent), f"The way {way.name} sends more than reducing commands.")
        for order in reducing:
            twin = orders.setdefault(order, way.name)
            hold(twin == way.name, f"{way.name} and {twin} send the same order.")
        bench.pass_time(declared.lock_bound_s)
        hold(not bench.story.lit, f"The way {way.name} alone left the light on.")
        pulses = len(bench.story.times("light_on"))
        bench.pass_time(_LATER_S)
        went_on = len(bench.story.times("light_on")) > pulses
        hold(not went_on, f"After the way {way.name} alone the pulses went on.")


@check("An acknowledgement confirms no lock.")
def an_acknowledgement_locks_nothing(subject: Subject) -> None:
    """While commands are acknowledged and not carried out, a lock is never confirmed in light."""
    fault = subject.profile.only_acknowledges
    told(fault, "the fault that only acknowledges (only_acknowledges)")
    for until in ("ready", "press"):
        bench = emitting(subject) if until == "press" else walked(Bench(subject), until)
        bench.turn((("fault", str(fault)),))
        outcome = bench.lock()
        hold(not bench.story.dark, f"The fault {fault} did not keep the laser on.")
        hold(not outcome.confirmed, "The orders were acknowledged, the light is on: locked.")
        bench.turn((("fault", "none"),))
        hold(bench.lock().confirmed, "The laser obeys again, and the lock is not confirmed.")


@check("A status that is frozen confirms no lock while the laser can make light.")
def a_frozen_status_locks_nothing(subject: Subject) -> None:
    """Frozen in STANDBY before READY, and in READY."""
    fault = subject.profile.frozen
    told(fault, "the fault that freezes the status (frozen)")
    for until in ("unlock", "ready"):
        bench = walked(Bench(subject), until)
        bench.turn((("fault", str(fault)),))
        if until == "unlock":
            with contextlib.suppress(DeviceLinkError):
                bench.driver.ready(bench.given, bench.token)
            bench.pass_time(bench.driver.declaration.arming_bound_s)
        outcome = bench.lock()
        hold(
            bench.story.dark or not outcome.confirmed,
            f"The status froze after {until}: confirmed locked, and the laser can make light.",
        )


@check("A refused order is raised, the other ways are tried, and the lock is true all the same.")
def a_refused_order_is_raised(subject: Subject) -> None:
    """The strongest way is refused."""
    fault = subject.profile.refuses
    told(fault, "the fault that refuses the strongest way (refuses)")
    bench = emitting(subject)
    bench.turn((("fault", str(fault)),))
    try:
        bench.driver.reduce(bench.given, bench.driver.declaration.lock_ways[0])
    except DeviceFault:
        pass
    else:
        hold(so=False, sentence="The laser refused to switch off, and the driver did not say so.")
    outcome = bench.lock()
    tried = {attempt.way for attempt in outcome.attempts}
    hold(
        tried == {way.name for way in bench.driver.declaration.lock_ways},
        f"Only {', '.join(sorted(tried))} was tried.",
    )
    hold(bench.story.dark or not outcome.confirmed, "Confirmed locked, and it can make light.")


@check("The lock bytes alone darken the laser, after any half-written frame.")
def lock_bytes_alone_darken(subject: Subject) -> None:
    """As a guard sends them: raw, with whatever stands before them on the wire.

    Every beginning of every frame of a session, written to a laser that emits; and of those that
    enable in STANDBY too. Each time to a fresh laser which the bytes of one session, and its hands,
    brought there.
    """
    whole = walked(Bench(subject))
    whole.lock()
    declared = whole.driver.declaration
    hold(isinstance(declared.lock_bytes, bytes) and declared.lock_bytes, "No lock bytes.")
    halves = {frame[:cut] for frame in whole.sent for cut in range(len(frame))}
    lit = Past.of(emitting(subject))
    for half in sorted(halves):
        bench = lit.again(subject)
        hold(bench.story.lit or bench.story.times("light_on"), "The same bytes made no light.")
        _guarded(bench, half, declared.lock_bytes)
        bench.pass_time(declared.lock_bound_s)
        hold(bench.story.dark, f"After {half!r} the lock bytes left the laser able to make light.")
        bench.pass_time(_LATER_S)
        hold(bench.story.dark, f"After {half!r} and the lock bytes the laser armed again.")
    frame_break = whole.driver.wire.frame_break
    hold(declared.lock_bytes.startswith(frame_break), "The lock bytes end no half frame first.")
    enabling = {frame[:cut] for frame in whole.enabling() for cut in range(len(frame))}
    unlocked = walked(Bench(subject), "unlock")
    unlocked.turn(subject.profile.press)
    pressed = Past.of(unlocked)
    for half, then in itertools.product(sorted(enabling), (frame_break, declared.lock_bytes)):
        bench = pressed.again(subject)
        _guarded(bench, half, then)
        bench.pass_time(_LATER_S)
        hold(
            not bench.story.times("enabled", "light_on"),
            f"In STANDBY {half!r} and {then!r} together armed the laser.",
        )


@check("A lock after a half-written frame is confirmed, and true.")
def lock_after_half_a_frame(subject: Subject) -> None:
    """An owner died in mid-frame, and whoever comes after it knows nothing of that."""
    whole = walked(Bench(subject))
    for frame in dict.fromkeys(whole.enabling()):
        for cut in range(1, len(frame)):
            bench = emitting(subject)
            bench.port.write(frame[:cut])
            outcome = bench.lock()
            hold(outcome.confirmed, f"After {frame[:cut]!r}: not locked, {outcome.why_not}.")
            hold(bench.story.dark, f"After {frame[:cut]!r}: locked, and it can make light.")


def _guarded(bench: Bench, half: bytes, lock_bytes: bytes) -> None:
    if half:
        bench.port.write(half)
    bench.port.write(lock_bytes)


def _ends(bench: Bench, since_ns: int) -> list[int]:
    return [at for at in bench.story.times("light_off", "disabled") if at >= since_ns]


CHECKS = (
    lock_from_every_state,
    lock_is_idempotent,
    each_way_takes_the_light,
    an_acknowledgement_locks_nothing,
    a_frozen_status_locks_nothing,
    a_refused_order_is_raised,
    lock_bytes_alone_darken,
    lock_after_half_a_frame,
)
