"""Stories in which the world once found a broken rule in our own code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devicelink_simulation.world.lasers import FIRST
from devicelink_simulation.world.people import WELL, well
from devicelink_simulation.world.runs import play
from devicelink_simulation.world.story import Act, Laser, Story, Trouble

LEAVE = Act("type", "q")
READY = (Act("see", "STANDBY"), Act("type", "r"), Act("see", "READY"))


def story(acts, *troubles):
    """One visit of somebody certified; READY is reached about 0.7 s after its beginning."""
    return Story(1, (replace(WELL, acts=acts, pause_s=0.1),), troubles)


def offs_ns(ran):
    """When the host sent EMOFF."""
    passed = ran.world.benches[FIRST].wire.passed
    return [piece.at_ns for piece in passed if piece.sent and b"EMOFF" in piece.data]


def test_a_fault_is_seen_although_the_settings_cannot_be_read():
    """While each question for the settings meets garbage the status is asked for all the same."""
    garbage = Trouble("fault", 0.7, "garbage@count=9,cmd=RFWS")
    broken = Trouble("knob", 1.5, "collimator=disconnected", for_s=3.0)
    ran, violations = play(story((*READY, Act("wait", "3"), Act("type", "q")), garbage, broken))
    assert violations == []
    first_ns = min(at_ns for at_ns in offs_ns(ran) if at_ns > broken.at_s * 1e9)
    assert first_ns - broken.at_s * 1e9 < 0.4e9


def test_ready_may_be_asked_for_again_right_after_light():
    """Who asks too soon is told when to ask again; nothing is taken for a held control."""
    high, low = Act("hand", "modulation_input=high"), Act("hand", "modulation_input=low")
    light = (Act("wait", "0.6"), high, Act("wait", "0.3"), low)
    back = (Act("type", ""), Act("see", "STANDBY"))
    again = (Act("type", "r"), Act("see", "READY"), *light, Act("type", "q"))
    ran, violations = play(story((*READY, *light, *back, *again)))
    assert violations == []
    (screen,) = ran.world.book.screens
    assert any("Ask for READY again in" in sentence for sentence in screen.said)
    assert [str(phase) for _, phase in screen.phases].count("READY") == 2
    assert screen.result.end.code == "ended"


SEED_LASER, OTHERS = "SIM-0004", (("second_host", "165"), ("second_host_s", "0.1"))


def at_the_seed_laser(acts, *troubles, values=()):
    """One visit at the seed laser; STANDBY is reached about 0.1 s after its beginning."""
    troubles = tuple(replace(trouble, laser=SEED_LASER) for trouble in troubles)
    visit = replace(well(SEED_LASER), acts=acts, pause_s=0.1)
    return Story(1, (visit,), troubles, (Laser(SEED_LASER, values),))


def test_a_lock_goes_on_although_another_host_talks_on():
    """The module refuses everything for a while; once it obeys, it is dark within a second."""
    busy = Trouble("fault", 1.5, "nack@for=3.8")
    told = at_the_seed_laser((*READY, Act("wait", "8"), Act("type", "q")), busy, values=OTHERS)
    ran, violations = play(told)
    assert violations == []
    events = ran.world.benches[SEED_LASER].truth.events
    (dark_ns,) = [event["mono_ns"] for event in events if event["event"] == "disabled"]
    assert busy.at_s + 3.8 < dark_ns / 1e9 < busy.at_s + 3.8 + 1.2


@pytest.mark.parametrize("step", range(12))
def test_light_of_others_before_the_enable_is_never_taken_for_ours(step):
    """Wherever between asking for READY and its order another host lights the laser, it ends."""
    lit = Trouble("knob", 0.70 + step * 0.02, "emission=on", for_s=2.0)
    acts = (Act("see", "STANDBY"), Act("wait", "0.2"), *READY[1:], Act("wait", "1"), LEAVE)
    ran, violations = play(at_the_seed_laser(acts, lit, values=(("reply_latency_s", "0.012"),)))
    assert violations == []
    (closed,) = [entry for entry in ran.entries if entry.type == "session.closed"]
    assert closed.data["end"]["code"] in {"unexpected_emission", "ended"}
