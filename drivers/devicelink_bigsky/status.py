"""What replies mean: state, interlocks and faults, as pure functions of their texts.

Under the external Q-switch mode, `WOR` shows the same for an armed and an idle Q-switch, so READY
is told by the state text. Source of every fact: as for the frames. `[?]` marks our own reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from devicelink.driver import DeviceState, Evidence, Reading, Shown, Status
from devicelink_bigsky.frames import STATE, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

LAMP_STOPPED = frozenset({"0", "4"})
_LAMP_KNOWN = frozenset("012456")
_QSWITCH_RUNS = frozenset("1256")
"""1 and 2 internal, 5 and 6 external; 0 and 4 are no evidence, 3 is undocumented."""
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
"""What was read, by command, as the wire gave it."""


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
        return cls(*words["WOR"].split(" "))

    @property
    def stopped(self) -> bool:
        """Whether the lamp does not fire: nothing leaves, whatever is pressed."""
        return self.lamp in LAMP_STOPPED

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
    coolant = words.get("CG")
    return Status(
        state=state,
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=(
            Shown.YES if live.interlock_closed and _INTERLOCKS.isdisjoint(found) else Shown.NO
        ),
        key_on=Shown.NOT_REPORTED,
        faults=tuple(name for name in found if name not in _INTERLOCKS),
        reset_required=False,
        unexpected_emission=False,
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
    text = words.get(STATE)
    if text is None:
        return DeviceState.STANDBY if live.stopped else DeviceState.ARMING
    fires = text.startswith("fire")
    if live.stopped:
        return DeviceState.ARMING if fires else DeviceState.STANDBY
    runs = live.qswitch in _QSWITCH_RUNS or text.rstrip().endswith("qs")
    armed = runs or (fires and text.rstrip().endswith("qse"))
    if not armed or words.get("R") != "opened":
        return DeviceState.ARMING
    return DeviceState.EMITTING if runs else DeviceState.READY


def _output_seen(live: Live, state: DeviceState) -> Shown:
    """The light itself is not looked at; without its lamp there is none."""
    if state is DeviceState.EMITTING:
        return Shown.YES
    return Shown.NO if live.stopped else Shown.NOT_REPORTED


def _found(words: Words) -> tuple[str, ...]:
    """Faults and opened interlocks, each once. Without its pump no water flows, and none has to."""
    found = [
        name
        for register, bits in _FAULT_BITS.items()
        for letter, name in bits.items()
        if register in words and bit(words[register], letter)
    ]
    if "IF" in words:
        found += [name for letter, name in _INTERLOCK_BITS.items() if bit(words["IF"], letter)]
    said = refusal(words.get(STATE, ""))
    if said is not None and said not in _NO_FAULTS:
        found.append(said)
    if words.get("P") == "0":
        found = [name for name in found if name != "low_water_flow"]
    return tuple(dict.fromkeys(found))


def not_locked(words: Words) -> Mapping[str, bool]:
    """What speaks against a lock, each as a sentence, and whether it is so."""
    live = Live.read(words)
    return {
        "the laser's lamp is not reported stopped": not live.stopped,
        "the laser's shutter is not reported closed": words["R"] != "closed",
    }
