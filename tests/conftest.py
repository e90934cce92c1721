"""What all tests share: an environment of their own, a clinic, and nothing left running."""

from __future__ import annotations

from dataclasses import replace

import pytest
from argon2.profiles import RFC_9106_LOW_MEMORY

from devicelink.people.pins import PinHasher
from tests.clinic import Clinic, build, left_running, wait

ENDING_S = 10.0
"""A guard whose owner has ended reads its lock back before it goes."""


CHEAP = replace(RFC_9106_LOW_MEMORY, time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def cheap_pins():
    """A PIN that is set in this process is hashed at little cost, which its hash says.

    So whatever process compares it pays as little. What a station of its own process pays, and
    whether nobody's PIN costs as much as somebody's, is tested at the real cost.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PinHasher.__init__, "__defaults__", (CHEAP,))
        yield


@pytest.fixture(autouse=True)
def own_environment(tmp_path, monkeypatch):
    """No test sees the user's folders, and none leaves a process behind that does not end."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("DEVICELINK_DATA", raising=False)
    yield
    wait(lambda: not left_running(str(tmp_path)), ENDING_S)


@pytest.fixture(scope="session")
def template(tmp_path_factory, cheap_pins):
    """A station with people and a maker, built once."""
    root = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(root / "config"))
        build(root / "c")
    return root / "c"


@pytest.fixture
def make_clinic(tmp_path, template):
    """Clinics on demand, with options for their simulated laser."""
    made = []

    def make(*options):
        root = tmp_path / f"clinic{len(made)}"
        clinic = Clinic(root, template, *options)
        made.append(clinic)
        return clinic

    yield make
    for clinic in made:
        clinic.laser.close()


@pytest.fixture
def clinic(make_clinic):
    """A clinic with a healthy laser."""
    return make_clinic()


def pytest_terminal_summary(terminalreporter):
    """How long after a SIGKILL it was dark: the distribution, phase by phase."""
    measured = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name.startswith("dark_ms "):
                measured.setdefault(name.removeprefix("dark_ms "), []).append(value)
    if not measured:
        return
    terminalreporter.section("dark and disabled after SIGKILL, ms (bound: 50)")
    everything = [value for values in measured.values() for value in values]
    for phase, values in [*sorted(measured.items()), ("all", everything)]:
        ordered = sorted(values)
        middle = ordered[len(ordered) // 2]
        terminalreporter.write_line(
            f"{phase:<14} {len(ordered):>3} kills   median {middle:>5.1f}   max {ordered[-1]:>5.1f}"
        )
