"""What NKT telegrams can do, and how their bytes are told: the pure side of the driver."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import CommandClass
from devicelink.errors import ProtocolError
from devicelink.link.link import EnableToken, Link
from devicelink.link.transcript import NoTranscript
from devicelink_nkt import Nkt
from devicelink_nkt.frames import Telegram, decoded, read, write
from tests.drivers.dialogues import Clock
from tests.drivers.nkt_telegrams import MARKER, Receiver, ask, crc, tele, tell
from tests.drivers.scripted import Script, bytewise, scripted

WIRE = Nkt({}).wire
CAPTURED = {
    "0D 01 A2 04 61 15 0B 0A": Telegram(0x01, 0xA2, 4, 0x61),
    "0D A2 01 08 61 33 8F D9 0A": Telegram(0xA2, 0x01, 8, 0x61, b"\x33"),
    "0D 01 A2 05 30 01 53 0B 0A": Telegram(0x01, 0xA2, 5, 0x30, b"\x01"),
    "0D A2 01 03 30 53 2E 0A": Telegram(0xA2, 0x01, 3, 0x30),
    "0D A2 01 00 7F BF 56 0A": Telegram(0xA2, 0x01, 0, 0x7F),
    "0D A2 01 08 66 02 00 5E 4A 53 0A": Telegram(0xA2, 0x01, 8, 0x66, b"\x02\x00"),
    "0D A2 01 08 1E 5E 4A 5E 4D 23 FE 0A": Telegram(0xA2, 0x01, 8, 0x1E, b"\x0a\x0d"),
    "0D 01 A2 05 22 E8 03 D6 DC 0A": Telegram(0x01, 0xA2, 5, 0x22, b"\xe8\x03"),
}


@pytest.mark.parametrize(("hexed", "telegram"), CAPTURED.items())
def test_captured_telegrams_are_read_and_written_byte_for_byte(hexed, telegram):
    """What three host programs exchanged with a module is what this driver says and hears."""
    captured = bytes.fromhex(hexed)
    assert telegram.encoded() == captured
    assert decoded(captured) == telegram


def test_the_checksums_check_value():
    """The tests' own checksum is CRC-16/XMODEM."""
    assert crc(b"123456789") == 0x31C3


@given(
    st.tuples(*[st.integers(0, 255)] * 3),
    st.one_of(st.none(), st.integers(0, 255)),
    st.binary(max_size=240),
)
@settings(max_examples=300, deadline=None)
def test_any_telegram_is_read_as_it_was_written(head, register, data):
    """Whatever its bytes, a telegram comes back as it was, with no start or end inside."""
    telegram = Telegram(*head, register, data if register is not None else b"")
    sent = telegram.encoded()
    assert decoded(sent) == telegram
    assert sent == tele(*head, *([] if register is None else [register, *telegram.data]))
    assert (sent.count(b"\x0d"), sent.count(b"\x0a")) == (1, 1)
    assert len(sent) <= WIRE.longest_reply


@pytest.mark.parametrize("hexed", CAPTURED)
def test_a_telegram_with_one_bit_changed_is_none(hexed):
    """No single wrong bit, lost byte or added byte leaves a telegram."""
    captured = bytes.fromhex(hexed)
    for position in range(len(captured)):
        for bit in range(8):
            wrong = bytearray(captured)
            wrong[position] ^= 1 << bit
            assert decoded(bytes(wrong)) is None
        assert decoded(captured[:position] + captured[position + 1 :]) is None
        assert decoded(captured[:position] + b"\xff" + captured[position:]) is None


def test_a_zero_too_many_is_told_by_the_length():
    """The checksum lets a zero at the end pass; then the register has a byte too many."""
    lengthened = tell(0x66, 0, 0)[:-1] + b"\x00\x0a"
    assert decoded(lengthened) is not None
    with (
        scripted(Nkt({}), MARKER, (ask(0x66), lengthened)) as link,
        pytest.raises(ProtocolError, match="2 bytes were expected"),
    ):
        Nkt({}).read_status(link)
    enabling = tele(1, 0xA2, 5, 0x30, 1)
    assert WIRE.classify(enabling[:-1] + b"\x00\x0a") is CommandClass.FORBIDDEN


READS = (0x61, 0x64, 0x65, 0x66, 0x67, 0x30, 0x22, 0x17, 0x1C, 0x31, 0x3A, 0x2A, 0x32)


def test_every_telegram_of_one_byte_has_its_class():
    """Of all registers and types with one byte or none, only what is listed may be sent."""
    allowed = {ask(register): CommandClass.QUERY for register in READS}
    allowed[ask(0x66, host=0xA1)] = CommandClass.QUERY
    allowed[tele(1, 0xA2, 5, 0x30, 0)] = CommandClass.REDUCES
    allowed[tele(1, 0xA2, 5, 0x30, 1)] = CommandClass.ENABLES
    for kind in range(12):
        for register in range(256):
            for data in ((), (0,), (1,), (2,), (255,)):
                for host in (0xA2, 0xA1, 0x40):
                    frame = tele(1, host, kind, register, *data)
                    assert WIRE.classify(frame) is allowed.get(frame, CommandClass.FORBIDDEN), frame


@pytest.mark.parametrize("counts", [0, 1, 0x0A0D, 0x5E5E, 1000, 65535])
def test_the_set_point_prepares_and_its_zero_reduces(counts):
    """Register 22 takes two bytes; nothing else is its value."""
    low, high = counts % 256, counts // 256
    wanted = CommandClass.PREPARES if counts else CommandClass.REDUCES
    assert WIRE.classify(tele(1, 0xA2, 5, 0x22, low, high)) is wanted
    assert WIRE.classify(tele(1, 0xA2, 5, 0x22, low, high, 0)) is CommandClass.FORBIDDEN
    assert WIRE.classify(tele(1, 0xA1, 5, 0x22, low, high)) is CommandClass.FORBIDDEN


FORBIDDEN = {
    "nothing": b"",
    "no telegram": b"\x0d\x0a",
    "setup": tele(1, 0xA2, 5, 0x31, 0, 1),
    "emission delay": tele(1, 0xA2, 5, 0x3A, 0),
    "user area": tele(1, 0xA2, 5, 0x8D, *b"text"),
    "set-point in dBm": tele(1, 0xA2, 5, 0xA0, 0, 0),
    "wavelength": tele(1, 0xA2, 5, 0x2A, 0, 0),
    "set bits of emission": tele(1, 0xA2, 6, 0x30, 1),
    "toggle emission": tele(1, 0xA2, 9, 0x30, 1),
    "emission as two bytes": tele(1, 0xA2, 5, 0x30, 1, 0),
    "emission at another module": tele(2, 0xA2, 5, 0x30, 1),
    "dark at another module": tele(2, 0xA2, 5, 0x30, 0),
    "a question with data": tele(1, 0xA2, 4, 0x30, 1),
    "two telegrams": ask(0x66) + tele(1, 0xA2, 5, 0x30, 1),
    "no end": tele(1, 0xA2, 5, 0x30, 1)[:-1],
    "no start": tele(1, 0xA2, 5, 0x30, 1)[1:],
    "wrong checksum": bytes.fromhex("0D 01 A2 05 30 01 53 0C 0A"),
    "needless escape": bytes.fromhex("0D 5E 41 A2 05 30 01 53 0B 0A"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_telegram_never_leaves(name):
    """Not even under a durable intent: no byte is written."""
    port = Script(Clock(), [])
    link = Link(port, WIRE, port.clock, NoTranscript())
    with pytest.raises(ProtocolError, match="forbidden"):
        link.exchange(FORBIDDEN[name], within_s=0.1, token=EnableToken(step="ready", entry_index=1))


@given(st.binary(max_size=24))
@settings(max_examples=300, deadline=None)
def test_no_accident_is_sendable(noise):
    """Random bytes, bare or within a telegram's ends, are forbidden and never raise."""
    for frame in (noise, b"\x0d" + noise + b"\x0a", tele(1, 0xA2, 5, 0x30, 1) + noise + b"\x0a"):
        assert WIRE.classify(frame) is CommandClass.FORBIDDEN


@pytest.mark.parametrize(
    ("asked", "reply", "is_so"),
    [
        (ask(0x66), tell(0x66, 0, 0), True),
        (ask(0x66), tell(0x67, 0), False),
        (ask(0x66), tell(0x66, 0, 0, host=0xA1), False),
        (ask(0x66), tele(0xA2, 2, 8, 0x66, 0, 0), False),
        (ask(0x66), tele(0xA2, 1, 3, 0x66), False),
        (ask(0x66), tele(0xA2, 1, 0, 0x66), True),
        (ask(0x66), tele(0xA2, 1, 0, 0x67), False),
        (ask(0x66), tele(0xA2, 1, 1), True),
        (ask(0x66), tele(0xA2, 1, 2, 0x66), True),
        (ask(0x66), ask(0x66), False),
        (write(1, 0x30, 1, size=1), tele(0xA2, 1, 3, 0x30), True),
        (write(1, 0x30, 1, size=1), tell(0x30, 1), False),
        (write(1, 0x30, 1, size=1), tele(0xA2, 1, 3, 0x22), False),
        (ask(0x66), tell(0x66, 0, 0)[:-1] + b"\xff\x0a", False),
        (ask(0x66), b"", False),
    ],
)
def test_an_answer_is_its_own_questions(asked, reply, is_so):
    """Addresses swapped, the same register, the type that was awaited or a refusal."""
    assert WIRE.answers(asked, reply) is is_so


def test_an_echo_is_no_answer():
    """A line that returns what is sent is heard, and the answer behind it is taken."""
    question, answer = ask(0x66), tell(0x66, 1, 0)
    marker, marked = ask(0x66, host=0xA1), tell(0x66, 0, 0, host=0xA1)
    with scripted(Nkt({}), (marker, marker + marked), (question, question + answer)) as link:
        assert link.exchange(question, within_s=0.1) == answer


def test_replies_split_at_every_byte():
    """Wherever the line cuts a reply, it is put together; also byte by byte."""
    question = ask(0x1E)
    for answer in (tell(0x66, 2, 0), tell(0x66, 0x0A, 0x0D), tell(0x66, 0x5E, 0x5E)):
        for cut in range(len(answer) + 1):
            assert WIRE.split(answer[:cut], question)[0] == ([answer] if cut == len(answer) else [])
        marker = (ask(0x66, host=0xA1), bytewise(tell(0x66, 0, 0, host=0xA1)))
        with scripted(Nkt({}), marker, (ask(0x66), bytewise(answer))) as link:
            assert link.exchange(ask(0x66), within_s=0.1) == answer


@pytest.mark.parametrize("before", [b"", b"\xff\x00", b"\x0a\x0a", b"\x0d\xa2\x01\x08", b"\x5e"])
@pytest.mark.parametrize("after", [b"", b"\xff", b"\x0d", b"\x0d\x01\x0a"])
def test_garbage_around_a_reply_is_dropped_and_makes_unsure(before, after):
    """The reply among garbage is found, and the next question proves itself by the marker first."""
    marker = (ask(0x66, host=0xA1), tell(0x66, 0, 0, host=0xA1))
    answer = tell(0x66, 1, 0)
    again = [marker] if before or after else []
    pairs = [marker, (ask(0x66), before + answer + after), *again, (ask(0x67), tell(0x67, 0))]
    with scripted(Nkt({}), *pairs) as link:
        assert link.exchange(ask(0x66), within_s=0.1) == answer
        assert link.exchange(ask(0x67), within_s=0.1) == tell(0x67, 0)


def test_a_late_reply_is_never_the_next_ones():
    """A reply that comes after its deadline is dropped before the same question is asked again."""
    marker = (ask(0x66, host=0xA1), tell(0x66, 0, 0, host=0xA1))
    late, fresh = tell(0x30, 0), tell(0x30, 1)
    pairs = [marker, (ask(0x30), [(0.105, late)]), (marker[0], [(0.02, marker[1])])]
    with scripted(Nkt({}), *pairs, (ask(0x30), fresh)) as link:
        with pytest.raises(Exception, match="did not answer"):
            link.exchange(ask(0x30), within_s=0.1)
        assert link.exchange(ask(0x30), within_s=0.1) == fresh


def test_the_marker_is_told_among_garbage():
    """Each whole answer to the marker counts; halves, other registers and refusals do not."""
    marked = tell(0x66, 2, 0, host=0xA1)
    assert WIRE.marker_replies(b"") == 0
    assert WIRE.marker_replies(marked[:-1]) == 0
    assert WIRE.marker_replies(b"\xff\x0d\x00" + tell(0x66, 2, 0) + marked) == 1
    assert WIRE.marker_replies(marked + b"\x0d" + marked) == 2
    assert WIRE.marker_replies(tele(0xA1, 1, 0, 0x66)) == 0


def test_the_address_is_in_every_telegram():
    """A module at another address is asked and locked at that address."""
    driver = Nkt({"address": "15"})
    assert driver.wire.classify(read(15, 0x66)) is CommandClass.QUERY
    assert driver.wire.classify(read(1, 0x66)) is CommandClass.FORBIDDEN
    assert driver.declaration.lock_bytes.count(write(15, 0x30, 0, size=1)) == 1


ENABLING = tele(1, 0xA2, 5, 0x30, 1)
EARS = [{"restarts": r, "greedy": g} for r in (True, False) for g in (True, False)]


@pytest.mark.parametrize("ear", EARS)
@pytest.mark.parametrize("lit", [b"", ENABLING])
def test_lock_bytes_are_dark_after_every_half_telegram(ear, lit):
    """However a module hears, whatever was cut off before: emission ends, the set-point is 0."""
    whole = [ENABLING, tele(1, 0xA2, 5, 0x22, 0x0A, 0x5E), ask(0x66), ask(0x66, host=0xA1)]
    whole += [
        tele(1, 0xA2, 5, 0x22, low, high) for low in range(0, 256, 5) for high in (0, 94, 255)
    ]
    lock = Nkt({}).declaration.lock_bytes
    for telegram in whole:
        for cut in range(len(telegram) + 1):
            module = Receiver(**ear).hear(lit + telegram[:cut] + lock)
            assert module.registers[0x30] == b"\x00", (telegram.hex(" "), cut)
            assert module.registers[0x22] == b"\x00\x00"
            early = Receiver(**ear).hear(telegram[:cut] + lock[: len(WIRE.frame_break)])
            assert cut == len(telegram) or 0x30 not in early.registers, "half a telegram enabled"


@pytest.mark.parametrize("ear", EARS)
def test_lock_bytes_hold_when_they_are_torn_themselves(ear):
    """Sent twice, with the first cut anywhere, they still end dark."""
    lock = Nkt({}).declaration.lock_bytes
    for cut in range(len(lock) + 1):
        module = Receiver(**ear).hear(ENABLING + lock[:cut] + lock)
        assert module.registers == {0x30: b"\x00", 0x22: b"\x00\x00"}, cut


def test_why_the_lock_does_not_begin_with_an_end_alone():
    """An `0A` alone completes the enabling telegram that lacks only it."""
    assert Receiver().hear(ENABLING[:-1] + b"\x0a").registers == {0x30: b"\x01"}
    assert Receiver().hear(ENABLING[:-1] + WIRE.frame_break).registers == {}


@pytest.mark.parametrize("ear", EARS)
def test_the_break_completes_no_enabling_telegram_of_any_address(ear):
    """Cut anywhere and ended by the break, none is whole; one `FF` would do it at address 27."""
    for module in range(1, 161):
        enabling = tele(module, 0xA2, 5, 0x30, 1)
        for cut in range(len(enabling)):
            heard = Receiver(**ear, module=module).hear(enabling[:cut] + WIRE.frame_break)
            assert heard.registers == {}, (module, cut)
    enabling = tele(27, 0xA2, 5, 0x30, 1)
    heard = Receiver(**ear, module=27).hear(enabling[:-2] + b"\xff\x0a")
    assert heard.registers == {0x30: b"\x01"}


def test_a_set_point_cut_anywhere_becomes_no_other():
    """A half set-point, ended by the break, is nothing, or what it was meant to be."""
    for counts in range(65536):
        telegram = write(1, 0x22, counts, size=2)
        for cut in range(6, len(telegram)):
            told = decoded(telegram[:cut] + WIRE.frame_break)
            assert told is None or told == decoded(telegram), (counts, cut)
