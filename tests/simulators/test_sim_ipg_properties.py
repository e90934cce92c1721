"""What must hold for every laser, whatever is done to it in whatever order."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicelink.errors import ConfigError
from devicelink_ipg_sim import SIMULATOR
from tests.simulators.acts import FEW, acts, every_choice

WORDS = ["EMON", "EMOFF", "EMOD", "DMOD", "EEC", "DEC", "RERR", "ABN", "ABF", "EEABC", "DEABC"]
LINES = [
    *WORDS,
    "SPS 0",
    "SPS 5",
    "EGM",
    "DGM",
    "EPM",
    "DPM",
    "ELE",
    "DLE",
    "SPW 0.1",
    "SPRR 9",
    "STA",
    "ROP",
    "RDC",
    "XYZ",
    "SDC 0",
    "SDC 50",
    "SDC 100",
    "SFWS 0.2",
    "SFWS 5",
]
KNOBS = [
    *every_choice(SIMULATOR, but={"dialect", "value_space"}),
    ("startup_s", "0"),
    ("startup_s", "3"),
    ("temperature_c", "56"),
    ("temperature_c", "25"),
    ("analog_input_percent", "70"),
]
DIALECT = st.sampled_from(["ylr-sm", "yar", "ylr-qcw"])
ACTS = acts(("ask", LINES), knobs=KNOBS, waits=[0.001, 0.5, 1.5, 3.0, 40.0])


def happen(laser, acts):
    """Do each act; yield after it."""
    for what, how in acts:
        if what == "ask":
            laser.ask(how)
        elif what == "wait":
            laser.wait(how)
        else:
            with contextlib.suppress(ConfigError):
                laser.set(**dict([how]))
        yield what, how


@FEW
@given(acts=ACTS, dialect=DIALECT)
def test_light_has_every_cause(lab, acts, dialect):
    """Light leaves only with supply, closed interlocks, emission past start-up, open gate."""
    laser = lab(values={"dialect": dialect})
    inside = laser.sim._device._laser
    for _ in happen(laser, acts):
        inputs = inside.inputs
        closed = (inputs.interlock_1, inputs.interlock_2, inputs.estop)
        assert laser.lit == (inside.power_w > 0)
        if laser.lit:
            assert closed == ("closed", "closed", "released")
            assert inside.supply_on
        if laser.lit and inputs.unexpected_emission == "off":
            assert inside.emission
            assert not inside.starting
            assert not inside.blocked
            gated = "enabled" in {inputs.modulation, inputs.gate_mode}
            assert not gated or inputs.modulation_input == "high"
        if not inside.enabled:
            assert inside.current_a == 0


@FEW
@given(before=ACTS, after=ACTS)
def test_closing_an_interlock_restores_nothing(lab, before, after):
    """After an interlock was open there is no light before START, whatever else is done."""
    laser = lab()
    for _ in happen(laser, before):
        pass
    laser.set(interlock_1="open")
    assert not laser.lit
    laser.set(interlock_1="closed")
    for _ in happen(laser, [act for act in after if act != ("set", ("supply", "on"))]):
        assert not laser.lit
        assert not laser.sim._device._laser.emission


@FEW
@given(acts=ACTS)
def test_key_in_rem_takes_the_host_out(lab, acts):
    """With the key in REM no command of the host begins or ends emission."""
    laser = lab()
    inside = laser.sim._device._laser
    for what, how in acts:
        before = (inside.emission, inside.inputs.key)
        for _ in happen(laser, [(what, how)]):
            if what == "ask" and before[1] == "rem":
                assert inside.emission == before[0]


@FEW
@given(acts=ACTS)
def test_status_and_power_agree_with_the_laser(lab, acts):
    """Bit 2 is emission, bit 15 its start-up; ROP says Off exactly without emission and light."""
    laser = lab()
    inside = laser.sim._device._laser
    for _ in happen(laser, acts):
        bits = laser.status
        assert (2 in bits) == inside.emission
        assert (15 in bits) == inside.starting
        assert 2 in bits or 15 not in bits
        off = laser.ask("ROP") == "ROP: Off"
        assert off == (not inside.emission and inside.power_w == 0)


@FEW
@given(acts=ACTS, split=st.integers(2, 7))
def test_how_often_one_looks_changes_nothing(lab, acts, split):
    """The same acts give the same truth, whether time passes in one step or in several."""
    whole, pieces = lab(), lab()
    for act in acts:
        begin_ns = pieces.now_ns
        for _ in happen(whole, [act]):
            pass
        for part in range(1, split):
            pieces.now_ns = begin_ns + (whole.now_ns - begin_ns) * part // split
            pieces.wait(0)
        pieces.now_ns = whole.now_ns
        for _ in happen(pieces, [act if act[0] != "wait" else ("wait", 0)]):
            pass
    assert whole.lights() == pieces.lights()
    names = ("light_on", "light_off", "enabled", "disabled")
    for one, other in zip(
        (each for each in whole.truth.events if each["event"] in names),
        (each for each in pieces.truth.events if each["event"] in names),
        strict=True,
    ):
        assert one["mono_ns"] == pytest.approx(other["mono_ns"], abs=1000)


@FEW
@given(
    dialect=DIALECT,
    chunks=st.lists(st.binary(max_size=300) | st.sampled_from([b"\r", b"SDC ", b"9", b"."])),
)
def test_any_bytes_are_survived(lab, dialect, chunks):
    """No bytes make it raise, and each CR is answered exactly once."""
    laser = lab(values={"dialect": dialect})
    replies = b"".join(laser.raw(chunk) for chunk in chunks)
    assert replies.count(b"\r") == b"".join(chunks).count(b"\r")
    laser.raw(b"\r")
    assert laser.ask("RFV") == "RFV: 1.0.103"


@FEW
@given(acts=ACTS, dialect=DIALECT)
def test_the_truth_alternates_and_never_goes_back(lab, acts, dialect):
    """Light goes on before it goes off, enabled before disabled, and times never fall."""
    laser = lab(values={"dialect": dialect})
    for _ in happen(laser, acts):
        pass
    for on, off in (("light_on", "light_off"), ("enabled", "disabled")):
        story = laser.truth.names(on, off)
        assert story == [(on, off)[at % 2] for at in range(len(story))]
    times = [each["mono_ns"] for each in laser.truth.events]
    assert times == sorted(times)
