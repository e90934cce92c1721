"""`devicelink journal`: check the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devicelink.cli.common import Data, Json, emit, open_station
from devicelink.config import data_folder, read_text

app = typer.Typer(help="Check the evidence.", no_args_is_help=True)

BROKEN = 4


@app.command("verify")
def verify_journal(
    folder: Annotated[Path | None, typer.Argument(help="The station's folder.")] = None,
    vkey: Annotated[Path | None, typer.Option(help="A file with the key you trust.")] = None,
    kept: Annotated[Path | None, typer.Option(help="A checkpoint that you kept.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Recompute everything, and say what was NOT checked. Exit 4: the evidence is broken."""
    from rich.console import Console
    from rich.progress import Progress

    from devicelink.journal.verify import verify
    from devicelink.session.context import PROJECTIONS

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Verifying", total=None)
        report = verify(
            folder or data_folder(data),
            vkey=_text(vkey),
            kept=_text(kept),
            projections=PROJECTIONS,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    head = f"{report.size} entries, root {report.root}"
    lines = [f"VERIFIED: {head}." if report.ok else f"BROKEN: {head}."]
    lines += [f"  broken: {fault}" for fault in report.broken]
    lines += [f"  not checked: {gap}" for gap in report.not_checked]
    emit(as_json, report.as_json(), "\n".join(lines))
    if not report.ok:
        raise typer.Exit(BROKEN)


@app.command("rebuild")
def rebuild(data: Data = None, as_json: Json = False) -> None:
    """Drop the tables made from entries, and make them anew from hash-checked entries."""
    tables = open_station(data).journal.rebuild()
    counts = {name: len(states) for name, states in tables.items()}
    text = ", ".join(f"{name} {count}" for name, count in counts.items())
    emit(as_json, counts, f"Made anew: {text}.")


def _text(path: Path | None) -> str | None:
    return read_text(path, "file") if path is not None else None
