"""`devicelink lock DEVICE`: takes light away; needs nobody signed in, and no journal."""

from __future__ import annotations

from devicelink.cli.common import Data, Json, emit
from devicelink.config import data_folder
from devicelink.errors import DeviceLinkError, LockUnconfirmed


def lock(device: str, data: Data = None, as_json: Json = False) -> None:
    """Take light away and read back. Exit 3: the laser is NOT confirmed locked."""
    from devicelink.runtime import ThreadRuntime
    from devicelink.session.locking import lock_device
    from devicelink.station import Station

    folder = data_folder(data)
    try:
        station: Station | None = Station.open(folder)
    except DeviceLinkError:
        station = None
    locked = lock_device(folder, device, ThreadRuntime(), station)
    if not locked.confirmed:
        raise LockUnconfirmed(f"{locked.sentence} {locked.at_the_laser}")
    emit(as_json, locked.as_json(), locked.sentence)
