"""What a verdict says of the relay in a laser's interlock circuit; pure, as `permit` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.session.facts import Facts, ReadingFacts, RelayFacts

_COUNTS = ("unlock", "ready")


def judge_relay(facts: Facts) -> Iterator[Finding]:
    """One finding; none where the device has no relay, or neither of the two was asked."""
    relay = facts.relay
    if relay is None or (facts.reading is None and not relay.asked):
        return
    if gives_dead_man(facts):
        own = facts.driver.dead_man if facts.driver else None
        yield Finding(
            "relay_closed" if own else "dead_man_relay",
            Severity.WARN,
            f"{'' if own else 'The laser has no dead-man of its own; '}the relay {relay.serial} in "
            f"its interlock circuit opens within {relay.bound_ms} ms after this program's last "
            "heartbeat.",
            "Keep the laser's own red emergency stop within reach: the relay claims no safety "
            "level.",
        )
    elif not _may_be_closed(facts, relay):
        yield Finding(
            "interlock_relay",
            Severity.REFUSE,
            f"The relay {relay.serial} in the laser's interlock circuit cannot be relied on: "
            f"{_why(facts, relay)}",
            "Look at its power, its cable, its label and its contacts. Without a relay: devicelink "
            f"device add {facts.device.serial} --interlock none --by ADMINISTRATOR",
        )
    elif facts.reading is not None and facts.reading.interlock_closed == "yes":
        yield Finding(
            "relay_not_in_circuit",
            Severity.REFUSE,
            f"The relay {relay.serial} is open, and the laser says that its interlock is closed: "
            "the relay is not in this laser's interlock circuit, or something bridges it.",
            "Look at the interlock's connector: relay and door contact in series, nothing across.",
        )
    else:
        yield Finding(
            "relay_open",
            Severity.WARN,
            f"The relay {relay.serial} holds the laser's interlock circuit open. A session closes "
            f"it first, and it opens within {relay.bound_ms} ms after the last heartbeat."
            f"{_not_judged(facts.reading)}",
            "Be near the laser then: it may want a reset at its own panel.",
        )


def gives_dead_man(facts: Facts) -> bool:
    """Whether a relay is read back closed by this session's order, within its own bound."""
    relay = facts.relay
    if relay is None or relay.problem is not None or relay.age_s is None or relay.bound_ms is None:
        return False
    fresh = relay.age_s * 1000 <= relay.bound_ms
    return relay.ordered and relay.holds and fresh


def answers_for_dead_man(facts: Facts) -> bool:
    """Whether what is said of the relay says enough of a laser without a dead-man."""
    relay = facts.relay
    return gives_dead_man(facts) or (relay is not None and _may_be_closed(facts, relay))


def judged_later(facts: Facts, reading: ReadingFacts) -> ReadingFacts:
    """The reading without what a relay that is still open may cause; judged when it is closed."""
    relay = facts.relay
    if relay is None or not _may_be_closed(facts, relay):
        return reading
    hidden_by_reset = reading.interlock_closed == "unknown" and reading.reset_required
    opened = reading.interlock_closed == "no" or hidden_by_reset
    return reading.model_copy(
        update={
            "interlock_closed": "yes" if opened else reading.interlock_closed,
            "reset_required": False,
            "faults": (),
        }
    )


def _may_be_closed(facts: Facts, relay: RelayFacts) -> bool:
    """Whether a session may yet close it: itself in order, read back open, nothing ordered yet."""
    early = facts.purpose not in _COUNTS and not relay.ordered
    return early and relay.problem is None and relay.is_open


def _why(facts: Facts, relay: RelayFacts) -> str:
    if relay.problem is not None:
        return relay.problem
    if relay.faults:
        return f"{', '.join(relay.faults).replace('_', ' ')}."
    if relay.ordered and relay.holds:
        return f"what it said is {relay.age_s} s old."
    if relay.ordered or facts.purpose in _COUNTS:
        return f"it is not read back closed ({relay.opened_by or 'not told why'})."
    return "it is not read back open before the session: something else keeps it closed."


def _not_judged(reading: ReadingFacts | None) -> str:
    """What the laser tells meanwhile."""
    if reading is None:
        return ""
    told = [fault.replace("_", " ") for fault in reading.faults]
    told += ["interlock open"] if reading.interlock_closed == "no" else []
    told += ["reset required"] if reading.reset_required else []
    return f" Not judged until then: {', '.join(told)}." if told else ""
