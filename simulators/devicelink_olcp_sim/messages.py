"""Every message by its code: its name, its shortest payload, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from devicelink_olcp_sim import doing, errors, telling
from devicelink_olcp_sim.errors import NotTaken
from devicelink_olcp_sim.states import BOOT, SELF_TEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink_olcp_sim.console import Console
    from devicelink_olcp_sim.said import Said

STATUS = 0x03


class Message(NamedTuple):
    """One message; of `PERMIT` the page tells errors of its own for what is too short."""

    name: str
    shortest: int
    take: Callable[[Console, bytes], Said]


MESSAGES: Mapping[int, Message] = {
    0x01: Message("IDENT", 0, telling.ident),
    0x02: Message("CAPS", 0, telling.caps),
    STATUS: Message("STATUS", 0, telling.status),
    0x04: Message("TIME", 0, telling.time),
    0x05: Message("CHALLENGE", 0, doing.challenge),
    0x06: Message("PERMIT", 0, doing.permit),
    0x07: Message("BEAT", 48, doing.beat),
    0x08: Message("STANDBY", 0, doing.standby),
    0x09: Message("READY_REQUEST", 0, doing.ready_request),
    0x0A: Message("SETTINGS_READ", 0, telling.settings_read),
    0x0B: Message("SETTINGS_PROPOSE", 1, doing.settings_propose),
    0x0C: Message("SETTINGS_COMMIT", 36, doing.settings_commit),
    0x0D: Message("TIP", 0, telling.tip),
    0x0E: Message("COUNTERS", 0, telling.counters),
    0x0F: Message("EVENTS_READ", 9, telling.events_read),
    0x10: Message("EVENTS_ACK", 8, doing.events_ack),
    0x11: Message("REPORTS_READ", 9, telling.reports_read),
    0x12: Message("SELFTEST", 0, telling.selftest),
    0x13: Message("CHECK_BEGIN", 1, doing.check_begin),
    0x14: Message("CHECK_END", 0, doing.check_end),
    0x15: Message("FAULTS", 0, telling.faults),
    0x16: Message("KEYS_LIST", 0, telling.keys_list),
    0x17: Message("KEYS_ADD", 34, doing.keys_add),
}
_EARLY = frozenset({"IDENT", "STATUS"})
_TESTING = _EARLY | {"SELFTEST"}


def take(console: Console, code: int, payload: bytes) -> Said:
    """What comes of a request; raises `NotTaken`."""
    message = MESSAGES.get(code)
    if message is None:
        raise NotTaken(errors.UNKNOWN_MESSAGE)
    if len(payload) < message.shortest:
        raise NotTaken(errors.MALFORMED)
    early = console.state == BOOT and message.name not in _EARLY
    if early or (console.state == SELF_TEST and message.name not in _TESTING):
        raise NotTaken(errors.BAD_STATE)
    return message.take(console, payload)
