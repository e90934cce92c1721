"""An energy check on a simulated OLCP console: when READY is possible in it, and what it tells."""

from __future__ import annotations

from functools import partial
from struct import iter_unpack

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.protocols import olcp_vectors as page
from tests.simulators.acts import FEW
from tests.simulators.olcp_host import ARMING, READY, STANDBY, UNKNOWN, Host
from tests.simulators.olcp_story import TO_READY, Story, acts

CHECK_BEGIN, CHECK_END = 0x13, 0x14
ENERGY_CHECK = 3
BEGUN, ENDED = 29, 30


def checking(pulses=3, **asked):
    """A console in a check, not READY yet."""
    host = Host(**asked)
    host.permit(kind=ENERGY_CHECK)
    assert host.status(CHECK_BEGIN, bytes([pulses])).check
    return host


def pressed(host):
    """The READY key is pressed under a fresh lease; the state in which that comes to rest."""
    host.beat()
    host.set(ready_key="press")
    host.beats(2.25)
    return host.state


def ended(host):
    """The pulses of a check as CHECK_END tells them, or the error."""
    told = host.say(CHECK_END)
    if isinstance(told, str):
        return told
    listed = [*iter_unpack("<II", told[1:])]
    assert len(listed) == told[0]
    return listed


def count_of_last_end(host):
    """What the newest event that a check ended tells."""
    return [data for kind, data in host.events(809) if kind == ENDED][-1]


def test_without_a_check_the_ready_key_is_dead():
    """Before CHECK_BEGIN, after CHECK_END and after the last pulse it leads nowhere."""
    host = Host()
    host.permit(kind=ENERGY_CHECK)
    assert pressed(host) == STANDBY
    host.status(CHECK_BEGIN, b"\x01")
    assert pressed(host) == READY
    host.press(0.1)
    assert host.state == STANDBY
    assert pressed(host) == STANDBY
    [(set_uj, measured_uj)] = ended(host)
    assert (set_uj, measured_uj) == (10_000, pytest.approx(10_000, rel=0.1))
    assert pressed(host) == STANDBY
    assert len(host.falls()) == 1
    host.status(CHECK_BEGIN, b"\x01")
    assert pressed(host) == READY


def test_a_treatment_needs_no_check():
    """The READY key is dead under a permit for an energy check alone."""
    host = Host()
    host.permit()
    assert pressed(host) == READY


def test_a_check_cannot_be_ended_while_light_is_possible():
    """CHECK_END is refused outside STANDBY, and takes no limit away."""
    host = checking(2)
    host.beat()
    host.set(ready_key="press")
    assert host.beat().state == ARMING
    assert ended(host) == "bad_state"
    host.beats(2.25)
    assert ended(host) == "bad_state"
    assert host.state == READY
    for _ in range(3):
        host.press(0.1)
        host.beat()
    assert host.state == STANDBY
    assert len(host.falls()) == len(ended(host)) == 2


def test_a_pulse_that_still_finishes_is_not_left_out():
    """While it does CHECK_END is refused; a moment later that pulse is told, too."""
    host = checking(values={"personality": "er-yag", "panel_pulse_us": "5000"})
    assert pressed(host) == READY
    host.set(footswitch="pressed")
    host.wait(0.003)
    assert host.status(0x08).state == STANDBY
    assert ended(host) == "bad_state"
    host.wait(0.003)
    assert len(ended(host)) == 1


@pytest.mark.parametrize(
    "void",
    {
        "interlock": lambda host: host.set(interlock_1="open"),
        "a setting": lambda host: host.set(panel_energy_uj="11000"),
        "another tip": lambda host: host.set(tip_serial="TIP-9"),
        "a lost lease": lambda host: (host.beat(), host.set(ready_key="press"), host.wait(1.1)),
        "LOCK": Host.lock,
        "key": lambda host: host.set(key="off"),
        "a fault": lambda host: host.set(estop="pressed"),
        "its permit": lambda host: host.wait(4200),
    }.items(),
    ids=lambda each: each[0],
)
def test_what_ends_a_check_makes_its_result_void(void):
    """The event tells how many pulses it had; CHECK_END has nothing to tell, READY is dead."""
    host = checking(3)
    assert pressed(host) == READY
    host.press(0.1)
    host.status(0x08)
    assert host.status().check
    void[1](host)
    assert not host.status().check
    assert ended(host) == "bad_state"
    assert count_of_last_end(host) == 1
    if host.state == STANDBY:
        host.set(interlock_1="closed", reset_key="press")
        assert pressed(host) == STANDBY
    assert len(host.falls()) == 1


@pytest.mark.parametrize(
    "act",
    [
        {"standby_key": "press"},
        {"footswitch": "released"},
    ],
    ids=str,
)
def test_a_check_goes_on_through_standby(act):
    """What was made counts, the rest may still be made, and all of it is told at the end."""
    host = checking(2)
    assert pressed(host) == READY
    host.press(0.1)
    host.set(**act)
    host.status(0x08)
    assert pressed(host) == READY
    host.press(0.1)
    assert host.state == STANDBY
    assert len(ended(host)) == len(host.falls()) == 2


def test_a_new_check_ends_the_one_before():
    """Its result is void, as its event tells, and the new one has all of its own pulses."""
    host = checking(2)
    assert pressed(host) == READY
    host.press(0.1)
    host.status(0x08)
    host.status(CHECK_BEGIN, b"\x02")
    assert count_of_last_end(host) == 1
    assert pressed(host) == READY
    host.press(0.1)
    host.beat()
    host.press(0.1)
    assert host.state == STANDBY
    assert len(ended(host)) == 2
    assert len(host.falls()) == 3


def test_misfires_count_and_measure_nothing():
    """A laser whose tube is dark ends its check after as many triggers, and tells no energy."""
    host = checking(2, setup="misfires")
    assert pressed(host) == READY
    for _ in range(3):
        host.press(0.1)
        host.beat()
    assert host.state == STANDBY
    assert ended(host) == [(10_000, UNKNOWN)] * 2
    assert host.falls() == []


def test_a_port_that_drifted_tells_what_it_reads():
    """A quarter more than the light had: the laser's word, and not the truth."""
    host = checking(1, setup="port_drifted")
    assert pressed(host) == READY
    host.press(0.1)
    [(_, measured_uj)] = ended(host)
    assert measured_uj == pytest.approx(1.25 * 1e6 * host.falls()[0].energy_j, rel=0.001)


class CheckStory(Story):
    """A host whose permits are for energy checks."""

    def __init__(self, **values):
        super().__init__(**values)
        self.host.permit = partial(self.host.permit, kind=ENERGY_CHECK)


LIT = [*TO_READY, ("set", ("footswitch", "pressed")), ("live", 3.0)]


@FEW
@given(
    happens=acts(but=("fault",)),
    begin=st.integers(1, 20).map(lambda most: ("raw", page.frame(CHECK_BEGIN, 9, bytes([most])))),
    every=st.integers(1, 9),
)
@example(happens=LIT, begin=("wait", 0), every=1)
@example(
    happens=[
        ("set", ("panel_rate_mhz", "5000")),
        *LIT,
        ("raw", page.frame(CHECK_END, 9)),
        ("set", ("footswitch", "released")),
        *LIT[1:],
    ],
    begin=("raw", page.frame(CHECK_BEGIN, 9, b"\x02")),
    every=2,
)
def test_no_pulse_is_made_outside_a_check(happens, begin, every):
    """Whatever is done: light under such a permit is in a check, and never more than it has."""
    story = CheckStory(personality="er-yag")
    behind = (begin if at % every == 0 else ("wait", 0) for at in range(len(happens)))
    for inside in story.all(each for pair in zip(happens, behind, strict=True) for each in pair):
        if story.host.lit and inside.emission.shot.ending is None:
            assert inside.host.check_left
    events = story.host.machine.memory.events.read(1, 10_000)
    most = sum(each.data for each in events if each.kind == BEGUN)
    assert len(story.host.falls()) <= most
