"""`devicelink station doctor`, `backup` and `restore`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.cli.common import By, Data, Json, PinFile, emit, read_pin
from devicelink.cli.words import SIMULATED
from devicelink.config import data_folder
from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink.upkeep.restore import Restored


def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Verify the whole journal, too; takes its time.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What is wrong with this station, and how to mend it. Only looks: sends and changes nothing.

    Exit 0: nothing is wrong · 1: something is · 4: the evidence is broken.
    """
    from devicelink.runtime import ThreadRuntime
    from devicelink.upkeep.doctor import examine

    with _progress() as progress:
        health = examine(data_folder(data), ThreadRuntime(), deep=deep, progress=progress)
    emit(as_json, health.as_json(), health.text())
    if health.exit_code:
        raise typer.Exit(health.exit_code)


def backup(
    place: Annotated[Path, typer.Argument(help="A new folder, or a folder to make it in.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy the station as it is now, verified; sessions go on. It holds the key: guard it well."""
    from devicelink.runtime import ThreadRuntime
    from devicelink.upkeep.backup import back_up

    with _progress() as progress:
        made = back_up(data_folder(data), place, ThreadRuntime(), progress)
    manifest = made.manifest
    lines = [SIMULATED] if manifest.simulated else []
    lines.append(
        f"Backed up {manifest.origin} to {made.path}: {manifest.size} entries, verified, "
        f"root {manifest.root}."
    )
    lines += [f"WARNING: {sentence}" for sentence in made.warnings]
    lines.append(
        "It holds the station's key, PIN hashes and clients' references: keep it locked away, "
        "readable by you alone, and on another disk."
    )
    document = {"path": str(made.path), **manifest.model_dump(), "warnings": made.warnings}
    emit(as_json, document, "\n".join(lines))


def restore(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="A folder made by backup.")],
    by: By = None,
    reason: Annotated[
        str, typer.Option(help="Why; recorded for ever. Name no client.", show_default=False)
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Check the backup only; nothing is written.")
    ] = False,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Put a backup back, verified before it serves; an administrator states it (--by, --reason)."""
    from devicelink.runtime import ThreadRuntime
    from devicelink.upkeep.restore import examine
    from devicelink.upkeep.restore import restore as put_back

    if check:
        with _progress() as progress:
            manifest = examine(source, progress)
        text = f"The backup holds: {manifest.size} entries of {manifest.origin}, {manifest.made_at}"
        emit(as_json, manifest.model_dump(), text + (f"\n{SIMULATED}" * manifest.simulated))
        return
    if by is None:
        raise ConfigError("Say which administrator restores it: --by ID.")
    with _progress() as progress:
        done = put_back(
            source,
            data_folder(data),
            by=by,
            pin_of=lambda station: read_pin(station, pin_file, f"PIN of {by}"),
            reason=reason,
            runtime=ThreadRuntime(),
            progress=progress,
        )
    document = {
        **done.manifest.model_dump(),
        "folder": str(done.folder),
        "mirror": done.mirror,
        "missing_at_least": done.missing_at_least,
        "held": done.held,
    }
    emit(as_json, document, _restored_text(done))


def _restored_text(done: Restored) -> str:
    manifest, mirror = done.manifest, done.mirror
    lines = [SIMULATED] if manifest.simulated else []
    lines.append(
        f"Restored {manifest.origin} to {done.folder}: {manifest.size} entries, as of "
        f"{manifest.made_at}."
    )
    if mirror is None:
        lines.append("No mirror lies on this machine: whether anything is missing is not known.")
    elif done.missing_at_least:
        lines.append(
            f"LOST: at least {done.missing_at_least} entries were signed after this backup and are "
            "not in it. The mirror that says so is kept beside the new one, and in the journal."
        )
    elif mirror["why"] == "contradicts":
        lines.append("The mirror tells of another history; it is kept, and named in the journal.")
    elif mirror["why"] == "unreadable":
        lines.append("The mirror could not be read, so what is missing is not known. It is kept.")
    else:
        lines.append("The mirror knows of nothing later.")
    if mirror and "problem" in mirror:
        lines.append(f"WARNING: {mirror['problem']}")
    lines += [
        f"{serial} is held: look at it, then: devicelink device acknowledge {serial} --by ID"
        for serial in done.held
    ]
    lines.append(
        "Of the time since the backup nothing is known here: import the newest status lists, look "
        "at people, roles and holds, and erase again the clients who asked for it since."
    )
    return "\n".join(lines)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal, told (what, done, total); elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )
