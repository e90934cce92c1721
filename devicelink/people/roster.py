"""Who works here: people as their entries tell of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from devicelink.errors import ConfigError, Refused
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink.journal.entry import Entry

ADMINISTRATOR, TECHNICIAN = "administrator", "technician"
PROVIDER = "provider"
ROLES = (ADMINISTRATOR, TECHNICIAN, "auditor", PROVIDER)
"""`provider` is the medical provider who stands behind the treatment."""
PHYSICIAN, OTHER = "physician", "other"
STATION = "station"

FREE_FAILURES = 3
FIRST_LOCK_OUT_S = 30
LONGEST_LOCK_OUT_S = 3_600

_ID = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_RESERVED = frozenset({STATION, "guard"})
_NAME_LONGEST = 80
_DOUBLINGS = 7


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in; or, where nobody asked for a PIN, who is meant."""

    id: str
    name: str
    roles: tuple[str, ...]
    operator_class: str = OTHER


class PendingChange(BaseModel):
    """A change of roles or class that waits for a second administrator."""

    model_config = ConfigDict(frozen=True)

    roles: tuple[str, ...]
    operator_class: str
    by: str
    index: int


class PersonState(BaseModel):
    """One person, folded from entries."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    roles: tuple[str, ...]
    operator_class: str = OTHER
    added_by: str = ""
    index: int = -1
    """Of the entry that added them."""
    pin_name: str | None = None
    """SHA-256 of the hash that counts; see `PinStore`."""
    pin_set: bool = False
    failures: int = 0
    """Wrong PINs since the last success."""
    locked_until: datetime | None = None
    pending: PendingChange | None = None
    """What one administrator decided of them, and a second one has not confirmed yet."""

    def person(self) -> Person:
        """As the rest of the program knows them."""
        return Person(self.id, self.name, self.roles, self.operator_class)


def is_person_id(text: str) -> bool:
    """Whether a text could name a person: a small letter, then small letters, digits, hyphens."""
    return _ID.fullmatch(text) is not None and text not in _RESERVED


def find_state(people: Mapping[str, Mapping[str, object]], person_id: str) -> PersonState | None:
    """One person's whole state, or None."""
    found = people.get(person_id)
    state = PersonState.model_validate(found) if found is not None else None
    return state if state is not None and state.name else None


def find(people: Mapping[str, Mapping[str, object]], person_id: str) -> Person | None:
    """One person, or None."""
    state = find_state(people, person_id)
    return state.person() if state is not None else None


def second_needed(people: Mapping[str, Mapping[str, object]], by: str) -> bool:
    """Whether a change by this administrator waits for a second one: where there is one.

    Only administrators with a PIN count, for only they could confirm.
    """
    return any(
        other != by and ADMINISTRATOR in state.roles and state.pin_set
        for other in people
        if (state := find_state(people, other)) is not None
    )


def add_person_draft(
    person_id: str,
    name: str,
    *,
    roles: Iterable[str],
    by: str,
    people: Mapping[str, Mapping[str, object]],
    operator_class: str = OTHER,
) -> Draft:
    """The entry that adds a person; one who is there already stays as they are.

    Whoever is more than a technician waits for a second administrator, where `people` has one; a
    technician may do nothing before the maker's certificate is here.

    Raises `ConfigError` for an ID, a name, a role or a class that cannot be.
    """
    if not is_person_id(person_id):
        raise ConfigError(
            f"{person_id!r:.40} cannot be a person's ID: use up to 31 small letters, digits and "
            "hyphens, a letter first; not 'station' or 'guard'."
        )
    if not name.strip() or len(name) > _NAME_LONGEST or not name.isprintable():
        raise ConfigError(f"A person's name is 1 to {_NAME_LONGEST} printable characters.")
    chosen = _checked_roles(roles, operator_class)
    plain = chosen == (TECHNICIAN,) and operator_class == OTHER
    data: dict[str, object] = {
        "id": person_id,
        "name": name.strip(),
        "roles": list(chosen),
        "operator_class": operator_class,
    }
    if not plain and second_needed(people, by):
        data["needs_confirmation"] = True
    return Draft(
        "technician.added", data, actor=by, role=STATION if by == STATION else ADMINISTRATOR
    )


def change_person_draft(
    people: Mapping[str, Mapping[str, object]],
    person_id: str,
    *,
    roles: Iterable[str] | None,
    operator_class: str | None,
    by: str,
) -> Draft:
    """The entry that changes somebody's roles or class; it may wait for a second administrator.

    Raises `ConfigError` for what cannot be, `Refused` where nobody would be left to administer.
    """
    found = find_state(people, person_id)
    if found is None:
        raise ConfigError(f"{person_id!r:.40} is not registered here.")
    operator_class = operator_class or found.operator_class
    chosen = _checked_roles(found.roles if roles is None else roles, operator_class)
    if ADMINISTRATOR not in chosen and not second_needed(people, person_id):
        raise Refused(f"{found.name} is the only administrator with a PIN. First make another one.")
    data: dict[str, object] = {
        "person": person_id,
        "roles": list(chosen),
        "operator_class": operator_class,
    }
    if second_needed(people, by):
        data["needs_confirmation"] = True
    return Draft("technician.changed", data, actor=by, role=ADMINISTRATOR)


def confirm_person_draft(
    people: Mapping[str, Mapping[str, object]], person_id: str, *, by: str
) -> Draft:
    """The entry by which a second administrator confirms what waits for it.

    Raises `ConfigError` where nothing waits, `Refused` for who decided it or whom it is about.
    """
    found = find_state(people, person_id)
    if found is None or found.pending is None:
        raise ConfigError(f"Nothing waits to be confirmed of {person_id!r:.40}.")
    if by in {found.pending.by, found.id}:
        raise Refused("Neither who decided it nor whom it is about confirms it: a second one does.")
    data = {"person": person_id, "confirms": found.pending.index}
    return Draft("technician.confirmed", data, actor=by, role=ADMINISTRATOR)


def _checked_roles(roles: Iterable[str], operator_class: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(roles))
    if not chosen or not set(chosen) <= set(ROLES):
        raise ConfigError(f"Give at least one role out of {', '.join(ROLES)}.")
    if operator_class not in {PHYSICIAN, OTHER}:
        raise ConfigError(f"The operator class is {PHYSICIAN} or {OTHER}.")
    return chosen


def lock_out(failures: int) -> timedelta | None:
    """How long nobody may try again after so many wrong PINs in a row: 30 s, doubling to 1 h."""
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, _DOUBLINGS)
    return timedelta(seconds=min(FIRST_LOCK_OUT_S << doublings, LONGEST_LOCK_OUT_S))


def _key(entry: Entry) -> str | None:
    told = entry.data.get("id") if entry.type == "technician.added" else entry.data.get("person")
    return told if isinstance(told, str) and told else None


_NOBODY: dict[str, object] = {"id": "", "name": "", "roles": [], "pin_set": False}
"""What an entry about somebody who was never added leaves behind."""


def _reduce(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    if not old or not old["name"]:
        if entry.type != "technician.added":
            return _NOBODY
        added = {**entry.data, "added_by": entry.actor, "index": entry.index}
        if entry.data.get("needs_confirmation"):
            added |= {"pending": _pending(entry), "operator_class": OTHER}
            added["roles"] = [one for one in entry.data["roles"] if one == TECHNICIAN]
        unsaid = {"pending"} - set(added)  # so that a table made before there was one still fits
        return PersonState.model_validate(added).model_dump(mode="json", exclude=unsaid)
    return {**old, **_changes(old, entry)}


def _pending(entry: Entry) -> dict[str, object]:
    decided = {name: entry.data[name] for name in ("roles", "operator_class")}
    return {**decided, "by": entry.actor, "index": entry.index}


def _confirmed(old: dict[str, Any], entry: Entry) -> dict[str, object]:
    """What waited is in force, if somebody else confirmed that very decision."""
    pending = old.get("pending")
    if pending is None or pending["index"] != entry.data.get("confirms"):
        return {}
    if entry.actor in {pending["by"], old["id"]} or entry.role != ADMINISTRATOR:
        return {}
    decided = {name: pending[name] for name in ("roles", "operator_class")}
    return {**decided, "pending": None}


def _changes(old: dict[str, Any], entry: Entry) -> dict[str, object]:
    """What an entry changes in a person's state, as JSON."""
    match entry.type:
        case "technician.changed" if entry.data.get("needs_confirmation"):
            return {"pending": _pending(entry)}
        case "technician.confirmed":
            return _confirmed(old, entry)
        case "technician.changed":
            allowed = {"name", "operator_class"}
            changed: dict[str, object] = {
                name: str(entry.data[name]) for name in allowed & set(entry.data)
            }
            if isinstance(roles := entry.data.get("roles"), list):
                return {**changed, "roles": [str(role) for role in roles]}
            return changed
        case "technician.withdrawn" if entry.role == ADMINISTRATOR:
            told = {"by": entry.actor, "index": entry.index}
            return {
                "roles": [role for role in old["roles"] if role != TECHNICIAN],
                "pending": None,
                "withdrawn": {**told, "safety": entry.data.get("safety") is True},
            }
        case "pin.set":
            return {
                "pin_name": entry.data["pin_name"],
                "pin_set": True,
                "failures": 0,
                "locked_until": None,
            }
        case "signin.succeeded":
            return {"failures": 0, "locked_until": None}
        case "signin.failed" if entry.data.get("why") == "wrong_pin":
            failures = old["failures"] + 1
            pause = lock_out(failures)
            until = (entry.at + pause).isoformat().replace("+00:00", "Z") if pause else None
            return {"failures": failures, "locked_until": until}
        case _:
            return {}


PEOPLE = Projection(
    name="people",
    types=frozenset(
        {
            "technician.added",
            "technician.changed",
            "technician.confirmed",
            "technician.withdrawn",
            "pin.set",
            "signin.succeeded",
            "signin.failed",
        }
    ),
    key=_key,
    reduce=_reduce,
)
