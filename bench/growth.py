"""How cost grows with the journal: `python -m bench.growth`; explained in docs/performance.md."""

from __future__ import annotations

import os
import statistics
import tempfile
from functools import partial
from pathlib import Path

from bench.journal import HERE, fill, new_journal, telemetry
from bench.measuring import seconds_of
from devicelink.journal.verify import verify
from devicelink.session.context import PROJECTIONS

SIZES = (1_000, 10_000, 100_000, 1_000_000)
APPENDS = 201


def main() -> None:
    """A table of journals of growing size."""
    print("| entries | file | append | first replay of a command | journal verify |")
    print("|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(dir=HERE) as name, new_journal(Path(name)) as journal:
        for size in SIZES:
            fill(journal, size)
            os.sync()  # what the disk still has to write is not the next append's
            megabytes = (Path(name) / "journal.db").stat().st_size / 1e6
            replay_s = seconds_of(lambda: journal.checked(PROJECTIONS[:1]))
            verify_s = seconds_of(lambda: verify(Path(name), projections=PROJECTIONS))
            draft = telemetry("S-1")
            append_s = statistics.median(
                seconds_of(partial(journal.append, draft)) for _ in range(APPENDS)
            )
            print(
                f"| {size:,} | {megabytes:,.1f} MB | {append_s * 1e6:.0f} µs | {replay_s:.2f} s | "
                f"{verify_s:.2f} s |",
                flush=True,
            )


if __name__ == "__main__":
    main()
