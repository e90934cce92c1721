"""The sweep: every fault of the wire at every exchange of a whole session."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from devicelink.errors import DeviceFault, DeviceLinkError
from devicelink.session.state import calls_for_lock
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.check import check, hold, told
from devicelink_simulation.conformance.on_locking import emitting
from devicelink_simulation.conformance.script import STEPS, Ends, read_status, walk, walked
from devicelink_simulation.conformance.subject import NotHeld
from devicelink_simulation.faults import WIRE_FAULTS
from devicelink_simulation.wired import REBOOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.conformance.subject import Subject

_LATER_S = 10.0
_TURNED_S = 0.2
_VARIANTS = {
    "delay": ("delay:seconds=0.15", "delay:seconds=0.5"),
    "garbage": ("garbage", "garbage:hex=0d0a"),
    "corrupt": ("corrupt", "corrupt:position=5,value=0x30", "corrupt:position=-1"),
    "truncate": ("truncate:keep=0", "truncate:keep=1", "truncate"),
    "mangled_command": (
        "mangled_command",
        "mangled_command:position=1",
        "mangled_command:position=4,value=0x39",
        "mangled_command:position=-1,value=0x0d",
    ),
}
"""Of those that come in several kinds; the others as they are."""
_STAYING = ("lost_command", "drop", "mangled_command", "corrupt")
"""From an exchange on: a line that is broken one way, or both."""
_FOR_EVER = 1_000_000
_REPLY_BYTES = 20


@check("Every single fault of the wire, at every exchange, or a restart, ends dark or alarmed.")
def every_single_fault(subject: Subject) -> None:
    """Dark by the truth where the lock is confirmed, and each enabling frame left once."""
    clean = walked(Bench(subject))
    walk_length = len(clean.port.writes)
    clean.lock()
    for kind in WIRE_FAULTS:
        for fault in _VARIANTS.get(kind.name, (kind.name,)):
            for nth in range(1, walk_length + 3):
                _struck(subject, f"{fault}@nth={nth}")
    for fault in _STAYING:
        for nth in range(1, walk_length + 3):
            _struck(subject, f"{fault}@nth={nth},count={_FOR_EVER}")
    if REBOOT in clean.plan.simulator.faults:
        for nth in clean.first_of_each(times=1):
            _struck(subject, f"{REBOOT.name}@nth={nth}")


def _struck(subject: Subject, fault: str) -> None:
    bench = Bench(subject, faults=[fault])
    alarmed = ""
    try:
        walk(bench)
    except (DeviceLinkError, Ends) as error:
        alarmed = f"{type(error).__name__}: {error}"
    outcome = bench.lock()
    sent = bench.enabling()
    hold(len(sent) == len(set(sent)), f"{fault}: something that enables left twice.")
    if outcome.confirmed:
        how = f"{fault} ({alarmed or 'nothing was raised'})"
        hold(bench.story.dark, f"{how}: confirmed locked, and the laser can make light.")
        bench.turn(subject.profile.press)
        bench.pass_time(_LATER_S)
        hold(bench.story.dark, f"{how}: locked, and {_LATER_S:g} s later it can make light.")
    else:
        hold(outcome.why_not, f"{fault}: the lock is not confirmed, and nobody says why.")


@check("Silence is raised by every method that talks, never taken for an answer.")
def silence_is_raised(subject: Subject) -> None:
    """From each exchange of each method on, no reply comes."""
    for until, method, call in _methods(subject):
        clean = walked(Bench(subject), until)
        before = len(clean.port.writes)
        call(clean)
        exchanges = len(clean.port.writes) - before
        for nth in range(1, exchanges + 1):
            bench = walked(Bench(subject), until)
            bench.turn((("fault", f"silence@nth={nth}"),))
            try:
                call(bench)
            except DeviceLinkError:
                continue
            hold(so=False, sentence=f"{method} swallowed the silence after exchange {nth - 1}.")


def _methods(subject: Subject) -> list[tuple[str, str, Callable[[Bench], object]]]:
    settings = subject.profile.settings
    ways = Bench(subject).driver.declaration.lock_ways

    def reducing(number: int) -> Callable[[Bench], object]:
        return lambda b: b.driver.reduce(b.given, b.driver.declaration.lock_ways[number])

    return [
        ("identify", "identify", lambda b: b.driver.identify(b.given)),
        ("identify", "read_status", lambda b: b.driver.read_status(b.given)),
        ("identify", "bounds", lambda b: b.driver.bounds(b.given)),
        ("bounds", "prepare", lambda b: b.driver.prepare(b.given, settings)),
        ("prepare", "read_effective", lambda b: b.driver.read_effective(b.given, settings)),
        ("effective", "unlock", lambda b: b.driver.unlock(b.given, b.unlock_token)),
        ("unlock", "ready", lambda b: b.driver.ready(b.given, b.token)),
        ("ready", "standby", lambda b: b.driver.standby(b.given)),
        ("standby", "read_lock", lambda b: b.driver.read_lock(b.given)),
        *(("ready", f"reduce {way.name}", reducing(i)) for i, way in enumerate(ways)),
    ]


@check("What the laser reports as a fault or an open interlock ends a session.")
def faults_are_told(subject: Subject) -> None:
    """Each fault of the profile, in LOCKED and in light."""
    profile = subject.profile
    needed = {**profile.faults, **profile.beyond_control}
    told(needed, "any fault (faults, beyond_control)")
    for what, turns in needed.items():
        for bench in (walked(Bench(subject), "identify"), emitting(subject)):
            bench.turn(turns)
            bench.pass_time(_TURNED_S)
            status = read_status(bench)
            hold(
                calls_for_lock(status),
                f"{what}: the driver says {status.state}, no fault, nothing that ends a session.",
            )


@check("clear_fault clears by a command of its own, or says that it cannot; nothing else clears.")
def a_fault_is_cleared_by_one_act(subject: Subject) -> None:
    """For each fault of the profile, its cause mended, and for a laser without one."""
    whole = walked(Bench(subject))
    whole.lock()
    for what, turns in {"no fault": (), **subject.profile.faults}.items():
        bench = walked(Bench(subject), "identify")
        bench.turn(turns)
        bench.pass_time(_TURNED_S)
        with contextlib.suppress(DeviceLinkError):
            bench.driver.prepare(bench.given, subject.profile.settings)
        bench.turn(tuple((key, bench.plan.values[key]) for key, _ in turns))
        bench.pass_time(_TURNED_S)
        others = {*whole.sent, *bench.sent}
        before = len(bench.port.writes)
        bench.link.method = "clear_fault"
        try:
            bench.driver.clear_fault(bench.given)
        except DeviceFault:
            continue
        hold(bench.story.dark, f"{what}: clear_fault made the laser emit, or a control away.")
        hold(
            [each for each in bench.sent[before:] if each not in others],
            f"{what}: clear_fault came back without a word, and sent no command of its own: "
            "either a session sends the same, or nothing was sent.",
        )
        faults = read_status(bench).faults
        hold(not faults, f"{what}: its cause is mended, clear_fault came back; still {faults}.")


@check("Only the contract's errors are raised, whatever bytes come.")
def only_known_errors(subject: Subject) -> None:
    """One byte of one reply of a session is another, at each place; and replies of junk alone."""
    for nth in walked(Bench(subject)).first_of_each(times=1):
        for place in range(_REPLY_BYTES):
            fault = f"corrupt:position={place}@nth={nth}"
            _only_known(walk, Bench(subject, faults=[fault]), fault)
    for junk in (b"\xff" * 3, b"\r\n\r\n", bytes(17), b"\r" * 40, b"9" * 70 + b"\r\n"):
        for name in STEPS:
            bench = walked(Bench(subject), name)
            bench.port.change = partial(_instead, junk)
            for _, method, call in _methods(subject):
                _only_known(call, bench, f"{method} at {junk!r}")


def _instead(junk: bytes, data: bytes) -> bytes:
    return junk if data else data


def _only_known(call: Callable[[Bench], object], bench: Bench, what: str) -> None:
    try:
        call(bench)
    except (DeviceLinkError, Ends, NotHeld):
        return
    except Exception as error:
        raise NotHeld(f"{what}: the driver raised {error!r}.") from error


CHECKS = (
    every_single_fault,
    silence_is_raised,
    faults_are_told,
    a_fault_is_cleared_by_one_act,
    only_known_errors,
)
