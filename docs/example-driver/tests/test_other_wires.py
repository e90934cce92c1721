"""What the Aurora does not need, and your laser may: a binary wire, and READY in two steps.

The wire: `AA`, how many bytes stand before the CRC (1 to 16), command, data, CRC-16. A reply has
the command with its highest bit set, and `00` (done) or why not before its data. In your packages
driver and simulator share nothing of it.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

import pytest
from devicelink.driver import EnableToken
from devicelink.errors import DeviceFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.driver import WireLink

IDENT, STATUS, SHUTTER, ARM, SAFE = 0x01, 0x02, 0x21, 0x22, 0x30
OPENING, OPEN, STUCK = b"\x02", b"\x03", b"\x07"
FRAME_BREAK = b"\x55" * 20  # more than any half frame lacks; 55 is no start, length or checksum


def frame(command: int, data: bytes = b"") -> bytes:
    """`frames.py`: a command with its length and checksum."""
    body = bytes([1 + len(data), command]) + data
    return b"\xaa" + body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


def is_whole(piece: bytes) -> bool:
    """`frames.py`: whether this is one frame and nothing else."""
    return len(piece) > 4 and piece == frame(piece[2], piece[3:-2])


def split(received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:
    """`frames.py`: garbage is a piece of its own, never dropped here: the link has to see it."""
    pieces, rest = [], received
    while rest:
        size = 0 if rest[0] != 0xAA else 2 if len(rest) < 2 else rest[1] + 4
        if 2 <= size <= 20 and size > len(rest):
            break  # it may yet become a frame
        if not is_whole(rest[:size]):
            size = rest.find(b"\xaa", 1) if b"\xaa" in rest[1:] else len(rest)
        pieces.append(rest[:size])
        rest = rest[size:]
    return pieces, rest


def marker_replies(received: bytes) -> int:
    """`frames.py`: looked for at every place, since a false start may hide the true one."""
    found = (received[at : at + 4 + length] for at, length in enumerate(received[1:]))
    return sum(is_whole(piece) and piece[2] == IDENT | 0x80 for piece in found)


def value_of(reply: bytes) -> bytes:
    """`frames.py`: what a reply tells; raises `DeviceFault` for a refusal."""
    if reply[3:4] != b"\x00":
        raise DeviceFault(f"The laser refused: it said {reply.hex()}.")
    return reply[4:-2]


def ready(link: WireLink, token: EnableToken) -> bool:
    """`driver.py`: SHUTTER; and ARM in a later call, when the shutter says that it is open."""
    if not token.sent(frame(SHUTTER)):
        value_of(link.exchange(frame(SHUTTER), within_s=0.2, token=token))
        return False
    state = value_of(link.exchange(frame(STATUS), within_s=0.2))
    if state == OPENING:
        return False
    if state != OPEN:
        raise DeviceFault(f"The shutter was to open; the laser says {state.hex()}.")
    value_of(link.exchange(frame(ARM), within_s=0.2, token=token))
    return True


class Frames:
    """`device.py` of the simulator: what `cutter()` returns. `answer` judges the checksum."""

    def __init__(self) -> None:
        self._rest = b""

    def __len__(self) -> int:
        """How many bytes have come of a frame that is not whole."""
        return len(self._rest)

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Every frame that is complete now; what begins none is passed over."""
        for value in data:
            self._rest += bytes([value])
            if len(self._rest) == 2 and not 1 <= value <= 16:
                self._rest = self._rest[1:]
            if self._rest[0] != 0xAA:
                self._rest = b""
            elif len(self._rest) > 1 and len(self._rest) == self._rest[1] + 4:
                whole, self._rest = self._rest, b""
                yield whole

    def forget(self) -> None:
        """The laser restarts."""
        self._rest = b""


class Laser:
    """A link to a laser that says one state after the other."""

    def __init__(self, *states: bytes) -> None:
        self.states = list(states)
        self.sent: list[int] = []

    def exchange(self, said: bytes, *, within_s: float, token: EnableToken | None = None) -> bytes:
        """As the true link: a token lets each frame out once."""
        if token is not None:
            token.spend(said)
        self.sent.append(said[2])
        state = self.states.pop(0) if said[2] == STATUS else b""
        return frame(said[2] | 0x80, b"\x00" + state)

    def wait(self, seconds: float) -> None:
        """`ready` never waits."""
        raise AssertionError(seconds)


def test_a_refusal_is_raised() -> None:
    """A reply is no consent."""
    with pytest.raises(DeviceFault):
        value_of(frame(ARM | 0x80, b"\x03"))


def test_ready_goes_on_under_its_token() -> None:
    """Each enabling frame once, the second when the laser says so, and never after a fault."""
    laser, token = Laser(OPENING, OPEN), EnableToken(step="ready", entry_index=1)
    assert [ready(laser, token) for _ in range(3)] == [False, False, True]
    assert laser.sent == [SHUTTER, STATUS, STATUS, ARM]
    laser, token = Laser(STUCK), EnableToken(step="ready", entry_index=2)
    assert not ready(laser, token)
    with pytest.raises(DeviceFault):
        ready(laser, token)
    assert ARM not in laser.sent


def test_garbage_is_told_and_replies_are_found() -> None:
    """Whatever stands before, and however the bytes come."""
    reply = frame(0x82, OPEN)
    assert split(b"\x00\xaa\x55" + reply + reply[:3], b"") == (
        [b"\x00", b"\xaa\x55", reply],
        reply[:3],
    )
    assert split(frame(0x82, OPEN)[:-1] + b"\x00", b"")[0] == [reply[:-1] + b"\x00"]
    assert marker_replies(b"\xaa\x10" + frame(0x81, b"K7") + reply) == 1


def test_the_frame_break_completes_no_half_frame() -> None:
    """Cut anywhere: what comes of it is no frame, and the lock that follows is one."""
    for whole in (frame(SHUTTER), frame(ARM), frame(0x10, bytes(15))):
        for cut in range(len(whole)):
            heard = list(Frames().cut(whole[:cut] + FRAME_BREAK + frame(SAFE)))
            assert [piece for piece in heard if is_whole(piece)] == [frame(SAFE)], cut
