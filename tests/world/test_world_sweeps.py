"""Whole sessions of the simulated world, struck at their operations and on their wire."""

from __future__ import annotations

import pytest

from devicelink_simulation.world import oracle
from devicelink_simulation.world.operations import CRASHES, FAILURES, Blow
from devicelink_simulation.world.oracle import Violation
from devicelink_simulation.world.people import WELL
from devicelink_simulation.world.runs import play
from devicelink_simulation.world.story import Laser, Story, Trouble
from devicelink_simulation.world.sweeps import (
    SCENES,
    SHORT,
    WIRE_SCENES,
    Scene,
    blows,
    exchanges_of,
    operations_of,
    sweep_all,
    sweep_session,
    sweep_wire,
)

THIN = 2_000
"""Of all runs each so many-th: what fits into a test."""


def _story_of(scene, blow):
    trouble = Trouble("blow", whom=scene.whom, blow=blow, visit=scene.visit)
    return Story(scene.story.seed, scene.story.visits, (*scene.story.troubles, trouble))


def test_a_thinned_sweep_finds_nothing():
    """Failures, deaths, losses of power at operations and faults of the wire break no rule."""
    told = []
    totals = sweep_all(progress=lambda *so_far: told.append(so_far), workers=2, every=THIN, skip=7)
    assert [(story.as_json(), found) for story, found in totals.found] == []
    assert set(totals.operations) == {*SCENES, *WIRE_SCENES}
    done, total, runs_a_second = told[-1]
    assert done == total == sum(totals.runs.values())
    assert runs_a_second > 0


def test_two_sweeps_give_the_same(monkeypatch):
    """The same story has the same operations, the same runs and the same findings."""
    monkeypatch.setattr(oracle, "CHECKS", (_lost_process,))
    first, second = (
        sweep_session(SHORT, "guard", ("crash_after", "io_error"), every=5, workers=workers)
        for workers in (1, 2)
    )
    assert first == second
    assert first.found


def _lost_process(seen):
    """Planted: every death is a finding, with its time."""
    for process in seen.processes.values():
        if process.killed:
            yield f"{process.name} died at {process.died_ns}"


def test_a_planted_violation_is_found_with_its_story(monkeypatch):
    """Where a rule does not hold at one operation, the sweep names it, and its story repeats it."""
    monkeypatch.setattr(oracle, "CHECKS", (_lost_process,))
    totals = sweep_session(SHORT, "guard", ("crash_before", "io_error"), every=5, workers=1)
    assert {kind for _, kind in totals.runs} > {"crash_before"}
    assert totals.found
    for story, found in totals.found:
        assert story.troubles[-1].blow.kind == "crash_before"
        again = play(Story.from_json(story.as_json()))[1]
        assert tuple(again) == found


def test_a_world_that_breaks_is_a_finding(monkeypatch):
    """An error of the world itself does not end the sweep."""

    def broken(seen):
        raise RuntimeError("no oracle today")

    scene = SCENES["lock asks"]
    ops = operations_of(scene)
    monkeypatch.setattr(oracle, "CHECKS", (_lost_process,))
    assert exchanges_of(SHORT) > 50
    monkeypatch.setattr("devicelink_simulation.world.runs.play", broken)
    monkeypatch.setattr("devicelink_simulation.world.sweeps.operations_of", lambda _: ops)
    totals = sweep_session(scene.story, "lock", ("crash_before",), workers=1)
    assert len(totals.found) == len(ops)
    assert {found[0].rule for _, found in totals.found} == {"the_world_itself"}


def test_faults_strike_the_exchange_they_are_meant_for():
    """A fault that strikes nothing is a finding too: the sweep does not fool itself."""
    faults = ("drop@nth={n}0,count=1", "drop@nth={n}000000,count=1")
    struck = sweep_wire(SHORT, faults[:1], every=1000, workers=1)
    assert (sum(struck.runs.values()), struck.found) == (1, [])
    missed = sweep_wire(SHORT, faults[1:], every=1000, workers=1)
    assert [v.rule for _, found in missed.found for v in found] == ["the_sweep_itself"]


@pytest.mark.parametrize("kind", [*FAILURES, *CRASHES])
def test_every_kind_strikes_what_it_can(kind):
    """A full disk fails where room is needed, no descriptor is refused, only writes are torn."""
    struck = {blow.nth for blow in blows(["read", "write", "stat", "hold", "send"], (kind,))}
    assert (
        struck
        == {
            "full": {2, 4},
            "io_error": {1, 2, 3, 4, 5},
            "refused": {3, 4},
            "crash_before": {1, 2, 3, 4, 5},
            "crash_after": {2, 4, 5},
            "crash_torn": {2, 5},
        }[kind]
    )


def test_a_frozen_session_is_noticed_by_its_guard():
    """A process that is frozen at an operation lets its guard act."""
    scene = Scene(SHORT, "session")
    ops = operations_of(scene)
    at = max(nth for nth, op in enumerate(ops, 1) if op == "send") - 60
    ran, _ = play(_story_of(scene, Blow("freeze", at, for_s=1.3)))
    assert any(entry.type == "guard.acted" for entry in ran.entries)


@pytest.mark.parametrize("step", range(0, 120, 2))
def test_a_session_that_hung_reads_its_own_lock_back(step):
    """Woken beside a guard that locks, it does not talk into the guard's exchange for long."""
    frozen = Trouble("freeze", at_s=1.6, whom="session", for_s=1.2 + step * 0.0031)
    ran, violations = play(
        Story(4 * step + 1, (WELL,), (frozen,), (Laser(values=(("startup_s", "0.1"),)),))
    )
    assert violations == []
    assert [end.code for end in ran.world.book.exits if end.program == "session"] == [1]


def test_power_is_lost_before_and_after_an_operation():
    """The machine boots again, and nothing that was acknowledged is lost."""
    for kind in ("power_before", "power_after"):
        ran, violations = play(_story_of(Scene(SHORT, "session"), Blow(kind, 300)))
        assert violations == []
        assert ran.world.machine.boots == 2


def test_a_story_that_breaks_a_rule_by_itself_is_not_swept(monkeypatch):
    """What fails without any blow would be found at every operation."""
    monkeypatch.setattr("devicelink_simulation.world.runs.judge", lambda _: [Violation("x", "y")])
    with pytest.raises(ValueError, match="Without any blow"):
        sweep_session(SHORT, "session", workers=1)
