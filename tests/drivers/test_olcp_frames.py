"""OLCP's frames against the page's vectors: what is kept, what is thrown away, what may be sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import CommandClass
from devicelink.errors import NoReply
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink_olcp import Olcp
from devicelink_olcp.frames import Code, Frame, OlcpWire, decoded
from tests.drivers.dialogues import Clock
from tests.drivers.olcp_page import EXCHANGES, STATUS, VECTORS, dialogue, page, status
from tests.drivers.scripted import Script, bytewise, scripted

LOCK = page.LOCK
SIDES = [
    pytest.param(each["seq"], each[side], id=f"{name}: {side}")
    for name, each in EXCHANGES.items()
    for side in ("request", "answer")
]
CLASSES = {
    "query": [0x01, 0x02, 0x03, 0x04, 0x05, 0x0A, 0x0D, 0x0E, 0x12, 0x15, 0x16],
    "reduces": [0x08, 0x14],
    "enables": [0x09],
}
"""Of requests without a payload."""
WITH_PAYLOAD = {
    0x06: (213, "enables"),
    0x07: (48, "sustains"),
    0x0B: (6, "prepares"),
    0x0C: (36, "prepares"),
    0x0F: (9, "query"),
    0x11: (9, "query"),
    0x13: (1, "enables"),
}


@pytest.mark.parametrize(("seq", "side"), SIDES)
def test_every_frame_of_the_page_is_written_and_read_byte_for_byte(seq, side):
    """Each request and each answer of the page's session, both ways."""
    wire, frame = (
        bytes.fromhex(side["wire"]),
        Frame(side["code"], seq, bytes.fromhex(side["payload"])),
    )
    assert frame.encoded() == wire
    assert decoded(wire) == frame
    assert OlcpWire().split(wire, b"") == ([wire], b"")


@pytest.mark.parametrize("name", EXCHANGES)
def test_every_answer_of_the_page_answers_its_request_and_no_other(name):
    """The page's answers are known by their number; those to another request are not."""
    wire = OlcpWire()
    request = bytes.fromhex(EXCHANGES[name]["request"]["wire"])
    for other, each in EXCHANGES.items():
        assert wire.answers(request, bytes.fromhex(each["answer"]["wire"])) is (other == name)


def test_locks_answer_has_no_number():
    """A0 with number 0 answers LOCK and nothing else; nothing else answers LOCK."""
    wire, told = OlcpWire(), page.frame(0xA0, 0, status(2))
    assert wire.answers(LOCK, told)
    assert not wire.answers(page.frame(STATUS, 0), told)
    assert not wire.answers(LOCK, page.frame(0xA0, 1, status(2)))
    assert not wire.answers(LOCK, page.frame(0x83, 0, status(2)))


@pytest.mark.parametrize("case", VECTORS["thrown_away"], ids=lambda case: case["name"])
def test_what_the_page_throws_away_is_no_frame_and_the_next_one_is(case):
    """Nothing in the stream is a frame, and a good one behind it is found."""
    wire, stream = OlcpWire(), bytes.fromhex(case["wire"])
    good = page.frame(0x83, 9, status(2))
    pieces, rest = wire.split(stream + good, b"")
    assert [piece for piece in pieces if decoded(piece)] == [good]
    assert rest == b""
    assert not [piece for piece in wire.split(stream, b"")[0] if decoded(piece)]


@given(st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=504))
@settings(max_examples=300, deadline=None)
def test_any_frame_is_read_as_it_was_written(code, seq, payload):
    """Whatever its bytes: as the page's own stuffing has it, with no flag inside."""
    sent = Frame(code, seq, payload).encoded()
    assert sent == page.frame(code, seq, payload)
    assert decoded(sent) == Frame(code, seq, payload)
    assert sent[1:-1].count(0x7E) == 0
    assert len(sent) <= OlcpWire.longest_reply
    assert LOCK not in sent + sent


@given(st.binary(max_size=80))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_no_frame_or_exactly_the_one_that_they_are_written_as(garbage):
    """There is one way to write a frame: what is read is written back as it stood."""
    for stream in (garbage, b"\x7e" + garbage + b"\x7e"):
        told = decoded(stream)
        assert told is None or told.encoded() == stream


def test_frames_may_share_a_flag():
    """One flag may stand between two frames, and before none."""
    first, second = page.frame(0x81, 2, b"a"), page.frame(0x83, 4, b"b")
    pieces, rest = OlcpWire().split(first + second[1:], b"")
    assert (pieces, rest) == ([first, second], b"")
    assert OlcpWire().split(second[1:], b"") == ([second], b"")
    assert OlcpWire().split(second[:-1], b"") == ([], second[1:-1])


@pytest.mark.parametrize("size", [0, 1, 6, 9, 36, 48, 212, 213, 256, 257])
def test_each_code_has_its_class_and_whatever_is_not_listed_cannot_be_sent(size):
    """Every code, by the length that the page gives its payload."""
    bare = {code: name for name, codes in CLASSES.items() for code in codes}
    for code in range(256):
        exact, named = WITH_PAYLOAD.get(code, (None, "forbidden"))
        fits = exact == size or (code == 0x06 and size in range(213, 257))
        told = bare.get(code, "forbidden") if not size else named if fits else "forbidden"
        frame = page.frame(code, 2, bytes([1]) * size)
        assert OlcpWire().classify(frame) is CommandClass(told), hex(code)


@pytest.mark.parametrize(
    ("code", "payload"),
    [
        (0x0F, page.pack("<QB", 1, 0)),
        (0x0F, page.pack("<QB", 1, 21)),
        (0x11, page.pack("<QB", 1, 5)),
        (0x13, b"\x00"),
        (0x13, b"\x15"),
        (0x0B, b"\x00"),
        (0x0B, b"\x02" + bytes(5)),
        (0x17, b"\x01" + bytes(32) + b"\x00"),
        (0x10, bytes(8)),
    ],
)
def test_counts_out_of_their_range_and_what_is_never_sent_are_forbidden(code, payload):
    """How many events, reports, pulses, parameters; a key; an acknowledgement of events."""
    assert OlcpWire().classify(page.frame(code, 2, payload)) is CommandClass.FORBIDDEN


def test_only_whole_strict_frames_and_lock_itself_are_classed():
    """Two frames, a half one, a wrong CRC, another version, LOCK with a byte more: forbidden."""
    wire, good = OlcpWire(), page.frame(STATUS, 2)
    wrong = good[:-2] + bytes([good[-2] ^ 1]) + good[-1:]
    for sent in (
        *(b"", b"\x7e", b"\x7e\x7e", good + good, good[:-1], good[1:], wrong),
        *(page.frame(STATUS, 2, version=2), LOCK + b"\x7e", LOCK[:-1], LOCK[2:]),
    ):
        assert wire.classify(sent) is CommandClass.FORBIDDEN, sent.hex(" ")
    assert wire.classify(LOCK) is CommandClass.REDUCES
    assert Olcp.declaration.lock_bytes == LOCK


class Receiver:
    """A console's ear, from the page alone: whole frames, and LOCK at any place."""

    def __init__(self):
        self.last, self.body, self.heard = b"", None, []

    def take(self, stream):
        """Byte by byte; `heard` lists the bodies that are right, and LOCK."""
        for byte in stream:
            self.last = (self.last + bytes([byte]))[-8:]
            if byte == 0x7E:
                self._end()
                self.body = b""
            elif self.body is not None:
                self.body += bytes([byte])
            if self.last == LOCK:
                self.heard.append("LOCK")

    def _end(self):
        if self.body and (told := decoded(b"\x7e" + self.body + b"\x7e")):
            self.heard.append(told.code)


REQUESTS = sorted({bytes.fromhex(each["request"]["wire"]) for each in EXCHANGES.values()})


@pytest.mark.parametrize("ended_by", [LOCK, OlcpWire.frame_break + LOCK, OlcpWire.frame_break])
def test_no_beginning_of_a_frame_is_completed_by_lock_or_by_what_ends_a_half_one(ended_by):
    """After each cut of each request of the page, LOCK is heard and nothing else is."""
    for request in REQUESTS:
        for cut in range(len(request)):
            console = Receiver()
            console.take(request[:cut] + ended_by + page.frame(STATUS, 8))
            expected = ["LOCK", STATUS] if LOCK in ended_by else [STATUS]
            assert console.heard == expected, (request[:cut].hex(" "), ended_by.hex(" "))


def test_each_request_has_a_number_of_its_own_and_so_has_its_marker():
    """For 32,768 requests, through the end of the count; naming the marker counts nothing."""
    wire, numbers = OlcpWire(), []
    for _ in range(0x8000):
        numbers.append(decoded(wire.request(Code.STATUS)).seq)
        assert wire.marker == wire.marker
        numbers.append(decoded(wire.marker).seq)
    assert len(set(numbers)) == 0x10000
    assert wire.classify(wire.marker) is CommandClass.QUERY


def test_the_marker_is_answered_by_its_newest_answer_alone_an_error_too():
    """A console that is starting refuses to tell the time, which proves the line as well."""
    wire = OlcpWire()
    old, _ = wire.marker, wire.request(Code.STATUS)
    seq = decoded(wire.marker).seq
    answer, error = page.frame(0x84, seq, bytes(24)), page.frame(0xFF, seq, b"\x04\x04\x00")
    for told in (answer, error):
        assert wire.marker_replies(b"noise\x7e" + told) == 1
    assert wire.marker_replies(answer[:-1]) == 0
    assert wire.marker_replies(page.frame(0x84, decoded(old).seq, bytes(24))) == 0


def test_a_late_answer_is_never_taken_for_a_newer_ones():
    """A status that missed its deadline comes with the next one, and the next one is read."""
    driver, late = Olcp({}), page.frame(0x83, 2, status(2))
    first, second = dialogue((STATUS, b"", None)), dialogue((STATUS, b"", status(3)), first=4)
    marker, told = second[0]
    pairs = [*first, (marker, [(0.0, late + told)]), (second[1][0], late + second[1][1])]
    clock = Clock()
    port = Script(clock, pairs)
    link = Link(port, driver.wire, clock, NoTranscript())
    with pytest.raises(NoReply, match="asked for its status"):
        driver.read_status(link)
    assert driver.read_status(link).state.value == "STANDBY"
    assert port.pairs == []


def test_a_reply_may_come_byte_by_byte():
    """Split anywhere, a reply is read as a whole one."""
    driver = Olcp({})
    marker, (sent, told) = dialogue((STATUS, b"", status(2)))
    with scripted(driver, marker, (sent, bytewise(told))) as link:
        assert driver.read_status(link).state.value == "LOCKED"


@given(st.binary(max_size=120))
@settings(max_examples=200, deadline=None)
def test_changed_content_gets_a_crc_that_fits_and_all_else_stays(payload):
    """For recordings: frames with another content are frames again; LOCK and garbage stay."""
    whole = page.frame(0x81, 2, payload + b"serial")
    changed = whole.replace(b"serial", b"SERIAL")
    stream = LOCK + changed + b"\x7e\x01" + whole
    told = OlcpWire().resealed(stream)
    assert told == LOCK + page.frame(0x81, 2, payload + b"SERIAL") + b"\x7e\x01" + whole
