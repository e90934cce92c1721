"""Tables made from entries: one reducer serves the table and the hash-checked replay."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.journal.entry import Entry

State = dict[str, object]
"""What a projection knows under one key; JSON."""

States = dict[str, State]
"""Key to state."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True)
class Projection:
    """How entries become a table `projection_<name>` of key and state.

    `types` are the entries it wants, none named meaning all. `key` says under which key an entry
    counts, None for nowhere. `reduce` is pure: the old state (None at first) and an entry give the
    new state, which has to be JSON.
    """

    name: str
    types: frozenset[str]
    key: Callable[[Entry], str | None]
    reduce: Callable[[State | None, Entry], State]

    def wants(self, entry_type: str | None) -> bool:
        """Whether entries of this type count here; a type that is not known has to be looked at."""
        return not self.types or entry_type is None or entry_type in self.types

    def takes(self, entry: Entry) -> bool:
        """Whether this entry counts here."""
        return not self.types or entry.type in self.types


def write_state(state: State) -> str:
    """A state as it stands in a table."""
    return _ENCODER.encode(state)


def read_state(text: str) -> State:
    """A state from a table; raises `ValueError`."""
    state = json.loads(text)
    if not isinstance(state, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  callers wait for one kind
    return state
