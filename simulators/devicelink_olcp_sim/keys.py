"""The slots for public keys, and the hand that lets one be added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_olcp_sim.inputs import KEYS, SLOTS, read_key
from devicelink_olcp_sim.permit import key_id

if TYPE_CHECKING:
    from collections.abc import Mapping

_HAND_NS = 30_000_000_000


class Keys:
    """Eight slots; a console that is delivered has none in them."""

    __slots__ = ("_slots", "hand_ns")

    def __init__(self, values: Mapping[str, str]) -> None:
        self._slots: list[tuple[bytes, bytes] | None] = [None] * SLOTS
        self.hand_ns: int | None = None
        for name in KEYS:
            self.put(name, values[name])

    def put(self, name: str, value: str) -> None:
        """A knob's key into its slot, or none; raises `ConfigError`."""
        key, slot = read_key(name, value), KEYS.index(name)
        self._slots[slot] = None if key is None else (key, f"slot {slot}".encode())

    def add(self, slot: int, key: bytes, label: bytes) -> None:
        """Into a free slot, by the hand that is used up with it."""
        self._slots[slot] = (key, label)
        self.hand_ns = None

    def free(self, slot: int) -> bool:
        """Whether nothing is in it."""
        return self._slots[slot] is None

    def accepted(self, now_ns: int) -> bool:
        """Whether somebody pressed ACCEPT KEY within the last 30 s."""
        return self.hand_ns is not None and now_ns <= self.hand_ns + _HAND_NS

    def named(self, wanted: bytes) -> bytes | None:
        """The public key that a permit names."""
        known = (each[0] for each in self._slots if each is not None)
        return next((key for key in known if key_id(key) == wanted), None)

    def listed(self) -> bytes:
        """As KEYS_LIST tells them."""
        return b"".join(
            bytes(10)
            if each is None
            else b"\x01" + key_id(each[0]) + bytes([len(each[1])]) + each[1]
            for each in self._slots
        )
