"""Consoles that keep account of themselves: what hands, feet and hosts do, and what is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devicelink_simulation.world.lasers import LASERS
from devicelink_simulation.world.people import well
from devicelink_simulation.world.runs import play
from devicelink_simulation.world.story import Act, Laser, Story, Trouble
from devicelink_simulation.world.wires.olcp import LOCK

CONSOLES = [serial for serial, make in LASERS.items() if make.account is not None]
CO2 = CONSOLES[0]
STANDBY, ASK, READY = Act("see", "STANDBY"), Act("type", "r"), Act("see", "READY")
PRESS, RELEASE = Act("hand", "footswitch=pressed"), Act("hand", "footswitch=released")
EVENTS_READ = b"\x0f"
READY_KEY = Act("hand", "ready_key=press")
LIGHT = (Act("wait", "0.6"), PRESS, Act("wait", "0.3"), RELEASE)
LEAVE = Act("type", "q")


def visit(*acts, serial=CO2, pause_s=0.1):
    """One visit of somebody certified."""
    return replace(well(serial), acts=acts, pause_s=pause_s)


def told(*visits, troubles=()):
    """A story at the console of its first visit."""
    serial = visits[0].laser
    struck = tuple(replace(trouble, laser=serial) for trouble in troubles)
    return Story(1, visits, struck, (Laser(serial),))


def entries(ran, *kinds):
    """Entries of some kinds, in order."""
    return [entry for entry in ran.entries if entry.type in kinds]


def lit(ran, serial=CO2):
    """How many pulses left in each shot, by the laser's truth."""
    events = ran.world.benches[serial].truth.events
    return [event["pulses"] for event in events if event["event"] == "light_off"]


def test_nobody_who_forgets_the_ready_key_is_ready():
    """Without a hand at the console there is no READY; the session goes back to STANDBY."""
    ran, violations = play(
        told(visit(STANDBY, ASK, Act("see", "ARMING"), Act("wait", "17"), LEAVE))
    )
    assert violations == []
    assert not entries(ran, "ready.confirmed")
    assert "nobody made it READY" in entries(ran, "standby.requested")[0].data["reason"]
    assert entries(ran, "session.closed")[0].data["end"]["code"] == "ended"


def test_a_tip_that_is_taken_off_is_not_called_a_change_of_settings():
    """It ends the wait for the READY key, and is said as what it is."""
    ran, violations = play(
        told(
            visit(
                STANDBY, ASK, Act("see", "ARMING"), Act("hand", "tip=none"), Act("wait", "2"), LEAVE
            )
        )
    )
    assert violations == []
    (asked,) = entries(ran, "standby.requested")
    assert "tip, handpiece or configuration" in asked.data["reason"]


@pytest.mark.parametrize("early", [Act("wait", "0.1"), READY_KEY])
def test_a_ready_key_pressed_too_early_does_nothing(early):
    """No lease holds before READY is intended and recorded, so the key has no effect."""
    ran, violations = play(told(visit(STANDBY, early, ASK, READY, *LIGHT, LEAVE)))
    assert violations == []
    enabled = [e for e in ran.world.benches[CO2].truth.events if e["event"] == "enabled"]
    assert len(enabled) == 1
    assert len(lit(ran)) == 1


def test_a_foot_on_the_pedal_before_the_hand_ends_nothing():
    """While the console waits in STANDBY for its READY key, a foot is only in the key's way."""
    early = (Act("wait", "0.1"), PRESS, Act("wait", "1"), RELEASE)
    ran, violations = play(told(visit(STANDBY, ASK, *early, READY, *LIGHT, LEAVE)))
    assert violations == []
    assert entries(ran, "session.closed")[0].data["end"]["code"] == "ended"
    assert len(lit(ran)) == 1


@pytest.mark.parametrize("wait_s", ["0", "0.1", "0.4", "0.9"])
def test_a_ready_key_pressed_just_after_standby_does_nothing(wait_s):
    """STANDBY ended the lease: nobody's hand brings ARMING before READY is asked for again."""
    acts = (STANDBY, ASK, READY, Act("type", ""), STANDBY, Act("wait", wait_s))
    ran, violations = play(told(visit(*acts, READY_KEY, Act("wait", "3"), LEAVE)))
    assert violations == []
    armed = [e for e in ran.world.benches[CO2].truth.events if e["event"] == "enabled"]
    assert len(armed) == 1
    assert entries(ran, "session.closed")[0].data["end"]["code"] == "ended"


@pytest.mark.parametrize("serial", CONSOLES)
def test_every_pulse_of_a_session_stands_in_its_record(serial):
    """What left by the laser's truth is what reports tell, and what the counter moved on by."""
    light = (*LIGHT, *LIGHT)
    ran, violations = play(told(visit(STANDBY, ASK, READY, *light, LEAVE, serial=serial)))
    assert violations == []
    reports = entries(ran, "scan.recorded", "pulses.recorded")
    recorded = [e.data["last_pulse"] - e.data["first_pulse"] + 1 for e in reports]
    assert recorded == lit(ran, serial)
    (counter,) = entries(ran, "counter.reconciled")
    assert (counter.data["recorded"], counter.data["unexplained"]) == (sum(recorded), 0)


def test_pulses_made_in_service_are_told_by_the_next_session():
    """Three pulses between two sessions are unexplained, and a finding of the next verdict."""
    hands = LASERS[CO2].hands
    first = visit(
        *(STANDBY, LEAVE, Act("gone")), *(Act("hand_after", each) for each in hands.services)
    )
    ran, violations = play(told(first, visit(STANDBY, ASK, READY, LEAVE, pause_s=1.0)))
    assert violations == []
    between = [e for e in entries(ran, "counter.reconciled") if "of" in e.data]
    assert [entry.data["unexplained"] for entry in between] == [3]
    verdict = next(e for e in entries(ran, "verdict.permitted") if e.index > between[0].index)
    assert "counter_unexplained" in {found["code"] for found in verdict.data["findings"]}


def test_pulses_made_in_service_are_told_though_no_event_can_be_read():
    """The wire falls silent just before the next session asks for events: the pulses are told."""
    services = [Act("hand_after", each) for each in LASERS[CO2].hands.services]
    visits = visit(STANDBY, LEAVE, Act("gone"), *services), visit(STANDBY, LEAVE, pause_s=1.0)
    undisturbed, _ = play(told(*visits))
    passed = undisturbed.world.benches[CO2].wire.passed
    asked = [piece for piece in passed if piece.sent and piece.data[2:3] == EVENTS_READ]
    then = next(piece.at_ns for piece in asked if piece.process != asked[0].process)
    silent = Trouble("fault", (then - 1_000_000) / 1e9, "silence@for=20")
    ran, violations = play(told(*visits, troubles=[silent]))
    assert violations == []
    second = [e for e in ran.entries if e.session == entries(ran, "session.opened")[1].session]
    assert not [e for e in second if e.type == "device.events_recorded"]
    assert [e.data["unexplained"] for e in second if e.data.get("of")] == [3]


def test_light_before_a_screen_that_stood_still_is_recorded():
    """Held up for a second, a session is locked by its guard; it still tells every pulse."""
    acts = (STANDBY, ASK, READY, Act("wait", "0.6"), PRESS, Act("wait", "0.5"), RELEASE)
    still = Trouble("terminal", 3.4, for_s=1.2, visit=0)
    ran, violations = play(told(visit(*acts), troubles=[still]))
    assert violations == []
    assert entries(ran, "guard.acted")
    assert sum(lit(ran)) > 0
    (counter,) = entries(ran, "counter.reconciled")
    assert (counter.data["recorded"], counter.data["unexplained"]) == (sum(lit(ran)), 0)


def test_what_a_dead_session_recorded_is_explained():
    """A session is killed after its light was recorded: the next one has nothing to explain."""
    dies = visit(STANDBY, ASK, READY, *LIGHT, Act("wait", "9"), pause_s=0.5)
    story = told(
        *(visit(STANDBY, LEAVE), dies, visit(STANDBY, ASK, READY, LEAVE, pause_s=3.0)),
        troubles=[Trouble("kill", 8.0, whom="session")],
    )
    ran, violations = play(story)
    assert violations == []
    assert entries(ran, "session.interrupted")
    assert entries(ran, "scan.recorded")
    assert not [e for e in entries(ran, "counter.reconciled") if e.data.get("of")]


@pytest.mark.parametrize("serial", CONSOLES)
def test_a_foot_that_lets_go_ends_no_session(serial):
    """Light that ends while the status is asked for is no unexpected emission."""
    for let_go in range(12):
        press = (Act("wait", "0.6"), PRESS, Act("wait", f"{0.3 + let_go * 0.007:.3f}"), RELEASE)
        ran, violations = play(told(visit(STANDBY, ASK, READY, *press, LEAVE, serial=serial)))
        assert violations == []
        (closed,) = entries(ran, "session.closed")
        assert closed.data["end"]["code"] == "ended"


def test_whatever_another_host_says_it_makes_no_light_but_may_lock():
    """In READY each of its words is met; a LOCK but for its last flag is ended by our next one."""
    make = LASERS[CO2]
    for order in dict.fromkeys(make.hands.others):
        ran, violations = play(
            told(
                visit(STANDBY, ASK, READY, Act("wait", "2.5"), LEAVE),
                troubles=[Trouble("host", 4.6, order)],
            )
        )
        assert violations == []
        (closed,) = entries(ran, "session.closed")
        locks = bytes.fromhex(order) in {LOCK, LOCK[:-1]}
        assert closed.data["end"]["code"] in ({"laser_locked"} if locks else {"ended"})


def test_a_console_does_not_know_the_key_of_another_station():
    """Without this station's key in a slot the console takes no permit, and nothing is READY."""
    story = replace(
        told(visit(STANDBY, ASK, READY, LEAVE)), lasers=(Laser(CO2, (("permit_key_1", ""),)),)
    )
    ran, violations = play(story)
    assert violations == []
    assert not entries(ran, "standby.confirmed", "ready.confirmed")
