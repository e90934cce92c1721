"""What the fuzzer, and people, found or might have found: replayed without a fuzzer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing.targets import TARGETS

CORPORA = Path(__file__).parent / "corpora"
KEPT = sorted(path.relative_to(CORPORA) for path in CORPORA.glob("*/*"))


@pytest.mark.parametrize("path", KEPT, ids=str)
def test_kept_bytes_give_a_value_or_the_documented_error(path):
    """A decoder returns, or raises what its docstring names, for every file that was kept."""
    TARGETS[path.parent.name]((CORPORA / path).read_bytes())


def test_every_decoder_has_kept_bytes():
    """No target is without a file, and no file without a target."""
    assert {path.parent.name for path in KEPT} == set(TARGETS)
