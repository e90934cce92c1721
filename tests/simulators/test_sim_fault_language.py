"""The fault language as its page tells it: each example is run; and chance under a seed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from devicelink_simulation.faults import WHEN, WIRE_FAULTS, Faults
from devicelink_simulation.truth import NoTruth

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```fault\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def started(lab, first):
    """A laser as the first line of an example asks for it."""
    words = shlex.split(first)
    asked = dict(zip(words[::2], words[1::2], strict=True))
    return lab(faults=[asked["--fault"]], seed=int(asked.get("--seed", "0")))


def told(data):
    """Bytes as the page writes them."""
    return repr(data)[2:-1]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(None, 2)[1])
def test_every_example_of_the_page_is_true(lab, example):
    """What the host sends, what comes back and when, byte for byte."""
    first, *lines = example.splitlines()
    laser = started(lab, first)
    heard = ""
    for line in lines:
        what, _, rest = line.partition(" ")
        if what == "<":
            assert (line, heard) == (f"< {heard}", rest)
            heard = ""
            continue
        assert heard == "", f"before {line!r} came something that the page does not tell"
        if what == "port":
            assert laser.sim.plugged == (rest == "back")
        else:
            said = laser.raw(rest.encode() + b"\r") if what == ">" else laser.wait(float(rest))
            heard = told(said)
    assert heard == ""


def test_the_page_has_every_fault_of_the_wire_and_every_condition():
    """No fault and no key of WHEN without an example; no default differs from what it says."""
    specs = [example.split("--fault ", 1)[1].split("\n", 1)[0] for example in EXAMPLES]
    assert {re.split("[:@]", spec)[0] for spec in specs} == {kind.name for kind in WIRE_FAULTS}
    used = {each.split("=")[0] for spec in specs for each in spec.partition("@")[2].split(",")}
    assert used == {each.name for each in WHEN}
    assert all(f"| `{each.name}=" in PAGE for each in WHEN)


def struck(spec, *, seed=0, beside=(), rounds=2000, word="STA"):
    """The numbers of the exchanges that a fault strikes."""
    faults = Faults(WIRE_FAULTS, NoTruth(), seed)
    for each in (*beside, spec):
        faults.add(each, 0)
    name = spec.split("@")[0]
    return [at for at in range(rounds) if name in faults.exchange(word, at).faults]


def test_chance_has_its_probability():
    """One in twenty is one in twenty; never and always are never and always."""
    assert 60 < len(struck("drop@p=0.05")) < 140
    assert struck("drop@p=0") == []
    assert len(struck("drop@p=1")) == 2000


def test_chance_repeats_with_the_seed_and_whatever_stands_beside_it():
    """The same seed strikes the same exchanges, another one others; other faults change nothing."""
    once = struck("drop@p=0.1", seed=5)
    assert once == struck("drop@p=0.1", seed=5, beside=["delay@p=0.5", "split@nth=3", "delay"])
    assert once != struck("drop@p=0.1", seed=6)
    both = Faults(WIRE_FAULTS, NoTruth(), 5)
    both.add("drop@p=0.1", 0)
    both.add("drop@p=0.1", 0)
    twice = [at for at in range(2000) if both.exchange("STA", at).faults]
    assert set(once) < set(twice)


def test_chance_together_with_the_other_conditions():
    """From the Nth on, at most so often, for so long, for that command only."""
    free = struck("drop@p=0.1", rounds=200)
    assert struck("drop@p=0.1,count=3", rounds=200) != []
    assert len(struck("drop@p=0.5,count=3")) == 3
    assert min(struck("drop@p=0.5,nth=500")) >= 499
    assert len(struck("drop@p=0.5,nth=500")) > 600
    assert struck("drop@p=1,cmd=ROP") == []
    assert len(free) > 5
    within = struck("drop@p=0.3,for=0.0000001")  # the clock of these exchanges is in nanoseconds
    assert len(within) > 10
    assert max(within) < min(within) + 100


def test_a_lasting_fault_may_begin_by_chance(lab):
    """Each exchange that fits may be the one with which it begins; then it stays."""
    laser = lab(faults=["silence@p=0.1"], seed=1)
    said = [laser.ask("RNC") for _ in range(40)]
    begins = said.index("")
    assert begins > 0
    assert set(said[begins:]) == {""}
    assert laser.truth.names("fault") == ["fault"] * (40 - begins)


def test_the_noise_of_readings_is_none_of_its_business(lab):
    """With a fault by chance the laser measures what it measures without."""
    values = {"diode_current_percent": "50", "startup_s": "0", "power_average_s": "0.2"}
    plain = lab(values=values, seed=3)
    attacked = lab(values=values, seed=3, faults=["delay:seconds=0@p=0.5", "duplicate@p=0.2"])
    for laser in (plain, attacked):
        laser.ask("EMON")
        laser.wait(1)
    powers = [plain.ask("ROP") for _ in range(50)]
    assert len(set(powers)) > 5
    assert powers == [attacked.ask("ROP").split("\r")[0] for _ in range(50)]
