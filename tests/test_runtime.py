"""Latches, mailboxes, sleep, waiting on descriptors and tasks of the real runtime."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devicelink.runtime import ThreadRuntime, nanoseconds, seconds

RUNTIME = ThreadRuntime()


@pytest.fixture
def pipe():
    """A pipe's two ends."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def after():
    """Does something a little later, in a thread of its own."""
    timers = []

    def later(what, *arguments, wait_s=0.05):
        timers.append(threading.Timer(wait_s, what, arguments))
        timers[-1].start()

    yield later
    for timer in timers:
        timer.join()


def lasted(act):
    """What an act gives, and how many seconds it took."""
    began_s = time.monotonic()
    return act(), time.monotonic() - began_s


def test_a_latch_is_set_once_and_stays():
    """A latch is down, then up for good; setting it again changes nothing."""
    latch = RUNTIME.latch()
    assert not latch.is_set()
    for _ in range(100_000):
        latch.set()
    assert latch.is_set()
    assert RUNTIME.sleep(0, latch)
    assert RUNTIME.sleep(0, latch)


def test_each_latch_is_its_own():
    """Setting one latch sets no other."""
    one, other = RUNTIME.latch(), RUNTIME.latch()
    one.set()
    assert not other.is_set()
    assert not RUNTIME.sleep(0.01, other)


def test_a_latch_gives_its_descriptors_back():
    """A thousand latches that nobody holds any more leave no descriptor open."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(1000):
        RUNTIME.latch().set()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


def test_a_signal_handler_may_set_a_latch():
    """A latch set in a signal handler ends the sleep of the thread that it interrupts."""
    latch = RUNTIME.latch()
    before = signal.signal(signal.SIGUSR1, lambda *_: latch.set())
    try:
        timer = threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1])
        timer.start()
        is_set, took_s = lasted(lambda: RUNTIME.sleep(20, latch))
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert is_set
    assert took_s < 5


def test_sleep_lasts_as_long_as_it_says():
    """Without a latch, or with one that nobody sets, the whole time passes."""
    for until in (None, RUNTIME.latch()):
        is_set, took_s = lasted(lambda until=until: RUNTIME.sleep(0.05, until))
        assert not is_set
        assert 0.049 <= took_s < 2
    for short in (0, -1):
        assert lasted(lambda short=short: RUNTIME.sleep(short))[1] < 1
        assert lasted(lambda short=short: RUNTIME.sleep(short, RUNTIME.latch()))[1] < 1


def test_a_latch_ends_a_sleep_and_all_that_follow(after):
    """A sleep ends when its latch is set, and with a set latch no sleep begins."""
    latch = RUNTIME.latch()
    after(latch.set)
    is_set, took_s = lasted(lambda: RUNTIME.sleep(20, latch))
    assert is_set
    assert took_s < 5
    assert lasted(lambda: RUNTIME.sleep(20, latch))[1] < 1


def test_one_latch_wakes_all_who_wait(after):
    """Every waiter of a latch wakes, not only one."""
    latch, woken = RUNTIME.latch(), RUNTIME.mailbox()
    for number in range(5):
        RUNTIME.spawn(f"waiter {number}", lambda: woken.post(RUNTIME.sleep(20, latch)))
    after(latch.set)
    assert [woken.take(10) for _ in range(5)] == [True] * 5


def test_a_latch_of_another_kind_is_asked_at_the_end():
    """A latch that no descriptor stands behind is told after the sleep."""

    class Plain:
        def is_set(self):
            return True

        def set(self):
            pass

    assert RUNTIME.sleep(0.01, Plain())


def test_mail_comes_in_order():
    """Items are taken in the order in which they were posted, also falsy ones."""
    box = RUNTIME.mailbox()
    for item in (1, "two", 0, ""):
        box.post(item)
    assert [box.take(0), box.take(0.1), box.take(1), box.take(0)] == [1, "two", 0, ""]


def test_an_empty_mailbox_is_none_in_time():
    """Taking from an empty mailbox waits as long as it is told, and not at all for 0."""
    box = RUNTIME.mailbox()
    item, took_s = lasted(lambda: box.take(0.05))
    assert item is None
    assert 0.049 <= took_s < 2
    assert lasted(lambda: box.take(0))[1] < 1
    assert lasted(lambda: box.take(-1))[1] < 1


def test_mail_wakes_whoever_waits(after):
    """An item that is posted meanwhile is taken at once."""
    box = RUNTIME.mailbox()
    after(box.post, "news")
    item, took_s = lasted(lambda: box.take(20))
    assert item == "news"
    assert took_s < 5


def test_many_may_post_and_nothing_is_lost():
    """Eight threads post a thousand items each; every one is taken once."""
    box = RUNTIME.mailbox()
    for name in range(8):
        RUNTIME.spawn(f"post {name}", lambda name=name: [box.post((name, n)) for n in range(1000)])
    taken = [box.take(10) for _ in range(8000)]
    assert box.take(0) is None
    assert len(set(taken)) == 8000
    for name in range(8):
        assert [n for who, n in taken if who == name] == list(range(1000))


def test_a_descriptor_with_bytes_is_readable(pipe):
    """Waiting ends at once where bytes are, and says so again until they are read."""
    reading, writing = pipe
    assert not RUNTIME.wait_readable(reading, 0)
    os.write(writing, b"x")
    for until in (None, RUNTIME.latch()):
        is_so, took_s = lasted(lambda until=until: RUNTIME.wait_readable(reading, 20, until))
        assert is_so
        assert took_s < 5


def test_bytes_that_come_end_the_wait(pipe, after):
    """Bytes that come meanwhile end the wait; without any it ends in time."""
    reading, writing = pipe
    is_so, took_s = lasted(lambda: RUNTIME.wait_readable(reading, 0.05))
    assert not is_so
    assert 0.049 <= took_s < 2
    after(os.write, writing, b"x")
    is_so, took_s = lasted(lambda: RUNTIME.wait_readable(reading, 20, RUNTIME.latch()))
    assert is_so
    assert took_s < 5


def test_a_latch_ends_the_wait_for_bytes(pipe, after):
    """A latch that is set ends the wait, and a stop outranks bytes that are there."""
    reading, writing = pipe
    latch = RUNTIME.latch()
    after(latch.set)
    is_so, took_s = lasted(lambda: RUNTIME.wait_readable(reading, 20, latch))
    assert not is_so
    assert took_s < 5
    os.write(writing, b"x")
    assert not RUNTIME.wait_readable(reading, 20, latch)


def test_a_closed_far_end_is_readable():
    """The end of the far side wakes the reader, who then reads what that means."""
    near, far = socket.socketpair()
    far.close()
    with near:
        assert RUNTIME.wait_readable(near.fileno(), 20)
        assert near.recv(1) == b""


def test_spawned_work_runs_beside():
    """A task runs in a thread of its own name; `join` says whether it has ended."""
    latch, box = RUNTIME.latch(), RUNTIME.mailbox()

    def work():
        box.post(threading.current_thread().name)
        RUNTIME.sleep(20, latch)

    task = RUNTIME.spawn("the work", work)
    assert box.take(10) == "the work"
    assert not task.join(0.01)
    latch.set()
    assert task.join(10)
    assert task.join(0)


def test_no_task_keeps_the_process_alive():
    """A process ends though spawned work goes on."""
    code = (
        "from devicelink.runtime import ThreadRuntime; r = ThreadRuntime(); "
        "r.spawn('for ever', lambda: r.sleep(1000)); print('end')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "end\n"


def test_time_goes_on():
    """Monotonic time never goes back, wall time is UTC, and both are this machine's."""
    times = [RUNTIME.mono_ns() for _ in range(1000)]
    assert times == sorted(times)
    assert abs(RUNTIME.mono_ns() - time.monotonic_ns()) < 10**9
    assert RUNTIME.now().tzinfo is UTC
    assert abs(RUNTIME.now() - datetime.now(UTC)) < timedelta(seconds=10)
    assert RUNTIME.clock_state() in {"synced", "unsynced", "unknown"}
    assert RUNTIME.asleep_ns() > -10_000_000


def test_the_boot_is_the_machines():
    """Two runtimes of one boot have one boot id, Linux's own."""
    assert RUNTIME.boot_id == ThreadRuntime().boot_id
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", RUNTIME.boot_id)


def test_random_bytes_are_as_many_and_never_the_same():
    """As many bytes as were asked for, different each time."""
    assert len(RUNTIME.random_bytes(32)) == 32
    assert RUNTIME.random_bytes(0) == b""
    assert len({RUNTIME.random_bytes(16) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(("s", "ns"), [(0, 0), (1, 10**9), (0.2, 200_000_000), (1e-9, 1)])
def test_seconds_and_nanoseconds(s, ns):
    """Seconds become whole nanoseconds and back."""
    assert nanoseconds(s) == ns
    assert seconds(ns) == pytest.approx(s)
