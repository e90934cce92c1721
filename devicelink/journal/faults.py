"""What a verification found, as sentences, bounded in number."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from devicelink.errors import JournalBroken

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 100


class Faults:
    """Collects sentences; beyond the first hundred it only counts."""

    def __init__(self) -> None:
        self.found = 0
        self._sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """One more fault."""
        self.found += 1
        if self.found <= _MOST:
            self._sentences.append(sentence)

    @contextmanager
    def noting(self, prefix: str = "") -> Iterator[None]:
        """Note a `JournalBroken` of the block instead of raising it."""
        try:
            yield
        except JournalBroken as error:
            self.add(f"{prefix}{error}")

    def sentences(self) -> list[str]:
        """The faults, in the order found."""
        more = self.found - len(self._sentences)
        return [*self._sentences, *([f"{more} further faults are not listed."] if more else [])]


class Runs:
    """Places of one kind, neighbours held together as (first, last)."""

    def __init__(self) -> None:
        self._runs: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._runs)

    def add(self, place: int) -> None:
        """One more place, higher than those before."""
        if self._runs and self._runs[-1][1] == place - 1:
            self._runs[-1] = (self._runs[-1][0], place)
        elif len(self._runs) <= _MOST:
            self._runs.append((place, place))

    def named(self) -> Iterator[tuple[int, str]]:
        """The first place of each run, and the run in words."""
        for first, last in self._runs:
            yield first, f"entry {first}" if first == last else f"entries {first} to {last}"
