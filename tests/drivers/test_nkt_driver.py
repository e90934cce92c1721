"""Dialogues with a BASIK module: the list of what is sent and what comes back is the test."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import DeviceState, Evidence, Reading, Shown, Trigger
from devicelink.errors import (
    ConfigError,
    DeviceFault,
    DeviceLinkError,
    NoReply,
    ProtocolError,
    WrongDevice,
)
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink_nkt import Nkt
from tests.drivers.dialogues import Clock
from tests.drivers.nkt_telegrams import MARKER, ask, asked, tele, tell, written
from tests.drivers.scripted import Babble, Script, scripted, token

DRIVER = Nkt({})
GOOD = {"power_mw": "10"}
DARK = (asked(0x66, 0, 0), asked(0x17, 0, 0), asked(0x30, 0), asked(0x1C, 0xFA, 0))


def word(*bits):
    """Register 66 with these bits."""
    return sum(1 << bit for bit in bits).to_bytes(2, "little")


def status(*bits, power=0, emission=0):
    """The status that these bits, this output and register 30 come to."""
    pairs = [asked(0x66, *word(*bits))]
    pairs += [asked(0x17, *power.to_bytes(2, "little")), asked(0x30, emission)]
    with scripted(DRIVER, MARKER, *pairs, asked(0x1C, 0xFA, 0)) as link:
        return DRIVER.read_status(link)


def ended(*bits, error=()):
    """The status that ends a session, and register 67 where it is asked."""
    pairs = [asked(0x66, *word(*bits)), *error]
    with scripted(DRIVER, MARKER, *pairs) as link:
        return DRIVER.read_status(link)


def test_a_whole_session():
    """Verb by verb: who it is, settings, light, dark, locked."""
    with scripted(
        DRIVER,
        MARKER,
        asked(0x61, 0x33),
        asked(0x64, 0x2A, 0x01, *b"V1.30\x00"),
        asked(0x65, *b"12345678\x00"),
        *DARK,
        *(asked(0x66, 0, 0), asked(0x30, 0), asked(0x31, 0, 0)),
        (ask(0x3A), tele(0xA2, 1, 0, 0x3A)),
        written(0x22, 0xE8, 0x03),
        *(asked(0x65, *b"12345678\x00"), asked(0x31, 0, 0)),
        *((ask(0x3A), tele(0xA2, 1, 0, 0x3A)), asked(0x2A, 0xFB, 0xFF)),
        *(asked(0x32, *(15500000).to_bytes(4, "little")), asked(0x22, 0xE8, 0x03)),
        *(asked(0x66, 0, 0), asked(0x30, 0)),
        written(0x30, 1),
        *(asked(0x66, 1, 0), asked(0x17, 0xE0, 0x03), asked(0x30, 1), asked(0x1C, 0xFA, 0)),
        written(0x30, 0),
        *(written(0x30, 0), written(0x22, 0, 0)),
        *(asked(0x66, 0, 0), asked(0x30, 0), asked(0x17, 0, 0)),
    ) as link:
        identity, before = DRIVER.identify(link), DRIVER.read_status(link)
        DRIVER.prepare(link, GOOD)
        effective = DRIVER.read_effective(link, GOOD)
        DRIVER.unlock(link, token())
        assert DRIVER.ready(link, token())
        lit = DRIVER.read_status(link)
        DRIVER.standby(link)
        for way in DRIVER.declaration.lock_ways:
            DRIVER.reduce(link, way)
        locked = DRIVER.read_lock(link)
    assert (identity.serial, identity.firmware) == ("12345678", "V1.30")
    assert identity.details == {"61": "33", "64": "2a 01 56 31 2e 33 30 00"}
    assert (before.state, before.measured["temperature_c"]) == (
        DeviceState.STANDBY,
        Reading("25.0"),
    )
    assert effective.settings == {"power_mw": "10.00"}
    assert effective.wavelength_nm == "1550.0000"
    assert effective.trigger is Trigger.HOST
    assert effective.configuration == {
        "serial": "12345678",
        "register_31": "00 00",
        "register_3A": None,
        "register_2A": "fb ff",
        "module_type": "33",
    }
    assert effective.glimpse.state is DeviceState.STANDBY
    assert (lit.state, lit.measured["output_power_mw"]) == (DeviceState.EMITTING, Reading("9.92"))
    assert (locked.confirmed, locked.evidence) == (True, Evidence.DEVICE_STATE)
    assert locked.words == {"66": "00 00", "30": "00", "17": "00 00"}


def test_a_request_that_is_lost_is_asked_again_once():
    """A module that misses one question is asked once more, after the marker; two are too many."""
    lost = (ask(0x66), None)
    with scripted(DRIVER, MARKER, lost, MARKER, *DARK) as link:
        assert DRIVER.read_status(link).state is DeviceState.STANDBY
    with scripted(DRIVER, MARKER, lost, MARKER, lost) as link, pytest.raises(NoReply):
        DRIVER.read_status(link)
    busy = (ask(0x66), tele(0xA2, 1, 2, 0x66))
    with scripted(DRIVER, MARKER, busy, *DARK) as link:
        assert DRIVER.read_status(link).state is DeviceState.STANDBY


def test_a_module_that_is_gone_is_told_in_time():
    """A dead module costs a question, a marker and no more: well within the second of READY."""
    clock = Clock()
    port = Script(clock, [MARKER, (ask(0x66), None), (MARKER[0], None)])
    link = Link(port, DRIVER.wire, clock, NoTranscript())
    with pytest.raises(NoReply):
        DRIVER.read_status(link)
    assert clock.ns <= 0.45e9
    assert DRIVER.declaration.query_within_s <= 0.2


def test_emission_is_written_once_and_never_without_an_intent():
    """Register 30 = 1 needs the token of its intent, and a token lets it out once."""
    spent = token()
    with scripted(DRIVER, MARKER, written(0x30, 1)) as link:
        assert DRIVER.ready(link, spent)
        with pytest.raises(ProtocolError, match="repeat"):
            DRIVER.ready(link, spent)
        with pytest.raises(ProtocolError, match="without a durable intent"):
            link.exchange(tele(1, 0xA2, 5, 0x30, 1), within_s=0.1)


@pytest.mark.parametrize("answer", [0, 1, 2])
def test_a_refused_emission_is_an_error(answer):
    """Not understood, damaged or busy: nothing is repeated, whatever the module would take."""
    with (
        scripted(DRIVER, MARKER, written(0x30, 1, answer=answer)) as link,
        pytest.raises(DeviceFault, match="register 30"),
    ):
        DRIVER.ready(link, token())


def test_silence_to_emission_is_not_repeated():
    """No answer to the enabling write is an error; the driver sends nothing more by itself."""
    silence = (tele(1, 0xA2, 5, 0x30, 1), None)
    with scripted(DRIVER, MARKER, silence) as link, pytest.raises(NoReply):
        DRIVER.ready(link, token())


def test_reducing_waits_for_no_marker():
    """Emission off and set-point zero leave before anything is proven, and silence is said."""
    with scripted(DRIVER, (written(0x30, 0)[0], None), written(0x22, 0, 0)) as link:
        with pytest.raises(NoReply):
            DRIVER.reduce(link, DRIVER.declaration.lock_ways[0])
        DRIVER.reduce(link, DRIVER.declaration.lock_ways[1])


@pytest.mark.parametrize(
    "told", [b"\x15", b"\x14", b"\x34", b"\x3a\x00", b"\x33\x01", b"", b"\x00"]
)
def test_another_type_of_module_is_a_wrong_device(told):
    """Legacy modules, amplifiers and unknown ones are refused, by what they say they are."""
    with (
        scripted(DRIVER, MARKER, asked(0x61, *told)) as link,
        pytest.raises(WrongDevice, match="33 is registered"),
    ):
        DRIVER.identify(link)


def test_the_newer_form_of_a_type_is_read():
    """Two bytes and text behind them: the same type."""
    driver = Nkt({"module_type": "0x36", "address": "20"})
    pairs = [
        (ask(register, module=20), tell(register, *data, module=20))
        for register, data in {0x61: b"\x36\x00K0x2", 0x64: b"\x07\x00", 0x65: b"K7"}.items()
    ]
    marker = (ask(0x66, host=0xA1, module=20), tell(0x66, 0, 0, host=0xA1, module=20))
    with scripted(driver, marker, *pairs) as link:
        identity = driver.identify(link)
    assert (identity.serial, identity.firmware) == ("K7", "7")


@pytest.mark.parametrize("said", [b"", b"\x00", b"\xff\xfe", b"  \x00abc"])
def test_a_serial_number_that_cannot_be_read_is_none(said):
    """Nothing is made up where the module does not tell who it is."""
    pairs = [asked(0x61, 0x33), asked(0x64, 1, 0), asked(0x65, *said)]
    with scripted(DRIVER, MARKER, *pairs) as link:
        assert DRIVER.identify(link).serial is None
    assert DRIVER.declaration.tells_identity


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"module_type": "0x21"}, "0x33, 0x36"),
        ({"module_type": "33"}, "'33'"),
        *[({"address": text}, "1 to 160") for text in ("0", "161", "x", "", "1.0", "-1", "9" * 6)],
    ],
)
def test_an_unknown_configuration_is_refused(configuration, said):
    """A module type or address that the driver does not know cannot be configured."""
    with pytest.raises(ConfigError, match=said):
        Nkt(configuration)


FAULTS = {4: "module_disabled", 5: "supply_voltage_low", 6: "temperature_out_of_range"}


@pytest.mark.parametrize("bit", range(16))
def test_each_status_bit(bit):
    """Each bit is told as what it is, and every other one changes nothing."""
    if bit in {1, 15, *FAULTS}:
        error = [asked(0x67, 9)] if bit == 15 else []
        told = ended(bit, error=error)
        assert told.faults == ((FAULTS[bit],) if bit in FAULTS else ("error_9",) * (bit == 15))
        assert told.interlock_closed is (Shown.NO if bit == 1 else Shown.YES)
        assert told.measured["output_power_mw"] == Reading(None, "not_asked")
    else:
        told = status(bit)
        assert told.faults == ()
        assert told.interlock_closed is Shown.YES
        assert told.state is (DeviceState.READY if bit == 0 else DeviceState.STANDBY)
    assert told.key_on is Shown.NOT_REPORTED
    assert told.counter is None
    assert told.words["66"] == word(bit).hex(" ")


@pytest.mark.parametrize(
    ("code", "faults"),
    [
        (0, ()),
        (2, ()),
        (3, ("supply_voltage_low",)),
        (7, ("temperature_out_of_range",)),
        (8, ("module_disabled",)),
        (77, ("error_77",)),
    ],
)
def test_error_codes(code, faults):
    """Register 67 names the fault; 2 is the interlock, which asks for a reset once it is closed."""
    told = ended(15, error=[asked(0x67, code)])
    assert told.faults == faults
    assert told.reset_required is (code == 2)
    opened = ended(1, 15, error=[asked(0x67, code)])
    assert (opened.interlock_closed, opened.reset_required) == (Shown.NO, False)


@pytest.mark.parametrize(
    "error",
    [
        (ask(0x67), None),
        (ask(0x67), tele(0xA2, 1, 0, 0x67)),
        (ask(0x67), tele(0xA2, 1, 2, 0x67)),
        asked(0x67, 1, 2),
        asked(0x67),
    ],
)
def test_an_error_that_is_not_told_is_a_fault(error):
    """That there is an error ends a session, also where the module does not say which."""
    told = ended(15, error=[error])
    assert told.faults == ("error_not_told",)
    assert told.words["67"] == ""


@pytest.mark.parametrize(
    ("bits", "power", "emission", "state", "unexpected"),
    [
        ((), 0, 0, DeviceState.STANDBY, False),
        ((), 0, 1, DeviceState.ARMING, False),
        ((), 500, 1, DeviceState.EMITTING, False),
        ((), 500, 0, DeviceState.STANDBY, True),
        ((0,), 0, 1, DeviceState.READY, False),
        ((0,), 500, 1, DeviceState.EMITTING, False),
        ((0,), 500, 0, DeviceState.EMITTING, False),
    ],
)
def test_the_state_follows_emission_and_output(bits, power, emission, state, unexpected):
    """Output without emission, told or asked for, is unexpected; bit 0 is never taken for dark."""
    told = status(*bits, power=power, emission=emission)
    assert (told.state, told.unexpected_emission) == (state, unexpected)
    assert told.output_seen is (Shown.YES if power else Shown.NO)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({0x66: b"\x01\x00"}, "emission on"),
        ({0x30: b"\x01"}, "told to emit"),
        ({0x17: b"\x01\x00"}, "output of 0.01 mW"),
    ],
)
def test_not_locked_is_said_with_its_reason(answers, why):
    """Emission, its order, or output that is measured is never called locked."""
    dark = {0x66: b"\x00\x00", 0x30: b"\x00", 0x17: b"\x00\x00", **answers}
    with scripted(DRIVER, MARKER, *(asked(r, *data) for r, data in dark.items())) as link:
        reading = DRIVER.read_lock(link)
    assert not reading.confirmed
    assert why in reading.why_not


@pytest.mark.parametrize("register", [0x66, 0x30, 0x17])
@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00"])
def test_a_register_of_another_length_is_never_dark(register, data):
    """What is no number of the right length confirms nothing."""
    dark = {0x66: b"\x00\x00", 0x30: b"\x00", 0x17: b"\x00\x00", register: data}
    with (
        scripted(DRIVER, MARKER, *(asked(r, *said) for r, said in dark.items())) as link,
        pytest.raises(ProtocolError, match="expected"),
    ):
        DRIVER.read_lock(link)


@pytest.mark.parametrize(
    ("asked_mw", "low", "high"),
    [("10", 0xE8, 3), ("0.01", 1, 0), ("12.349", 0xD2, 4), ("655.35", 0xFF, 0xFF), ("0", 0, 0)],
)
def test_the_set_point_is_never_more_than_asked_for(asked_mw, low, high):
    """Steps of 0.01 mW, rounded down; what is read back then refuses a value in between."""
    quiet = (asked(0x66, 0, 0), asked(0x30, 0), asked(0x31, 0, 0), asked(0x3A, 30))
    with scripted(DRIVER, MARKER, *quiet, written(0x22, low, high)) as link:
        DRIVER.prepare(link, {"power_mw": asked_mw})


@pytest.mark.parametrize("asked_mw", ["655.36", "-0.01", "nan", "inf", "x", "1e9"])
def test_a_power_that_cannot_be_written_is_not(asked_mw):
    """No set-point leaves for what the register cannot hold."""
    quiet = (asked(0x66, 0, 0), asked(0x30, 0), asked(0x31, 0, 0), asked(0x3A, 0))
    with scripted(DRIVER, MARKER, *quiet) as link, pytest.raises(ProtocolError, match="nothing"):
        DRIVER.prepare(link, {"power_mw": asked_mw})


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([asked(0x66, 1, 0), asked(0x30, 0)], "left alone"),
        ([asked(0x66, 0, 0), asked(0x30, 1)], "left alone"),
        ([asked(0x66, 0, 0), asked(0x30, 0), asked(0x31, 0, 1)], "constant pump current"),
        ([asked(0x66, 0, 0), asked(0x30, 0), asked(0x31, 0, 2)], "amplitude modulation"),
        ([asked(0x66, 0, 0), asked(0x30, 0), asked(0x31, 0, 0), asked(0x3A, 31)], "delay"),
    ],
)
def test_prepare_refuses_what_it_cannot_answer_for(answers, why):
    """Emission, a mode in which the set-point sets nothing, a late beginning: nothing leaves."""
    with scripted(DRIVER, MARKER, *answers) as link, pytest.raises(DeviceFault, match=why):
        DRIVER.prepare(link, GOOD)


def test_a_refused_set_point_is_raised():
    """The module's own limits are its refusal."""
    quiet = (asked(0x66, 0, 0), asked(0x30, 0), asked(0x31, 0, 0), asked(0x3A, 0))
    refused = written(0x22, 0xE8, 3, answer=0)
    with scripted(DRIVER, MARKER, *quiet, refused) as link, pytest.raises(DeviceFault, match="22"):
        DRIVER.prepare(link, GOOD)


def effective(**said):
    """What is read back as effective; `r31` is register 31."""
    data = {
        "r65": b"K7",
        "r31": b"\0\0",
        "r3A": b"\0",
        "r2A": b"\0\0",
        "r32": b"\x60\x81\xec\0",
        "r22": b"\1\0",
    }
    data |= {"r66": b"\0\0", "r30": b"\0"} | said
    pairs = [asked(int(name[1:], 16), *value) for name, value in data.items()]
    with scripted(DRIVER, MARKER, *pairs) as link:
        return DRIVER.read_effective(link, GOOD)


@pytest.mark.parametrize(
    "said",
    [
        *({"r31": b"\4\0"}, {"r3A": b"\5"}, {"r2A": b"\1\0"}, {"r32": b"\0\0\0\0"}),
        *({"r22": b"\2\0"}, {"r65": b"K8"}),
    ],
)
def test_settings_id_changes_with_what_it_covers(said):
    """Whose they are, setup, delay, wavelength and offset, set-point; state changes nothing."""
    assert effective(**said).settings_id != effective().settings_id
    assert effective(r66=b"\1\0").settings_id == effective().settings_id


def test_settings_bring_the_state_that_came_with_them():
    """An interlock that only the question for the settings met is there to be judged."""
    assert effective(r66=b"\2\0").glimpse.interlock_closed is Shown.NO


def test_a_line_that_answers_late_can_be_locked():
    """Over a network each answer may take 0.15 s: the lock is confirmed all the same."""

    def late(pair):
        return pair[0], [(0.15, pair[1])]

    dark = (asked(0x66, 0, 0), asked(0x30, 0), asked(0x17, 0, 0))
    with scripted(DRIVER, late(written(0x30, 0)), late(MARKER), *map(late, dark)) as link:
        DRIVER.reduce(link, DRIVER.declaration.lock_ways[0])
        assert DRIVER.read_lock(link).confirmed


@pytest.mark.parametrize(
    ("pair", "verb", "error", "said"),
    [
        ((ask(0x65), tele(0xA2, 1, 0, 0x65)), "identify", DeviceFault, "its serial number"),
        ((ask(0x66), None), "read_lock", NoReply, "its status"),
        ((ask(0x66), tele(0xA2, 1, 2, 0x66)), "read_lock", DeviceFault, "it is busy"),
        ((ask(0x66), tele(0xA2, 1, 1, 0x66)), "read_lock", DeviceFault, "check the cable"),
    ],
)
def test_what_goes_wrong_is_told_in_words(pair, verb, error, said):
    """What was asked for is named; bytes and registers stand in brackets at the end, or nowhere."""
    before = [asked(0x61, 0x33), asked(0x64, 1, 0)] if verb == "identify" else []
    doubted = error is NoReply or "busy" in said or "cable" in said
    again = [MARKER, pair] if error is NoReply else [pair] if doubted else []
    with scripted(DRIVER, MARKER, *before, pair, *again) as link, pytest.raises(error) as raised:
        getattr(DRIVER, verb)(link)
    told = str(raised.value)
    assert said in told
    assert "register " not in told.partition("(")[0]
    assert "0d 01" not in told


def test_no_fault_is_cleared_over_the_wire():
    """No register is known to do it: nothing is sent."""
    with scripted(DRIVER) as link, pytest.raises(DeviceFault, match="supply"):
        DRIVER.clear_fault(link)


VERBS = [
    lambda link: DRIVER.identify(link),
    lambda link: DRIVER.read_status(link),
    lambda link: DRIVER.prepare(link, GOOD),
    lambda link: DRIVER.read_effective(link, GOOD),
    lambda link: DRIVER.ready(link, token()),
    lambda link: DRIVER.standby(link),
    lambda link: DRIVER.reduce(link, DRIVER.declaration.lock_ways[1]),
    lambda link: DRIVER.read_lock(link),
]
REGISTERS = st.sampled_from([0x66, 0x67, 0x30, 0x22, 0x17, 0x1C, 0x31, 0x3A, 0x2A, 0x32, 0x61])
NEAR = st.builds(
    lambda register, kind, data: tele(0xA2, 1, kind, register, *data),
    REGISTERS,
    st.sampled_from([0, 1, 2, 3, 8]),
    st.binary(max_size=5),
)


@given(st.sampled_from(VERBS), st.lists(st.one_of(st.binary(max_size=600), NEAR), max_size=10))
@settings(max_examples=400, deadline=None)
def test_any_bytes_from_the_wire_are_an_answer_or_an_error_of_ours(verb, replies):
    """Whatever a wire says, a verb ends by a result or a `DeviceLinkError`, never otherwise."""
    clock = Clock()
    link = Link(Babble(clock, replies, MARKER), DRIVER.wire, clock, NoTranscript())
    with contextlib.suppress(DeviceLinkError):
        verb(link)
    assert clock.ns < 30e9


@given(st.lists(st.one_of(st.binary(max_size=60), NEAR), max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_babble_confirms_a_lock_unless_all_of_it_is_zero(replies):
    """A lock is confirmed only by registers 66 (bit 0), 30 and 17 that hold 0."""
    clock = Clock()
    link = Link(Babble(clock, replies, MARKER), DRIVER.wire, clock, NoTranscript())
    with contextlib.suppress(DeviceLinkError):
        reading = DRIVER.read_lock(link)
        held = {name: bytes.fromhex(text) for name, text in reading.words.items()}
        lit = held["66"][0] & 1 or any(held["30"]) or any(held["17"])
        assert reading.confirmed is not bool(lit)
