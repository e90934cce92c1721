"""A laser console after docs/protocols/olcp.md alone: its states, its light and its memory."""

from __future__ import annotations

import math
import secrets
import struct
from typing import TYPE_CHECKING

from tests.protocols import stranger_settings as settings
from tests.protocols import stranger_wire as wire
from tests.protocols.stranger_memory import EVENTS, REASONS, Running, Stamp
from tests.protocols.stranger_permit import KINDS, exceeds
from tests.protocols.stranger_wire import ARMING, EMITTING, FAULT, LOCKED, READY, STANDBY

if TYPE_CHECKING:
    from collections.abc import Callable

LIT = (READY, EMITTING)
LIVE = (ARMING, READY, EMITTING)
ARMING_TAKES_MS, ARMING_GIVES_UP_MS, IDLE_MS, SPOT_MS = 2000, 10_000, 300_000, 2.5
KEPT_EVENTS, KEPT_REPORTS = 10_000, 1000


class Console:
    """All that the console is; `tick` lets its time pass."""

    def __init__(
        self, clock_ms: Callable[[], float], serial: str = "ST-0001", boot_id: bytes | None = None
    ) -> None:
        self._clock = clock_ms
        self._began = clock_ms()
        self.serial, self.boot_count = serial, 1
        self.boot_id = boot_id or secrets.token_bytes(16)
        self.state, self.since = wire.BOOT, 0
        self.footswitch, self.fresh_press, self.key_on, self.estop = False, False, True, False
        self.interlocks = {1: True, 2: True}
        self.reset_required = False
        self.well = {"cooling": True, "aiming": True, "indicator": True, "scanner": True}
        self.handpiece, self.tip = 1, "TIP-0001"
        self.tip_uses = 2000
        self.faults: dict[int, int] = {}
        self.keys: list[tuple[bytes, str] | None] = [None] * 8
        self.accept_key_ms = -math.inf
        self.challenge: tuple[bytes, int] | None = None
        self.used_nonce = b""
        self.running: Running | None = None
        self.lease_until = 0.0
        self.status_nonce, self.status_next, self.beat_settings = b"", 0, b""
        self.proposal: tuple[int, settings.Block] | None = None
        self.proposals = 0
        self.check: list[tuple[int, int]] | None = None
        self.check_at_most, self.check_settings = 0, b""
        self.events: list[bytes] = []
        self.first_event, self.acknowledged = 1, 0
        self.reports: list[bytes] = []
        self.first_report = 1
        self.pulses, self.scans, self.energy_uj, self.emission_us = 1000, 10, 0, 0
        self.stamp: Stamp | None = None
        self.next_stamp_ms = 0.0
        self.good_since = 0
        self.block = settings.Block(
            {
                1: 10_000,
                2: 400,
                3: 0,
                4: 1,
                5: 1,
                6: 10_000,
                7: 200,
                8: 1,
                9: 120,
                10: 10_600,
                12: 40,
            },
            "HP-0001",
            self.tip,
            secrets.token_bytes(8),
        )
        fixed = {number: (value, value, 0) for number, value in self.block.values.items()}
        self.ranges = settings.Ranges(
            {
                **fixed,
                1: (5000, 50_000, 500),
                3: (0, 2000, 500),
                4: (0, 1, 1),
                7: (25, 500, 25),
                8: (1, 3, 1),
            }
        )

    # --- time and memory

    @property
    def now(self) -> int:
        """Milliseconds since power-up."""
        return int(self._clock() - self._began)

    @property
    def next_event(self) -> int:
        """The number that the next event will get."""
        return self.first_event + len(self.events)

    @property
    def next_report(self) -> int:
        """The number that the next report will get."""
        return self.first_report + len(self.reports)

    @property
    def lease_left(self) -> int:
        """Milliseconds that the lease has left; 0 where there is none."""
        return max(0, math.ceil(self.lease_until - self.now)) if self.running else 0

    @property
    def permit_left(self) -> int:
        """Milliseconds that the permit has left; 0 where there is none."""
        return max(0, self.running.ends_ms - self.now) if self.running else 0

    def tell(self, event: str, data: int | bytes = 0) -> None:
        """Write an event down; lost ones are told once, when the first is overwritten."""
        raw = data if isinstance(data, bytes) else struct.pack("<I", data)
        self.events.append(
            struct.pack("<QIQH", self.next_event, self.boot_count, self.now, EVENTS[event]) + raw
        )
        if len(self.events) > KEPT_EVENTS:
            unread = self.first_event > self.acknowledged
            self.events.pop(0)
            self.first_event += 1
            if unread and event != "events_lost":
                self.tell("events_lost", 1)

    def power_up(self) -> None:
        """Boot and test; both pass at once."""
        self.tell("boot", self.boot_count)
        self.tell("self_test_passed")
        self._become(LOCKED)
        self.tell("locked")

    # --- states

    def _become(self, state: int) -> None:
        if state != self.state:
            self.state, self.since, self.good_since = state, self.now, self.now

    def lock(self, reason: str = "lock") -> None:
        """Be dark; permit, lease and challenges end; LOCKED where the state knows it."""
        self._cut(reason)
        if reason == "lock":
            self.challenge = None
        self.end_check()
        self._end_permit(reason)
        if self.state in (STANDBY, *LIVE):
            self._become(LOCKED)
            self.tell("locked", REASONS[reason])

    def end_check(self) -> None:
        """End a check that is in progress; what it measured is void."""
        if self.check is not None:
            made, self.check = self.check, None
            self.tell("check_ended", len(made))

    @property
    def ready_key_is_dead(self) -> bool:
        """Whether an energy check would be made outside a check that has a pulse left."""
        is_check = self.running is not None and self.running.permit.kind == KINDS["energy_check"]
        return is_check and (self.check is None or len(self.check) >= self.check_at_most)

    def _end_permit(self, reason: str) -> None:
        self.lease_until = 0.0
        if self.running:
            self.running = None
            self.tell("permit_ended", REASONS[reason])

    def stand_by(self, reason: str) -> None:
        """Leave ARMING, READY or EMITTING for STANDBY."""
        if self.state not in LIVE:
            return
        self._cut(reason)
        was_arming = self.state == ARMING
        self._become(STANDBY)
        if reason == "lease":
            self.tell("lease_lost")
            self.end_check()
        else:
            self.tell("arming_failed" if was_arming else "standby", REASONS[reason])

    def fail(self, fault: int) -> None:
        """Latch a fault."""
        reason = "emergency_stop" if fault == 0 else "fault"
        self._cut(reason)
        self.end_check()
        self.faults.setdefault(fault, self.now)
        if fault == 0:
            self.tell("emergency_stop")
        self.tell("fault", fault)
        self._end_permit(reason)
        self._become(FAULT)

    def tick(self) -> None:
        """Let what time brings happen."""
        if self.running and self.now >= self.running.ends_ms:
            self.lock("permit")
        if self.state in LIVE and not self.lease_left:
            self.stand_by("lease")
        if self.check is not None and self.check_settings != self.block.id:
            self.end_check()
        if self.state == ARMING:
            self._arm()
        if self.state in LIT:
            self._shine()
        if self.state == READY and self.now - self.since >= IDLE_MS:
            self.stand_by("idle")

    def _arm(self) -> None:
        permit = self.running.permit
        if self.footswitch:
            self.stand_by("footswitch")
            return
        good = (
            self.well["indicator"]
            and self.well["aiming"]
            and self.well["cooling"]
            and self.beat_settings == self.block.id
            and self.handpiece in permit.handpieces
            and bool(self.tip)
            and not exceeds(permit, self.block.values)
        )
        if not good:
            self.good_since = self.now
        if self.now - self.good_since >= ARMING_TAKES_MS:
            self.fresh_press = False
            self._become(READY)
            self.tell("ready")
        elif self.now - self.since >= ARMING_GIVES_UP_MS:
            self.stand_by("condition")

    # --- light

    def _shine(self) -> None:
        if self.state == READY and self.footswitch and self.fresh_press:
            self.fresh_press = False
            self._become(EMITTING)
            self._begin_stamp()
        if self.state != EMITTING:
            return
        if self.stamp is None and self.now >= self.next_stamp_ms:
            self._begin_stamp()
        self._pulse_on()

    def _begin_stamp(self) -> None:
        values = self.block.values
        spots, stack = settings.planned_spots(values), values[settings.STACK]
        if self.check is not None:
            spots, stack = 1, 1
        self.stamp = Stamp(self.now, self.pulses + 1, spots, stack, [])
        rate = values[settings.RATE]
        self.next_stamp_ms = self.now + 1e6 / rate if rate else math.inf

    def _pulse_on(self) -> None:
        while self.stamp and self.now >= self.stamp.began_ms + len(self.stamp.energies) * SPOT_MS:
            stamp, set_uj = self.stamp, self.block.values[settings.ENERGY]
            energy = set_uj + set_uj * (len(stamp.energies) % 5 - 2) // 100
            stamp.energies.append(energy)
            self.pulses += 1
            self.energy_uj += energy
            self.emission_us += self.block.values[2]
            self.running.pulses += 1
            if self.check is not None:
                self.check.append((set_uj, energy))
            if len(stamp.energies) == stamp.planned:
                self._report("none")
                if self.next_stamp_ms == math.inf:
                    self._become(READY)
            if self.running.pulses >= self.running.permit.max_pulses:
                self.lock("permit")
            elif self.check is not None and len(self.check) >= self.check_at_most:
                self.stand_by("none")

    def _cut(self, reason: str) -> None:
        if self.stamp:
            self.tell("scan_aborted", len(self.stamp.energies) // self.stamp.stack)
            self._report(reason)

    def _report(self, reason: str) -> None:
        stamp, self.stamp = self.stamp, None
        is_scan = self.block.values[settings.MODE] == settings.SCAN and self.check is None
        self.scans += is_scan
        self.tip_uses -= 1
        set_uj = self.block.values[settings.ENERGY]
        report = stamp.report(self.next_report, reason, set_uj, is_scan=is_scan)
        self.reports.append(report + self.block.id[:8] + self.running.permit.permit_id[:8])
        if len(self.reports) > KEPT_REPORTS:
            self.reports.pop(0)
            self.first_report += 1
