"""For each driver: one of its questions, and what a laser answers to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink_interlock.frames import MARKER_TAG, checksum, frame
from devicelink_olcp.frames import Code, Frame

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


def _console() -> Asked:
    """STATUS of a console in STANDBY, byte for byte from the protocol's vectors."""
    page = Path(__file__).parent.parent / "docs/protocols/olcp-vectors.json"
    told = {each["name"]: each for each in json.loads(page.read_text())["exchanges"]}
    asked = told["STATUS, in STANDBY"]
    question, answer = (bytes.fromhex(asked[side]["wire"]) for side in ("request", "answer"))
    marker = Frame(Code.TIME, 1), Frame(Code.TIME | 0x80, 1, bytes(24))
    return Asked("olcp", question, answer, {marker[0].encoded(): marker[1].encoded()})


_RELAY = b"ID FFFF INTERLOCK/1 IR-0042 1.0 1000 40"
ROP = Asked("ipg", b"ROP\r", b"ROP: 12.4\r", {b"RFV\r": b"RFV: 1.0\r"})
ASKED = (
    Asked(
        "bigsky",
        b"$062WOR\r\n",
        b"\r\nI 0 F 0 S 0 Q 0",
        {b"$062SN\r\n": b"\r\ns/number    062"},
        {"serial": "062"},
    ),
    Asked("uc2000", b"\x7e", bytes.fromhex("aa a8 32 00 00 25")),
    ROP,
    Asked(
        "nkt",
        bytes.fromhex("0d 01 a2 04 66 65 ec 0a"),
        bytes.fromhex("0d a2 01 08 66 02 00 5e 4a 53 0a"),
        {bytes.fromhex("0d 01 a1 04 66 3c bc 0a"): bytes.fromhex("0d a1 01 08 66 02 00 c4 b3 0a")},
    ),
    _console(),
    Asked(
        "interlock",
        b">STATUS 0002*596F\n",
        b"<STATUS 0002 7F2C OFF OPEN 0 POWER NONE*78D0\n",
        {frame("ID", MARKER_TAG): b"<" + _RELAY + b"*" + checksum(_RELAY) + b"\n"},
    ),
    Asked("ophir", b"$EF\r\n", b"*0\r\n", {b"$VE\r\n": b"*EA1.06\r\n"}),
)
