"""Whether a device's lifetime counter agrees with what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def reconcile(before: int | None, after: int | None, recorded: int) -> dict[str, object]:
    """What a counter says of a session, as an entry's data.

    `unexplained` counts pulses that nobody recorded; a counter that went backwards, or on by fewer
    than were recorded, says so. A wire without a counter gives `not_available`, never zero.
    """
    data: dict[str, object] = {"before": before, "after": after, "recorded": recorded}
    if before is None or after is None:
        return {**data, "unexplained": None, "why": "not_available"}
    if after < before:
        return {**data, "unexplained": None, "why": "went_backwards"}
    if after < before + recorded:
        return {**data, "unexplained": None, "why": "fewer_than_recorded"}
    return {**data, "unexplained": after - before - recorded, "why": None}


def hold_of(found: Mapping[str, object]) -> dict[str, object] | None:
    """The hold, as an entry's data, of a counter that counts less than it must; else None."""
    before, after, recorded = found["before"], found["after"], found["recorded"]
    sentences = {
        "went_backwards": f"Its lifetime counter went back, from {before} to {after}.",
        "fewer_than_recorded": f"Its lifetime counter went from {before} to {after}, "
        f"and {recorded} pulses were recorded meanwhile.",
    }
    sentence = sentences.get(str(found["why"]))
    return {"code": "counter_backwards", "sentence": sentence} if sentence else None
