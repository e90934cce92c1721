"""Checks of bytes in pieces, among garbage, and late: what is told is right, or an error."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from devicelink.driver import CommandClass, LockReading, Status
from devicelink.errors import DeviceLinkError
from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.check import check, hold
from devicelink_simulation.conformance.script import Ends, walk, walked

if TYPE_CHECKING:
    from devicelink.link.port import Port
    from devicelink.runtime import Latch
    from devicelink_simulation.conformance.bench import VirtualTime
    from devicelink_simulation.conformance.subject import Subject

_GAP_S = 0.01
_QUERY_AT_MOST_S = 0.2
_STALE_S = 1.0
_TALKS_IN_READY = ("read_status", "read_effective", "ready", "standby", "lock")
_QUESTIONS = ("identify", "read_status", "bounds", "read_effective", "read_lock")
_BITS = (0x01, 0x20)
_GARBAGE = ("00ff55", "ff", "0d0a", "3f")


class Chopped:
    """A port whose every reply comes in two pieces, cut after so many bytes."""

    def __init__(self, inner: Port, time: VirtualTime, cut: int) -> None:
        self._inner = inner
        self._time = time
        self._cut = cut
        self._rest = b""

    def write(self, data: bytes) -> None:
        """As it is."""
        self._inner.write(data)

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """The first piece, and a little later the second."""
        if self._rest:
            if within_s < _GAP_S:
                self._time.sleep(within_s, until)
                return b""
            self._time.sleep(_GAP_S, until)
            data, self._rest = self._rest, b""
            return data
        data = self._inner.read(within_s, until)
        self._rest = data[self._cut :]
        return data[: self._cut]

    def fileno(self) -> int | None:
        """None."""
        return None

    def close(self) -> None:
        """Let go."""
        self._inner.close()


class Between:
    """A port on which garbage has come since the last reply, whenever somebody looks."""

    def __init__(self, inner: Port, garbage: bytes) -> None:
        self._inner = inner
        self._garbage = garbage
        self._since_reply = True

    def write(self, data: bytes) -> None:
        """As it is; what comes next is a reply."""
        self._since_reply = False
        self._inner.write(data)

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """The garbage once, when no reply is awaited; else as it is."""
        if self._since_reply:
            self._since_reply = False
            return self._garbage
        data = self._inner.read(within_s, until)
        self._since_reply = bool(data)
        return data

    def fileno(self) -> int | None:
        """None."""
        return None

    def close(self) -> None:
        """Let go."""
        self._inner.close()


@check("Replies split at every byte are read as whole ones.")
def replies_split_anywhere(subject: Subject) -> None:
    """A whole session for each place of the cut, and one with every byte alone."""
    clean = _told(walked(Bench(subject)))
    longest = subject.make().wire.longest_reply
    for cut in range(1, min(longest, 32) + 1):
        bench = Bench(subject)
        bench.port.inner = Chopped(bench.port.inner, bench.time, cut)
        _the_same(bench, clean, f"Replies cut after byte {cut}")
    for slow_s in (0.0005, 0.004):
        gap_s = min(slow_s, wire_s(subject) / longest)
        bench = Bench(subject, faults=[f"split:gap={gap_s:.6f}"])
        _the_same(bench, clean, f"Replies byte by byte, {gap_s:.6f} s between them")


def wire_s(subject: Subject) -> float:
    """Half of what a reply may take: the longest one has to fit in it."""
    return subject.make().declaration.query_within_s / 2


@check("Garbage before, between and after replies is never taken for an answer.")
def garbage_is_no_answer(subject: Subject) -> None:
    """What the session is told is what a clean one is told, or an error is raised."""
    clean_bench = walked(Bench(subject))
    clean = _told(clean_bench)
    struck = clean_bench.first_of_each(times=2)
    for digits in _GARBAGE:
        for nth in struck:
            bench = Bench(subject, faults=[f"garbage:hex={digits}@nth={nth}"])
            _right_or_raised(bench, clean, f"{digits} before reply {nth}")
    for nth in struck:
        bench = Bench(subject, faults=[f"duplicate@nth={nth}"])
        _right_or_raised(bench, clean, f"reply {nth} twice")
        for seconds in ("0.15", "0.3", "0.6"):
            bench = Bench(subject, faults=[f"delay:seconds={seconds}@nth={nth}"])
            _right_or_raised(bench, clean, f"reply {nth} {seconds} s late")
    for digits in _GARBAGE:
        bench = Bench(subject)
        bench.port.change = partial(_followed_by, bytes.fromhex(digits))
        _right_or_raised(bench, clean, f"{digits} after every reply")
        bench = Bench(subject)
        bench.port.inner = Between(bench.port.inner, bytes.fromhex(digits))
        _right_or_raised(bench, clean, f"{digits} between a reply and the next command")


class Damaging:
    """Changes one bit of one byte in one of the replies that are read, counted from 0."""

    def __init__(self, reply: int, place: int, bit: int) -> None:
        self._left = reply
        self._place = place
        self._bit = bit
        self.done = False

    def __call__(self, data: bytes) -> bytes:
        """What is read, and once another byte in it."""
        if not data or self.done:
            return data
        self._left -= 1
        if self._left >= 0:
            return data
        self.done = True
        at = self._place % len(data)
        return data[:at] + bytes([data[at] ^ self._bit]) + data[at + 1 :]


@check("A reply with one wrong byte is refused, or tells what the right one tells.")
def a_damaged_reply_is_no_answer(subject: Subject) -> None:
    """Each byte of each reply to each question, prepared and in READY; by the wire's checksum."""
    for until in ("effective", "ready"):
        for question in _QUESTIONS:
            bench = walked(Bench(subject), until)
            right, replies = _heard(bench, question)
            for reply, length in enumerate(replies):
                for place, bit in itertools.product(range(length), _BITS):
                    bench.port.change = Damaging(reply, place, bit)
                    with contextlib.suppress(DeviceLinkError):
                        hold(
                            _answered(bench, question) == right,
                            f"Byte {place + 1} of reply {reply + 1} to {question} was another, "
                            f"{until} being over, and the driver took it for an answer.",
                        )


def _heard(bench: Bench, question: str) -> tuple[object, list[int]]:
    """What the driver tells, and how long each reply was to it."""
    lengths: list[int] = []

    def listen(data: bytes) -> bytes:
        lengths.extend([len(data)] if data else [])
        return data

    _answered(bench, question)  # the link proves itself first, where it has to
    bench.port.change = listen
    return _answered(bench, question), lengths


def _answered(bench: Bench, question: str) -> object:
    """What the driver tells, but for what drifts by itself: measured values, and the raw words."""
    driver, link = bench.driver, bench.given
    if question == "read_effective":
        return driver.read_effective(link, bench.profile.settings).settings_id
    told: object = getattr(driver, question)(link)
    if isinstance(told, LockReading):
        return told.confirmed
    return replace(told, measured={}, words={}) if isinstance(told, Status) else told


@check("Every deadline is as short as declared, and a status is told or missed within a second.")
def deadlines_are_kept(subject: Subject) -> None:
    """Queries within `query_within_s`, at most 0.2 s; nothing waits longer in READY."""
    bench = walked(Bench(subject))
    bench.lock()
    declared = bench.driver.declaration
    hold(
        0 < declared.query_within_s <= _QUERY_AT_MOST_S,
        f"query_within_s is {declared.query_within_s}; at most {_QUERY_AT_MOST_S} s.",
    )
    for each in bench.link.asked:
        query = each.kind is CommandClass.QUERY
        if query or each.method in _TALKS_IN_READY:
            most_s = declared.query_within_s if query else _QUERY_AT_MOST_S
            hold(
                each.within_s <= most_s,
                f"{each.method} gives {each.frame!r} {each.within_s:g} s; {most_s:g} s is kept.",
            )
    waits = [each for each in bench.link.waits if each[0] in _TALKS_IN_READY]
    hold(not waits, f"{waits[0][0] if waits else ''} waits for the laser by itself.")
    silent = walked(Bench(subject), "ready")
    silent.turn((("fault", "silence"),))
    for method in ("read_status", "standby", "read_lock"):
        began_s = silent.now_s()
        silent.link.method = method
        try:
            getattr(silent.driver, method)(silent.given)
        except DeviceLinkError:
            took_s = silent.now_s() - began_s
            hold(took_s <= _STALE_S, f"{method} took {took_s:.2f} s to miss its reply.")
        else:
            hold(so=False, sentence=f"{method} swallowed the silence.")


def _followed_by(more: bytes, data: bytes) -> bytes:
    return data + more if data else data


def _told(bench: Bench) -> tuple[object, ...]:
    """What a session was told that does not hang on noise."""
    return (
        bench.identity,
        bench.effective.settings_id if bench.effective else None,
        bench.effective.trigger if bench.effective else None,
    )


def _the_same(bench: Bench, clean: tuple[object, ...], what: str) -> None:
    try:
        walk(bench)
    except (DeviceLinkError, Ends) as error:
        hold(so=False, sentence=f"{what}: {type(error).__name__}: {error}")
    hold(_told(bench) == clean, f"{what}: the driver was told something else.")


def _right_or_raised(bench: Bench, clean: tuple[object, ...], what: str) -> None:
    raised = False
    try:
        walk(bench)
    except (DeviceLinkError, Ends):
        raised = True
    if not raised:
        hold(_told(bench) == clean, f"{what}: the driver took it for an answer.")
    outcome = bench.lock()
    hold(
        bench.story.dark or not outcome.confirmed,
        f"{what}: confirmed locked, and the laser can make light.",
    )


CHECKS = (
    replies_split_anywhere,
    garbage_is_no_answer,
    a_damaged_reply_is_no_answer,
    deadlines_are_kept,
)
