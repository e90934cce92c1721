"""The session's state table: everything that decides what comes next, and nothing else.

Theory of operation. `step(state, event)` returns the next state and the effects to carry out. It
is pure: time comes in with each event, and what an effect did comes back as another event. So the
procedure is a loop that carries out effects and feeds events, and any order of events, and a crash
between any two effects, can be tried without a laser.

Towards light there is one road, and each step on it is its own effect with its own answer::

    LOCKED ──Permitted──▶ Intend(unlock) ──Durable──▶ Send(unlock) ──Seen STANDBY──▶ STANDBY
    STANDBY ──AskReady──▶ Judge ──Permitted──▶ Intend(ready) ──Durable──▶ Send(ready)
            ──Seen READY──▶ READY

An enabling effect (`Send`) is only ever the answer to `Durable`, which carries the index of the
intent's entry; an event that does not fit the phase enables nothing. A laser that needs several
sends to arm gets each further one as the answer to a fresh read-back in ARMING that shows nothing
against it, under the same intent, until `Sent` says that nothing is left.

Away from light every phase has the same road: a hard end, a stop, a failed append or an unanswered
enable gives `Lock`, and only the outcome of that lock ends the session. A commanded state never
counts: `STANDBY` and `READY` are entered by `Seen`, a fresh read-back.

Ends are of two kinds (design rule 11). Hard ends lock at once. Soft ends are announced, take effect
at the next standby, and at the latest ten minutes after they fell due.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeGuard

from devicelink.driver import ControlShown, DeviceState, Shown, Status
from devicelink.runtime import nanoseconds, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

LEASE_NS = nanoseconds(3)
STALE_READY_NS = nanoseconds(1)
STALE_STANDBY_NS = nanoseconds(3)
SOFT_GRACE_NS = nanoseconds(600)
HELD_CONTROL_NS = nanoseconds(0.5)
STANDBY_BOUND_NS = nanoseconds(1)
STILL_SHOWN = (
    "The laser's own reading still shows the light before. Ask for READY again in {:.1f} s."
)


class Phase(StrEnum):
    """Where the session stands; the device's own state is what was last seen of it."""

    LOCKED = "LOCKED"
    UNLOCKING = "UNLOCKING"
    STANDBY = "STANDBY"
    ARMING = "ARMING"
    READY = "READY"
    LEAVING_READY = "LEAVING_READY"
    LOCKING = "LOCKING"
    ENDED = "ENDED"


LIGHT_POSSIBLE = frozenset({Phase.ARMING, Phase.READY, Phase.LEAVING_READY})
_UNLOCKED = frozenset({Phase.STANDBY, Phase.ARMING, Phase.READY})


class EndKind(StrEnum):
    """How a session came to its end."""

    PERSON = "person"
    TIME = "time"
    SOFT = "soft"
    HARD = "hard"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class End:
    """Why the session ends. `latch`: the device is held until a person acknowledges it."""

    code: str
    kind: EndKind
    sentence: str
    latch: bool = False


UNASKED_LIGHT = End(
    "unexpected_emission",
    EndKind.HARD,
    "The laser reports emission that this session did not ask for.",
    latch=True,
)


@dataclass(frozen=True, slots=True)
class SoftEnd:
    """Something that runs out: at `due_ns` on the monotonic clock."""

    code: str
    sentence: str
    due_ns: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the device's driver declares, and for how long it may report light that has ended."""

    arming_ns: int
    control_shown: ControlShown
    output_memory_ns: int = 0
    ready_at_the_laser: str | None = None
    """What a person does at the laser to make it READY; None where the order is enough."""


@dataclass(frozen=True, slots=True)
class State:
    """All that a decision may depend on."""

    phase: Phase
    bounds: Bounds
    since_ns: int
    seen_ns: int
    renewed_ns: int
    lit: bool = False
    """Whether output was seen since READY was last asked for."""
    soft_ends: tuple[SoftEnd, ...] = ()
    announced: tuple[str, ...] = ()
    judging: bool = False
    intending: str | None = None
    unsent: int | None = None
    """The entry of the intent towards READY, while the driver has more to send under it."""
    end: End | None = None
    locked: bool | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened at `at_ns` on the monotonic clock."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Permitted(Event):
    """The verdict permits; before unlock it brings what will run out."""

    soft_ends: tuple[SoftEnd, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedNow(Event):
    """The verdict refuses."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Durable(Event):
    """The intent of a step is durable as an entry."""

    step: str
    entry_index: int


@dataclass(frozen=True, slots=True)
class Sent(Event):
    """Something that enables has left; `all_of_it` where nothing of its step is left to send."""

    all_of_it: bool
    seen_ns: int = 0
    """Since when the laser was asked how it is, immediately before; 0 where it was not."""


@dataclass(frozen=True, slots=True)
class NotDurable(Event):
    """An entry could not be made durable."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """Something sent was refused, unanswered or not allowed."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Seen(Event):
    """A fresh read-back."""

    status: Status


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """Something outside ends the session: a stop, a lost link, a lost guard, planned time."""

    end: End


@dataclass(frozen=True, slots=True)
class RunsOut(Event):
    """Something that the session rests on has run out, as nobody knew at unlock: a soft end."""

    end: SoftEnd


@dataclass(frozen=True, slots=True)
class AskReady(Event):
    """The person asks for READY."""


@dataclass(frozen=True, slots=True)
class AskStandby(Event):
    """The person, or a changed setting, asks for STANDBY."""

    reason: str


@dataclass(frozen=True, slots=True)
class Renewed(Event):
    """The face renewed its lease."""


@dataclass(frozen=True, slots=True)
class Tick(Event):
    """Time passed."""


@dataclass(frozen=True, slots=True)
class LockTried(Event):
    """The lockdown is over."""

    confirmed: bool


class Effect:
    """Something to carry out."""


@dataclass(frozen=True, slots=True)
class Judge(Effect):
    """Take the verdict again, on facts read now; answered by `Permitted` or `RefusedNow`."""


@dataclass(frozen=True, slots=True)
class Intend(Effect):
    """Make the intent of a step durable; answered by `Durable` or `NotDurable`."""

    step: str


@dataclass(frozen=True, slots=True)
class Send(Effect):
    """Send what enables a step, once, under its intent's entry; answered by `Sent` or `Failed`."""

    step: str
    entry_index: int


@dataclass(frozen=True, slots=True)
class SendStandby(Effect):
    """Send what leads back to STANDBY; the read-back follows."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lock(Effect):
    """Lock every way until read back; answered by `LockTried`."""

    end: End


@dataclass(frozen=True, slots=True)
class Record(Effect):
    """Make a fact durable that light does not depend on; `NotDurable` where it fails."""

    type: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Announce(Effect):
    """Say something to the person."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Close(Effect):
    """Record how the lock ended and close the session."""

    end: End
    confirmed: bool


Effects = tuple[Effect, ...]


def calls_for_lock(status: Status | None) -> TypeGuard[Status]:
    """Whether a read-back ends a session in every phase: interlock, fault, key, wild light."""
    return status is not None and (
        status.unexpected_emission
        or status.interlock_closed is Shown.NO
        or status.reset_required
        or bool(status.faults)
        or status.state is DeviceState.FAULT
        or status.key_on is Shown.NO
    )


def shows_light(status: Status | None) -> TypeGuard[Status]:
    """Whether a read-back shows light, or what one control makes light: in a dark phase it ends."""
    return status is not None and (status.state.can_make_light or status.output_seen is Shown.YES)


def opened(bounds: Bounds, at_ns: int) -> State:
    """A session just opened on a laser that was read back locked."""
    return State(Phase.LOCKED, bounds, since_ns=at_ns, seen_ns=at_ns, renewed_ns=at_ns)


def step(state: State, event: Event) -> tuple[State, Effects]:
    """The next state, and what to do."""
    if state.phase is Phase.ENDED:
        return state, ()
    if state.phase is Phase.LOCKING:
        return _while_locking(state, event)
    match event:
        case Ended(end=end):
            return _lock(state, event, end)
        case NotDurable(sentence=sentence):
            return _lock(state, event, End("journal", EndKind.HARD, sentence))
        case Failed(sentence=sentence):
            sent = state.phase in {Phase.UNLOCKING, *LIGHT_POSSIBLE}
            return _lock(state, event, End("no_answer", EndKind.HARD, sentence, latch=sent))
        case Seen(status=status):
            return _seen(state, event, status)
        case Renewed(at_ns=at_ns):
            return _on_time(replace(state, renewed_ns=at_ns), event)
        case Permitted() | RefusedNow() | Durable() | Sent():
            return _towards_light(state, event)
        case RunsOut(end=end):
            return _on_time(replace(state, soft_ends=(*state.soft_ends, end)), event)
        case AskReady():
            return _ask_ready(state, event)
        case AskStandby(reason=reason):
            return _leave_ready(state, event, reason)
        case _:
            return _on_time(state, event)


def _while_locking(state: State, event: Event) -> tuple[State, Effects]:
    """Nothing but the lock's outcome counts any more."""
    if isinstance(event, LockTried) and state.end is not None:
        ended = replace(state, phase=Phase.ENDED, locked=event.confirmed)
        return ended, (Close(state.end, event.confirmed),)
    return state, ()


def _lock(state: State, event: Event, end: End) -> tuple[State, Effects]:
    locking = replace(
        state,
        phase=Phase.LOCKING,
        since_ns=event.at_ns,
        end=end,
        judging=False,
        intending=None,
        unsent=None,
    )
    return locking, (Lock(end),)


def _enter(state: State, event: Event, phase: Phase) -> State:
    return replace(state, phase=phase, since_ns=event.at_ns)


def _towards_light(state: State, event: Event) -> tuple[State, Effects]:
    match state.phase, event:
        case Phase.LOCKED, Permitted(soft_ends=soft_ends) if state.intending is None:
            return replace(state, soft_ends=soft_ends, intending="unlock"), (Intend("unlock"),)
        case Phase.LOCKED, RefusedNow(sentence=sentence):
            return _lock(state, event, End("refused", EndKind.REFUSED, sentence))
        case Phase.LOCKED, Durable(step="unlock", entry_index=index) if state.intending == "unlock":
            unlocking = _enter(state, event, Phase.UNLOCKING)
            unlocking = replace(unlocking, intending=None, seen_ns=event.at_ns)
            return unlocking, (Send("unlock", index),)
        case Phase.STANDBY, Permitted() if state.judging:
            return replace(state, judging=False, intending="ready"), (Intend("ready"),)
        case Phase.STANDBY, RefusedNow(sentence=sentence) if state.judging:
            return replace(state, judging=False), (Announce(sentence),)
        case Phase.STANDBY, Durable(step="ready", entry_index=index) if state.intending == "ready":
            now_ns = event.at_ns
            arming = _enter(state, event, Phase.ARMING)
            arming = replace(
                arming, intending=None, unsent=index, renewed_ns=now_ns, seen_ns=now_ns
            )
            asked = (state.bounds.ready_at_the_laser,) if state.bounds.ready_at_the_laser else ()
            return arming, (Send("ready", index), *map(Announce, asked))
        case _, Sent(all_of_it=all_of_it, seen_ns=seen_ns):
            seen = replace(state, seen_ns=max(state.seen_ns, seen_ns))
            return _on_time(replace(seen, unsent=None) if all_of_it else seen, event)
    return state, ()


def _ask_ready(state: State, event: Event) -> tuple[State, Effects]:
    """Only in STANDBY, and not while the laser's own reading may still show the light before.

    What is seen of that light in READY would be taken for a control that is held.
    """
    if state.phase is not Phase.STANDBY or state.judging or state.intending is not None:
        return state, (Announce("READY can only be asked for in STANDBY."),)
    left_ns = state.since_ns + state.bounds.output_memory_ns - event.at_ns
    if state.lit and left_ns > 0:
        return state, (Announce(STILL_SHOWN.format(seconds(left_ns))),)
    return replace(state, judging=True, lit=False), (Judge(),)


def _seen(state: State, event: Event, status: Status) -> tuple[State, Effects]:
    end = _hard_end(state, event, status)
    if end is not None:
        return _lock(state, event, end)
    lit = state.lit or status.output_seen is Shown.YES
    state = replace(state, seen_ns=event.at_ns, lit=lit)
    shown = {"state": status.state.value, "evidence": status.evidence.value}
    match state.phase:
        case Phase.UNLOCKING if status.state is DeviceState.STANDBY:
            return _enter(state, event, Phase.STANDBY), (Record("standby.confirmed", shown),)
        case Phase.LEAVING_READY if not status.state.can_make_light:
            return _enter(state, event, Phase.STANDBY), (Record("standby.confirmed", shown),)
        case Phase.ARMING if state.unsent is not None:
            due = _on_time(state, event)
            return due if due[1] else (state, (Send("ready", state.unsent),))
        case Phase.ARMING if _left_to_a_hand(state, status) and not _arming(state, event):
            return _leave_ready(state, event, "nobody made it READY at the laser in time")
        case Phase.ARMING if status.state in {DeviceState.READY, DeviceState.EMITTING}:
            return _enter(state, event, Phase.READY), (Record("ready.confirmed", shown),)
        case Phase.READY if status.state not in {DeviceState.READY, DeviceState.EMITTING}:
            return _leave_ready(state, event, "the laser left READY by itself")
    return _on_time(state, event)


def _arming(state: State, event: Event) -> bool:
    """Whether the laser still has time to become READY."""
    return event.at_ns - state.since_ns < state.bounds.arming_ns


def _left_to_a_hand(state: State, status: Status) -> bool:
    """Whether the laser waits in STANDBY for somebody to make it READY there: that is no fault."""
    return bool(state.bounds.ready_at_the_laser) and status.state is DeviceState.STANDBY


def _hard_end(state: State, event: Event, status: Status) -> End | None:
    """What a read-back shows that ends the session at once; the gravest first."""
    light = shows_light(status)
    dark_phase = state.phase not in LIGHT_POSSIBLE
    waiting = _arming(state, event) or _left_to_a_hand(state, status)
    young = state.phase is Phase.ARMING or event.at_ns - state.since_ns < HELD_CONTROL_NS
    hidden = state.bounds.control_shown is ControlShown.NO
    held = hidden and status.output_seen is Shown.YES and young
    held = held and state.phase in {Phase.ARMING, Phase.READY}
    pressed_too_early = state.phase is Phase.ARMING and status.control_pressed is Shown.YES
    pressed_too_early = pressed_too_early and not _left_to_a_hand(state, status)
    findings = (
        (
            status.unexpected_emission or (dark_phase and light),
            UNASKED_LIGHT,
        ),
        (
            held or pressed_too_early,
            End(
                "control_held",
                EndKind.HARD,
                "Light came before or with READY. Keep off the control until READY has stood.",
                latch=True,
            ),
        ),
        (
            status.interlock_closed is Shown.NO or status.reset_required,
            End(
                "interlock",
                EndKind.HARD,
                "The laser's interlock opened. Close it and reset the laser at its own panel.",
            ),
        ),
        (
            bool(status.faults) or status.state is DeviceState.FAULT,
            End(
                "fault",
                EndKind.HARD,
                "The laser reports a fault: "
                f"{', '.join(status.faults).replace('_', ' ') or 'not named'}.",
                latch=True,
            ),
        ),
        (
            status.key_on is Shown.NO,
            End(
                "key",
                EndKind.HARD,
                "The laser's key is not ON any more: the laser is not under our control. Turn it "
                "to ON at the laser.",
            ),
        ),
        (
            status.state is DeviceState.LOCKED and state.phase in _UNLOCKED,
            End(
                "laser_locked",
                EndKind.HARD,
                "The laser has gone back to LOCKED by itself. Look at its panel for the reason.",
            ),
        ),
        (
            state.phase is Phase.ARMING
            and not waiting
            and status.state not in {DeviceState.READY, DeviceState.EMITTING},
            End(
                "not_ready",
                EndKind.HARD,
                "The laser did not become READY in the time its driver states.",
                latch=True,
            ),
        ),
    )
    return next((end for is_so, end in findings if is_so), None)


def _leave_ready(state: State, event: Event, reason: str) -> tuple[State, Effects]:
    if state.phase not in {Phase.ARMING, Phase.READY}:
        return state, ()
    leaving = replace(state, unsent=None)
    return _enter(leaving, event, Phase.LEAVING_READY), (SendStandby(reason),)


def _on_time(state: State, event: Event) -> tuple[State, Effects]:
    """What falls due by the clock alone."""
    now_ns = event.at_ns
    in_light = state.phase in LIGHT_POSSIBLE
    stale_ns = STALE_READY_NS if in_light else STALE_STANDBY_NS
    if state.phase is not Phase.LOCKED and now_ns - state.seen_ns > stale_ns:
        sentence = (
            "The laser's last answer is too old: it answers late or not at all, or this computer "
            "was held up. Its state is UNKNOWN."
        )
        return _lock(state, event, End("stale_telemetry", EndKind.HARD, sentence, latch=in_light))
    awaited = state.phase in {Phase.UNLOCKING, Phase.LEAVING_READY}
    if awaited and now_ns - state.since_ns > STANDBY_BOUND_NS:
        sentence = "The laser did not go to STANDBY when told to."
        return _lock(state, event, End("standby_failed", EndKind.HARD, sentence, latch=True))
    if state.phase in {Phase.ARMING, Phase.READY} and now_ns - state.renewed_ns > LEASE_NS:
        return _leave_ready(state, event, "the screen of this session was silent for three seconds")
    return _soft_ends(state, event)


def _soft_ends(state: State, event: Event) -> tuple[State, Effects]:
    due = [end for end in state.soft_ends if event.at_ns >= end.due_ns]
    if not due:
        return state, ()
    first = min(due, key=lambda end: end.due_ns)
    over = event.at_ns - first.due_ns >= SOFT_GRACE_NS
    if state.phase in {Phase.LOCKED, Phase.UNLOCKING, Phase.STANDBY} or over:
        return _lock(state, event, End(first.code, EndKind.SOFT, first.sentence))
    fresh = [end for end in due if end.code not in state.announced]
    announced = (*state.announced, *(end.code for end in fresh))
    words = tuple(
        Announce(f"{end.sentence} The session ends at the next standby, in ten minutes at most.")
        for end in fresh
    )
    return replace(state, announced=announced), words
