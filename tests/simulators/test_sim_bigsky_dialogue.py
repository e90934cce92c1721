"""The words of the Big Sky laser, byte for byte, and who is answered at all."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError
from tests.simulators.bigsky_lab import QUICK, BigSky

TOLD = {
    "SN": b"s/number    062",
    "X": b"SPECTRA-SY 3.68",
    "DAT": b"20/12/02       ",
    "T": b"ct time 7040:23",
    "CG": b"temp. CG 33 d  ",
    "CGF": b"temp. CG 091 F ",
    "P": b"CG pump       1",
    "R": b"shutter closed ",
    "ROF": b"shutt. at run 0",
    "QOF": b"QS at run     1",
    "VMO": b"Voltage m0950 V",
    "VA": b"voltage ac   0V",
    "VI": b"voltage it   0V",
    "LPM": b"LP synch :  0  ",
    "QSW": b"QS wait :   100",
    "WMN": b"dly QS m 100 uS",
    "WMX": b"dly QS M 500 uS",
    "C": b"ct LP 000012345",
    "UC": b"cu LP 000000000",
    "CQ": b"ct QS 000000678",
    "UCQ": b"cu QS 000000000",
    "D": b"dis charg 00.0S",
    "E": b"ena charg 00.0S",
    "ECH": b"echo on        ",
    "IHG": b"IHG           0",
    "WOR": b"I 0 F 0 S 0 Q 0",
    "": b"standby        ",
}
SET = {
    "P1": b"CG pump       1",
    "R0": b"shutter closed ",
    "R1": b"shutter opened ",
    "V1150": b"voltage  1150 V",
    "V900": b"voltage   900 V",
    "ENE212": b"energy    21.2J",
    "CAP293": b"capacity 29.3uF",
    "F4000": b"freq.  40.00 Hz",
    "LPM0": b"LP synch :  0  ",
    "QSM1": b"QS mode :   1  ",
    "QSF10": b"cycle rate F/10",
    "QSP50": b"burst QS    050",
    "QSW100": b"QS wait :   100",
    "QOF1": b"QS at run     1",
    "ROF0": b"shutt. at run 0",
    "W225": b"delay    225 uS",
    "UC0": b"cu LP 000000000",
    "UCQ0": b"cu QS 000000000",
    "SUC": b"user ct saved  ",
    "SAV1": b"Save config.  1",
    "D10": b"dis charg 01.0S",
    "E25": b"ena charg 02.5S",
}


@pytest.mark.parametrize(("command", "text"), [*TOLD.items(), *SET.items()])
def test_replies_as_printed(command, text):
    """Each reply is CR LF and the fifteen characters that the sheet prints; nothing follows."""
    assert BigSky().raw(f"$062{command}\r\n".encode()) == b"\r\n" + text


@pytest.mark.parametrize(
    ("mode", "lamp_mode", "fires", "switches", "e"),
    [
        ("0", "0", "fire auto", "fire auto   qs", ""),
        ("2", "0", "fire auto", "fire auto   qse", "e"),
        ("0", "1", "fire ext", "fire ext   qs", ""),
        ("2", "1", "fire ext", "fire ext   qse", "e"),
    ],
)
def test_state_texts(mode, lamp_mode, fires, switches, e):
    """Lamp word, Q-switch and the e in column 14, in answers and when asked for the state."""
    laser = BigSky(values={**QUICK, "q_switch_mode": mode, "lamp_mode": lamp_mode})
    laser.ask("R1")
    simmers, fires, stands = (f"{word:13}{e}".rstrip() for word in ("simmer", fires, "standby"))
    for command, text in {
        "M": simmers,
        "A": fires,
        "PQ": switches,
        "SQ": fires,
        "S": stands,
    }.items():
        assert laser.say(command, "") == [text, text]


def test_who_is_answered():
    """Three digits after a dollar, or a broadcast; everybody else is met with silence."""
    laser = BigSky()
    for heard in (b"$062SN\r\n", b">SN\r\n", b"$062SN\n", b"$062sn\r\n", b">sn\n"):
        assert laser.raw(heard) == b"\r\ns/number    062"
    for silent in (b"062SN\r\n", b"62SN\r\n", b"$62SN\r\n", b">062SN\r\n", b"SN\r\n", b"\r\n"):
        assert laser.raw(silent) == b""
    for no_command in (b"$063SN\r\n", b"$0620SN\r\n", b"$062VT\r\n", b"$062R2\r\n", b"\n"):
        assert laser.raw(no_command) == b""
    assert laser.raw(b"$062SN\r") == b""
    assert laser.raw(b"\n") == b"\r\ns/number    062"
    assert laser.raw(b"$062R\r\n$062P\r\n") == b"\r\nshutter closed \r\nCG pump       1"


def test_strict_takes_the_sheet_at_its_word():
    """With strict=on a line ends with CR LF and is in upper case."""
    laser = BigSky(values={"strict": "on"})
    assert laser.raw(b"$062SN\r\n") == b"\r\ns/number    062"
    assert laser.raw(b"$062SN\n$062sn\r\n>sn\r\n") == b""


def test_echo_off_obeys_and_says_nothing():
    """After ECH0 commands are carried out in silence until ECH1."""
    laser = BigSky()
    assert [laser.ask("ECH0"), laser.ask("R1"), laser.ask("WOR")] == ["", "", ""]
    assert laser.inside.shutter.open
    assert laser.say("ECH1", "R") == ["echo on", "shutter opened"]


def test_out_of_range_stays_as_it_was():
    """A value out of its range, or beyond a factory limit, is answered with what stays."""
    laser = BigSky(values={"voltage_max_v": "1200"})
    assert laser.say("V499", "V1201", "V1801", "W99", "W501", "F0", "QSP1000", "QSM3") == [
        *["voltage   950 V"] * 3,
        *["delay    140 uS"] * 2,
        "freq.  10.00 Hz",
        "burst QS    050",
        "QS mode :   0",
    ]
    laser.set(out_of_range="silent")
    assert laser.say("V499", "QSM3", "V1200") == ["", "", "voltage  1200 V"]


def test_energy_capacitor_and_voltage_belong_together():
    """ENE and CAP move the voltage; V moves the energy."""
    laser = BigSky()
    assert laser.say("ENE212", "V") == ["energy    21.2J", "voltage  1203 V"]
    assert laser.say("CAP330", "V") == ["capacity 33.0uF", "voltage  1134 V"]
    assert laser.say("ENE") == ["energy    21.2J"]
    assert laser.say("V800", "ENE") == ["voltage   800 V", "energy    10.6J"]


def test_triggers_change_only_while_the_lamp_is_stopped():
    """LPM and QSM are answered with what stays while the lamp fires."""
    laser = BigSky(values=QUICK)
    assert laser.say("A", "QSM2", "LPM1") == ["fire auto", "QS mode :   0", "LP synch :  0"]
    assert laser.say("S", "QSM2", "LPM1") == ["standby", "QS mode :   2", "LP synch :  1"]


def test_registers_tell_what_the_read_before_saw():
    """IF, IF2 and IQ are one read behind; WOR is live."""
    laser = BigSky()
    laser.set(interlock="open", charger="failed")
    assert laser.ask("WOR") == "I 1 F 0 S 0 Q 0"
    assert laser.say("IF", "IF", "IF1") == ["IF. 00 00 00 00", *["IF. 00 00 01 00"] * 2]
    assert laser.say("IF2", "IF2") == ["IF2 00 00 00 00", "IF2 00 10 00 00"]
    laser.wait(5)
    laser.set(interlock="closed", shutter="open")
    assert laser.say("IF", "IF") == ["IF1 00 00 01 00", "IF. 00 00 00 00"]
    assert laser.say("IQ", "IQ") == ["IQS 00 00 00 10", "IQS 00 00 00 00"]


@pytest.mark.parametrize(
    ("knob", "register", "bits"),
    [
        (("water_flow", "low"), "IF", "10 00 00 00"),
        (("water_level", "low"), "IF", "00 10 00 00"),
        (("lamp_connector", "open"), "IF", "00 01 00 00"),
        (("aux_connector", "open"), "IF", "00 00 10 00"),
        (("interlock", "open"), "IF", "00 00 01 00"),
        (("cabinet", "open"), "IF", "00 00 00 10"),
        (("charger", "failed"), "IF2", "00 10 00 00"),
        (("simmer_supply", "failed"), "IF2", "00 01 00 00"),
        (("coolant_c", "5"), "IF2", "00 00 01 00"),
        (("coolant_c", "15"), "IQ", "01 00 00 10"),
    ],
)
def test_each_cause_has_its_bit(knob, register, bits):
    """Every cause stands at its own place."""
    laser = BigSky()
    laser.set(**dict([knob]))
    assert laser.say(register, register)[1][4:] == bits


@pytest.mark.parametrize(
    ("knob", "text"),
    [
        (("water_flow", "low"), "water flow     "),
        (("pump", "off"), "water flow     "),
        (("water_level", "low"), "water level    "),
        (("lamp_connector", "open"), "lamp connector "),
        (("aux_connector", "open"), "aux connector  "),
        (("interlock", "open"), "I/O connector  "),
        (("coolant_c", "5"), "tp CG < 10 d   "),
        (("cabinet", "open"), "switch cabinet "),
    ],
)
def test_a_refused_lamp_says_why(knob, text):
    """A and M name the cause, and nothing begins."""
    laser = BigSky()
    laser.set(**dict([knob]))
    assert [laser.ask("A"), laser.ask("M")] == [text, text]
    assert laser.say("") == ["standby"]


def test_a_refused_q_switch_says_why():
    """PQ names inhibit, cold, time out, interlock and closed shutter, in this order."""
    laser = BigSky(values={"q_switch_at_run": "0"})
    assert laser.say("PQ", "A", "PQ", "IQ", "IQ") == [
        *("standby", "fire auto", "wait for QS", "IQS 00 00 00 10", "IQS 10 00 00 10")
    ]
    laser.wait(10)
    laser.set(coolant_c="15", qswitch_timed_out="yes", qswitch_interlock="open")
    assert laser.say("PQ") == ["tp CG < 20 d"]
    laser.set(coolant_c="33")
    assert laser.say("PQ") == ["time out QS"]
    laser.set(qswitch_timed_out="no")
    assert laser.say("PQ") == ["interlock QS"]
    laser.set(qswitch_interlock="closed")
    assert laser.say("PQ", "R1", "PQ") == ["shutter closed", "shutter opened", "fire auto   qs"]


def test_other_units_and_manuals():
    """Labels, prefixes and fillings that differ between units and manuals."""
    laser = BigSky(setup="older_unit")
    assert laser.say("SN", "WOR", "IF", "V900") == [
        *("S/Number    062", "I 0 L 0 M 0 Q 0", "IF  00 00 00 00", "voltage  0900 V")
    ]
    laser.set(interlock="open", short_address="accepted")
    assert laser.raw(b"$062A\r\n") == b"\r\nI/O connector"
    assert laser.raw(b"$62SN\r\n") == b"\r\nS/Number    062"
    laser.set(
        unknown_reply="error", empty_line="silent", wor_interlock="external", water_level="low"
    )
    assert laser.say("VT", "", "WOR") == ["error", "", "I 1 L 0 M 0 Q 0"]
    laser.set(interlock="closed", read_behind="off")
    assert laser.say("WOR", "IF") == ["I 0 L 0 M 0 Q 0", "IF1 00 10 00 00"]


def test_replies_to_a_broadcast_collide_on_a_chain():
    """On a shared chain a broadcast's reply is nothing to read; it is obeyed."""
    laser = BigSky(setup="shared_chain")
    broken = laser.raw(b">R1\r\n")
    assert len(broken) == 17
    assert broken != b"\r\nshutter opened "
    assert laser.say("R") == ["shutter opened"]


def test_a_serial_is_three_digits():
    """Another serial number is another address; what is none is refused when it is set."""
    laser = BigSky(values={"serial": "184"})
    assert laser.ask("SN") == ""
    assert laser.ask("SN", "$184") == "s/number    184"
    with pytest.raises(ConfigError, match="three digits"):
        laser.set(serial="18")


def test_an_address_may_be_another_than_the_serial_number():
    """Then it answers there alone, and tells its own number."""
    laser = BigSky(values={"serial": "184", "address": "062"})
    assert laser.ask("SN") == "s/number    184"
    assert laser.ask("SN", "$184") == ""
    laser.set(address="")
    assert laser.ask("SN", "$184") == "s/number    184"
    with pytest.raises(ConfigError, match="address must be three digits"):
        laser.set(address="6")


def test_a_line_too_long_is_no_command():
    """What is longer than the buffer is forgotten, and the next line is heard."""
    laser = BigSky()
    assert laser.raw(b"$062V" + b"0" * 500 + b"\r\n") == b""
    assert len(laser.sim._device._received) == 0
    assert laser.ask("V") == "voltage   950 V"
