"""Recording by questions alone, and playing it to a driver in virtual time."""

from __future__ import annotations

import pytest

from devicelink.errors import NoReply
from devicelink.link.link import Link
from devicelink.recordings.file import Made, Passed, Raised, Recording, Silent, read_recording
from devicelink.recordings.playing import VirtualTime, replay
from devicelink.recordings.recording import Recorder, record
from devicelink.runtime import MachineDisk
from tests.recordings.toy import ANSWERS, CHECKED, Port, Toy, Wire, head, recorded


def changed(recording, position, **fields):
    """The recording with one event changed."""
    events = list(recording.events)
    events[position] = events[position].model_copy(update=fields)
    return Recording(recording.head, tuple(events))


def position(recording, **fields):
    """Where an event with these fields stands first."""
    return next(
        n
        for n, event in enumerate(recording.events)
        if all(getattr(event, name, None) == value for name, value in fields.items())
    )


def test_what_was_recorded_replays():
    """The same driver sends the same and makes the same of it."""
    told = replay(recorded(), Toy())
    assert (told.calls, told.problem) == (5, None)


def test_pieces_stay_pieces():
    """A reply that came in two reads is in the file as two, at its times."""
    pieces = [e for e in recorded().events if isinstance(e, Passed) and e.dir == "<"]
    halves = [(e.at_ns, e.data) for e in pieces if e.data in {b"S=LX4", b"711b\r"}]
    assert [data for _, data in halves] == [b"S=LX4", b"711b\r"]
    assert halves[1][0] - halves[0][0] == 10_000_000


def test_silence_and_what_came_too_late_replay():
    """A reply after the deadline is silence to the driver, when recorded and when played."""
    late = {**ANSWERS, b"?T\r": [(0.25, b"T=7\r")]}
    recording = recorded(late)
    kinds = [type(event) for event in recording.events]
    assert Silent in kinds
    assert Raised in kinds
    assert replay(recording, Toy()).problem is None


def test_what_the_link_dropped_is_kept_apart():
    """Noise before a reply is in the file as received and as dropped, and replays."""
    noisy = {**ANSWERS, b"?T\r": [(0.01, b"zz\rT=7\r")]}
    recording = recorded(noisy)
    assert [e.data for e in recording.passed if e.dir == "!"] == [b"zz\rT=7\r"] * 2
    assert replay(recording, Toy()).problem is None


def test_a_driver_that_waits_less_misses_what_the_recorded_one_heard():
    """A deadline below the recorded latency is found."""
    slow = {**ANSWERS, b"?T\r": [(0.15, b"T=7\r")]}
    told = replay(recorded(slow), Toy(within_s=0.05))
    assert told.problem.endswith("read_status: the driver has not read T=7.")


def test_another_frame_is_told_with_its_line():
    """A driver that asks something else fails at the line of the frame."""

    class Asks(Toy):
        def read_lock(self, link):
            self.ask(link, b"U")

    recording = recorded()
    line = position(recording, call="read_lock") + 3
    told = replay(recording, Asks())
    assert told.problem == f"Line {line}, read_lock: the driver sent ?U, where ?T was sent."


def test_another_meaning_is_told_with_its_line_and_place():
    """A driver that understands an answer otherwise fails at the line of the meaning."""

    class Believes(Toy):
        def identify(self, link):
            return super().identify(link).__class__("another", "Toy", "1")

    recording = recorded()
    line = next(n for n, e in enumerate(recording.events) if isinstance(e, Made)) + 2
    told = replay(recording, Believes())
    problem = f"Line {line}, identify: serial was 'LX4711b' and is now 'another'."
    assert (told.calls, told.problem) == (0, problem)


@pytest.mark.parametrize("extra", ["more", "less"])
def test_a_call_that_says_more_or_less_fails(extra):
    """One more question, or one fewer, is a difference."""

    class Other(Toy):
        def bounds(self, link):
            return {} if self.ask(link, b"T") else None

    recording = recorded() if extra == "more" else recorded(driver=Other())
    told = replay(recording, Other() if extra == "more" else Toy())
    words = {"more": "nothing more was sent", "less": "the driver has not sent ?T"}
    assert words[extra] in told.problem


def test_an_error_that_is_raised_no_more_is_a_difference():
    """What a call raised is part of what the driver made of the bytes."""

    class Answers(Toy):
        def read_effective(self, link, settings):
            return {}

    told = replay(recorded(), Answers())
    assert "ProtocolError was raised, and it is now an answer" in told.problem


def test_a_changed_byte_is_found():
    """A planted byte in an answer changes what the driver makes of it."""
    recording = recorded()
    place = position(recording, dir="<", hex=b"T=1042\r".hex())
    told = replay(changed(recording, place, hex=b"T=1043\r".hex()), Toy())
    assert "counter was 1042 and is now 1043" in told.problem


def test_only_questions_leave_while_recording():
    """A driver whose question would enable is stopped before the byte leaves, and that is kept."""

    class Enables(Toy):
        def bounds(self, link):
            link.exchange(b"!E\r", within_s=0.2)

    clock = VirtualTime()
    port, recorder = Port(clock, ANSWERS), Recorder(clock)
    events = record(Link(port, Wire(), clock, recorder), Enables(), recorder)
    assert b"!E\r" not in port.sent
    assert any(isinstance(e, Raised) and "Only questions" in e.sentence for e in events)


def test_a_laser_that_does_not_say_who_it_is_is_not_recorded():
    """Without identity nobody knows what to keep out of the file."""
    with pytest.raises(NoReply):
        recorded({b"?M\r": ANSWERS[b"?M\r"]})


def test_checksums_and_unprintable_bytes_are_kept(tmp_path):
    """A wire whose link drops what does not check replays from the file as well."""
    noisy = {**CHECKED, b"?T\r": [(0.01, b"\x00\xfe\r"), (0.02, b"T=1042*FF\r")]}
    recording = recorded(noisy, Toy(Wire(checks=True)))
    path = tmp_path / "noisy.rec"
    recording.write(path, MachineDisk())
    told = replay(read_recording(path), Toy(Wire(checks=True)))
    assert told.problem is None
    assert head() == recording.head
