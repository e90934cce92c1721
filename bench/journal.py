"""Appending durably, beside bare inserts; verifying, beside the bare hashes of the same tree."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from bench.measuring import Row, in_turn
from devicelink.journal.entry import Draft
from devicelink.journal.keys import new_signer
from devicelink.journal.sqlite import address_of, connect, sqlite_module
from devicelink.journal.store import Journal
from devicelink.journal.verify import verify
from devicelink.runtime import ThreadRuntime
from devicelink.session.context import PROJECTIONS

ROUNDS = 301
GROUP, GROUP_ROUNDS = 256, 41
ENTRIES, VERIFY_ROUNDS = 1_000_000, 3
HERE = Path(__file__).parent
_ORIGIN = "simulated/bench/" + 32 * "0"
_DATA = {
    "state": {"phase": "READY", "evidence": "device_state"},
    "output_power_w": {"measured": "12.4", "why": None},
    "temperature_c": {"measured": "25.31"},
    "age_s": 0.0512,
}
_PACKED = 8192


def telemetry(session: str) -> Draft:
    """An entry of the kind that sessions make most of."""
    return Draft("telemetry.recorded", _DATA, "t-ines", "technician", session, "SIM-IPG-0917")


def new_journal(folder: Path) -> Journal:
    """With all projections of a station."""
    runtime = ThreadRuntime()
    return Journal.create(
        folder,
        origin=_ORIGIN,
        signer=new_signer(_ORIGIN, runtime),
        runtime=runtime,
        projections=PROJECTIONS,
        genesis=Draft("genesis", {}),
    )


def fill(journal: Journal, size: int) -> None:
    """Bring a journal to so many entries."""
    while (begun := journal.size) < size:
        count = min(_PACKED, size - begun)
        session = telemetry(f"S-{begun}")
        journal.append_all([telemetry("new"), *[session] * (count - 1)])


def append_rows() -> list[Row]:
    """One entry, and 256 as a group; the floor has the same SQLite, mode and durability."""
    sqlite = sqlite_module()
    # Beside this file rather than in /tmp, which may be memory: there nothing is durable.
    with tempfile.TemporaryDirectory(dir=HERE) as name, new_journal(Path(name)) as journal:
        path = Path(name) / "bare.db"
        path.touch()
        bare = connect(sqlite, address_of(path, read_only=False))
        in_wal = sqlite.sqlite_version_info >= (3, 51, 3)
        bare.execute(f"PRAGMA journal_mode={'WAL' if in_wal else 'DELETE'}")
        bare.execute(f"PRAGMA synchronous={'FULL' if in_wal else 'EXTRA'}")
        bare.execute("CREATE TABLE entries (idx INTEGER PRIMARY KEY, raw BLOB NOT NULL) STRICT")
        raw = journal.append(telemetry("new")).raw

        def insert(count: int) -> None:
            bare.execute("BEGIN IMMEDIATE")
            for _ in range(count):
                bare.execute("INSERT INTO entries (raw) VALUES (?)", (raw,))
            bare.execute("COMMIT")

        draft, group = telemetry("S-1"), [telemetry("S-1")] * GROUP
        one = in_turn(ROUNDS, lambda: journal.append(draft), lambda: insert(1))
        many = in_turn(GROUP_ROUNDS, lambda: journal.append_all(group), lambda: insert(GROUP))
        bare.close()
    return [
        Row("durable append of one entry", *one, 1.5, "one bare SQLite insert, as durable"),
        Row("durable append of 256 entries", *many, 6.0, "256 bare inserts in one transaction"),
    ]


def verify_rows() -> list[Row]:
    """A million entries, with the tables; the floor hashes the same bytes, on one core."""
    with tempfile.TemporaryDirectory(dir=HERE) as name:
        folder = Path(name)
        with new_journal(folder) as journal:
            fill(journal, ENTRIES)
            raws = [raw for batch in journal.raw_batches(0) for raw in batch]

        def ours() -> None:
            if not verify(folder, projections=PROJECTIONS).ok:
                raise SystemExit("The journal of the benchmark does not verify.")

        took = in_turn(VERIFY_ROUNDS, ours, lambda: _bare_tree(raws))
    return [Row("journal verify, 1,000,000 entries", *took, 2.5, "bare SHA-256 of the same tree")]


def _bare_tree(raws: list[bytes]) -> None:
    """Every leaf and every inner node, nothing else."""
    sha256, stack = hashlib.sha256, []
    for place, raw in enumerate(raws):
        made = sha256(b"\x00" + raw).digest()
        while place & 1:
            made = sha256(b"\x01" + stack.pop() + made).digest()
            place >>= 1  # noqa: PLW2901  the place of the node one level up
        stack.append(made)
