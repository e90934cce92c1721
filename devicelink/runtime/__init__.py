"""The only room for time, sleep, threads, mailboxes, randomness, files and other processes."""

from __future__ import annotations

from devicelink.runtime.contract import (
    Latch,
    Mailbox,
    Process,
    Runtime,
    Service,
    Task,
    nanoseconds,
    seconds,
)
from devicelink.runtime.disk import Appender, Disk, MachineDisk
from devicelink.runtime.locks import held, is_held
from devicelink.runtime.threads import ThreadLatch, ThreadRuntime

__all__ = [
    "Appender",
    "Disk",
    "Latch",
    "MachineDisk",
    "Mailbox",
    "Process",
    "Runtime",
    "Service",
    "Task",
    "ThreadLatch",
    "ThreadRuntime",
    "held",
    "is_held",
    "nanoseconds",
    "seconds",
]
