"""What replies mean: state, interlocks and faults, as pure functions of their texts.

Under the external Q-switch mode, `WOR` shows the same for an armed and an idle Q-switch, so READY
is told by the state text. Source of every fact: as for the frames. `[?]` marks our own reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from devicelink.driver import DeviceState, Evidence, Reading, Shown, Status
from devicelink_bigsky.frames import STATE, refusal, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LAMP_STOPPED = frozenset({"0", "4"})
_LAMP_KNOWN = frozenset("012456")
_QSWITCH_UNASKED = frozenset("125")
"""1 and 2 start it without a trigger, 5 for a single pulse: a session asks for none of them.

6 is named started under the outside trigger; a unit seen armed showed 4, as when it is idle. So
neither tells armed from idle, nor whether triggers come: that is left to the text. 3 is not
documented.
"""
_FAULT_BITS = {
    "IF": {"a": "low_water_flow", "c": "water_level", "d": "lamp_connector", "e": "aux_connector"},
    "IF2": {"c": "capacitor_load_failure", "d": "simmer_failed", "f": "water_too_cold"},
}
_INTERLOCK_BITS = {"f": "external_interlock", "g": "cabinet_open"}
"""Of `IF`."""
_INTERLOCKS = frozenset(_INTERLOCK_BITS.values())
_NO_FAULTS = frozenset({None, "qswitch_inhibited", "shutter_closed"})
"""Texts that tell why the Q-switch does not start yet."""

Words = dict[str, str]
"""The raw replies by command, as the wire gave them."""


def told(words: Words, word: str) -> str:
    """What the reply to a command tells; raises `ProtocolError` for another shape."""
    return value_of(word, words[word].encode("latin-1"))


@dataclass(frozen=True, slots=True)
class Live:
    """`WOR`: interlock, lamp, simmer, Q-switch, as digits."""

    interlock: str
    lamp: str
    simmer: str
    qswitch: str

    @classmethod
    def read(cls, words: Words) -> Self:
        """From the four digits that `WOR` tells."""
        return cls(*told(words, "WOR").split(" "))

    @property
    def stopped(self) -> bool:
        """Whether the lamp does not fire: nothing leaves, whatever is pressed."""
        return self.lamp in LAMP_STOPPED

    @property
    def pulses_unasked(self) -> bool:
        """Whether the Q-switch was started in a way in which no session starts it."""
        return self.qswitch in _QSWITCH_UNASKED

    @property
    def interlock_closed(self) -> bool:
        """0 is all well; anything else is not."""
        return self.interlock == "0"


def bit(flags: str, letter: str) -> bool:
    """One bit of an interlock register, named as the manual names it, `a` to `h`."""
    return flags.replace(" ", "")["abcdefgh".index(letter)] == "1"


def status(words: Words) -> Status:
    """From `WOR`, and from state text, shutter, interlocks and coolant where they were asked."""
    live = Live.read(words)
    found = _found(words)
    state = _state(live, words)
    coolant = told(words, "CG") if "CG" in words else None
    return Status(
        state=state,
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=_interlock(live, found),
        key_on=Shown.NOT_REPORTED,
        faults=_faults(found, words),
        reset_required=False,
        unexpected_emission=state is DeviceState.EMITTING,
        control_pressed=Shown.NOT_REPORTED,
        output_seen=_output_seen(live, state),
        counter=None,
        measured={"coolant_c": Reading(coolant) if coolant else Reading(None, "not_asked")},
        words=words,
    )


def _state(live: Live, words: Words) -> DeviceState:
    """The lamp tells whether light is possible; the text whether it is one trigger away."""
    if live.lamp not in _LAMP_KNOWN or live.qswitch == "3":
        return DeviceState.UNKNOWN
    if STATE not in words:
        return DeviceState.STANDBY if live.stopped else DeviceState.ARMING
    if live.stopped and _unprepared(words):
        return DeviceState.LOCKED
    if live.stopped:
        return DeviceState.ARMING if fires(words) else DeviceState.STANDBY
    text = told(words, STATE).rstrip()
    unasked = live.pulses_unasked or text.endswith("qs")
    armed = fires(words) and text.endswith("qse")
    if not (unasked or armed) or told(words, "R") != "opened":
        return DeviceState.ARMING
    return DeviceState.EMITTING if unasked else DeviceState.READY


def fires(words: Words) -> bool:
    """Whether the state's text says that the lamp fires."""
    return told(words, STATE).startswith("fire")


def _output_seen(live: Live, state: DeviceState) -> Shown:
    """The light itself is not looked at; without its lamp there is none."""
    if state is DeviceState.EMITTING:
        return Shown.YES
    return Shown.NO if live.stopped else Shown.NOT_REPORTED


def _found(words: Words) -> tuple[str, ...]:
    """Faults and opened interlocks, each once."""
    found = [
        name
        for register, bits in _FAULT_BITS.items()
        for letter, name in bits.items()
        if register in words and bit(told(words, register), letter)
    ]
    if "IF" in words:
        opened = told(words, "IF")
        found += [name for letter, name in _INTERLOCK_BITS.items() if bit(opened, letter)]
    said = refusal(words.get(STATE, ""))
    if said is not None and said not in _NO_FAULTS:
        found.append(said)
    return tuple(dict.fromkeys(found))


def _interlock(live: Live, found: tuple[str, ...]) -> Shown:
    """`WOR` may show any cause that stops the lamp: where another one is named, it is that.

    Our reading [?]. What is named ends a session, too.
    """
    if not _INTERLOCKS.isdisjoint(found):
        return Shown.NO
    return Shown.YES if live.interlock_closed or found else Shown.NO


def _unprepared(words: Words) -> bool:
    """No pump, no open shutter: as it comes from its switch, until a session prepares it."""
    asked = "P" in words and "R" in words and not fires(words)
    return asked and (told(words, "P"), told(words, "R")) == ("0", "closed")


def _faults(found: tuple[str, ...], words: Words) -> tuple[str, ...]:
    """Without its pump no water flows, and before it is prepared none has to."""
    still = _unprepared(words)
    return tuple(
        name
        for name in found
        if name not in _INTERLOCKS and not (still and name == "low_water_flow")
    )


def not_locked(words: Words) -> Mapping[str, bool]:
    """What speaks against a lock, each as a sentence, and whether it is so."""
    live = Live.read(words)
    return {
        "the laser's lamp is not reported stopped": not live.stopped,
        "the laser's shutter is not reported closed": told(words, "R") != "closed",
        "the laser says in words that its lamp fires": fires(words),
    }
