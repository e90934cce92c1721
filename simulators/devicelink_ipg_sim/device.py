"""The simulated IPG laser as a device of the kit: lines in, lines out, faults between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_ipg_sim.inputs import Inputs
from devicelink_ipg_sim.physics import Laser
from devicelink_ipg_sim.protocol import Answer, answer, refused, word_of
from devicelink_simulation.damage import arriving
from devicelink_simulation.device import Reply
from devicelink_simulation.incoming import Incoming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink_simulation.device import Surroundings
    from devicelink_simulation.faults import Exchange

_CR = b"\r"
_BUFFER_BYTES = 256
"""Our proposal: no source tells the length of the input buffer; a longer line is no command."""
_TOO_LONG = "?"
_REBOOT, _FROZEN = "reboot", "frozen_status"


class IpgDevice:
    """An IPG laser behind its RS-232 plug: a single CR ends a line in both directions.

    Commands are cut and counted as the host sent them; what reaches the laser of them is cut into
    lines once more, for a mangled CR joins two commands, and a byte that became CR splits one.
    """

    __slots__ = ("_faults", "_frozen", "_heard", "_laser", "_received", "_replies", "_truth")

    def __init__(self, around: Surroundings) -> None:
        self._laser = Laser(Inputs.of(around.values), around.noise, around.truth, around.now_ns)
        self._faults = around.faults
        self._truth = around.truth
        self._received = Incoming(_CR, _BUFFER_BYTES)
        self._heard = Incoming(_CR, _BUFFER_BYTES)
        self._frozen: Mapping[str, str] = {}
        self._replies: list[Reply] = []

    def receive(self, data: bytes, now_ns: int) -> None:
        """Every whole line is answered, the rest waits for its CR; who restarts hears nothing."""
        self.advance(now_ns)
        if self._laser.restarting:
            return
        for command in self._received.cut(data):
            exchange = self._faults.exchange(word_of(_text(command)), now_ns)
            if exchange.faults and self._begin_faults(now_ns):
                return
            lines = [command]
            if exchange.faults or self._heard:
                lines = self._heard.cut(arriving(command + _CR, exchange))
            for line in lines:
                self._answer(_text(line), exchange, now_ns)

    def advance(self, now_ns: int) -> None:
        """Let the laser's own time pass, and the faults of its own begin."""
        while (at_ns := self._faults.next_ns(_REBOOT, _FROZEN)) is not None and at_ns <= now_ns:
            self._laser.advance(at_ns)
            self._begin_faults(at_ns)
        self._laser.advance(now_ns)

    def next_event_ns(self) -> int | None:
        """The laser's next change by itself, or the next fault of its own."""
        laser_ns = self._laser.next_event_ns()
        fault_ns = self._faults.next_ns(_REBOOT, _FROZEN)
        if laser_ns is None or fault_ns is None:
            return fault_ns if laser_ns is None else laser_ns
        return min(laser_ns, fault_ns)

    def take_replies(self) -> list[Reply]:
        """The replies made since the last call."""
        replies = self._replies
        if replies:
            self._replies = []
        return replies

    def set(self, key: str, value: str, now_ns: int) -> None:
        """Turn a knob of the laser."""
        self.advance(now_ns)
        self._laser.set(key, value)

    def _begin_faults(self, now_ns: int) -> bool:
        """Let the laser's lasting faults begin that are due; whether it restarts now."""
        for begun in self._faults.begun(now_ns, _REBOOT, _FROZEN):
            if begun.name == _REBOOT:
                self._received.forget()
                self._heard.forget()
                self._laser.restart(float(begun.parameters["seconds"]))
            else:
                words = ["STA", "ROP", "RCT"] + ["RCS", "RPS"] * (begun.parameters["rcs"] == "yes")
                answers = {word: answer(self._laser, word) for word in words}
                self._frozen = {word: told.text for word, told in answers.items() if told}
        return self._laser.restarting

    def _answer(self, line: str, exchange: Exchange, now_ns: int) -> None:
        """Note the command, do its deed, and put the reply on its way."""
        reply = answer(self._laser, line)
        if reply is None:
            return
        if exchange.faults or self._frozen:
            reply = self._faulty(reply, line, exchange, now_ns)
        self._truth.note(now_ns, "command", text=line, reply=reply.text)
        if reply.deed is not None:
            reply.deed()
        due_ns = now_ns + nanoseconds(self._laser.inputs.reply_latency_s)
        self._replies.append(Reply(reply.text.encode("ascii") + _CR, due_ns, exchange))

    def _faulty(self, reply: Answer, line: str, exchange: Exchange, now_ns: int) -> Answer:
        """The reply and its deed as the laser's own faults change them."""
        if "refused_off" in exchange.faults and word_of(line) == "EMOFF":
            return Answer(refused(self._laser, exchange.faults["refused_off"]["text"]))
        word = line.upper()
        if word in self._frozen and self._faults.holds(_FROZEN, now_ns):
            return Answer(self._frozen[word])
        return Answer(reply.text) if "stuck_ack" in exchange.faults else reply


def _text(line: bytes) -> str:
    return line.decode("latin-1") if len(line) <= _BUFFER_BYTES else _TOO_LONG
