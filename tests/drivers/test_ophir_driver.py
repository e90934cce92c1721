"""Dialogues with an Ophir meter: the list of what is sent and what comes back is the test."""

from __future__ import annotations

import contextlib

import pytest

from devicelink.errors import ConfigError, DeviceFault, LinkError, NoReply, ProtocolError
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink.meter import Head, Instrument, Mode, Reading, Wanted
from devicelink.registry import make_meter
from devicelink_ophir import Ophir
from tests.drivers.dialogues import Clock

MARKER = ("VE", "*EA1.06")
NOVA = [
    ("SI", "* J"),
    ("AR", "* 1 AUTO 200mJ 20.0mJ 2.00mJ"),
    ("MM0", "*3"),
    ("AW", "*CONTINUOUS 193 12000 4 248 366 532 1064 NONE 10.6"),
    ("FQ", "*1 OUT IN"),
    ("DQ", "?COM ERROR"),
]
UNKNOWN = "?COM ERROR"


class Scripted:
    """Each frame in its turn, each reply once; None is silence."""

    def __init__(self, pairs):
        self.clock, self.pairs, self.unread = Clock(), list(pairs), b""

    def write(self, data):
        """It has to be the next line of the script."""
        assert self.pairs, f"{data!r} was sent after the end of the script"
        word, reply = self.pairs.pop(0)
        assert data == f"${word}\r\n".encode()
        self.unread = b"" if reply is None else reply.encode() + b"\r\n"

    def read(self, within_s, until=None):
        """What was answered, or the time passes."""
        heard, self.unread = self.unread, b""
        if not heard:
            self.clock.ns += round(within_s * 1e9)
        return heard


@contextlib.contextmanager
def dialogue(*pairs):
    """A link over the script; what was not sent fails."""
    port = Scripted([MARKER, *pairs])
    yield Link(port, Ophir({}).wire, port.clock, NoTranscript())
    assert port.pairs == [], f"never sent: {port.pairs}"


def setup(**words):
    """How the driver reads this meter back; a word that is None is refused."""
    told = [(word, words.get(word, reply) or UNKNOWN) for word, reply in NOVA]
    with dialogue(*told) as link:
        return Ophir({}).read_setup(link)


def test_who_answers():
    """Firmware, instrument and head with its own serial number and abilities."""
    with dialogue(
        ("VE", "*EA1.06"),
        ("II", "* USBD 113217 SH2USB"),
        ("HI", "* TH 12345 03AP 00000183"),
    ) as link:
        found = Ophir({}).identify(link)
    assert found.instrument == Instrument(serial="113217", model="SH2USB", firmware="EA1.06")
    assert found.head == Head("TH", "12345", "03AP", (Mode.POWER, Mode.ENERGY))


@pytest.mark.parametrize(
    ("told", "measures"),
    [
        ("* PY 22323 PE10-C 80000002", (Mode.ENERGY,)),
        ("*TH 1 L30A 00000001", (Mode.POWER,)),
        ("* SI 9 PD300 80000000", ()),
    ],
)
def test_what_a_head_measures(told, measures):
    """Bits 0 and 1 of its capabilities are power and energy; the others tell nothing here."""
    with dialogue(("VE", "*NV2.21"), ("II", UNKNOWN), ("HI", told)) as link:
        found = Ophir({}).identify(link)
    assert found.head.measures == measures
    assert found.instrument == Instrument(serial=None, model=None, firmware="NV2.21")


def test_no_head():
    """`XX` is no head: nothing is measured."""
    with dialogue(("VE", "*EA1.06"), ("II", "* EA 1 X"), ("HI", "* XX 0 NONE 0")) as link:
        assert Ophir({}).identify(link).head is None


@pytest.mark.parametrize("told", ["* PY 22323", "* PY 22323 PE10-C zz", "* PY 22323 PE10-C 0x1"])
def test_a_head_that_is_told_by_halves(told):
    """A head without its serial number or abilities is a broken reply, not a head."""
    with (
        dialogue(("VE", "*EA1.06"), ("II", UNKNOWN), ("HI", told)) as link,
        pytest.raises(ProtocolError, match="tells its head"),
    ):
        Ophir({}).identify(link)


def test_a_meter_in_boot_mode():
    """It measures nothing: switched off and on it comes back."""
    with dialogue(("VE", "*ED1.06")) as link, pytest.raises(DeviceFault, match="boot mode"):
        Ophir({}).identify(link)


def test_the_setup_is_read_back():
    """Mode, unit, wavelength, range, filter, each as the meter wrote it."""
    told = setup()
    assert (told.mode, told.unit) == (Mode.ENERGY, Reading("J"))
    assert (told.wavelength_nm, told.wavelength) == (Reading("1064"), Reading("1064"))
    assert told.wavelengths[-1] == "10.6"
    assert (told.range, told.ranges) == (Reading("20.0mJ"), ("AUTO", "200mJ", "20.0mJ", "2.00mJ"))
    assert told.filter == Reading("filter OUT")
    assert "DQ" not in told.words


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ({"MM0": "*2", "SI": "* W"}, Mode.POWER),
        ({"MM0": "*4"}, Mode.OTHER),
        ({"MM0": "*1"}, Mode.OTHER),
        ({"MM0": None, "SI": "*W"}, Mode.POWER),
        ({"MM0": None, "SI": "*J"}, Mode.ENERGY),
        ({"MM0": None, "SI": "*dBm"}, Mode.OTHER),
    ],
)
def test_the_mode(words, mode):
    """Told by `$MM0`, so that exposure in J is not taken for energy; else by the unit."""
    assert setup(**words).mode is mode


def test_what_is_not_told_has_its_reason():
    """No wavelengths, no filter: no value is invented. A filter that says nothing is none."""
    assert setup(FQ="*1").filter == Reading(None, "not_reported")
    told = setup(AW=None, FQ="*N/A", DQ="*")
    assert told.wavelength == Reading(None, "not_reported")
    assert told.wavelength_nm == Reading(None, "no_number")
    assert told.filter == Reading(None, "not_reported")
    named = setup(AW="*DISCRETE 2 VIS NIR", DQ="*2 OUT IN")
    assert named.wavelength == Reading("NIR")
    assert named.wavelength_nm == Reading(None, "no_number")
    assert named.filter == Reading("filter OUT, diffuser IN")
    assert setup(AW="*CONTINUOUS 193 12000 6 248 366 532 1064 NONE 10.6").wavelength_nm == Reading(
        "10600"
    )


def test_prepare():
    """The mode first, then the wavelength, then a range of that mode."""
    with dialogue(
        ("MM3", "*"),
        ("AW", "*CONTINUOUS 193 12000 4 248 366 532 1064 NONE 10.6"),
        ("WI6", "*"),
        ("AR", "*-1 AUTO 200mJ 20.0mJ"),
        ("WN1", "*"),
    ) as link:
        Ophir({}).prepare(link, Wanted(Mode.ENERGY, "10600", "20.0mJ"))
    silent = Scripted([])
    Ophir({}).prepare(Link(silent, Ophir({}).wire, silent.clock, NoTranscript()), Wanted())
    with dialogue(("AR", "*1 AUTO 200mJ 20.0mJ"), ("WN-1", "*")) as link:
        Ophir({}).prepare(link, Wanted(range="AUTO"))


@pytest.mark.parametrize(
    ("mode", "newer", "older"), [(Mode.POWER, "MM2", "FP"), (Mode.ENERGY, "MM3", "FE")]
)
def test_an_older_instrument_knows_other_words(mode, newer, older):
    """What it refuses is said in the older words; refused again, it is told."""
    with dialogue((newer, UNKNOWN), (older, "*")) as link:
        Ophir({}).prepare(link, Wanted(mode))
    with (
        dialogue((newer, UNKNOWN), (older, "?WRONG HEAD")) as link,
        pytest.raises(DeviceFault, match="WRONG HEAD"),
    ):
        Ophir({}).prepare(link, Wanted(mode))


def test_an_older_instrument_knows_no_lists():
    """An entry that it cannot choose is told as the wavelength itself; one chosen is left alone."""
    told = ("AW", "*CONTINUOUS 193 12000 4 248 366 532 1064 NONE 10.6")
    with dialogue(told, ("WI3", UNKNOWN), ("WL 532", "*")) as link:
        Ophir({}).prepare(link, Wanted(wavelength="532"))
    with dialogue(told) as link:
        Ophir({}).prepare(link, Wanted(wavelength="1064"))


def test_what_cannot_be_set_is_refused_before_anything_is_sent():
    """An unknown range or mode leaves the meter as it is."""
    with (
        dialogue(("AR", "*0 1W 100mW")) as link,
        pytest.raises(DeviceFault, match="has no range 5W"),
    ):
        Ophir({}).prepare(link, Wanted(range="5W"))
    port = Scripted([])
    link = Link(port, Ophir({}).wire, port.clock, NoTranscript())
    with pytest.raises(DeviceFault, match="power or energy, not other"):
        Ophir({}).prepare(link, Wanted(Mode.OTHER))


def test_pulses_one_by_one():
    """The manual's procedure: a stale energy thrown away, then each pulse read once."""
    meter = Ophir({})
    with dialogue(
        *(("HP", "*"), ("EF", "*1"), ("SE", "*9.999E-02")),
        *(("EF", "*0"), ("EF", "*0"), ("ER", "*1"), ("EF", "*1"), ("SE", "*1.300E-02")),
        *(("EF", "*0"), ("ER", "*0"), ("EF", "*1"), ("SE", "*OVER")),
    ) as link:
        assert meter.settled(link)
        assert meter.discard_stale(link)
        assert not meter.discard_stale(link)
        assert meter.next_pulse(link) is None
        assert meter.ready_for_pulse(link)
        assert meter.next_pulse(link) == Reading("1.300E-02")
        assert meter.next_pulse(link) is None
        assert not meter.ready_for_pulse(link)
        assert meter.next_pulse(link) == Reading(None, "over_range")


def test_a_pulse_whose_reply_is_lost_is_lost():
    """After silence to `$SE` the next question is for a new pulse: no reading is taken twice."""
    meter = Ophir({})
    with dialogue(("EF", "*1"), ("SE", None), MARKER, ("EF", "*0")) as link:
        with pytest.raises(NoReply):
            meter.next_pulse(link)
        assert meter.next_pulse(link) is None


def test_power_waits_for_the_next_reading():
    """`$SP` has a deadline of its own; over-range and refusal are no number."""
    meter = Ophir({})
    with dialogue(("SP", "*1.300E-5"), ("SP", "*OVER"), ("SP", "?COM ERROR")) as link:
        assert meter.read_power(link) == Reading("1.300E-5")
        assert meter.read_power(link) == Reading(None, "over_range")
        with pytest.raises(DeviceFault):
            meter.read_power(link)
    with dialogue(("SP", None)) as link:
        began_ns = link.port.clock.ns
        with pytest.raises(NoReply):
            meter.read_power(link)
        waited_s = (link.port.clock.ns - began_ns) / 1e9
    assert waited_s == pytest.approx(meter.declaration.reading_within_s)


def test_a_meter_that_is_busy_is_not_settled():
    """It refuses while it changes its range, or is silent."""
    with dialogue(("HP", "?BUSY")) as link:
        assert not Ophir({}).settled(link)
    with dialogue(("HP", None)) as link, pytest.raises(LinkError):
        Ophir({}).settled(link)


def test_the_line():
    """The configured speed; an unknown one, or an unknown key, is refused with those there are."""
    assert Ophir({}).line.baudrate == 9600
    assert make_meter("ophir", {"baudrate": "38400"}).line.baudrate == 38400
    with pytest.raises(ConfigError, match="9600, 19200"):
        make_meter("ophir", {"baudrate": "57600"})
    with pytest.raises(ConfigError, match="knows no head"):
        make_meter("ophir", {"head": "x"})


def test_silence_is_told_in_words():
    """A meter that does not answer is named with what it was asked for, not with its command."""
    with dialogue(("HI", None)) as link, pytest.raises(NoReply, match="asked for its head"):
        Ophir({}).identify(_Known(link))


class _Known:
    """A link over which the meter has told its firmware and its name."""

    def __init__(self, link):
        self._link = link

    def exchange(self, frame, *, within_s):
        """Firmware and name as told before, the rest from the link."""
        told = {b"$VE\r\n": b"*EA1.06", b"$II\r\n": b"* USBD 1 X"}
        return told.get(frame) or self._link.exchange(frame, within_s=within_s)
