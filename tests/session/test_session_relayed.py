"""One relay in a session's hands, against the simulated one in this process."""

from __future__ import annotations

import time

import pytest

from devicelink.devices.register import Device, RelayBinding
from devicelink.errors import ProtocolError, RelayLost
from devicelink.link.link import EnableToken
from devicelink.link.transcript import NoTranscript
from devicelink.runtime import ThreadRuntime
from devicelink.session.relayed import HeldRelay


@pytest.fixture
def relay():
    """Takes a simulated relay with these values into hand."""
    made = []

    def make(serial="SIM-IR-0042", **values):
        query = "&".join(f"{key}={value}" for key, value in {"hold_ms": "300", **values}.items())
        binding = RelayBinding(serial=serial, driver="interlock", port=f"sim://interlock?{query}")
        held = HeldRelay(binding, ThreadRuntime(), NoTranscript())
        held.reach(simulated=True)
        made.append(held)
        return held

    yield make
    for held in made:
        held.leave()


def token():
    """Of a durable intent."""
    return EnableToken(step="relay", entry_index=1)


def test_closed_beaten_opened(relay):
    """Each read back; the last word is for the journal."""
    held = relay()
    assert (held.facts().is_open, held.facts().bound_ms, held.problem) == (True, 340, None)
    held.close(token())
    for _ in range(8):
        time.sleep(0.06)
        held.beat()
    assert held.facts().holds
    held.open()
    kind, data = held.last_word
    assert (kind, data["contact"], data["evidence"]) == ("relay.opened", "open", "sensed")
    again = held.last_word
    held.open()
    assert held.last_word is again


def test_one_that_was_not_beaten_is_lost_with_its_reason(relay):
    """It tells why it opened, and no later beat closes it."""
    held = relay()
    held.close(token())
    time.sleep(0.4)
    for _ in range(2):
        with pytest.raises(RelayLost, match="no heartbeat came in time"):
            held.beat()
        time.sleep(0.07)


def test_an_order_to_close_leaves_once(relay):
    """The token of one intent closes once; a second order is not sent."""
    held, spent = relay(), token()
    held.close(spent)
    held._status = held._ask(*held._reached[::2])
    with pytest.raises(RelayLost, match="did not close"):
        held.close(token())  # it is closed, and says so
    held.let_go()
    with pytest.raises(RelayLost, match="Only locking and questions"):
        held.close(spent)


def test_nothing_beats_what_was_let_go(relay):
    """From the first byte of a lock on, nothing may hold the circuit closed."""
    held = relay()
    held.close(token())
    held.let_go()
    time.sleep(0.1)
    held.beat()
    driver, _, link = held._reached
    assert driver.read_status(link).is_open
    with pytest.raises(ProtocolError, match="Only locking and questions"):
        driver.beat(link, held._status)


def test_another_relay_is_sent_nothing_but_questions(relay):
    """Neither closed nor opened."""
    held = relay(serial="SIM-IR-0043")
    assert "says that it is SIM-IR-0042" in held.problem
    with pytest.raises(RelayLost, match="cannot be closed"):
        held.close(token())
    held.open()
    assert held.last_word is None


def test_one_that_does_not_say_who_it_is_is_told_to_open_all_the_same(relay):
    """Taking light away needs nothing."""
    held = relay()
    held.close(token())
    held.problem, held.identity = "The device did not answer.", None
    held.open()
    assert held.last_word[0] == "relay.opened"


def test_a_relay_that_welds_is_told(relay):
    """Its order to open is repeated, it is not read back open, and that is the last word."""
    held = relay(contact="welded")
    time.sleep(0.1)
    held.open()
    kind, data = held.last_word
    assert kind == "relay.unconfirmed"
    assert "contact welded" in data["why_not"]
    assert data["tries"] > 3


def test_entries_from_before_there_were_relays_are_read():
    """A device without one."""
    old = {"serial": "1", "driver": "ipg", "port": "/dev/x"}
    assert Device.model_validate(old).relay is None
