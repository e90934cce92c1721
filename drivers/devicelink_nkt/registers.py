"""What the registers of a BASIK module mean, as pure functions of the bytes that they hold.

Source of every fact: host programs by others, the maker's register file for module type 36, and
published enumerations of status bits and error codes. `[?]` marks our own reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.driver import DeviceState, Evidence, Reading, Shown, Status
from devicelink_nkt.frames import EMISSION, POWER_SET_POINT, STATUS, number

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULE_TYPE, FIRMWARE, SERIAL, ERROR = 0x61, 0x64, 0x65, 0x67
OUTPUT_POWER, TEMPERATURE = 0x17, 0x1C
SETUP, EMISSION_DELAY, OFFSET, WAVELENGTH = 0x31, 0x3A, 0x2A, 0x32
READABLE = (
    *(MODULE_TYPE, FIRMWARE, SERIAL, STATUS, ERROR, EMISSION, POWER_SET_POINT),
    *(OUTPUT_POWER, TEMPERATURE, SETUP, EMISSION_DELAY, OFFSET, WAVELENGTH),
)

FAULT_BITS = {
    4: "module_disabled",
    5: "supply_voltage_low",
    6: "temperature_out_of_range",
}
ERROR_CODES = {3: "supply_voltage_low", 7: "temperature_out_of_range", 8: "module_disabled"}
_INTERLOCK_BIT, _ERROR_BIT = 1, 15
_INTERLOCK_ERROR = 2
_ENDS_LIGHT = sum(1 << bit for bit in (_INTERLOCK_BIT, *FAULT_BITS, _ERROR_BIT))
_POWER_SCALE, _POWER_PLACES = 100, 2

Words = dict[int, bytes | None]
"""What was read, by register; None where the module gave no answer that counts."""


def raw(words: Words) -> dict[str, str]:
    """For the record: registers and what they hold, in hex; an answer that never came is empty."""
    return {f"{register:02X}": (data or b"").hex(" ") for register, data in words.items()}


def status_bits(data: bytes | None) -> int:
    """Register 66; raises `ProtocolError`."""
    return number(STATUS, data or b"", 2)


def ends_light(words: Words) -> bool:
    """Whether a session ends at this status: interlock, fault, error."""
    return bool(status_bits(words[STATUS]) & _ENDS_LIGHT)


def has_error(words: Words) -> bool:
    """Whether register 67 has something to say."""
    return bool(status_bits(words[STATUS]) >> _ERROR_BIT & 1)


def power_text(register: int, data: bytes | None) -> str:
    """A power in mW, of 0.01 mW a count; raises `ProtocolError`."""
    counts = number(register, data or b"", 2)
    return f"{counts / _POWER_SCALE:.{_POWER_PLACES}f}"


def status(words: Words) -> Status:
    """From the status word, and from output, emission and temperature where they were asked for.

    Emission is asked for after output: what begins in between was asked for by this host.
    """
    bits = status_bits(words[STATUS])
    emission = bool(bits & 1)
    asked_on = EMISSION in words and number(EMISSION, words[EMISSION] or b"", 1) != 0
    output = _output(words)
    measured = {
        "output_power_mw": Reading(output) if output else Reading(None, "not_asked"),
        "temperature_c": _temperature(words),
    }
    lit = output is not None and float(output) > 0
    return Status(
        state=_state(emission=emission, lit=lit, asked_on=asked_on),
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=Shown.NO if bits >> _INTERLOCK_BIT & 1 else Shown.YES,
        key_on=Shown.NOT_REPORTED,
        faults=_faults(bits, words),
        reset_required=_error_code(words) == _INTERLOCK_ERROR and not bits >> _INTERLOCK_BIT & 1,
        unexpected_emission=lit and not emission and not asked_on,
        control_pressed=Shown.NOT_REPORTED,
        output_seen=_shown(output, lit=lit),
        counter=None,
        measured=measured,
        words=raw(words),
    )


def _state(*, emission: bool, lit: bool, asked_on: bool) -> DeviceState:
    if emission:
        return DeviceState.EMITTING if lit else DeviceState.READY
    if asked_on:
        return DeviceState.EMITTING if lit else DeviceState.ARMING
    return DeviceState.STANDBY


def _output(words: Words) -> str | None:
    return power_text(OUTPUT_POWER, words[OUTPUT_POWER]) if OUTPUT_POWER in words else None


def _shown(output: str | None, *, lit: bool) -> Shown:
    if output is None:
        return Shown.UNKNOWN
    return Shown.YES if lit else Shown.NO


def _temperature(words: Words) -> Reading:
    """Tenths of a degree, signed."""
    if TEMPERATURE not in words:
        return Reading(None, "not_asked")
    return Reading(f"{number(TEMPERATURE, words[TEMPERATURE] or b'', 2, signed=True) / 10:.1f}")


def _error_code(words: Words) -> int | None:
    """None where there is none, or where the module did not tell it."""
    told = words.get(ERROR)
    return None if told is None else number(ERROR, told, 1)


def _faults(bits: int, words: Words) -> tuple[str, ...]:
    """Each once; the interlock is no fault, and an error that is not told is one."""
    found = [name for bit, name in FAULT_BITS.items() if bits >> bit & 1]
    code = _error_code(words)
    if has_error(words) and code is None:
        found.append("error_not_told")
    elif code not in {None, 0, _INTERLOCK_ERROR}:
        found.append(ERROR_CODES.get(code or 0, f"error_{code}"))
    return tuple(dict.fromkeys(found))


def not_locked(words: Words) -> Mapping[str, bool]:
    """What speaks against a lock, each as a sentence, and whether it is so."""
    output = power_text(OUTPUT_POWER, words[OUTPUT_POWER])
    return {
        "the laser reports emission on": bool(status_bits(words[STATUS]) & 1),
        "the laser is still told to emit": number(EMISSION, words[EMISSION] or b"", 1) != 0,
        f"the laser still measures an output of {output} mW": float(output) > 0,
    }
