"""The Big Sky laser's own faults and named set-ups, and faults of the wire on its frames."""

from __future__ import annotations

import pytest

from devicelink_bigsky_sim import SIMULATOR
from tests.simulators.bigsky_lab import QUICK, BigSky, shining


def planted(*faults, **values):
    """A laser that makes light, and then has faults."""
    laser = shining(**values)
    for fault in faults:
        laser.set(fault=fault)
    return laser


def test_a_refused_stop():
    """S is answered with the state as it is, broadcast too, and ignored; R0 still darkens."""
    laser = planted("refused_stop")
    assert laser.say("S") == ["fire auto   qs"]
    assert laser.ask("S", ">").rstrip() == "fire auto   qs"
    assert laser.lit
    laser.ask("R0")
    assert not laser.lit
    laser.set(fault="none")
    laser.set(fault="refused_stop:text=busy")
    assert laser.say("S", "WOR") == ["busy", "I 0 F 2 S 1 Q 2"]


def test_stuck_acknowledgements():
    """Every command is acknowledged as if it were done, and only asking again tells."""
    laser = planted("stuck_ack")
    assert laser.say("S", "R0", "V1000") == ["standby", "shutter closed", "voltage  1000 V"]
    assert laser.say("WOR", "R", "V") == ["I 0 F 2 S 1 Q 2", "shutter opened", "voltage   950 V"]
    assert laser.lit


def test_a_reboot_is_dark_and_deaf():
    """It goes dark at once, answers nothing meanwhile, and comes back in standby, closed."""
    laser = planted("reboot:seconds=4")
    assert not laser.lit
    assert laser.say("S", "A") == ["", ""]
    laser.wait(4)
    assert laser.say("", "R") == ["standby", "shutter closed"]
    laser.wait(20)
    assert not laser.lit


def test_a_reboot_in_the_middle_of_a_command():
    """What was half heard is forgotten."""
    laser = shining()
    laser.raw(b"$062V12")
    laser.set(fault="reboot:seconds=1")
    laser.wait(1)
    assert laser.raw(b"00\r\n") == b""
    assert laser.say("V") == ["voltage   950 V"]


def test_frozen_status():
    """State, shutter and registers stay as they were, however asked; S still darkens."""
    laser = planted("frozen_status")
    assert laser.say("S", "R0", "SQ") == ["standby", "shutter closed", "standby"]
    assert not laser.lit
    assert laser.say("WOR", "R", "") == ["I 0 F 2 S 1 Q 2", "shutter opened", "fire auto   qs"]
    assert laser.raw(b">wor\n") == b"\r\nI 0 F 2 S 1 Q 2"
    assert laser.say("IQ", "IQ") == ["IQS 00 00 00 10"] * 2
    assert laser.say("V900", "V") == ["voltage   900 V"] * 2
    laser.set(fault="frozen_status:settings=yes")
    assert laser.say("V1000", "V") == ["voltage  1000 V", "voltage   900 V"]


@pytest.mark.parametrize(
    ("fault", "commands", "replies"),
    [
        ("lost_command@cmd=S,count=1", ["S", "WOR", "S"], ["", "I 0 F 2 S 1 Q 2", "standby"]),
        ("drop@cmd=S,count=1", ["S", "WOR"], ["", "I 0 F 0 S 0 Q 2"]),
        ("drop@cmd=V,count=1", ["R", "V1000", "V"], ["shutter opened", "", "voltage  1000 V"]),
        ("drop@cmd=R0", ["R", "R0", "R"], ["shutter opened", "", "shutter closed"]),
        ("mangled_command:position=4,value=0x5A@cmd=S,count=1", ["S", "S"], ["", "standby"]),
        ("mangled_command:position=-1@cmd=SQ,count=1", ["SQ", "S", "S"], ["", "", "standby"]),
    ],
)
def test_faults_of_the_wire_on_its_words(fault, commands, replies):
    """Commands are counted by their words, and what is mangled or lost never reaches the laser."""
    laser = planted(fault)
    assert laser.say(*commands) == replies


def test_replies_take_their_time():
    """With a latency nothing comes before it, and the deed is done at once."""
    laser = shining(reply_latency_s="0")
    laser.set(reply_latency_s="0.05")
    assert laser.ask("S") == ""
    assert not laser.lit
    assert laser.wait(0.049) == b""
    assert laser.wait(0.001) == b"\r\nstandby        "


def test_a_stuck_shutter_says_so_or_lies():
    """A blade that is stuck open lets light out; R tells it, or what it was told to do."""
    honest = BigSky(setup="shutter_stuck", values=QUICK)
    assert honest.say("R0", "R") == ["shutter opened"] * 2
    liar = BigSky(setup="shutter_lies", values=QUICK)
    assert (
        liar.say("A", "PQ", "R0", "R") == ["fire auto", "fire auto   qs"] + ["shutter closed"] * 2
    )
    liar.wait(1)
    assert liar.lit
    liar.ask("S")
    assert not liar.lit


@pytest.mark.parametrize(
    ("setup", "commands", "replies", "lit"),
    [
        ("door_open", ["A", "WOR"], ["I/O connector", "I 1 F 0 S 0 Q 0"], False),
        ("cabinet_open", ["A"], ["switch cabinet"], False),
        ("left_firing", ["WOR", "R"], ["I 0 F 2 S 1 Q 2", "shutter opened"], True),
        ("left_armed", ["WOR", ""], ["I 0 F 2 S 1 Q 4", "fire auto   qse"], False),
        ("held_trigger", ["R1", "QSW0", "A"], ["shutter opened", "QS wait :   000"], True),
        ("autorun_trap", ["QSW0", "A"], ["QS wait :   000", "fire auto"], True),
        ("stop_is_not_all", ["S", "A", "QSW0"], ["standby      ", "fire auto"], True),
        ("no_flow", ["P1", "A"], ["CG pump       1", "water flow"], False),
        ("no_water", ["A"], ["water level"], False),
        ("cold_water", ["A"], ["tp CG < 10 d"], False),
        ("cool_water", ["A", "PQ"], ["fire auto", "wait for QS"], False),
        ("dead_charger", ["A", "IF2"], ["standby", "IF2 00 10 00 00"], False),
        ("muted", ["WOR", "S"], ["", ""], False),
        ("refuses_stop", ["A", "S"], ["fire auto", "fire auto"], False),
        ("only_acknowledges", ["A", ""], ["fire auto", "standby"], False),
    ],
)
def test_set_ups(setup, commands, replies, lit):
    """Each named set-up begins as its meaning says."""
    laser = BigSky(setup=setup)
    said = laser.say(*commands)
    laser.wait(0.5)
    assert [each.rstrip() for each in replies] == said[: len(replies)]
    assert laser.lit is lit


def test_every_set_up_answers_or_is_muted():
    """All of them begin, and say who they are unless they are muted."""
    for name in SIMULATOR.setups:
        prefix = ">" if name == "muted" else "$062"
        laser = BigSky(setup=name)
        assert bool(laser.ask("SN", prefix)) == (name != "muted"), name


def test_a_worn_lamp():
    """Half of the light is gone, nothing on the wire tells it."""
    new, worn = shining(), shining(wear_percent="50")
    assert worn.last("light_on")["energy_j"] < 0.6 * new.last("light_on")["energy_j"]
    assert worn.say("WOR", "V") == new.say("WOR", "V")
