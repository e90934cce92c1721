"""The wire of a BOOSTIK HPA amplifier: lines of text instead of telegrams, and few of them.

Its source is a host program by others, which tells the words and that a setting is answered with
what is in force then. How many decimals a number has, and what follows anything else, is ours [?].
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from devicelink_nkt_sim.device import NktDevice
from devicelink_simulation.incoming import Incoming
from devicelink_simulation.wired import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from devicelink_nkt_sim.physics import Laser
    from devicelink_simulation.faults import Exchange

_LF, _CRLF = b"\n", b"\r\n"
_BUFFER_BYTES = 64
_CURRENT = re.compile(r"ACC ([0-9]{1,6}(?:\.[0-9]{0,6})?)", re.ASCII)
_ON, _OFF = "CDO 1", "CDO 0"

_TOLD: dict[str, Callable[[Laser], str]] = {
    "CDO": lambda laser: str(int(laser.emission)),
    "ACC": lambda laser: f"{laser.inputs.current_a:.2f}",
    "AMC": lambda laser: f"{laser.inputs.current_a if laser.enabled else 0.0:.2f}",
    "AMT 1": lambda laser: f"{laser.celsius:.2f}",
    "CMA": lambda laser: f"{laser.inputs.ambient_c:.2f}",
    "CMP 1": lambda laser: f"{laser.inputs.input_mw:.2f}",
    "CDI": lambda laser: laser.inputs.identity,
}
"""Enabled, current set-point and current in A, diode and ambient in C, seed in mW, what it is."""


class BoostikDevice(NktDevice):
    """An amplifier on its RS-232 wire: one host, no address, no interlock and no fault to ask."""

    __slots__ = ()

    def cutter(self) -> Incoming:
        """Lines end with LF, before which a CR belongs."""
        return Incoming(_LF, _BUFFER_BYTES)

    def word(self, frame: bytes) -> str:
        """The letters that a line begins with."""
        return self.text(frame).partition(" ")[0]

    def text(self, frame: bytes) -> str:
        """A line without its ends."""
        return frame.decode("latin-1").strip("\r\n")

    def status_queries(self, _parameters: Mapping[str, str]) -> Iterable[bytes]:
        """All that is told of the moment."""
        return [word.encode("ascii") + _CRLF for word in ("CDO", "AMC", "AMT 1", "CMA", "CMP 1")]

    def answer(self, frame: bytes) -> Answer | None:
        """One line in, one out, which tells what is in force once it is carried out."""
        line, laser = self.text(frame), self._laser
        if line in _TOLD:
            return _line(_TOLD[line](laser))
        if line == _ON:
            allowed = not laser.forbidden_by
            return _line(str(int(laser.emission or allowed)), laser.start)
        if line == _OFF:
            return _line("0", laser.stop)
        match = _CURRENT.fullmatch(line)
        if match:
            asked_a = float(match[1])
            if asked_a <= laser.inputs.max_current_a:
                return _line(f"{asked_a:.2f}", lambda: laser.set_current(asked_a))
            return _line(_TOLD["ACC"](laser))
        unknown = laser.inputs.unknown_reply
        return _line(unknown) if unknown else None

    def faulty(self, answer: Answer, frame: bytes, exchange: Exchange) -> Answer:
        """Off may be refused; it has no other answers that tell of a refusal."""
        if "refused_off" in exchange.faults and self.text(frame) == _OFF:
            return _line(_TOLD["CDO"](self._laser))
        return Answer(answer.reply) if "stuck_ack" in exchange.faults else answer

    def _next_overheard_ns(self) -> None:
        """There is no other host on this wire."""
        return


def _line(text: str, deed: Callable[[], None] | None = None) -> Answer:
    return Answer(text.encode("ascii") + _CRLF, deed)
