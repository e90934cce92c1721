"""Many stories of the simulated world: no rule is broken, and each can be played again."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink_simulation.world import oracle
from devicelink_simulation.world.__main__ import app
from devicelink_simulation.world.draw import draw
from devicelink_simulation.world.operations import Blow
from devicelink_simulation.world.people import WELL
from devicelink_simulation.world.runs import Totals, play, play_clean_seed, play_seed
from devicelink_simulation.world.shorten import shorten
from devicelink_simulation.world.story import Laser, Story, Trouble

CHUNK = 50
CHUNKS = 16
AGAIN = """
import sys
from devicelink_simulation.world.draw import draw
from devicelink_simulation.world.runs import play
for seed in map(int, sys.argv[1:]):
    print(play(draw(seed))[0].digest)
"""


@pytest.mark.parametrize("first", range(0, CHUNK * CHUNKS, CHUNK))
def test_no_rule_is_broken(first):
    """Whatever goes wrong in these stories, every rule holds."""
    for seed in range(first, first + CHUNK):
        totals = play_seed(seed)
        assert totals.found == [], f"make world SEED={seed}"


def test_no_rule_is_broken_where_only_people_err():
    """In stories without troubles sessions work, and end as people want."""
    totals = Totals()
    for seed in range(40):
        totals.add(play_clean_seed(seed))
    assert totals.found == []
    assert totals.ended["ended"] > 30
    assert set(totals.ended) <= {"ended", "stop", "refused", "no result", "certificate_expired"}


def test_the_same_seed_gives_the_same_bytes():
    """Journal, wire, truth and exits are the same again, also under another PYTHONHASHSEED."""
    seeds = ["3", "17", "85"]
    told = [
        subprocess.run(
            [sys.executable, "-c", AGAIN, *seeds],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for hash_seed in ("0", "4711")
    ]
    here = [play(draw(int(seed)))[0].digest for seed in seeds]
    assert told == [here, here]
    assert len(set(here)) == len(seeds)


@settings(max_examples=30, deadline=None)
@given(st.integers(min_value=0, max_value=10**9), st.booleans())
def test_a_story_is_told_whole(seed, troubled):
    """What is drawn from a seed can be written down and read back, and told in words."""
    story = draw(seed, troubled=troubled)
    assert Story.from_json(story.as_json()) == story
    assert len(story.tell()) >= len(story.visits) + len(story.troubles)


@pytest.fixture
def strict(monkeypatch):
    """An oracle that takes any end by a dead session for a broken rule."""

    def sessions_never_die(seen):
        """No session is killed."""
        if any(p.name == "session" and p.killed for p in seen.processes.values()):
            yield "a session died"

    monkeypatch.setattr(oracle, "CHECKS", (sessions_never_die,))


CRASH = Trouble("blow", whom="session", blow=Blow("crash_before", 150), visit=1)
NOISE = (Trouble("clock", at_s=0.5, value="1.0"), Trouble("slow", at_s=0.2, value="0.03", for_s=1))


def test_a_failing_story_is_made_short(strict):
    """What is left of a story that fails is what makes it fail."""
    story = Story(
        5, (WELL, WELL, WELL), (*NOISE, CRASH), lasers=(Laser(values=(("startup_s", "0.1"),)),)
    )
    short = shorten(story)
    assert short.troubles == (CRASH,)
    assert len(short.visits) == 2
    assert len(short.visits[0].acts) == 0
    assert short.lasers == (Laser(),)
    assert [violation.rule for violation in play(short)[1]] == ["sessions_never_die"]


def run(*words):
    """The world's command, in this process."""
    with pytest.raises(SystemExit) as end:
        app(list(words))
    return int(end.value.code or 0)


def test_a_failing_story_prints_the_command_that_repeats_it(strict, capsys):
    """The command names the whole story, shortened; played again, it fails again."""
    story = Story(5, (WELL, WELL), (CRASH,))
    assert run("story", story.as_json()) == 1
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if line.startswith("python -m")]
    again = line.partition("'")[2].rpartition("'")[0]
    assert json.loads(again)["troubles"][0]["blow"]["kind"] == "crash_before"
    assert run("story", again) == 1


def test_the_command_tells_totals(capsys):
    """Seeds are played on all cores, and what was met and found is told."""
    assert run("seeds", "6", "--workers", "2") == 0
    said = capsys.readouterr().out
    assert "6 stories" in said
    assert "No rule was broken." in said
    assert run("story", "{}") == 2


def test_the_command_tells_where_time_goes(capsys):
    """Every part of the program has its share, and the shares are of the whole."""
    assert run("profile", "2") == 0
    said = capsys.readouterr().out
    shares = [int(line.split("%")[0]) for line in said.splitlines()[1:]]
    assert 95 <= sum(shares) <= 105
    assert "journal" in said
