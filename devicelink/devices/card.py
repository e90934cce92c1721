"""A card beside the lock file: how to reach a device when the journal cannot be read.

Locking needs nothing (design rule 3). The card is believed for locking only, never for unlocking.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from devicelink.config import device_file

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.devices.register import Device
    from devicelink.runtime import Disk


class Card(BaseModel):
    """The few facts that locking takes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    serial: str
    driver: str
    port: str
    configuration: dict[str, str]


def write_card(folder: Path, device: Device, disk: Disk) -> None:
    """Write or replace a device's card; raises `OSError`."""
    card = Card(
        serial=device.serial,
        driver=device.driver,
        port=device.port,
        configuration=device.configuration,
    )
    disk.replace(_path(folder, device.serial), json.dumps(card.model_dump()).encode())


def read_card(folder: Path, serial: str, disk: Disk) -> Card | None:
    """A device's card, or None where there is none that can be read."""
    try:
        card = Card.model_validate_json(disk.read(_path(folder, serial)))
    except (OSError, ValidationError):
        return None
    return card if card.serial == serial else None


def carded(folder: Path, disk: Disk) -> list[str]:
    """The devices that have a card which can be read."""
    found = []
    for path in disk.names(folder / "locks", "*.json"):
        with contextlib.suppress(OSError, ValidationError):
            found.append(Card.model_validate_json(disk.read(path)).serial)
    return found


def _path(folder: Path, serial: str) -> Path:
    return folder / "locks" / device_file(serial, "json")
