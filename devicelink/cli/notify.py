"""Telling a service manager how a service stands: the protocol of sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket


def notify(line: str) -> None:
    """One state, as in `READY=1`; nothing where no manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(address)
        manager.send(line.encode())
