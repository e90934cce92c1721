"""`driver conform`: what it prints, and what it exits with."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from bad_ipg import CallsStandbyLocked, InventsACounter
from planted_drivers import Factory

from devicelink import registry
from devicelink.cli import main
from devicelink_ipg_sim.profile import YLR_SM
from devicelink_simulation.conformance import (
    grading,
    on_connect,
    on_evidence,
    on_locking,
    subject,
)
from devicelink_simulation.conformance.page import BEGIN, END, grades_on


BARE = replace(YLR_SM, exempt={})
"""Exempt of no check that the short suite has not."""


def run(capsys, *words):
    """Exit code and output of a command."""
    try:
        main(["driver", "conform", *words])
    except SystemExit as end:
        told = capsys.readouterr()
        return end.code or 0, told.out, told.err
    told = capsys.readouterr()
    return 0, told.out, told.err


@pytest.fixture
def two_checks(monkeypatch):
    """A short suite: two checks, on one laser."""
    checks = (on_connect.identify_asks_only, on_evidence.shown_is_true)
    monkeypatch.setattr(grading, "CHECKS", checks)
    monkeypatch.setattr(subject, "profiles", lambda _: (BARE,))


def test_a_driver_that_conforms_exits_0_with_a_table(capsys, two_checks):
    """A row for each check, and a last sentence."""
    code, out, _ = run(capsys, "ipg")
    assert code == 0
    assert "done      identify_asks_only" in out
    assert out.splitlines()[-1] == "The driver ipg conforms."


def test_as_json_it_is_one_document(capsys, two_checks):
    """For programs: each check with its grade."""
    code, out, _ = run(capsys, "ipg", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["driver"], told["conforms"]) == ("ipg", True)
    assert [each["check"] for each in told["profiles"][0]["checks"]] == [
        "identify_asks_only",
        "shown_is_true",
    ]


def test_a_driver_that_does_not_conform_exits_1_and_says_why(capsys, two_checks, monkeypatch):
    """The sentence stands under its check."""
    monkeypatch.setattr(registry, "load", lambda _: Factory(InventsACounter))
    code, out, _ = run(capsys, "ipg")
    assert code == 1
    assert "not held  shown_is_true" in out
    assert "The wire shows no counter, and the driver tells one." in out
    assert out.splitlines()[-1] == "The driver ipg does NOT conform."


def test_one_cause_is_told_once(capsys, two_checks, monkeypatch):
    """At the head, with how many checks it stops, and not below each of them again."""
    checks = (on_locking.lock_is_idempotent, on_evidence.evidence_is_true)
    monkeypatch.setattr(grading, "CHECKS", checks)
    monkeypatch.setattr(registry, "load", lambda _: Factory(CallsStandbyLocked))
    code, out, _ = run(capsys, "ipg")
    assert code == 1
    assert "  2 checks do not hold for one reason: A session on a healthy laser ended at" in out
    assert out.count("the driver says LOCKED when the laser should be in STANDBY") == 1


def test_a_page_gets_its_grade(capsys, two_checks, tmp_path):
    """Between the two marks, and nothing else of the page is touched."""
    page = tmp_path / "ipg.md"
    page.write_text(f"# Mine\n{BEGIN}\nold\n{END}\nafter\n")
    assert run(capsys, "ipg", "--page", str(page))[0] == 0
    text = page.read_text()
    assert grades_on(text, "ylr-sm") == {"identify_asks_only": "done", "shown_is_true": "done"}
    assert text.startswith(f"# Mine\n{BEGIN}\n|")
    assert text.endswith(f"{END}\nafter\n")


def test_a_page_without_a_place_for_the_grade_is_refused(capsys, two_checks, tmp_path):
    """It is told what to write where."""
    page = tmp_path / "ipg.md"
    page.write_text("# Mine\n")
    code, _, err = run(capsys, "ipg", "--page", str(page))
    assert code == 2
    assert BEGIN in err
    assert page.read_text() == "# Mine\n"


def test_an_unknown_driver_is_exit_2(capsys):
    """Naming those that are installed."""
    code, _, err = run(capsys, "maser")
    assert code == 2
    assert "There is no driver 'maser'. Installed: " in err


def test_a_driver_without_a_profile_is_exit_2(capsys, monkeypatch):
    """Its author is told what to add."""
    monkeypatch.setattr(registry, "load", lambda _: Factory(InventsACounter))
    code, _, err = run(capsys, "maser")
    assert code == 2
    assert "devicelink.conformance" in err


def test_a_meter_is_no_laser(capsys):
    """Nothing is tried, and the sentence says why."""
    code, _, err = run(capsys, "ophir")
    assert code == 2
    assert "it makes no light" in err


def test_an_exemption_of_no_check_is_refused(capsys, two_checks, monkeypatch):
    """A misspelt one would hide nothing and look as if it did."""
    wrong = replace(YLR_SM, exempt={"shown_is_treu": "Because."})
    monkeypatch.setattr(subject, "profiles", lambda _: (wrong,))
    code, _, err = run(capsys, "ipg")
    assert code == 2
    assert "shown_is_treu" in err


def test_other_driver_commands_do_not_import_the_suite():
    """Who lists drivers does not wait for it; the list of commands names it all the same."""
    code = (
        "import sys; from devicelink.cli.app import build; build(['driver', 'list']);"
        "print('devicelink_simulation' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
    helped = subprocess.run(
        [sys.executable, "-m", "devicelink", "driver", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "conform" in helped.stdout
