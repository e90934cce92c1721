"""What names a laser stays out of its recording, or there is no recording."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError, Refused
from devicelink.recordings.file import Passed, Recording
from devicelink.recordings.playing import replay
from devicelink.recordings.redaction import redacted, secrets_of
from tests.recordings.toy import ANSWERS, CHECKED, SERIAL, SealingWire, Toy, Wire, head, recorded


def kept(recording, driver=None, *more):
    """The recording as it would be written."""
    driver = driver or Toy()
    return redacted(recording, secrets_of(recording, driver, more), lambda _: driver)


def stream(recording, way):
    """All bytes of one direction."""
    parts = [e.data for e in recording.events if isinstance(e, Passed) and e.dir == way]
    return b"".join(parts)


def test_the_serial_number_is_nowhere_in_the_file():
    """Neither as text, nor in hex, nor across two pieces, nor in an error's sentence."""
    file = kept(recorded()).encoded().decode()
    assert SERIAL in recorded().encoded().decode()
    assert SERIAL.lower() not in file.lower()
    assert SERIAL.encode().hex() not in file
    assert SERIAL.encode() not in stream(kept(recorded()), "<")
    assert b"S=QW3456u\r" in stream(kept(recorded()), "<")


def test_lengths_and_times_stay():
    """Every piece is as long as it was and at its time."""
    before, after = recorded(), kept(recorded())
    shape = [
        [(e.at_ns, getattr(e, "hex", "")[:0], type(e)) for e in r.events] for r in (before, after)
    ]
    assert shape[0] == shape[1]
    sizes = [[len(e.data) for e in r.passed] for r in (before, after)]
    assert sizes[0] == sizes[1]


def test_the_file_says_what_was_replaced_by_what_and_never_the_original():
    """The stand-in, what it stands for, and how often."""
    (told,) = kept(recorded()).head.redacted
    assert (told.what, told.stand_in, told.times) == ("serial number", "QW3456u", 1)


def test_what_is_left_replays():
    """A redacted recording is a driver test like any other."""
    assert replay(kept(recorded()), Toy()).problem is None


def test_a_text_that_a_person_names_goes_as_well():
    """`--redact` takes what no driver knows to be a name, in any case of its letters."""
    answers = {**ANSWERS, b"?T\r": [(0.01, b"room 12A\rT=1042\r")]}
    out = kept(recorded(answers), Toy(), "Room 12a")
    assert b"room 12a" not in stream(out, "<").lower()
    assert b"qwer 67i\r" in stream(out, "<").lower()


def test_a_serial_number_in_the_configuration_is_replaced_alike():
    """Where the host sends it as an address, the driver is set up with the stand-in."""
    recording = Recording(head(configuration={"serial": SERIAL}), recorded().events)
    assert kept(recording).head.configuration == {"serial": "QW3456u"}


def test_a_checksum_that_would_break_refuses_the_recording():
    """Without help from the wire the changed reply is none, and nothing is written."""
    driver = Toy(Wire(checks=True))
    with pytest.raises(Refused, match="resealed"):
        kept(recorded(CHECKED, driver), driver)


def test_a_wire_that_reseals_is_recorded():
    """With the hook the checksum is right again, and the name is out."""
    driver = Toy(SealingWire(checks=True))
    out = kept(recorded(CHECKED, driver), driver)
    assert SERIAL.encode() not in stream(out, "<")
    assert replay(out, driver).problem is None


def test_a_name_that_stands_by_chance_in_a_number_refuses():
    """A counter would be another one: that is more than a name."""
    answers = {**ANSWERS, b"?S\r": [(0.01, b"S=104\r")]}
    with pytest.raises(Refused, match="counter was 1042"):
        kept(recorded(answers))


def test_a_name_in_a_form_that_is_not_found_refuses():
    """A serial number that the driver makes out of other bytes cannot be replaced, so no file."""

    class Decodes(Toy):
        def identify(self, link):
            identity = super().identify(link)
            return identity.__class__(identity.serial[::-1], "Toy", "1")

    driver = Decodes()
    with pytest.raises(Refused, match="cannot be replaced"):
        kept(recorded(driver=driver), driver)


def test_too_short_a_name_is_refused():
    """Two characters stand everywhere by chance."""
    with pytest.raises(ConfigError, match="3 characters"):
        kept(recorded(), Toy(), "T=")


def test_a_detail_that_the_driver_names_is_replaced():
    """A driver may say which of its details names one laser."""

    class Names(Toy):
        identifying_details = ("hull",)

        def identify(self, link):
            identity = super().identify(link)
            return identity.__class__(None, None, "1", {"hull": identity.serial})

    out = kept(recorded(driver=Names()), Names())
    assert SERIAL not in out.encoded().decode()
    assert out.head.redacted[0].what == "hull"
