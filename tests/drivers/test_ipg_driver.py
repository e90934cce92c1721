"""Dialogues with a YLR-SM laser: the list of what is sent and what comes back is the test."""

from __future__ import annotations

import contextlib
import hashlib
import json

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
from devicelink_ipg import Ipg
from tests.drivers.dialogues import MARKER, Clock, Scripted, dialogue, token
from tests.drivers.scripted import Babble

DARK = {"STA": "0", "ROP": "Off", "RCT": "25.0"}
GOOD = {"diode_current_percent": "35.0", "trigger": "modulation"}


def status(**words):
    """The status that these words come to, `STA` as a number."""
    said = {**DARK, **{word: str(value) for word, value in words.items()}}
    if any(int(said["STA"]) >> bit & 1 for bit in (*FAULTS, 10, 11, 21)):
        said = {"STA": said["STA"]}
    with dialogue(*((word, f"{word}: {value}") for word, value in said.items())) as link:
        return Ipg({}).read_status(link)


def test_the_script_itself_can_fail():
    """A wrong frame, a leftover pair and an unread reply each fail the dialogue."""
    with pytest.raises(AssertionError), dialogue(("EMON", "EMON")) as link:
        Ipg({}).standby(link)
    with pytest.raises(AssertionError, match="never sent"), dialogue(("STA", "STA: 0")):
        pass
    with pytest.raises(AssertionError, match="after the end"), dialogue() as link:
        Ipg({}).bounds(link)
    with pytest.raises(AssertionError, match="never read"), dialogue() as link:
        link.port.unread = b"BCMD\r"


def test_example_session():
    """The sheet's own example session, verb by verb."""
    driver = Ipg({})
    with dialogue(
        *(("RFV", "RFV: 1.0.103"), ("RNC", "RNC: 10.0"), ("RMN", "BCMD")),
        *(("STA", "STA: 0"), ("EMOD", "EMOD"), ("SDC 35.0", "SDC: 35.0")),
        *(("RFWS", "RFWS: 1.0"), ("RCS", "RCS: 35.0"), ("STA", "STA: 4096")),
        ("EMON", "EMON"),
        *(("STA", "STA: 36868"), ("ROP", "ROP: Low"), ("RCT", "RCT: 25.0")),
        *(("STA", "STA: 4100"), ("ROP", "ROP: 61.2"), ("RCT", "RCT: 25.5")),
        ("EMOFF", "EMOFF"),
        *(("STA", "STA: 4096"), ("RCS", "RCS: 35.0")),
    ) as link:
        identity = driver.identify(link)
        driver.prepare(link, GOOD)
        effective = driver.read_effective(link, GOOD)
        driver.unlock(link, token())
        driver.ready(link, token())
        starting, emitting = driver.read_status(link), driver.read_status(link)
        driver.standby(link)
        locked = driver.read_lock(link)
    assert (identity.serial, identity.firmware) == (None, "1.0.103")
    assert effective.settings == GOOD
    assert effective.trigger is Trigger.HARDWARE
    assert starting.state is DeviceState.ARMING
    assert emitting.state is DeviceState.EMITTING
    assert emitting.measured["output_power_w"] == Reading("61.2")
    assert locked.confirmed
    assert locked.evidence is Evidence.DEVICE_STATE
    assert locked.words == {"STA": "4096", "RCS": "35.0"}


RESERVED = [0, 5, 9, 13, 16, 18, 19, 20, 23, 24, 25, 26, 27, 28, 31]
MODES = [4, 8, 12, 14, 22]
FAULTS = {
    1: "over_temperature",
    3: "back_reflection",
    6: "module_disconnected",
    7: "module_failed",
    17: "unexpected_emission",
    29: "module_disabled",
    30: "collimator_disconnected",
}


@pytest.mark.parametrize("bit", [*RESERVED, *MODES])
def test_bits_without_a_finding(bit):
    """Reserved bits and modes change nothing of state, interlock, key or faults."""
    quiet, told = status(), status(STA=2**bit)
    assert told.words["STA"] == str(2**bit)
    for name in ("state", "interlock_closed", "key_on", "faults", "reset_required", "measured"):
        assert getattr(told, name) == getattr(quiet, name), name
    assert not told.unexpected_emission


def test_all_reserved_bits_at_once_are_masked():
    """A laser that sets every reserved bit is as quiet as one that sets none."""
    told = status(STA=sum(2**bit for bit in RESERVED))
    assert told.state is DeviceState.STANDBY
    assert told.faults == ()
    assert told.interlock_closed is Shown.YES
    assert told.key_on is Shown.YES


@pytest.mark.parametrize(("bit", "name"), FAULTS.items())
def test_each_fault_bit_is_its_fault(bit, name):
    """Each fault bit is told by its name, alone, and only bit 17 is unexpected emission."""
    told = status(STA=2**bit)
    assert told.faults == (name,)
    assert told.unexpected_emission is (bit == 17)


def test_all_faults_at_once_are_all_told():
    """No fault hides another."""
    assert set(status(STA=sum(2**bit for bit in FAULTS)).faults) == set(FAULTS.values())


def test_what_ends_light_is_told_without_asking_more():
    """A fault in the status word is told at once; what was not asked is null, with its reason."""
    told = status(STA=2**1 + 4)
    assert told.words == {"STA": "6"}
    assert told.output_seen is Shown.UNKNOWN
    assert told.measured["output_power_w"] == Reading(None, "not_asked")
    assert told.state is DeviceState.READY


def test_settings_bring_the_state_that_came_with_them():
    """A fault that only the question for the settings met is there to be judged."""
    driver = Ipg({})
    words = [("RFWS", "RFWS: 1.0"), ("RCS", "RCS: 35.0"), ("STA", f"STA: {4096 + 2}")]
    with dialogue(*words) as link:
        effective = driver.read_effective(link, GOOD)
    assert effective.glimpse.faults == ("over_temperature",)


def test_output_is_an_average_and_the_window_is_told():
    """For as long as the averaging window output may show light that has ended."""
    assert effective(GOOD, RFWS="2.4").output_memory_s == pytest.approx(2.4)
    with pytest.raises(ProtocolError, match="a time was expected"):
        effective(GOOD, RFWS="soon")


def test_interlock_key_and_supply():
    """Bit 10 opens the interlock, 11 waits for START and hides the channels, 21 takes the key."""
    assert status(STA=2**10).interlock_closed is Shown.NO
    assert not status(STA=2**10).reset_required
    off = status(STA=2**11)
    assert (off.interlock_closed, off.reset_required) == (Shown.UNKNOWN, True)
    both = status(STA=2**10 + 2**11)
    assert (both.interlock_closed, both.reset_required) == (Shown.NO, True)
    remote = status(STA=2**21)
    assert (remote.key_on, remote.interlock_closed) == (Shown.NO, Shown.YES)


@pytest.mark.parametrize(
    ("sta", "output", "state"),
    [
        (0, "Off", DeviceState.STANDBY),
        (4 + 2**15, "Low", DeviceState.ARMING),
        (4 + 2**15, "Off", DeviceState.ARMING),
        (4, "Low", DeviceState.READY),
        (4, "Off", DeviceState.READY),
        (4, "61.2", DeviceState.EMITTING),
        (4100, "LOW", DeviceState.READY),
        (4100, "0.5", DeviceState.EMITTING),
    ],
)
def test_the_state_follows_emission_start_up_and_output(sta, output, state):
    """Bit 2 is emission, bit 15 its start; only output that is measured is EMITTING."""
    assert status(STA=sta, ROP=output).state is state


def test_output_without_emission_is_unexpected():
    """Power that leaves while the laser says that emission is off is unexpected emission."""
    told = status(STA=0, ROP="3.1")
    assert told.unexpected_emission
    assert told.output_seen is Shown.YES


def test_what_the_wire_does_not_show_is_not_invented():
    """No counter, no control, no power where there is none: reasons stand instead of zeros."""
    told = status(ROP="Off")
    assert told.counter is None
    assert told.control_pressed is Shown.NOT_REPORTED
    assert told.measured["output_power_w"] == Reading(None, "emission_off")
    assert status(STA=4, ROP="Low").measured["output_power_w"] == Reading(None, "below_measurable")
    declared = Ipg.declaration
    assert {"identity", "counter", "control"} <= set(declared.not_shown)
    assert declared.query_within_s <= 0.2


def test_values_without_the_space_are_read():
    """A laser that writes `WORD:value` is read like any other."""
    with dialogue(("STA", "STA:2097152"), ("RCS", "RCS:0.0")) as link:
        reading = Ipg({}).read_lock(link)
    assert reading.words == {"STA": "2097152", "RCS": "0.0"}


@pytest.mark.parametrize("text", ["BCMD", "Command Err!", "Command ERR"])
def test_another_dialect_is_told(text):
    """A laser that does not know RNC speaks another dialect, however it says so."""
    with (
        dialogue(("RFV", "RFV: 2.1"), ("RNC", text)) as link,
        pytest.raises(WrongDevice, match="dialect ylr-sm"),
    ):
        Ipg({}).identify(link)


def test_a_yar_that_knows_rnc_is_no_ylr_sm():
    """Its status bits mean other things: what it answers to `RMN` tells it apart."""
    with (
        dialogue(("RFV", "RFV: 2.1"), ("RNC", "RNC: 10.0"), ("RMN", "RMN: YLM-10-SF")) as link,
        pytest.raises(WrongDevice, match="it knows RMN"),
    ):
        Ipg({}).identify(link)


def test_a_refusal_is_not_another_dialect():
    """`ERR` to RNC is a refusal of this laser, with its own words."""
    with (
        dialogue(("RFV", "RFV: 2.1"), ("RNC", "ERR: Busy")) as link,
        pytest.raises(DeviceFault, match="ERR: Busy"),
    ):
        Ipg({}).identify(link)


REFUSALS = ["ERR: Out of Range", "ERR: Keyswitch in remote", "ERR", "err: x", "BCMD", "Command Err"]


@pytest.mark.parametrize("text", REFUSALS)
@pytest.mark.parametrize(
    ("word", "act"),
    [
        ("EMON", lambda driver, link: driver.ready(link, token())),
        ("EMOFF", lambda driver, link: driver.standby(link)),
        ("RERR", lambda driver, link: driver.clear_fault(link)),
        ("EMOFF", lambda driver, link: driver.reduce(link, driver.declaration.lock_ways[0])),
        ("SDC 0", lambda driver, link: driver.reduce(link, driver.declaration.lock_ways[1])),
        ("RNC", lambda driver, link: driver.bounds(link)),
        ("STA", lambda driver, link: driver.read_lock(link)),
    ],
)
def test_a_refusal_is_raised_with_the_lasers_words(text, word, act):
    """Whatever the laser refuses is raised with what it said, never taken for done."""
    reducing = word in {"EMOFF", "SDC 0"}
    clock = Clock()
    port = Scripted(clock, [(word, text)] if reducing else [MARKER, (word, text)])
    link = Link(port, Ipg({}).wire, clock, NoTranscript())
    with pytest.raises(DeviceFault) as raised:
        act(Ipg({}), link)
    assert repr(text) in str(raised.value)
    assert port.pairs == []


def test_reducing_waits_for_nothing():
    """`EMOFF` and `SDC 0` leave before any marker, and silence to them is said."""
    clock = Clock()
    port = Scripted(clock, [("EMOFF", None), ("SDC 0", "SDC: 0.0")])
    link = Link(port, Ipg({}).wire, clock, NoTranscript())
    driver = Ipg({})
    first, second = driver.declaration.lock_ways
    with pytest.raises(NoReply):
        driver.reduce(link, first)
    driver.reduce(link, second)
    assert port.pairs == []


@pytest.mark.parametrize("said", ["abc", "4294967296", "-4", "4.0", "99999999999999999999"])
@pytest.mark.parametrize("verb", ["read_lock", "read_status"])
def test_a_status_without_meaning_is_never_dark(said, verb):
    """A status that is no number of 32 bits confirms nothing."""
    rest = {
        "read_lock": [("RCS", "RCS: 0.0")],
        "read_status": [],
    }
    with (
        dialogue(("STA", f"STA: {said}"), *rest[verb]) as link,
        pytest.raises(ProtocolError, match="32 bits"),
    ):
        getattr(Ipg({}), verb)(link)


@pytest.mark.parametrize(
    ("sta", "why"),
    [
        (4, "emission on"),
        (4 + 2**15, "emission on"),
        (2**15, "start-up"),
        (2**17, "unexpected emission"),
        (2**21, "key is in position REM"),
        (2**21 + 4, "emission on, the laser's key"),
    ],
)
def test_not_locked_is_said_with_its_reason(sta, why):
    """Emission, its start-up, unexpected emission or a key in REM is never called locked."""
    with dialogue(("STA", f"STA: {sta}"), ("RCS", "RCS: 0.0")) as link:
        reading = Ipg({}).read_lock(link)
    assert not reading.confirmed
    assert why in reading.why_not


def test_modulation_may_stay_enabled_in_a_lock():
    """The gate stays in place: a lock neither asks for nor touches modulation."""
    driver = Ipg({})
    with dialogue(("STA", "STA: 4096"), ("RCS", "RCS: 0.0")) as link:
        assert driver.read_lock(link).confirmed


@pytest.mark.parametrize(
    ("sta", "trigger", "sent"),
    [
        (0, "modulation", ["EMOD"]),
        (4096, "modulation", []),
        (4096, "emission", ["DMOD"]),
        (0, "emission", []),
    ],
)
def test_prepare_sets_the_gate_first_and_the_current_last(sta, trigger, sent):
    """Modulation is switched only where it has to be, then the window, then the current."""
    with dialogue(
        ("STA", f"STA: {sta}"),
        *((word, word) for word in sent),
        ("SFWS 1.2", "SFWS: 1.2"),
        ("SDC 34.2", "SDC: 34.2"),
    ) as link:
        asked = {"diode_current_percent": "34.2", "trigger": trigger, "power_average_s": "1.2"}
        Ipg({}).prepare(link, asked)


@pytest.mark.parametrize(("sta", "why"), [(4, "emitting"), (2**4, "analog input")])
def test_prepare_leaves_an_emitting_or_analog_laser_alone(sta, why):
    """While emission is on, or the current is set from outside, no setting is sent."""
    with dialogue(("STA", f"STA: {sta}")) as link, pytest.raises(DeviceFault, match=why):
        Ipg({}).prepare(link, GOOD)


def test_unlock_sends_nothing():
    """A prepared laser with emission off is in STANDBY already: no byte leaves."""
    clock = Clock()
    port = Scripted(clock, [])
    Ipg({}).unlock(Link(port, Ipg({}).wire, clock, NoTranscript()), token())
    assert port.pairs == []


def test_ready_is_sent_once_and_never_without_an_intent():
    """`EMON` needs the token of its intent, and a token lets it out once."""
    driver, spent = Ipg({}), token()
    with dialogue(("EMON", "EMON")) as link:
        driver.ready(link, spent)
        with pytest.raises(ProtocolError, match="repeat"):
            driver.ready(link, spent)
        with pytest.raises(ProtocolError, match="without a durable intent"):
            link.exchange(b"EMON\r", within_s=0.2)


def test_silence_to_ready_is_not_repeated():
    """No answer to `EMON` is an error; the driver sends nothing more by itself."""
    with dialogue(("EMON", None)) as link, pytest.raises(NoReply):
        Ipg({}).ready(link, token())


def effective(asked, **words):
    """What is read back as effective."""
    said = {"RFWS": "1.0", "RCS": "35.0", "STA": "4096", **words}
    with dialogue(*((word, f"{word}: {value}") for word, value in said.items())) as link:
        return Ipg({}).read_effective(link, asked)


def test_settings_id_is_the_hash_of_the_documented_json():
    """SHA-256 over sorted keys, no spaces, every value a string as the wire gave it."""
    text = (
        '{"configuration":{"power_average_s":"1.0","sta_bit_12":"1","sta_bit_22":"0",'
        '"sta_bit_4":"0"},"handpiece":null,"settings":{"diode_current_percent":"35.0",'
        '"trigger":"modulation"},"tip":null,"wavelength_nm":null}'
    )
    found = effective(GOOD)
    assert found.settings_id == hashlib.sha256(text.encode()).hexdigest()
    assert found.settings_id == effective(dict(reversed(GOOD.items()))).settings_id
    assert json.loads(text)["configuration"] == found.configuration


@pytest.mark.parametrize(
    "words",
    [
        {"RCS": "35"},
        {"RCS": "35.1"},
        {"RFWS": "1.2"},
        {"STA": "0"},
        {"STA": str(4096 + 2**4)},
        {"STA": str(4096 + 2**22)},
    ],
)
def test_settings_id_changes_with_what_it_covers(words):
    """Set-point to the letter, averaging window, analog control, modulation, aiming control."""
    assert effective(GOOD, **words).settings_id != effective(GOOD).settings_id


@pytest.mark.parametrize("bit", [*RESERVED, 1, 2, 3, 8, 10, 11, 14, 15, 17, 21])
def test_settings_id_is_stable_under_everything_else(bit):
    """State, faults and reserved bits are no settings."""
    other = effective(GOOD, STA=str(4096 + 2**bit))
    assert other.settings_id == effective(GOOD).settings_id


def test_without_modulation_the_host_is_the_trigger():
    """With bit 12 read as 0, READY itself is light, and is told so."""
    found = effective(GOOD, STA="0")
    assert found.trigger is Trigger.HOST
    assert found.settings["trigger"] == "emission"


@pytest.mark.parametrize(
    ("configuration", "said"),
    [({"dialect": "ylr"}, "dialect 'ylr'"), ({"baudrate": "1200"}, "'1200' baud")],
)
def test_an_unknown_configuration_is_refused(configuration, said):
    """A dialect or speed that the driver does not know cannot be configured."""
    with pytest.raises(ConfigError, match=said):
        Ipg(configuration)


def test_the_configured_speed_is_the_lines():
    """The line is 8N1 at the configured speed, 57600 by default."""
    line = Ipg({}).line
    assert (line.baudrate, line.bytesize, line.parity, line.stopbits) == (57600, 8, "N", 1)
    assert Ipg({"baudrate": "9600"}).line.baudrate == 9600


VERBS = [
    lambda driver, link: driver.identify(link),
    lambda driver, link: driver.read_status(link),
    lambda driver, link: driver.bounds(link),
    lambda driver, link: driver.prepare(link, {**GOOD, "power_average_s": "1.0"}),
    lambda driver, link: driver.read_effective(link, GOOD),
    lambda driver, link: driver.ready(link, token()),
    lambda driver, link: driver.standby(link),
    lambda driver, link: driver.reduce(link, driver.declaration.lock_ways[0]),
    lambda driver, link: driver.reduce(link, driver.declaration.lock_ways[1]),
    lambda driver, link: driver.read_lock(link),
    lambda driver, link: driver.clear_fault(link),
]
NEAR = st.builds(
    lambda word, colon, rest: word + colon + rest + b"\r",
    st.sampled_from([b"STA", b"ROP", b"RCT", b"RCS", b"RNC", b"SDC", b"EMON", b"EMOFF", b"ERR"]),
    st.sampled_from([b"", b":", b": "]),
    st.one_of(st.binary(max_size=90), st.integers(0, 2**40).map(lambda n: str(n).encode())),
)


@given(st.sampled_from(VERBS), st.lists(st.one_of(st.binary(max_size=120), NEAR), max_size=8))
@settings(max_examples=400, deadline=None)
def test_any_bytes_from_the_wire_are_an_answer_or_an_error_of_ours(verb, replies):
    """Whatever a wire says, a verb ends by a result or a `DeviceLinkError`, never otherwise."""
    clock = Clock()
    link = Link(
        Babble(clock, replies, (b"RFV\r", b"RFV: 1\r")), Ipg({}).wire, clock, NoTranscript()
    )
    with contextlib.suppress(DeviceLinkError):
        verb(Ipg({}), link)
    assert clock.ns < 30e9


@given(st.lists(st.one_of(st.binary(max_size=120), NEAR), max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_babble_confirms_a_lock_with_a_bit_set(replies):
    """A lock is confirmed only by a status whose bits 2, 17 and 21 are 0."""
    clock = Clock()
    link = Link(
        Babble(clock, replies, (b"RFV\r", b"RFV: 1\r")), Ipg({}).wire, clock, NoTranscript()
    )
    with contextlib.suppress(DeviceLinkError):
        reading = Ipg({}).read_lock(link)
        shown = int(reading.words["STA"])
        assert reading.confirmed is not bool(shown & (2**2 + 2**17 + 2**21))
