"""What the oracle reads out of each protocol's bytes, on examples of the makers' descriptions."""

from __future__ import annotations

import binascii
import json
from pathlib import Path

import pytest

from devicelink_simulation.world.wires.bigsky import BigSky
from devicelink_simulation.world.wires.contract import Does, Piece
from devicelink_simulation.world.wires.ipg import Ipg
from devicelink_simulation.world.wires.nkt import HOST, Nkt, written
from devicelink_simulation.world.wires.olcp import Kept, Olcp, read, status_of
from devicelink_simulation.world.wires.olcp import written as olcp_frame
from devicelink_simulation.world.wires.uc2000 import Uc2000

IPG, UC, NKT, BIGSKY, OLCP, KEPT = Ipg(), Uc2000(), Nkt(), BigSky(), Olcp(), Kept()
PAGE = json.loads((Path(__file__).parents[2] / "docs/protocols/olcp-vectors.json").read_text())
EXCHANGES = {each["name"]: each for each in PAGE["exchanges"]}
LOCK = PAGE["lock"].upper()
LOCKED_INPUTS, READY_INPUTS = 0x341E, 0x3EDE


def olcp_frames(name):
    """A request and its answer of the page's session, in hex."""
    return tuple(EXCHANGES[name][side]["wire"].upper() for side in ("request", "answer"))


def olcp_status(state, inputs=LOCKED_INPUTS, sensed=0xFFFF, faults=0):
    """A STATUS request of the page, and an answer to it that says something else."""
    asked, told = olcp_frames("STATUS")
    payload = bytearray(read(told).payload)
    payload[0], payload[98:102] = state, faults.to_bytes(4, "little")
    payload[61:65] = inputs.to_bytes(2, "little") + sensed.to_bytes(2, "little")
    return asked, olcp_frame(0x83, read(asked).seq, bytes(payload))


def nkt_status(bits, to=HOST):
    """The module's answer to a question for register 66, in hex."""
    body = bytes([to, 1, 8, 0x66]) + bits.to_bytes(2, "little")
    body += binascii.crc_hqx(body, 0).to_bytes(2, "big")
    escapes = {0x0A: b"\x5e\x4a", 0x0D: b"\x5e\x4d", 0x5E: b"\x5e\x9e"}
    return (b"\x0d" + b"".join(escapes.get(b, bytes([b])) for b in body) + b"\x0a").hex().upper()


@pytest.mark.parametrize(
    ("speech", "command", "does"),
    [
        (IPG, "EMON", Does.ENABLES),
        (IPG, "emoff", Does.DARKENS),
        (IPG, "STA", Does.ASKS),
        (IPG, "SDC 35.0", Does.SETS),
        (IPG, "EEC", Does.FORBIDDEN),
        (UC, "5B758A", Does.ENABLES),
        (UC, "5B7689", Does.DARKENS),
        (UC, "7E", Does.ASKS),
        (UC, "5B7F2858", Does.SETS),
        (UC, "5B30CF", Does.FORBIDDEN),
        (NKT, "0D01A2053001530B0A", Does.ENABLES),
        (NKT, "0D01A2053001530C0A", Does.ELSE),
        (NKT, written(0xA5, 5, 0x30, b"\x00"), Does.DARKENS),
        (NKT, written(HOST, 4, 0x66), Does.ASKS),
        (NKT, written(HOST, 5, 0x22, b"\xe8\x03"), Does.SETS),
        (BIGSKY, "$003A", Does.ENABLES),
        (BIGSKY, "$003PQ", Does.ENABLES),
        (BIGSKY, ">S", Does.DARKENS),
        (BIGSKY, "$004A", Does.ELSE),
        (BIGSKY, "$003WOR", Does.ASKS),
        (BIGSKY, "$003QOF1", Does.FORBIDDEN),
        (BIGSKY, "$003V1070", Does.SETS),
        (BIGSKY, "$003VMO", Does.ELSE),
        (BIGSKY, "A", Does.ELSE),
        (OLCP, LOCK, Does.DARKENS),
        (OLCP, LOCK.lower(), Does.ELSE),
        (OLCP, olcp_frames("STANDBY")[0], Does.DARKENS),
        (OLCP, olcp_frames("PERMIT")[0], Does.PERMITS),
        (OLCP, olcp_frames("BEAT, the lease begins")[0], Does.SUSTAINS),
        (OLCP, olcp_frames("READY_REQUEST, not offered")[0], Does.ENABLES),
        (OLCP, olcp_frames("STATUS")[0], Does.ASKS),
        (OLCP, olcp_frames("SETTINGS_COMMIT")[0], Does.SETS),
        (OLCP, olcp_frames("SETTINGS_PROPOSE")[0], Does.ELSE),
        (OLCP, olcp_frames("KEYS_ADD, without a hand")[0], Does.FORBIDDEN),
        (OLCP, olcp_frames("STANDBY")[0][:-4] + "007E", Does.ELSE),
    ],
)
def test_a_command_does_what_the_maker_says(speech, command, does):
    """Only whole commands, rightly addressed and checked, do anything."""
    assert speech.does(command) is does


@pytest.mark.parametrize(
    ("speech", "to", "reply", "told"),
    [
        (IPG, "STA", "STA: 0", "dark"),
        (IPG, "STA", "STA: 4100", "lit"),
        (IPG, "STA", "STA: 32772", "lit"),
        (IPG, "STA", "STA:2097152", "ends"),
        (IPG, "STA", "STA: 1024", "dark ends"),
        (UC, "7E", "AA88324600", ""),
        (UC, "7E", "AA88320000", "dark"),
        (UC, "7E", "AA98320000", "lit"),
        (UC, "7E", "AAB8322800", "lit ends"),
        (UC, "7E", "AA80320000", "ends"),
        (NKT, "", nkt_status(0x0000), "dark"),
        (NKT, "", "0DA20108660200" + "5E4A530A", "dark ends"),
        (NKT, "", nkt_status(0x0001), "lit"),
        (NKT, "", nkt_status(0x8000), "dark ends"),
        (BIGSKY, "$003WOR", "I 0 F 0 S 1 Q 4", "dark"),
        (BIGSKY, "$003WOR", "I 1 F 0 S 0 Q 0", "dark ends"),
        (BIGSKY, "$003WOR", "I 0 L 2 M 1 Q 4", "lit"),
        (BIGSKY, "$003R", "shutter closed ", "dark"),
        (BIGSKY, "$003R", "shutter opened ", ""),
        (BIGSKY, "$003", "fire auto   qse", "lit"),
        (OLCP, *olcp_frames("STATUS"), "dark"),
        (OLCP, *olcp_frames("STATUS, in STANDBY"), ""),
        (OLCP, *olcp_frames("BEAT, READY by now"), "lit"),
        (OLCP, *olcp_frames("BEAT, while ARMING"), ""),
        (OLCP, *olcp_status(7), "dark ends"),
        (OLCP, *olcp_status(2, faults=1 << 6), "dark ends"),
        (OLCP, *olcp_status(2, LOCKED_INPUTS | 1 << 7), ""),
        (OLCP, *olcp_status(3, LOCKED_INPUTS | 1 << 8), "lit"),
        (OLCP, *olcp_status(2, LOCKED_INPUTS & ~(1 << 1)), "dark ends"),
        (OLCP, *olcp_status(3, LOCKED_INPUTS & ~(1 << 3)), "ends"),
        (OLCP, *olcp_status(3, LOCKED_INPUTS & ~(1 << 3), 0xFFFF & ~(1 << 3)), ""),
        (OLCP, *olcp_status(3, LOCKED_INPUTS & ~(1 << 4)), "ends"),
        (OLCP, *olcp_status(2, LOCKED_INPUTS | 1 << 5), "dark ends"),
        (OLCP, *olcp_status(2, sensed=0xFFFF & ~(1 << 7)), ""),
        (OLCP, *olcp_status(6, READY_INPUTS | 1 << 8), "lit"),
        (OLCP, *olcp_status(8), ""),
    ],
)
def test_a_reply_says_what_the_maker_says(speech, to, reply, told):
    """Whether it may be called locked, is lit, and has to end."""
    said = speech.said(reply, to)
    words = {"dark": said.may_be_locked, "lit": said.lit, "ends": said.ends}
    assert {word for word, is_so in words.items() if is_so} == set(told.split())


@pytest.mark.parametrize(
    ("speech", "to", "reply"),
    [
        (IPG, "ROP", "ROP: 96.1"),
        (UC, "5B758A", "AA"),
        (NKT, "", nkt_status(0x0001, to=0xA5)),
        (NKT, "", "0DA20108660200" + "5E4A540A"),
        (BIGSKY, "$003PQ", "fire auto   qse"),
        (BIGSKY, "$003IF", "IF1 00 00 01 00"),
        (BIGSKY, "$003WOR", "I 0 F 0 S 1 Q"),
        (OLCP, olcp_frames("BEAT, while ARMING")[0], olcp_frames("STATUS")[1]),
        (OLCP, *olcp_frames("BEAT, its nonce was used")),
        (OLCP, *olcp_frames("TIME")),
        (OLCP, olcp_frames("STATUS")[0], olcp_frames("STATUS")[1][:-4] + "007E"),
    ],
)
def test_what_is_no_status_says_nothing(speech, to, reply):
    """Acknowledgements, stale samples, broken checksums and answers to others are no status."""
    assert speech.said(reply, to) is None


OLCP_ASK, OLCP_TOLD = olcp_frames("STATUS")


def passed(*pieces, process=1):
    """Bytes in order, a hundredth of a second apart: `>` sent, `<` taken."""
    return [
        Piece(10_000_000 * at, process, way == ">", bytes.fromhex(data))
        for at, (way, data) in enumerate(pieces)
    ]


def test_an_answer_of_the_controller_is_cut_by_what_was_asked():
    """The same first byte is an acknowledgement, or the first of a status."""
    pieces = passed((">", "5b758a"), ("<", "aa"), (">", "7e"), ("<", "aa98"), ("<", "320000"))
    sent, heard = UC.cut(pieces)
    assert [frame.text for frame in sent] == ["5B758A", "7E"]
    assert [frame.text for frame in heard] == ["AA", "AA98320000"]
    assert heard[1].at_ns == pieces[-1].at_ns


def test_each_process_has_its_own_half_frames():
    """What one process began is not ended by another's bytes."""
    begun = passed((">", "5b75"))
    other = passed((">", "00005b7689"), process=2)
    assert [frame.text for frame in UC.cut([*begun, *other])[0]] == ["5B7689"]


@pytest.mark.parametrize(
    ("speech", "question", "half", "whole"),
    [
        (IPG, b"STA\r", b"STA: 4", b"STA: 4\r"),
        (UC, b"\x7e", b"\xaa", bytes.fromhex("AA98320000")),
        (NKT, bytes.fromhex(written(HOST, 4, 0x66)), b"\x0d", bytes.fromhex(nkt_status(0))),
        (BIGSKY, b"$003WOR\r\n", b"\r\nI 0", b"\r\nI 0 F 0 S 1 Q 4"),
        (OLCP, *(bytes.fromhex(each) for each in (OLCP_ASK, OLCP_TOLD[:40], OLCP_TOLD))),
    ],
    ids=["ipg", "uc2000", "nkt", "bigsky", "olcp"],
)
def test_a_question_after_one_without_answer_is_doubtful(speech, question, half, whole):
    """Asked again soon after half an answer it is told; after a whole one it is not."""
    again = ((">", question.hex()), ("<", half.hex()), (">", question.hex()))
    assert len(list(speech.unsettled(passed(*again)))) == 1
    well = ((">", question.hex()), ("<", whole.hex()), (">", question.hex()))
    assert list(speech.unsettled(passed(*well))) == []


@pytest.mark.parametrize("exchange", PAGE["exchanges"], ids=lambda each: each["name"])
def test_frames_of_the_page_are_read_and_written(exchange):
    """Each request and answer of the page's session, byte for byte, with code and payload."""
    for side in ("request", "answer"):
        told = exchange[side]
        body = read(told["wire"].upper())
        assert (body.code, body.payload.hex()) == (told["code"], told["payload"])
        assert body.seq == exchange["seq"]
        assert olcp_frame(body.code, body.seq, body.payload) == told["wire"].upper()


@pytest.mark.parametrize("stream", PAGE["thrown_away"], ids=lambda each: each["name"])
def test_what_a_receiver_throws_away_is_no_frame(stream):
    """Of the page's broken streams nothing is kept; the frame behind them is."""
    good = olcp_frames("TIME")[0]
    sent, _ = OLCP.cut(passed((">", stream["wire"]), (">", good)))
    assert [frame.text for frame in sent if frame.text != LOCK] == [good]


@pytest.mark.parametrize("stream", PAGE["lock_streams"], ids=lambda each: each["name"])
@pytest.mark.parametrize("at_once", [True, False])
def test_lock_is_found_wherever_it_stands(stream, at_once):
    """After as many bytes as the page says, in one piece and byte by byte."""
    data = bytes.fromhex(stream["wire"])
    size = len(data) if at_once else 1
    pieces = [(">", data[at : at + size].hex()) for at in range(0, len(data), size)]
    sent, _ = OLCP.cut(passed(*pieces))
    found = [frame.at_ns // 10_000_000 + 1 for frame in sent if frame.text == LOCK]
    assert found == stream["after"] if not at_once else len(found) == len(stream["after"])


def test_a_console_tells_how_far_it_was_read():
    """A beat shows the nonce of the status before it and the events that were read by then."""
    _, before = olcp_frames("STATUS, in STANDBY")
    asked, told = olcp_frames("BEAT, the lease begins")
    assert KEPT.shown(asked) == KEPT.told(before)
    assert KEPT.events_in(olcp_frames("EVENTS_READ, what came since")[1]) == (812, 813)
    assert KEPT.takes(asked, told)
    assert not KEPT.takes(*olcp_frames("BEAT, an event was not read"))
    assert KEPT.lease_ns(*olcp_frames("PERMIT")) == 1_000_000_000
    assert KEPT.lease_ns(olcp_frames("PERMIT")[0], olcp_frames("STATUS")[1]) is None


def test_the_words_of_a_lock_are_the_status_itself():
    """Without a whole payload nothing is said of a lock."""
    payload = read(OLCP_TOLD).payload.hex()
    (said,) = OLCP.lock_words({"status": payload})
    assert said.may_be_locked
    assert said.word == OLCP.said(OLCP_TOLD, OLCP_ASK).word
    for words in ({}, {"status": "LOCKED"}, {"status": payload[:-2]}):
        assert OLCP.lock_words(words) == ()
    assert status_of(b"") is None
