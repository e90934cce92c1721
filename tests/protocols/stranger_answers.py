"""What the console of docs/protocols/olcp.md answers: one method for each message."""

from __future__ import annotations

import secrets
import struct

from tests.protocols import stranger_permit as permits
from tests.protocols import stranger_settings as settings
from tests.protocols import stranger_wire as wire
from tests.protocols.stranger_console import LIVE
from tests.protocols.stranger_memory import Running
from tests.protocols.stranger_panel import Panel
from tests.protocols.stranger_wire import EMITTING, LOCKED, READY, SERVICE, STANDBY, Fields, string

LEASE_MIN_MS, LEASE_MAX_MS, GOOD_FOR_MS, ACCEPT_KEY_MS = 300, 2000, 60_000, 30_000
CAN = 0b1111110


class Refused(Exception):
    """The console answers with an error; the argument is its name."""


class AnsweringConsole(Panel):
    """The console with its ear and mouth."""

    lease_min_ms = LEASE_MIN_MS

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.receiver = wire.Receiver()

    def hear(self, data: bytes) -> bytes:
        """Take bytes from the line, and give what is said to them."""
        said = b""
        for heard in self.receiver.feed(data):
            self.tick()
            if heard == wire.LOCK:
                self.lock()
                said += wire.encode(wire.LOCK_ANSWER, 0, self.status())
            else:
                said += self.answer(heard)
        return said

    def answer(self, frame: wire.Frame) -> bytes:
        """Give the frame that answers a frame."""
        try:
            payload = self._dispatch(frame)
        except Refused as refused:
            error = wire.ERROR_NUMBER[str(refused)]
            return wire.encode(wire.ERROR_CODE, frame.seq, bytes((frame.code, error, self.state)))
        return wire.encode(frame.code | 0x80, frame.seq, payload)

    def _dispatch(self, frame: wire.Frame) -> bytes:
        if frame.version != 1:
            raise Refused("unsupported_version")
        name = wire.MESSAGES.get(frame.code)
        if name is None:
            raise Refused("unknown_message")
        always = ("STATUS", "IDENT", "STANDBY", "SELFTEST")
        if self.state in (wire.BOOT, wire.SELF_TEST) and name not in always:
            raise Refused("bad_state")
        try:
            return getattr(self, f"_say_{name.lower()}")(Fields(frame.payload))
        except (wire.TooShort, UnicodeDecodeError):
            raise Refused("malformed") from None

    # --- what it is

    def _say_ident(self, _fields: Fields) -> bytes:
        names = (self.serial, "Stranger", "Model S", "1.0", "(01)04000000000000(21)" + self.serial)
        return b"".join(map(string, names)) + self.boot_id + struct.pack("<I", self.boot_count)

    def _say_caps(self, _fields: Fields) -> bytes:
        head = struct.pack(
            "<BIHHBHBB", 0, CAN, self.lease_min_ms, LEASE_MAX_MS, 1, 10_600, 1, self.handpiece
        )
        listed = (
            struct.pack("<BIII", number, *of) for number, of in sorted(self.ranges.of.items())
        )
        return head + bytes((len(self.ranges.of),)) + b"".join(listed)

    def inputs(self) -> int:
        """Give the sensed bits."""
        shutter_open = self.state in (READY, EMITTING)
        live = self.state in LIVE
        bits = (
            self.footswitch,
            self.key_on,
            self.interlocks[1],
            self.interlocks[2],
            not self.estop,
            self.reset_required,
            shutter_open,
            shutter_open,
            self.stamp is not None,
            live and self.well["aiming"],
            self.well["cooling"],
            live and self.well["indicator"],
            self.well["scanner"],
            bool(self.tip and self.handpiece),
            False,
            self.check is not None,
        )
        return sum(bool(bit) << place for place, bit in enumerate(bits))

    def status(self) -> bytes:
        """Give a STATUS payload with a nonce of its own."""
        self.status_nonce, self.status_next = secrets.token_bytes(8), self.next_event
        head = (
            struct.pack("<BHIQ", self.state, 1, self.now - self.since, self.now) + self.status_nonce
        )
        head += struct.pack("<IH", self.permit_left, self.lease_left) + self.block.id
        head += struct.pack(
            "<HHhhBI", self.inputs(), 0xFFFF, 300, 290, self.handpiece, self.tip_uses
        )
        faults = sum(1 << fault for fault in self.faults)
        return head + struct.pack("<QQQI", self.pulses, self.next_event, self.next_report, faults)

    def _say_status(self, _fields: Fields) -> bytes:
        return self.status()

    def _say_time(self, _fields: Fields) -> bytes:
        return self.boot_id + struct.pack("<Q", self.now)

    def _say_tip(self, _fields: Fields) -> bytes:
        kind = 1 if self.tip else 0
        head = (
            bytes((self.handpiece,))
            + string(self.block.handpiece)
            + bytes((kind,))
            + string(self.tip)
        )
        return head + struct.pack("<IHI", self.tip_uses, self.block.values[settings.SPOT], 50_000)

    def _say_counters(self, _fields: Fields) -> bytes:
        thrown = self.receiver.thrown_away
        life = (self.pulses, self.scans, self.energy_uj // 1000, self.emission_us // 1000)
        return struct.pack("<QQQQII", *life, self.boot_count, thrown)

    def _say_selftest(self, _fields: Fields) -> bytes:
        return b"\x09" + b"".join(bytes((test, 0)) for test in range(1, 10))

    def _say_faults(self, _fields: Fields) -> bytes:
        listed = (struct.pack("<BQI", fault, since, 0) for fault, since in self.faults.items())
        return bytes((len(self.faults),)) + b"".join(listed)

    # --- permit and lease

    def _say_challenge(self, _fields: Fields) -> bytes:
        self.challenge = (secrets.token_bytes(16), self.now)
        return self.challenge[0] + self.boot_id + struct.pack("<I", GOOD_FOR_MS)

    def _say_permit(self, fields: Fields) -> bytes:
        try:
            permit = self._check_permit(fields.rest())
        except Refused as refused:
            self.tell("permit_refused", wire.ERROR_NUMBER[str(refused)])
            raise
        self.running = Running(permit, self.now + 1000 * permit.duration_s)
        self._become(STANDBY)
        self.tell("permit_accepted", permit.permit_id[:4])
        return permit.permit_id + struct.pack("<QH", self.running.ends_ms, permit.lease_ms)

    def _check_permit(self, data: bytes) -> permits.Permit:
        self._first(
            (self.state != LOCKED, "bad_state"),
            (not self.key_on, "key_off"),
            (not all(self.interlocks.values()), "interlock_open"),
            (self.reset_required, "reset_required"),
        )
        try:
            permit = permits.read(data)
        except permits.BadPermit:
            raise Refused("bad_permit") from None
        public = self.slot_of(permit.key_id)
        if public is None:
            raise Refused("unknown_key")
        if not permits.signed_by(data, public):
            raise Refused("bad_signature")
        challenge, used = self.challenge, permit.nonce == self.used_nonce
        known = challenge is not None and challenge[0] == permit.nonce
        if known:
            self.used_nonce, self.challenge = permit.nonce, None
        self._first(
            (permit.device_serial != self.serial, "wrong_device"),
            (permit.boot_id != self.boot_id, "wrong_boot"),
            (used, "nonce_used"),
            (not known, "nonce_unknown"),
            (known and self.now - challenge[1] > GOOD_FOR_MS, "nonce_expired"),
            (not self.lease_min_ms <= permit.lease_ms <= LEASE_MAX_MS, "lease_out_of_range"),
            (not (self.handpiece and self.tip), "no_tip"),
            (self.handpiece not in permit.handpieces, "limits"),
            (permits.exceeds(permit, self.block.values), "limits"),
        )
        return permit

    @staticmethod
    def _first(*looked_at: tuple[bool, str]) -> None:
        for wrong, error in looked_at:
            if wrong:
                raise Refused(error)

    def _say_beat(self, fields: Fields) -> bytes:
        nonce, last_event, settings_id = fields.raw(8), fields.number(8), fields.raw(32)
        self._first(
            (self.state not in (STANDBY, *LIVE), "bad_state"),
            (self.running is None, "no_permit"),
            (nonce != self.status_nonce, "stale_nonce"),
            (not self.status_next - 1 <= last_event < self.next_event, "events_unread"),
            (settings_id != self.block.id, "settings_differ"),
        )
        self.lease_until = self.now + self.running.permit.lease_ms
        self.beat_settings = settings_id
        return self.status()

    def _say_standby(self, _fields: Fields) -> bytes:
        self.stand_by("standby")
        self.lease_until = 0.0
        return self.status()

    def _say_ready_request(self, _fields: Fields) -> bytes:
        raise Refused("not_capable")

    # --- settings

    def _say_settings_read(self, _fields: Fields) -> bytes:
        return self.block.id + self.block.to_bytes()

    def _say_settings_propose(self, fields: Fields) -> bytes:
        asked = [(fields.number(1), fields.number(4)) for _ in range(fields.number(1))]
        if len(dict(asked)) != len(asked):
            raise Refused("malformed")
        values = dict(self.block.values)
        try:
            for number, value in asked:
                values[number] = self.ranges.settle(number, value)
        except settings.Refused as refused:
            raise Refused(str(refused)) from None
        block = settings.Block(
            values, self.block.handpiece, self.block.tip, self.block.configuration
        )
        self.proposals += 1
        self.proposal = (self.proposals, block)
        return struct.pack("<I", self.proposals) + block.id + block.to_bytes()

    def _say_settings_commit(self, fields: Fields) -> bytes:
        number, settings_id = fields.number(4), fields.raw(32)
        self._first(
            (self.state not in (LOCKED, STANDBY), "bad_state"),
            (self.proposal is None or self.proposal[0] != number, "unknown_proposal"),
            (self.proposal is not None and self.proposal[1].id != settings_id, "settings_differ"),
        )
        block = self.proposal[1]
        if self.running and permits.exceeds(self.running.permit, block.values):
            raise Refused("limits")
        self.block, self.proposal = block, None
        self.tell("settings_changed", 0)
        return self._say_settings_read(fields)

    # --- memory

    def _say_events_read(self, fields: Fields) -> bytes:
        start, most = fields.number(8), fields.number(1)
        if not 1 <= most <= 20:
            raise Refused("malformed")
        most = min(most, 18)  # twenty do not fit into a payload of 504 bytes
        kept = self.events[max(0, start - self.first_event) :][:most]
        return struct.pack("<QQB", self.first_event, self.next_event, len(kept)) + b"".join(kept)

    def _say_events_ack(self, fields: Fields) -> bytes:
        through = fields.number(8)
        if through >= self.next_event:
            raise Refused("malformed")
        self.acknowledged = max(self.acknowledged, through)
        return struct.pack("<Q", through)

    def _say_reports_read(self, fields: Fields) -> bytes:
        start, most = fields.number(8), fields.number(1)
        if not 1 <= most <= 4:
            raise Refused("malformed")
        kept = self.reports[max(0, start - self.first_report) :][:most]
        return struct.pack("<QQB", self.first_report, self.next_report, len(kept)) + b"".join(kept)

    # --- energy check and keys

    def _say_check_begin(self, fields: Fields) -> bytes:
        at_most = fields.number(1)
        self._first(
            (not 1 <= at_most <= 20, "malformed"),
            (self.state != STANDBY, "bad_state"),
            (
                self.running is None or self.running.permit.kind != permits.KINDS["energy_check"],
                "limits",
            ),
        )
        self.end_check()
        self.check, self.check_at_most, self.check_settings = [], at_most, self.block.id
        self.tell("check_begun", at_most)
        return self.status()

    def _say_check_end(self, _fields: Fields) -> bytes:
        if self.check is None or self.state != STANDBY:
            raise Refused("bad_state")
        made = self.check
        self.end_check()
        return bytes((len(made),)) + b"".join(struct.pack("<II", *pulse) for pulse in made)

    def _say_keys_list(self, _fields: Fields) -> bytes:
        listed = b""
        for held in self.keys:
            listed += b"\x01" + permits.key_id(held[0]) + string(held[1]) if held else bytes(10)
        return listed

    def _say_keys_add(self, fields: Fields) -> bytes:
        slot, public, label = fields.number(1), fields.raw(32), fields.string()
        self._first(
            (slot > 7 or len(label.encode()) > 40, "malformed"),
            (self.state != SERVICE, "bad_state"),
            (self.now - self.accept_key_ms > ACCEPT_KEY_MS, "local_act_missing"),
            (self.keys[slot] is not None if slot < 8 else False, "slot_used"),
        )
        self.keys[slot] = (public, label)
        self.tell("key_added", slot)
        return self._say_keys_list(fields)
