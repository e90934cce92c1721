"""One entry: made once as exact bytes, read back strictly, never serialised again."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devicelink.errors import JournalBroken, JournalUnwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LAYOUT = 1
LONGEST_BYTES = 65_535
SALT_BYTES = 16
CLOCK_STATES = frozenset({"synced", "unsynced", "suspect", "unknown"})
NEW_SESSION = "new"

_HEAD = b'{"v":1,"type":"'
_FIELDS = (
    *("v", "type", "index", "at", "mono_ns", "boot", "clock", "actor", "role"),
    *("session", "device", "counter", "salt", "data"),
)
_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", re.ASCII)
_SESSION = re.compile(r"S-(0|[1-9][0-9]{0,18})", re.ASCII)
_SALT = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be recorded; the journal adds position, time and salt.

    `session="new"` means that this entry begins a session: `S-<its own index>`.
    """

    type: str
    data: Mapping[str, object]
    actor: str = "station"
    role: str = "station"
    session: str | None = None
    device: str | None = None
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded entry, with the exact bytes that were hashed."""

    v: int
    type: str
    index: int
    at: datetime
    mono_ns: int
    boot: str
    clock: str
    actor: str
    role: str
    session: str | None
    device: str | None
    counter: int | None
    salt: str
    data: dict[str, Any]
    raw: bytes


def make_entry(
    draft: Draft,
    *,
    index: int,
    at: datetime,
    mono_ns: int,
    boot: str,
    clock: str,
    salt: bytes,
) -> Entry:
    """An entry as its bytes read back; `salt` is 16 random bytes, `at` an aware time.

    Raises `JournalUnwritable` for more than 65,535 bytes, and for whatever could not be read back.
    """
    session = f"S-{index}" if draft.session == NEW_SESSION else draft.session
    fields = {
        "v": LAYOUT,
        "type": draft.type,
        "index": index,
        "at": moment(at),
        "mono_ns": mono_ns,
        "boot": boot,
        "clock": clock,
        "actor": draft.actor,
        "role": draft.role,
        "session": session,
        "device": draft.device,
        "counter": draft.counter,
        "salt": base64.urlsafe_b64encode(salt).rstrip(b"=").decode(),
        "data": dict(draft.data),
    }
    try:
        raw = _ENCODER.encode(fields).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise JournalUnwritable(
            f"An entry of type {draft.type!r} holds what JSON cannot carry: {error}."
        ) from error
    try:
        return read_entry(raw)
    except JournalBroken as error:
        raise JournalUnwritable(
            f"An entry of type {draft.type!r} was not made, since it could not be read back: "
            f"{error}"
        ) from error


def moment(at: datetime) -> str:
    """A time as entries write it: UTC to the microsecond, ending in Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_entry(raw: bytes) -> Entry:
    """Read the bytes of an entry; raises `JournalBroken` saying what is wrong with them."""
    if len(raw) > LONGEST_BYTES:
        raise JournalBroken(f"An entry has {len(raw)} bytes; at most {LONGEST_BYTES} are allowed.")
    try:
        fields = _DECODER.decode(raw.decode())
    except (ValueError, RecursionError) as error:
        raise JournalBroken(f"An entry is not UTF-8 JSON as entries are written: {error}.") from (
            error
        )
    if not isinstance(fields, dict):
        raise JournalBroken("An entry is not a JSON object.")
    if fields.get("v") != LAYOUT or isinstance(fields["v"], bool):
        raise JournalBroken(
            f"An entry has the layout {fields.get('v')!r}, which is not known here."
        )
    if tuple(fields) != _FIELDS or type_of(raw) != fields["type"]:
        raise JournalBroken(
            f"An entry does not have the fields of layout {LAYOUT}, in their order and at their "
            "place."
        )
    _check(fields)
    try:
        fields["at"] = datetime.fromisoformat(fields["at"])
    except ValueError as error:
        raise JournalBroken(f"An entry's time cannot be: {fields['at']!r}.") from error
    return Entry(**fields, raw=raw)


def read_entry_at(index: int, raw: bytes) -> Entry:
    """Read the entry at a place of the journal; raises `JournalBroken` where it is another's."""
    try:
        entry = read_entry(raw)
    except JournalBroken as error:
        raise JournalBroken(f"At place {index}: {error}") from error
    if entry.index != index:
        raise JournalBroken(f"At place {index} stands an entry that says it is {entry.index}.")
    return entry


def type_of(raw: bytes) -> str | None:
    """The type as it stands at its fixed place, without reading the rest; None if it is not there.

    What `read_entry` accepts has its type there, and has no other.
    """
    if not raw.startswith(_HEAD):
        return None
    return raw[len(_HEAD) : raw.find(b'"', len(_HEAD))].decode(errors="replace")


def session_start(session: str) -> int:
    """The index of a session's first entry, from its name `S-<index>`."""
    return int(session.removeprefix("S-"))


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
)
_DECODER = json.JSONDecoder(object_pairs_hook=_without_doubles, parse_constant=_no_constant)


def _check(fields: Mapping[str, Any]) -> None:
    """Raises `JournalBroken` for the first field that is not what it has to be."""
    for name, is_right in _RIGHT:
        if not is_right(fields[name]):
            raise JournalBroken(
                f"An entry's field {name} is not as layout {LAYOUT} has it: {fields[name]!r:.80}."
            )
    if fields["session"] is not None and session_start(fields["session"]) > fields["index"]:
        raise JournalBroken(
            f"Entry {fields['index']} names session {fields['session']}, which would begin later."
        )


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _or_none(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_right(value)


def _counts(value: object) -> bool:
    return type(value) is int and value >= 0


def _says(value: object) -> bool:
    return isinstance(value, str) and value != ""


_RIGHT: tuple[tuple[str, Callable[[object], bool]], ...] = (
    ("type", _matches(_TYPE)),
    ("index", _counts),
    ("at", _matches(_AT)),
    ("mono_ns", _counts),
    ("boot", _says),
    ("clock", lambda value: isinstance(value, str) and value in CLOCK_STATES),
    ("actor", _says),
    ("role", _says),
    ("session", _or_none(_matches(_SESSION))),
    ("device", _or_none(_says)),
    ("counter", _or_none(_counts)),
    ("salt", _matches(_SALT)),
    ("data", lambda value: isinstance(value, dict)),
)
"""What each field has to be; whether `at` is a moment that there is, is seen when it is read."""
