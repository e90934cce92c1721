"""Every driver for a laser conforms, on each laser of its profiles, as its page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from devicelink_simulation.conformance.grading import Grade, grade
from devicelink_simulation.conformance.page import grades_on
from devicelink_simulation.conformance.profile import profiles
from devicelink_simulation.conformance.subject import Subject

PAGES = Path(__file__).parents[2] / "docs" / "drivers"
EVERY = [each for name in ("ipg", "uc2000", "nkt", "bigsky", "olcp") for each in profiles(name)]


@pytest.mark.parametrize("profile", EVERY, ids=lambda each: f"{each.driver}-{each.name}")
def test_a_driver_conforms_as_its_page_says(profile):
    """Every check is done or exempt; `driver conform NAME --page FILE` brings a page up to date."""
    results = grade(Subject.installed(profile))
    assert [r.why for r in results if r.grade is Grade.NOT_HELD] == []
    page = (PAGES / f"{profile.driver}.md").read_text()
    assert grades_on(page, profile.name) == {r.check.name: r.grade.value for r in results}
    for result in results:
        assert result.why is None or result.why in page
