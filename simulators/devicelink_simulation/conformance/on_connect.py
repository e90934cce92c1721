"""Checks of what happens before any session: who is there, and that asking changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from devicelink.driver import CommandClass
from devicelink.errors import DeviceLinkError, LinkError, ProtocolError, WrongDevice
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.check import check, hold, told
from devicelink_simulation.conformance.script import identify, read_status, walked
from devicelink_simulation.conformance.strangers import relatives, strangers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from devicelink_simulation.conformance.subject import Subject

_LATER_S = 10.0


@check("identify asks only: no set, no enable, no light; what is effective stays.")
def identify_asks_only(subject: Subject) -> None:
    """On a laser that is set, with a twin that nobody asked."""
    asked, twin = (walked(Bench(subject), "prepare") for _ in range(2))
    before = len(asked.link.asked)
    for bench in (asked, twin):
        if bench is asked:
            identify(bench)
        bench.pass_time(_LATER_S)
        bench.link.method = "read_effective"
        bench.effective = bench.driver.read_effective(bench.given, subject.profile.settings)
    for each in asked.link.asked[before:]:
        hold(
            each.kind is CommandClass.QUERY,
            f"identify sent {each.frame!r}, which is classed {each.kind}.",
        )
    _nothing_began(asked, "identify")
    hold(
        asked.effective
        and twin.effective
        and replace(asked.effective, glimpse=None) == replace(twin.effective, glimpse=None),
        "After identify other settings are effective than on a twin that was not asked.",
    )


@check("A strange device is refused: another laser, an echo, silence, garbage.")
def strange_device_refused(subject: Subject) -> None:
    """Never identified, whatever it answers."""
    _refused(strangers(subject))


@check("A laser that speaks alike and is another model, dialect or address is refused.")
def near_relative_refused(subject: Subject) -> None:
    """Those that the profile names as strange."""
    told(subject.profile.strange, "any laser that speaks alike and is another one (strange)")
    _refused(relatives(subject))


def _refused(devices: Iterable[tuple[str, Bench]]) -> None:
    for what, bench in devices:
        try:
            identify(bench)
        except (WrongDevice, LinkError, ProtocolError):
            pass
        except DeviceLinkError as error:
            hold(so=False, sentence=f"{what} was refused by {type(error).__name__}: {error}")
        else:
            hold(so=False, sentence=f"{what} was taken for the laser: {bench.identity}.")
        _nothing_began(bench, f"identify at {what}")


@check("The serial number is the wire's own where it tells one, and None where it does not.")
def identity_is_the_wires(subject: Subject) -> None:
    """Two lasers of different serial numbers are two identities."""
    first = walked(Bench(subject), "identify")
    tells = first.driver.declaration.tells_identity
    serial = first.identity.serial if first.identity else None
    if not tells:
        hold(serial is None, f"The wire does not show identity; the driver says {serial!r}.")
        return
    hold(serial, "The driver declares that the wire tells who it is, and tells no serial number.")
    knob = subject.profile.serial or ""
    told(knob, "the settable that holds the serial number")
    second = Bench(subject, values={knob: _another(first.plan.values[knob])})
    try:
        identify(second)
    except (WrongDevice, LinkError, ProtocolError):
        return
    named = second.identity.serial if second.identity else None
    hold(named and named != serial, f"Two lasers are told to have one serial number, {serial}.")


@check("Connecting and asking everything makes no light and begins nothing.")
def nothing_emits_on_connect(subject: Subject) -> None:
    """From a fresh laser, and from one that is prepared and whose hand is pressed."""
    for until in (None, "prepare"):
        bench = walked(Bench(subject), until) if until else Bench(subject)
        bench.turn(subject.profile.press)
        before = len(bench.link.asked)
        driver, link = subject.make(), bench.link
        for method, ask in (
            ("identify", driver.identify),
            ("read_status", driver.read_status),
            ("bounds", driver.bounds),
            ("read_lock", driver.read_lock),
        ):
            link.method = method
            ask(bench.given)
        link.method = "read_effective"
        driver.read_effective(bench.given, subject.profile.settings)
        bench.pass_time(_LATER_S)
        for each in link.asked[before:]:
            hold(
                each.kind is CommandClass.QUERY,
                f"{each.method} sent {each.frame!r}, which is classed {each.kind}.",
            )
        _nothing_began(bench, "asking")


@check("Light, or one control away from it, that is there at connect is seen and never locked.")
def light_at_connect_is_seen(subject: Subject) -> None:
    """Whoever made it."""
    told(subject.profile.lit_otherwise, "any way in which light is made by others")
    for what, turns in subject.profile.lit_otherwise.items():
        bench = walked(Bench(subject), "identify")
        bench.turn(turns)
        bench.pass_time(_LATER_S)
        hold(not bench.story.dark, f"{what}: the simulator makes no light; the profile is wrong.")
        status = read_status(bench)
        hold(
            status.state.can_make_light or status.unexpected_emission or status.faults,
            f"{what}: light is on, and the driver says {status.state} without a word of it.",
        )
        bench.link.method = "read_lock"
        hold(
            not bench.driver.read_lock(bench.given).confirmed,
            f"{what}: light is on, and the read-back says locked.",
        )


def _nothing_began(bench: Bench, what: str) -> None:
    hold(bench.story.dark, f"{what} made the laser emit, or one control away from it.")
    hold(not any(write.began for write in bench.port.writes), f"{what} began light.")


def _another(serial: str) -> str:
    """Another one of the same length, whose last digit differs."""
    return serial[:-1] + ("1" if serial[-1:] != "1" else "2")


CHECKS = (
    identify_asks_only,
    strange_device_refused,
    near_relative_refused,
    identity_is_the_wires,
    nothing_emits_on_connect,
    light_at_connect_is_seen,
)
