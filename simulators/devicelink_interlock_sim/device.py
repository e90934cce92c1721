"""The simulated relay as a device of the kit: lines and `!` in, lines out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from devicelink_interlock_sim.inputs import Inputs
from devicelink_interlock_sim.lines import OPEN, Bytes, line, words
from devicelink_interlock_sim.relay import NO_FAULT, ORDER, Relay
from devicelink_simulation.wired import Answer, WiredDevice

if TYPE_CHECKING:
    from devicelink_interlock_sim.relay import Told
    from devicelink_simulation.device import Surroundings

_ARGUMENTS = {"ID": 0, "STATUS": 0, "CLOSE": 2, "BEAT": 1}


class InterlockDevice(WiredDevice):
    """A relay behind its serial port."""

    def __init__(self, around: Surroundings) -> None:
        self._relay = Relay(Inputs.of(around.values), around.noise, around.truth, around.now_ns)
        super().__init__(around, self._relay)

    def cutter(self) -> Bytes:
        """`!` and lines."""
        return Bytes()

    def word(self, frame: bytes) -> str:
        """OPEN, or a line's first word."""
        if frame == OPEN:
            return "OPEN"
        told = words(frame)
        return told[0].upper() if told else ""

    def text(self, frame: bytes) -> str:
        """A line without its end."""
        return frame.rstrip(b"\n").decode("latin-1")

    @property
    def latency_s(self) -> float:
        """As it is set."""
        return self._relay.inputs.reply_latency_s

    def answer(self, frame: bytes) -> Answer:
        """What is told, and what is done before it leaves."""
        if frame == OPEN:
            return self._open()
        told = words(frame)
        if told is None:
            return Answer(line("ERR ---- LINE"))
        word, tag, *arguments = told
        error = self._error(word, arguments)
        if error is not None:
            return Answer(line(f"ERR {tag} {error}"))
        relay, inputs = self._relay, self._relay.inputs
        if word == "ID":
            built = f"{inputs.serial} {inputs.firmware} {inputs.hold_ms} {inputs.travel_ms}"
            return Answer(line(f"ID {tag} INTERLOCK/1 {built}"))
        if word == "STATUS":
            return Answer(_status(word, tag, relay.told))
        renewed = replace(
            relay.told,
            challenge=relay.next_challenge,
            coil_on=True,
            left_ms=inputs.hold_ms,
            cause="-",
        )
        deed = relay.close if word == "CLOSE" else relay.beat
        return Answer(_status(word, tag, renewed), deed)

    def _open(self) -> Answer:
        relay, told = self._relay, self._relay.told
        if relay.coil_on:
            told = replace(
                told, challenge=relay.next_challenge, coil_on=False, left_ms=0, cause=ORDER
            )
        return Answer(_status("OPEN", "----", told), partial(relay.let_go, ORDER))

    def _error(self, word: str, arguments: list[str]) -> str | None:
        """The first of the errors, in the order of the page."""
        relay = self._relay
        if _ARGUMENTS.get(word) != len(arguments):
            return "WORD"
        if word in {"ID", "STATUS"}:
            return None
        closes = word == "CLOSE"
        found = (
            (closes and arguments[-1] != relay.inputs.serial, "SERIAL"),
            (relay.coil_on is closes, "STATE"),
            (closes and (relay.fault != NO_FAULT or not relay.told.contact_open), "FAULT"),
            (arguments[0] != relay.challenge, "ECHO"),
        )
        return next((error for is_so, error in found if is_so), None)


def _status(word: str, tag: str, told: Told) -> bytes:
    coil = "ON" if told.coil_on else "OFF"
    contact = "OPEN" if told.contact_open else "CLOSED"
    return line(
        f"{word} {tag} {told.challenge} {coil} {contact} {told.left_ms} {told.cause} {told.fault}"
    )
