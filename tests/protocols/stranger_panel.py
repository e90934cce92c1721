"""What hands and feet do at the console of docs/protocols/olcp.md: keys, footswitch, door, tip."""

from __future__ import annotations

from tests.protocols import stranger_settings as settings
from tests.protocols.stranger_console import LIVE, Console
from tests.protocols.stranger_memory import REASONS
from tests.protocols.stranger_permit import key_id
from tests.protocols.stranger_wire import ARMING, EMITTING, FAULT, LOCKED, READY, SERVICE, STANDBY


class Panel(Console):
    """A console that can be touched."""

    def turn(self, knob: str, value: str) -> None:
        """Do what a hand or a foot does: one knob."""
        handler = getattr(self, f"_turn_{knob}", None)
        if handler is None:
            raise KeyError(knob)
        handler(value)
        self.tick()

    def _turn_footswitch(self, value: str) -> None:
        pressed = value == "pressed"
        self.fresh_press = pressed and not self.footswitch and self.state == READY
        self.footswitch = pressed
        if not pressed and self.state == EMITTING:
            self._cut("footswitch")
            self._become(READY)

    def _turn_ready_key(self, _value: str) -> None:
        if (
            self.state == STANDBY
            and self.lease_left
            and not self.reset_required
            and not self.footswitch
            and not self.ready_key_is_dead
        ):
            self._become(ARMING)
            self.tell("arming")

    def _turn_standby_key(self, _value: str) -> None:
        self.stand_by("panel")

    def _turn_key(self, value: str) -> None:
        self.key_on = value == "on"
        self.tell("key_on" if self.key_on else "key_off")
        if not self.key_on:
            self.lock("key")

    def _turn_emergency_stop(self, value: str) -> None:
        self.estop = value == "pressed"
        if self.estop:
            self.fail(0)

    def _turn_fault(self, value: str) -> None:
        self.fail(int(value))

    def _turn_clear_key(self, _value: str) -> None:
        if self.state == FAULT and not self.estop:
            for fault in self.faults:
                self.tell("fault_cleared", fault)
            self.faults = {}
            self._become(LOCKED)
            self.tell("locked", REASONS["fault"])

    def _turn_interlock_1(self, value: str) -> None:
        self._interlock(1, closed=value == "closed")

    def _turn_interlock_2(self, value: str) -> None:
        self._interlock(2, closed=value == "closed")

    def _interlock(self, number: int, *, closed: bool) -> None:
        self.interlocks[number] = closed
        self.tell("interlock_closed" if closed else "interlock_opened", number)
        if not closed:
            self.reset_required = True
            self.stand_by("interlock")
            self.end_check()

    def _turn_reset_key(self, _value: str) -> None:
        if self.reset_required and all(self.interlocks.values()):
            self.reset_required = False
            self.tell("reset")

    def _turn_service(self, value: str) -> None:
        if value == "enter" and self.state == LOCKED:
            self._become(SERVICE)
            self.tell("service_entered")
        elif self.state == SERVICE:
            self._become(LOCKED)
            self.tell("service_left")

    def _turn_accept_key(self, _value: str) -> None:
        self.accept_key_ms = self.now

    def _turn_permit_key(self, value: str) -> None:
        self.keys[0] = (bytes.fromhex(value), "room 1")

    def _turn_tip(self, value: str) -> None:
        self.tip = "" if value == "none" else value
        self.block.tip, self.proposal = self.tip, None
        self.tell("tip_changed")
        self.stand_by("tip")

    def _turn_handpiece(self, value: str) -> None:
        self.handpiece, self.proposal = int(value), None
        self.block.handpiece = f"HP-{value}" if self.handpiece else ""
        self.tell("handpiece_changed", self.handpiece)
        self.stand_by("tip")

    def _turn_panel_energy(self, value: str) -> None:
        if self.state in LIVE:
            self.stand_by("panel")
            return
        self.block.values[settings.ENERGY], self.proposal = int(value), None
        self.tell("settings_changed", 1)

    def _turn_well(self, value: str) -> None:
        part, _, well = value.partition(":")
        self.well[part] = well == "yes"

    def slot_of(self, wanted: bytes) -> bytes | None:
        """Give the public key with this key_id, or None."""
        held = [public for public, _label in filter(None, self.keys) if key_id(public) == wanted]
        return held[0] if held else None
