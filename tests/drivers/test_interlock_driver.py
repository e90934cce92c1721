"""The relay's driver against the vectors, a scripted line, and the simulated relay."""

from __future__ import annotations

import pytest

from devicelink.driver import CommandClass
from devicelink.errors import ConfigError, DeviceFault, DriverUnusable, ProtocolError
from devicelink.link.link import EnableToken
from devicelink.registry import load, make_meter, make_relay
from devicelink.relay import Contact
from devicelink_interlock.frames import OPEN, InterlockWire, frame, words_of
from tests.interlock import EXCHANGES, VECTORS, command

WIRE = InterlockWire()


class Line:
    """A link that answers what it is given, in order, and notes what was sent."""

    def __init__(self, *texts):
        self.texts, self.sent = list(texts), []

    def exchange(self, sent, *, within_s, token=None):
        """The next text, with the tag that was asked."""
        self.sent.append(sent)
        assert within_s <= 0.2
        if WIRE.classify(sent) is CommandClass.ENABLES:
            token.spend(sent)
        tag = "----" if sent == OPEN else sent.split(b" ")[1][:4].decode()
        reply = command(self.texts.pop(0).replace("TAG", tag))
        return b"<" + reply[1:-1]


def told(text):
    """What the driver makes of one STATUS."""
    return make_relay("interlock", {}).read_status(Line(f"STATUS TAG {text}"))


def test_frames_are_those_of_the_vectors():
    """Byte for byte."""
    for each in VECTORS["commands"]:
        assert frame(each["word"], each["tag"], *each["arguments"]) == each["line"].encode()
    assert VECTORS["open"].encode() == OPEN


@pytest.mark.parametrize(("sent", "reply"), EXCHANGES)
def test_each_reply_of_the_vectors_answers_its_command(sent, reply):
    """And no other command of ours with another tag."""
    sent, reply = sent.encode(), reply.encode().strip()
    assert words_of(reply)
    ours = WIRE.classify(sent) is not CommandClass.FORBIDDEN
    assert WIRE.answers(sent, reply) is ours
    if b" ---- " not in reply:
        assert not WIRE.answers(frame("STATUS", "0ABC"), reply)
        assert not WIRE.answers(OPEN, reply)


def test_what_a_frame_can_do():
    """Closing enables, a beat is no question, opening reduces; what is no command is forbidden."""
    classes = {each["word"]: WIRE.classify(each["line"].encode()) for each in VECTORS["commands"]}
    assert classes == {
        "ID": CommandClass.QUERY,
        "STATUS": CommandClass.QUERY,
        "BEAT": CommandClass.PREPARES,
        "CLOSE": CommandClass.ENABLES,
    }
    assert WIRE.classify(OPEN) is CommandClass.REDUCES
    for other in (b"", b"!!", b">STATUS 0001*0000\n", command("JUMP 0001"), command("BEAT 1 2")):
        assert WIRE.classify(other) is CommandClass.FORBIDDEN


def test_a_reply_whose_crc_differs_answers_nothing():
    """One flipped bit, and it is no reply."""
    sent, reply = frame("STATUS", "0002"), b"<STATUS 0002 7F2C OFF OPEN 0 POWER NONE*78D0"
    assert WIRE.answers(sent, reply)
    assert WIRE.answers(sent, b"noise" + reply)
    assert not WIRE.answers(sent, reply.replace(b"OFF", b"OFG"))


def test_the_marker_is_counted_among_garbage():
    """Whole replies to the marker alone."""
    one = command("ID FFFF INTERLOCK/1 A 1 1000 40").replace(b">", b"<")
    assert WIRE.marker_replies(b"x" + one + b"<ID FFFF\n" + one + one[:-1]) == 2


def test_what_it_tells_of_itself():
    """Serial number, firmware, and the bound of both times."""
    who = make_relay("interlock", {}).identify(Line("ID TAG INTERLOCK/1 IR-0042 1.0 1000 40"))
    assert (who.serial, who.firmware, who.bound_ms) == ("IR-0042", "1.0", 1040)


@pytest.mark.parametrize(
    "text",
    [
        "ID TAG INTERLOCK/2 IR-0042 1.0 1000 40",
        "ID TAG INTERLOCK/1 IR-0042 1.0 60000 40",
        "ID TAG INTERLOCK/1 IR-0042 1.0 1000 500",
        "ID TAG INTERLOCK/1 IR-0042 1.0 1000",
        "ID TAG INTERLOCK/1 IR-0042 1.0 many 40",
    ],
)
def test_another_protocol_or_bound_is_no_relay_of_ours(text):
    """A relay that holds for a minute gives no dead-man."""
    with pytest.raises(ProtocolError, match="relay"):
        make_relay("interlock", {}).identify(Line(text))


def test_states():
    """Closed and held, open, and neither where a fault is told or the contact does not follow."""
    closed, opened = told("1B90 ON CLOSED 900 - NONE"), told("7F2C OFF OPEN 0 POWER NONE")
    assert (closed.contact, closed.holds, closed.is_open) == (Contact.CLOSED, True, False)
    assert (opened.contact, opened.holds, opened.is_open) == (Contact.OPEN, False, True)
    for text in ("7F2C OFF CLOSED 0 POWER WELD", "7F2C ON OPEN 900 - NONE"):
        status = told(text)
        assert (status.holds, status.is_open) == (False, False)
    for text in (
        "7F2C OFF AJAR 0 POWER NONE",
        "7F2C OFF OPEN 0 POWER",
        "7F2C OFF OPEN x POWER NONE",
    ):
        with pytest.raises(ProtocolError, match="cannot be read"):
            told(text)


def test_a_refusal_is_told_in_words():
    """Nobody has to know the codes."""
    relay = make_relay("interlock", {})
    last = told("7F2C OFF OPEN 0 POWER NONE")
    with pytest.raises(DeviceFault, match="has another serial number"):
        relay.close(Line("ERR TAG SERIAL"), "X", last, EnableToken(step="relay", entry_index=1))
    with pytest.raises(DeviceFault, match="it has opened"):
        relay.beat(Line("ERR TAG STATE"), last)


def test_a_beat_repeats_what_was_told_last():
    """The challenge of the last reply, never an older one."""
    line, relay = (
        Line("BEAT TAG D04E ON CLOSED 1000 - NONE", "BEAT TAG 5A07 ON CLOSED 1000 - NONE"),
        make_relay("interlock", {}),
    )
    status = relay.beat(line, told("1B90 ON CLOSED 900 - NONE"))
    relay.beat(line, status)
    assert [sent.split(b" ")[2][:4] for sent in line.sent] == [b"1B90", b"D04E"]


def test_it_is_no_laser_and_no_meter():
    """And has nothing to be set up."""
    with pytest.raises(DriverUnusable, match="interlock is a relay, not a laser"):
        load("interlock")
    with pytest.raises(DriverUnusable, match="interlock is a relay, not a meter"):
        make_meter("interlock", {})
    with pytest.raises(DriverUnusable, match="ipg is a laser, not a relay"):
        make_relay("ipg", {})
    with pytest.raises(ConfigError, match="knows no baudrate"):
        make_relay("interlock", {"baudrate": "9600"})
