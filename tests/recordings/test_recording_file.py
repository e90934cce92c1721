"""The file of a recording: what it holds it gives back, and damage is told with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from devicelink.errors import ConfigError
from devicelink.recordings.file import read_recording
from devicelink.recordings.playing import replay
from devicelink.registry import make
from devicelink.runtime import MachineDisk
from tests.recordings.toy import recorded

CALL = '{"kind": "call", "at_ns": 5, "call": "identify", "doubt": false}'
MADE = '{"kind": "made", "at_ns": 6, "made": null}'
BYTES = '{"kind": "bytes", "at_ns": 7, "dir": ">", "hex": "00ff"}'


@pytest.fixture
def file(tmp_path):
    """A written recording."""
    path = tmp_path / "toy.rec"
    recorded().write(path, MachineDisk())
    return path


def test_a_file_reads_back_as_it_was_recorded(file):
    """Nothing is lost or changed between writing and reading."""
    assert read_recording(file) == recorded()


def test_a_recording_is_never_written_over(file):
    """A second recording under the same name is refused, and the first one stays as it was."""
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="is there already"):
        recorded().write(file, MachineDisk())
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.glob("*.rec*")] == ["toy.rec"]


@pytest.mark.parametrize(
    ("line", "text", "told"),
    [
        (2, "nonsense", "line 2: .*JSON"),
        (3, '{"kind": "bytes", "at_ns": 1, "dir": "?", "hex": "00"}', "line 3: bytes.dir"),
        (3, '{"kind": "bytes", "at_ns": 1, "dir": "<", "hex": "0"}', "line 3: bytes.hex"),
        (3, '{"kind": "bytes", "at_ns": "1", "dir": "<", "hex": "00"}', "line 3: bytes.at_ns"),
        (3, '{"kind": "bytes", "at_ns": 1, "dir": "<", "hex": "00", "x": 1}', "line 3: bytes.x"),
        (2, '{"kind": "call", "at_ns": 0, "call": "emit", "doubt": false}', "line 2: call.call"),
        (2, '{"kind": "light", "at_ns": 0}', "line 2: .*light"),
        (2, MADE, "line 2: a call ends that has not begun"),
        (3, CALL, "line 3: a call begins, and the one before has not ended"),
        (1, '{"mono_ns": 1, "dir": ">", "hex": "00"}', "line 1: this is no recording"),
        (1, '{"kind": "recording", "v": 2}', "line 1: this recording has version 2"),
        (1, '{"kind": "recording", "v": 1}', "line 1: source"),
        (1, "[" * 5000, "line 1: this is no recording"),
    ],
)
def test_a_damaged_line_is_named(file, line, text, told):
    """Whatever is wrong with a line, the reader says which one and what it is."""
    lines = file.read_text().splitlines()
    lines[line - 1] = text
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match=told):
        read_recording(file)


@pytest.mark.parametrize(
    ("keep", "told"), [(lambda text: text[:-5], "ends within this line"), (lambda _: "", "empty")]
)
def test_a_cut_file_is_refused(file, keep, told):
    """A file that lost its end is not taken for a shorter recording."""
    file.write_text(keep(file.read_text()))
    with pytest.raises(ConfigError, match=told):
        read_recording(file)


def test_a_file_that_ends_within_a_call_is_refused(file):
    """Whole lines may be lost, too: a call without an end shows it."""
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(ConfigError, match="ends within a call"):
        read_recording(file)


def test_time_that_goes_back_is_refused(file):
    """Events stand in the order of their times."""
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, BYTES]) + "\n")
    with pytest.raises(ConfigError, match=f"line {len(lines) + 1}: at_ns goes back"):
        read_recording(file)


def test_the_documented_example_is_a_recording(tmp_path):
    """The example in the manual can be read, shows every kind of line, and replays."""
    page = Path(__file__).parents[2] / "docs" / "recordings.md"
    (example,) = re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL)
    path = tmp_path / "example.rec"
    path.write_text(example)
    kinds = {json.loads(line)["kind"] for line in example.splitlines()}
    recording = read_recording(path)
    driver = make(recording.head.driver, recording.head.configuration)
    assert replay(recording, driver).problem is None
    assert kinds == {"recording", "call", "bytes", "silence", "made", "raised"}
