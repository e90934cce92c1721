"""The dialect yar, word for word, and the laser behind it."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError

YLR_ONLY = ["SDC 20", "RCS", "RNC", "EMOD", "DMOD", "EEC", "DEC", "SFWS 1", "RFWS", "RID", "RPRR"]


@pytest.fixture
def yar(lab):
    """Makes fibre amplifiers."""
    return lambda **values: lab(values={"dialect": "yar", "noise_percent": "0", **values})


def test_a_session(yar):
    """Identify, set, emit, switch off, as a host program would."""
    laser = yar()
    said = [laser.ask(line) for line in ("RMN", "RNP", "RMP", "RDPT", "STA", "SPS 9.7", "RPS")]
    assert said == [
        *("RMN: YLM-10-SF", "RNP: 0.200", "RMP: 10.5", "RDPT: 0.100"),
        *("STA: 0", "SPS: 9.7", "RPS: 9.7"),
    ]
    assert [laser.ask("EMON"), laser.ask("STA")] == ["EMON", "STA: 2"]
    laser.wait(3)
    assert laser.ask("STA") == "STA: 1"
    laser.wait(1)
    assert laser.ask("ROP") == "ROP: 9.700"
    assert [laser.ask(line) for line in ("EMOFF", "STA", "ROP", "SPS 0", "RPS")] == [
        *("EMOFF", "STA: 0", "ROP: Off", "SPS: 0.0", "RPS: 0.0")
    ]


@pytest.mark.parametrize(
    ("send", "reply", "then"),
    [
        ("SPS 10.5", "SPS: 10.5", "RPS: 10.5"),
        ("SPS 10.501", "ERR: Out of Range", "RPS: 1.23"),
        ("SPS 0.2", "SPS: 0.2", "RPS: 0.2"),
        ("SPS 0.19", "ERR: Out of Range", "RPS: 1.23"),
        ("SPS -1", "ERR: Out of Range", "RPS: 1.23"),
        ("SPS 0", "SPS: 0.0", "RPS: 0.0"),
        ("sps3", "SPS: 3.0", "RPS: 3.0"),
        ("SPS x", "BCMD", "RPS: 1.23"),
    ],
)
def test_power_set_point(yar, send, reply, then):
    """A set-point is 0 or within RNP and RMP; anything else leaves it as it was."""
    laser = yar()
    assert laser.ask("SPS 1.23") == "SPS: 1.23"
    assert [laser.ask(send), laser.ask("RPS")] == [reply, then]


@pytest.mark.parametrize("line", YLR_ONLY)
def test_words_of_other_dialects_are_no_command(yar, line):
    """What only the others know is answered BCMD, and nothing is set."""
    laser = yar()
    assert laser.ask(line) == "BCMD"
    assert laser.ask("RPS") == "RPS: 0.0"


@pytest.mark.parametrize("line", ["RMN", "RNP", "RPS", "SPS 1", "RDPT", "RMT", "RST", "RWA"])
def test_its_words_are_no_command_elsewhere(lab, line):
    """A YLR-SM and a YLR-QCW answer BCMD to the words of a yar."""
    assert lab().ask(line) == "BCMD"
    assert lab(values={"dialect": "ylr-qcw"}).ask(line) == "BCMD"


@pytest.mark.parametrize(
    ("knobs", "bits"),
    [
        ({"temperature_c": "56"}, {16}),
        ({"back_reflection": "on"}, {17}),
        ({"unexpected_emission": "on"}, {19}),
        ({"alarm": "seed_failed"}, {20}),
        ({"key": "rem"}, set()),
        ({"interlock_1": "open"}, set()),
        ({"collimator": "disconnected"}, set()),
    ],
)
def test_status_bits(yar, knobs, bits):
    """Its own four faults have their own bits; key, interlock and supply are not shown."""
    laser = yar()
    laser.set(**knobs)
    assert laser.status == bits


def test_an_interlock_takes_the_light_unseen(yar):
    """The light goes at once, emission reads off, and nothing says why; EMON is refused."""
    laser = yar(startup_s="0", diode_current_percent="50")
    laser.ask("EMON")
    assert laser.lit
    laser.set(interlock_2="open")
    assert not laser.lit
    assert laser.status == set()
    assert laser.ask("EMON").startswith("ERR")


def test_a_failed_seed_ends_emission_until_it_is_reset(yar):
    """The fault is latched beyond its cause; RERR clears it, and emission stays off."""
    laser = yar(startup_s="0", diode_current_percent="50")
    laser.ask("EMON")
    laser.set(alarm="seed_failed")
    assert not laser.lit
    laser.set(alarm="none")
    assert laser.status == {20}
    assert laser.ask("RERR") == "RERR"
    assert laser.status == set()


def test_seed_and_case(yar):
    """Temperatures of seed and case, and the seed's tuning, which a restart forgets."""
    laser = yar(seed_temperature_c="24.5")
    assert [laser.ask(line) for line in ("RMT", "RST", "SWA 35.658", "RWA")] == [
        *("RMT: 55.0", "RST: 24.5", "SWA: 35.658", "RWA: 35.658")
    ]
    assert laser.ask("SWA 101") == "ERR: Out of Range"
    laser.set(fault="reboot:seconds=1")
    laser.wait(2)
    assert laser.ask("RWA") == "RWA: 25.000"


def test_the_dialect_brings_its_defaults_and_asked_values_win(yar):
    """A yar is a laser of ten watts unless another power is asked for."""
    assert yar().ask("RMP") == "RMP: 10.5"
    assert yar(max_power_w="50").ask("RMP") == "RMP: 50.0"


def test_what_a_dialect_does_not_have_is_refused(lab, yar):
    """Alarms and reserved bits belong to a dialect, and a laser keeps the one it was built with."""
    with pytest.raises(ConfigError, match="dialect ylr-sm has no status bit for seed_failed"):
        lab(values={"alarm": "seed_failed"})
    with pytest.raises(ConfigError, match="not reserved"):
        yar(reserved_bits="1")
    assert yar(reserved_bits="4").status == {2}
    with pytest.raises(ConfigError, match="built in"):
        yar().set(dialect="ylr-sm")


def test_a_frozen_set_point(yar):
    """The fault that freezes readings freezes RPS where a YLR-SM has RCS."""
    laser = yar()
    laser.set(fault="frozen_status:rcs=yes")
    laser.ask("SPS 5")
    assert laser.ask("RPS") == "RPS: 0.0"
