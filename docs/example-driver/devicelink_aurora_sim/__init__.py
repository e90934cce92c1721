"""A simulated Aurora A1, written from its protocol sheet alone."""

from __future__ import annotations

from devicelink_simulation.device import Setup, Simulator
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.settable import choice, number, text, whole
from devicelink_simulation.wired import REBOOT, STUCK_ACK

from devicelink_aurora_sim.device import AuroraDevice

__all__ = ["SIMULATOR"]

SIMULATOR = Simulator(
    name="aurora",
    title="Aurora A1, a made-up erbium laser, lines with a checksum",
    settables=(
        choice("key", ("on", "off"), "the key; off closes the shutter"),
        choice("interlock", ("closed", "open"), "open closes the shutter until RESET is pressed"),
        choice("footswitch", ("released", "pressed"), "the pedal: light while pressed in READY"),
        choice("reset", ("idle", "pressed"), "RESET at the laser"),
        choice("panel", ("idle", "arm"), "arm: a person opens and arms it at the laser, at once"),
        choice("coolant", ("flows", "stopped"), "stopped is fault 1, kept until CLEAR"),
        choice("leak", ("off", "on"), "light that nothing asked for and no shutter holds"),
        number("energy_mj", "100", "energy of a pulse", low=50, high=500),
        number("rate_hz", "5", "pulses a second", low=1, high=20),
        whole("pulses", "120000", "the counter when it is built", low=0, high=10**8),
        number("arming_s", "2", "from ARM to READY", low=0, high=60),
        number("reply_latency_s", "0.002", "from command to reply", low=0, high=60),
        text("model", "A1", "what ID tells"),
        text("serial", "00417", "what ID tells"),
    ),
    setups={"left_armed": Setup("somebody left it armed", {"panel": "arm"})},
    faults=(
        FaultKind("refused_off", "OFF is refused and ignored"),
        FaultKind("frozen_status", "STATE goes on saying what held before", lasting=True),
        STUCK_ACK,
        REBOOT,
    ),
    build=AuroraDevice,
)
