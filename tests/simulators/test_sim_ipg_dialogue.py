"""The dialogue of the protocol sheet, word for word."""

from __future__ import annotations

import pytest

QUERIES = ["RCS", "RNC", "RDC", "ROP", "RFV", "RCT", "STA", "RFWS"]
SWITCHES = ["EMON", "EMOFF", "EMOD", "DMOD", "EEC", "DEC", "RERR", "ABN", "ABF", "EEABC", "DEABC"]


def test_example_session(lab):
    """The sheet's example session reads the same here."""
    laser = lab(values={"noise_percent": "0"})
    said = [laser.ask(line) for line in ("STA", "RNC", "SDC 35.0", "EMON", "STA")]
    assert said == ["STA: 0", "RNC: 10.0", "SDC: 35.0", "EMON", "STA: 32772"]
    laser.wait(3)
    assert laser.ask("STA") == "STA: 4"
    laser.wait(1)
    said = [laser.ask(line) for line in ("ROP", "EMOD", "EMOFF", "ROP")]
    assert said == ["ROP: 61.2", "ERR: Emission is on", "EMOFF", "ROP: Off"]


def test_status_4100(lab):
    """Emission on with modulation enabled reads 4100, in decimal."""
    laser = lab(values={"startup_s": "0"})
    assert [laser.ask("EMOD"), laser.ask("EMON"), laser.ask("STA")] == ["EMOD", "EMON", "STA: 4100"]


@pytest.mark.parametrize(
    ("send", "reply", "then"),
    [
        ("SDC 34.2", "SDC: 34.2", "RCS: 34.2"),
        ("SDC 104.2", "ERR: Out of Range", "RCS: 50.0"),
        ("SDC 9.96", "ERR: Out of Range", "RCS: 50.0"),
        ("SDC 100.04", "ERR: Out of Range", "RCS: 50.0"),
        ("SDC -5", "ERR: Out of Range", "RCS: 50.0"),
        ("SDC 10", "SDC: 10.0", "RCS: 10.0"),
        ("SDC 100", "SDC: 100.0", "RCS: 100.0"),
        ("SDC 0", "SDC: 0.0", "RCS: 0.0"),
        ("sdc34.2", "SDC: 34.2", "RCS: 34.2"),
        ("SDC  34.2", "BCMD", "RCS: 50.0"),
        ("SDC", "BCMD", "RCS: 50.0"),
        ("SDC ", "BCMD", "RCS: 50.0"),
        ("SDC x", "BCMD", "RCS: 50.0"),
        ("SDC nan", "BCMD", "RCS: 50.0"),
        ("SDC 3 4", "BCMD", "RCS: 50.0"),
    ],
)
def test_set_point(lab, send, reply, then):
    """A set-point is 0 or from the minimum to 100; anything else leaves it as it was."""
    laser = lab(values={"diode_current_percent": "50"})
    assert laser.ask(send) == reply
    assert laser.ask("RCS") == then


@pytest.mark.parametrize(
    ("send", "reply", "then"),
    [
        ("SFWS 1.2", "SFWS: 1.2", "RFWS: 1.2"),
        ("SFWS 2.55", "SFWS: 2.4", "RFWS: 2.4"),
        ("SFWS 0.2", "SFWS: 0.2", "RFWS: 0.2"),
        ("SFWS 5.0", "SFWS: 5.0", "RFWS: 5.0"),
        ("SFWS 0.19", "ERR: Out of Range", "RFWS: 3.4"),
        ("SFWS 5.01", "ERR: Out of Range", "RFWS: 3.4"),
    ],
)
def test_averaging_window(lab, send, reply, then):
    """The window is truncated down to a multiple of 0.2 s, within 0.2 to 5."""
    laser = lab(values={"power_average_s": "3.4"})
    assert laser.ask(send) == reply
    assert laser.ask("RFWS") == then


def test_key_in_remote_refuses_both_ways(lab):
    """With the key in REM neither EMON nor EMOFF is obeyed, and bit 21 shows it."""
    laser = lab(setup="key_in_remote")
    assert laser.ask("EMON") == "ERR: Keyswitch in remote"
    assert laser.status == {21}
    laser = lab(setup="key_in_remote_emitting")
    assert laser.ask("EMOFF") == "ERR: Keyswitch in remote"
    assert laser.status == {2, 21}
    assert laser.lit


@pytest.mark.parametrize("word", ["EMOD", "DMOD", "EEC", "DEC"])
def test_modes_are_refused_while_emitting(lab, word):
    """Modulation and analog control cannot be switched while emission is on or starting."""
    laser = lab()
    laser.ask("EMON")
    assert laser.ask(word) == "ERR: Emission is on"
    laser.ask("EMOFF")
    assert laser.ask(word) == word


@pytest.mark.parametrize(
    ("on", "off", "bit"), [("EMOD", "DMOD", 12), ("EEC", "DEC", 4), ("ABN", "ABF", 8)]
)
def test_switches_show_in_the_status(lab, on, off, bit):
    """Each pair of switches sets and clears its own status bit."""
    laser = lab()
    assert laser.ask(on) == on
    assert laser.status == {bit}
    assert laser.ask(off) == off
    assert laser.status == set()


def test_aiming_beam_under_hardware_control(lab):
    """Under hardware control the host's aiming commands are refused and the input decides."""
    laser = lab()
    assert laser.ask("EEABC") == "EEABC"
    assert laser.ask("ABN").startswith("ERR")
    assert laser.status == {22}
    laser.set(aiming_input="high")
    assert laser.status == {8, 22}
    assert laser.ask("DEABC") == "DEABC"
    assert laser.status == set()


@pytest.mark.parametrize("word", [*QUERIES, *SWITCHES])
def test_every_word_is_known_in_any_case(lab, word):
    """Each word of the command table is answered by itself, whatever its case."""
    reply = lab().ask(word.lower())
    assert reply == word or reply.startswith(f"{word}: ")


def test_readings(lab):
    """Firmware, temperature and current read as the sheet writes them."""
    laser = lab(values={"startup_s": "0", "max_current_a": "9"})
    assert [laser.ask(word) for word in ("RFV", "RCT", "RDC")] == [
        "RFV: 1.0.103",
        "RCT: 25.0",
        "RDC: 0.0",
    ]
    laser.ask("SDC 50")
    laser.ask("EMON")
    assert laser.ask("RDC") == "RDC: 4.5"


@pytest.mark.parametrize(
    "line", ["", "XYZ", "EMO", "EMON 5", "EMON ", "STA 1", "\nSTA", "EMON\x00", "?"]
)
def test_what_is_no_command(lab, line):
    """Whatever is no command is answered BCMD and does nothing."""
    laser = lab()
    assert laser.ask(line) == "BCMD"
    assert laser.status == set()


def test_only_cr_ends_a_line(lab):
    """LF ends nothing; a half-written frame waits for its CR; each CR is one reply."""
    laser = lab()
    assert laser.raw(b"STA\n") == b""
    assert laser.raw(b"\r") == b"BCMD\r"
    assert laser.raw(b"EMO") == b""
    assert laser.raw(b"\rEMOFF\r") == b"BCMD\rEMOFF\r"
    assert laser.raw(b"RNC\rRFV\r") == b"RNC: 10.0\rRFV: 1.0.103\r"


def test_too_long_a_line_is_no_command(lab):
    """A line longer than the buffer is no command, also where its beginning is one."""
    laser = lab()
    assert laser.ask("SDC 34." + "0" * 400) == "BCMD"
    for _ in range(100):
        assert laser.raw(b"0" * 100) == b""
    assert len(laser.sim._device._received) <= 257
    assert laser.ask("") == "BCMD"
    assert laser.ask("STA") == "STA: 0"


def test_terser_copies(lab):
    """Variations of compatible lasers: no space after the colon, other refusals."""
    laser = lab(setup="copy")
    assert [laser.ask("STA"), laser.ask("XYZ"), laser.ask("SDC 5")] == [
        "STA:0",
        "Command Err!",
        "ERR",
    ]
    assert lab(values={"unknown_reply": "Command ERR"}).ask("x") == "Command ERR"
    laser = lab(values={"param_space": "required"})
    assert [laser.ask("SDC20"), laser.ask("SDC 20")] == ["BCMD", "SDC: 20.0"]
    assert lab(values={"empty_line": "silent"}).raw(b"\r\rSTA\r") == b"STA: 0\r"


def test_reply_latency(lab):
    """A reply leaves when its latency is over, not before; the command acts at once."""
    laser = lab(values={"reply_latency_s": "0.25", "startup_s": "0"})
    assert laser.raw(b"EMON\r") == b""
    assert laser.lights() == ["enabled"]
    assert laser.sim.next_event_ns() == laser.now_ns + 250_000_000
    assert laser.wait(0.2499) == b""
    assert laser.wait(0.0001) == b"EMON\r"
