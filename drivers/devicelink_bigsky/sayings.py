"""What a person is told: the laser's words and settings in the words of the settings file.

Each sentence says what is wrong and what to do; the raw reply stands behind it, in parentheses.
"""

from __future__ import annotations

from typing import NamedTuple


class Value(NamedTuple):
    """A setting in words: its name, and its unit with the space before it."""

    name: str
    unit: str


VALUES = {
    "V": Value("lamp voltage", " V"),
    "F": Value("repetition rate", " Hz"),
    "W": Value("delay from flash to Q-switch", " us"),
}
_ORDERS = {
    "A": "start its lamp",
    "R1": "open its shutter",
    "PQ": "release its Q-switch",
    "S": "stop its lamp",
    "SQ": "stop its Q-switch",
    "R0": "close its shutter",
    "P1": "start its cooling pump",
    "ROF0": "keep its shutter closed when its lamp starts",
    "QOF0": "keep its Q-switch still when its lamp starts",
    "QSM2": "wait for the outside trigger of its Q-switch",
    "LPM0": "trigger its lamp by itself",
}
BY_ITSELF = {
    "ROF": "would open its shutter by itself when its lamp starts",
    "QOF": "would start its Q-switch by itself when its lamp starts",
    "D": "would flash by itself while it is idle",
    "E": "would flash by itself while it is enabled",
}
_REFUSED_BECAUSE = {
    "low_water_flow": "too little cooling water flows. Look at pump, hoses and filter",
    "water_level": "its cooling water is low. Fill it up",
    "lamp_connector": "the connector of its lamp is open. Close it",
    "aux_connector": "its auxiliary connector is open. Close it",
    "external_interlock": "its interlock is open. Close the door and the interlock's connector",
    "cabinet_open": "the cover of its cabinet is open. Close it",
    "water_too_cold": "its cooling water is too cold. Let it warm up",
    "qswitch_inhibited": "it has not flashed for long enough. Ask for READY again",
    "qswitch_time_out": "its Q-switch timed out. Ask for READY again, or call its service",
    "qswitch_interlock": "its Q-switch's interlock is open. Close it, or call its service",
    "shutter_closed": "its shutter is closed. Look whether it moves, or call its service",
}


def asked(word: str) -> str:
    """What the laser was told or asked, to follow "it was"."""
    value = VALUES.get(word[:1]) if word[1:].isdigit() else None
    if value is not None:
        return f"told its {value.name}"
    return f"told to {_ORDERS[word]}" if word in _ORDERS else "asked how it is"


def no_answer(word: str, why: object) -> str:
    """The laser is silent, or says what is no answer."""
    return (
        f"The laser gave no answer that counts when it was {asked(word)}. "
        f"Check that it is on, and its cable. ({why})"
    )


def refused(word: str, because: str, text: str) -> str:
    """The laser answered an action with the reason why it does not do it."""
    return f"The laser refused to {_ORDERS[word]}: {_REFUSED_BECAUSE[because]}. ({word}: {text})"


def not_done(word: str, text: str) -> str:
    """The laser answered an order, and its answer says that it is not so."""
    return (
        f"The laser was {asked(word)}, and does not do it. "
        f"Do not use it; call its service. ({word}: {text})"
    )


def kept(word: str, wanted: str, told: str, text: str) -> str:
    """The laser was told a setting and keeps another one; without their values' leading zeros."""
    name, unit = VALUES[word]
    return (
        f"The {name} was to be {wanted}{unit}, but the laser keeps {told}{unit}. "
        f"Choose a value that this laser takes. ({text})"
    )
