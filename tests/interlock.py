"""What the tests of the relay's driver and of its simulator share: the vectors beside its page."""

from __future__ import annotations

import json
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "protocols" / "interlock.md"
VECTORS = json.loads((PAGE.parent / "interlock-vectors.json").read_text())
EXCHANGES = [
    (step["send"], step["reply"])
    for dialogue in VECTORS["dialogues"]
    for step in dialogue["steps"]
    if step["reply"]
]
"""Everything that is sent in the vectors and answered, with the answer."""


def crc(text: bytes) -> str:
    """CRC-16/CCITT-FALSE bit by bit, as the page tells it; neither side's own."""
    register = 0xFFFF
    for byte in text:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ (0x1021 if register & 0x8000 else 0)) & 0xFFFF
    return f"{register:04X}"


def command(text: str) -> bytes:
    """A whole command."""
    return f">{text}*{crc(text.encode())}\n".encode()
