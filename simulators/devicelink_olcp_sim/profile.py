"""How the conformance suite tries a driver of these consoles: key in its slot, a hand, a foot."""

from __future__ import annotations

from dataclasses import replace

from devicelink_simulation.conformance.granting import PUBLIC_KEY
from devicelink_simulation.conformance.profile import Profile, Strange, Turns

_KNOWN = {"permit_key_1": PUBLIC_KEY.hex()}
_NO_OTHERS = (
    "Nobody makes lasting light with such a console without a permit of its host: a stray pulse "
    "is a fault, and dark again."
)
_POINT = (
    ("energy_mj", "25", "panel_energy_uj", "25000"),
    ("pulse_us", "1500", "panel_pulse_us", "1500"),
    ("rate_hz", "4", "panel_rate_mhz", "4000"),
    ("stack", "2", "panel_stack", "2"),
    ("aiming_percent", "60", "panel_aiming_percent", "60"),
)
_PATTERN = (
    ("mode", "single", "panel_mode", "0"),
    ("pattern", "hexagon", "panel_pattern", "2"),
    ("pattern_size_mm", "11", "panel_size_um", "11000"),
    ("density_spots_cm2", "150", "panel_density_spots_cm2", "150"),
)
_BOTH = (
    ("wavelength_nm", "1927", "panel_wavelength_nm", "1927"),
    ("cooling_percent", "70", "panel_cooling_percent", "70"),
)


def _dialled(*knobs: tuple[str, str, str, str]) -> dict[str, dict[str, Turns]]:
    """Setting, its value, the knob that gives it at the panel, the knob's own value."""
    return {setting: {value: ((knob, turned),)} for setting, value, knob, turned in knobs}


def _other(model: str, *, personality: str) -> Strange:
    return Strange(
        what="its maker's other console, where this model is registered",
        simulator="olcp",
        values={**_KNOWN, "personality": personality},
        configuration={"model": model},
    )


_SCAN = {
    "energy_mj": "20",
    "density_spots_cm2": "100",
    "pattern_size_mm": "5",
    "rate_hz": "2",
}

CO2 = Profile(
    driver="olcp",
    name="fractional CO2",
    simulator="olcp",
    values=_KNOWN,
    settings=_SCAN,
    press=(("footswitch", "pressed"),),
    release=(("footswitch", "released"),),
    ready_hand=(("ready_key", "press"),),
    interlock=(("interlock_1", "open"), ("interlock_2", "open")),
    interlock_closes=(("interlock_1", "closed"), ("interlock_2", "closed")),
    key=(("key", "off"),),
    serial="serial",
    faults={
        "the emergency stop is pressed": (("estop", "pressed"),),
        "cooling is lost": (("cooling", "lost"),),
        "the scanner stands": (("scanner", "stuck"),),
        "the high voltage fails": (("high_voltage", "failed"),),
    },
    other_settings={
        "more energy": {**_SCAN, "energy_mj": "21"},
        "denser": {**_SCAN, "density_spots_cm2": "125"},
        "larger": {**_SCAN, "pattern_size_mm": "6"},
        "faster": {**_SCAN, "rate_hz": "3"},
    },
    dialled=_dialled(*_POINT, *_PATTERN),
    changes={"another tip": (("tip_serial", "TIP-0001"),)},
    only_acknowledges="stuck_ack",
    frozen="frozen_status",
    exempt={
        "light_at_connect_is_seen": _NO_OTHERS,
        "evidence_is_true": _NO_OTHERS,
        "an_acknowledgement_locks_nothing": (
            "A console that carries out nothing any more takes no beat either, and goes dark by "
            "itself while it is being locked."
        ),
        "a_refused_order_is_raised": (
            "LOCK has no refusal: its answer is the state that is sensed, and the read-back judges."
        ),
    },
    strange=(_other("Resurface CO2", personality="er-yag"),),
)

_PULSES = {"energy_mj": "500", "pulse_us": "300", "rate_hz": "5"}
ER_YAG = replace(
    CO2,
    name="Er:YAG",
    values={**_KNOWN, "personality": "er-yag"},
    settings=_PULSES,
    other_settings={"more energy": {**_PULSES, "energy_mj": "600"}},
    dialled=_dialled(*_POINT),
    strange=(_other("Resurface Er", personality="co2-fractional"),),
)

_LINES = {"energy_mj": "20", "wavelength_nm": "1550", "rate_hz": "5", "cooling_percent": "50"}
NONABLATIVE = replace(
    CO2,
    name="non-ablative",
    values={**_KNOWN, "personality": "nonablative"},
    settings=_LINES,
    other_settings={
        "the other wavelength": {**_LINES, "wavelength_nm": "1927"},
        "more energy": {**_LINES, "energy_mj": "21"},
    },
    dialled={**_dialled(*_POINT, *_PATTERN, *_BOTH), "mode": {}, "pattern": {}},
    strange=(_other("Resurface NA Dual", personality="co2-fractional"),),
)

PROFILES = (CO2, ER_YAG, NONABLATIVE)
