"""A made-up laser with a serial number and, where asked for, checksums: its driver and its port."""

from __future__ import annotations

from devicelink.driver import DeviceState, Evidence, Identity, LockReading, Shown, Status
from devicelink.errors import NoReply, ProtocolError
from devicelink.link.framing import CommandClass, split_lines
from devicelink.link.link import Link
from devicelink.recordings.file import Head, Recording
from devicelink.recordings.playing import VirtualTime
from devicelink.recordings.recording import Recorder, record

SERIAL = "LX4711b"


def summed(body):
    """A reply with its checksum."""
    return body + b"*%02X" % (sum(body) % 256)


class Wire:
    """`?X` asks, `!X` enables; a reply repeats the letter. With `checks`, replies end in `*HH`."""

    longest_reply = 80
    latest_reply_s = 0.3
    frame_break = b"\r"
    marker = b"?M\r"

    def __init__(self, *, checks=False):
        self.checks = checks

    def classify(self, frame):
        """By the first letter."""
        return {b"?": CommandClass.QUERY, b"!": CommandClass.ENABLES}.get(
            frame[:1], CommandClass.FORBIDDEN
        )

    def split(self, received, sent=b""):
        """Carriage returns."""
        return split_lines(received, b"\r")

    def may_grow_s(self, sent, reply):
        """Never."""
        return 0.0

    def answers(self, frame, reply):
        """The letter, and the checksum."""
        fits = reply[:1] == frame[1:2]
        return fits and (not self.checks or summed(reply[:-3]) == reply)

    def marker_replies(self, received):
        """Whole ones."""
        return received.count(b"M=1\r") + received.count(summed(b"M=1") + b"\r")


class SealingWire(Wire):
    """One that offers to put checksums right."""

    def resealed(self, stream):
        """Each whole line anew."""
        lines, rest = split_lines(stream, b"\r")
        return b"".join(summed(line[:-3]) + b"\r" for line in lines) + rest


class Toy:
    """The driver: identity `S`, status `T` (a number), the rest says that it is not there."""

    def __init__(self, wire=None, *, within_s=0.2):
        self.wire = wire or Wire()
        self.within_s = within_s

    def ask(self, link, letter):
        """The value of a letter."""
        reply = link.exchange(b"?" + letter + b"\r", within_s=self.within_s)
        return reply[2:].partition(b"*")[0].decode()

    def identify(self, link):
        """By its serial number."""
        return Identity(serial=self.ask(link, b"S"), model="Toy", firmware="1")

    def read_status(self, link):
        """A counter; no reply counts as none."""
        try:
            counter = int(self.ask(link, b"T"))
        except NoReply:
            counter = None
        return Status(
            state=DeviceState.STANDBY,
            evidence=Evidence.DEVICE_STATE,
            interlock_closed=Shown.UNKNOWN,
            key_on=Shown.UNKNOWN,
            faults=(),
            reset_required=False,
            unexpected_emission=False,
            control_pressed=Shown.UNKNOWN,
            output_seen=Shown.UNKNOWN,
            counter=counter,
            measured={},
            words={},
        )

    def bounds(self, link):
        """None."""
        return {}

    def read_effective(self, link, settings):
        """Not on this wire."""
        raise ProtocolError(f"The laser {SERIAL} has no settings.")

    def read_lock(self, link):
        """By the status."""
        return LockReading(
            confirmed=True, evidence=Evidence.DEVICE_STATE, words={"T": self.ask(link, b"T")}
        )


class Port:
    """Answers each frame with its pieces: seconds after the frame, and bytes."""

    def __init__(self, clock, answers):
        self.clock, self.answers, self.due, self.sent = clock, dict(answers), [], []

    def write(self, data):
        """Take a frame."""
        self.sent.append(data)
        self.due += [
            (self.clock.ns + round(s * 1e9), piece) for s, piece in self.answers.get(data, [])
        ]

    def read(self, within_s, until=None):
        """The next piece, or the time passes."""
        deadline = self.clock.ns + round(within_s * 1e9)
        if self.due and self.due[0][0] <= deadline:
            at, piece = self.due.pop(0)
            self.clock.ns = max(self.clock.ns, at)
            return piece
        self.clock.ns = deadline
        return b""


ANSWERS = {
    b"?M\r": [(0.01, b"M=1\r")],
    b"?S\r": [(0.01, b"S=LX4"), (0.02, b"711b\r")],
    b"?T\r": [(0.01, b"T=1042\r")],
}
CHECKED = {
    frame: [(0.01, summed(body) + b"\r")]
    for frame, body in ((b"?M\r", b"M=1"), (b"?S\r", b"S=LX4711b"), (b"?T\r", b"T=1042"))
}


def recorded(answers=None, driver=None):
    """A recording of the toy in virtual time."""
    driver, clock = driver or Toy(), VirtualTime()
    port, recorder = Port(clock, ANSWERS if answers is None else answers), Recorder(clock)
    link = Link(port, driver.wire, clock, recorder)
    return Recording(head(), record(link, driver, recorder))


def head(**more):
    """Of a toy's recording."""
    told = {"driver": "toy", "distribution": "toys", "version": "1", "configuration": {}}
    return Head(source="port", **{**told, **more})
