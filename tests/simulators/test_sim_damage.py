"""Damage on the wire: replies doubled, changed, cut or in pieces; commands lost or mangled."""

from __future__ import annotations

import pytest


def test_duplicate(lab):
    """A reply comes twice, once; the next one is whole and single."""
    laser = lab(faults=["duplicate@cmd=RNC,count=1"])
    assert laser.raw(b"RNC\r") == b"RNC: 10.0\rRNC: 10.0\r"
    assert laser.raw(b"RNC\r") == b"RNC: 10.0\r"


@pytest.mark.parametrize(
    ("parameters", "reply"),
    [
        ("", b"?NC: 10.0\r"),
        (":position=5,value=0x38", b"RNC: 80.0\r"),
        (":position=-1,value=0x0A", b"RNC: 10.0\n"),
        (":position=10", b"?NC: 10.0\r"),
        (":position=5,value=0x31", b"RNC: 00.0\r"),
    ],
)
def test_corrupt(lab, parameters, reply):
    """One byte is another, always: where it has the value already, its lowest bit flips."""
    laser = lab(faults=[f"corrupt{parameters}"])
    assert laser.raw(b"RNC\r") == reply


@pytest.mark.parametrize(
    ("keep", "reply"), [(0, b""), (3, b"RNC"), (9, b"RNC: 10.0"), (99, b"RNC: 10.0")]
)
def test_truncate(lab, keep, reply):
    """A reply ends early, without its CR even where all of it was to be kept."""
    laser = lab(faults=[f"truncate:keep={keep}@count=1"])
    assert laser.raw(b"RNC\r") == reply
    assert laser.raw(b"RNC\r") == b"RNC: 10.0\r"


def test_split(lab):
    """The bytes of a reply come one by one; the reply behind it waits for the last."""
    laser = lab(faults=["split:gap=0.01@nth=1"])
    assert laser.raw(b"STA\rRNC\r") == b"S"
    assert laser.sim.next_event_ns() == laser.now_ns + 10_000_000
    assert [laser.wait(0.01) for _ in range(3)] == [b"T", b"A", b":"]
    assert laser.wait(0.029) == b" 0"
    assert laser.wait(0.001) == b"\rRNC: 10.0\r"


def test_damage_adds_up(lab):
    """A corrupted, truncated, late reply comes twice behind garbage."""
    planted = ["corrupt:position=1,value=0x21", "truncate:keep=4", "duplicate", "garbage:hex=07"]
    laser = lab(faults=[*planted, "delay:seconds=1"])
    assert laser.raw(b"RNC\r") == b""
    assert laser.wait(1) == b"\x07R!C:R!C:"


def test_lost_command(lab):
    """A lost command does nothing, is not answered, and is not in the truth as understood."""
    laser = lab(setup="left_emitting", faults=["lost_command@cmd=EMOFF,count=2"])
    assert [laser.ask("EMOFF"), laser.ask("STA"), laser.ask("EMOFF")] == ["", "STA: 4", ""]
    assert laser.lit
    assert laser.ask("EMOFF") == "EMOFF"
    assert not laser.lit
    understood = [each["text"] for each in laser.truth.events if each["event"] == "command"]
    assert understood == ["STA", "EMOFF"]
    struck = [each for each in laser.truth.events if each["event"] == "fault"]
    assert [(each["name"], each["word"]) for each in struck] == [("lost_command", "EMOFF")] * 2


def test_commands_are_counted_as_sent(lab):
    """A lost command counts as an exchange, so the next fault strikes the one after it."""
    laser = lab(faults=["lost_command@nth=1", "drop@nth=2"])
    assert [laser.ask("RNC") for _ in range(3)] == ["", "", "RNC: 10.0"]


def test_a_lost_command_in_pieces_and_among_others(lab):
    """A command is lost as a whole however its bytes come; its neighbours are not touched."""
    laser = lab(faults=["lost_command@cmd=SDC"])
    assert laser.raw(b"RNC\rSD") == b"RNC: 10.0\r"
    assert laser.raw(b"C 50\rRC") == b""
    assert laser.raw(b"S\r") == b"RCS: 0.0\r"


def test_mangled_command(lab):
    """The laser understands another command than was sent, and carries that out."""
    laser = lab(values={"startup_s": "0"}, faults=["mangled_command:position=3,value=0x4E@nth=1"])
    assert laser.ask("EMOD") == "EMON"
    assert laser.lights() == ["enabled"]
    assert laser.ask("EMOFF") == "EMOFF"
    struck = [each for each in laser.truth.events if each["event"] == "fault"]
    assert [(each["name"], each["word"]) for each in struck] == [("mangled_command", "EMOD")]


def test_a_mangled_number_sets_another_current(lab):
    """The echo tells what the laser understood, not what was sent."""
    laser = lab(faults=["mangled_command:position=4,value=0x39@cmd=SDC,count=1"])
    assert laser.ask("SDC 20") == "SDC: 90.0"
    assert laser.ask("RCS") == "RCS: 90.0"


def test_a_mangled_end_joins_two_commands(lab):
    """Without its CR a command becomes the beginning of the next one."""
    laser = lab(setup="left_emitting", faults=["mangled_command:position=-1@nth=1"])
    assert laser.ask("RNC") == ""
    assert laser.ask("EMOFF") == "BCMD"
    assert laser.lit
    assert laser.truth.events[-1]["text"] == "RNC?EMOFF"
    assert laser.ask("EMOFF") == "EMOFF"


def test_a_byte_that_becomes_an_end_splits_a_command(lab):
    """A byte that reads as CR makes two lines of one command, and two replies."""
    laser = lab(faults=["mangled_command:position=3,value=0x0D@nth=1"])
    assert laser.raw(b"RNCxRCS\r") == b"RNC: 10.0\rRCS: 0.0\r"


def test_a_mangled_line_too_long_is_no_command(lab):
    """Lines that join beyond the input buffer are no command, and the next one works."""
    laser = lab(faults=["mangled_command:position=-1@count=3"])
    for _ in range(3):
        assert laser.ask("x" * 200) == ""
    assert laser.ask("RNC") == "BCMD"
    assert laser.ask("RNC") == "RNC: 10.0"
