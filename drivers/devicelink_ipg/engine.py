"""What every IPG laser is told and asked in the same words, whatever its dialect.

`EMON` starts emission, `EMOFF` ends it, `RERR` clears what can be reset; `ROP` is the output in W,
or `Off`, or `Low`. A serial number and a lifetime counter are on none of these wires; nothing is
invented for them. Sources: the maker's user guide of a YLR-SM laser; for the other dialects, host
programs by others.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from devicelink.driver import (
    CommandClass,
    ControlShown,
    Declaration,
    Evidence,
    LockReading,
    LockWay,
    Reading,
    Shown,
)
from devicelink.errors import WrongDevice
from devicelink_ipg.frames import IpgWire, UnknownToDevice, acknowledged, frame, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink.driver import EnableToken, Line, SettingSpec, Wire, WireLink
    from devicelink_ipg.frames import StatusWord

WITHIN_S = 0.2
NOT_ASKED = Reading(None, "not_asked")
BAUDRATES = ("57600", "38400", "19200", "9600")
EMISSION_OFF = LockWay("emission_off", "Emission switched off (EMOFF).")

SHARED_CLASSES = {
    **dict.fromkeys(("STA", "ROP", "RFV", "RCT", "RDC"), CommandClass.QUERY),
    **dict.fromkeys(("EMOFF", "ABF"), CommandClass.REDUCES),
    **dict.fromkeys(("ABN", "RERR"), CommandClass.PREPARES),
    "EMON": CommandClass.ENABLES,
}
"""Words that all dialects know."""


class Engine:
    """One IPG laser; a dialect adds settings, status and identity."""

    declaration: Declaration
    wire: Wire
    set_point: str
    """The word that sets it; with 0 it takes light away."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def unlock(self, link: WireLink, token: EnableToken) -> None:
        """Nothing to send: a prepared laser with emission off is in STANDBY, as its status says."""

    def ready(self, link: WireLink, token: EnableToken) -> bool:
        """`EMON`, once; the laser starts for three seconds."""
        acknowledged("EMON", link.exchange(frame("EMON"), within_s=WITHIN_S, token=token))
        return True

    def standby(self, link: WireLink) -> None:
        """`EMOFF`."""
        do(link, "EMOFF")

    def reduce(self, link: WireLink, way: LockWay) -> None:
        """`EMOFF`, or the set-point 0; never `DMOD`, which would take the trigger away."""
        if way is EMISSION_OFF:
            do(link, "EMOFF")
        else:
            put(link, self.set_point, "0")

    def clear_fault(self, link: WireLink) -> None:
        """`RERR`: clears what can be reset."""
        do(link, "RERR")


def declare(
    *,
    title: str,
    settings: tuple[SettingSpec, ...],
    set_point: LockWay,
    set_point_word: str,
    also_makes_light: tuple[str, ...],
    not_shown: tuple[str, ...],
) -> Declaration:
    """What a dialect declares, around what is alike for all."""
    return Declaration(
        name="ipg",
        title=title,
        complete_product=False,
        settings=settings,
        configuration_keys={
            "dialect": "ylr-sm (default), yar or ylr-qcw, as the laser's papers say",
            "baudrate": "57600 (default), 38400, 19200 or 9600, as set at the laser's panel",
        },
        lock_ways=(EMISSION_OFF, set_point),
        lock_bytes=IpgWire.frame_break + frame("EMOFF") + frame(set_point_word, "0"),
        lock_bound_s=0.05,
        arming_bound_s=4.0,
        query_within_s=WITHIN_S,
        evidence_locked=Evidence.DEVICE_STATE,
        dead_man=None,
        settings_authority="either",
        also_makes_light=also_makes_light,
        not_shown=not_shown,
        control_shown=ControlShown.NO,
        at_the_laser=(
            "Press the laser's own red emergency stop, then turn its key off. "
            "Nobody takes eyewear off until the power is removed."
        ),
    )


def ask(link: WireLink, word: str) -> str:
    """The value that a word reads; raises what `value_of` raises, and `LinkError`."""
    return value_of(word, link.exchange(frame(word), within_s=WITHIN_S))


def recognised(link: WireLink, word: str, dialect: str, *, unlike: str = "") -> tuple[str, str]:
    """The firmware, and the value of a word that other dialects do not know.

    `unlike` is a word of another dialect whose laser may know the first one, too. Raises
    `WrongDevice` where this laser does not know the one, or knows the other.
    """
    firmware = ask(link, "RFV")
    try:
        value = ask(link, word)
    except UnknownToDevice as error:
        raise _other_dialect(dialect, f"it does not know {word}") from error
    if unlike:
        with contextlib.suppress(UnknownToDevice):
            ask(link, unlike)
            raise _other_dialect(dialect, f"it knows {unlike}")
    return firmware, value


def _other_dialect(dialect: str, why: str) -> WrongDevice:
    return WrongDevice(
        f"The laser on this port does not speak the dialect {dialect} ({why}). Check which laser "
        "is plugged in, and its registered dialect."
    )


def do(link: WireLink, word: str) -> None:
    """Say a word that has no value."""
    acknowledged(word, link.exchange(frame(word), within_s=WITHIN_S))


def put(link: WireLink, word: str, value: str) -> None:
    """Set a value."""
    value_of(word, link.exchange(frame(word, value), within_s=WITHIN_S))


def digit(bits: StatusWord, position: int) -> str:
    """One bit, as a settings hash wants it."""
    return "1" if bits.bit(position) else "0"


def output_shown(output: str | None) -> Shown:
    """Whether `ROP` tells of light; None where it was not asked."""
    if output is None:
        return Shown.UNKNOWN
    return Shown.NO if output.casefold() in {"off", "low"} else Shown.YES


def measured(words: Mapping[str, str]) -> Mapping[str, Reading]:
    """Output power and temperature, or why there is none."""
    return {
        "output_power_w": _power(words.get("ROP")),
        "temperature_c": Reading(words["RCT"]) if "RCT" in words else NOT_ASKED,
    }


def lock_reading(words: Mapping[str, str], against: Iterable[tuple[bool, str]]) -> LockReading:
    """Locked, unless something speaks against it."""
    reasons = [sentence for is_so, sentence in against if is_so]
    return LockReading(
        confirmed=not reasons,
        evidence=Evidence.DEVICE_STATE,
        words=words,
        why_not=", ".join(reasons) or None,
    )


def _power(output: str | None) -> Reading:
    if output is None:
        return NOT_ASKED
    if output.casefold() == "off":
        return Reading(None, "emission_off")
    if output.casefold() == "low":
        return Reading(None, "below_measurable")
    return Reading(output)
