"""Bugs planted into a copy of the code: the simulated world finds each of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted import PLANTED, DoesNotFit, look_for, plant
from planted_bugs import Change, Planted
from planted_stories import STORIES

DRAWN = range(12)
"""Played only where no story of a bug's own finds it."""


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug):
    """The oracle sees at least one violation in a few stories of a world with this bug."""
    directed, drawn = look_for(bug, DRAWN, enough=1)
    assert directed.found + drawn.found, f"rule {bug.rule} broken, and nobody noticed"


def test_an_unplanted_copy_is_clean():
    """In the stories that find the planted bugs, the code as it is breaks no rule."""
    directed, _ = look_for(None, range(0))
    assert directed.played > len(PLANTED) // 2
    assert not directed.found, f"{directed.checks}: {directed.sentence}"


def test_every_bug_has_a_story_of_its_own():
    """No bug is left to chance, and no story leads to a bug that is gone."""
    assert {bug.name for bug in PLANTED} == set(STORIES)


@pytest.mark.parametrize("old", ["no such line", "def "])
def test_a_bug_that_no_longer_fits_says_so(tmp_path, old):
    """Text that is not there exactly once cannot be planted over."""
    bug = Planted("stale", "0", (Change("devicelink/session/state.py", old, "x"),))
    with pytest.raises(DoesNotFit, match=r"times in devicelink/session/state\.py"):
        plant(bug, tmp_path)
    assert Path(tmp_path, "devicelink").is_dir()
