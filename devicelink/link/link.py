"""One exchange: a frame out, its reply in, within a deadline, and never more light than allowed.

The link keeps four promises for every driver, whatever the driver does:

- a frame is sent only as its class allows: *forbidden* never, *enables* only under the token of a
  durable intent and once, *sustains* only under such a token, and after `only_reduce` nothing but
  reducing commands and queries;
- a reply counts only where it cannot be an older one's: after a missed deadline or unexpected
  bytes the link is *unsure*: it proves itself by a marker exchange, or waits out a silence, before
  the next query (reducing commands never wait for this);
- a stop ends the wait for a reply at once, never a frame half written;
- a deadline ends it also on a line that never falls silent: what lies there then is read once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import LinkLost, NoReply, ProtocolError, Stopped
from devicelink.link.framing import CommandClass
from devicelink.runtime import nanoseconds, seconds

if TYPE_CHECKING:
    from devicelink.link.framing import Wire
    from devicelink.link.port import Port
    from devicelink.link.transcript import Transcript
    from devicelink.runtime import Latch, Runtime

MARKER_WITHIN_S = 0.2
_NOISE_BYTES = 4096
_LOCK_BYTES_ANSWERED_S = 0.05
"""By then most of their replies are there; a later one only spoils what an attempt says."""


class EnableToken:
    """Proof that an intent is durable: lets each enabling frame of one step out once."""

    def __init__(self, *, step: str, entry_index: int) -> None:
        self.step = step
        self.entry_index = entry_index
        self._sent: set[bytes] = set()

    def sent(self, frame: bytes) -> bool:
        """Whether this frame has left under it."""
        return frame in self._sent

    @property
    def begun(self) -> bool:
        """Whether anything has left under it."""
        return bool(self._sent)

    def spend(self, frame: bytes) -> None:
        """Use it for one frame; raises `ProtocolError` (ours) for a repetition."""
        if frame in self._sent:
            raise ProtocolError(
                f"devicelink tried to repeat an enabling command ({_shown(frame)}) by itself; "
                "not sent."
            )
        self._sent.add(frame)


class Link:
    """One wire, one owner, one exchange at a time."""

    def __init__(
        self,
        port: Port,
        wire: Wire,
        runtime: Runtime,
        transcript: Transcript,
        stop: Latch | None = None,
    ) -> None:
        self.port = port
        self._wire = wire
        self._runtime = runtime
        self._transcript = transcript
        self._stop = stop
        self._only_reduce = False
        self._unsure = True
        self._half_written = False
        self._sent_before = False
        self._markers_out = 0
        self._marker_ns = 0
        self._received = b""

    def only_reduce(self) -> None:
        """From now on only reducing commands and queries; a stop no longer cuts waits short."""
        self._only_reduce = True
        self._stop = None

    def open_with(self, lock_bytes: bytes) -> None:
        """Send a driver's constant lock bytes, where nothing was sent yet, and drop their replies.

        Whoever had the line before may have left half a frame. An order that followed it would
        become a part of it; the lock bytes begin with what ends it. Raises `NoReply`, `LinkLost`.
        """
        if self._sent_before:
            return
        self._send(lock_bytes)
        heard_until_ns = self._runtime.mono_ns() + nanoseconds(_LOCK_BYTES_ANSWERED_S)
        over = False
        while not over:
            over = self._over(heard_until_ns, cut=False)
            self._hear(heard_until_ns, cut=False)
            self._drop()

    def doubt(self) -> None:
        """Make the next query prove first that no older reply can be taken for its own."""
        self._unsure = True

    def exchange(self, frame: bytes, *, within_s: float, token: EnableToken | None = None) -> bytes:
        """Send one frame and return the reply that answers it.

        Raises `NoReply` at the deadline, `Stopped` when a stop ended the wait, `ProtocolError`
        when the frame is not allowed or the device sends endless bytes, `LinkLost`.
        """
        kind = self._wire.classify(frame)
        self._check_allowed(kind, frame)
        if kind is not CommandClass.REDUCES:
            self._raise_if_stopped()
            self._make_sure()
        if kind in {CommandClass.ENABLES, CommandClass.SUSTAINS} and token is None:
            raise ProtocolError(
                f"devicelink tried to enable ({_shown(frame)}) without a durable intent; not sent."
            )
        if kind is CommandClass.ENABLES and token is not None:
            token.spend(frame)
        self._send(frame)
        return self._await_reply(frame, within_s, cut=kind is not CommandClass.REDUCES)

    def wait(self, seconds: float) -> None:
        """Wait, unless a stop comes: raises `Stopped`."""
        self._runtime.sleep(seconds, self._stop)
        self._raise_if_stopped()

    def _check_allowed(self, kind: CommandClass, frame: bytes) -> None:
        if kind is CommandClass.FORBIDDEN:
            raise ProtocolError(
                f"devicelink tried to send a forbidden command ({_shown(frame)}); not sent."
            )
        reducing = kind in {CommandClass.REDUCES, CommandClass.QUERY}
        if self._only_reduce and not reducing:
            raise ProtocolError(
                f"Only locking and questions are allowed now; {_shown(frame)} was not sent."
            )

    def _raise_if_stopped(self) -> None:
        if self._stop is not None and self._stop.is_set():
            raise Stopped("Stopped.")

    def _send(self, frame: bytes) -> None:
        whole = self._wire.frame_break + frame if self._half_written else frame
        self._transcript.note(self._runtime.mono_ns(), ">", whole)
        self._half_written = self._sent_before = True
        self.port.write(whole)
        self._half_written = False

    def _read(self, deadline_ns: int, *, cut: bool) -> bytes:
        left_s = seconds(deadline_ns - self._runtime.mono_ns())
        data = self.port.read(max(0.0, left_s), self._stop if cut else None)
        if data:
            self._transcript.note(self._runtime.mono_ns(), "<", data)
        return data

    def _await_reply(self, frame: bytes, within_s: float, *, cut: bool) -> bytes:
        deadline_ns, over = self._runtime.mono_ns() + nanoseconds(within_s), False
        while True:
            reply = self._take_answer(frame, cut=cut)
            if reply is not None:
                return reply
            late, over = over, self._over(deadline_ns, cut=cut)
            data = b"" if late else self._hear(deadline_ns, cut=cut)
            if len(self._received) > self._wire.longest_reply and not self._holds_answer(frame):
                self._drop()
                raise ProtocolError("The device sent more bytes than any reply has; dropped.")
            if not data and self._over(deadline_ns, cut=cut):
                self._missed(frame)
                if cut:
                    self._raise_if_stopped()
                raise NoReply(f"The device did not answer {_shown(frame)} within {within_s:g} s.")

    def _hear(self, deadline_ns: int, *, cut: bool) -> bytes:
        """Read on; where the port is gone, whatever comes later proves nothing."""
        try:
            data = self._read(deadline_ns, cut=cut)
        except LinkLost:
            self._unsure = True
            raise
        self._received += data
        return data

    def _over(self, deadline_ns: int, *, cut: bool) -> bool:
        stopped = cut and self._stop is not None and self._stop.is_set()
        return stopped or self._runtime.mono_ns() >= deadline_ns

    def _holds_answer(self, frame: bytes) -> bool:
        return any(self._wire.answers(frame, r) for r in self._wire.split(self._received, frame)[0])

    def _take_answer(self, frame: bytes, *, cut: bool) -> bytes | None:
        """The first whole reply that answers `frame`; what stands around it is dropped."""
        replies, rest = self._wire.split(self._received, frame)
        for position, reply in enumerate(replies):
            if self._wire.answers(frame, reply):
                grow_s = self._wire.may_grow_s(frame, reply)
                if grow_s and self._hear(self._runtime.mono_ns() + nanoseconds(grow_s), cut=cut):
                    return self._take_answer(frame, cut=cut)
                if position or rest or len(replies) > 1:
                    self._drop()
                self._received = b""
                return reply
        if replies:
            self._drop()
            self._received = rest
        return None

    def _missed(self, frame: bytes) -> None:
        self._drop()
        if frame == self._wire.marker:
            self._note_marker()

    def _drop(self) -> None:
        """Forget what was received; from here on the link is unsure."""
        if self._received:
            self._transcript.note(self._runtime.mono_ns(), "!", self._received)
        self._received = b""
        self._unsure = True

    def _make_sure(self) -> None:
        """Leave no reply on the wire that could be taken for the next one's."""
        self._received += self._read(0, cut=False)
        if self._received:
            self._drop()
        if not self._unsure:
            return
        marker = self._wire.marker
        if marker is None:
            if (
                not self._sent_before
            ):  # or half a frame of another's would take the question for data
                self._send(self._wire.frame_break)
            self._wait_for_silence()
        else:
            self._let_markers_expire()
            self._exchange_marker(marker)
        self._unsure = False

    def _let_markers_expire(self) -> None:
        """One that was not answered may still be, until its latest reply; others may talk on."""
        late_ns = self._marker_ns + nanoseconds(self._wire.latest_reply_s)
        while self._markers_out:
            over = self._over(late_ns, cut=True)
            heard = self._read(late_ns, cut=True)
            if over or (not heard and self._over(late_ns, cut=True)):
                self._raise_if_stopped()
                self._markers_out = 0

    def _exchange_marker(self, marker: bytes) -> None:
        self._send(marker)
        self._note_marker()
        deadline_ns = self._runtime.mono_ns() + nanoseconds(MARKER_WITHIN_S)
        heard, over = b"", False
        while self._wire.marker_replies(heard) < self._markers_out:
            late, over = over, self._over(deadline_ns, cut=True)
            data = b"" if late else self._read(deadline_ns, cut=True)
            heard = (heard + data)[-_NOISE_BYTES:]
            if not data and self._over(deadline_ns, cut=True):
                self._raise_if_stopped()
                raise NoReply(
                    f"The device did not answer {_shown(marker)} within {MARKER_WITHIN_S:g} s."
                )
        self._markers_out = 0

    def _wait_for_silence(self) -> None:
        """Raises `NoReply` where the device talks on: a lock has to try its orders again soon."""
        give_up_ns = self._runtime.mono_ns() + nanoseconds(2 * self._wire.latest_reply_s)
        while True:
            quiet_ns = self._runtime.mono_ns() + nanoseconds(self._wire.latest_reply_s)
            if not self._read(quiet_ns, cut=True):
                self._raise_if_stopped()
                if self._runtime.mono_ns() >= quiet_ns:
                    break
            if self._runtime.mono_ns() > give_up_ns:
                raise NoReply("The device sends bytes without end and answers nothing.")

    def _note_marker(self) -> None:
        self._markers_out += 1
        self._marker_ns = self._runtime.mono_ns()


def _shown(frame: bytes) -> str:
    """A frame for people: its text where it is text, else its bytes in hex."""
    text = frame.strip()
    readable = text.isascii() and text.decode("ascii").isprintable() and text
    return text.decode("ascii") if readable else frame.hex(" ")
