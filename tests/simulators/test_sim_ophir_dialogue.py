"""What the simulated meter says, byte for byte as the sources have it."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError
from devicelink_ophir_sim import SIMULATOR
from devicelink_simulation.simulation import Plan

PYRO = {"head": "pyroelectric"}


@pytest.fixture
def meter(lab):
    """Makes meters in virtual time, without noise unless asked for."""

    def make(**asked):
        values = {"noise_percent": "0", **asked.pop("values", {})}
        return lab(simulator=SIMULATOR, values=values, **asked)

    return make


def say(meter, line):
    """What comes back at once, without its CR LF."""
    return meter.raw(line.encode() + b"\r").decode().removesuffix("\r\n")


@pytest.mark.parametrize(
    ("values", "line", "reply"),
    [
        ({}, "$HP", "*"),
        ({}, "$VE", "*EA1.06"),
        ({"boot_mode": "on"}, "$VE", "*ED1.06"),
        (
            {
                "instrument_id": "USBD",
                "instrument_serial": "113217",
                "instrument_name": "SH2USB",
            },
            "$II",
            "* USBD 113217 SH2USB",
        ),
        (PYRO, "$HI", "* PY 22323 PE10-C 80000003"),
        ({}, "$HI", "* TH 12345 03AP 00000183"),
        ({}, "$SI", "* W"),
        (PYRO, "$SI", "* J"),
        ({}, "$EF", "*0"),
        ({}, "$ER", "*1"),
        ({"model": "vega"}, "$MM0", "*2"),
        ({"model": "vega"}, "$MM3", "*"),
        ({"model": "nova"}, "$FE", "*"),
        (
            {"power_ranges_w": "3 0.3 0.03 0.003 0.0003", "range_index": "3"},
            "$AR",
            "* 3 AUTO 3.00W 300mW 30.0mW 3.00mW 300uW",
        ),
        ({"power_ranges_w": "9 4 2 1 0.5", "range_index": "4"}, "$RN", "*4"),
        ({}, "$WN2", "*"),
        ({}, "$AW", "*CONTINUOUS 193 12000 4 248 366 532 1064 NONE 10.6"),
        ({"wavelengths": "discrete"}, "$AW", "*DISCRETE 1 VIS NIR"),
        ({}, "$WI3", "*"),
        ({}, "$WL 1064", "*"),
        ({}, "$WD 4 428", "*"),
        ({}, "$WE 3", "*"),
        ({"wavelengths": "discrete", "discrete_list": "VIS CO2"}, "$WW CO2", "*"),
        ({"filter": "out"}, "$FQ", "*1 OUT IN"),
        ({"diffuser": "in"}, "$DQ", "*1 OUT IN"),
        ({}, "$MA 1", "* 1 50Hz 60Hz"),
        ({}, "$MA", "* 1 50Hz 60Hz"),
        ({"model": "nova2"}, "$MA1", "* 1 50Hz 60Hz"),
        ({}, "$BR0", "*1 9600 19200 38400 300 1200 4800"),
        ({}, "$BR2", "*"),
        ({}, "$BC", "*1"),
        ({"battery": "low"}, "$BC", "*0"),
        ({}, "$ZE", "*"),
        ({}, "$ZQ", "*ZEROING NOT STARTED"),
        ({}, "$IC", "*UNCHANGED"),
        ({}, "$HC S", "*UNCHANGED"),
        ({"save": "fails"}, "$IC", "?FAILED"),
        ({}, "$DU", "*"),
        ({"interface": "usb"}, "$CS1", "*"),
        ({}, "$XX", "?COM ERROR"),
    ],
)
def test_examples_of_the_sources(meter, values, line, reply):
    """Each command is answered as the sources show it."""
    assert say(meter(values=values), line) == reply


@pytest.mark.parametrize(
    ("values", "line", "reply"),
    [
        ({}, "$MA1", "?COM ERROR"),
        ({}, "$MA  1", "?COM ERROR"),
        ({}, "$sp", "?COM ERROR"),
        ({"lower_case": "accepted"}, "$bc", "*1"),
        ({"reply_space": "on"}, "$BC", "* 1"),
        ({"reply_space": "off"}, "$HI", "*TH 12345 03AP 00000183"),
        ({"errors": "recalled"}, "$XX", "?BAD COMMAND"),
        ({"errors": "recalled"}, "$WN99", "?PARAM ERROR"),
        ({"errors": "recalled"}, "$WW CO2", "?WRONG HEAD"),
        ({"error_echo": "on"}, "$XX", "?COM ERROR $XX"),
        ({"head": "none"}, "$HI", "* XX 0 NOHEAD 00000000"),
        ({"head": "none"}, "$SP", "?COM ERROR"),
        ({"head": "none"}, "$HP", "*"),
        ({"boot_mode": "on"}, "$EF", "?COM ERROR"),
        ({"model": "nova"}, "$WI2", "?COM ERROR"),
        ({"model": "nova"}, "$MM0", "?COM ERROR"),
        ({"model": "vega"}, "$ET", "?COM ERROR"),
        ({}, "$ET", "*2 LOW MEDIUM HIGH"),
        ({}, "$FQ", "?COM ERROR"),
        ({}, "$WI5", "?COM ERROR"),
        ({}, "$WL 99", "?COM ERROR"),
        ({}, "$WN-2", "?COM ERROR"),
        ({}, "$WN-1", "*"),
        ({"auto_range": "no"}, "$WN-1", "?COM ERROR"),
        ({"auto_range": "no"}, "$AR", "* 0 30.0W 3.00W 300mW 30.0mW"),
        ({}, "$CS1", "?COM ERROR"),
        ({}, "no dollar", "?COM ERROR"),
        ({}, "$HP" + "X" * 300, "?COM ERROR"),
    ],
)
def test_variations(meter, values, line, reply):
    """What instruments and heads do differently, what is refused, and where no head is."""
    assert say(meter(values=values), line) == reply


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_line_ends(meter, end):
    """CR, LF and both end a command; each is answered once, with CR LF."""
    bench = meter()
    assert bench.raw(b"$BC" + end + b"$EF" + end) == b"*1\r\n*0\r\n"
    assert bench.truth.names("command") == ["command"] * 2


def test_saving_keeps_over_a_reset(meter):
    """What was saved is there after $RE, what was not is gone; the meter is deaf meanwhile."""
    bench = meter()
    assert [say(bench, line) for line in ("$WI3", "$IC", "$IC", "$MA 2")] == [
        *("*", "*SAVED", "*UNCHANGED", "* 2 50Hz 60Hz"),
    ]
    assert say(bench, "$RE") == "*"
    assert say(bench, "$HP") == ""
    bench.wait(3)
    assert say(bench, "$HP") == "*"
    assert say(bench, "$AW").startswith("*CONTINUOUS 193 12000 3 ")
    assert say(bench, "$MA") == "* 1 50Hz 60Hz"


def test_the_wavelength_list(meter):
    """Entries are defined, chosen, set and erased; the current one cannot be erased."""
    bench = meter()
    for line in ("$WD 5 2940", "$WI5", "$WL 2936", "$WE 1"):
        assert say(bench, line) == "*"
    assert say(bench, "$AW") == "*CONTINUOUS 193 12000 5 NONE 366 532 1064 2936 10.6"
    assert say(bench, "$WE 5") == "?COM ERROR"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"power_ranges_w": "1 2"}, "power_ranges_w must be numbers above 0, the largest first"),
        ({"energy_ranges_j": "x"}, "energy_ranges_j must hold numbers above 0, not 'x'."),
        ({"range_index": "9"}, "range_index=9 is no place in power_ranges_w."),
        ({"wavelength_index": "7"}, "wavelength_index must be one of 1 to 6."),
        ({"wavelength_list": "1 2 3 red"}, "wavelength_list must hold numbers above 0, not 'red'."),
    ],
)
def test_values_that_cannot_be(meter, values, sentence):
    """A meter that cannot exist is refused with a sentence, at the start and while it runs."""
    with pytest.raises(ConfigError) as refused:
        meter(values=values)
    assert sentence in str(refused.value)
    bench = meter()
    with pytest.raises(ConfigError):
        bench.set(**values)
    assert say(bench, "$AR") == "* 0 AUTO 30.0W 3.00W 300mW 30.0mW"
    with pytest.raises(ConfigError, match="model is built in"):
        bench.set(model="vega")


def test_the_keys_that_others_rely_on():
    """`model` and `head` have the choices that the interface names, and every variation a knob."""
    settables = {each.name: each for each in SIMULATOR.settables}
    assert settables["model"].choices == ("ea1", "nova", "nova2", "vega")
    assert settables["head"].choices == ("thermopile", "pyroelectric", "none")
    assert Plan.of(SIMULATOR, values=PYRO).values["head_name"] == "PE10-C"
