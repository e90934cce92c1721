"""A card beside the lock file: how to reach a device when the journal cannot be read.

Locking needs nothing (design rule 3). The card is believed for locking only, never for unlocking.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from devicelink.config import device_file

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.devices.register import Device


class Card(BaseModel):
    """The few facts that locking takes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    serial: str
    driver: str
    port: str
    configuration: dict[str, str]


def write_card(folder: Path, device: Device) -> None:
    """Write or replace a device's card."""
    path = folder / "locks" / device_file(device.serial, "json")
    path.parent.mkdir(parents=True, exist_ok=True)
    card = Card(
        serial=device.serial,
        driver=device.driver,
        port=device.port,
        configuration=device.configuration,
    )
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(card.model_dump()), encoding="utf-8")
    fresh.replace(path)


def read_card(folder: Path, serial: str) -> Card | None:
    """A device's card, or None where there is none that can be read."""
    try:
        text = (folder / "locks" / device_file(serial, "json")).read_text(encoding="utf-8")
        card = Card.model_validate_json(text)
    except (OSError, ValidationError, UnicodeDecodeError):
        return None
    return card if card.serial == serial else None
