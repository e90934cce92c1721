"""What a STATUS payload says, in the words of the contract: sensed, or not known.

A console that lacks a sensor which it must have, or whose sensors are older than it promises, is
told as one with a fault: nothing is made up for what nobody looks at.

Source of every fact: `docs/protocols/olcp.md`; `[?]` marks our own reading of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from devicelink.driver import DeviceState, Evidence, Reading, Shown, Status
from devicelink_olcp.names import FAULTS, HANDPIECES, State, name, state_name
from devicelink_olcp.payload import Payload, decimal_text

SENSED_AGE_MAX_MS = 50
_PULSE_MAY_FINISH_MS = 10
"""So long a pulse may go on that had begun when EMITTING was left."""
_STATES = {
    State.LOCKED: DeviceState.LOCKED,
    State.STANDBY: DeviceState.STANDBY,
    State.ARMING: DeviceState.ARMING,
    State.READY: DeviceState.READY,
    State.EMITTING: DeviceState.EMITTING,
    State.FAULT: DeviceState.FAULT,
}
_WHY_UNKNOWN = {
    State.BOOT: "the laser is starting",
    State.SELF_TEST: "the laser is testing itself",
    State.SERVICE: "somebody services the laser, and may make pulses there",
}
_UNEXPECTED_EMISSION = FAULTS.index("unexpected_emission")
_EMERGENCY_STOP = FAULTS.index("emergency_stop")
_NO_TEMPERATURE = -0x8000


class Input(IntEnum):
    """Bits of what a console tells of itself."""

    footswitch = 0
    key = 1
    interlock_1 = 2
    interlock_2 = 3
    emergency_stop_released = 4
    reset_required = 5
    shutter_commanded = 6
    shutter = 7
    emission = 8
    ready_asked = 14
    check = 15


_MUST_BE_SENSED = tuple(each for each in Input if each is not Input.interlock_2)


@dataclass(frozen=True, slots=True)
class Told:
    """One STATUS payload."""

    payload: bytes
    state: int
    sensed_age_ms: int
    state_for_ms: int
    clock_ms: int | None
    nonce: bytes
    permit_left_ms: int
    lease_left_ms: int
    settings_id: bytes
    inputs: int
    sensed: int
    laser_decidegc: int
    handpiece_decidegc: int
    handpiece: int
    tip_uses_left: int | None
    pulses: int | None
    next_event: int
    next_report: int
    faults: int

    @classmethod
    def read(cls, told: bytes) -> Told:
        """Raises `ProtocolError`."""
        payload = Payload(told, "its status")
        state, age_ms = payload.number(1), payload.number(2)
        state_for_ms, clock_ms = payload.number(4), payload.known(8)
        nonce, permit_ms, lease_ms = payload.take(8), payload.number(4), payload.number(2)
        settings_id = payload.take(32)
        inputs, sensed = payload.number(2), payload.number(2)
        laser, handpiece_temperature = payload.signed(2), payload.signed(2)
        handpiece, uses_left, pulses = payload.number(1), payload.known(4), payload.known(8)
        return cls(
            *(told, state, age_ms, state_for_ms, clock_ms, nonce, permit_ms, lease_ms, settings_id),
            *(inputs, sensed, laser, handpiece_temperature, handpiece, uses_left, pulses),
            *(payload.number(8), payload.number(8), payload.number(4)),
        )

    def shown(self, bit: Input) -> Shown:
        """What a sensor says; UNKNOWN where there is none."""
        if not self.sensed >> bit & 1:
            return Shown.UNKNOWN
        return Shown.YES if self.inputs >> bit & 1 else Shown.NO

    @property
    def is_old(self) -> bool:
        """Whether its sensors were looked at longer ago than a console may tell."""
        return self.sensed_age_ms > SENSED_AGE_MAX_MS

    @property
    def handpiece_kind(self) -> str | None:
        """None where none is in place."""
        return name(HANDPIECES, self.handpiece, "handpiece") if self.handpiece else None

    def status(self) -> Status:
        """For the session."""
        emission = self.shown(Input.emission)
        seen = Shown.UNKNOWN not in {emission, self.shown(Input.shutter)} and not self.is_old
        return Status(
            state=self._state(),
            evidence=Evidence.SENSED if seen else Evidence.DEVICE_STATE,
            interlock_closed=self._interlock(),
            key_on=self.shown(Input.key),
            faults=self._faults(),
            reset_required=self.shown(Input.reset_required) is Shown.YES,
            unexpected_emission=self._emits_outside
            or bool(self.faults >> _UNEXPECTED_EMISSION & 1),
            control_pressed=self.shown(Input.footswitch),
            output_seen=emission,
            counter=self.pulses,
            measured=self._measured(),
            words=self._words(),
            next_event=self.next_event,
            next_report=self.next_report,
        )

    @property
    def _emits_outside(self) -> bool:
        """Light outside EMITTING, and not the last pulse of it, sensed when it still went on."""
        if self.shown(Input.emission) is not Shown.YES or self.state == State.EMITTING:
            return False
        seen_until_ms = _PULSE_MAY_FINISH_MS + min(self.sensed_age_ms, SENSED_AGE_MAX_MS)
        just_left = self.state in {State.READY, State.STANDBY}
        return not just_left or self.state_for_ms > seen_until_ms

    def _state(self) -> DeviceState:
        if self.is_old or self.state not in list(State):
            return DeviceState.UNKNOWN
        return _STATES.get(State(self.state), DeviceState.UNKNOWN)

    def _why_unknown(self) -> str | None:
        if self.is_old:
            return f"its sensors were looked at {self._age()} ago"
        if self.state not in list(State):
            return f"it says that it is in {state_name(self.state)}, which nobody here knows"
        return _WHY_UNKNOWN.get(State(self.state))

    def _age(self) -> str:
        unknown = self.sensed_age_ms == 0xFFFF  # noqa: PLR2004 - nothing known
        return "nobody knows how long" if unknown else f"{self.sensed_age_ms} ms"

    def _interlock(self) -> Shown:
        """Open where any is; closed where the first is, and the second where there is one."""
        first, second = self.shown(Input.interlock_1), self.shown(Input.interlock_2)
        if Shown.NO in {first, second}:
            return Shown.NO
        return first

    def _faults(self) -> tuple[str, ...]:
        """The console's own; what it should sense and does not; sensors that are out of date."""
        bits = self.faults
        if self.shown(Input.emergency_stop_released) is Shown.NO:
            bits |= 1 << _EMERGENCY_STOP
        found = [name(FAULTS, bit, "fault") for bit in range(32) if bits >> bit & 1]
        found += [
            f"not_sensed_{each.name}"
            for each in _MUST_BE_SENSED
            if self.shown(each) is Shown.UNKNOWN
        ]
        return (*found, *(("sensed_too_long_ago",) if self.is_old else ()))

    def _measured(self) -> dict[str, Reading]:
        return {
            "laser_temperature_c": _temperature(self.laser_decidegc),
            "handpiece_temperature_c": _temperature(self.handpiece_decidegc),
            "tip_uses_left": _reading(self.tip_uses_left),
            "permit_left_ms": _reading(self.permit_left_ms),
            "lease_left_ms": _reading(self.lease_left_ms),
        }

    def _words(self) -> dict[str, str]:
        """For the record, the nonce for the next beat, and the clock, which never stands still."""
        why = self._why_unknown()
        return {
            "state": state_name(self.state),
            "status": self.payload.hex(),
            "nonce": self.nonce.hex(),
            **({} if self.clock_ms is None else {"clock_ms": str(self.clock_ms)}),
            **({"why_unknown": why} if why else {}),
        }

    def not_locked(self, since_ms: int | None) -> list[str]:
        """What speaks against a lock, each as a sentence's part; `[?]` FAULT is a lock by the page.

        A sensor that is missing, or was looked at too long ago, is no evidence of the dark; nor is
        a status from before `since_ms`, which the console's clock showed when it was asked last.
        """
        emission, shutter = self.shown(Input.emission), self.shown(Input.shutter)
        against = {
            f"the laser says {state_name(self.state)}, not LOCKED": self.state
            not in {State.LOCKED, State.FAULT},
            "the laser senses emission": emission is Shown.YES,
            "the laser does not sense whether light leaves it": emission is Shown.UNKNOWN,
            "the laser senses its shutter open": shutter is Shown.YES,
            "the laser does not sense where its shutter is": shutter is Shown.UNKNOWN,
            f"the laser's sensors were looked at {self._age()} ago": self.is_old,
            "the laser's clock does not show that its status is new": since_ms is None
            or self.clock_ms is None
            or self.clock_ms < since_ms,
        }
        return [reason for reason, is_so in against.items() if is_so]


def _temperature(decidegc: int) -> Reading:
    if decidegc == _NO_TEMPERATURE:
        return Reading(None, "not_reported")
    sign = "-" if decidegc < 0 else ""
    return Reading(sign + decimal_text(abs(decidegc), 1))


def _reading(value: int | None) -> Reading:
    return Reading(None, "not_reported") if value is None else Reading(str(value))
