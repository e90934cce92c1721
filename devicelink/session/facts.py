"""What a verdict depends on, as data that is recorded whole with it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from devicelink.people.entitlement import EntitlementFacts

Purpose = Literal["check", "early", "unlock", "ready"]
"""`early` is before anything is set; `unlock` and `ready` are the verdicts that count."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StationFacts(_Facts):
    """The station, as its entries tell it, and what its disk and clock allow."""

    origin: str
    simulated: bool
    drivers_allowed: tuple[str, ...]
    clock_suspect: bool
    clock_state: str
    judged_at: datetime
    journal_problem: str | None
    disk_free_bytes: int
    kept_folder_problem: str | None
    mirror_problem: str | None = None
    """Why a roll-back would not be noticed; facts recorded before there was a mirror have none."""


class DeviceFacts(_Facts):
    """The device as registered, and what stands in the way of reaching it."""

    serial: str
    driver: str
    driver_from: str
    port: str
    port_kind: str
    port_belongs: bool
    """Whether the port is of the station's kind, or absent."""
    identity: str
    trigger: str
    accepted: dict[str, str]
    """Code to who accepted it for the clinic."""
    holds: tuple[tuple[str, str], ...]
    released: str | None = None
    """In whose hands it is; facts recorded before there were releases have none."""
    maker: str | None
    model: str | None
    udi: str | None
    firmware: str | None
    problem: tuple[str, str] | None
    """Code and sentence of why it could not be asked; None where it answered."""


class DriverFacts(_Facts):
    """What the driver declares of its wire."""

    complete_product: bool
    not_shown: tuple[str, ...]
    control_shown: str
    dead_man: str | None
    evidence_locked: str
    lock_bound_s: float


class ReadingFacts(_Facts):
    """What the device said, and how long before the verdict."""

    state: str
    can_make_light: bool
    interlock_closed: str
    key_on: str
    faults: tuple[str, ...]
    reset_required: bool
    unexpected_emission: bool
    output_seen: str
    control_pressed: str
    counter: int | None
    unexplained: int | None = None
    """Pulses since the last session that nobody recorded; older facts were not asked for it."""
    words: dict[str, str]
    age_s: float
    locked: bool | None
    """Whether a lock that this reading made necessary was read back; None where none was."""


class BoundFacts(_Facts):
    """One range of one setting, and where it comes from."""

    setting: str
    lowest: str | None
    highest: str | None
    source: str


class SettingsFacts(_Facts):
    """What was asked for, what is in force, and what bounds it."""

    requested: dict[str, str]
    problems: tuple[str, ...]
    bounds: tuple[BoundFacts, ...]
    effective: dict[str, str] | None
    settings_id: str | None
    trigger: str | None
    read_s: float | None = None
    """How long it took to read it all back; facts recorded before that was measured have none."""


class RelayFacts(_Facts):
    """The relay in the laser's interlock circuit, as registered and as it told."""

    serial: str
    driver: str
    port: str
    asked: bool = False
    problem: str | None = "It was not asked."
    """Why it cannot be had; None where it told who it is, and how."""
    firmware: str | None = None
    bound_ms: int | None = None
    """From the last heartbeat to an open contact, at the longest."""
    ordered: bool = False
    """Whether this session has ordered it to close."""
    holds: bool = False
    is_open: bool = False
    contact: str | None = None
    faults: tuple[str, ...] = ()
    opened_by: str | None = None
    words: str | None = None
    age_s: float | None = None


class Facts(_Facts):
    """All that a verdict depends on."""

    purpose: Purpose
    kind: str
    client_bound: bool
    signed_in: bool
    guard: str
    person: EntitlementFacts
    station: StationFacts
    device: DeviceFacts
    driver: DriverFacts | None
    reading: ReadingFacts | None
    settings: SettingsFacts | None
    relay: RelayFacts | None = None
    """None where the laser has none; facts recorded before there were relays have none."""
