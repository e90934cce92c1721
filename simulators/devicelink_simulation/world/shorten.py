"""Making a story that fails as short as it can be while it still fails in the same way."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from devicelink_simulation.world.runs import play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_simulation.world.story import Story

MOST_PLAYS = 150


def shorten(story: Story) -> Story:
    """The shortest found by leaving out troubles, visits, acts and odd values, one at a time.

    What cannot be left out is passed over, and tried once more where something behind it could.
    """
    rules = _rules(story)
    needed: set[str] = set()
    plays, shorter = 0, True
    while shorter:
        shorter, at = False, 0
        while (candidate := next(islice(_candidates(story), at, None), None)) is not None:
            name = candidate.as_json()
            if name not in needed:
                if plays == MOST_PLAYS:
                    return story
                plays += 1
                if _rules(candidate) & rules:
                    story, shorter = candidate, True
                    continue
                needed.add(name)
            at += 1
    return story


def _rules(story: Story) -> set[str]:
    return {violation.rule for violation in play(story)[1]}


def _candidates(story: Story) -> Iterator[Story]:
    """Stories with one thing less, the largest things first."""
    for at in reversed(range(len(story.visits))):
        if len(story.visits) > 1 and not any(t.blow and t.visit > at for t in story.troubles):
            yield replace(story, visits=_without(story.visits, at))
    for at in reversed(range(len(story.troubles))):
        yield replace(story, troubles=_without(story.troubles, at))
    for number, visit in enumerate(story.visits):
        for at in reversed(range(len(visit.acts))):
            less = replace(visit, acts=_without(visit.acts, at))
            yield replace(story, visits=(*story.visits[:number], less, *story.visits[number + 1 :]))
    for at, laser in enumerate(story.lasers):
        visits = tuple(visit for visit in story.visits if visit.laser != laser.serial)
        troubles = tuple(each for each in story.troubles if each.laser != laser.serial)
        if len(story.lasers) > 1 and not any(each.blow for each in story.troubles):
            fewer = _without(story.lasers, at)
            yield replace(story, lasers=fewer, visits=visits, troubles=troubles)
        for number in range(len(laser.values)):
            plainer = replace(laser, values=_without(laser.values, number))
            lasers = (*story.lasers[:at], plainer, *story.lasers[at + 1 :])
            yield replace(story, lasers=lasers)


def _without(things: tuple, at: int) -> tuple:  # type: ignore[type-arg]  # any kind of things
    return (*things[:at], *things[at + 1 :])
