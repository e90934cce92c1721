"""The BOOSTIK HPA amplifier: lines of text, answered with what is in force then."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devicelink.errors import ConfigError
from devicelink_nkt_sim import SIMULATOR
from tests.simulators.hexbench import HexBench
from tests.simulators.interbus import READ, telegram

LINES = [b"CDO 1\r\n", b"CDO 0\r\n", b"CDO\r\n", b"ACC 1.5\r\n", b"ACC 99\r\n", b"AMC\r\n"]


def amplifier(faults=(), **values):
    """An amplifier with these values."""
    values = {"wire": "boostik"} | {key: str(value) for key, value in values.items()}
    return HexBench(SIMULATOR, values=values, faults=faults)


def say(bench, *lines):
    """What comes back to each line, without its CR LF."""
    said = [bench.raw(line.encode("ascii") + b"\r\n") for line in lines]
    assert all(each.endswith(b"\r\n") or not each for each in said)
    return [each.removesuffix(b"\r\n").decode("ascii") for each in said]


def test_a_session():
    """Every word that is known, as a host program says them."""
    bench = amplifier(ambient_c=22, temperature_c=31.5, power_loss_percent_per_c=0)
    assert say(bench, "CDI", "CDO", "ACC", "AMC", "AMT 1", "CMA", "CMP 1") == [
        *("SIM BOOSTIK HPA", "0", "0.00", "0.00", "31.50", "22.00", "10.00"),
    ]
    assert say(bench, "ACC 1.5", "ACC 10.01", "ACC", "AMC") == ["1.50", "1.50", "1.50", "0.00"]
    assert not bench.lit
    assert say(bench, "CDO 1", "CDO", "AMC") == ["1", "1", "1.50"]
    assert bench.last("light_on")["power_w"] == 1.5
    assert bench.last("enabled") | {"drive_percent": 15.0, "gated": False} == bench.last("enabled")
    assert say(bench, "CDO 0", "CDO", "AMC") == ["0", "0", "0.00"]
    assert not bench.lit


def test_light_needs_current_and_a_seed():
    """Enabled without a current, or without a seed, it is dark."""
    bench = amplifier(current_a=1, input_mw=0)
    assert say(bench, "CDO 1", "CMP 1") == ["1", "0.00"]
    assert not bench.lit
    bench.set(input_mw="5")
    assert bench.lit
    say(bench, "ACC 0")
    assert not bench.lit


def test_an_open_interlock_is_told_by_the_answer_alone():
    """CDO 1 is answered 0; no word tells why. Closing and resetting it brings no light back."""
    bench = amplifier(current_a=1)
    say(bench, "CDO 1")
    bench.set(interlock="open")
    assert not bench.lit
    assert say(bench, "CDO", "CDO 1", "CDO") == ["0", "0", "0"]
    bench.set(interlock="closed", reset="pressed")
    assert say(bench, "CDO") == ["0"]
    assert not bench.lit
    assert say(bench, "CDO 1") == ["1"]
    assert bench.lit


@pytest.mark.parametrize(("reply", "said"), [("", ""), ("ERROR", "ERROR")])
def test_what_is_no_command(reply, said):
    """Silence, or a text; telegrams are no commands here."""
    bench = amplifier(unknown_reply=reply)
    for line in ("XYZ", "CDO 2", "cdo", "ACC -1", "ACC x", "AMT", "C" * 70):
        assert say(bench, line) == [said]
    assert bench.raw(telegram(READ, 0x61)).count(b"\n") == bool(said)
    assert say(bench, "CDO") == ["0"]


@pytest.mark.parametrize(
    ("fault", "reply", "lit"),
    [
        ("refused_off", "1", True),
        ("stuck_ack@cmd=CDO", "0", True),
        ("drop@cmd=CDO", "", False),
        ("frozen_status", "0", False),
    ],
)
def test_faults(fault, reply, lit):
    """Off may be refused, acknowledged only, or carried out and not told."""
    bench = amplifier(current_a=1)
    say(bench, "CDO 1")
    bench.set(fault=fault)
    assert say(bench, "CDO 0") == [reply]
    assert bench.lit is lit


def test_frozen_readings():
    """What is read stays as it was; the light does not."""
    bench = amplifier(current_a=1)
    say(bench, "CDO 1")
    bench.set(fault="frozen_status")
    assert say(bench, "CDO 0", "CDO", "AMC") == ["0", "1", "1.00"]
    assert not bench.lit


def test_heat_ends_it():
    """It warms with its current, and at 60 C it is dark."""
    bench = amplifier(current_a=10, thermal_rise_c=50)
    say(bench, "CDO 1")
    bench.wait(600)
    assert not bench.lit
    assert say(bench, "CDO") == ["0"]


def test_what_it_is_stays():
    """An amplifier does not become a module."""
    with pytest.raises(ConfigError, match="wire is built in"):
        amplifier().set(wire="interbus")


@settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.lists(st.binary(max_size=100) | st.sampled_from([*LINES, b"\n", b"\r"])))
def test_any_bytes_are_survived(chunks):
    """No bytes make it raise, what comes back are whole lines, and then it listens again."""
    bench = amplifier()
    said = b"".join(bench.raw(chunk) for chunk in chunks) + bench.raw(b"\r\n")
    assert not said or said.endswith(b"\r\n")
    assert say(bench, "CDI") == ["SIM BOOSTIK HPA"]
