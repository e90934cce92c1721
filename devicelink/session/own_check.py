"""An energy check as a console keeps it itself: READY for so many pulses, and what it measured.

Whoever keeps none is made READY as ever. What the laser says is asked for in STANDBY, where no
light can be made, and whatever becomes of the question ends nothing: its word judges nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.console import CheckingConsole
from devicelink.errors import DeviceFault, NoReply, ProtocolError

if TYPE_CHECKING:
    from devicelink.console import CheckedPulse
    from devicelink.driver import Driver, EnableToken, WireLink

FINISHED_AFTER_S = 0.1
"""In STANDBY a pulse that had begun may finish, for ten milliseconds; by now it has."""
_NOT_ASKED = "it was locked before it could be asked."


class OwnCheck:
    """What one session begins at its laser and hears of it, over as often as it is READY."""

    def __init__(self) -> None:
        self._console: CheckingConsole | None = None
        self._open = False
        self._problem: str | None = None
        self.pulses: list[CheckedPulse] = []

    @property
    def kept(self) -> bool:
        """Whether the laser keeps its own check."""
        return self._console is not None

    @property
    def why(self) -> str | None:
        """Why not all is known of it."""
        return _NOT_ASKED if self._open else self._problem

    def ready(self, driver: Driver, link: WireLink, token: EnableToken, left: int) -> int | None:
        """Make a console READY for at most so many pulses; how many it allows.

        None where the laser counts for nobody, and nothing was sent. Raises as `Driver.ready`.
        """
        if not isinstance(driver, CheckingConsole):
            return None
        if self._open:
            self.end(link)
        self._console, self._open = driver, True
        return driver.ready_for_check(link, token, left)

    def due(self, dark_s: float) -> bool:
        """Whether the laser can be asked, after so long in STANDBY."""
        return self._open and dark_s >= FINISHED_AFTER_S

    def end(self, link: WireLink) -> None:
        """Ask it, once; raises only what is not the laser's answer."""
        if self._console is None:
            return
        self._open = False
        try:
            self.pulses += self._console.end_check(link)
        except (DeviceFault, NoReply, ProtocolError) as error:
            self._problem = str(error)
