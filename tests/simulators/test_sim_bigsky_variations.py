"""What Big Sky lasers do differently from each other, or may do where no source tells."""

from __future__ import annotations

import pytest

from tests.simulators.bigsky_lab import QUICK, BigSky, shining


def test_the_other_firmware_fires_by_e():
    """E alone, which elsewhere asks for an interval, fires the lamp by triggers from outside."""
    laser = BigSky(values={**QUICK, "dialect": "ultra", "shutter": "open"})
    assert laser.say("ST", "E", "ST", "WOR") == [
        *("standby", "fire ext", "fire ext", "I 0 F 6 S 1 Q 0"),
    ]
    laser.set(lamp_trigger_input="on")
    assert laser.say("PQ") == ["fire ext   qs"]
    laser.wait(0.2)
    assert laser.lit
    assert laser.say("S", "A", "ST") == ["standby", "fire auto", "fire auto   qs"]
    assert BigSky(values=QUICK).say("E", "ST") == ["ena charg 00.0S", ""]


def test_the_other_firmware_refuses_too():
    """With an interlock open neither A nor E fires, and the mode of the lamp stays."""
    laser = BigSky(values={"dialect": "ultra", "interlock": "open"})
    assert laser.say("E", "A", "LPM") == ["I/O connector", "I/O connector", "LP synch :  0"]


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        ("bss", ["IF2 00 00 00 00", "IQS 00 00 00 10"]),
        ("ultra", ["IF2 00 00 11 00", "IQS 00 01 00 00"]),
    ],
)
def test_the_other_firmwares_registers(dialect, told):
    """IF2 has level and flow, and IQ the shutter in another bit."""
    laser = BigSky(values={"dialect": dialect, "water_level": "low", "water_flow": "low"})
    laser.say("IF2", "IQ")
    assert laser.say("IF2", "IQ") == told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "I 0 F 2 S 1 Q 2"),
        ({"wor_firing": "1"}, "I 0 F 1 S 1 Q 2"),
        ({"wor_firing": "3"}, "I 0 F 3 S 1 Q 2"),
        ({"wor_started": "3"}, "I 0 F 2 S 1 Q 3"),
        ({"wor_started": "1"}, "I 0 F 2 S 1 Q 1"),
    ],
)
def test_digits_of_wor(values, told):
    """A firing lamp and a Q-switch that works may read other digits, undocumented ones too."""
    laser = shining(**values)
    assert laser.say("WOR") == [told]
    assert laser.say("S", "SQ", "WOR")[-1] == "I 0 F 0 S 0 Q 0"


def test_digits_of_wor_by_outside_triggers():
    """Four more, whatever they are."""
    values = {**QUICK, "lamp_mode": "1", "q_switch_mode": "2", "wor_firing": "3"}
    laser = BigSky(values={**values, "wor_started": "3", "wor_armed_external": "6"})
    laser.say("A", "R1", "PQ")
    assert laser.say("WOR") == ["I 0 F 7 S 1 Q 7"]


@pytest.mark.parametrize(
    ("place", "mode", "text"),
    [
        ("three_spaces", "2", "fire auto   qse"),
        ("column", "2", "fire auto  qse "),
        ("column", "0", "fire auto  qs  "),
    ],
)
def test_where_qs_stands(place, mode, text):
    """Behind three spaces, or in one column."""
    laser = BigSky(values={**QUICK, "qs_place": place, "q_switch_mode": mode})
    laser.say("A", "R1")
    assert laser.ask("PQ") == text
    assert laser.ask("") == text


def test_where_qs_was_captured():
    """With the lamp fired from outside both readings give the text that was captured."""
    for place in ("three_spaces", "column"):
        values = {"qs_place": place, "q_switch_mode": "2", "lamp_mode": "1"}
        laser = BigSky(values={**QUICK, **values})
        laser.say("A", "R1")
        assert laser.ask("PQ") == "fire ext   qse "


def test_bits_without_a_meaning():
    """They may read 1 in every interlock register while all is well."""
    laser = BigSky(values={"unknown_bits": "1", "shutter": "open"})
    laser.say("IF", "IF2", "IQ")
    assert laser.say("IF", "IF2", "IQ") == ["IF. 01 00 00 01", "IF2 11 00 10 11", "IQS 00 11 11 01"]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("unchanged", ["voltage   950 V", "QS mode :   0", "voltage   950 V"]),
        ("silent", ["", "", "voltage   950 V"]),
        ("clamped", ["voltage  1200 V", "QS mode :   2", "voltage  1200 V"]),
    ],
)
def test_a_value_out_of_range(how, said):
    """It leaves things as they were, with an answer or none, or is taken as the nearest."""
    laser = BigSky(values={"out_of_range": how, "voltage_max_v": "1200"})
    assert laser.say("V1500", "QSM9", "V") == said


@pytest.mark.parametrize(
    ("values", "command", "told"),
    [
        ({"frequency_max_hz": "56"}, "F5700", "freq.  10.00 Hz"),
        ({"frequency_max_hz": "56"}, "F5600", "freq.  56.00 Hz"),
        ({"voltage_min_v": "600"}, "V599", "voltage   950 V"),
        ({"delay_min_us": "120"}, "W119", "delay    140 uS"),
        ({"delay_max_us": "200"}, "W201", "delay    140 uS"),
        ({"delay_max_us": "200"}, "W200", "delay    200 uS"),
        ({"firmware_date": "01/02/99"}, "DAT", "01/02/99"),
        ({"operating_minutes": "61"}, "T", "ct time    1:01"),
        ({"harmonic_temperature": "failed"}, "IHG", "IHG           1"),
        ({"chain": "shared"}, "SN", "s/number    062"),
    ],
)
def test_units_differ(values, command, told):
    """Factory limits, papers and parts of a unit."""
    assert BigSky(values=values).say(command) == [told]


def test_replies_to_a_broadcast_collide():
    """On a shared chain the reply to > is another's too, and no text that anybody wrote."""
    laser = BigSky(values={"chain": "shared"})
    assert laser.ask("SN", prefix=">") != laser.ask("SN")


@pytest.mark.parametrize(("closes", "told"), [("no", "shutter opened"), ("yes", "shutter closed")])
def test_the_shutter_at_a_trip(closes, told):
    """It stays as it is, or closes; it is dark either way."""
    laser = shining(trip_closes_shutter=closes)
    laser.set(interlock="open")
    assert laser.say("R") == [told]
    assert not laser.lit


def test_the_capacitor_discharges():
    """At rest its voltage falls to a third in its time constant."""
    laser = BigSky(values={**QUICK, "discharge_s": "10"})
    laser.say("M", "S")
    laser.wait(10)
    assert laser.say("VI") == ["voltage it 349V"]
