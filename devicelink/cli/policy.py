"""`devicelink policy`: what the clinic decides for itself."""

from __future__ import annotations

import typer

from devicelink.cli.common import By, Data, Json, PinFile, acting, emit, open_station

app = typer.Typer(help="What the clinic decides for itself.", no_args_is_help=True)


@app.command("set")
def set_(
    name: str,
    value: str,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Decide one thing; an administrator does (--by ID). `policy list` names what there is."""
    from devicelink.people.policy import ALLOWED, policy_draft

    station = open_station(data)
    person = acting(station, by, pin_file, "administrator")
    entry = station.journal.append(policy_draft(name, value, by=person.id))
    text = f"{name} is {entry.data['value']} from now on (entry {entry.index})."
    if entry.data["value"] == ALLOWED:
        text = (
            f"{name} becomes {entry.data['value']} when the medical provider confirms it: "
            f"devicelink policy confirm {name} --by ID"
        )
    emit(as_json, {"index": entry.index, **entry.data}, text)


@app.command("confirm")
def confirm(
    name: str,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """The medical provider (--by ID) stands behind a decision that waits for it."""
    from devicelink.people.policy import confirm_policy_draft

    station = open_station(data)
    person = acting(station, by, pin_file, "provider")
    draft = confirm_policy_draft(station.state()["policy"], name, by=person.id)
    entry = station.journal.append(draft)
    text = f"Confirmed by {person.name}: {name} holds (entry {entry.index})."
    emit(as_json, {"index": entry.index, **entry.data}, text)


@app.command("list")
def list_policies(data: Data = None, as_json: Json = False) -> None:
    """What there is to decide, what holds now, and who decided it."""
    from devicelink.people.policy import in_force

    rows = in_force(open_station(data).state()["policy"])
    lines = [f"{row['name']}  {row['value']}  {row['by'] or 'default'}" for row in rows]
    emit(as_json, rows, "\n".join(lines))
