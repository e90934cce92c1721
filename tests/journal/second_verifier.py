"""The second verifier, asked as an auditor asks it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

VERIFIER = Path(__file__).parents[2] / "docs" / "verify" / "verify_tlog.py"


def second(*words):
    """What the second verifier says, with its exit code."""
    done = subprocess.run(
        [sys.executable, "-I", VERIFIER, "--json", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else None
