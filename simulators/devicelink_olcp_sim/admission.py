"""Whether a permit is accepted: looked at in the page's order, the first error that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_olcp_sim import causes
from devicelink_olcp_sim import errors as error
from devicelink_olcp_sim.host import GOOD_FOR_MS
from devicelink_olcp_sim.permit import read_permit
from devicelink_olcp_sim.states import LOCKED

if TYPE_CHECKING:
    from devicelink_olcp_sim.console import Console
    from devicelink_olcp_sim.host import Challenge
    from devicelink_olcp_sim.permit import Permit

_MS = 1_000_000


def judge(console: Console, data: bytes) -> Permit | int:
    """The permit in these bytes, or the error; up to its signature nothing is used up."""
    inputs = console.inputs
    for is_so, number in (
        (console.state != LOCKED, error.BAD_STATE),
        (inputs.key == "off", error.KEY_OFF),
        (causes.interlocked(inputs), error.INTERLOCK_OPEN),
        (console.reset_required, error.RESET_REQUIRED),
    ):
        if is_so:
            return number
    permit = read_permit(data)
    if permit is None:
        return error.BAD_PERMIT
    key = console.keys.named(permit.key_id)
    if key is None:
        return error.UNKNOWN_KEY
    if not permit.signed_by(key):
        return error.BAD_SIGNATURE
    challenge = console.host.challenge
    console.host.use_up(permit.nonce)
    for wrong in (_of_another(console, permit, challenge), _not_here(console, permit)):
        if wrong is not None:
            return wrong
    return permit


def _of_another(console: Console, permit: Permit, challenge: Challenge | None) -> int | None:
    """What is wrong where it is for another device, boot or challenge."""
    if permit.serial != console.inputs.serial.encode():
        return error.WRONG_DEVICE
    if permit.boot_id != console.boot_id:
        return error.WRONG_BOOT
    if challenge is None or challenge.nonce != permit.nonce:
        return error.NONCE_UNKNOWN
    if challenge.used:
        return error.NONCE_USED
    expired = console.now_ns - challenge.at_ns > GOOD_FOR_MS * _MS
    return error.NONCE_EXPIRED if expired else None


def _not_here(console: Console, permit: Permit) -> int | None:
    """What is wrong where this console as it is now cannot do what it allows."""
    inputs, settings = console.inputs, console.settings
    if not inputs.lease_min_ms <= permit.lease_ms <= inputs.lease_max_ms:
        return error.LEASE_OUT_OF_RANGE
    if not settings.tip_fits:
        return error.NO_TIP
    return None if settings.within(permit, settings.in_force()) else error.LIMITS
