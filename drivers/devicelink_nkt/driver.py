"""The driver `nkt`: one BASIK seed laser module, what the contract's verbs mean on its wire.

Writing 1 to register 30 is light at once: the host is the trigger, and that write leaves once. A
real module loses a request now and then, so questions are asked twice; what reduces is repeated by
whoever locks, and nothing else is.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from devicelink.driver import (
    ControlShown,
    Declaration,
    Effective,
    Evidence,
    Identity,
    Line,
    LockReading,
    LockWay,
    SettingSpec,
    Trigger,
)
from devicelink.errors import ConfigError, DeviceFault, NoReply, ProtocolError, WrongDevice
from devicelink_nkt.frames import (
    EMISSION,
    POWER_SET_POINT,
    STATUS,
    NktWire,
    NotDone,
    RefusedByModule,
    content,
    no_answer,
    number,
    read,
    text,
    write,
)
from devicelink_nkt.registers import (
    EMISSION_DELAY,
    ERROR,
    FIRMWARE,
    MODULE_TYPE,
    OFFSET,
    OUTPUT_POWER,
    READABLE,
    SERIAL,
    SETUP,
    TEMPERATURE,
    WAVELENGTH,
    Words,
    ends_light,
    has_error,
    not_locked,
    power_text,
    raw,
    status,
    status_bits,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import EnableToken, Settings, Status, WireLink

WITHIN_S = 0.2
"""The longest that READY allows: a line of a network answers late, and has to be locked, too."""
TYPES = {"0x33": 0x33, "0x36": 0x36}
"""Module types whose registers are known well enough: BASIK K1x2 and BASIK MIKRO K0x2."""
EMISSION_OFF = LockWay("emission_off", "Its light switched off (register 30 = 0).")
POWER_ZERO = LockWay("power_zero", "Its power set to zero (register 22 = 0).")

_ADDRESSES = range(1, 161)
_COUNTS_MAX = 65535
_DELAY_MAX = 30
"""Tenths of a second; light that would come later than the arming bound is not waited for."""
_NOT_SET_BY_US = {8: "constant pump current", 9: "external amplitude modulation"}
"""Bits of the setup, register 31, under which the power is not what register 22 says."""


class Nkt:
    """One module at its configured address."""

    declaration = Declaration(
        name="nkt",
        title="NKT Photonics BASIK fibre seed laser (module types 33 and 36)",
        complete_product=False,
        settings=(SettingSpec("power_mw", "Power set-point, in steps of 0.01.", "mW"),),
        configuration_keys={
            "module_type": "0x33 (BASIK K1x2, default) or 0x36 (BASIK MIKRO K0x2)",
            "address": "the module's address, 1 to 160; 1 unless it was changed",
        },
        lock_ways=(EMISSION_OFF, POWER_ZERO),
        lock_bytes=NktWire.frame_break
        + write(1, EMISSION, 0, size=1)
        + write(1, POWER_SET_POINT, 0, size=2),
        lock_bound_s=0.1,
        arming_bound_s=4.0,
        query_within_s=WITHIN_S,
        evidence_locked=Evidence.DEVICE_STATE,
        dead_man=None,
        settings_authority="either",
        also_makes_light=("any other host on the module's line",),
        not_shown=("key", "counter", "control", "start_up"),
        control_shown=ControlShown.NO,
        at_the_laser=(
            "Press the red emergency stop, or pull the plug of the laser's supply. "
            "Nobody takes eyewear off until the power is removed."
        ),
    )
    line = Line(baudrate=115200, control_lines_low=False)
    """Host programs keep the control lines high; some modules heed them for flow control."""

    def __init__(self, configuration: Mapping[str, str]) -> None:
        """Raises `ConfigError` for a module type or an address that is not known."""
        module_type = configuration.get("module_type", "0x33")
        if module_type not in TYPES:
            raise ConfigError(
                f"The driver nkt does not know the module type {module_type!r}; "
                f"use one of {', '.join(TYPES)}, as the laser's papers say."
            )
        self._type = TYPES[module_type]
        self._address = _address(configuration.get("address", "1"))
        self.wire = NktWire(self._address, READABLE)
        self.declaration = replace(
            type(self).declaration,
            lock_bytes=NktWire.frame_break + self._emission(0) + self._set_point(0),
        )

    def _emission(self, value: int) -> bytes:
        return write(self._address, EMISSION, value, size=1)

    def _set_point(self, counts: int) -> bytes:
        return write(self._address, POWER_SET_POINT, counts, size=2)

    def _ask(self, link: WireLink, register: int) -> bytes:
        """What a register holds; asked a second time where no answer came to the first."""
        frame = read(self._address, register)
        try:
            return _exchange(link, frame)
        except (NoReply, NotDone):
            return _exchange(link, frame)

    def _ask_all(self, link: WireLink, *registers: int) -> Words:
        return {register: self._ask(link, register) for register in registers}

    def _ask_known(self, link: WireLink, register: int) -> str | None:
        """What a register holds that not every module has, in hex; None where it has none."""
        try:
            return self._ask(link, register).hex(" ")
        except RefusedByModule:
            return None

    def identify(self, link: WireLink) -> Identity:
        """Type, serial number and firmware; `WrongDevice` for another type of module."""
        told = self._ask(link, MODULE_TYPE)
        found = int.from_bytes(told[:2], "little")
        if found != self._type:
            raise WrongDevice(
                f"The module at address {self._address} is of type {found:02X}; "
                f"{self._type:02X} is registered. Check which laser is plugged in."
            )
        firmware = self._ask(link, FIRMWARE)
        version = int.from_bytes(firmware[:2], "little")
        return Identity(
            serial=text(self._ask(link, SERIAL)),
            model=f"module type {found:02X}",
            firmware=text(firmware[2:]) or str(version),
            details={"61": told.hex(" "), "64": firmware.hex(" ")},
        )

    def read_status(self, link: WireLink) -> Status:
        """Status bits, then what is measured; what ends light is told at once, with its error."""
        words = self._ask_all(link, STATUS)
        if ends_light(words):
            return status(words | self._error(link, words))
        return status(words | self._ask_all(link, OUTPUT_POWER, EMISSION, TEMPERATURE))

    def _error(self, link: WireLink, words: Words) -> Words:
        """Register 67, where there is an error; that there is one is told even without it."""
        if not has_error(words):
            return {}
        frame = read(self._address, ERROR)
        try:
            told = _exchange(link, frame)
            number(ERROR, told, 1)
        except (NoReply, DeviceFault, ProtocolError):
            return {ERROR: None}
        return {ERROR: told}

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:  # noqa: ARG002 - the contract's
        """The wire tells none; what the register can hold."""
        return {"power_mw": ("0", f"{_COUNTS_MAX / 100:.2f}")}

    def implied_trigger(self, settings: Settings) -> Trigger | None:  # noqa: ARG002 - the contract's
        """READY is light, whatever is set."""
        return Trigger.HOST

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """The power set-point; refused while emitting, and where it would not set the power."""
        words = self._ask_all(link, STATUS, EMISSION)
        if status_bits(words[STATUS]) & 1 or words[EMISSION] != b"\x00":
            raise DeviceFault(
                "The laser makes light, or is told to: its settings are left alone. Lock it first."
            )
        setup = number(SETUP, self._ask(link, SETUP), 2)
        modes = [name for bit, name in _NOT_SET_BY_US.items() if setup >> bit & 1]
        if modes:
            raise DeviceFault(
                f"The laser is set to {' and '.join(modes)}: its power is not what is set here. "
                "Switch that off with the maker's program."
            )
        delay = self._ask_known(link, EMISSION_DELAY)
        if delay is not None and number(EMISSION_DELAY, bytes.fromhex(delay), 1) > _DELAY_MAX:
            raise DeviceFault(
                "The laser is set to begin its light more than 3 s after it is told to. "
                "Set its emission delay to less with the maker's program."
            )
        _exchange(link, self._set_point(_counts(settings["power_mw"])))

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:  # noqa: ARG002 - the contract's
        """The set-point; the status last, so that none is read and then lost.

        Configuration is the serial number, so that another module at the same port is another one,
        and the setup, the emission delay and the wavelength offset, as bytes in hex.
        """
        serial = self._ask_known(link, SERIAL)
        setup = self._ask(link, SETUP).hex(" ")
        delay, offset = (self._ask_known(link, each) for each in (EMISSION_DELAY, OFFSET))
        wavelength = number(WAVELENGTH, self._ask(link, WAVELENGTH), 4)
        power = power_text(POWER_SET_POINT, self._ask(link, POWER_SET_POINT))
        words = self._ask_all(link, STATUS, EMISSION)
        return Effective(
            settings={"power_mw": power},
            configuration={
                "serial": text(bytes.fromhex(serial)) if serial else None,
                "register_31": setup,
                "register_3A": delay,
                "register_2A": offset,
                "module_type": f"{self._type:02X}",
            },
            trigger=Trigger.HOST,
            wavelength_nm=f"{wavelength // 10_000}.{wavelength % 10_000:04d}",
            glimpse=status(words | self._error(link, words)),
        )

    def unlock(self, link: WireLink, token: EnableToken) -> None:
        """Nothing to send: a prepared module with emission off is in STANDBY, as it says."""

    def ready(self, link: WireLink, token: EnableToken) -> bool:
        """Register 30 = 1, once: light."""
        _exchange(link, self._emission(1), token)
        return True

    def standby(self, link: WireLink) -> None:
        """Register 30 = 0."""
        _exchange(link, self._emission(0))

    def reduce(self, link: WireLink, way: LockWay) -> None:
        """Emission off, or the set-point 0."""
        _exchange(link, self._emission(0) if way is EMISSION_OFF else self._set_point(0))

    def read_lock(self, link: WireLink) -> LockReading:
        """Bit 0 of register 66, register 30 and the measured output must be 0."""
        words = self._ask_all(link, STATUS, EMISSION, OUTPUT_POWER)
        reasons = [sentence for sentence, is_so in not_locked(words).items() if is_so]
        return LockReading(
            confirmed=not reasons,
            evidence=Evidence.DEVICE_STATE,
            words=raw(words),
            why_not=", ".join(reasons) or None,
        )

    def clear_fault(self, link: WireLink) -> None:  # noqa: ARG002 - the contract's
        """Raises `DeviceFault`: no register of these modules is known to clear one."""
        raise DeviceFault(
            "No command clears a fault of this laser: switch its supply off and on again."
        )


def _exchange(link: WireLink, frame: bytes, token: EnableToken | None = None) -> bytes:
    """The data of an answer; bytes tell a person nothing, so a missing one is told in words."""
    try:
        return content(frame, link.exchange(frame, within_s=WITHIN_S, token=token))
    except NoReply as error:
        raise NoReply(no_answer(frame, WITHIN_S)) from error


def _address(said: str) -> int:
    if not (said.isascii() and said.isdigit()) or int(said[:4]) not in _ADDRESSES:
        raise ConfigError(f"The module's address is a number from 1 to 160, not {said!r}.")
    return int(said[:4])


def _counts(power_mw: str) -> int:
    """In steps of 0.01 mW, never more than asked for; raises `ProtocolError` (ours)."""
    try:
        counts = int((Decimal(power_mw) * 100).to_integral_value(ROUND_FLOOR))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ProtocolError(f"The power {power_mw!r} mW is no number; nothing was set.") from error
    if not 0 <= counts <= _COUNTS_MAX:
        raise ProtocolError(f"The power {power_mw} mW cannot be written; nothing was set.")
    return counts
