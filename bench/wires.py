"""For each driver: one of its questions, and what a laser answers to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Asked:
    """A driver, the question of its that is measured, and what a far end answers."""

    driver: str
    question: bytes
    answer: bytes
    answers: Mapping[bytes, bytes] = field(default_factory=dict)
    """To other questions, the marker above all."""
    configuration: Mapping[str, str] = field(default_factory=dict)


ROP = Asked("ipg", b"ROP\r", b"ROP: 12.4\r", {b"RFV\r": b"RFV: 1.0\r"})
ASKED = (ROP,)
