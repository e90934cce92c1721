"""What the tests of simulators share: a laser in virtual time, and served ones in real time."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time

import pytest

from devicelink_ipg_sim import SIMULATOR
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList

SIM = [sys.executable, "-m", "devicelink", "sim"]


class Lab:
    """One simulated laser, its host and its world; time passes only when told."""

    def __init__(self, *, begin_s=1000.0, simulator=SIMULATOR, **asked):
        self.now_ns = round(begin_s * 1e9)
        self.begin_ns = self.now_ns
        self.truth = TruthList()
        self.sim = Plan.of(simulator, **asked).build(self.truth, self.now_ns)

    def ask(self, line):
        """Send a line, return what comes back at once, without the last CR."""
        return self.raw(line.encode("latin-1") + b"\r").removesuffix(b"\r").decode("latin-1")

    def raw(self, data):
        """Send bytes, return what comes back at once."""
        self.sim.receive(data, self.now_ns)
        return self.sim.transmit(self.now_ns)

    def wait(self, seconds):
        """Let time pass in one step; return what was sent meanwhile."""
        self.now_ns += round(seconds * 1e9)
        return self.sim.transmit(self.now_ns)

    def set(self, **knobs):
        """Turn knobs."""
        for key, value in knobs.items():
            self.sim.set(key, value, self.now_ns)

    @property
    def status(self):
        """The bits that STA shows, as a set."""
        word = int(self.ask("STA").removeprefix("STA: "))
        return {bit for bit in range(32) if word >> bit & 1}

    def when(self, event):
        """Seconds since the beginning at which an event last happened."""
        times = [each["mono_ns"] for each in self.truth.events if each["event"] == event]
        return (times[-1] - self.begin_ns) / 1e9

    def lights(self):
        """The story of the light, in order."""
        return self.truth.names("light_on", "light_off", "enabled", "disabled")

    @property
    def lit(self):
        """Whether light leaves now."""
        story = self.truth.names("light_on", "light_off")
        return story[-1:] == ["light_on"]


@pytest.fixture
def lab():
    """Makes lasers in virtual time: `lab(values={…}, setup=…, faults=[…], at=[…])`."""
    return Lab


class Served:
    """A `sim serve` that runs, with its standard input and output."""

    def __init__(self, process, timeout_s=20):
        self.process = process
        line = self.line(timeout_s)
        self.ready = json.loads(line)
        self.target = self.ready["target"]

    def line(self, timeout_s=20):
        """The next line of its output."""
        readable, _, _ = select.select([self.process.stdout], [], [], timeout_s)
        assert readable, "the simulator says nothing"
        return self.process.stdout.readline()

    def say(self, text):
        """Type a line, return the answer."""
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def end(self, number=signal.SIGTERM):
        """Signal it, return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(10)


@pytest.fixture
def serve():
    """Starts `sim serve ipg …`; none may outlive its test."""
    running = []

    def start(*arguments, **extra):
        process = subprocess.Popen(
            [*SIM, "serve", "ipg", *map(str, arguments)],
            stdin=extra.pop("stdin", subprocess.PIPE),
            stdout=subprocess.PIPE,
            bufsize=0,
            **extra,
        )
        running.append(process)
        return Served(process)

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


@pytest.fixture
def sim():
    """Runs `sim …` to its end: (exit code, output, diagnostics)."""

    def run(*arguments, **environment):
        done = subprocess.run(
            [*SIM, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def _until(told, timeout_s=10.0):
    """Ask again until it is true."""
    end_s = time.monotonic() + timeout_s
    while not (answer := told()):
        assert time.monotonic() < end_s, "it never came true"
        time.sleep(0.005)
    return answer


@pytest.fixture
def until():
    """Waits for something in another process: `until(lambda: …)`."""
    return _until


@pytest.fixture
def facts():
    """Reads a truth file: a list of events."""
    return lambda path: [json.loads(line) for line in path.read_text().splitlines()]
