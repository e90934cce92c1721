"""The register of meters, folded from entries; what a wire does not tell, its papers say.

Neither calibration nor damage threshold is on a meter's wire: an administrator states them as the
papers of instrument and head give them, and the entry says who did.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from devicelink.errors import ConfigError
from devicelink.journal.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.journal.entry import Entry


class Meter(BaseModel):
    """One registered meter with the head that it was calibrated with; amounts are texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    serial: str
    driver: str
    port: str
    configuration: dict[str, str] = {}
    head_serial: str
    calibrated_on: date | None = None
    calibration_valid_until: date | None = None
    """The last day on which the calibration counts."""
    max_energy_j: str | None = None
    """Of one pulse; what the head bears by its papers, as the next ones."""
    max_power_w: str | None = None
    max_density_j_cm2: str | None = None
    wavelength_min_nm: str | None = None
    wavelength_max_nm: str | None = None
    registered_by: str = ""
    index: int = 0


def meters(state: Mapping[str, Mapping[str, object]]) -> dict[str, Meter]:
    """Every registered meter, by serial number."""
    return {serial: Meter.model_validate(found) for serial, found in state.items()}


def find(state: Mapping[str, Mapping[str, object]], serial: str) -> Meter:
    """One meter; raises `ConfigError` naming those that there are."""
    if serial not in state:
        known = ", ".join(sorted(state)) or "none"
        raise ConfigError(
            f"There is no meter {serial!r:.70} in the register. Registered: {known}. A new one: "
            "devicelink meter add SERIAL --driver NAME --port PORT --head SERIAL --by ID"
        )
    return Meter.model_validate(state[serial])


def _reduce(_old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    made = {**entry.data, "registered_by": entry.actor, "index": entry.index}
    return Meter.model_validate(made).model_dump(mode="json")


METERS = Projection(
    name="meters",
    types=frozenset({"meter.registered"}),
    key=lambda entry: str(entry.data.get("serial")),
    reduce=_reduce,
)
