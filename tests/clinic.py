"""A simulated clinic for tests: a station with people, a maker, and lasers behind real ptys."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from devicelink.cli import main
from devicelink.station import Station

PIN = "274951"
CATALOGUE = """[[entries]]
achievement = "https://maker.example/resurfacing"
driver = "ipg"
models = ["SimuLase-1"]
firmware = ["*"]
procedures = ["treatment", "test_spot", "service", "training"]
ablative = false
operator_class = "any"
[entries.limits.diode_current_percent]
max = "60"
"""
SETTINGS = '[settings]\ndiode_current_percent = 35.0\ntrigger = "modulation"\n'
ACHIEVEMENT = "https://maker.example/resurfacing"
PATIENCE_S = 30.0
READING = {
    *(("session", "check"), ("session", "list"), ("session", "show"), ("station", "status")),
    *(("device", "list"), ("meter", "list"), ("trust", "list"), ("certificate", "show")),
}
"""They start no other process, and own no laser when they have answered."""


def here(*words, code=0):
    """Run a command in this process; it must end with `code`."""
    try:
        main([str(word) for word in words])
        ended = 0
    except SystemExit as end:
        ended = int(end.code or 0)
    assert ended == code, f"devicelink {' '.join(map(str, words))} ended with {ended}"


def asked_here(*words):
    """Exit code and JSON of a command in this process."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            main([str(word) for word in words])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    assert "error of its own" not in errors.getvalue(), errors.getvalue()
    return code, json.loads(said.getvalue())


def build(root: Path) -> None:
    """A station with an administrator, two technicians and a believed maker; no laser yet."""
    station, props = root / "station", root / "props"
    props.mkdir(parents=True)
    pin = props / "pin"
    pin.write_text(PIN)
    (props / "settings.toml").write_text(SETTINGS)
    (props / "catalogue.toml").write_text(CATALOGUE)
    by = ("--data", station, "--by", "t-ada", "--pin-file", pin)
    here("station", "init", "--simulated", *by, "--person-name", "Ada Berg")
    for person, name in (("t-ines", "Ines Okafor"), ("t-tom", "Tom Lind")):
        here("technician", "add", person, "--name", name, *by)
        here("technician", "pin", person, "--new-pin-file", pin, *by)
    key = props / "maker.key"
    here("trust", "new-issuer", key, "--id", "https://maker.example/issuer", "--name", "Maker")
    catalogue = props / "catalogue.jws"
    here(
        *("catalogue", "issue", props / "catalogue.toml", "--key", key, "--version", 1),
        *("--valid-until", "2099-12-31", "--output", catalogue),
    )
    here("trust", "add", f"{key}.pub", "--maker", "Maker", "--model", "SimuLase-1", *by)
    here("trust", "catalogue", catalogue, *by)
    issue(props, "t-ines", "2020-01-01", "2099-06-30")
    here("certificate", "import", props / "t-ines.jws", *by)


def issue(props: Path, person: str, valid_from: str, valid_until: str, key: str = "maker") -> Path:
    """A certificate signed with one of the props' keys."""
    output = props / f"{person}.jws"
    here(
        *("certificate", "issue", "--key", props / f"{key}.key", "--technician", person),
        *("--achievement", ACHIEVEMENT, "--valid-from", valid_from),
        *("--valid-until", valid_until, "--output", output),
    )
    return output


class Laser:
    """A simulated laser in a process of its own, behind a pty."""

    def __init__(self, folder: Path, name: str, *options: str, simulator: str = "ipg") -> None:
        self.link, self.truth_path = folder / name, folder / f"{name}.truth"
        words = ["sim", "serve", simulator, "--pty", "--link", str(self.link)]
        words += ["--set", "startup_s=0.3"] if simulator == "ipg" else []
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "devicelink", *words),
                *("--truth", str(self.truth_path), *options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.ready = json.loads(self.process.stdout.readline())

    def set(self, pair: str) -> None:
        """Change something at the laser."""
        self.process.stdin.write(pair + "\n")
        answer = json.loads(self.process.stdout.readline())
        assert answer["ok"], answer

    def truth(self):
        """What really happened so far."""
        whole, _, _ = self.truth_path.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def is_now(self, event: str) -> bool:
        """Whether `enabled` or `light_on` holds now."""
        opposite = {"enabled": "disabled", "light_on": "light_off"}[event]
        found = [e["event"] for e in self.truth() if e["event"] in {event, opposite}]
        return bool(found) and found[-1] == event

    def wait_for(self, event: str, session: subprocess.Popen | None = None) -> None:
        """Wait until `enabled` or `light_on` holds."""
        wait(lambda: self.is_now(event) or (session and session.poll() is not None))
        assert self.is_now(event), session and session.communicate()

    def close(self) -> None:
        """Switch it off."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=10)


class Clinic:
    """A copy of the built station with one laser registered."""

    driver = "ipg"
    """Its simulator's name, too."""

    def __init__(self, root: Path, template: Path, *options: str) -> None:
        shutil.copytree(template, root / "c")
        for mirror in template.parent.glob("config/**/checkpoint"):
            # of another copy of the same station, which went its own way
            shutil.rmtree(mirror) if mirror.is_dir() else mirror.unlink()
        self.station, self.props = root / "c" / "station", root / "c" / "props"
        self.pin = self.props / "pin"
        self.laser = Laser(self.props, "laser", *options, simulator=self.driver)
        self.by = ("--data", self.station, "--by", "t-ada", "--pin-file", self.pin)
        self.add_device()

    def add_device(self, *more: str, port: str | None = None) -> None:
        """Register the laser as the clinic would."""
        here(
            *("device", "add", "0917", "--driver", self.driver),
            *("--port", port or self.laser.link),
            *("--maker", "Maker", "--model", "SimuLase-1", "--udi", "SIM-1", *more, *self.by),
            *("--accept", "identity_asserted", "--accept", "counter_not_available"),
        )

    def session_words(self, *more: str, settings: str = "settings.toml") -> list[str]:
        """The words of `session run` for Ines; later options win."""
        return [
            *("session", "run", "SIM-0917", "--technician", "t-ines", "--client", "C-7"),
            *("--settings", str(self.props / settings), "--pin-file", str(self.pin)),
            *("--data", str(self.station), *more),
        ]

    def start(self, *more: str) -> subprocess.Popen:
        """A session as a process of its own."""
        words = self.session_words(*more)
        return subprocess.Popen(
            [sys.executable, "-m", "devicelink", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> subprocess.CompletedProcess:
        """A command as a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "devicelink", *map(str, words), "--data", str(self.station)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def ask(self, *words: str):
        """A command's JSON, with its exit code; one that only reads runs in this process."""
        if words[:2] in READING:
            return asked_here(*words, "--data", self.station, "--json")
        done = self.run(*words, "--json")
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout)

    def opened(self) -> Station:
        """The station in this process."""
        return Station.open(self.station)

    def until_ready_stands(self, session: subprocess.Popen) -> None:
        """Keep off while light would be a held control: READY recorded, and half a second old."""
        wait(lambda: self.entries("ready.confirmed") or session.poll() is not None)
        assert session.poll() is None, session.communicate()
        time.sleep(0.6)

    def entries(self, kind: str | None = None):
        """The journal's entries, of one type or all."""
        station = self.opened()
        found = [e for e in station.journal.entries() if kind is None or e.type == kind]
        station.journal.close()
        return found


def wait(condition, patience_s: float = PATIENCE_S):
    """Poll until a condition about a real process holds."""
    give_up = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < give_up, f"waited too long; running: {left_running('devicelink')}"
        time.sleep(0.005)
    return found


def processes(*marks: str) -> dict[int, str]:
    """Other processes whose command lines hold all the marks, by process id."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if all(mark in line for mark in marks):
                found[int(folder.name)] = line
    return found


def left_running(mark: str) -> list[str]:
    """Command lines of other processes that name `mark`."""
    return list(processes(mark).values())


def guard_pids(station: Path) -> list[int]:
    """Process ids of guards over a station."""
    return list(processes("devicelink.session.guard", str(station)))
