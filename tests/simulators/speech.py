"""Whole commands of each simulated device, so that stories come to what bytes alone never say.

Some are several in a row, the short ways to light. A simulator that is not named here is spoken to
in bytes alone.
"""

from __future__ import annotations

import binascii

from tests.protocols.olcp_vectors import LOCK, frame


def _uc2000(*command):
    """A frame with its checksum: the start byte, the command, the one's complement of its sum."""
    return bytes([0x5B, *command, ~sum(command) & 0xFF])


def _interlock(text):
    """A line with its checksum."""
    return b">%s*%04X\n" % (text, binascii.crc_hqx(text, 0xFFFF))


def _nkt(kind, *content):
    """A telegram from host 66 to module 1, escaped."""
    message = bytes([1, 66, kind, *content])
    message += binascii.crc_hqx(message, 0).to_bytes(2, "big")
    escaped = b"".join(
        bytes([0x5E, each + 0x40]) if each in {0x0A, 0x0D, 0x5E} else bytes([each])
        for each in message
    )
    return b"\r" + escaped + b"\n"


SPEECH = {
    "ipg": [
        line.encode() + b"\r"
        for line in (
            *(
                "SDC 50\rEMON",
                "SPS 5\rEMON",
                "SDC 30\rEMOD\rEMON",
                "EMOFF",
                "EMOD",
                "DMOD",
                "STA",
                "ROP",
                "RCT",
                "RERR",
                "SDC 50",
            ),
            *("SDC 0", "SPS 5", "EGM", "EPM", "ELE", "DLE", "XYZ", "SFWS 0.2"),
        )
    ],
    "ophir": [
        line.encode() + end
        for end in (b"\r", b"\r\n", b"\n")
        for line in (
            *("$HP", "$FE", "$FP", "$MM3", "$SP", "$SE", "$EF", "$ER", "$SF", "$WN1", "$WN-1"),
            *("$AR", "$ZE", "$ZA", "$ZQ", "$DU\r$CS1", "$CS0", "$WL 2940", "$WI2", "$IC", "$RE"),
        )
    ],
    "interlock": [
        b"!",
        *(
            _interlock(text)
            for text in (
                *(b"ID 0001", b"STATUS 0002", b"BEAT 0003 7F2C", b"BEAT 0004 1B90"),
                *(b"CLOSE 0005 7F2C IR-0042", b"CLOSE 0006 7F2C IR-0041", b"JUMP 0007"),
            )
        ),
    ],
    "uc2000": [
        b"\x7e",
        _uc2000(0x7F, 80) + _uc2000(0x75),
        *(
            _uc2000(*command)
            for command in ((0x75,), (0x76,), (0x7F, 0), (0x70,), (0x7B,), (0x7C,))
        ),
    ],
    "bigsky": [
        line.encode() + b"\r\n"
        for line in (
            *(">QSM0\r\n>ROF0\r\n>A\r\n>R1", ">PQ", ">A", ">R1", ">R0", ">S", ">SQ", ">WOR"),
            *(">QSM2", ">IF1", ">F10", ">CQ"),
        )
    ],
    "olcp": [
        LOCK,
        *(frame(code, 1) for code in (1, 2, 3, 4, 5, 6, 8, 9, 10, 13, 14, 18, 20, 21, 22)),
        frame(0x0B, 2, bytes.fromhex("0101204E0000")),
        frame(0x0F, 3, bytes.fromhex("290300000000000014")),
        frame(0x10, 4, bytes.fromhex("2903000000000000")),
        frame(0x11, 5, bytes.fromhex("610000000000000004")),
        frame(0x13, 6, b"\x05"),
    ],
    "nkt": [
        *(_nkt(4, register) for register in (0x30, 0x66, 0x61)),
        *(_nkt(5, register, value) for register, value in ((0x30, 1), (0x30, 0))),
        _nkt(5, 0x22, 0xE8, 0x03) + _nkt(5, 0x30, 1),
    ],
}
