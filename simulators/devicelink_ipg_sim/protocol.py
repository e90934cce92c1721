"""The YLR-SM dialect: one line in, one reply out, and the deed that the reply acknowledges.

A command is read completely and answered first; what it does is handed back as `deed`, so that a
planted fault can acknowledge and do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from devicelink_ipg_sim.status import status_word

if TYPE_CHECKING:
    from devicelink_ipg_sim.physics import Laser

_LINE = re.compile(r"([A-Za-z]+)( ?)(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")
_FULL_PERCENT = 100
_SHORTEST_S = Decimal("0.2")
_LONGEST_S = Decimal(5)

OUT_OF_RANGE = "Out of Range"
KEY_IN_REMOTE = "Keyswitch in remote"
EMISSION_IS_ON = "Emission is on"
NOT_POSSIBLE = "Emission not possible"
"""Our proposal for EMON without supply or with a fault: no source tells the text."""
AIMING_EXTERNAL = "Aiming beam under external control"
"""Our proposal for ABN and ABF under hardware control: no source tells the reply."""


class _RefusedError(Exception):
    """The laser refuses; the text stands after `ERR: `."""


_Outcome = tuple[str | None, Callable[[], None] | None]
"""The value behind `WORD: ` (None: the bare word), and the deed."""
_Handler = Callable[["Laser", str], _Outcome]


class Answer(NamedTuple):
    """The reply without its CR, and what the laser does before it leaves."""

    text: str
    deed: Callable[[], None] | None = None


def word_of(line: str) -> str:
    """The command word of a line, upper case; empty where there is none."""
    if line in _PLAIN:
        return line
    match = _LINE.fullmatch(line)
    return match[1].upper() if match else ""


def answer(laser: Laser, line: str) -> Answer | None:
    """The answer to a line without its CR; None where the laser stays silent."""
    inputs = laser.inputs
    if line in _PLAIN:
        return _outcome(laser, _PLAIN[line], line, "")
    if not line and inputs.empty_line == "silent":
        return None
    match = _LINE.fullmatch(line)
    word, space, parameter = match.groups() if match else ("", "", "")
    handler = (_SETTERS if parameter else _PLAIN).get(word.upper())
    if handler is None or (space and not parameter):
        return Answer(inputs.unknown_reply)
    if parameter and not (space or inputs.param_space == "optional"):
        return Answer(inputs.unknown_reply)
    if parameter and not _NUMBER.fullmatch(parameter):
        return Answer(inputs.unknown_reply)
    return _outcome(laser, handler, word.upper(), parameter)


def refused(laser: Laser, text: str) -> str:
    """A refusal as this laser words it."""
    return f"ERR: {text}" if laser.inputs.err_text == "on" else "ERR"


def _outcome(laser: Laser, handler: _Handler, word: str, parameter: str) -> Answer:
    try:
        value, deed = handler(laser, parameter)
    except _RefusedError as refusal:
        return Answer(refused(laser, str(refusal)))
    if value is None:
        return Answer(word, deed)
    colon = ": " if laser.inputs.value_space == "on" else ":"
    return Answer(f"{word}{colon}{value}", deed)


def _set_current(laser: Laser, parameter: str) -> _Outcome:
    """`SDC`: 0, or from the minimum to 100."""
    percent = Decimal(parameter)
    least = Decimal(str(laser.inputs.minimum_current_percent))
    if percent and not least <= percent <= _FULL_PERCENT:
        raise _RefusedError(OUT_OF_RANGE)
    value = abs(round(percent, 1))
    return f"{value}", lambda: laser.set_current(float(value))


def _set_window(laser: Laser, parameter: str) -> _Outcome:
    """`SFWS`: truncated down to a multiple of 0.2 s."""
    asked = Decimal(parameter)
    if not _SHORTEST_S <= asked <= _LONGEST_S:
        raise _RefusedError(OUT_OF_RANGE)
    window = asked // _SHORTEST_S * _SHORTEST_S
    return f"{window:.1f}", lambda: laser.set("power_average_s", f"{window:.1f}")


def _output_power(laser: Laser, _: str) -> _Outcome:
    if not laser.emission and laser.power_w == 0:
        return "Off", None
    power_w = laser.measured_w()
    return (f"{power_w:.1f}" if power_w >= laser.inputs.measurable_power_w else "Low"), None


def _emission_on(laser: Laser, _: str) -> _Outcome:
    if laser.inputs.key == "rem":
        raise _RefusedError(KEY_IN_REMOTE)
    if not laser.supply_on or laser.blocked:
        raise _RefusedError(NOT_POSSIBLE)
    return None, laser.start


def _emission_off(laser: Laser, _: str) -> _Outcome:
    if laser.inputs.key == "rem":
        raise _RefusedError(KEY_IN_REMOTE)
    return None, laser.stop


def _mode(key: str, value: str) -> _Handler:
    """A mode that is refused while emitting."""

    def handle(laser: Laser, _: str) -> _Outcome:
        if laser.emission:
            raise _RefusedError(EMISSION_IS_ON)
        return None, lambda: laser.set(key, value)

    return handle


def _aim(value: str) -> _Handler:
    def handle(laser: Laser, _: str) -> _Outcome:
        if laser.inputs.aiming_control == "hardware":
            raise _RefusedError(AIMING_EXTERNAL)
        return None, lambda: laser.set("aiming_beam", value)

    return handle


def _aim_by(value: str) -> _Handler:
    return lambda laser, _: (None, lambda: laser.set("aiming_control", value))


_SETTERS: dict[str, _Handler] = {"SDC": _set_current, "SFWS": _set_window}

_PLAIN: dict[str, _Handler] = {
    "RCS": lambda laser, _: (f"{laser.setpoint_percent:.1f}", None),
    "RNC": lambda laser, _: (f"{laser.inputs.minimum_current_percent:.1f}", None),
    "RDC": lambda laser, _: (f"{laser.current_a:.1f}", None),
    "ROP": _output_power,
    "RFV": lambda laser, _: (laser.inputs.firmware, None),
    "RCT": lambda laser, _: (f"{laser.celsius:.1f}", None),
    "STA": lambda laser, _: (str(status_word(laser)), None),
    "RFWS": lambda laser, _: (f"{laser.inputs.power_average_s:.1f}", None),
    "EMON": _emission_on,
    "EMOFF": _emission_off,
    "EMOD": _mode("modulation", "enabled"),
    "DMOD": _mode("modulation", "disabled"),
    "EEC": _mode("analog_control", "enabled"),
    "DEC": _mode("analog_control", "disabled"),
    "RERR": lambda laser, _: (None, laser.reset),
    "ABN": _aim("on"),
    "ABF": _aim("off"),
    "EEABC": _aim_by("hardware"),
    "DEABC": _aim_by("host"),
}
