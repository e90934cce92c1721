"""Dialogues with a Big Sky laser: the list of what is sent and what comes back is the test."""

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
from devicelink_bigsky import BigSky
from tests.drivers.dialogues import Clock
from tests.drivers.scripted import Babble, Script, scripted, token

DRIVER = BigSky({"serial": "062"})
GOOD = {"lamp_voltage_v": "1150", "repetition_rate_hz": "20", "qswitch_delay_us": "225"}


def pair(word, text):
    """A command and its reply, as printed: `_` is a space."""
    reply = None if text is None else b"\r\n" + text.replace("_", " ").ljust(15).encode()
    return (f"$062{word}\r\n".encode(), reply)


MARKER = pair("SN", "s/number____062")
STOPPED, FIRING = "I_0_F_4_S_0_Q_4", "I_0_F_2_S_1_Q_4"
IDLE, ARMED = "standby______e_", "fire_auto___qse"
LAMP_ON = pair("WOR", FIRING)
OUTSIDE = pair("QSM", "QS_mode_:___2__")
"""Asked before each step behind the lamp."""
CLOSED, OPENED = "shutter_closed_", "shutter_opened_"
CLEAR = "_00_00_00_00"


def twice(*pairs):
    """Registers that answer with what was so before: all of them, and all again."""
    return (*pairs, *pairs)


def interlocks(first="IF." + CLEAR, second="IF2" + CLEAR):
    """`IF` and `IF2` asked twice; the first answers are stale and count for nothing."""
    stale = (pair("IF", "IF1_11_11_11_11"), pair("IF2", "IF2_11_11_11_11"))
    return (*stale, pair("IF", first), pair("IF2", second))


def stopped(wor=STOPPED, text=IDLE, shutter=CLOSED, pump="1", **registers):
    """What is asked of a laser whose lamp is stopped."""
    return (
        *(pair("WOR", wor), pair("", text), pair("R", shutter)),
        *(pair("P", f"CG_pump_______{pump}"), pair("CG", "temp._CG_33_d__")),
        *interlocks(**registers),
    )


CONFIGURATION = {
    "ROF": "shutt._at_run_0",
    "QOF": "QS_at_run_____0",
    "D": "dis_charg_00.0S",
    "E": "ena_charg_00.0S",
    "QSM": "QS_mode_:___2__",
    "LPM": "LP_synch_:__0__",
    "QSW": "QS_wait_:___100",
    "QSF": "cycle_rate_F/01",
    "V": "voltage__1150_V",
    "F": "freq.__20.00_Hz",
    "W": "delay____225_uS",
}


def effective_pairs(wor=STOPPED, **texts):
    """What is asked for the effective settings."""
    said = CONFIGURATION | texts
    return (MARKER, *(pair(word, text) for word, text in said.items()), pair("WOR", wor))


def prepare_pairs(**texts):
    """All that prepares a stopped laser, with other replies where the test wants them."""
    said = {
        "P1": "CG_pump_______1",
        "SQ": IDLE,
        "R0": CLOSED,
        "ROF0": CONFIGURATION["ROF"],
        "QOF0": CONFIGURATION["QOF"],
        "QSM2": CONFIGURATION["QSM"],
        "LPM0": CONFIGURATION["LPM"],
        "V1150": CONFIGURATION["V"],
        "F2000": CONFIGURATION["F"],
        "W225": CONFIGURATION["W"],
        **{word: CONFIGURATION[word] for word in ("ROF", "QOF", "D", "E", "QSW")},
    }
    return [pair("WOR", STOPPED), *(pair(word, text) for word, text in (said | texts).items())]


def until(pairs, word):
    """The pairs up to and with the last one of this word: there the driver gives up."""
    frame = f"$062{word}\r\n".encode()
    last = max(place for place, (sent, _) in enumerate(pairs) if sent == frame)
    return pairs[: last + 1]


def status(*pairs):
    """The status that these replies come to."""
    with scripted(DRIVER, MARKER, *pairs) as link:
        return DRIVER.read_status(link)


def test_a_whole_session():
    """Verb by verb: who it is, settings, three steps to READY, dark, locked."""
    spent = token()
    with scripted(
        DRIVER,
        *(MARKER, MARKER, pair("ST", None), MARKER),
        *(pair("X", "SPECTRA-SY_3.68"), pair("C", "ct_LP_000012345")),
        *stopped(),
        *prepare_pairs(),
        *twice(pair("IF", "IF." + CLEAR)),
        *effective_pairs(),
        pair("A", "fire_auto____e_"),
        *(pair("WOR", FIRING), pair("", "fire_auto____e_"), pair("R", CLOSED)),
        *(LAMP_ON, pair("R1", OPENED)),
        *(LAMP_ON, pair("IQ", "IQS_00_00_00_10"), pair("IQ", "IQS_10_00_00_00")),
        *(LAMP_ON, pair("IQ", "IQS_10_00_00_00"), pair("IQ", "IQS_00_00_00_00")),
        *(OUTSIDE, pair("PQ", ARMED)),
        *(pair("WOR", FIRING), pair("", ARMED), pair("R", OPENED)),
        *(pair("S", IDLE), pair("SQ", IDLE), pair("R0", CLOSED)),
        *(pair("R", CLOSED), pair("WOR", STOPPED), pair("", IDLE), pair("R", CLOSED)),
    ) as link:
        identity, before = DRIVER.identify(link), DRIVER.read_status(link)
        DRIVER.prepare(link, GOOD)
        effective = DRIVER.read_effective(link, GOOD)
        DRIVER.unlock(link, token("unlock"))
        assert not DRIVER.ready(link, spent)
        arming = DRIVER.read_status(link)
        assert not DRIVER.ready(link, spent)
        assert not DRIVER.ready(link, spent), "the Q-switch is inhibited"
        assert DRIVER.ready(link, spent)
        ready = DRIVER.read_status(link)
        DRIVER.standby(link)
        locked = DRIVER.read_lock(link)
    assert (identity.serial, identity.model, identity.firmware) == ("062", "SPECTRA-SY", "3.68")
    assert identity.details["lamp_shots"] == "000012345"
    assert (before.state, before.measured) == (DeviceState.STANDBY, {"coolant_c": Reading("33")})
    assert effective.settings == {
        "lamp_voltage_v": "1150",
        "repetition_rate_hz": "20.00",
        "qswitch_delay_us": "225",
    }
    assert effective.trigger is Trigger.HARDWARE
    assert effective.configuration == {
        "ROF": "0",
        "QOF": "0",
        "D": "00.0",
        "E": "00.0",
        "QSM": "2",
        "LPM": "0",
        "QSW": "100",
        "QSF": "01",
    }
    assert (arming.state, ready.state) == (DeviceState.ARMING, DeviceState.READY)
    assert ready.measured["coolant_c"] == Reading(None, "not_asked")
    assert (locked.confirmed, locked.evidence) == (True, Evidence.DEVICE_STATE)
    assert locked.words == {
        "WOR": "I 0 F 4 S 0 Q 4",
        "R": "shutter closed ",
        "": "standby      e ",
    }


def test_each_step_leaves_once():
    """Lamp, shutter and Q-switch each need the token and leave once, even where asked again."""
    spent = token()
    steps = [pair("A", "fire_auto____e_"), LAMP_ON, pair("R1", OPENED), LAMP_ON]
    with scripted(
        DRIVER, MARKER, *steps, *twice(pair("IQ", "IQS" + CLEAR)), OUTSIDE, pair("PQ", ARMED)
    ) as link:
        while not DRIVER.ready(link, spent):
            pass
        for word in ("A", "R1", "PQ"):
            with pytest.raises(ProtocolError, match="repeat"):
                link.exchange(f"$062{word}\r\n".encode(), within_s=0.2, token=spent)
            with pytest.raises(ProtocolError, match="without a durable intent"):
                link.exchange(f"$062{word}\r\n".encode(), within_s=0.2)


REFUSALS = [
    *("water_flow", "water_level", "lamp_connector", "aux_connector", "I/O_connector"),
    *("tp_CG_<_15_d", "switch_cabinet", "time_out_QS", "interlock_QS", "wait_for_QS"),
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refused_lamp_or_qswitch_is_an_error(text):
    """Whatever the laser refuses is raised in words and as it said it; nothing more is sent."""
    spent = token()
    words = text.replace("_", " ")
    with scripted(DRIVER, MARKER, pair("A", text)) as link, pytest.raises(DeviceFault) as raised:
        DRIVER.ready(link, spent)
    assert "refused to start its lamp: " in str(raised.value)
    assert f"(A: {words})" in str(raised.value)
    spent = token()
    steps = [pair("A", "fire_auto____e_"), LAMP_ON, pair("R1", OPENED), LAMP_ON]
    steps += twice(pair("IQ", "IQS" + CLEAR))
    with scripted(DRIVER, MARKER, *steps, OUTSIDE, pair("PQ", text)) as link:
        assert not DRIVER.ready(link, spent)
        assert not DRIVER.ready(link, spent)
        with pytest.raises(DeviceFault, match="refused to release its Q-switch"):
            DRIVER.ready(link, spent)


def test_the_q_switch_waits_for_the_shutter():
    """PQ is not sent behind a shutter that is still closed, and is as soon as it is open."""
    spent = token()
    with scripted(
        DRIVER,
        MARKER,
        *(pair("A", "fire_auto____e_"), LAMP_ON, pair("R1", CLOSED)),
        *(LAMP_ON, *twice(pair("IQ", "IQS_00_00_00_10"))),
        *(LAMP_ON, *twice(pair("IQ", "IQS" + CLEAR))),
        *(OUTSIDE, pair("PQ", ARMED)),
    ) as link:
        assert [DRIVER.ready(link, spent) for _ in range(4)] == [False, False, False, True]


@pytest.mark.parametrize("word", ["A", "R1"])
def test_silence_to_a_step_is_not_repeated(word):
    """No answer is an error; the driver sends nothing more by itself."""
    before = [] if word == "A" else [pair("A", "fire_auto____e_"), LAMP_ON]
    with scripted(DRIVER, MARKER, *before, pair(word, None)) as link:
        spent = token()
        if before:
            DRIVER.ready(link, spent)
        with pytest.raises(NoReply, match="no answer that counts when it was told to"):
            DRIVER.ready(link, spent)


@pytest.mark.parametrize("word", ["A", "PQ"])
@pytest.mark.parametrize("text", [IDLE, "simmer_________"])
def test_a_step_that_the_laser_answers_and_does_not_do_is_an_error(word, text):
    """The lamp does not fire, says the very reply: nothing more is sent."""
    steps = [pair("A", "fire_auto____e_"), LAMP_ON, pair("R1", OPENED), LAMP_ON]
    steps += twice(pair("IQ", "IQS" + CLEAR))
    before = [] if word == "A" else [*steps, OUTSIDE]
    with scripted(DRIVER, MARKER, *before, pair(word, text)) as link:
        spent = token()
        for _ in range(0 if word == "A" else 2):
            assert not DRIVER.ready(link, spent)
        with pytest.raises(DeviceFault, match="and does not do it"):
            DRIVER.ready(link, spent)


def test_a_trigger_that_was_switched_while_arming_releases_no_q_switch():
    """At its local box it may be put to pulse by itself: read once more, immediately before."""
    steps = [pair("A", "fire_auto____e_"), LAMP_ON, pair("R1", OPENED), LAMP_ON]
    steps += twice(pair("IQ", "IQS" + CLEAR))
    with scripted(DRIVER, MARKER, *steps, pair("QSM", "QS_mode_:___0__")) as link:
        spent = token()
        assert [DRIVER.ready(link, spent) for _ in range(2)] == [False, False]
        with pytest.raises(DeviceFault, match="another trigger"):
            DRIVER.ready(link, spent)


def test_nothing_follows_a_lamp_that_does_not_fire():
    """The lamp that was started stands still, or has stopped by itself: no shutter, no Q-switch."""
    spent = token()
    started, opens = pair("A", "fire_auto____e_"), pair("R1", OPENED)
    dark = pair("WOR", STOPPED)
    with scripted(DRIVER, MARKER, started, dark, dark, LAMP_ON, opens, dark) as link:
        assert [DRIVER.ready(link, spent) for _ in range(5)] == [False] * 5
    assert spent.sent(b"$062R1\r\n")
    assert not spent.sent(b"$062PQ\r\n")


@pytest.mark.parametrize("digit", "125")
def test_no_shutter_is_opened_before_a_q_switch_that_runs(digit):
    """Started by somebody else, without the trigger: opening the shutter would be light."""
    runs = pair("WOR", f"I_0_F_2_S_1_Q_{digit}")
    with scripted(DRIVER, MARKER, pair("A", "fire_auto____e_"), runs) as link:
        spent = token()
        assert not DRIVER.ready(link, spent)
        with pytest.raises(DeviceFault, match="without its trigger"):
            DRIVER.ready(link, spent)


@pytest.mark.parametrize(
    ("wor", "text", "shutter", "state"),
    [
        (FIRING, ARMED, OPENED, DeviceState.READY),
        ("I_0_F_6_S_1_Q_4", "fire_ext___qse_", OPENED, DeviceState.READY),
        (FIRING, ARMED, CLOSED, DeviceState.ARMING),
        (FIRING, "fire_auto____e_", OPENED, DeviceState.ARMING),
        (FIRING, "standby______e_", OPENED, DeviceState.ARMING),
        (FIRING, "fire_auto___qs_", OPENED, DeviceState.EMITTING),
        ("I_0_F_2_S_1_Q_2", "fire_auto___qs_", OPENED, DeviceState.EMITTING),
        ("I_0_F_2_S_1_Q_6", ARMED, OPENED, DeviceState.READY),
        ("I_0_F_2_S_1_Q_6", "fire_auto____e_", OPENED, DeviceState.ARMING),
        ("I_0_F_2_S_1_Q_5", ARMED, OPENED, DeviceState.EMITTING),
        ("I_0_F_1_S_0_Q_0", "fire_auto______", CLOSED, DeviceState.ARMING),
        ("I_0_F_3_S_0_Q_4", ARMED, OPENED, DeviceState.UNKNOWN),
        ("I_0_F_7_S_0_Q_4", ARMED, OPENED, DeviceState.UNKNOWN),
        ("I_0_F_2_S_0_Q_3", ARMED, OPENED, DeviceState.UNKNOWN),
    ],
)
def test_the_state_of_a_firing_lamp(wor, text, shutter, state):
    """READY is the state text and an open shutter; the Q-switch digits 4 and 6 are no evidence.

    A Q-switch that was started without the outside trigger is light that nobody asked for.
    """
    told = status(pair("WOR", wor), pair("", text), pair("R", shutter))
    assert told.state is state
    assert told.state.can_make_light
    assert told.interlock_closed is Shown.YES
    assert told.output_seen is (Shown.YES if state is DeviceState.EMITTING else Shown.NOT_REPORTED)
    assert told.unexpected_emission is (state is DeviceState.EMITTING)


@pytest.mark.parametrize("wor", [STOPPED, "I_0_F_0_S_0_Q_0", "I_0_F_0_S_1_Q_1", "I_0_F_4_S_0_Q_6"])
def test_a_stopped_lamp_makes_no_light(wor):
    """Lamp stopped is STANDBY whatever Q-switch and shutter say; a text that fires is not."""
    assert status(*stopped(wor)).state is DeviceState.STANDBY
    assert status(*stopped(wor, text="simmer_______e_")).state is DeviceState.STANDBY
    assert status(*stopped(wor, shutter=OPENED)).state is DeviceState.STANDBY
    assert status(*stopped(wor, text=ARMED)).state is DeviceState.ARMING
    assert status(*stopped(wor)).output_seen is Shown.NO


def test_an_interlock_under_a_firing_lamp_is_told_at_once():
    """One reply, and it is told; which one it is, is asked for with the lamp stopped."""
    told = status(pair("WOR", "I_1_F_2_S_1_Q_4"))
    assert (told.interlock_closed, told.state) == (Shown.NO, DeviceState.ARMING)
    assert status(*stopped("I_1_F_4_S_0_Q_4")).interlock_closed is Shown.NO


def test_an_interlock_is_not_said_to_be_open_where_something_else_stops_the_lamp():
    """`WOR` may show any cause: low water is told as low water, not as an open door."""
    low = status(*stopped("I_1_F_4_S_0_Q_4", first="IF." + flags("a")))
    assert (low.interlock_closed, low.faults) == (Shown.YES, ("low_water_flow",))
    both = "IF._10_00_01_00"
    assert status(*stopped("I_1_F_4_S_0_Q_4", first=both)).interlock_closed is Shown.NO


NAMED = {
    "first": {
        "a": ("low_water_flow", True),
        "b": (None, True),
        "c": ("water_level", True),
        "d": ("lamp_connector", True),
        "e": ("aux_connector", True),
        "f": (None, False),
        "g": (None, False),
        "h": (None, True),
    },
    "second": {
        "c": ("capacitor_load_failure", True),
        "d": ("simmer_failed", True),
        "f": ("water_too_cold", True),
        **dict.fromkeys("abegh", (None, True)),
    },
}


def flags(letter):
    """An interlock register with one bit set, printed in pairs."""
    bits = "".join("1" if each == letter else "0" for each in "abcdefgh")
    return "_" + "_".join(bits[place : place + 2] for place in range(0, 8, 2))


@pytest.mark.parametrize("register", NAMED)
@pytest.mark.parametrize("letter", "abcdefgh")
def test_each_interlock_bit(register, letter):
    """Of the fresh sample, each bit is its fault or the interlock; the stale one counts nothing."""
    fault, closed = NAMED[register][letter]
    name = {"first": "IF.", "second": "IF2"}[register]
    told = status(*stopped(**{register: name + flags(letter)}))
    assert told.faults == ((fault,) if fault else ())
    assert told.interlock_closed is (Shown.YES if closed else Shown.NO)
    assert told.key_on is Shown.NOT_REPORTED
    assert told.counter is None


def test_without_its_pump_no_water_has_to_flow():
    """Until a session prepares it, it is LOCKED; low flow is a fault where the pump ran before."""
    water = {"wor": "I_1_F_4_S_0_Q_4", "first": "IF." + flags("a"), "text": "water_flow"}
    still = status(*stopped(pump="0", **water))
    assert (still.faults, still.interlock_closed) == ((), Shown.YES)
    assert still.state is DeviceState.LOCKED
    armed = status(*stopped(pump="0", shutter=OPENED, **water))
    assert (armed.faults, armed.state) == (("low_water_flow",), DeviceState.STANDBY)
    assert status(*stopped(text="water_flow")).faults == ("low_water_flow",)


@pytest.mark.parametrize(
    ("text", "faults", "closed"),
    [
        ("water_level", ("water_level",), Shown.YES),
        ("I/O_connector", (), Shown.NO),
        ("switch_cabinet", (), Shown.NO),
        ("tp_CG_<_--_d", ("water_too_cold",), Shown.YES),
        ("wait_for_QS", (), Shown.YES),
        ("shutter_closed", (), Shown.YES),
    ],
)
def test_a_refusal_as_the_state_is_told(text, faults, closed):
    """What stands instead of a state is a fault or the interlock, or only why nothing starts."""
    told = status(pair("WOR", FIRING), pair("", text), pair("R", OPENED))
    assert (told.faults, told.interlock_closed) == (faults, closed)
    assert told.state is DeviceState.ARMING


@pytest.mark.parametrize("name", ["s/number____063", "S/Number____184"])
def test_another_units_serial_number_is_a_wrong_device(name):
    """Whoever answers has to be who is addressed."""
    with (
        scripted(DRIVER, MARKER, pair("SN", name)) as link,
        pytest.raises(WrongDevice, match="addressed, as 062"),
    ):
        DRIVER.identify(link)
    with (
        scripted(DRIVER, MARKER, pair("SN", name)) as link,
        pytest.raises(WrongDevice, match="Check which laser is plugged in"),
    ):
        DRIVER.read_effective(link, GOOD)


def test_the_makers_other_firmware_is_a_wrong_device():
    """An Ultra answers `ST`; there `E`, which would be asked next, fires the lamp."""
    with (
        scripted(DRIVER, MARKER, MARKER, *twice(pair("ST", IDLE))) as link,
        pytest.raises(WrongDevice, match="Ultra dialect"),
    ):
        DRIVER.identify(link)


@pytest.mark.parametrize("name", [None, "s/number____063"])
def test_who_does_not_prove_its_number_is_nobody(name):
    """Silence, or another number from the first question on: what to look at is said in words."""
    with (
        scripted(DRIVER, pair("SN", name)) as link,
        pytest.raises(NoReply, match="No laser on this port answers as 062 and tells"),
    ):
        DRIVER.identify(link)


@pytest.mark.parametrize("serial", [None, "", "62", "0062", "SIM-062", "٠٦٢", "abc", "06 "])
def test_an_unknown_configuration_is_refused(serial):
    """A unit cannot be addressed without its three digits."""
    with pytest.raises(ConfigError, match="three digits"):
        BigSky({} if serial is None else {"serial": serial})


def test_the_line_and_what_it_does_not_show():
    """9600 8N1; no key, no counter of pulses, no control, no output."""
    line = DRIVER.line
    assert (line.baudrate, line.bytesize, line.parity, line.stopbits) == (9600, 8, "N", 1)
    declared = DRIVER.declaration
    assert set(declared.not_shown) == {"key", "counter", "control", "output"}
    assert declared.tells_identity
    assert declared.query_within_s <= 0.2


def test_bounds_are_the_manuals_and_the_factorys():
    """The delay lies within what the factory allows, and never beyond the manual."""
    factory = (pair("WMN", "dly_QS_m_120_uS"), pair("WMX", "dly_QS_M_500_uS"))
    with scripted(DRIVER, MARKER, *factory) as link:
        assert DRIVER.bounds(link) == {
            "lamp_voltage_v": ("500", "1800"),
            "repetition_rate_hz": ("0.01", "99.99"),
            "qswitch_delay_us": ("120", "500"),
        }


@pytest.mark.parametrize(
    ("word", "text", "sentence"),
    [
        ("P1", "CG_pump_______0", "told to start its cooling pump, and does not do it"),
        ("ROF0", "shutt._at_run_1", "told to keep its shutter closed when its lamp starts"),
        ("QOF0", "QS_at_run_____1", "told to keep its Q-switch still when its lamp starts"),
        ("QSM2", "QS_mode_:___0__", "told to wait for the outside trigger of its Q-switch"),
        ("LPM0", "LP_synch_:__1__", "told to trigger its lamp by itself"),
        (
            "V1150",
            "voltage__0900_V",
            "The lamp voltage was to be 1150 V, but the laser keeps 900 V",
        ),
        ("F2000", "freq.__10.00_Hz", "The repetition rate was to be 20 Hz, but the laser keeps 10"),
        ("W225", "delay____140_uS", "The delay from flash to Q-switch was to be 225 us, but the"),
    ],
)
def test_a_value_that_is_not_taken_is_an_error(word, text, sentence):
    """The reply tells what is in force: another value is never taken for the one asked.

    It is said in the words of the settings file, with the raw reply behind.
    """
    pairs = until(prepare_pairs(**{word: text}), word)
    with scripted(DRIVER, MARKER, *pairs) as link, pytest.raises(DeviceFault) as raised:
        DRIVER.prepare(link, GOOD)
    assert sentence in str(raised.value)
    assert text.replace("_", " ").strip() in str(raised.value)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("ROF", "shutt._at_run_1"),
        ("QOF", "QS_at_run_____1"),
        ("D", "dis_charg_01.0S"),
        ("E", "ena_charg_02.5S"),
    ],
)
def test_what_runs_by_itself_refuses(word, text):
    """Idle or enable fire, shutter or Q-switch at run: refused, and never called hand-triggered."""
    pairs = until(prepare_pairs(**{word: text}), "E")
    with scripted(DRIVER, MARKER, *pairs) as link, pytest.raises(DeviceFault, match="by itself"):
        DRIVER.prepare(link, GOOD)
    with scripted(DRIVER, MARKER, *effective_pairs(**{word: text})) as link:
        assert DRIVER.read_effective(link, GOOD).trigger is Trigger.HOST


def test_a_long_inhibition_refuses():
    """A laser that would hold its Q-switch back for longer than READY is waited for."""
    pairs = prepare_pairs(QSW="QS_wait_:___161")
    with scripted(DRIVER, MARKER, *pairs) as link, pytest.raises(DeviceFault, match=r"8\.1 s"):
        DRIVER.prepare(link, GOOD)
    assert DRIVER.declaration.arming_bound_s > 2 * 8


def test_water_is_waited_for():
    """The pump needs its time; without flow after three seconds it is refused."""
    low, good = pair("IF", "IF." + flags("a")), pair("IF", "IF." + CLEAR)
    with scripted(DRIVER, MARKER, *prepare_pairs(), low, low, low, good) as link:
        DRIVER.prepare(link, GOOD)
    with (
        scripted(DRIVER, MARKER, *prepare_pairs(), *[low] * 24) as link,
        pytest.raises(DeviceFault, match="too little water flows"),
    ):
        DRIVER.prepare(link, GOOD)


@pytest.mark.parametrize("lamp", "12356")
def test_prepare_leaves_a_firing_laser_alone(lamp):
    """With a lamp that is not stopped nothing is set."""
    with (
        scripted(DRIVER, MARKER, pair("WOR", f"I_0_F_{lamp}_S_1_Q_4")) as link,
        pytest.raises(DeviceFault, match="nothing was set"),
    ):
        DRIVER.prepare(link, GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("lamp_voltage_v", value) for value in ("499", "1801", "nan", "x", "1e9", "-600")],
        *[("repetition_rate_hz", value) for value in ("0", "0.009", "100", "inf")],
        *[("qswitch_delay_us", value) for value in ("99", "1000")],
    ],
)
def test_a_value_that_cannot_be_sent_is_not(name, value):
    """No command leaves for what it cannot hold."""
    with (
        scripted(DRIVER, MARKER, pair("WOR", STOPPED)) as link,
        pytest.raises(ProtocolError, match="nothing was set"),
    ):
        DRIVER.prepare(link, {**GOOD, name: value})


@pytest.mark.parametrize(
    ("word", "text"),
    [
        *(("QSM", "QS_mode_:___0__"), ("LPM", "LP_synch_:__1__"), ("QSW", "QS_wait_:___101")),
        *(("QSF", "cycle_rate_F/02"), ("V", "voltage__1151_V"), ("F", "freq.__20.01_Hz")),
        *(("W", "delay____226_uS"), ("D", "dis_charg_00.1S"), ("ROF", "shutt._at_run_1")),
    ],
)
def test_settings_id_changes_with_what_it_covers(word, text):
    """Settings, modes, auto-run, idle fire, inhibition and divider; the state changes nothing."""

    def told(**texts):
        with scripted(DRIVER, MARKER, *effective_pairs(**texts)) as link:
            return DRIVER.read_effective(link, GOOD)

    assert told(**{word: text}).settings_id != told().settings_id
    assert told(wor=FIRING).settings_id == told().settings_id
    assert told(wor="I_1_F_2_S_1_Q_4").glimpse.interlock_closed is Shown.NO
    trigger = Trigger.HARDWARE if word in {"QSW", "QSF", "V", "F", "W"} else Trigger.HOST
    assert told(**{word: text}).trigger is trigger


def test_reducing_waits_for_nothing_and_falls_back_on_the_broadcast():
    """`S` leaves before any marker; where it is silent every unit on the line is stopped."""
    lamp, qswitch, shutter = DRIVER.declaration.lock_ways
    with scripted(DRIVER, pair("S", IDLE), pair("SQ", IDLE), pair("R0", CLOSED)) as link:
        for way in (lamp, qswitch, shutter):
            DRIVER.reduce(link, way)
    broadcast = (b">S\r\n", b"\r\nstandby        ")
    with scripted(DRIVER, pair("S", None), broadcast) as link:
        DRIVER.reduce(link, lamp)
    collided = (b">S\r\n", b"\r\nst\xffx")
    with scripted(DRIVER, pair("S", None), collided) as link, pytest.raises(NoReply):
        DRIVER.reduce(link, lamp)


@pytest.mark.parametrize(
    "answer", [b"\r\nfire auto   qse", b"\x00" * 200, b"\r\nfire", b"\r\nsh\xffutter opened"]
)
def test_whatever_does_not_say_that_the_lamp_stopped_is_followed_by_the_broadcast(answer):
    """A lamp that fires on, endless garbage, half a reply: all units are told to stop."""
    lamp, *_ = DRIVER.declaration.lock_ways
    broadcast = (b">S\r\n", b"\r\nstandby        ")
    with scripted(DRIVER, (b"$062S\r\n", answer), broadcast) as link:
        DRIVER.reduce(link, lamp)
    goes_on = (b">S\r\n", b"\r\nfire auto   qse")
    with (
        scripted(DRIVER, (b"$062S\r\n", answer), goes_on) as link,
        pytest.raises(DeviceFault, match="told to stop its lamp, and does not do it"),
    ):
        DRIVER.reduce(link, lamp)


@pytest.mark.parametrize(
    ("wor", "shutter", "text", "why"),
    [
        *[(f"I_0_F_{n}_S_0_Q_4", CLOSED, IDLE, "lamp is not reported stopped") for n in "1235678"],
        (STOPPED, OPENED, IDLE, "shutter is not reported closed"),
        (STOPPED, CLOSED, ARMED, "says in words that its lamp fires"),
        (FIRING, OPENED, IDLE, "stopped, the laser's shutter"),
    ],
)
def test_not_locked_is_said_with_its_reason(wor, shutter, text, why):
    """A lamp not stopped, in digits or in words, or an open shutter, is never called locked."""
    pairs = (pair("R", shutter), pair("WOR", wor), pair("", text), pair("R", shutter))
    with scripted(DRIVER, MARKER, *pairs) as link:
        reading = DRIVER.read_lock(link)
    assert not reading.confirmed
    assert why in reading.why_not


def test_the_acknowledgement_of_another_programs_order_is_no_reading():
    """Guard and owner at once: the first "shutter closed" may answer the other one's `R0`."""
    pairs = (pair("R", CLOSED), pair("WOR", STOPPED), pair("", IDLE), pair("R", OPENED))
    with scripted(DRIVER, MARKER, *pairs) as link:
        reading = DRIVER.read_lock(link)
    assert not reading.confirmed


def test_no_fault_is_cleared_over_the_wire():
    """No command is known to do it: nothing is sent."""
    with scripted(DRIVER) as link, pytest.raises(DeviceFault, match="mend its cause"):
        DRIVER.clear_fault(link)


VERBS = [
    lambda link: DRIVER.identify(link),
    lambda link: DRIVER.read_status(link),
    lambda link: DRIVER.bounds(link),
    lambda link: DRIVER.prepare(link, GOOD),
    lambda link: DRIVER.read_effective(link, GOOD),
    lambda link: DRIVER.ready(link, token()),
    lambda link: DRIVER.standby(link),
    lambda link: DRIVER.read_lock(link),
]
TEXTS = st.sampled_from(
    [*CONFIGURATION.values(), STOPPED, FIRING, IDLE, ARMED, CLOSED, OPENED, "IF." + CLEAR]
)
NEAR = st.builds(
    lambda text, place, char: (
        b"\r\n" + (text[:place] + char + text[place + 1 :]).replace("_", " ").encode("latin-1")
    ),
    TEXTS,
    st.integers(0, 14),
    st.sampled_from("0123456789 _xQ\r\xff"),
)


@given(st.sampled_from(VERBS), st.lists(st.one_of(st.binary(max_size=80), NEAR), max_size=14))
@settings(max_examples=500, deadline=None)
def test_any_bytes_from_the_wire_are_an_answer_or_an_error_of_ours(verb, replies):
    """Whatever a wire says, a verb ends by a result or a `DeviceLinkError`, never otherwise."""
    clock = Clock()
    link = Link(Babble(clock, replies, MARKER), DRIVER.wire, clock, NoTranscript())
    with contextlib.suppress(DeviceLinkError):
        verb(link)
    assert clock.ns < 60e9


@given(st.lists(st.one_of(st.binary(max_size=40), NEAR), max_size=5))
@settings(max_examples=300, deadline=None)
def test_no_babble_confirms_a_lock_unless_lamp_and_shutter_say_so(replies):
    """A lock is confirmed only by a lamp digit 0 or 4, a closed shutter and a text without fire."""
    clock = Clock()
    link = Link(Babble(clock, replies, MARKER), DRIVER.wire, clock, NoTranscript())
    with contextlib.suppress(DeviceLinkError):
        reading = DRIVER.read_lock(link)
        dark = reading.words["WOR"][6] in "04" and reading.words["R"] == "shutter closed "
        assert reading.confirmed is (dark and not reading.words[""].startswith("fire"))


def test_a_dead_laser_is_told_in_time():
    """Silence costs one deadline: within the fifth of a second that READY allows."""
    clock = Clock()
    link = Link(Script(clock, [MARKER, pair("WOR", None)]), DRIVER.wire, clock, NoTranscript())
    with pytest.raises(NoReply):
        DRIVER.read_status(link)
    assert clock.ns <= 0.2e9
