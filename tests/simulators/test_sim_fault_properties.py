"""What must hold whatever bytes, times and faults come together."""

from __future__ import annotations

import contextlib
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devicelink.errors import ConfigError
from devicelink_ipg_sim import SIMULATOR
from devicelink_simulation.settable import Kind
from devicelink_simulation.simulation import known_faults

LINES = ["EMON", "EMOFF", "EMOD", "DMOD", "STA", "ROP", "RCT", "RERR", "SDC 50", "SDC 0", "sta", ""]
KNOBS = {
    "modulation_input": ("low", "high"),
    "key": ("on", "rem"),
    "emission": ("off", "on"),
    "interlock_1": ("closed", "open"),
    "estop": ("released", "pressed"),
    "supply": ("off", "on"),
    "back_reflection": ("off", "on"),
    "temperature_c": ("25", "54.9", "56"),
    "startup_s": ("0", "3"),
    "reply_latency_s": ("0", "0.4"),
}
SECONDS = st.sampled_from([0.0, 0.001, 0.3, 1.0, 2.5, 7.0])


@cache
def parameter(settable):
    """A value that a fault's parameter may have."""
    if settable.kind is Kind.CHOICE:
        return st.sampled_from(settable.choices)
    if settable.kind is Kind.TEXT:
        return st.sampled_from(["00ff55", "0d", "454d4f4e0d"] if settable.name == "hex" else ["no"])
    if settable.kind is Kind.WHOLE:
        return st.integers(max(-12, int(settable.low)), min(255, int(settable.high))).map(str)
    return SECONDS.map(str)


WHEN = {
    "at": SECONDS.map(str),
    "nth": st.integers(1, 4).map(str),
    "cmd": st.sampled_from(["EMON", "EMOFF", "STA", "SDC"]),
    "count": st.integers(1, 3).map(str),
    "p": st.sampled_from(["0", "0.3", "1"]),
    "for": SECONDS.map(str),
}
ANY = st.lists(st.sampled_from(sorted(WHEN)), unique=True)
ANY_BUT_FOR = st.lists(st.sampled_from(sorted(WHEN.keys() - {"for"})), unique=True)


@st.composite
def fault(draw):
    """Any fault with any parameters, at any time or command."""
    kind = draw(st.sampled_from(known_faults(SIMULATOR)))
    given_ones = ",".join(f"{each.name}={draw(parameter(each))}" for each in kind.parameters)
    chosen = draw(ANY if kind.lasts is None else ANY_BUT_FOR)
    told = ",".join(f"{name}={draw(WHEN[name])}" for name in chosen)
    return f"{kind.name}{':' + given_ones if given_ones else ''}{'@' + told if told else ''}"


COMMANDS = st.sampled_from(LINES).map(lambda line: line.encode() + b"\r")
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), COMMANDS | COMMANDS | st.binary(max_size=20)),
        st.tuples(st.just("wait"), SECONDS),
        st.tuples(
            st.just("set"),
            st.sampled_from([(key, value) for key in KNOBS for value in KNOBS[key]]),
        ),
        st.tuples(st.just("set"), st.tuples(st.just("fault"), fault() | st.just("none"))),
    ),
    max_size=40,
)
FEW = settings(max_examples=300, deadline=None, suppress_health_check=[*HealthCheck])


class Judge:
    """Reads a truth in its order, and knows from it alone whether light has its causes."""

    def __init__(self, values):
        self.gated = values["modulation"] == "enabled"
        self.trigger = values["modulation_input"] == "high"
        self.enabled = False
        self.stuck = False

    def hear(self, fact):
        """One event; light must have its causes."""
        event = fact["event"]
        if event in {"enabled", "disabled"}:
            self.enabled = event == "enabled"
        elif event == "set" and fact["key"] == "modulation_input":
            self.trigger = fact["value"] == "high"
        elif event == "fault":
            self.stuck = self.stuck or fact["name"] == "stuck_ack"
        elif event == "command":
            if fact["reply"] in {"EMOD", "DMOD"} and not self.stuck:
                self.gated = fact["reply"] == "EMOD"
            self.stuck = False
        elif event == "restarted":
            self.gated = False
        elif event == "light_on":
            assert self.enabled
            assert self.trigger or not self.gated


def happen(laser, acts):
    """Do each act, and look at the wire after it."""
    for what, how in acts:
        if what == "send":
            laser.raw(how)
        elif what == "wait":
            laser.wait(how)
        else:
            with contextlib.suppress(ConfigError):
                laser.set(**dict([how]))
        next_ns = laser.sim.next_event_ns()
        assert next_ns is None or next_ns > laser.now_ns or laser.sim._outbox


@FEW
@given(acts=ACTS, planted=st.lists(fault(), max_size=4), gated=st.booleans())
def test_light_has_its_causes_in_the_truth(lab, acts, planted, gated):
    """No bytes, times and faults raise, or make light that was not enabled and triggered."""
    values = {
        "modulation": "enabled" if gated else "disabled",
        "diode_current_percent": "50",
        "startup_s": "0",
    }
    laser = lab(values=values, faults=planted)
    judge = Judge(laser.truth.events[0]["values"])
    happen(laser, acts)
    for fact in laser.truth.events:
        judge.hear(fact)
    times = [each["mono_ns"] for each in laser.truth.events]
    assert times == sorted(times)


@FEW
@given(acts=ACTS, planted=st.lists(fault(), max_size=4), parts=st.integers(2, 5))
def test_how_often_one_looks_changes_nothing(lab, acts, planted, parts):
    """The same acts and faults give the same truth, in one step or in several."""
    whole, pieces = lab(faults=planted), lab(faults=planted)
    for what, how in acts:
        happen(whole, [(what, how)])
        if what == "wait":
            begin_ns, end_ns = pieces.now_ns, whole.now_ns
            for part in range(1, parts):
                pieces.now_ns = begin_ns + (end_ns - begin_ns) * part // parts
                pieces.wait(0)
            pieces.now_ns = end_ns
            pieces.wait(0)
        else:
            happen(pieces, [(what, how)])
    assert whole.truth.events == pieces.truth.events
    assert (whole.sim.plugged, whole.sim.plugs) == (pieces.sim.plugged, pieces.sim.plugs)
