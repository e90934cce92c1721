"""The simulated meter as a device of the kit: `$` commands in, `*` or `?` out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from devicelink.runtime import seconds
from devicelink_ophir_sim.inputs import Inputs
from devicelink_ophir_sim.meter import Meter
from devicelink_ophir_sim.pulsed import PULSED
from devicelink_ophir_sim.words import (
    BAD_COMMAND,
    BAD_PARAMETER,
    BOOT_WORDS,
    MODE_WORDS,
    SEEN,
    WHILE_ZEROING,
    WORDS,
    Failed,
    Outcome,
    number,
)
from devicelink_simulation.device import Reply
from devicelink_simulation.incoming import Incoming
from devicelink_simulation.wired import Answer, WiredDevice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink_simulation.device import Surroundings

_BUFFER_BYTES = 128
"""Our proposal: no source tells the length of the input buffer; a longer line is no command."""
_COMMAND = re.compile(r"\$([A-Za-z]{2})(.*)", re.DOTALL)
_ONE_SPACE = re.compile(r"( [^ ]+)?")


class Lines(Incoming):
    """Lines end with CR, LF or both; what is empty between two ends is no command."""

    def __init__(self) -> None:
        super().__init__(b"\r", _BUFFER_BYTES)

    def cut(self, data: bytes) -> list[bytes]:
        """The lines that are complete now."""
        return [line for line in super().cut(data.replace(b"\n", b"\r")) if line != b"\r"]


class OphirDevice(WiredDevice):
    """A meter behind its RS-232 plug; `$SP` is answered when the next reading is made."""

    def __init__(self, around: Surroundings) -> None:
        self._meter = Meter(Inputs.of(around.values), around.noise, around.truth, around.now_ns)
        self._reading_s = 0.0
        super().__init__(around, self._meter)

    def cutter(self) -> Lines:
        """Lines."""
        return Lines()

    def word(self, frame: bytes) -> str:
        """The two letters."""
        match = _COMMAND.fullmatch(self.text(frame))
        return match[1].upper() if match else ""

    def text(self, frame: bytes) -> str:
        """A line without its end."""
        return frame.rstrip(b"\r\n").decode("latin-1")

    def plain(self, frame: bytes) -> bytes:
        """Whatever ends a line, and whatever stands behind the word."""
        return f"${self.word(frame)}\r".encode("ascii")

    def status_queries(self, _parameters: Mapping[str, str]) -> Iterable[bytes]:
        """Readings and flags."""
        return (b"$SP\r", b"$SE\r", b"$EF\r", b"$ER\r")

    @property
    def latency_s(self) -> float:
        """As it is set; for `$SP`, until the next reading."""
        return self._meter.inputs.reply_latency_s + self._reading_s

    def answer(self, frame: bytes) -> Answer:
        """`*` and a text, or `?` and why not."""
        line = self.text(frame)
        outcome = self._outcome(line)
        self._reading_s = 0.0
        if isinstance(outcome, Failed):
            return Answer(f"?{self._failure(outcome, line)}\r\n".encode("latin-1"))
        if self.word(frame) == "SP":
            self._reading_s = seconds(self._meter.next_reading_ns() - self._meter.now_ns)
        return Answer(self._success(outcome.text, spaced=outcome.spaced), outcome.deed)

    def shine(self, joules: float, nm: float, at_ns: int) -> None:
        """A pulse of a laser that is simulated beside it."""
        self.advance(at_ns)
        self._meter.inputs.beam_nm = nm
        self._meter.pulse(joules * self._meter.inputs.falls_percent / 100)

    def take_replies(self) -> list[Reply]:
        """Replies, and readings that are streamed."""
        for at_ns, value in self._meter.streamed:
            reading = self._success(number(value, self._meter.inputs), spaced=False)
            self._replies.append(Reply(reading, at_ns))
        self._meter.streamed.clear()
        return super().take_replies()

    def _outcome(self, line: str) -> Outcome:
        meter, inputs = self._meter, self._meter.inputs
        match = _COMMAND.fullmatch(line) if len(line) <= _BUFFER_BYTES else None
        if match is None:
            return BAD_COMMAND
        word, argument = match.groups()
        if inputs.lower_case == "accepted":
            word = word.upper()
        handler = WORDS[inputs.model].get(word) or PULSED.get(word)
        if handler is None or word in MODE_WORDS[inputs.mode_words]:
            return BAD_COMMAND
        if inputs.boot_mode == "on" and word not in BOOT_WORDS:
            return BAD_COMMAND
        if meter.zeroing == "IN PROGRESS" and word not in WHILE_ZEROING:
            return BAD_COMMAND
        if word == "MA" and inputs.model == "ea1" and not _ONE_SPACE.fullmatch(argument):
            return BAD_PARAMETER
        return handler(meter, argument.strip(" "))

    def _success(self, text: str, *, spaced: bool) -> bytes:
        wanted = self._meter.inputs.reply_space
        space = " " if text and (wanted == "on" or (wanted == "mixed" and spaced)) else ""
        return f"*{space}{text}\r\n".encode("latin-1")

    def _failure(self, failed: Failed, line: str) -> str:
        inputs = self._meter.inputs
        recalled = inputs.errors == "recalled" or failed.text in SEEN
        text = failed.text if recalled else "COM ERROR"
        return f"{text} {line}" if inputs.error_echo == "on" else text
