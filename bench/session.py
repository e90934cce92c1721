"""A session of twenty minutes at 20 Hz in virtual time, beside the real time that it stands for."""

from __future__ import annotations

import statistics

from bench.measuring import Row, seconds_of
from devicelink_simulation.world.people import WELL
from devicelink_simulation.world.runs import template
from devicelink_simulation.world.story import Act, Story
from devicelink_simulation.world.world import World

MINUTES = 20
ROUNDS = 3
_ACTS = (
    Act("see", "STANDBY"),
    Act("type", "r"),
    Act("see", "READY"),
    Act("wait", f"{MINUTES * 60}"),
    Act("type", ""),
    Act("see", "STANDBY"),
    Act("type", "q"),
)


def rows() -> list[Row]:
    """READY is polled every 50 ms; driver, link, session, journal and SQLite are the real ones."""
    clinic = template()
    visit = type(WELL)(WELL.technician, WELL.pins, WELL.kind, WELL.client, WELL.settings, _ACTS)

    def play() -> None:
        ran = World(Story(0, (visit,)), clinic).play()
        if [end.code for end in ran.world.book.exits] != [0]:
            raise SystemExit(f"The session of the benchmark ended as {ran.world.book.exits}.")

    ours_s = statistics.median(seconds_of(play) for _ in range(ROUNDS))
    name = f"{MINUTES}-minute session at 20 Hz, virtual time"
    return [Row(name, ours_s, MINUTES * 60.0, 1000.0, "real time", more_is_better=True)]
