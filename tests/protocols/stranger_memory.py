"""What the console of docs/protocols/olcp.md keeps: names of events, a permit, a stamp."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.protocols import stranger_wire as wire

if TYPE_CHECKING:
    from tests.protocols.stranger_permit import Permit

EVENTS = wire.numbered(
    """
    boot self_test_passed self_test_failed permit_accepted permit_refused permit_ended
    arming ready standby locked lease_lost arming_failed interlock_opened interlock_closed
    reset emergency_stop key_off key_on fault fault_cleared settings_changed tip_changed
    handpiece_changed scan_aborted service_entered service_left service_pulses key_added
    check_begun check_ended events_lost reports_lost
    """
)
REASONS = wire.numbered(
    """
    none footswitch lease interlock lock standby fault permit panel key emergency_stop tip
    idle condition
    """,
    start=0,
)


@dataclass
class Running:
    """A permit that holds."""

    permit: Permit
    ends_ms: int
    pulses: int = 0


@dataclass
class Stamp:
    """One pulse or scan that is being made."""

    began_ms: int
    first_pulse: int
    spots: int
    stack: int
    energies: list[int]

    @property
    def planned(self) -> int:
        """How many pulses it will have."""
        return self.spots * self.stack

    def report(self, number: int, reason: str, set_uj: int, *, is_scan: bool) -> bytes:
        """Write its report, but for the settings and the permit at its end."""
        made, total = len(self.energies), sum(self.energies)
        complete, delivered = made == self.planned, made // self.stack
        least, most, mean, spread = (wire.NOTHING_32,) * 4
        if made:
            least, most, mean = min(self.energies), max(self.energies), total // made
            spread = math.isqrt(sum((e * made - total) ** 2 for e in self.energies) // made**3)
        last = self.first_pulse + made - 1
        head = struct.pack("<QBBB", number, 2 if is_scan else 1, not complete, REASONS[reason])
        head += struct.pack("<QQQ", self.began_ms, self.first_pulse, last)
        head += struct.pack("<IIIQ", self.spots, delivered, set_uj, total)
        head += struct.pack("<IIIIH", mean, least, most, spread, 0)
        return head + struct.pack("<I", wire.NOTHING_32 if complete else delivered)
