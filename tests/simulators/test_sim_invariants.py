"""What must hold for every installed simulator, whatever is done to it: the kit's invariants."""

from __future__ import annotations

import contextlib
import json
import math
import pickle
from functools import cache

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from devicelink.errors import ConfigError
from devicelink_simulation.commands import app
from devicelink_simulation.faults import WIRE_FAULTS
from devicelink_simulation.registry import installed
from devicelink_simulation.settable import Kind
from devicelink_simulation.simulation import Plan, known_faults
from devicelink_simulation.truth import TruthList
from tests.simulators.speech import SPEECH

BEGIN_NS = 1_000_000_000_000
DARK_WITHIN_S = 0.05
FEW = settings(max_examples=200, deadline=None, suppress_health_check=[*HealthCheck])
SECONDS = st.sampled_from([0.0, 0.001, 0.05, 0.3, 1.0, 2.5, 7.0, 60.0])
SIMULATORS = {each.name: each.simulator for each in installed()}
every = pytest.mark.parametrize("found", installed(), ids=lambda each: each.name)


def usable(found):
    """The simulator; one that cannot be used is skipped with the reason."""
    if found.simulator is None:
        pytest.skip(f"the simulator {found.name} cannot be used: {found.problem}")
    if found.name == "replay":
        pytest.skip("replay is built from a recording alone; tests/simulators/test_sim_replay.py")
    return found.simulator


class Bench:
    """One device in virtual time, its truth, and everything that it said."""

    def __init__(self, simulator, *, parts=1, **asked):
        self.now_ns = BEGIN_NS
        self.truth = TruthList()
        self.parts = parts
        self.heard = []
        self.sim = Plan.of(simulator, **asked).build(self.truth, self.now_ns)

    def do(self, what, how):
        """One act; waiting is done in so many parts."""
        if what == "send":
            self.sim.receive(how, self.now_ns)
            said = self.sim.transmit(self.now_ns)
        elif what == "wait":
            said = self.wait(how)
        else:
            with contextlib.suppress(ConfigError):
                self.sim.set(*how, self.now_ns)
            said = self.sim.transmit(self.now_ns)
        self.heard.append(said)

    def wait(self, seconds):
        """Let time pass; what was said meanwhile."""
        begin_ns, step_ns = self.now_ns, round(seconds * 1e9)
        said = b""
        for part in range(1, self.parts + 1):
            self.now_ns = begin_ns + step_ns * part // self.parts
            if part % 2:
                self.sim.advance(self.now_ns)
            said += self.sim.transmit(self.now_ns)
        return said

    def last(self, on, off):
        """Whether the last of these events is the first one."""
        return self.truth.names(on, off)[-1:] == [on]


# Strategies are kept: hypothesis looks each one through when it is new, at more cost than a draw.


@cache
def value(settable):
    """Values that this settable takes, its edges among them."""
    if settable.kind is Kind.CHOICE:
        return st.sampled_from(settable.choices)
    if settable.kind is Kind.TEXT:
        return st.sampled_from([settable.default, "X", "00", ""])
    default = settable.number(settable.default)
    low, high = max(settable.low, default - 1000), min(settable.high, default + 1000)
    if settable.kind is Kind.WHOLE:
        edges = [int(default), int(low), int(high)]
        return (st.sampled_from(edges) | st.integers(int(low), int(high))).map(str)
    edges = st.sampled_from([default, low, high])
    return (edges | st.floats(low, high, allow_nan=False)).map(repr)


@cache
def conditions(words, *, may_end):
    """Each WHEN of a fault's language by name, and up to three names of them."""
    when = {
        "at": SECONDS.map(str),
        "nth": st.integers(1, 4).map(str),
        "count": st.integers(1, 3).map(str),
        "p": st.sampled_from(["0", "0.3", "1"]),
    }
    if words:
        when["cmd"] = st.sampled_from([word for word in words if word.isalnum()] or ["A"])
    if may_end:
        when["for"] = SECONDS.map(str)
    return when, st.lists(st.sampled_from(sorted(when)), unique=True, max_size=3)


@cache
@st.composite
def fault(draw, words, kinds):
    """Any of these faults with any parameters, at any time, command or chance."""
    kind = draw(st.sampled_from(kinds))
    told = []
    for each in kind.parameters:
        text = each.kind is Kind.TEXT
        told.append(f"{each.name}={'0d2a' if text else draw(value(each))}")
    when, some = conditions(words, may_end=kind.lasts is None)
    chosen = ",".join(f"{name}={draw(when[name])}" for name in draw(some))
    what = f"{kind.name}{':' if told else ''}{','.join(told)}"
    return f"{what}@{chosen}" if chosen else what


@cache
def knobs(settables):
    """Any of these knobs with any value."""
    return st.one_of([st.tuples(st.just(each.name), value(each)) for each in settables])


@cache
def stories(name, kinds):
    """How a simulator's device is built, and what happens to it, with faults of these kinds.

    Bytes, commands, knobs, faults and time, in any order.
    """
    simulator = SIMULATORS[name]
    commands = SPEECH.get(name, [])
    words = tuple(command.decode("latin-1").split()[0] for command in commands)
    turned, planted = knobs(simulator.settables), fault(words, kinds)
    asked = st.fixed_dictionaries(
        {
            "setup": st.none() | st.sampled_from([None, *simulator.setups]),
            "values": st.lists(turned, max_size=4).map(dict),
            "faults": st.lists(planted, max_size=2),
            "seed": st.integers(0, 3),
        }
    )
    sent = st.binary(max_size=20)
    if commands:
        sent = st.sampled_from(commands) | st.sampled_from(commands) | sent
    acts = st.lists(
        st.one_of(
            st.tuples(st.just("send"), sent),
            st.tuples(st.just("wait"), SECONDS),
            st.tuples(st.just("set"), turned),
            st.tuples(st.just("set"), st.tuples(st.just("fault"), planted | st.just("none"))),
        ),
        max_size=30,
    )
    return asked, acts


def story(data, simulator, kinds=None):
    """One of them, whose first part is possible."""
    how, acts = stories(simulator.name, kinds or known_faults(simulator))
    asked = data.draw(how)
    try:
        Bench(simulator, **asked)
    except ConfigError:
        reject()
    return asked, data.draw(acts)


@every
@FEW
@given(data=st.data())
def test_the_truth_is_a_story(found, data):
    """It begins with start; on and off alternate, on first; no time goes back or lies ahead."""
    simulator = usable(found)
    asked, happens = story(data, simulator)
    bench = Bench(simulator, **asked)
    for act in happens:
        bench.do(*act)
    events = bench.truth.events
    assert events[0]["event"] == "start"
    for on, off in (("light_on", "light_off"), ("enabled", "disabled")):
        told = bench.truth.names(on, off)
        assert told == [(on, off)[at % 2] for at in range(len(told))]
    times = [each["mono_ns"] for each in events]
    assert times == sorted(times)
    assert BEGIN_NS <= times[0] <= times[-1] <= bench.now_ns
    assert all(json.dumps(each) for each in events)


@every
@FEW
@given(data=st.data(), parts=st.integers(2, 5))
def test_how_often_one_looks_changes_nothing(found, data, parts):
    """In one step or in many: the same truth, and the same bytes in each while."""
    simulator = usable(found)
    asked, happens = story(data, simulator)
    once, often = Bench(simulator, **asked), Bench(simulator, parts=parts, **asked)
    for act in happens:
        once.do(*act)
        often.do(*act)
    assert once.truth.events == often.truth.events
    assert once.heard == often.heard


@every
@FEW
@given(data=st.data())
def test_the_same_seed_is_the_same_story(found, data):
    """Every byte and every event again, noise and chance included."""
    simulator = usable(found)
    asked, happens = story(data, simulator)
    first, again = Bench(simulator, **asked), Bench(simulator, **asked)
    for act in happens:
        first.do(*act)
    for act in happens:
        again.do(*act)
    assert (first.heard, first.truth.events) == (again.heard, again.truth.events)


@every
@FEW
@given(data=st.data())
def test_nothing_happens_before_the_next_event(found, data):
    """Until the time that is told nothing is said and nothing comes true; it lies ahead."""
    simulator = usable(found)
    asked, happens = story(data, simulator)
    bench = Bench(simulator, **asked)
    bench.do("wait", 0)
    for act in happens:
        bench.do(*act)
        next_ns = bench.sim.next_event_ns()
        assert next_ns is None or next_ns > bench.now_ns
        quiet_ns = bench.now_ns + 10**12 if next_ns is None else next_ns - 1
        before = (len(bench.truth.events), bench.sim.plugged, bench.sim.plugs)
        assert bench.sim.transmit(quiet_ns) == b""
        assert before == (len(bench.truth.events), bench.sim.plugged, bench.sim.plugs)
        bench.now_ns = quiet_ns
        later_ns = bench.sim.next_event_ns()
        assert later_ns is None or later_ns > quiet_ns


@every
@FEW
@given(chunks=st.lists(st.binary(max_size=300), max_size=8))
def test_any_bytes_are_survived(found, chunks):
    """Nothing raises, and what comes back ends by itself."""
    bench = Bench(usable(found))
    for chunk in chunks:
        bench.do("send", chunk)
    bench.do("wait", 60)
    assert sum(map(len, bench.heard)) < 100_000


def interlocks(simulator):
    """The knobs that are interlocks."""
    return [
        each.name
        for each in simulator.settables
        if each.name.startswith("interlock") and set(each.choices) == {"closed", "open"}
    ]


@every
@FEW
@given(data=st.data())
def test_an_open_interlock_is_dark_and_closing_it_restores_nothing(found, data):
    """Dark and disabled within 50 ms of its opening; closed again, and left alone, it stays so."""
    simulator = usable(found)
    names = interlocks(simulator)
    if not names:
        pytest.skip(f"{simulator.name} has no interlock")
    asked, happens = story(data, simulator, WIRE_FAULTS)
    name = data.draw(st.sampled_from(names))
    bench = Bench(simulator, **asked)
    for act in happens:
        bench.do(*act)
    bench.sim.set(name, "open", bench.now_ns)
    bench.do("wait", DARK_WITHIN_S)
    assert not bench.last("light_on", "light_off")
    assert not bench.last("enabled", "disabled")
    bench.sim.set(name, "closed", bench.now_ns)
    for seconds in (0.0, 1.0, 100.0, 10_000.0):
        bench.do("wait", seconds)
        assert not bench.last("light_on", "light_off")
        assert not bench.last("enabled", "disabled")


@every
def test_the_description_is_complete(found, capsys):
    """Everything settable has a type, a default that it takes, and a meaning; all of it is JSON."""
    simulator = usable(found)
    app(["describe", simulator.name, "--json"], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == found.name
    names = [each["name"] for each in told["settables"]]
    assert len(names) == len(set(names))
    for each, settable in zip(told["settables"], simulator.settables, strict=True):
        assert each["type"]
        assert each["meaning"]
        assert settable.check(each["default"]) == each["default"]
        assert pickle.loads(pickle.dumps(settable)) == settable
    for each in [*told["setups"], *told["faults"]]:
        assert each["meaning"]
    fault_names = [each["name"] for each in told["faults"]]
    assert len(fault_names) == len(set(fault_names))
    for presets in told["presets"].values():
        for others in presets.values():
            for name, default in others.items():
                assert simulator.settables[names.index(name)].check(default) == default


@every
def test_every_set_up_and_every_fault_builds(found):
    """Each set-up and each fault, bare or with its defaults told, makes a device that runs."""
    simulator = usable(found)
    for name in simulator.setups:
        Bench(simulator, setup=name).do("wait", 10)
    for kind in known_faults(simulator):
        defaults = ",".join(f"{each.name}={each.default}" for each in kind.parameters)
        for spec in (kind.name, f"{kind.name}:{defaults}" if defaults else kind.name):
            Bench(simulator, faults=[spec]).do("wait", 10)


@every
def test_every_choice_builds_or_says_why_not(found):
    """A device is made with each choice of each knob, and with the edges of each number."""
    simulator = usable(found)
    refusals = []
    for settable in simulator.settables:
        edges = [repr(each) for each in (settable.low, settable.high) if math.isfinite(each)]
        if settable.kind is Kind.WHOLE:
            edges = [str(int(float(each))) for each in edges]
        for text in settable.choices or edges:
            try:
                Bench(simulator, values={settable.name: text}).do("wait", 1)
            except ConfigError as error:
                refusals.append(str(error))
    assert all(each.endswith(".") for each in refusals)
