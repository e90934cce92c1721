"""`devicelink catalogue`: a maker says what its certificates allow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from devicelink.cli.certificate import read_date, signing_issuer, write_document
from devicelink.cli.common import Data, Json
from devicelink.config import read_toml
from devicelink.errors import ConfigError

app = typer.Typer(help="What a maker's certificates allow.", no_args_is_help=True)


@app.command("issue")
def issue(
    entries: Annotated[Path, typer.Argument(help="TOML file with tables named entries.")],
    key: Annotated[Path, typer.Option(help="The issuer's key file.")],
    version: Annotated[
        int, typer.Option(help="A whole number, greater than that of the catalogue before.")
    ],
    valid_until: Annotated[str, typer.Option(help="Date or time, UTC.")],
    output: Annotated[Path | None, typer.Option(help="Where to write it; default stdout.")] = None,
    _data: Data = None,
    as_json: Json = False,
) -> None:
    """A maker's own step, outside any station: sign a catalogue."""
    from devicelink.people.certificates import Catalogue, issue_catalogue
    from devicelink.runtime import ThreadRuntime

    issuer = signing_issuer(key)
    document = read_toml(entries)
    others = sorted(set(document) - {"entries"})
    if others:
        raise ConfigError(f"{entries}: unknown {', '.join(others)}; it holds [[entries]] alone.")
    try:
        catalogue = Catalogue.model_validate(
            {
                "issuer": issuer.id,
                "version": version,
                "issued_at": ThreadRuntime().now(),
                "valid_until": read_date(valid_until),
                "entries": _as_words(document.get("entries", [])),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{entries}: {where}: {first['msg']}.") from None
    write_document(issue_catalogue(issuer.key(), catalogue), output, as_json=as_json)


def _as_words(value: object) -> object:
    """Numbers of limits as they are written; a catalogue holds no floats."""
    if isinstance(value, dict):
        return {key: _as_words(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_words(inner) for inner in value]
    return value if isinstance(value, bool) else str(value)
