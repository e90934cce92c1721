"""A small model of a UC-2000, as the driver's tests need it: bytes in, bytes out, in virtual time.

What no source tells is an option, so that the driver is held against every answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.drivers.dialogues import Clock

NAK_AFTER_NS = 1_000_000_000
COMMANDS = (*range(0x70, 0x7E), 0x7F, 0x30, 0x31)


@dataclass
class Habits:
    """How a unit behaves where the sources are silent, and how its panel is set."""

    checksum: bool = True
    status_checksum: str = "none"
    eager: bool = True
    """Whether an unknown command is refused at once, or where its checksum would be."""
    naks_strays: bool = False
    """Whether a byte that begins nothing is refused."""


class Unit:
    """A port with a controller behind it."""

    def __init__(self, habits=None, *, s1=0xA8, s2=0x32, pwm=0, pwr=0):
        self.habits = habits or Habits()
        self.clock = Clock()
        self.s1, self.s2, self.pwm, self.pwr = s1, s2, pwm, pwr
        self.heard, self.half, self.half_ns = [], b"", 0
        self.answer = b""
        self.deaf_to = set()

    @property
    def lase_on(self):
        """Status bit 4."""
        return bool(self.s1 & 0x10)

    @property
    def lit(self):
        """Whether it makes light with the gate pressed, or the gate line open and pulled up."""
        return self.lase_on and self.pwm > 0

    def write(self, data):
        """What the host sends."""
        self.heard.append(data)
        self.time_out()
        for byte in data:
            self._take(byte)

    def read(self, within_s, until=None):
        """What was answered, or the time passes until something comes."""
        if not self.answer:
            end_ns = self.clock.ns + round(within_s * 1e9)
            due_ns = self.half_ns + NAK_AFTER_NS
            self.clock.ns = min(end_ns, due_ns) if self.half else end_ns
            self.time_out()
        said, self.answer = self.answer, b""
        return said

    def time_out(self):
        """A frame that is half a second too old is refused and forgotten."""
        if self.half and self.clock.ns >= self.half_ns + NAK_AFTER_NS:
            self._end(b"\x3f")

    def status(self):
        """The reply to 7E."""
        body = bytes([0xAA, self.s1, self.s2, self.pwm, self.pwr])
        covered = {"none": None, "data": body[1:], "all": body}[self.habits.status_checksum]
        return body if covered is None else body + bytes([~sum(covered) & 0xFF])

    def _take(self, byte):
        if not self.half:
            if byte == 0x5B:
                self.half, self.half_ns = b"\x5b", self.clock.ns
            elif byte == 0x7E:
                self.answer += self.status()
            elif self.habits.naks_strays:
                self.answer += b"\x3f"
            return
        if len(self.half) == 1 and byte == 0x7E:
            self.answer += self.status()
            return
        self.half += bytes([byte])
        command = self.half[1]
        if command not in COMMANDS and (self.habits.eager or not self.habits.checksum):
            self._end(b"\x3f")
            return
        size = (3 if command == 0x7F else 2) + self.habits.checksum
        if len(self.half) == size:
            body = self.half[1 : size - self.habits.checksum]
            good = not self.habits.checksum or self.half[-1] == ~sum(body) & 0xFF
            known = command in COMMANDS and command not in self.deaf_to
            self._end(b"\xaa" if good and known and self._obey(*body) else b"\x3f")

    def _end(self, reply):
        self.half = b""
        self.answer += reply

    def _obey(self, command, data=0):
        bits = {
            0x75: (0x10, 0x10),
            0x76: (0x10, 0),
            0x7A: (0x20, 0x20),
            0x7B: (0x20, 0),
            0x70: (7, 0),
            0x73: (7, 3),
        }
        second = {0x30: (1, 1), 0x31: (1, 0), 0x7C: (2, 2), 0x7D: (2, 0)}
        if command == 0x7F:
            if data > (190 if self.s2 & 2 else 198):
                return False
            self.pwm = data
        elif command in bits:
            mask, value = bits[command]
            self.s1 = self.s1 & ~mask | value
        elif command in second:
            mask, value = second[command]
            self.s2 = self.s2 & ~mask | value
        return True
