"""How the conformance suite tries a driver of this laser: one profile for each dialect."""

from __future__ import annotations

from devicelink_simulation.conformance.profile import Profile, Strange


def _others(mine: str) -> tuple[Strange, ...]:
    """Lasers of the same maker; a YLR-QCW knows every word of a YLR-SM [?], so it is none."""
    return tuple(
        Strange(what=f"a laser of dialect {each}", simulator="ipg", values={"dialect": each})
        for each in ("ylr-sm", "yar", "ylr-qcw")
        if each != mine and (mine, each) != ("ylr-sm", "ylr-qcw")
    )


_TROUBLES = {
    "back-reflection": (("back_reflection", "on"),),
    "over-temperature": (("temperature_c", "70"),),
}

_EXEMPT = {
    "a_damaged_reply_is_no_answer": (
        "The wire has no checksum: a digit in whose place another one comes cannot be told."
    ),
}
_CURRENT = {"diode_current_percent": {"60": (("diode_current_percent", "60"),)}}

YLR_SM = Profile(
    driver="ipg",
    name="ylr-sm",
    simulator="ipg",
    values={"startup_s": "3"},
    settings={"diode_current_percent": "35.0", "trigger": "modulation", "power_average_s": "1.0"},
    press=(("modulation_input", "high"),),
    release=(("modulation_input", "low"),),
    interlock=(("interlock_1", "open"),),
    interlock_closes=(("interlock_1", "closed"),),
    key=(("key", "rem"),),
    faults={
        **_TROUBLES,
        "a module failed": (("modules", "failed"),),
        "the collimator is out": (("collimator", "disconnected"),),
    },
    beyond_control={"the key in REM": (("key", "rem"),)},
    lit_otherwise={
        "started at the panel": (("diode_current_percent", "30"), ("emission", "on")),
        "key in REM, started by hardware": (
            ("key", "rem"),
            ("diode_current_percent", "30"),
            ("emission", "on"),
        ),
        "light by itself": (("unexpected_emission", "on"),),
    },
    traps={
        "modulation was left disabled": {"modulation": "disabled"},
        "analog control was left on": {"analog_control": "enabled", "analog_input_percent": "50"},
        "left emitting": {"emission": "on", "diode_current_percent": "30"},
    },
    other_settings={
        "more current": {"diode_current_percent": "36.0", "trigger": "modulation"},
        "without the gate": {"diode_current_percent": "36.0", "trigger": "emission"},
        "a longer average": {
            "diode_current_percent": "35.0",
            "trigger": "modulation",
            "power_average_s": "2.0",
        },
    },
    dialled={
        **_CURRENT,
        "trigger": {"emission": (("modulation", "disabled"),)},
        "power_average_s": {"0.4": (("power_average_s", "0.4"),)},
    },
    changes={
        "analog control switched on": (("analog_control", "enabled"),),
        "aiming by hardware": (("aiming_control", "hardware"),),
    },
    only_acknowledges="stuck_ack",
    frozen="frozen_status",
    refuses="refused_off",
    exempt=_EXEMPT,
    strange=_others("ylr-sm"),
)

YAR = Profile(
    driver="ipg",
    name="yar",
    simulator="ipg",
    values={"dialect": "yar"},
    configuration={"dialect": "yar"},
    settings={"power_w": "4"},
    interlock=(("interlock_1", "open"),),
    interlock_closes=(("interlock_1", "closed"),),
    key=(("key", "rem"),),
    faults=_TROUBLES,
    lit_otherwise={
        "started at the panel": (("diode_current_percent", "30"), ("emission", "on")),
        "light by itself": (("unexpected_emission", "on"),),
    },
    traps={"left emitting": {"emission": "on", "diode_current_percent": "30"}},
    other_settings={"more power": {"power_w": "5"}},
    dialled={"power_w": {"10.5": (("diode_current_percent", "100"),)}},
    changes={
        "another wavelength": (("wavelength_temperature_c", "30"),),
    },
    only_acknowledges="stuck_ack",
    frozen="frozen_status",
    refuses="refused_off",
    exempt=_EXEMPT,
    strange=_others("yar"),
)

YLR_QCW = Profile(
    driver="ipg",
    name="ylr-qcw",
    simulator="ipg",
    values={"dialect": "ylr-qcw"},
    configuration={"dialect": "ylr-qcw"},
    settings={"diode_current_percent": "35.0"},
    interlock=(("interlock_1", "open"),),
    interlock_closes=(("interlock_1", "closed"),),
    key=(("key", "rem"),),
    faults={**_TROUBLES, "humidity": (("alarm", "humidity"),)},
    beyond_control={"hardware emission control": (("hardware_emission", "enabled"),)},
    lit_otherwise={
        "started at the panel": (("diode_current_percent", "30"), ("emission", "on")),
        "started by hardware": (
            ("hardware_emission", "enabled"),
            ("diode_current_percent", "30"),
            ("emission", "on"),
        ),
    },
    traps={
        "pulse mode was left on": {"pulse_mode": "enabled"},
        "hardware emission control was left on": {"hardware_emission": "enabled"},
        "analog control was left on": {"analog_control": "enabled", "analog_input_percent": "50"},
    },
    other_settings={"more current": {"diode_current_percent": "36.0"}},
    dialled=_CURRENT,
    changes={
        "pulse mode switched on": (("pulse_mode", "enabled"),),
        "gate mode switched on": (("gate_mode", "enabled"),),
        "another average": (("power_average_s", "0.4"),),
    },
    only_acknowledges="stuck_ack",
    frozen="frozen_status",
    refuses="refused_off",
    exempt=_EXEMPT,
    strange=_others("ylr-qcw"),
)

PROFILES = (YLR_SM, YAR, YLR_QCW)
