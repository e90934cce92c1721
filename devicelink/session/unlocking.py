"""The steps towards light: judge, intend durably, send once. Each is answered by an event."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from devicelink.driver import EnableToken
from devicelink.errors import ProtocolError
from devicelink.session import state as table
from devicelink.session.gathering import gather
from devicelink.session.permit import judge

if TYPE_CHECKING:
    from devicelink.session.facts import Facts, Purpose
    from devicelink.session.permit import Verdict
    from devicelink.session.work import Work

PLANNED = timedelta(minutes=60)
HARD_ENDS = (
    "stop",
    "interlock",
    "key",
    "fault",
    "unexpected_emission",
    "stale_telemetry",
    "link_lost",
    "guard",
    "journal",
    "safety_revocation",
)


def judge_now(work: Work, purpose: Purpose) -> table.Event:
    """The verdict that counts: on facts gathered now, recorded whole."""
    facts = gather(work.context, work.device.serial, work.asked, purpose)
    verdict = judge(facts)
    record_verdict(work, facts, verdict)
    if not verdict.permitted:
        return table.RefusedNow(work.now(), verdict.summary())
    if purpose == "ready" and work.checking is not None and not work.checking.begun:
        work.append("energy_check.begun", work.checking.begin(facts))
    if purpose == "unlock":
        work.soft_ends = _runs_out(work, facts)
    return table.Permitted(work.now(), work.soft_ends)


def judge_again(work: Work) -> table.Event:
    """Before each READY: on who answers now, and on what it says."""
    connection = work.reached()
    if connection.driver.declaration.tells_identity:
        work.guard.beat()
        connection.identify(work.device.serial)
    effective = work.read_effective()
    if table.calls_for_lock(effective.glimpse) or table.shows_light(effective.glimpse):
        return table.Seen(work.now(), effective.glimpse)
    work.asked.effective = effective
    status = work.read_status()
    if table.calls_for_lock(status) or table.shows_light(status):
        return table.Seen(work.asked.status_ns, status)
    return judge_now(work, "ready")


def record_verdict(work: Work, facts: Facts, verdict: Verdict) -> None:
    """The verdict with its whole facts, durable before anybody acts on it."""
    kind = "verdict.permitted" if verdict.permitted else "verdict.refused"
    work.append(kind, {**verdict.as_json(), "facts": facts.model_dump(mode="json")})
    work.facts, work.verdict = facts, verdict
    work.face.verdict(verdict)


def _runs_out(work: Work, facts: Facts) -> tuple[table.SoftEnd, ...]:
    """What ends softly, as deadlines on the monotonic clock (design rule 11)."""
    judged_at, now_ns = facts.station.judged_at, work.now()
    planned = ("planned_end", "The hour that a permit lasts is over.", judged_at + PLANNED)
    return tuple(
        table.SoftEnd(code, sentence, now_ns + round((at - judged_at).total_seconds() * 1e9))
        for code, sentence, at in (planned, *facts.person.expiries())
    )


def intend(work: Work, step: str) -> table.Event:
    """Make the intent of a step durable, and the token that lets its bytes out once."""
    settings = work.facts.settings if work.facts else None
    entry = work.append(
        f"{step}.intended",
        {
            "permit": {
                "person": work.request.person.id,
                "device": work.device.serial,
                "kind": work.request.kind,
            },
            "settings_id": settings.settings_id if settings else None,
            "trigger": settings.trigger if settings else None,
            "control_released": {"answered_by": work.request.answered_by},
            "ends": {
                "hard": list(HARD_ENDS),
                "soft": [{"code": end.code, "due_mono_ns": end.due_ns} for end in work.soft_ends],
            },
        },
    )
    work.token = EnableToken(step=step, entry_index=entry.index)
    return table.Durable(work.now(), step, entry.index)


def send(work: Work, step: str, entry_index: int) -> table.Event:
    """Send what enables, once; for READY the settings are compared immediately before.

    A driver that needs several sends keeps the token until its last one; a failure takes it away.
    """
    connection, token = work.reached(), work.token
    if token is None or (token.step, token.entry_index) != (step, entry_index):
        raise ProtocolError("devicelink tried to enable under another intent; not sent.")
    work.token = None
    if step == "unlock":
        work.guard.beat()
        connection.driver.unlock(connection.link, token)
        return table.Sent(work.now(), all_of_it=True)
    asked_ns = work.now()
    effective = work.read_effective()
    if table.calls_for_lock(effective.glimpse):
        return table.Seen(work.now(), effective.glimpse)
    if not token.begun and table.shows_light(effective.glimpse):
        return table.Ended(work.now(), table.UNASKED_LIGHT)
    judged = work.facts.settings.settings_id if work.facts and work.facts.settings else None
    if effective.settings_id != judged:
        return table.AskStandby(work.now(), "the settings changed after the verdict")
    work.guard.beat()
    all_of_it = connection.driver.ready(connection.link, token)
    work.token = None if all_of_it else token
    seen_ns = asked_ns if effective.glimpse else 0
    return table.Sent(work.now(), all_of_it=all_of_it, seen_ns=seen_ns)


def send_standby(work: Work, reason: str) -> table.Event:
    """Back to STANDBY; first the bytes, then the record."""
    connection = work.reached()
    connection.driver.standby(connection.link)
    work.append("standby.requested", {"reason": reason})
    work.face.say(f"Back to STANDBY: {reason}.")
    return table.Tick(work.now())
