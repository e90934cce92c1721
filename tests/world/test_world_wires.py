"""What the oracle reads out of each protocol's bytes, on examples of the makers' descriptions."""

from __future__ import annotations

import binascii

import pytest

from devicelink_simulation.world.wires.bigsky import BigSky
from devicelink_simulation.world.wires.contract import Does, Piece
from devicelink_simulation.world.wires.ipg import Ipg
from devicelink_simulation.world.wires.nkt import HOST, Nkt, written
from devicelink_simulation.world.wires.uc2000 import Uc2000

IPG, UC, NKT, BIGSKY = Ipg(), Uc2000(), Nkt(), BigSky()


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
    ],
)
def test_what_is_no_status_says_nothing(speech, to, reply):
    """Acknowledgements, stale samples, broken checksums and answers to others are no status."""
    assert speech.said(reply, to) is None


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
    ],
    ids=["ipg", "uc2000", "nkt", "bigsky"],
)
def test_a_question_after_one_without_answer_is_doubtful(speech, question, half, whole):
    """Asked again soon after half an answer it is told; after a whole one it is not."""
    again = ((">", question.hex()), ("<", half.hex()), (">", question.hex()))
    assert len(list(speech.unsettled(passed(*again)))) == 1
    well = ((">", question.hex()), ("<", whole.hex()), (">", question.hex()))
    assert list(speech.unsettled(passed(*well))) == []
