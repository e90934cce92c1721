"""`station backup`: a consistent copy of a living station, verified before it counts."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink.config import STATION_FILE, read_station_file
from devicelink.errors import ConfigError, DeviceLinkError, JournalBroken, Refused
from devicelink.journal.copy import copy_database
from devicelink.journal.database import FILE_NAME
from devicelink.journal.entry import moment
from devicelink.journal.keyfiles import KEY_FILE
from devicelink.journal.keys import load_key
from devicelink.journal.mirror import Mirror
from devicelink.journal.store import Journal
from devicelink.journal.verify import verify
from devicelink.session.context import PROJECTIONS
from devicelink.station import SIMULATED_PREFIX
from devicelink.upkeep.bundle import (
    KEPT,
    MANIFEST,
    Manifest,
    copy_file,
    made_beside,
    require_private,
    said_plainly,
    seal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink.runtime import Runtime

    Progress = Callable[[str, int, int], None]
    """Told what is done, how much of it, and of how much."""

PERSONAL = "personal.db"
SUPERSEDED = "superseded-"
"""Begins the name of what an earlier restore set aside."""
_BEFORE = (("guard", "*.jsonl"), ("guard", "*.taken"))
"""What is removed once it is journalled: copied first, so that it is in one of the two."""
_AFTER = (
    (".", STATION_FILE),
    (".", "log.vkey"),
    ("secrets", "*"),
    ("locks", "*.json"),
    ("transcripts", "*"),
)
_PASSING = frozenset({".lock", ".new"})


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made."""

    path: Path
    manifest: Manifest
    warnings: tuple[str, ...]


@said_plainly()
def back_up(folder: Path, place: Path, runtime: Runtime, progress: Progress) -> Backup:
    """Copy the station in `folder` to `place`, or where that is a folder, to a new one in it.

    Nothing is recorded and nobody is disturbed; sessions go on. The copy is verified whole. Raises
    `ConfigError`, `Refused`, and `JournalBroken` where the journal does not hold: then nothing is
    left.
    """
    named = read_station_file(folder)
    now = runtime.now()
    if (place / MANIFEST).exists():
        raise ConfigError(f"{place} is a backup itself. Name the folder in which it lies, or none.")
    target = place / f"devicelink-{named.name}-{now:%Y%m%dT%H%M%SZ}" if place.is_dir() else place
    if target.exists() or target.is_symlink():
        raise ConfigError(f"{target} is there already; a backup is never written over.")
    if target.resolve().is_relative_to(folder.resolve()):
        raise ConfigError("A backup inside the station's own folder is lost with it.")
    warnings = []
    with _reading(folder, runtime) as living:
        kept_folder = Path(str(living.entry(0).data.get("kept_folder", "")))
        try:
            if problem := Mirror(kept_folder, living, runtime.disk).check():
                warnings.append(problem)
        except JournalBroken as error:
            warnings.append(str(error))
    with made_beside(target, runtime) as being_made:
        require_private(being_made)
        for pattern in ("kept-*.json", f"{SUPERSEDED}*"):
            _copy_all(kept_folder, pattern, being_made / KEPT)
        for part, pattern in _BEFORE:
            _copy_all(folder / part, pattern, being_made / part)
        copy_database(
            folder / FILE_NAME,
            being_made / FILE_NAME,
            runtime,
            lambda done, total: progress("Copying the journal", done, total),
        )
        if (folder / PERSONAL).is_file():  # after the journal: its texts are older than entries
            copy_database(folder / PERSONAL, being_made / PERSONAL, runtime)
        for part, pattern in _AFTER:
            _copy_all(folder / part, pattern, being_made / part)
        require_whole(being_made, lambda done, total: progress("Verifying the copy", done, total))
        with _reading(being_made, runtime) as journal:
            warnings += _unfit(being_made, journal)
            checkpoint, signed = journal.signed()
        manifest = Manifest(
            name=named.name,
            origin=named.origin,
            simulated=named.origin.startswith(SIMULATED_PREFIX),
            made_at=moment(now),
            made_by=f"devicelink {version('devicelink')}",
            folder=str(folder.absolute()),
            size=signed.size,
            root=base64.b64encode(signed.root).decode(),
            checkpoint=checkpoint,
        )
        seal(being_made, manifest)
    return Backup(target, manifest, tuple(warnings))


def require_whole(
    folder: Path, progress: Callable[[int, int], None], checkpoint: str | None = None
) -> None:
    """Verify the copied journal in a folder, by itself and against the checkpoint if one is told.

    `progress` is told (done, total) entries. Raises `JournalBroken`.
    """
    report = verify(
        folder,
        kept=checkpoint,
        projections=PROJECTIONS,
        progress=progress,
        against_mirror=False,
    )
    if not report.ok:
        raise JournalBroken(
            f"The journal does not hold: {' '.join(report.broken[:3])} Keep everything as it is; "
            "`devicelink journal verify` says more."
        )


def _unfit(copy: Path, journal: Journal) -> Iterator[str]:
    """What would be missing after a restore; raises `Refused` where key and journal differ."""
    key = copy / "secrets" / KEY_FILE
    try:
        vkey = load_key(key).vkey
    except DeviceLinkError as error:
        raise Refused(f"Without the station's key no backup can be restored: {error}") from error
    if vkey != journal.vkey:
        raise Refused(
            "The station's key is not the one that signs its journal. If it was changed just now, "
            "say it again; else: devicelink station doctor"
        )
    if not (copy / "secrets" / "pins.json").is_file():
        yield "There are no PINs in it: nobody could sign in after a restore."


def _copy_all(folder: Path, pattern: str, target: Path) -> None:
    """Copy the files of a folder that fit; what goes away meanwhile is somewhere else by now."""
    for path in sorted(folder.glob(pattern)):
        if path.suffix in _PASSING or not path.is_file():
            continue
        try:
            copy_file(path, target / path.name)
        except FileNotFoundError:
            continue


def _reading(folder: Path, runtime: Runtime) -> Journal:
    return Journal.open(folder, signer=None, runtime=runtime, projections=())
