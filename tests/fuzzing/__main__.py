"""Looks for bytes that a decoder does not expect: `python -m tests.fuzzing TARGET SECONDS`.

Needs atheris (`make fuzz` installs it). What it finds is left in the current folder as `crash-…`:
mend the decoder, and keep the file in `tests/corpora/TARGET/`, where an ordinary test replays it.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

import atheris

WIRES = ("ipg", "uc2000", "bigsky", "nkt", "ophir", "interlock", "olcp")
OURS = ["devicelink", *(f"devicelink_{wire}{end}" for wire in WIRES for end in ("", "_sim"))]
with atheris.instrument_imports(include=OURS):
    for package in OURS:
        importlib.import_module(package)  # those that are loaded by their entry point later, too
    from tests.fuzzing.targets import TARGETS

CORPORA = Path(__file__).parents[1] / "corpora"


def main(name: str, seconds: str) -> None:
    """Run one target; the kept corpus is read, and nothing is written into it."""
    if name not in TARGETS:
        sys.exit(f"There is no target {name!r}. Targets: {', '.join(TARGETS)}.")
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024"]
    kept = [str(path) for path in (CORPORA / name,) if path.is_dir()]
    atheris.Setup([sys.argv[0], *options, tempfile.mkdtemp(), *kept], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:]:
        main(*sys.argv[1:])
    else:
        sys.stdout.write(" ".join(TARGETS) + "\n")
