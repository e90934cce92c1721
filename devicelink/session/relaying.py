"""What a session does with the relay in its laser's interlock circuit, while the laser is locked.

The relay has to close before the laser can be asked whether its interlock is closed, and a laser
may want its own reset by hand after that. So it is closed when nothing else refuses, under an
intent of its own, and then the laser is waited for; only what the laser says after that counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.driver import EnableToken, Shown
from devicelink.errors import DeviceFault, NoReply, ProtocolError
from devicelink.journal.entry import Draft
from devicelink.link.transcript import NoTranscript, transcript_at
from devicelink.runtime import nanoseconds
from devicelink.session.relayed import BesideGuard, HeldRelay

if TYPE_CHECKING:
    from devicelink.devices.register import Device
    from devicelink.driver import Status
    from devicelink.session.context import Context
    from devicelink.session.gathering import Asked
    from devicelink.session.guard import Guard
    from devicelink.session.work import Work

RESET_WITHIN_S = 60.0
"""For somebody who has to walk to the laser's panel; then the session refuses, and it opens."""
NOTICED_WITHIN_S = 1.0
"""A laser that needs no reset tells by then that its interlock is closed."""
_ASK_EVERY_S = 0.1


def look(context: Context, device: Device, asked: Asked) -> None:
    """Ask a device's relay, where it has one, by queries alone: for a check."""
    if device.relay is None:
        return
    held = HeldRelay(device.relay, context.runtime, NoTranscript())
    asked.relay = held.facts
    held.reach(simulated=context.simulated)
    held.part()


def open_left(context: Context, device: Device) -> list[Draft]:
    """Open a relay that no session holds any more, and read that back; what is to be recorded.

    Nobody beats it, so it is open already unless it is broken. Never raises.
    """
    if device.relay is None:
        return []
    held = HeldRelay(device.relay, context.runtime, NoTranscript())
    held.reach(simulated=context.simulated)
    held.leave()
    told = held.last_word or ("relay.unconfirmed", held.as_data() | {"why_not": held.problem})
    session = device.open_sessions[-1] if device.open_sessions else None
    return [Draft(*told, session=session, device=device.serial)]


def reach(work: Work) -> None:
    """Take a session's relay into its hands, by queries alone; raises `Stopped`."""
    binding = work.device.relay
    if binding is None:
        return
    path = work.context.folder / "transcripts" / f"{work.session}-relay.jsonl"
    transcript = transcript_at(path, work.context.runtime.disk)
    work.relay = HeldRelay(binding, work.context.runtime, transcript)
    work.asked.relay = work.relay.facts
    work.relay.reach(simulated=work.context.simulated, stop=work.stop)


def close_circuit(work: Work, relay: HeldRelay) -> None:
    """Close it under a durable intent, read it back, record that, and wait for the laser.

    From here on whoever beats the guard beats it. Raises `RelayLost`, `Stopped`, what the journal
    raises, and `LinkLost` for the laser.
    """
    work.reached().link.wait(0)  # after a stop nothing is intended any more
    intent = work.append("relay.intended", relay.as_data())
    relay.close(EnableToken(step="relay", entry_index=intent.index))
    work.guard = beside(work, work.guard)
    work.append("relay.closed", relay.as_data())
    bound_ms = relay.identity.bound_ms if relay.identity else 0
    work.face.say(
        f"The relay {relay.binding.serial} has closed the laser's interlock circuit. It opens by "
        f"itself within {bound_ms} ms when this program stops."
    )
    _wait_for_reset(work)


def beside(work: Work, guard: Guard) -> Guard:
    """The guard, with the session's relay beside it where it has one."""
    return guard if work.relay is None else BesideGuard(guard, work.relay)


def keep_beating(work: Work) -> None:
    """While something else is waited for; raises `RelayLost`, `Stopped`."""
    if work.relay is not None:
        work.relay.beat()


def let_go(work: Work) -> None:
    """The first byte of every lock: it takes light away by itself, whatever the laser does."""
    if work.relay is not None:
        work.relay.let_go()


def end(work: Work) -> tuple[str, dict[str, object]] | None:
    """Open it and read that back; what is to be recorded of it. Says what a person has to know."""
    relay = work.relay
    if relay is None:
        return None
    told_already = relay.last_word is not None
    relay.open()
    if relay.last_word is not None and not told_already:
        work.face.say(words(Draft(*relay.last_word)))
        if work.outcome is not None and not work.outcome.confirmed:
            work.face.say("Look at the laser's emission lamp whether the light is gone.")
    return relay.last_word


def words(told: Draft) -> str:
    """How its opening went, for people."""
    serial, data = told.data["relay"], told.data
    if told.type == "relay.opened":
        return f"The relay {serial} in its interlock circuit is open, read back from its contact."
    why = str(data["why_not"]).rstrip(".")
    return (
        f"The relay {serial} in its interlock circuit is NOT read back open: {why}. Pull the plug "
        "of the relay's supply, or the laser's interlock connector."
    )


def _wait_for_reset(work: Work) -> None:
    """Until the laser says that its interlock is closed and it wants nothing; or a minute."""
    link, began_ns = work.reached().link, work.now()
    asked_for = False
    while True:
        status = _status(work)
        if status is not None and not _wants_reset(status):
            break
        if work.now() - began_ns > nanoseconds(RESET_WITHIN_S):
            return
        if not asked_for and work.now() - began_ns > nanoseconds(NOTICED_WITHIN_S):
            asked_for = True
            work.face.say(
                f"The laser still says: {_still_says(status)}. Close the door, and reset the laser "
                "now at its own panel (START, or its key, as its manual says). There are "
                f"{RESET_WITHIN_S:g} s for it."
            )
        link.wait(_ASK_EVERY_S)
    if asked_for:
        work.face.say("The laser says that its interlock is closed.")
    elif status.interlock_closed is not Shown.YES:
        work.face.say(
            "The laser does not tell whether it wants a reset now: look at its panel before you "
            "ask for READY."
        )


def _still_says(status: Status | None) -> str:
    if status is None:
        return "nothing"
    told = ["interlock open"] if status.interlock_closed is Shown.NO else []
    told += ["reset required"] if status.reset_required else []
    return ", ".join([*told, *(fault.replace("_", " ") for fault in status.faults)])


def _status(work: Work) -> Status | None:
    """What the laser says; None where it does not, as one that starts up anew may."""
    try:
        return work.read_status()
    except (NoReply, ProtocolError, DeviceFault):
        return None


def _wants_reset(status: Status) -> bool:
    """Whether it is dark, and an interlock that was open is what it still tells of."""
    if status.state.can_make_light or status.unexpected_emission:
        return False
    return status.interlock_closed is Shown.NO or status.reset_required or bool(status.faults)
