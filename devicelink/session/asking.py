"""One word asked of another process at a socket, and its answer: one line of JSON each way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devicelink.runtime import Runtime, Service


def answer_word(
    path: Path, word: bytes, runtime: Runtime, answer: Callable[[], dict[str, object]]
) -> Service:
    """Answer this word at a path, and nothing else, until closed; raises `OSError`."""

    def line(asked: bytes) -> bytes:
        return json.dumps(answer()).encode() + b"\n" if asked == word else b""

    return runtime.serve(path, line)


def ask_word(
    path: Path, word: bytes, runtime: Runtime, within_s: float
) -> dict[str, object] | None:
    """The answer of whoever serves a path; None where none came in time that can be read."""
    try:
        answer = json.loads(runtime.ask(path, word, within_s) or b"null")
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
