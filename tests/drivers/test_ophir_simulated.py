"""The Ophir driver on the simulated meter, in virtual time: pulses, ranges, settling."""

from __future__ import annotations

import pytest

from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink.meter import Mode, Reading, Wanted
from devicelink_ophir import Ophir
from devicelink_ophir_sim import SIMULATOR
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList
from tests.drivers.dialogues import Clock

STEP_NS = 1_000_000


class Bench:
    """A driver linked to a simulated meter."""

    def __init__(self, **values):
        self.clock = Clock()
        self.sim = Plan.of(SIMULATOR, values=values).build(TruthList(), 0)
        self.meter = Ophir({})
        self.link = Link(self, self.meter.wire, self.clock, NoTranscript())

    def write(self, data):
        """To the meter."""
        self.sim.receive(data, self.clock.ns)

    def read(self, within_s, until=None):
        """What it answers, as soon as it does."""
        end_ns = self.clock.ns + round(within_s * 1e9)
        while not (said := self.sim.transmit(self.clock.ns)) and self.clock.ns < end_ns:
            self.clock.ns = min(end_ns, self.clock.ns + STEP_NS)
        return said

    def later(self, seconds):
        """Time passes at the meter."""
        self.clock.sleep(seconds)
        self.sim.advance(self.clock.ns)

    def pulse(self, energy_j):
        """One falls on the head; its reading is there a little later."""
        self.sim.set("pulse_j", energy_j, self.clock.ns)
        self.later(4)


@pytest.mark.parametrize("model", ["ea1", "nova", "nova2", "vega"])
@pytest.mark.parametrize(("head", "energy_j"), [("thermopile", "1"), ("pyroelectric", "0.005")])
def test_a_pulse_is_measured(model, head, energy_j):
    """Set up, settled, the stale energy thrown away, then one pulse, once, within a few percent."""
    bench = Bench(model=model, head=head, beam_nm="10600", pulse_j=energy_j)
    meter, link = bench.meter, bench.link
    assert Mode.ENERGY in meter.identify(link).head.measures
    meter.prepare(link, Wanted(mode=Mode.ENERGY, wavelength="10600"))
    largest = next(one for one in meter.read_setup(link).ranges if one != "AUTO")
    meter.prepare(link, Wanted(range=largest))
    bench.later(meter.declaration.settles_s)
    assert meter.settled(link)
    told = meter.read_setup(link)
    assert (told.mode, told.unit, told.range) == (Mode.ENERGY, Reading("J"), Reading(largest))
    assert told.wavelength_nm == Reading("10600")
    meter.discard_stale(link)
    assert meter.next_pulse(link) is None
    bench.pulse(energy_j)
    reading = meter.next_pulse(link)
    assert reading.why is None
    assert float(reading.value) == pytest.approx(float(energy_j), rel=0.1)
    assert meter.next_pulse(link) is None


def test_too_much_for_the_range_is_over_and_no_number():
    """A pulse beyond the range has a reason in place of a number."""
    bench = Bench(model="vega", head="pyroelectric")
    meter, link = bench.meter, bench.link
    smallest = meter.read_setup(link).ranges[-1]
    meter.prepare(link, Wanted(range=smallest))
    bench.later(meter.declaration.settles_s)
    meter.discard_stale(link)
    bench.pulse("0.005")
    assert meter.next_pulse(link) == Reading(None, "over_range")


def test_a_range_that_settles_measures_nothing():
    """Right after a change of range a pulse goes unmeasured: none is told of it."""
    bench = Bench(model="vega", head="pyroelectric")
    meter, link = bench.meter, bench.link
    meter.discard_stale(link)
    meter.prepare(link, Wanted(range=meter.read_setup(link).ranges[0]))
    bench.sim.set("pulse_j", "0.005", bench.clock.ns)
    bench.later(meter.declaration.settles_s)
    assert meter.next_pulse(link) is None


def test_power_is_read():
    """A beam on a thermopile, after its slow answer."""
    bench = Bench(model="vega", head="thermopile", mode="power", beam_w="10")
    bench.later(20)
    reading = bench.meter.read_power(bench.link)
    assert float(reading.value) == pytest.approx(10, rel=0.1)


def test_no_head_measures_nothing():
    """A meter without a head identifies itself, and has none."""
    bench = Bench(head="none")
    assert bench.meter.identify(bench.link).head is None
