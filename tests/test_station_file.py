"""What `station.toml` may hold, and what is said of one that holds something else."""

from __future__ import annotations

import pytest

from devicelink.config import STATION_FILE, StationFile, read_station_file
from devicelink.errors import ConfigError


def test_what_is_written_is_read_back(tmp_path):
    """Name and origin, both."""
    named = StationFile(name="clinic", origin="simulated/clinic/00")
    named.write(tmp_path)
    assert read_station_file(tmp_path) == named


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "a"\n', "origin is missing."),
        ('origin = "b"\n', "name is missing."),
        ('name = 7\norigin = "b"\n', "name must be a text in quotes."),
        ('name = "a"\norigin = ["b"]\n', "origin must be a text in quotes."),
        (
            'name = "a"\norigin = "b"\ncolour = "red"\n',
            "colour is no key of this file: name and origin are.",
        ),
    ],
)
def test_another_file_is_refused_with_the_key_that_is_wrong(tmp_path, text, said):
    """By the file's name, the key, and what it should be."""
    path = tmp_path / STATION_FILE
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_station_file(tmp_path)
    assert str(refused.value) == f"{path}: {said}"
