"""One exchange at a time, over a scripted wire with virtual time."""

from __future__ import annotations

import contextlib

import pytest

from devicelink.errors import LinkLost, NoReply, ProtocolError, Stopped
from devicelink.link.framing import CommandClass, split_lines
from devicelink.link.link import EnableToken, Link
from devicelink.link.transcript import NoTranscript

BREAK = b"?\r"


class Wire:
    """A small line protocol: `Q*` asks, `OFF` reduces, `SET` prepares, `ON` enables, `KEEP` too."""

    longest_reply = 40
    latest_reply_s = 0.5
    frame_break = BREAK
    marker = b"QM\r"

    def classify(self, frame):
        """By first letters."""
        table = {b"Q": "query", b"OFF": "reduces", b"SET": "prepares", b"ON": "enables"}
        table |= {b"KEEP": "sustains"}
        for start, kind in table.items():
            if frame.startswith(start):
                return CommandClass(kind)
        return CommandClass.FORBIDDEN

    def split(self, received, sent):
        """Carriage returns."""
        return split_lines(received, b"\r")

    def may_grow_s(self, sent, reply):
        """Never."""
        return 0.0

    def answers(self, frame, reply):
        """A reply repeats its command."""
        return reply.startswith(frame.rstrip(b"\r"))

    def marker_replies(self, received):
        """Whole markers."""
        return received.count(b"QM:1\r")


class Clock:
    """Virtual time, as far as a link needs it."""

    def __init__(self):
        self.ns = 0

    def mono_ns(self):
        """Now."""
        return self.ns

    def sleep(self, seconds, until=None):
        """Time passes."""
        self.ns += round(seconds * 1e9)
        return bool(until and until.is_set())


class Flag:
    """A latch without threads."""

    def __init__(self):
        self.raised = False

    def set(self):
        """Raise it."""
        self.raised = True

    def is_set(self):
        """Whether it is up."""
        return self.raised


class Port:
    """Answers by a script: frame to list of (delay in s, bytes)."""

    def __init__(self, clock, script, default=()):
        self.clock, self.script, self.default = clock, script, default
        self.sent, self.due = [], []

    def write(self, data):
        """Note it, and let its answers fall due."""
        self.sent.append(data)
        answers = self.script.get(data, self.default)
        if answers and isinstance(answers[0], list):
            answers = answers.pop(0)
        self.due += [(self.clock.ns + round(delay * 1e9), reply) for delay, reply in answers]
        self.due.sort()

    def read(self, within_s, until=None):
        """The next bytes that are due in time."""
        if until is not None and until.is_set():
            return b""
        limit = self.clock.ns + round(within_s * 1e9)
        if self.due and self.due[0][0] <= limit:
            at, reply = self.due.pop(0)
            self.clock.ns = max(self.clock.ns, at)
            if isinstance(reply, Exception):
                raise reply
            return reply
        self.clock.ns = limit
        return b""

    def fileno(self):
        """None."""

    def close(self):
        """Nothing."""


def a_link(script, stop=None):
    """A link that starts sure: the marker answers at once."""
    clock = Clock()
    port = Port(clock, {b"QM\r": [(0, b"QM:1\r")], **script})
    link = Link(port, Wire(), clock, NoTranscript(), stop)
    return link, port, clock


def test_a_reply_comes_back():
    """A frame's own reply is returned."""
    link, port, _ = a_link({b"QA\r": [(0.01, b"QA:5\r")]})
    assert link.exchange(b"QA\r", within_s=0.2) == b"QA:5"
    assert port.sent == [b"QM\r", b"QA\r"]


def test_a_reply_may_come_byte_by_byte():
    """A reply split at every byte is put together."""
    pieces = [(0.001 * n, bytes([byte])) for n, byte in enumerate(b"QA:5\r")]
    link, _, _ = a_link({b"QA\r": pieces})
    assert link.exchange(b"QA\r", within_s=0.2) == b"QA:5"


def test_no_reply_ends_at_the_deadline():
    """Silence raises after the deadline and not later."""
    link, _, clock = a_link({})
    with pytest.raises(NoReply):
        link.exchange(b"QA\r", within_s=0.2)
    assert clock.ns == pytest.approx(0.2e9)


def test_a_late_reply_is_never_taken_for_the_next():
    """After a missed deadline the marker comes first, and what stands before it is dropped."""
    late = [[(0.3, b"QA:OLD\r")], [(0.01, b"QA:NEW\r")]]
    link, port, _ = a_link({b"QA\r": late, b"QM\r": [[(0, b"QM:1\r")], [(0.15, b"QM:1\r")]]})
    with pytest.raises(NoReply):
        link.exchange(b"QA\r", within_s=0.2)
    assert link.exchange(b"QA\r", within_s=0.2) == b"QA:NEW"
    assert port.sent == [b"QM\r", b"QA\r", b"QM\r", b"QA\r"]


def test_a_lost_marker_is_waited_for_and_then_asked_anew():
    """A marker that was not answered counts no more once its latest reply cannot come."""
    link, port, clock = a_link(
        {b"QA\r": [(0.01, b"QA:5\r")], b"QM\r": [[(0.4, b"QM:1\r")], [(0.1, b"QM:1\r")]]}
    )
    with pytest.raises(NoReply):
        link.exchange(b"QA\r", within_s=0.2)
    assert link.exchange(b"QA\r", within_s=0.2) == b"QA:5"
    assert clock.ns == pytest.approx(0.61e9)  # half a second for the first, 0.1 s, and the answer
    assert port.sent == [b"QM\r", b"QM\r", b"QA\r"]


def test_others_may_talk_while_a_marker_is_waited_for():
    """Where another host is never silent, a lost marker delays the next question by its latest."""
    link, port, clock = a_link({b"QA\r": [(0.001, b"QA:5\r")], b"QM\r": [[], [(0, b"QM:1\r")]]})
    port.due = [(n * 50_000_000, b"other\r") for n in range(200)]
    with pytest.raises(NoReply):
        link.exchange(b"QA\r", within_s=0.2)
    assert link.exchange(b"QA\r", within_s=0.2) == b"QA:5"
    assert clock.ns < 0.6e9


def test_unasked_bytes_make_the_link_unsure():
    """Bytes that were there before the question are dropped, and the marker is asked again."""
    link, port, clock = a_link({b"QA\r": [(0.01, b"QA:5\r")]})
    link.exchange(b"QA\r", within_s=0.2)
    port.due.append((clock.ns, b"QA:9\r"))
    assert link.exchange(b"QA\r", within_s=0.2) == b"QA:5"
    assert port.sent[2:] == [b"QM\r", b"QA\r"]


def test_garbage_without_end_is_refused():
    """More bytes than any reply has raise, and are dropped."""
    link, _, _ = a_link({b"QA\r": [(0, b"x" * 100)]})
    with pytest.raises(ProtocolError):
        link.exchange(b"QA\r", within_s=0.2)
    link2, _, _ = a_link({b"QA\r": [[(0, b"x" * 100)], [(0, b"QA:5\r")]]})
    with pytest.raises(ProtocolError):
        link2.exchange(b"QA\r", within_s=0.2)
    assert link2.exchange(b"QA\r", within_s=0.2) == b"QA:5"


def test_enabling_needs_a_token_and_happens_once():
    """An enabling frame is not sent without a durable intent's token, nor twice under one."""
    link, port, _ = a_link({b"ON\r": [(0, b"ON\r")]})
    with pytest.raises(ProtocolError, match="without a durable intent"):
        link.exchange(b"ON\r", within_s=0.2)
    token = EnableToken(step="ready", entry_index=5)
    link.exchange(b"ON\r", within_s=0.2, token=token)
    with pytest.raises(ProtocolError, match="repeat"):
        link.exchange(b"ON\r", within_s=0.2, token=token)
    assert port.sent.count(b"ON\r") == 1


def test_sustaining_needs_a_token_and_is_repeated_until_only_reducing_is_left():
    """What keeps READY alive leaves only under an intent's token, and never in a lockdown."""
    link, port, _ = a_link({b"KEEP\r": [(0, b"KEEP\r")]})
    with pytest.raises(ProtocolError, match="without a durable intent"):
        link.exchange(b"KEEP\r", within_s=0.2)
    token = EnableToken(step="ready", entry_index=5)
    for _ in range(3):
        link.exchange(b"KEEP\r", within_s=0.2, token=token)
    link.only_reduce()
    with pytest.raises(ProtocolError, match="Only locking"):
        link.exchange(b"KEEP\r", within_s=0.2, token=token)
    assert port.sent.count(b"KEEP\r") == 3


def test_forbidden_frames_are_never_sent():
    """What the driver's wire does not know as harmless does not leave."""
    link, port, _ = a_link({})
    with pytest.raises(ProtocolError, match="forbidden"):
        link.exchange(b"LASE ON POWER UP\r", within_s=0.2)
    assert port.sent == []


def test_after_only_reduce_nothing_else_is_sent():
    """In a lockdown only reducing commands and questions leave, token or not."""
    link, port, _ = a_link({b"OFF\r": [(0, b"OFF\r")], b"QA\r": [(0, b"QA:5\r")]})
    link.only_reduce()
    for frame in (b"SET\r", b"ON\r"):
        with pytest.raises(ProtocolError, match="Only locking"):
            link.exchange(frame, within_s=0.2, token=EnableToken(step="ready", entry_index=1))
    link.exchange(b"OFF\r", within_s=0.2)
    link.exchange(b"QA\r", within_s=0.2)
    assert port.sent == [b"OFF\r", b"QM\r", b"QA\r"]


def test_reducing_never_waits_to_be_sure():
    """A reducing command leaves at once, however unsure the link is."""
    link, port, _ = a_link({b"OFF\r": [(0, b"OFF\r")]})
    link.exchange(b"OFF\r", within_s=0.2)
    assert port.sent == [b"OFF\r"]


def test_a_stop_ends_the_wait_but_not_a_reducing_command():
    """With the stop set, questions raise at once and reducing commands still go out."""
    stop = Flag()
    link, port, clock = a_link({b"OFF\r": [(0.1, b"OFF\r")]}, stop)
    stop.set()
    with pytest.raises(Stopped):
        link.exchange(b"QA\r", within_s=5)
    assert clock.ns == 0
    assert link.exchange(b"OFF\r", within_s=0.2) == b"OFF"
    assert port.sent == [b"OFF\r"]


def test_a_lost_port_is_said_as_what_it_is():
    """An error of the port comes through as LinkLost."""
    link, _, _ = a_link({b"QA\r": [(0, LinkLost("gone"))]})
    with pytest.raises(LinkLost):
        link.exchange(b"QA\r", within_s=0.2)


class Chatter(Port):
    """A line that always has something to say, and never an answer."""

    def read(self, within_s, until=None):
        """A millisecond later."""
        self.clock.ns += 1_000_000
        assert self.clock.ns < 5e9, "the deadline ended nothing"
        return b"Z:9\r"


@pytest.mark.parametrize(
    ("act", "most_s"),
    [
        (lambda link: link.exchange(b"OFF\r", within_s=0.2), 0.21),
        (lambda link: link.exchange(b"QA\r", within_s=0.2), 0.21),
        (lambda link: link.open_with(b"OFF\r"), 0.06),
    ],
)
def test_a_line_that_never_falls_silent_ends_no_deadline(act, most_s):
    """An order is repeated, a question unanswered when it is time, not when it is quiet."""
    clock = Clock()
    link = Link(Chatter(clock, {}), Wire(), clock, NoTranscript())
    with contextlib.suppress(NoReply):
        act(link)
    assert clock.ns <= most_s * 1e9


class ShortWire(Wire):
    """Replies are two bytes, or three where a third comes soon; nothing marks one."""

    marker = None

    def split(self, received, sent):
        """Two or three bytes are a reply."""
        return ([received[:3]], received[3:]) if len(received) >= 2 else ([], received)

    def answers(self, frame, reply):
        """Anything does."""
        return True

    def may_grow_s(self, sent, reply):
        """Two bytes may become three."""
        return 0.05 if len(reply) == 2 else 0.0


def a_short_link(script):
    """A link whose wire has no marker, and its port and clock."""
    clock = Clock()
    port = Port(clock, script)
    return Link(port, ShortWire(), clock, NoTranscript()), port, clock


def test_a_reply_that_may_grow_is_waited_for():
    """A byte that comes soon after a whole reply belongs to it; later ones do not."""
    link, _, _ = a_short_link({b"QA\r": [(0.01, b"ab"), (0.04, b"c")]})
    assert link.exchange(b"QA\r", within_s=0.2) == b"abc"
    link, _, clock = a_short_link({b"QA\r": [(0.01, b"ab"), (0.09, b"c")]})
    assert link.exchange(b"QA\r", within_s=0.2) == b"ab"
    assert clock.ns == pytest.approx(0.56e9)  # half a second of silence first, then 60 ms


def test_without_a_marker_a_silence_makes_sure():
    """Where nothing can mark a reply, the link waits out the latest one before it asks again."""
    link, port, clock = a_short_link({b"QA\r": [[], [(0.01, b"xyz")]]})
    with pytest.raises(NoReply):
        link.exchange(b"QA\r", within_s=0.2)
    began = clock.ns
    assert link.exchange(b"QA\r", within_s=0.2) == b"xyz"
    assert clock.ns - began == pytest.approx(0.51e9)
    assert port.sent == [BREAK, b"QA\r", b"QA\r"]


def test_without_a_marker_the_first_question_ends_another_programs_half_frame():
    """Or it would be taken for the rest of it: on some wires any byte can be a value."""
    link, port, _ = a_short_link({b"QA\r": [[(0.01, b"xyz")], [(0.01, b"xyz")]]})
    link.exchange(b"QA\r", within_s=0.2)
    link.exchange(b"QA\r", within_s=0.2)
    assert port.sent == [BREAK, b"QA\r", b"QA\r"]


def test_a_line_that_is_never_silent_gives_up_soon():
    """Without a marker nothing can be believed on a line that talks on: `NoReply`, after 1 s."""
    link, port, clock = a_short_link({})
    port.due = [(n * 50_000_000, b"noise") for n in range(200)]
    with pytest.raises(NoReply, match="without end"):
        link.exchange(b"QA\r", within_s=0.2)
    assert clock.ns < 1.2e9
    assert port.sent == [BREAK]


def test_reducing_never_waits_for_a_silence():
    """A reducing command leaves at once, however unsure the link is."""
    link, port, clock = a_short_link({b"OFF\r": [(0.0, b"xyz")]})
    link.exchange(b"OFF\r", within_s=0.2)
    assert (port.sent, clock.ns) == ([b"OFF\r"], 0)
