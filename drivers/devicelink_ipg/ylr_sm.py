"""The dialect YLR-SM: what the contract's verbs mean on this wire.

Source of every fact: the maker's user guide of a 200 W YLR-SM laser, chapters 4 and 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.driver import (
    CommandClass,
    DeviceState,
    Effective,
    Evidence,
    Identity,
    LockReading,
    LockWay,
    SettingSpec,
    Shown,
    Status,
    Trigger,
)
from devicelink.errors import DeviceFault
from devicelink_ipg.engine import (
    SHARED_CLASSES,
    Engine,
    ask,
    declare,
    digit,
    do,
    lock_reading,
    measured,
    output_shown,
    put,
    recognised,
)
from devicelink_ipg.frames import IpgWire, StatusWord, Words, seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import Settings, Wire, WireLink

CURRENT_ZERO = LockWay("current_zero", "Diode current set to zero (SDC 0).")
CURRENT = SettingSpec("diode_current_percent", "Diode current set-point, of the maximum.", "%")
CLASSES = {
    **SHARED_CLASSES,
    **dict.fromkeys(("RCS", "RNC", "RFWS", "RMN"), CommandClass.QUERY),
    **dict.fromkeys(("EMOD", "DMOD", "SFWS", "SDC"), CommandClass.PREPARES),
}
"""What is not here is forbidden: external analog control (`EEC`), aiming by hardware, others."""

FAULT_BITS = {
    1: "over_temperature",
    3: "back_reflection",
    6: "module_disconnected",
    7: "module_failed",
    17: "unexpected_emission",
    29: "module_disabled",
    30: "collimator_disconnected",
}
_ENDS_LIGHT = sum(1 << bit for bit in (*FAULT_BITS, 10, 11, 21))


class YlrSm(Engine):
    """A YLR-SM laser."""

    declaration = declare(
        title="IPG Photonics fibre laser engine, dialect YLR-SM",
        settings=(
            CURRENT,
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
        set_point=CURRENT_ZERO,
        set_point_word="SDC",
        also_makes_light=("the laser's front panel", "the key in position REM"),
        not_shown=("identity", "counter", "control", "external_interlock_channels"),
    )
    wire: Wire = IpgWire(Words(CLASSES, frozenset({"SDC", "SFWS"}), "SDC"))
    set_point = "SDC"

    def identify(self, link: WireLink) -> Identity:
        """A YLR-SM answers `RNC`; a YAR may, too `[?]`, but answers `RMN` besides."""
        firmware, lowest = recognised(link, "RNC", "ylr-sm", unlike="RMN")
        return Identity(serial=None, model=None, firmware=firmware, details={"RNC": lowest})

    def read_status(self, link: WireLink) -> Status:
        """Status bits, then output power and temperature; what ends light is told at once."""
        words = {"STA": ask(link, "STA")}
        bits = YlrSmStatus.read(words["STA"])
        if not bits.ends_light:
            words |= {word: ask(link, word) for word in ("ROP", "RCT")}
        return _status(bits, words)

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:
        """Current from `RNC` to 100 %; the averaging window as the guide states it."""
        return {
            "diode_current_percent": (ask(link, "RNC"), "100"),
            "power_average_s": ("0.2", "5.0"),
        }

    def implied_trigger(self, settings: Settings) -> Trigger | None:
        """With modulation enabled light also needs the modulation input."""
        words = {"modulation": Trigger.HARDWARE, "emission": Trigger.HOST}
        return words.get(settings.get("trigger", ""))

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """The gate first, the current last; refused while emission is on."""
        bits = YlrSmStatus.read(ask(link, "STA"))
        if bits.emission_on:
            raise DeviceFault("The laser is emitting or starting: its settings are left alone.")
        if bits.bit(4):
            raise DeviceFault(
                "The laser's current is set by its analog input. "
                "Switch analog control off in the laser's menu."
            )
        by_modulation = settings["trigger"] == "modulation"
        if by_modulation != bits.modulation_enabled:
            do(link, "EMOD" if by_modulation else "DMOD")
        if "power_average_s" in settings:
            put(link, "SFWS", settings["power_average_s"])
        put(link, "SDC", settings["diode_current_percent"])

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:
        """Averaging window and set-point; the status last, so that none is read and then lost.

        Configuration is status bits 4, 12 and 22, and the window, over which output is averaged.
        """
        window_s = ask(link, "RFWS")
        effective = {"diode_current_percent": ask(link, "RCS")}
        words = {"STA": ask(link, "STA")}
        bits = YlrSmStatus.read(words["STA"])
        effective["trigger"] = "modulation" if bits.modulation_enabled else "emission"
        if "power_average_s" in settings:
            effective["power_average_s"] = window_s
        return Effective(
            settings=effective,
            configuration={
                "sta_bit_4": digit(bits, 4),
                "sta_bit_12": digit(bits, 12),
                "sta_bit_22": digit(bits, 22),
                "power_average_s": window_s,
            },
            trigger=Trigger.HARDWARE if bits.modulation_enabled else Trigger.HOST,
            glimpse=_status(bits, words),
            output_memory_s=seconds_of("RFWS", window_s),
        )

    def read_lock(self, link: WireLink) -> LockReading:
        """Bits 2, 15, 17 and 21 must be 0: a key in REM is not under this host's control."""
        words = {word: ask(link, word) for word in ("STA", "RCS")}
        bits = YlrSmStatus.read(words["STA"])
        return lock_reading(
            words,
            (
                (bits.emission_on, "the laser reports emission on"),
                (bits.starting, "the laser reports its start-up"),
                (bits.unexpected_emission, "the laser reports unexpected emission"),
                (bits.key_in_remote, "the laser's key is in position REM"),
            ),
        )


class YlrSmStatus(StatusWord):
    """The bits of a YLR-SM; reserved ones are never looked at."""

    @property
    def emission_on(self) -> bool:
        """Bit 2: emission on, or starting."""
        return self.bit(2)

    @property
    def starting(self) -> bool:
        """Bit 15: in the three seconds of safety start-up."""
        return self.bit(15)

    @property
    def unexpected_emission(self) -> bool:
        """Bit 17."""
        return self.bit(17)

    @property
    def key_in_remote(self) -> bool:
        """Bit 21: the laser is not under this host's control."""
        return self.bit(21)

    @property
    def interlock_open(self) -> bool:
        """Bit 10: optical interlock failed."""
        return self.bit(10)

    @property
    def supply_off(self) -> bool:
        """Bit 11: stays set until START is pressed at the laser."""
        return self.bit(11)

    @property
    def modulation_enabled(self) -> bool:
        """Bit 12: light also needs the modulation input."""
        return self.bit(12)

    @property
    def ends_light(self) -> bool:
        """Whether a session ends at it: a fault, an interlock, the key, unexpected emission."""
        return bool(self.number & _ENDS_LIGHT)


def _status(bits: YlrSmStatus, words: Mapping[str, str]) -> Status:
    """From the status word, and from output power and temperature where they were asked for."""
    output_seen = output_shown(words.get("ROP"))
    seen = output_seen is Shown.YES
    return Status(
        state=_state(bits, output_seen=seen),
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=_interlock(bits),
        key_on=Shown.NO if bits.key_in_remote else Shown.YES,
        faults=bits.named(FAULT_BITS),
        reset_required=bits.supply_off,
        unexpected_emission=bits.unexpected_emission or (seen and not bits.emission_on),
        control_pressed=Shown.NOT_REPORTED,
        output_seen=output_seen,
        counter=None,
        measured=measured(words),
        words=words,
    )


def _state(bits: YlrSmStatus, *, output_seen: bool) -> DeviceState:
    if bits.starting:
        return DeviceState.ARMING
    if not bits.emission_on:
        return DeviceState.STANDBY
    return DeviceState.EMITTING if output_seen else DeviceState.READY


def _interlock(bits: YlrSmStatus) -> Shown:
    """With the supply off the channels cannot be told: START may be all that is missing."""
    if bits.interlock_open:
        return Shown.NO
    return Shown.UNKNOWN if bits.supply_off else Shown.YES
