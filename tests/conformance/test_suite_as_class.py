"""The suite as a class to subclass, as a third package would use it."""

from __future__ import annotations

import subprocess
import sys
import unittest
from dataclasses import replace

import pytest
from bad_ipg import InventsACounter
from planted_drivers import Factory

from devicelink_ipg_sim.profile import YLR_SM
from devicelink_simulation.conformance import DriverConformance
from devicelink_simulation.conformance.grading import CHECKS


class TestYlrSm(DriverConformance):
    """Each check is a test of its own here."""

    profile = YLR_SM


class Bad(DriverConformance):
    """A driver that is not installed, and invents a counter."""

    profile = YLR_SM
    factory = Factory(InventsACounter)


class Exempt(Bad):
    """The same, with a reason."""

    profile = replace(YLR_SM, exempt={"shown_is_true": "Its counter is only a drawing."})


def test_each_check_is_one_test_with_its_sentence():
    """By name, so that one of them can be run alone."""
    for check in CHECKS:
        assert getattr(TestYlrSm, f"test_{check.name}").__doc__ == check.sentence


def test_a_check_that_does_not_hold_fails_with_its_sentence():
    """Who reads the failure knows what was wrong."""
    with pytest.raises(AssertionError, match="shows no counter, and the driver tells one"):
        Bad().test_shown_is_true()


def test_an_exempt_check_is_skipped_with_its_reason():
    """It is never counted as passed."""
    with pytest.raises(unittest.SkipTest, match="only a drawing"):
        Exempt().test_shown_is_true()


def test_the_suite_needs_no_pytest():
    """It runs wherever devicelink does."""
    code = (
        "import sys, devicelink_simulation.conformance, "
        "devicelink_simulation.conformance.commands; "
        "print([name for name in sys.modules if 'pytest' in name])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
