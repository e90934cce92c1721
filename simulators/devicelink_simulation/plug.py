"""The plug between the host's port and a simulated device: it leaves, and may come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_simulation.faults import Faults
    from devicelink_simulation.truth import Truth

_UNPLUG = "unplug"


class Plug:
    """Whether the port is there, and how often it was plugged in, the first time included."""

    __slots__ = ("_back_ns", "_faults", "_truth", "plugged", "plugs")

    def __init__(self, faults: Faults, truth: Truth) -> None:
        self._faults = faults
        self._truth = truth
        self._back_ns: int | None = None
        self.plugged = True
        self.plugs = 1

    def next_ns(self) -> int | None:
        """When the port next leaves or comes back, as far as is known."""
        leaves_ns = self._faults.next_ns(_UNPLUG)
        if self.plugged or self._back_ns is None:
            return leaves_ns
        return self._back_ns if leaves_ns is None else min(leaves_ns, self._back_ns)

    def carries(self, due_ns: int) -> bool:
        """Whether the port will be there then, as far as is known now."""
        return self.plugged or (self._back_ns is not None and due_ns >= self._back_ns)

    def leave(self, now_ns: int) -> bool:
        """Let the port leave if a fault says so by now; whether one did."""
        leaves = self._faults.begun(now_ns, _UNPLUG)
        for begun in leaves:
            if self.plugged:
                self.plugged = False
                self._back_ns = begun.until_ns
                self._truth.note(begun.at_ns, "unplugged")
            elif self._back_ns is not None:
                until_ns = begun.until_ns
                self._back_ns = None if until_ns is None else max(self._back_ns, until_ns)
        return bool(leaves)

    def put_in(self, now_ns: int) -> None:
        """Somebody plugs the cable in again."""
        if not self.plugged:
            self._back_ns = now_ns
            self.come_back(now_ns)

    def come_back(self, now_ns: int) -> None:
        """Let the port come back if its time has come."""
        if not self.plugged and self._back_ns is not None and self._back_ns <= now_ns:
            self.plugged = True
            self.plugs += 1
            self._truth.note(self._back_ns, "plugged", plugs=self.plugs)
