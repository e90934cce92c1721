"""`station restore`: a backup put back, verified before it serves, and stated in its journal.

A restored journal has fewer entries than the one that was lost: for whoever holds a later
checkpoint that is a roll-back. So an administrator states it in `station.restored`: who, why, from
which size and root, and over which mirror. The mirror's own file stays, under another name.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink.config import STATION_FILE, StationFile, read_station_file
from devicelink.devices.register import devices
from devicelink.errors import ConfigError, DeviceLinkError, JournalBroken, Refused
from devicelink.journal.entry import Draft, session_start
from devicelink.journal.kept import pending
from devicelink.journal.mirror import RESTORED
from devicelink.journal.note import Checkpoint, Note, encode
from devicelink.people.roster import ADMINISTRATOR
from devicelink.people.signin import sign_in
from devicelink.session.service import is_served
from devicelink.station import Station
from devicelink.upkeep.backup import SUPERSEDED, require_whole
from devicelink.upkeep.bundle import (
    KEPT,
    MANIFEST,
    SUMS,
    Manifest,
    check_sums,
    copy_file,
    made_beside,
    require_private,
    said_plainly,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink.journal.store import Journal
    from devicelink.people import Person
    from devicelink.runtime import Runtime
    from devicelink.upkeep.backup import Progress

_REASON_LONGEST = 300
_NOTE_LONGEST = 8_192
_MARK_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and what is known to be lost."""

    folder: Path
    manifest: Manifest
    mirror: dict[str, object] | None
    """What lay at the mirror's place, and how the backup stands to it; None where nothing did."""
    held: tuple[str, ...]
    """The devices, all of which an administrator has to look at."""

    @property
    def missing_at_least(self) -> int:
        """How many entries are known to have been signed and are not in it."""
        size = (self.mirror or {}).get("size")
        return max(0, size - self.manifest.size) if isinstance(size, int) else 0


@said_plainly()
def examine(backup: Path, progress: Progress) -> Manifest:
    """Check a backup whole and write nothing; raises `ConfigError`, `JournalBroken`."""
    manifest = check_sums(backup, lambda done, total: progress("Checking files", done, total))
    _check_journal(backup, manifest, progress)
    return manifest


@said_plainly()
def restore(
    backup: Path,
    folder: Path,
    *,
    by: str,
    pin_of: Callable[[Station], str],
    reason: str,
    runtime: Runtime,
    progress: Progress,
) -> Restored:
    """Put a backup into a folder that holds nothing, in the name of an administrator in it.

    Raises `ConfigError`, `Refused`, `SignInFailed`, and `JournalBroken` for a backup that does not
    hold: then nothing is left in `folder`, and the mirror is as it was.
    """
    _check_words(folder, reason)
    manifest = check_sums(backup, lambda done, total: progress("Checking files", done, total))
    _refuse_a_second(folder, manifest)
    with made_beside(folder, runtime) as being_made:
        require_private(being_made)
        _copy(backup, being_made, progress)
        _check_journal(being_made, manifest, progress)
        named = StationFile(name=manifest.name, origin=manifest.origin)
        station = Station.at(being_made, named, runtime)
        try:
            _usable(station.kept_folder)
            _refuse_beside_a_service(station)
            mirror, note = _mirror(station)
            person = _signed_in(station, being_made, by, pin_of(station))
            aside = _aside(station, note)
            held = _state_it(station, manifest, backup, person, reason, mirror, aside)
        finally:
            station.journal.close()
        _put_outside(backup, station, aside)
        copy_file(backup / STATION_FILE, being_made / STATION_FILE)
    served = Station.open(folder, runtime)
    try:
        problem = served.mirror.write()
    finally:
        served.journal.close()
    if problem is not None:
        mirror = {**(mirror or {}), "problem": problem}
    return Restored(folder, manifest, mirror, held)


def _check_words(folder: Path, reason: str) -> None:
    if (folder / STATION_FILE).exists() or (folder / "journal.db").exists():
        raise ConfigError(
            f"{folder} holds a station; it is never written over. Move it away and keep it: it is "
            f"evidence. Then say it again: mv {folder} {folder}.before"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not empty. Name a folder that is, or none: --data DIR")
    if not reason.strip() or len(reason) > _REASON_LONGEST or not reason.isprintable():
        raise ConfigError(
            f"Say why in 1 to {_REASON_LONGEST} printable characters: --reason TEXT. It is "
            "recorded for ever, so name no client."
        )


def _refuse_a_second(folder: Path, manifest: Manifest) -> None:
    """Two living copies of one station would contradict each other, each under the same key."""
    lay = Path(manifest.folder)
    with contextlib.suppress(ConfigError, OSError):
        if read_station_file(lay).origin == manifest.origin and lay.resolve() != folder.resolve():
            raise Refused(
                f"The station itself still lies in {lay}. Two copies of one station contradict "
                f"each other. To check this backup only, add --check. To go on with it, first move "
                f"the other away and keep it: mv {lay} {lay}.before"
            )


def _refuse_beside_a_service(station: Station) -> None:
    """A service goes on with the folder that it began with, wherever that was moved."""
    if is_served(station.kept_folder, station.runtime):
        raise Refused(
            "The service of this station still runs, on the folder that it began with, and has its "
            "lasers. Stop it first (devicelink station serve: Ctrl-C), then say this again."
        )


def _copy(backup: Path, target: Path, progress: Progress) -> None:
    """All that lies in a station's folder, but for the file that makes it a station."""
    outside = {MANIFEST, SUMS, STATION_FILE}
    files = [path for path in sorted(backup.rglob("*")) if path.is_file()]
    for done, path in enumerate(files, 1):
        name = path.relative_to(backup)
        if name.parts[0] not in {*outside, KEPT}:
            copy_file(path, target / name)
        progress("Copying", done, len(files))
    for part in ("secrets", "locks", "guard", "transcripts"):
        (target / part).mkdir(mode=0o700, exist_ok=True)


def _check_journal(folder: Path, manifest: Manifest, progress: Progress) -> None:
    """Whole, by itself, and of the size and root that the manifest's checkpoint signs."""
    require_whole(
        folder,
        lambda done, total: progress("Verifying the journal", done, total),
        manifest.checkpoint,
    )
    signed = Checkpoint.parse(Note.parse(manifest.checkpoint).text)
    told = (manifest.origin, manifest.size, manifest.root)
    if told != (signed.origin, signed.size, encode(signed.root)):
        raise JournalBroken(
            f"{MANIFEST} says {manifest.size} entries of {manifest.origin}, its checkpoint "
            f"{signed.size} of {signed.origin}."
        )


def _usable(kept_folder: Path) -> None:
    try:
        kept_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"Entry 0 names the folder {kept_folder} for the mirror and for kept facts, and it "
            f"cannot be made: {error.strerror}. Have it made, readable and writable for you alone, "
            "then say it again."
        ) from error


def _mirror(station: Station) -> tuple[dict[str, object] | None, bytes | None]:
    """How the backup stands to the mirror on this machine, and the mirror's bytes to be kept."""
    try:
        note = station.runtime.disk.read(station.mirror.path)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise ConfigError(
            f"The mirror {station.mirror.path} cannot be read: {error.strerror}."
        ) from error
    found: dict[str, object] = {"sha256": hashlib.sha256(note).hexdigest()}
    with contextlib.suppress(DeviceLinkError, UnicodeDecodeError):
        says = Checkpoint.parse(Note.parse(note.decode()).text)
        found |= {"size": says.size, "root": encode(says.root)}
        if len(note) <= _NOTE_LONGEST:
            found["checkpoint"] = note.decode()
    try:
        unread = station.mirror.check()
    except JournalBroken as error:
        return {**found, "why": "contradicts", "sentence": str(error)}, note
    return {**found, "why": "unreadable" if unread else "agrees"}, note if unread else None


def _signed_in(station: Station, folder: Path, by: str, pin: str) -> Person:
    """As `Station.sign_in`, without the mirror, of which the entry that follows speaks."""
    person = sign_in(station.journal, station.pins, folder / "secrets", by, pin, station.runtime)
    if ADMINISTRATOR not in person.roles:
        raise Refused(f"{person.name} has not the role administrator; ask a person who has.")
    return person


def _state_it(
    station: Station,
    manifest: Manifest,
    backup: Path,
    person: Person,
    reason: str,
    mirror: dict[str, object] | None,
    aside: Mapping[str, bytes],
) -> tuple[str, ...]:
    """The statement, and a hold on every device; which devices."""
    told = {
        "backup": {
            "made_at": manifest.made_at,
            "size": manifest.size,
            "root": manifest.root,
            "sums_sha256": hashlib.sha256((backup / SUMS).read_bytes()).hexdigest(),
        },
        "reason": reason,
        "mirror": mirror,
        "set_aside": {name: hashlib.sha256(data).hexdigest() for name, data in aside.items()},
    }
    drafts = [Draft(RESTORED, told, actor=person.id, role=ADMINISTRATOR)]
    sentence = (
        f"The station was restored from a backup of {manifest.made_at[:16]}Z; what happened to "
        "this laser since then is not recorded here."
    )
    serials = tuple(devices(station.state()["devices"]))
    hold = {"code": "restored", "sentence": sentence}
    drafts += [Draft("device.held", hold, device=serial) for serial in serials]
    station.journal.append_all(drafts)
    return serials


def _aside(station: Station, note: bytes | None) -> dict[str, bytes]:
    """What is kept outside under another name: content by name, earlier restores' included.

    The superseded mirror; and facts that wait of sessions which began after the backup: in this
    journal they would name a session that never began.
    """
    disk, folder = station.runtime.disk, station.kept_folder
    found = {path.name: disk.read(path) for path in disk.names(folder, f"{SUPERSEDED}*")}
    if note is not None:
        mark = hashlib.sha256(note).hexdigest()[:_MARK_LENGTH]
        found[f"{SUPERSEDED}{mark}.checkpoint"] = note
    for file in pending(folder, disk):
        if not all(_began(station.journal, draft.session) for draft in file.drafts):
            found[f"{SUPERSEDED}{file.path.name}"] = disk.read(file.path)
    return found


def _began(journal: Journal, session: str | None) -> bool:
    if session is None:
        return True
    start = session_start(session)
    return start < journal.size and journal.entry(start).session == session


def _put_outside(backup: Path, station: Station, aside: Mapping[str, bytes]) -> None:
    """What is set aside, and facts that waited when the backup was made, beside the mirror."""
    disk, folder = station.runtime.disk, station.kept_folder
    for name, data in aside.items():
        with contextlib.suppress(FileExistsError):
            disk.create(folder / name, data)
        disk.remove(folder / name.removeprefix(SUPERSEDED))  # facts; a mirror is replaced later
    for path in sorted((backup / KEPT).glob("*")):
        with contextlib.suppress(FileExistsError):
            disk.create(folder / path.name, path.read_bytes())
