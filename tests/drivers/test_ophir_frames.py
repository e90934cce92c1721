"""What `$` frames may be sent, what answers what, and what meters tell: the pure side."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, NoReply, ProtocolError
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink.meter import Reading
from devicelink_ophir import Ophir
from devicelink_ophir.frames import (
    Choice,
    OphirWire,
    Wavelengths,
    frame,
    nanometres,
    reading_of,
    value_of,
)
from tests.drivers.dialogues import Clock

WIRE = OphirWire()
CONTINUOUS = "CONTINUOUS 193 12000 4 248 366 532 1064 NONE 10.6"
SHEET = {
    "query": ["HP", "VE", "II", "HI", "SI", "SP", "SE", "EF", "ER", "MM0", "AR", "AW", "FQ", "DQ"],
    "prepares": [
        *("MM2", "MM3", "FP", "FE", "WN0", "WN2", "WN12", "WN-1", "WI1", "WI5", "WI12"),
        *("WL 193", "WL 1064", "WL 10600"),
    ],
    "forbidden": [
        *("RE", "BR", "BR0", "BR2", "IC", "HC", "HC S", "CS1", "CS0", "DU", "ZE", "ZQ", "ZS", "ZA"),
        *("WD 4 428", "WE 4", "WW CO2", "FQ 2", "DQ 1", "MA", "MA 1", "ET", "ET 1", "PL", "UT"),
        *("MF", "HT", "SF", "SX", "BC", "RN", "MM", "MM1", "MM4", "MM5", "MM10", "WN", "WN-2"),
        *("WN123", "WI", "WI0", "WL", "WL 0", "WL1064", "WL -5", "WL 1e3", "WL 100000", "XX", ""),
        *("hp", "se", "re", " HP", "HP ", "HP$RE", "SE RE", "H", "HPX"),
    ],
}
CASES = [(kind, word) for kind, words in SHEET.items() for word in words]


@pytest.mark.parametrize(("kind", "word"), CASES)
def test_each_command_of_the_sheet_has_its_class(kind, word):
    """What is asked, what is set, and what cannot be sent at all."""
    assert WIRE.classify(frame(word)) == kind


@pytest.mark.parametrize(
    "sent",
    [
        *(b"", b"\r\n", b"$HP", b"$HP\r", b"$HP\n", b"HP\r\n", b"$HP\r\n$RE\r\n", b"\r\n$HP\r\n"),
        *(b"$HP\r\n$", b"$$HP\r\n", b"$H\xd0\r\n", b"$WN\xd9\xa2\r\n", b"$HP\n$RE\r\n"),
    ],
)
def test_anything_but_one_whole_line_is_forbidden(sent):
    """No end, several lines, bytes beyond ASCII: it cannot be sent."""
    assert WIRE.classify(sent) is CommandClass.FORBIDDEN


def test_no_unknown_word_is_sendable():
    """Of all words of one and two letters only those above; none enables, and none reduces."""
    letters = [chr(code) for code in range(32, 127)]
    sendable = {
        word
        for word in [*letters, *(a + b for a in letters for b in letters)]
        if WIRE.classify(frame(word)) is not CommandClass.FORBIDDEN
    }
    assert sendable == {word for word in (*SHEET["query"], *SHEET["prepares"]) if len(word) == 2}


@given(st.binary(max_size=12))
@settings(max_examples=300, deadline=None)
def test_no_accident_sets_more(noise):
    """Nothing makes the wire raise, and nothing on it enables or reduces."""
    for sent in (noise, b"$" + noise + b"\r\n", b"$HP" + noise, noise + b"$SE\r\n"):
        assert WIRE.classify(sent) in {
            CommandClass.QUERY,
            CommandClass.PREPARES,
            CommandClass.FORBIDDEN,
        }


@pytest.mark.parametrize(
    ("word", "reply", "is_so"),
    [
        ("SE", b"*1.300E-5", True),
        ("SE", b"* 1.300E-5", True),
        ("SE", b"*OVER", True),
        ("SE", b"*-2.1E-7", True),
        ("SE", b"?COM ERROR", True),
        ("SE", b"*", False),
        ("SE", b"*NAN", False),
        ("SE", b"*1.3.0", False),
        ("SE", b"*1.300E999", False),
        ("SE", b"*1 OUT IN", False),
        ("SE", b"1.300E-5", False),
        ("SE", b"\xff*1.300E-5", False),
        ("EF", b"*1", True),
        ("EF", b"* 0", True),
        ("EF", b"*1.300E-5", False),
        ("EF", b"*OVER", False),
        ("HP", b"*", True),
        ("HP", b"*1", False),
        ("VE", b"*EA1.06", True),
        ("VE", b"* NV2.21", True),
        ("VE", b"*1.300E-5", False),
        ("VE", b"*OVER", False),
        ("HI", b"* PY 22323 PE10-C 80000003", True),
        ("HI", b"*1", False),
        ("AW", b"*DISCRETE 1 VIS NIR", True),
        ("AW", b"*1 OUT IN", False),
        ("AR", b"* 3 AUTO 30.0mW 3.00mW", True),
        ("AR", b"*-1 AUTO 30.0mW", True),
        ("WN2", b"*", True),
        ("WN2", b"*SAVED", True),
        ("WN2", b"", False),
    ],
)
def test_an_answer_has_the_form_of_its_question(word, reply, is_so):
    """A reply of another form is another question's; a refusal answers any."""
    assert WIRE.answers(frame(word), reply) is is_so


@pytest.mark.parametrize(
    ("received", "count"),
    [
        (b"", 0),
        (b"*EA1.06\r", 0),
        (b"*EA1.06\r\n", 1),
        (b"* EA1.06\r\n", 1),
        (b"*1.300E-5\r\n*EA1.06\r\n", 1),
        (b"\xff\x00*EA1.06\r\n*EA1.06\r\n", 2),
        (b"*1.300E-5\r\n*OVER\r\n*\r\n*1\r\n* W\r\n?COM ERROR 1\r\n", 0),
        (
            b"* PY 22323 PE10-C 80000003\r\n* USBD 113217 SH2USB\r\n*CONTINUOUS 193 12000 1 A1\r\n",
            0,
        ),
    ],
)
def test_the_marker_is_told_among_garbage(received, count):
    """Only a firmware counts; no reading, flag, head or list is taken for one."""
    assert WIRE.marker_replies(received) == count


class Pieces:
    """A port that answers the marker, and then gives its pieces one read at a time."""

    def __init__(self, *pieces):
        self.clock, self.pieces, self.unread = Clock(), list(pieces), b""

    def write(self, data):
        """Only the marker is answered at once."""
        if data == frame("VE"):
            self.unread = b"*EA1.06\r\n"
        else:
            self.unread = None

    def read(self, within_s, until=None):
        """The next piece, or time passes."""
        said, self.unread = self.unread, b"" if self.unread is not None else None
        if said is None and self.pieces:
            return self.pieces.pop(0)
        if not said:
            self.clock.ns += round(within_s * 1e9)
        return said or b""


def ask(*pieces, word="SE"):
    """One exchange over these pieces."""
    port = Pieces(*pieces)
    link = Link(port, OphirWire(), port.clock, NoTranscript())
    return link.exchange(frame(word), within_s=0.2)


def test_a_reading_split_at_every_byte():
    """However its bytes come, the same reading is read."""
    whole = b"*1.300E-02\r\n"
    for cut in range(1, len(whole)):
        assert ask(whole[:cut], whole[cut:]) == whole[:-2]
    assert ask(*(bytes([byte]) for byte in whole)) == whole[:-2]


@pytest.mark.parametrize("garbage", [b"\xff\xff\r\n", b"*W\r\n", b"*\r\n", b"\r\n", b"*1 A\r\n"])
def test_garbage_and_late_replies_are_dropped(garbage):
    """Another question's answer before the reading is not taken for it."""
    assert ask(garbage + b"*1.300E-02\r\n") == b"*1.300E-02"
    with pytest.raises(NoReply):
        ask(garbage)


def test_bytes_without_end():
    """A meter that sends more than any reply holds is a broken line, not a reading."""
    with pytest.raises(ProtocolError, match="more bytes"):
        ask(b"*1" * 300)


def test_over_range_is_a_reason_and_never_a_number():
    """`OVER` has no value; numbers stay the text that came."""
    assert reading_of("OVER") == Reading(None, "over_range")
    assert reading_of("1.300E-5") == Reading("1.300E-5")


def test_a_refusal_is_raised_with_the_meters_words():
    """`?` and its text."""
    with pytest.raises(DeviceFault, match=r"energy of a pulse\. Check .* \(\$SE: \?WRONG HEAD\)"):
        value_of("SE", b"?WRONG HEAD")
    assert value_of("SE", b"* 1.300E-5 ") == "1.300E-5"


@pytest.mark.parametrize(
    ("text", "current", "asked", "index"),
    [
        ("3 AUTO 30.0mW 3.00mW 300uW 30uW", "30uW", "30.0mW", 0),
        ("-1 AUTO 30.0mW 3.00mW", "AUTO", "AUTO", -1),
        ("0 AUTO 30.0mW", "30.0mW", "AUTO", -1),
        ("0 200mJ 20.0mJ", "200mJ", "20.0mJ", 1),
    ],
)
def test_ranges(text, current, asked, index):
    """0 is the largest range; AUTO, where it is listed, is -1."""
    ranges = Choice.of_ranges(text)
    assert (ranges.current, ranges.index_of(asked)) == (current, index)
    with pytest.raises(DeviceFault, match="has no range 5W; it has"):
        ranges.index_of("5W")


@pytest.mark.parametrize("text", ["4 AUTO 1W", "-1 1W 2W", "-2 AUTO 1W"])
def test_a_range_beyond_its_list(text):
    """An index without its range is a broken reply."""
    with pytest.raises(ProtocolError, match="names an entry"):
        _ = Choice.of_ranges(text).current


@pytest.mark.parametrize(
    ("told", "wanted", "commands"),
    [
        (CONTINUOUS, "1064", ()),
        (CONTINUOUS, "532", ("WI3", "WL 532")),
        (CONTINUOUS, "10600", ("WI6", "WL 10600")),
        (CONTINUOUS, "10.6", ("WI6", "WL 10600")),
        (CONTINUOUS, "2940", ("WL 2940",)),
        (CONTINUOUS, "193", ("WL 193",)),
        (CONTINUOUS, "12000", ("WL 12000",)),
        (CONTINUOUS, "192", None),
        (CONTINUOUS, "12001", None),
        (CONTINUOUS, "-1064", None),
        (CONTINUOUS, "CO2", None),
        ("DISCRETE 1 VIS NIR", "NIR", ("WI2",)),
        ("DISCRETE 1 VIS NIR", "1064", None),
        ("DISCRETE 2 532 1064", "532", ("WI1",)),
    ],
)
def test_wavelengths(told, wanted, commands):
    """An entry of the list where there is one; else a continuous head within its limits."""
    lengths = Wavelengths.read(told)
    if commands is None:
        with pytest.raises(DeviceFault, match="The head has no wavelength"):
            lengths.commands_for(wanted)
    else:
        assert lengths.commands_for(wanted) == commands
        assert all(WIRE.classify(frame(word)) is CommandClass.PREPARES for word in commands)


@pytest.mark.parametrize(
    "told",
    [
        *("CONTINUOUS", "CONTINUOUS 193 12000", "DISCRETE x VIS", "CONTINUOUS a b 1 532"),
        *("CONTINUOUS nan 12000 1 532", "CONTINUOUS 193 inf 1 532"),
    ],
)
def test_a_list_of_wavelengths_that_is_none(told):
    """Half a list is a broken reply."""
    with pytest.raises(ProtocolError, match="tells its wavelengths"):
        Wavelengths.read(told)


@pytest.mark.parametrize(
    ("entry", "length_nm"),
    [
        *(("1064", "1064"), ("10.6", "10600"), ("2.94", "2940"), ("248", "248"), ("NIR", None)),
        *(("NONE", None), ("nan", None), ("inf", None), ("0", None), ("-5", None), ("", None)),
    ],
)
def test_entries_in_nanometres(entry, length_nm):
    """Small numbers are micrometres; names and nonsense are no length."""
    assert nanometres(entry) == length_nm


def test_the_declaration_has_nothing_of_a_laser():
    """The declaration names what this wire does not show, and no lock or trigger."""
    declared = Ophir.declaration.as_json()
    assert {"calibration_due", "head_rating"} <= set(declared["not_shown"])
    assert not {"lock_bytes", "lock_ways", "dead_man"} & set(declared)
