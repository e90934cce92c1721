"""Places in a maker's status lists: each is given to one certificate, ever."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError
from devicelink.people.places import take_place
from devicelink.people.statuslist import FEWEST_BITS

URL = "https://maker.example/status/1"


@pytest.fixture
def key(tmp_path):
    """Where a maker's key would lie."""
    return tmp_path / "maker.key"


def test_people_a_place_is_given_away_once(key):
    """The next free one is taken by itself; one that is taken is refused, in this list alone."""
    assert take_place(key, URL, None, "c:0") == 0
    assert take_place(key, URL, 7, "c:7") == 7
    assert take_place(key, URL, None, "c:8") == 8
    with pytest.raises(ConfigError, match="given away already"):
        take_place(key, URL, 7, "c:9")
    assert take_place(key, URL + "0", 7, "c:9") == 7
    assert take_place(key, URL, None, "c:10") == 9


def test_people_places_beyond_a_list_are_refused(key):
    """A list has so many places, and none below 0."""
    for index in (-1, FEWEST_BITS):
        with pytest.raises(ConfigError, match="counts from 0"):
            take_place(key, URL, index, "c:1")


def test_people_a_damaged_book_of_places_issues_nothing(key):
    """What cannot be read could hide a place that is taken."""
    take_place(key, URL, None, "c:0")
    book = key.with_name("maker.key.places")
    book.write_text(book.read_text() + "{torn")
    with pytest.raises(ConfigError, match="damaged"):
        take_place(key, URL, None, "c:1")
