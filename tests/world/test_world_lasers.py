"""Several lasers and several technicians at once, and other hosts on the wire."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from devicelink_simulation.faults import parse_fault
from devicelink_simulation.registry import simulator
from devicelink_simulation.settable import named
from devicelink_simulation.simulation import known_faults
from devicelink_simulation.world.clinic import NOA
from devicelink_simulation.world.draw import draw
from devicelink_simulation.world.lasers import FIRST, LASERS
from devicelink_simulation.world.people import well
from devicelink_simulation.world.runs import play
from devicelink_simulation.world.story import Act, Laser, Story, Trouble
from devicelink_simulation.world.wires.contract import Does

SECOND = "SIM-0002"
READY = (Act("see", "STANDBY"), Act("type", "r"), Act("see", "READY"))
LEAVE = Act("type", "q")


def stay(serial, stay_s, *acts, **changes):
    """A visit that is READY for a while."""
    acts = (*READY, Act("wait", str(stay_s)), *acts, LEAVE)
    return replace(well(serial), acts=acts, pause_s=0.1, **changes)


def told(*visits, troubles=(), seed=1):
    """A story with the lasers that its visits name."""
    serials = dict.fromkeys(visit.laser for visit in visits)
    return Story(seed, visits, tuple(troubles), tuple(map(Laser, serials)))


def ready_spans(ran):
    """By laser: when its screen showed READY first, and last left it."""
    spans = {}
    for screen in ran.world.book.screens:
        shown = [at_ns for at_ns, phase in screen.phases if str(phase) == "READY"]
        left = [at_ns for at_ns, phase in screen.phases if shown and at_ns > shown[0]]
        if shown:
            spans[screen.serial] = (shown[0], left[0] if left else ran.world.kernel.time_ns)
    return spans


def entries(ran, serial, kind):
    """Entries of one kind about one laser."""
    return [each for each in ran.entries if (each.device, each.type) == (serial, kind)]


def test_two_technicians_are_at_two_lasers_at_once():
    """Both lasers are READY at the same time, and each entry is about its own."""
    ran, violations = play(
        told(stay(FIRST, 3), stay(SECOND, 3, technician=NOA, room=1)),
    )
    assert violations == []
    (first_on, first_off), (second_on, second_off) = ready_spans(ran).values()
    assert max(first_on, second_on) < min(first_off, second_off)
    actors = {each.device: each.actor for each in ran.entries if each.type == "ready.intended"}
    assert actors == {FIRST: "t-ines", SECOND: NOA}
    assert [end.code for end in ran.world.book.exits if end.program == "session"] == [0, 0]


def test_a_laser_in_use_refuses_the_next_technician():
    """Who comes to a laser that another has open is refused; the session goes on."""
    late = replace(stay(FIRST, 0.2, technician=NOA, room=1), pause_s=1.0)
    ran, violations = play(told(stay(FIRST, 12), late))
    assert violations == []
    codes = {end.process: end.code for end in ran.world.book.exits if end.program == "session"}
    assert sorted(codes.values()) == [0, 1]
    assert [each.actor for each in entries(ran, FIRST, "ready.intended")] == ["t-ines"]


def test_the_loss_of_power_hits_every_laser_of_the_station():
    """Both sessions are recorded as interrupted, each about its own laser."""
    visits = (stay(FIRST, 5), stay(SECOND, 5, technician=NOA, room=1))
    ran, violations = play(told(*visits, troubles=[Trouble("power", 4.0)]))
    assert violations == []
    for serial in (FIRST, SECOND):
        assert len(entries(ran, serial, "session.interrupted")) == 1


def test_a_killed_session_leaves_the_other_laser_alone():
    """The guard of the dead session locks its laser; the other technician ends as usual."""
    visits = (stay(FIRST, 4), stay(SECOND, 4, technician=NOA, room=1))
    kill = Trouble("kill", 4.0, whom="session", laser=FIRST)
    ran, violations = play(told(*visits, troubles=[kill]))
    assert violations == []
    assert entries(ran, FIRST, "guard.acted")
    assert not entries(ran, SECOND, "guard.acted")
    (other,) = [
        end for end in ran.world.book.exits if (end.program, end.serial) == ("session", SECOND)
    ]
    assert other.code == 0


@pytest.mark.parametrize("serial", LASERS)
def test_all_is_well_at_each_laser(serial):
    """A session with light, without any trouble, ends as usual, and the laser was enabled."""
    ran, violations = play(told(well(serial)))
    assert violations == []
    assert [end.code for end in ran.world.book.exits] == [0]
    assert "enabled" in ran.world.benches[serial].truth.names()


@pytest.mark.parametrize("serial", [s for s, make in LASERS.items() if make.hands.others_enable])
def test_light_that_another_host_makes_ends_the_session(serial):
    """In STANDBY another host on the wire makes the laser ready: seen, locked, never ours."""
    waiting = (Act("see", "STANDBY"), Act("wait", "5"), LEAVE)
    others = LASERS[serial].hands.others_enable
    troubles = [
        Trouble("host", 2.5 + step * 0.1, order, laser=serial) for step, order in enumerate(others)
    ]
    visit = replace(well(serial), acts=waiting, pause_s=0.1)
    ran, violations = play(told(visit, troubles=troubles))
    assert violations == []
    events = ran.world.benches[serial].truth.events
    changed_ns = [e["mono_ns"] for e in events if e["event"] in {"enabled", "disabled"}]
    assert len(changed_ns) in {0, 2}, "a start-up may be cut short"
    assert not changed_ns or changed_ns[1] - changed_ns[0] < 1.2e9
    assert not entries(ran, serial, "ready.confirmed")
    (closed,) = entries(ran, serial, "session.closed")
    assert closed.data["end"]["code"] == "unexpected_emission"
    assert [hold.data["code"] for hold in entries(ran, serial, "fault.latched")]


@pytest.mark.parametrize("make", dict.fromkeys(LASERS.values()), ids=lambda make: make.simulator)
def test_hands_turn_what_the_simulator_has(make):
    """Every knob and fault that a story may name is one of the laser's; a typing error is none."""
    laser, hands = simulator(make.simulator), make.hands
    turned = (hands.press, hands.release, hands.overheats, hands.turned, hands.key)
    pairs = [pair for pair in (*hands.troubles, *turned) if pair]
    pairs += ["=".join(pair) for pair in (*hands.lights, *hands.put_right)]
    pairs += ["=".join(pair) for again in hands.again.values() for pair in again]
    for pair in pairs:
        key, _, value = pair.partition("=")
        named(key, laser.settables, make.simulator).check(value)
    for key in (*hands.touches_light, *hands.touches_settings, *hands.again):
        named(key, laser.settables, make.simulator)
    for fault in (*hands.faults, hands.refuses):
        assert parse_fault(fault.format(for_s=1), known_faults(laser))


def test_each_protocol_is_drawn_about_equally_often():
    """In the first thousand stories no protocol is met half as often as another."""
    met = Counter(
        LASERS[laser.serial].simulator for seed in range(1000) for laser in draw(seed).lasers
    )
    assert set(met) == {make.simulator for make in LASERS.values()}
    assert min(met.values()) * 2 > max(met.values())
    rooms = Counter(len({visit.room for visit in draw(seed).visits}) for seed in range(200))
    assert rooms[2] > 20


@pytest.mark.parametrize("serial", dict.fromkeys((FIRST, SECOND, "SIM-003", "SIM-0004")))
def test_whatever_another_host_says_in_ready_nothing_of_ours_is_repeated(serial):
    """Each of its commands meets a laser that is READY; each enabling order of ours left once."""
    speech, hands = LASERS[serial].speech, LASERS[serial].hands
    visit = stay(serial, 2.0 * len(hands.others))
    troubles = [
        Trouble("host", 4.0 + 1.7 * step, order, laser=serial)
        for step, order in enumerate(hands.others)
    ]
    ran, violations = play(told(visit, troubles=troubles))
    assert violations == []
    sent, _ = speech.cut(ran.world.benches[serial].wire.passed)
    orders = [frame.text for frame in sent if speech.does(frame.text) is Does.ENABLES]
    assert orders
    assert len(orders) == len(set(orders))
