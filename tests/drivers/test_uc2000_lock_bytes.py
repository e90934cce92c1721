"""The constant lock bytes end dark, whatever half a frame came before, and whatever the unit is."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.errors import DeviceLinkError
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink.session.lockdown import LOCK_WITHIN_S, lock
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList
from devicelink_uc2000 import Uc2000
from devicelink_uc2000.frames import frame
from devicelink_uc2000_sim import SIMULATOR
from tests.drivers.uc2000_model import NAK_AFTER_NS, Habits, Unit

LOCK_BYTES = Uc2000.declaration.lock_bytes
HABITS = [
    Habits(checksum=checksum, eager=eager, naks_strays=naks)
    for checksum, eager, naks in itertools.product((True, False), repeat=3)
]
ORDERS = [(command,) for command in (*range(0x70, 0x7E), 0x30, 0x31)]
ORDERS += [(0x7F, data) for data in range(256)]
FRAMES = [frame(*order, checksum=checksum) for order in ORDERS for checksum in (True, False)]
PREFIXES = sorted({whole[:end] for whole in FRAMES for end in range(len(whole) + 1)})


def lit(habits):
    """A unit that lases at 50 %, its gate pulled up."""
    return Unit(habits, s1=0xB8, pwm=100)


def dark(unit):
    """Whether it does not lase, at no power, with the gate pulled down."""
    return not unit.lase_on and unit.pwm == 0 and not unit.s1 & 0x20


def test_the_bytes():
    """Two `00`, lasing off, 0 %, gate down; each with the checksum that both settings take."""
    assert LOCK_BYTES.hex(" ") == "00 00 5b 76 89 5b 7f 00 80 5b 7b 84"


@pytest.mark.parametrize("habits", HABITS, ids=str)
def test_every_cut_of_every_frame_is_ended(habits):
    """After every beginning of every frame, of either form, the unit is dark and in step."""
    for prefix in PREFIXES:
        unit = lit(habits)
        assert unit.lit
        unit.write(prefix)
        unit.write(LOCK_BYTES)
        assert dark(unit), prefix.hex(" ")
        assert unit.half == b"", prefix.hex(" ")


@pytest.mark.parametrize("habits", HABITS, ids=str)
def test_torn_lock_bytes_are_ended_by_the_next(habits):
    """Sent twice, with the first cut anywhere, they end dark."""
    for end in range(len(LOCK_BYTES) + 1):
        unit = lit(habits)
        unit.write(LOCK_BYTES[:end])
        unit.write(LOCK_BYTES)
        assert dark(unit), end


@given(st.sampled_from(HABITS), st.binary(max_size=12), st.integers(0, 2 * NAK_AFTER_NS))
@settings(max_examples=400, deadline=None)
def test_any_bytes_and_any_pause_before(habits, noise, pause_ns):
    """Whatever stood on the line, and however long ago, the unit is dark afterwards."""
    unit = lit(habits)
    unit.write(noise)
    unit.clock.ns += pause_ns
    unit.write(LOCK_BYTES)
    assert dark(unit)


def test_one_zero_is_not_enough():
    """Half a power frame takes one `00` as its data and the next start byte as its checksum."""
    unit = lit(Habits())
    unit.write(b"\x5b\x7f")
    unit.write(LOCK_BYTES[1:6])
    assert unit.lase_on
    bare = lit(Habits(checksum=False))
    bare.write(b"\x5b\x7f")
    bare.write(LOCK_BYTES[2:5])
    assert (bare.lase_on, bare.pwm) == (True, 0x5B), "half a power frame made 45.5 % of it"


@pytest.mark.parametrize("registered", ["on", "off"])
@pytest.mark.parametrize("habits", HABITS, ids=str)
def test_a_lock_is_confirmed_after_any_cut(habits, registered):
    """The whole lock, as a session or a guard runs it, is read back in time, also misregistered."""
    for prefix in (b"", b"\x5b", b"\x5b\x7f", b"\x5b\x7f\x28", b"\x5b\x75", b"\x5b\x5b"):
        unit = lit(habits)
        driver = Uc2000({"checksum": registered})
        unit.write(prefix)
        unit.write(LOCK_BYTES)
        link = Link(unit, driver.wire, unit.clock, NoTranscript())
        outcome = lock(link, driver, unit.clock, within_s=LOCK_WITHIN_S)
        assert outcome.confirmed, (prefix.hex(" "), outcome.why_not)
        assert outcome.ended_ns - outcome.began_ns < LOCK_WITHIN_S * 1e9
        assert dark(unit)


@pytest.mark.parametrize("habits", HABITS, ids=str)
def test_a_lock_ends_what_another_program_left_half_written(habits):
    """Without a guard, too: no order is swallowed, and none becomes the power of a half frame."""
    for prefix in PREFIXES:
        unit = lit(habits)
        unit.write(prefix)
        driver, powers = Uc2000({}), []
        link = Link(unit, driver.wire, unit.clock, NoTranscript())
        write = unit.write

        def watched(data, write=write, unit=unit, powers=powers):
            write(data)
            powers.append(unit.pwm if unit.lase_on else 0)

        unit.write = watched
        outcome = lock(link, driver, unit.clock)
        assert outcome.confirmed, (prefix.hex(" "), outcome.why_not)
        assert outcome.tries == len(driver.declaration.lock_ways), prefix.hex(" ")
        assert not any(powers), (prefix.hex(" "), powers)


@pytest.mark.parametrize("habits", HABITS, ids=str)
def test_a_question_is_never_the_rest_of_half_a_frame(habits):
    """Without checksums `5B 7F`, left by another program, would take the status request for 63 %.

    Only the 64 % of another program, whole but for its checksum, which is `00`, is completed.
    """
    for prefix in PREFIXES:
        unit = lit(habits)
        unit.write(prefix)
        lases, power = unit.lase_on, unit.pwm
        driver = Uc2000({})
        with contextlib.suppress(DeviceLinkError):
            driver.identify(Link(unit, driver.wire, unit.clock, NoTranscript()))
        assert unit.pwm in {0, power} or prefix == bytes.fromhex("5B 7F 80"), prefix.hex(" ")
        assert unit.lase_on <= lases, prefix.hex(" ")


@pytest.mark.parametrize("checksum", ["on", "off"])
@pytest.mark.parametrize(
    "unknown", ["nak", "nak_after_checksum", "waits", "silent", "acknowledged"]
)
def test_every_cut_against_the_simulated_controller(checksum, unknown):
    """The simulator, which knows more answers to what is no command, is dark all the same."""
    values = {"checksum": checksum, "unknown_command": unknown, "startup_s": "0"}
    values |= {"lase": "on", "percent": "50", "gate_input": "open"}
    for prefix in PREFIXES:
        now_ns = NAK_AFTER_NS
        truth = TruthList()
        sim = Plan.of(SIMULATOR, values=values).build(truth, now_ns)
        assert truth.names("light_on", "light_off") == ["light_on"]
        for data in (prefix, LOCK_BYTES, b"\x7e"):
            sim.receive(data, now_ns)
            now_ns += 1_000_000
            heard = sim.transmit(now_ns)
        assert (heard[1] & 0x38, heard[3]) == (8, 0), prefix.hex(" ")
        assert truth.names("light_on", "light_off")[-1] == "light_off", prefix.hex(" ")
