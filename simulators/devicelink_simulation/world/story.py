"""A story: who comes to the clinic and what they do, and what goes wrong meanwhile.

It is plain data, so that it can be drawn from a seed, told, shortened and played again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from devicelink_simulation.world.lasers import FIRST, LASERS
from devicelink_simulation.world.operations import Blow

EVERYWHERE = frozenset({"clock", "suspend", "full", "io_error", "slow", "power", "edit"})
"""Troubles of the whole machine."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that the person in front of the laser does.

    `see` waits until the screen shows a phase; `wait` lets seconds pass; `type` types a line;
    `hand` turns a knob at the laser (KEY=VALUE); `interrupt` presses Ctrl-C; `lock` asks for the
    lock at another terminal; `check` asks for a verdict there; `second` lets somebody else try to
    begin a session on the same laser. `gone` waits for the session's end; `hand_after`,
    `lock_alone`, `check_alone` and `acknowledge` are done though the session has ended.
    """

    kind: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One session, from signing in to leaving."""

    technician: str
    pins: tuple[str, ...]
    """What is typed as PIN, one after the other, until one fits."""
    kind: str
    client: str
    settings: tuple[tuple[str, str], ...]
    acts: tuple[Act, ...]
    pause_s: float = 1.0
    """Before it."""
    laser: str = FIRST
    room: int = 0
    """Visits in one room come one after the other; what happens in another is at the same time."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong at `at_s` of the story, or at an operation of a process.

    `fault` is planted in the laser or its wire (the simulator's own words); `knob` is KEY=VALUE at
    the laser; `clock` sets the wall clock by seconds; `suspend` sends the machine to sleep;
    `freeze` and `kill` hit the process named in `whom` (session, guard), `freeze` for seconds;
    `full` and `slow` are the disk's; `power` takes the machine's power; `edit` edits the tables
    that anybody with the file can edit; `terminal` blocks what is written to the screen, `deaf` the
    face that hears its person and renews the lease;
    `host` are bytes in hex that somebody else sends to the laser on the same wire;
    `blow` falls on operations of the `whom` that begins as the `visit`-th.
    """

    kind: str
    at_s: float = 0.0
    value: str = ""
    whom: str = ""
    for_s: float = 0.0
    blow: Blow | None = None
    visit: int = 0
    laser: str = FIRST
    """At which laser, or at whose programs; what befalls the machine befalls all."""


@dataclass(frozen=True, slots=True)
class Laser:
    """One of the clinic's lasers that is there, with values that are not its defaults."""

    serial: str = FIRST
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that makes a run what it is."""

    seed: int
    visits: tuple[Visit, ...]
    troubles: tuple[Trouble, ...] = ()
    lasers: tuple[Laser, ...] = (Laser(),)

    def as_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Story:
        """Raises `ValueError`, `KeyError`, `TypeError` for what is no story."""
        told = json.loads(text)
        return cls(
            seed=int(told["seed"]),
            visits=tuple(_visit(each) for each in told["visits"]),
            troubles=tuple(_trouble(each) for each in told["troubles"]),
            lasers=tuple(Laser(each["serial"], _pairs(each["values"])) for each in told["lasers"]),
        )

    def tell(self) -> list[str]:
        """For people: a line for each visit, act and trouble."""
        lines = [
            f"laser {laser.serial} ({LASERS[laser.serial].simulator}): "
            + ", ".join(f"{key}={value}" for key, value in laser.values)
            for laser in self.lasers
        ]
        for number, visit in enumerate(self.visits):
            settings = ", ".join(f"{key} {value}" for key, value in visit.settings)
            where = f"{visit.laser} in room {visit.room}"
            lines.append(f"visit {number}: {visit.technician} at {where}, {visit.kind}, {settings}")
            acts = " · ".join(f"{act.kind} {act.value}".strip() for act in visit.acts)
            lines.append(f"  {acts}")
        lines += [_tell(trouble) for trouble in self.troubles]
        return lines


def _tell(trouble: Trouble) -> str:
    if trouble.blow is not None:
        blow = trouble.blow
        lasting = {0: "once", -1: "for ever"}.get(blow.lasting, f"and {blow.lasting} more")
        return (
            f"visit {trouble.visit}: {blow.kind} at operation {blow.nth} {blow.only} of the "
            f"{trouble.whom}, {lasting}"
        )
    words = [f"at {trouble.at_s:.3f} s: {trouble.kind}", trouble.whom, trouble.value]
    if trouble.kind not in EVERYWHERE:
        words.append(f"at {trouble.laser}")
    if trouble.for_s:
        words.append(f"for {trouble.for_s:.3f} s")
    return " ".join(word for word in words if word)


def _visit(told: dict[str, Any]) -> Visit:
    told["acts"] = tuple(Act(**act) for act in told["acts"])
    told["pins"] = tuple(told["pins"])
    told["settings"] = _pairs(told["settings"])
    return Visit(**told)


def _trouble(told: dict[str, Any]) -> Trouble:
    if told["blow"] is not None:
        told["blow"] = Blow(**told["blow"])
    return Trouble(**told)


def _pairs(told: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in told)
