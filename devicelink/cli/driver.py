"""`devicelink driver`: which drivers are installed, and who answers on a port."""

from __future__ import annotations

from typing import Annotated

import typer

from devicelink.cli.common import Data, Json, emit
from devicelink.errors import DeviceLinkError, NoReply

app = typer.Typer(help="Installed drivers.", no_args_is_help=True)


@app.command("list")
def list_drivers(_data: Data = None, as_json: Json = False) -> None:
    """Every installed driver with its distribution, settings and what its wire does not show."""
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
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="How it is set up, KEY=VALUE; keys by: driver list --json."),
    ] = None,
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """Ask who answers on a port, by questions alone: nothing is set, nothing is switched."""
    from devicelink import registry
    from devicelink.cli.common import key_values
    from devicelink.cli.meter import probe_meter
    from devicelink.link.transcript import NoTranscript
    from devicelink.runtime import ThreadRuntime
    from devicelink.session.connection import connect

    if registry.kind_of(registry.load_any(name)) is registry.Kind.METER:
        emit(as_json, *probe_meter(name, key_values(set_), port))
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
    text = f"A laser answers: firmware {identity.firmware}, {told}. It says {status.state.value}."
    emit(as_json, document, text)
