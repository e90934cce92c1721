"""What Big Sky commands can do, and how replies of 17 bytes are told: the pure side."""

from __future__ import annotations

import itertools
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import CommandClass
from devicelink.errors import ProtocolError
from devicelink.link.link import EnableToken, Link
from devicelink.link.transcript import NoTranscript
from devicelink_bigsky import BigSky
from devicelink_bigsky.frames import matched, value_of
from tests.drivers.dialogues import Clock
from tests.drivers.scripted import Script, bytewise, scripted

DRIVER = BigSky({"serial": "062"})
WIRE = DRIVER.wire
SHEET = {
    "query": [
        *("", "ST", "SN", "X", "WOR", "R", "IF", "IF2", "IQ", "CG", "P", "C", "WMN", "WMX"),
        *("ROF", "QOF", "D", "E", "V", "F", "W", "QSM", "LPM", "QSW", "QSF"),
    ],
    "reduces": ["S", "SQ", "R0"],
    "prepares": [
        *("P1", "ROF0", "QOF0", "QSM2", "LPM0", "V500", "V1150", "V1800"),
        *("F1", "F4000", "F9999", "W100", "W225", "W999"),
    ],
    "enables": ["A", "R1", "PQ"],
    "forbidden": [
        *("M", "OQ", "SAV1", "ECH", "ECH0", "ECH1", "ROF1", "QOF1", "QSM0", "QSM1", "LPM1", "P0"),
        *("D0", "D10", "E0", "E25", "ENE", "ENE212", "CAP", "CAP293", "QSP50", "QSF10", "QSW100"),
        *("WMN100", "WMX500", "UC0", "UCQ0", "SUC", "UC", "CQ", "UCQ", "DAT", "T", "CGF", "IHG"),
        *("V499", "V1801", "V0", "V", "V01150", "V1150.0", "F0", "F10000", "W99", "W1000", "V-9"),
        *("s", "a", "sn", "A ", " A", "A1", "AA", "PQ1", "R", "R2", "R10", "S0", "AS", "S\r\nA"),
        *("?", "A?", "S?", "IF1", "VA", "VI", "VMO", "VT"),
    ],
}
SHEET["forbidden"] = [word for word in SHEET["forbidden"] if word not in SHEET["query"]]
CASES = [(kind, word) for kind, words in SHEET.items() for word in words]


@pytest.mark.parametrize(("kind", "word"), CASES)
def test_each_command_of_the_sheet_has_its_class(kind, word):
    """Commands are classed by what they can do to light; what is unknown is forbidden."""
    assert WIRE.classify(f"$062{word}\r\n".encode()) == kind


def test_nothing_short_is_sendable_but_what_is_listed():
    """Of all words of up to three letters, with a digit or none, only the listed ones pass."""
    listed = {word: kind for kind, words in SHEET.items() if kind != "forbidden" for word in words}
    listed |= {"F1": "prepares", "F2": "prepares"}
    letters = string.ascii_uppercase
    for length in (1, 2, 3):
        for word in map("".join, itertools.product(letters, repeat=length)):
            for digit in ("", "0", "1", "2"):
                said = word + digit
                found = WIRE.classify(f"$062{said}\r\n".encode())
                assert found is CommandClass(listed.get(said, "forbidden")), said


@pytest.mark.parametrize(
    "frame",
    [
        *(b"", b"\r\n", b"S\r\n", b"$062S", b"$062S\n", b"$062S\r", b"$62S\r\n", b"$184S\r\n"),
        *(b">A\r\n", b">R1\r\n", b">PQ\r\n", b">SQ\r\n", b">SN\r\n", b">062S\r\n", b"> S\r\n"),
        *(b"$062S\r\n$062A\r\n", b"\r\n$062S\r\n", b"$062\xffS\r\n", b"$063A\r\n", b"$062"),
    ],
)
def test_anything_but_one_addressed_line_is_forbidden(frame):
    """No end, another address, more than one line; to all units nothing but the stop is said."""
    assert WIRE.classify(frame) is CommandClass.FORBIDDEN
    assert WIRE.classify(b">S\r\n") is CommandClass.REDUCES


@given(st.binary(max_size=12))
@settings(max_examples=300, deadline=None)
def test_no_accident_enables(noise):
    """Among any bytes only the three whole commands can enable, and nothing raises."""
    enabling = {b"$062A\r\n", b"$062R1\r\n", b"$062PQ\r\n"}
    for frame in (noise, b"$062" + noise + b"\r\n", b"$062A" + noise, noise + b"$062PQ\r\n"):
        assert (WIRE.classify(frame) is CommandClass.ENABLES) is (frame in enabling)


@pytest.mark.parametrize("word", SHEET["forbidden"])
def test_a_forbidden_command_never_leaves(word):
    """Not even under a durable intent: no byte is written."""
    port = Script(Clock(), [])
    link = Link(port, WIRE, port.clock, NoTranscript())
    frame = f"$062{word}\r\n".encode()
    with pytest.raises(ProtocolError, match="forbidden"):
        link.exchange(frame, within_s=0.1, token=EnableToken(step="ready", entry_index=1))


@pytest.mark.parametrize("word", SHEET["enables"])
def test_an_enabling_command_leaves_once_and_with_an_intent(word):
    """Without the token nothing leaves; with it one does."""
    frame = f"$062{word}\r\n".encode()
    token = EnableToken(step="ready", entry_index=1)
    reply = b"\r\nshutter opened " if word == "R1" else b"\r\nfire auto   qse"
    with scripted(DRIVER, MARKER, (frame, reply)) as link:
        with pytest.raises(ProtocolError, match="without a durable intent"):
            link.exchange(frame, within_s=0.1)
        link.exchange(frame, within_s=0.1, token=token)
        with pytest.raises(ProtocolError, match="repeat"):
            link.exchange(frame, within_s=0.1, token=token)


PRINTED = {
    "SN": ("s/number____062", "062"),
    "X": ("SPECTRA-SY_3.68", "SPECTRA-SY 3.68"),
    "CG": ("temp._CG_33_d__", "33"),
    "P": ("CG_pump_______1", "1"),
    "R": ("shutter_opened_", "opened"),
    "R0": ("shutter_closed_", "closed"),
    "ROF": ("shutt._at_run_0", "0"),
    "ROF0": ("shutt._at_run_0", "0"),
    "V": ("voltage__1150_V", "1150"),
    "V900": ("voltage___900_V", "900"),
    "V0900": ("voltage__0900_V", "0900"),
    "F": ("freq.__40.00_Hz", "40.00"),
    "F4000": ("freq.__40.00_Hz", "40.00"),
    "LPM": ("LP_synch_:__0__", "0"),
    "QSM": ("QS_mode_:___1__", "1"),
    "QSF": ("cycle_rate_F/10", "10"),
    "QSW": ("QS_wait_:___100", "100"),
    "QOF": ("QS_at_run_____1", "1"),
    "W": ("delay____225_uS", "225"),
    "WMN": ("dly_QS_m_100_uS", "100"),
    "WMX": ("dly_QS_M_500_uS", "500"),
    "C": ("ct_LP_000012345", "000012345"),
    "D": ("dis_charg_00.0S", "00.0"),
    "E": ("ena_charg_00.0S", "00.0"),
    "WOR": ("I_0_F_2_S_1_Q_4", "0 2 1 4"),
    "IF": ("IF._00_00_00_00", "00 00 00 00"),
    "IF2": ("IF2_00_10_00_00", "00 10 00 00"),
    "IQ": ("IQS_10_00_00_00", "10 00 00 00"),
    "A": ("fire_auto______", "fire auto      "),
    "S": ("standby________", "standby        "),
    "PQ": ("fire_ext___qse_", "fire ext   qse "),
    "SQ": ("fire_auto____e_", "fire auto    e "),
    "": ("fire_auto___qse", "fire auto   qse"),
}


@pytest.mark.parametrize(("word", "printed", "told"), [(w, *pair) for w, pair in PRINTED.items()])
def test_printed_replies_are_read(word, printed, told):
    """Every template of the manual and every captured reply, character for character."""
    reply = printed.replace("_", " ").encode()
    assert len(reply) == 15
    assert value_of(word, reply) == told


def test_other_labels_and_prefixes_are_read():
    """Units differ in letters of `WOR`, in the first letter of `SN`, in the prefix of `IF`."""
    assert value_of("WOR", b"I 1 L 4 M 0 Q 4") == "1 4 0 4"
    assert value_of("SN", b"S/Number    062") == "062"
    for prefix in (b"IF1", b"IF.", b"IF "):
        assert value_of("IF", prefix + b" 00 00 01 00") == "00 00 01 00"


def test_no_reply_is_taken_for_another_commands():
    """The reply to one command answers no other, but for states, and a model of any letters."""
    texts = {"A", "S", "PQ", "SQ", ""}
    for word, (printed, _) in PRINTED.items():
        reply = printed.replace("_", " ").encode()
        for other in SHEET["query"]:
            own = word if word in SHEET["query"] else word.rstrip("0123456789")
            alike = other in {own, "X"} or (word in texts and other in {"", "ST"})
            alike = alike or (word == "R0" and other in {"R", ""})  # a refusal, word for word
            assert (matched(other, reply) is not None) is alike, (word, other)


@pytest.mark.parametrize("length", [0, 14, 16])
def test_a_reply_of_another_length_is_none(length):
    """Exactly fifteen characters, or it is no reply."""
    assert matched("X", b"x" * length) is None
    with pytest.raises(ProtocolError):
        value_of("WOR", b"I 0 F 0 S 0 Q 0"[:length] + b" " * (length - 15))


REPLY = b"\r\nI 0 F 0 S 0 Q 4"
MARKER = (b"$062SN\r\n", b"\r\ns/number    062")
ASK = b"$062WOR\r\n"


def test_replies_split_at_every_byte():
    """Wherever the line cuts a reply, it is put together; also byte by byte."""
    for cut in range(len(REPLY) + 1):
        pieces, rest = WIRE.split(REPLY[:cut], ASK)
        assert pieces == ([REPLY[2:]] if cut == 17 else [])
        assert WIRE.split(rest + REPLY[cut:], ASK)[0] == ([REPLY[2:]] if cut < 17 else [])
    with scripted(DRIVER, (MARKER[0], bytewise(MARKER[1])), (ASK, bytewise(REPLY))) as link:
        assert link.exchange(ASK, within_s=0.2) == REPLY[2:]


GARBAGE = [b"", b"\xff", b"\r", b"\n", b"\r\n", b"xyz", b"\r\nI 0 F", b"\r\n\r\n", b"\x00" * 20]


@pytest.mark.parametrize("before", GARBAGE)
@pytest.mark.parametrize("after", GARBAGE)
def test_garbage_around_a_reply_is_dropped_and_makes_unsure(before, after):
    """The reply among garbage is found, and the next question proves itself by the marker first."""
    again = [MARKER] if before or after else []
    with scripted(DRIVER, MARKER, (ASK, before + REPLY + after), *again, (ASK, REPLY)) as link:
        assert link.exchange(ASK, within_s=0.2) == REPLY[2:]
        assert link.exchange(ASK, within_s=0.2) == REPLY[2:]


def test_a_duplicate_is_never_the_next_ones():
    """A reply that comes twice is dropped before the same question is asked again."""
    fresh = b"\r\nI 1 F 0 S 0 Q 4"
    twice = [(0, REPLY), (0.001, REPLY)]
    with scripted(DRIVER, MARKER, (ASK, twice), MARKER, (ASK, fresh)) as link:
        assert link.exchange(ASK, within_s=0.2) == REPLY[2:]
        link.wait(0.01)
        assert link.exchange(ASK, within_s=0.2) == fresh[2:]


def test_a_late_reply_is_never_the_next_ones():
    """A reply that comes after its deadline is dropped before the same question is asked again."""
    fresh = b"\r\nI 1 F 0 S 0 Q 4"
    late = [(0.205, REPLY)]
    marker = (MARKER[0], [(0.02, MARKER[1])])
    with scripted(DRIVER, MARKER, (ASK, late), marker, (ASK, fresh)) as link:
        with pytest.raises(Exception, match="did not answer"):
            link.exchange(ASK, within_s=0.2)
        assert link.exchange(ASK, within_s=0.2) == fresh[2:]


def test_the_marker_names_this_unit():
    """Whole replies with this serial number count; halves and other units' do not."""
    assert WIRE.marker_replies(b"") == 0
    assert WIRE.marker_replies(MARKER[1][:-1]) == 0
    assert WIRE.marker_replies(b"\xff\r\nxx" + REPLY + MARKER[1]) == 1
    assert WIRE.marker_replies(MARKER[1] * 2) == 2
    assert WIRE.marker_replies(b"\r\ns/number    063") == 0


LISTED = [word for kind in ("query", "reduces", "prepares", "enables") for word in SHEET[kind]]
HEARD = re.compile(rb"[\r\n]+")


def obeyed(data, *, lenient=False):
    """What a unit obeys, line by line; a lenient one reads a word and overlooks what follows."""
    words = []
    for line in HEARD.split(data)[:-1]:
        shape = rb"\$062([A-Z0-9]*).*" if lenient else rb"\$062([A-Z0-9]*)"
        told = re.fullmatch(shape, line)
        if told or line == b">S":
            words.append((told[1] if told else b"S").decode())
    return words


@pytest.mark.parametrize("lenient", [False, True])
def test_lock_bytes_stop_the_lamp_after_every_half_command(lenient):
    """Whatever was cut off before: the last word obeyed is the stop, and it is whole."""
    lock = DRIVER.declaration.lock_bytes
    for word in LISTED:
        frame = f"$062{word}\r\n".encode()
        for cut in range(len(frame) + 1):
            words = obeyed(frame[:cut] + lock, lenient=lenient)
            assert words[-1] == "S", (word, cut)
            if not lenient and cut < len(frame) - 1:
                assert words == ["S"], f"the break completed half of {word}"
    for cut in range(len(lock) + 1):
        assert obeyed(lock[:cut] + lock, lenient=lenient)[-1] == "S"
    assert obeyed(lock) == ["S"]


def test_why_the_lock_does_not_begin_with_a_line_end_alone():
    """Half of `$062PQ` may be all of it: a line end alone would start the Q-switch."""
    assert obeyed(b"$062PQ" + b"\r\n") == ["PQ"]
    assert obeyed(b"$062PQ" + WIRE.frame_break) == []


def test_the_lock_bytes_are_this_units():
    """A unit is stopped at its own address; without one, every unit would be."""
    assert DRIVER.declaration.lock_bytes == b"?\r\n$062S\r\n"
    assert BigSky({"serial": "184"}).declaration.lock_bytes == b"?\r\n$184S\r\n"
