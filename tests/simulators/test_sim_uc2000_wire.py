"""The bytes of the protocol sheet, byte for byte, and every way in which it may be otherwise."""

from __future__ import annotations

import pytest
import serial

import devicelink_simulation  # noqa: F401  (sim:// is known to pyserial)
from devicelink_uc2000_sim import SIMULATOR
from tests.simulators.hexbench import HexBench

CAPTURED = "AA A8 32 00 00"
FRAMES = {
    "5B 70 8F": {"mode": "manual"},
    "5B 71 8E": {"mode": "anc"},
    "5B 72 8D": {"mode": "anv"},
    "5B 73 8C": {"mode": "manual_closed"},
    "5B 74 8B": {"mode": "anv_closed"},
    "5B 75 8A": {"lase": "on"},
    "5B 76 89": {"lase": "off"},
    "5B 77 88": {"pwm_khz": "5"},
    "5B 78 87": {"pwm_khz": "10"},
    "5B 79 86": {"pwm_khz": "20"},
    "5B 7A 85": {"gate_logic": "pull_up"},
    "5B 7B 84": {"gate_logic": "pull_down"},
    "5B 7C 83": {"max_pwm": "95"},
    "5B 7D 82": {"max_pwm": "99"},
    "5B 30 CF": {"lase_on_power_up": "enabled"},
    "5B 31 CE": {"lase_on_power_up": "disabled"},
    "5B 7F 00 80": {"percent": 0},
    "5B 7F 14 6C": {"percent": 10},
    "5B 7F 28 58": {"percent": 20},
    "5B 7F 64 1C": {"percent": 50},
    "5B 7F 7D 03": {"percent": 62.5},
    "5B 7F 7E 02": {"percent": 63},
    "5B 7F BE C2": {"percent": 95},
    "5B 7F C6 BA": {"percent": 99},
}
OTHERS = {"mode": "anc", "lase": "on", "pwm_khz": "10", "percent": "7"}


def box(**values):
    """A controller with these values."""
    return HexBench(SIMULATOR, values={key: str(value) for key, value in values.items()})


def test_the_captured_dialogue():
    """Status, 20 %, lase on, status: the bytes of a running host program."""
    laser = box()
    said = [laser.ask(line) for line in ("7E", "5B 7F 28 58", "5B 75 8A", "7E")]
    assert said == [CAPTURED, "AA", "AA", "AA B8 32 28 00"]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("checksum", ["on", "off"])
def test_every_command(frame, checksum):
    """Each frame of the sheet is acknowledged and sets what it says, with checksums or without."""
    (key, value) = next(iter(FRAMES[frame].items()))
    other = {"lase_on_power_up": "enabled" if value == "disabled" else "disabled"}
    others = {key: OTHERS.get(key) or other.get(key)} if key in {*OTHERS, *other} else {}
    laser = box(max_pwm="99", checksum=checksum, data_7e="data", **others)
    sent = frame if checksum == "on" else frame[:-3]
    assert laser.ask(sent) == "AA"
    assert getattr(laser.machine.inputs, key) == value


@pytest.mark.parametrize("frame", FRAMES)
def test_a_wrong_checksum_is_refused(frame):
    """NAK, nothing changes, and the next command is understood."""
    laser = box(max_pwm="99")
    wrong = bytearray.fromhex(frame)
    wrong[-1] ^= 0x10
    assert laser.raw(bytes(wrong)) == b"\x3f"
    assert laser.ask("7E") == "AA A8 30 00 00"
    assert laser.ask("5B 7F 28 58") == "AA"


def test_the_other_bits_of_the_status():
    """Every setting stands where the sheet has it."""
    laser = box(
        remote="off", mode="anv_closed", gate_logic="pull_down", pwm_khz="5", max_pwm="99",
        lase_on_power_up="enabled", status_unknown=2, version=9, analog_input_percent=40,
    )  # fmt: skip
    assert laser.ask("7E") == "AA 04 99 50 00"
    laser.set(pwm_khz="10", remote="on", mode_shown="5", lase="on", status_first="0x55")
    assert laser.ask("7E") == "55 5D 99 50 00"


@pytest.mark.parametrize(
    ("which", "status"),
    [("none", CAPTURED), ("data", f"{CAPTURED} 25"), ("all", f"{CAPTURED} 7B")],
)
def test_a_checksum_of_the_status(which, status):
    """None, one of the four data bytes, or one with the first byte."""
    assert box(status_checksum=which).ask("7E") == status


@pytest.mark.parametrize("begun", ["5B", "5B 75", "5B 7F", "5B 7F 28"])
def test_half_a_command_is_refused_after_a_second(begun):
    """NAK comes a second after the start byte, once; then everything is understood."""
    laser = box()
    assert laser.ask(begun) == ""
    assert laser.sim.next_event_ns() == laser.now_ns + 1_000_000_000
    assert laser.wait(0.999) == ""
    assert laser.wait(0.001) == "3F"
    assert laser.wait(10) == ""
    assert laser.ask("5B 7F 28 58") == "AA"
    assert laser.sim.next_event_ns() is None


def test_the_second_counts_from_the_start_byte():
    """Bytes that trickle in do not prolong it; a command that is whole in time is carried out."""
    laser = box()
    assert [laser.ask("5B"), laser.wait(0.9), laser.ask("75"), laser.wait(0.2)] == [
        *("", "", "", "3F"),
    ]
    assert laser.ask("8A") == ""
    assert [laser.ask("5B 75"), laser.wait(0.9), laser.ask("8A")] == ["", "", "AA"]


@pytest.mark.parametrize(
    ("values", "sent", "said", "then"),
    [
        ({}, "5B 7E 75 8A", f"{CAPTURED} AA", "on"),
        ({"status_inside": "no"}, "5B 7E 75 8A", "3F", "off"),
        ({}, "5B 75 7E", "3F", "off"),
        ({"status_inside": "anywhere"}, "5B 75 7E 8A", f"{CAPTURED} AA", "on"),
    ],
)
def test_a_status_request_within_a_command(values, sent, said, then):
    """7E is answered at once where a command byte is expected; elsewhere as it is set."""
    laser = box(**values)
    assert laser.ask(sent) == said
    assert laser.machine.inputs.lase == then


def test_7e_is_the_right_checksum_of_one_percent():
    """5B 7F 02 7E sets 1 %, even where a status request is heard anywhere."""
    for inside in ("before_command", "anywhere", "no"):
        laser = box(status_inside=inside)
        assert laser.ask("5B 7F 02 7E") == "AA"
        assert laser.machine.inputs.percent == 1


def test_63_percent_without_checksums_is_a_status_request():
    """7E as data is taken as a request; the power that follows a second later is none."""
    laser = box(checksum="off", percent=20)
    assert laser.ask("5B 7F 7E") == "AA A8 32 28 00"
    assert laser.wait(1) == "3F"
    assert laser.ask("5B 7F 7D") == "AA"
    assert laser.ask("7E") == "AA A8 32 7D 00"
    assert box(data_7e="status").ask("5B 7F 7E 28 58") == f"{CAPTURED} AA"


@pytest.mark.parametrize(
    ("how", "said", "percent"),
    [("nak", "3F", 20), ("silent", "", 20), ("acknowledged", "AA", 20), ("clamped", "AA", 95)],
)
def test_a_set_point_above_the_limit(how, said, percent):
    """99 % with a limit of 95 is refused, ignored or clamped; never obeyed."""
    laser = box(data_above_limit=how, percent=20)
    assert laser.ask("5B 7F C6 BA") == said
    assert laser.machine.inputs.percent == percent
    assert laser.ask("5B 7D 82") == "AA"
    assert laser.ask("5B 7F C6 BA") == "AA"
    assert laser.machine.duty_percent == 99
    assert laser.ask("5B 7C 83") == "AA"
    assert laser.ask("7E") == "AA A8 32 BE 00"


@pytest.mark.parametrize(
    ("how", "sent", "said"),
    [
        ("nak", "5B 00 5B 76 89", "3F AA"),
        ("nak_after_checksum", "5B 00 5B 76 89", "3F"),
        ("nak_after_checksum", "5B 00 FF", "3F"),
        ("waits", "5B 00 76 89", "AA"),
        ("silent", "5B 00 5B 76 89", "AA"),
        ("acknowledged", "5B 00", "AA"),
    ],
)
def test_what_is_no_command(how, sent, said):
    """An unknown command byte is answered as it is set, and what follows as the frame then is."""
    assert box(unknown_command=how).ask(sent) == said


def test_a_lock_begins_with_what_ends_half_a_frame():
    """Behind half a power frame 5B alone is taken as 45.5 %; behind 00 the lock gets through."""
    laser = box(checksum="off", lase="on", percent=20)
    assert laser.ask("5B 7F") == ""
    assert laser.ask("00 5B 76") == "AA AA"
    assert (laser.machine.inputs.lase, laser.machine.inputs.percent) == ("off", 0)
    laser = box(checksum="off", lase="on", percent=20)
    assert laser.ask("5B 7F 5B 76") == "AA"
    assert (laser.machine.inputs.lase, laser.machine.inputs.percent) == ("on", 45.5)


@pytest.mark.parametrize(("how", "said"), [("nak", "3F"), ("silent", ""), ("acknowledged", "AA")])
def test_outside_of_remote_nothing_is_obeyed(how, said):
    """Commands are refused as it is set, and the status tells that the panel is in control."""
    laser = HexBench(SIMULATOR, setup="local_lasing", values={"outside_remote": how})
    assert laser.ask("5B 76 89") == said
    assert laser.lit
    assert laser.ask("7E") == "AA B0 32 3C 00"
    laser.set(status_outside_remote="silent")
    assert laser.ask("7E") == ""


def test_bytes_outside_of_a_command():
    """They are ignored, or each is refused."""
    assert box().ask("00 FF 75 8A 7E") == CAPTURED
    assert box(stray_byte="nak").ask("00 FF") == "3F 3F"


def test_old_firmware():
    """Commands without start byte and checksum: our reading of what no source tells."""
    laser = HexBench(SIMULATOR, setup="old_firmware")
    assert [laser.ask(line) for line in ("7E", "7F 28", "75", "7E")] == [
        *("AA A8 22 00 00", "AA", "AA", "AA B8 22 28 00"),
    ]


@pytest.mark.parametrize(
    ("reading", "unit", "byte"),
    [
        ("zero", "half_percent", "00"),
        ("closed_loop", "half_percent", "50"),
        ("always", "percent", "28"),
        ("always", "watt", "0A"),
    ],
)
def test_what_the_power_byte_may_be(reading, unit, byte):
    """40 % of 25 W in a closed loop: nothing, half percents, percents or watts."""
    laser = box(
        power_reading=reading, power_unit=unit, mode="manual_closed", percent=40, lase="on",
        gate_input="open", thermal_rise_c=0,
    )  # fmt: skip
    laser.wait(0.01)
    assert laser.ask("7E") == f"AA BB 32 50 {byte}"
    laser.set(mode="manual", power_reading="closed_loop")
    assert laser.ask("7E").endswith("00")


def test_a_reply_takes_its_time():
    """Latency delays acknowledgement, status and the refusal of half a command alike."""
    laser = box(reply_latency_s=0.02)
    assert [laser.ask("5B 75 8A 7E"), laser.wait(0.02)] == ["", "AA AA B8 32 00 00"]
    assert [laser.ask("5B"), laser.wait(1.01), laser.wait(0.01)] == ["", "", "3F"]


def test_over_pyserial():
    """Plain pyserial reaches it in the same process, values in the address."""
    with serial.serial_for_url("sim://uc2000?checksum=off&version=4", timeout=2) as port:
        port.write(bytes.fromhex("5B 7F 28 7E"))
        assert port.read(6) == bytes.fromhex("AA AA A8 42 28 00")
