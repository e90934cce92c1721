"""What must hold for the simulated meter, whatever pulses fall and whatever is asked."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devicelink_ophir_sim import SIMULATOR
from tests.simulators.test_sim_ophir_dialogue import say

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("pulse"), st.sampled_from(["0.0001", "0.0015", "0.005", "0.015"])),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.001, 0.1, 1.0, 4.0])),
        st.tuples(st.just("say"), st.sampled_from(["$EF", "$SE", "$ER", "$WN0", "$WN1", "$HP"])),
    ),
    min_size=10,
    max_size=60,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[*HealthCheck])
@given(acts=ACTS, head=st.sampled_from(["pyroelectric", "thermopile"]))
def test_the_flag_tells_of_each_reading_once(lab, acts, head):
    """1 after a reading was made and until it is read; 0 while a range settles, and without one."""
    values = {"head": head, "mode": "energy", "energy_ranges_j": "0.01 0.002", "damage_j": "9"}
    bench = lab(simulator=SIMULATOR, values=values)
    read, settled_ns = 0, 0
    for what, how in acts:
        made = [each for each in bench.truth.events if each["event"] == "measured"]
        if what == "pulse":
            bench.set(pulse_j=how)
        elif what == "wait":
            bench.wait(how)
        elif how == "$EF":
            settling = bench.now_ns < settled_ns
            assert say(bench, "$EF") == ("*1" if len(made) > read and not settling else "*0")
        elif how == "$SE":
            told = say(bench, "$SE").removeprefix("*")
            if made:
                last = made[-1]["joules"]
                assert told == "OVER" if last is None else abs(float(told) - last) < 1e-3 * last
            read = len(made)
        else:
            assert say(bench, how).startswith("*")
            if how.startswith("$WN"):
                settled_ns = bench.now_ns + 4_000_000_000
                read = len(made)


@settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])
@given(
    joules=st.floats(1e-4, 20),
    beam_nm=st.integers(193, 12000),
    error=st.floats(-20, 20),
    noise=st.floats(0, 3),
)
def test_a_reading_follows_the_light(lab, joules, beam_nm, error, noise):
    """It is the pulse, times its errors, within three sigma; or OVER."""
    values = {
        "mode": "energy",
        "beam_nm": str(beam_nm),
        "wavelength_list": str(beam_nm),
        "wavelength_index": "1",
        "energy_ranges_j": "10 0.01",
        "range_index": "0" if joules > 0.005 else "1",
        "calibration_error_percent": repr(error),
        "noise_percent": repr(noise),
        "energy_response_s": "0",
    }
    bench = lab(simulator=SIMULATOR, values=values)
    bench.set(pulse_j=repr(joules))
    if say(bench, "$EF") == "*0":
        assert joules * (1 + error / 100) < 0.006 * (10 if joules > 0.005 else 0.01)
        return
    told = say(bench, "$SE").removeprefix("*")
    meant = joules * (1 + error / 100)
    spread = meant * (3.01 * noise / 100 + 1e-3)
    if told == "OVER":
        assert meant + spread > 10
    else:
        assert abs(float(told) - meant) <= spread
