"""Chance, drawn from one seed; each who draws has a stream of its own, which no other moves."""

from __future__ import annotations

import random  # noqa: TID251  (seeded and repeatable, which is the point)

Dice = random.Random


def dice(seed: int, who: str) -> Dice:
    """The stream of one drawer; the same under every PYTHONHASHSEED."""
    return random.Random(f"{seed}/{who}")  # noqa: S311  (a game, not a secret)
