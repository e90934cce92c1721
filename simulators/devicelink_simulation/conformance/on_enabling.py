"""Checks of what leads to light: under a durable intent alone, once, in steps, and by a hand."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from devicelink.driver import CommandClass, DeviceState, Trigger
from devicelink.errors import DeviceLinkError
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.check import check, hold, told
from devicelink_simulation.conformance.script import (
    HELD_S,
    STEPS,
    Ends,
    as_asked,
    hand,
    read_status,
    start_up_passes,
    walk,
    walked,
    watch,
)
from devicelink_simulation.conformance.stages import questions_of, stages

if TYPE_CHECKING:
    from devicelink_simulation.conformance.bench import Asked
    from devicelink_simulation.conformance.subject import Subject

_LATER_S = 10.0
_READY_TAKES_S = 0.2
_LOOK_EVERY_S = 0.05
"""On the bench's clock, which begins at 1000 s."""
_NOT_ALONE = {CommandClass.ENABLES, CommandClass.QUERY}
"""What is never said without a token, and what is tried together, since it changes nothing."""
_REPLIES_LOST = (
    "drop",
    "lost_command",
    "truncate:keep=1",
    "corrupt",
    "corrupt:position=-1,value=0",
    "delay:seconds=0.3",
    "garbage",
    "duplicate",
)


@check("Without the token of a durable intent nothing that enables leaves.")
def enabling_needs_an_intent(subject: Subject) -> None:
    """`ready` without one raises where it enables, and every other step goes without."""
    bench = walked(Bench(subject), "unlock")
    unlocked_by = bench.enabling()
    bench.link.withheld = True
    raised = False
    for _ in range(3):
        try:
            bench.driver.ready(bench.given, bench.token)
            hand(bench)
        except DeviceLinkError:
            raised = True
            break
        bench.pass_time(1.0)
    hold(raised, "ready did not raise without the token of an intent.")
    bench.turn(subject.profile.press)
    bench.pass_time(_LATER_S)
    hold(
        bench.enabling() == unlocked_by,
        "An enabling frame left without a durable intent.",
    )
    hold(bench.story.dark, "The laser was enabled without a durable intent.")
    whole = walked(Bench(subject))
    whole.lock()
    for each in whole.link.asked:
        if each.kind is CommandClass.SUSTAINS:
            hold(each.token is whole.token, f"{each.frame!r} left under no intent towards READY.")
            continue
        if each.kind is not CommandClass.ENABLES:
            _is_no_step_to_light(each)
            continue
        hold(each.method in {"unlock", "ready"}, f"{each.method} sent {each.frame!r}, it enables.")
        given = whole.token if each.method == "ready" else whole.unlock_token
        hold(each.token is given, f"{each.frame!r} left under a token that the driver made itself.")
    hold(
        sorted(whole.enabling())
        == sorted(each.frame for each in whole.link.asked if each.kind is CommandClass.ENABLES),
        "An enabling frame left beside the link's exchanges.",
    )


def _is_no_step_to_light(asked: Asked) -> None:
    """Settings are prepared before; the token of an intent is for what enables alone."""
    hold(
        asked.token is None,
        f"{asked.method} sent {asked.frame!r} under the token of an intent, and it is classed "
        f"{asked.kind}: what is a step towards light is classed as enabling.",
    )
    hold(
        asked.kind is CommandClass.QUERY or asked.method not in {"unlock", "ready"},
        f"{asked.method} sent {asked.frame!r}, which is classed {asked.kind}: beside questions it "
        "sends what enables, and nothing else.",
    )


@check("The wire's classes are true: what begins light or enabling is classed as enabling.")
def classes_are_true(subject: Subject) -> None:
    """By the truth of whole sessions, and by each frame said alone before each step to light."""
    whole = walked(Bench(subject))
    whole.lock()
    wire = whole.driver.wire
    for write in whole.port.writes:
        if write.began:
            frame = whole.bare(write.data)
            kind = wire.classify(frame)
            hold(kind is CommandClass.ENABLES, f"{frame!r} began light and is classed {kind}.")
    said = dict.fromkeys([*whole.sent, whole.driver.declaration.lock_bytes])
    alone = [[each] for each in said if wire.classify(each) not in _NOT_ALONE]
    for stage in stages(subject):
        for frames in (questions_of(whole), *alone):
            bench = stage.reached(subject)
            bench.turn(subject.profile.press)
            for frame in frames:
                bench.port.write(frame)
                bench.pass_time(_LATER_S)
                hold(
                    not bench.story.times("enabled", "light_on"),
                    f"{frame!r} alone, said in place of {stage.before!r}, made the laser emit; "
                    f"it is classed {wire.classify(frame)}.",
                )


@check("A question changes nothing: not what is effective, and not the laser's state.")
def questions_change_nothing(subject: Subject) -> None:
    """Each frame classed as a query, said alone before each step to light, beside a twin."""
    whole = walked(Bench(subject))
    whole.lock()
    questions = questions_of(whole)
    for stage in stages(subject):
        twin = _stands(stage.asked(subject, b""))
        for question in questions:
            hold(
                _stands(stage.asked(subject, question)) == twin,
                f"{question!r} is classed as a query, and something else is effective after it, "
                f"or the laser is in another state (said in place of {stage.before!r}).",
            )


def _stands(bench: Bench) -> tuple[DeviceState, str, bool]:
    """What a question may not change."""
    state = read_status(bench).state
    got = bench.driver.read_effective(bench.given, bench.profile.settings)
    return state, got.settings_id, bench.story.dark


@check("What enables is never repeated by itself, whatever becomes of its reply.")
def enabling_is_never_repeated(subject: Subject) -> None:
    """Every enabling exchange struck or refused; each frame left once, also if asked again."""
    clean = walked(Bench(subject), "ready")
    wire = clean.driver.wire
    hold(clean.enabling(), "ready sent nothing that enables.")
    struck = [
        nth
        for nth, frame in enumerate(clean.sent, 1)
        if wire.classify(frame) is CommandClass.ENABLES
    ]
    for fault in _REPLIES_LOST:
        for nth in struck:
            bench = Bench(subject, faults=[f"{fault}@nth={nth}"])
            with contextlib.suppress(DeviceLinkError, Ends):
                walk(bench, "ready")
            _each_left_once(bench, f"{fault} at exchange {nth}")
    profile = subject.profile
    refusing = {**profile.faults, **profile.beyond_control, "the interlock open": profile.interlock}
    for what, turns in refusing.items():
        bench = walked(Bench(subject), "unlock")
        bench.turn(turns)
        _each_left_once(bench, what)


def _each_left_once(bench: Bench, what: str) -> None:
    """READY is asked for again and again under one token."""
    for _ in range(3):
        with contextlib.suppress(DeviceLinkError):
            bench.driver.ready(bench.given, bench.token)
        bench.pass_time(1.0)
    sent = bench.enabling()
    twice = {frame for frame in sent if sent.count(frame) > 1}
    hold(not twice, f"{what}: {twice} left more than once.")


@check("READY comes in steps that never wait, within the time declared, and then nothing is left.")
def ready_comes_in_steps(subject: Subject) -> None:
    """From the first enabling byte to READY as read back."""
    bench = walked(Bench(subject), "unlock")
    driver, link = bench.driver, bench.link
    began_s = bench.now_s()
    done = False
    while bench.now_s() - began_s <= driver.declaration.arming_bound_s:
        if not done:
            link.method = "ready"
            before_s, asked = bench.now_s(), len(link.asked)
            done = driver.ready(bench.given, bench.token)
            took_s = bench.now_s() - before_s
            hold(took_s <= _READY_TAKES_S, f"One call of ready took {took_s:.2f} s.")
            hold(len(link.asked) - asked <= 10, "One call of ready had more than ten exchanges.")  # noqa: PLR2004
            if done:
                hand(bench)
        state = read_status(bench).state
        if done and state in {DeviceState.READY, DeviceState.EMITTING}:
            break
        bench.pass_time(0.1)
    else:
        hold(so=False, sentence="The laser was not READY within the arming_bound_s declared.")
    start_up_passes(bench)
    hold(not [w for w in link.waits if w[0] == "ready"], "ready waited for the laser by itself.")
    hold(bench.story.enabled or bench.story.lit, "READY was read back, and the laser is not ready.")
    sent = len(bench.enabling())
    with contextlib.suppress(DeviceLinkError):
        driver.ready(bench.given, bench.token)
    hold(len(bench.enabling()) == sent, "ready had said that all is sent, and sent more.")


@check("An acknowledgement sets nothing and readies nothing.")
def an_acknowledgement_readies_nothing(subject: Subject) -> None:
    """While commands are acknowledged and not carried out."""
    profile = subject.profile
    told(profile.only_acknowledges, "the fault that only acknowledges (only_acknowledges)")
    told(profile.other_settings, "other settings (other_settings)")
    fault = (("fault", str(profile.only_acknowledges)),)
    asked = next(iter(profile.other_settings.values()))
    bench = walked(Bench(subject), "effective")
    bench.turn(fault)
    with contextlib.suppress(DeviceLinkError):
        bench.driver.prepare(bench.given, asked)
        got = bench.driver.read_effective(bench.given, asked)
        hold(not as_asked(got.settings, asked), "Settings were acknowledged, and told as set.")
    bench = walked(Bench(subject), "unlock")
    bench.turn(fault)
    give_up_s = bench.now_s() + bench.driver.declaration.arming_bound_s
    with contextlib.suppress(DeviceLinkError):
        while not bench.driver.ready(bench.given, bench.token) and bench.now_s() < give_up_s:
            bench.pass_time(1.0)
    bench.pass_time(bench.driver.declaration.arming_bound_s)
    state = read_status(bench).state
    hold(bench.story.dark, "The simulator's fault let it arm all the same.")
    armed = state in {DeviceState.READY, DeviceState.EMITTING}
    hold(not armed, f"READY was acknowledged, and the driver says {state}.")


@check(
    "A hand makes the light, where the trigger is `hardware`; READY is light where it is `host`."
)
def a_hand_makes_the_light(subject: Subject) -> None:
    """By the truth, on the profile's laser and on one left in each of its traps."""
    profile = subject.profile
    clean = Bench(subject)
    _one_light(subject, clean, "the profile's laser")
    whole = len(clean.enabling())
    for what, values in profile.traps.items():
        bench = Bench(subject, values=values)
        begin_ns = bench.time.mono_ns()
        try:
            _one_light(subject, bench, what)
        except (DeviceLinkError, Ends):
            lit = [at for at in bench.story.times("light_on") if at > begin_ns]
            hold(not lit, f"{what}: light came without the hand.")
        armed_ns = [at for at in bench.story.times("enabled", "light_on") if at > begin_ns]
        if armed_ns:
            sent = sum(write.at_ns <= armed_ns[0] for write in bench.enabling_writes())
            hold(sent >= whole, f"{what}: {sent} of {whole} enabling frames armed it already.")


def _one_light(subject: Subject, bench: Bench, what: str) -> None:
    """Until READY, then the hand; raises what steps raise where `what` is a trap."""
    profile = subject.profile
    hold(
        bench.driver.implied_trigger(profile.settings)
        in {None, Trigger.HARDWARE if profile.press else Trigger.HOST},
        f"{what}: the settings are said to imply another trigger than the profile's.",
    )
    walk(bench, "ready")
    watch(bench, HELD_S * 2)
    trigger = bench.effective.trigger if bench.effective else None
    lit = bool(bench.story.times("light_on"))
    if trigger is Trigger.HOST:
        hold(lit, f"{what}: the trigger is said to be the host, and READY makes no light.")
        return
    hold(not lit, f"{what}: READY itself made light, and the trigger is said to be a hand.")
    hold(profile.press, "The profile names no hand (press), and the trigger is said to be one.")
    bench.turn(profile.press)
    bench.pass_time(HELD_S)
    hold(bench.story.lit or bench.story.times("light_on"), f"{what}: the hand makes no light.")
    bench.turn(profile.release)
    bench.pass_time(HELD_S)
    hold(not bench.story.lit, f"{what}: the hand has let go, and light is on.")


@check("What makes light, or will by itself, is never told as STANDBY or LOCKED in a session.")
def states_follow_the_truth(subject: Subject) -> None:
    """By the truth; and what makes none is not told as READY before and after READY."""
    _arming_is_told(subject)
    bench = Bench(subject)
    for name, step in STEPS.items():
        step(bench)
        state = read_status(bench).state
        if not state.can_make_light:
            hold(
                bench.story.dark,
                f"After {name} the driver says {state}, and the laser can make light.",
            )
        elif name in {"identify", "status", "bounds", "prepare", "effective", "unlock", "standby"}:
            hold(so=False, sentence=f"After {name} the driver says {state}.")
    hold(bench.story.times("enabled"), "A whole session never enabled the laser.")


def _arming_is_told(subject: Subject) -> None:
    """From the first step of ready until it is armed, by many looks: it has left STANDBY."""
    bench = walked(Bench(subject), "unlock")
    give_up_s = bench.now_s() + bench.driver.declaration.arming_bound_s
    unlocked_by = len(bench.enabling())
    done = False
    while not bench.story.times("enabled", "light_on"):
        hold(bench.now_s() <= give_up_s, "The laser was not armed within arming_bound_s.")
        if not done:
            done = bench.driver.ready(bench.given, bench.token)
            if done:
                hand(bench)
        for wait_s in (_LOOK_EVERY_S, 0.0):
            state = read_status(bench).state
            hold(
                state.can_make_light or len(bench.enabling()) == unlocked_by,
                f"The driver says {state} of a laser that is on its way to READY.",
            )
            bench.pass_time(wait_s)


CHECKS = (
    enabling_needs_an_intent,
    classes_are_true,
    questions_change_nothing,
    enabling_is_never_repeated,
    ready_comes_in_steps,
    an_acknowledgement_readies_nothing,
    a_hand_makes_the_light,
    states_follow_the_truth,
)
