"""Whether a device's lifetime counter agrees with what was recorded."""

from __future__ import annotations


def reconcile(before: int | None, after: int | None, recorded: int) -> dict[str, object]:
    """What a counter says of a session, as an entry's data.

    `unexplained` counts pulses that nobody recorded; a counter that went backwards says so. A wire
    without a counter gives `not_available`, never zero.
    """
    data: dict[str, object] = {"before": before, "after": after, "recorded": recorded}
    if before is None or after is None:
        return {**data, "unexplained": None, "why": "not_available"}
    if after < before:
        return {**data, "unexplained": None, "why": "went_backwards"}
    return {**data, "unexplained": after - before - recorded, "why": None}
