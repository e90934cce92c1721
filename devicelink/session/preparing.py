"""What a session does while the laser stays locked: reach it, refuse early, set and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.driver import ControlShown, Trigger
from devicelink.errors import DeviceLinkError, GuardGone, JournalBroken, JournalUnwritable, Stopped
from devicelink.link.port import PortKind, port_kind
from devicelink.link.transcript import transcript_at
from devicelink.registry import allowed_drivers
from devicelink.runtime import nanoseconds
from devicelink.session import relaying
from devicelink.session import state as table
from devicelink.session.account import Account
from devicelink.session.closing import close, lock_now
from devicelink.session.connection import connect, problem, start_guard
from devicelink.session.counters import hold_of, reconcile
from devicelink.session.gathering import gather
from devicelink.session.ownership import Ownership
from devicelink.session.permit import judge
from devicelink.session.unlocking import record_verdict
from devicelink.treatment.energy import SERVICED, void_drafts

if TYPE_CHECKING:
    from devicelink.driver import Effective, Status
    from devicelink.session.guard import Guard
    from devicelink.session.work import Work


def open_session(work: Work) -> None:
    """Record that a session begins; its number is this entry's index."""
    request = work.request
    if request.kind == "service":
        checks, by = work.context.state()["energy_checks"], request.person.id
        work.context.journal.append_all(
            void_drafts(checks, work.device.serial, SERVICED, by=by, role="technician")
        )
    opened = work.append(
        "session.opened",
        {
            "kind": request.kind,
            "name": request.person.name,
            "client": request.client,
            "answered_by": request.answered_by,
            "simulated": work.context.simulated,
            "driver": work.device.driver,
            "port_kind": port_kind(work.device.port).value,
        },
    )
    work.session = str(opened.session)
    work.mirror()


def refused_early(work: Work) -> table.End | None:
    """Ask the laser, and refuse with every reason before anything is set; None where it may go on.

    Raises `Stopped`, `JournalUnwritable`, `JournalBroken`.
    """
    if not isinstance(work.own, Ownership):
        work.asked.problem = problem(work.own)
    elif may_be_reached(work):
        relaying.reach(work)
        _reach(work)
    if work.checking is not None:
        work.checking.reach(work.session, work.stop)
    facts = gather(work.context, work.device.serial, work.asked, "early")
    verdict = judge(facts)
    if verdict.permitted:
        return None
    record_verdict(work, facts, verdict)
    end = table.End("refused", table.EndKind.REFUSED, verdict.summary())
    close(work, end)
    return end


def may_be_reached(work: Work) -> bool:
    """A real laser is never touched by a simulated station, nor by a driver not allowed.

    A released one is in other hands.
    """
    if work.device.released is not None:
        return False
    kind = port_kind(work.device.port)
    belongs = kind is PortKind.ABSENT or kind.belongs(simulated=work.context.simulated)
    return belongs and work.device.driver in allowed_drivers(work.context.state()["station"])


def _reach(work: Work) -> None:
    """Connect and ask; a laser found emitting is locked first."""
    path = work.context.folder / "transcripts" / f"{work.session}.jsonl"
    work.transcript = transcript_at(path, work.context.runtime.disk)
    try:
        connection = connect(
            driver=work.device.driver,
            configuration=work.device.configuration,
            port=work.device.port,
            runtime=work.context.runtime,
            transcript=work.transcript,
            stop=work.stop,
            simulated=work.context.simulated,
        )
        work.connection = connection
        work.asked.guard = connection.guarded_by
        identity = connection.identify(work.device.serial)
        work.asked.firmware = identity.firmware
        status = work.read_status()
        work.counter_before = status.counter
        light = status.state.can_make_light or status.unexpected_emission
        if light:
            outcome = lock_now(work)
            work.asked.locked = outcome is not None and outcome.confirmed
        since_last(work, status)
        work.account = Account.of(connection.driver, status, work.device.next_event)
        if work.account is not None and not light:
            work.account.read_rest(work.living(connection))
            work.read_status()
        implied = connection.driver.implied_trigger(work.request.settings)
        work.asked.implied_trigger = implied.value if implied else None
        work.asked.device_bounds = connection.driver.bounds(connection.link)
    except (Stopped, JournalUnwritable, JournalBroken):
        raise
    except DeviceLinkError as error:
        work.asked.problem = problem(error)
        return
    work.append(
        "device.identified",
        {
            "identity": "asserted" if identity.serial is None else "read",
            "model": identity.model,
            "firmware": identity.firmware,
            "details": dict(identity.details),
            "words": dict(status.words),
        },
    )
    if light:
        found = {"state": status.state.value, "words": dict(status.words)}
        work.append("device.light_found", found)


def since_last(work: Work, status: Status) -> None:
    """Whether the laser's counter stands where it was left; one that went back holds the device.

    Told once: from then on it counts from where it stands.
    """
    known, now = work.device.counter, status.counter
    if known is None or now is None or known == now:
        return
    found = reconcile(known, now, 0)
    work.append("counter.reconciled", {**found, "of": "the time since the last session"})
    if (hold := hold_of(found)) is not None:
        work.append("device.held", hold)
    else:
        work.asked.unexplained = now - known


def close_relay(work: Work) -> table.Event | None:
    """Close the laser's interlock circuit, where a relay opens it, and ask again what refuses.

    Nothing else refused before. Raises what `relaying.close_circuit` raises.
    """
    if work.relay is None:
        return None
    relaying.close_circuit(work, work.relay)
    facts = gather(work.context, work.device.serial, work.asked, "early")
    verdict = judge(facts)
    if verdict.permitted:
        return None
    record_verdict(work, facts, verdict)
    return table.RefusedNow(work.now(), verdict.summary())


def set_and_read_back(work: Work) -> Effective:
    """Settings are sent in LOCKED and read back, before any intent towards light."""
    connection, settings = work.reached(), work.request.settings
    work.append("settings.requested", {"settings": dict(settings)})
    work.touched = True
    connection.driver.prepare(work.living(connection), settings)
    effective = work.read_effective()
    work.asked.effective = effective
    work.append("settings.effective", effective_data(effective))
    if work.checking is not None:
        work.checking.prepare(dict(settings), effective, work.stop)
        work.checking.counter_before = work.counter_before
    return effective


def effective_data(effective: Effective) -> dict[str, object]:
    """Settings as read back, as an entry's data."""
    return {
        "settings": dict(effective.settings),
        "configuration": dict(effective.configuration),
        "trigger": effective.trigger.value,
        "settings_id": effective.settings_id,
    }


def bounds_of(work: Work, effective: Effective) -> table.Bounds:
    """What the state table has to know of this laser; with a host trigger no control is held."""
    declared = work.reached().driver.declaration
    hidden = declared.control_shown
    return table.Bounds(
        arming_ns=nanoseconds(declared.arming_bound_s),
        control_shown=hidden if effective.trigger is Trigger.HARDWARE else ControlShown.YES,
        output_memory_ns=nanoseconds(effective.output_memory_s),
        ready_at_the_laser=declared.ready_at_the_laser,
    )


def post_guard(work: Work) -> None:
    """Start the guard, before the first byte that could enable; raises `GuardGone`."""
    work.guard = guard_for(work)
    work.asked.guard = work.guard.kind
    work.append("guard.started", {"kind": work.guard.kind})


def guard_for(work: Work) -> Guard:
    """A guard over this session's port; raises `GuardGone`."""
    if not isinstance(work.own, Ownership):
        raise GuardGone("A device that is not owned cannot be guarded.")
    guard = start_guard(
        work.reached(),
        work.own,
        driver=work.device.driver,
        configuration=work.device.configuration,
        folder=work.context.folder,
        runtime=work.context.runtime,
        alive=lambda: relaying.keep_beating(work),
    )
    return relaying.beside(work, guard)
