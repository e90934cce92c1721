"""SQLite on a simulated disk: a VFS inside the very SQLite library that the journal uses.

Installed once, as the default; paths under the mounted prefix go to the simulated disk, all others
to the VFS that was the default before. Nothing of SQLite or of the journal is replaced: pages,
write-ahead log, rollback journal and recovery are SQLite's own.

No callback may switch to another simulated process: C code is on the stack.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_double, c_int, c_int64, c_void_p
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from devicelink_simulation.world.disk import folder_of
from devicelink_simulation.world.sqlite_file import IOERR, OK, guarded, open_file, surprises

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.world.disk import ProcessDisk, SimDisk

_CANTOPEN = 14
_IOERR_DIR_FSYNC, _IOERR_DELETE, _IOERR_ACCESS, _IOERR_DELETE_NOENT = (
    IOERR | n << 8 for n in (5, 10, 13, 23)
)
_OPEN_CREATE, _OPEN_EXCLUSIVE = 0x4, 0x10
_OPEN_LOG = 0x800 | 0x4000 | 0x80000
"""A rollback journal, a super-journal, a write-ahead log."""
_ACCESS_EXISTS = 0
_LONGEST_PATH = 512
_VFS_NAME = b"devicelink-world"
_DAY_MS = 86_400_000
_NOW_MS = 2_461_041 * _DAY_MS
"""2025-12-31 12:00 UTC as a Julian day in milliseconds; any would do."""

_P = c_void_p

_VFS_TYPES: list[tuple[str, Any]] = [
    ("version", c_int),
    ("file_bytes", c_int),
    ("longest_path", c_int),
    ("next", _P),
    ("name", c_char_p),
    ("data", _P),
    ("open", CFUNCTYPE(c_int, _P, _P, _P, c_int, _P)),
    ("delete", CFUNCTYPE(c_int, _P, _P, c_int)),
    ("access", CFUNCTYPE(c_int, _P, _P, c_int, _P)),
    ("full_pathname", CFUNCTYPE(c_int, _P, _P, c_int, _P)),
    ("dl_open", _P),
    ("dl_error", _P),
    ("dl_sym", _P),
    ("dl_close", _P),
    ("randomness", CFUNCTYPE(c_int, _P, c_int, _P)),
    ("sleep", CFUNCTYPE(c_int, _P, c_int)),
    ("current_time", CFUNCTYPE(c_int, _P, _P)),
    ("last_error", _P),
    ("current_time_int64", CFUNCTYPE(c_int, _P, _P)),
]


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, version 2."""

    _fields_: ClassVar = _VFS_TYPES


class SqliteVfs:
    """The installed VFS; `sqlite_vfs()` gives the only one."""

    def __init__(self) -> None:
        self._library = _library()
        find = self._library.sqlite3_vfs_find
        find.restype = POINTER(_Vfs)
        self._original = find(None)
        self._address = ctypes.addressof(self._original.contents)
        self._disk: SimDisk | None = None
        self._current: Callable[[], ProcessDisk] | None = None
        self._prefix = b"\0"
        self._random = b""
        self._drawn = 0
        self._vfs = self._made()
        if self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) != OK:
            raise RuntimeError("SQLite did not take the simulated disk.")

    @property
    def surprises(self) -> list[BaseException]:
        """What callbacks raised and must not have: faults of this module or of `Operations`."""
        return surprises

    def mount(
        self, prefix: str, disk: SimDisk, current: Callable[[], ProcessDisk], *, seed: int = 0
    ) -> None:
        """Paths under `prefix` are on this disk from now on; `current` is the process that calls.

        What a process opened stays its own, on its own disk, whoever is current. Time stands still,
        sleeping takes none, randomness follows from `seed`.
        """
        self._disk, self._current = disk, current
        self._prefix = prefix.rstrip("/").encode() + b"/"
        self.reset_randomness(seed)

    def unmount(self) -> None:
        """Everything is as it was before; handles that are open stay on their disk."""
        self._disk = self._current = None
        self._prefix = b"\0"
        self._library.sqlite3_randomness(0, None)

    def reset_randomness(self, seed: int) -> None:
        """SQLite's own generator begins anew, from this seed."""
        self._random = seed.to_bytes(16, "big", signed=True)
        self._drawn = 0
        self._library.sqlite3_randomness(0, None)

    def _made(self) -> _Vfs:
        original = self._original.contents
        own = _Vfs(2, max(original.file_bytes, ctypes.sizeof(_P)), _LONGEST_PATH)
        own.longest_path = max(original.longest_path, _LONGEST_PATH)
        own.name = _VFS_NAME
        for name in ("dl_open", "dl_error", "dl_sym", "dl_close", "last_error"):
            setattr(own, name, getattr(original, name))
        types = dict(_VFS_TYPES)
        for name in ("open", "delete", "access", "full_pathname", "randomness", "sleep"):
            setattr(own, name, types[name](getattr(self, "_" + name)))
        own.current_time = types["current_time"](self._current_time)
        own.current_time_int64 = types["current_time_int64"](self._current_time_int64)
        return own

    def _name(self, name: int | None) -> str | None:
        """The path, where it is on the simulated disk."""
        if name is None:
            return None
        path = ctypes.string_at(name)
        return path.decode() if path.startswith(self._prefix) else None

    def _process(self) -> ProcessDisk:
        assert self._current is not None
        return self._current()

    def _open(
        self, _vfs: int, name: int | None, file: int, flags: int, flags_to: int | None
    ) -> int:
        path = self._name(name)
        if path is None:
            code: int = self._original.contents.open(self._address, name, file, flags, flags_to)
            return code
        _P.from_address(file).value = None
        if flags_to is not None:
            c_int.from_address(flags_to).value = flags

        def opened() -> int:
            process = self._process()
            found = process.disk.files.get(path)
            if found is None and not flags & _OPEN_CREATE:
                return _CANTOPEN
            if found is not None and flags & _OPEN_EXCLUSIVE:
                return _CANTOPEN
            is_new = found is None
            op = "make" if is_new else "open"
            process.before(op, path)
            found = found or process.disk.make(path)
            process.after(op, path)
            open_file(file, process, path, found, syncs_folder=is_new and flags & _OPEN_LOG != 0)
            return OK

        return guarded(opened, _CANTOPEN)

    def _delete(self, _vfs: int, name: int, sync_folder: int) -> int:
        path = self._name(name)
        if path is None:
            code: int = self._original.contents.delete(self._address, name, sync_folder)
            return code

        def delete() -> int:
            process = self._process()
            if path not in process.disk.files:
                return _IOERR_DELETE_NOENT
            process.before("delete", path)
            process.disk.delete(path)
            process.after("delete", path)
            return OK

        def sync() -> int:
            self._process().sync_folder(folder_of(path))
            return OK

        deleted = guarded(delete, _IOERR_DELETE)
        return guarded(sync, _IOERR_DIR_FSYNC) if deleted == OK and sync_folder else deleted

    def _access(self, _vfs: int, name: int, flags: int, to: int) -> int:
        path = self._name(name)
        if path is None:
            code: int = self._original.contents.access(self._address, name, flags, to)
            return code

        def access() -> int:
            process = self._process()
            process.before("stat", path)
            file = process.disk.files.get(path)
            is_there = file is not None and (flags != _ACCESS_EXISTS or len(file.cache) > 0)
            c_int.from_address(to).value = int(is_there)
            process.after("stat", path)
            return OK

        return guarded(access, _IOERR_ACCESS)

    def _full_pathname(self, _vfs: int, name: int, size: int, to: int) -> int:
        path = ctypes.string_at(name)
        if not path.startswith(self._prefix):
            code: int = self._original.contents.full_pathname(self._address, name, size, to)
            return code
        if len(path) >= size:
            return _CANTOPEN
        ctypes.memmove(to, path + b"\0", len(path) + 1)
        return OK

    def _randomness(self, _vfs: int, size: int, to: int) -> int:
        if self._disk is None:
            got: int = self._original.contents.randomness(self._address, size, to)
            return got
        self._drawn += 1
        seed = self._random + self._drawn.to_bytes(8, "big")
        ctypes.memmove(to, hashlib.shake_128(seed).digest(size), size)
        return size

    def _sleep(self, _vfs: int, microseconds: int) -> int:
        if self._disk is None:
            slept: int = self._original.contents.sleep(self._address, microseconds)
            return slept
        return microseconds

    def _current_time_int64(self, _vfs: int, to: int) -> int:
        if self._disk is None:
            code: int = self._original.contents.current_time_int64(self._address, to)
            return code
        c_int64.from_address(to).value = _NOW_MS
        return OK

    def _current_time(self, _vfs: int, to: int) -> int:
        if self._disk is None:
            code: int = self._original.contents.current_time(self._address, to)
            return code
        c_double.from_address(to).value = _NOW_MS / _DAY_MS
        return OK


def _library() -> ctypes.CDLL:
    """The SQLite inside the module that `devicelink.journal.database` takes."""
    try:
        module = importlib.import_module("pysqlite3._sqlite3")
    except ImportError:
        module = importlib.import_module("_sqlite3")
    if module.__file__ is None:
        raise RuntimeError("This Python's SQLite is not a library of its own.")
    return ctypes.CDLL(module.__file__)


@cache
def sqlite_vfs() -> SqliteVfs:
    """Install it when first asked; it stays for the life of the process."""
    return SqliteVfs()
