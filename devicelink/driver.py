"""The contract between devicelink and a laser's driver.

A driver is straight-line, blocking code over a `WireLink`: it reads no clock, opens no port, keeps
no thread, and decides nothing about people. It declares openly what its wire shows and what it
does not, reads back what it reports, and lists every independent way to take light away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from devicelink.link.framing import CommandClass, Line, Wire
from devicelink.link.link import EnableToken

__all__ = [
    "NOT_SHOWN",
    "CommandClass",
    "ControlShown",
    "Declaration",
    "DeviceState",
    "Driver",
    "Effective",
    "EnableToken",
    "Evidence",
    "Grant",
    "Identity",
    "Line",
    "LockReading",
    "LockWay",
    "Reading",
    "SettingSpec",
    "Settings",
    "SettingsAuthority",
    "Shown",
    "Status",
    "Trigger",
    "UnlockToken",
    "Wire",
    "WireLink",
]

Settings = Mapping[str, str]
"""Setting name (units last) to its value, written as a person or the wire wrote it."""

SettingsAuthority = Literal["host", "panel", "either"]
"""Who may change what is effective: only the host, only the laser's own panel, or both."""

NOT_SHOWN = ("identity", "interlock", "key", "counter", "control", "output", "faults", "start_up")
"""The words of `Declaration.not_shown` that the core or the conformance suite heeds."""


class WireLink(Protocol):
    """What a driver may do with a link."""

    def exchange(self, frame: bytes, *, within_s: float, token: EnableToken | None = None) -> bytes:
        """Send one frame, return the reply that answers it; see `devicelink.link.link.Link`."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait, unless a stop comes: raises `Stopped`."""
        ...


class Evidence(StrEnum):
    """How a state is known (design rule 2), weakest first."""

    COMMANDED = "commanded"
    DEVICE_STATE = "device_state"
    SENSED = "sensed"

    @property
    def words(self) -> str:
        """How it is known, for people."""
        return _EVIDENCE_WORDS[self]


_EVIDENCE_WORDS = {
    Evidence.COMMANDED: "read back as it was commanded; the light itself was not looked at",
    Evidence.DEVICE_STATE: "read back from the laser's own state",
    Evidence.SENSED: "read back from a sensor",
}


class Trigger(StrEnum):
    """Who makes light once the device is READY (design rule 4)."""

    HARDWARE = "hardware"
    HOST = "host"


class DeviceState(StrEnum):
    """What a device said of itself. STANDBY: it makes no light whatever control is pressed."""

    LOCKED = "LOCKED"
    STANDBY = "STANDBY"
    ARMING = "ARMING"
    READY = "READY"
    EMITTING = "EMITTING"
    FAULT = "FAULT"
    UNKNOWN = "UNKNOWN"

    @property
    def can_make_light(self) -> bool:
        """Whether light is there, or one control away, or cannot be ruled out."""
        return self not in {DeviceState.LOCKED, DeviceState.STANDBY}


class Shown(StrEnum):
    """A thing that a wire may or may not show."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_REPORTED = "not_reported"


class ControlShown(StrEnum):
    """Whether the wire shows the control (pedal, gate, modulation) that makes light."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value, or the reason why there is none."""

    value: str | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting that a settings file may name."""

    name: str
    meaning: str
    unit: str
    choices: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class LockWay:
    """One independent way to take light away."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a driver says of itself and of its wire, for every device of one dialect."""

    name: str
    title: str
    complete_product: bool
    """False for a laser engine, which is a component of somebody's product."""
    settings: tuple[SettingSpec, ...]
    configuration_keys: Mapping[str, str]
    """Keys that `device add --set` takes, with what they mean."""
    lock_ways: tuple[LockWay, ...]
    """Strongest first."""
    lock_bytes: bytes
    """Constant: ends a half-written frame, then takes light away; what a guard sends first."""
    lock_bound_s: float
    """From the first reducing byte to dark, as the maker states it or as was measured."""
    arming_bound_s: float
    """From the enabling byte to READY, at the longest."""
    query_within_s: float
    """Deadline of one query; at most 0.2 s, since it is used in READY."""
    evidence_locked: Evidence
    dead_man: str | None
    """What in the device ends light when the host dies, as a sentence; None where nothing does."""
    settings_authority: SettingsAuthority
    also_makes_light: tuple[str, ...]
    """Other sources of light or of READY: panel, key position, another host."""
    not_shown: tuple[str, ...]
    """What the wire does not show: words of `NOT_SHOWN`, and others that only people read."""
    control_shown: ControlShown
    at_the_laser: str
    """What a person does at the laser when a lock is not confirmed, as one sentence."""
    ready_at_the_laser: str | None = None
    """What a person does at the laser itself to make it READY, as one sentence, where `ready` only
    makes that possible; None where the order is enough."""
    dialects: Mapping[str, Declaration] = field(default_factory=dict)
    """What is declared instead where a device's configuration names one of these dialects."""

    @property
    def tells_identity(self) -> bool:
        """Whether the wire names the serial number; where it does not, a label is believed."""
        return "identity" not in self.not_shown

    def as_json(self) -> dict[str, object]:
        """For `driver list --json`."""
        made = asdict(self)
        made["lock_bytes"] = self.lock_bytes.hex()
        made["dialects"] = {name: each.as_json() for name, each in self.dialects.items()}
        return made


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers on the wire. `serial` is None where the wire has none: then it is asserted."""

    serial: str | None
    model: str | None
    firmware: str | None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """One read-back: states only as the device gave them, with the words it used."""

    state: DeviceState
    evidence: Evidence
    interlock_closed: Shown
    key_on: Shown
    faults: tuple[str, ...]
    reset_required: bool
    unexpected_emission: bool
    control_pressed: Shown
    output_seen: Shown
    """Whether the device reports light leaving it now."""
    counter: int | None
    measured: Mapping[str, Reading]
    words: Mapping[str, str]
    """The raw replies by query, as the wire gave them."""
    next_event: int | None = None
    """The number that the device's next event will get, where it numbers them."""
    next_report: int | None = None
    """Likewise of its reports of pulses and scans."""


@dataclass(frozen=True, slots=True)
class Effective:
    """Settings and configuration as read back, every value a string as the wire gave it."""

    settings: Mapping[str, str]
    configuration: Mapping[str, str | None]
    trigger: Trigger
    wavelength_nm: str | None = None
    handpiece: str | None = None
    tip: str | None = None
    glimpse: Status | None = None
    """What the device said of its state in the same answers: judged like any read-back."""
    output_memory_s: float = 0.0
    """For so long a reading of output may show light that has ended (an average over time)."""

    @property
    def settings_id(self) -> str:
        """SHA-256 over what is effective (design rule 10), hex."""
        document = {
            "settings": dict(self.settings),
            "wavelength_nm": self.wavelength_nm,
            "handpiece": self.handpiece,
            "tip": self.tip,
            "configuration": dict(self.configuration),
        }
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LockReading:
    """Whether a fresh read-back shows the laser locked, and if not, why not."""

    confirmed: bool
    evidence: Evidence
    words: Mapping[str, str]
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a session was permitted, for a laser that wants to see it signed."""

    permit_id: bytes
    """16 random bytes."""
    session_sha256: bytes
    person_sha256: bytes
    """Over the permit's id and who it is."""
    kind: str
    duration_s: int
    effective: Effective
    """As it was judged."""
    highest: Mapping[str, str]
    """Setting to the highest that all limits together allow."""
    public_key: bytes
    """Ed25519, 32 bytes: the station's key for permits."""
    sign: Callable[[bytes], bytes]


class UnlockToken(EnableToken):
    """The token of a durable `unlock.intended`, with what was granted in it."""

    def __init__(self, *, entry_index: int, grant: Grant) -> None:
        super().__init__(step="unlock", entry_index=entry_index)
        self.grant = grant


class Driver(Protocol):
    """One device's driver, made from its registered configuration; keeps no state of the device.

    Every method that talks raises `LinkError`, `ProtocolError`, `DeviceFault` (the device answered
    that it refuses) or `WrongDevice`.
    """

    declaration: Declaration
    line: Line
    wire: Wire

    def identify(self, link: WireLink) -> Identity:
        """Ask who is there, by queries alone; `WrongDevice` for another device or dialect."""
        ...

    def read_status(self, link: WireLink) -> Status:
        """Ask for state, faults, interlock, key and measured values."""
        ...

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:
        """The device's own (lowest, highest) per numeric setting; 0 may be legal below lowest."""
        ...

    def implied_trigger(self, settings: Settings) -> Trigger | None:
        """What these settings would make of the trigger; None where they do not say."""
        ...

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """Send settings, in LOCKED; nothing here may enable."""
        ...

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:
        """Read back settings and configuration; `settings` names what was asked for."""
        ...

    def unlock(self, link: WireLink, token: EnableToken) -> None:
        """Bring a prepared device to STANDBY; a session gives an `UnlockToken`.

        Raises `DeviceDeclined`, too, where the device refuses for want of what a person there can
        mend; every other error holds the device.
        """
        ...

    def ready(self, link: WireLink, token: EnableToken) -> bool:
        """Send the next of what makes it READY, each frame once; whether all is sent.

        Called again under the same token after each read-back that shows nothing against it, until
        it says True; the token knows what was `sent`. It never waits for the device itself: what
        has to wait (a Q-switch that is inhibited, say) returns False and is asked again. The caller
        reads back until the device is READY.
        """
        ...

    def standby(self, link: WireLink) -> None:
        """Back to STANDBY; the caller reads back."""
        ...

    def reduce(self, link: WireLink, way: LockWay) -> None:
        """Try one of the declared ways to take light away, once."""
        ...

    def read_lock(self, link: WireLink) -> LockReading:
        """Ask afresh whether it is locked."""
        ...

    def clear_fault(self, link: WireLink) -> None:
        """Clear what may be cleared over the wire: only on a person's recorded act."""
        ...
