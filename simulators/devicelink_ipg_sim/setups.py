"""Named broken set-ups, faults of the laser's own, and defaults that come with a choice."""

from __future__ import annotations

from devicelink_ipg_sim.status import RESERVED
from devicelink_simulation.device import Setup
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.settable import choice, text
from devicelink_simulation.wired import REBOOT, STUCK_ACK

FAULTS: tuple[FaultKind, ...] = (
    FaultKind(
        "refused_off",
        "EMOFF is answered with ERR and ignored",
        (text("text", "Command refused", "the text after ERR: [?]"),),
    ),
    STUCK_ACK,
    REBOOT,
    FaultKind(
        "frozen_status",
        "STA, ROP and RCT go on saying what held when it began; commands are still carried out",
        (choice("rcs", ("no", "yes"), "whether RCS (yar: RPS) is frozen too"),),
        lasting=True,
    ),
)

SETUPS: dict[str, Setup] = {
    "door_open": Setup("an interlock channel is open", {"interlock_1": "open"}),
    "needs_start": Setup("all closed, nobody has pressed START", {"supply": "off"}),
    "key_in_remote": Setup("the key is in REM", {"key": "rem"}),
    "key_in_remote_emitting": Setup(
        "the key is in REM and hardware makes light",
        {"key": "rem", "emission": "on", "diode_current_percent": "30"},
    ),
    "left_emitting": Setup(
        "somebody left emission on", {"emission": "on", "diode_current_percent": "30"}
    ),
    "held_trigger": Setup(
        "the modulation signal is high all the time",
        {"modulation": "enabled", "modulation_input": "high"},
    ),
    "refuses_off": Setup("EMOFF is refused and ignored", {}, ("refused_off",)),
    "only_acknowledges": Setup("every command is acknowledged, none works", {}, ("stuck_ack",)),
    "hot_room": Setup(
        "heats up to over-temperature by itself", {"ambient_c": "60", "temperature_c": "54"}
    ),
    "mirror_in_the_way": Setup("high back-reflection", {"back_reflection": "on"}),
    "light_by_itself": Setup("light without emission", {"unexpected_emission": "on"}),
    "dead_module": Setup("a module has failed", {"modules": "failed"}),
    "noisy_status": Setup(
        "reserved status bits of ylr-sm are set", {"reserved_bits": str(RESERVED["ylr-sm"])}
    ),
    "copy": Setup(
        "a compatible laser with terser replies",
        {"value_space": "off", "unknown_reply": "Command Err!", "err_text": "off"},
    ),
}

PRESETS = {
    "dialect": {
        "yar": {
            "max_power_w": "10.5",
            "measurable_power_w": "0.1",
            "unexpected_power_w": "0.5",
        },
        "ylr-qcw": {"err_text": "off"},
    },
    "family": {
        "erbium": {
            "model": "ELR-30",
            "wavelength_nm": "1550",
            "max_power_w": "30",
            "measurable_power_w": "0.3",
            "unexpected_power_w": "2",
        },
        "thulium": {
            "model": "TLR-50",
            "wavelength_nm": "1927",
            "max_power_w": "50",
            "measurable_power_w": "0.5",
            "unexpected_power_w": "3",
        },
    },
}
"""Defaults that come with a dialect: a fibre amplifier is a small laser, and the host programs for
a quasi-continuous one compare its refusals with a bare ERR. Or with a family, whose models and
limits are ours [?].
"""
