"""What `session show` says of a session's settings, of what was emitted, and of the counter."""

from __future__ import annotations

from types import SimpleNamespace

from devicelink.cli.showing import summary, summary_lines
from devicelink.treatment.parameters import Emitted, emitted, parameters


def entry(kind, **data):
    """An entry, as far as is looked at."""
    return SimpleNamespace(type=kind, data=data)


def scan(first, last, total, *, kind="scan.recorded", outcome="complete"):
    """One report of a console."""
    measured = None if total is None else {"sum": total, "mean": "19.97"}
    where = None if total is None else "inside the laser"
    energy = {"effective": "20", "measured": measured, "measured_where": where}
    return entry(kind, first_pulse=first, last_pulse=last, outcome=outcome, energy_mj=energy)


SET = (
    entry("settings.requested", settings={"energy_mj": "20.2", "rate_hz": "10"}),
    entry("settings.effective", settings={"energy_mj": "20", "rate_hz": "10", "stack": "1"}),
)
SCANS = (scan(1, 200, "3994.8"), scan(201, 210, "199.2", outcome="aborted"))


def test_each_setting_stands_beside_what_came_of_it():
    """Requested, effective and measured; what was not asked for is shown all the same."""
    rows = {each.name: each for each in parameters((*SET, *SCANS))}
    assert list(rows) == ["energy_mj", "rate_hz", "stack"]
    energy = rows["energy_mj"]
    assert (energy.requested, energy.effective, energy.measured) == ("20.2", "20", "19.971")
    assert energy.measured_where == "inside the laser"
    assert (rows["stack"].requested, rows["stack"].why_not_measured) == (None, "not_reported")


def test_a_change_at_the_panel_is_what_is_effective():
    """The last word of the session counts."""
    turned = entry("settings.changed_at_panel", settings={"energy_mj": "25"})
    assert parameters((*SET, turned))[0].effective == "25"


def test_what_was_emitted_is_added_up():
    """Scans, pulses, what was cut short, and the energy that was sensed."""
    one = scan(211, 211, "20", kind="pulses.recorded")
    assert emitted((*SCANS, one)) == Emitted(scans=2, pulses=211, aborted=1, energy_mj="4214.0")
    assert emitted(SET) is None


def test_energy_that_was_not_sensed_for_all_is_no_sum():
    """A sum with a hole in it would be a smaller number, not an unknown one."""
    assert emitted((*SCANS, scan(211, 220, None))).energy_mj is None


def test_people_read_a_table_and_the_counter():
    """With where it was measured, and that no meter says so."""
    told = entry("counter.reconciled", before=0, after=211, recorded=210, unexplained=1, why=None)
    lines = list(summary_lines((*SET, *SCANS, told)))
    assert lines[0].split() == ["requested", "effective", "measured"]
    assert lines[1].split() == ["energy_mj", "20.2", "20", "19.971"]
    assert "inside the laser" in lines[4]
    assert lines[5] == "  emitted 210 pulses in 2 scans, 1 of them cut short; 4194.0 mJ"
    assert lines[6] == "  counter: 0 to 211, 210 recorded, 1 unexplained"


def test_a_laser_that_reports_nothing_has_no_invented_numbers():
    """No scans is None, not zero; no setting, no table."""
    assert summary(()) == {"parameters": [], "emitted": None}
    assert list(summary_lines(())) == []
