"""What is built is whole: sdist, the wheel made of it, and an empty environment with that wheel."""

from __future__ import annotations

import configparser
import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("devicelink", "drivers", "simulators")
UNREACHABLE = ("Temporary failure in name resolution", "Connection refused", "Retrying (Retry(")
# put together, so that this file does not name what no file may name
LOCAL = re.compile("|".join([r"/(?:work|root|home/\w+|Users/\w+)(?=/\w)", r"/tmp/bash" + "_jobs"]))
HOSTS = re.compile(
    "|".join(
        [
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            "--(?:extra-)?index" + "-url",
            r"/sim" + "ple/",
        ]
    )
)


def files():
    """The repository's files as they lie in the working tree: tracked, and new ones not ignored."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if told.returncode:
        pytest.skip("not a git working tree; run this from a clone")
    names = {name for name in told.stdout.decode().split("\0") if name}
    return sorted(name for name in names if (ROOT / name).is_file())


def words(*command, cwd=None):
    """Run a command with nothing of this environment on its path; what it printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env.pop("VIRTUAL_ENV", None)
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def installer(python):
    """The words of `pip` that work on another environment, which needs none of its own for it."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]


def install(python, *what):
    """Install without what these depend on; what is never imported need not be compiled."""
    return words(*installer(python), "install", "-q", "--no-compile", "--no-deps", *what)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist and the wheel made from it, out of a clean copy of the working tree."""
    copy = tmp_path_factory.mktemp("copy")
    for name in files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    done = words(sys.executable, "-m", "build", "--no-isolation", cwd=copy)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,) = (copy / "dist").glob("*.tar.gz")
    (wheel,) = (copy / "dist").glob("*.whl")
    return sdist, wheel


def modules():
    """The Python files and markers that the wheel has to hold, by their place in it."""
    for name in files():
        top, _, rest = name.partition("/")
        if top in PACKAGES and name.endswith((".py", "py.typed")):
            yield name if top == "devicelink" else rest


def test_the_wheel_holds_every_module_and_nothing_else(built):
    """Core, drivers and simulators lie at the wheel's top; no tests, no docs, no folder between."""
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = set(modules())
    assert wanted <= names
    assert {"devicelink/errors.py", "devicelink_ipg/driver.py"} <= wanted
    assert "devicelink_ipg_sim/physics.py" in wanted
    tops = {name.split("/")[0] for name in names}
    assert all(top == "devicelink" or top.startswith("devicelink_") for top in tops), tops
    assert {name for name in names if name.endswith(".py")} <= wanted


def test_every_package_of_the_wheel_is_typed(built):
    """Each package says by its `py.typed` that its types may be believed."""
    with zipfile.ZipFile(built[1]) as wheel:
        names = wheel.namelist()
    tops = {name.split("/")[0] for name in names if name.endswith("/__init__.py")}
    assert {f"{top}/py.typed" for top in tops} <= set(names)


def test_the_wheels_entry_points_are_the_projects(built):
    """Command, drivers, simulators, sub-commands and ports are all declared in the wheel."""
    with zipfile.ZipFile(built[1]) as wheel:
        (name,) = [one for one in wheel.namelist() if one.endswith("/entry_points.txt")]
        points = configparser.ConfigParser()
        points.optionxform = str
        points.read_string(wheel.read(name).decode())
    wanted = {**PROJECT["entry-points"], "console_scripts": PROJECT["scripts"]}
    assert {group: dict(points[group]) for group in points.sections()} == wanted
    groups = {"drivers", "simulators", "commands", "ports"}
    assert {f"devicelink.{group}" for group in groups} <= set(wanted)


def test_the_wheel_tells_its_dependencies_and_licence(built):
    """Name, version, Python and every dependency are in its metadata, and the licence with it."""
    with zipfile.ZipFile(built[1]) as wheel:
        (name,) = [one for one in wheel.namelist() if one.endswith("/METADATA")]
        told = email.message_from_bytes(wheel.read(name))
        assert any(one.endswith("licenses/LICENSE") for one in wheel.namelist())
    assert (told["Name"], told["Version"]) == (PROJECT["name"], PROJECT["version"])
    assert told["Requires-Python"] == PROJECT["requires-python"]
    extras = [one for group in PROJECT["optional-dependencies"].values() for one in group]
    assert len(told.get_all("Requires-Dist")) == len(PROJECT["dependencies"]) + len(extras)


def test_the_sdist_can_be_worked_from(built):
    """The sdist holds what a stranger needs: code, tests, lock files, Makefile, licence."""
    with tarfile.open(built[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = {name for name in files() if not name.startswith(".ci/")}
    assert wanted - names <= {".gitignore"}
    assert not any(name.startswith((".venv", "dist", ".git/")) for name in names)


@pytest.mark.timeout(900)
def test_the_wheel_works_in_an_empty_environment(built, tmp_path):
    """With the locked dependencies alone the wheel lists its drivers and its simulators."""
    venv.create(tmp_path / "empty")
    bin_ = tmp_path / "empty" / "bin"
    python = bin_ / "python"
    locked = install(python, "--require-hashes", "-r", ROOT / "requirements" / "run.txt")
    if locked.returncode and any(sign in locked.stderr for sign in UNREACHABLE):
        pytest.skip(
            "the package registry cannot be reached; with a network run: "
            "pytest tests/test_packaging.py"
        )
    assert locked.returncode == 0, locked.stderr
    done = install(python, "--no-index", built[1])
    assert done.returncode == 0, done.stderr
    assert words(*installer(python), "check").returncode == 0
    told = {}
    for kind in ("driver", "sim"):
        listed = words(bin_ / "devicelink", kind, "list", "--json", cwd=tmp_path)
        assert listed.returncode == 0, listed.stderr
        told[kind] = json.loads(listed.stdout)
    points = PROJECT["entry-points"]
    for rows, group in ((told["driver"], "drivers"), (told["sim"]["simulators"], "simulators")):
        assert {row["name"] for row in rows} == set(points[f"devicelink.{group}"])
        for row in rows:
            assert row["problem"] is None
            assert (row["distribution"], row["version"]) == ("devicelink", PROJECT["version"])
    where = words(python, "-c", "import devicelink_ipg; print(devicelink_ipg.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(tmp_path)


def lines():
    """Every line of every text file of the repository, with its place."""
    for name in files():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{name}:{number}", line


def test_no_file_names_a_local_path():
    """Nothing in the repository names a folder of somebody's machine."""
    assert [(place, line) for place, line in lines() if LOCAL.search(line)] == []


def test_no_file_names_a_registry():
    """Lock files hold versions and hashes, never addresses; nor does anything else."""
    assert [(place, line) for place, line in lines() if HOSTS.search(line)] == []
    for name in ("run", "dev", "build"):
        locked = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert "://" not in locked
        assert "--hash=sha256:" in locked


def test_the_lock_pins_everything_by_hash():
    """Each locked requirement has one exact version and its hashes."""
    for name in ("run", "dev", "build"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
        pinned = [one for one in text.splitlines() if one and not one.lstrip().startswith("#")]
        assert pinned
        for one in pinned:
            assert re.match(r"[a-z0-9._\[\]-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", one), one
