"""The laser's own power meter: output averaged over a window."""

from __future__ import annotations

from collections import deque

_LONGEST_NS = 5_000_000_000


class PowerMeter:
    """Keeps the steps of output power over the longest window, 5 s; before the first it was 0."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: deque[tuple[int, float]] = deque()

    def step(self, at_ns: int, power_w: float) -> None:
        """From `at_ns` on the output is `power_w`."""
        self._steps.append((at_ns, power_w))
        while len(self._steps) > 1 and self._steps[1][0] <= at_ns - _LONGEST_NS:
            self._steps.popleft()

    def average_w(self, now_ns: int, window_ns: int) -> float:
        """Mean output over the window that ends now."""
        energy, end_ns = 0.0, now_ns
        for at_ns, power_w in reversed(self._steps):
            begin_ns = max(at_ns, now_ns - window_ns)
            energy += power_w * (end_ns - begin_ns)
            end_ns = begin_ns  # older steps than the window begin and end at its edge
        return energy / window_ns
