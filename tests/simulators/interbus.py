"""Interbus telegrams as a host writes them, for tests: by the protocol's text, bit by bit."""

from __future__ import annotations

HOST, MODULE = 0xA2, 0x01
NACK, BAD_CRC, BUSY, ACK, READ, WRITE, SET, CLEAR, DATAGRAM, TOGGLE = range(10)


def crc(data):
    """CRC-16/XMODEM: polynomial 1021, initial 0, highest bit first."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def telegram(kind, register, data=b"", *, to=MODULE, sender=HOST, spoilt=0):
    """A telegram; `spoilt` is put into its CRC."""
    body = bytes([to, sender, kind, register]) + data
    check = crc(body) ^ spoilt
    body += bytes([check >> 8, check & 0xFF])
    for plain in (b"\x5e", b"\x0a", b"\x0d"):
        body = body.replace(plain, b"\x5e" + bytes([plain[0] + 0x40]))
    return b"\x0d" + body + b"\x0a"


def told(answer):
    """What one telegram says: (to, sender, kind, register, data); its frame and CRC are checked."""
    assert (answer[:1], answer[-1:]) == (b"\x0d", b"\x0a")
    assert answer.count(b"\x0d") == answer.count(b"\x0a") == 1
    body, escaped = bytearray(), False
    for byte in answer[1:-1]:
        if byte == 0x5E and not escaped:
            escaped = True
        else:
            body.append(byte - 0x40 if escaped else byte)
            escaped = False
    assert crc(body) == 0
    return (*body[:4], bytes(body[4:-2]))


class Host:
    """Asks a laser on a bench."""

    def __init__(self, bench, *, to=MODULE, sender=HOST):
        self.bench = bench
        self.address = {"to": to, "sender": sender}

    def ask(self, kind, register, data=b""):
        """What comes back: (kind, data); None for silence."""
        answer = self.bench.raw(telegram(kind, register, data, **self.address))
        if not answer:
            return None
        to, sender, kind, named, data = told(answer)
        assert (to, sender) == (self.address["sender"], self.address["to"])
        assert named == register
        return kind, data

    def number(self, register, *, signed=False):
        """The number in a register."""
        kind, data = self.ask(READ, register)
        assert kind == DATAGRAM
        return int.from_bytes(data, "little", signed=signed)

    def write(self, register, value, size):
        """Write a number, return the kind of the answer."""
        kind, data = self.ask(WRITE, register, value.to_bytes(size, "little", signed=value < 0))
        assert data == b""
        return kind

    def emission(self, value):
        """Write the emission register, return the kind of the answer."""
        return self.write(0x30, value, 1)

    @property
    def bits(self):
        """The status bits that are set."""
        word = self.number(0x66)
        return {bit for bit in range(16) if word >> bit & 1}
