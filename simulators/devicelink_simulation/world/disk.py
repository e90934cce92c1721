"""The disk of one simulated machine: a page cache, what is durable below it, and the power.

Data written lies in the cache until its file is synced; a name made, taken away or changed until
its folder is (a sync of a file makes its own creation durable, as ext4, xfs and SQLite have it).
When the power goes, each 512-byte sector is left as it was at some moment since its last sync, each
unsynced size and name likewise. Folders, once made, stay.

`Operations` is told of every elementary operation and may strike it.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from devicelink_simulation.world.sim_file import SimFile

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from pathlib import Path

    from devicelink_simulation.world.sim_file import Dice

ROOMY_BYTES = 1 << 36


class ProcessDied(BaseException):
    """The simulated process ends here; nothing that it goes on to do has an effect."""


class Operations(Protocol):
    """Is told of each elementary operation of one process: before it, and after it took effect.

    `op` is one of open, make (a file), read, write, sync, truncate, delete, link, rename,
    sync_folder, list, stat, hold.
    """

    def before(self, op: str, path: str, size: int) -> int:
        """How many bytes of a write take effect: `size`, or fewer where `after` will raise.

        Raises `OSError` (there is no effect), `ProcessDied` (it died before).
        """
        ...

    def after(self, op: str, path: str) -> None:
        """Raises `ProcessDied` (it died just after)."""
        ...


class NoOperations:
    """Never strikes, and is not even asked."""

    def before(self, op: str, path: str, size: int) -> int:
        """All of it."""
        del op, path
        return size

    def after(self, op: str, path: str) -> None:
        """Nothing."""


NO_OPERATIONS = NoOperations()


def folder_of(path: str) -> str:
    """The name of the folder."""
    return path.rpartition("/")[0] or "/"


@dataclass(frozen=True, slots=True)
class _Renaming:
    """A change of names that is not durable yet: one gone, one there, or both."""

    file: SimFile
    gone: str | None
    there: str | None
    is_making: bool = False

    def apply(self, names: dict[str, SimFile]) -> None:
        if self.gone is not None and names.get(self.gone) is self.file:
            del names[self.gone]
        if self.there is not None:
            names[self.there] = self.file

    def concerns(self, folder: str) -> bool:
        return any(folder_of(n) == folder for n in (self.gone, self.there) if n is not None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Files by name, all durable, and folders: a template that many disks start from."""

    files: Mapping[str, bytes]
    folders: frozenset[str]


class SimDisk:
    """All files of one machine, by their exact paths; these methods are the kernel's, unstruck."""

    def __init__(self, *, free_bytes: int = ROOMY_BYTES) -> None:
        self.free_bytes = free_bytes
        self.files: dict[str, SimFile] = {}
        self.folders: set[str] = set()
        self._durable_names: dict[str, SimFile] = {}
        self._pending: list[_Renaming] = []
        self._processes: dict[Hashable, list[ProcessDisk]] = {}

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot, *, free_bytes: int = ROOMY_BYTES) -> SimDisk:
        """A disk that begins with a template."""
        disk = cls(free_bytes=free_bytes)
        disk.files = {path: SimFile(data) for path, data in snapshot.files.items()}
        disk._durable_names = dict(disk.files)
        disk.folders = set(snapshot.folders)
        return disk

    def snapshot(self) -> Snapshot:
        """What processes see now, as if it were all durable."""
        files = {path: bytes(file.cache) for path, file in self.files.items()}
        return Snapshot(files, frozenset(self.folders))

    def copy(self) -> SimDisk:
        """The same disk, with what is not durable yet, and without processes."""
        twins: dict[int, SimFile] = {}

        def twin(file: SimFile) -> SimFile:
            if id(file) not in twins:
                twins[id(file)] = file.copy()
            return twins[id(file)]

        disk = SimDisk(free_bytes=self.free_bytes)
        disk.folders = set(self.folders)
        disk.files = {path: twin(file) for path, file in self.files.items()}
        disk._durable_names = {path: twin(file) for path, file in self._durable_names.items()}
        disk._pending = [
            _Renaming(twin(each.file), each.gone, each.there, each.is_making)
            for each in self._pending
        ]
        return disk

    def put(self, path: Path | str, data: bytes) -> None:
        """A durable file from outside the world."""
        path = str(path)
        self.make_folder(folder_of(path))
        self.files[path] = self._durable_names[path] = SimFile(data)

    def make_folder(self, folder: str) -> None:
        """With those above it."""
        while folder not in self.folders:
            self.folders.add(folder)
            folder = folder_of(folder)

    def find(self, path: str) -> SimFile:
        """Raises `FileNotFoundError`."""
        if path not in self.files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.files[path]

    def make(self, path: str) -> SimFile:
        """An empty file; the name must be free."""
        self._rename(_Renaming(SimFile(), None, path, is_making=True))
        return self.files[path]

    def delete(self, path: str) -> None:
        """A name; raises `FileNotFoundError`."""
        self._rename(_Renaming(self.find(path), path, None))

    def link(self, path: str, to: str) -> None:
        """A further name; raises `FileNotFoundError`, `FileExistsError`."""
        file = self.find(path)
        if to in self.files:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), to)
        self._rename(_Renaming(file, None, to))

    def rename(self, path: str, to: str) -> None:
        """Another name, which may be taken; raises `FileNotFoundError`."""
        self._rename(_Renaming(self.find(path), path, to))

    def sync(self, file: SimFile) -> None:
        """A file's data, and that it was made."""
        file.sync()
        made = next((each for each in self._pending if each.is_making and each.file is file), None)
        if made is not None:
            earlier = self._pending[: self._pending.index(made)]
            same = [one for one in earlier if made.there in {one.gone, one.there}]
            self._settle(lambda each: each is made or each in same)

    def sync_folder(self, folder: str) -> None:
        """The names in a folder."""
        if self._pending:
            self._settle(lambda each: each.concerns(folder))

    def power_loss(self, dice: Dice) -> None:
        """The machine stops: its processes are gone, and what was not durable is left to chance."""
        for process in list(self._processes):
            self.died(process)
        names = dict(self._durable_names)
        kind = dice.randrange(4) if self._pending else 0
        until = dice.randrange(len(self._pending) + 1) if self._pending else 0
        for at, each in enumerate(self._pending):
            if (False, True, at < until, dice.random() < 0.5)[kind]:  # noqa: PLR2004 - a coin
                each.apply(names)
        self._pending.clear()
        left: dict[int, SimFile] = {}
        for path in sorted(names):
            file = names[path]
            if id(file) not in left:
                left[id(file)] = SimFile(file.survivors(dice))
            names[path] = left[id(file)]
        self.files, self._durable_names = names, dict(names)

    def joined(self, process: ProcessDisk) -> None:
        """A process uses this disk from now on."""
        self._processes.setdefault(process.process, []).append(process)

    def died(self, process: Hashable) -> None:
        """A process is gone: its handles are dead, its locks free; the cache stays."""
        for each in self._processes.pop(process, []):
            each.die()

    def _rename(self, change: _Renaming) -> None:
        change.apply(self.files)
        self._pending.append(change)

    def _settle(self, is_durable: Callable[[_Renaming], bool]) -> None:
        waiting = []
        for each in self._pending:
            if is_durable(each):
                each.apply(self._durable_names)
            else:
                waiting.append(each)
        self._pending = waiting


class OpenFile:
    """A file opened by one process; dead when that is."""

    __slots__ = ("dead", "file", "path", "process")

    def __init__(self, process: ProcessDisk, path: str, file: SimFile) -> None:
        self.process = process
        self.path = path
        self.file = file
        self.dead = False
        file.handles.append(self)
        process.handles[self] = None

    def close(self) -> None:
        """Let go of it."""
        self.process.handles.pop(self, None)
        if self in self.file.handles:
            self.file.handles.remove(self)

    def die(self) -> None:
        """Its process is gone."""
        self.dead = True
        self.close()


def _no_locks(path: Path) -> int | None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(path))


class ProcessDisk:
    """The disk as one process of the machine sees it; a `devicelink.runtime.Disk`."""

    def __init__(
        self,
        disk: SimDisk,
        process: Hashable,
        operations: Operations = NO_OPERATIONS,
        hold: Callable[[Path], int | None] = _no_locks,
    ) -> None:
        self.disk = disk
        self.process = process
        self.operations = operations
        self.strikes = not isinstance(operations, NoOperations)
        self.dead = False
        self.handles: dict[OpenFile, None] = {}
        self._hold = hold
        disk.joined(self)

    def die(self) -> None:
        """Only `SimDisk.died` and `SimDisk.power_loss` say this."""
        self.dead = True
        for handle in list(self.handles):
            handle.die()

    def before(self, op: str, path: str, size: int = 0) -> int:
        """Ask `Operations`; a process that dies here is dead for its disk at once."""
        if self.dead:
            raise ProcessDied(f"{self.process} is dead")
        if not self.strikes:
            return size
        try:
            return self.operations.before(op, path, size)
        except ProcessDied:
            self.disk.died(self.process)
            raise

    def after(self, op: str, path: str) -> None:
        """Tell `Operations`."""
        if self.strikes:
            try:
                self.operations.after(op, path)
            except ProcessDied:
                self.disk.died(self.process)
                raise

    def read(self, path: Path) -> bytes:
        """Opened and read as one."""
        name = str(path)
        self.before("read", name)
        data = bytes(self.disk.find(name).cache)
        self.after("read", name)
        return data

    def is_file(self, path: Path) -> bool:
        """By name."""
        return self._asked("stat", path) in self.disk.files

    def names(self, folder: Path, pattern: str) -> list[Path]:
        """The pattern is one name's, without folders."""
        prefix = self._asked("list", folder) + "/"
        files = self.disk.files
        inside = [name.removeprefix(prefix) for name in files if name.startswith(prefix)]
        fitting = [name for name in inside if "/" not in name and fnmatchcase(name, pattern)]
        return [folder / name for name in sorted(fitting)]

    def create(self, path: Path, data: bytes) -> None:
        """Written beside, synced, then linked."""
        self._written_beside(str(path), data, "link")

    def replace(self, path: Path, data: bytes) -> None:
        """Written beside, synced, then renamed."""
        self._written_beside(str(path), data, "rename")

    def append(self, path: Path, data: bytes) -> None:
        """One write, then a sync."""
        file = self._opened(str(path))
        self.extend(str(path), file, data)
        self._sync(str(path), file)

    def appender(self, path: Path) -> SimAppender:
        """Made where it is not there."""
        return SimAppender(self, str(path), self._opened(str(path)))

    def move(self, path: Path, to: Path) -> None:
        """Renamed, then the folder synced."""
        self._named("rename", str(path), str(to))
        self.sync_folder(str(to.parent))

    def remove(self, path: Path) -> None:
        """Deleted, then the folder synced."""
        if self._delete(str(path)):
            self.sync_folder(str(path.parent))

    def free_bytes(self, folder: Path) -> int:
        """As the disk says."""
        self._asked("stat", folder)
        return self.disk.free_bytes

    def usable(self, folder: Path) -> bool:
        """Whether it was made."""
        return self._asked("stat", folder) in self.disk.folders

    def hold(self, path: Path) -> int | None:
        """As the world's kernel does it."""
        self.before("hold", str(path))
        fd = self._hold(path)
        self.after("hold", str(path))
        return fd

    def _asked(self, op: str, path: Path) -> str:
        """Its name; what only looks takes effect nowhere."""
        name = str(path)
        self.before(op, name)
        self.after(op, name)
        return name

    def _written_beside(self, path: str, data: bytes, naming: str) -> None:
        folder = folder_of(path)
        being_made = path + ".new"
        self._delete(being_made)
        file = self._opened(being_made)
        try:
            self.extend(being_made, file, data)
            self._sync(being_made, file)
            self._named(naming, being_made, path)
        finally:
            self._delete(being_made)
        self.sync_folder(folder)

    def _opened(self, path: str) -> SimFile:
        file = self.disk.files.get(path)
        op = "make" if file is None else "open"
        self.before(op, path)
        if file is None:
            self.disk.make_folder(folder_of(path))
            file = self.disk.make(path)
        self.after(op, path)
        return file

    def extend(self, path: str, file: SimFile, data: bytes) -> None:
        """Bytes behind the last ones, not yet durable."""
        taken = self.before("write", path, len(data))
        if taken:
            file.write(len(file.cache), data[:taken])
        self.after("write", path)

    def _sync(self, path: str, file: SimFile) -> None:
        self.before("sync", path)
        self.disk.sync(file)
        self.after("sync", path)

    def sync_folder(self, folder: str) -> None:
        """The names in a folder."""
        self.before("sync_folder", folder)
        self.disk.sync_folder(folder)
        self.after("sync_folder", folder)

    def _named(self, op: str, path: str, to: str) -> None:
        self.before(op, to)
        (self.disk.link if op == "link" else self.disk.rename)(path, to)
        self.after(op, to)

    def _delete(self, path: str) -> bool:
        """Whether there was one."""
        if self.dead or path in self.disk.files:
            self.before("delete", path)
            self.disk.delete(path)
            self.after("delete", path)
            return True
        return False


class SimAppender:
    """A file that grows; nothing of it is durable by itself."""

    def __init__(self, process: ProcessDisk, path: str, file: SimFile) -> None:
        self._process = process
        self._path = path
        self._file = file

    def write(self, data: bytes) -> None:
        """One write."""
        self._process.extend(self._path, self._file, data)

    def close(self) -> None:
        """Nothing is held."""
