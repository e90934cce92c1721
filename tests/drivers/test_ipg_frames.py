"""What IPG frames can do, and what status words mean: the pure side of the driver."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import CommandClass, Declaration
from devicelink.errors import ProtocolError
from devicelink.link.link import EnableToken, Link
from devicelink.link.transcript import NoTranscript
from devicelink.runtime import ThreadRuntime
from devicelink_ipg import Ipg
from devicelink_ipg.frames import StatusWord, value_of

SHEET = {
    "query": ["RCS", "RNC", "RMN", "RDC", "ROP", "RFV", "RCT", "STA", "RFWS"],
    "reduces": ["EMOFF", "ABF", "SDC 0", "SDC 0.0", "SDC 0.00"],
    "prepares": [
        *("SDC 5", "SDC 34.2", "SDC 0.1"),
        *("EMOD", "DMOD", "ABN", "RERR", "SFWS 1.2"),
    ],
    "enables": ["EMON"],
    "forbidden": [
        *("EEC", "DEC", "EEABC", "DEABC", "XYZ", "", " ", " EMOFF", "EMO", "EMONN", "?"),
        *("SDC -0", "SDC x", "SDC", "SDC nan", "SDC -5", "EMOFF EMON", "STA \nEMON", "EMON 5"),
        *("emon", "Emon", "emoff", "sta", "sdc 0", "SDC0", "SDC34.2", "EMOFF\n", "\nSTA", "ST\tA"),
        *("SPS 5", "RPS", "ESTA", "EPM", "RBT"),
    ],
}
CASES = [(kind, line) for kind, lines in SHEET.items() for line in lines]
EVERY_WORD = [
    *("SDC", "RCS", "RNC", "RDC", "ROP", "RFV", "RCT", "STA", "EMON", "EMOFF", "EMOD", "DMOD"),
    *("EEC", "DEC", "RERR", "ABN", "ABF", "EEABC", "DEABC", "SFWS", "RFWS"),
]
WIRE = Ipg({}).wire


@pytest.mark.parametrize(("kind", "line"), CASES)
def test_each_command_of_the_sheet_has_its_class(kind, line):
    """Commands are classed by what they can do to light; what is unknown is forbidden."""
    assert WIRE.classify(line.encode() + b"\r") == kind


def test_the_table_names_the_whole_sheet():
    """No command of the protocol sheet is without a case above."""
    assert {line.split(" ")[0] for _, line in CASES} >= set(EVERY_WORD)


@pytest.mark.parametrize(
    "frame",
    [
        *(b"", b"\r", b"\r\r", b"STA", b"EMOFF", b"EMON", b"STA\n", b"STA\r\n", b"\rSTA\r"),
        *(b"STA\rEMON\r", b"EMOFF\rEMON\r", b"EMON\rEMOFF\r", b"STA\rEMON", b"EMOFF\rSDC 0\r"),
        *(b"\xc5TA\r", b"SDC \xd9\xa0\r", b"EMON\xff\r"),
    ],
)
def test_anything_but_one_whole_line_is_forbidden(frame):
    """No CR, more than one line, or bytes beyond ASCII: it cannot be sent at all."""
    assert WIRE.classify(frame) is CommandClass.FORBIDDEN


@given(st.binary(max_size=12))
@settings(max_examples=300, deadline=None)
def test_no_accident_enables(noise):
    """Among any bytes only `EMON` and its CR can ever enable, and nothing makes it raise."""
    for frame in (noise, noise + b"\r", b"EMON" + noise, noise + b"EMON\r"):
        if WIRE.classify(frame) is CommandClass.ENABLES:
            assert frame.split(b" ")[0].removesuffix(b"\r") == b"EMON"
            assert frame.count(b"\r") == 1


class _Silent:
    """A port that notes what is sent and never answers."""

    def __init__(self):
        self.sent = []

    def write(self, data):
        """Note it."""
        self.sent.append(data)

    def read(self, within_s, until=None):
        """Nothing."""
        return b""


@pytest.mark.parametrize("line", SHEET["forbidden"])
def test_a_forbidden_frame_never_leaves(line):
    """The link sends no forbidden frame, not even with a durable intent: no byte is written."""
    port = _Silent()
    link = Link(port, WIRE, ThreadRuntime(), NoTranscript())
    token = EnableToken(step="ready", entry_index=1)
    with pytest.raises(ProtocolError, match="forbidden"):
        link.exchange(line.encode() + b"\r", within_s=0.01, token=token)
    assert port.sent == []


def test_modulation_is_never_taken_away_by_a_lock():
    """`DMOD` would take the trigger's gate away: it is in no lock, and locking forbids it."""
    declared: Declaration = Ipg.declaration
    assert b"DMOD" not in declared.lock_bytes
    port = _Silent()
    link = Link(port, WIRE, ThreadRuntime(), NoTranscript())
    link.only_reduce()
    with pytest.raises(ProtocolError, match="Only locking"):
        link.exchange(b"DMOD\r", within_s=0.01)
    assert port.sent == []


@pytest.mark.parametrize(
    ("sent", "reply", "is_so"),
    [
        (b"STA\r", b"STA: 0", True),
        (b"STA\r", b"STA:0", True),
        (b"STA\r", b"sta: 0", True),
        (b"EMOFF\r", b"EMOFF", True),
        (b"SDC 35.0\r", b"SDC: 35.0", True),
        (b"STA\r", b"BCMD", True),
        (b"STA\r", b"Command Err!", True),
        (b"STA\r", b"ERR: Out of Range", True),
        (b"STA\r", b"ERR", True),
        (b"STA\r", b"ROP: Off", False),
        (b"EMON\r", b"EMOFF", False),
        (b"RFV\r", b"RFWS: 1.0", False),
        (b"STA\r", b"STATUS: 0", False),
        (b"STA\r", b"\xffSTA: 0", False),
        (b"STA\r", b"", False),
    ],
)
def test_a_reply_answers_its_own_command_only(sent, reply, is_so):
    """A reply repeats the command's whole word, or refuses; another word's reply is not taken."""
    assert WIRE.answers(sent, reply) is is_so


@pytest.mark.parametrize(
    ("received", "count"),
    [
        (b"", 0),
        (b"RFV: 1.0", 0),
        (b"RFV: 1.0\r", 1),
        (b"STA: 4\rRFV:1\r", 1),
        (b"\xff\x00RFV: 1\rRFV: 1\r", 2),
        (b"BCMD\r", 0),
    ],
)
def test_the_marker_is_told_among_garbage(received, count):
    """Each whole `RFV:` reply counts, whatever stands before it; half of one does not."""
    assert WIRE.marker_replies(received) == count


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "+4", "4.0", "0x4", "4 4", " 4", "4294967296", "٤", "1e3", "4\n"]
)
def test_a_status_that_is_no_number_of_32_bits(text):
    """Only decimal digits up to 2^32 - 1 are a status."""
    with pytest.raises(ProtocolError, match="32 bits"):
        StatusWord.read(text)


def test_the_whole_range_of_a_status_is_read():
    """The largest status and leading zeros are read; 4100 is bits 2 and 12."""
    assert StatusWord.read("4294967295").number == 2**32 - 1
    assert StatusWord.read("00004100") == StatusWord(4 + 4096)
    assert {bit for bit in range(32) if StatusWord(4100).bit(bit)} == {2, 12}


@pytest.mark.parametrize(
    ("reply", "value"),
    [(b"RCS: 56.7", "56.7"), (b"RCS:56.7", "56.7"), (b"RFV: 1.0.103", "1.0.103")],
)
def test_a_value_stands_behind_the_colon(reply, value):
    """The space behind the colon is optional."""
    assert value_of(reply[:3].decode(), reply) == value


@pytest.mark.parametrize("reply", [b"RCS", b"RCS:", b"RCS: ", b"RCS:  "])
def test_a_reply_without_its_value_is_no_value(reply):
    """An acknowledgement where a value was expected is a protocol error, never an empty value."""
    with pytest.raises(ProtocolError, match="a value was expected"):
        value_of("RCS", reply)
