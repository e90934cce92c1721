"""A transcript becomes a recording: the driver's calls are found in bytes alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from devicelink.driver import CommandClass, EnableToken
from devicelink.errors import ConfigError
from devicelink.link.link import Link
from devicelink.recordings.converting import as_calls, read_transcript
from devicelink.recordings.file import Called, Made, Passed, Recording
from devicelink.recordings.playing import replay
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.subject import subjects
from tests.recordings.toy import Toy, Wire, head


@dataclass(frozen=True)
class Way:
    """A way to lock."""

    name: str


class Declared:
    """As much of a declaration as is asked for."""

    lock_ways = (Way("dark"),)


class ActingWire(Wire):
    """The toy's wire with `-X`, which reduces."""

    def classify(self, frame):
        """As the toy's."""
        return CommandClass.REDUCES if frame[:1] == b"-" else super().classify(frame)


class Acting(Toy):
    """The toy with light: `!E` enables, `-E` reduces; both are acknowledged."""

    declaration = Declared()

    def __init__(self):
        super().__init__(ActingWire())

    def prepare(self, link, settings):
        """Nothing is set."""

    def unlock(self, link, token):
        """Nothing is sent."""

    def ready(self, link, token):
        """Once."""
        link.exchange(b"!E\r", within_s=0.2, token=token)

    def standby(self, link):
        """As a lock."""
        self.reduce(link, None)

    def clear_fault(self, link):
        """Nothing is sent."""

    def reduce(self, link, way):
        """At once."""
        link.exchange(b"-E\r", within_s=0.2)


DIALOGUE = [
    *[(">", b"?M\r"), ("<", b"M=1\r"), (">", b"?S\r"), ("<", b"S=47"), ("<", b"11\r")],
    *[(">", b"?T\r"), ("<", b"T=7\r"), (">", b"!E\r"), ("<", b"E\r")],
    *[(">", b"-E\r"), ("<", b"E\r")],
    *[(">", b"?M\r"), ("<", b"M=1\r"), (">", b"?T\r"), ("<", b"T=7\r")],
]


def transcript(path, dialogue):
    """A file as a session writes it, ten milliseconds a line."""
    lines = [
        json.dumps({"mono_ns": 5_000_000_000 + n * 10_000_000, "dir": way, "hex": data.hex()})
        for n, (way, data) in enumerate(dialogue)
    ]
    path.write_text("".join(line + "\n" for line in lines))
    return path


def found(path, dialogue):
    """The events in a transcript."""
    return as_calls(read_transcript(transcript(path, dialogue)), Acting(), None)


def test_the_calls_of_a_session_are_found_and_replay(tmp_path):
    """Identity, state, READY, lock and its read-back behind a marker, each from its bytes."""
    events = found(tmp_path / "t.jsonl", DIALOGUE)
    calls = [(e.call, e.way, e.doubt) for e in events if isinstance(e, Called)]
    assert calls == [
        ("identify", None, False),
        ("read_status", None, False),
        ("ready", None, False),
        ("reduce", "dark", False),
        ("read_lock", None, True),
    ]
    told = replay(Recording(head(), events), Acting())
    assert (told.calls, told.problem) == (5, None)


def test_no_byte_is_lost_and_what_no_call_sends_stays(tmp_path):
    """A frame that is none of the driver's calls stays as bytes of no call, and is passed over."""
    strange = [*DIALOGUE[:5], (">", b"?X\r"), ("<", b"X=1\r"), *DIALOGUE[5:]]
    events = found(tmp_path / "t.jsonl", strange)
    assert [(e.dir, e.data) for e in events if isinstance(e, Passed)] == strange
    assert sum(isinstance(e, Called) for e in events) == 5
    assert replay(Recording(head(), events), Acting()).problem is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no byte passed"),
        ('{"mono_ns": 1, "dir": ">", "hex": "00"}', "line 1: the file ends within"),
        ('{"mono_ns": 1, "dir": ">"}\n', "line 1: hex"),
        ('{"kind": "recording", "v": 1}\n', "line 1"),
        (
            '{"mono_ns": 2, "dir": ">", "hex": "00"}\n{"mono_ns": 1, "dir": ">", "hex": "00"}\n',
            "line 2: mono_ns goes back",
        ),
    ],
)
def test_a_damaged_transcript_is_told_with_its_line(tmp_path, text, told):
    """What is no transcript, or half of one, is not converted."""
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_transcript(path)


LAMP = {"lamp_voltage_v": "1150", "repetition_rate_hz": "20", "qswitch_delay_us": "225"}


def twice_ready(bench, link):
    """A session on a laser that is armed in three steps, back to STANDBY, and armed anew."""
    driver = bench.driver
    driver.identify(link)
    driver.prepare(link, LAMP)
    driver.unlock(link, EnableToken(step="unlock", entry_index=1))
    for entry in (2, 3):
        token, sent = EnableToken(step="ready", entry_index=entry), False
        while not sent:
            driver.read_effective(link, LAMP)
            sent = driver.ready(link, token)
            bench.pass_time(0.1)
            driver.read_status(link)
        driver.standby(link)
    driver.read_lock(link)


def test_every_frame_of_a_laser_armed_in_steps_is_attributed(tmp_path):
    """Each enabling frame is one of `ready`, which knows within a step what has left before."""
    bench, passed = Bench(subjects("bigsky")[0]), []
    link = Link(
        bench.port,
        bench.driver.wire,
        bench.runtime,
        SimpleNamespace(note=lambda _, way, data: passed.append((way, data))),
    )
    twice_ready(bench, link)
    events = as_calls(read_transcript(transcript(tmp_path / "t.jsonl", passed)), bench.driver, LAMP)
    calls, sent = [], []
    for event in events:
        if isinstance(event, Called):
            calls.append(event.call)
        elif isinstance(event, Made):
            calls.append("")
        elif bench.driver.wire.classify(event.data) is CommandClass.ENABLES:
            sent.append((calls[-1], event.data))
    one = [("ready", b"$062%b\r\n" % word) for word in (b"A", b"R1", b"PQ")]
    assert sent == [*one, *one]
    told = replay(Recording(head(), events), bench.driver)
    assert told.problem is None
