"""What session code works in: the station's folder, journal, runtime and trusted state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.devices.meters import METERS
from devicelink.devices.register import REGISTER, find
from devicelink.journal.clock import CLOCK
from devicelink.journal.mirror import Mirror
from devicelink.people import PEOPLE_PROJECTIONS
from devicelink.registry import STATION
from devicelink.treatment.energy import ENERGY
from devicelink.treatment.sessions import SESSIONS

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.devices.register import Device
    from devicelink.journal.projection import States
    from devicelink.journal.store import Journal
    from devicelink.people import PinStore
    from devicelink.runtime import Runtime

PROJECTIONS = (STATION, CLOCK, REGISTER, METERS, ENERGY, SESSIONS, *PEOPLE_PROJECTIONS)


@dataclass
class Context:
    """One opened station."""

    folder: Path
    kept_folder: Path
    """Outside the station's folder: facts that the journal could not take, and the mirror."""
    origin: str
    simulated: bool
    journal: Journal
    pins: PinStore
    runtime: Runtime

    @property
    def mirror(self) -> Mirror:
        """The newest checkpoint, kept outside the station's folder."""
        return Mirror(self.kept_folder, self.journal, self.runtime.disk)

    def state(self) -> dict[str, States]:
        """Everything known, from hash-checked entries; raises `JournalBroken`."""
        return self.journal.checked(PROJECTIONS)

    def device(self, serial: str) -> Device:
        """One registered device, from hash-checked entries; raises `ConfigError`."""
        return find(self.state()["devices"], serial)
