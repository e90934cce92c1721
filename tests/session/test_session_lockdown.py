"""Taking light away: every way, strongest first, again and again, until it is read back."""

from __future__ import annotations

import pytest

from devicelink.driver import CommandClass, Evidence, LockReading, LockWay
from devicelink.errors import DeviceFault, LinkLost, NoReply, ProtocolError, Stopped
from devicelink.link.framing import split_lines
from devicelink.link.link import EnableToken, Link
from devicelink.link.transcript import NoTranscript
from devicelink.session.lockdown import LOCK_WITHIN_S, lock

STRONG = LockWay("emission_off", "Emission off.")
WEAK = LockWay("current_zero", "Current zero.")
DARK = LockReading(confirmed=True, evidence=Evidence.DEVICE_STATE, words={"STA": "0"})
LIT = LockReading(
    confirmed=False,
    evidence=Evidence.DEVICE_STATE,
    words={"STA": "4"},
    why_not="the laser reports emission on",
)


class Clock:
    """Virtual time; a stop that is set cuts no sleep short."""

    def __init__(self):
        self.ns = 5_000_000_000

    def mono_ns(self):
        """Now."""
        return self.ns

    def sleep(self, seconds, until=None):
        """Time passes."""
        self.ns += round(seconds * 1e9)
        return False


class Flag:
    """A stop that was pressed long ago."""

    def is_set(self):
        """Yes."""
        return True


class Declared:
    """What a lock needs of a declaration."""

    lock_ways = (STRONG, WEAK)
    lock_bytes = b"?\rOFF\rZERO\r"


class Acting:
    """A driver and its link in one: does what its script says and notes the order."""

    declaration = Declared

    def __init__(self, clock, *, reduces=lambda way, turn: None, reads=lambda turn: DARK):
        self.clock, self.reduces, self.reads = clock, reduces, reads
        self.story, self.turn = [], 0

    def only_reduce(self):
        """Part of a link."""
        self.story.append("only_reduce")

    def open_with(self, lock_bytes):
        """Part of a link."""
        assert lock_bytes == Declared.lock_bytes
        self.story.append("open_with")

    def doubt(self):
        """Part of a link."""
        self.story.append("doubt")

    def reduce(self, link, way):
        """Part of a driver."""
        assert link is self
        self.story.append(way.name)
        self.clock.ns += 1_000_000
        trouble = self.reduces(way, self.turn)
        if trouble:
            raise trouble

    def read_lock(self, link):
        """Part of a driver."""
        self.story.append("read_lock")
        self.clock.ns += 1_000_000
        self.turn += 1
        told = self.reads(self.turn)
        if isinstance(told, Exception):
            raise told
        return told


BEGUN = ["only_reduce", "open_with"]
ROUND = ["emission_off", "current_zero", "doubt", "read_lock"]


def run(**script):
    """Lock by this script; the outcome and the actor."""
    clock = Clock()
    acting = Acting(clock, **script)
    return lock(acting, acting, clock), acting


def test_every_way_is_tried_strongest_first_then_read_back():
    """All ways are tried in the declared order, also when the first one already worked."""
    outcome, acting = run()
    assert acting.story == [*BEGUN, *ROUND]
    assert outcome.confirmed
    assert outcome.why_not is None
    assert [attempt.way for attempt in outcome.attempts] == ["emission_off", "current_zero"]
    assert {attempt.answer for attempt in outcome.attempts} == {"acknowledged"}


def test_it_is_repeated_until_read_back():
    """Acknowledgements prove nothing: rounds go on until the device itself says that it is dark."""
    outcome, acting = run(reads=lambda turn: DARK if turn == 4 else LIT)
    assert acting.story == [*BEGUN, *ROUND * 4]
    assert outcome.confirmed
    assert outcome.tries == 8
    assert outcome.reading is DARK


def test_a_laser_that_stays_lit_is_not_confirmed():
    """After two seconds of trying the outcome says why not, with the last reading as it was."""
    outcome, acting = run(reads=lambda turn: LIT)
    assert not outcome.confirmed
    assert not outcome.port_lost
    assert outcome.why_not == "the laser reports emission on"
    assert outcome.reading is LIT
    lasted_s = (outcome.ended_ns - outcome.began_ns) / 1e9
    assert LOCK_WITHIN_S <= lasted_s < LOCK_WITHIN_S + 0.1
    assert acting.story.count("emission_off") == acting.story.count("current_zero") > 30


def test_the_record_of_a_long_fight_stays_small():
    """Twenty attempts are kept for the entry, and all are counted."""
    outcome, _ = run(reads=lambda turn: LIT)
    data = outcome.as_data()
    assert len(data["attempts"]) == 20
    assert data["tries"] > 60
    assert data["evidence"] == "device_state"
    assert data["words"] == {"STA": "4"}
    assert data["began_mono_ns"] == outcome.began_ns < outcome.ended_ns == data["ended_mono_ns"]
    times = [attempt["mono_ns"] for attempt in data["attempts"]]
    assert times == sorted(times)
    assert times[0] > outcome.began_ns


@pytest.mark.parametrize(
    "trouble",
    [
        DeviceFault("The laser refused EMOFF: 'ERR: Keyswitch in remote'."),
        NoReply("The device did not answer."),
        ProtocolError("Endless bytes."),
        Stopped("Stopped."),
    ],
)
def test_a_way_that_fails_keeps_no_other_from_being_tried(trouble):
    """A refusal or silence is noted with its sentence, and the next way is tried all the same."""
    outcome, acting = run(reduces=lambda way, turn: trouble if way is STRONG else None)
    assert acting.story == [*BEGUN, *ROUND]
    assert outcome.confirmed, "what counts is the read-back, not the refusal"
    assert [attempt.answer for attempt in outcome.attempts] == [str(trouble), "acknowledged"]


def test_a_silent_laser_is_not_confirmed():
    """Without a read-back nothing is confirmed, whatever was acknowledged."""
    outcome, _ = run(reads=lambda turn: NoReply("The device did not answer b'STA'."))
    assert not outcome.confirmed
    assert outcome.reading is None
    assert outcome.why_not == "The device did not answer b'STA'."
    assert outcome.as_data()["evidence"] is None


def test_a_lost_port_ends_it_at_once():
    """Where the port is gone nothing more can be tried: unconfirmed, without waiting on."""
    gone = LinkLost("The port is gone.")
    outcome, acting = run(reduces=lambda way, turn: gone, reads=lambda turn: gone)
    assert acting.story == [*BEGUN, *ROUND]
    assert (outcome.confirmed, outcome.port_lost) == (False, True)
    assert outcome.why_not == "The port is gone."


def test_a_port_lost_only_for_a_moment_is_tried_again():
    """Where the last way still goes through, the port is not given up."""
    gone = LinkLost("The port is gone.")
    outcome, _ = run(
        reduces=lambda way, turn: gone if way is STRONG and turn == 0 else None,
        reads=lambda turn: gone if turn == 1 else DARK,
    )
    assert outcome.confirmed
    assert outcome.tries == 4


@pytest.mark.parametrize("way", [STRONG, WEAK])
def test_a_round_in_which_an_order_did_not_leave_confirms_nothing(way):
    """A dark read-back counts only behind orders that all left; the round is repeated."""
    gone = LinkLost("The port is gone.")
    outcome, acting = run(reduces=lambda each, turn: gone if (each, turn) == (way, 0) else None)
    assert acting.story == [*BEGUN, *ROUND * 2]
    assert outcome.confirmed
    outcome, _ = run(reduces=lambda each, turn: gone if each is way else None)
    assert (outcome.confirmed, outcome.port_lost) == (False, False)
    assert outcome.why_not == f"the order {way.name} could not be sent"


@pytest.mark.parametrize("mistake", [ValueError("x"), KeyError("x"), AssertionError()])
def test_a_drivers_own_mistake_does_not_end_a_lock(mistake):
    """A driver that fails by a mistake of its own is noted; the other ways are still tried."""
    outcome, acting = run(reduces=lambda way, turn: mistake if way is STRONG else None)
    assert acting.story == [*BEGUN, *ROUND]
    assert outcome.confirmed
    assert "the driver failed" in outcome.attempts[0].answer
    outcome, _ = run(reads=lambda turn: mistake)
    assert not outcome.confirmed
    assert "the driver failed" in outcome.why_not


def test_whoever_waits_hears_before_each_order_and_each_read_back():
    """Whoever must stay alive meanwhile, such as the guard's owner, is called before each wait."""
    clock = Clock()
    acting = Acting(clock, reads=lambda turn: DARK if turn == 3 else LIT)
    lock(acting, acting, clock, alive=lambda: acting.story.append("beat"))
    reducing, reading = ROUND[:2], ROUND[2:]
    heard = [word for order in reducing for word in ("beat", order)] + ["beat", *reading]
    assert acting.story == [*BEGUN, *heard * 3]


class Wire:
    """`OFF` and `ZERO` reduce, `Q` asks, `QM` marks, `ON` enables, `SET` prepares."""

    longest_reply = 40
    latest_reply_s = 0.5
    frame_break = b"?\r"
    marker = b"QM\r"

    def classify(self, frame):
        """By the word."""
        known = {b"OFF\r": "reduces", b"ZERO\r": "reduces", b"Q\r": "query", b"QM\r": "query"}
        known |= {b"ON\r": "enables", b"SET\r": "prepares"}
        return CommandClass(known.get(frame, "forbidden"))

    def split(self, received, sent):
        """Carriage returns."""
        return split_lines(received, b"\r")

    def may_grow_s(self, sent, reply):
        """Never."""
        return 0.0

    def answers(self, frame, reply):
        """A reply repeats its command."""
        return reply.split(b":")[0] == frame.rstrip(b"\r") or reply == b"ERR"

    def marker_replies(self, received):
        """Whole markers."""
        return received.count(b"QM:1\r")


class Port:
    """Answers each frame at once by a table; the rest is silence."""

    def __init__(self, clock, table):
        self.clock, self.table, self.sent, self.unread = clock, table, [], b""

    def write(self, data):
        """Note and answer it."""
        self.sent.append(data)
        self.unread += self.table.get(data, b"")

    def read(self, within_s, until=None):
        """What is there, or the time passes."""
        if until is not None and until.is_set():
            return b""
        heard, self.unread = self.unread, b""
        if not heard:
            self.clock.ns += round(within_s * 1e9)
        return heard


class Plain:
    """A driver of that wire."""

    declaration = Declared

    def reduce(self, link, way):
        """`OFF` or `ZERO`."""
        order = b"OFF\r" if way is STRONG else b"ZERO\r"
        if link.exchange(order, within_s=0.2) == b"ERR":
            raise DeviceFault("The laser refused it.")

    def read_lock(self, link):
        """`Q: 0` is dark."""
        said = link.exchange(b"Q\r", within_s=0.2)
        return DARK if said == b"Q:0" else LIT


def wired(table, *, stop=None):
    """A link over that wire."""
    clock = Clock()
    port = Port(clock, table)
    return Link(port, Wire(), clock, NoTranscript(), stop), port, clock


ANSWERS = {b"OFF\r": b"OFF\r", b"ZERO\r": b"ZERO\r", b"QM\r": b"QM:1\r", b"Q\r": b"Q:0\r"}


def test_over_a_real_link_reducing_comes_first_and_the_read_back_is_proved():
    """The reducing bytes wait for no marker; the question that counts comes after one."""
    link, port, clock = wired(ANSWERS)
    assert lock(link, Plain(), clock).confirmed
    assert port.sent == [Declared.lock_bytes, b"OFF\r", b"ZERO\r", b"QM\r", b"Q\r"]


def test_only_a_line_that_was_not_used_yet_is_begun_with_the_lock_bytes():
    """Half a frame can only be another program's: a link ends its own by itself."""
    link, port, clock = wired(ANSWERS)
    link.exchange(b"Q\r", within_s=0.2)
    port.sent.clear()
    assert lock(link, Plain(), clock).confirmed
    assert lock(link, Plain(), clock).confirmed
    assert port.sent == [b"OFF\r", b"ZERO\r", b"QM\r", b"Q\r"] * 2


def test_what_answers_the_lock_bytes_is_no_attempts_answer():
    """The refusal of what ended a half frame does not stand in the record as that of an order."""
    link, _, clock = wired({**ANSWERS, Declared.lock_bytes: b"ERR\rOFF\rZERO\r"})
    outcome = lock(link, Plain(), clock)
    assert {attempt.answer for attempt in outcome.attempts} == {"acknowledged"}
    assert outcome.confirmed


def test_a_port_that_takes_nothing_yet_is_told_every_order_all_the_same():
    """Lock bytes that did not leave end nothing: each order is tried, and read back."""
    link, port, clock = wired(ANSWERS)
    write = port.write

    def stuck_once(data):
        port.write = write
        raise NoReply("The port takes no more bytes now.")

    port.write = stuck_once
    assert lock(link, Plain(), clock).confirmed
    assert port.sent == [b"?\rOFF\r", b"ZERO\r", b"QM\r", b"Q\r"]


def test_a_reply_that_was_under_way_never_confirms():
    """A dark reply to an old question, still on the wire, is not taken for the read-back."""
    lit = {**ANSWERS, b"Q\r": b"Q:4\r"}
    link, port, clock = wired(lit)
    link.exchange(b"OFF\r", within_s=0.2)
    port.unread = b"Q:0\r"
    outcome = lock(link, Plain(), clock)
    assert not outcome.confirmed
    assert outcome.why_not == "the laser reports emission on"


def test_after_a_lock_only_reducing_commands_and_questions_leave():
    """Confirmed or not, the link sends nothing afterwards that prepares or enables."""
    for table in (ANSWERS, {}):
        link, port, clock = wired(table)
        lock(link, Plain(), clock)
        before = len(port.sent)
        for frame in (b"ON\r", b"SET\r"):
            token = EnableToken(step="ready", entry_index=1)
            with pytest.raises(ProtocolError, match="Only locking"):
                link.exchange(frame, within_s=0.1, token=token)
        assert len(port.sent) == before
        assert not {b"ON\r", b"SET\r"} & set(port.sent)


def test_a_stop_does_not_cut_the_lock_short():
    """The stop that made it necessary does not end the waits of the lock itself."""
    link, port, clock = wired(ANSWERS, stop=Flag())
    assert lock(link, Plain(), clock).confirmed
    assert port.sent == [Declared.lock_bytes, b"OFF\r", b"ZERO\r", b"QM\r", b"Q\r"]


def test_total_silence_ends_in_bounded_time():
    """A laser that says nothing is tried for two seconds and the round then under way."""
    link, port, clock = wired({})
    outcome = lock(link, Plain(), clock)
    assert not outcome.confirmed
    assert not outcome.port_lost
    assert port.sent.count(b"OFF\r") == port.sent.count(b"ZERO\r") >= 2
    assert (outcome.ended_ns - outcome.began_ns) / 1e9 < LOCK_WITHIN_S + 6.0
