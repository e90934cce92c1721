"""The telegrams of the protocol sheet, byte for byte, and how they may be otherwise."""

from __future__ import annotations

import struct

import pytest
import serial

import devicelink_simulation  # noqa: F401  (sim:// is known to pyserial)
from devicelink.errors import ConfigError
from devicelink_nkt_sim import SIMULATOR
from tests.simulators.hexbench import HexBench
from tests.simulators.interbus import (
    ACK,
    BAD_CRC,
    CLEAR,
    DATAGRAM,
    NACK,
    READ,
    SET,
    TOGGLE,
    WRITE,
    Host,
    crc,
    telegram,
)


def laser(setup=None, **values):
    """A host of a laser with these values."""
    return Host(
        HexBench(SIMULATOR, setup=setup, values={key: str(value) for key, value in values.items()})
    )


@pytest.mark.parametrize(
    ("values", "sent", "said"),
    [
        ({}, "0D 01 A2 04 61 15 0B 0A", "0D A2 01 08 61 33 8F D9 0A"),
        ({}, "0D 01 A2 05 30 01 53 0B 0A", "0D A2 01 03 30 53 2E 0A"),
        ({}, telegram(READ, 0x7F).hex(), "0D A2 01 00 7F BF 56 0A"),
        (
            {"interlock": "open"},
            telegram(READ, 0x66).hex(),
            "0D A2 01 08 66 02 00 5E 4A 53 0A",
        ),
        (
            {"supply_v": "3.338"},
            telegram(READ, 0x1E).hex(),
            "0D A2 01 08 1E 5E 4A 5E 4D 23 FE 0A",
        ),
        ({}, "0D 01 A2 05 22 E8 03 D6 DC 0A", telegram(ACK, 0x22, to=0xA2, sender=1).hex(" ")),
    ],
)
def test_the_captured_telegrams(values, sent, said):
    """Every example of the sheet, read or written."""
    assert HexBench(SIMULATOR, values=values).ask(sent) == said.upper()


def test_the_checksum_is_that_of_the_sheet():
    """The check value of 123456789 is 31C3, and the tests' own telegrams are the captured ones."""
    assert crc(b"123456789") == 0x31C3
    assert telegram(WRITE, 0x22, b"\xe8\x03").hex(" ") == "0d 01 a2 05 22 e8 03 d6 dc 0a"


@pytest.mark.parametrize("sender", [0x40, 0xA1, 0xA2, 0xFF, 0x0A, 0x0D, 0x5E, 0])
def test_any_host_is_answered(sender):
    """Whatever its address, escaped ones too; the reply goes back to it."""
    host = Host(laser().bench, sender=sender)
    assert host.number(0x61) == 0x33


@pytest.mark.parametrize("address", [1, 10, 13, 0x5E, 160])
def test_only_its_own_address_is_answered(address):
    """An unknown address is silence."""
    bench = laser(address=address).bench
    assert Host(bench, to=address).number(0x61) == 0x33
    assert Host(bench, to=address - 1).ask(READ, 0x61) is None
    assert Host(bench, to=address + 1).ask(WRITE, 0x30, b"\x01") is None
    assert not bench.lit


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 8, 10, 255])
def test_what_is_no_request_is_not_answered(kind):
    """Replies on the wire, and types that nobody knows, are none of its business."""
    assert laser().ask(kind, 0x66) is None


@pytest.mark.parametrize(("how", "kind"), [("crc_error", BAD_CRC), ("silence", None)])
def test_a_wrong_crc(how, kind):
    """Type 1 or silence; never obeyed."""
    bench = laser(bad_crc=how).bench
    answer = bench.raw(telegram(WRITE, 0x30, b"\x01", spoilt=1))
    assert answer == (b"" if kind is None else telegram(kind, 0x30, to=0xA2, sender=1))
    assert not bench.lit


def test_what_stands_before_a_start_is_nothing():
    """Noise, half telegrams and lone ends are forgotten; a telegram may come in pieces."""
    host = laser()
    whole = telegram(READ, 0x61)
    for noise in (b"\x00\xff", b"\x0a\x0a", whole[:-1], b"\x0d" + b"\x01" * 2000, b"\x0d\x0d"):
        assert host.bench.raw(noise + whole) == bytes.fromhex("0DA201086133 8FD90A")
    assert [host.bench.raw(whole[at : at + 1]) for at in range(len(whole) - 1)] == [b""] * 7
    assert host.bench.raw(whole[-1:]) != b""
    assert host.bench.raw(b"\x0d\x0a\x0d\x01\x0a") == b""


@pytest.mark.parametrize(
    ("form", "data"),
    [("u8", b"\x36"), ("u16", b"\x36\x00"), ("u16_text", b"\x36\x00SIM module\x00")],
)
def test_the_module_type(form, data):
    """One byte, two, or two and a text; older modules always send one."""
    assert laser(module_type="0x36", type_form=form).ask(READ, 0x61) == (DATAGRAM, data)
    old = Host(laser(module_type="0x21", type_form=form).bench, to=10)
    assert old.ask(READ, 0x61) == (DATAGRAM, b"\x21")


def test_texts():
    """Firmware is a number and a text that ends with zero; the serial number is a text."""
    host = laser(firmware="v2", firmware_number=300, serial="K12345")
    assert host.ask(READ, 0x64) == (DATAGRAM, b"\x2c\x01v2\x00")
    assert host.ask(READ, 0x65) == (DATAGRAM, b"K12345")
    assert host.ask(WRITE, 0x65, b"K1") == (NACK, b"")


def test_readings():
    """Each register in its own scale, little-endian."""
    host = laser(
        setpoint_mw=12.34, temperature_c=-3.2, ambient_c=-3.2, supply_v=12.3, emission_delay_s=1.5,
        wavelength_nm=1549.9999, wavelength_offset_pm=-12.3,
    )  # fmt: skip
    assert host.number(0x22) == 1234
    assert host.number(0xA0, signed=True) == 1091
    assert host.number(0x1C, signed=True) == -32
    assert host.number(0x1E) == 12300
    assert host.number(0x3A) == 15
    assert host.number(0x32) == 15_499_999
    assert host.number(0x2A, signed=True) == -123
    assert host.number(0x17) == 0
    assert host.number(0x90, signed=True) == -10_000


def test_the_two_set_points_are_one():
    """Milliwatts and dBm follow each other; what was written reads the same."""
    host = laser()
    assert host.write(0x22, 2000, 2) == ACK
    assert (host.number(0x22), host.number(0xA0, signed=True)) == (2000, 1301)
    assert host.write(0xA0, -345, 2) == ACK
    assert (host.number(0x22), host.number(0xA0, signed=True)) == (45, -345)
    assert host.write(0x22, 0, 2) == ACK
    assert host.number(0xA0, signed=True) == -10_000


@pytest.mark.parametrize(("how", "kind", "then"), [("nack", NACK, 1000), ("clamped", ACK, 10_000)])
def test_a_set_point_out_of_range(how, kind, then):
    """Above the highest it is refused, or taken as the highest."""
    host = laser(out_of_range=how)
    assert host.write(0x22, 10_001, 2) == kind
    assert host.number(0x22) == then
    assert laser(out_of_range=how, min_power_mw=5).write(0x22, 499, 2) == kind
    assert laser(out_of_range=how, min_power_mw=5).write(0x22, 0, 2) == ACK


@pytest.mark.parametrize(
    ("register", "data"),
    [(0x30, b"\x02"), (0x30, b""), (0x30, b"\x01\x00"), (0x22, b"\x01"), (0x66, b"\x00\x00")],
)
def test_what_a_register_does_not_take(register, data):
    """Values and lengths that are none, and registers that are only read: NACK, nothing happens."""
    host = laser()
    assert host.ask(WRITE, register, data) == (NACK, b"")
    assert host.bench.lights() == []


def test_bits_are_set_cleared_and_toggled():
    """Types 6, 7 and 9 change bits of a register, emission's too; or they are not known."""
    host = laser()
    assert host.ask(SET, 0x31, struct.pack("<H", 0x0106)) == (ACK, b"")
    assert host.bench.machine.inputs.power_mode == "current"
    assert host.ask(CLEAR, 0x31, struct.pack("<H", 0x0102)) == (ACK, b"")
    assert host.ask(TOGGLE, 0x31, struct.pack("<H", 0x000C)) == (ACK, b"")
    assert (host.number(0x31), host.bench.machine.inputs.power_mode) == (0x0008, "power")
    assert host.ask(TOGGLE, 0x30, b"\x01") == (ACK, b"")
    assert host.bench.lit
    assert host.ask(CLEAR, 0x30, b"\x01") == (ACK, b"")
    assert not host.bench.lit
    for refused in (host.ask(SET, 0x22, b"\x01"), host.ask(SET, 0x8D, bytes(240))):
        assert refused == (NACK, b"")
    assert laser(bit_commands="off").ask(SET, 0x30, b"\x01") == (NACK, b"")


@pytest.mark.parametrize("register", [0x2B, 0x2F, 0x2C, 0xB7, 0xB8, 0xBA, 0xB5])
def test_modulation_is_kept(register):
    """What is written reads back; it changes no light here."""
    host = laser()
    _, first = host.ask(READ, register)
    written = bytes(range(1, len(first) + 1))
    assert host.ask(WRITE, register, written) == (ACK, b"")
    assert host.ask(READ, register) == (DATAGRAM, written)
    assert host.ask(WRITE, register, written + b"\x00") == (NACK, b"")


def test_the_user_area():
    """240 bytes for the host, all values, escaped on the wire."""
    host = laser(user_area="note")
    assert host.ask(READ, 0x8D) == (DATAGRAM, b"note" + bytes(236))
    everything = bytes(range(240))
    assert host.ask(WRITE, 0x8D, everything) == (ACK, b"")
    assert host.ask(READ, 0x8D) == (DATAGRAM, everything)
    assert host.ask(WRITE, 0x8D, b"\x0a\x0d\x5e") == (ACK, b"")
    assert host.ask(READ, 0x8D) == (DATAGRAM, b"\x0a\x0d\x5e" + bytes(237))


def test_an_older_module():
    """Type 21 has registers of its own at address 10, and none of the newer ones."""
    host = Host(
        laser(setup="legacy", setpoint_mw=20, max_power_mw=100, noise_percent=0).bench, to=10
    )
    assert host.ask(READ, 0x22) == (NACK, b"")
    assert [host.number(each) for each in (0x11, 0x19, 0x1B, 0x18, 0x15)] == [
        *(25_000, 250, 12_000, 0, 0),
    ]
    assert host.write(0x23, 5000, 2) == ACK
    assert host.emission(1) == ACK
    assert [host.number(each) for each in (0x30, 0x18, 0x15, 0x31)] == [1, 5000, 250, 1]
    assert host.write(0x31, 0, 1) == ACK
    assert host.bench.machine.inputs.power_mode == "current"
    assert host.write(0x31, 7, 1) == NACK
    assert host.write(0x36, 1, 1) == ACK
    assert host.number(0x36) == 1


def test_a_module_whose_registers_nobody_knows():
    """Type 3A has the common registers alone; it cannot be made to shine."""
    host = laser(module_type="0x3A")
    assert host.number(0x61) == 0x3A
    assert host.emission(1) == NACK
    with pytest.raises(ConfigError, match="built in"):
        host.bench.set(module_type="0x33")


@pytest.mark.parametrize(
    ("module_type", "address"), [("0x20", 0x0F), ("0x21", 0x0A), ("0x70", 0x02), ("0x34", 0x80)]
)
def test_where_modules_are(module_type, address):
    """Each type of module has its own address where none is set."""
    host = Host(laser(module_type=module_type).bench, to=address)
    assert host.number(0x61) == int(module_type, 0)


def test_the_registers_of_type_20_are_not_known():
    """Nobody tells them: it has the common ones alone, and those of type 21 are not its own."""
    host = Host(laser(module_type="0x20", type_form="u16").bench, to=0x0F)
    assert host.ask(READ, 0x61) == (DATAGRAM, b"\x20")
    assert host.emission(1) == NACK
    assert host.ask(READ, 0x23) == (NACK, b"")


@pytest.mark.parametrize(
    ("values", "known"),
    [({}, True), ({"delay_register": "k0x2"}, False),
     ({"delay_register": "k0x2", "module_type": "0x36"}, True)],
)  # fmt: skip
def test_the_register_of_the_delay(values, known):
    """Register 3A is that of a K0x2; a K1x2 may be without."""
    host = laser(emission_delay_s=0.5, **values)
    assert host.ask(READ, 0x3A) == ((DATAGRAM, b"\x05") if known else (NACK, b""))


def test_register_32_of_a_basik_is_its_wavelength():
    """Also where a write to it resets the interlock; of other modules it tells the interlock."""
    host = laser(interlock_reset="by_register", wavelength_nm=1550, interlock="open")
    assert host.number(0x32) == 15_500_000
    host.bench.set(interlock="closed")
    assert host.write(0x32, 1, 1) == ACK
    assert host.bits == set()
    other = laser(interlock_reset="by_register", interlock="open", module_type="0x60")
    assert other.ask(READ, 0x32) == (DATAGRAM, b"\x01")


def test_a_setup_that_was_left():
    """Register 31 tells what was left in it, and the pump's mode in its own bit."""
    host = laser(setup_bits=0x0304)
    assert host.number(0x31) == 0x0204
    host.bench.set(power_mode="current")
    assert host.number(0x31) == 0x0304
    host.bench.set(setup_bits="0")
    assert host.number(0x31) == 0x0100
    assert laser(setup="modulated").number(0x31) == 0x0204


def test_a_frame_answers_beside_the_module():
    """An ADJUSTIK frame at address 80 says 34, and knows nothing of emission."""
    bench = laser(setup="frame").bench
    frame = Host(bench, to=0x80)
    assert [frame.number(0x61), frame.number(0x66), frame.emission(1)] == [0x34, 0, NACK]
    assert Host(bench).number(0x61) == 0x33


def test_every_fifth_reply_is_lost():
    """The command was carried out all the same."""
    host = laser(setup="drops_replies")
    assert [host.ask(READ, 0x61) is None for _ in range(10)] == [*[False] * 4, True] * 2
    for _ in range(4):
        host.number(0x61)
    assert host.ask(WRITE, 0x30, b"\x01") is None
    assert host.bench.lit


def test_another_host_on_the_wire():
    """Replies to its status requests come along by themselves; ours are as ever."""
    host = laser(setup="another_host")
    bench = host.bench
    assert bench.sim.next_event_ns() == bench.now_ns + 500_000_000
    assert bench.wait(0.5) == telegram(DATAGRAM, 0x66, b"\0\0", to=0xA5, sender=1).hex(" ").upper()
    assert host.number(0x61) == 0x33
    bench.now_ns += 500_000_000
    assert bench.raw(telegram(READ, 0x61)).count(b"\x0d") == 2
    bench.set(second_host="0")
    assert bench.wait(10) == ""


def test_a_reply_takes_its_time():
    """Latency delays every reply."""
    bench = laser(reply_latency_s=0.02).bench
    assert bench.raw(telegram(READ, 0x61)) == b""
    assert bench.wait(0.02) == "0D A2 01 08 61 33 8F D9 0A"


def test_over_pyserial():
    """Plain pyserial reaches it in the same process, values in the address."""
    with serial.serial_for_url("sim://nkt?address=2&interlock=open", timeout=2) as port:
        port.write(telegram(READ, 0x66, to=2))
        assert port.read_until(b"\n") == telegram(DATAGRAM, 0x66, b"\2\0", to=0xA2, sender=2)
