"""The package's public names: all there, all cheap until used."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys

import pytest

import devicelink

HEAVY = ("pydantic", "sqlalchemy", "serial", "typer", "structlog", "cryptography", "joserfc")


def fresh(code):
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", devicelink.__all__)
def test_every_public_name_resolves(name):
    """Each name in `__all__` is there, and is the very object of its home."""
    home = importlib.import_module(devicelink._HOMES[name])
    assert getattr(devicelink, name) is getattr(home, name)


def test_homes_and_all_agree():
    """Every public name has a home and every home a public name, in sorted order."""
    assert sorted(devicelink._HOMES) == sorted(devicelink.__all__)
    assert devicelink.__all__ == sorted(devicelink.__all__)


def test_type_checkers_see_the_same_names():
    """The names imported for type checkers are those of `__all__`, from the same homes."""
    seen = {}
    for node in ast.walk(ast.parse(inspect.getsource(devicelink))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("devicelink."):
            seen |= {alias.name: node.module for alias in node.names}
    assert seen == devicelink._HOMES


def test_an_unknown_name_is_an_attribute_error():
    """Whatever is not public is missing as in any module."""
    with pytest.raises(AttributeError, match="no attribute 'Stations'"):
        _ = devicelink.Stations


def test_importing_the_package_imports_nothing_heavy():
    """A program that only imports devicelink loads none of its libraries."""
    heavy = fresh(
        f"import sys, devicelink; print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert heavy == "[]"


def test_catching_our_errors_stays_cheap():
    """The names that small programs need first load no library either."""
    heavy = fresh(
        "import sys; from devicelink import DeviceLinkError, Finding, Runtime, ThreadRuntime; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert heavy == "[]"


def test_star_import_gives_the_public_names():
    """`from devicelink import *` gives what `__all__` says."""
    names = fresh(
        "space = {}; exec('from devicelink import *', space); import devicelink; "
        "print(set(devicelink.__all__) <= set(space))"
    )
    assert names == "True"
