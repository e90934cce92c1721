"""The register of devices, folded from entries; a device is named by its serial number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from devicelink.errors import ConfigError
from devicelink.journal.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.journal.entry import Entry

_SIMULATED = "SIM-"
_TOLD_BY_ITSELF = frozenset(
    {
        "device.identified",
        "device.events_recorded",
        "counter.reconciled",
        "scan.recorded",
        "pulses.recorded",
    }
)
_LATER = ("released", "next_event", "relay")
"""Left out until an entry tells them: tables made before there were such entries still fit."""
ACCEPTABLE = {
    "identity_asserted": "The laser's serial number is not on its wire; a person confirmed it.",
    "interlock_unknown": "The laser's wire does not show its interlock, or its key.",
    "counter_not_available": "The laser's wire shows no lifetime counter.",
}
"""Findings that a wire causes and that the clinic's recorded acceptance may answer."""


class Hold(BaseModel):
    """A reason why the device may not be used; `index` is the entry that made it."""

    model_config = ConfigDict(frozen=True)

    code: str
    sentence: str
    index: int
    reason_sha256: str | None = None
    """Of the reason that a person gave, which lies outside the journal."""


class Release(BaseModel):
    """A laser in other hands: its own panel's, or a service engineer's."""

    model_config = ConfigDict(frozen=True)

    to: str
    """`panel` or `service`."""
    by: str
    at: str
    index: int
    counter: int | None = None
    """When it was handed over; None where its wire shows none."""
    reason_sha256: str | None = None

    @property
    def sentence(self) -> str:
        """For people."""
        whom = {"panel": "its own panel", "service": "a service engineer"}.get(self.to, self.to)
        return f"released to {whom} by {self.by}: devicelink neither watches nor locks it"


class RelayBinding(BaseModel):
    """The relay in a laser's interlock circuit: how it is reached, and who it has to be."""

    model_config = ConfigDict(frozen=True)

    serial: str
    driver: str
    port: str
    configuration: dict[str, str] = {}


class Device(BaseModel):
    """One registered device, as the entries tell it."""

    model_config = ConfigDict(frozen=True)

    serial: str
    driver: str
    port: str
    configuration: dict[str, str] = {}
    trigger: str = "hardware"
    identity: str = "asserted"
    maker: str | None = None
    model: str | None = None
    udi: str | None = None
    registered_by: str = ""
    accepted: dict[str, str] = {}
    """Finding that the clinic accepts, to who accepted it."""
    holds: tuple[Hold, ...] = ()
    lock: str = "unknown"
    """`confirmed`, `unconfirmed`, `attested_off` or `unknown`: the last word of the journal."""
    lock_at: str | None = None
    open_sessions: tuple[str, ...] = ()
    intents: tuple[int, ...] = ()
    """Entries that intended light and have no later confirmed lock."""
    counter: int | None = None
    """What the lifetime counter stood at when it was last reconciled, and what was recorded since.

    A session that died has reconciled nothing.
    """
    firmware: str | None = None
    next_event: int | None = None
    """Where to read on in what the device numbered by itself; None where it numbers nothing."""
    released: Release | None = None
    """In whose hands it is; None while it is this station's to watch and to lock."""
    relay: RelayBinding | None = None
    """In its interlock circuit; None where there is none."""

    @property
    def held_unconfirmed(self) -> bool:
        """Whether it is held because a lock was not confirmed."""
        return any(hold.code == "lock_unconfirmed" for hold in self.holds)

    @property
    def recovery_due(self) -> bool:
        """Whether a dead owner left something open; a living one holds the device's lock file."""
        return bool(self.intents or self.open_sessions)


def devices(state: Mapping[str, Mapping[str, object]]) -> dict[str, Device]:
    """Every registered device, by serial number."""
    return {serial: Device.model_validate(found) for serial, found in state.items()}


def simulated_serial(serial: str) -> str:
    """As a simulated laser is registered: `SIM-` before what its wire or label says (rule 8)."""
    return serial if serial.startswith(_SIMULATED) else f"{_SIMULATED}{serial}"


def wire_serial(serial: str) -> str:
    """What the laser's own wire or label says, whoever wrote `SIM-` before it."""
    return serial.removeprefix(_SIMULATED)


def find(state: Mapping[str, Mapping[str, object]], serial: str) -> Device:
    """One device; raises `ConfigError` naming those that there are."""
    if serial not in state:
        known = ", ".join(sorted(state)) or "none"
        raise ConfigError(
            f"There is no device {serial!r} in the register. Registered: {known}. "
            "See: devicelink device list. A new one: devicelink device add SERIAL --driver NAME "
            "--port PORT --by ID"
        )
    return Device.model_validate(state[serial])


def _lasting(old: dict[str, object] | None) -> dict[str, object]:
    """What a new registration never erases: holds, intents, open sessions, the last lock."""
    kept = (
        "holds",
        "intents",
        "open_sessions",
        "lock",
        "lock_at",
        "counter",
        "released",
        "next_event",
        "relay",
    )
    return {name: old[name] for name in kept if name in old} if old else {}


def _reduce(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    if entry.type == "device.registered":
        data = {**_lasting(old), **entry.data}
        data |= {"serial": entry.device, "registered_by": entry.actor}
        made = Device.model_validate(data).model_dump(mode="json")
        # as they were: a table made before there were releases, reasons and relays still fits
        untouched = {name: data[name] for name in ("holds", *_LATER) if name in data}
        return {name: made[name] for name in made if name not in _LATER} | untouched
    if old is None:
        unknown = Device(serial=str(entry.device), driver="", port="")
        return unknown.model_dump(mode="json", exclude=set(_LATER))
    return {**old, **_changes(old, entry)}


def _changes(old: dict[str, Any], entry: Entry) -> dict[str, object]:
    """What an entry changes in a device's state, as JSON."""
    match entry.type:
        case "device.accepted":
            return {"accepted": {**old["accepted"], str(entry.data["code"]): entry.actor}}
        case kind if kind in _TOLD_BY_ITSELF:
            return _told_by_itself(old["counter"], entry)
        case "device.held" | "fault.latched":
            return {"holds": [*old["holds"], _hold(entry)]}
        case "device.acknowledged":
            lifted = _indexes(entry.data["holds"])
            return {"holds": [hold for hold in old["holds"] if hold["index"] not in lifted]}
        case "device.released":
            handed = {name: entry.data.get(name) for name in ("to", "counter", "reason_sha256")}
            told = {"by": entry.actor, "at": entry.at.isoformat(), "index": entry.index}
            return {"released": {**handed, **told}}
        case "device.returned":
            return {"released": None}
        case "device.relay_bound":
            return {"relay": entry.data["relay"]}
        case "unlock.intended" | "ready.intended":
            return {"intents": [*old["intents"], entry.index], "lock": "unknown"}
        case "lock.confirmed" | "lock.attested_off" | "lock.unconfirmed":
            word = entry.type.removeprefix("lock.")
            open_intents = old["intents"] if word == "unconfirmed" else []
            return {"lock": word, "lock_at": entry.at.isoformat(), "intents": open_intents}
        case "session.opened":
            return {"open_sessions": [*old["open_sessions"], str(entry.session)]}
        case "session.closed" | "session.interrupted":
            still = [open_ for open_ in old["open_sessions"] if open_ != entry.session]
            return {"open_sessions": still}
        case _:
            return {}


def _told_by_itself(counter: int | None, entry: Entry) -> dict[str, object]:
    """What the device said of itself."""
    match entry.type:
        case "device.identified":
            return {"firmware": entry.data.get("firmware")}
        case "device.events_recorded":
            return {"next_event": entry.data["next"]}
        case "counter.reconciled":
            after = entry.data.get("after")
            return {} if after is None else {"counter": after}
    if counter is None:
        return {}
    return {"counter": counter + entry.data["last_pulse"] - entry.data["first_pulse"] + 1}


def _hold(entry: Entry) -> dict[str, object]:
    data = entry.data
    made = {"code": str(data["code"]), "sentence": str(data["sentence"]), "index": entry.index}
    reason = data.get("reason_sha256")
    return {**made, "reason_sha256": str(reason)} if reason is not None else made


def _indexes(value: object) -> set[int]:
    return {int(index) for index in value} if isinstance(value, list) else set()


REGISTER = Projection(
    name="devices",
    types=frozenset(
        {
            "device.registered",
            "device.accepted",
            *_TOLD_BY_ITSELF,
            "device.held",
            "device.acknowledged",
            "device.released",
            "device.returned",
            "device.relay_bound",
            "fault.latched",
            "unlock.intended",
            "ready.intended",
            "lock.confirmed",
            "lock.unconfirmed",
            "lock.attested_off",
            "session.opened",
            "session.closed",
            "session.interrupted",
        }
    ),
    key=lambda entry: entry.device,
    reduce=_reduce,
)
