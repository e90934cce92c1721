"""`devicelink certificate`: issue as a maker, import and show as a clinic."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.cli.common import (
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
from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from devicelink.people.certificates import StatusEntry
    from devicelink.people.statuslist import StatusList
    from devicelink.people.trust import IssuerFile

app = typer.Typer(help="Certificates of technicians.", no_args_is_help=True)

_ID_BYTES = 16
REVOCATION, SUSPENSION = "revocation", "suspension"


@app.command("issue")
def issue(
    key: Annotated[Path, typer.Option(help="The issuer's key file.")],
    technician: Annotated[str, typer.Option(help="The technician's ID.")],
    achievement: Annotated[str, typer.Option(help="What was passed: a URI.")],
    valid_until: Annotated[str, typer.Option(help="Date or time, UTC.")],
    valid_from: Annotated[str | None, typer.Option(help="Date or time, UTC; default now.")] = None,
    name: Annotated[str, typer.Option(help="What was passed, in words.")] = "Certified technician",
    status_list: Annotated[
        str | None, typer.Option(help="URL of the list where a revocation would stand.")
    ] = None,
    suspension_list: Annotated[
        str | None, typer.Option(help="URL of the list where a suspension would stand.")
    ] = None,
    status_index: Annotated[
        int | None,
        typer.Option(
            help="The certificate's own place in these lists; default: the next free one."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where to write it; default stdout.")] = None,
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """A maker's own step, outside any station: sign a certificate for one technician."""
    from devicelink.people.certificates import issue_certificate
    from devicelink.runtime import ThreadRuntime

    runtime = ThreadRuntime()
    issuer = signing_issuer(key)
    credential_id = f"urn:devicelink:certificate:{runtime.random_bytes(_ID_BYTES).hex()}"
    lists = [(REVOCATION, status_list), (SUSPENSION, suspension_list)]
    begins = read_date(valid_from) if valid_from else runtime.now()
    ends = read_date(valid_until)
    compact = issue_certificate(
        issuer.key(),
        issuer=issuer.id,
        issuer_name=issuer.name,
        technician=technician,
        achievement=achievement,
        achievement_name=name,
        credential_id=credential_id,
        valid_from=begins,
        valid_until=ends,
        status=_status(key, lists, status_index, credential_id),
    )
    write_document(compact, output, as_json=as_json)


def _status(
    key: Path, lists: list[tuple[str, str | None]], index: int | None, credential_id: str
) -> tuple[StatusEntry, ...]:
    """The places where a withdrawal would stand, one number in all lists, given away once."""
    from devicelink.people.certificates import StatusEntry
    from devicelink.people.places import take_place

    named = [(purpose, url) for purpose, url in lists if url is not None]
    if not named and index is not None:
        raise ConfigError("--status-index goes with --status-list or --suspension-list.")
    for url in dict.fromkeys(url for _, url in named):
        index = take_place(key, url, index, credential_id)
    return tuple(
        StatusEntry(list_url=url, index=str(index), purpose=purpose) for purpose, url in named
    )


@app.command("revoke")
def revoke(
    file: Annotated[Path, typer.Argument(help="The status list; made where there is none.")],
    key: Annotated[Path, typer.Option(help="The issuer's key file.")],
    index: Annotated[list[int] | None, typer.Option(help="A certificate's place.")] = None,
    url: Annotated[str | None, typer.Option(help="The list's URL, for a new list.")] = None,
    suspend: Annotated[bool, typer.Option("--suspend", help="A list of suspensions.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Lift suspensions.")] = False,
    safety: Annotated[
        bool, typer.Option("--safety", help="For safety: running sessions end at once.")
    ] = False,
    valid_until: Annotated[str | None, typer.Option(help="Date or time, UTC.")] = None,
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """A maker's own step, outside any station: revoke, and sign the status list anew.

    Without --index the list is only dated anew, which tells clinics that it still holds.
    """
    from devicelink.people.statuslist import issue_status_list
    from devicelink.runtime import ThreadRuntime

    if lift and (safety or not suspend):
        raise ConfigError("--lift goes with --suspend alone: a revocation is for ever.")
    if safety and not index:
        raise ConfigError("--safety needs the --index of a certificate.")
    runtime = ThreadRuntime()
    issuer = signing_issuer(key)
    earlier = _list_in(file, issuer, url, SUSPENSION if suspend else REVOCATION)
    until = read_date(valid_until) if valid_until else None
    made = earlier.changed(index or [], to=not lift, safety=safety).reissued(runtime.now(), until)
    compact = issue_status_list(issuer.key(), made, issuer.name)
    try:
        runtime.disk.replace(file, f"{compact}\n".encode())
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from None
    document = {
        "file": str(file),
        "list_url": made.list_url,
        "purpose": made.purpose,
        "issued_at": made.issued_at.isoformat(),
        "changed": index or [],
    }
    text = (
        f"The {made.purpose} list {made.list_url} is signed anew, dated "
        f"{made.issued_at:%Y-%m-%d %H:%M:%S} UTC, in {file}. Give it to the clinics."
    )
    emit(as_json, document, text)


def _list_in(file: Path, issuer: IssuerFile, url: str | None, purpose: str) -> StatusList:
    """The list in a file, if the issuer's own key signed it; an empty one where there is none."""
    from devicelink.people import trust
    from devicelink.people.jose import open_signed
    from devicelink.people.keys import public_jwk
    from devicelink.people.statuslist import new_list, peek_status_list

    if not file.exists():
        if url is None:
            raise ConfigError(f"{file} is not there; a new list needs --url.")
        return new_list(url, issuer.id, purpose)
    compact = trust.read_document(file)
    own = public_jwk(issuer.public().jwk)
    open_signed(compact, {issuer.key().thumbprint(): own})
    found = peek_status_list(compact)
    if found.issuer != issuer.id or found.purpose != purpose or url not in {None, found.list_url}:
        raise ConfigError(
            f"{file} is the {found.purpose} list {found.list_url} of {found.issuer}; each list, "
            "revocations and suspensions, has a file of its own."
        )
    return found


def signing_issuer(key: Path) -> IssuerFile:
    """A maker's own key file with its private part; raises `ConfigError`."""
    from devicelink.people.trust import read_issuer_file

    issuer = read_issuer_file(key)
    if "d" not in issuer.jwk:
        raise ConfigError(f"{key} is a public key; signing needs the private one.")
    return issuer


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
    drafts = trust.import_certificate(compact, state["trust"], state["people"], by=person.id)
    entry = station.journal.append_all(drafts)[-1]
    text = f"The certificate of {entry.data['technician']} is imported (entry {entry.index})."
    emit(as_json, {"index": entry.index, "sha256": entry.data["sha256"]}, text)


@app.command("attest")
def attest(
    technician: Annotated[str, typer.Option(help="Whose certificate it is: their ID.")],
    photo: Annotated[Path, typer.Option(help="A photo of it; its SHA-256 is recorded.")],
    number: Annotated[str, typer.Option(help="The certificate's number.")],
    issuer: Annotated[str, typer.Option(help="Who issued it, as printed.")],
    achievement: Annotated[str, typer.Option(help="What was passed, as printed.")],
    driver: Annotated[str, typer.Option(help="The driver of the lasers it is for.")],
    maker: Annotated[str, typer.Option(help="The maker of these lasers.")],
    model: Annotated[list[str], typer.Option(help="A model.")],
    procedure: Annotated[list[str], typer.Option(help="A kind of session.")],
    valid_until: Annotated[str, typer.Option(help="Date or time, UTC.")],
    valid_from: Annotated[str | None, typer.Option(help="Date or time, UTC; default now.")] = None,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Attest a paper certificate that you saw (--by ID); it counts only by the clinic's policy."""
    from devicelink.people.attestation import attestation_draft

    station = open_station(data)
    try:
        seen = photo.read_bytes()
    except OSError as error:
        raise ConfigError(f"The photo {photo} cannot be read: {error.strerror}.") from None
    person = acting(station, by, pin_file, "administrator")
    draft = attestation_draft(
        station.state()["people"],
        technician=technician,
        number=number,
        issuer_name=issuer,
        achievement=achievement,
        photo=seen,
        valid_from=read_date(valid_from) if valid_from else station.runtime.now(),
        valid_until=read_date(valid_until),
        driver=driver,
        maker=maker,
        models=model,
        procedures=procedure,
        by=person.id,
    )
    entry = station.journal.append(draft)
    text = f"{person.name} attests the certificate {number} of {technician} (entry {entry.index})."
    emit(as_json, {"index": entry.index, "photo_sha256": entry.data["photo_sha256"]}, text)


@app.command("withdraw")
def withdraw(
    what: Annotated[str, typer.Argument(help="Its SHA-256, or the number of its entry.")],
    reason: Reason,
    safety: Safety = False,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A certificate, or a paper that was attested, counts here no more (--by ID)."""
    from devicelink.people import withdrawal

    station = open_station(data)
    withdrawal.certificate_named(station.state(), what)
    person = acting(station, by, pin_file, "administrator")
    word = withdrawing(station, person, reason, safety=safety)
    draft = withdrawal.withdraw_certificate(station.state(), what, word)
    entry = station.journal.append(draft)
    text = (
        f"The certificate of {entry.data['technician']} counts no more (entry {entry.index}). "
        f"{ends_words(safety=safety)}"
    )
    emit(as_json, {"index": entry.index, **entry.data}, text)


@app.command("show")
def show(
    what: Annotated[str, typer.Argument(help="A file, a technician's ID, or a SHA-256.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A certificate in plain words: whether it is believed here, what it allows, until when."""
    from devicelink.cli.explaining import explain, explain_paper, in_words
    from devicelink.people import trust
    from devicelink.people.documents import whole

    station = open_station(data)
    if Path(what).is_file():
        rows = [explain(station, trust.read_document(Path(what)))]
    else:
        rows = [
            explain(station, str(known["jws"]))
            for sha256, known in whole(station.state()["certificates"]).items()
            if what in {sha256, known["technician"]}
        ]
        rows += explain_paper(station, what)
    if not rows:
        raise ConfigError(f"There is no certificate {what!r}: no such file, technician or SHA-256.")
    emit(as_json, rows, "\n".join(in_words(row) for row in rows))


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
