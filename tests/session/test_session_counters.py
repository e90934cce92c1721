"""What a lifetime counter says of pulses that were recorded, and of those that were not."""

from __future__ import annotations

import pytest

from devicelink.session.counters import hold_of, reconcile


@pytest.mark.parametrize(
    ("before", "after", "recorded", "unexplained", "why", "holds"),
    [
        (100, 110, 10, 0, None, False),
        (100, 113, 10, 3, None, False),
        (None, 110, 0, None, "not_available", False),
        (100, None, 4, None, "not_available", False),
        (100, 99, 0, None, "went_backwards", True),
        (100, 105, 10, None, "fewer_than_recorded", True),
    ],
)
def test_a_counter_explains_holds_or_is_not_there(before, after, recorded, unexplained, why, holds):
    """Never a negative number of pulses; one that counts less than it must holds the laser."""
    found = reconcile(before, after, recorded)
    assert (found["unexplained"], found["why"]) == (unexplained, why)
    hold = hold_of(found)
    assert (hold is not None) == holds
    assert not holds or hold["code"] == "counter_backwards"
