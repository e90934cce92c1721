"""The driver `uc2000`: what the contract's verbs mean to a UC-2000 controller.

It sets the duty cycle of the tube's drive and lets it lase; light also needs the gate input. It
senses no light: whatever it tells is what it was commanded. It tells no watts either, and nothing
of interlock, key, faults, serial number or counter. Sources as in `frames`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from devicelink.driver import (
    ControlShown,
    Declaration,
    DeviceState,
    Effective,
    Evidence,
    Identity,
    Line,
    LockReading,
    LockWay,
    Reading,
    SettingSpec,
    Shown,
    Status,
    Trigger,
)
from devicelink.errors import ConfigError, DeviceFault, NoReply, ProtocolError
from devicelink.units import decimal
from devicelink_uc2000.frames import (
    GATE_PULL_DOWN,
    HIGHEST,
    LASE_OFF,
    LASE_ON,
    LOCK_FRAMES,
    MANUAL,
    MANUAL_CLOSED,
    MAX_PWM_95,
    NO_LASE_ON_POWER_UP,
    SET_POWER,
    STATUS,
    Report,
    Uc2000Wire,
    acknowledged,
    form_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import EnableToken, Settings, WireLink

WITHIN_S = 0.2
PREPARES_WITHIN_S = 1.2
"""A unit that misses a byte says so 1 s after the start byte; in LOCKED there is time for that."""

LASING_OFF = "to switch lasing off"
WAYS = {
    LockWay("lase_off", "Lasing switched off (76)."): (LASING_OFF, LOCK_FRAMES[0]),
    LockWay("power_zero", "Power set to 0 % (7F 00)."): ("to set its power to 0 %", LOCK_FRAMES[1]),
    LockWay("gate_pull_down", "Gate pulled down (7B): an open gate line is dark."): (
        "to pull its gate down",
        LOCK_FRAMES[2],
    ),
}
"""Each with what it is in a sentence, and its order."""
MODES = ("manual", "ANC (4-20 mA)", "ANV (0-10 V)", "manual closed loop", "ANV closed loop")
_REMOTE = "is not under remote control (choose REMOTE at its front panel)"
_PULLED_UP = "its gate is pulled up, so that a lost gate cable would be light"
POWER = SettingSpec(
    "power_percent",
    "Duty cycle of the tube's drive, with a closed loop its set-point; in steps of 0.5, and not 63 "
    "where checksums are off.",
    "%",
)


class Uc2000:
    """One controller; makes nothing of what it was told before but the form of its replies."""

    declaration = Declaration(
        name="uc2000",
        title="Synrad UC-2000 controller of sealed CO2 lasers",
        complete_product=False,
        settings=(POWER,),
        configuration_keys={
            "checksum": "on (default) or off, as the controller's front panel says under CHECKSUM",
            "loop": "open (default) or closed; closed only where the laser has the sensor for it",
        },
        lock_ways=tuple(WAYS),
        lock_bytes=Uc2000Wire.frame_break + b"".join(LOCK_FRAMES),
        lock_bound_s=0.05,
        arming_bound_s=1.0,
        query_within_s=WITHIN_S,
        evidence_locked=Evidence.COMMANDED,
        dead_man=None,
        settings_authority="either",
        also_makes_light=("the controller's front panel", "the gate input"),
        not_shown=("identity", "counter", "control", "interlock", "key", "faults", "output"),
        control_shown=ControlShown.NO,
        at_the_laser=(
            "Press the red emergency stop, then switch off the laser's own power supply. "
            "Nobody takes eyewear off until the power is removed."
        ),
    )

    def __init__(self, configuration: Mapping[str, str]) -> None:
        self.line = Line(baudrate=9600)
        checksum = _one_of(configuration, "checksum", ("on", "off"))
        self.wire = Uc2000Wire(checksum=checksum == "on")
        closed = _one_of(configuration, "loop", ("open", "closed")) == "closed"
        self._mode = MANUAL_CLOSED if closed else MANUAL

    def identify(self, link: WireLink) -> Identity:
        """Two status replies of one form: so it is found out whether a checksum stands behind.

        Raises `ProtocolError` where they differ.
        """
        self.wire.form = None
        first, second = _status_reply(link), _status_reply(link)
        report = Report.read(first)
        Report.read(second)
        if form_of(first) != form_of(second):
            link.wait(0)  # a stop cuts the wait for a checksum short: then none was missing
            raise ProtocolError(
                "The controller tells its status with a checksum once, and once without. "
                "Check its cable."
            )
        self.wire.form = form_of(first)
        return Identity(
            serial=None,
            model=None,
            firmware=report.version,
            details={"status_checksum": str(self.wire.form)},
        )

    def read_status(self, link: WireLink) -> Status:
        """One status request; all that this wire tells."""
        return _status(_report(link))

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:  # noqa: ARG002  (the contract)
        """The limit is 95 %, which this driver sets; the wire asks for no other."""
        return {"power_percent": ("0.5", str(HIGHEST // 2))}

    def implied_trigger(self, settings: Settings) -> Trigger | None:  # noqa: ARG002  (the contract)
        """With the gate pulled down light also needs the gate input."""
        return Trigger.HARDWARE

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """Dark first; then no light at power-up, gate pulled down, limit, mode; the power last.

        Refused while it lases, and where it is not under remote control.
        """
        half_percents = self._half_percents(settings["power_percent"])
        report = _report(link)
        if report.lase_on:
            raise DeviceFault(
                "The controller is told to lase: its settings are left alone. Lock it first."
            )
        if not report.remote:
            raise DeviceFault(
                "The controller is not under remote control. Choose REMOTE at its front panel."
            )
        wire, percent = self.wire, Decimal(half_percents) / 2
        for what, frame in (
            (LASING_OFF, wire.frame(LASE_OFF)),
            ("to set its power to 0 %", wire.frame(SET_POWER, 0)),
            ("to stay dark at power-up", wire.frame(NO_LASE_ON_POWER_UP)),
            ("to pull its gate down", wire.frame(GATE_PULL_DOWN)),
            ("to limit its power to 95 %", wire.frame(MAX_PWM_95)),
            ("to change to manual mode", wire.frame(self._mode)),
            (f"to set its power to {percent} %", wire.frame(SET_POWER, half_percents)),
        ):
            self._do(link, what, frame, within_s=PREPARES_WITHIN_S)
        self._check_prepared(_report(link))

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:  # noqa: ARG002  (the contract)
        """Power, and the modes that it depends on; all from one status reply."""
        report = _report(link)
        return Effective(
            settings={"power_percent": report.power_percent},
            configuration=report.as_configuration(),
            trigger=Trigger.HOST if report.gate_pull_up else Trigger.HARDWARE,
            glimpse=_status(report),
        )

    def unlock(self, link: WireLink, token: EnableToken) -> None:
        """Nothing to send: a prepared controller with lasing off is in STANDBY, as it says."""

    def ready(self, link: WireLink, token: EnableToken) -> bool:
        """`75`, once."""
        self._do(link, "to switch lasing on", self.wire.frame(LASE_ON), token=token)
        return True

    def standby(self, link: WireLink) -> None:
        """`76`."""
        self._do(link, LASING_OFF, self.wire.frame(LASE_OFF))

    def reduce(self, link: WireLink, way: LockWay) -> None:
        """`76`, `7F 00`, or `7B`, with their checksums."""
        what, frame = WAYS[way]
        self._do(link, what, frame)

    def read_lock(self, link: WireLink) -> LockReading:
        """Lasing off, 0 %, gate pulled down, and under this host's control."""
        report = _report(link)
        against = (
            (report.lase_on, "the controller is told to lase"),
            (report.pwm != 0, "the controller's power is not 0 %"),
            (report.gate_pull_up, _PULLED_UP),
            (not report.remote, f"the controller {_REMOTE}"),
        )
        reasons = [sentence for is_so, sentence in against if is_so]
        return LockReading(
            confirmed=not reasons,
            evidence=Evidence.COMMANDED,
            words={"7E": report.text},
            why_not=", ".join(reasons) or None,
        )

    def clear_fault(self, link: WireLink) -> NoReturn:  # noqa: ARG002  (the contract)
        """Raises `DeviceFault`: this wire clears nothing."""
        raise DeviceFault(
            "Nothing can be cleared over this controller's wire. Look at its front panel."
        )

    def _do(
        self,
        link: WireLink,
        what: str,
        frame: bytes,
        *,
        within_s: float = WITHIN_S,
        token: EnableToken | None = None,
    ) -> None:
        reply = _exchange(link, what, frame, within_s=within_s, token=token)
        acknowledged(what, reply, checksum=self.wire.checksum)

    def _half_percents(self, power: str) -> int:
        """The power byte, never above what was asked for; what is read back tells where it is less.

        Without checksums the byte of 63 % is the status request.
        """
        asked = min(int(decimal(power, "power_percent") * 2), HIGHEST)
        return asked - 1 if asked == STATUS[0] and not self.wire.checksum else asked

    def _check_prepared(self, report: Report) -> None:
        """Raise `DeviceFault` where something that was acknowledged is not so."""
        mode = self._mode - MANUAL  # the status counts the modes as the commands do
        against = (
            (report.lase_on, "it is told to lase"),
            (report.gate_pull_up, _PULLED_UP),
            (report.lase_on_power_up, "it would lase at power-up"),
            (report.mode != mode, f"its mode is {_mode(report.mode)}, not {_mode(mode)}"),
            (not report.remote, f"it {_REMOTE}"),
        )
        reasons = [sentence for is_so, sentence in against if is_so]
        if reasons:
            raise DeviceFault(
                f"The controller did not take its settings: {', '.join(reasons)}. Set that right "
                "at its front panel."
            )


def _mode(number: int) -> str:
    """A mode in the words of the front panel."""
    return MODES[number] if number < len(MODES) else f"none that is known ({number})"


def _one_of(configuration: Mapping[str, str], key: str, choices: tuple[str, ...]) -> str:
    """The configured word, the first of the choices unless said; raises `ConfigError`."""
    word = configuration.get(key, choices[0])
    if word not in choices:
        raise ConfigError(f"{key} of a uc2000 is {' or '.join(choices)}, not {word!r}.")
    return word


def _status_reply(link: WireLink) -> bytes:
    return _exchange(link, "to tell its status", STATUS, within_s=WITHIN_S)


def _report(link: WireLink) -> Report:
    return Report.read(_status_reply(link))


def _exchange(
    link: WireLink,
    what: str,
    frame: bytes,
    *,
    within_s: float,
    token: EnableToken | None = None,
) -> bytes:
    """Bytes tell a person nothing: a missing reply is told in words."""
    try:
        return link.exchange(frame, within_s=within_s, token=token)
    except NoReply as error:
        raise NoReply(
            f"The controller did not answer within {within_s:g} s when it was told {what}. Check "
            "that it is on, its cable, and that REMOTE is chosen at its front panel."
        ) from error


def _status(report: Report) -> Status:
    """Nothing is sensed: output, interlock, key and control are not on this wire.

    Lasing that this host cannot have asked for (the gate pulled up, which is light without hand or
    foot, or a mode in which power is not what was set) counts as unexpected emission.
    """
    wild = report.lase_on and (report.gate_pull_up or not report.manual)
    return Status(
        state=_state(report, wild=wild),
        evidence=Evidence.COMMANDED,
        interlock_closed=Shown.NOT_REPORTED,
        key_on=Shown.NOT_REPORTED,
        faults=() if report.remote else ("not_under_remote_control",),
        reset_required=False,
        unexpected_emission=wild,
        control_pressed=Shown.NOT_REPORTED,
        output_seen=Shown.NOT_REPORTED,
        counter=None,
        measured={"output_power_w": Reading(None, "not_reported")},
        words={"7E": report.text},
    )


def _state(report: Report, *, wild: bool) -> DeviceState:
    """With lasing off no gate makes light, pulled up or not: STANDBY.

    READY may already be light: the gate is not seen.
    """
    if not report.lase_on:
        return DeviceState.STANDBY
    return DeviceState.UNKNOWN if wild else DeviceState.READY
