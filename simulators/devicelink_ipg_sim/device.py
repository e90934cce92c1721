"""The simulated IPG laser as a device of the kit: lines in, lines out, faults between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_ipg_sim.inputs import Inputs
from devicelink_ipg_sim.physics import Laser
from devicelink_ipg_sim.protocol import Answer, answer, refused, word_of
from devicelink_simulation.device import Reply

if TYPE_CHECKING:
    from devicelink_simulation.device import Surroundings

_CR = b"\r"
_BUFFER_BYTES = 256
"""Our proposal: no source tells the length of the input buffer; a longer line is no command."""
_TOO_LONG = "?"


class IpgDevice:
    """A YLR-SM laser behind its RS-232 plug: a single CR ends a line in both directions."""

    __slots__ = ("_faults", "_laser", "_received", "_replies", "_truth")

    def __init__(self, around: Surroundings) -> None:
        self._laser = Laser(Inputs.of(around.values), around.noise, around.truth, around.now_ns)
        self._faults = around.faults
        self._truth = around.truth
        self._received = b""
        self._replies: list[Reply] = []

    def receive(self, data: bytes, now_ns: int) -> None:
        """Every whole line is answered; the rest waits for its CR."""
        self.advance(now_ns)
        *lines, rest = data.split(_CR)
        for line in lines:
            whole = self._received + line
            self._received = b""
            text = whole.decode("latin-1") if len(whole) <= _BUFFER_BYTES else _TOO_LONG
            self._answer(text, now_ns)
        self._received = (self._received + rest)[: _BUFFER_BYTES + 1]

    def advance(self, now_ns: int) -> None:
        """Let the laser's own time pass."""
        self._laser.advance(now_ns)

    def next_event_ns(self) -> int | None:
        """The laser's next change by itself."""
        return self._laser.next_event_ns()

    def take_replies(self) -> list[Reply]:
        """The replies made since the last call."""
        replies, self._replies = self._replies, []
        return replies

    def set(self, key: str, value: str, now_ns: int) -> None:
        """Turn a knob of the laser."""
        self.advance(now_ns)
        self._laser.set(key, value)

    def _answer(self, line: str, now_ns: int) -> None:
        """Note the command, do its deed, and put the reply on its way."""
        word = word_of(line)
        exchange = self._faults.exchange(word, now_ns)
        reply = answer(self._laser, line)
        if word == "EMOFF" and "refused_off" in exchange.faults:
            text = exchange.faults["refused_off"]["text"]
            reply = Answer(refused(self._laser, text))
        if reply is None:
            return
        self._truth.note(now_ns, "command", text=line, reply=reply.text)
        if reply.deed is not None and "stuck_ack" not in exchange.faults:
            reply.deed()
        due_ns = now_ns + nanoseconds(self._laser.inputs.reply_latency_s)
        self._replies.append(Reply(reply.text.encode("ascii") + _CR, due_ns, exchange))
