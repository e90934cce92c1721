"""Light that nobody asked for: it leaves outside READY, until somebody or something ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds

if TYPE_CHECKING:
    from devicelink_olcp_sim.inputs import Inputs

_SENSED_AFTER_NS = 1_000_000


class Stray:
    """None, or one; `stays` says that FAULT does not end it, only time, or hardware."""

    __slots__ = ("_begin_ns", "end_ns", "stays")

    def __init__(self) -> None:
        self._begin_ns = 0
        self.end_ns: int | None = None
        self.stays = False

    @property
    def shines(self) -> bool:
        """Whether it is on."""
        return self.end_ns is not None

    def begin(self, now_ns: int, for_s: float, *, stays: bool) -> None:
        """It begins, or goes on for so long from now."""
        if self.end_ns is None:
            self._begin_ns = now_ns
        self.end_ns = now_ns + max(1, nanoseconds(for_s))
        self.stays = stays

    def end(self) -> None:
        """Dark."""
        self.end_ns = None

    def sensed(self, now_ns: int, inputs: Inputs) -> bool:
        """Whether the console sees it."""
        sees = inputs.emission_sensor == "well" and self.end_ns is not None
        return sees and now_ns >= self._begin_ns + _SENSED_AFTER_NS

    def events_ns(self, now_ns: int) -> list[int | None]:
        """When it is sensed, and when it ends."""
        if self.end_ns is None:
            return []
        sensed_ns = self._begin_ns + _SENSED_AFTER_NS
        return [self.end_ns, sensed_ns if sensed_ns > now_ns else None]
