"""`devicelink sim fleet`: many devices in one process and one loop."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest
import serial

from devicelink.errors import ConfigError
from devicelink.runtime import ThreadRuntime
from devicelink_simulation.commands import app
from devicelink_simulation.fleet import read_fleet
from devicelink_simulation.loop import Loop
from devicelink_simulation.serve import Served, serve_many
from tests.simulators.conftest import SIM
from tests.simulators.conftest import Served as Running


class RunningFleet(Running):
    """A `sim fleet` that runs; `targets` are its devices in order."""

    def __init__(self, process):
        self.process = process
        self.ready = json.loads(self.line())
        self.targets = [laser["target"] for laser in self.ready["lasers"]]


@pytest.fixture
def fleet(tmp_path):
    """Starts `sim fleet` on a file with this text; none may outlive its test."""
    running = []

    def start(text, **extra):
        path = tmp_path / "fleet.toml"
        path.write_text(text.replace("HERE", str(tmp_path)))
        process = subprocess.Popen(
            [*SIM, "fleet", str(path)],
            stdin=extra.pop("stdin", subprocess.PIPE),
            stdout=subprocess.PIPE,
            bufsize=0,
            **extra,
        )
        running.append(process)
        return RunningFleet(process)

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def ask(target, line):
    """One command over a port that is opened for it."""
    with serial.serial_for_url(target, timeout=5) as port:
        port.write(line.encode() + b"\r")
        return port.read_until(b"\r").decode().strip()


MIXED = """
[[laser]]
simulator = "ipg"
link = "HERE/first"
set = { diode_current_percent = 30, noise_percent = 0.5 }

[[laser]]
simulator = "ipg"
tcp = "127.0.0.1:0"
set = { dialect = "yar" }
fault = ["drop@cmd=RMN,count=1"]

[[laser]]
simulator = "ipg"
rfc2217 = "127.0.0.1:0"
setup = "key_in_remote"

[[laser]]
simulator = "ipg"
count = 3
link = "HERE/more-{n}"
truth = "HERE/truth-{n}"
seed = 5
set = { dialect = "ylr-qcw", device_id = "SIM-QCW-{n}" }
at = ["0.05:interlock_1=open"]
"""


@pytest.mark.filterwarnings("ignore:set:DeprecationWarning")  # pyserial's RFC 2217 client
def test_each_table_is_a_laser_of_its_own(fleet, tmp_path, until, facts):
    """Every wire, setting, set-up, fault, later act, seed and truth holds for its laser alone."""
    running = fleet(MIXED)
    assert running.ready["pid"] == running.process.pid
    assert {laser["simulator"] for laser in running.ready["lasers"]} == {"ipg"}
    first, tcp, rfc2217, *more = running.targets
    assert first == str(tmp_path / "first")
    assert tcp.startswith("socket://127.0.0.1:")
    assert rfc2217.startswith("rfc2217://127.0.0.1:")
    assert ask(first, "RCS") == "RCS: 30.0"
    with serial.serial_for_url(tcp, timeout=0.3) as port:
        port.write(b"RMN\r")
        assert port.read(1) == b""
        port.write(b"RMN\r")
        assert port.read_until(b"\r") == b"RMN: YLM-10-SF\r"
    assert ask(rfc2217, "EMON") == "ERR: Keyswitch in remote"
    assert [ask(target, "RID") for target in more] == [f"RID: SIM-QCW-{n}" for n in (1, 2, 3)]
    for n in (1, 2, 3):
        path = tmp_path / f"truth-{n}"
        until(lambda path=path: any(each.get("key") == "interlock_1" for each in facts(path)))
        assert facts(path)[0]["seed"] == 4 + n


def test_typed_lines_reach_the_one_that_they_name(fleet, facts, tmp_path):
    """By number or by target; every line is answered by one line, wrong ones by a sentence."""
    running = fleet(MIXED)
    assert running.say("1 key=rem") == {"ok": True, "key": "key", "value": "rem"}
    assert running.say(f"{running.targets[4]} diode_current_percent=70")["ok"]
    assert ask(running.targets[0], "EMON") == "ERR: Keyswitch in remote"
    assert [ask(running.targets[at], "RCS") for at in (3, 4, 5)] == [
        "RCS: 0.0",
        "RCS: 70.0",
        "RCS: 0.0",
    ]
    for line, sentence in (
        ("7 key=on", "There is no laser 7. They are numbered 1 to 6."),
        ("0 key=on", "There is no laser 0."),
        ("key=on", "A line must be written as N KEY=VALUE or TARGET KEY=VALUE, not 'key=on'."),
        ("2 key", "A line must be written as KEY=VALUE, not 'key'."),
        ("2 key=off", "key must be one of on, rem, not 'off'."),
    ):
        answer = running.say(line)
        assert answer["ok"] is False
        assert answer["error"].startswith(sentence)
    assert "set" not in [each["event"] for each in facts(tmp_path / "truth-1")][2:]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_all(fleet, tmp_path, number, facts):
    """Exit 0; every link is gone, and every truth has its end."""
    running = fleet(MIXED, stdin=subprocess.DEVNULL)
    assert ask(running.targets[0], "RNC") == "RNC: 10.0"
    assert running.end(number) == 0
    assert not list(tmp_path.glob("more-*")) + list(tmp_path.glob("first"))
    assert [facts(tmp_path / f"truth-{n}")[-1]["event"] for n in (1, 2, 3)] == ["end"] * 3


def test_one_that_is_unplugged_comes_back_and_the_others_go_on(fleet, until):
    """A cable that leaves and returns, while its neighbours are asked."""
    running = fleet(
        '[[laser]]\nsimulator = "ipg"\ncount = 3\nlink = "HERE/l-{n}"\n'
        '[[laser]]\nsimulator = "ipg"\ntcp = "127.0.0.1:0"\n'
    )
    for number in (2, 4):
        target = running.targets[number - 1]
        for _ in range(3):
            assert running.say(f"{number} fault=unplug@for=0.1")["ok"]
            assert ask(running.targets[0], "RNC") == "RNC: 10.0"

            def back(target=target):
                try:
                    return ask(target, "RNC") == "RNC: 10.0"
                except (serial.SerialException, OSError):
                    return False

            until(back)


def test_light_comes_at_its_time_though_nobody_asks(fleet, tmp_path, until, facts):
    """Each laser's own events happen at their exact times, each in its own truth."""
    fleet(
        '[[laser]]\nsimulator = "ipg"\ncount = 20\ntruth = "HERE/t-{n}"\n'
        'at = ["0.{n}:emission=on"]\n'
        "set = { startup_s = 0, diode_current_percent = 30 }\n"
    )
    for n in range(1, 21):
        path = tmp_path / f"t-{n}"
        until(lambda path=path: any(each["event"] == "light_on" for each in facts(path)))
        told = {each["event"]: each["mono_ns"] for each in facts(path)}
        assert told["light_on"] - told["start"] == round(float(f"0.{n}") * 1e9)


def test_more_than_a_thousand_descriptors(fleet):
    """600 lasers have more descriptors than `select` takes; all are served."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= most < 2000:
        pytest.skip(f"this system lets a process have {most} descriptors only; ulimit -Hn 4096")
    running = fleet('[[laser]]\nsimulator = "ipg"\ncount = 600\n')
    assert len(running.targets) == 600
    for at in (0, 299, 599):
        assert ask(running.targets[at], "RNC") == "RNC: 10.0"


def test_two_hundred_lasers_are_asked_twenty_times_a_second(fleet):
    """4,000 exchanges a second take less than one core (measured: a fifth of one)."""
    running = fleet('[[laser]]\nsimulator = "ipg"\ncount = 200\n')
    ends = [os.open(target, os.O_RDWR | os.O_NOCTTY) for target in running.targets]
    try:
        for _ in range(20):
            for end in ends:
                os.write(end, b"STA\r")
            for end in ends:
                assert os.read(end, 100).startswith(b"STA: ")
        assert _cpu_s(running.process.pid) < 2
    finally:
        for end in ends:
            os.close(end)


def _cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_only_those_that_heard_or_are_due_are_asked(monkeypatch, tmp_path):
    """A turn of the loop costs what happens in it, not what is served."""
    runtime = ThreadRuntime()
    stop = runtime.latch()
    asked = []
    hear = Served.hear
    monkeypatch.setattr(
        Served, "hear", lambda self, runtime: asked.append(self) or hear(self, runtime)
    )
    path = tmp_path / "fleet.toml"
    path.write_text('[[laser]]\nsimulator = "ipg"\ncount = 50\n')
    devices = [berth.open() for berth in read_fleet(path)]
    loop = Loop(runtime, stop, lambda _: None)

    def host():
        for at in (7, 7, 33):
            assert ask(devices[at].wire.target, "RNC") == "RNC: 10.0"
        stop.set()

    task = runtime.spawn("host", host)
    serve_many(devices, loop, runtime, lambda _: None)
    task.join(5)
    loop.close()
    assert [devices.index(each) for each in asked] == [7, 7, 33]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "names no laser. Begin one with a line [[laser]]."),
        ("laser = 5", "names no laser."),
        ("laser = [5]", "[[laser]] number 1: it must be a table."),
        ('[[lasers]]\nsimulator = "ipg"', "knows no 'lasers'. It holds tables [[laser]] only."),
        ("[[laser]]\n", "[[laser]] number 1: the key simulator is missing."),
        ("[[laser]\n", "is not valid TOML"),
        (
            '[[laser]]\nsimulator = "ipg"\nsed = 1',
            "number 1: knows no key 'sed'. Known: simulator,",
        ),
        ('[[laser]]\nsimulator = "ibg"', "number 1, simulator: There is no simulator 'ibg'."),
        ('[[laser]]\nsimulator = "ipg"\n[[laser]]\nsimulator = 5', "number 2: simulator: "),
        ('[[laser]]\nsimulator = "ipg"\nset = { kye = "on" }', "number 1, set: The simulator ipg"),
        ('[[laser]]\nsimulator = "ipg"\nset = { key = true }', "number 1: set: "),
        ('[[laser]]\nsimulator = "ipg"\nset = { reserved_bits = 4 }', "number 1, set: reserved_bi"),
        ('[[laser]]\nsimulator = "ipg"\nfault = ["nix"]', "number 1, fault: There is no fault"),
        ('[[laser]]\nsimulator = "ipg"\nfault = "drop"', "number 1: fault: Input should be a val"),
        ('[[laser]]\nsimulator = "ipg"\nat = ["key=rem"]', "number 1, at: --at must be written"),
        ('[[laser]]\nsimulator = "ipg"\nsetup = "nix"', "number 1, setup: The simulator ipg has"),
        ('[[laser]]\nsimulator = "ipg"\nseed = "x"', "number 1: seed: Input should be a valid int"),
        ('[[laser]]\nsimulator = "ipg"\ncount = 0', "number 1: count: Input should be greater th"),
        ('[[laser]]\nsimulator = "ipg"\ncount = 9999', "number 1: count: Input should be less th"),
        (
            '[[laser]]\nsimulator = "ipg"\ncount = 2\nlink = "x"',
            "number 1, link: with count = 2 it needs {n} in it.",
        ),
        (
            '[[laser]]\nsimulator = "ipg"\ncount = 2\ntruth = "x"',
            "number 1, truth: with count = 2 it needs {n} in it.",
        ),
        (
            '[[laser]]\nsimulator = "ipg"\nlink = "x"\ntcp = "127.0.0.1:0"',
            "number 1 has link and tcp. Say one way to reach it.",
        ),
        (
            '[[laser]]\nsimulator = "ipg"\nlink = "x"\n[[laser]]\nsimulator = "ipg"\nlink = "x"',
            "number 2, link: x is that of ",
        ),
        ('[[laser]]\nsimulator = "ipg"\nlink = "/no/where"', "number 1: The link /no/where cannot"),
        ('[[laser]]\nsimulator = "ipg"\ntcp = "0.0.0.0:0"', "number 1: A simulator serves this"),
        (
            '[[laser]]\nsimulator = "ipg"\nfault = ["unplug@for=1"]',
            "number 1: The fault unplug has",
        ),
    ],
)
def test_a_bad_file_is_told_by_table_and_key(text, sentence, tmp_path, capsys):
    """One sentence, exit code 2, nothing on the output; no traceback."""
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        app(["fleet", str(path)], standalone_mode=False)
    assert sentence in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2
    assert capsys.readouterr().out == ""


def test_put_off_events_are_forgotten():
    """A device whose next event is put off again and again leaves no heap behind."""
    runtime = ThreadRuntime()
    loop = Loop(runtime, runtime.latch(), lambda _: None)

    class Far:
        wire = type("Nowhere", (), {"descriptors": lambda _: []})()
        next_ns = 10**15

        def next_event_ns(self):
            self.next_ns += 1
            return self.next_ns

    loop._devices, loop._watched, loop._next_ns = [Far()], [(None, [])], [None]
    for _ in range(5000):
        loop._settle(0)
    assert len(loop._due) < 1200
    loop.close()
