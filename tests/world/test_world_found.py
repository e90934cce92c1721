"""Stories in which the world once found a broken rule in our own code."""

from __future__ import annotations

from dataclasses import replace

from devicelink_simulation.world.lasers import FIRST
from devicelink_simulation.world.people import WELL
from devicelink_simulation.world.runs import play
from devicelink_simulation.world.story import Act, Story, Trouble

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
