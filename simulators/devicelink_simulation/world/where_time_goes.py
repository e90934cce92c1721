"""Where the time of simulated sessions goes, by parts of the program."""

from __future__ import annotations

import cProfile
import pstats
from collections import defaultdict
from typing import TYPE_CHECKING

from devicelink_simulation.world.draw import draw
from devicelink_simulation.world.runs import play, template

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = (
    (
        "the world's oracle",
        ("/world/rules_", "/world/oracle", "/world/evidence", "/world/judging", "/world/wires/"),
    ),
    ("the world: machine, disk, wire, people", ("devicelink_simulation/world/",)),
    ("the simulated laser", ("devicelink_simulation/", "_sim/")),
    ("driver and link", ("/drivers/", "devicelink/link/", "devicelink/driver.py")),
    ("session, guard, people, devices", ("devicelink/session/", "devicelink/people/")),
    ("journal", ("devicelink/journal/",)),
    ("SQLite and SQLAlchemy", ("sqlalchemy/", "sqlite")),
    ("JSON, models, signatures", ("json/", "pydantic", "cryptography", "dataclasses.py", "jose")),
)
"""A part takes what no part before it took; the rest is the interpreter's own."""
REST = "other"


def measure(stories: int) -> tuple[int, dict[str, float]]:
    """Play so many clean stories under the profiler: sessions, and seconds by part.

    A profiler slows small functions down most: shares tell more than seconds.
    """
    template()
    play(draw(0, troubled=False))
    profile = cProfile.Profile()
    profile.enable()
    sessions = sum(
        len(play(draw(seed, troubled=False))[0].world.book.screens)
        for seed in range(1, stories + 1)
    )
    profile.disable()
    spent: dict[str, float] = defaultdict(float)
    for part, seconds in _by_part(pstats.Stats(profile)):
        spent[part] += seconds
    return sessions, spent


def _by_part(stats: pstats.Stats) -> Iterator[tuple[str, float]]:
    """Time within functions; what is built in counts for whoever calls it."""
    found: dict[tuple[str, int, str], tuple[int, int, float, float, dict[object, object]]]
    found = stats.stats  # type: ignore[attr-defined]
    for (file, _, name), (_, _, within, _, callers) in found.items():
        if file != "~" or "sqlite" in name:
            yield _part(file if file != "~" else name), within
            continue
        for caller, told in callers.items():
            if isinstance(caller, tuple) and isinstance(told, tuple):
                yield _part(str(caller[0])), float(told[2])


def _part(file: str) -> str:
    return next((part for part, signs in PARTS if any(sign in file for sign in signs)), REST)
