"""Facts that the journal could not take, kept as files outside the station's folder.

A file is a JSON list of drafts with the time at which they were kept. While one names a device,
or cannot be read, or names none, that device counts as held. A file is removed only after its
facts are in the journal: after a crash in between they are there twice, with the same `kept.file`.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from devicelink.errors import JournalBroken, JournalUnwritable
from devicelink.journal.entry import Draft, moment
from devicelink.runtime import held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from devicelink.journal.entry import Entry
    from devicelink.journal.store import Journal
    from devicelink.runtime import Disk, Runtime

_PATTERN = "kept-*.json"
_LOCK_FILE = "kept.lock"
_TELL_APART_BYTES = 4


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file of kept facts; `problem` says why it cannot be read, and then `drafts` is empty.

    Each draft's data has the key `kept` with `file`, `at`, `mono_ns`, `boot` and `clock`.
    """

    path: Path
    drafts: tuple[Draft, ...]
    problem: str | None = None

    def concerns(self, device: str) -> bool:
        """Whether the device counts as held because of it; what cannot be read names no device."""
        devices = {draft.device for draft in self.drafts}
        return not devices or bool(devices & {device, None})


def keep(folder: Path, drafts: Sequence[Draft], runtime: Runtime) -> Path:
    """Write facts durably into `folder`, as one new file; raises `JournalUnwritable`."""
    now = runtime.now()
    time = {
        "at": moment(now),
        "mono_ns": runtime.mono_ns(),
        "boot": runtime.boot_id,
        "clock": runtime.clock_state(),
    }
    rows = [{**time, **asdict(draft), "data": dict(draft.data)} for draft in drafts]
    mark = runtime.random_bytes(_TELL_APART_BYTES).hex()
    path = folder / f"kept-{now:%Y%m%dT%H%M%S%f}-{mark}.json"
    try:
        runtime.disk.create(path, json.dumps(rows, ensure_ascii=False, default=str).encode())
    except (OSError, ValueError) as error:
        raise JournalUnwritable(
            f"Neither the journal nor {folder} takes the facts of this session: {error}."
        ) from error
    return path


def pending(folder: Path, disk: Disk, device: str | None = None) -> list[KeptFile]:
    """The files that wait for the journal, oldest first: all, or those that hold a device.

    Raises `JournalUnwritable` where the folder cannot be read.
    """
    try:
        files = [_read(path, disk) for path in disk.names(folder, _PATTERN)]
    except OSError as error:
        raise JournalUnwritable(f"The folder {folder} cannot be read: {error}.") from error
    return [file for file in files if device is None or file.concerns(device)]


def journal_kept(
    journal: Journal,
    folder: Path,
    runtime: Runtime,
    closing: Callable[[KeptFile], Sequence[Draft]] = lambda _: (),
) -> list[Entry]:
    """Bring all kept facts into the journal and remove their files; the entries made.

    `closing` gives what is recorded in the same append behind a file's facts: the session's end,
    the hold. Raises `JournalUnwritable`; where a file cannot be read, `JournalBroken` after the
    others are done, and the file stays.
    """
    made: list[Entry] = []
    if not pending(folder, runtime.disk):
        return made
    unread = []
    with _alone(folder, runtime):
        for file in pending(folder, runtime.disk):
            if file.problem is not None:
                unread.append(f"{file.path} ({file.problem})")
                continue
            made += journal.append_all([*file.drafts, *closing(file)])
            runtime.disk.remove(file.path)
    if unread:
        raise JournalBroken(f"Kept facts cannot be read: {', '.join(unread)}.")
    return made


def _read(path: Path, disk: Disk) -> KeptFile:
    try:
        rows: list[dict[str, Any]] = json.loads(disk.read(path))
        return KeptFile(path, tuple(_draft(path, row) for row in rows))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return KeptFile(path, (), problem=repr(error))


def _draft(path: Path, row: dict[str, Any]) -> Draft:
    time = {name: row.pop(name) for name in ("at", "mono_ns", "boot", "clock")}
    draft = Draft(**row)
    if not all(one is None or isinstance(one, str) for one in (draft.device, draft.session)):
        raise TypeError("its device or session is no text")
    return replace(draft, data={**draft.data, "kept": {"file": path.name, **time}})


@contextmanager
def _alone(folder: Path, runtime: Runtime) -> Iterator[None]:
    """One process at a time journals kept facts."""
    try:
        with held(runtime, folder / _LOCK_FILE):
            yield
    except OSError as error:
        raise JournalUnwritable(f"The facts in {folder} cannot be journalled: {error}.") from error
