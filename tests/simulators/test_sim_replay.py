"""The simulator `replay`: recorded frames get recorded answers, in order, with their delays."""

from __future__ import annotations

import json

import pytest

from devicelink.errors import ConfigError
from devicelink.recordings.file import Head, Passed, Recording
from devicelink.runtime import MachineDisk
from devicelink_simulation.replay import SIMULATOR
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList

S = 1_000_000_000
TEXT = [
    (0.00, ">", b"Q\r"),
    (0.01, "<", b"1\r"),
    (0.10, ">", b"Q\r"),
    (0.12, "<", b"2"),
    (0.15, "<", b"2\r"),
    (0.15, "!", b"22\r"),
    (0.20, ">", b"N\r"),
]
BINARY = [
    (0.0, ">", b"\x7e"),
    (0.0, "<", b"\xaa"),
    (0.1, ">", b"\x5b\x7f"),
    (0.1, "<", b"\x01"),
    (0.2, ">", b"\x5b\x7f\x7e\x02"),
    (0.2, "<", b"\x02"),
]


class Lab:
    """A replayed recording in virtual time."""

    def __init__(self, path, events, *faults):
        head = Head(source="port", driver="d", distribution="d", version="1", configuration={})
        passed = tuple(Passed(at_ns=round(at * S), dir=d, hex=data.hex()) for at, d, data in events)
        Recording(head, passed).write(path, MachineDisk())
        self.truth, self.now_ns = TruthList(), 7 * S
        plan = Plan.of(SIMULATOR, values={"recording": str(path)}, faults=faults)
        self.sim = plan.build(self.truth, self.now_ns)

    def ask(self, data, after_s=0.05):
        """Send bytes; what came back by then."""
        self.sim.receive(data, self.now_ns)
        self.now_ns += round(after_s * S)
        return self.sim.transmit(self.now_ns)


@pytest.fixture
def lab(tmp_path):
    """Makes one of events and faults."""
    return lambda *arguments: Lab(tmp_path / "it.rec", *arguments)


def test_answers_come_in_order_and_the_last_one_ever_after(lab):
    """Asked more often than recorded, it says the last again."""
    sim = lab(TEXT)
    assert [sim.ask(b"Q\r") for _ in range(4)] == [b"1\r", b"22\r", b"22\r", b"22\r"]


def test_pieces_come_with_the_recorded_delays(lab):
    """The second answer comes in two pieces, 20 and 50 ms after its question."""
    sim = lab(TEXT)
    sim.ask(b"Q\r")
    assert sim.ask(b"Q\r", 0.019) == b""
    assert sim.ask(b"", 0.002) == b"2"
    assert sim.ask(b"", 0.028) == b""
    assert sim.ask(b"", 0.002) == b"2\r"


def test_silence_is_kept_and_the_unknown_meets_it(lab):
    """What was never answered is not answered; nor is what was never asked, or ends like it."""
    sim = lab(TEXT)
    assert sim.ask(b"N\r") == b""
    assert sim.ask(b"XQ\r") == b""
    assert sim.ask(b"\xff\x00\r") == b""
    assert sim.ask(b"Q\r") == b"1\r"


def test_without_a_common_end_the_longest_frame_counts(lab):
    """Of binary frames that begin alike the longest that came is meant, and noise is forgotten."""
    sim = lab(BINARY)
    assert sim.ask(b"\x5b\x7f\x7e\x02") == b"\x02"
    assert sim.ask(b"\x5b\x7f") == b"\x01"
    assert sim.ask(b"\x00\x7e") == b""
    assert sim.ask(b"\x7e") == b"\xaa"


def test_faults_strike_a_recorded_reply_as_a_whole(lab):
    """A corrupted reply is the recorded one with one byte changed, whole after its last piece."""
    sim = lab(TEXT, "corrupt:position=0,value=0x58@cmd=Q,nth=2")
    assert sim.ask(b"Q\r") == b"1\r"
    assert sim.ask(b"Q\r", 0.049) == b""
    assert sim.ask(b"", 0.002) == b"X2\r"


def test_a_lost_or_mangled_command_does_not_use_up_an_answer(lab):
    """What does not reach the recording is not answered by it."""
    sim = lab(TEXT, "lost_command@nth=1", "mangled_command:position=0,value=0x58@nth=2")
    assert [sim.ask(b"Q\r") for _ in range(3)] == [b"", b"", b"1\r"]


def test_the_truth_claims_nothing_of_light(lab):
    """It says that light is not known, and has no event of light whatever is sent."""
    sim = lab(TEXT)
    sim.ask(b"Q\r")
    assert sim.truth.names() == ["start", "light_not_known", "command"]
    assert json.dumps(sim.truth.events)


def test_it_needs_a_recording_and_keeps_it(lab, tmp_path):
    """Without a file, with another file, or with a later one: a sentence."""
    for values, told in (
        ({}, "--set recording=FILE"),
        ({"recording": str(tmp_path / "none")}, "does not exist"),
    ):
        with pytest.raises(ConfigError, match=told):
            Plan.of(SIMULATOR, values=values).build(TruthList(), 0)
    sim = lab(TEXT)
    with pytest.raises(ConfigError, match="when the simulator starts"):
        sim.sim.set("recording", "other", sim.now_ns)
