"""The driver `bigsky`: one flash-lamp Q-switched laser, what the contract's verbs mean on its wire.

READY is a firing lamp, an open shutter and a Q-switch armed for an outside trigger: three commands,
each sent once, the last of them only when the laser does not inhibit its Q-switch any more. To take
light away the lamp is stopped first: that alone removes the energy.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
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
from devicelink.errors import (
    ConfigError,
    DeviceFault,
    NoReply,
    ProtocolError,
    WrongDevice,
)
from devicelink_bigsky import sayings
from devicelink_bigsky.frames import (
    RANGES,
    SCALE,
    STATE,
    STOP_ALL,
    ULTRA_STATE,
    BigSkyWire,
    accepted,
    counts,
    value_of,
)
from devicelink_bigsky.status import Live, Words, bit, not_locked, status, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import EnableToken, Settings, Status, WireLink

WITHIN_S = 0.2
STOP_LAMP = LockWay("lamp_stopped", "Lamp stopped (S; where it is silent, for all units, >S).")
STOP_QSWITCH = LockWay("qswitch_stopped", "Q-switching stopped (SQ).")
CLOSE_SHUTTER = LockWay("shutter_closed", "Shutter closed (R0).")

_SETTINGS = {"lamp_voltage_v": "V", "repetition_rate_hz": "F", "qswitch_delay_us": "W"}
_DARK_AT_RUN = {"ROF": "0", "QOF": "0"}
_BY_ITSELF = ("ROF", "QOF", "D", "E")
"""Shutter at run, Q-switch at run, flashes at idle and while enabled: all have to be 0."""
_CONFIGURATION = ("ROF", "QOF", "D", "E", "QSM", "LPM", "QSW", "QSF")
_FLOW_WITHIN_S, _FLOW_EVERY_S = 3.0, 0.25
_INHIBIT_MAX_S = 8.0
"""Of the laser's own wait before it lets the Q-switch start; another dialect's manual has 8 s."""


class BigSky:
    """One unit, addressed by its serial number."""

    declaration = Declaration(
        name="bigsky",
        title="Big Sky / Quantel BSS flash-lamp Q-switched Nd:YAG laser",
        complete_product=False,
        settings=(
            SettingSpec("lamp_voltage_v", "Voltage of the flash lamp.", "V"),
            SettingSpec("repetition_rate_hz", "Flashes a second, in steps of 0.01.", "Hz"),
            SettingSpec("qswitch_delay_us", "From flash to Q-switch.", "us"),
        ),
        configuration_keys={"serial": "the unit's serial number, by which it is addressed"},
        lock_ways=(STOP_LAMP, STOP_QSWITCH, CLOSE_SHUTTER),
        lock_bytes=BigSkyWire.frame_break + STOP_ALL,
        lock_bound_s=0.1,
        arming_bound_s=20.0,
        query_within_s=WITHIN_S,
        evidence_locked=Evidence.DEVICE_STATE,
        dead_man=None,
        settings_authority="either",
        also_makes_light=("the local box", "another host on the line"),
        not_shown=("key", "counter", "control", "output"),
        control_shown=ControlShown.NO,
        at_the_laser=(
            "Press the laser's own red emergency stop, then turn its key off. "
            "Nobody takes eyewear off until the power is removed."
        ),
    )
    line = Line(baudrate=9600)

    def __init__(self, configuration: Mapping[str, str]) -> None:
        """Raises `ConfigError` without a serial number of three digits."""
        serial = configuration.get("serial", "")
        if not (serial.isascii() and serial.isdigit() and len(serial) == 3):  # noqa: PLR2004
            said = f", not {serial!r}" if serial else ""
            raise ConfigError(
                "A Big Sky laser is addressed by its serial number, three digits as on its "
                f"label{said}. Say for instance --set serial=062."
            )
        self._serial = serial
        self.wire = BigSkyWire(serial)
        self.declaration = replace(
            type(self).declaration, lock_bytes=BigSkyWire.frame_break + self.wire.frame("S")
        )

    def _reply(self, link: WireLink, word: str, token: EnableToken | None = None) -> bytes:
        """One command: its raw reply."""
        try:
            return link.exchange(self.wire.frame(word), within_s=WITHIN_S, token=token)
        except NoReply as error:
            raise NoReply(sayings.no_answer(word, error)) from error

    def _say(self, link: WireLink, word: str, token: EnableToken | None = None) -> str:
        """One command: what its reply tells."""
        return value_of(word, self._reply(link, word, token))

    def _ask(self, link: WireLink, *words: str) -> Words:
        return {word: self._reply(link, word).decode("latin-1") for word in words}

    def _ask_fresh(self, link: WireLink, *registers: str) -> Words:
        """Interlock registers answer with what was so at the question before: asked twice."""
        for register in registers:
            self._say(link, register)
        return self._ask(link, *registers)

    def _put(self, link: WireLink, word: str, value: str, wanted: str | None = None) -> None:
        """Set a value; raises `DeviceFault` where another one is in force then."""
        reply = self._reply(link, f"{word}{value}")
        force = value_of(word, reply)
        if str(int(Decimal(force) * SCALE.get(word, 1))) == value:
            return
        text = reply.decode("latin-1").strip()
        if wanted is None:
            raise DeviceFault(sayings.not_done(f"{word}{value}", text))
        raise DeviceFault(sayings.kept(word, wanted, str(Decimal(force)), text))

    def _require_unit(self, link: WireLink) -> None:
        """Raises `WrongDevice` where whoever answers at this address tells another serial number.

        A number alone may be addressed that is no serial number: of a unit that was exchanged, say.
        """
        serial = self._say(link, "SN")
        if int(serial) != int(self._serial):
            raise WrongDevice(
                f"The laser on this port says that its serial number is {serial}; it is "
                f"registered, and addressed, as {self._serial}. Check which laser is plugged in."
            )

    def identify(self, link: WireLink) -> Identity:
        """Serial number, model and revision; `WrongDevice` for another serial number."""
        try:
            self._require_unit(link)
        except NoReply as error:
            raise NoReply(
                f"No laser on this port answers as {self._serial} and tells that serial number. "
                f"Check its label, that it is on, and its cable. ({error.__cause__ or error})"
            ) from error
        self._refuse_other_firmware(link)
        named = self._say(link, "X").strip()
        model, _, revision = named.rpartition(" ")
        return Identity(
            serial=self._serial,
            model=model.strip() or named,
            firmware=revision or None,
            details={"X": named, "lamp_shots": self._say(link, "C")},
        )

    def _refuse_other_firmware(self, link: WireLink) -> None:
        """Raises `WrongDevice` for the maker's Ultra: there `E`, asked here, fires the lamp.

        It answers twice; one answer alone may be that to an order of a guard's.
        """
        try:
            for _ in range(2):
                link.exchange(self.wire.frame(ULTRA_STATE), within_s=WITHIN_S)
        except NoReply:
            return
        raise WrongDevice(
            "The laser on this port speaks its maker's Ultra dialect, in which the words of this "
            "driver mean other things. It cannot be used with this driver."
        )

    def read_status(self, link: WireLink) -> Status:
        """Live status first: an opened interlock under a firing lamp is told at once.

        The registers that name it take six more replies, 18 ms each: asked with the lamp stopped.
        """
        words = self._ask(link, "WOR")
        live = Live.read(words)
        if live.interlock_closed or live.stopped:
            words |= self._ask(link, STATE, "R")
        if live.stopped:
            words |= self._ask(link, "P", "CG")
            words |= self._ask_fresh(link, "IF", "IF2")
        return status(words)

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:
        """Of the manual; the delay also within the factory's own limits."""
        factory = {word: self._say(link, word) for word in ("WMN", "WMX")}
        low, high = RANGES["W"]
        lowest_v, highest_v = RANGES["V"]
        return {
            "lamp_voltage_v": (str(lowest_v), str(highest_v)),
            "repetition_rate_hz": ("0.01", "99.99"),
            "qswitch_delay_us": (
                str(max(low, int(factory["WMN"]))),
                str(min(high, int(factory["WMX"]))),
            ),
        }

    def implied_trigger(self, settings: Settings) -> Trigger | None:  # noqa: ARG002 - the contract's
        """Settings leave the Q-switch to its outside trigger."""
        return Trigger.HARDWARE

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """Pump; nothing left armed, nothing that runs by itself; outside trigger, settings, water.

        A stopped lamp may leave Q-switch and shutter as they were, for the next start to find.
        """
        words = self._ask(link, "WOR")
        if not Live.read(words).stopped:
            raise DeviceFault(
                "The laser's lamp is firing, and nobody here started it: nothing was set. Stop it "
                f"at the laser, and find out who started it. (WOR: {words['WOR']})"
            )
        values = {word: counts(word, settings[name]) for name, word in _SETTINGS.items()}
        self._put(link, "P", "1")
        for way in (STOP_QSWITCH, CLOSE_SHUTTER):
            self.reduce(link, way)
        for word, value in {**_DARK_AT_RUN, "QSM": "2", "LPM": "0"}.items():
            self._put(link, word, value)
        for name, word in _SETTINGS.items():
            self._put(link, word, values[word], settings[name])
        self._refuse_what_runs_by_itself(link)
        inhibit_s = int(self._say(link, "QSW")) * SCALE["F"] / int(values["F"])
        if inhibit_s > _INHIBIT_MAX_S:
            raise DeviceFault(
                f"The laser would hold its Q-switch back for {inhibit_s:.1f} s after each start of "
                f"its lamp; {_INHIBIT_MAX_S:g} s is the longest that is waited for. Choose a "
                "higher repetition rate, or have its service set fewer flashes to wait (QSW)."
            )
        self._await_water(link)

    def _refuse_what_runs_by_itself(self, link: WireLink) -> None:
        """Nothing may open, pulse or flash without being told to; raises `DeviceFault`."""
        words = self._ask(link, *_BY_ITSELF)
        for word in words:
            if Decimal(told(words, word)) != 0:
                raise DeviceFault(
                    f"The laser {sayings.BY_ITSELF[word]}. Have that switched off at the laser "
                    f"before it is used here. ({word}: {words[word].strip()})"
                )

    def _await_water(self, link: WireLink) -> None:
        """Wait until the pump's water flows; raises `DeviceFault` where it does not."""
        for _ in range(round(_FLOW_WITHIN_S / _FLOW_EVERY_S)):
            words = self._ask_fresh(link, "IF")
            if not bit(told(words, "IF"), "a"):
                return
            link.wait(_FLOW_EVERY_S)
        raise DeviceFault(
            "The laser's cooling pump is on, but too little water flows. "
            f"Look at pump, hoses and filter. ({words['IF'].strip()})"
        )

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:  # noqa: ARG002 - the contract's
        """Settings and all that decides what a trigger does; the live status last.

        Where anything would open, pulse or flash by itself, the trigger is the host's `A`. Raises
        `WrongDevice` where another unit answers now.
        """
        self._require_unit(link)
        configuration = {word: self._say(link, word) for word in _CONFIGURATION}
        effective = {name: self._say(link, word) for name, word in _SETTINGS.items()}
        quiet = all(Decimal(configuration[word]) == 0 for word in (*_BY_ITSELF, "LPM"))
        outside = quiet and configuration["QSM"] == "2"
        return Effective(
            settings=effective,
            configuration=configuration,
            trigger=Trigger.HARDWARE if outside else Trigger.HOST,
            glimpse=status(self._ask(link, "WOR")),
        )

    def unlock(self, link: WireLink, token: EnableToken) -> None:
        """Nothing to send: a prepared laser with its lamp stopped is in STANDBY, as it says."""

    def ready(self, link: WireLink, token: EnableToken) -> bool:
        """The next of lamp, shutter and Q-switch; False until the last of them may be sent.

        Nothing follows the lamp's start but under a lamp that fires, and under a Q-switch that does
        not pulse by itself. The last one waits for the shutter, which takes its time to open, and
        for the end of the inhibit.
        """
        if not token.sent(self.wire.frame("A")):
            accepted("A", self._say(link, "A", token))
            return False
        words = self._ask(link, "WOR")
        live = Live.read(words)
        if live.pulses_unasked:
            raise DeviceFault(
                "The laser's Q-switch runs without its trigger: its shutter stays closed. "
                f"Find out who else gives it orders. (WOR: {words['WOR']})"
            )
        if live.stopped:
            return False
        if not token.sent(self.wire.frame("R1")):
            self._say(link, "R1", token)
            return False
        register = told(self._ask_fresh(link, "IQ"), "IQ")
        if bit(register, "a") or bit(register, "g"):
            return False
        if self._say(link, "QSM") != "2":  # since it was read with the settings
            raise DeviceFault(
                "The laser's Q-switch was switched to another trigger at the laser: it was not "
                "released. Find out who did that."
            )
        accepted("PQ", self._say(link, "PQ", token))
        return True

    def standby(self, link: WireLink) -> None:
        """Lamp first, then Q-switch and shutter."""
        for way in self.declaration.lock_ways:
            self.reduce(link, way)

    def reduce(self, link: WireLink, way: LockWay) -> None:
        """`S`, and `>S` wherever the answer to it is not that the lamp has stopped; `SQ`; `R0`."""
        if way is CLOSE_SHUTTER:
            self._say(link, "R0")
        elif way is STOP_QSWITCH:
            self._say(link, "SQ")
        else:
            try:
                self._stop_lamp(link, self.wire.frame("S"))
            except (NoReply, ProtocolError, DeviceFault):
                self._stop_lamp(link, STOP_ALL)

    def _stop_lamp(self, link: WireLink, frame: bytes) -> None:
        """Raises `NoReply`, and `DeviceFault` where the lamp fires on."""
        try:
            text = value_of("S", link.exchange(frame, within_s=WITHIN_S))
        except NoReply as error:
            raise NoReply(sayings.no_answer("S", error)) from error
        if text.startswith("fire"):
            raise DeviceFault(sayings.not_done("S", text.strip()))

    def read_lock(self, link: WireLink) -> LockReading:
        """Lamp stopped, in digits and in words, and shutter closed; the Q-switch tells nothing.

        The shutter is asked twice: the answer to the first question may be the one to an `R0` that
        guard or owner sent at the same moment, which only acknowledges it.
        """
        self._say(link, "R")
        words = self._ask(link, "WOR", STATE, "R")
        reasons = [sentence for sentence, is_so in not_locked(words).items() if is_so]
        return LockReading(
            confirmed=not reasons,
            evidence=Evidence.DEVICE_STATE,
            words=words,
            why_not=", ".join(reasons) or None,
        )

    def clear_fault(self, link: WireLink) -> None:  # noqa: ARG002 - the contract's
        """Raises `DeviceFault`: no command is known to clear one."""
        raise DeviceFault("This laser has no command that clears a fault: mend its cause.")
