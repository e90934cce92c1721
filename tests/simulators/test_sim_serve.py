"""`sim serve`: a device behind a real port, driven by standard input, ended by signals."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import time

import pytest
import serial


def opened(target):
    """A serial port on a target, as any program opens it."""
    return serial.serial_for_url(target, 57600, timeout=5)


def ask(port, line):
    """One exchange."""
    port.write(line.encode() + b"\r")
    return port.read_until(b"\r").decode().removesuffix("\r")


def test_ready_line_and_exchange_over_a_pty(serve, tmp_path):
    """The ready line names simulator, target and pid; the target answers."""
    link = tmp_path / "laser"
    served = serve("--pty", "--link", link, "--set", "firmware=9.9")
    assert served.ready == {"simulator": "ipg", "target": str(link), "pid": served.process.pid}
    with opened(str(link)) as port:
        assert ask(port, "RFV") == "RFV: 9.9"
        assert ask(port, "STA") == "STA: 0"


def test_a_pty_without_a_link(serve):
    """Without --link the target is the pty itself."""
    served = serve("--pty")
    assert served.target.startswith("/dev/")
    with opened(served.target) as port:
        assert ask(port, "RNC") == "RNC: 10.0"


def test_programs_come_and_go(serve):
    """The laser keeps its state from one program to the next, on pty and TCP."""
    for wire in (["--pty"], ["--tcp", "127.0.0.1:0"]):
        served = serve(*wire)
        for percent in ("20.0", "30.0"):
            with opened(served.target) as port:
                assert ask(port, f"SDC {percent}") == f"SDC: {percent}"
            with opened(served.target) as port:
                assert ask(port, "RCS") == f"RCS: {percent}"


def test_the_pty_is_raw(serve):
    """No echo, no line editing, no translation of CR: bytes pass as they are."""
    served = serve("--pty", "--set", "empty_line=silent")
    end = os.open(served.target, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(end, b"\r\x03\x04\x11\x13\x7f\nSTA\rSTA\r")
        heard = b""
        while heard.count(b"\r") < 2:
            assert select.select([end], [], [], 5)[0]
            heard += os.read(end, 100)
        assert heard == b"BCMD\rSTA: 0\r"
    finally:
        os.close(end)


def test_tcp_on_a_free_port(serve):
    """Port 0 picks a free port, told in the target; two programs are served one after another."""
    served = serve("--tcp", "127.0.0.1:0")
    host, port = served.target.removeprefix("socket://").split(":")
    assert host == "127.0.0.1"
    with socket.create_connection((host, int(port)), 5) as first:
        first.sendall(b"RNC\r")
        assert first.recv(100) == b"RNC: 10.0\r"
        second = socket.create_connection((host, int(port)), 5)
        second.sendall(b"RFV\r")
    with second:
        assert second.recv(100) == b"RFV: 1.0.103\r"


def test_standard_input_turns_knobs(serve, tmp_path, facts):
    """Each line is applied and answered; what it did is in the truth before the answer."""
    path = tmp_path / "truth"
    served = serve(
        "--pty", "--truth", path, "--set", "startup_s=0", "--set", "diode_current_percent=50"
    )
    with opened(served.target) as port:
        assert [ask(port, "EMOD"), ask(port, "EMON")] == ["EMOD", "EMON"]
        assert [each["event"] for each in facts(path)][-2:] == ["command", "enabled"]
        before_ns = time.monotonic_ns()
        answer = served.say("modulation_input=high")
        after_ns = time.monotonic_ns()
        assert answer == {"ok": True, "key": "modulation_input", "value": "high"}
        *_, set_line, light_on = facts(path)
        assert set_line["event"] == "set"
        assert (set_line["key"], set_line["value"]) == ("modulation_input", "high")
        assert light_on["event"] == "light_on"
        assert before_ns <= light_on["mono_ns"] <= after_ns
        assert served.say("interlock_1=open")["ok"]
        assert [each["event"] for each in facts(path)][-2:] == ["light_off", "disabled"]
        assert ask(port, "STA") == "STA: 6144"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("key=off", "key must be one of on, rem, not 'off'."),
        ("nonsense", "A line must be written as KEY=VALUE, not 'nonsense'."),
        ("kye=on", "The simulator ipg knows no 'kye'."),
        ("fault=nix", "There is no fault 'nix'."),
        ("supply=on", "START has no effect"),
    ],
)
def test_bad_lines_are_answered_with_a_sentence(serve, line, sentence):
    """A line that cannot be applied is answered, and the next one works."""
    served = serve("--pty", "--set", "interlock_2=open")
    answer = served.say(line)
    assert answer["ok"] is False
    assert answer["error"].startswith(sentence)
    assert served.say("interlock_2=closed")["ok"]
    assert served.say("supply=on")["ok"]


def test_lines_may_come_in_pieces_and_in_bunches(serve):
    """A line counts when it ends; several at once are answered in order."""
    served = serve("--pty")
    served.process.stdin.write(b"key=r")
    served.process.stdin.flush()
    assert not select.select([served.process.stdout], [], [], 0.1)[0]
    assert served.say("em\nfault=drop\n\nfault=none")["key"] == "key"
    assert [b"drop" in served.line(), b"none" in served.line()] == [True, True]


def test_the_end_of_standard_input_is_no_end(serve):
    """With standard input closed or absent from the start it goes on serving."""
    for served in (serve("--pty"), serve("--pty", stdin=subprocess.DEVNULL)):
        if served.process.stdin:
            served.process.stdin.close()
        with opened(served.target) as port:
            assert ask(port, "RNC") == "RNC: 10.0"
        assert served.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it(serve, tmp_path, number, facts):
    """SIGINT and SIGTERM end it with 0; the link is gone, and the truth has its end."""
    link, path = tmp_path / "laser", tmp_path / "truth"
    served = serve("--pty", "--link", link, "--truth", path)
    assert link.is_symlink()
    assert served.end(number) == 0
    assert not link.is_symlink()
    assert facts(path)[-1]["event"] == "end"


def test_a_link_that_another_took_over_stays(serve, tmp_path):
    """A newer simulator takes the link over; the older one does not remove it."""
    link = tmp_path / "laser"
    older, newer = serve("--pty", "--link", link), serve("--pty", "--link", link)
    assert older.end() == 0
    with opened(newer.target) as port:
        assert ask(port, "RNC") == "RNC: 10.0"


def test_light_by_itself_is_written_when_it_happens(serve, tmp_path, until, facts):
    """The end of the start-up is written though nobody asks, at its exact time."""
    path = tmp_path / "truth"
    served = serve(
        "--pty", "--truth", path, "--set", "startup_s=0.2", "--set", "diode_current_percent=50"
    )
    with opened(served.target) as port:
        ask(port, "EMON")
        until(lambda: facts(path)[-1]["event"] == "light_on")
    told = {each["event"]: each["mono_ns"] for each in facts(path)}
    assert told["light_on"] - told["command"] == 200_000_000


def test_later_acts_count_from_the_ready_line(serve, tmp_path, until, facts):
    """--at acts happen by themselves, in their order, at their time after the start."""
    path = tmp_path / "truth"
    serve("--pty", "--truth", path, "--at", "0.2:key=on", "--at", "0.1:key=rem")
    until(lambda: len(facts(path)) == 3)
    start, first, second = facts(path)
    assert (first["value"], second["value"]) == ("rem", "on")
    assert first["mono_ns"] - start["mono_ns"] == 100_000_000
    assert second["mono_ns"] - start["mono_ns"] == 200_000_000


def test_unplugging_takes_the_port_away(serve, tmp_path, until):
    """An unplugged pty reads an error and its link is gone; a TCP connection is closed."""
    link = tmp_path / "laser"
    served = serve("--pty", "--link", link)
    with opened(served.target) as port:
        assert ask(port, "RNC") == "RNC: 10.0"
        assert served.say("fault=unplug")["ok"]
        with pytest.raises((serial.SerialException, OSError)):
            until(lambda: port.read(1) and None)
    assert not link.is_symlink()
    assert served.process.poll() is None
    assert served.say("key=rem")["ok"]
    served = serve("--tcp", "127.0.0.1:0", "--fault", "unplug@cmd=STA")
    host, port = served.target.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port)), 5) as client:
        client.sendall(b"STA\r")
        assert client.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 5)


def test_faults_at_the_start_and_later(serve, tmp_path, facts):
    """--fault and fault= plant faults on a real wire; fault=none clears them."""
    path = tmp_path / "truth"
    served = serve("--pty", "--setup", "left_emitting", "--fault", "refused_off", "--truth", path)
    with opened(served.target) as port:
        assert ask(port, "EMOFF") == "ERR: Command refused"
        assert "light_off" not in {each["event"] for each in facts(path)}
        assert served.say("fault=none")["ok"]
        assert served.say("fault=delay:seconds=0.1")["ok"]
        before = time.monotonic()
        assert ask(port, "EMOFF") == "EMOFF"
        assert 0.1 <= time.monotonic() - before < 1
        assert "light_off" in {each["event"] for each in facts(path)}


def test_a_reader_that_never_reads_blocks_nothing(serve):
    """Replies that nobody takes are lost when the buffer is full; the laser goes on."""
    served = serve("--pty")
    end = os.open(served.target, os.O_RDWR | os.O_NOCTTY)
    try:
        for _ in range(400):
            os.write(end, b"RFV\r" * 20)
        assert served.say("key=rem")["ok"]
        assert served.end() == 0
    finally:
        os.close(end)


def test_answers_come_quickly(serve):
    """Half of all replies come within two milliseconds."""
    served = serve("--pty")
    with opened(served.target) as port:
        took = []
        for _ in range(200):
            begin = time.perf_counter()
            ask(port, "STA")
            took.append(time.perf_counter() - begin)
    assert sorted(took)[100] < 0.002
