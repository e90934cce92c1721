"""The grammar that all dialects share: one line in, one reply out, and the deed it acknowledges."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from devicelink_ipg_sim.dialects import known_words
from devicelink_ipg_sim.status import BITS
from devicelink_ipg_sim.words import NOT_KNOWN, Refusal
from devicelink_simulation.wired import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_ipg_sim.physics import Laser
    from devicelink_ipg_sim.words import Handler

TOO_LONG = "\r"
"""Stands for a line that did not fit into the buffer; no line has a CR in it."""

_LINE = re.compile(r"([A-Za-z]+)( ?)(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")


@lru_cache(maxsize=1000)
def word_of(line: str) -> str:
    """The command word of a line, upper case; empty where there is none."""
    match = _LINE.fullmatch(line)
    return match[1].upper() if match else ""


def answer(laser: Laser, line: str) -> Answer | None:
    """The answer to a line without its CR; None where the laser stays silent."""
    inputs = laser.inputs
    dialect = known_words(inputs)
    if line == TOO_LONG:
        overflows = "buffer_overflow" in BITS[inputs.dialect]
        return _reply(inputs.unknown_reply, laser.overflow if overflows else None)
    if line in dialect.plain:
        return _outcome(laser, dialect.plain[line], line, "")
    if not line and inputs.empty_line == "silent":
        return None
    match = _LINE.fullmatch(line)
    word, space, parameter = match.groups() if match else ("", "", "")
    handler = (dialect.setters if parameter else dialect.plain).get(word.upper())
    if handler is None or (space and not parameter):
        return _reply(inputs.unknown_reply)
    if parameter and not (space or inputs.param_space == "optional"):
        return _reply(inputs.unknown_reply)
    if parameter and not _NUMBER.fullmatch(parameter):
        return _reply(inputs.unknown_reply)
    return _outcome(laser, handler, word.upper(), parameter)


def refused(laser: Laser, text: str) -> Answer:
    """A refusal as this laser words it."""
    told = laser.inputs.other_error if text in NOT_KNOWN else ""
    text = told or text
    return _reply(f"ERR: {text}" if laser.inputs.err_text == "on" else "ERR")


def _outcome(laser: Laser, handler: Handler, word: str, parameter: str) -> Answer:
    outcome = handler(laser, parameter)
    if isinstance(outcome, Refusal):
        return refused(laser, outcome.text)
    value, deed = outcome
    if value is None:
        return _reply(word, deed)
    colon = ": " if laser.inputs.value_space == "on" else ":"
    return _reply(f"{word}{colon}{value}", deed)


def _reply(text: str, deed: Callable[[], None] | None = None) -> Answer:
    return Answer(f"{text}\r".encode("ascii"), deed)
