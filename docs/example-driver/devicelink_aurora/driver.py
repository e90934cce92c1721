"""The driver `aurora`: what the contract's verbs mean to an Aurora A1."""

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
from devicelink.units import decimal

from devicelink_aurora.frames import AuroraWire, Report, frame, numbers_of, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import EnableToken, Settings, WireLink

WITHIN_S = 0.2
OFF = LockWay("off", "Disarmed (OFF).")
CLOSE = LockWay("close", "Shutter closed (CLOSE).")
FAULTS = {"1": "coolant_stopped"}
STATES = {
    "SHUT": DeviceState.LOCKED,
    "STANDBY": DeviceState.STANDBY,
    "ARMING": DeviceState.ARMING,
    "READY": DeviceState.READY,
}


class Aurora:
    """One Aurora A1; keeps nothing of what it was told."""

    declaration = Declaration(
        name="aurora",
        title="Aurora A1, a made-up erbium laser",
        complete_product=True,
        settings=(
            SettingSpec("energy_mj", "Energy of a pulse, in whole mJ.", "mJ"),
            SettingSpec("rate_hz", "Pulses a second while the pedal is pressed.", "Hz"),
        ),
        configuration_keys={},
        lock_ways=(OFF, CLOSE),
        lock_bytes=AuroraWire.frame_break + frame("OFF") + frame("CLOSE"),
        lock_bound_s=0.05,
        arming_bound_s=3.0,
        query_within_s=WITHIN_S,
        evidence_locked=Evidence.SENSED,
        dead_man=None,
        settings_authority="either",
        also_makes_light=("the laser's own panel, which arms it too",),
        not_shown=("output_energy",),
        control_shown=ControlShown.YES,
        at_the_laser=(
            "Press the laser's red emergency stop, then turn its key off. "
            "Nobody takes eyewear off until the key is out."
        ),
    )
    line = Line(baudrate=19200)
    wire = AuroraWire()

    def __init__(self, configuration: Mapping[str, str]) -> None:
        if configuration:
            raise ConfigError(f"An Aurora A1 has nothing to configure, so no {min(configuration)}.")

    def identify(self, link: WireLink) -> Identity:
        """Model, serial number, firmware; raises `WrongDevice` for another model."""
        words = ask(link, "ID").split(" ")
        if len(words) != 3 or words[0] != "A1":
            raise WrongDevice(f"This is no Aurora A1; it calls itself {' '.join(words)!r}.")
        model, serial, firmware = words
        return Identity(serial=serial, model=model, firmware=firmware)

    def read_status(self, link: WireLink) -> Status:
        """All that this wire tells, from one reply."""
        report = Report.read(ask(link, "STATE"))
        lasing = report.state == "READY" and report.light_seen
        return Status(
            state=DeviceState.EMITTING if lasing else STATES[report.state],
            evidence=Evidence.SENSED,
            interlock_closed=_shown(report.interlock_closed),
            key_on=_shown(report.key_on),
            faults=() if report.fault == "0" else (FAULTS.get(report.fault, f"F{report.fault}"),),
            reset_required=report.reset_needed,
            unexpected_emission=report.light_seen and not lasing,
            control_pressed=_shown(report.pedal_pressed),
            output_seen=_shown(report.light_seen),
            counter=report.pulses,
            measured={"output_energy_mj": Reading(None, "not_reported")},
            words={"STATE": report.text},
        )

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:
        """As this laser tells them."""
        low_mj, high_mj, low_hz, high_hz = numbers_of("LIMITS", ask(link, "LIMITS"), 4)
        return {"energy_mj": (low_mj, high_mj), "rate_hz": (low_hz, high_hz)}

    def implied_trigger(self, settings: Settings) -> Trigger | None:
        """Always the pedal."""
        return Trigger.HARDWARE

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """Energy and rate; refused where the laser is armed."""
        energy, rate = settings["energy_mj"], settings["rate_hz"]
        decimal(energy, "energy_mj")
        decimal(rate, "rate_hz")
        state = Report.read(ask(link, "STATE")).state
        if STATES[state].can_make_light:
            raise DeviceFault(f"The laser is {state}: its settings are left alone.")
        value_of("SET", link.exchange(frame(f"SET {energy} {rate}"), within_s=WITHIN_S))

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:
        """Energy and rate, asked for anew; there is nothing to configure."""
        energy, rate = numbers_of("GET", ask(link, "GET"), 2)
        return Effective(
            settings={"energy_mj": energy, "rate_hz": rate},
            configuration={},
            trigger=Trigger.HARDWARE,
            wavelength_nm="2940",
        )

    def unlock(self, link: WireLink, token: EnableToken) -> None:
        """`OPEN`: the shutter opens, disarmed."""
        value_of("OPEN", link.exchange(frame("OPEN"), within_s=WITHIN_S, token=token))

    def ready(self, link: WireLink, token: EnableToken) -> bool:
        """`ARM`, once; the laser is ARMING for two seconds, and nobody waits for it here."""
        value_of("ARM", link.exchange(frame("ARM"), within_s=WITHIN_S, token=token))
        return True

    def standby(self, link: WireLink) -> None:
        """`OFF`."""
        ask(link, "OFF")

    def reduce(self, link: WireLink, way: LockWay) -> None:
        """`OFF`, or `CLOSE`."""
        ask(link, "OFF" if way is OFF else "CLOSE")

    def read_lock(self, link: WireLink) -> LockReading:
        """The shutter's own switch says shut, and the photodiode sees no light."""
        report = Report.read(ask(link, "STATE"))
        against = {
            f"the laser says {report.state}, not SHUT": report.state != "SHUT",
            "the laser's photodiode sees light": report.light_seen,
        }
        reasons = [sentence for sentence, is_so in against.items() if is_so]
        return LockReading(
            confirmed=not reasons,
            evidence=Evidence.SENSED,
            words={"STATE": report.text},
            why_not=", ".join(reasons) or None,
        )

    def clear_fault(self, link: WireLink) -> None:
        """`CLEAR`."""
        ask(link, "CLEAR")


def ask(link: WireLink, word: str) -> str:
    """Say a word that needs no token; what stands behind it in the reply."""
    return value_of(word, link.exchange(frame(word), within_s=WITHIN_S))


def _shown(is_so: object) -> Shown:
    return Shown.YES if is_so else Shown.NO
