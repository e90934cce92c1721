"""A simulated meter in the beam of a simulated laser: each pulse, its time, what is left of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from devicelink.errors import ConfigError
from devicelink_simulation.beam import Beam
from devicelink_simulation.registry import simulator
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList
from tests.clinic import here

BEGIN_NS = 5_000_000_000
SECOND_NS = 1_000_000_000
LASER = {"q_switch_at_run": "0", "q_switch_wait_pulses": "0", "frequency_hz": "4"}
METER = {"head": "pyroelectric", "energy_ranges_j": "3 0.3", "damage_j": "5"}


class Bench:
    """A laser that pulses by itself from the beginning, and the meter."""

    def __init__(self, laser=(), meter=()):
        beam, self.truth = Beam(), TruthList()
        values = {**LASER, **dict(laser)}
        self.laser = beam.laser(Plan.of(simulator("bigsky"), values=values), TruthList(), BEGIN_NS)
        plan = Plan.of(simulator("ophir"), values={**METER, **dict(meter)})
        self.meter = beam.meter(plan, self.truth, BEGIN_NS)
        self.laser.receive(b"$062A\r\n$062R1\r\n$062PQ\r\n", BEGIN_NS)

    def pulses(self, seconds):
        """Those that fell by then, of which the meter alone is asked: (s since, J)."""
        self.meter.advance(BEGIN_NS + round(seconds * SECOND_NS))
        return [
            ((each["mono_ns"] - BEGIN_NS) / SECOND_NS, each["joules"])
            for each in self.truth.events
            if each["event"] == "pulse"
        ]


def test_each_pulse_falls_at_its_own_time_whoever_is_asked():
    """The meter's time passing lets the laser's pass; nothing falls twice."""
    bench = Bench()
    at_s, joules = zip(*bench.pulses(1.1), strict=True)
    assert at_s == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert joules == pytest.approx([0.08] * 4, rel=0.01)
    bench.laser.advance(BEGIN_NS + 2 * SECOND_NS)
    assert len(bench.pulses(2.0)) == 8


def test_what_reaches_the_head_is_worn_and_attenuated():
    """By the lamp's wear at the laser, and by what stands between."""
    worn = Bench(laser={"wear_percent": "50"}, meter={"falls_percent": "10"})
    assert worn.pulses(0.3)[0][1] == pytest.approx(0.004, rel=0.01)


def test_a_closed_shutter_lets_nothing_fall():
    """The lamp and its Q-switch go on; the head stays dark."""
    bench = Bench()
    bench.pulses(0.6)
    bench.laser.receive(b"$062R0\r\n", BEGIN_NS + round(0.6 * SECOND_NS))
    assert len(bench.pulses(3)) == 2


def test_light_of_another_wavelength_is_what_the_head_then_sees():
    """A meter set to 10.6 um reads a 1064 nm laser wrongly, by its head's curve."""
    bench = Bench(meter={"wavelength_index": "6"})
    bench.pulses(0.3)
    measured = [each["joules"] for each in bench.truth.events if each["event"] == "measured"]
    assert measured[0] > 0.09


def test_only_a_meter_stands_in_a_beam():
    """A laser feels no light."""
    with pytest.raises(ConfigError, match="feels no light"):
        Beam().meter(Plan.of(simulator("ipg")), TruthList(), 0)


def test_both_are_served_and_turned_from_one_process(tmp_path):
    """One line tells both targets; a line for the meter begins with its word."""
    words = ["sim", "serve", "bigsky", "--pty", "--link", tmp_path / "l", "--meter", "ophir"]
    words += ["--meter-link", tmp_path / "m", "--meter-set", "head=pyroelectric"]
    served = subprocess.Popen(
        [sys.executable, "-m", "devicelink", *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    ready = json.loads(served.stdout.readline())
    assert (ready["target"], ready["meter"]["target"]) == (str(tmp_path / "l"), str(tmp_path / "m"))
    for line, key in (("meter head=none", "head"), ("interlock=open", "interlock")):
        served.stdin.write(line + "\n")
        assert json.loads(served.stdout.readline()) == {
            "ok": True,
            "key": key,
            "value": line.partition("=")[2],
        }
    served.terminate()
    served.communicate(timeout=10)
    assert not (tmp_path / "l").exists()
    assert not (tmp_path / "m").exists()


def test_words_that_go_with_a_meter_need_one(tmp_path):
    """And what cannot stand in a beam is refused with a sentence; exit 2."""
    serve = ("sim", "serve", "bigsky", "--pty", "--link", tmp_path / "l")
    here(*serve, "--meter-set", "head=none", code=2)
    here(*serve, "--meter", "ipg", code=2)
    here(*serve, "--meter", "nobody", code=2)
