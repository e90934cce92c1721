"""A file of a simulated disk as SQLite has it open: the callbacks on it, its locks, shared memory.

Locks stand between handles as SQLite's unix VFS has them between processes. No callback raises.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
from ctypes import CFUNCTYPE, c_int, c_int64, c_void_p
from typing import TYPE_CHECKING, Any, ClassVar

from devicelink_simulation.world.disk import OpenFile, ProcessDied, folder_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.world.disk import ProcessDisk
    from devicelink_simulation.world.sim_file import SimFile

OK, IOERR = 0, 10
_BUSY, _NOTFOUND, _FULL = 5, 12, 13
_IOERR_READ, _IOERR_SHORT_READ, _IOERR_WRITE, _IOERR_FSYNC = (IOERR | n << 8 for n in (1, 2, 3, 4))
_IOERR_TRUNCATE, _IOERR_FSTAT, _IOERR_UNLOCK = (IOERR | n << 8 for n in (6, 7, 8))
_IOERR_LOCK, _IOERR_SHMLOCK, _IOERR_SHMMAP = (IOERR | n << 8 for n in (15, 20, 21))
_SHARED, _RESERVED, _PENDING = 1, 2, 3
_SHM_UNLOCK, _SHM_EXCLUSIVE = 1, 8
_SECTOR_BYTES = 4096
_POWERSAFE_OVERWRITE, _SUBPAGE_READ = 0x1000, 0x8000
"""As SQLite's unix VFS says of itself: bytes beside those written survive a loss of power."""

_P = c_void_p

_METHOD_TYPES: list[tuple[str, Any]] = [
    ("version", c_int),
    ("close", CFUNCTYPE(c_int, _P)),
    ("read", CFUNCTYPE(c_int, _P, _P, c_int, c_int64)),
    ("write", CFUNCTYPE(c_int, _P, _P, c_int, c_int64)),
    ("truncate", CFUNCTYPE(c_int, _P, c_int64)),
    ("sync", CFUNCTYPE(c_int, _P, c_int)),
    ("file_size", CFUNCTYPE(c_int, _P, _P)),
    ("lock", CFUNCTYPE(c_int, _P, c_int)),
    ("unlock", CFUNCTYPE(c_int, _P, c_int)),
    ("check_reserved_lock", CFUNCTYPE(c_int, _P, _P)),
    ("file_control", CFUNCTYPE(c_int, _P, c_int, _P)),
    ("sector_size", CFUNCTYPE(c_int, _P)),
    ("device_characteristics", CFUNCTYPE(c_int, _P)),
    ("shm_map", CFUNCTYPE(c_int, _P, c_int, c_int, c_int, _P)),
    ("shm_lock", CFUNCTYPE(c_int, _P, c_int, c_int, c_int)),
    ("shm_barrier", CFUNCTYPE(None, _P)),
    ("shm_unmap", CFUNCTYPE(c_int, _P, c_int)),
]


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, version 2."""

    _fields_: ClassVar = _METHOD_TYPES


class SharedMemory:
    """The index of a write-ahead log, shared by those that map it."""

    __slots__ = ("before_death", "regions", "users")

    def __init__(self) -> None:
        self.regions: list[Any] = []
        self.users: list[SqliteFile] = []
        self.before_death: list[bytes] | None = None

    def undo(self) -> None:
        """Take back what the C code of a dead process still did, before another one looks."""
        for region, before in zip(self.regions, self.before_death or (), strict=False):
            ctypes.memmove(region, before, len(before))


class SqliteFile(OpenFile):
    """A file that SQLite has open, its lock on it, and the shared memory's locks it holds."""

    __slots__ = ("exclusive", "lock", "memory", "shared", "syncs_folder")

    def __init__(self, process: ProcessDisk, path: str, file: SimFile) -> None:
        super().__init__(process, path, file)
        self.lock = 0
        self.memory: SharedMemory | None = None
        self.shared = 0
        self.exclusive = 0
        self.syncs_folder = False

    def close(self) -> None:
        """Locks go with it."""
        if self.memory is not None and self in self.memory.users:
            self.memory.users.remove(self)
            if not self.memory.users:
                self.file.memory = None
        super().close()

    def die(self) -> None:
        """Others that map the memory find it as it is at this moment."""
        super().die()
        if self.memory is not None and self.memory.users:
            self.memory.before_death = [bytes(region) for region in self.memory.regions]

    def others(self) -> list[int]:
        """The locks that other handles hold on this file."""
        return [h.lock for h in self.file.handles if isinstance(h, SqliteFile) and h is not self]


_open_files: dict[int, SqliteFile] = {}
"""By the address of the C structure; SQLite keeps it until it closes the file."""
surprises: list[BaseException] = []
"""What callbacks should never have raised."""


def _on_file(code: int) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """A callback on an open file; `code` is its error. A dead process changes nothing."""

    def wrap(method: Callable[..., int]) -> Callable[..., int]:
        def call(address: int, *arguments: Any) -> int:
            handle = _open_files[address]
            if handle.dead:
                if handle.memory is not None:
                    handle.memory.undo()
                return IOERR
            try:
                return method(handle, *arguments)
            except OSError as error:
                is_full = error.errno == errno.ENOSPC and code == _IOERR_WRITE
                return _FULL if is_full else code
            except ProcessDied:
                return IOERR
            except BaseException as error:  # noqa: BLE001 - nothing may pass through C
                surprises.append(error)
                return IOERR

        return call

    return wrap


def _close(address: int) -> int:
    handle = _open_files.pop(address)
    if handle.memory is not None and handle.dead:
        handle.memory.undo()
    handle.close()
    return OK


@_on_file(_IOERR_READ)
def _read(handle: SqliteFile, to: int, size: int, offset: int) -> int:
    process, cache = handle.process, handle.file.cache
    if process.strikes:
        process.before("read", handle.path, size)
    data = bytes(cache[offset : offset + size])
    ctypes.memmove(to, data, len(data))
    if process.strikes:
        process.after("read", handle.path)
    if len(data) < size:
        ctypes.memset(to + len(data), 0, size - len(data))
        return _IOERR_SHORT_READ
    return OK


@_on_file(_IOERR_WRITE)
def _write(handle: SqliteFile, data: int, size: int, offset: int) -> int:
    process = handle.process
    if not process.strikes:
        handle.file.write(offset, ctypes.string_at(data, size))
        return OK
    taken = process.before("write", handle.path, size)
    if taken:
        handle.file.write(offset, ctypes.string_at(data, taken))
    process.after("write", handle.path)
    return OK


@_on_file(_IOERR_TRUNCATE)
def _truncate(handle: SqliteFile, size: int) -> int:
    handle.process.before("truncate", handle.path, size)
    handle.file.truncate(size)
    handle.process.after("truncate", handle.path)
    return OK


@_on_file(_IOERR_FSYNC)
def _sync(handle: SqliteFile, _flags: int) -> int:
    process = handle.process
    process.before("sync", handle.path)
    process.disk.sync(handle.file)
    process.after("sync", handle.path)
    if handle.syncs_folder:
        handle.syncs_folder = False
        with contextlib.suppress(OSError):  # as there: what cannot be synced so is let be
            process.sync_folder(folder_of(handle.path))
    return OK


@_on_file(_IOERR_FSTAT)
def _file_size(handle: SqliteFile, to: int) -> int:
    c_int64.from_address(to).value = len(handle.file.cache)
    return OK


@_on_file(_IOERR_LOCK)
def _lock(handle: SqliteFile, level: int) -> int:
    if handle.lock >= level:
        return OK
    highest = max(handle.others(), default=0)
    if level == _SHARED:
        is_free = highest < _PENDING
    elif level == _RESERVED:
        is_free = highest < _RESERVED
    else:
        if highest < _RESERVED:
            handle.lock = _PENDING
        is_free = highest == 0
    if is_free:
        handle.lock = level
    return OK if is_free else _BUSY


@_on_file(_IOERR_UNLOCK)
def _unlock(handle: SqliteFile, level: int) -> int:
    handle.lock = min(handle.lock, level)
    return OK


@_on_file(_IOERR_LOCK)
def _check_reserved_lock(handle: SqliteFile, to: int) -> int:
    is_reserved = max(handle.lock, *handle.others(), 0) >= _RESERVED
    c_int.from_address(to).value = int(is_reserved)
    return OK


def _file_control(_address: int, _op: int, _argument: int | None) -> int:
    return _NOTFOUND


def _sector_size(_address: int) -> int:
    return _SECTOR_BYTES


def _device_characteristics(_address: int) -> int:
    return _POWERSAFE_OVERWRITE | _SUBPAGE_READ


@_on_file(_IOERR_SHMMAP)
def _shm_map(handle: SqliteFile, region: int, size: int, extend: int, to: int) -> int:
    memory = handle.file.memory
    if not isinstance(memory, SharedMemory):
        memory = handle.file.memory = SharedMemory()
    if handle.memory is None:
        handle.memory = memory
        memory.users.append(handle)
    memory.before_death = None
    while extend and len(memory.regions) <= region:
        memory.regions.append(ctypes.create_string_buffer(size))
    is_there = region < len(memory.regions)
    _P.from_address(to).value = ctypes.addressof(memory.regions[region]) if is_there else None
    return OK


@_on_file(_IOERR_SHMLOCK)
def _shm_lock(handle: SqliteFile, first: int, count: int, flags: int) -> int:
    mask = ((1 << count) - 1) << first
    memory = handle.memory
    if memory is None:
        return _IOERR_SHMLOCK
    memory.before_death = None
    if flags & _SHM_UNLOCK:
        handle.shared &= ~mask
        handle.exclusive &= ~mask
        return OK
    for user in memory.users:
        taken = user.exclusive | user.shared if flags & _SHM_EXCLUSIVE else user.exclusive
        if taken & mask and user is not handle:
            return _BUSY
    if flags & _SHM_EXCLUSIVE:
        handle.exclusive |= mask
    else:
        handle.shared |= mask
    return OK


def _shm_barrier(address: int) -> None:
    """Every callback is one already; a dead process's writes are taken back here too."""
    handle = _open_files[address]
    if handle.dead and handle.memory is not None:
        handle.memory.undo()


@_on_file(_IOERR_SHMMAP)
def _shm_unmap(handle: SqliteFile, _delete: int) -> int:
    memory, handle.memory = handle.memory, None
    handle.shared = handle.exclusive = 0
    if memory is not None and handle in memory.users:
        memory.users.remove(handle)
        if not memory.users:
            handle.file.memory = None
    return OK


METHODS = _Methods(
    2,
    *(
        kind(function)
        for (_, kind), function in zip(
            _METHOD_TYPES[1:],
            (
                *(_close, _read, _write, _truncate, _sync, _file_size, _lock, _unlock),
                *(_check_reserved_lock, _file_control, _sector_size, _device_characteristics),
                *(_shm_map, _shm_lock, _shm_barrier, _shm_unmap),
            ),
            strict=True,
        )
    ),
)


def open_file(
    address: int, process: ProcessDisk, path: str, file: SimFile, *, syncs_folder: bool
) -> None:
    """Fill SQLite's structure at this address, from here until it closes the file.

    `syncs_folder` is for a new journal or log: its first sync, as in SQLite's unix VFS, makes also
    the names in its folder durable.
    """
    handle = _open_files[address] = SqliteFile(process, path, file)
    handle.syncs_folder = syncs_folder
    _P.from_address(address).value = ctypes.addressof(METHODS)


def guarded(call: Callable[[], int], code: int) -> int:
    """What a call on a path says to SQLite, `code` where the disk refuses."""
    try:
        return call()
    except OSError:
        return code
    except ProcessDied:
        return IOERR
    except BaseException as error:  # noqa: BLE001 - nothing may pass through C
        surprises.append(error)
        return IOERR
