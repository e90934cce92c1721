"""When the clock is believed, and by which time expiry is judged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from journal_kit import SetClock, draft

from devicelink.journal import clock
from devicelink.journal.clock import CLOCK


@pytest.fixture
def set_clock():
    """A clock to set."""
    return SetClock()


@pytest.fixture
def journal(make, tmp_path, set_clock):
    """Three entries under that clock."""
    return make(tmp_path, 3, using=set_clock)


def viewed(journal, runtime):
    """The clock as checked entries tell it."""
    return clock.view(journal.checked([CLOCK])["clock"], journal.last(), runtime.now())


def test_a_clock_that_runs_is_not_suspect(journal, set_clock):
    """Neither a running clock nor a jump of up to 2 s is recorded."""
    clock.check(journal, set_clock)
    set_clock.wall_s = 1.5
    clock.check(journal, set_clock)
    assert journal.append(draft(1)).index == 3
    assert not viewed(journal, set_clock).suspect


@pytest.mark.parametrize(("wall_s", "why"), [(-60, "went_back"), (60, "jumped")])
def test_a_jump_is_suspect_once(journal, set_clock, wall_s, why):
    """A jump either way is recorded once, until an administrator confirms the time."""
    set_clock.wall_s = wall_s
    clock.check(journal, set_clock)
    clock.check(journal, set_clock)
    assert journal.size == 4
    assert journal.last().data["why"] == why
    assert viewed(journal, set_clock).suspect
    last, now = journal.last(), set_clock.now()
    entry = journal.append(clock.confirmation(last, now, actor="t-ines", role="admin"))
    assert entry.data["new_at"] >= entry.data["old_at"]
    assert not viewed(journal, set_clock).suspect


def test_a_jump_across_a_boot_is_not_seen(journal, set_clock):
    """Monotonic clocks of two boots cannot be compared; only going back is seen then."""
    set_clock.boot, set_clock.wall_s = "boot-2", 3600
    assert journal.append(draft(1)).clock != "suspect"
    set_clock.boot, set_clock.wall_s = "boot-3", 0
    assert journal.append(draft(1)).clock == "suspect"


def test_expiry_is_judged_by_the_latest_time_since_the_confirmation(journal, set_clock):
    """A wrong future year counts while it stands, and no longer once the time is confirmed."""
    set_clock.boot, set_clock.wall_s = "boot-2", 365 * 86_400
    wrong = journal.append(draft(1)).at
    set_clock.boot, set_clock.wall_s = "boot-3", 0
    assert viewed(journal, set_clock).judged_at == wrong
    journal.append(draft(1))
    journal.append(draft(1))
    assert viewed(journal, set_clock).judged_at == wrong
    journal.append(clock.confirmation(journal.last(), set_clock.now(), actor="a", role="admin"))
    now = set_clock.now()
    assert abs(viewed(journal, set_clock).judged_at - now) < timedelta(seconds=60)
