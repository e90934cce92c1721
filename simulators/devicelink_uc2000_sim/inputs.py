"""Everything that can be set on the simulated UC-2000 and its tube.

The key, the interlock and the temperature act in the hardware of the tube; nothing of them shows on
the wire. Meanings marked `[?]` are our reading or our proposal; no source tells.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from devicelink_simulation.settable import Kind, Settable, choice, number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES = ("manual", "anc", "anv", "manual_closed", "anv_closed")
"""In the order of their numbers in the status."""
PWM_KHZ = ("5", "10", "20")
"""In the order of their numbers in the status."""


@dataclass(slots=True)
class Inputs:
    """What the world does to controller and tube, and how they are built; one for each settable."""

    checksum: str
    remote: str
    status_checksum: str
    gate_input: str
    gate_least_s: float
    mode: str
    lase: str
    percent: float
    gate_logic: str
    pwm_khz: str
    max_pwm: str
    lase_on_power_up: str
    analog_input_percent: float
    key: str
    interlock: str
    startup_s: float
    temperature_c: float
    ambient_c: float
    thermal_rise_c: float
    thermal_time_constant_s: float
    power_loss_percent_per_c: float
    nominal_w: float
    wear_percent: float
    least_pulse_us: float
    tickle_us: float
    optical_rise_s: float
    settling_s: float
    rf_driver: str
    stuck_percent: float
    after_restart: str
    version: int
    status_first: int
    status_unknown: int
    mode_shown: str
    power_reading: str
    power_unit: str
    reply_latency_s: float
    half_command_s: float
    unknown_command: str
    outside_remote: str
    status_outside_remote: str
    data_above_limit: str
    stray_byte: str
    status_inside: str
    data_7e: str
    start_byte: str

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Inputs:
        """From one checked text for each settable."""
        return cls(**{each.name: read(each.name, values[each.name]) for each in fields(cls)})


_REFUSALS = ("nak", "silent", "acknowledged")

SETTABLES: tuple[Settable, ...] = (
    choice("checksum", ("on", "off"), "whether commands carry a checksum; a switch on the panel"),
    choice("remote", ("on", "off"), "whether the controller listens to the host; status S1 bit 3"),
    choice(
        "status_checksum",
        ("none", "data", "all"),
        "a checksum behind the status: none, over its four data bytes, or with the first byte [?]",
    ),
    choice("gate_input", ("low", "high", "open"), "the gate (the trigger); open: no cable"),
    number(
        "gate_least_s",
        "0",
        "no light until the gate was high so long; one source has 3.5 us, in a closed loop 10 ms",
        low=0,
        high=1,
    ),
    choice("mode", MODES, "what commands the power; S1 bits 0-2"),
    choice("lase", ("off", "on"), "lasing, as a hand at the panel switches it; S1 bit 4"),
    number("percent", "0", "the power set-point; kept while lase is off", low=0, high=99),
    choice(
        "gate_logic",
        ("pull_up", "pull_down"),
        "pull_up: light unless the gate is low, a lost cable is light; pull_down: light only while "
        "it is high; S1 bit 5",
    ),
    choice("pwm_khz", ("20", "10", "5"), "frequency of the pulses to the tube; S1 bits 6-7"),
    choice("max_pwm", ("95", "99"), "the highest duty, %; S2 bit 1"),
    choice("lase_on_power_up", ("disabled", "enabled"), "lase by itself after power-on; S2 bit 0"),
    number("analog_input_percent", "0", "what the analogue modes command", low=0, high=100),
    choice(
        "key",
        ("on", "off"),
        "the key at the tube; on turns it through off, which clears a trip; not on the wire",
    ),
    choice(
        "interlock",
        ("closed", "open"),
        "the interlock at the tube; open darkens it until the key was turned; not on the wire",
    ),
    number("startup_s", "5", "from the key to the first light, seconds [?]", low=0, high=3600),
    number("temperature_c", "25", "tube temperature now; 60 trips the tube", low=-40, high=200),
    number("ambient_c", "25", "temperature around the tube", low=-40, high=200),
    number("thermal_rise_c", "20", "rise above ambient at 100 % duty [?]", low=0, high=200),
    number("thermal_time_constant_s", "60", "how fast temperature follows", low=0.01, high=1e6),
    number(
        "power_loss_percent_per_c",
        "0.3",
        "power lost for each C above 25, open loop [?]",
        low=0,
        high=10,
    ),
    number("nominal_w", "25", "the tube's power at 100 % duty: 10, 25, 50 W", low=0.1, high=1000),
    number("wear_percent", "0", "power that the worn tube has lost, open loop", low=0, high=100),
    number("least_pulse_us", "1", "no light from pulses up to this length", low=0, high=1000),
    number(
        "tickle_us",
        "1",
        "length of the 5 kHz pulses without lase; longer than least_pulse_us they are light",
        low=0,
        high=200,
    ),
    number("optical_rise_s", "0.0001", "light grows to its power in this time", low=0, high=1),
    number("settling_s", "0.002", "until a closed loop holds its power", low=0, high=10),
    choice(
        "rf_driver",
        ("ok", "stuck_on", "dead"),
        "stuck_on: light at stuck_percent whatever the controller says; dead: never light",
    ),
    number("stuck_percent", "20", "duty of an RF driver that is stuck on", low=0.1, high=100),
    choice(
        "after_restart",
        ("kept", "defaults"),
        "what the host had set, after a restart; lase_on_power_up is always kept [?]",
    ),
    whole("version", "3", "the firmware, S2 bits 4-7; its coding is unknown", low=0, high=15),
    whole("status_first", "0xAA", "the first byte of a status; AA is [?]", low=0, high=255),
    whole("status_unknown", "0", "what S2 bits 2-3 read; their meaning is unknown", low=0, high=3),
    choice(
        "mode_shown",
        ("mode", "5"),
        "what S1 bits 0-2 read under remote control: the mode, or 5 as one host program has it [?]",
    ),
    choice(
        "power_reading",
        ("zero", "closed_loop", "always"),
        "when the PWR byte tells the tube's power; otherwise 0 [?]",
    ),
    choice(
        "power_unit",
        ("half_percent", "percent", "watt"),
        "what one of the PWR byte is; percent of nominal_w [?]",
    ),
    number("reply_latency_s", "0", "time from command to reply", low=0, high=60),
    number("half_command_s", "1", "a command that is not whole by then is NAK", low=0, high=60),
    choice(
        "unknown_command",
        ("nak", "nak_after_checksum", "waits", "silent", "acknowledged"),
        "what follows a command byte that is none; waits: for one that is, within its second [?]",
    ),
    choice("outside_remote", _REFUSALS, "what follows a command while remote=off; not obeyed [?]"),
    choice("status_outside_remote", ("answered", "silent"), "what follows 7E while remote=off [?]"),
    choice(
        "data_above_limit",
        (*_REFUSALS, "clamped"),
        "what follows a set-point above max_pwm; clamped: taken as the highest [?]",
    ),
    choice("stray_byte", ("ignored", "nak"), "what follows a byte outside of any command [?]"),
    choice(
        "status_inside",
        ("before_command", "anywhere", "no"),
        "where 7E within another command is a status request: where its command byte is expected, "
        "at the checksum too unless 7E is right there, or nowhere [?]",
    ),
    choice(
        "data_7e",
        ("by_checksum", "status", "data"),
        "7E where a power byte is expected: 63 % with the checksum on and a status request without "
        "it, or always one of the two [?]",
    ),
    choice(
        "start_byte",
        ("on", "off"),
        "off: commands without 5B, perhaps as before firmware 2.4 (with checksum=off) [?]",
    ),
)

HOST_SETTINGS = ("mode", "percent", "gate_logic", "pwm_khz", "max_pwm")
"""What the host sets over the wire beside lase and lase-on-power-up."""

_BY_NAME = {settable.name: settable for settable in SETTABLES}


def default(name: str) -> Any:
    """A settable's default as the type of its field."""
    return read(name, _BY_NAME[name].default)


def read(name: str, value: str) -> Any:
    """A checked text as the type of its field (text, number or whole number)."""
    settable = _BY_NAME[name]
    if settable.kind is Kind.WHOLE:
        return int(settable.number(value))
    return settable.number(value) if settable.kind is Kind.NUMBER else value
