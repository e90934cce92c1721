"""Everything that can be set on the simulated IPG laser: knobs, wires, its world and its dialect.

Meanings marked `[?]` are our reading or our proposal; no source tells.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from devicelink.errors import ConfigError
from devicelink_ipg_sim.status import ALARMS, BITS, RESERVED
from devicelink_simulation.device import Setup
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.settable import Kind, Settable, choice, number, text, whole
from devicelink_simulation.wired import REBOOT, STUCK_ACK

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Inputs:
    """What the world does to the laser and how it is built; one field for each settable."""

    dialect: str
    key: str
    interlock_1: str
    interlock_2: str
    estop: str
    supply: str
    emission: str
    clear: str
    modulation_input: str
    modulation: str
    gate_mode: str
    pulse_mode: str
    hardware_emission: str
    analog_control: str
    analog_input_percent: float
    laser_enable: str
    aiming_beam: str
    aiming_control: str
    aiming_input: str
    diode_current_percent: float
    pulse_rate_hz: float
    pulse_width_ms: float
    wavelength_temperature_c: float
    power_average_s: float
    optical_interlock: str
    collimator: str
    modules: str
    back_reflection: str
    unexpected_emission: str
    alarm: str
    resettable: str
    fault_action: str
    interlock_bits: str
    reserved_bits: int
    startup_s: float
    ambient_c: float
    temperature_c: float
    thermal_rise_c: float
    thermal_time_constant_s: float
    max_power_w: float
    minimum_power_w: float
    max_current_a: float
    minimum_current_percent: float
    threshold_percent: float
    measurable_power_w: float
    unexpected_power_w: float
    noise_percent: float
    sdc_while_emitting: str
    model: str
    device_id: str
    firmware: str
    extended_status: int
    seed_temperature_c: float
    board_temperature_c: float
    reply_latency_s: float
    value_space: str
    param_space: str
    unknown_reply: str
    empty_line: str
    err_text: str

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Inputs:
        """From one checked text for each settable."""
        dialect = values["dialect"]
        names = (each.name for each in fields(cls))
        return cls(**{name: read(name, values[name], dialect) for name in names})


SETTABLES: tuple[Settable, ...] = (
    choice("dialect", tuple(BITS), "the command set and its status bits; fixed when it is built"),
    choice("key", ("on", "rem"), "the key switch; in REM the host does not control emission"),
    choice("interlock_1", ("closed", "open"), "external interlock channel; open drops the supply"),
    choice("interlock_2", ("closed", "open"), "external interlock channel; open drops the supply"),
    choice("estop", ("released", "pressed"), "emergency stop; pressed drops the supply"),
    choice(
        "supply",
        ("on", "off"),
        "the main supply; on presses START, in vain while a channel is open",
    ),
    choice(
        "emission",
        ("off", "on"),
        "emission started or stopped at the laser itself: panel, or hardware line with key in REM",
    ),
    choice("clear", ("idle", "pressed"), "pressed: CLEAR on the panel, as RERR does"),
    choice("modulation_input", ("low", "high"), "the modulation signal (the trigger)"),
    choice("modulation", ("disabled", "enabled"), "whether the modulation signal gates light"),
    choice(
        "gate_mode",
        ("disabled", "enabled"),
        "ylr-qcw: whether the gate lets light out; it is the modulation signal here [?]",
    ),
    choice(
        "pulse_mode",
        ("disabled", "enabled"),
        "ylr-qcw: pulses of their own rate and width; light counts as on between them",
    ),
    choice(
        "hardware_emission",
        ("disabled", "enabled"),
        "ylr-qcw: emission is started and stopped by a line (emission=on|off), not by the host [?]",
    ),
    choice("analog_control", ("disabled", "enabled"), "current from the analog input"),
    number("analog_input_percent", "0", "the analog input, % of the maximum", low=0, high=100),
    choice("laser_enable", ("off", "on"), "hardware enable line; only shown, status bit 14 [?]"),
    choice("aiming_beam", ("off", "on"), "the 670 nm aiming beam"),
    choice("aiming_control", ("host", "hardware"), "who switches the aiming beam"),
    choice("aiming_input", ("low", "high"), "the hardware input of the aiming beam"),
    number("diode_current_percent", "0", "the current set-point, %", low=0, high=100),
    number("pulse_rate_hz", "50", "ylr-qcw: repetition rate", low=0.001, high=1e6),
    number("pulse_width_ms", "1", "ylr-qcw: pulse width; the unit is [?]", low=1e-6, high=1e6),
    number("wavelength_temperature_c", "25", "yar: seed tuning, RWA and SWA", low=0, high=100),
    number("power_average_s", "1.0", "averaging window of ROP", low=0.2, high=5),
    choice("optical_interlock", ("ok", "failed"), "optical interlock, status bit 10"),
    choice("collimator", ("connected", "disconnected"), "status bit 30"),
    choice("modules", ("ok", "disconnected", "failed", "disabled"), "status bits 6, 7 and 29"),
    choice("back_reflection", ("off", "on"), "high back-reflection, latched in status bit 3"),
    choice(
        "unexpected_emission",
        ("off", "on"),
        "light without emission commanded, latched in status bit 17",
    ),
    choice(
        "alarm",
        ("none", *ALARMS),
        "a fault that only its status bit knows, latched; of those that the dialect shows",
    ),
    choice("resettable", ("yes", "no"), "whether RERR and CLEAR clear latched errors"),
    choice(
        "fault_action",
        ("ends", "pauses"),
        "a fault ends emission, or only takes the light until it clears by itself [?]",
    ),
    choice(
        "interlock_bits",
        ("11", "10", "both"),
        "status bits that a supply dropped by an interlock shows until START [?]",
    ),
    whole("reserved_bits", "0", "what the reserved status bits read", low=0, high=0xFFFFFFFF),
    number("startup_s", "3", "safety start-up before light, seconds", low=0, high=3600),
    number("ambient_c", "25", "temperature around the laser", low=-40, high=200),
    number("temperature_c", "25", "module temperature now; follows power", low=-40, high=200),
    number("thermal_rise_c", "15", "rise above ambient at full power", low=0, high=200),
    number("thermal_time_constant_s", "60", "how fast temperature follows", low=0.01, high=1e6),
    number("max_power_w", "200", "output at 100 % current; yar: RMP", low=1, high=100_000),
    number("minimum_power_w", "0.2", "yar: least set-point but 0, RNP", low=0, high=100_000),
    number("max_current_a", "10", "diode current at 100 %", low=0.1, high=1000),
    number("minimum_current_percent", "10.0", "least set-point but 0, as RNC", low=0, high=100),
    number("threshold_percent", "6.34", "no light below this current", low=0, high=99),
    number("measurable_power_w", "2", "ROP reads Low below it; yar: RDPT", low=0, high=1000),
    number("unexpected_power_w", "12", "power of unexpected emission", low=0.001, high=100_000),
    number("noise_percent", "0.2", "noise of the power reading", low=0, high=50),
    choice(
        "sdc_while_emitting",
        ("at_once", "next_emission"),
        "when a set-point sent during emission takes effect [?]",
    ),
    text("model", "YLM-10-SF", "yar: what RMN reads"),
    text("device_id", "SIM-QCW-1", "ylr-qcw: what RID reads; whether it is a serial number is [?]"),
    text("firmware", "1.0.103", "what RFV reads"),
    whole("extended_status", "0", "ylr-qcw: what ESTA reads; unknown bits", low=0, high=0xFFFFFFFF),
    number("seed_temperature_c", "25", "yar: what RST reads", low=-40, high=200),
    number("board_temperature_c", "30", "ylr-qcw: what RBT reads", low=-40, high=200),
    number("reply_latency_s", "0", "time from command to reply", low=0, high=60),
    choice("value_space", ("on", "off"), "WORD: value, or WORD:value"),
    choice("param_space", ("optional", "required"), "the space before a parameter"),
    choice("unknown_reply", ("BCMD", "Command Err!", "Command ERR"), "reply to what is no command"),
    choice("empty_line", ("unknown", "silent"), "reply to a lone CR [?]"),
    choice("err_text", ("on", "off"), "ERR: text, or bare ERR"),
)

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

HOST_SETTINGS = (
    "diode_current_percent",
    "modulation",
    "gate_mode",
    "pulse_mode",
    "hardware_emission",
    "analog_control",
    "aiming_beam",
    "aiming_control",
    "pulse_rate_hz",
    "pulse_width_ms",
    "wavelength_temperature_c",
    "power_average_s",
)
"""What the host sets over the wire; a restart brings each back to its default [?]."""

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
    }
}
"""Defaults that come with a dialect: a fibre amplifier is a small laser, and the host programs for
a quasi-continuous one compare its refusals with a bare ERR.
"""

_BY_NAME = {settable.name: settable for settable in SETTABLES}


def power_on_values() -> dict[str, Any]:
    """What the host sets over the wire, as it is after a restart."""
    return {name: read(name, _BY_NAME[name].default, "") for name in HOST_SETTINGS}


def read(name: str, value: str, dialect: str) -> Any:
    """A checked text as the type of its field (text, number or whole number).

    Raises `ConfigError` for what this dialect's status does not have: reserved bits, an alarm.
    """
    settable = _BY_NAME[name]
    if name == "alarm" and value != "none" and value not in BITS[dialect]:
        raise ConfigError(f"A laser of dialect {dialect} has no status bit for {value}.")
    if settable.kind is Kind.WHOLE:
        whole_number = int(settable.number(value))
        if name == "reserved_bits" and whole_number & ~RESERVED[dialect]:
            raise ConfigError(
                f"reserved_bits={value} names bits that are not reserved; "
                f"only those of 0x{RESERVED[dialect]:08X} are."
            )
        return whole_number
    return settable.number(value) if settable.kind is Kind.NUMBER else value
