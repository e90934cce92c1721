"""`devicelink station`: make a station, see how it stands, confirm its clock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.cli import upkeep
from devicelink.cli.common import By, Data, Json, PinFile, acting, emit, open_station
from devicelink.cli.serving import serve
from devicelink.cli.words import lock_words, released_words
from devicelink.config import data_folder, read_text
from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.keys import key_id

if TYPE_CHECKING:
    from devicelink.station import Station

app = typer.Typer(help="Make a station and see how it stands.", no_args_is_help=True)
for command in (serve, upkeep.doctor, upkeep.backup, upkeep.restore):
    app.command()(command)


@app.command("init")
def init(
    by: By = None,
    name: Annotated[
        str, typer.Option(help="A name for the station: small letters, digits, dots, hyphens.")
    ] = "station",
    person_name: Annotated[str | None, typer.Option(help="Your name as printed.")] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="For simulators only, for ever.")
    ] = False,
    allow_driver: Annotated[
        list[str] | None,
        typer.Option(help="A laser's driver allowed here; default: those of devicelink."),
    ] = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a station's folder, its keys, and its first administrator (--by ID)."""
    from devicelink import registry
    from devicelink.station import Station

    if by is None:
        raise ConfigError("Say who the first administrator is: --by ID.")
    for driver in allow_driver or ():
        registry.require_laser(driver)
    own = (c.name for c in registry.installed() if c.distribution == "devicelink")
    station = Station.make(
        data_folder(data),
        name=name,
        simulated=simulated,
        administrator=by,
        administrator_name=person_name or by,
        pin=_first_pin(pin_file, simulated=simulated),
        drivers_allowed=tuple(allow_driver or registry.lasers(own)),
    )
    station.journal.close()
    made = {"origin": station.origin, "simulated": simulated, "vkey": station.journal.vkey}
    text = f"Made the station {station.origin} in {station.folder}.\nIts key: {made['vkey']}"
    if simulated:
        text += "\nSIMULATED: no real laser may be connected to it."
    emit(as_json, made, text)


def _first_pin(pin_file: Path | None, *, simulated: bool) -> str:
    if pin_file is not None:
        if not simulated:
            raise ConfigError("--pin-file is for simulated stations; a PIN is typed by its person.")
        return read_text(pin_file, "PIN file").strip()
    return str(typer.prompt("Choose your PIN", hide_input=True, confirmation_prompt=True, err=True))


@app.command("status")
def status(data: Data = None, as_json: Json = False) -> None:
    """What this station is, what its devices' last words were, and what is due."""
    from devicelink.devices.register import devices
    from devicelink.journal.kept import pending
    from devicelink.session.ownership import is_owned
    from devicelink.session.service import ask_service

    station = open_station(data)
    state = station.state()
    last = station.journal.last()
    service = ask_service(station.folder, station.runtime)
    rows = []
    for device in devices(state["devices"]).values():
        owned = is_owned(station.folder, device.serial, station.runtime)
        rows.append(
            {
                "device": device.serial,
                "in_use": owned,
                "lock": device.lock,
                "lock_at": device.lock_at,
                "holds": [hold.sentence for hold in device.holds],
                "released": device.released.sentence if device.released else None,
                "recovery_due": device.recovery_due and not owned,
                "watched": (service or {}).get(device.serial),
            }
        )
    document = {
        "origin": station.origin,
        "simulated": station.simulated,
        "entries": station.journal.size,
        "last_entry_at": last.at.isoformat(),
        "clock_suspect": state["clock"].get("clock", {}).get("suspect") is True,
        "mirror_problem": _mirror_problem(station),
        "kept_facts": len(pending(station.kept_folder, station.runtime.disk)),
        "service": service is not None,
        "devices": rows,
    }
    emit(as_json, document, _status_text(document, rows))


@app.command("permit-key")
def permit_key(data: Data = None, as_json: Json = False) -> None:
    """The public key that consoles have to know before they take this station's permits."""
    station = open_station(data)
    public = station.journal.permit_key().public_key().public_bytes_raw()
    told = {"origin": station.origin, "public_key": public.hex(), "key_id": key_id(public)}
    text = (
        f"Permits of {station.origin} are signed by {told['public_key']} (key id "
        f"{told['key_id']}).\nA console takes them once somebody put that key into one of its "
        "slots, in SERVICE, at the console itself. It changes when the station's key is rotated."
    )
    emit(as_json, told, text)


def _mirror_problem(station: Station) -> str | None:
    try:
        return station.mirror.check()
    except JournalBroken as error:
        return str(error)


def _status_text(document: dict[str, object], rows: list[dict[str, object]]) -> str:
    lines = [f"{document['origin']}: {document['entries']} entries."]
    if document["simulated"]:
        lines.append("SIMULATED: no real laser may be connected to it.")
    if document["mirror_problem"]:
        lines.append(f"MIRROR (the copy that shows a roll-back): {document['mirror_problem']}")
    if document["clock_suspect"]:
        lines.append(
            "The clock went back or jumped. Set it right, then: "
            "devicelink station confirm-clock --by ADMINISTRATOR"
        )
    for row in rows:
        due = f" RECOVERY IS DUE: devicelink lock {row['device']}" if row["recovery_due"] else ""
        use = _use(row)
        at = row["lock_at"]
        lock = lock_words(str(row["lock"]), at if isinstance(at, str) else None)
        lines.append(f"{row['device']}: {lock}.{use}{due}")
        if row["released"]:
            lines.append(f"  {released_words(str(row['released']))}")
        holds = row["holds"]
        lines.extend(f"  held: {hold}" for hold in (holds if isinstance(holds, list) else []))
    return "\n".join(lines)


def _use(row: dict[str, object]) -> str:
    """Who has the device now, in words."""
    watched = row["watched"]
    if isinstance(watched, dict):
        alarm = " ALARM:" if watched["alarm"] else ""
        return f"{alarm} {watched['sentence']}"
    return " In use now." if row["in_use"] else ""


@app.command("confirm-clock")
def confirm_clock(
    by: By = None, pin_file: PinFile = None, data: Data = None, as_json: Json = False
) -> None:
    """An administrator confirms that the station's clock is right now."""
    from devicelink.journal.clock import confirmation

    station = open_station(data)
    person = acting(station, by, pin_file, "administrator")
    last, now = station.journal.last(), station.runtime.now()
    entry = station.journal.append(confirmation(last, now, actor=person.id, role="administrator"))
    text = f"{person.name} confirmed {now:%Y-%m-%d %H:%M:%S} UTC (entry {entry.index})."
    emit(as_json, {"index": entry.index, "now": now.isoformat()}, text)


@app.command("rotate-key")
def rotate_key(
    by: By = None,
    second: Annotated[
        str | None, typer.Option(help="A second administrator, where there is one.")
    ] = None,
    pin_file: PinFile = None,
    second_pin_file: Annotated[
        Path | None, typer.Option(help="The second one's PIN; simulated stations only.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Give the journal a new key, signed by the old and the new one (--by ID)."""
    station = open_station(data)
    old = station.journal.vkey
    person = acting(station, by, pin_file, "administrator")
    other = acting(station, second, second_pin_file, "administrator") if second else None
    entry = station.rotate_key(person, other)
    new = station.journal.vkey
    text = (
        f"From entry {entry.index} on the journal is signed by a new key. The old one is removed.\n"
        f"Old key: {old}\nNew key: {new}\n"
        "Hand the new key to everybody who keeps the old one (auditors, witnesses, the maker). Who "
        "has only the old one can still verify: the entry shows that the old key named the new.\n"
        "Keep a copy of the newest checkpoint elsewhere. Backups made before hold the old key: "
        "whoever has it could write another journal up to that entry, and from there on."
    )
    if other is None:
        text += (
            " There is no second administrator here, so one person's word is enough; make another."
        )
    document = {"index": entry.index, "old_vkey": old, "new_vkey": new}
    emit(as_json, document, text)
