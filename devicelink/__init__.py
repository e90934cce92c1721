"""devicelink: the layer between technicians and the lasers that resurface skin.

The public names are resolved when first used, so that importing the package stays cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink.errors import DeviceLinkError, Finding
    from devicelink.journal.verify import verify
    from devicelink.registry import installed
    from devicelink.runtime import Runtime, ThreadRuntime
    from devicelink.station import Station

__all__ = [
    "DeviceLinkError",
    "Finding",
    "Runtime",
    "Station",
    "ThreadRuntime",
    "installed",
    "verify",
]

_HOMES = {
    "DeviceLinkError": "devicelink.errors",
    "Finding": "devicelink.errors",
    "Runtime": "devicelink.runtime",
    "Station": "devicelink.station",
    "ThreadRuntime": "devicelink.runtime",
    "installed": "devicelink.registry",
    "verify": "devicelink.journal.verify",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'devicelink' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
