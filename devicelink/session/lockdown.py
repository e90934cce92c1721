"""Taking light away: every way, again and again, until a fresh read-back says so.

Needs no person, permit or journal (design rule 3).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError, LinkLost
from devicelink.runtime import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.driver import Driver, LockReading, LockWay
    from devicelink.link.link import Link
    from devicelink.runtime import Runtime

LOCK_WITHIN_S = 2.0
ROUND_PAUSE_S = 0.05
_ATTEMPTS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way tried, and what the device answered to it."""

    way: str
    at_ns: int
    answer: str

    def as_data(self) -> dict[str, object]:
        """For an entry."""
        return {"way": self.way, "mono_ns": self.at_ns, "answer": self.answer}


@dataclass(frozen=True, slots=True)
class LockOutcome:
    """What was tried, and what was read back."""

    confirmed: bool
    port_lost: bool
    attempts: tuple[Attempt, ...]
    """The first twenty; `tries` counts them all."""
    tries: int
    reading: LockReading | None
    why_not: str | None
    began_ns: int
    ended_ns: int

    @property
    def of_another(self) -> bool:
        """Whether it was read back, and then found to be another laser's."""
        return self.port_lost and self.reading is not None

    def as_data(self) -> dict[str, object]:
        """For `lock.confirmed` and `lock.unconfirmed`."""
        reading = self.reading
        return {
            "evidence": reading.evidence.value if reading else None,
            "words": dict(reading.words) if reading else None,
            "why_not": self.why_not,
            "attempts": [attempt.as_data() for attempt in self.attempts],
            "tries": self.tries,
            "began_mono_ns": self.began_ns,
            "ended_mono_ns": self.ended_ns,
        }


def lock(
    link: Link,
    driver: Driver,
    runtime: Runtime,
    *,
    within_s: float = LOCK_WITHIN_S,
    alive: Callable[[], None] = lambda: None,
) -> LockOutcome:
    """Lock and read back, repeated for at most `within_s` seconds; never raises.

    On a line that this program has not used yet the constant lock bytes go first, as a guard's do.
    A round in which an order did not leave confirms nothing, whatever is read back. `alive` is
    called before each order and before the read-back: a silent laser may answer to none of them for
    as long as a guard waits for its owner.
    """
    link.only_reduce()
    began_ns = runtime.mono_ns()
    give_up_ns = began_ns + nanoseconds(within_s)
    with contextlib.suppress(DeviceLinkError):  # each order of the first round is sent anyway
        link.open_with(driver.declaration.lock_bytes)
    attempts: list[Attempt] = []
    while True:
        unsent: list[str] = []
        for way in driver.declaration.lock_ways:
            alive()
            answer, left = _try(link, driver, way)
            attempts.append(Attempt(way.name, runtime.mono_ns(), answer))
            if not left:
                unsent.append(way.name)
        alive()
        reading, why_not = _read_back(link, driver)
        if unsent and not why_not:
            why_not = f"the order {unsent[0]} could not be sent"
        ended_ns = runtime.mono_ns()
        confirmed = reading is not None and reading.confirmed and not unsent
        lost = reading is None and len(unsent) == len(driver.declaration.lock_ways)
        if confirmed or lost or ended_ns >= give_up_ns:
            return LockOutcome(
                confirmed=confirmed,
                port_lost=lost,
                attempts=tuple(attempts[:_ATTEMPTS_KEPT]),
                tries=len(attempts),
                reading=reading,
                why_not=None if confirmed else why_not,
                began_ns=began_ns,
                ended_ns=ended_ns,
            )
        runtime.sleep(ROUND_PAUSE_S)


def _try(link: Link, driver: Driver, way: LockWay) -> tuple[str, bool]:
    """What became of one way, and whether its order left."""
    try:
        driver.reduce(link, way)
    except LinkLost as error:
        return str(error), False
    except DeviceLinkError as error:
        return str(error), True
    except Exception as error:  # noqa: BLE001 - a driver's own mistake must not end a lock
        return f"the driver failed: {error!r}", True
    return "acknowledged", True


def _read_back(link: Link, driver: Driver) -> tuple[LockReading | None, str | None]:
    """A reply to a question asked before the last reducing command never counts."""
    link.doubt()
    try:
        reading = driver.read_lock(link)
    except DeviceLinkError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - a driver's own mistake must not end a lock
        return None, f"the driver failed: {error!r}"
    return reading, reading.why_not
