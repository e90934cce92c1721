"""`devicelink driver`: what is installed, who answers on a port, and recordings of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devicelink.cli.common import Data, Json, emit
from devicelink.errors import ConfigError, DeviceLinkError, NoReply

app = typer.Typer(help="Installed drivers.", no_args_is_help=True)
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="How it is set up, KEY=VALUE; keys by: driver list --json."),
]


@app.command("list")
def list_drivers(_data: Data = None, as_json: Json = False) -> None:
    """Every installed driver and its distribution; with --json also all that it declares."""
    from devicelink import registry

    found: list[dict[str, object]] = []
    for claim in registry.installed():
        row: dict[str, object] = {
            "name": claim.name,
            "distribution": claim.distribution,
            "version": claim.version,
            "kind": None,
            "problem": None,
        }
        try:
            factory = registry.load_any(claim.name)
            row["kind"] = registry.kind_of(factory).value
            row["declaration"] = factory.declaration.as_json()
        except DeviceLinkError as error:
            row["problem"] = str(error)
        found.append(row)
    lines = [
        f"{row['name']}  ({row['distribution']} {row['version']})"
        + (f"  {row['kind']}" if row["kind"] else "")
        + (f"  NOT USABLE: {row['problem']}" if row["problem"] else "")
        for row in found
    ]
    emit(as_json, found, "\n".join(lines) or "No driver is installed.")


@app.command("probe")
def probe(
    name: str,
    port: str,
    set_: Set = None,
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """Ask who answers on a port, by questions alone: nothing is set, nothing is switched."""
    from devicelink import registry
    from devicelink.cli.common import key_values
    from devicelink.cli.meter import probe_meter
    from devicelink.cli.relay import probe_relay
    from devicelink.link.transcript import NoTranscript
    from devicelink.runtime import ThreadRuntime
    from devicelink.session.connection import connect

    others = {registry.Kind.METER: probe_meter, registry.Kind.RELAY: probe_relay}
    kind = registry.kind_of(registry.load_any(name))
    if kind in others:
        emit(as_json, *others[kind](name, key_values(set_), port))
        return
    connection = connect(
        driver=name,
        configuration=key_values(set_),
        port=port,
        runtime=ThreadRuntime(),
        transcript=NoTranscript(),
    )
    try:
        identity = connection.driver.identify(connection.link)
        status = connection.driver.read_status(connection.link)
    except NoReply as error:
        raise NoReply(
            f"{error} Check that the laser is on, its cable, and its --set (speed, dialect)."
        ) from None
    finally:
        connection.port.close()
    document = {
        "serial": identity.serial,
        "identity": "read" if identity.serial else "asserted",
        "model": identity.model,
        "firmware": identity.firmware,
        "state": status.state.value,
        "evidence": status.evidence.value,
        "faults": list(status.faults),
        "words": dict(status.words),
    }
    told = "its serial number is not on the wire" if identity.serial is None else identity.serial
    model = f"model {identity.model}, " if identity.model else ""
    text = (
        f"A laser answers: {model}firmware {identity.firmware}, {told}. "
        f"It says {status.state.value}."
    )
    emit(as_json, document, text)


@app.command("record")
def record(
    name: str,
    port: Annotated[str | None, typer.Argument(help="Where the laser is.")] = None,
    output: Annotated[Path, typer.Option("--output", help="The new file.")] = ...,  # type: ignore[assignment]
    from_: Annotated[
        Path | None, typer.Option("--from", help="A session's transcript, in place of a port.")
    ] = None,
    set_: Set = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", help="With --from: the session's settings file.")
    ] = None,
    redact: Annotated[
        list[str] | None, typer.Option("--redact", help="One more text that names the laser.")
    ] = None,
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """Record what passes on the wire, by questions alone: nothing is set, nothing is switched."""
    from devicelink.cli.common import key_values
    from devicelink.cli.recording import from_port, from_transcript, keep
    from devicelink.recordings.file import refuse_existing

    if (port is None) is (from_ is None):
        raise ConfigError("Say what to record: a PORT, or --from TRANSCRIPT, one of them.")
    if settings is not None and from_ is None:
        raise ConfigError("--settings goes with --from: at a port nothing is set.")
    refuse_existing(output)
    setup = key_values(set_)
    made = (
        from_transcript(name, setup, from_, settings)
        if from_ is not None
        else from_port(name, setup, str(port))
    )
    emit(as_json, *keep(made, output, redact or []))


@app.command("replay")
def replay(
    recording: Annotated[Path, typer.Argument(help="A file made by `driver record`.")],
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """Play a recording to its driver: it must send and understand what it did then."""
    from devicelink.cli.recording import replayed

    document, text = replayed(recording)
    emit(as_json, document, text)
    if not document["ok"]:
        raise typer.Exit(1)
