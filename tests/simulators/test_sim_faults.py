"""The fault language, and what each fault does to the wire and to the laser."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError, DeviceLinkError
from devicelink_simulation.faults import WIRE_FAULTS, parse_fault


def test_delay(lab):
    """The reply comes late by exactly the time that the fault names; the command acts at once."""
    laser = lab(values={"startup_s": "0"}, faults=["delay:seconds=0.3@cmd=EMON"])
    assert laser.raw(b"EMON\r") == b""
    assert laser.lights() == ["enabled"]
    assert laser.wait(0.299) == b""
    assert laser.wait(0.001) == b"EMON\r"
    assert laser.ask("EMOFF") == "EMOFF"


def test_replies_never_overtake_each_other(lab):
    """A reply behind a delayed one waits for it, as on any wire."""
    laser = lab(faults=["delay:seconds=1@nth=1"])
    assert laser.raw(b"STA\r") == b""
    assert laser.raw(b"RNC\r") == b""
    assert laser.wait(1) == b"STA: 0\rRNC: 10.0\r"
    laser = lab(faults=["delay:seconds=1@nth=1", "silence@at=0.5"])
    laser.raw(b"STA\rRNC\r")
    assert laser.wait(1) == b""


def test_drop(lab):
    """A dropped reply is lost, the command was carried out; count says how often."""
    laser = lab(faults=["drop@cmd=SDC,count=2"])
    assert laser.ask("SDC 20") == ""
    assert laser.ask("RCS") == "RCS: 20.0"
    assert [laser.ask("sdc 30"), laser.ask("SDC 40")] == ["", "SDC: 40.0"]


def test_nth_strikes_once_unless_count_says_more(lab):
    """The Nth exchange that fits is struck, and with count the following ones too."""
    laser = lab(faults=["drop@nth=3"])
    assert [laser.ask("RNC") != "" for _ in range(5)] == [True, True, False, True, True]
    laser = lab(faults=["drop@nth=2,cmd=STA,count=2"])
    said = [laser.ask(word) for word in ("STA", "RNC", "STA", "RNC", "STA", "STA")]
    assert said == ["STA: 0", "RNC: 10.0", "", "RNC: 10.0", "", "STA: 0"]


def test_garbage(lab):
    """Bytes stand before the reply, as the fault names them."""
    laser = lab(faults=["garbage:hex=ff0d41@nth=2"])
    assert laser.raw(b"RNC\r") == b"RNC: 10.0\r"
    assert laser.raw(b"RNC\r") == b"\xff\rARNC: 10.0\r"


def test_silence(lab):
    """From its time on nothing is answered and everything is carried out, until it ends."""
    laser = lab(values={"startup_s": "0"}, faults=["silence@at=2,for=1"])
    laser.wait(1.5)
    assert laser.ask("RNC") == "RNC: 10.0"
    laser.wait(0.5)
    assert laser.ask("EMON") == ""
    assert laser.lights() == ["enabled"]
    laser.wait(0.999)
    assert laser.ask("RNC") == ""
    laser.wait(0.001)
    assert laser.ask("RNC") == "RNC: 10.0"


def test_silence_begins_with_a_command(lab):
    """Silence that begins with a command swallows its reply and stays."""
    laser = lab(faults=["silence@cmd=EMOFF"])
    assert [laser.ask(word) for word in ("RNC", "EMOFF", "RNC")] == ["RNC: 10.0", "", ""]


def test_unplug(lab):
    """The port goes at its time; the laser goes on without it."""
    laser = lab(values={"diode_current_percent": "50"}, faults=["unplug@at=1"])
    laser.ask("EMON")
    assert laser.sim.next_event_ns() == laser.now_ns + 1_000_000_000
    assert laser.sim.plugged
    laser.wait(2)
    assert not laser.sim.plugged
    assert laser.when("unplugged") == 1.0
    assert laser.ask("EMOFF") == ""
    laser.wait(2)
    assert laser.lit


def test_unplug_with_a_command(lab):
    """The cable leaves as the command is carried out: the deed is done, the reply lost."""
    laser = lab(values={"startup_s": "0"}, faults=["unplug@cmd=EMON"])
    assert laser.ask("EMON") == ""
    assert laser.lights() == ["enabled"]
    assert not laser.sim.plugged


def test_refused_off(lab):
    """EMOFF is refused and ignored; the light stays; once unless always."""
    laser = lab(setup="left_emitting", faults=["refused_off:text=Not now"])
    assert laser.ask("EMOFF") == "ERR: Not now"
    assert laser.lit
    assert laser.ask("SDC 20") == "SDC: 20.0"
    laser.set(fault="none")
    assert laser.ask("EMOFF") == "EMOFF"
    assert not laser.lit
    laser = lab(setup="left_emitting", faults=["refused_off@nth=1"])
    assert laser.ask("EMOFF") == "ERR: Command refused"
    assert laser.ask("EMOFF") == "EMOFF"


def test_stuck_ack(lab):
    """Commands are acknowledged and not carried out; reading back shows it."""
    laser = lab(setup="left_emitting", faults=["stuck_ack"])
    said = [laser.ask(line) for line in ("EMOFF", "SDC 0", "RCS")]
    assert said == ["EMOFF", "SDC: 0.0", "RCS: 30.0"]
    assert laser.lit
    laser = lab(setup="left_emitting", faults=["stuck_ack@cmd=EMOFF,count=1"])
    laser.ask("EMOFF")
    assert laser.lit
    laser.ask("EMOFF")
    assert not laser.lit


def test_faults_come_and_go_while_it_runs(lab):
    """A fault set later counts its time from then; none clears all; the truth has what struck."""
    laser = lab()
    laser.wait(5)
    laser.set(fault="drop@at=1")
    assert laser.ask("RNC") == "RNC: 10.0"
    laser.wait(1)
    assert laser.ask("RNC") == ""
    laser.set(fault="none")
    assert laser.ask("RNC") == "RNC: 10.0"
    struck = [each for each in laser.truth.events if each["event"] == "fault"]
    assert struck == [
        {"mono_ns": struck[0]["mono_ns"], "event": "fault", "name": "drop", "word": "RNC"}
    ]
    assert laser.truth.names("set") == ["set", "set"]


def test_several_faults_at_once(lab):
    """Faults add up: garbage before a reply that comes late."""
    laser = lab(faults=["garbage:hex=00", "delay:seconds=1"])
    assert laser.raw(b"RNC\r") == b""
    assert laser.wait(1) == b"\x00RNC: 10.0\r"


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("nix", "There is no fault 'nix'. Known faults: corrupt, delay, drop, dupl"),
        ("", "There is no fault ''"),
        ("delay:seconds=x", "seconds must be a number, not 'x'"),
        ("delay:seconds=-1", "seconds must be a number of at least 0"),
        ("delay:minutes=1", "The fault delay knows no 'minutes'. Known: seconds."),
        ("delay:seconds", "must be written as KEY=VALUE, not 'seconds'"),
        (
            "drop@when=5",
            "The fault drop (after @) knows no 'when'. Known: at, cmd, count, for, nth, p.",
        ),
        ("drop@", "must be written as KEY=VALUE, not ''"),
        ("drop@nth=0", "nth must be a whole number from 1"),
        ("drop@p=1.5", "p must be a number from 0 to 1, not '1.5'"),
        ("garbage:hex=xy", "hex must be pairs of hexadecimal digits, not 'xy'"),
        ("truncate:keep=-1", "keep must be a whole number from 0"),
        ("corrupt:value=256", "value must be a whole number from 0 to 255"),
        ("split:gap=-1", "gap must be a number of at least 0"),
        ("unplug@for=x", "for must be a number, not 'x'"),
        ("reboot@for=1", "The fault reboot lasts as long as its seconds=. Leave out for=."),
        ("frozen_status:rcs=maybe", "rcs must be one of no, yes"),
    ],
)
def test_bad_specs_are_told_in_a_sentence(lab, spec, sentence):
    """A fault that cannot be read is refused with what is known, at the start and later."""
    with pytest.raises(ConfigError) as at_start:
        lab(faults=[spec])
    assert sentence in str(at_start.value)
    laser = lab()
    with pytest.raises(DeviceLinkError):
        laser.set(fault=spec)
    assert laser.truth.names("set") == []


def test_a_fault_of_another_device_is_unknown():
    """The wire's faults do not hold those of a device."""
    with pytest.raises(ConfigError, match="no fault 'refused_off'"):
        parse_fault("refused_off", WIRE_FAULTS)
