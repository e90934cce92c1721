"""What must hold for every UC-2000 and its tube, whatever is done to it in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devicelink_simulation.settable import Kind
from devicelink_uc2000_sim import SIMULATOR
from tests.simulators.acts import FEW, acts, every_choice
from tests.simulators.hexbench import HexBench, happen

FRAMES = [
    *("5B 70 8F", "5B 71 8E", "5B 73 8C", "5B 74 8B", "5B 75 8A", "5B 76 89", "5B 77 88"),
    *("5B 79 86", "5B 7A 85", "5B 7B 84", "5B 7C 83", "5B 7D 82", "5B 30 CF", "5B 31 CE"),
    *("5B 7F 00 80", "5B 7F 14 6C", "5B 7F 64 1C", "5B 7F C6 BA", "5B 75 00", "7E", "5B", "5B 75"),
    *("5B 7F 64 1C 5B 75 8A", "5B 7A 85 5B 7F 64 1C 5B 75 8A"),
]
KNOBS = [
    *every_choice(SIMULATOR),
    *(("percent", "60"), ("percent", "0"), ("temperature_c", "61"), ("temperature_c", "25")),
    *(("ambient_c", "58"), ("analog_input_percent", "70"), ("tickle_us", "3"), ("tickle_us", "1")),
    *(("startup_s", "0"), ("wear_percent", "30"), ("fault", "reboot:seconds=2")),
]
ACTS = acts(("ask", FRAMES), knobs=KNOBS, waits=[0.001, 0.3, 1.0, 6.0, 100.0])


@FEW
@given(acts=ACTS)
@example(acts=[("set", ("gate_input", "open")), ("ask", "5B 7F 64 1C 5B 75 8A")])
def test_light_has_every_cause(acts):
    """Light leaves only with the key on, no trip, and lase, gate and long pulses, or a defect."""
    laser = HexBench(SIMULATOR)
    inside = laser.machine
    for _ in happen(laser, acts):
        inputs = inside.inputs
        assert laser.lit == inside.lit == (inside.settled_w > 0)
        if not laser.lit:
            assert inside.power_w == 0
            continue
        assert (inputs.key, inputs.interlock) == ("on", "closed")
        assert inside.celsius < 60
        assert inputs.rf_driver != "dead"
        if inputs.rf_driver == "ok" and inputs.tickle_us <= inputs.least_pulse_us:
            assert inputs.lase == "on"
            assert inside.enabled
            pulled_up = inputs.gate_logic == "pull_up"
            assert inputs.gate_input == "high" or (pulled_up and inputs.gate_input == "open")
            assert inside.duty_percent / 100 / float(inputs.pwm_khz) * 1000 > 1


@FEW
@given(before=ACTS, after=ACTS)
@example(
    before=[("set", ("gate_input", "open")), ("ask", "5B 7F 64 1C 5B 75 8A")],
    after=[("ask", "5B 7F 64 1C 5B 75 8A"), ("wait", 6.0)],
)
def test_closing_the_interlock_restores_nothing(before, after):
    """Dark and disabled at once, and so until the key is turned, whatever else is done."""
    laser = HexBench(SIMULATOR)
    for _ in happen(laser, before):
        pass
    laser.set(interlock="open")
    assert not laser.lit
    laser.set(interlock="closed")
    for _ in happen(laser, [act for act in after if act != ("set", ("key", "on"))]):
        assert not laser.lit
        assert not laser.machine.enabled


@FEW
@given(acts=ACTS)
def test_outside_of_remote_the_host_changes_nothing(acts):
    """While remote is off no bytes change lase, power, gate or mode."""
    laser = HexBench(SIMULATOR, values={"remote": "off", "gate_input": "open"})
    for act in acts:
        before = laser.machine.inputs.lase, laser.machine.inputs.percent, laser.machine.inputs.mode
        local = laser.machine.inputs.remote == "off"
        for what, _ in happen(laser, [act]):
            if what == "ask" and local:
                inputs = laser.machine.inputs
                assert (inputs.lase, inputs.percent, inputs.mode) == before


@FEW
@given(acts=ACTS)
def test_the_status_agrees_with_the_controller(acts):
    """Remote, lase, pull-up and the duty are shown as they are."""
    laser = HexBench(SIMULATOR)
    kept = {"status_checksum", "status_first", "mode_shown", "status_outside_remote", "start_byte"}
    kept |= {"status_inside", "stray_byte", "data_7e", "checksum", "unknown_command"}
    for what, how in acts:
        if what == "set" and how[0] in kept:
            continue
        for _ in happen(laser, [(what, how)]):
            laser.wait(2)  # half a command is over, and so is a restart
            status = bytes.fromhex(laser.ask("7E"))
            inputs = laser.machine.inputs
            assert status[0] == 0xAA
            assert bool(status[1] & 8) == (inputs.remote == "on")
            assert bool(status[1] & 16) == (inputs.lase == "on")
            assert bool(status[1] & 32) == (inputs.gate_logic == "pull_up")
            assert status[3] == 2 * laser.machine.duty_percent <= 2 * float(inputs.max_pwm)


@FEW
@given(
    low=st.integers(5, 189),
    step=st.integers(1, 100),
    wear=st.integers(0, 99),
    celsius=st.integers(-20, 59),
    closed=st.booleans(),
)
def test_energy_follows_settings_wear_and_temperature(low, step, wear, celsius, closed):
    """More duty is never less light and up to the limit more; wear and heat never add any."""

    def power_w(data, wear=wear, celsius=celsius):
        values = {
            "gate_input": "open",
            "lase": "on",
            "wear_percent": wear,
            "percent": data / 2,
            "temperature_c": celsius,
            "ambient_c": celsius,
            "thermal_rise_c": 0,
            "mode": "manual_closed" if closed else "manual",
        }
        laser = HexBench(SIMULATOR, values={key: str(value) for key, value in values.items()})
        laser.wait(1)
        assert laser.machine.power_w == pytest.approx(laser.machine.settled_w)
        return laser.machine.power_w

    more = min(190, low + step)
    assert power_w(low) <= power_w(more) + 1e-9
    assert closed or power_w(low) < power_w(more)
    assert power_w(low, wear=0, celsius=25) >= power_w(low) - 1e-9
    assert power_w(low, wear=0, celsius=25) == pytest.approx(25 * low / 200)
    if closed and low < 80 and wear < 50:
        assert power_w(low) == pytest.approx(25 * low / 200)


@FEW
@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            each.name: st.sampled_from(each.choices)
            for each in SIMULATOR.settables
            if each.kind is Kind.CHOICE
        },
    ),
    chunks=st.lists(st.binary(max_size=40) | st.sampled_from(FRAMES).map(bytes.fromhex)),
)
def test_any_bytes_are_survived(values, chunks):
    """No bytes make it raise, whatever its wire is like; a second later it listens again."""
    laser = HexBench(SIMULATOR, values=values)
    for chunk in chunks:
        laser.raw(chunk)
    laser.wait(1)
    assert laser.sim.next_event_ns() is None or laser.sim.next_event_ns() > laser.now_ns
    laser.set(status_outside_remote="answered")
    assert laser.raw(b"\x7e")[1:4] != b""


@FEW
@given(frames=st.lists(st.sampled_from(FRAMES), max_size=8), cuts=st.sets(st.integers(1, 30)))
def test_where_bytes_are_split_means_nothing(frames, cuts):
    """The same bytes in one piece or in many: the same replies and the same light."""
    data = bytes.fromhex(" ".join(frames))
    values = {"gate_input": "open"}
    whole, pieces = HexBench(SIMULATOR, values=values), HexBench(SIMULATOR, values=values)
    said, at = b"", 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        said += pieces.raw(data[at:cut])
        at = cut
    assert whole.raw(data) == said
    assert whole.lights() == pieces.lights()


@FEW
@given(acts=ACTS, split=st.integers(2, 5))
def test_how_often_one_looks_changes_nothing(acts, split):
    """The same acts give the same truth, whether time passes in one step or in several."""
    whole, pieces = HexBench(SIMULATOR), HexBench(SIMULATOR)
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
    assert whole.truth.events == pieces.truth.events
