"""A session as people read it: what was set and what came of it, before every entry."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from devicelink.treatment.energy import CHECK_ENDED
from devicelink.treatment.parameters import emitted, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from devicelink.journal.entry import Entry
    from devicelink.treatment.parameters import Emitted

_HEADS = ("", "requested", "effective", "measured")


def summary(entries: Sequence[Entry]) -> dict[str, object]:
    """For machines."""
    came = emitted(entries)
    return {
        "parameters": [asdict(each) for each in parameters(entries)],
        "emitted": asdict(came) if came else None,
    }


def summary_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """For people: a table of settings, what was emitted and measured, and the counter."""
    yield from _table(entries)
    came = emitted(entries)
    if came is not None:
        yield f"  {_emitted(came)}"
    for entry in entries:
        if entry.type == "counter.reconciled":
            yield f"  {_counter(entry)}"
        elif entry.type in CHECK_ENDED:
            yield f"  {entry.data['sentence']}"
            own = entry.data.get("calibration_port")
            if own:
                yield f"  {own['sentence']}"


def _table(entries: Sequence[Entry]) -> Iterator[str]:
    found = parameters(entries)
    rows = [
        (
            each.name,
            each.requested or "-",
            each.effective or "-",
            each.measured or "not reported",
        )
        for each in found
    ]
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(_HEADS, *rows, strict=True)]
    for row in (_HEADS, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
    where = {each.measured_where for each in found if each.measured_where}
    if where:
        yield f"  measured {', '.join(sorted(where))}, the mean of all pulses: no meter's word"


def _emitted(came: Emitted) -> str:
    sensed = f"{came.energy_mj} mJ" if came.energy_mj else "energy not sensed"
    cut = f", {came.aborted} of them cut short" if came.aborted else ""
    pulses = "1 pulse" if came.pulses == 1 else f"{came.pulses} pulses"
    scans = "1 scan" if came.scans == 1 else f"{came.scans} scans"
    return (
        f"emitted {pulses} in {scans}{cut}; {sensed}"
        if came.scans
        else f"emitted {pulses}; {sensed}"
    )


def _counter(entry: Entry) -> str:
    data = entry.data
    of = f" ({data['of']})" if data.get("of") else ""
    if data.get("why") == "not_available":
        return f"counter{of}: the laser shows none"
    if data.get("why") == "went_backwards":
        return f"counter{of}: WENT BACK from {data['before']} to {data['after']}"
    if data.get("why") == "fewer_than_recorded":
        return (
            f"counter{of}: {data['before']} to {data['after']}, which is FEWER than the "
            f"{data['recorded']} recorded"
        )
    return (
        f"counter{of}: {data['before']} to {data['after']}, {data['recorded']} recorded, "
        f"{data['unexplained']} unexplained"
    )
