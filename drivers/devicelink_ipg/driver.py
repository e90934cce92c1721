"""The YLR-SM driver: what the contract's verbs mean on this wire.

A serial number and a lifetime counter are not on this wire; nothing is invented for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.driver import (
    ControlShown,
    Declaration,
    DeviceState,
    Effective,
    Evidence,
    Identity,
    Line,
    LockReading,
    LockWay,
    Reading,
    SettingSpec,
    Shown,
    Status,
    Trigger,
)
from devicelink.errors import ConfigError, DeviceFault, WrongDevice
from devicelink_ipg.frames import (
    StatusWord,
    UnknownToDevice,
    YlrSmWire,
    acknowledged,
    frame,
    seconds_of,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import EnableToken, Settings, WireLink

WITHIN_S = 0.2
NOT_ASKED = Reading(None, "not_asked")
BAUDRATES = ("57600", "38400", "19200", "9600")

EMISSION_OFF = LockWay("emission_off", "Emission switched off (EMOFF).")
CURRENT_ZERO = LockWay("current_zero", "Diode current set to zero (SDC 0).")

DECLARATION = Declaration(
    name="ipg",
    title="IPG Photonics fibre laser engine, dialect YLR-SM",
    complete_product=False,
    settings=(
        SettingSpec("diode_current_percent", "Diode current set-point, of the maximum.", "%"),
        SettingSpec(
            "trigger",
            "What makes light in READY: the modulation input, or emission itself.",
            "",
            choices=("modulation", "emission"),
        ),
        SettingSpec(
            "power_average_s",
            "Window over which the reported power is averaged.",
            "s",
            required=False,
        ),
    ),
    configuration_keys={
        "dialect": "ylr-sm (others come later)",
        "baudrate": "57600 (default), 38400, 19200 or 9600, as set at the laser's panel",
    },
    lock_ways=(EMISSION_OFF, CURRENT_ZERO),
    lock_bytes=b"\rEMOFF\rSDC 0\r",
    lock_bound_s=0.05,
    arming_bound_s=4.0,
    query_within_s=WITHIN_S,
    evidence_locked=Evidence.DEVICE_STATE,
    dead_man=None,
    settings_authority="either",
    also_makes_light=("the laser's front panel", "the key in position REM"),
    not_shown=("identity", "counter", "control", "external_interlock_channels"),
    control_shown=ControlShown.NO,
    at_the_laser=(
        "Press the laser's own red emergency stop, then turn its key off. "
        "Nobody takes eyewear off until the power is removed."
    ),
)


class Ipg:
    """One IPG laser. Raises `ConfigError` for a dialect or speed that it does not know."""

    declaration = DECLARATION

    def __init__(self, configuration: Mapping[str, str]) -> None:
        dialect = configuration.get("dialect", "ylr-sm")
        if dialect != "ylr-sm":
            raise ConfigError(f"The driver ipg does not know the dialect {dialect!r}; use ylr-sm.")
        baudrate = configuration.get("baudrate", BAUDRATES[0])
        if baudrate not in BAUDRATES:
            raise ConfigError(
                f"An IPG laser does not speak at {baudrate!r} baud; use one of {BAUDRATES}."
            )
        self.line = Line(baudrate=int(baudrate))
        self.wire = YlrSmWire()

    def identify(self, link: WireLink) -> Identity:
        """A YLR-SM answers `RNC`, other dialects do not."""
        firmware = _ask(link, "RFV")
        try:
            lowest = _ask(link, "RNC")
        except UnknownToDevice as error:
            raise WrongDevice(
                "The laser on this port does not speak the dialect ylr-sm (it does not know RNC). "
                "Check which laser is plugged in, and its registered dialect."
            ) from error
        return Identity(serial=None, model=None, firmware=firmware, details={"RNC": lowest})

    def read_status(self, link: WireLink) -> Status:
        """Status bits, then output power and temperature; what ends light is told at once."""
        words = {"STA": _ask(link, "STA")}
        bits = StatusWord.read(words["STA"])
        if bits.ends_light:
            return _status(bits, words)
        words |= {word: _ask(link, word) for word in ("ROP", "RCT")}
        return _status(bits, words)

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:
        """Current from `RNC` to 100 %; the averaging window as the guide states it."""
        return {
            "diode_current_percent": (_ask(link, "RNC"), "100"),
            "power_average_s": ("0.2", "5.0"),
        }

    def implied_trigger(self, settings: Settings) -> Trigger | None:
        """With modulation enabled light also needs the modulation input."""
        words = {"modulation": Trigger.HARDWARE, "emission": Trigger.HOST}
        return words.get(settings.get("trigger", ""))

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """The gate first, the current last; refused while emission is on."""
        bits = StatusWord.read(_ask(link, "STA"))
        if bits.emission_on:
            raise DeviceFault("The laser is emitting or starting: its settings are left alone.")
        if bits.bit(4):
            raise DeviceFault(
                "The laser's current is set by its analog input. "
                "Switch analog control off in the laser's menu."
            )
        by_modulation = settings["trigger"] == "modulation"
        if by_modulation != bits.modulation_enabled:
            _do(link, "EMOD" if by_modulation else "DMOD")
        if "power_average_s" in settings:
            _set(link, "SFWS", settings["power_average_s"])
        _set(link, "SDC", settings["diode_current_percent"])

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:
        """Averaging window and set-point; the status last, so that none is read and then lost.

        Configuration is status bits 4, 12 and 22, and the window, over which output is averaged.
        """
        window_s = _ask(link, "RFWS")
        effective = {"diode_current_percent": _ask(link, "RCS")}
        words = {"STA": _ask(link, "STA")}
        bits = StatusWord.read(words["STA"])
        effective["trigger"] = "modulation" if bits.modulation_enabled else "emission"
        if "power_average_s" in settings:
            effective["power_average_s"] = window_s
        return Effective(
            settings=effective,
            configuration={
                "sta_bit_4": _digit(bits, 4),
                "sta_bit_12": _digit(bits, 12),
                "sta_bit_22": _digit(bits, 22),
                "power_average_s": window_s,
            },
            trigger=Trigger.HARDWARE if bits.modulation_enabled else Trigger.HOST,
            glimpse=_status(bits, words),
            output_memory_s=seconds_of("RFWS", window_s),
        )

    def unlock(self, link: WireLink, token: EnableToken) -> None:
        """Nothing to send: a prepared laser with emission off is in STANDBY, as its status says."""

    def ready(self, link: WireLink, token: EnableToken) -> None:
        """`EMON`, once; the laser starts for three seconds."""
        acknowledged("EMON", link.exchange(frame("EMON"), within_s=WITHIN_S, token=token))

    def standby(self, link: WireLink) -> None:
        """`EMOFF`."""
        _do(link, "EMOFF")

    def reduce(self, link: WireLink, way: LockWay) -> None:
        """`EMOFF`, or `SDC 0`; never `DMOD`, which would take the trigger away."""
        if way is CURRENT_ZERO:
            _set(link, "SDC", "0")
        else:
            _do(link, "EMOFF")

    def read_lock(self, link: WireLink) -> LockReading:
        """Bits 2, 15, 17 and 21 must be 0: a key in REM is not under this host's control."""
        words = {word: _ask(link, word) for word in ("STA", "RCS")}
        bits = StatusWord.read(words["STA"])
        reasons = [
            sentence
            for is_so, sentence in (
                (bits.emission_on, "the laser reports emission on"),
                (bits.starting, "the laser reports its start-up"),
                (bits.unexpected_emission, "the laser reports unexpected emission"),
                (bits.key_in_remote, "the laser's key is in position REM"),
            )
            if is_so
        ]
        return LockReading(
            confirmed=not reasons,
            evidence=Evidence.DEVICE_STATE,
            words=words,
            why_not=", ".join(reasons) or None,
        )

    def clear_fault(self, link: WireLink) -> None:
        """`RERR`: clears what can be reset."""
        _do(link, "RERR")


def _ask(link: WireLink, word: str) -> str:
    return value_of(word, link.exchange(frame(word), within_s=WITHIN_S))


def _do(link: WireLink, word: str) -> None:
    acknowledged(word, link.exchange(frame(word), within_s=WITHIN_S))


def _set(link: WireLink, word: str, value: str) -> None:
    value_of(word, link.exchange(frame(word, value), within_s=WITHIN_S))


def _digit(bits: StatusWord, position: int) -> str:
    return "1" if bits.bit(position) else "0"


def _status(bits: StatusWord, words: Mapping[str, str]) -> Status:
    """From the status word, and from output power and temperature where they were asked for."""
    output = words.get("ROP")
    seen = output is not None and output.casefold() not in {"off", "low"}
    output_seen = Shown.UNKNOWN if output is None else Shown.YES if seen else Shown.NO
    return Status(
        state=_state(bits, output_seen=seen),
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=_interlock(bits),
        key_on=Shown.NO if bits.key_in_remote else Shown.YES,
        faults=bits.faults,
        reset_required=bits.supply_off,
        unexpected_emission=bits.unexpected_emission or (seen and not bits.emission_on),
        control_pressed=Shown.NOT_REPORTED,
        output_seen=output_seen,
        counter=None,
        measured={
            "output_power_w": _measured(output),
            "temperature_c": Reading(words["RCT"]) if "RCT" in words else NOT_ASKED,
        },
        words=words,
    )


def _state(bits: StatusWord, *, output_seen: bool) -> DeviceState:
    if bits.starting:
        return DeviceState.ARMING
    if not bits.emission_on:
        return DeviceState.STANDBY
    return DeviceState.EMITTING if output_seen else DeviceState.READY


def _interlock(bits: StatusWord) -> Shown:
    """With the supply off the channels cannot be told: START may be all that is missing."""
    if bits.interlock_open:
        return Shown.NO
    return Shown.UNKNOWN if bits.supply_off else Shown.YES


def _measured(output: str | None) -> Reading:
    if output is None:
        return NOT_ASKED
    if output.casefold() == "off":
        return Reading(None, "emission_off")
    if output.casefold() == "low":
        return Reading(None, "below_measurable")
    return Reading(output)
