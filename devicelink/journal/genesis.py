"""What entry 0 binds: the journal's origin, its key, and whether the station is simulated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from devicelink.journal.entry import Draft
    from devicelink.journal.note import Signer

GENESIS = "genesis"
SIMULATED_PREFIX = "simulated/"


def bound_by_genesis(origin: str, vkey: str) -> dict[str, object]:
    """The part of the genesis entry's data that follows from origin and key."""
    return {"origin": origin, "vkey": vkey, "simulated": origin.startswith(SIMULATED_PREFIX)}


def genesis_draft(draft: Draft, origin: str, signer: Signer) -> Draft:
    """The draft with what it binds; raises `ConfigError` where it says something else."""
    bound = bound_by_genesis(origin, signer.vkey)
    if draft.type != GENESIS:
        raise ConfigError(f"Entry 0 of a journal is {GENESIS}, not {draft.type}.")
    if origin != signer.name:
        raise ConfigError(f"The key of {signer.name} cannot sign for the origin {origin}.")
    for name, value in bound.items():
        if draft.data.get(name, value) != value:
            raise ConfigError(f"The genesis entry says {name} = {draft.data[name]!r}, not {value}.")
    return replace(draft, data={**bound, **draft.data})
