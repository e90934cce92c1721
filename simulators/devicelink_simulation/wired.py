"""What every simulated device behind a wire shares: commands in, replies out, faults between.

A device gives how its bytes are cut into commands, a command's word, and what it answers; its
physics is a `Machine`, which knows no wire.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Protocol

from devicelink.runtime import nanoseconds
from devicelink_simulation.damage import arriving
from devicelink_simulation.device import Reply
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.settable import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from devicelink_simulation.device import Surroundings
    from devicelink_simulation.faults import Exchange

_REBOOT, _FROZEN, _STUCK = "reboot", "frozen_status", "stuck_ack"

REBOOT = FaultKind(
    _REBOOT,
    "the device restarts by itself: dark and deaf, then as after power-on [?]",
    (number("seconds", "5", "how long the restart takes", low=0, high=1e6),),
    lasting=True,
    mute=True,
    lasts="seconds",
)
STUCK_ACK = FaultKind(_STUCK, "commands are acknowledged and not carried out")


class Answer(NamedTuple):
    """The whole reply (empty: carried out in silence), and what is done before it leaves.

    Where a reply tells what came of the deed, `told` makes it when that is done.
    """

    reply: bytes
    deed: Callable[[], object] | None = None
    told: Callable[[], bytes] | None = None


class Cutter(Protocol):
    """Cuts bytes into commands and keeps what has come of one whose end has not.

    `cut` may be a generator: each command is answered before the next is cut, so where commands end
    may hang on what the device was told. Whatever is kept beside the rest belongs to the device.
    """

    def __len__(self) -> int:
        """How many bytes have come whose command has not ended; may not grow without bound."""
        ...

    def cut(self, data: bytes) -> Iterable[bytes]:
        """The commands that are complete now, whole frames with their ends."""
        ...

    def forget(self) -> None:
        """The device has lost what it had of a command."""
        ...


class Machine(Protocol):
    """The device without its wire; times as in `Device`."""

    @property
    def restarting(self) -> bool:
        """Whether it restarts and knows nothing of its wire."""
        ...

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        ...

    def next_event_ns(self) -> int | None:
        """When something will next happen by itself."""
        ...

    def set(self, key: str, value: str) -> None:
        """Turn a knob now; raises `ConfigError` where it has no effect."""
        ...

    def restart(self, for_s: float) -> None:
        """Go dark at once, and come back as after power-on when so much time has passed."""
        ...


class WiredDevice(ABC):
    """A `Device` of a machine and of what a device gives of its wire.

    Commands are cut and counted as the host sent them; what reaches the device of them is cut once
    more, for a mangled end joins two commands, and a byte that became an end splits one. The faults
    `reboot`, `frozen_status` and `stuck_ack` work here, where the device lists them.
    """

    __slots__ = ("_faults", "_frozen", "_heard", "_machine", "_received", "_replies", "_truth")

    def __init__(self, around: Surroundings, machine: Machine) -> None:
        self._machine = machine
        self._faults = around.faults
        self._truth = around.truth
        self._received = self.cutter()
        self._heard = self.cutter()
        self._frozen: Mapping[bytes, bytes] = {}
        self._replies: list[Reply] = []

    @abstractmethod
    def cutter(self) -> Cutter:
        """A new cutter of this wire's commands."""

    @abstractmethod
    def word(self, frame: bytes) -> str:
        """A command's word for `cmd=` and the truth, in upper case; empty where there is none."""

    @abstractmethod
    def answer(self, frame: bytes) -> Answer | None:
        """The answer to a command, whose deed is not done yet; None where it is not understood."""

    @property
    @abstractmethod
    def latency_s(self) -> float:
        """Time from command to reply."""

    def text(self, frame: bytes) -> str:
        """A command or a reply as the truth writes it."""
        return frame.hex().upper()

    def plain(self, frame: bytes) -> bytes:
        """The same for all ways to write one command."""
        return frame

    def status_queries(self, _parameters: Mapping[str, str]) -> Iterable[bytes]:
        """The commands whose answers `frozen_status` freezes, as `plain` gives them."""
        return ()

    def faulty(self, answer: Answer, _frame: bytes, exchange: Exchange) -> Answer:
        """The answer as faults that strike this exchange change it."""
        if _STUCK not in exchange.faults:
            return answer
        return Answer(answer.told() if answer.told else answer.reply)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Every whole command is answered, the rest waits; who restarts hears nothing."""
        self.advance(now_ns)
        if self._machine.restarting:
            return
        for frame in self._received.cut(data):
            exchange = self._faults.exchange(self.word(frame), now_ns)
            if exchange.faults and self._begin_faults(now_ns):
                return
            if exchange.faults or self._heard:
                for heard in self._heard.cut(arriving(frame, exchange)):
                    self._carry_out(heard, exchange, now_ns)
            else:
                self._carry_out(frame, exchange, now_ns)

    def advance(self, now_ns: int) -> None:
        """Let the machine's own time pass, and the faults of its own begin."""
        while (at_ns := self._faults.next_ns(_REBOOT, _FROZEN)) is not None and at_ns <= now_ns:
            self._machine.advance(at_ns)
            self._begin_faults(at_ns)
        self._machine.advance(now_ns)

    def next_event_ns(self) -> int | None:
        """The machine's next change by itself, or the next fault of its own."""
        machine_ns = self._machine.next_event_ns()
        fault_ns = self._faults.next_ns(_REBOOT, _FROZEN)
        if machine_ns is None or fault_ns is None:
            return fault_ns if machine_ns is None else machine_ns
        return min(machine_ns, fault_ns)

    def take_replies(self) -> list[Reply]:
        """The replies made since the last call."""
        replies = self._replies
        if replies:
            self._replies = []
        return replies

    def set(self, key: str, value: str, now_ns: int) -> None:
        """Turn a knob of the machine."""
        self.advance(now_ns)
        self._machine.set(key, value)

    def _begin_faults(self, now_ns: int) -> bool:
        """Let the lasting faults begin that are due; whether the device restarts now."""
        for begun in self._faults.begun(now_ns, _REBOOT, _FROZEN):
            if begun.name == _REBOOT:
                self._received.forget()
                self._heard.forget()
                self._machine.restart(float(begun.parameters["seconds"]))
            else:
                queries = self.status_queries(begun.parameters)
                answers = {query: self.answer(query) for query in queries}
                self._frozen = {query: told.reply for query, told in answers.items() if told}
        return self._machine.restarting

    def _carry_out(self, frame: bytes, exchange: Exchange, now_ns: int) -> None:
        """Note the command, do its deed, and put the reply on its way."""
        answer = self.answer(frame)
        if answer is None:
            return
        if exchange.faults:
            answer = self.faulty(answer, frame, exchange)
        if self._frozen and self._faults.holds(_FROZEN, now_ns):
            frozen = self._frozen.get(self.plain(frame), answer.reply)
            answer = answer._replace(reply=frozen)
        reply, deed, told = answer
        if told is None:
            self._truth.note(now_ns, "command", text=self.text(frame), reply=self.text(reply))
        if deed is not None:
            deed()
        if told is not None:
            reply = told()
            self._truth.note(now_ns, "command", text=self.text(frame), reply=self.text(reply))
        if reply:
            due_ns = now_ns + nanoseconds(self.latency_s)
            self._replies.append(Reply(reply, due_ns, exchange))
