"""What other threads want of a keeper, one at a time, each with its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from devicelink.errors import DeviceBusy
from devicelink.runtime import nanoseconds
from devicelink.session.lockdown import LOCK_WITHIN_S

if TYPE_CHECKING:
    from devicelink.runtime import Latch, Mailbox, Runtime


class Word(StrEnum):
    """What may be asked."""

    LOCK = "lock"
    LEND = "lend"
    STOP = "stop"


@dataclass(slots=True)
class Ask:
    """Something asked; `done` is set when `answer` is there."""

    word: Word
    done: Latch
    until_ns: int
    """For so long somebody waits for the answer."""
    answer: dict[str, object] = field(default_factory=dict)

    def reply(self, **answer: object) -> None:
        """Answer whoever waits."""
        self.answer = answer
        self.done.set()


class Asks:
    """The asks of one keeper: any thread posts, the keeper's own takes."""

    def __init__(self, serial: str, runtime: Runtime) -> None:
        self._serial = serial
        self._runtime = runtime
        self._inbox: Mailbox[Ask] = runtime.mailbox()

    def post(self, word: Word, within_s: float = 0.0) -> Ask:
        """Ask, and go on."""
        until_ns = self._runtime.mono_ns() + nanoseconds(within_s)
        ask = Ask(word, self._runtime.latch(), until_ns)
        self._inbox.post(ask)
        return ask

    def answer(self, word: Word) -> dict[str, object]:
        """Ask and wait; raises `DeviceBusy` where the keeper's own thread does not come to it."""
        ask = self.post(word, LOCK_WITHIN_S)
        if not self._runtime.sleep(LOCK_WITHIN_S, ask.done):
            raise DeviceBusy(f"The service did not come to {word.value} {self._serial} in time.")
        return ask.answer

    def take(self, within_s: float) -> Ask | None:
        """The oldest; None after `within_s` seconds."""
        return self._inbox.take(within_s)
