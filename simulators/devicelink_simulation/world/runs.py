"""Playing many stories: on all cores, with what was met on the way, and what was found."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from devicelink.session.state import Phase
from devicelink_simulation.world.clinic import Template, make_template
from devicelink_simulation.world.draw import draw
from devicelink_simulation.world.lasers import LASERS
from devicelink_simulation.world.oracle import Violation, judge
from devicelink_simulation.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from devicelink_simulation.world.story import Story
    from devicelink_simulation.world.world import Ran

T = TypeVar("T")

_CHUNK = 8


@dataclass(slots=True)
class Totals:
    """What many runs met and found."""

    runs: int = 0
    sessions: int = 0
    met: Counter[str] = field(default_factory=Counter)
    """Troubles by kind."""
    ended: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)
    """Sessions by protocol, and how many of them were READY."""
    found: list[tuple[Story, tuple[Violation, ...]]] = field(default_factory=list)

    def add(self, other: Totals) -> None:
        """Take in another's."""
        self.runs += other.runs
        self.sessions += other.sessions
        self.met += other.met
        self.ended += other.ended
        self.at += other.at
        self.found += other.found


@cache
def template() -> Template:
    """The clinic, made once in each operating-system process."""
    return make_template()


def play(story: Story) -> tuple[Ran, list[Violation]]:
    """One story and what the oracle says of it."""
    ran = World(story, template()).play()
    return ran, judge(ran)


def play_safely(story: Story) -> tuple[Ran | None, list[Violation]]:
    """As `play`; a world that breaks is a finding with its story, and leaves no run."""
    try:
        return play(story)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other stories go on
        return None, [Violation("the_world_itself", repr(error))]


def totals_of(story: Story) -> Totals:
    """One story, as part of many."""
    ran, violations = play_safely(story)
    if ran is None:
        return Totals(runs=1, found=[(story, tuple(violations))])
    world = ran.world
    totals = Totals(runs=1, sessions=len(world.book.screens))
    totals.met.update(_kind(trouble.kind, trouble.value) for _, trouble in world.troubles.struck)
    totals.met.update(world.machine.witness.struck)
    totals.ended.update(
        screen.result.end.code if screen.result else "no result" for screen in world.book.screens
    )
    for screen in world.book.screens:
        protocol = LASERS[screen.serial].simulator
        totals.at[protocol] += 1
        totals.at[f"{protocol}, READY"] += any(p is Phase.READY for _, p in screen.phases)
    if violations:
        totals.found.append((story, tuple(violations)))
    return totals


def play_seed(seed: int) -> Totals:
    """The story of a seed."""
    return totals_of(draw(seed))


def play_clean_seed(seed: int) -> Totals:
    """The story of a seed in which only people err."""
    return totals_of(draw(seed, troubled=False))


def play_all(
    play_one: Callable[[T], Totals],
    what: Iterable[T],
    *,
    workers: int | None = None,
    progress: Callable[[Totals], None] = lambda _: None,
) -> Totals:
    """All of them, in as many processes as there are cores; the order of finds is theirs."""
    totals = Totals()
    context = multiprocessing.get_context("fork")
    with context.Pool(workers or os.cpu_count(), maxtasksperchild=None) as pool:
        for part in pool.imap(play_one, what, chunksize=_CHUNK):
            totals.add(part)
            progress(totals)
    return totals


def _kind(kind: str, value: str) -> str:
    """A fault or knob by its own name, anything else by its kind."""
    if kind not in {"fault", "knob"}:
        return kind
    return f"{kind} {value.partition(':')[0].partition('@')[0].partition('=')[0]}"
