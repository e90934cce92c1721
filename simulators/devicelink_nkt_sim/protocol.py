"""One telegram in, one out, and the deed that it acknowledges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_nkt_sim.registers import FRAME, registers
from devicelink_nkt_sim.telegrams import (
    ACK,
    CLEAR,
    CRC_ERROR,
    DATAGRAM,
    NACK,
    READ,
    REQUESTS,
    SET,
    WRITE,
    Message,
    decode,
    encode,
)
from devicelink_simulation.wired import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink_nkt_sim.physics import Laser
    from devicelink_nkt_sim.registers import Deed, Register

EMISSION = 0x30


def word_of(telegram: bytes) -> str:
    """R, W, S, C or T for read, write, set, clear, toggle, and the register in hex, as in W30."""
    message = decode(telegram)
    if message is None or not message.intact or message.register is None:
        return ""
    letter = REQUESTS.get(message.kind)
    return f"{letter}{message.register:02X}" if letter else ""


def instead(telegram: bytes, kind: int) -> Answer:
    """An answer of that kind and nothing done."""
    message = decode(telegram)
    return Answer(b"") if message is None else _reply(message, kind)


def ends_emission(telegram: bytes) -> bool:
    """Whether it is emission off."""
    message = decode(telegram)
    if message is None or message.register != EMISSION:
        return False
    return (message.kind, message.data) in {(WRITE, b"\x00"), (CLEAR, b"\x01")}


def answer(laser: Laser, telegram: bytes) -> Answer | None:
    """The answer to a whole telegram; None where the laser stays silent. Any host is answered."""
    message = decode(telegram)
    known = _known(laser, message) if message else None
    if message is None or known is None:
        return None
    if not message.intact:
        return _reply(message, CRC_ERROR) if laser.inputs.bad_crc == "crc_error" else None
    if message.kind not in REQUESTS:
        return None
    register = known.get(-1 if message.register is None else message.register)
    if register is None:
        return _reply(message, NACK)
    if message.kind == READ:
        return _reply(message, DATAGRAM, register.read(laser))
    deed = _written(laser, register, message)
    return _reply(message, ACK, deed=deed) if deed else _reply(message, NACK)


def _known(laser: Laser, message: Message) -> Mapping[int, Register] | None:
    """The registers at the address; None where nobody is."""
    if message.to == laser.inputs.address:
        return registers(laser)
    return FRAME if message.to == laser.inputs.frame_address != 0 else None


def _written(laser: Laser, register: Register, message: Message) -> Deed | None:
    """What a write, or a change of bits, does; None where the register does not take it."""
    data = message.data
    if register.write is None:
        return None
    if message.kind == WRITE:
        return register.write(laser, data)
    now = register.read(laser)
    if not register.whole or laser.inputs.bit_commands == "off" or len(data) != len(now):
        return None
    pairs = zip(now, data, strict=True)
    if message.kind == SET:
        return register.write(laser, bytes(old | bits for old, bits in pairs))
    if message.kind == CLEAR:
        return register.write(laser, bytes(old & ~bits for old, bits in pairs))
    return register.write(laser, bytes(old ^ bits for old, bits in pairs))


def _reply(message: Message, kind: int, data: bytes = b"", *, deed: Deed | None = None) -> Answer:
    """Back to whoever asked."""
    answered = Message(message.sender, message.to, kind, message.register, data)
    return Answer(encode(answered), deed)
