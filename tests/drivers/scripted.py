"""A port of bytes that knows its part, in virtual time: what a driver says is the test."""

from __future__ import annotations

import contextlib

from devicelink.link.link import EnableToken, Link
from devicelink.link.transcript import NoTranscript
from tests.drivers.dialogues import Clock


class Script:
    """Each frame in its turn, each reply once: bytes, pieces as (delay in s, bytes), or None."""

    def __init__(self, clock, pairs):
        self.clock, self.pairs, self.due = clock, list(pairs), []

    def write(self, data):
        """It has to be the next line of the script."""
        assert self.pairs, f"{data!r} was sent after the end of the script"
        sent, reply = self.pairs.pop(0)
        assert data == sent, f"{data!r} was sent, {sent!r} was to come"
        pieces = [(0, reply)] if isinstance(reply, bytes) else reply or []
        self.due += [(self.clock.ns + round(delay * 1e9), piece) for delay, piece in pieces]

    def read(self, within_s, until=None):
        """The next piece that is due in time, or the time passes."""
        limit = self.clock.ns + round(within_s * 1e9)
        self.due.sort(key=lambda piece: piece[0])
        if self.due and self.due[0][0] <= limit:
            at_ns, piece = self.due.pop(0)
            self.clock.ns = max(self.clock.ns, at_ns)
            return piece
        self.clock.ns = limit
        return b""


class Babble:
    """A port that answers each frame with whatever comes next; the marker is answered."""

    def __init__(self, clock, replies, marker):
        self.clock, self.replies, self.unread = clock, list(replies), []
        self.marker, self.marked = marker

    def write(self, data):
        """The next answer falls due."""
        if data == self.marker:
            self.unread.append(self.marked)
        elif self.replies:
            self.unread.append(self.replies.pop(0))

    def read(self, within_s, until=None):
        """One piece, or the time passes."""
        if self.unread:
            return self.unread.pop(0)
        self.clock.ns += round(within_s * 1e9)
        return b""


@contextlib.contextmanager
def scripted(driver, *pairs):
    """A link over the script; unread replies and pairs that were left over fail."""
    clock = Clock()
    port = Script(clock, pairs)
    yield Link(port, driver.wire, clock, NoTranscript())
    assert port.due == [], f"never read: {port.due}"
    assert port.pairs == [], f"never sent: {port.pairs}"


def token(step="ready"):
    """The token of a durable intent."""
    return EnableToken(step=step, entry_index=7)


def bytewise(reply, *, each_s=0.001, after_s=0.0):
    """A reply that comes byte by byte."""
    return [(after_s + each_s * n, bytes([byte])) for n, byte in enumerate(reply)]
