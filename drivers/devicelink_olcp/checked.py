"""What a console tells of an energy check: each pulse as it was set, and as its port measured it.

Source of every fact: `docs/protocols/olcp.md`.
"""

from __future__ import annotations

from devicelink.console import CheckedPulse
from devicelink_olcp.frames import CHECK_PULSES_MAX
from devicelink_olcp.payload import Payload, decimal_text

_MJ_PLACES = 3


def checked(told: bytes) -> tuple[CheckedPulse, ...]:
    """What CHECK_END was answered; raises `ProtocolError`."""
    payload = Payload(told, "what it measured in the energy check")
    count = payload.number(1)
    if count > CHECK_PULSES_MAX:
        raise payload.unreadable("it tells of more pulses than a check has")
    return tuple(_pulse(payload) for _ in range(count))


def _pulse(payload: Payload) -> CheckedPulse:
    set_uj, measured_uj = payload.number(4), payload.known(4)
    measured = None if measured_uj is None else decimal_text(measured_uj, _MJ_PLACES)
    return CheckedPulse(decimal_text(set_uj, _MJ_PLACES), measured)
