"""The messages that change something: each is looked at, refused or done, and then told."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from devicelink_olcp_sim import errors, logs
from devicelink_olcp_sim.admission import judge
from devicelink_olcp_sim.errors import NotTaken
from devicelink_olcp_sim.host import GOOD_FOR_MS
from devicelink_olcp_sim.inputs import SLOTS
from devicelink_olcp_sim.permit import ENERGY_CHECK
from devicelink_olcp_sim.said import Said, status_after
from devicelink_olcp_sim.states import LOCKED, PERMITTED, SERVICE, STANDBY

if TYPE_CHECKING:
    from devicelink_olcp_sim.console import Console

_BEAT = Struct("<QQ32s")
_CHANGE = Struct("<BI")
_CHECKED = Struct("<II")
_COMMIT = Struct("<I32s")
_NUMBER = Struct("<Q")
_KEY = Struct("<B32s")
_MOST_CHECKED = 20
_LONGEST_LABEL = 40


def challenge(console: Console, _payload: bytes) -> Said:
    """A nonce for one permit; the one before is void."""
    nonce = console.host.challenged(console.now_ns)
    told = nonce + console.boot_id + GOOD_FOR_MS.to_bytes(4, "little")
    return Said(lambda: told)


def permit(console: Console, payload: bytes) -> Said:
    """LOCKED to STANDBY; every refusal is an event."""
    permit = judge(console, payload)
    if isinstance(permit, int):
        console.note(logs.PERMIT_REFUSED, permit)
        raise NotTaken(permit)
    ends_ms = console.clock_ms + permit.duration_s * 1000
    told = permit.permit_id + ends_ms.to_bytes(8, "little") + permit.lease_ms.to_bytes(2, "little")
    return Said(lambda: told, lambda: console.accept(permit))


def beat(console: Console, payload: bytes) -> Said:
    """The lease is fresh again, for a host that reads."""
    host = console.host
    nonce, last_event, settings_id = _BEAT.unpack_from(payload)
    if console.state not in PERMITTED:
        raise NotTaken(errors.BAD_STATE)
    if console.permit is None:
        raise NotTaken(errors.NO_PERMIT)
    if nonce != host.nonce_told:
        raise NotTaken(errors.STALE_NONCE)
    if not host.events_told <= last_event + 1 <= console.memory.events.next:
        raise NotTaken(errors.EVENTS_UNREAD)
    if settings_id != console.settings.settings_id:
        raise NotTaken(errors.SETTINGS_DIFFER)

    def deed() -> None:
        host.renew(console.now_ns)
        console.beaten_with = settings_id
        console.settle()

    return status_after(console, deed)


def standby(console: Console, _payload: bytes) -> Said:
    """No light, and no lease; harmless where there is none."""

    def deed() -> None:
        console.stand_by(logs.BY_STANDBY)
        console.host.lease_ends_ns = None
        console.settle()

    return status_after(console, deed)


def ready_request(console: Console, _payload: bytes) -> Said:
    """The question stands on the screen for ten seconds."""
    if console.inputs.remote_ready == "off":
        raise NotTaken(errors.NOT_CAPABLE)
    if console.state != STANDBY:
        raise NotTaken(errors.BAD_STATE)

    def deed() -> None:
        console.host.ask(console.now_ns)
        console.settle()

    return status_after(console, deed)


def settings_propose(console: Console, payload: bytes) -> Said:
    """What would come of some values."""
    settings = console.settings
    if console.inputs.settings_authority == "panel":
        raise NotTaken(errors.NOT_CAPABLE)
    count, listed = payload[0], payload[1:]
    if len(listed) < count * _CHANGE.size:
        raise NotTaken(errors.MALFORMED)
    pairs = list(_CHANGE.iter_unpack(listed[: count * _CHANGE.size]))
    changes = dict(pairs)
    if len(changes) < len(pairs):
        raise NotTaken(errors.MALFORMED)
    if not changes.keys() <= settings.in_force().keys():
        raise NotTaken(errors.UNKNOWN_PARAMETER)
    values = settings.proposed(changes)
    if values is None:
        raise NotTaken(errors.OUT_OF_RANGE)
    block = settings.block_of(values)
    settings_id = settings.id_of(block)
    number = console.host.propose(settings_id, values)
    told = number.to_bytes(4, "little") + settings_id + block
    return Said(lambda: told)


def settings_commit(console: Console, payload: bytes) -> Said:
    """The last proposal into force."""
    number, settings_id = _COMMIT.unpack_from(payload)
    proposal = console.host.proposal
    if console.inputs.settings_authority == "panel":
        raise NotTaken(errors.NOT_CAPABLE)
    if console.state not in {LOCKED, STANDBY}:
        raise NotTaken(errors.BAD_STATE)
    if proposal is None or proposal.number != number:
        raise NotTaken(errors.UNKNOWN_PROPOSAL)
    if proposal.settings_id != settings_id:
        raise NotTaken(errors.SETTINGS_DIFFER)
    if console.permit and not console.settings.within(console.permit, proposal.values):
        raise NotTaken(errors.LIMITS)

    def deed() -> None:
        console.host.proposal = None
        console.emission.tube.forget()
        console.settings.put(proposal.values)
        console.note(logs.SETTINGS_CHANGED, 0)
        console.settle()

    return Said(lambda: console.settings.settings_id + console.settings.block, deed)


def events_ack(console: Console, payload: bytes) -> Said:
    """The host has these events."""
    (through,) = _NUMBER.unpack_from(payload)
    events = console.memory.events
    if through >= events.next:
        raise NotTaken(errors.MALFORMED)

    def deed() -> None:
        events.seen = max(events.seen, through)

    return Said(lambda: _NUMBER.pack(through), deed)


def check_begin(console: Console, payload: bytes) -> Said:
    """At most so many pulses, each alone; a check before it is over."""
    most = payload[0]
    if not 1 <= most <= _MOST_CHECKED:
        raise NotTaken(errors.MALFORMED)
    if console.state != STANDBY:
        raise NotTaken(errors.BAD_STATE)
    if console.permit is None or console.permit.kind != ENERGY_CHECK:
        raise NotTaken(errors.LIMITS)

    def deed() -> None:
        console.end_check()
        console.host.begin_check(most, console.settings.settings_id)
        console.note(logs.CHECK_BEGUN, most)
        console.settle()

    return status_after(console, deed)


def check_end(console: Console, _payload: bytes) -> Said:
    """What the calibration port measured; the READY key is dead from then on."""
    host = console.host
    finishing = console.emission.shot is not None
    if console.state != STANDBY or host.check_left is None or finishing:
        raise NotTaken(errors.BAD_STATE)

    def told() -> bytes:
        listed = b"".join(
            _CHECKED.pack(set_uj, logs.UNKNOWN_32 if measured_uj is None else measured_uj)
            for set_uj, measured_uj in host.checked
        )
        return bytes([len(host.checked)]) + listed

    def deed() -> None:
        console.end_check()
        console.settle()

    return Said(told, deed)


def keys_add(console: Console, payload: bytes) -> Said:
    """A public key, by the hand of somebody who pressed ACCEPT KEY."""
    slot, key = _KEY.unpack_from(payload)
    label = payload[_KEY.size + 1 : _KEY.size + 1 + payload[_KEY.size]]
    if slot >= SLOTS or len(label) != payload[_KEY.size] or len(label) > _LONGEST_LABEL:
        raise NotTaken(errors.MALFORMED)
    if console.state != SERVICE:
        raise NotTaken(errors.BAD_STATE)
    if not console.keys.accepted(console.now_ns):
        raise NotTaken(errors.LOCAL_ACT_MISSING)
    if not console.keys.free(slot):
        raise NotTaken(errors.SLOT_USED)

    def deed() -> None:
        console.keys.add(slot, key, label)
        console.note(logs.KEY_ADDED, slot)

    return Said(console.keys.listed, deed)
