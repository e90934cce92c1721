"""A whole session as its laser sees it, step by step; each step ends where a session would lock.

A step raises `Ends` where what is read back would end a session, and lets through what a driver
raises: both mean that somebody is told and that the lock follows.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from devicelink.driver import DeviceState
from devicelink.errors import DeviceLinkError
from devicelink.session.state import calls_for_lock
from devicelink_simulation.conformance.subject import NotHeld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink.driver import Settings, Status
    from devicelink_simulation.conformance.bench import Bench

ARMING_POLL_S = 1.0
"""Few looks, so that a sweep over every exchange stays short."""
LEASED_POLL_S = 0.3
"""Often enough for any lease that a console may ask for."""
STANDBY_POLL_S = 0.25
STANDBY_WITHIN_S = 1.0
HELD_S = 0.6


class Ends(BaseException):
    """What is read back would end the session: a sentence.

    No `Exception`: it is the session's, and no driver under test may hide it.
    """


def identify(bench: Bench) -> None:
    """Who is there."""
    bench.link.method = "identify"
    bench.identity = bench.driver.identify(bench.given)


def status(bench: Bench) -> None:
    """How it stands."""
    _quiet(bench)


def bounds(bench: Bench) -> None:
    """What may be set."""
    bench.link.method = "bounds"
    bench.driver.bounds(bench.given)


def prepare(bench: Bench) -> None:
    """The profile's settings."""
    bench.link.method = "prepare"
    bench.driver.prepare(bench.given, bench.profile.settings)


def effective(bench: Bench) -> None:
    """Read back; another value than was asked for ends it."""
    bench.link.method = "read_effective"
    bench.effective = bench.driver.read_effective(bench.given, bench.profile.settings)
    if not as_asked(bench.effective.settings, bench.profile.settings):
        raise Ends("what is effective is not what was asked for")


def unlock(bench: Bench) -> None:
    """To STANDBY, read back: no session goes on from a laser that is LOCKED still."""
    bench.link.method = "unlock"
    bench.driver.unlock(bench.given, bench.unlock_token)
    _standby_comes(bench, {DeviceState.STANDBY})


def ready(bench: Bench) -> None:
    """The settings once more, then all that arms it, each send after a fresh read-back."""
    effective(bench)
    give_up_s = bench.now_s() + bench.driver.declaration.arming_bound_s + ARMING_POLL_S
    bench.link.method = "ready"
    while not bench.driver.ready(bench.given, bench.token):
        bench.pass_time(ARMING_POLL_S)
        arming_is_quiet(read_status(bench))
        if bench.now_s() > give_up_s:
            raise Ends("it took longer to arm than its driver declares")
        bench.link.method = "ready"
    hand(bench)
    while True:
        told = read_status(bench)
        arming_is_quiet(told)
        if told.state in {DeviceState.READY, DeviceState.EMITTING}:
            start_up_passes(bench)
            return
        if bench.now_s() > give_up_s:
            raise Ends("it did not become READY in the time that its driver declares")
        watch(bench, ARMING_POLL_S)


def hand(bench: Bench) -> None:
    """Where READY is made at the laser itself: its lease begins, and somebody presses the key."""
    if bench.account is not None and bench.effective is not None:
        bench.account.lease(bench.token, bench.effective)
        read_status(bench)
    bench.turn(bench.profile.ready_hand)


def watch(bench: Bench, for_s: float) -> None:
    """Time passes; a console is read meanwhile, as a session does, or its lease would end."""
    while bench.account is not None and for_s > LEASED_POLL_S:
        bench.pass_time(LEASED_POLL_S)
        read_status(bench)
        for_s -= LEASED_POLL_S
    bench.pass_time(for_s)


def press(bench: Bench) -> None:
    """The hand makes light, and lets go; in between the laser is read."""
    watch(bench, HELD_S)
    bench.turn(bench.profile.press)
    watch(bench, HELD_S)
    arming_is_quiet(read_status(bench))
    bench.turn(bench.profile.release)


def standby(bench: Bench) -> None:
    """Back to STANDBY, read back."""
    if bench.account is not None:
        bench.account.end_lease()
    bench.link.method = "standby"
    bench.driver.standby(bench.given)
    _standby_comes(bench, {DeviceState.STANDBY, DeviceState.LOCKED})


STEPS: Mapping[str, Callable[[Bench], None]] = {
    each.__name__: each
    for each in (identify, status, bounds, prepare, effective, unlock, ready, press, standby)
}


def walk(bench: Bench, until: str = "standby") -> Bench:
    """All steps up to this one, itself included; raises what steps raise."""
    for name, step in STEPS.items():
        bench.step = name
        step(bench)
        if name == until:
            break
    return bench


def walked(bench: Bench, until: str = "standby") -> Bench:
    """The same on a healthy laser, where anything else than its end breaks the check."""
    try:
        return walk(bench, until)
    except (Ends, DeviceLinkError) as error:
        raise NotHeld(f"A session on a healthy laser ended at {bench.step}: {error}") from error


def read_status(bench: Bench) -> Status:
    """Kept on the bench."""
    bench.link.method = "read_status"
    told = bench.look()
    bench.statuses.append(told)
    return told


def start_up_passes(bench: Bench) -> None:
    """Where the wire does not show the start-up, READY is told before it is over."""
    declared = bench.driver.declaration
    if "start_up" in declared.not_shown:
        bench.pass_time(declared.arming_bound_s)


def arming_is_quiet(told: Status) -> None:
    """Raises `Ends` for what ends a session in every phase."""
    if calls_for_lock(told):
        raise Ends(f"the laser is not as a session needs it: {told.state}, {told.faults}")


def as_asked(effective_settings: Mapping[str, str], asked: Settings) -> bool:
    """Whether every setting is effective; numbers are compared as numbers."""
    return all(
        name in effective_settings and _same(effective_settings[name], value)
        for name, value in asked.items()
    )


def _same(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return one == other


def _quiet(bench: Bench) -> None:
    told = read_status(bench)
    arming_is_quiet(told)
    if told.state.can_make_light:
        raise Ends(f"the laser is {told.state} where no session has readied it")


def _standby_comes(bench: Bench, states: set[DeviceState]) -> None:
    give_up_s = bench.now_s() + STANDBY_WITHIN_S
    while True:
        told = read_status(bench)
        arming_is_quiet(told)
        if told.state in states:
            return
        if bench.now_s() > give_up_s:
            raise Ends(f"the driver says {told.state} when the laser should be in STANDBY")
        bench.pass_time(STANDBY_POLL_S)
