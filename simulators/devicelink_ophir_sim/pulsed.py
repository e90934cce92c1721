"""Words about pulses: thresholds, the longest pulse, the highest frequency.

Sources: the maker's manual for `$ET` and `$UT`; a host program by others for the replies to `$PL`,
`$MF` and a `$UT` out of range. Which heads and instruments know each of them is ours `[?]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_ophir_sim.thresholds import user_threshold
from devicelink_ophir_sim.words import (
    BAD_PARAMETER,
    OUT_OF_RANGE,
    WRONG_HEAD,
    Handler,
    Outcome,
    Said,
)

if TYPE_CHECKING:
    from devicelink_ophir_sim.meter import Meter


def _with_pyroelectric(handler: Handler) -> Handler:
    return lambda meter, text: (
        handler(meter, text) if meter.inputs.head == "pyroelectric" else WRONG_HEAD
    )


def _pulse_length(meter: Meter, text: str) -> Outcome:
    """`$PL`: the place in a list; 0 asks. Longer pulses than it says are not simulated."""
    lengths = meter.inputs.pulse_lengths.split()
    if text in {"", "0"}:
        return Said(f"{meter.host.pulse_length} {' '.join(lengths)}")
    if not (text.isdecimal() and 1 <= int(text) <= len(lengths)):
        return BAD_PARAMETER
    return Said("", lambda: meter.change(pulse_length=int(text)))


def _user_threshold(meter: Meter, text: str) -> Outcome:
    """`$UT`: in 1/10000 of the full scale, one for each range; nothing or 0 asks."""
    inputs = meter.inputs
    low, high = inputs.user_threshold_low, inputs.user_threshold_high
    if text in {"", "0"}:
        return Said(f"{user_threshold(meter)} {low} {high}")
    if not text.isdecimal():
        return BAD_PARAMETER
    if not low <= int(text) <= high:
        return OUT_OF_RANGE
    kept = {**dict(meter.host.user_thresholds), max(0, meter.host.range_index): int(text)}
    return Said("", lambda: meter.change(user_thresholds=tuple(kept.items())))


def _max_frequency(meter: Meter, _: str) -> Outcome:
    """`$MF`: Hz, as a whole number."""
    return Said(str(meter.inputs.max_frequency_hz))


PULSED: dict[str, Handler] = {
    "PL": _with_pyroelectric(_pulse_length),
    "UT": _with_pyroelectric(_user_threshold),
    "MF": _with_pyroelectric(_max_frequency),
}
