"""`devicelink technician`: people, their roles, their PINs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.cli.common import (
    ONE_ADMINISTRATOR,
    By,
    Data,
    Json,
    PinFile,
    Reason,
    Safety,
    acting,
    emit,
    ends_words,
    open_station,
    withdrawing,
)
from devicelink.config import read_text
from devicelink.errors import ConfigError, Refused

if TYPE_CHECKING:
    from devicelink.station import Station

app = typer.Typer(help="People and their PINs.", no_args_is_help=True)

WAITS = "It waits for a second administrator: devicelink technician confirm {} --by ID"
NewPinFile = Annotated[
    Path | None,
    typer.Option("--new-pin-file", help="The new PIN; simulated stations only."),
]


@app.command("add")
def add(
    person: str,
    name: Annotated[str, typer.Option(help="The name as printed.")],
    role: Annotated[list[str] | None, typer.Option(help="Default: technician.")] = None,
    operator_class: Annotated[str, typer.Option(help="physician or other")] = "other",
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add a person; an administrator does (--by ID). Their PIN comes next."""
    from devicelink.people import add_person_draft
    from devicelink.people.roster import find

    station = open_station(data)
    if find(station.state()["people"], person) is not None:
        raise ConfigError(
            f"{person} is registered already. To change roles or class: "
            f"devicelink technician change {person} --by ID"
        )
    administrator = acting(station, by, pin_file, "administrator")
    draft = add_person_draft(
        person,
        name,
        roles=tuple(role or ["technician"]),
        by=administrator.id,
        operator_class=operator_class,
        people=station.state()["people"],
    )
    entry = station.journal.append(draft)
    waits = "needs_confirmation" in draft.data
    text = f"{name} is registered as {person}. Next: devicelink technician pin {person} --by ID"
    if waits:
        text += f"\n{WAITS.format(person)}"
    emit(as_json, {"id": person, "index": entry.index, "in_force": not waits}, text)


@app.command("change")
def change(
    person: str,
    role: Annotated[list[str] | None, typer.Option(help="All roles from now on.")] = None,
    operator_class: Annotated[str | None, typer.Option(help="physician or other")] = None,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Change somebody's roles or class; a second administrator confirms it, where there is one."""
    from devicelink.people.roster import change_person_draft

    if role is None and operator_class is None:
        raise ConfigError("Say what changes: --role or --operator-class.")
    station = open_station(data)
    administrator = acting(station, by, pin_file, "administrator")
    draft = change_person_draft(
        station.state()["people"],
        person,
        roles=role,
        operator_class=operator_class,
        by=administrator.id,
    )
    entry = station.journal.append(draft)
    waits = "needs_confirmation" in draft.data
    text = WAITS.format(person) if waits else f"{person} is changed. {ONE_ADMINISTRATOR}"
    emit(as_json, {"index": entry.index, **draft.data, "in_force": not waits}, text)


@app.command("confirm")
def confirm(
    person: str,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Confirm what another administrator decided of somebody's roles; from then on it holds."""
    from devicelink.people.roster import confirm_person_draft

    station = open_station(data)
    administrator = acting(station, by, pin_file, "administrator")
    draft = confirm_person_draft(station.state()["people"], person, by=administrator.id)
    entry = station.journal.append(draft)
    text = f"Confirmed by {administrator.name}: it holds for {person} (entry {entry.index})."
    emit(as_json, {"index": entry.index, **draft.data}, text)


@app.command("withdraw")
def withdraw(
    person_id: Annotated[str, typer.Argument(metavar="PERSON", help="Their ID.")],
    reason: Reason,
    safety: Safety = False,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Somebody starts no sessions any more, from now on; other roles stay (--by ID)."""
    from devicelink.people import withdrawal

    station = open_station(data)
    withdrawal.known_technician(station.state()["people"], person_id)
    person = acting(station, by, pin_file, "administrator")
    word = withdrawing(station, person, reason, safety=safety)
    draft = withdrawal.withdraw_technician(station.state()["people"], person_id, word)
    entry = station.journal.append(draft)
    text = (
        f"{person_id} is no technician here any more (entry {entry.index}). "
        f"{ends_words(safety=safety)}"
    )
    emit(as_json, {"index": entry.index, **entry.data}, text)


@app.command("pin")
def pin(
    person: str,
    by: By = None,
    pin_file: PinFile = None,
    new_pin_file: NewPinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Set a person's PIN: an administrator starts it, the person types it unseen."""
    from devicelink.people import set_pin
    from devicelink.people.roster import find

    station = open_station(data)
    found = find(station.state()["people"], person)
    if found is None:
        raise ConfigError(f"{person} is not registered. First: devicelink technician add {person}")
    administrator = acting(station, by, pin_file, "administrator")
    chosen = _new_pin(station, new_pin_file, found.name)
    set_pin(station.journal, station.pins, person, chosen, by=administrator.id)
    emit(as_json, {"id": person}, f"{found.name} has a PIN.")


def _new_pin(station: Station, path: Path | None, name: str) -> str:
    if path is None:
        asked = typer.prompt(
            f"{name}, choose your PIN", hide_input=True, confirmation_prompt=True, err=True
        )
        return str(asked)
    if not station.simulated:
        raise Refused("--new-pin-file is refused on a real station: the person types the PIN.")
    return read_text(path, "PIN file").strip()


@app.command("list")
def list_people(data: Data = None, as_json: Json = False) -> None:
    """Everybody who is registered here."""
    rows = [row for row in open_station(data).state()["people"].values() if row["name"]]
    lines = []
    for row in rows:
        roles = row["roles"]
        named = ", ".join(str(r) for r in roles) if isinstance(roles, list) else ""
        pin_word = "PIN set" if row["pin_set"] else "no PIN yet"
        waits = "  WAITS for a second administrator" if row.get("pending") else ""
        lines.append(f"{row['id']}  {row['name']}  {named}  {pin_word}{waits}")
    emit(as_json, rows, "\n".join(lines) or "Nobody is registered.")
