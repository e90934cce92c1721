"""Dialogues with a YAR fibre amplifier, and what its thin wire does not show."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import CommandClass, DeviceState, Reading, Shown, Trigger
from devicelink.errors import DeviceFault, DeviceLinkError, ProtocolError, WrongDevice
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink_ipg import Ipg
from tests.drivers.dialogues import Clock, Scripted, dialogue, token

YAR = Ipg({"dialect": "yar"})
GOOD = {"power_w": "9.7"}
FAULTS = {
    16: "over_temperature",
    17: "back_reflection",
    19: "unexpected_emission",
    20: "seed_failed",
}
RESERVED = [bit for bit in range(32) if bit not in {0, 1, *FAULTS}]


def talk(*pairs):
    """A dialogue with a yar."""
    return dialogue(*pairs, driver=YAR)


def status(sta, rop="Off"):
    """The status that these words come to."""
    rest = [] if any(sta >> bit & 1 for bit in FAULTS) else [("ROP", f"ROP: {rop}")]
    rest += [("RCT", "RCT: 25.0")] if rest else []
    with talk(("STA", f"STA: {sta}"), *rest) as link:
        return YAR.read_status(link)


def test_a_session():
    """Identify, bounds, set, READY, standby, lock: verb by verb as the host programs do it."""
    with talk(
        *(("RFV", "RFV: 1.0.103"), ("RMN", "RMN: YLM-10-SF")),
        *(("RNP", "RNP: 0.200"), ("RMP", "RMP: 10.5")),
        *(("STA", "STA: 0"), ("SPS 9.7", "SPS: 9.7")),
        *(("RWA", "RWA: 35.658"), ("RPS", "RPS: 9.7"), ("STA", "STA: 0")),
        ("EMON", "EMON"),
        *(("STA", "STA: 2"), ("ROP", "ROP: Low"), ("RCT", "RCT: 25.0")),
        *(("STA", "STA: 1"), ("ROP", "ROP: 9.68"), ("RCT", "RCT: 25.5")),
        ("EMOFF", "EMOFF"),
        ("SPS 0", "SPS: 0.0"),
        *(("STA", "STA: 0"), ("RPS", "RPS: 0.0")),
    ) as link:
        identity, bounds = YAR.identify(link), YAR.bounds(link)
        YAR.prepare(link, GOOD)
        effective = YAR.read_effective(link, GOOD)
        YAR.unlock(link, token())
        YAR.ready(link, token())
        starting, emitting = YAR.read_status(link), YAR.read_status(link)
        for way in YAR.declaration.lock_ways:
            YAR.reduce(link, way)
        locked = YAR.read_lock(link)
    assert (identity.serial, identity.model) == (None, "YLM-10-SF")
    assert bounds == {"power_w": ("0.200", "10.5")}
    assert effective.settings == GOOD
    assert effective.configuration == {"seed_tuning_c": "35.658", "power_average_s": None}
    assert effective.trigger is Trigger.HOST
    assert starting.state is DeviceState.ARMING
    assert emitting.state is DeviceState.EMITTING
    assert emitting.measured["output_power_w"] == Reading("9.68")
    assert locked.confirmed
    assert locked.words == {"STA": "0", "RPS": "0.0"}


def test_what_is_not_on_the_wire_is_not_claimed():
    """Neither interlock nor key nor a switch is told, and READY is declared to be light."""
    told = status(0)
    assert told.interlock_closed is Shown.NOT_REPORTED
    assert told.key_on is Shown.NOT_REPORTED
    assert told.control_pressed is Shown.NOT_REPORTED
    assert told.counter is None
    assert YAR.implied_trigger(GOOD) is Trigger.HOST
    assert {"interlock", "key", "identity", "counter"} <= set(YAR.declaration.not_shown)


@pytest.mark.parametrize(
    ("sta", "rop", "state"),
    [
        (0, "Off", DeviceState.STANDBY),
        (2, "Low", DeviceState.ARMING),
        (3, "Low", DeviceState.ARMING),
        (1, "Low", DeviceState.READY),
        (1, "9.7", DeviceState.EMITTING),
        (2**32 - 1 - 3 - sum(2**bit for bit in FAULTS), "Off", DeviceState.STANDBY),
    ],
)
def test_the_state_is_bits_0_and_1(sta, rop, state):
    """Bit 1 is the start-up, bit 0 emission; every other bit, set or not, says nothing of it."""
    assert status(sta, rop).state is state


@pytest.mark.parametrize(("bit", "name"), FAULTS.items())
def test_each_fault_bit_is_its_fault(bit, name):
    """Each of the four fault bits is told by its name, at once and alone."""
    told = status(2**bit)
    assert told.faults == (name,)
    assert told.unexpected_emission is (bit == 19)
    assert told.words == {"STA": str(2**bit)}


@pytest.mark.parametrize("bit", RESERVED)
def test_other_bits_mean_nothing_here(bit):
    """Bits that mean emission, interlock or key on a YLR-SM are never looked at on a YAR."""
    told = status(2**bit)
    assert (told.state, told.faults) == (DeviceState.STANDBY, ())
    assert (told.interlock_closed, told.key_on) == (Shown.NOT_REPORTED, Shown.NOT_REPORTED)


def test_output_without_emission_is_unexpected():
    """Power that leaves while neither bit says so is unexpected emission."""
    assert status(0, "3.1").unexpected_emission
    assert not status(2, "3.1").unexpected_emission


@pytest.mark.parametrize("text", ["BCMD", "Command Err!"])
def test_another_dialect_is_told(text):
    """A laser that does not know RMN is no YAR, whatever its status would look like."""
    with (
        talk(("RFV", "RFV: 2.1"), ("RMN", text)) as link,
        pytest.raises(WrongDevice, match="dialect yar"),
    ):
        YAR.identify(link)


@pytest.mark.parametrize(
    ("sta", "rps", "why"),
    [
        (1, "0.0", "emission on"),
        (2, "0.0", "start-up"),
        (2**19, "0.0", "unexpected emission"),
        (0, "0.2", "set-point is not 0"),
        (1, "9.7", "emission on, the laser's power"),
    ],
)
def test_not_locked_is_said_with_its_reason(sta, rps, why):
    """Emission, its start-up, unexpected emission or a set-point left over is no lock."""
    with talk(("STA", f"STA: {sta}"), ("RPS", f"RPS: {rps}")) as link:
        reading = YAR.read_lock(link)
    assert not reading.confirmed
    assert why in reading.why_not


@pytest.mark.parametrize("said", ["Off", "-0.1", "nan", "0,0"])
def test_a_set_point_without_meaning_is_no_lock(said):
    """A set-point that is no number confirms nothing."""
    with (
        talk(("STA", "STA: 0"), ("RPS", f"RPS: {said}")) as link,
        pytest.raises(ProtocolError, match="a number was expected"),
    ):
        YAR.read_lock(link)


def test_a_laser_of_another_dialect_is_never_called_locked():
    """A YLR-SM in emission shows neither bit 0 nor 1; that it does not know RPS stops the lie."""
    with talk(("STA", "STA: 4"), ("RPS", "BCMD")) as link, pytest.raises(DeviceFault):
        YAR.read_lock(link)


@pytest.mark.parametrize("sta", [1, 2])
def test_prepare_leaves_an_emitting_laser_alone(sta):
    """While emission is on or starting no setting is sent."""
    with talk(("STA", f"STA: {sta}")) as link, pytest.raises(DeviceFault, match="emitting"):
        YAR.prepare(link, GOOD)


def test_a_laser_without_seed_tuning_says_null():
    """Where RWA is no command the configuration has null for it, never a number of ours."""
    with talk(("RWA", "BCMD"), ("RPS", "RPS: 9.7"), ("STA", "STA: 0")) as link:
        effective = YAR.read_effective(link, GOOD)
    assert effective.configuration["seed_tuning_c"] is None
    assert effective.glimpse.state is DeviceState.STANDBY


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("SPS 0", CommandClass.REDUCES),
        ("SPS 0.000", CommandClass.REDUCES),
        ("SPS 0.001", CommandClass.PREPARES),
        ("EMOFF", CommandClass.REDUCES),
        ("EMON", CommandClass.ENABLES),
        ("RPS", CommandClass.QUERY),
        ("RMN", CommandClass.QUERY),
        ("RERR", CommandClass.PREPARES),
        *((line, CommandClass.FORBIDDEN) for line in ("SPS", "SPS -1", "SWA 35", "EMOD", "DMOD")),
        *((line, CommandClass.FORBIDDEN) for line in ("SDC 0", "RCS", "EEC", "RID", "EPM", "x")),
    ],
)
def test_command_classes(line, kind):
    """Only its own words may be said; what other dialects know is forbidden here."""
    assert YAR.wire.classify(line.encode() + b"\r") is kind


class Babble(Scripted):
    """A port that answers each frame with whatever comes next."""

    def write(self, data):
        """The marker is answered as it should be, all else by the next bytes."""
        if data == b"RFV\r":
            self.unread += b"RFV: 1\r"
        elif self.pairs:
            self.unread += self.pairs.pop(0)


NEAR = st.builds(
    lambda word, value: b"%s: %d\r" % (word, value),
    st.sampled_from([b"STA", b"RPS", b"SPS", b"ERR"]),
    st.integers(0, 2**33),
)


@given(st.lists(st.one_of(st.binary(max_size=60), NEAR), max_size=4))
@settings(max_examples=200, deadline=None)
def test_no_babble_confirms_a_lock_with_a_bit_set(replies):
    """A lock is confirmed only by a status with bits 0, 1 and 19 clear and a set-point of 0."""
    clock = Clock()
    link = Link(Babble(clock, replies), YAR.wire, clock, NoTranscript())
    with contextlib.suppress(DeviceLinkError):
        reading = YAR.read_lock(link)
        dark = not int(reading.words["STA"]) & (1 + 2 + 2**19)
        assert reading.confirmed is (dark and float(reading.words["RPS"]) == 0)
