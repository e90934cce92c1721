"""All round over real ptys: laser, recording, driver test, simulator, the same answers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from devicelink.link.port import open_port
from devicelink.recordings.file import Called, Passed, read_recording
from devicelink.registry import make
from devicelink.runtime import ThreadRuntime
from tests.clinic import wait

LASERS = [
    ("ipg", "dialect=ylr-sm"),
    ("ipg", "dialect=yar"),
    ("uc2000", "checksum=off"),
]
"""Those whose wire names nobody: what they tell is played as they told it."""
NAMED = [
    ("ipg", "dialect=ylr-qcw", "SIM-QCW-1"),
    ("bigsky", "serial=062", "062"),
    ("nkt", "address=1", "SIM-NKT-1"),
]
"""Those that tell who they are, one of them under a checksum, one by three digits."""


@pytest.mark.parametrize(("name", "setting"), LASERS)
def test_a_recording_is_a_driver_test_and_a_simulator(serve, tell, tmp_path, name, setting):
    """Laser → recording → simulator → probe tells what the laser told; the driver replays it."""
    setup = ("--set", setting)
    file, again = tmp_path / "laser.rec", tmp_path / "again.rec"
    laser = serve(name, *setup)
    code, told, _ = tell("driver", "record", name, laser, "--output", file, *setup)
    assert (code, told["raised"]) == (0, [])
    assert told["calls"] == ["identify", "read_status", "bounds", "read_effective", "read_lock"]
    code, told, _ = tell("driver", "replay", file)
    assert (code, told) == (0, {"ok": True, "calls": 5, "problem": None})

    _, live, _ = tell("driver", "probe", name, laser, *setup)
    replayed = serve("replay", "--set", f"recording={file}")
    _, played, _ = tell("driver", "probe", name, replayed, *setup)
    assert played == live
    assert tell("driver", "record", name, replayed, "--output", again, *setup)[0] == 0
    frames = [
        [(e.dir, e.data) for e in read_recording(each).passed if e.dir == ">"]
        for each in (file, again)
    ]
    assert frames[0] == frames[1]


@pytest.mark.parametrize(("name", "setting", "serial"), NAMED)
def test_who_the_laser_is_stands_nowhere_in_its_recording(
    serve, tell, tmp_path, name, setting, serial
):
    """In no byte and no word; a stand-in does in its place, and the file replays all round."""
    file = tmp_path / "laser.rec"
    laser = serve(name, "--set", setting)
    words = ("driver", "record", name, laser, "--output", file, "--set", setting)
    code, told, problem = tell(*words)
    assert code == 0, problem
    (redacted,) = told["redacted"]
    recording = read_recording(file)
    for way in "<>":
        passed = b"".join(each.data for each in recording.passed if each.dir == way)
        assert serial.encode() not in passed
    others = [event for event in recording.events if not isinstance(event, Passed)]
    texts = [json.dumps(each.model_dump(exclude={"at_ns"})) for each in (recording.head, *others)]
    assert not [text for text in texts if serial in text]

    assert tell("driver", "replay", file)[1]["ok"]
    setup = [f"--set={key}={value}" for key, value in recording.head.configuration.items()]
    replayed = serve("replay", "--set", f"recording={file}")
    _, played, _ = tell("driver", "probe", name, replayed, *setup)
    stand_in = redacted["stand_in"]
    assert stand_in in json.dumps(played) or name == "ipg"


def test_a_planted_difference_is_found(serve, tell, tmp_path):
    """One digit of an answer changed in the file: exit 1, with the line and the place."""
    file = tmp_path / "laser.rec"
    tell("driver", "record", "ipg", serve("ipg"), "--output", file)
    lines = file.read_text().splitlines()
    answer = b"RCT: 25.0\r".hex()
    number = next(n for n, line in enumerate(lines) if answer in line)
    lines[number] = lines[number].replace(answer, b"RCT: 26.0\r".hex())
    file.write_text("\n".join(lines) + "\n")
    code, told, _ = tell("driver", "replay", file)
    assert code == 1
    assert told["problem"].startswith(f"Line {number + 2}, read_status: measured.temperature_c")


def test_recording_sends_only_questions(serve, tell, tmp_path):
    """The laser's own truth: it was asked, nothing was set, nothing was switched."""
    truth, file = tmp_path / "truth", tmp_path / "laser.rec"
    tell("driver", "record", "ipg", serve("ipg", "--truth", truth), "--output", file)
    events = [json.loads(line) for line in truth.read_text().splitlines()]
    asked = {event["text"] for event in events if event["event"] == "command"}
    assert asked == {"RFV", "RNC", "RMN", "STA", "ROP", "RCT", "RFWS", "RCS"}
    assert {event["event"] for event in events} == {"start", "command"}


def test_what_cannot_be_recorded_leaves_no_file(serve, tell, tmp_path):
    """A name that is taken, a port that is not there, two sources at once: a sentence, no file."""
    file, taken = tmp_path / "laser.rec", tmp_path / "taken.rec"
    taken.write_text("mine")
    for words, code, told in (
        ((tmp_path / "none", "--output", file), 1, "does not exist"),
        ((tmp_path / "none", "--output", taken), 2, "is there already"),
        (("--output", file), 2, "Say what to record"),
        ((tmp_path / "none", "--from", taken, "--output", file), 2, "Say what to record"),
        (("--from", taken, "--output", file), 2, "line 1"),
        ((tmp_path / "none", "--settings", taken, "--output", file), 2, "goes with --from"),
        (
            (serve("ipg", "--fault", "silence"), "--output", file),
            1,
            "Check that the laser is on",
        ),
    ):
        done = tell("driver", "record", "ipg", *words)
        assert done[0] == code, done
        assert told in str(done[1]) + done[2]
        assert not file.exists()
    assert taken.read_text() == "mine"


def test_a_real_session_becomes_a_driver_test(clinic, tell, tmp_path):
    """Preparing, READY and locking of a session that ran are calls of its recording, and replay."""
    session = clinic.start("--for", "60")
    clinic.laser.wait_for("enabled", session)
    session.send_signal(signal.SIGINT)
    wait(lambda: session.poll() is not None)
    session.communicate()
    (transcript,) = (clinic.station / "transcripts").glob("*.jsonl")
    file = tmp_path / "session.rec"
    settings = clinic.props / "settings.toml"
    words = ("driver", "record", "ipg", "--from", transcript, "--output", file)
    code, told, _ = tell(*words, "--settings", settings)
    assert (code, told["bytes_of_no_call"]) == (0, 0)
    order = [call for call in told["calls"] if call in {"prepare", "ready", "reduce", "read_lock"}]
    assert order[:2] == ["prepare", "ready"]
    assert order[-3:] == ["reduce", "reduce", "read_lock"]
    code, told, _ = tell("driver", "replay", file)
    assert (code, told["ok"]) == (0, True)

    recording = read_recording(file)
    ready = next(n for n, e in enumerate(recording.events) if getattr(e, "call", "") == "ready")
    sent = recording.events[ready + 1]
    assert isinstance(recording.events[ready], Called)
    assert isinstance(sent, Passed)
    assert sent.data == b"EMON\r"


def test_the_simulator_answers_bytes_that_it_knows_and_no_others(serve, tell, tmp_path):
    """A known frame is answered, also cut into bytes; an unknown one meets silence."""
    file = tmp_path / "laser.rec"
    tell("driver", "record", "ipg", serve("ipg"), "--output", file)
    link = serve("replay", "--set", f"recording={file}")
    runtime = ThreadRuntime()
    port = open_port(str(link), make("ipg", {}).line, runtime)
    try:
        for byte in b"STA\r":
            port.write(bytes([byte]))
        assert port.read(2.0).startswith(b"STA: ")
        port.write(b"ESTA\r")
        port.write(b"EMON\r")
        assert port.read(0.3) == b""
    finally:
        port.close()


def test_bytes_that_no_call_sent_are_named(tmp_path):
    """Which they were, in hex and as text: their number alone helps nobody."""
    transcript, file = tmp_path / "t.jsonl", tmp_path / "t.rec"
    passed = [(">", b"RFV\r"), ("<", b"RFV: 1.0\r"), (">", b"XYZ\r")]
    transcript.write_text(
        "".join(
            json.dumps({"mono_ns": n, "dir": way, "hex": data.hex()}) + "\n"
            for n, (way, data) in enumerate(passed)
        )
    )
    words = ("driver", "record", "ipg", "--from", transcript, "--output", file)
    done = subprocess.run(
        [sys.executable, "-m", "devicelink", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "bytes belong to no call of the driver and stay as bytes:\n" in done.stdout
    assert "  > 58 59 5a 0d  XYZ·\n" in done.stdout
