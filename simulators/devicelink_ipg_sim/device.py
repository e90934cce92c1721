"""The simulated IPG laser as a device of the kit: lines in, lines out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_ipg_sim.inputs import Inputs
from devicelink_ipg_sim.physics import Laser
from devicelink_ipg_sim.protocol import TOO_LONG, answer, refused, word_of
from devicelink_simulation.incoming import Incoming
from devicelink_simulation.wired import WiredDevice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink_simulation.device import Surroundings
    from devicelink_simulation.faults import Exchange
    from devicelink_simulation.wired import Answer

_CR = b"\r"


class IpgDevice(WiredDevice):
    """An IPG laser behind its RS-232 plug: a single CR ends a line in both directions."""

    __slots__ = ("_laser",)

    def __init__(self, around: Surroundings) -> None:
        self._laser = Laser(Inputs.of(around.values), around.noise, around.truth, around.now_ns)
        super().__init__(around, self._laser)

    def cutter(self) -> Incoming:
        """Lines end with CR."""
        return Incoming(_CR, self._laser.inputs.buffer_bytes)

    def word(self, frame: bytes) -> str:
        """The letters that a line begins with."""
        return word_of(self.text(frame))

    def answer(self, frame: bytes) -> Answer | None:
        """One line in, one reply out."""
        return answer(self._laser, self.text(frame))

    @property
    def latency_s(self) -> float:
        """As it is set."""
        return self._laser.inputs.reply_latency_s

    def text(self, frame: bytes) -> str:
        """A line without its CR, or a sign for one that is too long."""
        fits = len(frame) <= self._laser.inputs.buffer_bytes + 1
        return frame[:-1].decode("latin-1") if fits else TOO_LONG

    def plain(self, frame: bytes) -> bytes:
        """Case means nothing."""
        return frame.upper()

    def status_queries(self, parameters: Mapping[str, str]) -> Iterable[bytes]:
        """Status, output and temperature; on request the set-points too."""
        words = (b"STA", b"ROP", b"RCT") + (b"RCS", b"RPS") * (parameters["rcs"] == "yes")
        return [word + _CR for word in words]

    def faulty(self, answer: Answer, frame: bytes, exchange: Exchange) -> Answer:
        """EMOFF may be refused."""
        if "refused_off" in exchange.faults and self.word(frame) == "EMOFF":
            return refused(self._laser, exchange.faults["refused_off"]["text"])
        return super().faulty(answer, frame, exchange)
