"""Telegrams of a BASIK module written down anew, so that the driver's own are not judged by it."""

from __future__ import annotations


def crc(data):
    """CRC-16/XMODEM, bit by bit."""
    found = 0
    for byte in data:
        found ^= byte << 8
        for _ in range(8):
            found = (found << 1 ^ (0x1021 if found & 0x8000 else 0)) & 0xFFFF
    return found


def tele(dest, src, kind, *content):
    """One telegram on the wire."""
    body = bytes([dest, src, kind, *content])
    body += bytes(divmod(crc(body), 256))
    for special in (0x5E, 0x0A, 0x0D):
        body = body.replace(bytes([special]), bytes([0x5E, special + 0x40]))
    return b"\x0d" + body + b"\x0a"


def ask(register, host=0xA2, module=1):
    """A question, as the driver has to write it."""
    return tele(module, host, 4, register)


def tell(register, *data, host=0xA2, module=1):
    """Its answer."""
    return tele(host, module, 8, register, *data)


def asked(register, *data):
    """A question and its answer."""
    return (ask(register), tell(register, *data))


def written(register, *data, answer=3):
    """A write and its answer: acknowledged, unless said otherwise."""
    return (tele(1, 0xA2, 5, register, *data), tele(0xA2, 1, answer, register))


MARKER = (ask(0x66, host=0xA1), tell(0x66, 0, 0, host=0xA1))


class Receiver:
    """A module's ear: obeys whole telegrams with a right checksum, and nothing else.

    `restarts`: whether a start byte within a telegram begins a new one; `greedy`: whether an end
    byte behind an escape byte belongs to the telegram. Both are unknown of real modules.
    """

    def __init__(self, *, restarts=True, greedy=False, module=1):
        self.restarts, self.greedy, self.module = restarts, greedy, module
        self.registers = {}
        self._body = None
        self._escape = False

    def hear(self, data):
        """Take bytes as they come."""
        for byte in data:
            self._take(byte)
        return self

    def _take(self, byte):
        if self._escape and (byte not in {0x0A, 0x0D} or (self.greedy and byte == 0x0A)):
            self._body.append((byte - 0x40) % 256)
            self._escape = False
        elif byte == 0x0D and (self.restarts or self._body is None):
            self._body, self._escape = bytearray(), False
        elif self._body is None:
            return
        elif byte == 0x0A:
            self._obey(bytes(self._body))
            self._body, self._escape = None, False
        elif byte == 0x5E:
            self._escape = True
        else:
            self._escape = False
            self._body.append(byte)

    def _obey(self, body):
        if len(body) > 6 and crc(body) == 0 and body[0] == self.module and body[2] == 5:
            self.registers[body[3]] = body[4:-2]
