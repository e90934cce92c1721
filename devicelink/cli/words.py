"""Sentences that several commands say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink.session.permit import Verdict
    from devicelink.station import Station

SIMULATED = "SIMULATED: no real laser may be connected to this station."


def warn_simulated(station: Station) -> None:
    """Said at each start of a simulated station, on stderr (design rule 8)."""
    if station.simulated:
        print(SIMULATED, file=sys.stderr)


def verdict_text(verdict: Verdict) -> str:
    """A verdict for people: what refuses first, each with its remedy."""
    head = "PERMITTED" if verdict.permitted else "REFUSED"
    ordered = sorted(verdict.findings, key=lambda finding: finding.severity.value)
    lines = [head]
    for finding in ordered:
        mark = "✗" if finding.severity.value == "refuse" else "!"
        lines.append(f"  {mark} {finding.sentence}\n      → {finding.remedy}")
    return "\n".join(lines)
