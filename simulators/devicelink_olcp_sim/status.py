"""The STATUS payload, sampled now."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from devicelink_olcp_sim import causes
from devicelink_olcp_sim.logs import UNKNOWN_32

if TYPE_CHECKING:
    from devicelink_olcp_sim.console import Console

_STATUS = Struct("<BHIQQIH32sHHhhBIQQQI")
NONCE = slice(15, 23)
_MS = 1_000_000
_MOST_LEASE_MS = 0xFFFE
_ALL_SENSED = 0xFFFF
_INTERLOCK_2, _SCANNER = 1 << 3, 1 << 12


def status(console: Console, nonce: int) -> bytes:
    """All 102 bytes, with that nonce."""
    host, now_ns, memory = console.host, console.now_ns, console.memory
    permit_ms = lease_ms = 0
    if console.permit is not None:
        permit_ms = _left_ms(host.permit_ends_ns, now_ns)
        if host.lease_ends_ns is not None:
            lease_ms = min(_left_ms(host.lease_ends_ns, now_ns), _MOST_LEASE_MS)
    return _STATUS.pack(
        console.state,
        console.inputs.sensed_age_ms,
        min((now_ns - console.since_ns) // _MS, UNKNOWN_32 - 1),
        console.clock_ms,
        nonce,
        permit_ms,
        lease_ms,
        console.settings.settings_id,
        _inputs(console),
        _sensed(console),
        round(console.laser.heat.at(now_ns) * 10),
        round(console.handpiece.heat.at(now_ns) * 10),
        console.settings.handpiece,
        console.inputs.tip_uses_left if console.inputs.tip != "none" else 0,
        memory.counters.pulses,
        memory.events.next,
        memory.reports.next,
        _faults(console),
    )


def _left_ms(end_ns: int, now_ns: int) -> int:
    """Never 0 before it is over."""
    return max(0, -(-(end_ns - now_ns) // _MS))


def _inputs(console: Console) -> int:
    inputs, emission = console.inputs, console.emission
    shutter, host = emission.shutter, console.host
    indicator = console.indicator_on and inputs.indicator == "well"
    sees = inputs.emission_sensor == "well"
    return (
        (inputs.footswitch == "pressed")
        | (inputs.key == "on") << 1
        | (inputs.interlock_1 == "closed") << 2
        | (inputs.interlock_2 == "closed" and inputs.second_interlock == "fitted") << 3
        | (inputs.estop == "released") << 4
        | console.reset_required << 5
        | shutter.ordered << 6
        | shutter.sensed(inputs) << 7
        | (emission.shines and sees) << 8
        | causes.aiming_sensed(console) << 9
        | (inputs.cooling != "lost") << 10
        | indicator << 11
        | (inputs.scanner != "stuck") << 12
        | console.settings.tip_fits << 13
        | (host.asked_until_ns is not None) << 14
        | (host.check_left is not None) << 15
    )


def _sensed(console: Console) -> int:
    sensed = _ALL_SENSED
    if console.inputs.second_interlock == "missing":
        sensed &= ~_INTERLOCK_2
    if not console.settings.personality.scanner:
        sensed &= ~_SCANNER
    return sensed


def _faults(console: Console) -> int:
    return sum(1 << fault for fault in console.faults)
