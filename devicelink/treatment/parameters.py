"""What a session was set to and what came of it: requested, effective, measured, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from devicelink.journal.entry import Entry

_REPORTS = frozenset({"scan.recorded", "pulses.recorded"})
_ENERGY = "energy_mj"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of a session; each value as the person or the wire wrote it, or None."""

    name: str
    requested: str | None
    effective: str | None
    measured: str | None
    measured_where: str | None
    why_not_measured: str | None


@dataclass(frozen=True, slots=True)
class Emitted:
    """What the laser reported of pulses and scans, added up."""

    scans: int
    pulses: int
    aborted: int
    energy_mj: str | None
    """As sensed inside the laser; None where it senses none, or not all."""


def parameters(entries: Sequence[Entry]) -> list[Parameter]:
    """Every setting that was asked for or is effective; the last word of the session counts."""
    requested: Mapping[str, str] = {}
    effective: Mapping[str, str] = {}
    for entry in entries:
        match entry.type:
            case "settings.requested":
                requested = dict(entry.data["settings"])
            case "settings.effective" | "settings.changed_at_panel":
                effective = dict(entry.data["settings"])
    measured, where = _mean_mj([report.data for report in _reports(entries)])
    return [
        Parameter(
            name=name,
            requested=requested.get(name),
            effective=effective.get(name),
            measured=measured if name == _ENERGY else None,
            measured_where=where if name == _ENERGY else None,
            why_not_measured=None if name == _ENERGY and measured else "not_reported",
        )
        for name in dict.fromkeys((*requested, *effective))
    ]


def emitted(entries: Sequence[Entry]) -> Emitted | None:
    """None where the laser reports nothing by itself."""
    reports = _reports(entries)
    if not reports:
        return None
    sums = [_measured(entry.data).get("sum") for entry in reports]
    told = [Decimal(each) for each in sums if each is not None]
    return Emitted(
        scans=sum(entry.type == "scan.recorded" for entry in reports),
        pulses=sum(_pulses(entry.data) for entry in reports),
        aborted=sum(entry.data.get("outcome") == "aborted" for entry in reports),
        energy_mj=str(sum(told)) if len(told) == len(sums) else None,
    )


def _reports(entries: Sequence[Entry]) -> list[Entry]:
    """What a console told of its pulses and scans."""
    return [entry for entry in entries if entry.type in _REPORTS and _ENERGY in entry.data]


def _pulses(report: Mapping[str, Any]) -> int:
    return int(report["last_pulse"]) - int(report["first_pulse"]) + 1


def _measured(report: Mapping[str, Any]) -> Mapping[str, str]:
    return report[_ENERGY].get("measured") or {}


def _mean_mj(reports: list[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """Over all pulses, by the scans' own sums; where it was measured, too."""
    sums = [(_measured(each).get("sum"), _pulses(each)) for each in reports]
    told = [(Decimal(total), pulses) for total, pulses in sums if total is not None and pulses]
    pulses = sum(each for _, each in told)
    if not pulses:
        return None, None
    mean = sum(total for total, _ in told) / pulses
    return f"{mean:.3f}", str(reports[-1][_ENERGY].get("measured_where"))
