"""The registers of each kind of module: how their content is read and written.

A write hands back what it does as a deed, so that a planted fault can acknowledge and do nothing;
None is a value that the module does not take. Sources: the maker's register files and host programs
by others; `[?]` marks our own reading.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from devicelink_nkt_sim.physics import PUMP_CURRENT
from devicelink_nkt_sim.status import error_code, status_word

if TYPE_CHECKING:
    from devicelink_nkt_sim.physics import Laser

Deed = Callable[[], None]
_U8, _U16, _I16, _U32, _I32 = "<B", "<H", "<h", "<I", "<i"
_RANGES = {
    _U8: (0, 0xFF),
    _U16: (0, 0xFFFF),
    _I16: (-0x8000, 0x7FFF),
    _U32: (0, 0xFFFFFFFF),
    _I32: (-0x80000000, 0x7FFFFFFF),
}
_DARK_DBM = -100.0
"""What no power at all reads; our proposal: no source tells."""
_DELAY = 0x3A
_USER_AREA = 240
_ONE_BYTE_TYPES = (0x20, 0x21)
_OLD_BASIK, _K1X2 = 0x21, 0x33
_BASIK_TYPES = (0x33, 0x36)
_ADJUSTIK_TYPE = 0x34


class Register(NamedTuple):
    """One register; without `write` it is read-only, and only a `whole` number has bits to set."""

    read: Callable[[Laser], bytes]
    write: Callable[[Laser, bytes], Deed | None] | None = None
    whole: bool = False


def _number(
    form: str,
    read: Callable[[Laser], float],
    write: Callable[[Laser, int], Deed | None] | None = None,
) -> Register:
    """A whole number, little-endian, held within its range."""
    low, high = _RANGES[form]

    def tell(laser: Laser) -> bytes:
        return struct.pack(form, min(high, max(low, round(read(laser)))))

    def take(laser: Laser, data: bytes) -> Deed | None:
        if write is None or len(data) != struct.calcsize(form):
            return None
        return write(laser, struct.unpack(form, data)[0])

    return Register(tell, take if write else None, whole=True)


def _kept(register: int, first: bytes, *, whole: bool = True) -> Register:
    """Content that is kept and does nothing here."""

    def take(laser: Laser, data: bytes) -> Deed | None:
        if len(data) != len(first):
            return None
        return lambda: laser.memory.update({register: data})

    return Register(lambda laser: laser.memory.get(register, first), take, whole)


def _emission(laser: Laser, value: int) -> Deed | None:
    """Register 30."""
    if value not in {0, 1}:
        return None
    if not value:
        return laser.stop
    if not laser.forbidden_by:
        return laser.start
    how = laser.inputs.interlock_write
    if how == "nack":
        return None
    return laser.refuse if how == "error" else _nothing


def _nothing() -> None:
    """What an acknowledged command may do."""


def _power(laser: Laser, milliwatts: float) -> Deed | None:
    """A set-point: 0, or from the least to the highest."""
    inputs = laser.inputs
    held = min(inputs.max_power_mw, max(inputs.min_power_mw, milliwatts)) if milliwatts else 0.0
    if held != milliwatts and inputs.out_of_range == "nack":
        return None
    return lambda: laser.set_power(held)


def _setup(laser: Laser, value: int) -> Deed:
    """Register 31; only the pump's mode has an effect here."""

    def deed() -> None:
        laser.setup = value & ~PUMP_CURRENT
        laser.set("power_mode", "current" if value & PUMP_CURRENT else "power")

    return deed


def _setup_bits(laser: Laser) -> int:
    return laser.setup | PUMP_CURRENT * (laser.inputs.power_mode == "current")


def _old_mode(laser: Laser, value: int) -> Deed | None:
    """Register 31 of older modules: 0 a constant current, 1 a constant power [?]."""
    if value not in {0, 1}:
        return None
    return lambda: laser.set("power_mode", "power" if value else "current")


def _dbm(milliwatts: float) -> float:
    return max(_DARK_DBM, 10 * math.log10(milliwatts)) if milliwatts > 0 else _DARK_DBM


def _user_area(laser: Laser, data: bytes) -> Deed | None:
    if len(data) > _USER_AREA:
        return None
    return lambda: laser.memory.update({0x8D: data.ljust(_USER_AREA, b"\x00")})


def _module_type(laser: Laser) -> bytes:
    inputs = laser.inputs
    one_byte = inputs.type_form == "u8" or inputs.module_type in _ONE_BYTE_TYPES
    if one_byte:
        return bytes([inputs.module_type & 0xFF])
    told = struct.pack(_U16, inputs.module_type)
    return told + (b"SIM module\x00" if inputs.type_form == "u16_text" else b"")


def _firmware(laser: Laser) -> bytes:
    return struct.pack(_U16, laser.inputs.firmware_number) + _text(laser.inputs.firmware) + b"\x00"


def _text(text: str) -> bytes:
    return text.encode("ascii")


_COMMON: dict[int, Register] = {
    0x61: Register(_module_type),
    0x64: Register(_firmware),
    0x65: Register(lambda laser: _text(laser.inputs.serial)),
    0x66: _number(_U16, status_word),
    0x67: _number(_U8, error_code),
}
_EMISSION = _number(_U8, lambda laser: laser.emission, _emission)
_BASIK: dict[int, Register] = {
    **_COMMON,
    0x30: _EMISSION,
    0x31: _number(_U16, _setup_bits, _setup),
    0x22: _number(
        _U16,
        lambda laser: 100 * laser.inputs.setpoint_mw,
        lambda laser, value: _power(laser, value / 100),
    ),
    0xA0: _number(
        _I16,
        lambda laser: 100 * _dbm(laser.inputs.setpoint_mw),
        lambda laser, value: _power(laser, 10 ** (value / 1000)),
    ),
    0x17: _number(_U16, lambda laser: 100 * laser.measured_mw()),
    0x90: _number(_I16, lambda laser: 100 * _dbm(laser.measured_mw())),
    0x2A: _number(
        _I16,
        lambda laser: 10 * laser.inputs.wavelength_offset_pm,
        lambda laser, value: lambda: laser.set_offset(value / 10),
    ),
    0x72: _number(_I32, lambda laser: 10 * laser.offset_pm),
    0x32: _number(_U32, lambda laser: 10_000 * laser.inputs.wavelength_nm),
    0x1C: _number(_I16, lambda laser: 10 * laser.celsius),
    0x1E: _number(_U16, lambda laser: 1000 * laser.inputs.supply_v),
    0x3A: _number(
        _U8,
        lambda laser: 10 * laser.inputs.emission_delay_s,
        lambda laser, value: lambda: laser.set("emission_delay_s", str(value / 10)),
    ),
    0x8D: Register(
        lambda laser: laser.memory.get(
            0x8D, _text(laser.inputs.user_area).ljust(_USER_AREA, b"\x00")
        ),
        _user_area,
    ),
    0x2B: _kept(0x2B, b"\x00\x00"),
    0x2F: _kept(0x2F, b"\x00\x00"),
    0x2C: _kept(0x2C, b"\x00\x00"),
    0xB7: _kept(0xB7, b"\x00\x00"),
    0xB8: _kept(0xB8, bytes(8), whole=False),
    0xBA: _kept(0xBA, bytes(8), whole=False),
    0xB5: _kept(0xB5, b"\x00"),
}
"""Modulation (2B, 2F, 2C, B7, B8, BA, B5) is kept and changes no light here."""

_OLD: dict[int, Register] = {
    **_COMMON,
    0x30: _EMISSION,
    0x18: _number(_U16, lambda laser: 100 * laser.measured_mw()),
    0x15: _number(
        _U16,
        lambda laser: laser.inputs.pump_ma * laser.power_mw / laser.inputs.max_power_mw,
    ),
    0x11: _number(_U16, lambda laser: 1000 * laser.celsius),
    0x19: _number(_I16, lambda laser: 10 * laser.celsius),
    0x1B: _number(_U16, lambda laser: 1000 * laser.inputs.supply_v),
    0x23: _number(
        _U16,
        lambda laser: 100 * laser.inputs.setpoint_mw,
        lambda laser, value: _power(laser, value / 100),
    ),
    0x25: _kept(0x25, struct.pack(_U16, 25_000)),
    0x31: _number(_U8, lambda laser: laser.inputs.power_mode == "power", _old_mode),
    0x36: _kept(0x36, b"\x00"),
}
"""An older BasiK; the width of each register is our reading [?], 25 and 36 are only kept."""

_RESET = _number(
    _U8,
    lambda laser: laser.latched,
    lambda laser, value: laser.reset_by_register if value == 1 else None,
)
FRAME: Mapping[int, Register] = {
    0x61: Register(lambda _: bytes([_ADJUSTIK_TYPE])),
    0x66: _number(_U16, lambda _: 0),
}
"""An ADJUSTIK frame beside the module."""


def registers(laser: Laser) -> Mapping[int, Register]:
    """All registers of this laser."""
    kind = laser.inputs.module_type
    known = _OLD if kind == _OLD_BASIK else _BASIK if kind in _BASIK_TYPES else _COMMON
    if kind == _K1X2 and laser.inputs.delay_register == "k0x2":
        known = {each: known[each] for each in known if each != _DELAY}
    if laser.inputs.interlock_reset == "by_register":
        told = known.get(0x32, _RESET)  # a BASIK goes on telling its wavelength there
        return {**known, 0x32: Register(told.read, _RESET.write)}
    return known
