"""What a doctor sees of a station: its parts, each opened once and for reading alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from devicelink.config import read_station_file
from devicelink.errors import DeviceLinkError, Finding, JournalBroken, Severity
from devicelink.journal.store import Journal
from devicelink.session.context import PROJECTIONS
from devicelink.station import SIMULATED_PREFIX

if TYPE_CHECKING:
    from devicelink.journal.projection import States
    from devicelink.runtime import Runtime


class Unseen(DeviceLinkError):
    """The journal does not tell; why is one check's finding, not that of each."""


class Sight:
    """One station, looked at."""

    def __init__(self, folder: Path, runtime: Runtime) -> None:
        self.folder = folder
        self.runtime = runtime
        self._journal: Journal | None = None
        self._state: dict[str, States] | None = None

    def read(self) -> None:
        """Open the journal and replay every entry; raises as `Journal.open` and `checked`."""
        self._journal = Journal.open(
            self.folder, signer=None, runtime=self.runtime, projections=PROJECTIONS
        )
        self._state = self._journal.checked(PROJECTIONS)

    @property
    def journal(self) -> Journal:
        """The journal, where its head holds; raises `Unseen`."""
        if self._journal is None:
            raise Unseen("The journal cannot be read.")
        return self._journal

    @property
    def state(self) -> dict[str, States]:
        """All that hash-checked entries tell; raises `Unseen`."""
        if self._state is None:
            raise Unseen("The journal cannot be read.")
        return self._state

    def simulated(self) -> bool | None:
        """By the journal's origin, or where that cannot be read, by the station file's."""
        if self._journal is not None:
            return self._journal.origin.startswith(SIMULATED_PREFIX)
        try:
            return read_station_file(self.folder).origin.startswith(SIMULATED_PREFIX)
        except (DeviceLinkError, OSError):
            return None

    def kept_folder(self) -> Path:
        """As entry 0 names it; raises `Unseen`."""
        try:
            named = self.journal.entry(0).data.get("kept_folder")
        except JournalBroken:
            raise Unseen("Entry 0 cannot be read.") from None
        if not isinstance(named, str):
            raise Unseen("Entry 0 names no folder.")
        return Path(named)

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()


def wrong(code: str, sentence: str, remedy: str) -> Finding:
    """Something that has to be mended."""
    return Finding(code, Severity.REFUSE, sentence, remedy)


def warn(code: str, sentence: str, remedy: str) -> Finding:
    """Something to watch."""
    return Finding(code, Severity.WARN, sentence, remedy)
