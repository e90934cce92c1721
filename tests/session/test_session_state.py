"""The session's state table, driven by events alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import (
    ControlShown,
    DeviceState,
    Evidence,
    Reading,
    Shown,
    Status,
)
from devicelink.session import state as table
from devicelink.session.state import EndKind, Phase

S = 1_000_000_000
BOUNDS = table.Bounds(arming_ns=4 * S, control_shown=ControlShown.NO)


def status(state: DeviceState, **changes: object) -> Status:
    """A healthy laser's answer."""
    healthy = Status(
        state=state,
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=Shown.YES,
        key_on=Shown.YES,
        faults=(),
        reset_required=False,
        unexpected_emission=False,
        control_pressed=Shown.NOT_REPORTED,
        output_seen=Shown.NO,
        counter=None,
        measured={"output_power_w": Reading(None, "emission_off")},
        words={},
    )
    return replace(healthy, **changes)


STANDBY = status(DeviceState.STANDBY)
READY = status(DeviceState.READY)
ARMING = status(DeviceState.ARMING)


BY_HAND = replace(BOUNDS, ready_at_the_laser="Press READY at the console.")


def run(*events: table.Event, bounds=BOUNDS) -> tuple[table.State, list[table.Effect]]:
    """Feed events in order; the last state, and the effects of the last event."""
    state = table.opened(bounds, 0)
    effects: tuple[table.Effect, ...] = ()
    for event in events:
        state, effects = table.step(state, event)
    return state, list(effects)


TO_STANDBY = (
    table.Permitted(1),
    table.Durable(2, "unlock", 7),
    table.Seen(3, STANDBY),
)
TO_ARMING = (*TO_STANDBY, table.AskReady(4), table.Permitted(5), table.Durable(6, "ready", 9))
SENT = table.Sent(7, all_of_it=True)
TO_READY = (
    *TO_ARMING,
    SENT,
    table.Seen(S, ARMING),
    table.Seen(2 * S, ARMING),
    table.Renewed(2 * S),
    table.Seen(3 * S, READY),
)


def test_light_needs_every_step_in_order():
    """The way to READY is verdict, intent, send, read-back, twice."""
    assert run(TO_STANDBY[0])[1] == [table.Intend("unlock")]
    assert run(*TO_STANDBY[:2])[1] == [table.Send("unlock", 7)]
    assert run(*TO_STANDBY)[0].phase is Phase.STANDBY
    assert run(*TO_ARMING[:4])[1] == [table.Judge()]
    assert run(*TO_ARMING[:5])[1] == [table.Intend("ready")]
    assert run(*TO_ARMING)[1] == [table.Send("ready", 9)]
    assert run(*TO_ARMING)[0].phase is Phase.ARMING
    assert run(*TO_READY)[0].phase is Phase.READY


def test_a_laser_that_a_hand_makes_ready_is_waited_for():
    """The person is told what to press; while the laser stands in STANDBY nothing is a fault."""
    _, effects = run(*TO_ARMING, bounds=BY_HAND)
    assert effects == [table.Send("ready", 9), table.Announce("Press READY at the console.")]
    waiting = (
        *TO_ARMING,
        SENT,
        table.Seen(S, STANDBY),
        table.Renewed(2 * S),
        table.Seen(3 * S, STANDBY),
    )
    assert run(*waiting, bounds=BY_HAND)[0].phase is Phase.ARMING
    pressed = (*waiting, table.Seen(3 * S + 1, ARMING), table.Seen(3 * S + 2, READY))
    assert run(*pressed, bounds=BY_HAND)[0].phase is Phase.READY


def test_a_hand_that_does_not_come_leads_back_to_standby():
    """After the time that the driver states READY has to be asked for anew; nothing is latched."""
    waiting = [
        each for n in (1, 2, 3, 4) for each in (table.Renewed(n * S), table.Seen(n * S, STANDBY))
    ]
    late = (*TO_ARMING, SENT, *waiting, table.Seen(4 * S + 7, STANDBY))
    state, effects = run(*late, bounds=BY_HAND)
    assert state.phase is Phase.LEAVING_READY
    assert effects == [table.SendStandby("nobody made it READY at the laser in time")]
    state, _ = run(*late[:-1], table.Seen(4 * S + 7, ARMING), bounds=BY_HAND)
    assert (state.end.code, state.end.latch) == ("not_ready", True)


def test_a_foot_in_the_way_of_a_hand_is_no_held_control():
    """In STANDBY the console's own READY key does nothing then; in ARMING the foot locks."""
    pressed = {"control_pressed": Shown.YES}
    early = table.Seen(8, status(DeviceState.STANDBY, **pressed))
    state, effects = run(*TO_ARMING, SENT, early, bounds=BY_HAND)
    assert (state.phase, effects) == (Phase.ARMING, [])
    state, _ = run(*TO_ARMING, SENT, early)
    assert state.end.code == "control_held"
    too_early = table.Seen(8, status(DeviceState.ARMING, **pressed))
    state, _ = run(*TO_ARMING, SENT, too_early, bounds=BY_HAND)
    assert state.end.code == "control_held"


def test_a_laser_that_arms_in_steps_is_sent_each_after_a_read_back():
    """What is left of a step follows a fresh read-back in ARMING, and nothing else."""
    more = (*TO_ARMING, table.Sent(7, all_of_it=False))
    assert run(*more)[1] == []
    assert run(*more, table.Tick(8))[1] == []
    again = (*more, table.Seen(8, ARMING))
    assert run(*again)[1] == [table.Send("ready", 9)]
    assert run(*again, SENT, table.Seen(9, ARMING))[1] == []
    state, effects = run(*again, SENT, table.Seen(9, READY))
    assert (state.phase, effects[0].type) == (Phase.READY, "ready.confirmed")


@pytest.mark.parametrize(
    ("event", "phase"),
    [
        (table.Seen(8, status(DeviceState.ARMING, faults=("hot",))), Phase.LOCKING),
        (table.Seen(8, status(DeviceState.ARMING, interlock_closed=Shown.NO)), Phase.LOCKING),
        (table.AskStandby(8, "asked"), Phase.LEAVING_READY),
        (table.Tick(7 + 4 * S), Phase.LOCKING),
        (table.Seen(7 + 7 * S // 2, ARMING), Phase.LEAVING_READY),
        (table.Failed(8, "refused"), Phase.LOCKING),
    ],
)
def test_nothing_more_is_sent_once_arming_has_ended(event, phase):
    """A fault, an interlock, a wish, a lost lease or a refusal ends what was left to send."""
    ended = (*TO_ARMING, table.Sent(7, all_of_it=False), event)
    state, effects = run(*ended)
    assert (state.phase, state.unsent) == (phase, None)
    assert not any(isinstance(effect, table.Send) for effect in effects)
    assert run(*ended, table.Seen(event.at_ns + 1, ARMING))[1] == []


def test_an_acknowledged_command_alone_never_reaches_ready():
    """READY is entered by what the laser says when asked, never by having sent something."""
    assert run(*TO_ARMING, table.Tick(7), table.Renewed(8))[0].phase is Phase.ARMING


def test_ready_waits_until_the_laser_shows_old_light_no_more():
    """Right after light READY is declined: the old light would look like a held control.

    Later, or where no light was seen, it is judged at once.
    """
    memory = replace(BOUNDS, output_memory_ns=S)
    lit = table.Seen(4 * S, status(DeviceState.EMITTING, output_seen=Shown.YES))
    for seen, asked_ns, judged in ((lit, 5.5, False), (lit, 6.5, True), (None, 5.5, True)):
        state = replace(run(*TO_READY)[0], bounds=memory)
        back = (table.AskStandby(5 * S, "asked"), table.Seen(5 * S, STANDBY))
        for event in (*((seen,) if seen else ()), *back):
            state, _ = table.step(state, event)
        assert state.phase is Phase.STANDBY
        state, effects = table.step(state, table.AskReady(round(asked_ns * S)))
        said = [each.sentence for each in effects if isinstance(each, table.Announce)]
        assert (effects == (table.Judge(),)) is judged
        assert said == ([] if judged else [table.STILL_SHOWN.format(0.5)])


def test_a_refusal_before_unlock_locks():
    """A verdict that refuses before unlock ends in a lock and no intent."""
    state, effects = run(table.RefusedNow(1, "No."))
    assert state.phase is Phase.LOCKING
    assert [type(effect) for effect in effects] == [table.Lock]


def test_a_refusal_before_ready_stays_in_standby():
    """A verdict that refuses before READY is said, and the laser stays in STANDBY."""
    state, effects = run(*TO_STANDBY, table.AskReady(4), table.RefusedNow(5, "No."))
    assert state.phase is Phase.STANDBY
    assert effects == [table.Announce("No.")]


def test_an_intent_that_is_not_durable_locks():
    """Without a durable record there is no light: the answer is a lock."""
    state, effects = run(*TO_ARMING[:5], table.NotDurable(6, "disk full"))
    assert state.phase is Phase.LOCKING
    assert effects[0].end.code == "journal"


@pytest.mark.parametrize(
    ("changes", "code", "latch"),
    [
        ({"interlock_closed": Shown.NO}, "interlock", False),
        ({"reset_required": True}, "interlock", False),
        ({"key_on": Shown.NO}, "key", False),
        ({"state": DeviceState.LOCKED}, "laser_locked", False),
        ({"faults": ("over_temperature",)}, "fault", True),
        ({"unexpected_emission": True}, "unexpected_emission", True),
    ],
)
def test_hard_ends_lock_at_once(changes, code, latch):
    """What the laser reports in READY ends the session at once; faults latch."""
    later = table.Seen(4 * S, replace(READY, **changes))
    state, effects = run(*TO_READY, later)
    assert state.phase is Phase.LOCKING
    assert (effects[0].end.code, effects[0].end.latch) == (code, latch)
    assert effects[0].end.kind is EndKind.HARD


def test_light_that_comes_with_ready_is_a_held_control():
    """Output within half a second of READY, on a wire that hides the control, locks and latches."""
    emitting = status(DeviceState.EMITTING, output_seen=Shown.YES)
    _, effects = run(*TO_READY, table.Seen(3 * S + S // 4, emitting))
    assert effects[0].end.code == "control_held"
    assert effects[0].end.latch


def test_light_after_half_a_second_is_the_persons_own():
    """Output later than half a second after READY is what a hand or foot asked for."""
    emitting = status(DeviceState.EMITTING, output_seen=Shown.YES)
    state, effects = run(*TO_READY, table.Renewed(3 * S), table.Seen(3 * S + 6 * S // 10, emitting))
    assert state.phase is Phase.READY
    assert effects == []


def test_faults_are_named_in_words():
    """As a person writes them, not as a program does."""
    hot = status(DeviceState.READY, faults=("low_water_flow", "over_temperature"))
    _, effects = run(*TO_READY, table.Seen(3 * S + 1, hot))
    told = effects[0].end.sentence
    assert told == "The laser reports a fault: low water flow, over temperature."


def test_emission_in_standby_is_unexpected():
    """A laser that says it emits while the session is in STANDBY is locked and latched."""
    _, effects = run(*TO_STANDBY, table.Seen(5, status(DeviceState.EMITTING)))
    assert effects[0].end.code == "unexpected_emission"


def test_a_silent_laser_ends_the_session_after_a_second():
    """In READY an answer older than a second is a hard end."""
    state, _ = run(*TO_READY, table.Renewed(4 * S - 1))
    assert state.phase is Phase.READY
    _, effects = run(*TO_READY, table.Renewed(4 * S + 1))
    assert effects[0].end.code == "stale_telemetry"


def test_what_was_asked_before_a_send_counts_as_seen():
    """On a slow line the answers before a send are the freshest; a send without them is as old."""
    late = 8 + S + 1
    arming = (*TO_ARMING, table.Sent(7, all_of_it=False), table.Seen(8, ARMING))
    state, effects = run(*arming, table.Sent(late, all_of_it=True, seen_ns=9))
    assert (state.phase, state.unsent, effects) == (Phase.ARMING, None, [])
    _, effects = run(*arming, table.Sent(late, all_of_it=True))
    assert effects[0].end.code == "stale_telemetry"
    _, effects = run(*arming, table.Sent(late, all_of_it=True, seen_ns=7))
    assert effects[0].end.code == "stale_telemetry", "what is older takes nothing back"


def test_a_lease_nobody_renews_ends_in_standby():
    """Three seconds without the face bring the laser back to STANDBY, not to a lock."""
    fresh = [table.Seen(n * S // 2 + 3 * S, READY) for n in range(1, 5)]
    assert run(*TO_READY, *fresh)[0].phase is Phase.READY
    state, effects = run(*TO_READY, *fresh, table.Tick(5 * S + 1))
    assert state.phase is Phase.LEAVING_READY
    assert isinstance(effects[0], table.SendStandby)


def test_standby_counts_only_when_read_back():
    """After the command to STANDBY the laser has a second to say so, or it is locked."""
    leaving = (*TO_READY, table.AskStandby(3 * S + 1, "asked"))
    assert run(*leaving, table.Seen(3 * S + 2, READY))[0].phase is Phase.LEAVING_READY
    assert run(*leaving, table.Seen(3 * S + 3, STANDBY))[0].phase is Phase.STANDBY
    late = table.Seen(4 * S + 2, READY)
    assert run(*leaving, late)[1][0].end.code == "standby_failed"


def test_a_laser_that_never_gets_ready_is_locked_and_latched():
    """Past the driver's arming bound the enabling command is not repeated: lock and latch."""
    _, effects = run(
        *TO_ARMING,
        *(table.Seen(n * S // 2, ARMING) for n in range(1, 6)),
        table.Renewed(5 * S // 2),
        *(table.Seen(n * S // 2, ARMING) for n in range(6, 8)),
        table.Seen(4 * S + 7, ARMING),
    )
    assert effects[0].end.code == "not_ready"
    assert effects[0].end.latch


def test_a_soft_end_waits_for_the_next_standby():
    """A certificate that runs out in READY is announced and takes effect in STANDBY."""
    soon = table.SoftEnd("certificate_expired", "It ran out.", 3 * S + 5)
    events = [table.Permitted(1, (soon,)), *TO_READY[1:]]
    state, effects = run(*events, table.Seen(3 * S + 6, READY))
    assert state.phase is Phase.READY
    assert isinstance(effects[0], table.Announce)
    assert run(*events, table.Seen(3 * S + 6, READY), table.Seen(3 * S + 7, READY))[1] == []
    asked = [table.AskStandby(3 * S + 8, "asked"), table.Seen(3 * S + 9, STANDBY)]
    state, effects = run(*events, table.Seen(3 * S + 6, READY), *asked, table.Tick(3 * S + 10))
    assert effects[0].end.kind is EndKind.SOFT


def test_a_soft_end_is_hard_after_ten_minutes():
    """Ten minutes after it fell due, a soft end locks even in READY."""
    soon = table.SoftEnd("certificate_expired", "It ran out.", 3 * S)
    state = run(table.Permitted(1, (soon,)), *TO_READY[1:])[0]
    now = 3 * S + 600 * S
    fresh = replace(state, seen_ns=now, renewed_ns=now)
    assert table.step(fresh, table.Tick(now - 1))[0].phase is Phase.READY
    assert table.step(fresh, table.Tick(now))[0].phase is Phase.LOCKING


def test_what_runs_out_in_mid_session_is_a_soft_end():
    """A revocation that nobody knew of at unlock is announced in READY, and ends in STANDBY."""
    now = 3 * S + 5
    gone = table.RunsOut(now, table.SoftEnd("certificate_revoked", "It was revoked.", now))
    state, effects = run(*TO_READY, gone)
    assert state.phase is Phase.READY
    assert [type(one) for one in effects] == [table.Announce]
    fresh = replace(state, seen_ns=now + 600 * S, renewed_ns=now + 600 * S)
    assert table.step(fresh, table.Tick(now + 600 * S - 1))[0].phase is Phase.READY
    assert table.step(fresh, table.Tick(now + 600 * S))[0].phase is Phase.LOCKING
    asked = [table.AskStandby(now + 1, "asked"), table.Seen(now + 2, STANDBY)]
    _, effects = run(*TO_READY, gone, *asked, table.Tick(now + 3))
    assert effects[0].end.kind is EndKind.SOFT
    state, effects = run(*TO_STANDBY, replace(gone, at_ns=4, end=replace(gone.end, due_ns=4)))
    assert (state.phase, effects[0].end.code) == (Phase.LOCKING, "certificate_revoked")


def test_only_the_outcome_of_the_lock_ends_a_session():
    """While locking nothing else counts, and an unconfirmed lock is closed as what it is."""
    end = table.End("stop", EndKind.PERSON, "Stop.")
    state, _ = run(*TO_READY, table.Ended(4 * S, end))
    assert table.step(state, table.Seen(5 * S, STANDBY)) == (state, ())
    ended, effects = table.step(state, table.LockTried(5 * S, confirmed=False))
    assert ended.phase is Phase.ENDED
    assert effects == (table.Close(end, confirmed=False),)


EVENTS = st.sampled_from(
    [
        lambda t: table.Permitted(t),
        lambda t: table.RefusedNow(t, "No."),
        lambda t: table.Durable(t, "unlock", 1),
        lambda t: table.Durable(t, "ready", 2),
        lambda t: table.Sent(t, all_of_it=True),
        lambda t: table.Sent(t, all_of_it=False),
        lambda t: table.NotDurable(t, "full"),
        lambda t: table.Failed(t, "no"),
        lambda t: table.Seen(t, STANDBY),
        lambda t: table.Seen(t, ARMING),
        lambda t: table.Seen(t, READY),
        lambda t: table.Seen(t, status(DeviceState.EMITTING, output_seen=Shown.YES)),
        lambda t: table.AskReady(t),
        lambda t: table.AskStandby(t, "asked"),
        lambda t: table.Renewed(t),
        lambda t: table.Tick(t),
        lambda t: table.Ended(t, table.End("stop", EndKind.PERSON, "Stop.")),
        lambda t: table.RunsOut(t, table.SoftEnd("certificate_revoked", "Revoked.", t)),
        lambda t: table.LockTried(t, confirmed=True),
    ]
)


@settings(max_examples=400)
@given(st.lists(st.tuples(EVENTS, st.integers(0, 2 * S)), max_size=40))
def test_no_order_of_events_enables_without_its_own_intent(steps):
    """Whatever happens in whatever order, enabling bytes only follow an intent just made durable.

    Each `Send` answers a `Durable` of its own step, or a read-back while some of that step is left
    to send; after a `Lock` nothing is ever sent.
    """
    state, now, locked = table.opened(BOUNDS, 0), 0, False
    asked: str | None = None
    left: int | None = None
    for make, pause in steps:
        now += pause
        event = make(now)
        state, effects = table.step(state, event)
        for effect in effects:
            if isinstance(effect, table.Send):
                assert not locked
                if isinstance(event, table.Durable):
                    assert asked == effect.step
                    left = event.entry_index if effect.step == "ready" else None
                else:
                    assert isinstance(event, table.Seen)
                    assert (effect.step, effect.entry_index) == ("ready", left)
            if isinstance(effect, table.Intend):
                asked = effect.step
            locked = locked or isinstance(effect, table.Lock)
        if isinstance(event, table.Durable) and any(isinstance(e, table.Send) for e in effects):
            asked = None
        if event == table.Sent(now, all_of_it=True) or state.phase is not Phase.ARMING:
            left = None
