"""The REMOTE protocol as pure functions: frames, replies, the status bytes.

Sources: host programs by four authors, two of them known to run a real unit, and the maker's web
page; the maker's manual was not available. What follows from none of them is marked `[?]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, ProtocolError

if TYPE_CHECKING:
    from typing import Self

START = 0x5B
STATUS = b"\x7e"
ACK, NAK = b"\xaa", b"\x3f"

LASE_ON, LASE_OFF = 0x75, 0x76
MANUAL, MANUAL_CLOSED = 0x70, 0x73
GATE_PULL_DOWN = 0x7B
MAX_PWM_95 = 0x7C
SET_POWER = 0x7F
NO_LASE_ON_POWER_UP = 0x31

CLASSES = {
    LASE_ON: CommandClass.ENABLES,
    LASE_OFF: CommandClass.REDUCES,
    GATE_PULL_DOWN: CommandClass.REDUCES,
    **dict.fromkeys(
        (MANUAL, MANUAL_CLOSED, MAX_PWM_95, NO_LASE_ON_POWER_UP), CommandClass.PREPARES
    ),
}
"""What is not here is forbidden: lase on power-up, gate pull-up, analogue modes, 99 % and others.

Pulling the gate down only takes light away: then a gate line that is open or cut is dark.
"""
HIGHEST = 190
"""Of the power byte, in half percents: the limit of 95 % that this driver sets."""

STATUS_BYTES = 5
STATUS_MAY_GROW_S = 0.05
"""`[?]` For so long the checksum byte, which not every unit sends, may come behind the five."""
NOTHING_GROWS_S = 0.02
"""Where no checksum byte is known to follow, longer bytes would only show that these were shifted.
Such a byte leaves the unit at once behind the five, but a USB adapter may keep it for its latency
timer of 16 ms; what comes later than that was sent later, and spoils the next reply."""
Form = Literal["none", "data", "all"]
"""Of the status' checksum byte: none, over the four data bytes, or over these and the `AA`."""


def frame(command: int, data: int | None = None, *, checksum: bool) -> bytes:
    """One command; its checksum is the one's complement of the sum, without the start byte."""
    body = bytes([command]) if data is None else bytes([command, data])
    return bytes([START]) + body + (bytes([_complement(body)]) if checksum else b"")


def _complement(body: bytes) -> int:
    return ~sum(body) & 0xFF


LOCK_FRAMES = tuple(
    frame(*order, checksum=True) for order in ((LASE_OFF,), (SET_POWER, 0), (GATE_PULL_DOWN,))
)
"""What takes light away, strongest first, as a unit understands it whatever its panel says.

With checksums off it takes the command, and the byte behind it begins nothing; the other way
round a frame without its checksum would be refused.
"""


class Uc2000Wire:
    """The wire as the link sees it; `form` is found out once, when the unit is identified."""

    longest_reply = STATUS_BYTES + 1
    latest_reply_s = 0.4
    """`[?]` Eight times what a program waits that runs a real unit. A refusal may come later, 1 s
    after a start byte without its command: it can be taken for nothing else."""
    frame_break = b"\x00\x00"
    """No command: a half frame ends refused, and at most at 0 %, but for another program's 64 % of
    which only the checksum is missing, which is `00`. One `00` would leave some frames in want of a
    checksum, and the start byte that follows would be it."""
    marker = None

    def __init__(self, *, checksum: bool) -> None:
        self.checksum = checksum
        self.form: Form | None = None
        self._classes = {STATUS: CommandClass.QUERY}
        self._classes |= {self.frame(command): kind for command, kind in CLASSES.items()}
        for half_percents in range(HIGHEST + 1):
            if checksum or half_percents != STATUS[0]:
                kind = CommandClass.PREPARES if half_percents else CommandClass.REDUCES
                self._classes[self.frame(SET_POWER, half_percents)] = kind
        self._classes |= dict.fromkeys(LOCK_FRAMES, CommandClass.REDUCES)

    def frame(self, command: int, data: int | None = None) -> bytes:
        """One command, with its checksum where this unit wants it."""
        return frame(command, data, checksum=self.checksum)

    def classify(self, sent: bytes) -> CommandClass:
        """By the whole frame; what is no frame of ours is forbidden.

        So is 63 % without a checksum: its byte is the status request.
        """
        return self._classes.get(sent, CommandClass.FORBIDDEN)

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:
        """A reply is whole only from the first byte on: garbage before it spoils all that follows.

        A status is five bytes, and a sixth where it is their checksum.
        """
        if sent != STATUS or received[:1] == NAK:
            size = 1 if received[:1] in {ACK, NAK} else 0
        else:
            size = self._status_size(received)
        return ([received[:size]], received[size:]) if size else ([], received)

    def _status_size(self, received: bytes) -> int:
        """The length of a whole status reply; 0 where there is none."""
        if received[:1] != ACK:
            return 0
        form = form_of(received)
        return len(received) if form is not None and self.form in {None, form} else 0

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:
        """A status of five bytes: a sixth may follow, or show that these were not its first."""
        if sent != STATUS or len(reply) != STATUS_BYTES:
            return 0.0
        return NOTHING_GROWS_S if self.form == "none" else STATUS_MAY_GROW_S

    def answers(self, sent: bytes, reply: bytes) -> bool:
        """A refusal answers everything; else a status asks for a status, the rest for `AA`."""
        if reply == NAK:
            return True
        return form_of(reply) is not None if sent == STATUS else reply == ACK

    def marker_replies(self, received: bytes) -> int:  # noqa: ARG002 - the contract's
        """This wire has no marker."""
        return 0


def form_of(reply: bytes) -> Form | None:
    """How a status reply ends; None where it is none."""
    if len(reply) == STATUS_BYTES:
        return "none"
    if len(reply) != STATUS_BYTES + 1:
        return None
    *body, check = reply
    if check == _complement(bytes(body[1:])):
        return "data"
    return "all" if check == _complement(bytes(body)) else None


def acknowledged(what: str, reply: bytes, *, checksum: bool) -> None:
    """Raises `DeviceFault` for a refusal; an acknowledgement proves nothing more.

    `checksum` is as it is registered: only a unit that wants one and gets none refuses for that.
    """
    if reply != NAK:
        return
    if checksum:
        remedy = "Choose REMOTE at its front panel, and check its cable"
    else:
        remedy = (
            "It is registered with checksum=off. If its front panel shows CHECKSUM (ON), which "
            "SELECT and ENTER lead to, register it with --set checksum=on. Else choose REMOTE there"
        )
    raise DeviceFault(f"The controller refused {what}. {remedy} (it answered 3F).")


_FREQUENCIES = 3
_MANUAL_MODES = (0, 3)


@dataclass(frozen=True, slots=True)
class Report:
    """The four bytes of a status. Only one program decodes them; unknown bits are not looked at."""

    s1: int
    s2: int
    pwm: int
    pwr: int
    """What it measures is not known."""
    text: str
    """The whole reply in hex."""

    @classmethod
    def read(cls, reply: bytes) -> Self:
        """Raises `DeviceFault` for a refusal, `ProtocolError` for what is no status."""
        acknowledged("to tell its status", reply, checksum=True)
        s1, s2, pwm, pwr = reply[1:STATUS_BYTES]
        text = reply.hex(" ").upper()
        if s1 >> 6 == _FREQUENCIES:
            raise ProtocolError(
                f"The controller tells its status in a way that cannot be read. Check its cable "
                f"({text})."
            )
        return cls(s1, s2, pwm, pwr, text)

    @property
    def mode(self) -> int:
        """0 manual, 3 manual with closed loop; the others are analogue or doubtful."""
        return self.s1 & 7

    @property
    def manual(self) -> bool:
        """Whether power is what was set over the wire."""
        return self.mode in _MANUAL_MODES

    @property
    def remote(self) -> bool:
        """Whether it is under this host's control."""
        return bool(self.s1 & 8)

    @property
    def lase_on(self) -> bool:
        """Whether it is commanded to lase; the tube itself is not looked at."""
        return bool(self.s1 & 0x10)

    @property
    def gate_pull_up(self) -> bool:
        """Whether it lases without a gate signal."""
        return bool(self.s1 & 0x20)

    @property
    def lase_on_power_up(self) -> bool:
        """Whether it lases by itself when it is switched on."""
        return bool(self.s2 & 1)

    @property
    def version(self) -> str:
        """The firmware's half byte, in hex; what it means is not known."""
        return f"{self.s2 >> 4:X}"

    @property
    def power_percent(self) -> str:
        """The duty cycle that is set."""
        return str(Decimal(self.pwm) / 2)

    def as_configuration(self) -> dict[str, str]:
        """What a settings hash is taken over, besides power."""
        return {
            "mode": str(self.mode),
            "remote": _digit(self.s1, 3),
            "gate_pull_up": _digit(self.s1, 5),
            "pwm_frequency": str(self.s1 >> 6),
            "lase_on_power_up": _digit(self.s2, 0),
            "max_pwm_95": _digit(self.s2, 1),
        }


def _digit(byte: int, position: int) -> str:
    return str(byte >> position & 1)
