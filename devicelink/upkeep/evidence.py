"""Checks of the evidence: journal, key, mirror, kept facts, clock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from devicelink.config import read_station_file
from devicelink.errors import ConfigError, DeviceLinkError, JournalBroken
from devicelink.journal import clock
from devicelink.journal.database import FILE_NAME, Database, altered
from devicelink.journal.kept import pending
from devicelink.journal.keyfiles import KEY_FILE
from devicelink.journal.keys import load_key
from devicelink.journal.mirror import Mirror
from devicelink.journal.verify import verify
from devicelink.session.context import PROJECTIONS
from devicelink.station import SIMULATED_PREFIX
from devicelink.upkeep.sight import Unseen, warn, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.errors import Finding
    from devicelink.upkeep.backup import Progress
    from devicelink.upkeep.sight import Sight


def check_journal(sight: Sight) -> Iterator[Finding | str]:
    """Signature, root over every entry, triggers, and that the station file means this journal.

    Raises `JournalBroken`.
    """
    path = sight.folder / FILE_NAME
    if not path.is_file():
        if sight.folder.is_dir() and any(sight.folder.iterdir()):
            raise JournalBroken(f"{path} is not there: the station has no evidence.")
        yield wrong("journal_missing", f"{path} is not there.", "Make or restore a station.")
        return
    if not os.access(path, os.R_OK | os.W_OK):
        yield wrong(
            "journal_not_writable",
            f"{path} cannot be read and written by this user: no record, no light.",
            f"Work as its owner, or: chown {os.getuid()} {path}",
        )
    sight.read()
    database = Database(path, read_only=True)
    try:
        with database.reader() as connection:
            faults = altered(connection)
    finally:
        database.close()
    if faults:
        raise JournalBroken(" ".join(faults))
    journal = sight.journal
    if sight.state["station"]["station"].get("simulated") is not journal.origin.startswith(
        SIMULATED_PREFIX
    ):
        raise JournalBroken("Entry 0 and the journal's origin disagree: simulated or real?")
    yield f"The journal's {journal.size} entries are the ones that were signed."
    try:
        named = read_station_file(sight.folder).origin
    except ConfigError:
        return
    if named != journal.origin:
        yield wrong(
            "origin_differs",
            f"station.toml names the origin {named}, the journal is {journal.origin}.",
            "Correct station.toml, or put the right journal back.",
        )


def check_key(sight: Sight) -> Iterator[Finding | str]:
    """Whether the station's key is the one that signs its journal."""
    try:
        vkey = load_key(sight.folder / "secrets" / KEY_FILE).vkey
    except DeviceLinkError:
        return  # said with the secrets
    if vkey != sight.journal.vkey:
        yield wrong(
            "key_of_another_journal",
            f"The station's key is {vkey}, the journal is signed with {sight.journal.vkey}.",
            "One of the two was exchanged: put the right one back from a backup.",
        )
    else:
        yield "The station's key is the one that signs the journal."


def check_mirror(sight: Sight) -> Iterator[Finding | str]:
    """Whether the journal goes on from its mirror; raises `JournalBroken` where it does not."""
    folder = sight.kept_folder()
    if not sight.runtime.disk.usable(folder):
        yield wrong(
            "kept_folder_missing",
            f"The folder {folder}, for the mirror and for facts that the journal cannot take, is "
            "not there, or not ours to read and write.",
            f"Make it: mkdir -p -m 700 {folder} ; chown {os.getuid()} {folder}",
        )
        return
    said = Mirror(folder, sight.journal, sight.runtime.disk).check()
    if said is not None:
        yield warn(
            "mirror_missing",
            f"A roll-back of the journal would not be noticed: {said}",
            "It is written anew by the next command that records. Ask who removed or changed it.",
        )
    else:
        yield "The journal goes on from its mirror: it was not rolled back."


def check_kept(sight: Sight) -> Iterator[Finding | str]:
    """Facts that wait for the journal, and hold devices."""
    waiting = pending(sight.kept_folder(), sight.runtime.disk)
    for file in waiting:
        named = ", ".join(sorted({draft.device for draft in file.drafts if draft.device}))
        if file.problem is not None:
            yield wrong(
                "kept_facts_unreadable",
                f"{file.path} holds facts of a session and cannot be read: every device is held.",
                "Keep the file, and show it to whoever keeps this station.",
            )
        else:
            yield wrong(
                "kept_facts",
                f"Facts of a session wait for the journal in {file.path}; held: {named or 'all'}.",
                "They are recorded as soon as a session is begun or checked: devicelink session "
                "check DEVICE --technician ID. Then an administrator acknowledges the hold.",
            )
    if not waiting:
        yield "No facts wait for the journal."


def check_clock(sight: Sight) -> Iterator[Finding | str]:
    """Whether the time can be believed."""
    last, now = sight.journal.last(), sight.runtime.now()
    confirm = "Set the clock right, then: devicelink station confirm-clock --by ADMINISTRATOR"
    suspect = clock.view(sight.state[clock.CLOCK.name], last, now).suspect
    fault = clock.clock_fault(
        last, at=now, mono_ns=sight.runtime.mono_ns(), boot=sight.runtime.boot_id
    )
    if suspect:
        yield wrong("clock_suspect", "The clock went back or jumped: no session begins.", confirm)
    elif fault is not None:
        yield wrong(
            "clock_wrong",
            f"It is {now:%Y-%m-%d %H:%M:%S} UTC by this clock, and the last entry is of "
            f"{last.at:%Y-%m-%d %H:%M:%S}: it went back or jumped.",
            confirm,
        )
    elif sight.runtime.clock_state() == "unsynced":
        yield warn(
            "clock_unsynced",
            "The clock is not kept right by a time server.",
            "Switch on time synchronisation: timedatectl set-ntp true",
        )
    else:
        yield f"The clock says {now:%Y-%m-%d %H:%M} UTC, later than the last entry."


def check_whole(sight: Sight, progress: Progress) -> Iterator[Finding | str]:
    """All that `journal verify` checks; raises `JournalBroken`."""
    if not (sight.folder / FILE_NAME).is_file():
        raise Unseen("There is no journal.")
    report = verify(
        sight.folder,
        projections=PROJECTIONS,
        progress=lambda done, total: progress("Verifying the journal", done, total),
    )
    if not report.ok:
        raise JournalBroken(" ".join(report.broken[:5]))
    yield f"The whole journal was verified: {report.size} entries, root {report.root}."
