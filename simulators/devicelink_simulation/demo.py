"""`devicelink demo`: the main job without hardware, told as it happens.

Every step is a command that anybody could type; the lasers are simulators in processes of their
own, behind real serial ports (ptys), and their truth files say what really happened.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.errors import ConfigError, DeviceLinkError
from devicelink_simulation.staged import Hand

if TYPE_CHECKING:
    from devicelink_simulation.stage import Stage
    from devicelink_simulation.staged import StagedLaser

FRACTIONAL, ERBIUM, FIBRE, CO2 = "SIM-OL-2101", "SIM-OL-2201", "SIM-0917", "SIM-4711"
FOOT = Hand("footswitch=pressed", "footswitch=released", ready="ready_key=press")
FRACTIONAL_SETTINGS = """[settings]
energy_mj = 20
density_spots_cm2 = 100
pattern_size_mm = 10
rate_hz = 1
"""
ERBIUM_SETTINGS = """[settings]
energy_mj = 500
pulse_us = 300
rate_hz = 5
"""
GOOD_SETTINGS = """[settings]
diode_current_percent = 35.0
trigger = "modulation"
"""
CO2_SETTINGS = """[settings]
power_percent = 20.0
"""
BOLD_SETTINGS = """[settings]
diode_current_percent = 95.0
trigger = "modulation"
"""


def demo(
    seed: Annotated[int, typer.Option(help="Seeds the simulated laser's noise.")] = 1,
    data: Annotated[
        Path | None, typer.Option("--data", help="Default: a fresh temporary folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """The main job on simulated lasers: a session, a refusal, an interlock, a kill, the proof."""
    if data is not None and (data / "station.toml").exists():
        raise ConfigError(f"{data} already holds a station; the demo makes its own.")
    props = Path(tempfile.mkdtemp(prefix="devicelink-demo-"))
    folder = data or props / "station"
    from devicelink.runtime import ThreadRuntime
    from devicelink_simulation.stage import Stage

    stage = Stage(folder, props, seed, ThreadRuntime(), out=sys.stderr if as_json else sys.stdout)
    try:
        lasers = _lasers(stage)
        fibre = lasers[FIBRE]
        _set_up(stage, lasers)
        _a_session(stage, lasers[FRACTIONAL], FRACTIONAL, "fractional.toml")
        _what_came_of_it(stage)
        _a_pulse_outside(stage, lasers[FRACTIONAL])
        _a_session(stage, lasers[ERBIUM], ERBIUM, "erbium.toml")
        _what_came_of_it(stage)
        _a_session(stage, lasers[CO2], CO2, "co2.toml")
        _a_session(stage, fibre, FIBRE, "settings.toml")
        _a_refusal(stage, fibre)
        told = {
            "station": str(folder),
            "dark_after_interlock_ms": _an_interlock(stage, fibre),
            "dark_after_kill_ms": _a_kill(stage, fibre),
        }
        _the_proof(stage)
    finally:
        stage.close()
    if as_json:
        print(json.dumps(told))
    else:
        print(f"\nThe station stays in {folder}; delete it when you are done. Look around:")
        print(f"  {sys.argv[0]} session list --data {folder}")


def _lasers(stage: Stage) -> dict[str, StagedLaser]:
    """Two consoles that speak OLCP, and two engines."""
    return {
        FRACTIONAL: stage.laser(
            "olcp",
            title="a simulated fractional CO2 console",
            hand=FOOT,
            personality="co2-fractional",
        ),
        ERBIUM: stage.laser(
            "olcp", title="a simulated Er:YAG console", hand=FOOT, personality="er-yag"
        ),
        CO2: stage.laser(
            "uc2000", title="a simulated CO2 engine", hand=Hand("gate_input=high", "gate_input=low")
        ),
        FIBRE: stage.laser(
            "ipg",
            title="a simulated IPG fibre engine",
            hand=Hand("modulation_input=high", "modulation_input=low"),
        ),
    }


def _set_up(stage: Stage, lasers: dict[str, StagedLaser]) -> None:
    stage.title("A clinic, a maker, four lasers", "SIMULATED: no real laser is connected.")
    stage.file("pin", "274951")
    stage.file("settings.toml", GOOD_SETTINGS)
    stage.file("co2.toml", CO2_SETTINGS)
    stage.file("fractional.toml", FRACTIONAL_SETTINGS)
    stage.file("erbium.toml", ERBIUM_SETTINGS)
    stage.file("bold.toml", BOLD_SETTINGS)
    stage.file("catalogue.toml", _CATALOGUE)
    stage.run("station init --simulated --by t-ada --person-name", "Ada Berg", pin=True)
    for person, name in (("t-ines", "Ines Okafor"), ("t-tom", "Tom Lind")):
        stage.run(f"technician add {person} --by t-ada --name", name, pin=True)
        stage.run(f"technician pin {person} --by t-ada --new-pin-file", stage.path("pin"), pin=True)
    stage.run(
        f"trust new-issuer {stage.path('maker.key')} --id https://maker.example/issuer --name",
        "Example Laser Maker",
        station=False,
    )
    key = f"--key {stage.path('maker.key')}"
    stage.run(
        f"catalogue issue {stage.path('catalogue.toml')} {key} --version 1 "
        f"--valid-until 2099-12-31 --output {stage.path('catalogue.jws')}",
        station=False,
    )
    for person, dates in (
        ("t-ines", "--valid-until 2099-06-30"),
        ("t-tom", "--valid-from 2024-01-01 --valid-until 2025-12-31"),
    ):
        stage.run(
            f"certificate issue {key} --technician {person} {dates} "
            f"--achievement https://maker.example/resurfacing --output {stage.path(person)}.jws",
            station=False,
        )
    stage.run(
        f"trust add {stage.path('maker.key')}.pub --by t-ada "
        f"{' '.join(f'--model {model}' for _, model in _MADE.values())} --maker",
        "Example Laser Maker",
        pin=True,
    )
    stage.run(f"trust catalogue {stage.path('catalogue.jws')} --by t-ada", pin=True)
    for person in ("t-ines", "t-tom"):
        stage.run(f"certificate import {stage.path(person)}.jws --by t-ada", pin=True)
    for serial, laser in lasers.items():
        driver, model = _MADE[serial]
        accepts = " ".join(f"--accept {code}" for code in _ACCEPTED.get(driver, ()))
        stage.run(
            f"device add {serial} --driver {driver} --port {laser.port} --by t-ada "
            f"--model {model} --udi SIM-00000000000000 {accepts} --maker",
            "Example Laser Maker",
            pin=True,
        )
    key = stage.told("station permit-key")["public_key"]
    stage.say("At each console, in SERVICE, somebody lets it accept this station's key:")
    for serial in (FRACTIONAL, ERBIUM):
        lasers[serial].tell(f"permit_key_1={key}")


def _a_session(stage: Stage, laser: StagedLaser, serial: str, settings: str) -> None:
    stage.title(f"Ines treats with {serial}", "Certified for this laser; three seconds in READY.")
    session = stage.session(serial, "t-ines", settings, ready_for_s=3)
    laser.light_after_ready(session)
    stage.expect(session.wait(), 0)
    stage.say("The laser's own truth: " + laser.light_summary())


def _what_came_of_it(stage: Stage) -> None:
    stage.say("What was asked for, what the laser set, what it sensed; and whether pulses add up:")
    newest = stage.told("session list")[-1]["session"]
    stage.run(f"session show {newest}", loud=True, head=15)


def _a_pulse_outside(stage: Stage, laser: StagedLaser) -> None:
    stage.title("A pulse outside any session", "An engineer fires once; nobody tells the clinic.")
    for turn in ("service=on", "service_pulses=1", "service=off"):
        laser.tell(turn)
    stage.say("The next session tells, by the laser's lifetime counter:")
    session = stage.session(FRACTIONAL, "t-ines", "fractional.toml", ready_for_s=2)
    laser.light_after_ready(session)
    stage.expect(session.wait(), 0)
    stage.say("The laser's own truth: " + laser.light_summary())


def _a_refusal(stage: Stage, laser: StagedLaser) -> None:
    stage.title("Tom is refused", "He sees every reason at once, and what to do about each.")
    laser.tell("interlock_2=open")
    session = stage.session(FIBRE, "t-tom", "bold.toml", ready_for_s=3)
    stage.expect(session.wait(), 1)
    laser.tell("interlock_2=closed")
    laser.tell("supply=on")


def _an_interlock(stage: Stage, laser: StagedLaser) -> float:
    stage.title("The door opens in mid-session", "Interlock 1 opens while light is on.")
    session = stage.session(FIBRE, "t-ines", "settings.toml", ready_for_s=20)
    laser.light_after_ready(session)
    opened_ns = laser.tell("interlock_1=open")
    stage.expect(session.wait(), 1)
    dark_ms = laser.dark_ms(opened_ns)
    stage.say(f"Dark after {dark_ms:.1f} ms, by the laser's own interlock.")
    laser.tell("interlock_1=closed")
    stage.say("The door is closed again. Nothing resumes by itself:")
    stage.expect(stage.run(f"session check {FIBRE} --technician t-ines", loud=True, fails=True), 1)
    laser.tell("supply=on")
    stage.say("Somebody has pressed START at the laser.")
    return dark_ms


def _a_kill(stage: Stage, laser: StagedLaser) -> float:
    stage.title("The station is killed while light is on", "SIGKILL, with the trigger held.")
    session = stage.session(FIBRE, "t-ines", "settings.toml", ready_for_s=20)
    laser.light_after_ready(session)
    killed_ns = stage.now_ns()
    session.kill(signal.SIGKILL)
    session.wait()
    dark_ms = laser.dark_ms(killed_ns)
    stage.say(f"The guard took over. Dark {dark_ms:.1f} ms after the kill.")
    stage.say("The next start recovers, and closes the session as interrupted:")
    stage.run(f"lock {FIBRE}", loud=True)
    stage.run("session list", loud=True)
    return dark_ms


def _the_proof(stage: Stage) -> None:
    stage.title("The evidence", "Anybody can check it; one changed byte shows.")
    stage.run("journal verify", loud=True)
    copy = Path(stage.path("changed-copy"))
    shutil.copytree(stage.folder, copy, ignore=shutil.ignore_patterns("locks"))
    try:
        _change_one_byte(copy / "journal.db")
        stage.say("A copy, with one byte of one entry changed:")
        stage.expect(stage.run(f"journal verify {copy}", loud=True, fails=True, station=False), 4)
    finally:
        shutil.rmtree(copy)


def _change_one_byte(path: Path) -> None:
    data = path.read_bytes()
    at = data.find(b'"type":"unlock.intended"')
    if at < 0:
        raise DeviceLinkError("The demo found no entry to change.")
    place = data.find(b'"mono_ns":', at) + len(b'"mono_ns":')
    digit = b"1" if data[place : place + 1] != b"1" else b"2"
    path.write_bytes(data[:place] + digit + data[place + 1 :])


_MADE = {
    FRACTIONAL: ("olcp", "SimuFrac-10600"),
    ERBIUM: ("olcp", "SimuErbium-2940"),
    CO2: ("uc2000", "SimuCO2-1"),
    FIBRE: ("ipg", "SimuLase-1"),
}
"""Driver and model."""
_ACCEPTED = {
    "uc2000": ("identity_asserted", "counter_not_available", "interlock_unknown"),
    "ipg": ("identity_asserted", "counter_not_available"),
}
_CATALOGUE = """[[entries]]
achievement = "https://maker.example/resurfacing"
driver = "olcp"
models = ["SimuFrac-10600", "SimuErbium-2940"]
firmware = ["*"]
procedures = ["treatment", "test_spot", "service", "training"]
ablative = true
operator_class = "any"
[entries.limits.energy_mj]
max = "600"

[[entries]]
achievement = "https://maker.example/resurfacing"
driver = "ipg"
models = ["SimuLase-1"]
firmware = ["*"]
procedures = ["treatment", "test_spot", "service", "training"]
ablative = false
operator_class = "any"
[entries.limits.diode_current_percent]
max = "60"

[[entries]]
achievement = "https://maker.example/resurfacing"
driver = "uc2000"
models = ["SimuCO2-1"]
firmware = ["*"]
procedures = ["treatment", "test_spot", "service", "training"]
ablative = true
operator_class = "any"
[entries.limits.power_percent]
max = "40"
"""
