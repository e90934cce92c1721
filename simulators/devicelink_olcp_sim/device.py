"""The simulated console as a device of the kit: frames in, frames out, and LOCK beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from devicelink.runtime import nanoseconds
from devicelink_olcp_sim import errors, logs
from devicelink_olcp_sim.console import Console
from devicelink_olcp_sim.errors import NotTaken
from devicelink_olcp_sim.frames import LOCK, VERSION, Pieces, decode, encode
from devicelink_olcp_sim.hands import turn
from devicelink_olcp_sim.inputs import Inputs
from devicelink_olcp_sim.keys import Keys
from devicelink_olcp_sim.messages import MESSAGES, take
from devicelink_olcp_sim.panel import PANEL
from devicelink_olcp_sim.said import Said, status_after
from devicelink_olcp_sim.setups import BY_ITSELF, ENDLESS_LEASE, happen
from devicelink_olcp_sim.status import NONCE, status
from devicelink_simulation.device import Reply
from devicelink_simulation.wired import Answer, WiredDevice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink_olcp_sim.frames import Frame
    from devicelink_simulation.device import Surroundings
    from devicelink_simulation.faults import Exchange

_ANSWERED, _ERROR, _LOCKED = 0x80, 0xFF, 0xA0
_TELL_STATUS = frozenset({0x83, 0x87, 0x88, 0x89, 0x93, _LOCKED})
_LOCK_ANSWER_NS = 50_000_000
_FROZEN, _STUCK, _REFUSED_LOCK = "frozen_status", "stuck_ack", "refused_lock"


class _Machine(Console):
    """The console with the knobs that hands and world turn."""

    __slots__ = ()

    def set(self, key: str, value: str) -> None:
        """Turn a knob now; raises `ConfigError` where it has no effect."""
        turn(self, key, value)


class _Waiting(NamedTuple):
    """An answer to LOCK that leaves when the shutter is sensed closed, or at `due_ns`."""

    due_ns: int
    exchange: Exchange


class OlcpDevice(WiredDevice):
    """An OLCP console on its line."""

    __slots__ = ("_console", "_frozen_status", "_waiting")

    def __init__(self, around: Surroundings) -> None:
        panel = {number: int(around.values[knob.name], 0) for number, knob in PANEL.items()}
        self._console = _Machine(
            Inputs.of(around.values),
            panel,
            Keys(around.values),
            around.noise,
            around.truth,
            around.now_ns,
            lambda now_ns: around.faults.holds(ENDLESS_LEASE, now_ns),
        )
        self._console.emission.beam.light = around.light
        self._frozen_status: tuple[bytes, bool] | None = None
        self._waiting: list[_Waiting] = []
        super().__init__(around, self._console)

    def cutter(self) -> Pieces:
        """What stands between flags, and LOCK."""
        return Pieces()

    def word(self, frame: bytes) -> str:
        """The message's name; LOCK; empty for what is no request."""
        if frame == LOCK:
            return "LOCK"
        decoded = decode(frame)
        message = MESSAGES.get(decoded.code) if decoded else None
        return message.name if message else ""

    @property
    def latency_s(self) -> float:
        """As it is set."""
        return self._console.inputs.reply_latency_s

    def status_queries(self, parameters: Mapping[str, str]) -> Iterable[bytes]:
        """None: what is frozen is the payload, whose frame has the number of each request."""
        payload = status(self._console, self._console.host.nonce_told or 0)
        self._frozen_status = payload, parameters["nonce"] == "fresh"
        return ()

    def answer(self, frame: bytes) -> Answer | None:
        """The answer to one request; what must be thrown away is counted, and not answered."""
        decoded = decode(frame)
        if decoded is None:
            self._console.memory.counters.frames_thrown_away += 1
            return None
        try:
            said = self._said(decoded)
        except NotTaken as refused:
            payload = bytes([decoded.code, refused.error, self._console.state])
            return Answer(encode(_ERROR, decoded.seq, payload))
        code, seq = decoded.code | _ANSWERED, decoded.seq
        if said.deed is None:
            return Answer(encode(code, seq, self._told(code, said)))
        return Answer(b"", said.deed, lambda: encode(code, seq, self._told(code, said)))

    def advance(self, now_ns: int) -> None:
        """Time passes too for an answer to LOCK that waits for the shutter."""
        while (at_ns := self._next_own_ns()) is not None and at_ns <= now_ns:
            super().advance(at_ns)
            self._begin_own(at_ns)
            self._answer_lock(at_ns)
        super().advance(now_ns)
        self._answer_lock(now_ns)

    def next_event_ns(self) -> int | None:
        """The console's next event, an answer that waits, or a fault that begins."""
        times = (super().next_event_ns(), self._next_own_ns())
        return min((time for time in times if time is not None), default=None)

    def set(self, key: str, value: str, now_ns: int) -> None:
        """A knob may close the shutter at once."""
        super().set(key, value, now_ns)
        self._answer_lock(now_ns)

    def _begin_faults(self, now_ns: int) -> bool:
        """Those of the console's own, too."""
        self._begin_own(now_ns)
        return super()._begin_faults(now_ns)

    def _begin_own(self, now_ns: int) -> None:
        for begun in self._faults.begun(now_ns, *BY_ITSELF):
            happen(self._console, begun)

    def _told(self, code: int, said: Said) -> bytes:
        """What is told; of a frozen STATUS what it told when it froze."""
        payload = said.told()
        frozen = self._frozen_status
        if frozen is None or code not in _TELL_STATUS:
            return payload
        if not self._faults.holds(_FROZEN, self._console.now_ns):
            return payload
        old, fresh = frozen
        return old[: NONCE.start] + payload[NONCE] + old[NONCE.stop :] if fresh else old

    def _said(self, frame: Frame) -> Said:
        if frame.version != VERSION:
            raise NotTaken(errors.UNSUPPORTED_VERSION)
        return take(self._console, frame.code, frame.payload)

    def _carry_out(self, frame: bytes, exchange: Exchange, now_ns: int) -> None:
        """LOCK is no frame: it is done at once, and answered when the shutter is closed."""
        if frame != LOCK:
            super()._carry_out(frame, exchange, now_ns)
            return
        self._truth.note(now_ns, "command", text=self.text(frame), reply="")
        if not exchange.faults.keys() & {_STUCK, _REFUSED_LOCK}:
            self._console.host.void()
            self._console.lock(logs.BY_LOCK)
            self._console.settle()
        self._waiting.append(_Waiting(now_ns + _LOCK_ANSWER_NS, exchange))
        self._answer_lock(now_ns)

    def _answer_lock(self, now_ns: int) -> None:
        """Whoever waits is told, in order, what is sensed now."""
        if not self._waiting:
            return
        if self._console.restarting:
            self._waiting.clear()
            return
        closed = not self._console.emission.shutter.sensed(self._console.inputs)
        due = [each for each in self._waiting if closed or each.due_ns <= now_ns]
        self._waiting = [each for each in self._waiting if each not in due]
        for each in due:
            reply = encode(_LOCKED, 0, self._told(_LOCKED, status_after(self._console)))
            due_ns = now_ns + nanoseconds(self.latency_s)
            self._replies.append(Reply(reply, due_ns, each.exchange))

    def _next_own_ns(self) -> int | None:
        """When an answer that waits is due at the latest, or moves on with the shutter."""
        begins_ns = self._faults.next_ns(*BY_ITSELF)
        if not self._waiting:
            return begins_ns
        times = (begins_ns, self._waiting[0].due_ns, self._console.next_event_ns())
        return min(time for time in times if time is not None)
