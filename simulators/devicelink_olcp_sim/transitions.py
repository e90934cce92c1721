"""What leads from one state to another by itself; the first line that fits counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_olcp_sim import causes, logs
from devicelink_olcp_sim.states import ARMING, EMITTING, READY

if TYPE_CHECKING:
    from devicelink_olcp_sim.console import Console

_S = 1_000_000_000
ARMING_NS, GIVE_UP_NS, IDLE_NS = 2 * _S, 10 * _S, 300 * _S


def follow(console: Console) -> None:
    """Bring the state into line with what holds now; faults have been looked at."""
    _ends(console)
    _arming(console)
    _footswitch(console)


def _ends(console: Console) -> None:
    """What leads to LOCKED, and then what leads to STANDBY."""
    host, now_ns = console.host, console.now_ns
    if console.permit is not None:
        if console.inputs.key == "off":
            console.lock(logs.BY_KEY)
        elif host.permit_ends_ns <= now_ns or host.pulses_left <= 0:
            console.lock(logs.BY_PERMIT)
    if causes.interlocked(console.inputs):
        console.reset_required = True
        console.stand_by(logs.BY_INTERLOCK)
        console.end_check()
    if host.lease_ends_ns is not None and host.lease_ends_ns <= now_ns:
        if console.uncut_lease(now_ns):
            host.renew(now_ns)
        else:
            host.lease_ends_ns = None
            console.stand_by(logs.BY_LEASE, logs.LEASE_LOST)
    if not console.settings.tip_fits:
        console.stand_by(logs.BY_TIP)
    if host.check_left is not None and host.check_settings != console.settings.settings_id:
        console.end_check()
    if host.check_left == 0:
        console.stand_by(logs.IN_ORDER)
    if console.state == READY and console.lit_ns + IDLE_NS <= now_ns:
        console.stand_by(logs.BY_IDLE)
    if host.asked_until_ns is not None and host.asked_until_ns <= now_ns:
        host.asked_until_ns = None


def _arming(console: Console) -> None:
    """READY after two seconds in which all held; STANDBY after ten in which it did not."""
    if console.state != ARMING:
        console.good_from_ns = None
    elif console.inputs.footswitch == "pressed":
        console.stand_by(logs.BY_FOOTSWITCH, logs.ARMING_FAILED)
    elif not causes.may_be_ready(console):
        console.good_from_ns = None
    elif console.good_from_ns is None:
        console.good_from_ns = console.now_ns
    elif console.now_ns >= console.good_from_ns + ARMING_NS:
        console.go(READY)
        console.lit_ns = console.now_ns
        console.note(logs.READIED)
    if console.state == ARMING and console.now_ns >= console.since_ns + GIVE_UP_NS:
        console.stand_by(logs.BY_CONDITION, logs.ARMING_FAILED)


def _footswitch(console: Console) -> None:
    """A released one ends EMITTING, and what one press makes; a fresh press begins it."""
    if console.state != EMITTING:
        return
    console.lit_ns = console.now_ns
    if console.inputs.footswitch == "released":
        console.emission.abort(logs.BY_FOOTSWITCH, console.now_ns, console.clock_ms)
        console.go(READY)
    elif console.emission.spent:
        console.go(READY)
