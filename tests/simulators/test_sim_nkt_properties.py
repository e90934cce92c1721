"""What must hold for every NKT laser, whatever is done to it in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devicelink_nkt_sim import SIMULATOR
from devicelink_simulation.settable import Kind
from tests.simulators.acts import FEW, acts, every_choice
from tests.simulators.hexbench import HexBench, happen
from tests.simulators.interbus import CLEAR, READ, SET, TOGGLE, WRITE, Host, crc, telegram, told

ON = telegram(WRITE, 0x30, b"\x01")
TELEGRAMS = [
    ON,
    telegram(WRITE, 0x30, b"\x00"),
    *(telegram(READ, register) for register in (0x66, 0x67, 0x17, 0x90, 0x61, 0x64, 0x65, 0x99)),
    *(telegram(WRITE, 0x22, data) for data in (b"\x00\x00", b"\xe8\x03", b"\x10\x27")),
    telegram(WRITE, 0xA0, b"\xe8\x03"),
    telegram(WRITE, 0x3A, b"\x05"),
    telegram(WRITE, 0x31, b"\x00\x01"),
    telegram(WRITE, 0x2A, b"\xe8\x03"),
    telegram(WRITE, 0x32, b"\x01"),
    *(telegram(kind, 0x30, b"\x01") for kind in (SET, CLEAR, TOGGLE)),
    telegram(WRITE, 0x30, b"\x01", spoilt=0x100),
    telegram(WRITE, 0x30, b"\x01", to=2),
]
KNOBS = [
    *every_choice(SIMULATOR),
    *(("supply_v", "9"), ("supply_v", "12"), ("temperature_c", "61"), ("temperature_c", "25")),
    *(("ambient_c", "58"), ("ambient_c", "25"), ("setpoint_mw", "100"), ("setpoint_mw", "0")),
    *(("emission_delay_s", "1"), ("wear_percent", "30"), ("second_host", "0xA1")),
    *(("drop_every", "3"), ("fault", "reboot:seconds=2"), ("wavelength_offset_pm", "40")),
]
ACTS = acts(("raw", TELEGRAMS), knobs=KNOBS, waits=[0.001, 0.3, 1.0, 6.0, 100.0])


@FEW
@given(acts=ACTS)
@example(acts=[("raw", ON), ("wait", 1.0)])
def test_light_has_every_cause(acts):
    """Light leaves only with emission past its delay and nothing that forbids it."""
    laser = HexBench(SIMULATOR)
    inside = laser.machine
    for _ in happen(laser, acts):
        inputs = inside.inputs
        assert laser.lit == inside.lit == (inside.power_mw > 0)
        if not laser.lit:
            assert inside.measured_mw() == 0
            continue
        assert inside.emission
        assert inside.enabled
        assert not inside.delayed
        assert (inputs.interlock, inside.latched, inputs.module) == ("closed", False, "enabled")
        assert inputs.supply_v >= inputs.supply_low_v
        assert 0 < inside.celsius < 60
        assert inputs.setpoint_mw > 0


@FEW
@given(before=ACTS, after=ACTS)
@example(before=[("raw", ON)], after=[("wait", 6.0)])
def test_closing_the_interlock_restores_nothing(before, after):
    """Dark at once, and so until somebody writes emission again, whatever else is done."""
    laser = HexBench(SIMULATOR)
    for _ in happen(laser, before):
        pass
    laser.set(interlock="open")
    assert not laser.lit
    laser.set(interlock="closed")
    starts = [("raw", ON), ("set", ("emission", "on"))]
    starts += [("raw", telegram(kind, 0x30, b"\x01")) for kind in (SET, TOGGLE)]
    for _ in happen(laser, [act for act in after if act not in starts]):
        assert not laser.lit
        assert not laser.machine.emission


@FEW
@given(acts=ACTS)
def test_the_status_agrees_with_the_laser(acts):
    """Bits 0, 1, 4, 5, 6 and 15 are as things are, and register 67 tells why."""
    laser = HexBench(SIMULATOR)
    host = Host(laser)
    spoilers = {"delay_bit", "second_host", "drop_every"}
    for what, how in acts:
        if what == "set" and how[0] in spoilers:
            continue
        for _ in happen(laser, [(what, how)]):
            if laser.machine.restarting:
                laser.wait(2)
            inside, bits = laser.machine, host.bits
            assert (0 in bits) == inside.emission == bool(host.number(0x30))
            assert (1 in bits) == inside.latched >= (inside.inputs.interlock == "open")
            assert (4 in bits) == (inside.inputs.module == "disabled")
            assert (6 in bits) == (not 0 < inside.celsius < 60)
            assert (15 in bits) == (host.number(0x67) != 0)
            assert len(bits & {11, 14}) == (1 if 0 in bits else 0)
            assert not (0 in bits and bits & {1, 4, 5, 6, 15})


@FEW
@given(
    milliwatts=st.integers(1, 10_000),
    more=st.integers(0, 1000),
    wear=st.integers(0, 90),
    celsius=st.integers(1, 59),
    mode=st.sampled_from(["power", "current"]),
)
def test_energy_follows_settings_wear_and_temperature(milliwatts, more, wear, celsius, mode):
    """More set-point is never less light; wear and heat never add any."""

    def power_mw(hundredths, wear=wear, celsius=celsius):
        values = {
            "wear_percent": wear,
            "temperature_c": celsius,
            "ambient_c": celsius,
            "thermal_rise_c": 0,
            "power_mode": mode,
            "noise_percent": 0,
        }
        laser = HexBench(SIMULATOR, values={key: str(value) for key, value in values.items()})
        laser.raw(telegram(WRITE, 0x22, hundredths.to_bytes(2, "little")))
        laser.raw(ON)
        return laser.machine.power_mw

    light = power_mw(milliwatts)
    assert 0 < light <= milliwatts / 100 + 1e-9
    assert light <= power_mw(min(10_000, milliwatts + more)) + 1e-9
    assert power_mw(milliwatts, wear=0, celsius=25) == pytest.approx(milliwatts / 100)
    assert light >= power_mw(milliwatts, wear=95) - 1e-9
    assert light >= power_mw(milliwatts, celsius=59) - 1e-9


@FEW
@given(
    values=st.fixed_dictionaries(
        {"module_type": st.sampled_from(["0x33", "0x21", "0x34", "0x99"])},
        optional={
            each.name: st.sampled_from(each.choices)
            for each in SIMULATOR.settables
            if each.kind is Kind.CHOICE and each.name not in {"emission", "wire"}
        },
    ),
    chunks=st.lists(
        st.binary(max_size=300) | st.sampled_from([*TELEGRAMS, b"\r", b"\n", b"^", b"\r\x01"])
    ),
)
def test_any_bytes_are_survived(values, chunks):
    """No bytes make it raise, what comes back are whole telegrams, and then it listens again."""
    laser = HexBench(SIMULATOR, values=values)
    said = b"".join(laser.raw(chunk) for chunk in chunks) + laser.raw(b"\n")
    for answer in said.split(b"\n")[:-1]:
        told(answer + b"\n")
    assert Host(laser, to=laser.machine.inputs.address).number(0x61) > 0


@FEW
@given(
    body=st.binary(min_size=1, max_size=250),
    kind=st.integers(0, 255),
    register=st.integers(0, 255),
)
def test_any_telegram_is_survived(body, kind, register):
    """Whole telegrams with any type, register and data: at most one answer, to whoever asked."""
    laser = HexBench(SIMULATOR)
    answer = laser.raw(telegram(kind, register, body))
    if answer:
        assert told(answer)[:2] == (0xA2, 1)
        assert told(answer)[3] == register
    assert laser.lit == ((kind, register, body) in {(each, 0x30, b"\x01") for each in (5, 6, 9)})


@FEW
@given(data=st.binary(max_size=240))
def test_everything_escapes(data):
    """Whatever is written to the user area reads back, with only one start and one end."""
    laser = HexBench(SIMULATOR)
    host = Host(laser)
    host.ask(WRITE, 0x8D, data)
    assert host.ask(READ, 0x8D) == (8, data.ljust(240, b"\x00"))
    assert crc(data + crc(data).to_bytes(2, "big")) == 0


@FEW
@given(sent=st.lists(st.sampled_from(TELEGRAMS), max_size=6), cuts=st.sets(st.integers(1, 60)))
def test_where_bytes_are_split_means_nothing(sent, cuts):
    """The same bytes in one piece or in many: the same replies and the same light."""
    data = b"".join(sent)
    whole, pieces = HexBench(SIMULATOR), HexBench(SIMULATOR)
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
