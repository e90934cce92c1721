"""One command in, one reply out, and the deed that it acknowledges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_simulation.wired import Answer
from devicelink_uc2000_sim.commands import SETTINGS, known
from devicelink_uc2000_sim.frames import START, STATUS_REQUEST, checksum
from devicelink_uc2000_sim.status import status

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_uc2000_sim.physics import Controller

ACK = b"\xaa"
NAK = b"\x3f"


def word_of(box: Controller, frame: bytes) -> str:
    """The command byte in hex."""
    if frame == STATUS_REQUEST:
        return "7E"
    return _body(box, frame)[:1].hex().upper()


def answer(box: Controller, frame: bytes) -> Answer | None:
    """The answer to a whole command; None where the controller stays silent."""
    inputs = box.inputs
    if frame == STATUS_REQUEST:
        deaf = inputs.remote == "off" and inputs.status_outside_remote == "silent"
        return None if deaf else Answer(status(box))
    body = _body(box, frame)
    if not body:
        return Answer(NAK)
    if not known(body[0]):
        return _instead(inputs.unknown_command)
    if inputs.checksum == "on":
        if checksum(body[:-1]) != body[-1]:
            return Answer(NAK)
        body = body[:-1]
    if inputs.remote == "off":
        return _instead(inputs.outside_remote)
    return _obey(box, body)


def _body(box: Controller, frame: bytes) -> bytes:
    """Command, data and checksum; empty for a byte outside of any command."""
    if box.inputs.start_byte == "off":
        return frame
    return frame[1:] if frame[0] == START else b""


def _obey(box: Controller, body: bytes) -> Answer | None:
    command, *data = body
    if not data:
        return Answer(ACK, _deed(box, *SETTINGS[command]))
    percent = data[0] / 2
    highest = float(box.inputs.max_pwm)
    if percent > highest:
        if box.inputs.data_above_limit != "clamped":
            return _instead(box.inputs.data_above_limit)
        percent = highest
    return Answer(ACK, _deed(box, "percent", str(percent)))


def _deed(box: Controller, key: str, value: str) -> Callable[[], None]:
    return lambda: box.set(key, value)


def _instead(how: str) -> Answer | None:
    """What follows a command that is not obeyed."""
    if how == "silent":
        return None
    return Answer(ACK if how == "acknowledged" else NAK)
