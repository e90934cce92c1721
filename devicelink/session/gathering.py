"""Gathering what a verdict depends on; judging it is `permit`'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devicelink import registry
from devicelink.devices import register
from devicelink.errors import ConfigError, DeviceLinkError, DriverError, JournalUnwritable
from devicelink.journal import clock
from devicelink.journal.kept import pending
from devicelink.link.port import PortKind, port_kind
from devicelink.people.entitlement import gather_entitlement
from devicelink.runtime import seconds
from devicelink.session.facts import (
    BoundFacts,
    DeviceFacts,
    DriverFacts,
    Facts,
    Purpose,
    ReadingFacts,
    RelayFacts,
    SettingsFacts,
    StationFacts,
)
from devicelink.units import decimal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink.devices.register import Device
    from devicelink.driver import Declaration, Effective, Status
    from devicelink.people.entitlement import EntitlementFacts
    from devicelink.session.context import Context


@dataclass(slots=True)
class Asked:
    """What a session was asked for, and what its device said so far."""

    technician: str
    kind: str
    client: str | None
    signed_in: bool
    requested: Mapping[str, str] | None
    guard: str = "process"
    problem: tuple[str, str] | None = None
    status: Status | None = None
    status_ns: int = 0
    locked: bool | None = None
    firmware: str | None = None
    unexplained: int | None = None
    """Pulses made since the last session that nobody recorded here."""
    device_bounds: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    effective: Effective | None = None
    read_s: float | None = None
    """How long it took to read settings and configuration back, the last time."""
    relay: Callable[[], RelayFacts] | None = None
    """Tells how the laser's relay is, where it was asked."""
    implied_trigger: str | None = None
    """What the requested settings would make of the trigger, before anything is set."""


def gather(context: Context, serial: str, asked: Asked, purpose: Purpose) -> Facts:
    """All facts for one verdict, people and trust from hash-checked entries.

    Raises `ConfigError` for a device that is not registered, `JournalBroken`.
    """
    clock.check(context.journal, context.runtime)
    state = context.state()
    device = register.find(state["devices"], serial)
    station = _station(context, state)
    driver_problem, declaration = _declaration(device)
    person = gather_entitlement(
        state,
        person_id=asked.technician,
        driver=device.driver,
        maker=device.maker,
        model=device.model,
        firmware=asked.firmware,
        kind=asked.kind,
        judged_at=station.judged_at,
    )
    return Facts(
        purpose=purpose,
        kind=asked.kind,
        client_bound=asked.client is not None,
        signed_in=asked.signed_in,
        guard=asked.guard,
        person=person,
        station=station,
        device=_device(context, device, asked, driver_problem),
        driver=_driver(declaration),
        reading=_reading(context, asked),
        settings=_settings(declaration, person, asked),
        relay=_relay(device, asked),
    )


def _station(
    context: Context, state: Mapping[str, Mapping[str, dict[str, object]]]
) -> StationFacts:
    view = clock.view(state["clock"], context.journal.last(), context.runtime.now())
    journal_problem, free_bytes = None, 0
    try:
        context.journal.prove_writable()
        free_bytes = context.runtime.disk.free_bytes(context.folder)
    except JournalUnwritable as error:
        journal_problem = str(error)
    except OSError as error:
        journal_problem = f"The disk under {context.folder} does not answer: {error.strerror}."
    return StationFacts(
        origin=context.origin,
        simulated=context.simulated,
        drivers_allowed=registry.allowed_drivers(state["station"]),
        clock_suspect=view.suspect,
        clock_state=context.runtime.clock_state(),
        judged_at=view.judged_at,
        journal_problem=journal_problem,
        disk_free_bytes=free_bytes,
        kept_folder_problem=_unusable(context),
        mirror_problem=context.mirror.check(),
    )


def _unusable(context: Context) -> str | None:
    folder = context.kept_folder
    try:
        usable = context.runtime.disk.usable(folder)
    except OSError:
        usable = False
    return None if usable else f"{folder} is not there, or not ours to read and write."


def _device(
    context: Context, device: Device, asked: Asked, driver_problem: tuple[str, str] | None
) -> DeviceFacts:
    kind = port_kind(device.port)
    holds = [(hold.code, hold.sentence) for hold in device.holds]
    if pending(context.kept_folder, context.runtime.disk, device.serial):
        sentence = "Facts of an earlier session are not in the journal yet."
        holds.append(("evidence_incomplete", sentence))
    return DeviceFacts(
        serial=device.serial,
        driver=device.driver,
        driver_from=_distribution(device.driver),
        port=device.port,
        port_kind=kind.value,
        port_belongs=kind is PortKind.ABSENT or kind.belongs(simulated=context.simulated),
        identity=device.identity,
        trigger=device.trigger,
        accepted=device.accepted,
        holds=tuple(holds),
        released=device.released.sentence if device.released else None,
        maker=device.maker,
        model=device.model,
        udi=device.udi,
        firmware=asked.firmware,
        problem=driver_problem or asked.problem,
    )


def _distribution(driver: str) -> str:
    try:
        claim = registry.find(driver)
    except DriverError as error:
        return str(error)
    return f"{claim.distribution} {claim.version}"


def _declaration(device: Device) -> tuple[tuple[str, str] | None, Declaration | None]:
    try:
        return None, registry.declared(device.driver, device.configuration)
    except DeviceLinkError as error:
        return ("driver_unusable", str(error)), None


def _driver(declared: Declaration | None) -> DriverFacts | None:
    if declared is None:
        return None
    return DriverFacts(
        complete_product=declared.complete_product,
        not_shown=declared.not_shown,
        control_shown=declared.control_shown.value,
        dead_man=declared.dead_man,
        evidence_locked=declared.evidence_locked.value,
        lock_bound_s=declared.lock_bound_s,
    )


def _reading(context: Context, asked: Asked) -> ReadingFacts | None:
    status = asked.status
    if status is None:
        return None
    return ReadingFacts(
        state=status.state.value,
        can_make_light=status.state.can_make_light,
        interlock_closed=status.interlock_closed.value,
        key_on=status.key_on.value,
        faults=status.faults,
        reset_required=status.reset_required,
        unexpected_emission=status.unexpected_emission,
        output_seen=status.output_seen.value,
        control_pressed=status.control_pressed.value,
        counter=status.counter,
        unexplained=asked.unexplained,
        words=dict(status.words),
        locked=asked.locked,
        age_s=round(seconds(context.runtime.mono_ns() - asked.status_ns), 3),
    )


def _relay(device: Device, asked: Asked) -> RelayFacts | None:
    bound = device.relay
    if bound is None or asked.relay is not None:
        return asked.relay() if asked.relay else None
    return RelayFacts(serial=bound.serial, driver=bound.driver, port=bound.port)


def _settings(
    declared: Declaration | None, person: EntitlementFacts, asked: Asked
) -> SettingsFacts | None:
    if asked.requested is None or declared is None:
        return None
    bounds = [
        BoundFacts(setting=name, lowest=low, highest=high, source="the laser itself")
        for name, (low, high) in asked.device_bounds.items()
    ]
    bounds += [
        BoundFacts(setting=limit.setting, lowest=limit.lowest, highest=limit.highest, source=source)
        for limit, source in person.limits()
    ]
    effective = asked.effective
    return SettingsFacts(
        requested=dict(asked.requested),
        problems=tuple(settings_problems(declared, asked.requested)),
        bounds=tuple(bounds),
        effective=dict(effective.settings) if effective else None,
        settings_id=effective.settings_id if effective else None,
        read_s=round(asked.read_s, 3) if effective and asked.read_s is not None else None,
        trigger=effective.trigger.value if effective else asked.implied_trigger,
    )


def settings_problems(declared: Declaration, requested: Mapping[str, str]) -> list[str]:
    """What is wrong with a settings table, one sentence each."""
    specs = {spec.name: spec for spec in declared.settings}
    found = [
        f"The driver {declared.name} knows no setting {name!r}; it knows {', '.join(specs)}."
        for name in requested
        if name not in specs
    ]
    for spec in specs.values():
        value = requested.get(spec.name)
        if value is None:
            if spec.required:
                found.append(f"The setting {spec.name} is missing.")
        elif spec.choices and value not in spec.choices:
            found.append(f"{spec.name} is {value!r}; it must be one of {', '.join(spec.choices)}.")
        elif not spec.choices and not _is_number(value):
            found.append(f"{spec.name} is {value!r}; it must be a number in {spec.unit}.")
    return found


def _is_number(value: str) -> bool:
    try:
        decimal(value, "a setting")
    except ConfigError:
        return False
    return True
