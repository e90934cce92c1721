"""The three dialects: which words a laser knows, and how it writes their values.

Words that a dialect does not list are no command there. Sources: for ylr-sm the maker's user
guide; for yar and ylr-qcw host programs by others. `[?]` marks our own reading.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from devicelink_ipg_sim.inputs import PULSE_RATE_HZ, PULSE_WIDTH_MS
from devicelink_ipg_sim.physics import TRIP_C
from devicelink_ipg_sim.status import status_word
from devicelink_ipg_sim.words import (
    OUT_OF_RANGE,
    Dialect,
    Handler,
    Outcome,
    Refusal,
    aim,
    emission_off,
    emission_on,
    mode,
    output_power,
    reset,
    set_current,
    tell,
    within,
)

if TYPE_CHECKING:
    from devicelink_ipg_sim.inputs import Inputs
    from devicelink_ipg_sim.physics import Laser

_WINDOW_STEP_S = Decimal("0.2")
_MS_PER_S = 1000
_MS_OF = {"ms": Decimal(1), "us": Decimal("0.001"), "s": Decimal(1000)}


def _set_window(laser: Laser, parameter: str) -> Outcome:
    """`SFWS`: truncated down to a multiple of 0.2 s."""
    asked = Decimal(parameter)
    if not within(asked, 0.2, 5):
        return Refusal(OUT_OF_RANGE)
    window = asked // _WINDOW_STEP_S * _WINDOW_STEP_S
    return f"{window:.1f}", lambda: laser.set("power_average_s", f"{window:.1f}")


def _set_power(laser: Laser, parameter: str) -> Outcome:
    """`SPS`: 0, or from the minimum to the maximum, in W; kept to a milliwatt [?]."""
    watts = Decimal(parameter)
    if not within(watts, laser.inputs.minimum_power_w, laser.inputs.max_power_w, zero=True):
        return Refusal(OUT_OF_RANGE)
    value = abs(round(watts, 3))
    return _short(float(value)), lambda: laser.set_power(float(value))


def _set_seed_wavelength(laser: Laser, parameter: str) -> Outcome:
    """`SWA`: the temperature that tunes the seed; from 0 to 100 C [?]."""
    if not within(Decimal(parameter), 0, 100):
        return Refusal(OUT_OF_RANGE)
    return parameter, lambda: laser.set("wavelength_temperature_c", parameter)


def _set_rate(laser: Laser, parameter: str) -> Outcome:
    """`SPRR`: refused out of range, and where pulses would run into each other [?]."""
    rate_hz = Decimal(parameter)
    overlap = rate_hz * Decimal(str(laser.inputs.pulse_width_ms)) > _MS_PER_S
    if overlap or not within(rate_hz, *PULSE_RATE_HZ):
        return Refusal(OUT_OF_RANGE)
    return _short(float(rate_hz)), lambda: laser.set("pulse_rate_hz", parameter)


def _set_width(laser: Laser, parameter: str) -> Outcome:
    """`SPW`: as `SPRR`."""
    width_ms = Decimal(parameter) * _MS_OF[laser.inputs.pulse_width_unit]
    overlap = width_ms * Decimal(str(laser.inputs.pulse_rate_hz)) > _MS_PER_S
    if overlap or not within(width_ms, *PULSE_WIDTH_MS):
        return Refusal(OUT_OF_RANGE)
    return _short(float(parameter)), lambda: laser.set("pulse_width_ms", str(width_ms))


def _width(laser: Laser) -> str:
    """`RPW`."""
    return _short(laser.inputs.pulse_width_ms / float(_MS_OF[laser.inputs.pulse_width_unit]))


def _peak_power(laser: Laser, _: str) -> Outcome:
    """`RPP`: `Off` without emission [?]."""
    return ("Off" if not laser.emission else f"{laser.peak_w:.1f}"), None


def _short(value: float) -> str:
    """At least one decimal, at most three."""
    text = f"{value:.3f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


_ALL: dict[str, Handler] = {
    "RDC": tell(lambda laser: f"{laser.current_a:.1f}"),
    "RFV": tell(lambda laser: laser.inputs.firmware),
    "RCT": tell(lambda laser: f"{laser.celsius:.1f}"),
    "STA": tell(lambda laser: str(status_word(laser))),
    "EMON": emission_on,
    "EMOFF": emission_off,
    "RERR": reset,
    "ABN": aim("on"),
    "ABF": aim("off"),
}
"""What every dialect knows."""

_YLR: dict[str, Handler] = {
    **_ALL,
    "ROP": output_power(1),
    "RCS": tell(lambda laser: f"{laser.setpoint_percent:.1f}"),
    "RNC": tell(lambda laser: f"{laser.inputs.minimum_current_percent:.1f}"),
    "RFWS": tell(lambda laser: f"{laser.inputs.power_average_s:.1f}"),
    "EMOD": mode("modulation", "enabled"),
    "DMOD": mode("modulation", "disabled"),
    "EEC": mode("analog_control", "enabled"),
    "DEC": mode("analog_control", "disabled"),
    "EEABC": lambda laser, _: (None, lambda: laser.set("aiming_control", "hardware")),
    "DEABC": lambda laser, _: (None, lambda: laser.set("aiming_control", "host")),
}

_YLR_SETTERS: dict[str, Handler] = {"SDC": set_current, "SFWS": _set_window}

DIALECTS: dict[str, Dialect] = {
    "ylr-sm": Dialect(_YLR, _YLR_SETTERS),
    "yar": Dialect(
        plain={
            **_ALL,
            "ROP": output_power(3),
            "RMN": tell(lambda laser: laser.inputs.model),
            "RNP": tell(lambda laser: f"{laser.inputs.minimum_power_w:.3f}"),
            "RMP": tell(lambda laser: f"{laser.inputs.max_power_w:.1f}"),
            "RDPT": tell(lambda laser: f"{laser.inputs.measurable_power_w:.3f}"),
            "RPS": tell(lambda laser: _short(laser.setpoint_w)),
            "RMT": tell(lambda _: f"{TRIP_C:.1f}"),
            "RST": tell(lambda laser: f"{laser.inputs.seed_temperature_c:.1f}"),
            "RWA": tell(lambda laser: f"{laser.inputs.wavelength_temperature_c:.3f}"),
        },
        setters={"SPS": _set_power, "SWA": _set_seed_wavelength},
    ),
    "ylr-qcw": Dialect(
        plain={
            **_YLR,
            "RID": tell(lambda laser: laser.inputs.device_id),
            "RBT": tell(lambda laser: f"{laser.inputs.board_temperature_c:.1f}"),
            "ESTA": tell(lambda laser: str(laser.inputs.extended_status)),
            "RPP": _peak_power,
            "RPRR": tell(lambda laser: _short(laser.inputs.pulse_rate_hz)),
            "RPW": tell(_width),
            "EGM": mode("gate_mode", "enabled"),
            "DGM": mode("gate_mode", "disabled"),
            "ELE": mode("hardware_emission", "enabled"),
            "DLE": mode("hardware_emission", "disabled"),
            "EPM": mode("pulse_mode", "enabled"),
            "DPM": mode("pulse_mode", "disabled"),
        },
        setters={
            **_YLR_SETTERS,
            "SPRR": _set_rate,
            "SPW": _set_width,
        },
    ),
}
"""That ylr-qcw knows every word of ylr-sm beside its own is our reading [?]."""

_YAR_WITH_CURRENT = Dialect(
    plain={**DIALECTS["yar"].plain, "RCS": _YLR["RCS"], "RNC": _YLR["RNC"]},
    setters={**DIALECTS["yar"].setters, "SDC": set_current},
)


def known_words(inputs: Inputs) -> Dialect:
    """The words of this laser."""
    if inputs.dialect == "yar" and inputs.yar_current_words == "known":
        return _YAR_WITH_CURRENT
    return DIALECTS[inputs.dialect]
