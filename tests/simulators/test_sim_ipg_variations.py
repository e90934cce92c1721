"""What IPG lasers do differently from each other, or may do where no source tells."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError

QCW = {"dialect": "ylr-qcw"}
YAR = {"dialect": "yar", "noise_percent": "0"}


@pytest.mark.parametrize(
    ("family", "model", "nm", "watts"),
    [
        ("ytterbium", "YLM-10-SF", 1070, "10.5"),
        ("erbium", "ELR-30", 1550, "30.0"),
        ("thulium", "TLR-50", 1927, "50.0"),
    ],
)
def test_families(lab, family, model, nm, watts):
    """Another model text, other limits and another wavelength; the words are the same."""
    laser = lab(values={**YAR, "family": family, "startup_s": "0"})
    said = [laser.ask(word) for word in ("RMN", "RMP", "SPS 9", "EMON")]
    assert said == [f"RMN: {model}", f"RMP: {watts}", "SPS: 9.0", "EMON"]
    lit = [each for each in laser.truth.events if each["event"] == "light_on"]
    assert [each["wavelength_nm"] for each in lit] == [nm]


@pytest.mark.parametrize("key", ["family", "buffer_bytes", "dialect"])
def test_what_is_built_in(lab, key):
    """A laser does not become another one."""
    value = {"family": "erbium", "buffer_bytes": "64", "dialect": "yar"}[key]
    with pytest.raises(ConfigError, match=f"{key} is built in"):
        lab().set(**{key: value})


def test_an_amplifier_that_knows_the_current_words(lab):
    """With them it answers RNC as a YLR-SM does, though its status bits mean other things."""
    laser = lab(values={**YAR, "yar_current_words": "known", "startup_s": "0"})
    said = [laser.ask(line) for line in ("RNC", "SDC 50", "RCS", "SDC 5", "RMN", "RFWS", "EMON")]
    assert said == [
        *("RNC: 10.0", "SDC: 50.0", "RCS: 50.0", "ERR: Out of Range"),
        *("RMN: YLM-10-SF", "BCMD", "EMON"),
    ]
    assert laser.lit
    assert laser.status == {0}


def test_the_start_up_is_shown_late(lab):
    """Emission shows at once, the start-up only after a while; light comes at its end."""
    laser = lab(values={"startup_shown_after_s": "0.5", "diode_current_percent": "50"})
    laser.ask("EMON")
    assert laser.status == {2}
    laser.wait(0.5)
    assert laser.status == {2, 15}
    assert not laser.lit
    laser.wait(2.5)
    assert laser.status == {2}
    assert laser.lit


def test_waveform_mode_is_shown(lab):
    """Bit 22 of a YLR-QCW; the others have no such bit."""
    assert lab(values={**QCW, "waveform_mode": "enabled"}).status == {11, 22}
    assert lab(values={"waveform_mode": "enabled"}).status == set()


@pytest.mark.parametrize(("unit", "width", "rate"), [("ms", 2, 100), ("us", 2000, 100)])
def test_the_unit_of_the_pulse_width(lab, unit, width, rate):
    """The same pulse in another unit: the same output, and the same limit."""
    values = {"pulse_width_unit": unit, "noise_percent": "0", "startup_s": "0"}
    laser = lab(values={**QCW, **values})
    lines = (f"SPRR {rate}", f"SPW {width}", "RPW", f"SPW {width * 6}", "SDC 100", "EPM", "EMON")
    assert [laser.ask(line) for line in lines] == [
        *(f"SPRR: {rate}.0", f"SPW: {width}.0", f"RPW: {width}.0", "ERR", "SDC: 100.0"),
        *("EPM", "EMON"),
    ]
    laser.wait(2)
    assert laser.ask("ROP") == "ROP: 40.0"


def test_a_pulse_width_in_seconds(lab):
    """The set-up of 1 ms reads 0.001 s."""
    assert lab(values={**QCW, "pulse_width_unit": "s"}).ask("RPW") == "RPW: 0.001"


@pytest.mark.parametrize("line", ["SPW 0.0000001", "SPRR 0.0001", "SPRR 10000000", "SPW 0"])
def test_pulses_that_no_laser_has(lab, line):
    """A rate or width out of its range is refused, and stays as it was."""
    laser = lab(values=QCW)
    laser.ask("SPW 0.000001")
    assert laser.ask(line) == "ERR"
    assert [laser.ask("RPRR"), laser.ask("RPW")] == ["RPRR: 50.0", "RPW: 0.0"]


@pytest.mark.parametrize(
    ("how", "reply"),
    [("error", "ERR: Aiming beam under external control"), ("acknowledged", "ABN")],
)
def test_the_aiming_beam_under_hardware_control(lab, how, reply):
    """ABN is refused, or echoed and not obeyed."""
    laser = lab(values={"aiming_control": "hardware", "aiming_refused": how})
    assert laser.ask("ABN") == reply
    laser.ask("DEABC")
    assert laser.status == set()
    laser.set(aiming_beam="on")
    assert laser.status == {8}


def test_the_text_of_other_errors(lab):
    """Only where no source tells the text it may be another one."""
    laser = lab(values={"other_error": "Not ready", "supply": "off"})
    assert laser.ask("EMON") == "ERR: Not ready"
    assert laser.ask("SDC 5") == "ERR: Out of Range"
    assert lab(values={"supply": "off"}).ask("EMON") == "ERR: Emission not possible"
    assert lab(values={"supply": "off", "err_text": "off"}).ask("EMON") == "ERR"


@pytest.mark.parametrize(("dialect", "bits"), [("ylr-sm", set()), ("ylr-qcw", {0, 11})])
def test_a_line_that_is_longer_than_the_buffer(lab, dialect, bits):
    """It is no command; a YLR-QCW also shows an overflow, until RERR."""
    laser = lab(values={"dialect": dialect, "buffer_bytes": "8"})
    assert laser.ask("SDC 20.0") == "SDC: 20.0"
    assert [laser.ask("SDC 30.00"), laser.ask("RCS")] == ["BCMD", "RCS: 20.0"]
    assert laser.status == bits
    laser.ask("RERR")
    assert laser.status == bits - {0}
    laser.ask("SDC 30.00")
    assert laser.ask("EMON") == ("ERR" if bits else "EMON")


@pytest.mark.parametrize(("alarm", "bit"), [("pulse_energy", 17), ("average_power", 31)])
def test_alarms_of_pulses(lab, alarm, bit):
    """High pulse energy and high average power, each in its bit."""
    assert lab(values={**QCW, "alarm": alarm}).status == {11, bit}


def test_limits_of_an_amplifier(lab):
    """What it may be set to, and from where on its output is a number."""
    laser = lab(
        values={**YAR, "startup_s": "0", "minimum_power_w": "0.5", "measurable_power_w": "0.8"}
    )
    lines = ("RNP", "RDPT", "SPS 0.4", "SPS 0.6", "EMON")
    assert [laser.ask(line) for line in lines] == [
        *("RNP: 0.500", "RDPT: 0.800", "ERR: Out of Range", "SPS: 0.6", "EMON"),
    ]
    laser.wait(2)
    assert laser.ask("ROP") == "ROP: Low"
    laser.ask("SPS 0.9")
    laser.wait(2)
    assert laser.ask("ROP") == "ROP: 0.900"


def test_the_power_of_unexpected_emission(lab):
    """What comes without being commanded is as strong as it is set."""
    laser = lab(values={"unexpected_emission": "on", "unexpected_power_w": "7"})
    lit = [each for each in laser.truth.events if each["event"] == "light_on"]
    assert [each["power_w"] for each in lit] == [7.0]
