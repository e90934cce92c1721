"""The energy below which a pulse is none, as a part of the full scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_ophir_sim.meter import Meter

THRESHOLDS = (0.005 / 3, 0.005, 0.015)
"""Low, medium, high: a third of the default, it, thrice; how much it is is ours [?]."""
_USER_PARTS = 10_000


def user_threshold(meter: Meter) -> int:
    """`$UT` of the range now, in 1/10000 of its full scale."""
    chosen = dict(meter.host.user_thresholds)
    return chosen.get(max(0, meter.host.range_index), meter.inputs.user_threshold)


def least_part(meter: Meter) -> float:
    """That of `$UT` for a pyroelectric head, of `$ET` for others [?]."""
    if meter.inputs.head == "pyroelectric":
        return user_threshold(meter) / _USER_PARTS
    return THRESHOLDS[meter.host.threshold - 1]
