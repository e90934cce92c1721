"""The oracle: what must hold in every run, judged from the lasers' truth and the wires.

Each rule is a function from the evidence of one laser to sentences, and its name is the rule's;
what must hold of the whole journal is asked for each laser. Nothing here asks the driver or the
session what it thinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink_simulation.world import (
    rules_away_from_light,
    rules_of_consoles,
    rules_of_ends,
    rules_of_others,
    rules_of_the_record,
    rules_towards_light,
)
from devicelink_simulation.world.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink_simulation.world.world import Ran

CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    *rules_towards_light.RULES,
    *rules_away_from_light.RULES,
    *rules_of_others.RULES,
    *rules_of_consoles.RULES,
    *rules_of_ends.RULES,
    *rules_of_the_record.RULES,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that did not hold, and where."""

    rule: str
    sentence: str


def judge(ran: Ran) -> list[Violation]:
    """Everything that did not hold in a run."""
    found = {
        Violation(check.__name__, _at(evidence, sentence)): None
        for evidence in (Evidence(ran, bench) for bench in ran.world.benches.values())
        for check in CHECKS
        for sentence in check(evidence)
    }
    return list(found)


def _at(evidence: Evidence, sentence: str) -> str:
    """Which laser it is about, where there are several."""
    several = len(evidence.ran.world.benches) > 1
    return f"{evidence.serial}: {sentence}" if several else sentence
