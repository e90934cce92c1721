"""How long a person waits for the command line, beside its library alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.measuring import Row, in_turn

ROUNDS = 15


def rows() -> list[Row]:
    """`--help` imports and describes every command."""
    program = Path(sys.executable).with_name("devicelink")
    took = in_turn(
        ROUNDS,
        lambda: _run(str(program), "--help"),
        lambda: _run(sys.executable, "-c", "import typer"),
    )
    return [Row("devicelink --help", *took, 3.0, 'python -c "import typer"')]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
