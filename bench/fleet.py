"""Lasers asked twenty times a second by one `station serve`, over ptys, and whether one is late."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measuring import Figure
from devicelink.devices.card import write_card
from devicelink.journal.entry import Draft
from devicelink.runtime import ThreadRuntime
from devicelink.session.service import ask_service
from devicelink.station import Station

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED_ONCE_A_LOOK = "RCS"
"""Each look of the service asks an IPG laser for it once."""
PERIOD_NS = 50_000_000
LATE_NS = 2 * PERIOD_NS
"""A gap so long means that one look was left out."""
WATCHED_S = 10.0
LASERS = 200
_FLEET = """[[laser]]
simulator = "ipg"
count = {count}
link = "{folder}/laser-{{n}}"
truth = "{folder}/laser-{{n}}.truth"
"""


@dataclass(frozen=True)
class Watched:
    """What came of watching so many lasers."""

    lasers: int
    looks: int
    late: int
    longest_s: float
    service_cores: float
    """Processor time of the service, in cores."""


def rows() -> list[Figure]:
    """As many lasers as are wanted."""
    found = watch(LASERS)
    told = (
        f"{found.looks:,} looks in {WATCHED_S:g} s, {found.late:,} late, the longest gap "
        f"{found.longest_s * 1000:.0f} ms, {found.service_cores:.2f} of a core"
    )
    wanted = f"{LASERS} lasers, none late"
    return [Figure(f"{LASERS} lasers by one service", told, wanted, holds=found.late == 0)]


def watch(lasers: int) -> Watched:
    """Serve so many simulated lasers, let a service watch them, and count its looks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
        (folder / "fleet.toml").write_text(_FLEET.format(count=lasers, folder=folder))
        with _running("sim", "fleet", str(folder / "fleet.toml")) as fleet:
            json.loads(fleet.stdout.readline())
            _make_station(folder, lasers)
            with _running("station", "serve", "--json", "--data", str(folder / "station")) as serve:
                _await_locked(folder / "station", lasers)
                began_ns, began_cpu = time.monotonic_ns(), _cpu_s(serve.pid)
                time.sleep(WATCHED_S)
                cpu_s, ended_ns = _cpu_s(serve.pid) - began_cpu, time.monotonic_ns()
        gaps = [
            after - before
            for n in range(1, lasers + 1)
            for before, after in pairwise(_looks(folder / f"laser-{n}.truth", began_ns, ended_ns))
        ]
    return Watched(
        lasers=lasers,
        looks=len(gaps) + lasers,
        late=sum(gap >= LATE_NS for gap in gaps),
        longest_s=max(gaps) / 1e9,
        service_cores=cpu_s / WATCHED_S,
    )


def _make_station(folder: Path, lasers: int) -> None:
    runtime = ThreadRuntime()
    station = Station.make(
        folder / "station",
        name="bench",
        simulated=True,
        administrator="t-ada",
        administrator_name="Ada Berg",
        pin="274951",
        drivers_allowed=("ipg",),
        runtime=runtime,
    )
    station.journal.append_all([_registered(folder, n) for n in range(1, lasers + 1)])
    for n in range(1, lasers + 1):
        write_card(station.folder, station.device(f"SIM-{n}"), runtime.disk)
    station.journal.close()


def _registered(folder: Path, n: int) -> Draft:
    data = {
        "driver": "ipg",
        "port": str(folder / f"laser-{n}"),
        "configuration": {},
        "trigger": "hardware",
        "identity": "asserted",
        "maker": "Maker",
        "model": "SimuLase-1",
        "udi": "SIM-1",
    }
    return Draft("device.registered", data, actor="t-ada", role="administrator", device=f"SIM-{n}")


@contextmanager
def _running(*words: str) -> Iterator[subprocess.Popen]:
    """One of our own commands, ended politely."""
    process = subprocess.Popen(
        [sys.executable, "-m", "devicelink", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _await_locked(folder: Path, lasers: int) -> None:
    runtime, give_up = ThreadRuntime(), time.monotonic() + 120
    while time.monotonic() < give_up:
        answer = ask_service(folder, runtime)
        watches = [row["watch"] for row in (answer or {}).values()]
        if watches == ["locked"] * lasers:
            return
        time.sleep(0.5)
    raise SystemExit("The service of the benchmark did not lock all lasers.")


def _looks(truth: Path, began_ns: int, ended_ns: int) -> list[int]:
    events = (json.loads(line) for line in truth.read_text().splitlines())
    return [
        event["mono_ns"]
        for event in events
        if event.get("text") == ASKED_ONCE_A_LOOK and began_ns <= event["mono_ns"] <= ended_ns
    ]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
