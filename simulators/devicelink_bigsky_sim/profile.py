"""How the conformance suite tries a driver of this laser, armed for its outside trigger."""

from __future__ import annotations

from dataclasses import replace

from devicelink_simulation.conformance.profile import Profile, Strange

_FIRING = (("lamp", "firing"), ("shutter", "open"), ("q_switch", "running"))
_FIRED = (("q_switch_wait_pulses", "0"), *_FIRING)

BSS = Profile(
    driver="bigsky",
    name="BSS",
    simulator="bigsky",
    values={"q_switch_wait_pulses": "20", "trigger_input": "off"},
    configuration={"serial": "062"},
    settings={"lamp_voltage_v": "1000", "repetition_rate_hz": "10", "qswitch_delay_us": "140"},
    press=(("trigger_input", "on"),),
    release=(("trigger_input", "off"),),
    interlock=(("interlock", "open"),),
    interlock_closes=(("interlock", "closed"),),
    serial="serial",
    faults={
        "no water flows": (("water_flow", "low"),),
        "the water level is low": (("water_level", "low"),),
        "the lamp's connector is open": (("lamp_connector", "open"),),
        "the cabinet is open": (("cabinet", "open"),),
    },
    lit_otherwise={"fired from the local box": _FIRED},
    traps={
        "A alone would open and Q-switch": {"shutter_at_run": "1", "q_switch_at_run": "1"},
        "the shutter would open at run": {"shutter_at_run": "1"},
        "the lamp fires by itself": {"idle_fire_s": "5"},
        "a firing lamp would give pulses": {"enable_fire_s": "5", "enable_fire": "single"},
        "S had left shutter and Q-switch": {
            **dict(_FIRING),
            "lamp": "standby",
            "stop_ends": "lamp",
        },
        "left armed": {**dict(_FIRING), "q_switch_mode": "2"},
    },
    other_settings={
        "more volts": {
            "lamp_voltage_v": "1001",
            "repetition_rate_hz": "10",
            "qswitch_delay_us": "140",
        },
        "faster": {
            "lamp_voltage_v": "1000",
            "repetition_rate_hz": "11",
            "qswitch_delay_us": "140",
        },
        "another delay": {
            "lamp_voltage_v": "1000",
            "repetition_rate_hz": "10",
            "qswitch_delay_us": "141",
        },
    },
    dialled={
        "lamp_voltage_v": {"1200": (("voltage_v", "1200"),)},
        "repetition_rate_hz": {"7.5": (("frequency_hz", "7.5"),)},
        "qswitch_delay_us": {"150": (("delay_us", "150"),)},
    },
    changes={
        "inside trigger": (("q_switch_mode", "0"),),
        "every second pulse": (("q_switch_every", "2"),),
    },
    exempt={
        "a_damaged_reply_is_no_answer": (
            "The wire has no checksum: a digit in whose place another one comes cannot be told."
        ),
        "bounds_hold": (
            "The lowest rate is the manual's. With the Q-switch's wait of this laser it would "
            "take minutes to arm, and the driver refuses it in words."
        ),
    },
    only_acknowledges="stuck_ack",
    frozen="frozen_status",
    refuses="refused_stop",
    strange=(
        Strange(
            what="a unit of another serial number", simulator="bigsky", values={"serial": "184"}
        ),
        Strange(
            what="its maker's other firmware, in which E fires the lamp",
            simulator="bigsky",
            values={"serial": "062", "dialect": "ultra"},
        ),
    ),
)

OLDER = replace(
    BSS,
    name="older unit",
    values={
        **BSS.values,
        "wor_letters": "LM",
        "sn_capital": "on",
        "if_prefix": "manual",
        "value_pad": "zero",
        "refusal_pad": "off",
        "stop_ends": "lamp",
    },
)

PROFILES = (BSS, OLDER)
