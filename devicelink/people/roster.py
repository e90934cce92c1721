"""Who works here: people as their entries tell of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from devicelink.errors import ConfigError
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink.journal.entry import Entry

ADMINISTRATOR, TECHNICIAN = "administrator", "technician"
ROLES = (ADMINISTRATOR, TECHNICIAN, "auditor", "provider")
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


def add_person_draft(
    person_id: str,
    name: str,
    *,
    roles: Iterable[str],
    by: str,
    operator_class: str = OTHER,
) -> Draft:
    """The entry that adds a person; one who is there already stays as they are.

    Raises `ConfigError` for an ID, a name, a role or a class that cannot be.
    """
    if not is_person_id(person_id):
        raise ConfigError(
            f"{person_id!r:.40} cannot be a person's ID: use up to 31 small letters, digits and "
            "hyphens, a letter first; not 'station' or 'guard'."
        )
    if not name.strip() or len(name) > _NAME_LONGEST or not name.isprintable():
        raise ConfigError(f"A person's name is 1 to {_NAME_LONGEST} printable characters.")
    chosen = tuple(dict.fromkeys(roles))
    if not chosen or not set(chosen) <= set(ROLES):
        raise ConfigError(f"Give at least one role out of {', '.join(ROLES)}.")
    if operator_class not in {PHYSICIAN, OTHER}:
        raise ConfigError(f"The operator class is {PHYSICIAN} or {OTHER}.")
    data = {
        "id": person_id,
        "name": name.strip(),
        "roles": list(chosen),
        "operator_class": operator_class,
    }
    return Draft(
        "technician.added", data, actor=by, role=STATION if by == STATION else ADMINISTRATOR
    )


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
        return PersonState.model_validate(added).model_dump(mode="json")
    return {**old, **_changes(old, entry)}


def _changes(old: dict[str, Any], entry: Entry) -> dict[str, object]:
    """What an entry changes in a person's state, as JSON."""
    match entry.type:
        case "technician.changed":
            allowed = {"name", "operator_class"}
            changed: dict[str, object] = {
                name: str(entry.data[name]) for name in allowed & set(entry.data)
            }
            if isinstance(roles := entry.data.get("roles"), list):
                return {**changed, "roles": [str(role) for role in roles]}
            return changed
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
            "pin.set",
            "signin.succeeded",
            "signin.failed",
        }
    ),
    key=_key,
    reduce=_reduce,
)
