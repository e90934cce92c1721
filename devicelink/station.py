"""The composition root: a station's folder opened, or made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink import registry
from devicelink.config import STATION_FILE, StationFile, mirror_folder, read_station_file
from devicelink.errors import ClockSuspect, ConfigError, DeviceBusy, JournalBroken, Refused
from devicelink.journal.entry import Draft
from devicelink.journal.keyfiles import KEY_FILE, rotate_key, station_signer
from devicelink.journal.keys import new_signer, save_key
from devicelink.journal.store import Journal
from devicelink.people import PinStore, add_person_draft, check_pin, set_pin, sign_in
from devicelink.people.roster import ADMINISTRATOR, second_needed
from devicelink.runtime import ThreadRuntime
from devicelink.session.context import PROJECTIONS, Context
from devicelink.session.ownership import is_owned
from devicelink.session.service import is_served

if TYPE_CHECKING:
    from devicelink.journal.entry import Entry
    from devicelink.people import Person
    from devicelink.runtime import Runtime

ORIGIN_RANDOM_BYTES = 16
SIMULATED_PREFIX = "simulated/"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")


class Station(Context):
    """One station, opened."""

    @classmethod
    def open(cls, folder: Path, runtime: Runtime | None = None) -> Station:
        """Open it; simulated or real is what entry 0 and the origin say, never a text file.

        Raises `ConfigError`, `JournalBroken`.
        """
        return cls.at(folder, read_station_file(folder), runtime or ThreadRuntime())

    @classmethod
    def at(cls, folder: Path, named: StationFile, runtime: Runtime) -> Station:
        """Open a folder that is so named, before its `station.toml` makes it a station.

        Raises `ConfigError`, `JournalBroken`.
        """
        journal = _open_journal(folder, runtime)
        if journal.origin != named.origin:
            raise ConfigError(
                f"{folder / STATION_FILE} names the origin {named.origin!r}, but the journal is "
                f"{journal.origin!r}. Correct the file, or restore the right journal."
            )
        simulated = journal.origin.startswith(SIMULATED_PREFIX)
        made = journal.entry(0).data
        if "kept_folder" not in made:
            raise JournalBroken("Entry 0 does not name the folder for kept facts.")
        if made.get("simulated") is not simulated:
            raise JournalBroken("Entry 0 and the journal's origin disagree: simulated or real?")
        return cls(
            folder=folder,
            kept_folder=Path(str(made["kept_folder"])),
            origin=journal.origin,
            simulated=simulated,
            journal=journal,
            pins=PinStore(folder / "secrets", runtime),
            runtime=runtime,
        )

    @classmethod
    def make(
        cls,
        folder: Path,
        *,
        name: str,
        simulated: bool,
        administrator: str,
        administrator_name: str,
        pin: str,
        drivers_allowed: tuple[str, ...],
        runtime: Runtime | None = None,
    ) -> Station:
        """Make a station's folder, key, journal and first administrator; raises `ConfigError`."""
        runtime = runtime or ThreadRuntime()
        if (folder / STATION_FILE).exists():
            raise ConfigError(f"{folder} already holds a station; nothing was changed.")
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r} cannot name a station: use small letters, digits, dots and hyphens."
            )
        for driver in drivers_allowed:
            registry.find(driver)
        check_pin(pin)
        first = add_person_draft(
            administrator, administrator_name, roles=("administrator",), by="station", people={}
        )
        prefix = SIMULATED_PREFIX if simulated else ""
        origin = f"{prefix}{name}/{runtime.random_bytes(ORIGIN_RANDOM_BYTES).hex()}"
        for part in ("secrets", "locks", "guard", "transcripts"):
            (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        signer = new_signer(origin, runtime)
        save_key(folder / "secrets" / KEY_FILE, signer, runtime.disk)
        kept_folder = mirror_folder(origin).absolute()
        kept_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = {
            "name": name,
            "simulated": simulated,
            "drivers_allowed": list(drivers_allowed),
            "kept_folder": str(kept_folder),
        }
        journal = Journal.create(
            folder,
            origin=origin,
            signer=signer,
            runtime=runtime,
            projections=PROJECTIONS,
            genesis=Draft("genesis", made),
        )
        journal.close()
        (folder / "log.vkey").write_text(journal.vkey + "\n", encoding="utf-8")
        StationFile(name=name, origin=origin).write(folder)
        station = cls.open(folder, runtime)
        station.journal.append(first)
        set_pin(station.journal, station.pins, administrator, pin, by="station")
        station.mirror.write()
        return station

    def rotate_key(self, by: Person, second: Person | None) -> Entry:
        """Give the journal a new key, by one entry that the old and the new one sign.

        Where there is a second administrator with a PIN, both have to be there. Raises `Refused`
        without them, `DeviceBusy` while a device is in use, `ClockSuspect`, and what
        `devicelink.journal.keyfiles.rotate_key` raises.
        """
        state = self.state()
        people = [by] if second is None else [by, second]
        for person in people:
            if ADMINISTRATOR not in person.roles:
                raise Refused(f"{person.name} has not the role administrator; ask one who has.")
        if second is not None and second.id == by.id:
            raise Refused("The second administrator is another person than the first.")
        if second is None and second_needed(state["people"], by.id):
            raise Refused(
                "There is a second administrator here: the key is changed by two. Say it again "
                "with --second ID, the two of you together."
            )
        if is_served(self.folder, self.runtime):
            raise DeviceBusy(
                "The station's service runs: it holds the old key, and could record nothing more. "
                "Stop it (devicelink station serve: Ctrl-C), change the key, and start it again."
            )
        used = [
            serial for serial in state["devices"] if is_owned(self.folder, serial, self.runtime)
        ]
        if used:
            raise DeviceBusy(
                f"{', '.join(used)}: in use. Whoever holds the old key could record nothing more; "
                "end the session first."
            )
        if state["clock"].get("clock", {}).get("suspect"):
            raise ClockSuspect("First confirm the clock: devicelink station confirm-clock --by ID")
        return rotate_key(
            self.journal,
            self.folder,
            self.runtime,
            actor=by.id,
            second="" if second is None else second.id,
        )

    def sign_in(self, person_id: str, pin: str) -> Person:
        """Who this is; raises `SignInFailed`, and `JournalBroken` for a journal that was put back.

        A sign-in is recorded, and nothing may be added to a journal that its mirror contradicts.
        """
        self.mirror.check()
        secrets = self.folder / "secrets"
        return sign_in(self.journal, self.pins, secrets, person_id, pin, self.runtime)


def _open_journal(folder: Path, runtime: Runtime) -> Journal:
    """With the key that counts; another process may rotate it between the reading of the two."""
    signer = station_signer(folder, runtime.disk)
    try:
        return Journal.open(folder, signer=signer, runtime=runtime, projections=PROJECTIONS)
    except JournalBroken:
        again = station_signer(folder, runtime.disk)
        if again.vkey == signer.vkey:
            raise
        return Journal.open(folder, signer=again, runtime=runtime, projections=PROJECTIONS)
