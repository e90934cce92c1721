"""The world's runtime keeps the same promises as the real one: each test runs on both."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from devicelink.runtime import ThreadRuntime, held
from devicelink_simulation.world.runs import template
from devicelink_simulation.world.runtime import WorldRuntime
from devicelink_simulation.world.story import Story
from devicelink_simulation.world.world import World


class Real:
    """Code run by the machine itself."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, code):
        """What the code gives."""
        return code(ThreadRuntime(), self.folder)


class Simulated:
    """Code run by a process of a simulated machine."""

    folder = Path("/world/station")

    def run(self, code):
        """What the code gives, or raises."""
        world = World(Story(1, ()), template())
        process = world.kernel.process("test")
        runtime = WorldRuntime(world.machine, process)
        given = []
        process.spawn("main", lambda: given.append(code(runtime, self.folder)))
        world.kernel.run(10**12)
        world.kernel.end_all()
        if process.error is not None:
            raise process.error
        return given[0]


@pytest.fixture(params=["real", "simulated"])
def machine(request, tmp_path):
    """A real machine and a simulated one."""
    return Real(tmp_path) if request.param == "real" else Simulated()


def test_a_pipe_gives_bytes_then_its_end(machine):
    """What is written is read; with the last writer gone, the end is read, again and again."""

    def code(runtime, _):
        read, write = runtime.pipe()
        empty = runtime.wait_readable(read, 0.01)
        assert runtime.write(write, b"one") == 3
        said = runtime.wait_readable(read, 1), runtime.read(read, 2), runtime.read(read, 9)
        runtime.close(write)
        ends = runtime.wait_readable(read, 1), runtime.read(read, 9), runtime.read(read, 9)
        runtime.close(read)
        return empty, said, ends

    assert machine.run(code) == (False, (True, b"on", b"e"), (True, b"", b""))


def test_a_pipe_without_bytes_or_reader_raises(machine):
    """Nothing there is a `BlockingIOError`, nobody there a `BrokenPipeError`."""

    def code(runtime, _):
        read, write = runtime.pipe()
        with pytest.raises(BlockingIOError):
            runtime.read(read, 1)
        runtime.close(read)
        with pytest.raises(BrokenPipeError):
            runtime.write(write, b"x")
        runtime.close(write)
        with pytest.raises(OSError, match="Bad file descriptor"):
            runtime.write(write, b"x")
        return True

    assert machine.run(code)


def test_a_full_pipe_takes_no_more(machine):
    """A pipe nobody reads takes bytes up to its size and then says so; it never waits."""

    def code(runtime, _):
        _, write = runtime.pipe()
        taken = 0
        with contextlib.suppress(BlockingIOError):
            while taken < 10**6:
                taken += runtime.write(write, bytes(1024))
        return taken

    assert machine.run(code) == 65_536


def test_a_lock_file_is_held_by_one(machine):
    """A second holder gets None until the first lets go."""

    def code(runtime, folder):
        path = folder / "locks" / "one.lock"
        first = runtime.disk.hold(path)
        second = runtime.disk.hold(path)
        runtime.close(first)
        third = runtime.disk.hold(path)
        runtime.close(third)
        with held(runtime, path):
            inside = runtime.disk.hold(path)
        return first is not None, second, third is not None, inside

    assert machine.run(code) == (True, None, True, None)


def test_a_service_answers_one_line(machine):
    """Who asks at a path gets the server's line; where nobody serves, None at once."""

    def code(runtime, folder):
        path = folder / "locks" / "one.sock"
        (runtime.disk.appender(folder / "locks" / "mark")).close()
        nobody = runtime.ask(path, b"stop\n", 0.5)
        service = runtime.serve(path, lambda line: b"heard " + line)
        answer = runtime.ask(path, b"stop\n", 0.5)
        again = runtime.ask(path, b"stop\n", 0.5)
        service.close()
        return nobody, answer, again, runtime.ask(path, b"stop\n", 0.5)

    assert machine.run(code) == (None, b"heard stop\n", b"heard stop\n", None)


def test_a_service_that_does_not_answer_is_given_up(machine):
    """The asker waits for as long as it said, and no longer."""

    def code(runtime, folder):
        path = folder / "locks" / "slow.sock"
        (runtime.disk.appender(folder / "locks" / "mark")).close()
        never = runtime.latch()
        service = runtime.serve(path, lambda _: b"late\n" if runtime.sleep(1.0, never) else b"")
        began_ns = runtime.mono_ns()
        answer = runtime.ask(path, b"stop\n", 0.1)
        took_s = (runtime.mono_ns() - began_ns) / 1e9
        never.set()
        service.close()
        return answer, 0.05 < took_s < 0.9

    assert machine.run(code) == (None, True)


def test_a_latch_ends_every_wait(machine):
    """A sleep and a wait for bytes both end when the latch is set by another task."""

    def code(runtime, _):
        latch = runtime.latch()
        read, _ = runtime.pipe()

        def soon():
            runtime.sleep(0.05)
            latch.set()

        task = runtime.spawn("soon", soon)
        slept = runtime.sleep(20, latch)
        readable = runtime.wait_readable(read, 20, latch)
        return slept, readable, latch.is_set(), task.join(5)

    assert machine.run(code) == (True, False, True, True)


def test_a_mailbox_gives_in_order_and_gives_up(machine):
    """Items come in the order in which they were posted; without one, None after the wait."""

    def code(runtime, _):
        box = runtime.mailbox()

        def post():
            for item in ("one", "two"):
                runtime.sleep(0.02)
                box.post(item)

        task = runtime.spawn("post", post)
        taken = box.take(5), box.take(5), box.take(0.02), box.take(0)
        return taken, task.join(5)

    assert machine.run(code) == (("one", "two", None, None), True)


def test_a_file_is_created_once_and_replaced_whole(machine):
    """`create` refuses what is there, `replace` does not; what is removed is gone."""

    def code(runtime, folder):
        disk, path = runtime.disk, folder / "guard" / "one.json"
        disk.create(path, b"1")
        with pytest.raises(FileExistsError):
            disk.create(path, b"2")
        disk.replace(path, b"3")
        disk.append(path, b"4")
        moved = folder / "guard" / "two.json"
        disk.move(path, moved)
        names = [found.name for found in disk.names(folder / "guard", "*.json")]
        said = disk.read(moved), disk.is_file(path), disk.is_file(moved), names
        disk.remove(moved)
        disk.remove(moved)
        with pytest.raises(FileNotFoundError):
            disk.read(moved)
        return said, disk.usable(folder), disk.usable(folder / "nowhere")

    assert machine.run(code) == ((b"34", False, True, ["two.json"]), True, False)
