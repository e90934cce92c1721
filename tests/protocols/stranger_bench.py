"""Benches for the strangers of OLCP: our host, our console, and the project's other sides."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.clinic import Laser, wait
from tests.protocols.stranger_permit import public_bytes
from tests.protocols.stranger_wire import ARMING, EMITTING, READY
from tests.session.other_lasers import OtherClinic

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = "[settings]\nenergy_mj = 20.0\n"
PATIENCE_S = 30.0
SERIAL = "SIM-ST-1"


def lines_of(module: str, *words: str) -> subprocess.Popen:
    """A program of ours, whose lines can be read and to which lines can be written."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


class StrangerLaser(Laser):
    """Our console in a process of its own, behind a pty."""

    def __init__(self, folder: Path) -> None:
        self.link = folder / "stranger"
        self.process = lines_of(
            "tests.protocols.stranger_device", "--link", str(self.link), "--serial", SERIAL
        )
        self.ready = json.loads(self.process.stdout.readline())

    def set(self, pair: str) -> int:
        """Do something at the console, and give its state."""
        self.process.stdin.write(pair + "\n")
        return json.loads(self.process.stdout.readline())["state"]

    def until(self, pair: str, *states: int, session: subprocess.Popen) -> None:
        """Do it again and again until the console is in one of these states."""
        ends = time.monotonic() + PATIENCE_S
        while self.set(pair) not in states:
            assert session.poll() is None, session.communicate()
            assert time.monotonic() < ends, f"{pair} led nowhere"
            time.sleep(0.05)


class StrangerClinic(OtherClinic):
    """A copy of the built station with our console, which holds the station's permit key."""

    def __init__(self, root: Path, template: Path) -> None:
        shutil.copytree(template, root / "c")
        for mirror in template.parent.glob("config/**/checkpoint"):
            # of another copy of the same station, which went its own way
            shutil.rmtree(mirror) if mirror.is_dir() else mirror.unlink()
        self.station, self.props = root / "c" / "station", root / "c" / "props"
        self.pin = self.props / "pin"
        self.driver, self.told, self.registered = "olcp", SERIAL, ()
        self.serial = self.told
        self.by = ("--data", self.station, "--by", "t-ada", "--pin-file", self.pin)
        (self.props / "settings.toml").write_text(SETTINGS)
        self._believe_catalogue()
        self.laser = StrangerLaser(self.props)
        _, told = self.ask("station", "permit-key")
        self.laser.set("permit_key=" + told["public_key"])
        self.add_device()

    def in_a_scan(self, seconds: int) -> subprocess.Popen:
        """A session in which somebody presses READY and, once that is recorded, the footswitch."""
        session = self.start("--for", str(seconds), "--json")
        self.laser.until("ready_key=press", ARMING, session=session)
        self.laser.until("footswitch=released", READY, session=session)
        wait(lambda: self.entries("ready.confirmed") or session.poll() is not None)
        self.laser.until("footswitch=pressed", EMITTING, session=session)
        return session

    def run_with_a_scan(self) -> tuple[int, dict]:
        """A session with one whole scan."""
        session = self.in_a_scan(4)
        self.laser.until("well=scanner:yes", READY, session=session)
        self.laser.set("footswitch=released")
        return self.ended(session)

    def struck(self, knob: str, state: int) -> tuple[int, dict]:
        """A session in which something happens in the middle of a scan, and where that leads."""
        session = self.in_a_scan(30)
        assert self.laser.set(knob) == state
        return self.ended(session)


class SimulatedConsole(Laser):
    """The project's simulated console, with our host's key in its first slot."""

    def __init__(self, folder: Path, seed: str, *options: str) -> None:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        slot = f"permit_key_1={public_bytes(key).hex()}"
        super().__init__(folder, "console", "--set", slot, *options, simulator="olcp")


def attended(laser: Laser, port: str, seed: str, *more: str) -> list[dict]:
    """A session of our host, told step by step, with somebody at the laser who does as it says."""
    host = lines_of("tests.protocols.stranger_client", port, "--seed", seed, *more)
    steps = []
    for line in host.stdout:
        steps.append(json.loads(line))
        acts = {
            "press READY now": "ready_key=press",
            "press the footswitch now": "footswitch=pressed",
        }
        acts["report"] = "footswitch=released"
        if steps[-1]["step"] in acts:
            laser.set(acts[steps[-1]["step"]])
    host.communicate(timeout=10)
    return steps
