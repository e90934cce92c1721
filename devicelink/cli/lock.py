"""`devicelink lock DEVICE`: takes light away; needs nobody signed in, and no journal."""

from __future__ import annotations

import contextlib
import sys

from devicelink.cli.common import Data, Json, emit, open_station
from devicelink.cli.words import SIMULATED
from devicelink.config import data_folder, read_station_file
from devicelink.errors import ConfigError, DeviceLinkError, LockUnconfirmed


def lock(device: str, data: Data = None, as_json: Json = False) -> None:
    """Take light away and read back. Exit 3: the laser is NOT confirmed locked."""
    from devicelink.runtime import ThreadRuntime
    from devicelink.session.locking import lock_device

    try:
        locked = lock_device(data_folder(data), device, ThreadRuntime(), lambda: open_station(data))
    except ConfigError as error:
        raise LockUnconfirmed(
            "Nothing was locked. Press the laser's own red emergency stop now. "
            f"If the station lies elsewhere: `devicelink lock {device} --data FOLDER`. {error}"
        ) from None
    with contextlib.suppress(DeviceLinkError):
        if read_station_file(data_folder(data)).origin.startswith("simulated/"):
            print(SIMULATED, file=sys.stderr)
    if not locked.confirmed:
        raise LockUnconfirmed(f"{locked.at_the_laser} {locked.sentence}")
    emit(as_json, locked.as_json(), locked.sentence)
