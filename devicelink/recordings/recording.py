"""Recording a device by questions alone: what passed, and what the driver made of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from devicelink.driver import CommandClass
from devicelink.errors import NoReply, ProtocolError
from devicelink.recordings.calls import QUESTIONS, Outcome, as_json, outcome
from devicelink.recordings.file import Called, Event, Made, Passed, Raised, Silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from devicelink.driver import Driver, EnableToken, Wire, WireLink
    from devicelink.runtime import Runtime


class Recorder:
    """A transcript that keeps events, by times since the first."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._began_ns: int | None = None
        self.events: list[Event] = []

    def now_ns(self) -> int:
        """Since the first event."""
        return self._since(self._runtime.mono_ns())

    def note(self, mono_ns: int, direction: str, data: bytes) -> None:
        """Bytes that passed, as the link tells them."""
        way = cast('Literal[">", "<", "!"]', direction)
        self.events.append(Passed(at_ns=self._since(mono_ns), dir=way, hex=data.hex()))

    def sha256(self) -> str | None:
        """Nothing is bound by it."""
        return None

    def close(self) -> None:
        """Nothing is held."""

    def _since(self, mono_ns: int) -> int:
        if self._began_ns is None:
            self._began_ns = mono_ns
        return mono_ns - self._began_ns


class QuestionsOnly:
    """A link on which nothing but queries passes; silence is noted."""

    def __init__(self, link: WireLink, wire: Wire, silent: Callable[[], None]) -> None:
        self._link = link
        self._wire = wire
        self._silent = silent

    def exchange(self, frame: bytes, *, within_s: float, token: EnableToken | None = None) -> bytes:
        """Ask; raises `ProtocolError` for a frame that is no query, before it leaves."""
        del token
        kind = self._wire.classify(frame)
        if kind is not CommandClass.QUERY:
            raise ProtocolError(f"Only questions are recorded; {frame!r} {kind.value}, not sent.")
        try:
            return self._link.exchange(frame, within_s=within_s)
        except NoReply:
            self._silent()
            raise

    def wait(self, seconds: float) -> None:
        """Wait."""
        self._link.wait(seconds)


def record(link: WireLink, driver: Driver, recorder: Recorder) -> tuple[Event, ...]:
    """Ask everything that is a question; raises what `identify` raises.

    Without an answer to that, nobody knows whose identity is to be kept out of the file. What the
    other calls raise is recorded.
    """

    def silent() -> None:
        recorder.events.append(Silent(at_ns=recorder.now_ns()))

    asking = QuestionsOnly(link, driver.wire, silent)
    for name, question in QUESTIONS.items():
        recorder.events.append(Called(at_ns=recorder.now_ns(), call=name))
        work = partial(question, driver, asking, {})
        told = Outcome(made=as_json(work())) if name == "identify" else outcome(work)
        recorder.events.append(ending(told, recorder.now_ns()))
    return tuple(recorder.events)


def ending(told: Outcome, at_ns: int) -> Made | Raised:
    """The event that ends a call."""
    if told.error is None:
        return Made(at_ns=at_ns, made=told.made)
    return Raised(at_ns=at_ns, error=told.error, sentence=told.sentence)
