"""Dialogues with a laser: the list of what is sent and what comes back is the test."""

from __future__ import annotations

import contextlib

from devicelink.link.link import EnableToken, Link
from devicelink.link.transcript import NoTranscript
from devicelink_ipg import Ipg

MARKER = ("RFV", "RFV: 1.0.103")
"""Every link begins by making sure that no older reply is on the wire."""


class Clock:
    """Virtual time, as far as a link needs it."""

    ns = 0

    def mono_ns(self):
        """Now."""
        return self.ns

    def sleep(self, seconds, until=None):
        """Time passes."""
        self.ns += round(seconds * 1e9)
        return False


class Scripted:
    """A port that knows its part: each frame in its turn, each reply once; None is silence."""

    def __init__(self, clock, pairs):
        self.clock, self.pairs, self.unread = clock, list(pairs), b""

    def write(self, data):
        """It has to be the next line of the script, with nothing left unread before it."""
        assert self.unread == b"", f"{self.unread!r} was not read before {data!r} was sent"
        assert self.pairs, f"{data!r} was sent after the end of the script"
        sent, reply = self.pairs.pop(0)
        assert data == sent.encode() + b"\r"
        if reply is not None:
            self.unread = reply.encode("latin-1") + b"\r"

    def read(self, within_s, until=None):
        """What was answered, or the time passes."""
        heard, self.unread = self.unread, b""
        if not heard:
            self.clock.ns += round(within_s * 1e9)
        return heard


@contextlib.contextmanager
def dialogue(*pairs, driver=None):
    """A link over the script; unread replies and pairs that were left over fail."""
    clock = Clock()
    port = Scripted(clock, [MARKER, *pairs])
    yield Link(port, (driver or Ipg({})).wire, clock, NoTranscript())
    assert port.unread == b"", f"never read: {port.unread!r}"
    assert port.pairs == [], f"never sent: {port.pairs}"


def token():
    """The token of a durable intent."""
    return EnableToken(step="ready", entry_index=7)
