"""The kit's small parts: settables, plans, the truth, noise, and the registry."""

from __future__ import annotations

import json
import sys

import pytest

from devicelink.errors import ConfigError
from devicelink_simulation.noise import Noise
from devicelink_simulation.registry import installed, simulator
from devicelink_simulation.settable import choice, number, text, whole
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthFile


@pytest.mark.parametrize(
    ("settable", "good", "bad", "sentence"),
    [
        (choice("c", ("a", "b"), ""), "b", "d", "c must be one of a, b, not 'd'."),
        (
            number("n", "0", "", low=0, high=5),
            "5",
            "5.1",
            "n must be a number from 0 to 5, not '5.1'.",
        ),
        (number("n", "0", ""), "-3.5", "inf", "n must be a number, not 'inf'."),
        (number("n", "0", ""), "1e3", "", "n must be a number, not ''."),
        (
            whole("w", "0", "", low=0, high=255),
            "0xff",
            "1.5",
            "w must be a whole number, not '1.5'.",
        ),
        (text("t", "", ""), "any text", "a\tb", "t must be printable ASCII text, not 'a\\tb'."),
    ],
)
def test_values_are_checked(settable, good, bad, sentence):
    """A value of its type is kept as written; any other is told what is allowed."""
    assert settable.check(good) == good
    with pytest.raises(ConfigError) as refused:
        settable.check(bad)
    assert str(refused.value) == sentence


def test_a_choice_that_comes_later_says_so():
    """A choice that the interface names and that is not there yet is not called unknown."""
    with pytest.raises(ConfigError, match="colour=red is not there yet"):
        choice("colour", ("green",), "of the light", later=("red",)).check("red")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"values": {"kye": "on"}}, "The simulator ipg knows no 'kye'. Did you mean key?"),
        ({"values": {"key": "off"}}, "key must be one of on, rem, not 'off'."),
        ({"setup": "nowhere"}, "The simulator ipg has no set-up 'nowhere'. Known: copy"),
        ({"at": ["key=rem"]}, "--at must be written as SECONDS:KEY=VALUE, not 'key=rem'."),
        ({"at": ["soon:key=rem"]}, "The time of --at must be a number, not 'soon'."),
        ({"at": ["1:key=off"]}, "key must be one of on, rem"),
        ({"at": ["1:key"]}, "--at SECONDS:KEY=VALUE must be written as KEY=VALUE"),
    ],
)
def test_plans_are_checked_before_anything_opens(asked, sentence):
    """Whatever a person asks for is checked at once."""
    with pytest.raises(ConfigError) as refused:
        Plan.of(simulator("ipg"), **asked)
    assert str(refused.value).startswith(sentence)


def test_values_override_a_set_up(lab):
    """A value that is named stands above that of the set-up."""
    assert lab(setup="door_open", values={"interlock_1": "closed"}).status == set()


def test_later_acts_happen_at_their_time(lab):
    """Acts of --at happen in the order of their times, exactly, also inside a long step."""
    acts = ["4.5:interlock_1=open", "4:modulation_input=high", "6:fault=silence"]
    laser = lab(values={"modulation": "enabled", "diode_current_percent": "50"}, at=acts)
    laser.ask("EMON")
    assert laser.sim.next_event_ns() == laser.begin_ns + 3_000_000_000
    laser.wait(5)
    assert laser.lights() == ["enabled", "light_on", "light_off", "disabled"]
    assert (laser.when("light_on"), laser.when("light_off")) == (4.0, 4.5)
    times = [each["mono_ns"] for each in laser.truth.events]
    assert times == sorted(times)
    assert laser.ask("RNC") == "RNC: 10.0"
    laser.wait(1)
    assert laser.ask("RNC") == ""


def test_a_later_act_without_effect_is_in_the_truth(lab):
    """START in vain at its time ends nothing; the truth says why it had no effect."""
    laser = lab(values={"interlock_1": "open"}, at=["1:supply=on", "2:interlock_1=closed"])
    laser.wait(3)
    assert laser.truth.names("set", "no_effect") == ["set", "no_effect", "set"]
    assert laser.status == {11}


def test_the_truth_begins_with_every_value(lab):
    """The first line names the simulator, the seed and all values."""
    first = lab(values={"key": "rem"}, seed=7).truth.events[0]
    assert (first["event"], first["simulator"], first["seed"]) == ("start", "ipg", 7)
    assert first["values"]["key"] == "rem"
    assert len(first["values"]) == len(simulator("ipg").settables)


def test_truth_files_are_appended_line_by_line(tmp_path):
    """Each event is a whole line in the file at once; an older file is continued."""
    path = tmp_path / "truth.jsonl"
    first, second = TruthFile(path), TruthFile(path)
    first.note(1, "light_on", power_w=2.5)
    second.note(2, "light_off")
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"mono_ns": 1, "event": "light_on", "power_w": 2.5},
        {"mono_ns": 2, "event": "light_off"},
    ]
    first.close()
    second.close()


def test_a_truth_file_that_cannot_be_written(tmp_path):
    """A sentence names the file and the reason."""
    with pytest.raises(ConfigError, match="cannot be written: Is a directory"):
        TruthFile(tmp_path)


def test_noise_repeats_and_stays_within_three_sigma():
    """The same seed gives the same noise, another seed another."""
    one, two, other = Noise(3), Noise(3), Noise(4)
    draws = [one.gauss(2.0) for _ in range(5000)]
    assert draws == [two.gauss(2.0) for _ in range(5000)]
    assert draws[:10] != [other.gauss(2.0) for _ in range(10)]
    assert max(map(abs, draws)) == 6.0


def test_the_ipg_simulator_is_installed():
    """It is found by its entry point, with its distribution and version."""
    found = {each.name: each for each in installed()}
    assert found["ipg"].problem is None
    assert found["ipg"].distribution == "devicelink"
    with pytest.raises(
        ConfigError, match=r"There is no simulator 'ibg'\. Known: bigsky, interlock, ipg"
    ):
        simulator("ibg")


@pytest.fixture
def distributions(tmp_path, monkeypatch):
    """Other distributions, installed in a folder: a broken simulator, a wrong one, a second ipg."""
    folder = tmp_path / "site"
    info = folder / "strange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    lines = ["broken = no_such_module:SIMULATOR", "wrong = json:dumps", "ipg = json:loads"]
    (info / "entry_points.txt").write_text("\n".join(["[devicelink.simulators]", *lines]) + "\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    return folder


@pytest.mark.usefixtures("distributions")
def test_broken_simulators_are_listed_with_their_problem():
    """A broken one neither hides the others nor is hidden; using it says why it cannot be used."""
    problems = {(each.name, each.distribution): each.problem for each in installed()}
    assert "ModuleNotFoundError" in problems["broken", "strange"]
    assert "is no devicelink_simulation.device.Simulator" in problems["wrong", "strange"]
    assert "several distributions" in problems["ipg", "devicelink"]
    for name in ("broken", "wrong", "ipg"):
        with pytest.raises(ConfigError, match=f"The simulator {name} cannot be used"):
            simulator(name)
