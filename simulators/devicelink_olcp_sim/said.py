"""What comes of a request: a deed, where it has one, and what is told when that is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from devicelink_olcp_sim.status import status

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_olcp_sim.console import Console


class Said(NamedTuple):
    """What is told when the deed is done."""

    told: Callable[[], bytes]
    deed: Callable[[], object] | None = None


def told_status(console: Console) -> bytes:
    """STATUS as it is now, with a fresh nonce."""
    return status(console, console.host.fresh_nonce(console.memory.events.next))


def status_after(console: Console, deed: Callable[[], object] | None = None) -> Said:
    """The deed, and STATUS as it is then."""
    return Said(lambda: told_status(console), deed)
