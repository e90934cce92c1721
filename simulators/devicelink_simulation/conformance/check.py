"""The list of checks: a name, one sentence, and what runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink_simulation.conformance.subject import NotHeld

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.conformance.subject import Subject

    Run = Callable[[Subject], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a driver keeps; `run` raises `NotHeld` where it does not."""

    name: str
    sentence: str
    run: Run


def check(sentence: str) -> Callable[[Run], Check]:
    """Make a check of a function, whose name is the check's."""

    def made(run: Run) -> Check:
        return Check(run.__name__, sentence, run)

    return made


def hold(so: object, sentence: str) -> None:
    """Raise `NotHeld` where it is not so."""
    if not so:
        raise NotHeld(sentence)


def told(value: object, what: str) -> None:
    """Raise `NotHeld` where the profile leaves out what a check needs."""
    if not value:
        raise NotHeld(
            f"The profile does not name {what}: name it, or exempt this check with a reason."
        )
