"""The one room of the kit that draws random numbers: seeded, so that a run can be repeated."""

from __future__ import annotations

import random  # noqa: TID251  (seeded, repeatable noise is physics, not secrecy)


class Noise:
    """What a device does not do alike each time, the same for the same seed."""

    __slots__ = ("_source",)

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)  # noqa: S311  (physics, not secrecy)

    def gauss(self, sigma: float) -> float:
        """Normally distributed around zero, held to three sigma: a noise without wild values."""
        return max(-3 * sigma, min(3 * sigma, self._source.gauss(0.0, sigma)))

    def whole(self, below: int) -> int:
        """A whole number from 0, each as likely as another."""
        return self._source.randrange(below)


class Chance:
    """Whether something happens that has a probability; the same for the same seed and name."""

    __slots__ = ("_probability", "_source")

    def __init__(self, probability: float, seed: int, name: str) -> None:
        self._probability = probability
        self._source = random.Random(f"{seed} {name}")  # noqa: S311  (physics, not secrecy)

    def falls(self) -> bool:
        """Draw once more."""
        return self._source.random() < self._probability
