"""The text protocol of these power supplies, as pure functions: frames, replies of 17 bytes.

A command is `$` and the serial number as three digits, the word, and CR LF; what is not known is
answered by silence. A reply is CR LF, then exactly 15 characters, and nothing after them. `>`
before the word speaks to every unit on the line.

Source of every fact: a published transcription of the service manual with notes taken on hardware,
and host programs by three authors. `[?]` marks our own reading.
"""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal, InvalidOperation

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, ProtocolError
from devicelink_bigsky.sayings import VALUES, not_done, refused

CRLF = b"\r\n"
STATE = ""
ULTRA_STATE = "ST"
"""Of the maker's other firmware: this one is silent to it."""
"""The empty word: what the laser does now, as a text."""
STOP_ALL = b">S" + CRLF

_REPLY = 15
_QUERIES = (
    *(STATE, "SN", "X", "WOR", "R", "IF", "IF2", "IQ", "CG", "P", "C", "WMN", "WMX"),
    *("ROF", "QOF", "D", "E", "V", "F", "W", "QSM", "LPM", "QSW", "QSF"),
)
_CLASSES = {
    **dict.fromkeys((*_QUERIES, ULTRA_STATE), CommandClass.QUERY),
    **dict.fromkeys(("S", "SQ", "R0"), CommandClass.REDUCES),
    **dict.fromkeys(("P1", "ROF0", "QOF0", "QSM2", "LPM0"), CommandClass.PREPARES),
    **dict.fromkeys(("A", "R1", "PQ"), CommandClass.ENABLES),
}
"""What is not here is forbidden: auto-run, save, echo off, single pulses, factory limits, more."""
RANGES = {"V": (500, 1800), "F": (1, 9999), "W": (100, 999)}
"""What may be set: lamp volts, 0.01 Hz, microseconds."""
SCALE = {"V": 1, "F": 100, "W": 1}
"""How often a unit of the setting is counted in its command."""

REFUSALS = {
    "water flow": "low_water_flow",
    "water level": "water_level",
    "lamp connector": "lamp_connector",
    "aux connector": "aux_connector",
    "I/O connector": "external_interlock",
    "switch cabinet": "cabinet_open",
    "tp CG <": "water_too_cold",
    "wait for QS": "qswitch_inhibited",
    "time out QS": "qswitch_time_out",
    "interlock QS": "qswitch_interlock",
    "shutter closed": "shutter_closed",
}
"""How a text begins that stands instead of a state, and what it means."""
_BITS = r" ([01]{2} [01]{2} [01]{2} [01]{2})"
_STATES = r"((?:fire auto|fire ext|standby|simmer) *(?:qse|qs|e)? *"
_SHAPES = {
    STATE: _STATES + "|" + "|".join(f"{re.escape(text)}.*" for text in REFUSALS) + ")",
    ULTRA_STATE: _STATES + ")",
    "SN": r"[sS]/[nN]umber *([0-9]{1,3}) *",
    "X": r"([ -~]{15})",
    "WOR": r"[A-Z] ([0-9]) [A-Z] ([0-9]) [A-Z] ([0-9]) [A-Z] ([0-9])",
    "R": r"shutter (opened|closed) *",
    "IF": r"IF[1. ]" + _BITS,
    "IF2": r"IF2" + _BITS,
    "IQ": r"IQS" + _BITS,
    "CG": r"temp\. CG *(-?[0-9]{1,3}) d *",
    "P": r"CG pump *([01]) *",
    "C": r"ct LP *([0-9]{1,9}) *",
    "WMN": r"dly QS m *([0-9]{1,3}) uS *",
    "WMX": r"dly QS M *([0-9]{1,3}) uS *",
    "ROF": r"shutt\. at run *([01]) *",
    "QOF": r"QS at run *([01]) *",
    "D": r"dis charg *([0-9]{1,2}\.[0-9])S *",
    "E": r"ena charg *([0-9]{1,2}\.[0-9])S *",
    "V": r"voltage *([0-9]{3,4}) V *",
    "F": r"freq\. *([0-9]{1,2}\.[0-9]{2}) Hz *",
    "W": r"delay *([0-9]{1,3}) uS *",
    "QSM": r"QS mode : *([0-2]) *",
    "LPM": r"LP synch : *([01]) *",
    "QSW": r"QS wait : *([0-9]{1,3}) *",
    "QSF": r"cycle rate F/ *([0-9]{1,2}) *",
}
_PATTERNS = {word: re.compile(shape, re.ASCII) for word, shape in _SHAPES.items()}
_VALUED = re.compile(r"([VFW])([1-9][0-9]{0,3})", re.ASCII)
_TELL_STATE = frozenset({"A", "S", "PQ", "SQ"})


class BigSkyWire:
    """The line to one unit, as the link sees it."""

    longest_reply = 64
    latest_reply_s = 0.5
    """`[?]` A reply takes 18 ms on the wire; how long the unit thinks is not told."""
    frame_break = b"?" + CRLF
    """Not CR LF alone: behind `$062PQ` it would complete it. No command ends with `?`."""

    def __init__(self, serial: str) -> None:
        self._prefix = f"${serial}".encode()
        self._serial = int(serial)
        self.marker = self.frame("SN")
        """No other reply names a serial number."""

    def frame(self, word: str) -> bytes:
        """One command to this unit."""
        return self._prefix + word.encode("ascii") + CRLF

    def classify(self, frame: bytes) -> CommandClass:
        """By the whole word, at this unit's address; the only word to all units is the stop."""
        if frame == STOP_ALL:
            return CommandClass.REDUCES
        word = self._word(frame)
        if word is None:
            return CommandClass.FORBIDDEN
        valued = _VALUED.fullmatch(word)
        if valued:
            low, high = RANGES[valued[1]]
            in_range = low <= int(valued[2]) <= high
            return CommandClass.PREPARES if in_range else CommandClass.FORBIDDEN
        return _CLASSES.get(word, CommandClass.FORBIDDEN)

    def _word(self, frame: bytes) -> str | None:
        addressed = frame.startswith(self._prefix) and frame.endswith(CRLF)
        word = frame[len(self._prefix) : -len(CRLF)]
        return word.decode("ascii") if addressed and word.isascii() else None

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:  # noqa: ARG002 - the contract's
        """A reply is 15 characters behind a CR LF; anything else is a piece of its own."""
        pieces: list[bytes] = []
        rest = received
        while (at := rest.find(CRLF)) >= 0:
            text = rest[at + len(CRLF) :][:_REPLY]
            broken = re.search(rb"[\r\n]", text)
            if at:
                pieces.append(rest[:at])
                rest = rest[at:]
            elif broken:
                pieces.append(rest[: len(CRLF) + broken.start()])
                rest = rest[len(CRLF) + broken.start() :]
            elif len(text) < _REPLY:
                break
            else:
                pieces.append(text)
                rest = rest[len(CRLF) + _REPLY :]
        return pieces, rest

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:  # noqa: ARG002 - the contract's
        """Nothing comes after the fifteenth character."""
        return 0.0

    def answers(self, frame: bytes, reply: bytes) -> bool:
        """By the shape of the reply, which its command alone has."""
        word = "S" if frame == STOP_ALL else self._word(frame)
        return word is not None and matched(word, reply) is not None

    def marker_replies(self, received: bytes) -> int:
        """Replies that name this unit's serial number."""
        found = [matched("SN", piece) for piece in self.split(received, self.marker)[0]]
        return sum(told is not None and int(told[1]) == self._serial for told in found)


def matched(word: str, reply: bytes) -> re.Match[str] | None:
    """The reply to a command, taken apart; None where it has another shape."""
    if len(reply) != _REPLY:
        return None
    key = word if word in _PATTERNS else word.rstrip("0123456789")
    pattern = _PATTERNS.get(STATE if key in _TELL_STATE else key)
    return pattern.fullmatch(reply.decode("latin-1")) if pattern else None


def value_of(word: str, reply: bytes) -> str:
    """What a reply tells; raises `ProtocolError` for another shape."""
    told = matched(word, reply)
    if told is None:
        raise ProtocolError(
            "The laser's answer cannot be read. Check its cable and that nothing else talks on it. "
            f"({word or 'the empty line'}: {reply!r})"
        )
    return told[1] if told.re.groups == 1 else " ".join(told.groups())


def refusal(text: str) -> str | None:
    """What a text means that stands instead of a state; None for a state."""
    return next((name for begins, name in REFUSALS.items() if text.startswith(begins)), None)


def accepted(word: str, text: str) -> None:
    """Raises `DeviceFault` for an action that the laser refused, or that left its lamp stopped."""
    why = refusal(text)
    if why is not None:
        raise DeviceFault(refused(word, why, text.strip()))
    if not text.startswith("fire"):
        raise DeviceFault(not_done(word, text.strip()))


def counts(word: str, value: str) -> str:
    """As the command takes it, never more than asked for; raises `ProtocolError` (ours)."""
    low, high = RANGES[word]
    name, unit = VALUES[word]
    try:
        whole = int((Decimal(value) * SCALE[word]).to_integral_value(ROUND_FLOOR))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ProtocolError(
            f"The {name} is {value!r}, which is no number; nothing was set. Write one like 20.5."
        ) from error
    if not low <= whole <= high:
        scale = SCALE[word]
        raise ProtocolError(
            f"A {name} of {value}{unit} cannot be set; nothing was set. "
            f"Choose from {Decimal(low) / scale} to {Decimal(high) / scale}{unit}."
        )
    return str(whole)
