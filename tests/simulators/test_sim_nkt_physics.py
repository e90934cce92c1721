"""Emission, interlock, supply, heat and wavelength: what makes light and what takes it away."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError
from devicelink_nkt_sim import SIMULATOR
from tests.simulators.hexbench import HexBench
from tests.simulators.interbus import ACK, NACK, WRITE, Host


def laser(setup=None, **values):
    """A host of a laser with these values, without noise."""
    values = {"noise_percent": "0"} | {key: str(value) for key, value in values.items()}
    return Host(HexBench(SIMULATOR, setup=setup, values=values))


def test_emission_is_light_at_once():
    """No hand is needed: enabled and light come together, and go together."""
    host = laser()
    assert host.bits == set()
    assert host.emission(1) == ACK
    assert host.bench.lights() == ["enabled", "light_on"]
    assert host.bench.last("enabled")["gated"] is False
    assert host.bench.last("light_on")["power_w"] == 0.01
    assert (host.bits, host.number(0x30), host.number(0x17)) == ({0, 14}, 1, 1000)
    assert host.number(0x90, signed=True) == 1000
    assert host.emission(0) == ACK
    assert host.bench.lights()[2:] == ["light_off", "disabled"]
    assert (host.bits, host.number(0x17)) == (set(), 0)


def test_emission_on_twice_is_once():
    """Nothing new happens; a late repetition after off is light again."""
    host = laser()
    assert [host.emission(value) for value in (1, 1, 0)] == [ACK] * 3
    assert len(host.bench.lights()) == 4
    assert host.emission(1) == ACK
    assert host.bench.lit


@pytest.mark.parametrize(("shown", "bits"), [("at_once", {0, 14}), ("with_light", {14})])
def test_the_delay(shown, bits):
    """Light comes after the delay; off within it is dark for good."""
    host = laser(emission_delay_s=3, delay_bit=shown)
    assert host.emission(1) == ACK
    assert host.bits == bits
    host.bench.wait(2.9)
    assert host.bench.lights() == []
    host.bench.wait(0.1)
    assert (host.bench.when("light_on"), host.bits) == (3, {0, 14})
    assert [host.emission(0), host.write(0x3A, 10, 1), host.emission(1)] == [ACK] * 3
    host.bench.wait(0.5)
    assert host.emission(0) == ACK
    assert host.bench.sim.next_event_ns() is None
    host.bench.wait(10)
    assert not host.bench.lit


CAUSES = [
    ({"interlock": "open"}, 1, 2),
    ({"supply_v": "9.5"}, 5, 3),
    ({"temperature_c": "-1", "ambient_c": "-1"}, 6, 7),
    ({"temperature_c": "61", "ambient_c": "61"}, 6, 7),
    ({"module": "disabled"}, 4, 8),
]


@pytest.mark.parametrize(("values", "bit", "code"), CAUSES)
@pytest.mark.parametrize(
    ("how", "kind", "told"), [("error", ACK, True), ("ack", ACK, False), ("nack", NACK, False)]
)
def test_emission_on_while_something_forbids_it(values, bit, code, how, kind, told):
    """Dark; acknowledged with an error, acknowledged and nothing else, or not acknowledged."""
    host = laser(**values, interlock_write=how)
    assert host.bits == {bit}
    assert host.emission(1) == kind
    assert host.bits == ({bit, 15} if told else {bit})
    assert host.number(0x67) == (code if told else 0)
    assert (host.number(0x30), host.bench.lights()) == (0, [])


@pytest.mark.parametrize(("values", "bit", "code"), CAUSES)
def test_emission_ends_when_something_forbids_it(values, bit, code):
    """Dark at once with an error; the cause gone it stays dark, and off clears the error."""
    host = laser()
    host.emission(1)
    host.bench.set(**values)
    assert host.bench.lights() == ["enabled", "light_on", "light_off", "disabled"]
    assert (host.bits, host.number(0x67)) == ({bit, 15}, code)
    host.bench.set(
        interlock="closed", reset="pressed", supply_v="12", module="enabled",
        temperature_c="25", ambient_c="25",
    )  # fmt: skip
    host.bench.wait(1000)
    assert (host.number(0x30), host.bench.lit) == (0, False)
    assert host.emission(0) == ACK
    assert (host.bits, host.number(0x67)) == (set(), 0)
    assert host.emission(1) == ACK
    assert host.bench.lit


@pytest.mark.parametrize(
    ("how", "reset"),
    [
        ("by_hand", lambda host: host.bench.set(reset="pressed")),
        ("by_emission_off", lambda host: host.emission(0)),
        ("by_register", lambda host: host.write(0x32, 1, 1)),
    ],
)
def test_the_interlock_is_reset(how, reset):
    """Closed is not enough; reset with the loop open is in vain; and none brings emission back."""
    host = laser(interlock_reset=how)
    host.emission(1)
    host.bench.set(interlock="open")
    reset(host)
    assert 1 in host.bits
    host.bench.set(interlock="closed")
    assert 1 in host.bits
    host.emission(1)
    assert not host.bench.lit
    reset(host)
    assert (host.bits, host.number(0x30), host.bench.lit) == (set(), 0, False)
    host.emission(1)
    assert host.bench.lit


def test_an_interlock_that_resets_by_itself():
    """Closing it clears bit 1; emission stays off."""
    host = laser(interlock_reset="by_itself")
    host.emission(1)
    host.bench.set(interlock="open")
    host.bench.set(interlock="closed")
    assert (host.bits, host.bench.lit) == ({15}, False)
    assert host.emission(1) == ACK
    assert host.bits == {0, 14}


def test_power():
    """Held at the set-point while the pump can; at a constant current less with heat and wear."""
    warm = {"temperature_c": 45, "ambient_c": 45, "thermal_rise_c": 0, "wear_percent": 20}
    host = laser(**warm, setpoint_mw=50)
    host.emission(1)
    assert host.number(0x17) == 5000
    assert host.write(0x22, 10_000, 2) == ACK
    assert host.number(0x17) == 7200  # 100 mW, less 10 % by 20 C and 20 % by wear
    assert host.write(0x31, 0x0100, 2) == ACK
    assert host.write(0x22, 5000, 2) == ACK
    assert host.number(0x17) == 3600
    assert host.write(0x22, 0, 2) == ACK
    assert (host.bench.lit, host.bench.machine.enabled) == (False, True)
    assert host.write(0xA0, 1000, 2) == ACK
    assert host.bench.lit


def test_heat_ends_emission_at_its_time():
    """It warms up with its power, and at 60 C it is dark with error 7; cool again it stays dark."""
    host = laser(ambient_c=55, temperature_c=55, setpoint_mw=100)
    host.emission(1)
    host.bench.wait(1000)
    assert host.bench.when("light_off") == pytest.approx(60 * 0.6931, abs=0.1)  # 60 s * ln(10 / 5)
    assert (host.bits, host.number(0x67)) == ({15}, 7)
    assert not host.bench.lit


def test_cold_ends_emission_too():
    """Below its range, with bit 6 while it is so."""
    host = laser(ambient_c=-20, temperature_c=5)
    host.emission(1)
    host.bench.wait(1000)
    assert host.bench.lights()[-1] == "disabled"
    assert host.bits == {6, 15}


def test_the_wavelength_follows_its_set_point():
    """The actual offset comes near in time; bits 11 and 14 tell, while emission is on."""
    host = laser(wavelength_settles_s=2)
    host.emission(1)
    assert host.bits == {0, 14}
    assert host.write(0x2A, 1000, 2) == ACK
    assert (host.bits, host.number(0x72, signed=True)) == ({0, 11}, 0)
    host.bench.wait(2)
    assert host.number(0x72, signed=True) == 632
    host.bench.wait(20)
    assert (host.bits, host.number(0x72, signed=True)) == ({0, 14}, 1000)
    host.emission(0)
    assert host.bits == set()


def test_the_status_of_other_modules():
    """Bits of unknown meaning may be set, those with a meaning may not; an error may be planted."""
    host = laser(status_bits="0x278C", error_code=41)
    assert host.bits == {2, 3, 7, 8, 9, 10, 13, 15}
    assert host.number(0x67) == 41
    with pytest.raises(ConfigError, match="0x37"):
        host.bench.set(status_bits="0x0001")


def test_another_hosts_hand():
    """Emission by another host is light like any; where something forbids it, the knob says so."""
    host = laser()
    host.bench.set(emission="on")
    assert (host.bits, host.bench.lit) == ({0, 14}, True)
    host.bench.set(emission="off", interlock="open")
    with pytest.raises(ConfigError, match="interlock"):
        host.bench.set(emission="on")
    assert not host.bench.lit


def test_noise_is_of_the_reading_alone():
    """The meter scatters about the power and never reads below nothing."""
    host = laser(noise_percent=5, thermal_rise_c=0)
    host.emission(1)
    read = []
    for _ in range(50):
        host.bench.wait(0.1)
        read.append(host.number(0x17))
    assert len(set(read)) > 10
    assert all(850 <= each <= 1150 for each in read)
    host.ask(WRITE, 0x30, b"\x00")
    assert host.number(0x17) == 0
