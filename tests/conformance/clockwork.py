"""A bad driver in a module of its own, since every import of the module counts against it."""

from __future__ import annotations

import time

from devicelink.driver import Line
from devicelink_ipg.ylr_sm import YlrSm


class ReadsTheWallClock(YlrSm):
    """Tells in its status when that was."""

    def __init__(self, _configuration):
        super().__init__(Line(57600))

    def read_status(self, link):
        """With the time."""
        time.time()
        return super().read_status(link)
