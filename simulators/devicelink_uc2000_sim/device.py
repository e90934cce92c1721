"""The simulated UC-2000 as a device of the kit: commands in, replies out, and late ones refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_simulation.device import Reply
from devicelink_simulation.wired import Answer, WiredDevice
from devicelink_uc2000_sim.frames import STATUS_REQUEST, Frames
from devicelink_uc2000_sim.inputs import Inputs
from devicelink_uc2000_sim.physics import Controller
from devicelink_uc2000_sim.protocol import NAK, answer, word_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink_simulation.device import Surroundings
    from devicelink_simulation.faults import Exchange


class Uc2000Device(WiredDevice):
    """A UC-2000 behind its REMOTE plug."""

    __slots__ = ("_box", "_cutters")

    def __init__(self, around: Surroundings) -> None:
        self._box = Controller(Inputs.of(around.values), around.truth, around.now_ns)
        self._cutters: list[Frames] = []
        super().__init__(around, self._box)

    def cutter(self) -> Frames:
        """Commands whose length hangs on their first bytes and on the checksum's switch."""
        self._cutters.append(Frames(self._box))
        return self._cutters[-1]

    def word(self, frame: bytes) -> str:
        """The command byte in hex, such as 75."""
        return word_of(self._box, frame)

    def answer(self, frame: bytes) -> Answer | None:
        """One command in, one reply out."""
        return answer(self._box, frame)

    @property
    def latency_s(self) -> float:
        """As it is set."""
        return self._box.inputs.reply_latency_s

    def status_queries(self, _parameters: Mapping[str, str]) -> Iterable[bytes]:
        """There is one."""
        return [STATUS_REQUEST]

    def faulty(self, answer: Answer, frame: bytes, exchange: Exchange) -> Answer:
        """Lase off may be refused."""
        if "refused_off" in exchange.faults and self.word(frame) == "76":
            return Answer(NAK)
        return super().faulty(answer, frame, exchange)

    def advance(self, now_ns: int) -> None:
        """Time passes too for a command that is not whole: it is refused when it is late."""
        while (late := self._next_late()) is not None and late[0] <= now_ns:
            late_ns, frames = late
            super().advance(late_ns)
            if frames:
                frames.forget()
                due_ns = late_ns + nanoseconds(self.latency_s)
                self._replies.append(Reply(NAK, due_ns))
        super().advance(now_ns)

    def next_event_ns(self) -> int | None:
        """The next event of the controller, or the time at which half a command is late."""
        late = self._next_late()
        event_ns = super().next_event_ns()
        if late is None or event_ns is None:
            return event_ns if late is None else late[0]
        return min(late[0], event_ns)

    def _next_late(self) -> tuple[int, Frames] | None:
        """The command that is late first."""
        pending = [
            (late_ns, frames) for frames in self._cutters if (late_ns := frames.late_ns) is not None
        ]
        return min(pending, key=lambda each: each[0], default=None)
