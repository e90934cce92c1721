"""What the entries of an energy check hold, besides its verdict: who measured whom, each pulse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from devicelink.driver import Effective
    from devicelink.session.facts import Facts
    from devicelink.session.metering import Pulse

ENERGY_SETTING = "energy_mj"


def parties(facts: Facts, device: str, effective: Effective | None) -> dict[str, object]:
    """Both instruments with their numbers, and the laser as it was measured."""
    check = facts.check
    return {
        "meter": check.papers.model_dump(mode="json") if check and check.papers else None,
        "meter_said": check.said.model_dump(mode="json") if check and check.said else None,
        "expected": {
            "energy_j": check.nominal_j if check else None,
            "from": check.nominal_from if check else None,
            "wavelength_nm": check.wavelength_nm if check else None,
            "tolerance_percent": check.tolerance_percent if check else None,
        },
        "laser": {
            "serial": device,
            "settings": dict(effective.settings) if effective else None,
            "settings_id": effective.settings_id if effective else None,
            "handpiece": effective.handpiece if effective else None,
            "tip": effective.tip if effective else None,
        },
        "checked": facts.energy.now.model_dump(mode="json") if facts.energy else None,
    }


def pulses_data(
    first: int,
    pulses: Sequence[Pulse],
    inside: Sequence[Mapping[str, str | None]],
    *,
    requested_mj: str | None,
    effective: Effective | None,
) -> dict[str, object]:
    """Some pulses in columns, the first of them by its number; `inside` is the laser's own word."""
    got_mj = effective.settings.get(ENERGY_SETTING) if effective else None
    return {
        "first": first,
        "last": first + len(pulses) - 1,
        "mono_ns": [pulse.at_ns for pulse in pulses],
        "energy_j": {
            "requested": float(requested_mj) / 1e3 if requested_mj else None,
            "effective": float(got_mj) / 1e3 if got_mj else None,
            "set_why": None if got_mj else "not_reported",
            "measured": [pulse.energy_j.value for pulse in pulses],
            "measured_where": "meter head",
            "measured_why": [pulse.energy_j.why for pulse in pulses],
        },
        "inside_laser": {
            name: [each.get(name) for each in inside] for name in sorted(set().union(*inside))
        },
    }
