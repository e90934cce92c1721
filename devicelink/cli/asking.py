"""Questions to a meter or a relay that no session holds: its port opened, asked, and let go."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from devicelink.link.link import Link
from devicelink.link.port import open_port
from devicelink.link.transcript import NoTranscript
from devicelink.runtime import ThreadRuntime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.meter import Meter
    from devicelink.relay import Relay


@contextmanager
def asking(driver: Meter | Relay, port: str) -> Iterator[Link]:
    """A link for questions alone; raises as `open_port` does."""
    runtime = ThreadRuntime()
    opened = open_port(port, driver.line, runtime, simulated=None)
    try:
        yield Link(opened, driver.wire, runtime, NoTranscript())
    finally:
        opened.close()
