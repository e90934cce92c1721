"""The authors' guide is true: what it gives is a driver that installs, conforms and runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from devicelink import driver
from devicelink_simulation.conformance import Profile, Strange
from tests.clinic import wait
from tests.guide import EXAMPLE, GUIDE, ROOT, files_in, members_in
from tests.test_packaging import UNREACHABLE, files, install, words

TYPED = ("devicelink_aurora/py.typed", "devicelink_aurora_sim/py.typed")


def test_the_guides_blocks_are_the_examples_files():
    """Every file but the empty markers stands whole in it; `python -m tests.guide` renews it."""
    there = {
        name.removeprefix("docs/example-driver/"): (ROOT / name).read_text()
        for name in files()
        if name.startswith("docs/example-driver/")
    }
    assert [there.pop(name) for name in TYPED] == ["", ""]
    assert files_in(GUIDE.read_text()) == there


RECORDS = (
    *(driver.Declaration, driver.SettingSpec, driver.LockWay, driver.Line, driver.Identity),
    *(driver.Status, driver.Reading, driver.Effective, driver.LockReading, Profile, Strange),
)
BESIDE = {"Wire": {"resealed": True}, "Driver": {"identifying_details": True}}
"""What a driver may have beside the contract."""


@pytest.mark.parametrize("part", RECORDS)
def test_the_guide_lists_every_member_and_what_may_be_left_out(part):
    """As the contract has it: no member more, none less."""
    told = {
        each.name: each.default is not MISSING or each.default_factory is not MISSING
        for each in fields(part)
    }
    assert members_in(GUIDE.read_text())[part.__name__] == told


@pytest.mark.parametrize("part", [driver.Driver, driver.Wire])
def test_the_guide_lists_what_a_driver_has_to_have(part):
    """Each attribute and method of the contract."""
    names = {*part.__annotations__, *vars(part)}
    told = {name: False for name in names if not name.startswith("_")}
    assert members_in(GUIDE.read_text())[part.__name__] == told | BESIDE[part.__name__]


def test_the_guide_lists_the_words_for_what_is_not_shown():
    """Those that mean something; what only people read is a driver's own."""
    assert set(members_in(GUIDE.read_text())["not_shown"]) == set(driver.NOT_SHOWN)


def test_the_example_is_clean():
    """Types are strict, style and layout are the example's own settings'."""
    tool = Path(sys.executable).parent
    paths = [EXAMPLE / "devicelink_aurora", EXAMPLE / "devicelink_aurora_sim"]
    for command in (
        [tool / "ruff", "check", "--no-cache", "."],
        [tool / "ruff", "format", "--no-cache", "--check", "."],
        [tool / "mypy", "--config-file", "pyproject.toml", "--cache-dir", os.devnull, *paths],
    ):
        done = words(*command, cwd=EXAMPLE)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_simulator_never_imports_the_driver():
    """Nor the driver the simulator, nor anything of devicelink but the contract."""
    for path in (EXAMPLE / "devicelink_aurora_sim").glob("*.py"):
        assert not re.search(r"(from|import) devicelink_aurora\b(?!_)", path.read_text()), path
    allowed = {"driver", "link.framing", "errors", "units"}
    for path in (EXAMPLE / "devicelink_aurora").glob("*.py"):
        named = re.findall(r"(?m)^\s*(?:from|import) (devicelink[\w.]*)", path.read_text())
        for name in named:
            ours = name.removeprefix("devicelink.") in allowed
            assert ours or name.startswith("devicelink_aurora."), (path, name)
            assert not name.startswith("devicelink_aurora_sim"), path


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """An empty environment's `bin`, with devicelink's wheel and that of the guide's files alone."""
    root = tmp_path_factory.mktemp("beside")
    for name in files():
        target = root / "core" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    for name, content in {**files_in(GUIDE.read_text()), **dict.fromkeys(TYPED, "")}.items():
        target = root / "aurora" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    wheels = []
    for folder in ("core", "aurora"):
        built = words(sys.executable, "-m", "build", "--wheel", "--no-isolation", cwd=root / folder)
        assert built.returncode == 0, built.stdout + built.stderr
        wheels += (root / folder / "dist").glob("*.whl")
    venv.create(root / "empty")
    bin_ = root / "empty" / "bin"
    python = bin_ / "python"
    locked = install(python, "--require-hashes", "-r", ROOT / "requirements" / "run.txt")
    if locked.returncode and any(sign in locked.stderr for sign in UNREACHABLE):
        pytest.skip("the package registry cannot be reached; run this file with a network")
    assert locked.returncode == 0, locked.stderr
    done = install(python, "--no-index", *wheels)
    assert done.returncode == 0, done.stderr
    return bin_


@pytest.mark.timeout(900)
def test_it_is_listed_with_its_distribution(beside, tmp_path):
    """`driver list` and `sim list` name it as a package of its own, beside our own."""
    drivers = words(beside / "devicelink", "driver", "list", "--json", cwd=tmp_path)
    sims = words(beside / "devicelink", "sim", "list", "--json", cwd=tmp_path)
    for rows in (json.loads(drivers.stdout), json.loads(sims.stdout)["simulators"]):
        told = {row["name"]: (row["distribution"], row["problem"]) for row in rows}
        assert told["aurora"] == ("devicelink-aurora", None)
        assert told["ipg"] == ("devicelink", None)


@pytest.mark.timeout(900)
def test_it_conforms(beside, tmp_path):
    """Every check is done, none is exempt."""
    done = words(beside / "devicelink", "driver", "conform", "aurora", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    (profile,) = told["profiles"]
    assert (told["distribution"], told["conforms"]) == ("devicelink-aurora", True)
    assert {check["grade"] for check in profile["checks"]} == {"done"}


@pytest.mark.timeout(900)
def test_its_own_tests_pass(beside):
    """The tests that the guide gives, on what is installed in that environment."""
    (installed,) = beside.parent.glob("lib/python*/site-packages")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=beside.parent.parent / "aurora",
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(900)
def test_the_guides_commands_run_a_session_and_a_recording(beside, tmp_path):
    """Typed as they stand there: light by the pedal alone, and locked at the end."""
    shell = re.findall(r"(?m)^```sh\n(.*?)^```$", GUIDE.read_text(), re.DOTALL)
    (record,) = [block for block in shell if "driver record" in block]
    (session,) = [block for block in shell if "session run" in block]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env["PATH"] = f"{beside}:{env['PATH']}"
    truth, screen = tmp_path / "truth", tmp_path / "screen"
    laser = subprocess.Popen(
        [
            *(beside / "devicelink", "sim", "serve", "aurora", "--pty"),
            *("--link", tmp_path / "laser", "--truth", truth),
        ],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )

    def happened():
        told = [json.loads(line) for line in truth.read_text().rpartition("\n")[0].splitlines()]
        return [each["event"] for each in told]

    try:
        laser.stdout.readline()
        done = subprocess.run(
            ["bash", "-ec", record],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "00417" not in (tmp_path / "aurora.rec").read_text()
        with screen.open("w") as shown:
            ran = subprocess.Popen(
                ["bash", "-ec", session],
                cwd=tmp_path,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=shown,
                stderr=subprocess.STDOUT,
            )
        wait(lambda: "\nREADY " in screen.read_text() or ran.poll() is not None, 120)
        assert ran.poll() is None, screen.read_text()
        assert "light_on" not in happened()
        laser.stdin.write("footswitch=pressed\n")
        wait(lambda: "light_on" in happened())
        laser.stdin.write("footswitch=released\n")
        ran.wait(timeout=120)
    finally:
        laser.send_signal(signal.SIGTERM)
        laser.communicate(timeout=10)
    said = screen.read_text()
    assert ran.returncode == 0, said
    lit = [each for each in happened() if each in {"enabled", "disabled", "light_on", "light_off"}]
    assert lit == ["enabled", "light_on", "light_off", "disabled"]
    assert "SIM-00417 is locked" in said
    assert "VERIFIED" in said
