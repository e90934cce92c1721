"""Checks that what a driver declares is whole, means something to the core, and invents nothing."""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING, get_args

from devicelink.driver import NOT_SHOWN, CommandClass, ControlShown, Driver, SettingsAuthority
from devicelink.session.gathering import settings_problems
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.check import check, hold
from devicelink_simulation.conformance.on_locking import emitting
from devicelink_simulation.conformance.script import walked

if TYPE_CHECKING:
    from devicelink.driver import Declaration, Wire
    from devicelink_simulation.conformance.subject import Subject

_LOCK_AT_MOST_S = 2.0
"""So long a command waits before it says that a laser is not confirmed locked."""
_ARMING_AT_MOST_S = 60.0
"""A person waits for it, and meanwhile a laser that hangs on the way to READY is not noticed."""
_HOST_DEAD_S = 600.0
_ONE_LETTER_OFF = 0.8
_VERBS = tuple(name for name, value in vars(Driver).items() if inspect.isfunction(value))
_UNKNOWN = (b"\xfe\xfd\xfc", b"nonsense\r\n", b"", b"\x00" * 9)


@check("The declaration is whole: ways, words, bounds, and a query that proves the link.")
def declaration_is_whole(subject: Subject) -> None:
    """What the core rests on; behind what ends a half frame the lock bytes only reduce."""
    driver = subject.make()
    declared, wire = driver.declaration, driver.wire
    hold(declared.name == subject.profile.driver, f"It calls itself {declared.name!r}.")
    for verb in _VERBS:
        hold(callable(getattr(driver, verb, None)), f"The driver has no {verb}.")
    names = [spec.name for spec in declared.settings]
    hold(len(names) == len(set(names)), "Two settings have one name.")
    ways = [way.name for way in declared.lock_ways]
    hold(ways and len(ways) == len(set(ways)), "Lock ways are missing, or two have one name.")
    hold(all(way.sentence for way in declared.lock_ways), "A lock way has no sentence.")
    hold(declared.at_the_laser, "Nothing is said that a person does at the laser.")
    hold(declared.also_makes_light, "Nothing is said of what else makes light.")
    _words_mean_something(declared)
    _bounds_are_short(declared)
    for frame in _UNKNOWN:
        kind = wire.classify(frame)
        hold(kind.value in {"forbidden", "reduces"}, f"{frame!r} is classed {kind}.")
    if wire.marker is not None:
        hold(wire.classify(wire.marker).value == "query", "The marker is no query.")
    _lock_bytes_reduce(wire, declared.lock_bytes)


def _words_mean_something(declared: Declaration) -> None:
    authorities = get_args(SettingsAuthority)
    hold(
        declared.settings_authority in authorities,
        f"settings_authority is {declared.settings_authority!r}; it is one of "
        f"{', '.join(authorities)}.",
    )
    hold(
        declared.dead_man is None or (isinstance(declared.dead_man, str) and declared.dead_man),
        f"dead_man is {declared.dead_man!r}; it is a sentence, or None where nothing ends light.",
    )
    hold(
        (declared.control_shown is ControlShown.NO) == ("control" in declared.not_shown),
        "control_shown and not_shown contradict each other.",
    )
    for word in declared.not_shown:
        near = difflib.get_close_matches(word, NOT_SHOWN, n=1, cutoff=_ONE_LETTER_OFF)
        hold(
            word in NOT_SHOWN or not near,
            f"not_shown names {word!r}, which nobody knows; {''.join(near)} may be meant.",
        )


def _bounds_are_short(declared: Declaration) -> None:
    for name, most_s in (("lock_bound_s", _LOCK_AT_MOST_S), ("arming_bound_s", _ARMING_AT_MOST_S)):
        told_s = getattr(declared, name)
        hold(0 < told_s <= most_s, f"{name} is {told_s:g}; it is above 0 and at most {most_s:g} s.")


def _lock_bytes_reduce(wire: Wire, lock_bytes: bytes) -> None:
    """A guard sends them raw, past every class: so each frame in them is looked at here."""
    hold(isinstance(lock_bytes, bytes) and lock_bytes, "There are no lock bytes.")
    hold(lock_bytes.startswith(wire.frame_break), "The lock bytes end no half frame first.")
    if wire.classify(lock_bytes) is CommandClass.REDUCES:
        return
    orders = lock_bytes[len(wire.frame_break) :]
    ends = {0}
    for start in range(len(orders)):
        if start in ends:
            ends |= {
                end
                for end in range(start + 1, len(orders) + 1)
                if wire.classify(orders[start:end]) is CommandClass.REDUCES
            }
    rest = orders[max(ends) :]
    hold(
        orders and len(orders) in ends,
        f"The lock bytes hold {rest!r}, which is no frame that reduces: behind the frame break "
        "they hold nothing else.",
    )


@check("A session takes the settings by which the driver is tried, and each can be judged.")
def settings_can_be_judged(subject: Subject) -> None:
    """By the verdict's own rules: a setting has its words, or the laser's own bounds."""
    bench = walked(Bench(subject), "status")
    declared, bounds = bench.driver.declaration, bench.driver.bounds(bench.given)
    tried = (subject.profile.settings, *subject.profile.other_settings.values())
    for spec in declared.settings:
        asked = spec.required or any(spec.name in settings for settings in tried)
        hold(
            spec.choices or spec.name in bounds or not asked,
            f"The driver declares neither choices nor bounds for {spec.name}.",
        )
    for settings in tried:
        for problem in settings_problems(declared, settings):
            hold(so=False, sentence=f"A session would refuse the profile's settings: {problem}")


@check("A dead-man that is declared ends light by itself, when the host has died.")
def a_dead_man_is_true(subject: Subject) -> None:
    """Nobody asks an emitting laser anything any more. None declared is none claimed."""
    bench = emitting(subject)
    if bench.driver.declaration.dead_man is not None:
        bench.pass_time(_HOST_DEAD_S)
        hold(bench.story.dark, "A dead-man is declared, and without its host the laser goes on.")


CHECKS = (declaration_is_whole, settings_can_be_judged, a_dead_man_is_true)
