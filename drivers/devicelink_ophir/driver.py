"""The driver `ophir`: what a meter's verbs mean in the `$` protocol. Sources as in `frames`."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, DeviceFault, NoReply, ProtocolError
from devicelink.meter import (
    Head,
    Instrument,
    Line,
    MeterDeclaration,
    MeterIdentity,
    Mode,
    Reading,
    Setup,
)
from devicelink_ophir.frames import (
    Choice,
    OphirWire,
    Wavelengths,
    frame,
    nanometres,
    no_answer,
    reading_of,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.meter import Wanted, WireLink

BAUDRATES = ("9600", "19200", "38400", "4800", "1200", "300")
WITHIN_S = 0.5
READING_WITHIN_S = 0.8
"""`[?]` Shorter than the beat of a guard that watches a laser meanwhile."""
NO_HEAD = "XX"
BOOT_MODE = "ED"
NOT_REPORTED = Reading(None, "not_reported")

MODES = {"2": Mode.POWER, "3": Mode.ENERGY}
UNITS = {"W": Mode.POWER, "J": Mode.ENERGY}
SETS_MODE = {Mode.POWER: ("MM2", "FP"), Mode.ENERGY: ("MM3", "FE")}
"""The second is what older instruments know."""
_CAPABILITY = {Mode.POWER: 0, Mode.ENERGY: 1}
_HEAD_WORDS = 4
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}", re.ASCII)
_FILTERS = (("FQ", "filter"), ("DQ", "diffuser"))


class Ophir:
    """One meter."""

    declaration = MeterDeclaration(
        name="ophir",
        title="Ophir power and energy meters: Nova, Nova II, Vega, EA-1 and their family",
        configuration_keys={"baudrate": f"{BAUDRATES[0]} (default), or {', '.join(BAUDRATES[1:])}"},
        measures=("energy_j", "power_w"),
        not_shown=("calibration_due", "head_rating"),
        query_within_s=WITHIN_S,
        reading_within_s=READING_WITHIN_S,
        settles_s=10.0,
    )

    def __init__(self, configuration: Mapping[str, str]) -> None:
        baudrate = configuration.get("baudrate", BAUDRATES[0])
        if baudrate not in BAUDRATES:
            raise ConfigError(
                f"An Ophir meter does not speak at {baudrate!r} baud; "
                f"use one of {', '.join(BAUDRATES)}."
            )
        self.line = Line(baudrate=int(baudrate))
        self.wire = OphirWire()

    def identify(self, link: WireLink) -> MeterIdentity:
        """Firmware, instrument and head; an older instrument does not tell what it is."""
        firmware = _ask(link, "VE")
        if firmware.startswith(BOOT_MODE):
            raise DeviceFault(f"The meter is in its boot mode ({firmware}). Switch it off and on.")
        told = _ask_if_known(link, "II")
        words = told.split() if told else []
        return MeterIdentity(
            instrument=Instrument(
                serial=words[1] if len(words) > 1 else None,
                model=" ".join(words[2:]) or None,
                firmware=firmware,
            ),
            head=_head(_ask(link, "HI")),
        )

    def read_setup(self, link: WireLink) -> Setup:
        """Mode, unit, wavelength, range, filter or diffuser; what is not told has its reason."""
        words = {"SI": _ask(link, "SI"), "AR": _ask(link, "AR")}
        for word in ("MM0", "AW", "FQ", "DQ"):
            told = _ask_if_known(link, word)
            if told is not None:
                words[word] = told
        ranges = Choice.of_ranges(words["AR"])
        wavelengths = Wavelengths.read(words["AW"]) if "AW" in words else None
        chosen = wavelengths.choice.current if wavelengths else None
        length_nm = nanometres(chosen) if chosen else None
        return Setup(
            mode=_mode(words),
            unit=Reading(words["SI"]),
            wavelength_nm=Reading(length_nm) if length_nm else Reading(None, "no_number"),
            wavelength=Reading(chosen) if chosen else NOT_REPORTED,
            wavelengths=wavelengths.choice.entries if wavelengths else (),
            range=Reading(ranges.current),
            ranges=ranges.entries,
            filter=_filter(words),
            words=words,
        )

    def prepare(self, link: WireLink, wanted: Wanted) -> None:
        """The mode first: on it depend the ranges that there are."""
        if wanted.mode is not None:
            self._set_mode(link, wanted.mode)
        if wanted.wavelength is not None:
            wavelengths = Wavelengths.read(_ask(link, "AW"))
            _first_known(link, wavelengths.commands_for(wanted.wavelength))
        if wanted.range is not None:
            index = Choice.of_ranges(_ask(link, "AR")).index_of(wanted.range)
            _ask(link, f"WN{index}")

    def settled(self, link: WireLink) -> bool:
        """`$HP`."""
        return _ask_if_known(link, "HP") is not None

    def discard_stale(self, link: WireLink) -> bool:
        """`$EF`, and `$SE` where an energy lies there: reading it clears the flag."""
        return self.next_pulse(link) is not None

    def ready_for_pulse(self, link: WireLink) -> bool:
        """`$ER`."""
        return _ask(link, "ER") == "1"

    def next_pulse(self, link: WireLink) -> Reading | None:
        """`$EF` until it says 1, then `$SE` once."""
        if _ask(link, "EF") == "0":
            return None
        return reading_of(_ask(link, "SE"))

    def read_power(self, link: WireLink) -> Reading:
        """`$SP`: it answers when the head has its next reading."""
        return reading_of(_ask(link, "SP", within_s=READING_WITHIN_S))

    def _set_mode(self, link: WireLink, mode: Mode) -> None:
        if mode not in SETS_MODE:
            raise DeviceFault(f"A meter is set to measure power or energy, not {mode.value}.")
        _first_known(link, SETS_MODE[mode])


def _ask(link: WireLink, word: str, *, within_s: float = WITHIN_S) -> str:
    try:
        return value_of(word, link.exchange(frame(word), within_s=within_s))
    except NoReply as error:
        raise NoReply(no_answer(word, within_s)) from error


def _ask_if_known(link: WireLink, word: str) -> str | None:
    """None where this instrument refuses the question."""
    try:
        return _ask(link, word)
    except DeviceFault:
        return None


def _first_known(link: WireLink, words: tuple[str, ...]) -> None:
    """The first of these words that the instrument does not refuse; the last refusal is raised."""
    for word in words[:-1]:
        if _ask_if_known(link, word) is not None:
            return
    for word in words[-1:]:
        _ask(link, word)


def _head(told: str) -> Head | None:
    """`PY 22323 PE10-C 80000003`: kind, serial number, name, capabilities in hex."""
    words = told.split()
    if words[0] == NO_HEAD:
        return None
    if len(words) < _HEAD_WORDS or not _HEX.fullmatch(words[-1]):
        raise ProtocolError(
            f"The meter tells its head in a way that cannot be read. Plug it in anew ({told})."
        )
    able = int(words[-1], 16)
    return Head(
        kind=words[0],
        serial=words[1],
        model=" ".join(words[2:-1]),
        measures=tuple(mode for mode, bit in _CAPABILITY.items() if able >> bit & 1),
    )


def _mode(words: Mapping[str, str]) -> Mode:
    """As `$MM0` tells it; on older instruments, by the unit."""
    if "MM0" in words:
        return MODES.get(words["MM0"], Mode.OTHER)
    return UNITS.get(words["SI"], Mode.OTHER)


def _filter(words: Mapping[str, str]) -> Reading:
    """Filter and diffuser, as far as the head has them: both change what a reading means."""
    told = []
    for word, name in _FILTERS:
        with contextlib.suppress(ValueError, ProtocolError):
            told.append(f"{name} {Choice.of_filter(words.get(word, '')).current}")
    return Reading(", ".join(told)) if told else NOT_REPORTED
