"""The suite fails every bad driver, at the check that is made for its mistake."""

from __future__ import annotations

import bad_bigsky
import bad_ipg
import bad_nkt
import bad_uc2000
import pytest
from planted_drivers import PLANTED

from devicelink_simulation.conformance.grading import CHECKS, Grade, judge
from devicelink_simulation.conformance.subject import Subject

assert all((bad_bigsky, bad_ipg, bad_nkt, bad_uc2000))
BY_NAME = {check.name: check for check in CHECKS}


@pytest.mark.parametrize("bad", PLANTED, ids=lambda bad: bad.name)
def test_a_bad_driver_is_found(bad):
    """Each check named for it does not hold, by a sentence and by no failure of the suite's own."""
    subject = Subject(bad.factory, bad.profile)
    for name in bad.checks:
        result = judge(subject, BY_NAME[name])
        assert result.grade is Grade.NOT_HELD, f"{name} let {bad.name} pass"
        assert result.why
        assert "devicelink_simulation.conformance" not in result.why


def test_every_check_finds_some_bad_driver():
    """A check that nothing fails would be no check."""
    assert {name for bad in PLANTED for name in bad.checks} == set(BY_NAME)
