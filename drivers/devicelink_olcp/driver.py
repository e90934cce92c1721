"""The driver `olcp`: one laser console, what the contract's verbs mean on its wire.

The console enforces what matters by itself: a signed permit, a lease, its own READY key and its
footswitch. Nothing sent here makes light. The nonce that a beat shows comes out of the status that
the session saw, so this driver cannot beat for a session that does not read.
"""

from __future__ import annotations

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
    Trigger,
    UnlockToken,
)
from devicelink.errors import DeviceDeclined, DeviceFault, NoReply, ProtocolError, WrongDevice
from devicelink_olcp import numbered, sayings
from devicelink_olcp.checked import checked
from devicelink_olcp.frames import (
    CHECK_PULSES_MAX,
    EVENTS_MAX,
    LOCK,
    REPORTS_MAX,
    VERSION,
    Code,
    OlcpWire,
    decoded,
)
from devicelink_olcp.names import Refusal
from devicelink_olcp.parameters import SETTINGS, WAVELENGTH, Block, Caps, proposal
from devicelink_olcp.payload import Payload
from devicelink_olcp.permit import Asked, lease_within, limits_of, permit
from devicelink_olcp.setting import changes, require_as_asked, wanted
from devicelink_olcp.status import Told
from devicelink_olcp.who import Who

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.console import CheckedPulse, Event, Page, Report
    from devicelink.driver import EnableToken, Settings, Status, WireLink

WITHIN_S = 0.2
"""The page's own: what was not answered by then is unanswered."""
LOCK_ORDER = LockWay("lock", "Locked (LOCK): shutter closed, permit and lease ended.")
TO_STANDBY = LockWay("standby", "Back in STANDBY (STANDBY): shutter closed, trigger ignored.")

_MENDED_THERE = frozenset(
    {
        *(Refusal.key_off, Refusal.interlock_open, Refusal.reset_required, Refusal.no_tip),
        Refusal.unknown_key,
    }
)
"""Refusals that say what somebody at the console has to do, and that nothing is broken."""
_READS = 2
"""Of the settings, where they were changed while they were read."""


class RefusedByConsole(DeviceFault):
    """An error answer."""

    def __init__(self, sentence: str, refusal: int) -> None:
        super().__init__(sentence)
        self.refusal = refusal


class Olcp:
    """One console: a `devicelink.console.CheckingConsole`."""

    declaration = Declaration(
        name="olcp",
        title="Laser console that speaks OLCP 1, the open laser console protocol",
        complete_product=True,
        settings=SETTINGS,
        configuration_keys={
            "model": "the model as the laser itself tells it, where no other one may answer; "
            "not needed"
        },
        lock_ways=(LOCK_ORDER, TO_STANDBY),
        lock_bytes=LOCK,
        lock_bound_s=0.05,
        arming_bound_s=15.0,
        query_within_s=WITHIN_S,
        evidence_locked=Evidence.SENSED,
        dead_man=(
            "The laser's lease: it closes its shutter by itself when this computer has not shown "
            "for one second (2.1 s at the most) that it reads what the laser says."
        ),
        settings_authority="either",
        also_makes_light=(
            "the laser's own READY key and footswitch, in a session alone",
            "pulses made in SERVICE at the laser",
            "another computer on the line whose key the laser knows",
        ),
        not_shown=(),
        control_shown=ControlShown.YES,
        at_the_laser=(
            "Press the laser's red emergency stop, then turn its key off. "
            "Nobody takes eyewear off until the power is removed."
        ),
        ready_at_the_laser="Press READY at the laser's panel now, with the footswitch released.",
    )
    line = Line(baudrate=115200)
    identifying_details = ("udi",)
    """For recordings."""

    def __init__(self, configuration: Mapping[str, str]) -> None:
        self._model = configuration.get("model")
        self.wire = OlcpWire()

    def _ask(
        self, link: WireLink, code: Code, payload: bytes = b"", token: EnableToken | None = None
    ) -> bytes:
        """The payload of the answer to one request."""
        return _exchange(link, self.wire.request(code, payload), token)

    def _who(self, link: WireLink) -> Who:
        return Who.read(Payload(self._ask(link, Code.IDENT), "who it is"))

    def _caps(self, link: WireLink) -> Caps:
        return Caps.read(Payload(self._ask(link, Code.CAPS), "what it can do"))

    def _clock_ms(self, link: WireLink) -> int | None:
        """Since power-up; None while the console tells no time."""
        try:
            payload = Payload(self._ask(link, Code.TIME), "its clock")
        except RefusedByConsole:
            return None
        payload.take(16)  # the boot's id
        return payload.number(8)

    def _told(self, link: WireLink) -> Told:
        return Told.read(self._ask(link, Code.STATUS))

    def _block(self, link: WireLink) -> Block:
        return Block.read(Payload(self._ask(link, Code.SETTINGS_READ), "its settings"))

    def identify(self, link: WireLink) -> Identity:
        """Serial number, model and firmware; `WrongDevice` for what speaks no OLCP 1."""
        try:
            who = self._who(link)
        except (RefusedByConsole, ProtocolError) as error:
            raise WrongDevice(
                "What answers on this port does not say who it is as a laser that speaks OLCP 1 "
                f"does. Check which laser is plugged in. ({error})"
            ) from error
        if self._model not in {None, who.model}:
            raise WrongDevice(
                f"The laser on this port says that it is a {who.model!r}; {self._model!r} is "
                "registered. Check which laser is plugged in."
            )
        return Identity(
            serial=who.serial,
            model=who.model or None,
            firmware=who.firmware or None,
            details={
                "maker": who.maker,
                "udi": who.udi,
                "boot_id": who.boot_id.hex(),
                "boot_count": str(who.boot_count),
            },
        )

    def read_status(self, link: WireLink) -> Status:
        """One STATUS, which tells all that the console senses at one moment."""
        return self._told(link).status()

    def bounds(self, link: WireLink) -> Mapping[str, tuple[str, str]]:
        """With the handpiece and the tip that are in place."""
        return self._caps(link).bounds()

    def implied_trigger(self, settings: Settings) -> Trigger | None:  # noqa: ARG002 - the contract's
        """The footswitch, whatever is set."""
        return Trigger.HARDWARE

    def prepare(self, link: WireLink, settings: Settings) -> None:
        """Propose what is not in force, compare what would come of it, commit exactly that.

        A console whose settings are made at its panel is told nothing: what differs is refused.
        """
        asked = wanted(settings)
        caps, force = self._caps(link), self._block(link)
        differ = changes(asked, caps, force)
        if not differ:
            return
        answer = Payload(
            self._ask(link, Code.SETTINGS_PROPOSE, proposal(differ)), "what would come of settings"
        )
        number = answer.take(4)
        proposed = Block.read(answer)
        require_as_asked(proposed, differ, force)
        self._ask(link, Code.SETTINGS_COMMIT, number + proposed.settings_id)

    def read_effective(self, link: WireLink, settings: Settings) -> Effective:  # noqa: ARG002 - the contract's
        """The whole block in force, whoever set it; then the status, which names the same block.

        Configuration is whose it is, the console's own id of the block, and what else stands in it.
        """
        who = self._who(link)
        for _ in range(_READS):
            block, told = self._block(link), self._told(link)
            if told.settings_id == block.settings_id:
                break
        else:
            raise DeviceFault(
                "The laser's settings were changed while they were read. Leave its panel, tip and "
                "handpiece alone, and say the command again."
            )
        wavelength = block.values.get(WAVELENGTH) or self._caps(link).only_wavelength_nm
        return Effective(
            settings=block.settings(),
            configuration={
                "serial": who.serial,
                "settings_id": block.settings_id.hex(),
                "handpiece_serial": block.handpiece_serial or None,
                "tip_serial": block.tip_serial or None,
                "configuration": block.configuration.hex(),
                **block.not_settable(),
            },
            trigger=Trigger.HARDWARE,
            wavelength_nm=None if wavelength is None else str(wavelength),
            handpiece=told.handpiece_kind,
            tip=block.tip_serial or None,
            glimpse=told.status(),
        )

    def unlock(self, link: WireLink, token: EnableToken) -> None:
        """Have a permit signed for a fresh challenge of this boot, and send it, once."""
        if not isinstance(token, UnlockToken):
            raise ProtocolError("devicelink tried to unlock without a grant; not sent.")
        _require_unsent(token)
        grant, who = token.grant, self._who(link)
        if who.serial != grant.effective.configuration.get("serial"):
            raise WrongDevice(
                f"The laser on this port now says that its serial number is {who.serial}; its "
                "settings were read from another one. Check which laser is plugged in."
            )
        lease_ms = lease_within(self._caps(link).lease_ms)
        asked = Asked(who.serial, who.boot_id, self._challenge(link, who))
        signed = permit(grant, asked, limits_of(grant), lease_ms=lease_ms)
        try:
            told = self._ask(link, Code.PERMIT, signed, token)
        except RefusedByConsole as refused:
            if refused.refusal in _MENDED_THERE:
                raise DeviceDeclined(str(refused)) from refused
            raise
        accepted = Payload(told, "which permit it accepted")
        if accepted.take(16) != grant.permit_id:
            raise accepted.unreadable("it is another one's")

    def _challenge(self, link: WireLink, who: Who) -> bytes:
        """A nonce; `DeviceFault` where it is another boot's than the console said before."""
        told = Payload(self._ask(link, Code.CHALLENGE), "its challenge")
        nonce, boot_id = told.take(16), told.take(16)
        if boot_id != who.boot_id:
            raise DeviceFault("The laser was switched off and on meanwhile. Begin anew.")
        return nonce

    def ready(self, link: WireLink, token: EnableToken) -> bool:
        """Ask on the console's screen, where it offers that; READY is its own key all the same."""
        _require_unsent(token)
        self._ask_on_screen(link, token)
        return True

    def _ask_on_screen(self, link: WireLink, token: EnableToken) -> None:
        """The question whether READY is wanted, where the console has one."""
        if self._caps(link).remote_ready:
            self._ask(link, Code.READY_REQUEST, token=token)

    def ready_for_check(self, link: WireLink, token: EnableToken, pulses: int) -> int:
        """CHECK_BEGIN, without which the READY key is dead in an energy check; then as `ready`."""
        _require_unsent(token)
        allowed = min(pulses, CHECK_PULSES_MAX)
        self._ask(link, Code.CHECK_BEGIN, bytes([allowed]), token)
        self._ask_on_screen(link, token)
        return allowed

    def end_check(self, link: WireLink) -> tuple[CheckedPulse, ...]:
        """CHECK_END; in READY the console refuses it."""
        return checked(self._ask(link, Code.CHECK_END))

    def sustain(
        self, link: WireLink, token: EnableToken, judged: Effective, seen: Status, last_event: int
    ) -> Status:
        """One beat: the nonce that was seen, the last event read, the settings that were judged."""
        nonce, settings_id = seen.words.get("nonce"), judged.configuration.get("settings_id")
        if nonce is None or settings_id is None or last_event < 0:
            raise ProtocolError("devicelink tried to go on without having read; not sent.")
        shown = bytes.fromhex(nonce) + last_event.to_bytes(8, "little") + bytes.fromhex(settings_id)
        return Told.read(self._ask(link, Code.BEAT, shown, token)).status()

    def read_events(self, link: WireLink, start: int) -> Page[Event]:
        """As many as one answer holds."""
        return numbered.events(self._ask(link, Code.EVENTS_READ, _from(start, EVENTS_MAX)), start)

    def read_reports(self, link: WireLink, start: int) -> Page[Report]:
        """As many as one answer holds."""
        asked = _from(start, REPORTS_MAX)
        return numbered.reports(self._ask(link, Code.REPORTS_READ, asked), start)

    def standby(self, link: WireLink) -> None:
        """STANDBY, which is harmless in every state."""
        self._ask(link, Code.STANDBY)

    def reduce(self, link: WireLink, way: LockWay) -> None:
        """LOCK, or STANDBY; what either is answered is no read-back."""
        if way is TO_STANDBY:
            self.standby(link)
        else:
            _exchange(link, LOCK)

    def read_lock(self, link: WireLink) -> LockReading:
        """STATUS afresh: LOCKED or FAULT, no emission sensed, shutter sensed closed.

        TIME is asked before it: a status that a console tells again and again shows an older clock.
        """
        since_ms = self._clock_ms(link)
        told = self._told(link)
        reasons, status = told.not_locked(since_ms), told.status()
        return LockReading(
            confirmed=not reasons,
            evidence=status.evidence,
            words=status.words,
            why_not=", ".join(reasons) or None,
        )

    def clear_fault(self, link: WireLink) -> None:  # noqa: ARG002 - the contract's
        """Raises `DeviceFault`: no message clears one."""
        raise DeviceFault(
            "A fault of this laser is cleared at the laser alone: read on its panel what it is, "
            "mend that, and clear it there."
        )


def _exchange(link: WireLink, frame: bytes, token: EnableToken | None = None) -> bytes:
    """The payload of an answer; an error answer, another version, silence are raised in words."""
    try:
        told = decoded(link.exchange(frame, within_s=WITHIN_S, token=token))
    except NoReply as error:
        raise NoReply(sayings.no_answer(frame, WITHIN_S)) from error
    if told is None:
        raise ProtocolError("What the laser answered cannot be read. Check its cable.")
    if told.version != VERSION:
        raise WrongDevice(
            f"The laser speaks version {told.version} of its protocol; this driver speaks "
            f"version {VERSION}. Check which laser is plugged in, or ask for a newer driver."
        )
    if not told.is_error:
        return told.payload
    answer = Payload(told.payload, "why it refused")
    asked, refusal, state = (answer.number(1) for _ in range(3))
    sentence = sayings.refused(frame, refusal, state)
    if refusal == Refusal.unsupported_version:
        raise WrongDevice(sentence)
    if asked != sayings.code_of(frame):
        raise answer.unreadable("it refused what nobody asked")
    raise RefusedByConsole(sentence, refusal)


def _require_unsent(token: EnableToken) -> None:
    """Each request has a new number, so the bytes alone do not tell a repetition."""
    if token.begun:
        raise ProtocolError("devicelink tried to repeat an enabling command by itself; not sent.")


def _from(start: int, at_most: int) -> bytes:
    """The payload that asks for what is numbered."""
    return start.to_bytes(8, "little") + bytes([at_most])
