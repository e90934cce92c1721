"""Where a station's folder lies, and what its `station.toml` says.

The file names the station for people and programs; what decides (simulated or real, drivers
allowed, trust) stands in the journal, so that nothing opens by editing a text file.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import quote

from devicelink.errors import ConfigError

STATION_FILE = "station.toml"
LONGEST_TEXT_BYTES = 16 * 1024**2
"""Above every document that is ever read here, and far below what a station's memory holds."""


@dataclass(frozen=True, slots=True)
class StationFile:
    """The content of `station.toml`; unknown keys are refused."""

    name: str
    origin: str

    def write(self, folder: Path) -> None:
        """Write it into a station's folder."""
        text = f'name = "{self.name}"\norigin = "{self.origin}"\n'
        (folder / STATION_FILE).write_text(text, encoding="utf-8")


def read_station_file(folder: Path) -> StationFile:
    """Read a station's file; raises `ConfigError` where there is none or it is unusable."""
    path = folder / STATION_FILE
    try:
        is_there = path.exists()
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be looked into: {error.strerror}. Work as the user whose "
            "station it is, or name another folder with --data DIR."
        ) from None
    if not is_there:
        raise ConfigError(
            f"There is no station in {folder}. If it lies elsewhere, name its folder with --data "
            "DIR. To make one: devicelink station init --by ID"
        )
    told = read_toml(path)
    keys = [field.name for field in fields(StationFile)]
    for key in (*keys, *told):
        if key not in told:
            raise ConfigError(f"{path}: {key} is missing.")
        if key not in keys:
            raise ConfigError(f"{path}: {key} is no key of this file: {' and '.join(keys)} are.")
        if not isinstance(told[key], str):
            raise ConfigError(f"{path}: {key} must be a text in quotes.")
    return StationFile(**{key: str(told[key]) for key in keys})


def read_toml(path: Path) -> dict[str, object]:
    """Read a TOML file; raises `ConfigError` with the place of the mistake."""
    try:
        return tomllib.loads(read_text(path, "file"), parse_float=Decimal)
    except RecursionError:
        raise ConfigError(f"The file {path} is not valid TOML: it is nested too deeply.") from None
    except InvalidOperation:
        raise ConfigError(f"The file {path} holds a number that is out of all bounds.") from None
    except ValueError as error:  # beside TOML's own, what Python says of a number too long
        raise ConfigError(f"The file {path} is not valid TOML: {error}.") from None


def read_text(path: Path, what: str) -> str:
    """Read a text file; raises `ConfigError` naming what it was meant to be."""
    try:
        with path.open("rb") as file:
            found = file.read(LONGEST_TEXT_BYTES + 1)
        if len(found) > LONGEST_TEXT_BYTES:
            mib = LONGEST_TEXT_BYTES // 1024**2
            raise ConfigError(f"The {what} {path} is longer than {mib} MiB. Is it the right file?")
        return found.decode()
    except FileNotFoundError:
        raise ConfigError(f"The {what} {path} does not exist.") from None
    except OSError as error:
        raise ConfigError(f"The {what} {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(
            f"The {what} {path} cannot be read: it is not UTF-8 text. Is it the right file?"
        ) from None


def data_folder(option: Path | None) -> Path:
    """The station's folder: the option, then `$DEVICELINK_DATA`, then the XDG state folder."""
    if option is not None:
        return option
    named = os.environ.get("DEVICELINK_DATA")
    if named:
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "devicelink"


def mirror_folder(origin: str) -> Path:
    """Where a station keeps checkpoints and facts outside its own folder."""
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(config) / "devicelink" / origin


def device_file(serial: str, ending: str) -> str:
    """The name of a device's file in `locks/` and `guard/`, whatever its serial number holds."""
    return f"{quote(serial, safe='')}.{ending}"
