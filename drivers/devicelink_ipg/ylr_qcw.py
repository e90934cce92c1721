"""The dialect YLR-QCW (U3 and copies): what its thin sources let a driver claim, and no more.

- Bit 11 means that the supply is ON, the opposite of a YLR-SM.
- Only continuous emission is set. The unit of the pulse width is not sure, and a wrong unit is a
  thousand times the energy: while pulse or waveform mode is on, settings are refused, and no word
  that changes them can be sent.
- The trigger is `host`, which a real station allows for service and energy checks alone. Modulation
  (bit 12) and gate mode (bit 16) are read, kept as configuration and left as they are: a start-up
  is not on this wire, so light from a switch that is held at READY could come seconds later, and
  would pass for a foot that was set down.
- Under hardware emission control (bit 18) the host does not end emission: that is a fault, and is
  never called locked.
- Bit 30 is the fibre's interlock. Whether the external one is closed is not on this wire, so a
  clear bit 30 is `unknown`, never closed; nor is the key. READY is claimed as soon as emission is
  on, be it in its start-up.

Sources: host programs by others, and a published status decoder; where neither says more, a word
is taken to mean what it means on a YLR-SM.
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
    lock_reading,
    measured,
    output_shown,
    put,
    recognised,
)
from devicelink_ipg.frames import (
    IpgWire,
    StatusWord,
    UnknownToDevice,
    Words,
    is_zero,
    seconds_of,
)
from devicelink_ipg.ylr_sm import CURRENT, CURRENT_ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import Settings, Wire, WireLink

CLASSES = {
    **SHARED_CLASSES,
    **dict.fromkeys(("RCS", "RNC", "RFWS", "RID", "RBT", "RPP", "ESTA"), CommandClass.QUERY),
    "SDC": CommandClass.PREPARES,
}
"""What is not here is forbidden: every switch of a mode, and pulses."""

FAULT_BITS = {
    0: "command_buffer_overflow",
    1: "over_temperature",
    3: "back_reflection",
    5: "pulse_too_long",
    7: "humidity",
    9: "pulse_too_short",
    17: "high_pulse_energy",
    18: "hardware_emission_control",
    19: "supply_failure",
    23: "duty_too_high",
    24: "low_temperature",
    25: "supply_alarm",
    28: "guide_alarm",
    29: "critical_error",
    31: "high_average_power",
}
_MODE_BITS = (4, 10, 12, 16, 22, 27)
_NOT_SET_BY_US = {
    4: "its external control",
    10: "pulse mode",
    18: "hardware emission control",
    22: "waveform mode",
}
_LONGEST_WINDOW_S = 5.0
"""Of a YLR-SM; for so long output may show light that has ended where the window is not told."""


class YlrQcw(Engine):
    """A YLR-QCW laser, in continuous emission."""

    declaration = declare(
        title="IPG Photonics quasi-continuous fibre laser engine, dialect YLR-QCW",
        settings=(CURRENT,),
        set_point=CURRENT_ZERO,
        set_point_word="SDC",
        also_makes_light=(
            "the laser's front panel",
            "hardware emission control",
            "unknown: its wire shows no key",
        ),
        not_shown=("identity", "counter", "control", "interlock", "key", "start_up"),
    )
    wire: Wire = IpgWire(Words(CLASSES, frozenset({"SDC"}), "SDC"))
    set_point = "SDC"
    identifying_details = ("RID",)
    """Kept out of recordings: it may be a serial number."""

    def identify(self, link: WireLink) -> Identity:
        """A YLR-QCW answers `RID`; whether that is a serial number is not known."""
        firmware, named = recognised(link, "RID", "ylr-qcw")
        return Identity(serial=None, model=None, firmware=firmware, details={"RID": named})

    def read_status(self, link: WireLink) -> Status:
        """Status bits, then output power and temperature; what ends light is told at once."""
        words = {"STA": ask(link, "STA")}
        bits = StatusWord.read(words["STA"])
        if not (bits.named(FAULT_BITS) or bits.bit(30) or not bits.bit(11)):
            words |= {word: ask(link, word) for word in ("ROP", "RCT")}
        return _status(bits, words)

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:
        """Current from `RNC` to 100 %."""
        return {"diode_current_percent": (ask(link, "RNC"), "100")}

    def implied_trigger(self, settings: Settings) -> Trigger | None:  # noqa: ARG002  (the contract)
        """READY counts as light, whatever is set."""
        return Trigger.HOST

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """`SDC`; refused while emitting, and in modes that are not ours to set."""
        bits = StatusWord.read(ask(link, "STA"))
        if bits.bit(2):
            raise DeviceFault("The laser is emitting or starting: its settings are left alone.")
        modes = bits.named(_NOT_SET_BY_US)
        if modes:
            raise DeviceFault(
                f"The laser is under {' and '.join(modes)}, which this driver does not set. "
                "Switch that off in the laser's menu."
            )
        put(link, "SDC", settings["diode_current_percent"])

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:  # noqa: ARG002  (the contract)
        """The set-point; the status last, so that none is read and then lost.

        Configuration is the status bits of modes, and the averaging window where it is told.
        """
        try:
            window_s = ask(link, "RFWS")
        except UnknownToDevice:
            window_s = None
        effective = {"diode_current_percent": ask(link, "RCS")}
        words = {"STA": ask(link, "STA")}
        bits = StatusWord.read(words["STA"])
        return Effective(
            settings=effective,
            configuration={
                **{f"sta_bit_{position}": digit(bits, position) for position in _MODE_BITS},
                "power_average_s": window_s,
            },
            trigger=Trigger.HOST,
            glimpse=_status(bits, words),
            output_memory_s=_LONGEST_WINDOW_S if window_s is None else seconds_of("RFWS", window_s),
        )

    def read_lock(self, link: WireLink) -> LockReading:
        """Bits 2 and 18 must be 0, and `RCS` 0; `RID` proves that the bits mean what is read."""
        words = {word: ask(link, word) for word in ("STA", "RCS", "RID")}
        bits = StatusWord.read(words["STA"])
        return lock_reading(
            words,
            (
                (bits.bit(2), "the laser reports emission on"),
                (bits.bit(18), "the laser reports hardware emission control"),
                (not is_zero("RCS", words["RCS"]), "the laser's current set-point is not 0"),
            ),
        )


def _status(bits: StatusWord, words: Mapping[str, str]) -> Status:
    output_seen = output_shown(words.get("ROP"))
    seen = output_seen is Shown.YES
    return Status(
        state=_state(bits, output_seen=seen),
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=Shown.NO if bits.bit(30) else Shown.UNKNOWN,
        key_on=Shown.NOT_REPORTED,
        faults=bits.named(FAULT_BITS),
        reset_required=not bits.bit(11),
        unexpected_emission=seen and not bits.bit(2),
        control_pressed=Shown.NOT_REPORTED,
        output_seen=output_seen,
        counter=None,
        measured=measured(words),
        words=words,
    )


def _state(bits: StatusWord, *, output_seen: bool) -> DeviceState:
    if not bits.bit(2):
        return DeviceState.STANDBY
    return DeviceState.EMITTING if output_seen else DeviceState.READY
