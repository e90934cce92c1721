"""What must hold for every Big Sky laser, whatever is done to it in whatever order."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from devicelink.errors import ConfigError
from devicelink_bigsky_sim import SIMULATOR
from tests.simulators.acts import FEW, acts, every_choice
from tests.simulators.bigsky_lab import BigSky

COMMANDS = [
    *("A", "S", "M", "PQ", "SQ", "OQ", "R0", "R1", "P0", "P1", "", "WOR", "IF", "IF2", "IQ", "C"),
    *("ROF0", "ROF1", "QOF0", "QOF1", "LPM0", "LPM1", "QSM0", "QSM1", "QSM2", "QSW0", "QSW3"),
    *("F9999", "F1000", "F50", "V1100", "V700", "W135", "QSF1", "QSF7", "QSP2", "QSP999"),
    *("D0", "D5", "E0", "E5", "SAV1", "ECH0", "ECH1", "CAP330", "ENE70", "ENE230", "VT", "SUC"),
]
TOWARDS_LIGHT = ["QSW0 A R1 PQ", "QSW3 A R1 PQ", "S QSM2 QSW0 A R1 PQ", "S QSM1 QSW0 A R1 PQ"]
NOT_WIRE = {"strict", "chain", "short_address", "wor_letters", "read_behind"}
KNOBS = [
    *every_choice(SIMULATOR, but=NOT_WIRE),
    *(("coolant_c", "5"), ("coolant_c", "15"), ("coolant_c", "33"), ("inhibit_s", "2")),
    *(("inhibit_s", "0"), ("shutter_s", "0.2"), ("shutter_s", "0"), ("wear_percent", "100")),
    *(("wear_percent", "0"), ("ambient_c", "0"), ("thermal_time_constant_s", "1")),
    *(("flow_s", "0"), ("lamp_trigger_hz", "33")),
]
ACTS = acts(
    ("ask", COMMANDS),
    ("ask", TOWARDS_LIGHT),
    knobs=KNOBS,
    waits=[0.001, 0.05, 0.15, 0.5, 3.0, 30.0],
)
FIRING = ("lamp", "firing")
START = st.sampled_from([None, "left_firing", "left_armed", "autorun_trap", "enable_fire"])


def happen(laser, acts):
    """Do each act; yield after it."""
    for what, how in acts:
        if what == "ask":
            for command in how.split(" "):
                laser.raw(f"$062{command}\r\n".encode())
        elif what == "wait":
            laser.wait(how)
        else:
            with contextlib.suppress(ConfigError):
                laser.set(**dict([how]))
        yield what, how


def causes(laser):
    """Whether everything that light needs is there, read from the parts and not from the sum."""
    inside, inputs = laser.inside, laser.inside.inputs
    interlocks = (
        *(inputs.interlock, inputs.cabinet, inputs.qswitch_interlock),
        *(inputs.water_level, inputs.water_flow, inputs.lamp_connector, inputs.aux_connector),
    )
    triggered = inputs.q_switch_mode != 2 or inputs.trigger_input == "on"
    lamp_triggered = inputs.lamp_mode == 0 or inputs.lamp_trigger_input == "on"
    return (
        set(interlocks) <= {"closed", "ok"}
        and inside.lamp == "firing"
        and inside.shutter.open
        and inside.armed != "off"
        and triggered
        and lamp_triggered
        and not inside.inhibited
        and not inside.restarting
        and inside.coolant_c >= inputs.q_switch_cold_c
        and inputs.voltage_v > inputs.threshold_v
        and inputs.wear_percent < 100
    )


@FEW
@given(acts=ACTS, setup=START)
def test_light_has_every_cause(acts, setup):
    """No light without lamp, open shutter, Q-switch past its inhibit, trigger and interlocks."""
    laser = BigSky(setup=setup)
    for _ in happen(laser, acts):
        if laser.lit:
            assert causes(laser)


@FEW
@given(acts=ACTS, setup=START)
def test_the_story_of_light_is_whole(acts, setup):
    """Light begins only while enabled and ends before it is not; times never go back."""
    laser = BigSky(setup=setup)
    for _ in happen(laser, acts):
        pass
    enabled = lit = False
    for name in laser.lights():
        if name in {"enabled", "disabled"}:
            assert not lit
            assert enabled == (name == "disabled")
            enabled = not enabled
        else:
            assert enabled
            assert lit == (name == "light_off")
            lit = not lit
    times = [each["mono_ns"] for each in laser.truth.events]
    assert times == sorted(times)


@FEW
@given(before=ACTS, after=ACTS, setup=START)
def test_closing_an_interlock_restores_nothing(before, after, setup):
    """Open is dark at once; closed again there is no light before a new start of the lamp."""
    laser = BigSky(setup=setup)
    for _ in happen(laser, before):
        pass
    laser.set(interlock="open")
    assert not laser.lit
    assert laser.inside.lamp == "standby"
    laser.set(interlock="closed")
    starts = [
        *(("ask", each) for each in [*COMMANDS, *TOWARDS_LIGHT] if "A" in each.split()),
        ("set", FIRING),
    ]
    for _ in happen(laser, [act for act in after if act not in starts]):
        assert not laser.lit
        assert laser.inside.lamp != "firing"


@FEW
@given(acts=ACTS, setup=START)
def test_counters_only_grow(acts, setup):
    """C and CQ never fall; UC and UCQ only where they are reset."""
    laser = BigSky(setup=setup)
    names = ("lamp_shots", "q_switch_shots", "user_lamp_shots", "user_q_switch_shots")
    counted = [0, 0, 0, 0]
    for _ in happen(laser, [*acts, ("wait", 1)]):
        now = [getattr(laser.inside.inputs, name) for name in names]
        assert all(new >= old for new, old in zip(now, counted, strict=True))
        counted = now


@FEW
@given(acts=ACTS, setup=START)
def test_one_step_of_time_is_as_good_as_many(acts, setup):
    """What happens, and when, does not depend on how often time is told."""
    told = []
    for step_s in (5.0, 0.37):
        laser = BigSky(setup=setup)
        for _ in happen(laser, acts):
            pass
        rest_s = 20.0
        while rest_s > 0:
            laser.wait(min(step_s, rest_s))
            rest_s -= step_s
        told.append([each for each in laser.truth.events if each["event"] != "start"])
        told.append(laser.inside.inputs.lamp_shots)
    assert told[:2] == told[2:]


@FEW
@given(data=st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([
    b"$062", b">", b"\r\n", b"\n", b"A", b"V9", b"$", b"WOR\r\n", b">S\n", b"$062R1\r\n"
])), max_size=60))  # fmt: skip
def test_any_bytes_may_come(data):
    """No bytes make it raise, and every reply is 17 bytes."""
    laser = BigSky()
    for piece in data:
        assert len(laser.raw(piece)) % 17 == 0
    laser.raw(b"\n")
    assert laser.say("SN") == ["s/number    062"] or not laser.inside.inputs.echo


@FEW
@given(acts=ACTS, setup=START)
def test_what_it_says_of_itself_is_so(acts, setup):
    """WOR and R agree with lamp, Q-switch mode and blade, unless the shutter is set to lie."""
    laser = BigSky(setup=setup, values={"shutter_reads": "blade"})
    for _ in happen(laser, [act for act in acts if act[1] != ("shutter_reads", "command")]):
        if laser.inside.inputs.echo:
            inputs = laser.inside.inputs
            fires = laser.inside.lamp == "firing"
            lamp = int(inputs.wor_firing) * fires + 4 * inputs.lamp_mode
            wor = laser.ask("WOR")
            assert wor[6] == str(lamp)
            assert (laser.ask("R") == "shutter opened ") == laser.inside.shutter.open
