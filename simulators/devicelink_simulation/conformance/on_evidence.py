"""Checks that what a driver declares and tells is so: evidence, what is shown, bounds, settings."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from devicelink.driver import ControlShown, EnableToken, Evidence, Shown
from devicelink.errors import DeviceLinkError
from devicelink.runtime import nanoseconds
from devicelink.session.state import calls_for_lock
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.check import check, hold, told
from devicelink_simulation.conformance.on_locking import emitting
from devicelink_simulation.conformance.script import (
    Ends,
    as_asked,
    effective,
    read_status,
    ready,
    walk,
    walked,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.driver import Effective, Status
    from devicelink_simulation.conformance.profile import Turns
    from devicelink_simulation.conformance.subject import Subject

_SEEN_WITHIN_S = 0.6
_LONGEST_MEMORY_S = 6.0
_TURNED_S = 0.2


@check("What the wire does not show is never claimed; what it shows follows the laser.")
def shown_is_true(subject: Subject) -> None:
    """Interlock, key, control, counter: by turning the knob."""
    profile = subject.profile
    whole = walked(Bench(subject))
    whole.statuses += emitting(subject).statuses
    _shown(subject, whole, "interlock", profile.interlock, lambda told: told.interlock_closed)
    _shown(subject, whole, "key", profile.key, lambda told: told.key_on)
    _control(subject, whole)
    _counter(whole)


def _shown(
    subject: Subject, whole: Bench, what: str, knob: Turns, read: Callable[[Status], Shown]
) -> None:
    """Well while it is well, and told once it is turned; never well where the wire hides it."""
    hidden = what in whole.driver.declaration.not_shown
    for status in whole.statuses:
        if hidden:
            hold(read(status) is not Shown.YES, f"The wire hides the {what}; it is told as well.")
        else:
            hold(read(status) is Shown.YES, f"The {what} is well, and the driver does not say so.")
    if not hidden:
        told(knob, f"what turns the {what}")
    for bench in (walked(Bench(subject), "identify"), emitting(subject)):
        bench.turn(knob)
        bench.pass_time(_TURNED_S)
        status = read_status(bench)
        shown = read(status)
        if hidden:
            hold(shown is not Shown.YES, f"The {what} is turned, and told as well.")
        else:
            unknown = shown is not Shown.YES and calls_for_lock(status)
            hold(shown is Shown.NO or unknown, f"The {what} is turned; the driver says {shown}.")


def _control(subject: Subject, whole: Bench) -> None:
    bench = emitting(subject)
    pressed = read_status(bench)
    if whole.driver.declaration.control_shown is ControlShown.YES:
        hold(pressed.control_pressed is Shown.YES, "The hand is pressed, and it is not told.")
    else:
        claimed = [s for s in [*whole.statuses, pressed] if s.control_pressed is Shown.YES]
        hold(not claimed, "The wire does not show the control, and the driver tells of it.")
    bench.pass_time(_SEEN_WITHIN_S)
    hold(
        read_status(bench).output_seen is not Shown.NO or not bench.story.lit,
        "Light leaves the laser, and the driver says that none is seen.",
    )
    bench.lock()
    bench.pass_time(_LONGEST_MEMORY_S)
    hold(read_status(bench).output_seen is not Shown.YES, "It is dark, and output is told.")


def _counter(whole: Bench) -> None:
    hidden = "counter" in whole.driver.declaration.not_shown
    counts = [status.counter for status in whole.statuses]
    if hidden:
        hold(set(counts) == {None}, "The wire shows no counter, and the driver tells one.")
        return
    known = [count for count in counts if count is not None]
    hold(known, "The wire shows a counter, and the driver never tells it.")


@check("The evidence declared for a lock is true: light made by another way is never locked.")
def evidence_is_true(subject: Subject) -> None:
    """And each read-back names no better evidence than is declared."""
    order = list(Evidence)
    bench = walked(Bench(subject))
    reading = bench.driver.read_lock(bench.given)
    declared = bench.driver.declaration.evidence_locked
    hold(
        order.index(reading.evidence) <= order.index(declared),
        f"A read-back claims {reading.evidence}; {declared} is declared.",
    )
    hold(reading.words, "A read-back of a lock keeps no word of the laser.")
    told(subject.profile.lit_otherwise, "any way in which light is made by others")
    for what, turns in subject.profile.lit_otherwise.items():
        bench = walked(Bench(subject), "identify")
        bench.lock()
        bench.turn(turns)
        bench.pass_time(_LONGEST_MEMORY_S)
        if not bench.story.dark:
            hold(
                not bench.driver.read_lock(bench.given).confirmed,
                f"{what}: the laser can make light, and the read-back says locked.",
            )
    for what, turns in subject.profile.unseen.items():
        bench = walked(Bench(subject), "identify")
        bench.lock()
        bench.turn(turns)
        bench.pass_time(_LONGEST_MEMORY_S)
        hold(not bench.story.dark, f"{what}: the simulator makes no light; the profile is wrong.")
        confirmed = bench.driver.read_lock(bench.given).confirmed
        hold(
            declared is Evidence.COMMANDED or not confirmed,
            f"{what}: light is on, the read-back says locked, and {declared} is declared for it.",
        )


@check("Light ends within lock_bound_s, and READY comes within arming_bound_s.")
def time_bounds_are_kept(subject: Subject) -> None:
    """By the truth, from the first byte."""
    bench = emitting(subject)
    declared = bench.driver.declaration
    before = len(bench.port.writes)
    bench.lock()
    first_ns = bench.port.writes[before].at_ns
    dark_ns = max(bench.story.times("light_off"), default=first_ns)
    bound_ns = nanoseconds(declared.lock_bound_s)
    hold(dark_ns - first_ns <= bound_ns, f"Dark came {(dark_ns - first_ns) / 1e6:.0f} ms late.")
    armed = walked(Bench(subject), "unlock")
    began = len(armed.port.writes)
    ready(armed)
    hold(armed.story.times("enabled", "light_on"), "READY is told, and the laser is not armed.")
    enabling = [write for write in armed.enabling_writes() if write in armed.port.writes[began:]]
    by_hand = bool(subject.profile.ready_hand)
    hold(
        enabling or by_hand, "READY came without any frame that is classed as enabling, or a hand."
    )
    first_ns = (enabling or armed.port.writes[began:])[0].at_ns
    took_ns = armed.story.times("enabled", "light_on")[0] - first_ns
    hold(took_ns <= nanoseconds(declared.arming_bound_s), "It armed later than arming_bound_s.")


@check("The bounds that are told are the laser's own: within them it takes what it is told.")
def bounds_hold(subject: Subject) -> None:
    """Each numeric setting at its lowest and its highest."""
    settings = subject.profile.settings
    driver = Bench(subject).driver
    names = {spec.name for spec in driver.declaration.settings}
    bench = walked(Bench(subject), "status")
    bounds = driver.bounds(bench.given)
    hold(set(bounds) <= names, "There is a bound for what is no setting.")
    for name, (low, high) in bounds.items():
        hold(Decimal(low) <= Decimal(high), f"{name}: from {low} to {high}.")
        for value in (low, high):
            asked = {**settings, name: value}
            bench = walked(Bench(subject), "status")
            bench.driver.prepare(bench.given, asked)
            got = bench.driver.read_effective(bench.given, asked)
            hold(as_asked(got.settings, asked), f"{name}={value} is in bounds and not effective.")


@check("What lies out of bounds, or is no number, is refused or read back as something else.")
def out_of_bounds_is_refused(subject: Subject) -> None:
    """Each numeric setting far above, below nothing, and as a word."""
    first = walked(Bench(subject), "status")
    for name, (_, high) in first.driver.bounds(first.given).items():
        for value in (str(Decimal(high) * 2 + 1), "-1", "NaN", "much"):
            asked = {**subject.profile.settings, name: value}
            bench = walked(Bench(subject), "status")
            try:
                bench.driver.prepare(bench.given, asked)
                got = bench.driver.read_effective(bench.given, asked)
            except DeviceLinkError:
                continue
            hold(
                not as_asked(got.settings, asked),
                f"{name}={value} is out of bounds, and the driver says that it is effective.",
            )


@check("settings_id changes with anything effective, and with nothing else.")
def settings_id_tells_all(subject: Subject) -> None:
    """Other settings, and what a person changes at the laser itself."""
    told(subject.profile.other_settings, "other settings (other_settings)")
    base = walked(Bench(subject), "effective")
    first = _id(base.effective)
    base.pass_time(1.0)
    effective(base)
    hold(_id(base.effective) == first, "Nothing changed, and settings_id did.")
    seen = {first: "the profile's settings"}
    for what, settings in subject.profile.other_settings.items():
        bench = walked(Bench(subject), "status")
        bench.driver.prepare(bench.given, settings)
        got = bench.driver.read_effective(bench.given, settings)
        hold(as_asked(got.settings, settings), f"{what}: not effective as asked for.")
        twin = seen.setdefault(got.settings_id, what)
        hold(twin == what, f"{what} and {twin} have one settings_id.")
    for what, turns in subject.profile.changes.items():
        bench = walked(Bench(subject), "effective")
        bench.turn(turns)
        got = bench.driver.read_effective(bench.given, subject.profile.settings)
        hold(got.settings_id != first, f"{what}: another beam, and settings_id is the same.")


@check("What is told as effective is what the laser has, by its own knobs.")
def effective_is_the_lasers(subject: Subject) -> None:
    """Each setting in turn is changed at the laser, as nobody asked over the wire.

    One that this laser has not, or that is fixed in it, is passed over.
    """
    profile = subject.profile
    base = walked(Bench(subject), "effective")
    bounds = base.driver.bounds(base.given)
    for spec in base.driver.declaration.settings:
        lowest, highest = bounds.get(spec.name, ("lowest", "highest"))
        absent = base.effective is not None and spec.name not in base.effective.settings
        if lowest == highest or absent or profile.dialled.get(spec.name) == {}:
            continue
        asked = profile.settings.get(spec.name)
        values = profile.dialled.get(spec.name, {})
        told(
            {value: turns for value, turns in values.items() if value != asked},
            f"the knobs that give {spec.name} another value at the laser (dialled)",
        )
        for value, turns in values.items():
            bench = walked(Bench(subject), "effective")
            bench.turn(turns)
            got = bench.driver.read_effective(bench.given, profile.settings)
            shown = got.settings.get(spec.name)
            hold(
                as_asked(got.settings, {spec.name: value}),
                f"{spec.name} is {value} at the laser, and the driver says {shown}.",
            )
            hold(
                value == asked or got.settings_id != _id(base.effective),
                f"{spec.name} is {value} at the laser, and settings_id is the same.",
            )


def _id(got: Effective | None) -> str:
    return got.settings_id if got else ""


@check("An interlock that opens takes READY away, and closing it gives nothing back.")
def an_interlock_ends_ready(subject: Subject) -> None:
    """By the truth, and by what the driver says where its wire shows the interlock."""
    told(subject.profile.interlock, "the interlock (interlock)")
    bench = emitting(subject)
    bench.turn(subject.profile.interlock)
    bench.pass_time(_TURNED_S)
    hold(bench.story.dark, "The simulator's interlock leaves the laser on; the profile is wrong.")
    bench.turn(subject.profile.interlock_closes)
    bench.pass_time(_LONGEST_MEMORY_S)
    if "interlock" not in bench.driver.declaration.not_shown:
        state = read_status(bench).state
        hold(not state.can_make_light, f"The interlock had opened; the driver says {state}.")
    hold(bench.story.dark, "The interlock closed again, and the laser can make light.")
    if "interlock" not in bench.driver.declaration.not_shown:
        _usable_or_told(bench)


def _usable_or_told(bench: Bench) -> None:
    """What a laser still waits for, a reset at its panel say, is told before a session finds out.

    The session that is walked here is another one: it has tokens of its own.
    """
    if calls_for_lock(read_status(bench)):
        return
    bench.unlock_entry = 3
    bench.token = EnableToken(step="ready", entry_index=4)
    try:
        walk(bench, "ready")
    except (DeviceLinkError, Ends) as error:
        hold(
            so=False,
            sentence="The interlock opened and closed, and the driver tells of nothing that is "
            f"missing (reset_required, say); yet the laser is not readied: {error}",
        )


CHECKS = (
    shown_is_true,
    evidence_is_true,
    time_bounds_are_kept,
    bounds_hold,
    out_of_bounds_is_refused,
    settings_id_tells_all,
    effective_is_the_lasers,
    an_interlock_ends_ready,
)
