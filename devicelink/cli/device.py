"""`devicelink device`: the register of lasers, their holds, and a person's word on their power."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from devicelink.cli.common import (
    By,
    Data,
    Json,
    PinFile,
    Reason,
    acting,
    emit,
    key_values,
    open_station,
)
from devicelink.cli.energy import energy_check, energy_lines
from devicelink.cli.words import lock_words, relay_words, released_words, to_accept_words
from devicelink.devices.register import ACCEPTABLE, simulated_serial, wire_serial
from devicelink.errors import ConfigError, Refused
from devicelink.journal.entry import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.devices.register import Device

app = typer.Typer(help="The register of lasers.", no_args_is_help=True)
app.command("energy-check")(energy_check)

_SERIAL = re.compile(r"[!-~]{1,60}", re.ASCII)


@app.command("add")
def add(
    serial: str,
    driver: Annotated[str | None, typer.Option(help="The driver's name.")] = None,
    port: Annotated[str | None, typer.Option(help="Path or URL of the port.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="How it is set up, KEY=VALUE; keys by: driver list --json."),
    ] = None,
    trigger: Annotated[
        str | None,
        typer.Option(
            help="Makes light in READY: hardware (hand or foot; so where nothing is said) or host "
            "(READY itself is light)."
        ),
    ] = None,
    maker: Annotated[str | None, typer.Option(help="Maker of the complete product.")] = None,
    model: Annotated[str | None, typer.Option(help="Its model.")] = None,
    udi: Annotated[str | None, typer.Option(help="Its unique device identifier.")] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help=f"What its wire lacks and the clinic accepts: {', '.join(ACCEPTABLE)}."),
    ] = None,
    interlock: Annotated[
        str | None,
        typer.Option(
            help="Serial number of the relay in its interlock circuit, as on the relay's label; "
            "none: there is none any more."
        ),
    ] = None,
    interlock_port: Annotated[str | None, typer.Option(help="Where that relay is.")] = None,
    interlock_driver: Annotated[str, typer.Option(help="The relay's driver.")] = "interlock",
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Register a laser, change its registration, or record what the clinic accepts of it.

    What is not said again stays as it was.
    """
    from devicelink.devices.card import write_card
    from devicelink.session.ownership import borrow
    from devicelink.treatment.energy import REGISTERED_ANEW, void_drafts

    _check_words(serial, trigger, accept or [])
    said = {
        "driver": driver,
        "port": None if port is None else absolute(port),
        "trigger": trigger,
        "maker": maker,
        "model": model,
        "udi": udi,
    }
    station = open_station(data)
    state = station.state()
    named = simulated_serial(serial) if station.simulated else serial
    known = state["devices"].get(named)
    if not (known and known["driver"]) and not (driver and port):
        raise ConfigError("A new device needs --driver NAME and --port PORT.")
    person = acting(station, by, pin_file, "administrator")
    drafts = []
    hidden: tuple[str, ...] = ()
    with borrow(station.folder, named, station.runtime):
        if set_ or any(word is not None for word in said.values()):
            if known is not None:
                _require_quiet(station.device(named))
            registered, hidden = _registered(said, set_, serial, known, state["station"])
            check_port(registered["port"], simulated=station.simulated)
            drafts += void_drafts(
                state["energy_checks"], named, REGISTERED_ANEW, by=person.id, role="administrator"
            )
            drafts.append(_draft("device.registered", registered, named, person.id))
        bound = _relay(interlock, interlock_port, interlock_driver, simulated=station.simulated)
        if bound is not None:
            drafts.append(_draft("device.relay_bound", bound, named, person.id))
        drafts += [
            _draft(
                "device.accepted", {"code": code, "sentence": ACCEPTABLE[code]}, named, person.id
            )
            for code in accept or []
        ]
        if not drafts:
            raise ConfigError(
                "Nothing to do: give what is to be changed, as --port PORT, --interlock and "
                "--interlock-port, or --accept CODE."
            )
        station.journal.append_all(drafts)
    device = station.device(named)
    write_card(station.folder, device, station.runtime.disk)
    text = (
        f"{named} is registered on {device.port}.{relay_words(device)}"
        f"{to_accept_words(device, hidden)}"
    )
    emit(as_json, device.model_dump(mode="json"), text)


def _registered(
    said: Mapping[str, str | None],
    set_: list[str] | None,
    serial: str,
    known: Mapping[str, Any] | None,
    station: Mapping[str, Mapping[str, object]],
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A registration with what was said, else as it was; and what its wire does not show."""
    from devicelink import registry

    before = known or {"trigger": "hardware"}
    data = {name: before.get(name) if word is None else word for name, word in said.items()}
    driver = str(data["driver"])
    registry.require_allowed(driver, station)
    if set_ is None and known is not None and known["driver"] == driver:
        configuration = dict(known["configuration"])
    else:
        configuration = _configuration(driver, serial, set_)
    declared = registry.declared(driver, configuration)
    identity = "read" if declared.tells_identity else "asserted"
    return {**data, "configuration": configuration, "identity": identity}, declared.not_shown


def _configuration(driver: str, serial: str, set_: list[str] | None) -> dict[str, str]:
    """As set; a driver that addresses its laser by serial number is given the registered one."""
    from devicelink import registry

    configuration = key_values(set_)
    if "serial" in registry.load(driver).declaration.configuration_keys:
        configuration.setdefault("serial", wire_serial(serial))
    return configuration


def absolute(port: str) -> str:
    """A port's path from the root, so that it holds in every folder; a URL as it is."""
    return port if "://" in port else str(Path(port).absolute())


def _relay(
    serial: str | None, port: str | None, driver: str, *, simulated: bool
) -> dict[str, object] | None:
    """What is recorded of a relay; None where nothing is said of one. Raises as `add` does."""
    from devicelink import registry
    from devicelink.devices.register import RelayBinding

    if serial is None and port is None:
        return None
    if serial == "none" and port is None:
        return {"relay": None}
    if serial is None or port is None:
        raise ConfigError("A relay needs both: --interlock SERIAL and --interlock-port PORT.")
    if not _SERIAL.fullmatch(serial):
        raise ConfigError("A relay's serial number is 1 to 60 visible ASCII characters.")
    registry.make_relay(driver, {})
    port = absolute(port)
    check_port(port, simulated=simulated)
    named = simulated_serial(serial) if simulated else serial
    return {"relay": RelayBinding(serial=named, driver=driver, port=port).model_dump(mode="json")}


def _check_words(serial: str, trigger: str | None, accept: list[str]) -> None:
    """Raise `ConfigError` for words that no device has."""
    unknown = sorted(set(accept) - set(ACCEPTABLE))
    if unknown:
        raise ConfigError(
            f"{', '.join(unknown)} cannot be accepted. What a wire may lack: "
            f"{', '.join(ACCEPTABLE)}."
        )
    if not _SERIAL.fullmatch(serial):
        raise ConfigError("A serial number is 1 to 60 visible ASCII characters, as on the label.")
    if trigger not in {None, "hardware", "host"}:
        raise ConfigError(f"The trigger is hardware or host, not {trigger!r}.")


def _require_quiet(device: Device) -> None:
    """What is open on a device has to be closed where it was opened, before it is moved."""
    if device.recovery_due or device.lock == "unconfirmed":
        raise Refused(
            f"Something is still open on {device.serial} at {device.port}. First: devicelink lock "
            f"{device.serial}, or devicelink device attest-off {device.serial} --by ID when its "
            "power is removed."
        )


def check_port(port: str, *, simulated: bool) -> None:
    """A simulated station takes simulated ports only, a real one none of them (design rule 8)."""
    from devicelink.link.port import PortKind, port_kind

    kind = port_kind(port)
    named_real = simulated and port.startswith("/dev/")
    if (kind is PortKind.ABSENT and not named_real) or kind.belongs(simulated=simulated):
        return
    if simulated:
        raise Refused(
            f"This is a simulated station, and {port} is "
            f"{'under /dev' if kind is PortKind.ABSENT else kind.words}. Give it the port of a "
            "simulator: devicelink sim serve NAME --pty --link PATH"
        )
    raise Refused(
        f"This is a real station, and {port} is {kind.words}. Give it the laser's own port."
    )


@app.command("list")
def list_devices(data: Data = None, as_json: Json = False) -> None:
    """Every registered laser with its holds and its last known lock."""
    from devicelink.devices.register import devices

    station = open_station(data)
    state = station.state()
    found, checks = devices(state["devices"]), state["energy_checks"]
    lines = [
        line
        for device in found.values()
        for line in (
            _line(device),
            *_reasons(station.folder, device),
            *energy_lines(checks.get(device.serial, {})),
        )
    ]
    rows = [
        {**device.model_dump(mode="json"), "energy_check": checks.get(device.serial, {})}
        for device in found.values()
    ]
    emit(as_json, rows, "\n".join(lines) or "No device is registered.")


def _line(device: Device) -> str:
    held = "; ".join(hold.sentence for hold in device.holds)
    word = lock_words(device.lock, device.lock_at)
    released = f"  {released_words(device.released.sentence)}" if device.released else ""
    return (
        f"{device.serial}  {device.driver}  {device.port}  {word}"
        + relay_words(device)
        + released
        + (f"  HELD: {held}" if held else "")
    )


def _reasons(folder: Path, device: Device) -> list[str]:
    """Why people hold or released it, in their own words where these are still kept."""
    from devicelink.treatment.notes import read_note

    named = [hold.reason_sha256 for hold in device.holds]
    named.append(device.released.reason_sha256 if device.released else None)
    texts = [read_note(folder, one) or "(erased)" for one in named if one is not None]
    return [f"    reason: {text}" for text in texts]


@app.command("acknowledge")
def acknowledge(
    serial: str,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """An administrator lifts a device's holds, having seen to their causes."""
    from devicelink.session import holding

    station = open_station(data)
    device = holding.held_device(station, serial)
    person = acting(station, by, pin_file, "administrator")
    entry = holding.acknowledge(station, device, person)
    lifted = entry.data["lifted"]
    count = "one hold" if len(lifted) == 1 else f"{len(lifted)} holds"
    sentence = f"{person.name} lifted {count} on {serial} (entry {entry.index})."
    emit(as_json, {"index": entry.index, "lifted": lifted}, sentence)


@app.command("attest-off")
def attest_off(
    serial: str,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A named person states that the laser's power is removed: ATTESTED_OFF, never LOCKED."""
    from devicelink.session import holding

    station = open_station(data)
    device = holding.waiting_device(station, serial)
    person = acting(station, by, pin_file)
    entry = holding.attest_off(station, device, person)
    sentence = (
        f"{person.name} attests that the power of {serial} is removed: ATTESTED_OFF (entry "
        f"{entry.index}). It stays held; when its cause is gone: devicelink device acknowledge "
        f"{serial} --by ID"
    )
    emit(as_json, {"index": entry.index, "state": "ATTESTED_OFF"}, sentence)


@app.command("hold")
def hold(
    serial: str,
    reason: Reason,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Hold a laser: no session begins on it until an administrator acknowledges."""
    from devicelink.session import custody

    station = open_station(data)
    station.device(serial)
    person = acting(station, by, pin_file)
    entry = custody.hold(station, serial, person, reason)
    text = (
        f"{person.name} holds {serial} (entry {entry.index}): no session begins on it. A session "
        f"that runs now is not ended by this: devicelink lock {serial}"
    )
    emit(as_json, {"index": entry.index, **entry.data}, text)


@app.command("release")
def release(
    serial: str,
    reason: Reason,
    to: Annotated[str, typer.Option(help="panel or service: whose hands it goes into.")],
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Hand a locked laser to its own panel or a service engineer; an administrator does."""
    from devicelink.session import custody

    if to not in ("panel", "service"):
        raise ConfigError(f"A laser is released --to panel or --to service, not to {to!r:.40}.")
    station = open_station(data)
    relay = station.device(serial).relay
    person = acting(station, by, pin_file, "administrator")
    entry = custody.release(station, serial, person, to=to, reason=reason)
    text = (
        f"{serial} was locked, and is released (entry {entry.index}). From now on devicelink "
        f"neither watches nor locks it by itself; devicelink lock {serial} still works. When it is "
        f"back: devicelink device return {serial} --by ID"
    )
    if relay is not None:
        text += (
            f" Its interlock relay {relay.serial} stays open meanwhile: unplug the relay from the "
            "interlock's connector, leave the door contact in, and plug the relay in again after."
        )
    emit(as_json, {"index": entry.index, **entry.data}, text)


@app.command("return")
def return_(
    serial: str,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take a released laser back: locked, identified anew, its counter compared."""
    from devicelink.session import custody

    station = open_station(data)
    custody.released_device(station, serial)
    person = acting(station, by, pin_file, "administrator")
    entry = custody.take_back(station, serial, person)
    text = f"{serial} is back and locked (entry {entry.index}). {_difference(entry.data)}"
    emit(as_json, {"index": entry.index, **entry.data}, text)


def _difference(returned: Mapping[str, Any]) -> str:
    counter = returned["counter"]
    if counter["unexplained"] is not None:
        return f"Its counter went on by {counter['unexplained']} meanwhile."
    if counter["why"] == "went_backwards":
        return "Its counter WENT BACKWARDS meanwhile: ask the engineer what was exchanged."
    return "Its wire shows no counter, so nobody knows how much it was used meanwhile."


@app.command("clear-fault")
def clear_fault(
    serial: str,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Clear a laser's fault over its wire, having mended the cause; an administrator does."""
    from devicelink.session import custody

    station = open_station(data)
    station.device(serial)
    person = acting(station, by, pin_file, "administrator")
    entry = custody.clear_fault(station, serial, person)
    left, before = entry.data["left"], entry.data["before"]
    document = {"index": entry.index, **entry.data, "cleared": not left}
    if left:
        emit(as_json, document, f"{serial} is locked.")
        raise Refused(
            f"{serial} still reports {', '.join(left)} ({entry.data['answer']}). Mend the cause, "
            "then clear it again, or clear it at the laser."
        )
    text = (
        f"{serial} is locked and reports no fault any more; it was {', '.join(before)} (entry "
        f"{entry.index}). It stays held: devicelink device acknowledge {serial} --by ID"
    )
    emit(as_json, document, text)


def _draft(kind: str, data: Mapping[str, object], serial: str, actor: str) -> Draft:
    return Draft(kind, data, actor=actor, role="administrator", device=serial)
