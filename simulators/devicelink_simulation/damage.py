"""What faults of the wire do to the bytes of one exchange, towards the device and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_simulation.faults import garbage_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink_simulation.faults import Exchange


def arriving(command: bytes, exchange: Exchange) -> bytes:
    """What reaches the device of a command, its end included; empty where it is lost."""
    struck = exchange.faults
    if "lost_command" in struck:
        return b""
    if "mangled_command" in struck:
        return _another_byte(command, struck["mangled_command"])
    return command


def leaving(
    reply: bytes, due_ns: int, struck: Mapping[str, Mapping[str, str]]
) -> list[tuple[int, bytes]]:
    """What comes of a reply, in pieces, each with the time at which it leaves, in order."""
    if "drop" in struck:
        return []
    if "corrupt" in struck:
        reply = _another_byte(reply, struck["corrupt"])
    if "truncate" in struck:
        reply = reply[: min(int(struck["truncate"]["keep"], 0), max(0, len(reply) - 1))]
    if "duplicate" in struck:
        reply += reply
    if "garbage" in struck:
        reply = garbage_bytes(struck["garbage"]) + reply
    if "delay" in struck:
        due_ns += nanoseconds(float(struck["delay"]["seconds"]))
    if "split" in struck:
        gap_ns = nanoseconds(float(struck["split"]["gap"]))
        return [(due_ns + at * gap_ns, reply[at : at + 1]) for at in range(len(reply))]
    return [(due_ns, reply)]


def _another_byte(data: bytes, parameters: Mapping[str, str]) -> bytes:
    if not data:
        return data
    at = int(parameters["position"], 0) % len(data)
    value = int(parameters["value"], 0)
    changed = value if value != data[at] else value ^ 1
    return data[:at] + bytes([changed]) + data[at + 1 :]
