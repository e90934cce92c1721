"""Sweeps of whole sessions: every operation of a process fails, or is its last; every exchange too.

A short story is played once to count what a process does. Then it is played again for every
operation and every way to strike it, and for every exchange with the laser and every fault of the
wire, and the oracle judges each run. Every finding carries the story that repeats it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from devicelink.runtime import ThreadRuntime, seconds
from devicelink_simulation.world.clinic import EVA, PIN
from devicelink_simulation.world.lasers import FIRST, LASERS
from devicelink_simulation.world.operations import (
    CRASHES,
    DISTURBANCES,
    FAILURES,
    NEEDS_ROOM,
    WATCH,
    Blow,
)
from devicelink_simulation.world.oracle import Violation
from devicelink_simulation.world.people import WELL, well
from devicelink_simulation.world.runs import Totals, play, play_all, play_safely, template
from devicelink_simulation.world.story import Act, Laser, Story, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from devicelink_simulation.world.story import Visit
    from devicelink_simulation.world.world import Ran

    Progress = Callable[[int, int, float], None]

LASTING = (0, 3, -1)
"""A failure strikes once, four times in a row, and for ever."""
KINDS = (*FAILURES, *CRASHES, *DISTURBANCES)
FROZEN_S = 1.3
"""Longer than the guard waits for a beat."""
ASLEEP_S = 30.0
_BY_DESCRIPTOR = frozenset({"read", "write", "sync", "truncate", "send", "pipe"})
"""What nobody is refused who has the file open."""
_CHANGES_NOTHING = frozenset({"open", "read", "list", "stat"})
_TORN = frozenset({"write", "send"})

WIRE_FAULTS = (
    "drop@nth={n},count=1",
    "delay:seconds=0.3@nth={n},count=1",
    "duplicate@nth={n},count=1",
    "corrupt@nth={n},count=1",
    "corrupt:position=4,value=49@nth={n},count=1",
    "truncate@nth={n},count=1",
    "split@nth={n},count=1",
    "garbage@nth={n},count=1",
    "silence@nth={n}",
    "silence@nth={n},for=1",
    "unplug@nth={n}",
    "unplug@nth={n},for=2",
    "lost_command@nth={n},count=1",
    "mangled_command@nth={n},count=1",
    "reboot:seconds=1@nth={n}",
    "frozen_status@nth={n}",
    "{refuses}@nth={n},count=9999",
    "stuck_ack@nth={n},count=9999,for=1",
)
"""Each is planted before the first exchange, and strikes at the `n`-th."""


class Scene(NamedTuple):
    """A story, and whose operations are struck: of the process `whom` of a visit."""

    story: Story
    whom: str
    visit: int = 0


class Case(NamedTuple):
    """One run of a sweep."""

    scene: str
    kind: str
    story: Story


@dataclass(slots=True)
class SweepTotals:
    """Operations by scene, runs by scene and kind, and every finding with its story."""

    operations: dict[str, int] = field(default_factory=dict)
    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: list[tuple[Story, tuple[Violation, ...]]] = field(default_factory=list)


def operations_of(scene: Scene) -> list[str]:
    """The names of the operations that a blow may strike, in order.

    Raises `ValueError` where the story without blows breaks a rule.
    """
    watching = Trouble("blow", whom=scene.whom, blow=Blow(WATCH, 1, -1), visit=scene.visit)
    return _played_well(_troubled(scene.story, watching)).world.machine.witness.watched


def exchanges_of(story: Story) -> int:
    """How many commands are sent to the first laser until the first session ends."""
    world = _played_well(story).world
    bench = next(iter(world.benches.values()))
    sent, _ = bench.make.speech.cut(bench.wire.passed)
    first = next(process for process in world.kernel.processes if process.name == "session")
    ended_ns = first.died_ns or 0
    return sum(frame.at_ns <= ended_ns for frame in sent)


def blows(ops: list[str], kinds: Iterable[str] = KINDS) -> Iterator[Blow]:
    """Every way to strike every operation that may make a difference."""
    kinds = tuple(kinds)
    for nth, op in enumerate(ops, 1):
        for kind in kinds:
            if not _may_matter(kind, op):
                continue
            if kind in FAILURES:
                yield from (Blow(kind, nth, lasting) for lasting in LASTING)
            else:
                for_s = {"freeze": FROZEN_S, "suspend": ASLEEP_S}.get(kind, 0.0)
                yield Blow(kind, nth, for_s=for_s)


def _may_matter(kind: str, op: str) -> bool:
    match kind:
        case "full":
            return op in NEEDS_ROOM
        case "refused":
            return op not in _BY_DESCRIPTOR
        case "crash_torn":
            return op in _TORN
        case "crash_after" | "power_after":
            return op not in _CHANGES_NOTHING
    return True


def session_cases(
    name: str, scene: Scene, into: SweepTotals, kinds: Iterable[str] = KINDS
) -> Iterator[Case]:
    """A scene with every blow."""
    ops = operations_of(scene)
    into.operations[name] = len(ops)
    for blow in blows(ops, kinds):
        trouble = Trouble("blow", whom=scene.whom, blow=blow, visit=scene.visit)
        lasting = {0: "", -1: " for ever"}.get(blow.lasting, f" {blow.lasting + 1} times")
        yield Case(name, f"{blow.kind}{lasting}", _troubled(scene.story, trouble))


def wire_cases(
    name: str, story: Story, into: SweepTotals, faults: Iterable[str] = WIRE_FAULTS
) -> Iterator[Case]:
    """A story with every fault at every exchange of its first session."""
    faults = tuple(faults)
    serial = story.lasers[0].serial
    refuses = LASERS[serial].hands.refuses
    into.operations[name] = exchanges_of(story)
    for nth in range(1, into.operations[name] + 1):
        for fault in faults:
            told = fault.format(n=nth, refuses=refuses)
            planted = Trouble("fault", 0.0, told, laser=serial)
            yield Case(name, fault.format(n="N", refuses=refuses), _troubled(story, planted))


def sweep_session(
    story: Story,
    whom: str,
    kinds: Iterable[str] = KINDS,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
    every: int = 1,
    skip: int = 0,
) -> SweepTotals:
    """Every operation of the process `whom` of the first visit, struck in every way of `kinds`.

    Of all runs each `every`-th from `skip` on; `progress` is told (done, total, runs a second).
    """
    totals = SweepTotals()
    cases = session_cases(whom, Scene(story, whom), totals, kinds)
    return _sweep(islice(cases, skip, None, every), totals, progress, workers)


def sweep_wire(
    story: Story,
    faults: Iterable[str] = WIRE_FAULTS,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
    every: int = 1,
    skip: int = 0,
) -> SweepTotals:
    """Every exchange of the first session, with every fault of the wire and the laser."""
    totals = SweepTotals()
    cases = wire_cases("wire", story, totals, faults)
    return _sweep(islice(cases, skip, None, every), totals, progress, workers)


def sweep_all(
    *,
    progress: Progress | None = None,
    workers: int | None = None,
    every: int = 1,
    skip: int = 0,
) -> SweepTotals:
    """All `SCENES` and `WIRE_SCENES`."""
    totals = SweepTotals()

    def cases() -> Iterator[Case]:
        for name, scene in SCENES.items():
            yield from session_cases(name, scene, totals)
        for name, story in WIRE_SCENES.items():
            yield from wire_cases(name, story, totals)

    return _sweep(islice(cases(), skip, None, every), totals, progress, workers)


def _sweep(
    cases: Iterable[Case], into: SweepTotals, progress: Progress | None, workers: int | None
) -> SweepTotals:
    template()
    planned = list(cases)
    clock = ThreadRuntime()
    began_ns = clock.mono_ns()

    def tell(totals: Totals) -> None:
        if progress is not None:
            took_s = max(1e-9, seconds(clock.mono_ns() - began_ns))
            progress(totals.runs, len(planned), totals.runs / took_s)

    totals = play_all(_play, planned, workers=workers, progress=tell)
    into.runs.update((case.scene, case.kind) for case in planned)
    into.found += totals.found
    return into


def _play(case: Case) -> Totals:
    ran, violations = play_safely(case.story)
    if ran is not None and not _struck(ran):
        violations.append(Violation("the_sweep_itself", f"{case.kind} struck nothing"))
    found = [(case.story, tuple(violations))] if violations else []
    return Totals(runs=1, found=found)


def _struck(ran: Ran) -> bool:
    """Whether the blow fell, or the fault was seen at the laser."""
    benches = ran.world.benches.values()
    faults = any(event["event"] == "fault" for each in benches for event in each.truth.events)
    return faults or bool(ran.world.machine.witness.struck)


def _played_well(story: Story) -> Ran:
    ran, violations = play(story)
    if violations:
        raise ValueError(f"Without any blow: {violations}")
    return ran


def _troubled(story: Story, trouble: Trouble) -> Story:
    return replace(story, troubles=(*story.troubles, trouble))


def _visit(*acts: str) -> Visit:
    """A visit with acts, told as `KIND VALUE`."""
    parts = [act.partition(" ") for act in acts]
    return replace(WELL, acts=tuple(Act(kind, value) for kind, _, value in parts), pause_s=0.1)


_TO_READY = ("see STANDBY", "type r", "see READY")
_PRESS = ("wait 0.52", "hand modulation_input=high", "wait 0.1", "hand modulation_input=low")
SHORT = Story(1, (_visit(*_TO_READY, *_PRESS, "type ", "see STANDBY", "type q"),))
"""A session as short as one with light can be."""
IN_READY_S = 1.4
"""At this time the session of a story that begins as `SHORT` is in READY."""
_DYING = _visit(*_TO_READY, "gone", "lock_alone")
_AFTER = replace(_visit("see STANDBY", "type q"), technician=EVA, pins=("111222", PIN))
_KILLED = (Trouble("kill", IN_READY_S, whom="session"),)
_HELD = _visit(
    *("see STANDBY", "hand modulation_input=high", "type r", "gone"),
    *("hand_after modulation_input=low", "acknowledge"),
)

SCENES = {
    "session": Scene(SHORT, "session"),
    "guard": Scene(SHORT, "guard"),
    "guard that acts": Scene(Story(1, (_DYING,), _KILLED), "guard"),
    "lock alone": Scene(Story(1, (_DYING,), _KILLED), "lock"),
    "lock asks": Scene(Story(1, (_visit(*_TO_READY, "lock"),)), "lock"),
    "check": Scene(Story(1, (_visit("see STANDBY", "type q", "gone", "check_alone"),)), "check"),
    "acknowledge": Scene(Story(1, (_HELD,)), "acknowledge"),
    "session that recovers": Scene(
        Story(1, (replace(_DYING, acts=_DYING.acts[:-1]), _AFTER), _KILLED), "session", visit=1
    ),
}
WIRE_SCENES = {
    "wire": SHORT,
    **{
        f"wire of {make.simulator}": Story(
            1, (replace(well(serial), pause_s=0.1),), (), (Laser(serial),)
        )
        for serial, make in LASERS.items()
        if make is not LASERS[FIRST]
    },
}
