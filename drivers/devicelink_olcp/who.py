"""Who a console says it is.

Source of every fact: `docs/protocols/olcp.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_olcp.payload import Payload


@dataclass(frozen=True, slots=True)
class Who:
    """The answer to IDENT."""

    serial: str
    maker: str
    model: str
    firmware: str
    udi: str
    boot_id: bytes
    boot_count: int

    @classmethod
    def read(cls, payload: Payload) -> Who:
        """Raises `ProtocolError`, also where it tells no serial number."""
        serial, maker, model, firmware, udi = (payload.text() for _ in range(5))
        if not serial.strip():
            raise payload.unreadable("it has no serial number")
        return cls(serial, maker, model, firmware, udi, payload.take(16), payload.number(4))
