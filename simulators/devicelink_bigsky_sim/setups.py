"""Named broken set-ups, and the faults of the laser's own."""

from __future__ import annotations

from devicelink_simulation.device import Setup
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.settable import choice, text
from devicelink_simulation.wired import REBOOT, STUCK_ACK

FAULTS: tuple[FaultKind, ...] = (
    FaultKind(
        "refused_stop",
        "S is answered and ignored",
        (text("text", "", "the answer; empty: the state as it is [?]"),),
    ),
    STUCK_ACK,
    REBOOT,
    FaultKind(
        "frozen_status",
        "WOR, R, the state text, CG and the interlock registers go on saying what held when it "
        "began; commands are still carried out",
        (choice("settings", ("no", "yes"), "whether the settings are frozen too"),),
        lasting=True,
    ),
)

_LIGHT = {"lamp": "firing", "shutter": "open", "q_switch": "running"}

SETUPS: dict[str, Setup] = {
    "door_open": Setup("the external interlock is open", {"interlock": "open"}),
    "cabinet_open": Setup("the cover of the cabinet is open", {"cabinet": "open"}),
    "left_firing": Setup("somebody left it firing light", _LIGHT),
    "left_armed": Setup(
        "somebody left it armed for external triggers", {**_LIGHT, "q_switch_mode": "2"}
    ),
    "held_trigger": Setup(
        "external triggers come all the time", {"q_switch_mode": "2", "trigger_input": "on"}
    ),
    "autorun_trap": Setup(
        "A alone opens the shutter and Q-switches", {"shutter_at_run": "1", "q_switch_at_run": "1"}
    ),
    "idle_fire": Setup("the idle lamp fires by itself", {"idle_fire_s": "5"}),
    "enable_fire": Setup(
        "a firing lamp gives single Q-switched pulses by itself",
        {"enable_fire_s": "5", "enable_fire": "single"},
    ),
    "shutter_stuck": Setup(
        "the shutter does not close, and says so", {"shutter": "open", "shutter_blade": "stuck"}
    ),
    "shutter_lies": Setup(
        "the shutter does not close, and says it did",
        {"shutter": "open", "shutter_blade": "stuck", "shutter_reads": "command"},
    ),
    "stop_is_not_all": Setup(
        "S leaves shutter and Q-switch as they are; the next A makes light",
        {**_LIGHT, "stop_ends": "lamp"},
    ),
    "no_flow": Setup("water does not flow", {"water_flow": "low"}),
    "pump_off": Setup("nobody has started the pump", {"pump": "off"}),
    "no_water": Setup("the cooling group is not full", {"water_level": "low"}),
    "cold_water": Setup("too cold for the lamp", {"coolant_c": "5", "ambient_c": "5"}),
    "cool_water": Setup("too cold for the Q-switch", {"coolant_c": "15", "ambient_c": "15"}),
    "worn_lamp": Setup("half of the light is gone", {"wear_percent": "50"}),
    "dead_charger": Setup("the capacitor does not charge", {"charger": "failed"}),
    "muted": Setup("somebody sent ECH0: it obeys and never answers", {"echo": "0"}),
    "shared_chain": Setup("replies to > collide", {"chain": "shared"}),
    "older_unit": Setup(
        "labels and prefixes of other units",
        {
            "wor_letters": "LM",
            "sn_capital": "on",
            "if_prefix": "manual",
            "value_pad": "zero",
            "refusal_pad": "off",
        },
    ),
    "ultra": Setup("another firmware, in which E fires the lamp", {"dialect": "ultra"}),
    "refuses_stop": Setup("S is answered and ignored", {}, ("refused_stop",)),
    "only_acknowledges": Setup("every command is acknowledged, none works", {}, ("stuck_ack",)),
}
