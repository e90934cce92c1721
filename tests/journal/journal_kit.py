"""What the journal's tests share: projections, drafts, a clock to set, the plain database."""

from __future__ import annotations

import importlib
from datetime import timedelta

from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection
from devicelink.runtime import ThreadRuntime

ORIGIN = "simulated/test/00112233445566778899aabbccddeeff"
BIG = 1_300

PEOPLE = Projection(
    name="people",
    types=frozenset({"technician.added"}),
    key=lambda entry: entry.data["id"],
    reduce=lambda old, entry: {"index": entry.index, "times": (old or {"times": 0})["times"] + 1},
)
EVERYTHING = Projection(
    name="everything",
    types=frozenset(),
    key=lambda entry: entry.type,
    reduce=lambda old, entry: {"count": (old or {"count": 0})["count"] + 1},
)
PROJECTIONS = (PEOPLE, EVERYTHING)


def draft(number):
    """Every fiftieth adds a technician, the others are pulses."""
    if number % 50 == 0:
        return Draft("technician.added", {"id": f"t-{number % 7}"}, actor="t-ines", role="admin")
    return Draft("pulses.recorded", {"number": number, "energy_mj": {"measured": 19.5}})


class SetClock(ThreadRuntime):
    """A runtime whose clocks are ahead by what a test says, in seconds."""

    def __init__(self):
        super().__init__()
        self.wall_s = 0.0
        self.boot = "boot-1"

    @property
    def boot_id(self):
        """The boot that a test says."""
        return self.boot

    def now(self):
        """Wall time, set ahead or back."""
        return super().now() + timedelta(seconds=self.wall_s)


def connect(folder):
    """The plain database, as anybody with SQLite opens it."""
    try:
        sqlite = importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        sqlite = importlib.import_module("sqlite3")
    return sqlite.connect(folder / "journal.db", isolation_level=None)
