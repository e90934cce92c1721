"""One owner a device, across real processes; and the socket on which anyone may ask for a lock."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devicelink.errors import DeviceBusy
from devicelink.runtime import ThreadRuntime
from devicelink.session import ownership
from devicelink.session.ownership import LockRequests, ask_owner, is_owned, own

RUNTIME = ThreadRuntime()
SERIALS = [
    "0917",
    "SIM-0917",
    "A/17 b",
    "../../etc/x",
    ".",
    "..",
    "ü 5",
    "a%2Fb",
    "-rf",
    " ",
    "a\nb",
]
OWNER = """
import json, sys
from pathlib import Path
from devicelink.runtime import ThreadRuntime
from devicelink.session.ownership import LockRequests, own
folder, serial, *more = sys.argv[1:]
runtime = ThreadRuntime()
held = own(Path(folder), serial, runtime)
if more:
    LockRequests(Path(folder, "locks"), serial, runtime, lambda: json.loads(more[0]))
print("owned", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start():
    """Starts other processes that own a device; none outlives its test."""
    running = []

    def begin(folder, serial, *more):
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(folder), serial, *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout.readline() == b"owned\n"
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait(10)
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def served():
    """Serves lock requests in this process, closed at the end."""
    made = []

    def serve(folder, serial, answer):
        (folder / "locks").mkdir(parents=True, exist_ok=True)
        made.append(LockRequests(folder / "locks", serial, RUNTIME, answer))
        return made[-1]

    yield serve
    for one in made:
        one.close()


def long_folder(tmp_path):
    """A folder whose path alone is longer than a socket's may be."""
    folder = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 6)
    folder.mkdir(parents=True)
    assert len(str(folder)) > 107
    return folder


def test_a_device_has_one_owner_across_processes(start, tmp_path):
    """While another process owns it the device is busy; with its end, even by SIGKILL, free."""
    other = start(tmp_path, "0917")
    assert is_owned(tmp_path, "0917", RUNTIME)
    with pytest.raises(DeviceBusy, match="0917 is in use"):
        own(tmp_path, "0917", RUNTIME)
    other.kill()
    other.wait(10)
    assert not is_owned(tmp_path, "0917", RUNTIME)
    own(tmp_path, "0917", RUNTIME).release()


def test_another_device_is_another_lock(start, tmp_path):
    """Owning one device keeps nobody from another, nor from its like in another folder."""
    start(tmp_path, "0917")
    own(tmp_path, "0918", RUNTIME).release()
    own(tmp_path / "elsewhere", "0917", RUNTIME).release()


def test_waiting_for_the_owner_to_end(start, tmp_path):
    """`own` waits as long as it is told, and takes the device when it becomes free."""
    other = start(tmp_path, "0917")
    began_s = time.monotonic()
    with pytest.raises(DeviceBusy):
        own(tmp_path, "0917", RUNTIME, within_s=0.1)
    assert 0.1 <= time.monotonic() - began_s < 5
    other.stdin.close()
    own(tmp_path, "0917", RUNTIME, within_s=10).release()


def test_asking_disturbs_nobody(tmp_path):
    """Looking whether a device is owned neither takes it nor makes files."""
    assert not is_owned(tmp_path, "0917", RUNTIME)
    assert not (tmp_path / "locks").exists()
    held = own(tmp_path, "0917", RUNTIME)
    assert is_owned(tmp_path, "0917", RUNTIME)
    assert is_owned(tmp_path, "0917", RUNTIME)
    held.release()
    assert not is_owned(tmp_path, "0917", RUNTIME)


def test_an_inherited_lock_file_outlives_its_owner(tmp_path):
    """A process that inherited the lock file, as a guard does, keeps the device owned."""
    held = own(tmp_path, "0917", RUNTIME)
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        pass_fds=(held.lock_fd,),
    ) as heir:
        held.release()
        assert is_owned(tmp_path, "0917", RUNTIME)
        heir.stdin.close()
        heir.wait(10)
    assert not is_owned(tmp_path, "0917", RUNTIME)


def test_an_ordinary_child_does_not_inherit_it(tmp_path):
    """A child that was not handed the lock file does not keep the device owned."""
    held = own(tmp_path, "0917", RUNTIME)
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; print('here', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        close_fds=False,
    ) as child:
        assert child.stdout.readline() == b"here\n"
        held.release()
        assert not is_owned(tmp_path, "0917", RUNTIME)
        child.stdin.close()


@pytest.mark.parametrize("serial", SERIALS)
def test_any_serial_number_is_one_file_in_the_folder(tmp_path, serial, served):
    """Slashes, dots, spaces and percent signs stay within `locks/`, and devices stay apart."""
    held = own(tmp_path, serial, RUNTIME)
    served(tmp_path, serial, lambda: {"confirmed": True, "of": serial})
    assert is_owned(tmp_path, serial, RUNTIME)
    assert not is_owned(tmp_path, f"{serial}x", RUNTIME)
    assert ask_owner(tmp_path, serial, RUNTIME) == {"confirmed": True, "of": serial}
    assert ask_owner(tmp_path, f"{serial}x", RUNTIME) is None
    held.release()
    assert {path.parent for path in tmp_path.rglob("*.*")} == {tmp_path / "locks"}


def test_serial_numbers_that_look_alike_are_not_mixed_up(tmp_path):
    """`a/b` and `a%2Fb` are two devices."""
    held = own(tmp_path, "a/b", RUNTIME)
    assert not is_owned(tmp_path, "a%2Fb", RUNTIME)
    own(tmp_path, "a%2Fb", RUNTIME).release()
    held.release()


@pytest.mark.parametrize("serial", ["0917", "A/17 b"])
def test_the_owner_answers_from_another_process(start, tmp_path, serial):
    """Whoever asks gets what the owner read back, word for word, also by a long path."""
    answer = {"confirmed": True, "by": "session", "text": "gelöscht " * 2000}
    folder = long_folder(tmp_path)
    start(folder, serial, json.dumps(answer))
    assert ask_owner(folder, serial, RUNTIME) == answer
    assert ask_owner(folder, serial, RUNTIME) == answer


def test_the_folder_may_be_named_relatively(served, tmp_path, monkeypatch):
    """A relative folder is as good as an absolute one."""
    served(tmp_path, "0917", lambda: {"confirmed": True})
    monkeypatch.chdir(tmp_path)
    assert ask_owner(Path(), "0917", RUNTIME) == {"confirmed": True}


def test_a_stale_socket_file_is_no_answer_and_no_obstacle(start, tmp_path, served):
    """What a killed owner left behind answers nobody, at once, and the next owner replaces it."""
    other = start(tmp_path, "0917", '{"confirmed": false}')
    other.kill()
    other.wait(10)
    assert (tmp_path / "locks" / "0917.sock").is_socket()
    began_s = time.monotonic()
    assert ask_owner(tmp_path, "0917", RUNTIME) is None
    assert time.monotonic() - began_s < 1.0
    served(tmp_path, "0917", lambda: {"confirmed": True})
    assert ask_owner(tmp_path, "0917", RUNTIME) == {"confirmed": True}


def test_closing_answers_no_more_and_leaves_nothing(served, tmp_path):
    """After `close` nobody answers, and no socket file is left."""
    requests = served(tmp_path, "0917", lambda: {"confirmed": True})
    requests.close()
    assert ask_owner(tmp_path, "0917", RUNTIME) is None
    assert list((tmp_path / "locks").iterdir()) == []


@pytest.fixture
def listener(tmp_path, monkeypatch):
    """A socket in the place of the owner's, on which nobody answers yet."""
    monkeypatch.setattr(ownership, "ANSWER_WITHIN_S", 0.2)
    (tmp_path / "locks").mkdir()
    monkeypatch.chdir(tmp_path / "locks")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as heard:
        heard.bind("0917.sock")
        heard.listen(4)
        heard.settimeout(5)
        yield heard


def test_no_answer_ends_in_time(listener, tmp_path):
    """An owner that hangs is given its time and no more."""
    began_s = time.monotonic()
    assert ask_owner(tmp_path, "0917", RUNTIME) is None
    assert 0.2 <= time.monotonic() - began_s < 2.0


@pytest.mark.parametrize("said", [b"", b"\n", b"yes\n", b"[1]\n", b'{"confirmed": tr', b"\xff\n"])
def test_a_garbled_answer_is_no_answer(listener, tmp_path, said):
    """Only a whole JSON object counts; anything else is as good as silence."""

    def answer():
        connection, _ = listener.accept()
        with connection:
            connection.recv(64)
            connection.sendall(said)

    task = RUNTIME.spawn("answer", answer)
    assert ask_owner(tmp_path, "0917", RUNTIME) is None
    assert task.join(5)


@pytest.mark.parametrize("word", [b"start\n", b"stop", b"STOP\n", b"stop\nstop\n", b"\x00"])
def test_the_only_word_is_stop(served, tmp_path, word, monkeypatch):
    """Anything but the one word is neither obeyed nor answered, and the next caller is served."""
    calls = []

    def answer():
        calls.append(1)
        return {"confirmed": True}

    served(tmp_path, "0917", answer)
    monkeypatch.chdir(tmp_path / "locks")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(5)
        asking.connect("0917.sock")
        asking.sendall(word)
        asking.shutdown(socket.SHUT_WR)
        assert asking.recv(64) == b""
    assert calls == []
    assert ask_owner(tmp_path, "0917", RUNTIME) == {"confirmed": True}


def test_a_caller_who_says_nothing_does_not_keep_others_out(served, tmp_path, monkeypatch):
    """A silent caller costs the next one about a second, within the time that is waited."""
    served(tmp_path, "0917", lambda: {"confirmed": True})
    monkeypatch.chdir(tmp_path / "locks")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.connect("0917.sock")
        assert ask_owner(tmp_path, "0917", RUNTIME) == {"confirmed": True}


def test_the_lock_file_is_for_its_owner_alone(tmp_path):
    """Nobody else's account can hold the device."""
    held = own(tmp_path, "0917", RUNTIME)
    mode = os.fstat(held.lock_fd).st_mode & 0o777
    held.release()
    assert mode == 0o600
