"""`devicelink trust`: whose certificates are believed here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from collections.abc import Mapping

_DASHES = {"ignore_unknown_options": True}
"""One thumbprint in 64 begins with a hyphen, and is no option for that."""

app = typer.Typer(help="Whose certificates are believed.", no_args_is_help=True)


@app.command("new-issuer")
def new_issuer(
    key: Annotated[Path, typer.Argument(help="The key file to make; outside any station.")],
    issuer: Annotated[str, typer.Option("--id", help="The issuer's identifier, a URI.")],
    name: Annotated[str, typer.Option(help="The issuer's name as printed.")],
    algorithm: Annotated[str, typer.Option(help="Ed25519, ES256 or RS256")] = "Ed25519",
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """A maker's own step: make a signing key, and FILE.pub beside it for the clinics."""
    from devicelink.people import trust
    from devicelink.runtime import ThreadRuntime

    made = trust.new_issuer(
        key, issuer_id=issuer, name=name, runtime=ThreadRuntime(), algorithm=algorithm
    )
    thumbprint = made.key().thumbprint()
    text = f"Made {key} (keep it secret) and {key}.pub (give it away). Thumbprint {thumbprint}"
    emit(as_json, {"issuer": issuer, "algorithm": algorithm, "thumbprint": thumbprint}, text)


@app.command("add")
def add(
    public: Annotated[Path, typer.Argument(help="The issuer's public key file.")],
    maker: Annotated[list[str] | None, typer.Option(help="A maker; '*' for any.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model; '*' for any.")] = None,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Believe an issuer, for named makers and models; an administrator does (--by ID)."""
    from devicelink.people import trust

    station = open_station(data)
    issuer = trust.read_issuer_file(public)
    person = acting(station, by, pin_file, "administrator")
    state = station.state()
    draft = trust.trust_draft(
        issuer, makers=maker or [], models=model or [], by=person.id, people=state["people"]
    )
    before = trust.in_force(state["trust"]).get(str(draft.data["thumbprint"]))
    entry = station.journal.append(draft)
    waits = "needs_confirmation" in draft.data
    text = (
        f"{issuer.name} waits for a second administrator (entry {entry.index}): devicelink trust "
        f"confirm {draft.data['thumbprint']} --by ID"
        if waits
        else f"{issuer.name} is believed here (entry {entry.index}). {ONE_ADMINISTRATOR}"
    )
    replaced = {name: before[name] for name in ("makers", "models")} if before else None
    if replaced is not None:
        text += (
            f"\nThis {'will take' if waits else 'takes'} the place of {_scope(replaced)}; "
            f"{'then' if waits else 'now'} it is {_scope(draft.data)}."
        )
    told = {**draft.data, "in_force": not waits, "replaces": replaced}
    emit(as_json, {"index": entry.index, **told}, text)


def _scope(of: Mapping[str, Any]) -> str:
    return f"makers {', '.join(of['makers'])}, models {', '.join(of['models'])}"


@app.command("confirm", context_settings=_DASHES)
def confirm(
    thumbprint: str,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Confirm an issuer that another administrator added; from then on it is believed."""
    from devicelink.people import trust

    station = open_station(data)
    person = acting(station, by, pin_file, "administrator")
    draft = trust.confirm_draft(station.state()["trust"], thumbprint, by=person.id)
    entry = station.journal.append(draft)
    text = f"Confirmed by {person.name}: the issuer is believed here (entry {entry.index})."
    emit(as_json, {"index": entry.index, **draft.data}, text)


@app.command("withdraw", context_settings=_DASHES)
def withdraw(
    thumbprint: str,
    reason: Reason,
    safety: Safety = False,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Believe an issuer no more, from now on; one administrator is enough (--by ID)."""
    from devicelink.people import withdrawal

    station = open_station(data)
    withdrawal.known_issuer(station.state()["trust"], thumbprint)
    person = acting(station, by, pin_file, "administrator")
    word = withdrawing(station, person, reason, safety=safety)
    draft = withdrawal.withdraw_issuer(station.state()["trust"], thumbprint, word)
    entry = station.journal.append(draft)
    text = (
        f"{entry.data['name']} is not believed here any more (entry {entry.index}); nothing that "
        f"it signed counts. {ends_words(safety=safety)}"
    )
    emit(as_json, {"index": entry.index, **entry.data}, text)


@app.command("list")
def list_issuers(data: Data = None, as_json: Json = False) -> None:
    """Every issuer that is believed or waits for a second administrator, with the scope."""
    from devicelink.people.trust import in_force, pending

    state = open_station(data).state()["trust"]
    rows = [
        *({**known, "in_force": True} for known in in_force(state).values()),
        *({**known, "in_force": False} for known in pending(state).values()),
    ]
    lines = [
        f"{row['name']}  {row['issuer']}  for {row['makers']} {row['models']}  {row['thumbprint']}"
        f"{'' if row['in_force'] else '  WAITS for a second administrator'}"
        for row in rows
    ]
    emit(as_json, rows, "\n".join(lines) or "No issuer is believed yet.")


@app.command("catalogue")
def catalogue(
    file: Path,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Import a maker's catalogue: what its certificates allow. An older version is refused."""
    from devicelink.people import trust

    station = open_station(data)
    compact = trust.read_document(file)
    person = acting(station, by, pin_file, "administrator")
    state = station.state()
    drafts = trust.import_catalogue(compact, state["trust"], state["catalogues"], by=person.id)
    entry = station.journal.append_all(drafts)[-1]
    text = f"Catalogue version {entry.data['version']} is in force (entry {entry.index})."
    emit(as_json, {"index": entry.index, "version": entry.data["version"]}, text)


@app.command("status-list")
def status_list(
    file: Path,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Import a maker's status list: what it revoked or suspended. An older one is refused."""
    from devicelink.people import trust
    from devicelink.people.statuslist import peek_status_list

    station = open_station(data)
    compact = trust.read_document(file)
    person = acting(station, by, pin_file, "administrator")
    state = station.state()
    drafts = trust.import_status_list(
        compact,
        state["trust"],
        state["status_lists"],
        by=person.id,
        now=station.runtime.now(),
    )
    entry = station.journal.append_all(drafts)[-1]
    made = peek_status_list(compact)
    document = {
        "index": entry.index,
        "sha256": entry.data["sha256"],
        "list_url": made.list_url,
        "purpose": made.purpose,
        "issued_at": made.issued_at.isoformat(),
    }
    text = (
        f"The {made.purpose} list {made.list_url} of {made.issued_at:%Y-%m-%d %H:%M:%S} UTC is in "
        f"force (entry {entry.index})."
    )
    emit(as_json, document, text)
