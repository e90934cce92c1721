"""The dialect YAR, a fibre amplifier that is set in watts.

Its wire is thin, and what it does not show is not claimed:

- neither key nor interlock: both are `not_reported`, which the clinic has to accept;
- no modulation input and no other switch of a hand: READY is light, its trigger is `host`, which
  a real station allows for service and energy checks alone;
- no hardware start: whether anything but this host and the panel makes light is unknown.

The same number means other things here than on a YLR-SM: the dialect is configured, checked by
`RMN`, and never guessed from the status. Source of every fact: a host program by others.
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
    lock_reading,
    measured,
    output_shown,
    put,
    recognised,
)
from devicelink_ipg.frames import IpgWire, StatusWord, UnknownToDevice, Words, is_zero

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import Settings, Wire, WireLink

CLASSES = {
    **SHARED_CLASSES,
    **dict.fromkeys(("RMN", "RNP", "RMP", "RPS", "RWA"), CommandClass.QUERY),
    "SPS": CommandClass.PREPARES,
}
"""What is not here is forbidden: tuning the seed (`SWA`), and every word of other dialects."""

FAULT_BITS = {
    16: "over_temperature",
    17: "back_reflection",
    19: "unexpected_emission",
    20: "seed_failed",
}


class Yar(Engine):
    """A YAR fibre amplifier."""

    declaration = declare(
        title="IPG Photonics fibre amplifier, dialect YAR",
        settings=(SettingSpec("power_w", "Output power set-point.", "W"),),
        set_point=LockWay("power_zero", "Output power set to zero (SPS 0)."),
        set_point_word="SPS",
        also_makes_light=("the laser's front panel", "unknown: its wire shows no other source"),
        not_shown=("identity", "counter", "control", "interlock", "key"),
    )
    wire: Wire = IpgWire(Words(CLASSES, frozenset({"SPS"}), "SPS"))
    set_point = "SPS"

    def identify(self, link: WireLink) -> Identity:
        """A YAR answers `RMN`, other dialects do not."""
        firmware, model = recognised(link, "RMN", "yar")
        return Identity(serial=None, model=model, firmware=firmware)

    def read_status(self, link: WireLink) -> Status:
        """Status bits, then output power and temperature; what ends light is told at once."""
        words = {"STA": ask(link, "STA")}
        bits = StatusWord.read(words["STA"])
        if not bits.named(FAULT_BITS):
            words |= {word: ask(link, word) for word in ("ROP", "RCT")}
        return _status(bits, words)

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:
        """From `RNP` to `RMP`."""
        return {"power_w": (ask(link, "RNP"), ask(link, "RMP"))}

    def implied_trigger(self, settings: Settings) -> Trigger | None:  # noqa: ARG002  (the contract)
        """READY is light, whatever is set."""
        return Trigger.HOST

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """`SPS`; refused while emission is on."""
        if _emission(StatusWord.read(ask(link, "STA"))):
            raise DeviceFault("The laser is emitting or starting: its settings are left alone.")
        put(link, "SPS", settings["power_w"])

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:  # noqa: ARG002  (the contract)
        """The set-point; the status last, so that none is read and then lost.

        Configuration is the temperature that tunes the seed (`RWA`): it shifts the wavelength.
        """
        try:
            tuning_c = ask(link, "RWA")
        except UnknownToDevice:
            tuning_c = None
        effective = {"power_w": ask(link, "RPS")}
        words = {"STA": ask(link, "STA")}
        return Effective(
            settings=effective,
            configuration={"seed_tuning_c": tuning_c, "power_average_s": None},
            trigger=Trigger.HOST,
            glimpse=_status(StatusWord.read(words["STA"]), words),
        )

    def read_lock(self, link: WireLink) -> LockReading:
        """Bits 0, 1 and 19 must be 0, and `RPS` 0; a key is not on this wire."""
        words = {word: ask(link, word) for word in ("STA", "RPS")}
        bits = StatusWord.read(words["STA"])
        return lock_reading(
            words,
            (
                (bits.bit(0), "the laser reports emission on"),
                (bits.bit(1), "the laser reports its start-up"),
                (bits.bit(19), "the laser reports unexpected emission"),
                (not is_zero("RPS", words["RPS"]), "the laser's power set-point is not 0"),
            ),
        )


def _emission(bits: StatusWord) -> bool:
    """Bit 0: emission fully on; bit 1: in its start-up of three seconds."""
    return bits.bit(0) or bits.bit(1)


def _status(bits: StatusWord, words: Mapping[str, str]) -> Status:
    output_seen = output_shown(words.get("ROP"))
    seen = output_seen is Shown.YES
    return Status(
        state=_state(bits, output_seen=seen),
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=Shown.NOT_REPORTED,
        key_on=Shown.NOT_REPORTED,
        faults=bits.named(FAULT_BITS),
        reset_required=False,
        unexpected_emission=bits.bit(19) or (seen and not _emission(bits)),
        control_pressed=Shown.NOT_REPORTED,
        output_seen=output_seen,
        counter=None,
        measured=measured(words),
        words=words,
    )


def _state(bits: StatusWord, *, output_seen: bool) -> DeviceState:
    if bits.bit(1):
        return DeviceState.ARMING
    if not bits.bit(0):
        return DeviceState.STANDBY
    return DeviceState.EMITTING if output_seen else DeviceState.READY
