"""The simulated NKT laser as a device of the kit: telegrams in, telegrams out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_nkt_sim.inputs import Inputs
from devicelink_nkt_sim.physics import Laser
from devicelink_nkt_sim.protocol import answer, ends_emission, instead, word_of
from devicelink_nkt_sim.telegrams import BUSY, NACK, READ, Message, Telegrams, encode
from devicelink_simulation.device import Reply
from devicelink_simulation.wired import WiredDevice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink_simulation.device import Surroundings
    from devicelink_simulation.faults import Exchange
    from devicelink_simulation.wired import Answer, Cutter

_FROZEN = (0x66, 0x67, 0x17, 0x90, 0x1C, 0x18, 0x15, 0x11, 0x19)
"""Status, error code, power and temperature, of all kinds of modules."""
_STATUS = 0x66


class NktDevice(WiredDevice):
    """An NKT laser on its bus."""

    __slots__ = ("_laser", "_overheard_ns", "_sent")

    def __init__(self, around: Surroundings) -> None:
        self._laser = Laser(Inputs.of(around.values), around.noise, around.truth, around.now_ns)
        self._overheard_ns = around.now_ns
        self._sent = 0
        super().__init__(around, self._laser)

    def cutter(self) -> Cutter:
        """Telegrams from 0D to 0A."""
        return Telegrams()

    def word(self, frame: bytes) -> str:
        """Such as R66 or W30."""
        return word_of(frame)

    def answer(self, frame: bytes) -> Answer | None:
        """One telegram in, one out."""
        return answer(self._laser, frame)

    @property
    def latency_s(self) -> float:
        """As it is set."""
        return self._laser.inputs.reply_latency_s

    def status_queries(self, _parameters: Mapping[str, str]) -> Iterable[bytes]:
        """The same for every host that may ask."""
        address = self._laser.inputs.address
        for register in _FROZEN:
            for host in range(256):
                yield encode(Message(address, host, READ, register))

    def faulty(self, answer: Answer, frame: bytes, exchange: Exchange) -> Answer:
        """Emission off may be refused, and any command."""
        refused = "refused_off" in exchange.faults and ends_emission(frame)
        if refused or "nack" in exchange.faults:
            return instead(frame, NACK)
        if "busy" in exchange.faults:
            return instead(frame, BUSY)
        return super().faulty(answer, frame, exchange)

    def take_replies(self) -> list[Reply]:
        """The replies made since the last call, without those that are lost."""
        every = self._laser.inputs.drop_every
        return [reply for reply in super().take_replies() if not self._loses(reply, every)]

    def advance(self, now_ns: int) -> None:
        """Time passes too for the other host, whose replies come along."""
        while (overheard_ns := self._next_overheard_ns()) is not None and overheard_ns <= now_ns:
            super().advance(overheard_ns)
            self._overheard_ns = overheard_ns
            self._overhear(overheard_ns)
        super().advance(now_ns)
        if not self._laser.inputs.second_host:
            self._overheard_ns = now_ns

    def next_event_ns(self) -> int | None:
        """The laser's next event, or the next reply to the other host."""
        overheard_ns, event_ns = self._next_overheard_ns(), super().next_event_ns()
        if overheard_ns is None or event_ns is None:
            return event_ns if overheard_ns is None else overheard_ns
        return min(overheard_ns, event_ns)

    def _loses(self, reply: Reply, every: int) -> bool:
        if not every or reply.exchange is None:
            return False
        self._sent += 1
        return self._sent % every == 0

    def _next_overheard_ns(self) -> int | None:
        inputs = self._laser.inputs
        return (
            self._overheard_ns + nanoseconds(inputs.second_host_s) if inputs.second_host else None
        )

    def _overhear(self, at_ns: int) -> None:
        """The laser answers another host's status request."""
        inputs = self._laser.inputs
        asked = encode(Message(inputs.address, inputs.second_host, READ, _STATUS))
        told = self.answer(asked)
        if told and not self._laser.restarting:
            self._replies.append(Reply(told.reply, at_ns + nanoseconds(self.latency_s)))
