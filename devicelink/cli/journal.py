"""`devicelink journal`: check the evidence, and hand it to others."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.cli.common import Data, Json, emit, open_station
from devicelink.config import data_folder, read_text
from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink.journal.report import Report
    from devicelink.journal.store import Journal

app = typer.Typer(help="Check the evidence, and hand it to others.", no_args_is_help=True)

BROKEN = 4


@app.command("verify")
def verify_journal(
    folder: Annotated[
        Path | None, typer.Argument(help="A station's folder, an export, or a .tlog-proof.")
    ] = None,
    vkey: Annotated[Path | None, typer.Option(help="A file with the key you trust.")] = None,
    kept: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that you kept; may be given again.")
    ] = None,
    rotation: Annotated[
        list[Path] | None,
        typer.Option(help="For a proof: the proof of an entry that rotated the key."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Recompute everything, and say what was NOT checked. Exit 4: the evidence is broken."""
    notes = [read_text(path, "kept checkpoint") for path in kept or []]
    with _progress("Verifying") as progress:
        place = folder or data_folder(data)
        if place.is_file():
            handed = [read_text(path, "proof of a rotation") for path in rotation or []]
            report = _verified_proof(place, _text(vkey), handed)
        elif rotation:
            raise ConfigError("--rotation is for a proof: a folder holds its rotations itself.")
        else:
            report = _verified(place, _text(vkey), notes, progress)
    whole = f"{report.size} entries, root {report.root}"
    head = f"one entry, in a journal of {whole}" if place.is_file() else whole
    lines = [f"VERIFIED: {head}." if report.ok else f"BROKEN: {head}."]
    lines += [f"  broken: {fault}" for fault in report.broken]
    lines += [f"  not checked: {gap}" for gap in report.not_checked]
    emit(as_json, report.as_json(), "\n".join(lines))
    if not report.ok:
        raise typer.Exit(BROKEN)


def _verified(
    place: Path, vkey: str | None, kept: list[str], progress: Callable[[int, int], None]
) -> Report:
    """By what lies there: a station's journal, or an export."""
    from devicelink.journal.database import FILE_NAME
    from devicelink.journal.exported import is_export, verify_export
    from devicelink.journal.verify import verify
    from devicelink.session.context import PROJECTIONS

    if is_export(place) and not (place / FILE_NAME).exists():
        return verify_export(place, vkey=vkey, kept=kept, progress=progress)
    return verify(place, vkey=vkey, kept=kept, projections=PROJECTIONS, progress=progress)


def _verified_proof(place: Path, vkey: str | None, rotations: list[str]) -> Report:
    from devicelink.journal.exported import verify_proof

    if vkey is None:
        raise ConfigError("A proof does not carry the log's key: bring it with --vkey FILE.")
    return verify_proof(read_text(place, "proof"), vkey, rotations)


@app.command("export")
def export_journal(
    tlog: Annotated[Path, typer.Option(help="A new folder, or an older export to extend.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write the whole journal as a static tile log (C2SP) that other programs can check."""
    from devicelink.journal.export import export

    with _reading(data) as journal, _progress("Exporting") as progress:
        made = export(journal, tlog, progress)
    root = base64.b64encode(made.root).decode()
    document = {"origin": made.origin, "size": made.size, "root": root, "before": made.before}
    what = f"{made.size} entries" + (f", {made.before} of them before" if made.before else "")
    emit(as_json, document, f"Exported to {tlog}: {what}, root {root}.")


@app.command("prove")
def prove_entry(
    index: Annotated[int, typer.Argument(min=0, help="The entry's index.")],
    output: Annotated[
        Path | None, typer.Option(help="A new file, by custom INDEX.tlog-proof.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """One entry with what proves it, as one file (C2SP tlog-proof) that is checked off line."""
    from devicelink.journal.proof import prove

    with _reading(data) as journal:
        proof = prove(journal, index)
        document = {"origin": journal.origin, "index": index, "proof": proof.text}
    text = proof.text.rstrip("\n")
    if output is not None:
        _write_new(output, proof.text)
        document["output"] = str(output)
        text = f"Entry {index} of {document['origin']} and its proof are in {output}."
    emit(as_json, document, text)


@app.command("rebuild")
def rebuild(data: Data = None, as_json: Json = False) -> None:
    """Drop the tables made from entries, and make them anew from hash-checked entries."""
    tables = open_station(data).journal.rebuild()
    counts = {name: len(states) for name, states in tables.items()}
    text = ", ".join(f"{name} {count}" for name, count in counts.items())
    emit(as_json, counts, f"Made anew: {text}.")


@contextmanager
def _reading(data: Path | None) -> Iterator[Journal]:
    """The journal of a station's folder, for reading alone; a copy without the key will do."""
    from devicelink.journal.store import Journal
    from devicelink.runtime import ThreadRuntime

    folder = data_folder(data)
    with Journal.open(folder, signer=None, runtime=ThreadRuntime(), projections=()) as journal:
        yield journal


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, told (done, total); elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} is there already; it is not written over.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def _text(path: Path | None) -> str | None:
    return read_text(path, "file") if path is not None else None
