"""How the conformance suite tries a driver of this controller: with checksums, and without."""

from __future__ import annotations

from dataclasses import replace

from devicelink_simulation.conformance.profile import Profile

_LIT_AT_PANEL = (
    ("percent", "30"),
    ("gate_logic", "pull_up"),
    ("gate_input", "open"),
    ("lase", "on"),
)
_TELLS_NO_MODEL = (
    "The wire tells no model, number or address, so controllers that speak alike are alike."
)

CHECKSUM_ON = Profile(
    driver="uc2000",
    name="checksum on",
    simulator="uc2000",
    values={"startup_s": "0", "gate_input": "low"},
    settings={"power_percent": "30"},
    press=(("gate_input", "high"),),
    release=(("gate_input", "low"),),
    interlock=(("interlock", "open"),),
    interlock_closes=(("interlock", "closed"),),
    key=(("key", "off"),),
    beyond_control={"the panel has taken over": (("remote", "off"),)},
    lit_otherwise={
        "lasing from the panel": _LIT_AT_PANEL,
        "lasing, deaf to the host": (*_LIT_AT_PANEL, ("remote", "off")),
    },
    unseen={"the tube's driver is stuck on": (("rf_driver", "stuck_on"),)},
    traps={
        "the gate was left pulled up": {"gate_logic": "pull_up"},
        "the gate's cable is lost, and pulled up": {"gate_logic": "pull_up", "gate_input": "open"},
        "a voltage commands the power": {"mode": "anv", "analog_input_percent": "60"},
        "lasing was left on": {"lase": "on", "percent": "30", "gate_logic": "pull_down"},
        "it would lase at power-up": {"lase_on_power_up": "enabled"},
    },
    other_settings={"more power": {"power_percent": "31"}},
    dialled={"power_percent": {"60": (("percent", "60"),)}},
    changes={
        "the gate pulled up": (("gate_logic", "pull_up"),),
        "an analogue mode": (("mode", "anv"),),
        "another frequency": (("pwm_khz", "5"),),
        "the limit of 99 %": (("max_pwm", "99"),),
    },
    only_acknowledges="stuck_ack",
    frozen="frozen_status",
    refuses="refused_off",
    exempt={
        "near_relative_refused": _TELLS_NO_MODEL,
        "a_damaged_reply_is_no_answer": (
            "The status has no checksum on this unit, so that another bit in it cannot be told."
        ),
    },
    ways={"gate_pull_down": (("gate_logic", "pull_up"), ("gate_input", "open"))},
)

CHECKSUM_OFF = replace(
    CHECKSUM_ON,
    name="checksum off",
    values={**CHECKSUM_ON.values, "checksum": "off"},
    configuration={"checksum": "off"},
)

STATUS_CHECKSUM = replace(
    CHECKSUM_ON,
    name="status checksum",
    values={**CHECKSUM_ON.values, "status_checksum": "data"},
    exempt={"near_relative_refused": _TELLS_NO_MODEL},
)

CLOSED_LOOP = replace(CHECKSUM_ON, name="closed loop", configuration={"loop": "closed"})

PROFILES = (CHECKSUM_ON, CHECKSUM_OFF, STATUS_CHECKSUM, CLOSED_LOOP)
