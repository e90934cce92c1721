"""What meters and heads of the family do differently, or may do where no source tells."""

from __future__ import annotations

import pytest

from devicelink_ophir_sim import SIMULATOR

PYRO = {"head": "pyroelectric"}


@pytest.fixture
def meter(lab):
    """Makes meters in virtual time, without noise."""

    def make(**values):
        return lab(simulator=SIMULATOR, values={"noise_percent": "0", **values})

    return make


def say(meter, *lines):
    """What comes back to each line at once, without its CR LF."""
    return [meter.raw(line.encode() + b"\r").decode().removesuffix("\r\n") for line in lines]


def test_the_user_threshold(meter):
    """$UT asks and sets, in 1/10000 of each range's own full scale; smaller pulses are none."""
    bench = meter(**PYRO, range_settle_s="0")
    assert say(bench, "$UT", "$UT 0", "$UT 500", "$UT") == [
        *("*300 106 2500", "*300 106 2500", "*", "*500 106 2500"),
    ]
    assert say(bench, "$UT 105", "$UT 2501", "$UT x") == [
        *("?OUT OF RANGE", "?OUT OF RANGE", "?COM ERROR"),
    ]
    bench.set(pulse_j="0.00049")
    bench.wait(1)
    assert say(bench, "$EF") == ["*0"]
    bench.set(pulse_j="0.00051")
    bench.wait(1)
    assert say(bench, "$EF", "$SE") == ["*1", "*5.100E-4"]
    assert say(bench, "$WN1", "$UT", "$WN0", "$UT") == ["*", "*300 106 2500", "*", "*500 106 2500"]


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ({"user_threshold": "200"}, "200 106 2500"),
        ({"user_threshold_low": "50", "user_threshold_high": "400"}, "300 50 400"),
    ],
)
def test_another_user_threshold(meter, values, first):
    """What it is at first and how far it goes, as the head has it."""
    assert say(meter(**PYRO, **values), "$UT") == [f"*{first}"]


def test_the_pulse_length(meter):
    """$PL tells the place in a list and the list, and chooses; it is kept as other settings are."""
    bench = meter(**PYRO)
    assert say(bench, "$PL", "$PL 3", "$PL 0", "$PL 6", "$IC", "$RE") == [
        *("*1 1.0ms 2.0ms 5.0ms 10ms 20ms", "*", "*3 1.0ms 2.0ms 5.0ms 10ms 20ms"),
        *("?COM ERROR", "*SAVED", "*"),
    ]
    bench.wait(3)
    assert say(bench, "$PL") == ["*3 1.0ms 2.0ms 5.0ms 10ms 20ms"]
    assert say(meter(**PYRO, pulse_lengths="30us 1ms"), "$PL") == ["*1 30us 1ms"]


def test_the_highest_frequency(meter):
    """$MF is a whole number of Hz."""
    assert say(meter(**PYRO, max_frequency_hz="25000"), "$MF") == ["*25000"]


@pytest.mark.parametrize("line", ["$UT", "$PL", "$MF"])
def test_words_of_pyroelectric_heads(meter, line):
    """Other heads do not know them."""
    assert say(meter(errors="recalled"), line) == ["?WRONG HEAD"]


def test_the_energy_threshold(meter):
    """Of the EA-1: medium at first, a third of it, or thrice; smaller pulses are none."""
    bench = meter(mode="energy", energy_response_s="0")
    assert say(bench, "$ET") == ["*2 LOW MEDIUM HIGH"]
    for line, seen in (("$ET 1", "*1"), ("$ET 2", "*0"), ("$ET 3", "*0")):
        say(bench, line, "$SE")
        bench.set(pulse_j="0.1")
        bench.wait(1)
        assert say(bench, "$EF") == [seen]


@pytest.mark.parametrize("kind", ["SI", "NJ", "BC", "TP", "LX", "RP"])
def test_the_kinds_of_heads(meter, kind):
    """$HI tells another type of the family."""
    assert say(meter(head_kind=kind), "$HI") == [f"* {kind} 12345 03AP 00000183"]


@pytest.mark.parametrize(
    ("mode", "number", "unit"), [("passive", 1, "X"), ("exposure", 4, "J"), ("position", 5, "X")]
)
def test_a_meter_that_was_left_in_another_mode(meter, mode, number, unit):
    """It tells so and has no readings; it is set to energy like any."""
    bench = meter(model="vega", mode=mode, capabilities="0x3")
    assert say(bench, "$MM0", "$SI", "$SP", "$SE") == [
        *(f"*{number}", f"* {unit}", "?COM ERROR", "?COM ERROR"),
    ]
    assert say(bench, f"$MM{number}") == ["?COM ERROR"]
    assert say(bench, "$MM3", "$MM0", "$SI") == ["*", "*3", "* J"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("both", ["*", "*", "*3"]),
        ("mm", ["?COM ERROR", "*", "*3"]),
        ("force", ["*", "?COM ERROR", "?COM ERROR"]),
    ],
)
def test_what_sets_the_mode(meter, words, said):
    """$FE, $MM3, or both."""
    bench = meter(model="vega", capabilities="0x3", mode_words=words)
    assert say(bench, "$FE", "$MM3", "$MM0") == said


def test_the_baud_code(meter):
    """$BR0 tells the code of the speed, from the beginning."""
    assert say(meter(baud="300"), "$BR0") == ["*4 9600 19200 38400 300 1200 4800"]


@pytest.mark.parametrize(
    ("how", "said"), [("refused", "?COM ERROR"), ("not_applicable", "* 1 N/A")]
)
def test_where_no_filter_is(meter, how, said):
    """A failure, or a text that says so."""
    assert say(meter(absent_optic=how), "$FQ", "$DQ") == [said, said]


def test_auto_range_in_both_modes(meter):
    """AUTO may be one of the ranges of energy too."""
    bench = meter(**PYRO, auto_range="both")
    assert say(bench, "$AR") == ["* 0 AUTO 10.0mJ 2.00mJ 200uJ 20.0uJ"]
