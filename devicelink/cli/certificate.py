"""`devicelink certificate`: issue as a maker, import and show as a clinic."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from devicelink.cli.common import By, Data, Json, PinFile, acting, emit, open_station
from devicelink.errors import CertificateError, ConfigError

app = typer.Typer(help="Certificates of technicians.", no_args_is_help=True)

_ID_BYTES = 16


@app.command("issue")
def issue(
    key: Annotated[Path, typer.Option(help="The issuer's key file.")],
    technician: Annotated[str, typer.Option(help="The technician's ID.")],
    achievement: Annotated[str, typer.Option(help="What was passed: a URI.")],
    valid_until: Annotated[str, typer.Option(help="Date or time, UTC.")],
    valid_from: Annotated[str | None, typer.Option(help="Date or time, UTC; default now.")] = None,
    name: Annotated[str, typer.Option(help="What was passed, in words.")] = "Certified technician",
    output: Annotated[Path | None, typer.Option(help="Where to write it; default stdout.")] = None,
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """A maker's own step, outside any station: sign a certificate for one technician."""
    from devicelink.people.certificates import issue_certificate
    from devicelink.people.trust import read_issuer_file
    from devicelink.runtime import ThreadRuntime

    runtime = ThreadRuntime()
    issuer = read_issuer_file(key)
    if "d" not in issuer.jwk:
        raise ConfigError(f"{key} is a public key; signing needs the private one.")
    compact = issue_certificate(
        issuer.key(),
        issuer=issuer.id,
        issuer_name=issuer.name,
        technician=technician,
        achievement=achievement,
        achievement_name=name,
        credential_id=f"urn:devicelink:certificate:{runtime.random_bytes(_ID_BYTES).hex()}",
        valid_from=read_date(valid_from) if valid_from else runtime.now(),
        valid_until=read_date(valid_until),
    )
    write_document(compact, output, as_json=as_json)


@app.command("import")
def import_(
    file: Path,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Bring in a technician's certificate; an administrator does (--by ID)."""
    from devicelink.people import trust

    station = open_station(data)
    compact = trust.read_document(file)
    person = acting(station, by, pin_file, "administrator")
    state = station.state()
    draft = trust.import_certificate(compact, state["trust"], state["people"], by=person.id)
    entry = station.journal.append(draft)
    text = f"The certificate of {draft.data['technician']} is imported (entry {entry.index})."
    emit(as_json, {"index": entry.index, "sha256": draft.data["sha256"]}, text)


@app.command("show")
def show(
    what: Annotated[str, typer.Argument(help="A file, a technician's ID, or a SHA-256.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What a certificate says, in words, and whether it is believed here."""
    from devicelink.people import trust

    station = open_station(data)
    state = station.state()
    if Path(what).is_file():
        found = [trust.read_document(Path(what))]
    else:
        found = [
            str(known["jws"])
            for sha256, known in state["certificates"].items()
            if what in {sha256, known["technician"]}
        ]
    if not found:
        raise ConfigError(f"There is no certificate {what!r}: no such file, technician or SHA-256.")
    rows = [_explain(compact, state["trust"]) for compact in found]
    lines = [
        f"{row['technician']} passed {row['achievement']}\n  says {row['issuer']}\n"
        f"  from {row['valid_from']} until {row['valid_until']}\n  {row['belief']}"
        for row in rows
    ]
    emit(as_json, rows, "\n".join(lines))


def _explain(compact: str, trusted: dict[str, dict[str, object]]) -> dict[str, object]:
    from devicelink.people import trust
    from devicelink.people.certificates import sha256

    claims = trust.peek_claims(compact)
    try:
        trust.believed_claims(compact, trusted)
        belief = "Its signature holds, and its issuer is believed here."
    except CertificateError as error:
        belief = f"NOT believed here: {error}"
    return {
        **claims.model_dump(mode="json"),
        "technician": claims.technician,
        "sha256": sha256(compact),
        "belief": belief,
    }


def read_date(text: str) -> datetime:
    """A date or time as written, UTC where it names no zone; raises `ConfigError`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is no date; write it as 2027-01-31.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def write_document(compact: str, output: Path | None, *, as_json: bool) -> None:
    """A signed document to a file or to stdout."""
    if output is None:
        emit(as_json, {"jws": compact}, compact)
        return
    try:
        output.write_text(compact + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}.") from None
    emit(as_json, {"file": str(output)}, f"Written to {output}.")
