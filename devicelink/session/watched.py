"""How a device stands with the station's service, for whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devicelink.runtime import seconds


class Watch(StrEnum):
    """How a device stands with its keeper."""

    STARTING = "starting"
    SERVING = "serving"
    """Of the station itself: nothing is wrong with it."""
    LOCKED = "locked"
    IN_USE = "in_use"
    """A session or a guard owns it; they watch it."""
    RELEASED = "released"
    """Handed to its panel by a person; nothing here watches it."""
    UNWATCHED = "unwatched"
    """Its port is gone, or it does not answer, or another laser is there."""
    UNCONFIRMED = "unconfirmed"
    """Not confirmed locked."""
    TROUBLE = "trouble"
    """The keeper itself met an error, or could not record; it goes on."""


_ALARMS = frozenset({Watch.UNWATCHED, Watch.UNCONFIRMED, Watch.TROUBLE})


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of a device at this moment, for whoever looks."""

    device: str
    watch: Watch
    sentence: str
    read_ns: int | None = None
    """When the laser was last read back, on the monotonic clock."""

    @property
    def alarm(self) -> bool:
        """Whether a person has to look."""
        return self.watch in _ALARMS

    def as_json(self, now_ns: int) -> dict[str, object]:
        """For machines."""
        age_s = None if self.read_ns is None else round(seconds(now_ns - self.read_ns), 3)
        return {
            "device": self.device,
            "watch": self.watch.value,
            "alarm": self.alarm,
            "sentence": self.sentence,
            "read_back_age_s": age_s,
        }
