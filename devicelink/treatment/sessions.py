"""Sessions, folded from entries: one line each for lists and receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.journal.entry import Entry

KINDS = ("treatment", "test_spot", "energy_check", "service", "training")
NEED_CLIENT = frozenset({"treatment", "test_spot"})
HOST_TRIGGER_KINDS = frozenset({"energy_check", "service"})


def find(state: Mapping[str, Mapping[str, object]], session: str) -> dict[str, object]:
    """One session; raises `ConfigError`."""
    if session not in state:
        raise ConfigError(f"There is no session {session!r}. List them: devicelink session list")
    return dict(state[session])


def signature(session: str, device: str, *, person: str, name: str, answered_by: str) -> Draft:
    """A person's signature under a closed session: printed name, time of the entry, meaning."""
    data = {"name": name, "meaning": "performed", "answered_by": answered_by}
    return Draft(
        "session.signed", data, actor=person, role="technician", session=session, device=device
    )


def _reduce(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    known: dict[str, object] = dict(old or {"session": entry.session, "state": "open"})
    at = entry.at.isoformat()
    match entry.type:
        case "session.opened":
            known |= {"device": entry.device, "opened_at": at, "technician": entry.actor}
            known |= {k: entry.data.get(k) for k in ("kind", "name", "simulated", "client")}
        case "verdict.permitted" | "verdict.refused":
            known["verdict"] = {"index": entry.index, "word": entry.type.removeprefix("verdict.")}
        case "settings.requested":
            known["requested"] = entry.data.get("settings")
        case "settings.effective":
            known["effective"] = entry.data.get("settings")
        case "ready.confirmed":
            known.setdefault("ready_at", at)
        case "lock.confirmed" | "lock.unconfirmed" | "lock.attested_off":
            evidence = entry.data.get("evidence")
            known["lock"] = {"word": entry.type.removeprefix("lock."), "evidence": evidence}
        case "session.closed":
            known |= {"state": "closed", "closed_at": at, "end": entry.data.get("end")}
        case "session.interrupted":
            known |= {"state": "interrupted", "closed_at": at, "end": entry.data.get("end")}
        case "session.signed":
            known["signed"] = {"by": entry.actor, "meaning": entry.data.get("meaning"), "at": at}
    return known


SESSIONS = Projection(
    name="sessions",
    types=frozenset(
        {
            "session.opened",
            "session.closed",
            "session.interrupted",
            "session.signed",
            "verdict.permitted",
            "verdict.refused",
            "settings.requested",
            "settings.effective",
            "ready.confirmed",
            "lock.confirmed",
            "lock.unconfirmed",
            "lock.attested_off",
        }
    ),
    key=lambda entry: entry.session,
    reduce=_reduce,
)
