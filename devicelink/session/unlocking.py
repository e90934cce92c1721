"""The steps towards light: judge, intend durably, send once. Each is answered by an event."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from devicelink.driver import EnableToken, Grant, UnlockToken
from devicelink.errors import ProtocolError
from devicelink.runtime import seconds
from devicelink.session import state as table
from devicelink.session.gathering import gather
from devicelink.session.permit import judge, limits_of

if TYPE_CHECKING:
    from devicelink.session.connection import Connection
    from devicelink.session.facts import Facts, Purpose
    from devicelink.session.permit import Verdict
    from devicelink.session.work import Work

PLANNED = timedelta(minutes=60)
GRANT_S = round(PLANNED.total_seconds()) + round(seconds(table.SOFT_GRACE_NS))
"""A laser that counts itself ends hard: after the last soft end's grace."""
_PERMIT_ID_BYTES = 16
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
    permit_id = work.context.runtime.random_bytes(_PERMIT_ID_BYTES) if step == "unlock" else b""
    entry = work.append(
        f"{step}.intended",
        {
            "permit": {
                "person": work.request.person.id,
                "device": work.device.serial,
                "kind": work.request.kind,
                "id": permit_id.hex() or None,
            },
            "settings_id": settings.settings_id if settings else None,
            "trigger": settings.trigger if settings else None,
            "control_released": {"answered_by": work.request.answered_by},
            "ends": {
                "hard": [*HARD_ENDS, *(["interlock_relay"] if work.relay else [])],
                "soft": [{"code": end.code, "due_mono_ns": end.due_ns} for end in work.soft_ends],
            },
        },
    )
    if step == "unlock":
        work.token = UnlockToken(entry_index=entry.index, grant=_grant(work, permit_id))
    else:
        work.token = EnableToken(step=step, entry_index=entry.index)
    return table.Durable(work.now(), step, entry.index)


def _grant(work: Work, permit_id: bytes) -> Grant:
    """What the verdict permitted, for a laser that wants it signed; raises `ProtocolError`."""
    effective, facts = work.asked.effective, work.facts
    if effective is None or facts is None:
        raise ProtocolError("devicelink tried to unlock without a verdict; not sent.")
    key = work.context.journal.permit_key()
    session = f"{work.context.origin} {work.session}".encode()
    return Grant(
        permit_id=permit_id,
        session_sha256=sha256(session).digest(),
        person_sha256=sha256(permit_id + work.request.person.id.encode()).digest(),
        kind=work.request.kind,
        duration_s=GRANT_S,
        effective=effective,
        highest={
            setting: str(highest)
            for setting, (_, highest) in limits_of(facts).items()
            if highest is not None
        },
        public_key=key.public_key().public_bytes_raw(),
        sign=key.sign,
    )


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
    if work.checking is not None and work.checking.complete:
        return table.AskStandby(work.now(), "all pulses of the check have come")
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
    all_of_it = _make_ready(work, connection, token)
    work.token = None if all_of_it else token
    if all_of_it and work.account is not None and work.asked.effective is not None:
        work.account.lease(token, work.asked.effective)
    seen_ns = asked_ns if effective.glimpse else 0
    return table.Sent(work.now(), all_of_it=all_of_it, seen_ns=seen_ns)


def _make_ready(work: Work, connection: Connection, token: EnableToken) -> bool:
    """Send what makes the laser READY, in an energy check for the pulses that are left.

    Whether nothing is left to send.
    """
    checking = work.checking
    if checking is not None:
        left = checking.left
        allowed = checking.own.ready(connection.driver, connection.link, token, left)
        if allowed is not None:
            if allowed < left:
                work.face.say(
                    f"This laser makes at most {allowed} pulses of a check at a time: ask for "
                    f"READY again for the other {left - allowed}."
                )
            return True
    return connection.driver.ready(connection.link, token)


def send_standby(work: Work, reason: str) -> table.Event:
    """Back to STANDBY; first the bytes, then the record."""
    connection = work.reached()
    if work.account is not None:
        work.account.end_lease()
    connection.driver.standby(connection.link)
    work.append("standby.requested", {"reason": reason})
    work.face.say(f"Back to STANDBY: {reason}.")
    return table.Tick(work.now())
