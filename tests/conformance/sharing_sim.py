"""A simulator that was made of the driver's own frames: it would share every mistake of theirs."""

from __future__ import annotations

from devicelink_ipg.frames import frame
from devicelink_ipg_sim.device import IpgDevice


def build(around):
    """A laser that knows what the driver will say."""
    assert frame("STA")
    return IpgDevice(around)
