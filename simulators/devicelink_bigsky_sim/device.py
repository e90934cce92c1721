"""The simulated Big Sky laser as a device of the kit: lines in, fifteen characters out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from devicelink_bigsky_sim.inputs import Inputs
from devicelink_bigsky_sim.physics import Laser
from devicelink_bigsky_sim.registers import Registers, state_text
from devicelink_bigsky_sim.settings import NUMBERS, SWITCHES
from devicelink_bigsky_sim.wire import padded
from devicelink_bigsky_sim.words import carry_out, word_of
from devicelink_simulation.incoming import Incoming
from devicelink_simulation.wired import Answer, WiredDevice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink_simulation.device import Surroundings
    from devicelink_simulation.faults import Exchange

_LF = b"\n"
_CRLF = b"\r\n"
_BUFFER_BYTES = 64
"""Our proposal: no source tells the length of the input buffer; a longer line is no command."""
_ADDRESSED = re.compile(r"\$([0-9]{1,3})(.*)", re.DOTALL)
_STATUS = ("WOR", "R", "", "CG", "IF", "IF1", "IF2", "IQ")


class BigSkyDevice(WiredDevice):
    """A Big Sky laser on its RS-485 or RS-232 wire; who is not addressed stays silent."""

    __slots__ = ("_laser", "_registers")

    def __init__(self, around: Surroundings) -> None:
        self._laser = Laser(Inputs.of(around.values), around.truth, around.now_ns, around.light)
        self._registers = Registers(self._laser)
        super().__init__(around, self._laser)

    def cutter(self) -> Incoming:
        """Lines end with LF, before which a CR belongs."""
        return Incoming(_LF, _BUFFER_BYTES)

    def word(self, frame: bytes) -> str:
        """The command without its address; of settings with a number, their letters."""
        command = self._command(frame)
        return "" if command is None else word_of(command)

    def answer(self, frame: bytes) -> Answer | None:
        """Silence for who is not addressed, for what is no command, and while echo is off."""
        command = self._command(frame)
        if command is None:
            return None
        inputs = self._laser.inputs
        outcome = carry_out(self._laser, self._registers, command)
        if outcome is None:
            return self._reply(frame, inputs.unknown_reply) if inputs.unknown_reply else None
        text, deed, refused = outcome
        if text is None or not (inputs.echo or command == "ECH1"):
            return Answer(b"", deed)
        return self._reply(frame, text, refused=refused)._replace(deed=deed)

    @property
    def latency_s(self) -> float:
        """As it is set."""
        return self._laser.inputs.reply_latency_s

    def text(self, frame: bytes) -> str:
        """A line without its ends."""
        return frame.decode("latin-1").strip("\r\n")

    def plain(self, frame: bytes) -> bytes:
        """However it was addressed and ended."""
        command = self._command(frame)
        return frame if command is None else self._frame(command)

    def status_queries(self, parameters: Mapping[str, str]) -> Iterable[bytes]:
        """State and interlocks; on request the settings too."""
        settings = (*NUMBERS, *SWITCHES, "P") if parameters["settings"] == "yes" else ()
        return [self._frame(command) for command in (*_STATUS, *settings)]

    def faulty(self, answer: Answer, frame: bytes, exchange: Exchange) -> Answer:
        """S may be refused."""
        if "refused_stop" in exchange.faults and self.word(frame) == "S":
            text = exchange.faults["refused_stop"]["text"] or state_text(self._laser)
            return self._reply(frame, text) if answer.reply else Answer(b"")
        return super().faulty(answer, frame, exchange)

    @property
    def _address(self) -> str:
        return self._laser.inputs.address or self._laser.inputs.serial

    def _frame(self, command: str) -> bytes:
        return f"${self._address}{command}\r\n".encode("ascii")

    def _command(self, frame: bytes) -> str | None:
        """What is said to this laser, in upper case; None where nothing is."""
        inputs = self._laser.inputs
        strict = inputs.strict == "on"
        if len(frame) > _BUFFER_BYTES + 1 or not frame.isascii():
            return None
        line = frame.removesuffix(_LF).removesuffix(b"\r").decode("ascii")
        if strict and (not frame.endswith(_CRLF) or line != line.upper()):
            return None
        if line.startswith(">"):
            return line[1:].upper()
        match = _ADDRESSED.fullmatch(line)
        if match is None:
            return None
        digits, command = match.groups()
        if inputs.short_address == "accepted":
            digits = digits.zfill(len(self._address))
        return command.upper() if digits == self._address else None

    def _reply(self, frame: bytes, text: str, *, refused: bool = False) -> Answer:
        short = refused and self._laser.inputs.refusal_pad == "off"
        reply = (text if short else padded(text)).encode("ascii")
        if self._laser.inputs.chain == "shared" and frame.startswith(b">"):
            other = reply[1:] + reply[:1]
            reply = bytes(ours & others for ours, others in zip(reply, other, strict=True))
        return Answer(_CRLF + reply)
